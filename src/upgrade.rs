//! What another release changes for a deployment: the flows that come, go and stay with other reasons, what it does to
//! things that are no flows, and all of it in words. Changes nothing, and knows no release by name.
//!
//! Rows are the exact difference of the two sets of flows: a range that grows is one flow gone and one come. The words say
//! what that means: “one more port”.

mod words;

pub use words::Row;

use crate::catalog::{Catalog, Id, Listener};
use crate::check;
use crate::deployment::{Deployment, Edit, GroupId};
use crate::finding::{Finding, Severity};
use crate::flow::{Flow, by_ends, flows};
use crate::net::{PortRange, Protocol};

/// The difference between two releases, for one deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Upgrade {
    /// The deployment's own release.
    pub from: Id,
    /// The other one; it may be older.
    pub to: Id,
    /// Flows that only the other release has, in the order of its flows.
    pub added: Vec<Flow>,
    /// Flows that only the deployment's own release has, in their order.
    pub removed: Vec<Flow>,
    /// Flows with the same ends, protocol and ports in both, for other reasons.
    pub changed: Vec<Change>,
    /// Ports that listeners move to: each takes one flow of `removed` and one of `added`.
    pub moves: Vec<Move>,
    /// What happens to things that are no flows: whole sentences.
    pub notes: Vec<String>,
    /// What cannot work any more: errors that the other release brings, as they would be found there.
    pub errors: Vec<Finding>,
}

/// A flow of both releases whose reasons, or their encryption, confidence or documents differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// As it is.
    pub before: Flow,
    /// As it would be.
    pub after: Flow,
}

/// A listener with other ports, as seen by those who reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The listener.
    pub listener: Id,
    /// Its ports in the deployment's own release.
    pub before: PortRange,
    /// Its ports in the other one.
    pub after: PortRange,
    /// How many flows that concerns.
    pub flows: usize,
}

/// What makes a flow the same one.
type Key = (GroupId, GroupId, Protocol, PortRange);

const fn key(flow: &Flow) -> Key {
    (flow.initiator, flow.responder, flow.protocol, flow.ports)
}

/// Compares a deployment with itself in another release; `None` if the catalog does not know that release.
pub fn upgrade(catalog: &Catalog, deployment: &Deployment, to: &str) -> Option<Upgrade> {
    let to = catalog.release(to)?.id;
    let mut next = deployment.clone();
    next.apply(catalog, &Edit::Release(to));
    let (before, after) = (flows(catalog, deployment), flows(catalog, &next));
    let (old, new) = (by_ends(&before), by_ends(&after));
    let lacking = |flows: &[Flow], others: &[&Flow]| {
        flows.iter().filter(|flow| find(others, flow).is_none()).cloned().collect::<Vec<Flow>>()
    };
    let (added, removed) = (lacking(&after, &old), lacking(&before, &new));
    let changed = before.iter().filter_map(|flow| {
        let after = find(&new, flow).filter(|after| *after != flow)?;
        Some(Change { before: flow.clone(), after: after.clone() })
    });
    let known = check::findings(catalog, deployment, &before);
    let mut errors = check::findings(catalog, &next, &after);
    errors.retain(|finding| {
        let same = |old: &Finding| (old.place, &old.message) == (finding.place, &finding.message);
        finding.severity == Severity::Error && !known.iter().any(same)
    });
    Some(Upgrade {
        from: deployment.release,
        to,
        changed: changed.collect(),
        moves: moves(&added, &removed),
        added,
        removed,
        notes: notes(catalog, deployment, &next, &after),
        errors,
    })
}

fn find<'a>(sorted: &[&'a Flow], flow: &Flow) -> Option<&'a Flow> {
    sorted.binary_search_by(|other| key(other).cmp(&key(flow))).ok().map(|at| sorted[at])
}

