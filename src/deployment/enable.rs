//! The edit that makes a listener of the catalog listen: switches its role on and answers what it waits for. Only proposes;
//! changes nothing.

use super::{Deployment, Edit, Edited, GroupId};
use crate::catalog::{Catalog, Condition, Listener, Scope};

impl Deployment {
    /// True if the listener is at work in some group.
    pub fn in_use(&self, catalog: &Catalog, listener: &Listener) -> bool {
        self.groups.iter().any(|group| self.listening(catalog, group, listener))
    }

    /// The edit, one undo step, after which the listener is at work, with as little else changed as possible.
    pub fn enabling(&self, catalog: &Catalog, listener: &Listener) -> Edit {
        let mut next = self.clone();
        let mut edits = Vec::new();
        next.add(catalog, Edit::Switch(listener.role, true), &mut edits);
        if let Some(condition) = &listener.when {
            next.fulfil(catalog, condition, listener, &mut edits);
        }
        match (edits.pop(), edits.is_empty()) {
            (Some(only), true) => only,
            (last, _) => {
                edits.extend(last);
                Edit::Several(edits)
            }
        }
    }

    /// Applies an edit here, and keeps it if it changed something.
    fn add(&mut self, catalog: &Catalog, edit: Edit, edits: &mut Vec<Edit>) {
        if self.apply(catalog, &edit) == Edited::Changed {
            edits.push(edit);
        }
    }

    fn fulfil(&mut self, catalog: &Catalog, condition: &Condition, listener: &Listener, edits: &mut Vec<Edit>) {
        match condition {
            Condition::Role(role) => self.add(catalog, Edit::Switch(role, true), edits),
            Condition::All(parts) => parts.iter().for_each(|part| self.fulfil(catalog, part, listener, edits)),
            // The last of several answers is the one that takes nothing else away.
            Condition::Answer(choice, answers) => {
                let (Some(choice), Some(answer)) = (catalog.choice(choice), answers.last()) else { return };
                if self.in_use(catalog, listener) {
                    return;
                }
                if choice.scope == Scope::Deployment {
                    return self.add(catalog, Edit::Answer(choice.id, Some(answer)), edits);
                }
                let ids: Vec<GroupId> = self.groups.iter().map(|group| group.id).collect();
                for id in ids {
                    if self.group(id).is_some_and(|group| self.runs(catalog, group, listener.role)) {
                        self.add(catalog, Edit::GroupAnswer(id, choice.id, Some(answer)), edits);
                    }
                }
            }
            _ => {}
        }
    }
}
