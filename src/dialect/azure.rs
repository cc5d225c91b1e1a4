//! What the languages of Azure's network security groups share: which rules a group gets from Azure's point of view, what these
//! are called and at which priority. Prints nothing.
//!
//! What all of them must get right (firewall-facts section 4.8): a rule has a name and a priority that no other rule of its
//! direction has, and both must stay when other flows come and go, since Azure refuses a rule whose priority another one still
//! has. So they come from what a rule is, and never from its place in a list: all single ports of one group of machines are one
//! rule, and a range is a rule of its own, since the ranges of one rule may not overlap. The families cannot meet in a rule, and
//! neither can networks of which one holds the other. A description has 140 characters. Nothing is left to a default.

use std::net::IpAddr;

use super::cloud::{BY_ADDRESSES, PEERS, network, others};
use super::{Dialect, Field, LINUX, Place, Plan, Planned, Text, plain};
use crate::count::counted;
use crate::net::{Address, Direction, Family, Policy, Protocol};
use crate::order::sort_by_key;
use crate::rule::Rule;

/// What every dialect of Azure is. Name, words and printing are each one's own.
pub(super) const AZURE: Dialect = Dialect {
    place: Place::Cloud,
    texts: &[Text::Apply],
    fields: &[PEERS, NAMES],
    refers: &Direction::ALL,
    assumes,
    exceeds,
    ..LINUX
};

/// How security groups are named, both kinds: this, and the number of the group of machines.
pub(super) const NAMES: Field = Field {
    id: "names",
    label: "Security groups are called this, and a number",
    default: "portcullis-g",
    check: |text| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        match text.bytes().all(fits) && text.len() <= 60 && text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            true => Ok(()),
            false => Err("use letters, digits, - and _, beginning with a letter or digit, 60 at most."),
        }
    },
};

fn assumes(_: Policy, direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => {
            "Azure lets in everything from the same virtual network, from those it is joined to, and from its load balancer, by rules of its own (AllowVnetInBound at 65000): there, these rules restrict nothing until you add one that denies VirtualNetwork inbound at priority 4096, after all of these. From elsewhere, only what is listed comes in."
        }
        Direction::Egress => {
            "Azure lets out everything to the virtual network and to the internet by rules of its own (AllowVnetOutBound at 65000, AllowInternetOutBound at 65001): these egress rules change nothing until you add one that denies everything outbound at priority 4096, after all of these, and list what the machines themselves need, too."
        }
    }
}

/// Rules that a network security group takes.
const MOST_RULES: usize = 1000;
/// Addresses that all its rules take for one end.
const MOST_ADDRESSES: usize = 4000;
/// Application security groups that all its rules name.
const MOST_GROUPS: usize = 100;
/// Characters of a description.
const LONGEST: usize = 140;

/// Groups of machines whose single ports have priorities of their own; beyond them, priorities come again.
const GROUPS: u32 = 499;
/// As many slots have the ranges of all groups: a prime.
const RANGES: u32 = 997;

/// A rule of a network security group.
pub(super) struct Row<'a> {
    /// The flows that it is for, at least one; each is a port or range of the rule.
    pub(super) flows: Vec<&'a Rule>,
    /// The first of them.
    pub(super) rule: &'a Rule,
    /// The group's own end.
    own: End,
    /// The other end.
    peer: End,
}

/// An end of a rule.
#[derive(PartialEq, Eq)]
pub(super) enum End {
    /// Whoever it is.
    Everyone,
    /// The application security group of the group of machines of that number.
    Group(u32),
    /// Networks of one family, none within another.
    Networks(Family, Vec<String>),
}

impl Row<'_> {
    /// First and last port of a range.
    fn range(&self) -> Option<(u32, u32)> {
        let (first, last) = (self.rule.ports.first().number(), self.rule.ports.last().number());
        (first < last).then_some((first.into(), last.into()))
    }

    fn is_v6(&self) -> bool {
        matches!(self.peer, End::Networks(Family::V6, _))
    }

    /// What tells it from every other rule of its group, whatever else the plan has: letters, digits and `-`.
    pub(super) fn name(&self) -> String {
        let Rule { direction, protocol, ports, .. } = self.rule;
        let ports = self.range().map_or(String::new(), |_| format!("-{ports}"));
        let family = if self.is_v6() { "-ipv6" } else { "" };
        format!("{}-g{}-{}{ports}{family}", direction.lower(), self.rule.peer().group, protocol.lower())
    }

    /// From 100 to 4,095, whatever else the plan has: below 2,100 single ports, above it ranges.
    pub(super) fn priority(&self) -> u32 {
        let group = self.rule.peer().group;
        let udp = u32::from(self.rule.protocol == Protocol::Udp);
        let slot = match self.range() {
            None => 100 + 4 * (group % GROUPS) + 2 * udp,
            Some((first, last)) => 2100 + 2 * ((group % RANGES * 331 + first * 6 + last + udp * 499) % RANGES),
        };
        slot + u32::from(self.is_v6())
    }

    /// Who and what for; cut where Azure would refuse it.
    pub(super) fn description(&self) -> String {
        let mut text = format!("{} to {}", plain(&self.rule.source.name), plain(&self.rule.destination.name));
        let mut before = ": ";
        for flow in &self.flows {
            let purpose = plain(&flow.purpose);
            if !text.contains(&purpose) {
                text.push_str(before);
                text.push_str(&purpose);
                before = "; ";
            }
        }
        text.truncate(LONGEST);
        text.truncate(text.trim_end().len());
        text
    }

    /// Direction and protocol as Azure writes them.
    pub(super) fn words(&self) -> (&'static str, &'static str) {
        (
            if self.rule.direction == Direction::Ingress { "Inbound" } else { "Outbound" },
            if self.rule.protocol == Protocol::Tcp { "Tcp" } else { "Udp" },
        )
    }

    /// Its ends, each with what Azure calls it.
    pub(super) fn ends(&self) -> [(&'static str, &End); 2] {
        let (source, destination) = match self.rule.direction {
            Direction::Ingress => (&self.peer, &self.own),
            Direction::Egress => (&self.own, &self.peer),
        };
        [("source", source), ("destination", destination)]
    }
}

