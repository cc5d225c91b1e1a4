//! The deployments that are told, each with a changed one that is applied over it, and the tables written by hand for both.
//! Knows no firewall and no machine.

use portcullis::deployment::{Deployment, Edit};
use portcullis::host;
use portcullis::net::{Addresses, Policy, Port, System};

use crate::scenarios::{self, CATALOG, apply, group};
use crate::site::{MANAGEMENT, SERVICES, address};
use crate::table::Table;

/// Groups that may be anywhere until the user narrows them.
const CLIENTS: [&str; 2] = ["Web clients", "Analyst clients"];

/// Machines that nobody gives our rules: what reaches them has been let out by somebody else's, and by nothing else.
pub const UNGUARDED: [&str; 2] = ["Spotfire database", "Active Directory"];

/// What machines of the stories live on; the others they do without.
const BASE: [&str; 3] = ["dns", "ntp", "updates"];

/// A deployment, and a changed one to be applied over it.
pub struct Story {
    /// What messages call it.
    pub name: &'static str,
    /// With an address for every machine, from which the machines are made.
    pub addressed: Deployment,
    /// The one whose rules are applied.
    pub first: Version,
    /// The one that is applied over it.
    pub changed: Version,
    /// Groups whose machines have no rules.
    pub unguarded: &'static [&'static str],
    /// The group whose text says most.
    pub chief: &'static str,
}

/// A deployment and what must be possible in it, and nothing else.
#[derive(Clone)]
pub struct Version {
    /// What the user says.
    pub deployment: Deployment,
    /// What must be possible.
    pub table: Table,
}

impl Story {
    /// The groups whose machines have no rules: those of the story, or all but its chief.
    pub fn unguarded(&self, all: bool) -> Vec<&str> {
        let names = self.addressed.groups.iter().map(|group| group.name.as_str());
        names.filter(|name| if all { self.unguarded.contains(name) } else { *name != self.chief }).collect()
    }

    /// Both versions as they go under a policy. Where it is whole, the first drops what machines open and is not listed; the
    /// changed one lets it pass.
    pub fn under(&self, policy: Policy, unguarded: &[&str]) -> [Version; 2] {
        match policy {
            Policy::Additive => [self.first.clone(), self.changed.clone()],
            Policy::WholeHost => {
                let [first, mut changed] = [&self.first, &self.changed].map(|it| it.whole(unguarded));
                apply(&mut changed.deployment, Edit::DropOutgoing(false));
                [first, Version { table: changed.table.letting_out(), ..changed }]
            }
        }
    }
}

impl Version {
    /// The version with the whole policy of every machine: managed from one machine, and reaching what it lives on.
    pub fn whole(&self, unguarded: &[&str]) -> Self {
        let mut deployment = self.deployment.clone();
        for id in deployment.groups.iter().map(|group| group.id).collect::<Vec<_>>() {
            deployment.apply(&CATALOG, &Edit::System(id, System::Linux));
            apply(&mut deployment, Edit::Policy(id, Policy::WholeHost));
        }
        apply(&mut deployment, Edit::Management(address(MANAGEMENT)));
        apply(&mut deployment, Edit::DropOutgoing(true));
        for service in &host::BASE {
            apply(
                &mut deployment,
                match BASE.contains(&service.id) {
                    true => Edit::Base(service.id, address(SERVICES)),
                    false => Edit::Relies(service.id, false),
                },
            );
        }
        let guarded = deployment.groups.iter().map(|group| group.name.as_str());
        let guarded: Vec<&str> = guarded.filter(|name| !unguarded.contains(name)).collect();
        let table = self.table.with_host(&Table::read(include_str!("../tables/host.txt")), &guarded);
        Self { deployment, table }
    }
}

