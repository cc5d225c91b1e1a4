//! Where things run: presets, roles switched on, moved and put together, groups made, divided and doubled. Part of what
//! applying an edit does; asks nobody, and never loses an address.

use super::edit::MOST_FLOWS;
use super::{Deployment, Group, GroupId, Instance};
use crate::catalog::{Catalog, Id, Kind};
use crate::net::{Address, Addresses, Policy};

/// More groups than anybody runs; keeps a hostile link from freezing the page.
const MOST_GROUPS: usize = 1000;
/// Instances of one service in a group.
const MOST_INSTANCES: usize = 200;

impl Deployment {
    pub(super) fn preset(&mut self, catalog: &Catalog, id: Id) -> Result<(), String> {
        let preset =
            catalog.presets.iter().find(|preset| preset.id == id).ok_or("This preset is not in the catalog.")?;
        self.groups.clear();
        self.off.clear();
        self.answers.clear();
        self.ports.clear();
        self.custom.clear();
        self.release = preset.release.unwrap_or(self.release);
        self.answers = preset.answers.iter().copied().collect();
        for row in &preset.groups {
            let Some((first, others)) = row.roles.split_first() else { continue };
            let id = self.add_group(catalog, first)?;
            let group = self.group_mut(id)?;
            group.name = row.name.to_owned();
            group.machines = row.machines;
            group.roles.extend(others);
            group.system = row.system.unwrap_or(group.system);
            group.zone = row.zone;
            group.ports = row.ports.iter().copied().collect();
            group.answers = row.answers.iter().copied().collect();
            group.firewall = row.firewall.map(str::to_owned);
            for service in &row.services {
                self.add_instance(catalog, id, service)?;
            }
        }
        Ok(())
    }

    pub(super) fn switch(&mut self, catalog: &Catalog, role: Id, on: bool) -> Result<(), String> {
        let role = catalog.role(role).ok_or("This role is not in the catalog.")?;
        if !on {
            self.off.insert(role.id, ());
            return Ok(());
        }
        self.off.remove(role.id);
        let Some(host) = role.hosted_on else {
            if !self.groups.iter().any(|group| group.carries(role.id)) {
                self.add_group(catalog, role.id)?;
            }
            return Ok(());
        };
        self.off.remove(host);
        if !self.groups.iter().any(|group| group.carries(host)) {
            self.add_group(catalog, host)?;
        }
        if !self.groups.iter().any(|group| group.carries(host) && group.carries(role.id)) {
            let hosts: Vec<GroupId> =
                self.groups.iter().filter(|group| group.carries(host)).map(|group| group.id).collect();
            for id in hosts {
                self.add_instance(catalog, id, role.id)?;
            }
        }
        Ok(())
    }

    pub(super) fn add_group(&mut self, catalog: &Catalog, role: Id) -> Result<GroupId, String> {
        let id = self.free_number()?;
        let role = catalog.role(role).ok_or("This role is not in the catalog.")?;
        if let Some(host) = role.hosted_on {
            let id = self.add_group(catalog, host)?;
            self.add_instance(catalog, id, role.id)?;
            return Ok(id);
        }
        self.groups.push(Group {
            id,
            name: self.unused_name(role.name),
            machines: 1,
            system: role.system,
            zone: None,
            roles: vec![role.id],
            instances: Vec::new(),
            ports: Default::default(),
            answers: Default::default(),
            labels: Default::default(),
            listens: if role.kind == Kind::Client { Addresses::Any } else { Addresses::Missing },
            connects: None,
            firewall: None,
            policy: Policy::default(),
        });
        Ok(id)
    }

    fn unused_name(&self, name: &str) -> String {
        let used = |name: &String| self.groups.iter().any(|group| group.name == *name);
        let numbered = (2..).map(|number| format!("{name} {number}"));
        std::iter::once(name.to_owned()).chain(numbered).find(|name| !used(name)).unwrap_or_default()
    }

    pub(super) fn add_instance(&mut self, catalog: &Catalog, id: GroupId, service: Id) -> Result<(), String> {
        let group = self.group(id).ok_or("This group is gone.")?;
        let role = catalog.role(service).ok_or("This service is not in the catalog.")?;
        if !role.hosted_on.is_some_and(|host| group.carries(host)) {
            return Err(format!("{} needs a host that this group does not have.", role.name));
        }
        if group.instance_ports(service).len() >= MOST_INSTANCES {
            return Err(format!("{MOST_INSTANCES} instances are the most this page keeps."));
        }
        let listener = catalog.listeners_of(service).next();
        if listener.is_none_or(|listener| listener.defaults(catalog, self.release).is_none()) {
            return Err(format!("Release {} has no {}.", self.release, role.name));
        }
        let port = self.next_free(catalog, group, service).ok_or("No port is free on this machine.")?;
        self.off.remove(service);
        let instances = &mut self.group_mut(id)?.instances;
        match instances.iter_mut().find(|instance| instance.service == service) {
            Some(instance) => instance.ports.push(port),
            None => instances.push(Instance { service, ports: vec![port] }),
        }
        Ok(())
    }

