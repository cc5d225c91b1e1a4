//! What the user says: groups of machines, what runs on them, their addresses and ports, and answers to choices.
//! Plain data with look-ups; every change goes through [`Edit`]. Knows no firewall, no page and no wire format.
//!
//! One deployment is one environment: every server meets every node.

mod edit;
mod enable;
mod place;
mod running;
mod step;

pub use edit::{Edit, Edited};
pub use running::Running;

use crate::catalog::{Catalog, Choice, Condition, Encryption, Id, Kind, Listener, Role, Scope, Variant};
use crate::net::{Addresses, Policy, Port, PortRange, Protocol, System};
use crate::order::{Map, Set};

/// The number of a group: stable for its life, unique in its deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub u32);

/// Everything the user has said.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// The product's release.
    pub release: Id,
    /// The groups, in the order they were made.
    pub groups: Vec<Group>,
    /// Roles that are switched off: their groups and instances stay as they are, and take part in nothing.
    pub off: Set<Id>,
    /// Answers to choices of the whole deployment; absent is undecided.
    pub answers: Map<Id, Id>,
    /// First ports of listeners that are the same everywhere, where they differ from the default.
    pub ports: Map<Id, Port>,
    /// Flows the user added.
    pub custom: Vec<CustomFlow>,
    /// Fields of firewalls (a table's name, a chain's), by `dialect.field`; opaque here.
    pub settings: Map<String, String>,
    /// What holds for every machine whose whole policy is written.
    pub host: HostPolicy,
}

/// Who manages the machines, and what they live on: asked for where a text is a machine's whole policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostPolicy {
    /// Where administrators come from. Missing holds back the text: nobody is to be locked out.
    pub management: Addresses,
    /// The SSH port, where it is not 22.
    pub ssh: Option<Port>,
    /// True if outgoing traffic that is not listed is dropped.
    pub drops_outgoing: bool,
    /// Where the services of [`crate::host::BASE`] are, by their identifier.
    pub base: Map<Id, Addresses>,
    /// Those of them that these machines do without.
    pub without: Set<Id>,
}

/// One or more identical machines.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its number.
    pub id: GroupId,
    /// Its name, as the user writes it: any text.
    pub name: String,
    /// How many machines, at least 1. Its own number: names, prefixes and two families make it differ from the addresses.
    pub machines: u16,
    /// Operating system.
    pub system: System,
    /// The zone, where it differs from its first role's.
    pub zone: Option<Id>,
    /// Roles placed here, except services.
    pub roles: Vec<Id>,
    /// Services that run here.
    pub instances: Vec<Instance>,
    /// First ports of listeners, where they differ from the default.
    pub ports: Map<Id, Port>,
    /// Answers to group choices; absent is undecided.
    pub answers: Map<Id, Id>,
    /// Kubernetes labels and cloud references.
    pub labels: Map<String, String>,
    /// Where it accepts connections.
    pub listens: Addresses,
    /// What others see when it opens connections; `None` means the same addresses.
    pub connects: Option<Addresses>,
    /// The firewall chosen for it; opaque here.
    pub firewall: Option<String>,
    /// Whether its text adds to what is there, or is its whole policy.
    pub policy: Policy,
}

/// The instances of one service in a group, one port each.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// The service.
    pub service: Id,
    /// Their ports, in the order they were added: assigned once, then kept.
    pub ports: Vec<Port>,
}

/// A flow the user added.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomFlow {
    /// Its number: stable, unique in its deployment.
    pub id: u32,
    /// Who opens it.
    pub initiator: GroupId,
    /// Who listens.
    pub responder: GroupId,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Ports of the listener.
    pub ports: PortRange,
    /// Why, as the user writes it: any text.
    pub purpose: String,
    /// What protects it.
    pub encryption: Encryption,
}

/// The answer that holds for a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The answer.
    pub answer: Id,
    /// False if it is only the default, because nobody has decided.
    pub decided: bool,
}

