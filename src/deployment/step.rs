//! What an edit is called on a button, and how it behaves as a step. Words only; changes nothing.

use super::{Deployment, Edit, GroupId};
use crate::catalog::{Catalog, Id};
use crate::host;

impl Edit {
    /// What the edit does, as on a button: “Switch off Spotfire Server”.
    pub fn name(&self, catalog: &Catalog, deployment: &Deployment) -> String {
        let group = |id: &GroupId| deployment.group(*id).map_or("a group", |group| group.name.as_str());
        let role = |id: Id| catalog.role(id).map_or(id, |role| role.name);
        let listener = |id: Id| catalog.listener(id).map_or(id, |listener| listener.name);
        let choice = |id: Id| catalog.choice(id).map_or(id, |choice| choice.question);
        let service = |id: Id| host::BASE.iter().find(|service| service.id == id).map_or(id, |service| service.name);
        match self {
            Self::Preset(id) => {
                let preset = catalog.presets.iter().find(|preset| preset.id == *id);
                format!("Begin from “{}”", preset.map_or(*id, |preset| preset.name))
            }
            Self::Release(id) => format!("Release {id}"),
            Self::Switch(id, true) => format!("Switch on {}", role(id)),
            Self::Switch(id, false) => format!("Switch off {}", role(id)),
            Self::AddGroup(id) => format!("Add {}", role(id)),
            Self::Split(id) => format!("Split {}", group(id)),
            Self::Duplicate(id) => format!("Duplicate {}", group(id)),
            Self::Reset(id) => format!("Reset {}", group(id)),
            Self::ResetAll => "Reset all ports, answers and zones".to_owned(),
            Self::RemoveGroup(id) => format!("Delete {}", group(id)),
            Self::Rename(id, _) => format!("Rename group {}", id.0),
            Self::Machines(id, _) => format!("Machines of {}", group(id)),
            Self::System(id, system) => format!("{} is {}", group(id), system.name()),
            Self::Zone(id, _) => format!("Zone of {}", group(id)),
            Self::Move { role: moved, into: Some(into), .. } => format!("Put {} on {}", role(moved), group(into)),
            Self::Move { role: moved, into: None, .. } => format!("Give {} its own machines", role(moved)),
            Self::Listens(id, _) => format!("Addresses of {}", group(id)),
            Self::Connects(id, _) => format!("Outgoing addresses of {}", group(id)),
            Self::Port(id, port, _) => format!("{} port of {}", listener(port), group(id)),
            Self::PortEverywhere(port, _) => format!("{} port", listener(port)),
            Self::AddInstance(id, service) => format!("Add {} to {}", role(service), group(id)),
            Self::RemoveInstance(id, service, _) => format!("Take {} from {}", role(service), group(id)),
            Self::InstancePort(id, service, ..) => format!("{} port of {}", role(service), group(id)),
            Self::Answer(id, _) | Self::GroupAnswer(_, id, _) => choice(id).to_owned(),
            Self::Firewall(id, _) => format!("Firewall of {}", group(id)),
            Self::Policy(id, policy) => format!("{} for {}", policy.name(), group(id)),
            Self::Management(_) => "Addresses of management".to_owned(),
            Self::Ssh(_) => "SSH port".to_owned(),
            Self::DropOutgoing(true) => "Drop outgoing traffic".to_owned(),
            Self::DropOutgoing(false) => "Allow outgoing traffic".to_owned(),
            Self::Base(id, _) => format!("Addresses of {}", service(id)),
            Self::Relies(id, true) => format!("Use {}", service(id)),
            Self::Relies(id, false) => format!("Do without {}", service(id)),
            Self::Setting(..) => "Names on the host".to_owned(),
            Self::AddFlow { purpose, .. } => format!("Add flow “{purpose}”"),
            Self::RemoveFlow(_) => "Delete your own flow".to_owned(),
            Self::Several(edits) => {
                edits.first().map_or_else(|| "Nothing".to_owned(), |edit| edit.name(catalog, deployment))
            }
        }
    }

    /// True if it comes key by key: steps of the same name that follow each other are one.
    pub const fn is_typing(&self) -> bool {
        matches!(
            self,
            Self::Rename(..)
                | Self::Machines(..)
                | Self::Listens(..)
                | Self::Connects(..)
                | Self::Port(..)
                | Self::PortEverywhere(..)
                | Self::InstancePort(..)
                | Self::Management(_)
                | Self::Ssh(_)
                | Self::Base(..)
                | Self::Setting(..)
        )
    }

    /// True if it takes something away, so that what it opens or deletes must be shown first (law 3).
    pub fn takes_away(&self) -> bool {
        match self {
            Self::Switch(_, on) => !on,
            Self::RemoveGroup(_) | Self::Move { .. } | Self::Reset(_) | Self::ResetAll => true,
            Self::Several(edits) => edits.iter().any(Self::takes_away),
            _ => false,
        }
    }
}
