//! The six deployments that all suites use, each made by edits alone, as a user would make it. Every address is from a
//! documentation range. Never names another module of the tests, so that other suites can include this file.

use std::net::IpAddr;
use std::sync::LazyLock;

use portcullis::catalog::{Catalog, Id};
use portcullis::deployment::{Deployment, Edit, Edited, Group, GroupId};
use portcullis::host::BASE;
use portcullis::net::{Address, Addresses, Family, Policy, Port};

/// The facts about Spotfire.
pub static CATALOG: LazyLock<Catalog> =
    LazyLock::new(|| Catalog::spotfire().expect("the embedded catalog can be read"));

/// Both families, in the order in which a group's addresses stand.
const DUAL_STACK: [Family; 2] = [Family::V4, Family::V6];

/// A deployment and what it is called in tables and snapshots.
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// The deployment.
    pub deployment: Deployment,
}

/// All of them.
pub fn all() -> Vec<Scenario> {
    let named = [
        ("default", default as fn() -> Deployment),
        ("cluster", cluster),
        ("one-machine", one_machine),
        ("ipv6-only", ipv6_only),
        ("mixed-names", mixed_names),
        ("missing", missing),
    ];
    named.map(|(name, make)| Scenario { name, deployment: make() }).into()
}

/// One server, one node, a database and clients; dual stack.
pub fn default() -> Deployment {
    addressed("basic", &DUAL_STACK)
}

/// Three servers behind a balancer, six nodes, Active Directory; dual stack.
pub fn cluster() -> Deployment {
    addressed("cluster", &DUAL_STACK)
}

/// Server and node manager on one machine, their collision resolved as the documents suggest; IPv4.
pub fn one_machine() -> Deployment {
    let mut deployment = addressed("one-machine", &[Family::V4]);
    let machine = group(&deployment, "Spotfire").id;
    apply(&mut deployment, Edit::Port(machine, "node-registration", Port::new(9082)));
    apply(&mut deployment, Edit::Port(machine, "node-communication", Port::new(9444)));
    deployment
}

/// The default without IPv4.
pub fn ipv6_only() -> Deployment {
    addressed("basic", &[Family::V6])
}

/// Everything an address field takes: prefixes, a range, names beside addresses, a name alone, everyone, one family on one
/// side only, addresses translated on the way out, and a group name that no firewall can write.
pub fn mixed_names() -> Deployment {
    let mut deployment = Deployment::initial(&CATALOG);
    for role in ["jmx-client", "smtp"] {
        apply(&mut deployment, Edit::Switch(role, true));
    }
    let id = |deployment: &Deployment, name| group(deployment, name).id;
    let node = id(&deployment, "Node");
    apply(&mut deployment, Edit::Machines(node, 4));
    apply(&mut deployment, Edit::AddInstance(node, "terr"));
    for (name, addresses) in [
        ("Web clients", "198.51.100.0/24 2001:db8:1::/48"),
        ("Spotfire Server", "spotfire.example.test 192.0.2.49 2001:db8::3:1"),
        ("Node", "192.0.2.65-192.0.2.68 2001:db8::4:0/112"),
        ("Spotfire database", "db.example.test"),
        ("JMX monitoring client", "2001:db8::6:1"),
        ("Mail server", "2001:db8::7:1"),
    ] {
        let group = id(&deployment, name);
        apply(&mut deployment, Edit::Listens(group, read(addresses)));
    }
    let server = id(&deployment, "Spotfire Server");
    apply(&mut deployment, Edit::Connects(server, Some(read("203.0.113.49"))));
    apply(&mut deployment, Edit::Rename(node, "Node “Süd”".to_owned()));
    deployment
}

/// What the page opens with: nobody has typed an address yet.
pub fn missing() -> Deployment {
    Deployment::initial(&CATALOG)
}

/// Every preset of the catalog.
pub fn presets() -> impl Iterator<Item = (Id, Deployment)> {
    CATALOG.presets.iter().map(|preset| {
        let mut deployment = missing();
        deployment.apply(&CATALOG, &Edit::Preset(preset.id));
        (preset.id, deployment)
    })
}

/// Applies an edit that must change something.
pub fn apply(deployment: &mut Deployment, edit: Edit) {
    let edited = deployment.apply(&CATALOG, &edit);
    assert_eq!(edited, Edited::Changed, "{edit:?}");
}

/// The group of that name.
pub fn group<'a>(deployment: &'a Deployment, name: &str) -> &'a Group {
    let found = deployment.groups.iter().find(|group| group.name == name);
    found.unwrap_or_else(|| panic!("no group is called {name}"))
}

/// The addresses of one machine of a group, counted from 0, in a scenario made by [`addressed`].
pub fn machine_addresses(group: &Group, machine: u16) -> Vec<IpAddr> {
    let own = group.listens.list().iter().skip(machine.into()).step_by(group.machines.into());
    let host = |address: &Address| match address {
        Address::Host(ip) => *ip,
        other => panic!("{other} is not a machine's"),
    };
    own.map(host).collect()
}

/// A preset in which every machine of every group has one address of each family.
fn addressed(preset: &'static str, families: &[Family]) -> Deployment {
    let mut deployment = Deployment::initial(&CATALOG);
    // The page opens with the first preset: beginning again from it changes nothing.
    deployment.apply(&CATALOG, &Edit::Preset(preset));
    for Group { id, machines, .. } in deployment.groups.clone() {
        let of_family = |family| (1..=machines).map(move |machine| address(id, machine, family));
        let addresses = families.iter().copied().flat_map(of_family).collect();
        apply(&mut deployment, Edit::Listens(id, Addresses::known(addresses)));
    }
    deployment
}

/// The address of a machine: its group and its number can be read from it.
fn address(GroupId(group): GroupId, machine: u16, family: Family) -> Address {
    let text = match family {
        Family::V4 => format!("192.0.2.{}", 16 * group + u32::from(machine)),
        Family::V6 => format!("2001:db8::{group:x}:{machine:x}"),
    };
    Address::parse(&text).unwrap_or_else(|refusal| panic!("{text}: {refusal}"))
}

fn read(text: &str) -> Addresses {
    let (addresses, refused) = Addresses::parse(text);
    assert!(refused.is_empty(), "{refused:?}");
    addresses
}

/// The same deployment with whole policies on all machines, administrators, and what a machine lives on.
pub fn whole(deployment: &Deployment, drops_outgoing: bool) -> Deployment {
    let mut whole = deployment.clone();
    for Group { id, .. } in &deployment.groups {
        apply(&mut whole, Edit::Policy(*id, Policy::WholeHost));
    }
    apply(&mut whole, Edit::Management(read("203.0.113.0/28 2001:db8:ffff::/64")));
    if drops_outgoing {
        apply(&mut whole, Edit::DropOutgoing(true));
        for service in &BASE {
            apply(&mut whole, Edit::Base(service.id, read("203.0.113.53 2001:db8:53::/64")));
        }
    }
    whole
}
