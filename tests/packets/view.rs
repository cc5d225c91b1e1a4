//! A version as one site has it: which machine belongs where, and what the table therefore says of two machines. Knows nothing
//! of texts and firewalls.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use portcullis::net::Addresses;

use crate::lab::Protocol;
use crate::story::Version;
use crate::table::{Row, Table};

/// One machine of a site.
pub struct Place {
    /// What messages call it.
    pub name: String,
    /// Its addresses, of either family.
    pub addresses: Vec<IpAddr>,
    /// The group it is made for; for a stranger, its own name.
    pub home: String,
    /// It has rules at all.
    pub guarded: bool,
}

/// A version, and where the machines belong in it.
pub struct View {
    /// What must be possible, and nothing else.
    table: Table,
    /// The group of each machine: none if the version knows it no more.
    groups: Vec<Option<String>>,
    /// Groups that the rules take to be anywhere.
    anywhere: BTreeSet<String>,
}

impl View {
    /// Each machine belongs to the group that has its first address; a stranger, to itself. Groups that are *any* are anywhere.
    pub fn new(version: &Version, places: &[Place]) -> Self {
        let groups = &version.deployment.groups;
        let any = groups.iter().filter(|group| group.listens == Addresses::Any).map(|group| group.name.clone());
        let anywhere: BTreeSet<String> = any.collect();
        let mut owners = BTreeMap::new();
        for group in groups {
            owners.extend(group.listens.list().iter().map(|address| (address.to_string(), &group.name)));
        }
        let mut members = Vec::new();
        for place in places {
            let listed = owners.get(&place.addresses[0].to_string()).copied();
            let known = groups.iter().any(|group| group.name == place.home);
            let stays = anywhere.contains(&place.home) || !known && place.home == place.name;
            members.push(listed.or(stays.then_some(&place.home)).cloned());
        }
        Self { table: version.table.clone(), groups: members, anywhere }
    }

    /// The group of a machine.
    pub fn group(&self, at: usize) -> Option<&str> {
        self.groups[at].as_deref()
    }

    /// What the rules of one machine let out to another: what the table names for its group, and nothing else.
    pub fn leaves(&self, from: usize, to: usize, protocol: Protocol, port: u16) -> bool {
        let named = |row: &Row| self.is(from, &row.initiator) && self.met(to, &row.responder);
        self.table.lets_out || self.table.rows.iter().any(|row| row.is_for(protocol, port) && named(row))
    }

    /// What the rules of one machine let in from another.
    pub fn enters(&self, to: usize, from: usize, protocol: Protocol, port: u16) -> bool {
        let named = |row: &Row| self.is(to, &row.responder) && self.met(from, &row.initiator);
        self.table.rows.iter().any(|row| row.is_for(protocol, port) && named(row))
    }

    /// True if somebody of that name may open something to the machine.
    pub fn reached_by(&self, initiator: &str, to: usize) -> bool {
        self.table.rows.iter().any(|row| row.initiator == initiator && self.is(to, &row.responder))
    }

    fn is(&self, at: usize, group: &str) -> bool {
        self.group(at) == Some(group)
    }

    /// A group that is *any* stands for everybody: whoever comes reaches the ports listed for it, and only those.
    fn met(&self, at: usize, group: &str) -> bool {
        self.is(at, group) || self.anywhere.contains(group)
    }
}
