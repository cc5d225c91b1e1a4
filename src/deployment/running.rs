//! Who runs what, counted once for a deployment: what is asked of every pair of groups must not go through all groups again.
//! Answers questions; changes nothing.

use super::{Deployment, Ends, Group};
use crate::catalog::{Catalog, Condition, Id, Listener};

/// The groups of every role of a catalog, in one deployment. It answers as [`Deployment`] itself does, only faster.
pub struct Running<'a> {
    catalog: &'a Catalog,
    deployment: &'a Deployment,
    /// For each role, in the order of the catalog, the positions of the groups that run it.
    groups: Vec<Vec<usize>>,
}

impl<'a> Running<'a> {
    /// Looks at every group once.
    pub fn of(catalog: &'a Catalog, deployment: &'a Deployment) -> Self {
        let mut groups = vec![Vec::new(); catalog.roles.len()];
        for (at, group) in deployment.groups.iter().enumerate() {
            for role in group.placed() {
                if deployment.runs(catalog, group, role)
                    && let Some(place) = place(catalog, role)
                    && groups[place].last() != Some(&at)
                {
                    groups[place].push(at);
                }
            }
        }
        Self { catalog, deployment, groups }
    }

    /// The positions of the groups that run a role, in their order.
    pub fn groups(&self, role: Id) -> &[usize] {
        place(self.catalog, role).map_or(&[], |place| &self.groups[place])
    }

    /// The positions of the groups that run any of these roles, in their order, each once.
    pub fn any(&self, roles: &[Id]) -> Vec<usize> {
        match roles {
            [role] => self.groups(role).to_vec(),
            _ => {
                let mut found = vec![false; self.deployment.groups.len()];
                roles.iter().flat_map(|role| self.groups(role)).for_each(|at| found[*at] = true);
                found.iter().enumerate().filter(|(_, found)| **found).map(|(at, _)| at).collect()
            }
        }
    }

    /// See [`Deployment::has`].
    pub fn has(&self, role: Id) -> bool {
        !self.groups(role).is_empty()
    }

    /// See [`Deployment::machines`].
    pub fn machines(&self, role: Id) -> u32 {
        self.groups(role).iter().map(|at| u32::from(self.deployment.groups[*at].machines)).sum()
    }

    /// See [`Deployment::holds`].
    pub fn holds(&self, condition: &Condition, ends: Ends) -> bool {
        self.deployment.decides(self.catalog, condition, ends, Some(self))
    }

    /// See [`Deployment::listening`]; of a group that runs the listener's role.
    pub fn listening(&self, group: &Group, listener: &Listener) -> bool {
        let ends = Ends { initiator: None, responder: Some(group) };
        listener.when.as_ref().is_none_or(|condition| self.holds(condition, ends))
    }
}

fn place(catalog: &Catalog, role: Id) -> Option<usize> {
    catalog.roles.iter().position(|row| row.id == role)
}
