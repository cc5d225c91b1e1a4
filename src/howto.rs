//! What to do on which machine for every port that is not the default: the catalog's steps with the numbers filled in. Reads
//! the deployment, changes nothing; names that users gave to groups are only ever text beside the steps, never in a line to
//! be copied.

use std::net::IpAddr;

use crate::catalog::{Catalog, Id, Listener, Step, Work};
use crate::deployment::{Deployment, Ends, Group, GroupId};
use crate::net::{Address, Port, PortRange};

/// How one changed port is brought about.
#[derive(Clone, Debug, PartialEq)]
pub struct HowTo {
    /// The listener.
    pub listener: Id,
    /// The group; `None` for a number that is the same everywhere.
    pub group: Option<GroupId>,
    /// What the listener is called, with the number of the instance where there are several.
    pub name: String,
    /// The machines it concerns.
    pub machines: String,
    /// The ports it would have.
    pub from: PortRange,
    /// The ports it has in this deployment.
    pub to: PortRange,
    /// What to do, in order.
    pub steps: Vec<Todo>,
    /// Documents.
    pub sources: Vec<Id>,
}

/// One step, ready to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Todo {
    /// What kind of work it is.
    pub work: Work,
    /// On which machines.
    pub machines: String,
    /// Where and what.
    pub text: String,
    /// What is written or run there; empty if it is done on a page.
    pub lines: String,
}

/// Everything to do, for every port that is not the default and listens: first what is the same everywhere, then group by
/// group, in the order of the catalog.
pub fn steps(catalog: &Catalog, deployment: &Deployment) -> Vec<HowTo> {
    let mut found = Vec::new();
    for listener in catalog.listeners.iter().filter(|listener| listener.same_everywhere) {
        let at = |group: &&Group| deployment.listening(catalog, group, listener);
        if deployment.ports.contains(listener.id)
            && let Some(group) = deployment.groups.iter().find(at)
        {
            found.extend(overridden(catalog, deployment, listener, group));
        }
    }
    for group in &deployment.groups {
        for listener in catalog.listeners.iter().filter(|listener| group.ports.contains(listener.id)) {
            if !listener.same_everywhere && deployment.listening(catalog, group, listener) {
                found.extend(overridden(catalog, deployment, listener, group));
            }
        }
        instances(catalog, deployment, group, &mut found);
    }
    found
}

/// A listener whose first port the user has set.
fn overridden(catalog: &Catalog, deployment: &Deployment, listener: &Listener, group: &Group) -> Option<HowTo> {
    let from = deployment.defaults(catalog, group, listener)?;
    let to = deployment.listener_ports(catalog, group, listener).first().copied()?;
    let name = catalog.full_name(listener);
    (from != to).then(|| how_to(catalog, deployment, listener, group, name, (from, to)))
}

/// Adds the instances of services that do not have a number they could get by themselves. In which order they are added
/// nobody knows; whoever has the number that is free next is taken to be next. Services that may share a number need not.
fn instances(catalog: &Catalog, deployment: &Deployment, group: &Group, found: &mut Vec<HowTo>) {
    if group.instances.is_empty() {
        return;
    }
    let mut taken = Taken::by_others(catalog, deployment, group);
    let mut waiting: Vec<Waiting> = Vec::new();
    for instance in &group.instances {
        let Some(listener) = catalog.listeners_of(instance.service).next() else { continue };
        let Some(start) = listener.defaults(catalog, deployment.release) else { continue };
        let (next, ports) = (start.first().number(), &instance.ports);
        waiting.push(Waiting {
            listener,
            next,
            own: next,
            shares: deployment.may_share(catalog, listener),
            ports,
            at: 0,
        });
    }
    loop {
        let mut chosen: Option<usize> = None;
        for (place, service) in waiting.iter_mut().enumerate() {
            let Some(port) = service.ports.get(service.at) else { continue };
            service.next = taken.free(service.next, service, service.shares);
            service.own = taken.free(service.next, service, false);
            if [service.next, service.own].contains(&port.number()) {
                chosen = Some(place);
                break;
            }
            chosen = chosen.or(Some(place));
        }
        let Some(service) = chosen.and_then(|place| waiting.get_mut(place)) else { return };
        let to = service.ports.get(service.at).copied();
        let by_itself = if to.map(Port::number) == Some(service.own) { service.own } else { service.next };
        taken.take(by_itself, service);
        let from = Port::new(by_itself);
        service.at += 1;
        if let (Some(from), Some(to)) = (from, to)
            && from != to
            && deployment.listening(catalog, group, service.listener)
        {
            let mut name = catalog.full_name(service.listener);
            if service.ports.len() > 1 {
                name = format!("{name}, instance {}", service.at);
            }
            found.push(how_to(catalog, deployment, service.listener, group, name, (from.into(), to.into())));
        }
    }
}

