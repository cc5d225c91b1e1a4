//! Reads iptables rules back. Never reads what stands around them.

use super::{EVERYONE, Reading, keyed, ports, protocol, shell};
use crate::net::{Direction, Family};

/// Reads the rules; everything else is the frame.
pub fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
    let mut family = Family::V4;
    for line in shell(text)?.lines() {
        reading.line += 1;
        if reading.passes(line)? {
            continue;
        }
        if line.contains("--ctstate NEW ") {
            rule(reading, line, family)?;
            continue;
        }
        match line {
            "rules4() {" => family = Family::V4,
            "rules6() {" => family = Family::V6,
            _ => {}
        }
        reading.frame(line);
    }
    Some(())
}

/// `-A PORTCULLIS-IN -s 192.0.2.1,192.0.2.4 -p tcp --dport 443 -m conntrack --ctstate NEW -m comment --comment "…" -j ACCEPT`
fn rule(reading: &mut Reading, line: &str, family: Family) -> Option<()> {
    let (rule, comment) = line.split_once(" -m conntrack --ctstate NEW -m comment --comment \"")?;
    keyed(comment.strip_suffix("\" -j ACCEPT").filter(|comment| comment.len() <= 255)?)?;
    let (peers, what) = rule.split_once(" -p ")?;
    let (direction, chain, end) = match peers.split(' ').nth(1)? {
        "PORTCULLIS-IN" => (Direction::Ingress, "-A PORTCULLIS-IN", " -s "),
        "PORTCULLIS-OUT" => (Direction::Egress, "-A PORTCULLIS-OUT", " -d "),
        _ => return None,
    };
    // In a chain that was begun above, behind what answers.
    reading.last.strip_prefix(chain)?.starts_with(' ').then_some(())?;
    let (name, range) = what.split_once(" --dport ")?;
    let (first, last) = ports(range, ':')?;
    let gate = (direction, protocol(name)?, first, last);
    match peers.strip_prefix(chain)? {
        "" => {
            let everyone = EVERYONE.iter().find(|(of, ..)| *of == family)?;
            reading.opens(gate, *everyone);
            Some(())
        }
        // No ranges: they are a match of their own, which would let everyone through here.
        peers => reading.opens_to(gate, peers.strip_prefix(end).filter(|list| !list.contains('-'))?, ",", Some(family)),
    }
}
