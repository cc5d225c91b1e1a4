//! What the languages of Google Cloud's VPC firewall share: which rules a group gets there and what these are called. Prints
//! nothing.
//!
//! What all of them must get right (firewall-facts section 4.9): a rule without a target is for every machine of the network,
//! and one without a source lets in everyone, so both are always written; IPv4 and IPv6 cannot stand in one rule; ranges and
//! tags in one rule would be "or"; only a source can be a tag, never a destination. A rule is known by its name, in the whole
//! project: so that it stays the same rule, the name comes from the group's tag and the flow, and from nothing else.

use super::cloud::{Peer, others, peers};
use super::{Dialect, Field, LINUX, Place, Plan, comment, plain};
use crate::net::{Direction, Family, Policy};
use crate::rule::Rule;

/// What every dialect of Google Cloud is. Name, words and printing are each one's own.
pub(super) const GCP: Dialect = Dialect { place: Place::Cloud, assumes, refers: &[Direction::Ingress], ..LINUX };

/// What network tags and names of rules begin with: this, and the number of the group of machines.
pub(super) const TAGS: Field = Field {
    id: "tags",
    label: "Network tags are called this, and a number",
    default: "portcullis-g",
    check: |text| match is_name(text) && text.len() <= 20 && !text.ends_with(|c: char| c.is_ascii_digit()) {
        true => Ok(()),
        false => Err("use at most 20 small letters, digits and -, beginning with a letter, not ending with a digit."),
    },
};

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// True for what a network can be called.
pub(super) fn is_network(text: &str) -> bool {
    is_name(text) && text.len() <= LONGEST && !text.ends_with('-')
}

fn assumes(_: Policy, direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => {
            "A network lets in only what one of its rules lists. Its other rules may let in more (default-allow-internal does in the network default), and what a rule with a priority number of 1000 or less, or a firewall policy of the organization, denies stays denied. Load balancers and health checks of Google come from addresses of their own, such as 35.191.0.0/16 and 130.211.0.0/22: list these as clients too."
        }
        Direction::Egress => {
            "A network lets everything out by itself: these egress rules change nothing until a rule with a priority number above 1000 denies the rest. DNS and time from Google need no rule."
        }
    }
}

/// Characters of a name.
const LONGEST: usize = 63;
/// Networks in a rule.
const MOST: usize = 256;
/// Networks in a line.
const BESIDE: usize = 8;

/// A rule of the network.
pub(super) struct Row<'a> {
    /// The flow that it is for.
    pub(super) flow: &'a Rule,
    /// A line that says whom it is for: once for each flow.
    pub(super) comment: String,
    /// What tells it from every other rule of the project.
    pub(super) name: String,
    /// What its peers are: `source-tags`, `source-ranges` or `destination-ranges`.
    pub(super) end: &'static str,
    /// A tag, or networks of one family; at least one.
    peers: Vec<String>,
}

impl Row<'_> {
    /// Its peers, between these words: within a line, and where a new one begins.
    pub(super) fn peers(&self, within: &str, between: &str) -> String {
        let lines: Vec<String> = self.peers.chunks(BESIDE).map(|peers| peers.join(within)).collect();
        lines.join(between)
    }
}

/// The tag of a group's machines.
pub(super) fn tag(plan: &Plan, group: u32) -> String {
    format!("{}{group}", plan.setting(TAGS.id))
}

/// The rules of a plan: for each flow one with a tag, or one for each family; more where a rule is full.
pub(super) fn rows<'a>(plan: &'a Plan, indent: &str) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    for planned in plan.directions.iter().flat_map(|direction| plan.of(*direction)) {
        let flow = planned.rule;
        let (way, ranges) = match flow.direction {
            Direction::Ingress => ("in", "source-ranges"),
            Direction::Egress => ("out", "destination-ranges"),
        };
        let mut lists = [("tag", "source-tags", Vec::new()), ("v4", ranges, Vec::new()), ("v6", ranges, Vec::new())];
        for peer in peers(planned) {
            let (at, text) = match peer {
                Peer::Group(group) => (0, tag(plan, group)),
                Peer::Network(Family::V4, network) => (1, network),
                Peer::Network(Family::V6, network) => (2, network),
            };
            lists[at].2.push(text);
        }
        let mut comment = comment(flow, indent);
        for (kind, end, peers) in lists {
            for (at, peers) in peers.chunks(MOST).enumerate() {
                let name = name(&format!("{}-{way}", tag(plan, plan.group)), &flow.key, kind, at);
                rows.push(Row { flow, comment: std::mem::take(&mut comment), name, end, peers: peers.to_vec() });
            }
        }
    }
    rows
}

fn name(start: &str, key: &str, kind: &str, at: usize) -> String {
    let more = if at > 0 { format!("-{}", at + 1) } else { String::new() };
    let name = format!("{start}-{key}-{kind}{more}");
    if name.len() <= LONGEST {
        return name;
    }
    // FNV-1a: the same for the same flow, whatever else there is.
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    format!("{start}-{hash:016x}-{kind}{more}")
}

/// Lines that say which machines need which tags, and how they get them: this, with the tag between.
pub(super) fn tags(plan: &Plan, before: &str, after: &str) -> String {
    let own = tag(plan, plan.group);
    let mut lines = format!(
        "# Every machine of this group needs the network tag {own}, or none of these rules is for it:
# {before}{own}{after}
"
    );
    let others = others(plan);
    for (group, name) in &others {
        let (name, tag) = (plain(name), tag(plan, *group));
        lines.push_str(&format!("# The machines of {name} need the tag {tag}, in the same network.\n"));
    }
    if !others.is_empty() {
        lines.push_str("# For groups that are no machines of this network, choose addresses on the page.\n");
    }
    lines
}
