//! Looks at a deployment and its flows, and says what a person should know before using the rules. Changes nothing; no role,
//! listener or choice is named here, everything follows from the catalog. One file for each subject stands in `check/`.

mod addresses;
mod choices;
mod flows;
mod placement;
mod ports;

use crate::catalog::{Catalog, Dependency, Id, Kind, Role};
use crate::deployment::{Deployment, Group, GroupId};
use crate::finding::{Finding, worst_first};
use crate::flow::Flow;
use crate::net::Direction;
use crate::order::sort_by_key;

/// Whether the text for one end of a flow refers to the other end in place of its addresses, in the rules of a direction; `None`
/// if nobody makes a text for that end, or none that usually has rules of that direction.
pub type Refers<'a> = &'a dyn Fn(&Flow, Direction) -> Option<bool>;

/// Everything noticed where no text refers to groups.
pub fn findings(catalog: &Catalog, deployment: &Deployment, flows: &[Flow]) -> Vec<Finding> {
    findings_where(catalog, deployment, flows, &|_, _| None)
}

/// Everything noticed, the worst first; equal ones by subject, then in the order of groups and catalog.
///
/// Takes time in proportion to groups and flows, not to pairs of groups.
pub fn findings_where(catalog: &Catalog, deployment: &Deployment, flows: &[Flow], refers: Refers) -> Vec<Finding> {
    let look = Look::at(catalog, deployment, flows);
    let machines = ports::machines(&look);
    let mut found = addresses::missing(&look, refers);
    found.extend(machines.iter().filter_map(|machine| ports::collision(&look, machine)));
    found.extend(addresses::apart(&look));
    let mut waiting = placement::without_host(&look);
    waiting.extend(placement::no_server(&look));
    // What waits for something says itself why nothing connects.
    found.extend(flows::unconnected(&look).filter(|_| waiting.is_empty()));
    found.append(&mut waiting);
    found.extend(placement::unknown(&look));
    found.extend(addresses::uncounted(&look));
    found.extend(placement::mixed(&look));
    found.extend(addresses::exposed(&look));
    found.extend(choices::undecided(&look));
    found.extend(placement::no_front_door(&look));
    found.extend(flows::clear_text(&look));
    found.extend(ports::privileged(&look, &machines));
    found.extend(ports::ephemeral(&look, &machines));
    found.extend(choices::assigned(&look));
    found.extend(choices::overridden(&look));
    worst_first(&mut found);
    found
}

/// What is looked at.
struct Look<'a> {
    catalog: &'a Catalog,
    deployment: &'a Deployment,
    /// The groups that take part, in their order.
    groups: Vec<&'a Group>,
    /// The flows, with the positions of both ends in the deployment.
    flows: Vec<(usize, usize, &'a Flow)>,
}

impl<'a> Look<'a> {
    fn at(catalog: &'a Catalog, deployment: &'a Deployment, flows: &'a [Flow]) -> Self {
        let mut places: Vec<(GroupId, usize)> =
            deployment.groups.iter().enumerate().map(|(at, group)| (group.id, at)).collect();
        sort_by_key(&mut places, |(id, _)| *id);
        let place = |id: GroupId| {
            let found = places.binary_search_by(|(other, _)| other.cmp(&id));
            found.ok().map(|found| places[found].1)
        };
        let ends = |flow: &'a Flow| Some((place(flow.initiator)?, place(flow.responder)?, flow));
        Self {
            catalog,
            deployment,
            groups: deployment.groups.iter().filter(|group| deployment.takes_part(catalog, group)).collect(),
            flows: flows.iter().filter_map(ends).collect(),
        }
    }

    /// The name of the group at a position.
    fn name(&self, at: usize) -> &'a str {
        &self.deployment.groups[at].name
    }

    /// The roles of a kind.
    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &'a Role> {
        self.catalog.roles.iter().filter(move |role| role.kind == kind)
    }

    /// The roles of a kind that run somewhere.
    fn running(&self, kind: Kind) -> impl Iterator<Item = &'a Role> {
        self.of_kind(kind).filter(|role| self.deployment.has(self.catalog, role.id))
    }

    /// The first row by which a role of one kind opens connections to a role.
    fn opens(&self, from: Kind, to: &Role) -> Option<&'a Dependency> {
        let opener = |id: &Id| self.catalog.role(id).is_some_and(|role| role.kind == from);
        let reached = |row: &&Dependency| self.catalog.listener(row.to).is_some_and(|listener| listener.role == to.id);
        self.catalog.dependencies.iter().filter(reached).find(|row| row.from.iter().any(opener))
    }
}

/// Names in a row: the first of very many, and how many more there are.
fn listed(names: &[impl AsRef<str>], joint: &str) -> String {
    const MOST: usize = 8;
    let shown = if names.len() > MOST { MOST - 1 } else { names.len() };
    let mut text = String::new();
    for name in &names[..shown] {
        if !text.is_empty() {
            text += joint;
        }
        text += name.as_ref();
    }
    if shown < names.len() {
        text += &format!(" and {} more", names.len() - shown);
    }
    text
}

/// Identifiers, each once.
fn once_each(ids: impl Iterator<Item = Id>) -> Vec<Id> {
    let mut once: Vec<Id> = Vec::new();
    for id in ids {
        if !once.contains(&id) {
            once.push(id);
        }
    }
    once
}
