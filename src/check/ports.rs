//! Findings about the numbers on which a machine listens: two listeners on one, and numbers that its operating system keeps
//! for others. Proposes another number, the nearest that is free; changes none.

use super::{Look, listed, once_each};
use crate::catalog::{Id, Kind, Listener, Reserved};
use crate::deployment::{Edit, Group};
use crate::finding::{Finding, Fix, Place, Severity};
use crate::net::{Port, PortRange, System};

/// What listens on the machines of a group.
pub struct Machine<'a> {
    group: &'a Group,
    /// True if they are somebody else's.
    external: bool,
    taken: Vec<Taken<'a>>,
}

/// A listener at work on a machine, on one range.
#[derive(Clone, Copy)]
struct Taken<'a> {
    listener: &'a Listener,
    range: PortRange,
    /// Which instance of a service.
    at: usize,
}

/// All groups that take part, with what listens there.
pub fn machines<'a>(look: &Look<'a>) -> Vec<Machine<'a>> {
    let (catalog, deployment) = (look.catalog, look.deployment);
    let machine = |group: &&'a Group| {
        let mut taken = Vec::new();
        for listener in catalog.listeners.iter().filter(|listener| deployment.listening(catalog, group, listener)) {
            let ranges = deployment.listener_ports(catalog, group, listener);
            taken.extend(ranges.into_iter().enumerate().map(|(at, range)| Taken { listener, range, at }));
        }
        Machine { group, external: deployment.external(catalog, group), taken }
    };
    look.groups.iter().map(machine).collect()
}

/// Listeners that are given other numbers, one after the other.
struct Moves<'a> {
    group: &'a Group,
    taken: Vec<Taken<'a>>,
    edits: Vec<Edit>,
    /// Where they have gone.
    to: Vec<String>,
}

impl<'a> Moves<'a> {
    fn on(machine: &Machine<'a>) -> Self {
        Self { group: machine.group, taken: machine.taken.clone(), edits: Vec::new(), to: Vec::new() }
    }

    /// The range with as many numbers as the one at a position, from another number on, if all of them are free.
    fn free(&self, at: usize, first: u16) -> Option<PortRange> {
        let own = self.taken[at].range;
        let more = own.count() - 1;
        let range = PortRange::new(Port::new(first)?, Port::new(first.checked_add(more)?)?)?;
        let apart = |(other, row): (usize, &Taken)| other == at || !row.range.overlaps(range);
        self.taken.iter().enumerate().all(apart).then_some(range)
    }

    /// Moves the one at a position to the first of these numbers that will do.
    fn go(&mut self, look: &Look, at: usize, candidates: impl Iterator<Item = u16>, fits: impl Fn(PortRange) -> bool) {
        let Taken { listener, at: instance, .. } = self.taken[at];
        let free = |first| self.free(at, first).filter(|range| fits(*range));
        let Some(range) = candidates.filter(|_| !listener.fixed).find_map(free) else { return };
        self.taken[at].range = range;
        self.to.push(range.to_string());
        self.edits.push(match listener {
            listener if look.catalog.per_instance(listener) => {
                Edit::InstancePort(self.group.id, listener.role, instance, range.first())
            }
            listener if listener.same_everywhere => Edit::PortEverywhere(listener.id, Some(range.first())),
            listener => Edit::Port(self.group.id, listener.id, Some(range.first())),
        });
    }
}

/// Several edits as one fix; none, if there is nothing to do.
fn fix(edits: Vec<Edit>, to: &[String]) -> Vec<Fix> {
    let all = Fix { label: format!("Move to {}", listed(to, " and ")), edit: Edit::Several(edits) };
    if to.is_empty() { Vec::new() } else { vec![all] }
}

