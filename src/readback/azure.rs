//! Reads a rule of Azure's network security groups back, in the words of any language.

use super::{EVERYONE, End, Reading, Span, group, holes, network, number, ports, quotable};
use crate::net::{Direction, Protocol};

/// How a language writes a rule, without blanks before its lines.
pub struct Words {
    /// Name, description, priority, direction, protocol, ends, ports.
    pub rule: &'static str,
    /// Whoever it is, after `source` or `destination`.
    pub everyone: &'static str,
    /// A group of the deployment, in the same way.
    pub group: &'static str,
    /// Where a list of networks begins, in the same way.
    pub networks: &'static str,
    /// A value of a list.
    pub value: &'static str,
}

impl Words {
    /// Reads a rule; its name, which no other rule may have.
    pub fn rule<'a>(&self, reading: &mut Reading, text: &'a str, by_groups: bool) -> Option<&'a str> {
        let [name, description, priority, way, protocol, ends, list] = holes(self.rule, text)?[..] else { return None };
        let mut lines = ends.lines();
        let mut end = |end: &str| -> Option<Vec<Span>> {
            let word = lines.next()?.strip_prefix(end)?;
            match holes(self.group, word) {
                _ if word == self.everyone => Some(EVERYONE.to_vec()),
                Some(found) => Some(vec![group(found[0])?]),
                None if word == self.networks => {
                    let mut networks = Vec::new();
                    loop {
                        match lines.next()? {
                            "]" => return Some(networks),
                            line => networks.push(network(holes(self.value, line)?[0])?),
                        }
                    }
                }
                None => None,
            }
        };
        let ends = [end("source")?, end("destination")?];
        let ranges = list.lines().map(|line| ports(holes(self.value, line)?[0], '-')).collect::<Option<_>>()?;
        lines.next().is_none().then_some(())?;
        rule(reading, [name, description, priority, way, protocol], ends, ranges, by_groups)?;
        Some(name)
    }
}

/// A rule: its name, description, priority, direction and protocol, its ends, and its ports. The group's own end is its
/// application security group, or whatever the network security group is on.
pub fn rule(
    reading: &mut Reading,
    [name, description, priority, way, protocol]: [&str; 5],
    [source, destination]: [Vec<Span>; 2],
    ranges: Vec<(u16, u16)>,
    by_groups: bool,
) -> Option<()> {
    (quotable(description)?.len() <= 140).then_some(())?;
    let (direction, way) = match way {
        "Inbound" => (Direction::Ingress, "ingress"),
        "Outbound" => (Direction::Egress, "egress"),
        _ => return None,
    };
    let (protocol, sort) = match protocol {
        "Tcp" => (Protocol::Tcp, "tcp"),
        "Udp" => (Protocol::Udp, "udp"),
        _ => return None,
    };
    let (own, peer) = if direction == Direction::Ingress { (destination, source) } else { (source, destination) };
    let ours = (End::Group, reading.own.into(), reading.own.into());
    (own == if by_groups { vec![ours] } else { EVERYONE.to_vec() }).then_some(())?;
    // Azure refuses families that meet, networks that overlap, and ports that do.
    let apart = |one: &Span, other: &Span| one.0 == other.0 && one.2 < other.1;
    (peer == EVERYONE || peer.is_sorted_by(apart)).then_some(())?;
    ranges.is_sorted_by(|one, other| one.1 < other.0).then_some(())?;
    // What it is called, and where it stands among the others: a range for itself, and single ports together.
    let [_, of, _] = holes("~-g~-~", name)?[..] else { return None };
    let of = number(of)?;
    let udp = u32::from(protocol == Protocol::Udp);
    let v6 = u32::from(peer.first().is_some_and(|span| span.0 == End::V6));
    let single = ranges.iter().all(|(first, last)| first == last);
    let (range, slot) = match ranges.first() {
        _ if single => (String::new(), 100 + 4 * (of % 499) + 2 * udp),
        Some((first, last)) if ranges.len() == 1 => {
            let place = of % 997 * 331 + u32::from(*first) * 6 + u32::from(*last) + udp * 499;
            (format!("-{first}-{last}"), 2100 + 2 * (place % 997))
        }
        _ => return None,
    };
    let called = format!("{way}-g{of}-{sort}{range}{}", if v6 > 0 { "-ipv6" } else { "" });
    (name == called && number(priority) == Some(slot + v6)).then_some(())?;
    for (first, last) in ranges {
        peer.iter().for_each(|span| reading.opens((direction, protocol, first, last), *span));
    }
    Some(())
}
