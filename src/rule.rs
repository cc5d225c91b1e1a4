//! What a firewall must be told, before any firewall's language: rules as seen from one enforcement point. Knows no catalog
//! and no deployment; whoever makes rules fills in names and addresses.

use crate::net::{Addresses, Direction, Policy, PortRange, Protocol};
use crate::order::Map;

/// Where rules are enforced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enforcement {
    /// On every machine of the group of that number.
    Host(u32),
    /// In the cloud's own firewall around the group of that number.
    CloudGroup(u32),
    /// The policies that select the pods of a group of that number: they can mean other pods by their labels, and nobody else.
    Pods(u32),
    /// On a device between zones: it sees the flows that cross from one of these to another.
    Device(Vec<String>),
}

/// The rules of one enforcement point.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruleset {
    /// Where.
    pub point: Enforcement,
    /// The name of that place, as the user writes it: any text.
    pub name: String,
    /// The addresses of that place, for people; a host matches its own traffic without them.
    pub addresses: Addresses,
    /// Whether the rules add to what is there, or are all there is.
    pub policy: Policy,
    /// With [`Policy::WholeHost`], whether outgoing traffic that no rule lists is dropped too.
    pub drops_outgoing: bool,
    /// The rules, each an allow; ingress first.
    pub rules: Vec<Rule>,
}

/// One flow to allow, seen from the enforcement point.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Stable name of its flow: lower-case letters, digits and hyphens only, unique within a direction.
    pub key: String,
    /// Seen from the point; at a device always the way the flow is opened, into it.
    pub direction: Direction,
    /// Who opens the flow.
    pub source: Peer,
    /// Who listens.
    pub destination: Peer,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Ports of the listener, inclusive.
    pub ports: PortRange,
    /// What it is for.
    pub purpose: String,
}

/// A group as an end of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Peer {
    /// The group's number; 0 for whoever is no group of the deployment (management, DNS servers, …).
    pub group: u32,
    /// The group's name, as the user writes it: any text.
    pub name: String,
    /// Kubernetes labels and cloud references.
    pub labels: Map<String, String>,
    /// Its addresses as seen by the other end.
    pub addresses: Addresses,
    /// True if its machines get texts of their own and are seen with the addresses they have: a firewall around them can be
    /// referred to in place of the addresses.
    pub ours: bool,
}

impl Rule {
    /// The end that the enforcement point has to match: the other one.
    pub const fn peer(&self) -> &Peer {
        match self.direction {
            Direction::Ingress => &self.source,
            Direction::Egress => &self.destination,
        }
    }

    /// The end that the enforcement point guards.
    pub const fn own(&self) -> &Peer {
        match self.direction {
            Direction::Ingress => &self.destination,
            Direction::Egress => &self.source,
        }
    }
}
