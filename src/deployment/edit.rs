//! Every change a user can make to a deployment, as data, and what applying it does. An edit that makes no sense changes
//! nothing and says why; no edit ever loses what it does not name.

use super::{CustomFlow, Deployment, Group, GroupId};
use crate::catalog::{Catalog, Encryption, Id, Scope};
use crate::host;
use crate::net::{Addresses, Policy, Port, PortRange, Protocol, System};
use crate::order::Map;

/// One change; one step of undo.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Begin again from a preset. Answers, ports, custom flows and switched-off roles of the old deployment go; its release
    /// stays, unless the preset is about one.
    Preset(Id),
    /// Another release. What the user typed stays; defaults follow the release.
    Release(Id),
    /// Switch a role on or off. On makes a group, or puts a service on every group that can host it, if there is none yet.
    Switch(Id, bool),
    /// One more group of a role.
    AddGroup(Id),
    /// Delete a group and the custom flows that begin or end there.
    RemoveGroup(GroupId),
    /// Give the last machine of a group a group of its own, with everything that is said of it. Where each machine has an
    /// address of its own in the list, its address goes with it; else the new group has none yet.
    Split(GroupId),
    /// One more group with the same roles, services, ports and answers. Addresses are not the same: they have to be said.
    Duplicate(GroupId),
    /// Ports, answers and zone of a group return to what the catalog says.
    Reset(GroupId),
    /// The same for every group and for the deployment: every port, answer and zone, and names on the hosts.
    ResetAll,
    /// Another name.
    Rename(GroupId, String),
    /// Another number of machines, 1 to 1000.
    Machines(GroupId, u16),
    /// Another operating system.
    System(GroupId, System),
    /// Another zone, or the role's own.
    Zone(GroupId, Option<Id>),
    /// Put a role, with what it hosts and its ports and answers there, on the machines of another group, or on new ones.
    /// A group that is left without roles goes, and its custom flows follow the role.
    Move {
        /// Where the role is now.
        from: GroupId,
        /// The role.
        role: Id,
        /// Where to; `None` makes a group.
        into: Option<GroupId>,
    },
    /// Where the group accepts connections.
    Listens(GroupId, Addresses),
    /// What others see when the group opens connections; `None` is "the same".
    Connects(GroupId, Option<Addresses>),
    /// The first port of a listener in a group; `None` returns to the default.
    Port(GroupId, Id, Option<Port>),
    /// The first port of a listener that is the same everywhere; `None` returns to the default.
    PortEverywhere(Id, Option<Port>),
    /// One more instance of a service in a group; its port is the next free one, now and for good.
    AddInstance(GroupId, Id),
    /// Take out the instance at a position; no other port moves.
    RemoveInstance(GroupId, Id, usize),
    /// Another port for the instance at a position.
    InstancePort(GroupId, Id, usize, Port),
    /// Answer a choice of the whole deployment; `None` is undecided.
    Answer(Id, Option<Id>),
    /// Answer a group choice; `None` is undecided.
    GroupAnswer(GroupId, Id, Option<Id>),
    /// The firewall chosen for a group.
    Firewall(GroupId, String),
    /// Whether a group's text adds to what is there, or is its whole policy.
    Policy(GroupId, Policy),
    /// Where administrators come from.
    Management(Addresses),
    /// The SSH port; `None` is 22.
    Ssh(Option<Port>),
    /// Whether machines drop outgoing traffic that their whole policy does not list.
    DropOutgoing(bool),
    /// Where a service that machines rely on is ([`crate::host::BASE`]).
    Base(Id, Addresses),
    /// Whether machines rely on that service at all.
    Relies(Id, bool),
    /// A field of a firewall; an empty text returns to its default.
    Setting(String, String),
    /// A flow of the user's own, with the number given to it.
    AddFlow {
        /// Who opens it.
        initiator: GroupId,
        /// Who listens.
        responder: GroupId,
        /// Transport protocol.
        protocol: Protocol,
        /// Ports of the listener.
        ports: PortRange,
        /// Why.
        purpose: String,
    },
    /// Delete a flow of the user's own.
    RemoveFlow(u32),
    /// Several changes as one step. They are applied in order; the first that makes no sense undoes all.
    Several(Vec<Edit>),
}

/// What became of an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edited {
    /// Something changed.
    Changed,
    /// Everything was so already.
    Unchanged,
    /// Nothing changed, for this reason (a sentence for the user).
    Refused(String),
}