/// The two ends of a possible flow, for conditions about groups.
#[derive(Clone, Copy)]
pub struct Ends<'a> {
    /// Who opens it, if that is asked about.
    pub initiator: Option<&'a Group>,
    /// Who listens.
    pub responder: Option<&'a Group>,
}

impl Group {
    /// What others see when it opens connections.
    pub fn connects_from(&self) -> &Addresses {
        self.connects.as_ref().unwrap_or(&self.listens)
    }

    /// How many of its values are not what the catalog says: ports, answers, and the zone.
    pub fn changes(&self) -> usize {
        self.ports.iter().count() + self.answers.iter().count() + usize::from(self.zone.is_some())
    }

    /// Returns all of these to what the catalog says.
    fn reset(&mut self) {
        self.ports.clear();
        self.answers.clear();
        self.zone = None;
    }

    /// True if the role is placed here or is a service with an instance here, on or off.
    pub fn carries(&self, role: &str) -> bool {
        self.roles.contains(&role) || self.instances.iter().any(|instance| instance.service == role)
    }

    /// Everything placed here, services last, on or off.
    pub fn placed(&self) -> impl Iterator<Item = Id> {
        self.roles.iter().copied().chain(self.instances.iter().map(|instance| instance.service))
    }

    /// The ports of a service's instances here.
    pub fn instance_ports(&self, service: &str) -> &[Port] {
        self.instances.iter().find(|instance| instance.service == service).map_or(&[], |instance| &instance.ports)
    }
}

impl Deployment {
    /// The deployment the page opens with: the catalog's first preset, newest release, no addresses.
    pub fn initial(catalog: &Catalog) -> Self {
        let mut deployment = Self {
            release: catalog.newest(),
            groups: Vec::new(),
            off: Set::new(),
            answers: Map::new(),
            ports: Map::new(),
            custom: Vec::new(),
            settings: Map::new(),
            host: HostPolicy::default(),
        };
        if let Some(preset) = catalog.presets.first() {
            deployment.apply(catalog, &Edit::Preset(preset.id));
        }
        deployment
    }

    /// How many values are not what the catalog says, over all groups and the deployment itself.
    pub fn changes(&self) -> usize {
        let own = self.ports.iter().count() + self.answers.iter().count() + self.settings.iter().count();
        own + self.groups.iter().map(Group::changes).sum::<usize>()
    }

    /// The group of that number.
    pub fn group(&self, id: GroupId) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// True if the role is on and runs in the group; a service only while its host does.
    pub fn runs(&self, catalog: &Catalog, group: &Group, role: Id) -> bool {
        if self.off.contains(role) || !group.carries(role) {
            return false;
        }
        let host = catalog.role(role).and_then(|role| role.hosted_on);
        host.is_none_or(|host| self.runs(catalog, group, host))
    }

    /// The roles that run in a group, services last.
    pub fn running(&self, catalog: &Catalog, group: &Group) -> Vec<Id> {
        group.placed().filter(|role| self.runs(catalog, group, role)).collect()
    }

    /// True if the group takes part: something runs there, or the user made it without any role.
    pub fn takes_part(&self, catalog: &Catalog, group: &Group) -> bool {
        group.placed().next().is_none() || group.placed().any(|role| self.runs(catalog, group, role))
    }

    /// True if some group runs the role.
    pub fn has(&self, catalog: &Catalog, role: Id) -> bool {
        self.groups.iter().any(|group| self.runs(catalog, group, role))
    }

    /// Machines over all groups that run the role.
    pub fn machines(&self, catalog: &Catalog, role: Id) -> u32 {
        let groups = self.groups.iter().filter(|group| self.runs(catalog, group, role));
        groups.map(|group| u32::from(group.machines)).sum()
    }

    /// True if every machine of the group is somebody else's: no snippet is written for it.
    pub fn external(&self, catalog: &Catalog, group: &Group) -> bool {
        let mut roles = group.roles.iter().filter_map(|role| catalog.role(role)).peekable();
        roles.peek().is_some() && roles.all(|role| role.external)
    }

