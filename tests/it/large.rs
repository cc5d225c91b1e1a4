//! A deployment far larger than anybody's: a hundred groups and a thousand flows, the same in every run. Never names another
//! module of the tests, so that the benchmarks can include this file.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use portcullis::catalog::{Catalog, Id, Kind};
use portcullis::deployment::{Deployment, Edit, Edited, Group, GroupId};
use portcullis::net::{Address, Addresses, Policy, Port, PortRange, Protocol, System};
use portcullis::order::Map;

/// Groups that others connect to.
pub const SERVERS: u32 = 20;
/// Groups that talk to some of the servers.
pub const NODES: u32 = 60;
/// Groups of 1 to 40 prefixes.
pub const NETWORKS: u32 = 20;
/// Flows between them, each of the user's own: what the catalog says of so many groups would be seven times as much.
pub const FLOWS: usize = 1000;

/// Numbers that look random and are the same everywhere (SplitMix64).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ (mixed >> 31)) % u64::from(limit)).expect("below a limit of 32 bits")
    }
}

/// The deployment; every group has addresses of both families.
pub fn deployment(catalog: &Catalog) -> Deployment {
    let mut seeded = Seeded(2026);
    let mut deployment = Deployment::initial(catalog);
    deployment.groups.clear();
    let mut next = 0;
    for id in 1..=SERVERS + NODES {
        let kind = if id <= SERVERS { "Server" } else { "Node" };
        let machines = 1 + seeded.below(4);
        let addresses = (0..machines).flat_map(|_| {
            next += 1;
            [Address::Host(v4(next)), Address::Host(v6(next))]
        });
        let system = System::ALL[usize::from(id % 4 == 0)];
        deployment.groups.push(group(id, format!("{kind} {id}"), machines, system, addresses.collect()));
    }
    for id in SERVERS + NODES + 1..=SERVERS + NODES + NETWORKS {
        let addresses = (0..=seeded.below(40)).map(|at| {
            next += 16 - next % 16;
            if at == 0 || seeded.below(2) == 0 { Address::Prefix(v4(next), 28) } else { Address::Prefix(v6(next), 124) }
        });
        deployment.groups.push(group(id, format!("Clients {id}"), 1, System::Windows, addresses.collect()));
    }
    let mut edits = Vec::new();
    let mut flow = |from: u32, to: u32, ports: PortRange, purpose: &str| {
        edits.push(Edit::AddFlow {
            initiator: GroupId(from),
            responder: GroupId(to),
            protocol: Protocol::Tcp,
            ports,
            purpose: purpose.to_owned(),
        });
    };
    // Every node works with three servers, and every network reaches fourteen.
    for node in SERVERS + 1..=SERVERS + NODES {
        let first = seeded.below(SERVERS);
        for server in (0..3).map(|step| 1 + (first + 7 * step) % SERVERS) {
            flow(node, server, ports(9080, 1), "Registration");
            flow(node, server, ports(9443, 1), "Node manager, services");
            flow(server, node, ports(9443, 1), "Service commands");
            flow(server, node, ports(9501, 1 + seeded.below(10)), "Service traffic");
        }
    }
    for network in SERVERS + NODES + 1..=SERVERS + NODES + NETWORKS {
        let first = seeded.below(SERVERS);
        for step in 0..14 {
            flow(network, 1 + (first + step) % SERVERS, ports(443, 1), "User access");
        }
    }
    assert_eq!(edits.len(), FLOWS);
    assert_eq!(deployment.apply(catalog, &Edit::Several(edits)), Edited::Changed);
    deployment
}

/// So many groups with the catalog's flows: servers, nodes with services, and client networks, in the shares of 20, 480 and 500
/// of a thousand; `known` with an address each, else clients are anywhere and nodes have none.
pub fn by_catalog(catalog: &Catalog, groups: u32, known: bool) -> Deployment {
    let mut deployment = Deployment::initial(catalog);
    let of =
        |kind| deployment.groups.iter().find(|group| runs(catalog, group, kind)).expect("in the first preset").clone();
    let rows = [(Kind::Server, groups / 50), (Kind::Node, groups * 12 / 25), (Kind::Client, groups / 2)];
    let rows = rows.map(|(kind, count)| (of(kind), kind, count));
    deployment.groups.clear();
    for (template, kind, count) in rows {
        for number in 0..count {
            let id = u32::try_from(deployment.groups.len()).expect("few") + 1;
            let listens = match kind {
                Kind::Client if !known => Addresses::Any,
                Kind::Node if !known => Addresses::Missing,
                _ => Addresses::parse(&format!("198.18.{}.{}", id / 250, id % 250)).0,
            };
            let name = format!("{} {number}", template.name);
            deployment.groups.push(Group { id: GroupId(id), name, listens, ..template.clone() });
        }
    }
    deployment
}

fn runs(catalog: &Catalog, group: &Group, kind: Kind) -> bool {
    group.roles.iter().any(|role: &Id| catalog.role(role).is_some_and(|role| role.kind == kind))
}

/// Makes every host's text its whole policy, with everything that asks for an address filled in.
pub fn whole(catalog: &Catalog, deployment: &mut Deployment) {
    let list = |text: &str| Addresses::parse(text).0;
    let mut edits: Vec<Edit> =
        deployment.groups.iter().map(|group| Edit::Policy(group.id, Policy::WholeHost)).collect();
    edits.push(Edit::Management(list("203.0.113.0/28 2001:db8:f::/64")));
    edits.push(Edit::DropOutgoing(true));
    for (at, service) in portcullis::host::BASE.iter().enumerate() {
        edits.push(Edit::Base(service.id, list(&format!("203.0.113.{0} 2001:db8:f:1::{0}", 32 + at))));
    }
    assert_eq!(deployment.apply(catalog, &Edit::Several(edits)), Edited::Changed);
}

fn group(id: u32, name: String, machines: u32, system: System, addresses: Vec<Address>) -> Group {
    Group {
        id: GroupId(id),
        name,
        machines: u16::try_from(machines).expect("few"),
        system,
        zone: None,
        roles: Vec::new(),
        instances: Vec::new(),
        ports: Map::new(),
        answers: Map::new(),
        labels: Map::new(),
        listens: Addresses::known(addresses),
        connects: None,
        firewall: None,
        policy: Policy::Additive,
    }
}

fn ports(first: u16, count: u32) -> PortRange {
    PortRange::starting(Port::new(first).expect("not 0"), u16::try_from(count).expect("few"))
}

/// From the range for measurements, RFC 2544.
fn v4(number: u32) -> IpAddr {
    Ipv4Addr::from_bits((198 << 24 | 18 << 16) + number).into()
}

/// From the range for documentation.
fn v6(number: u32) -> IpAddr {
    Ipv6Addr::from_bits((0x2001_0db8 << 96) + u128::from(number)).into()
}
