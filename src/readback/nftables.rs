//! Reads nftables rules back. Never reads what stands around them.

use super::{Reading, keyed, ports, protocol, shell};
use crate::net::{Direction, Family};

/// Reads the rules; everything else is the frame.
pub fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
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
        for (jump, usual) in [("jump portcullis_in", "input"), ("jump portcullis_out", "output")] {
            let mut lines = text.lines().filter(|line| line.contains(jump));
            let found = lines.find_map(|line| {
                let rest =
                    ["insert rule inet ", "delete rule inet "].into_iter().find_map(|start| line.split_once(start))?.1;
                let mut words = rest.split(' ');
                Some([(words.next()?, "filter"), (words.next()?, usual)])
            });
            for name in found.into_iter().flatten() {
                if name.0 != name.1 && !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        Self(names)
    }

    fn usual(&self, line: &'a str) -> String {
        let mut line = line.to_owned();
        for (name, usual) in &self.0 {
            let places: &[&str] = match *usual {
                "filter" => &["inet @ ", "inet @. "],
                _ => &["inet filter @ ", "inet filter @'", "chain @ in table", "Chain @ of table"],
            };
            for place in places {
                line = line.replace(&place.replace('@', name), &place.replace('@', usual));
            }
        }
        line
    }
}

/// `add rule inet filter portcullis_in ip saddr 192.0.2.1 tcp dport 443 ct state new accept comment "…"`
fn rule(reading: &mut Reading, line: &str) -> Option<()> {
    let (rule, comment) = line.split_once(" ct state new accept comment \"")?;
    keyed(comment.strip_suffix('"').filter(|comment| comment.len() <= 128)?)?;
    let mut words = rule.splitn(6, ' ');
    let (["add", "rule", "inet", _, chain], rest) =
        ([words.next()?, words.next()?, words.next()?, words.next()?, words.next()?], words.next()?)
    else {
        return None;
    };
    let (direction, end) = match chain {
        "portcullis_in" | "in" => (Direction::Ingress, "saddr "),
        "portcullis_out" | "out" => (Direction::Egress, "daddr "),
        _ => return None,
    };
    // In the chain that was begun above, behind what answers.
    let begun = rule.get(..rule.len() - rest.len())?;
    reading.last.starts_with(begun).then_some(())?;
    let (rest, range) =
        rest.rsplit_once(" dport ").or_else(|| Some((rest.get(..3)?, rest.get(3..)?.strip_prefix(" dport ")?)))?;
    let (peers, name) = rest.rsplit_once(' ').unwrap_or(("", rest));
    let (first, last) = ports(range, '-')?;
    let gate = (direction, protocol(name)?, first, last);
    if peers.is_empty() {
        reading.opens_to_everyone(gate);
        return Some(());
    }
    let (family, peers) = match peers.split_once(' ')? {
        ("ip", peers) => (Family::V4, peers),
        ("ip6", peers) => (Family::V6, peers),
        _ => return None,
    };
    let peers = peers.strip_prefix(end)?;
    let list = match peers.strip_prefix("{ ") {
        Some(list) => list.strip_suffix(" }")?,
        None => peers,
    };
    reading.opens_to(gate, list, ", ", Some(family))
}
