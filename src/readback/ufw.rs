//! Reads ufw rules back. Never reads what stands around them.

use super::{Reader, Reading, holes, keyed, ports, protocol, shell, span};
use crate::net::Direction;

/// The record.
pub static READER: Reader = Reader { dialect: "ufw", read };

/// Reads the rules; everything else is the frame.
fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
    let mut in_rules = false;
    for line in shell(text)?.lines() {
        reading.line += 1;
        if reading.passes(line)? {
            continue;
        }
        in_rules = line == "cat <<'RULES'" || in_rules && line != "RULES";
        // DHCP answers from the port that it was asked from: that one belongs to the frame.
        match in_rules && line.contains(" # ") && !line.contains("->") {
            true => rule(reading, line)?,
            false => reading.frame(line),
        }
    }
    Some(())
}

/// `in tcp 443 from 192.0.2.1 192.0.2.2 # g1-g3-tcp-443 User access`
fn rule(reading: &mut Reading, line: &str) -> Option<()> {
    let (direction, found) = holes("in ~ ~ from ~ # ~", line)
        .map(|found| (Direction::Ingress, found))
        .or_else(|| Some((Direction::Egress, holes("out ~ ~ to ~ # ~", line)?)))?;
    let [name, range, list, comment] = found[..] else { return None };
    keyed(comment).filter(|()| comment.len() <= 120 && !comment.contains('#'))?;
    let (first, last) = ports(range, ':')?;
    let gate = (direction, protocol(name)?, first, last);
    if list == "any" {
        reading.opens_to_everyone(gate);
        return Some(());
    }
    // ufw has no ranges, and one family in a rule.
    let (family, ..) = span(list.split(' ').next()?)?;
    reading.opens_to(gate, Some(list).filter(|list| !list.contains('-'))?, " ", family)
}
