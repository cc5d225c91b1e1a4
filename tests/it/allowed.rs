//! What a text lets through, as plain sets: the one measure by which plans, printed text and loaded rules are compared.
//! Reads addresses on its own and never asks the program what one means.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use portcullis::dialect::Plan;
use portcullis::net::{Direction, Family, Protocol};

/// Who may pass each gate. A gate without peers does not stand here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed(BTreeMap<Gate, Peers>);

/// A way into or out of a machine: protocol, first and last port of the listener.
pub type Gate = (Direction, Protocol, u16, u16);

/// The machines at the other end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Peers {
    everyone: bool,
    /// Groups that are referred to, by their numbers.
    groups: BTreeSet<u32>,
    spans: BTreeSet<Span>,
}

/// Addresses of one family, both ends included, as numbers.
pub type Span = (Family, u128, u128);

impl Allowed {
    /// What a plan is meant to let through.
    pub fn planned(plan: &Plan) -> Self {
        let mut allowed = Self::default();
        for planned in &plan.rules {
            let (rule, ports) = (planned.rule, planned.rule.ports);
            let gate = (rule.direction, rule.protocol, ports.first().number(), ports.last().number());
            match &planned.peers {
                Some(none) if planned.refers => {
                    assert!(none.is_empty(), "both addresses and a group");
                    allowed.admit_group(gate, planned.rule.peer().group);
                }
                None => allowed.admit_everyone(gate),
                Some(peers) => {
                    assert!(!peers.is_empty(), "a planned rule without peers");
                    for peer in peers {
                        allowed.admit(gate, span(&peer.to_string()).expect("a plan holds addresses only"));
                    }
                }
            }
        }
        allowed
    }

    /// Lets everyone through a gate.
    pub fn admit_everyone(&mut self, gate: Gate) {
        self.0.entry(gate).or_default().everyone = true;
    }

    /// Lets a group through a gate, whatever its addresses are.
    pub fn admit_group(&mut self, gate: Gate, group: u32) {
        self.0.entry(gate).or_default().groups.insert(group);
    }

    /// Lets these addresses through a gate; neighbours become one span, so that equal sets are equal values.
    pub fn admit(&mut self, gate: Gate, (family, mut first, mut last): Span) {
        let spans = &mut self.0.entry(gate).or_default().spans;
        let touching: Vec<Span> = spans
            .iter()
            .filter(|(other, from, to)| {
                *other == family && *from <= last.saturating_add(1) && first <= to.saturating_add(1)
            })
            .copied()
            .collect();
        for touched in touching {
            spans.remove(&touched);
            first = first.min(touched.1);
            last = last.max(touched.2);
        }
        spans.insert((family, first, last));
    }

    /// The gates through which this lets something that the other does not, with the peers of both.
    pub fn beyond(&self, other: &Self) -> Vec<String> {
        let none = Peers::default();
        let wider = |(gate, peers): (&Gate, &Peers)| {
            let others = other.0.get(gate).unwrap_or(&none);
            (!others.cover(peers)).then(|| format!("{gate:?}: {peers:?}, before {others:?}"))
        };
        self.0.iter().filter_map(wider).collect()
    }

    /// Lets through what another one does, too.
    pub fn add(&mut self, other: &Self) {
        for (gate, peers) in &other.0 {
            if peers.everyone {
                self.admit_everyone(*gate);
            }
            peers.groups.iter().for_each(|group| self.admit_group(*gate, *group));
            peers.spans.iter().for_each(|span| self.admit(*gate, *span));
        }
    }

    /// True if some gate names one of these addresses.
    pub fn names(&self, (family, first, last): Span) -> bool {
        let meets = |(own, from, to): &Span| *own == family && *from <= last && first <= *to;
        self.0.values().any(|peers| peers.spans.iter().any(meets))
    }

    /// True if nothing passes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Peers {
    fn cover(&self, other: &Self) -> bool {
        let within = |(family, first, last): &Span| {
            self.spans.iter().any(|(own, from, to)| own == family && from <= first && last <= to)
        };
        self.everyone || !other.everyone && other.groups.is_subset(&self.groups) && other.spans.iter().all(within)
    }
}

/// The addresses that a text stands for, if it is written in the one canonical way: a host, a network with its first
/// address, or an ordered range.
pub fn span(text: &str) -> Option<Span> {
    let host = |text: &str| text.parse::<IpAddr>().ok().filter(|ip| ip.to_string() == text).map(number);
    if let Some((base, length)) = text.split_once('/') {
        let (family, first) = host(base)?;
        let bits = if family == Family::V4 { 32 } else { 128 };
        let length: u32 =
            length.parse().ok().filter(|read: &u32| read.to_string() == length && (1..bits).contains(read))?;
        let rest = (1_u128 << (bits - length)) - 1;
        return (first & rest == 0).then_some((family, first, first | rest));
    }
    if let Some((first, last)) = text.split_once('-') {
        let ((family, first), (other, last)) = (host(first)?, host(last)?);
        return (family == other && first < last).then_some((family, first, last));
    }
    host(text).map(|(family, ip)| (family, ip, ip))
}

fn number(ip: IpAddr) -> (Family, u128) {
    match ip {
        IpAddr::V4(ip) => (Family::V4, ip.to_bits().into()),
        IpAddr::V6(ip) => (Family::V6, ip.to_bits()),
    }
}

/// The ports that a text stands for, if it is written in the one canonical way: a number, or an ordered range.
pub fn ports(text: &str) -> Option<(u16, u16)> {
    let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0 && port.to_string() == text);
    match text.split_once('-') {
        None => port(text).map(|port| (port, port)),
        Some((first, last)) => Some((port(first)?, port(last)?)).filter(|(first, last)| first < last),
    }
}

#[test]
fn only_canonical_text_is_understood() {
    for text in ["192.0.2.0/24", "192.0.2.1-192.0.2.9", "192.0.2.1", "2001:db8::/32", "2001:db8::1-2001:db8::f"] {
        assert!(span(text).is_some(), "{text}");
    }
    for text in [
        "192.0.2.1/24",
        "192.0.2.0/024",
        "192.0.2.0/32",
        "2001:DB8::1",
        "192.0.2.9-192.0.2.1",
        "db.example.test",
        "",
        "any",
    ] {
        assert_eq!(span(text), None, "{text}");
    }
    assert_eq!(ports("5701-5704"), Some((5701, 5704)));
    for text in ["0", "080", "65536", "9-1", "1-1", "", "80,443", "+80"] {
        assert_eq!(ports(text), None, "{text}");
    }
}

#[test]
fn neighbours_become_one_span_and_strangers_do_not() {
    let gate = (Direction::Ingress, Protocol::Tcp, 80, 80);
    let admit = |texts: &[&str]| {
        let mut allowed = Allowed::default();
        for text in texts {
            allowed.admit(gate, span(text).expect("canonical"));
        }
        allowed
    };
    assert_eq!(admit(&["192.0.2.2", "192.0.2.4", "192.0.2.3"]), admit(&["192.0.2.2-192.0.2.4"]));
    assert_eq!(admit(&["192.0.2.0/25", "192.0.2.128/25"]), admit(&["192.0.2.0/24"]));
    assert_ne!(admit(&["192.0.2.2", "192.0.2.4"]), admit(&["192.0.2.2-192.0.2.4"]));
    assert!(admit(&["192.0.2.2"]).beyond(&admit(&["192.0.2.0/24"])).is_empty());
    assert_eq!(admit(&["192.0.2.0/24"]).beyond(&admit(&["192.0.2.2"])).len(), 1);
}
