//! Turns flows into the rules of one enforcement point. The only place that knows both; it never merges or splits, so a rule
//! stands for exactly one flow.

use crate::catalog::Catalog;
use crate::deployment::{Deployment, Group, GroupId};
use crate::flow::Flow;
use crate::host;
use crate::net::{Addresses, Direction, Policy, Port, PortRange, System};
use crate::order::Map;
use crate::rule::{Enforcement, Peer, Rule, Ruleset};

/// The rules of a point for these flows; empty if its group is gone.
pub fn rules(catalog: &Catalog, deployment: &Deployment, flows: &[Flow], point: Enforcement) -> Ruleset {
    let mut ruleset = Ruleset {
        point,
        name: String::new(),
        addresses: Addresses::Missing,
        policy: Policy::Additive,
        drops_outgoing: false,
        rules: Vec::new(),
    };
    match &ruleset.point {
        Enforcement::Host(group) | Enforcement::CloudGroup(group) | Enforcement::Pods(group) => {
            let id = GroupId(*group);
            // A cloud drops by itself what no rule lists; how its machines are managed is not its business.
            let on_host = matches!(ruleset.point, Enforcement::Host(_));
            let whole = deployment.group(id).filter(|group| on_host && group.policy == Policy::WholeHost);
            if let Some(group) = deployment.group(id) {
                ruleset.name = name(group);
                ruleset.addresses = group.listens.clone();
            }
            if whole.is_some() {
                ruleset.policy = Policy::WholeHost;
                ruleset.drops_outgoing = deployment.host.drops_outgoing;
            }
            for direction in Direction::ALL {
                let guarded = |flow: &&Flow| match direction {
                    Direction::Ingress => flow.responder == id,
                    Direction::Egress => flow.initiator == id,
                };
                if let Some(group) = whole {
                    ruleset.rules.extend(match direction {
                        Direction::Ingress => guard(catalog, deployment, group),
                        Direction::Egress => base(catalog, deployment, group),
                    });
                }
                let made = flows
                    .iter()
                    .filter(guarded)
                    .filter_map(|flow| rule(catalog, deployment, &ruleset.point, flow, direction));
                ruleset.rules.extend(made);
            }
        }
        Enforcement::Device(zones) => {
            ruleset.name = zones.join(", ");
            let zone = |id| deployment.group(id).map(|group| deployment.zone(catalog, group));
            let crosses = |flow: &&Flow| match (zone(flow.initiator), zone(flow.responder)) {
                (Some(from), Some(to)) => {
                    from != to && [from, to].iter().all(|zone| zones.iter().any(|own| own == zone))
                }
                _ => false,
            };
            let made = flows
                .iter()
                .filter(crosses)
                .filter_map(|flow| rule(catalog, deployment, &ruleset.point, flow, Direction::Ingress));
            ruleset.rules = made.collect();
        }
    }
    ruleset
}

fn rule(
    catalog: &Catalog,
    deployment: &Deployment,
    point: &Enforcement,
    flow: &Flow,
    direction: Direction,
) -> Option<Rule> {
    let source = deployment.group(flow.initiator)?;
    let destination = deployment.group(flow.responder)?;
    Some(Rule {
        key: flow.key(),
        direction,
        source: peer(catalog, deployment, point, source, Direction::Egress),
        destination: peer(catalog, deployment, point, destination, Direction::Ingress),
        protocol: flow.protocol,
        ports: flow.ports,
        purpose: flow.purposes(),
    })
}

/// A group as the end of a flow that leaves its machines, or reaches them.
fn peer(catalog: &Catalog, deployment: &Deployment, point: &Enforcement, group: &Group, way: Direction) -> Peer {
    let addresses = match way {
        Direction::Egress => group.connects_from(),
        Direction::Ingress => &group.listens,
    };
    Peer {
        group: group.id.0,
        name: name(group),
        labels: group.labels.clone(),
        addresses: addresses.clone(),
        ours: ours(catalog, deployment, point, group, way),
    }
}

/// True if the rules of a point can mean the group's machines by naming the group, in flows that leave them or reach them: they
/// get texts of their own, people do not sit at them, and what they open is not seen to come from elsewhere. Pods are meant by
/// their labels, and nobody else: groups for which the same firewall is chosen, as far as anybody has said.
pub fn ours(catalog: &Catalog, deployment: &Deployment, point: &Enforcement, group: &Group, way: Direction) -> bool {
    let there = match point {
        Enforcement::Pods(own) => deployment.group(GroupId(*own)).is_some_and(|own| own.firewall == group.firewall),
        _ => true,
    };
    there
        && deployment.takes_part(catalog, group)
        && !deployment.external(catalog, group)
        && !deployment.of_clients(catalog, group)
        && (way == Direction::Ingress || group.connects.is_none())
}

/// The guard of a whole policy: without it, its administrators would be locked out.
fn guard(catalog: &Catalog, deployment: &Deployment, group: &Group) -> Vec<Rule> {
    let host = &deployment.host;
    let ssh = host.ssh.filter(|_| group.system == System::Linux);
    let rule = |ports: &host::Ports| {
        let range = ssh.map(PortRange::from).or_else(|| range(ports))?;
        Some(Rule {
            key: format!("management-{}-{range}", ports.protocol.lower()),
            direction: Direction::Ingress,
            source: stranger(host::MANAGEMENT, &host.management),
            destination: peer(catalog, deployment, &Enforcement::Host(group.id.0), group, Direction::Ingress),
            protocol: ports.protocol,
            ports: range,
            purpose: "Administration of this machine".to_owned(),
        })
    };
    host::management(group.system).iter().filter_map(rule).collect()
}

/// What a machine lives on, where outgoing traffic is dropped.
fn base(catalog: &Catalog, deployment: &Deployment, group: &Group) -> Vec<Rule> {
    let host = &deployment.host;
    let mut rules = Vec::new();
    for service in host::BASE.iter().filter(|service| host.drops_outgoing && !host.without.contains(service.id)) {
        let addresses = host.base.get(service.id).unwrap_or(&Addresses::Missing);
        let used = service.ports.iter().filter(|ports| ports.is_for(group.system));
        rules.extend(used.filter_map(|ports| {
            let range = range(ports)?;
            Some(Rule {
                key: format!("{}-{}-{range}", service.id, ports.protocol.lower()),
                direction: Direction::Egress,
                source: peer(catalog, deployment, &Enforcement::Host(group.id.0), group, Direction::Egress),
                destination: stranger(service.name, addresses),
                protocol: ports.protocol,
                ports: range,
                purpose: service.purpose.to_owned(),
            })
        }));
    }
    rules
}

fn range(ports: &host::Ports) -> Option<PortRange> {
    PortRange::new(Port::new(ports.range.0)?, Port::new(ports.range.1)?)
}

/// An end of a rule that is no group of the deployment.
fn stranger(name: &str, addresses: &Addresses) -> Peer {
    Peer { group: 0, name: name.to_owned(), labels: Map::new(), addresses: addresses.clone(), ours: false }
}

/// The group's name, or its number where that is blank: a rule must say whom it is about.
fn name(group: &Group) -> String {
    match group.name.trim() {
        "" => format!("Group {}", group.id.0),
        name => name.to_owned(),
    }
}
