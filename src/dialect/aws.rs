//! What the languages of AWS security groups share: which rules a group gets from AWS's point of view, what these are called,
//! and how many it takes. Prints nothing.
//!
//! What all of them must get right (firewall-facts section 4.7): a rule is its direction, protocol, ports and peer, and there
//! cannot be two of them; a peer is one network, written with its length and without host bits, or one group; a description
//! has at most 255 characters, none of which `plain` would not keep.

use super::cloud::{PEERS, Peer, peers};
use super::{Dialect, Field, LINUX, Place, Plan, Text, comment};
use crate::count::counted;
use crate::net::{Direction, Family, Policy, PortRange, Protocol};
use crate::rule::Rule;

/// What every dialect of AWS is. Name, words and printing are each one's own.
pub(super) const AWS: Dialect = Dialect {
    place: Place::Cloud,
    texts: &[Text::Apply],
    fields: &[PEERS, NAMES],
    refers: &Direction::ALL,
    assumes,
    exceeds,
    ..LINUX
};

/// Where the text leaves the rule that every group begins with.
fn assumes(_: Policy, direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => {
            "A security group lets in only what a rule of it lists, and its other rules, or another group on the same machines, may let in more."
        }
        Direction::Egress => {
            "AWS lets everything out of a group by a rule that each one begins with, and this text leaves that rule: these egress rules change nothing until you remove it."
        }
    }
}

/// How security groups are named: this, and the number of the group of machines.
pub(super) const NAMES: Field = Field {
    id: "names",
    label: "Security groups are called this, and a number",
    default: "portcullis-g",
    check: |text| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        match text.bytes().all(fits) && (1..=200).contains(&text.len()) && !text.starts_with("sg-") {
            true => Ok(()),
            false => Err("use letters, digits, - and _, not beginning with sg-."),
        }
    },
};

/// Rules that a group takes in each direction and family, unless AWS was asked for more.
const MOST: usize = 60;

/// A rule of a security group.
pub(super) struct Row<'a> {
    /// Seen from the group.
    pub(super) direction: Direction,
    /// Transport protocol.
    pub(super) protocol: Protocol,
    /// Ports of the listener.
    pub(super) ports: PortRange,
    /// The other end.
    pub(super) peer: Peer,
    /// The flows that it is for, at least one.
    pub(super) flows: Vec<&'a Rule>,
    /// Those of them that are told here: each is told once.
    pub(super) new: Vec<&'a Rule>,
}

impl Peer {
    /// What tells it from every other peer: letters, digits and a sign.
    pub(super) fn name(&self, sign: char) -> String {
        match self {
            Self::Group(group) => format!("g{group}"),
            Self::Network(_, network) => {
                network.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { sign }).collect()
            }
        }
    }
}

impl Row<'_> {
    /// What tells it from every other rule of its group, whatever else the plan has: letters, digits and `_`.
    pub(super) fn name(&self) -> String {
        let (way, protocol) = (self.direction.lower(), self.protocol.lower());
        format!("{way}_{protocol}_{}_{}", self.ports, self.peer.name('_')).replace('-', "_")
    }

    /// Lines that say whom it is for: once for each flow of a text.
    pub(super) fn comments(&self, indent: &str) -> String {
        let mut out = String::new();
        for rule in &self.new {
            out.push_str(&comment(rule, indent));
        }
        out
    }

    /// The key of its first flow.
    pub(super) fn key(&self) -> &str {
        self.flows.first().map_or("", |flow| &flow.key)
    }
}

/// The rules of a plan, each once; those of a flow stand together, where they are not another's too.
pub(super) fn rows<'a>(plan: &'a Plan) -> Vec<Row<'a>> {
    let mut rows: Vec<Row> = Vec::new();
    for planned in plan.directions.iter().flat_map(|direction| plan.of(*direction)) {
        let Rule { direction, protocol, ports, .. } = *planned.rule;
        let mut new = vec![planned.rule];
        for peer in peers(planned) {
            let same = |row: &&mut Row| {
                row.ports == ports && row.peer == peer && row.direction == direction && row.protocol == protocol
            };
            match rows.iter_mut().find(same) {
                Some(row) => {
                    row.flows.push(planned.rule);
                    row.new.append(&mut new);
                }
                None => {
                    let flows = vec![planned.rule];
                    rows.push(Row { direction, protocol, ports, peer, flows, new: std::mem::take(&mut new) });
                }
            }
        }
    }
    rows
}

/// True for the id of a VPC.
pub(super) fn is_vpc(text: &str) -> bool {
    let id = |id: &str| !id.is_empty() && id.len() <= 40 && id.bytes().all(|b| b.is_ascii_hexdigit());
    text.strip_prefix("vpc-").is_some_and(id)
}

/// Sentences about what the group does not take, whoever made the other rules it has.
fn exceeds(plan: &Plan) -> Vec<String> {
    let rows = rows(plan);
    let mut sentences = Vec::new();
    for direction in plan.directions {
        for family in [Family::V4, Family::V6] {
            // A reference counts in both families.
            let counts = |row: &&Row| {
                row.direction == *direction
                    && match &row.peer {
                        Peer::Group(_) => true,
                        Peer::Network(own, _) => *own == family,
                    }
            };
            let count = rows.iter().filter(counts).count();
            if count > MOST {
                let rules = counted(count, &format!("{} rule", direction.lower()));
                sentences.push(format!(
                    "{rules} for {family}, and a security group takes {MOST} unless AWS has granted more: write networks in place of single addresses, refer to groups, or split the group."
                ));
            }
        }
    }
    sentences
}