/// The clients may be anywhere: everybody reaches what they reach, and nothing else.
pub fn default() -> Story {
    let addressed = scenarios::default();
    let table = Table::read(include_str!("../tables/default.txt"));
    let first = open_to_clients(&addressed);
    let mut next = first.clone();
    override_port(&mut next, "Spotfire Server", "public-https", 8443);
    let node = group(&next, "Node").id;
    apply(&mut next, Edit::RemoveGroup(node));
    let changed = table.renumbered("Spotfire Server", 443, 8443).without("Node");
    Story {
        name: "one server, one node, clients anywhere",
        addressed,
        first: Version { deployment: first, table },
        changed: Version { deployment: next, table: changed },
        unguarded: &UNGUARDED,
        chief: "Spotfire Server",
    }
}

/// The clients have addresses, and the database guards itself: nobody reaches anything that the table does not name.
pub fn known_clients() -> Story {
    known("one server, one node, known clients", scenarios::default())
}

/// The same without IPv4.
pub fn ipv6_only() -> Story {
    known("the same, IPv6 only", scenarios::ipv6_only())
}

fn known(name: &'static str, addressed: Deployment) -> Story {
    let table = Table::read(include_str!("../tables/default.txt"));
    let mut next = addressed.clone();
    override_port(&mut next, "Node", "node-communication", 9444);
    let clients = group(&next, "Web clients").id;
    apply(&mut next, Edit::RemoveGroup(clients));
    let changed = table.renumbered("Node", 9443, 9444).without("Web clients");
    Story {
        name,
        first: Version { deployment: addressed.clone(), table },
        addressed,
        changed: Version { deployment: next, table: changed },
        unguarded: &[],
        chief: "Spotfire Server",
    }
}

/// Several machines in a group, a balancer before them, a directory behind.
pub fn cluster() -> Story {
    let addressed = scenarios::cluster();
    let table = Table::read(include_str!("../tables/cluster.txt"));
    let first = open_to_clients(&addressed);
    let mut next = first.clone();
    override_port(&mut next, "Spotfire Servers", "server-communication", 9445);
    // The sixth node goes; its machine stays, with the rules it has.
    let nodes = group(&next, "Nodes");
    let (nodes, gone) = (nodes.clone(), scenarios::machine_addresses(nodes, 5));
    let left = nodes.listens.list().iter().filter(|address| {
        let text = address.to_string();
        !gone.iter().any(|gone| gone.to_string() == text)
    });
    let left = Addresses::known(left.cloned().collect());
    apply(&mut next, Edit::Machines(nodes.id, 5));
    apply(&mut next, Edit::Listens(nodes.id, left));
    let changed = table.renumbered("Spotfire Servers", 9443, 9445);
    Story {
        name: "three servers, balancer, six nodes, directory",
        addressed,
        first: Version { deployment: first, table },
        changed: Version { deployment: next, table: changed },
        unguarded: &UNGUARDED,
        chief: "Spotfire Servers",
    }
}

/// What stands on one machine never leaves it.
pub fn one_machine() -> Story {
    let addressed = scenarios::one_machine();
    let table = Table::read(include_str!("../tables/one-machine.txt"));
    let first = open_to_clients(&addressed);
    let mut next = first.clone();
    override_port(&mut next, "Spotfire", "public-https", 8443);
    apply(&mut next, Edit::Switch("node-manager", false));
    let changed = table.renumbered("Spotfire", 443, 8443);
    Story {
        name: "server and node on one machine",
        addressed,
        first: Version { deployment: first, table },
        changed: Version { deployment: next, table: changed },
        unguarded: &UNGUARDED,
        chief: "Spotfire",
    }
}

/// The deployment with its clients anywhere, as the page opens.
fn open_to_clients(deployment: &Deployment) -> Deployment {
    let mut open = deployment.clone();
    for name in CLIENTS {
        let clients = group(&open, name).id;
        apply(&mut open, Edit::Listens(clients, Addresses::Any));
    }
    open
}

fn override_port(deployment: &mut Deployment, name: &str, listener: &'static str, port: u16) {
    let id = group(deployment, name).id;
    apply(deployment, Edit::Port(id, listener, Port::new(port)));
}