    pub(super) fn relocate(
        &mut self,
        catalog: &Catalog,
        from: GroupId,
        role: Id,
        into: Option<GroupId>,
    ) -> Result<(), String> {
        if into == Some(from) {
            return Ok(());
        }
        let source = self.group(from).ok_or("This group is gone.")?.clone();
        if !source.roles.contains(&role) {
            return Err("This role is not on that machine.".to_owned());
        }
        let into = match into {
            Some(id) if self.group(id).is_some_and(|group| group.carries(role)) => {
                return Err("This role is on that machine already.".to_owned());
            }
            Some(id) => id,
            None if source.roles.len() < 2 => return Ok(()),
            None => {
                let id = self.add_group(catalog, role)?;
                let made = self.group_mut(id)?;
                made.machines = source.machines;
                made.system = source.system;
                id
            }
        };
        let hosted = |service: Id| catalog.role(service).is_some_and(|service| service.hosted_on == Some(role));
        let moves = |listener: Id| catalog.listener(listener).is_some_and(|row| row.role == role);
        let answers = |choice: Id| catalog.choice(choice).is_some_and(|choice| choice.roles.contains(&role));
        let target = self.group_mut(into)?;
        if !target.carries(role) {
            target.roles.push(role);
        }
        target.instances.extend(source.instances.iter().filter(|instance| hosted(instance.service)).cloned());
        for (listener, port) in source.ports.iter().filter(|(listener, _)| moves(listener)) {
            target.ports.insert(listener, *port);
        }
        for (choice, answer) in source.answers.iter().filter(|(choice, _)| answers(choice)) {
            if !target.answers.contains(choice) {
                target.answers.insert(choice, answer);
            }
        }
        let left = self.group_mut(from)?;
        left.roles.retain(|other| *other != role);
        left.instances.retain(|instance| !hosted(instance.service));
        left.ports.retain(|listener, _| !moves(listener));
        if left.roles.is_empty() {
            self.groups.retain(|group| group.id != from);
            for flow in &mut self.custom {
                for end in [&mut flow.initiator, &mut flow.responder] {
                    if *end == from {
                        *end = into;
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn split(&mut self, id: GroupId) -> Result<(), String> {
        let machines = self.group(id).ok_or("This group is gone.")?.machines;
        if machines < 2 {
            return Err("A group of one machine cannot be split.".to_owned());
        }
        let own = self.custom.clone();
        let made = self.duplicate(id)?;
        let source = self.group_mut(id)?;
        source.machines = machines - 1;
        let listens = part_of_last(&mut source.listens, machines);
        let connects = source.connects.as_mut().map(|connects| part_of_last(connects, machines));
        let group = self.group_mut(made)?;
        (group.machines, group.listens, group.connects) = (1, listens, connects);
        // The machine keeps what the user has opened for it, also between the two halves.
        for flow in own {
            let ends = |end: GroupId| if end == id { vec![id, made] } else { vec![end] };
            for initiator in ends(flow.initiator) {
                for responder in ends(flow.responder) {
                    let itself = initiator == responder && initiator == made;
                    if (initiator, responder) == (flow.initiator, flow.responder) || itself {
                        continue;
                    }
                    if self.custom.len() >= MOST_FLOWS {
                        return Err(format!("{MOST_FLOWS} flows of your own are the most this page keeps."));
                    }
                    let number = self.custom.iter().map(|flow| flow.id).max().unwrap_or(0) + 1;
                    self.custom.push(super::CustomFlow { id: number, initiator, responder, ..flow.clone() });
                }
            }
        }
        Ok(())
    }

    pub(super) fn duplicate(&mut self, id: GroupId) -> Result<GroupId, String> {
        let mut group = self.group(id).ok_or("This group is gone.")?.clone();
        let made = self.free_number()?;
        group.id = made;
        group.name = self.unused_name(&group.name);
        for addresses in std::iter::once(&mut group.listens).chain(&mut group.connects) {
            if let Addresses::Known(_) = addresses {
                *addresses = Addresses::Missing;
            }
        }
        self.groups.push(group);
        Ok(made)
    }

    fn free_number(&self) -> Result<GroupId, String> {
        if self.groups.len() >= MOST_GROUPS {
            return Err(format!("{MOST_GROUPS} groups are the most this page keeps."));
        }
        Ok(GroupId(self.groups.iter().map(|group| group.id.0).max().unwrap_or(0) + 1))
    }
}

/// What the last of so many machines takes with it: its address, where each has one of its own in the list.
fn part_of_last(addresses: &mut Addresses, machines: u16) -> Addresses {
    let one = |address: &Address| matches!(address, Address::Host(_) | Address::Name(_));
    match addresses {
        Addresses::Known(list) if list.len() == usize::from(machines) && list.iter().all(one) => {
            Addresses::known(list.pop().into_iter().collect())
        }
        Addresses::Any => Addresses::Any,
        _ => Addresses::Missing,
    }
}