/// One finding for each group in which listeners have a number in common.
pub fn collision(look: &Look, machine: &Machine) -> Option<Finding> {
    let (catalog, taken) = (look.catalog, &machine.taken);
    let may_share = |listener: &Listener| look.deployment.may_share(catalog, listener);
    let clash = |one: &Taken, other: &Taken| {
        one.listener.protocol == other.listener.protocol
            && one.range.overlaps(other.range)
            && !(may_share(one.listener) && may_share(other.listener))
            && !(one.listener.pool && other.listener.pool)
    };
    let mut clashes = Vec::new();
    let mut moved = Vec::new();
    let mut disputed: Vec<Id> = Vec::new();
    for second in 0..taken.len() {
        for first in 0..second {
            if clash(&taken[first], &taken[second]) {
                let (one, other) = (&taken[first], &taken[second]);
                let names = [one, other].map(|end| catalog.full_name(end.listener));
                clashes.push(format!("{} ({} and {})", one.range, names[0], names[1]));
                disputed.extend([one, other].iter().filter_map(|end| end.listener.disagreement));
                moved.push(if other.listener.fixed { first } else { second });
            }
        }
    }
    if clashes.is_empty() {
        return None;
    }
    moved.dedup();
    let mut moves = Moves::on(machine);
    for at in moved {
        let Taken { listener, range, .. } = taken[at];
        let above = (range.first().number()..u16::MAX).map(|number| number + 1);
        moves.go(look, at, listener.alternate.into_iter().chain(above), |_| true);
    }
    let sources = disputed.into_iter().filter_map(|id| catalog.disagreement(id)).flat_map(|row| &row.sources);
    Some(Finding {
        severity: Severity::Error,
        place: Place::Ports(machine.group.id),
        message: format!("Two listeners of {} have one number: {}.", machine.group.name, clashes.join(", ")),
        reason: "The second to start fails to listen. All numbers on one machine must differ.".to_owned(),
        sources: once_each(sources.copied()),
        fixes: fix(moves.edits, &moves.to),
    })
}

/// One finding for each system on which the product's own parts listen where only a privileged account may: which account
/// they run under is not asked.
pub fn privileged(look: &Look, machines: &[Machine]) -> Vec<Finding> {
    let own = |listener: &Listener| {
        let kind = look.catalog.role(listener.role).map(|role| role.kind);
        matches!(kind, Some(Kind::Server | Kind::Node | Kind::Service)) && !listener.change.is_of_system()
    };
    let finding = |system: System| {
        let facts = look.catalog.system(system)?.privileged.as_ref()?;
        let next = facts.last.number().saturating_add(1);
        // The conventional number, else the product's own default, else whatever is free.
        let candidates = |listener: &Listener| {
            let default = listener.defaults(look.catalog, look.deployment.release).map(PortRange::first);
            let first = listener.unprivileged.or(default).map_or(next, |port| port.number().max(next));
            first..=u16::MAX
        };
        let place = |listener: &Listener, range: PortRange| own(listener) && range.overlaps(facts.range());
        let message = format!("On {}, only root may listen below {next}", system.name());
        reserved(look, machines, system, facts, message, &place, candidates)
    };
    System::ALL.into_iter().filter_map(finding).collect()
}

/// One finding for each system on which something listens where outgoing connections take their numbers.
pub fn ephemeral(look: &Look, machines: &[Machine]) -> Vec<Finding> {
    let finding = |system: System| {
        let facts = &look.catalog.system(system)?.ephemeral;
        // The default, or as many thousands lower as it takes: what follows the thousand stays recognizable.
        let candidates = |listener: &Listener| {
            let default = listener.defaults(look.catalog, look.deployment.release);
            let default = default.map_or(facts.first, PortRange::first).number();
            (0..=default / 1000).map(move |thousands| default - 1000 * thousands).filter(|first| *first > 1023)
        };
        let place = |_: &Listener, range: PortRange| range.overlaps(facts.range());
        let message = format!("{} takes {} for outgoing connections", system.name(), facts.range());
        reserved(look, machines, system, facts, message, &place, candidates)
    };
    System::ALL.into_iter().filter_map(finding).collect()
}

/// What listens in a range that a system keeps for others, on all machines that the user manages.
fn reserved<C: Iterator<Item = u16>>(
    look: &Look,
    machines: &[Machine],
    system: System,
    facts: &Reserved,
    mut message: String,
    is_in: &dyn Fn(&Listener, PortRange) -> bool,
    candidates: impl Fn(&Listener) -> C,
) -> Option<Finding> {
    let (mut places, mut edits, mut to) = (Vec::new(), Vec::new(), Vec::new());
    let mut first = None;
    for machine in machines.iter().filter(|machine| machine.group.system == system && !machine.external) {
        let mut moves = Moves::on(machine);
        for (at, Taken { listener, range, .. }) in machine.taken.iter().enumerate() {
            if is_in(listener, *range) {
                places.push(format!("{} on {range}", machine.group.name));
                moves.go(look, at, candidates(listener), |range| !is_in(listener, range));
            }
        }
        if !places.is_empty() && first.is_none() {
            first = Some(machine.group.id);
        }
        edits.append(&mut moves.edits);
        for number in moves.to.into_iter().filter(|number| !to.contains(number)).collect::<Vec<_>>() {
            to.push(number);
        }
    }
    message += &format!(": {}.", listed(&places, ", "));
    Some(Finding {
        severity: Severity::Hint,
        place: Place::Ports(first?),
        message,
        reason: facts.text.to_owned(),
        sources: facts.sources.clone(),
        fixes: fix(edits, &to),
    })
}