    /// True if people sit at the group's machines: its first role is a client's.
    pub fn of_clients(&self, catalog: &Catalog, group: &Group) -> bool {
        let role = group.roles.first().and_then(|role| catalog.role(role));
        role.is_some_and(|role| role.kind == Kind::Client)
    }

    /// The zone a group stands in.
    pub fn zone(&self, catalog: &Catalog, group: &Group) -> Id {
        let of_role = |role: Id| catalog.role(role).map(|role| role.zone);
        let running = group.placed().find(|role| self.runs(catalog, group, role)).and_then(of_role);
        let fallback = || group.placed().find_map(of_role).or(catalog.zones.last().map(|zone| zone.id));
        group.zone.or(running).or_else(fallback).unwrap_or_default()
    }

    /// The ports on which a group's listener accepts connections: one range, or one port for each instance of a service.
    /// Empty if the release has no such listener.
    pub fn listener_ports(&self, catalog: &Catalog, group: &Group, listener: &Listener) -> Vec<PortRange> {
        let Some(default) = self.defaults(catalog, group, listener) else {
            return Vec::new();
        };
        if catalog.per_instance(listener) {
            return group.instance_ports(listener.role).iter().map(|port| PortRange::from(*port)).collect();
        }
        let overrides = if listener.same_everywhere { &self.ports } else { &group.ports };
        let first = overrides.get(listener.id).copied().unwrap_or(default.first());
        vec![PortRange::starting(first, default.count())]
    }

    /// The default ports of a group's listener in this release and in the circumstances that hold; `None` if the release has
    /// no such listener.
    pub fn defaults(&self, catalog: &Catalog, group: &Group, listener: &Listener) -> Option<PortRange> {
        let default = listener.defaults(catalog, self.release)?;
        let count = self.variant(catalog, group, listener).and_then(|variant| variant.count);
        Some(PortRange::starting(default.first(), count.unwrap_or(default.count())))
    }

    /// What protects a group's listener in the circumstances that hold.
    pub fn encryption(&self, catalog: &Catalog, group: &Group, listener: &Listener) -> Encryption {
        let variant = self.variant(catalog, group, listener);
        variant.and_then(|variant| variant.encryption).unwrap_or(listener.encryption)
    }