/// Names and purposes are cut at this many characters.
const LONGEST_TEXT: usize = 200;
/// Machines in one group.
const MOST_MACHINES: u16 = 1000;
/// Flows of the user's own.
pub(super) const MOST_FLOWS: usize = 1000;

impl Deployment {
    /// Applies an edit.
    pub fn apply(&mut self, catalog: &Catalog, edit: &Edit) -> Edited {
        let mut next = self.clone();
        if let Err(reason) = next.change(catalog, edit) {
            return Edited::Refused(reason);
        }
        if next == *self {
            return Edited::Unchanged;
        }
        *self = next;
        Edited::Changed
    }

    fn change(&mut self, catalog: &Catalog, edit: &Edit) -> Result<(), String> {
        match edit {
            Edit::Preset(id) => return self.preset(catalog, id),
            Edit::Release(id) => self.release = catalog.release(id).ok_or("This release is not in the catalog.")?.id,
            Edit::Switch(role, on) => return self.switch(catalog, role, *on),
            Edit::AddGroup(role) => {
                let host = catalog.role(role).and_then(|role| role.hosted_on);
                for role in std::iter::once(*role).chain(host) {
                    self.off.remove(role);
                }
                self.add_group(catalog, role)?;
            }
            Edit::RemoveGroup(id) => {
                self.groups.retain(|group| group.id != *id);
                self.custom.retain(|flow| flow.initiator != *id && flow.responder != *id);
            }
            Edit::Split(id) => return self.split(*id),
            Edit::Duplicate(id) => drop(self.duplicate(*id)?),
            Edit::Reset(id) => self.group_mut(*id)?.reset(),
            Edit::ResetAll => {
                self.groups.iter_mut().for_each(Group::reset);
                self.answers.clear();
                self.ports.clear();
                self.settings.clear();
            }
            Edit::Rename(id, name) => self.group_mut(*id)?.name = cut(name),
            Edit::Machines(id, machines) => {
                if !(1..=MOST_MACHINES).contains(machines) {
                    return Err(format!("A group has 1 to {MOST_MACHINES} machines: the last good number holds."));
                }
                self.group_mut(*id)?.machines = *machines;
            }
            Edit::System(id, system) => self.group_mut(*id)?.system = *system,
            Edit::Zone(id, zone) => {
                if zone.is_some_and(|zone| catalog.zone(zone).is_none()) {
                    return Err("This zone is not in the catalog.".to_owned());
                }
                self.group_mut(*id)?.zone = *zone;
            }
            Edit::Move { from, role, into } => return self.relocate(catalog, *from, role, *into),
            Edit::Listens(id, addresses) => self.group_mut(*id)?.listens = addresses.clone(),
            Edit::Connects(id, addresses) => self.group_mut(*id)?.connects = addresses.clone(),
            Edit::Port(id, listener, port) => {
                let default = self.changeable(catalog, listener, *port)?;
                if catalog.listener(listener).is_some_and(|listener| listener.same_everywhere) {
                    return Err("This port is one number for all machines of the role: it cannot differ in one group."
                        .to_owned());
                }
                set(&mut self.group_mut(*id)?.ports, listener, port.filter(|port| Some(*port) != default));
            }
            Edit::PortEverywhere(listener, port) => {
                let default = self.changeable(catalog, listener, *port)?;
                if catalog.listener(listener).is_some_and(|listener| !listener.same_everywhere) {
                    return Err("This port belongs to each group: it is not one number for all machines.".to_owned());
                }
                set(&mut self.ports, listener, port.filter(|port| Some(*port) != default));
            }
            Edit::AddInstance(id, service) => return self.add_instance(catalog, *id, service),
            Edit::RemoveInstance(id, service, at) => {
                let instances = &mut self.group_mut(*id)?.instances;
                for instance in instances.iter_mut().filter(|instance| instance.service == *service) {
                    if *at < instance.ports.len() {
                        instance.ports.remove(*at);
                    }
                }
                instances.retain(|instance| !instance.ports.is_empty());
            }
            Edit::InstancePort(id, service, at, port) => {
                let mut instances = self.group_mut(*id)?.instances.iter_mut();
                let instance = instances.find(|instance| instance.service == *service);
                *instance.and_then(|instance| instance.ports.get_mut(*at)).ok_or("This instance is gone.")? = *port;
            }
            Edit::Answer(choice, answer) => {
                answerable(catalog, choice, *answer, Scope::Deployment)?;
                set(&mut self.answers, choice, *answer);
            }
            Edit::GroupAnswer(id, choice, answer) => {
                answerable(catalog, choice, *answer, Scope::Group)?;
                set(&mut self.group_mut(*id)?.answers, choice, *answer);
            }
            Edit::Firewall(id, firewall) => self.group_mut(*id)?.firewall = Some(firewall.clone()),
            Edit::Policy(id, policy) => self.group_mut(*id)?.policy = *policy,
            Edit::Management(addresses) => self.host.management = addresses.clone(),
            Edit::Ssh(port) => self.host.ssh = port.filter(|port| port.number() != 22),
            Edit::DropOutgoing(drops) => self.host.drops_outgoing = *drops,
            Edit::Base(service, addresses) => match addresses {
                Addresses::Missing => drop(self.host.base.remove(service)),
                _ => self.host.base.insert(base(service)?, addresses.clone()),
            },
            Edit::Relies(service, true) => drop(self.host.without.remove(service)),
            Edit::Relies(service, false) => self.host.without.insert(base(service)?, ()),
            Edit::Setting(key, value) if value.is_empty() => {
                self.settings.remove(key);
            }
            Edit::Setting(key, value) => {
                self.settings.insert(cut(key), cut(value));
            }
            Edit::AddFlow { initiator, responder, protocol, ports, purpose } => {
                if self.group(*initiator).is_none() || self.group(*responder).is_none() {
                    return Err("A flow needs two groups that exist.".to_owned());
                }
                if self.custom.len() >= MOST_FLOWS {
                    return Err(format!("{MOST_FLOWS} flows of your own are the most this page keeps."));
                }
                self.custom.push(CustomFlow {
                    id: self.custom.iter().map(|flow| flow.id).max().unwrap_or(0) + 1,
                    initiator: *initiator,
                    responder: *responder,
                    protocol: *protocol,
                    ports: *ports,
                    purpose: cut(purpose),
                    encryption: Encryption::Optional,
                });
            }
            Edit::RemoveFlow(id) => self.custom.retain(|flow| flow.id != *id),
            Edit::Several(edits) => {
                for edit in edits {
                    self.change(catalog, edit)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn group_mut(&mut self, id: GroupId) -> Result<&mut Group, String> {
        self.groups.iter_mut().find(|group| group.id == id).ok_or_else(|| "This group is gone.".to_owned())
    }

    /// The listener's default first port; refuses what cannot be changed, or would run past the last port.
    fn changeable(&self, catalog: &Catalog, listener: Id, port: Option<Port>) -> Result<Option<Port>, String> {
        let listener = catalog.listener(listener).ok_or("This listener is not in the catalog.")?;
        if listener.fixed {
            return Err(format!("The port of {} is fixed.", listener.name));
        }
        if catalog.per_instance(listener) {
            return Err(format!("Each instance of {} has a port of its own.", listener.name));
        }
        let default = listener.defaults(catalog, self.release);
        let more = listener.most() - 1;
        if port.is_some_and(|port| port.number().checked_add(more).is_none()) {
            return Err(format!(
                "{} uses up to {} ports from this one on: the first can be at most {}.",
                listener.name,
                more + 1,
                u16::MAX - more
            ));
        }
        Ok(default.map(PortRange::first))
    }
}

/// Refuses an answer that the choice does not offer, or that is not given for this scope.
fn answerable(catalog: &Catalog, choice: Id, answer: Option<Id>, scope: Scope) -> Result<(), String> {
    let choice = catalog.choice(choice).ok_or("This question is not in the catalog.")?;
    if choice.scope != scope {
        return Err(format!("“{}” is asked elsewhere.", choice.question));
    }
    match answer {
        Some(answer) if choice.answer(answer).is_none() => Err(format!("“{}” has no such answer.", choice.question)),
        _ => Ok(()),
    }
}

/// The identifier of a service that machines rely on, if there is one.
fn base(id: Id) -> Result<Id, String> {
    let known = host::BASE.iter().find(|service| service.id == id);
    known.map(|service| service.id).ok_or_else(|| "No machine relies on this service.".to_owned())
}

/// Sets or clears an entry.
fn set<V: Copy>(map: &mut Map<Id, V>, key: Id, value: Option<V>) {
    match value {
        Some(value) => {
            map.insert(key, value);
        }
        None => {
            map.remove(key);
        }
    }
}

/// The text without control characters, cut at [`LONGEST_TEXT`] characters.
fn cut(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_TEXT).collect()
}
