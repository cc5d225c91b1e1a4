//! Reads ufw rules back. Never reads what stands around them.

use super::{Reading, keyed, ports, protocol, shell, span};
use crate::net::Direction;

/// Reads the rules; everything else is the frame.
pub fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
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
    let (rule, comment) = line.split_once(" # ")?;
    keyed(comment).filter(|()| comment.len() <= 120 && !comment.contains('#'))?;
    let mut words = rule.splitn(5, ' ');
    let [way, name, range, end, list] = [words.next()?, words.next()?, words.next()?, words.next()?, words.next()?];
    let direction = match (way, end) {
        ("in", "from") => Direction::Ingress,
        ("out", "to") => Direction::Egress,
        _ => return None,
    };
    let (first, last) = ports(range, ':')?;
    let gate = (direction, protocol(name)?, first, last);
    if list == "any" {
        reading.opens_to_everyone(gate);
        return Some(());
    }
    let (family, ..) = span(list.split(' ').next()?)?;
    reading.opens_to(gate, Some(list).filter(|list| !list.contains('-'))?, " ", Some(family))
}
