//! Reads iptables rules back. Never reads what stands around them.

use super::{EVERYONE, End, Reader, Reading, holes, keyed, ports, protocol, shell};
use crate::net::Direction;

/// The record.
pub static READER: Reader = Reader { dialect: "iptables", read };

/// Reads the rules; everything else is the frame.
fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
    let mut family = End::V4;
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
            "rules4() {" => family = End::V4,
            "rules6() {" => family = End::V6,
            _ => {}
        }
        reading.frame(line);
    }
    Some(())
}

/// `-A PORTCULLIS-IN -s 192.0.2.1,192.0.2.4 -p tcp --dport 443 -m conntrack --ctstate NEW -m comment --comment "…" -j ACCEPT`
fn rule(reading: &mut Reading, line: &str, family: End) -> Option<()> {
    const RULE: &str = "-A PORTCULLIS-~ -p ~ --dport ~ -m conntrack --ctstate NEW -m comment --comment \"~\" -j ACCEPT";
    let [peers, name, range, comment] = holes(RULE, line)?[..] else { return None };
    keyed(Some(comment).filter(|comment| comment.len() <= 255)?)?;
    let (chain, peers) = peers.split_once(' ').unwrap_or((peers, ""));
    let (direction, end) = match chain {
        "IN" => (Direction::Ingress, "-s ~"),
        "OUT" => (Direction::Egress, "-d ~"),
        _ => return None,
    };
    // In the chain that was begun above, behind what answers.
    let [begun, _] = holes("-A PORTCULLIS-~ ~", reading.last)?[..] else { return None };
    let (first, last) = ports(range, ':').filter(|_| begun == chain)?;
    let gate = (direction, protocol(name)?, first, last);
    if peers.is_empty() {
        reading.opens(gate, *EVERYONE.iter().find(|(of, ..)| *of == family)?);
        return Some(());
    }
    // No ranges: they are a match of their own, which would let everyone through here.
    reading.opens_to(gate, holes(end, peers)?.pop().filter(|list| !list.contains('-'))?, ",", family)
}