/// Which of the flows that come take the place of which that go: between the same ends, for the same listener.
fn moves(added: &[Flow], removed: &[Flow]) -> Vec<Move> {
    let gone = by_ends(removed);
    let mut taken = vec![false; gone.len()];
    let mut moves: Vec<Move> = Vec::new();
    for flow in added {
        let ends = |other: &Flow| (other.initiator, other.responder, other.protocol);
        let first = gone.partition_point(|other| ends(other) < ends(flow));
        for (at, other) in gone.iter().enumerate().skip(first).take_while(|(_, other)| ends(other) == ends(flow)) {
            let meant = |id: &Id| flow.reasons.iter().any(|reason| reason.listener == Some(id));
            let listener = other.reasons.iter().filter_map(|reason| reason.listener).find(meant);
            let Some(listener) = listener.filter(|_| !taken[at]) else { continue };
            taken[at] = true;
            let one = Move { listener, before: other.ports, after: flow.ports, flows: 1 };
            let same = |it: &&mut Move| (it.listener, it.before, it.after) == (listener, one.before, one.after);
            match moves.iter_mut().find(same) {
                Some(known) => known.flows += 1,
                None => moves.push(one),
            }
            break;
        }
    }
    moves
}

/// Roles and listeners that the other release does not have, and what changes within machines.
fn notes(catalog: &Catalog, deployment: &Deployment, next: &Deployment, after: &[Flow]) -> Vec<String> {
    let (from, to) = (deployment.release, next.release);
    let mut notes = Vec::new();
    let shares = |deployment: &Deployment| deployment.shares_service_ports(catalog);
    if shares(deployment) && !shares(next) && shared(catalog, deployment) {
        notes.push(["Services may share a port in ", from, ", but not in ", to, ": each needs its own."].concat());
    }
    for role in catalog.roles.iter().filter(|role| deployment.has(catalog, role.id)) {
        if next.lacks(catalog, role) && !deployment.lacks(catalog, role) {
            notes.push([role.name, " is not part of release ", to, "."].concat());
            continue;
        }
        for listener in catalog.listeners_of(role.id) {
            let [old, new] = [deployment, next].map(|deployment| listens(catalog, deployment, listener));
            let name = catalog.full_name(listener);
            let own = if listener.local { " on its own machine" } else { "" };
            let reached = |flow: &Flow| flow.reasons.iter().any(|reason| reason.listener == Some(listener.id));
            let unreached = listener.local || !after.iter().any(reached);
            notes.push(match (old, new) {
                (Some(_), None) => [&name, " no longer listens", own, " in ", to, "."].concat(),
                (None, Some(ports)) if unreached => {
                    [&name, " listens on ", &ports, own, " in ", to, ": no rule, but nothing else may have it."]
                        .concat()
                }
                (Some(old), Some(new)) if listener.local && old != new => {
                    [&name, " moves from ", &old, " to ", &new, own, ": no rule, but nothing else may have it."]
                        .concat()
                }
                _ => continue,
            });
        }
    }
    notes
}

/// True if two services of one machine have one number, as the release allows.
fn shared(catalog: &Catalog, deployment: &Deployment) -> bool {
    deployment.groups.iter().any(|group| {
        let runs = |service| deployment.runs(catalog, group, service);
        let instances = group.instances.iter().filter(|instance| runs(instance.service));
        let ports: Vec<_> = instances.flat_map(|instance| &instance.ports).collect();
        ports.iter().enumerate().any(|(at, port)| ports[..at].contains(port))
    })
}

/// The ports of a listener where it is at work first; `None` if nowhere.
fn listens(catalog: &Catalog, deployment: &Deployment, listener: &Listener) -> Option<String> {
    listener.defaults(catalog, deployment.release)?;
    let mut groups = deployment.groups.iter().filter(|group| deployment.listening(catalog, group, listener));
    let ports = deployment.listener_ports(catalog, groups.next()?, listener);
    ports.first().map(ToString::to_string)
}
