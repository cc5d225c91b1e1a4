//! Reads nftables rules back. Never reads what stands around them.

use super::{End, Reader, Reading, holes, keyed, ports, protocol, shell};
use crate::net::Direction;

/// The record.
pub static READER: Reader = Reader { dialect: "nftables", read };

/// Reads the rules; everything else is the frame.
fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
    let names = Names::of(text);
    for line in shell(text)?.lines() {
        reading.line += 1;
        if reading.passes(line)? {
            continue;
        }
        if line.contains(" ct state new ") {
            rule(reading, line)?;
            continue;
        }
        reading.last = line;
        reading.frame_as(&names.usual(line));
    }
    Some(())
}

/// What table and base chains are called on this host; none where the text does without, or has the usual ones.
struct Names<'a>(Vec<(&'a str, &'static str)>);

impl<'a> Names<'a> {
    /// Table and chain stand before the jump to ours, or where it is deleted.
    fn of(text: &'a str) -> Self {
        let mut names = Vec::new();
        for line in text.lines().filter(|line| line.contains("jump portcullis_")) {
            for (pattern, usual) in [
                ("~insert rule inet ~ ~ jump portcullis_in~", "input"),
                ("~insert rule inet ~ ~ jump portcullis_out~", "output"),
                ("~jump portcullis_in #~delete rule inet ~ ~ handle~", "input"),
                ("~jump portcullis_out #~delete rule inet ~ ~ handle~", "output"),
            ] {
                if let Some([.., table, chain, _]) = holes(pattern, line).as_deref() {
                    for name in [(*table, "filter"), (*chain, usual)] {
                        if name.0 != name.1 && !names.contains(&name) {
                            names.push(name);
                        }
                    }
                }
            }
        }
        Self(names)
    }

    fn usual(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for (name, usual) in &self.0 {
            let places: &[&str] = match *usual {
                "filter" => &["inet ~ ", "inet ~. "],
                _ => &["inet filter ~ ", "inet filter ~'", "chain ~ in table", "Chain ~ of table"],
            };
            for place in places {
                line = line.replace(&place.replace('~', name), &place.replace('~', usual));
            }
        }
        line
    }
}

/// `add rule inet filter portcullis_in ip saddr { 192.0.2.1, 192.0.2.4 } tcp dport 443 ct state new accept comment "…"`
fn rule(reading: &mut Reading, line: &str) -> Option<()> {
    let [table, chain, what, comment] = holes("add rule inet ~ ~ ~ ct state new accept comment \"~\"", line)?[..]
    else {
        return None;
    };
    keyed(Some(comment).filter(|comment| comment.len() <= 128)?)?;
    // In the chain that was begun above, behind what answers.
    let [of, begun, _] = holes("add rule inet ~ ~ ~", reading.last)?[..] else { return None };
    (of == table && begun == chain).then_some(())?;
    let (direction, own) = match chain {
        "portcullis_in" | "in" => (Direction::Ingress, "saddr"),
        "portcullis_out" | "out" => (Direction::Egress, "daddr"),
        _ => return None,
    };
    let (name, found) =
        ["tcp", "udp"].into_iter().find_map(|name| Some((name, holes(&format!("~{name} dport ~"), what)?)))?;
    let [peers, range] = found[..] else { return None };
    let (first, last) = ports(range, '-')?;
    let gate = (direction, protocol(name)?, first, last);
    if peers.is_empty() {
        reading.opens_to_everyone(gate);
        return Some(());
    }
    let [family, end, list] = holes("~ ~ ~ ", peers)?[..] else { return None };
    let family = match family {
        "ip" => End::V4,
        "ip6" => End::V6,
        _ => return None,
    };
    let list = holes("{ ~ }", list).map_or(list, |found| found[0]);
    reading.opens_to(gate, list, ", ", Some(family).filter(|_| end == own)?)
}