/// A service with instances that have not got a number yet.
struct Waiting<'a> {
    listener: &'a Listener,
    /// The number that is free for it.
    next: u16,
    /// The one that nobody else has.
    own: u16,
    shares: bool,
    ports: &'a [Port],
    at: usize,
}

/// The numbers of one machine that are taken, by port: one bit for each protocol and for who may share.
struct Taken(Vec<u8>);

impl Taken {
    /// What the listeners without instances take, switched off or not.
    fn by_others(catalog: &Catalog, deployment: &Deployment, group: &Group) -> Self {
        let mut taken = vec![0; usize::from(u16::MAX) + 1];
        let own = |listener: &&Listener| group.carries(listener.role) && !catalog.per_instance(listener);
        for listener in catalog.listeners.iter().filter(own) {
            for range in deployment.listener_ports(catalog, group, listener) {
                for port in range.first().number()..=range.last().number() {
                    if let Some(bits) = taken.get_mut(usize::from(port)) {
                        *bits |= bit(listener, false);
                    }
                }
            }
        }
        Self(taken)
    }

    /// The first number from that one on which is free for a service; one that is shared is, if the service may share.
    fn free(&self, mut port: u16, service: &Waiting, shares: bool) -> u16 {
        let hinders = bit(service.listener, false) | if shares { 0 } else { bit(service.listener, true) };
        while port < u16::MAX && self.0.get(usize::from(port)).is_some_and(|bits| bits & hinders != 0) {
            port += 1;
        }
        port
    }

    fn take(&mut self, port: u16, service: &Waiting) {
        if let Some(bits) = self.0.get_mut(usize::from(port)) {
            *bits |= bit(service.listener, service.shares);
        }
    }
}

fn bit(listener: &Listener, shared: bool) -> u8 {
    1 << (2 * (listener.protocol as u8) + u8::from(shared))
}

fn how_to(
    catalog: &Catalog,
    deployment: &Deployment,
    listener: &Listener,
    group: &Group,
    name: String,
    (from, to): (PortRange, PortRange),
) -> HowTo {
    let own: Vec<&Group> = match listener.same_everywhere {
        true => deployment.groups.iter().filter(|group| deployment.listening(catalog, group, listener)).collect(),
        false => vec![group],
    };
    let ends = Ends { initiator: None, responder: Some(group) };
    let host = host(&own);
    let todo = |step: &Step| {
        let on: Vec<&Group> = match step.on {
            Some(role) => deployment.groups.iter().filter(|group| deployment.runs(catalog, group, role)).collect(),
            None => own.clone(),
        };
        let suits = |group: &&&Group| step.system.is_none_or(|system| group.system == system);
        let on: Vec<&Group> = on.iter().filter(suits).copied().collect();
        let system = on.first()?.system;
        if !step.when.as_ref().is_none_or(|condition| deployment.holds(catalog, condition, ends)) {
            return None;
        }
        let tool = catalog.tools.iter().find(|tool| tool.system == system).map_or("", |tool| tool.name);
        let fill = |template: &str| {
            let filled = template.replace("{ports}", &to.to_string()).replace("{port}", &to.first().to_string());
            filled.replace("{tool}", tool).replace("{host}", &host)
        };
        let mut machines = machines(&on);
        if step.once && (on.len() > 1 || on.iter().any(|group| group.machines > 1)) {
            machines = format!("one machine of {machines}");
        }
        Some(Todo { work: step.work, machines, text: fill(step.text), lines: fill(&step.lines) })
    };
    HowTo {
        listener: listener.id,
        group: (!listener.same_everywhere).then_some(group.id),
        name,
        machines: machines(&own),
        from,
        to,
        steps: listener.change.steps.iter().filter_map(todo).collect(),
        sources: listener.change.sources.clone(),
    }
}

/// The address of the machines, where one is known for all; else a word that stands for it. No address of IPv6: not every
/// URL takes it in the same form.
fn host(groups: &[&Group]) -> String {
    match groups {
        [group] => match group.listens.list() {
            [only @ (Address::Host(IpAddr::V4(_)) | Address::Name(_))] => only.to_string(),
            _ => "HOST".to_owned(),
        },
        _ => "HOST".to_owned(),
    }
}

/// `Spotfire Server, Nodes (6 machines)`.
fn machines(groups: &[&Group]) -> String {
    let mut names = String::new();
    for group in groups {
        if !names.is_empty() {
            names.push_str(", ");
        }
        names.push_str(&group.name);
        if group.machines > 1 {
            names.push_str(&format!(" ({} machines)", group.machines));
        }
    }
    names
}