/// The rules of a plan, in the order of their priorities.
pub(super) fn rows<'a>(plan: &'a Plan) -> Vec<Row<'a>> {
    let mut rows: Vec<Row> = Vec::new();
    for planned in plan.directions.iter().flat_map(|direction| plan.of(*direction)) {
        let rule = planned.rule;
        for peer in peers(planned) {
            let own = if by_groups(plan) { End::Group(plan.group) } else { End::Everyone };
            let row = Row { flows: vec![rule], rule, own, peer };
            let of = |rule: &Rule| (rule.direction, rule.protocol, rule.peer().group);
            let same = |other: &&mut Row| {
                row.range().is_none() && other.range().is_none() && of(other.rule) == of(rule) && other.peer == row.peer
            };
            match rows.iter_mut().find(same) {
                Some(other) => other.flows.push(rule),
                None => rows.push(row),
            }
        }
    }
    for row in &mut rows {
        sort_by_key(&mut row.flows, |flow| flow.ports);
    }
    sort_by_key(&mut rows, |row| (row.rule.direction, row.priority(), row.name()));
    rows
}

/// The other ends of a rule: one for each family.
fn peers(planned: &Planned) -> Vec<End> {
    let Some(addresses) = &planned.peers else { return vec![End::Everyone] };
    if planned.refers {
        return vec![End::Group(planned.rule.peer().group)];
    }
    let mut ends = Vec::new();
    for family in [Family::V4, Family::V6] {
        let networks = networks(addresses, family);
        if !networks.is_empty() {
            ends.push(End::Networks(family, networks));
        }
    }
    ends
}

/// The addresses of one family as networks, none within another.
fn networks(addresses: &[&Address], family: Family) -> Vec<String> {
    let mut found: Vec<(u128, u32, String)> = Vec::new();
    for address in addresses.iter().flat_map(|address| address.prefixes()) {
        let (ip, length) = match address {
            Address::Host(ip) => (ip, 128),
            Address::Prefix(ip, length) => (ip, u32::from(length)),
            _ => continue,
        };
        let bits = match ip {
            IpAddr::V4(ip) => u128::from(ip.to_bits()) << 96,
            IpAddr::V6(ip) => ip.to_bits(),
        };
        if let Some((of, text)) = network(&address)
            && of == family
        {
            found.push((bits, length, text));
        }
    }
    // The larger one first where two begin alike.
    sort_by_key(&mut found, |(bits, length, _)| (*bits, *length));
    let mut networks = Vec::new();
    let mut outer: Option<(u128, u32)> = None;
    for (bits, length, text) in found {
        if outer.is_none_or(|(outer, length)| (outer ^ bits).leading_zeros() < length) {
            networks.push(text);
            outer = Some((bits, length));
        }
    }
    networks
}

/// True if groups are meant by their application security groups, the plan's own one too.
pub(super) fn by_groups(plan: &Plan) -> bool {
    plan.setting(PEERS.id) != BY_ADDRESSES
}

/// The groups whose application security groups the rules name, each with its name; the plan's own one first.
pub(super) fn groups<'a>(plan: &'a Plan) -> Vec<(u32, &'a str)> {
    let mut groups = Vec::new();
    if by_groups(plan) {
        groups.push((plan.group, plan.name));
        groups.append(&mut others(plan));
    }
    groups
}

/// Sentences about what the group does not take, whoever made the other rules it has.
fn exceeds(plan: &Plan) -> Vec<String> {
    let rows = rows(plan);
    let mut sentences = Vec::new();
    let mut most = |count: usize, what: &str, most: usize| {
        if count > most {
            let count = counted(count, what);
            sentences.push(format!("{count}, and a network security group takes {most}: write networks in place of single addresses, or split the group."));
        }
    };
    most(rows.len(), "rule", MOST_RULES);
    most(groups(plan).len(), "application security group", MOST_GROUPS);
    for direction in plan.directions {
        let networks = |row: &Row| match &row.peer {
            End::Networks(_, networks) if row.rule.direction == *direction => networks.len(),
            _ => 0,
        };
        most(rows.iter().map(networks).sum(), &format!("{} network", direction.lower()), MOST_ADDRESSES);
    }
    for (one, other) in rows.iter().zip(rows.iter().skip(1)) {
        let priority = one.priority();
        if (one.rule.direction, priority) == (other.rule.direction, other.priority()) {
            let (one, other) = (one.name(), other.name());
            sentences.push(format!("{one} and {other} have the same priority, {priority}, and Azure refuses that: give one of them another that is free, and keep it. Priorities here never move, so that no other rule is touched."));
        }
    }
    sentences
}