    /// The first variant that holds.
    fn variant<'a>(&self, catalog: &Catalog, group: &Group, listener: &'a Listener) -> Option<&'a Variant> {
        let ends = Ends { initiator: None, responder: Some(group) };
        listener.variants.iter().find(|variant| self.holds(catalog, &variant.when, ends))
    }

    /// True if the listener's role runs in the group and its condition holds there.
    pub fn listening(&self, catalog: &Catalog, group: &Group, listener: &Listener) -> bool {
        let ends = Ends { initiator: None, responder: Some(group) };
        self.runs(catalog, group, listener.role)
            && listener.when.as_ref().is_none_or(|condition| self.holds(catalog, condition, ends))
    }

    /// The answer to a choice: for a group choice, the group's; for the others `group` does not matter.
    pub fn answer(&self, choice: &Choice, group: Option<&Group>) -> Answered {
        let answers = match choice.scope {
            Scope::Deployment => Some(&self.answers),
            Scope::Group => group.map(|group| &group.answers),
        };
        match answers.and_then(|answers| answers.get(choice.id)) {
            Some(answer) => Answered { answer, decided: true },
            None => Answered { answer: choice.default, decided: false },
        }
    }

    /// True if the condition holds. An answer of a group is asked of the end that runs one of the choice's roles, the
    /// responder first.
    pub fn holds(&self, catalog: &Catalog, condition: &Condition, ends: Ends) -> bool {
        self.decides(catalog, condition, ends, None)
    }

    /// The same, with what has been counted, if it has.
    fn decides(&self, catalog: &Catalog, condition: &Condition, ends: Ends, known: Option<&Running>) -> bool {
        let decides = |part| self.decides(catalog, part, ends, known);
        match condition {
            Condition::All(parts) => parts.iter().all(decides),
            Condition::Any(parts) => parts.iter().any(decides),
            Condition::Not(part) => !decides(part),
            Condition::Role(role) => known.map_or_else(|| self.has(catalog, role), |known| known.has(role)),
            Condition::Machines(role, least) => {
                known.map_or_else(|| self.machines(catalog, role), |known| known.machines(role)) >= *least
            }
            Condition::Release(since, before) => {
                since.is_none_or(|since| catalog.at_least(self.release, since))
                    && before.is_none_or(|before| !catalog.at_least(self.release, before))
            }
            Condition::Answer(choice, answers) => catalog.choice(choice).is_some_and(|choice| {
                let asked = |end: &&Group| choice.roles.iter().any(|role| self.runs(catalog, end, role));
                let group = ends.responder.filter(asked).or(ends.initiator.filter(asked));
                answers.contains(&self.answer(choice, group).answer)
            }),
        }
    }

    /// True if the question matters now: one of its roles runs (in the group, if one is given) and its condition holds.
    pub fn asks(&self, catalog: &Catalog, choice: &Choice, group: Option<&Group>) -> bool {
        let ends = Ends { initiator: group, responder: group };
        let concerned = match group {
            Some(group) => choice.roles.iter().any(|role| self.runs(catalog, group, role)),
            None => choice.roles.iter().any(|role| self.has(catalog, role)),
        };
        concerned && choice.when.as_ref().is_none_or(|condition| self.holds(catalog, condition, ends))
    }

    /// True if a role runs that listens somewhere, but on nothing that this release knows: it gets no rule. (A service is where
    /// its instances are.)
    pub fn lacks(&self, catalog: &Catalog, role: &Role) -> bool {
        let counts = |listener: &&Listener| role.hosted_on.is_none() || catalog.per_instance(listener);
        let at_work = |listener: &&Listener| self.groups.iter().any(|group| self.listening(catalog, group, listener));
        let mut listeners = catalog.listeners_of(role.id).filter(counts).filter(at_work).peekable();
        listeners.peek().is_some() && listeners.all(|listener| listener.defaults(catalog, self.release).is_none())
    }

    /// True if services that may share a number may do so here: an answer says it, else the release does.
    pub fn shares_service_ports(&self, catalog: &Catalog) -> bool {
        let said = catalog.choices.iter().filter(|choice| choice.scope == Scope::Deployment).find_map(|choice| {
            let answer = choice.answer(self.answer(choice, None).answer)?;
            answer.shares_service_ports
        });
        said.unwrap_or_else(|| catalog.release(self.release).is_some_and(|release| release.shares_service_ports))
    }

    /// True if the listener may have a number that another one has of which the same is true.
    pub fn may_share(&self, catalog: &Catalog, listener: &Listener) -> bool {
        catalog.per_instance(listener)
            && catalog.role(listener.role).is_some_and(|role| role.shares_port)
            && self.shares_service_ports(catalog)
    }

    /// The next free port for one more instance of a service in a group: the first from the service's default that no other
    /// instance there has (switched off or not) and no other listener there uses. Services that may share a number in this
    /// release do not hinder each other.
    pub fn next_free(&self, catalog: &Catalog, group: &Group, service: Id) -> Option<Port> {
        let listener = catalog.listeners_of(service).next()?;
        let start = listener.defaults(catalog, self.release)?.first();
        let shares = self.may_share(catalog, listener);
        let others = catalog.listeners.iter().filter(|other| {
            let hinders = !shares || !self.may_share(catalog, other);
            group.carries(other.role) && other.protocol == listener.protocol && hinders
        });
        let taken: Vec<PortRange> = others.flat_map(|other| self.listener_ports(catalog, group, other)).collect();
        let free = |port: &Port| !taken.iter().any(|range| range.contains(*port));
        (start.number()..=u16::MAX).filter_map(Port::new).find(free)
    }
}
