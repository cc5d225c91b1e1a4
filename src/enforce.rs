//! Turns flows into the rules of one enforcement point. The only place that knows both; it never merges or splits, so a rule
//! stands for exactly one flow.

use crate::catalog::Catalog;
use crate::deployment::{Deployment, Group, GroupId};
use crate::flow::Flow;
use crate::net::{Addresses, Direction};
use crate::rule::{Enforcement, Peer, Rule, Ruleset};

/// The rules of a point for these flows; empty if its group is gone.
pub fn rules(catalog: &Catalog, deployment: &Deployment, flows: &[Flow], point: Enforcement) -> Ruleset {
    let mut ruleset = Ruleset { point, name: String::new(), addresses: Addresses::Missing, rules: Vec::new() };
    match &ruleset.point {
        Enforcement::Host(group) | Enforcement::CloudGroup(group) => {
            let id = GroupId(*group);
            if let Some(group) = deployment.group(id) {
                ruleset.name = name(group);
                ruleset.addresses = group.listens.clone();
            }
            for direction in Direction::ALL {
                let guarded = |flow: &&Flow| match direction {
                    Direction::Ingress => flow.responder == id,
                    Direction::Egress => flow.initiator == id,
                };
                let made = flows.iter().filter(guarded).filter_map(|flow| rule(deployment, flow, direction));
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
            let made = flows.iter().filter(crosses).filter_map(|flow| rule(deployment, flow, Direction::Ingress));
            ruleset.rules = made.collect();
        }
    }
    ruleset
}

fn rule(deployment: &Deployment, flow: &Flow, direction: Direction) -> Option<Rule> {
    let source = deployment.group(flow.initiator)?;
    let destination = deployment.group(flow.responder)?;
    Some(Rule {
        key: flow.key(),
        direction,
        source: peer(source, source.connects_from()),
        destination: peer(destination, &destination.listens),
        protocol: flow.protocol,
        ports: flow.ports,
        purpose: flow.purposes(),
    })
}

fn peer(group: &Group, addresses: &Addresses) -> Peer {
    Peer { group: group.id.0, name: name(group), labels: group.labels.clone(), addresses: addresses.clone() }
}

/// The group's name, or its number where that is blank: a rule must say whom it is about.
fn name(group: &Group) -> String {
    match group.name.trim() {
        "" => format!("Group {}", group.id.0),
        name => name.to_owned(),
    }
}
