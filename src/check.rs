//! Looks at a deployment and its flows, and says what a person should know before using the rules. Changes nothing; no role,
//! listener or choice is named here, everything follows from the catalog.

use crate::catalog::{Catalog, Dependency, Encryption, Id, Listener, Scope};
use crate::count::counted;
use crate::deployment::{Deployment, Edit, Group};
use crate::finding::{Finding, Fix, Place, Severity};
use crate::flow::Flow;
use crate::net::{Address, Addresses, Family, Port, PortRange};
use crate::order::sort_by_key;

/// Everything noticed, the worst first; equal ones in the order of groups and catalog.
pub fn findings(catalog: &Catalog, deployment: &Deployment, flows: &[Flow]) -> Vec<Finding> {
    let mut found = Vec::new();
    let taking_part = || deployment.groups.iter().filter(|group| deployment.takes_part(catalog, group));
    for group in taking_part() {
        found.extend(missing(group, flows));
    }
    for group in taking_part() {
        found.extend(collision(catalog, deployment, group));
    }
    for group in taking_part() {
        found.extend(uncounted(catalog, deployment, group));
    }
    if flows.is_empty() && taking_part().next().is_some() {
        found.push(unconnected());
    }
    found.extend(exposed(deployment, flows));
    found.extend(clear_text(catalog, flows));
    for choice in &catalog.choices {
        found.extend(undecided(catalog, deployment, choice));
    }
    found.extend(overridden(catalog, deployment));
    sort_by_key(&mut found, |finding| finding.severity);
    found
}

fn missing(group: &Group, flows: &[Flow]) -> Option<Finding> {
    let as_responder = group.listens == Addresses::Missing;
    let as_initiator = *group.connects_from() == Addresses::Missing;
    let needs = |flow: &&Flow| as_responder && flow.responder == group.id || as_initiator && flow.initiator == group.id;
    let held = flows.iter().filter(needs).count();
    (held > 0).then(|| Finding {
        severity: Severity::Error,
        place: Place::Addresses(group.id),
        message: format!("{} has no address.", group.name),
        reason: match held {
            1 => "The rule of one flow is held back: a script that needs it refuses to run until it is filled in."
                .to_owned(),
            held => format!(
                "The rules of {held} flows are held back: a script that needs one refuses to run until it is filled in."
            ),
        },
        sources: Vec::new(),
        fixes: Vec::new(),
    })
}

/// More single addresses of one family than machines, of a kind that talk to each other: perhaps as many machines.
fn uncounted(catalog: &Catalog, deployment: &Deployment, group: &Group) -> Option<Finding> {
    let of = |family| {
        let hosts = group.listens.list().iter();
        hosts.filter(|address| matches!(address, Address::Host(_)) && address.family() == Some(family)).count()
    };
    let count = u16::try_from(of(Family::V4).max(of(Family::V6))).ok()?;
    if count <= group.machines || deployment.external(catalog, group) {
        return None;
    }
    let runs = |role: Id| deployment.runs(catalog, group, role);
    let meets = |row: &Dependency| {
        let listener = catalog.listener(row.to).filter(|listener| !listener.local && runs(listener.role));
        listener.is_some() && row.from.iter().any(|role| runs(role))
    };
    // Where they have nothing to say to each other, the number changes no rule.
    if !catalog.dependencies.iter().any(meets) {
        return None;
    }
    Some(Finding {
        severity: Severity::Warning,
        place: Place::Addresses(group.id),
        message: format!(
            "{} has {count} addresses, but counts as {}.",
            group.name,
            counted(group.machines.into(), "machine")
        ),
        reason: "Machines of one group reach each other by rules; one machine with several addresses needs none."
            .to_owned(),
        sources: Vec::new(),
        fixes: vec![Fix { label: format!("It is {count} machines"), edit: Edit::Machines(group.id, count) }],
    })
}

fn unconnected() -> Finding {
    Finding {
        severity: Severity::Warning,
        place: Place::Deployment,
        message: "Nothing connects to anything.".to_owned(),
        reason: "What these roles connect to is switched off.".to_owned(),
        sources: Vec::new(),
        fixes: Vec::new(),
    }
}

/// A listener at work on a machine, on one range.
struct Taken<'a> {
    listener: &'a Listener,
    range: PortRange,
    /// Which instance of a service.
    at: usize,
}

fn collision(catalog: &Catalog, deployment: &Deployment, group: &Group) -> Option<Finding> {
    let listening = catalog.listeners.iter().filter(|listener| deployment.listening(catalog, group, listener));
    let mut taken: Vec<Taken> = Vec::new();
    for listener in listening {
        let ranges = deployment.listener_ports(catalog, group, listener);
        taken.extend(ranges.into_iter().enumerate().map(|(at, range)| Taken { listener, range, at }));
    }
    let release_shares = catalog.release(deployment.release).is_some_and(|release| release.shares_service_ports);
    let may_share = |listener: &Listener| {
        release_shares
            && catalog.per_instance(listener)
            && catalog.role(listener.role).is_some_and(|role| role.shares_port)
    };
    let clash = |one: &Taken, other: &Taken| {
        one.listener.protocol == other.listener.protocol
            && one.range.overlaps(other.range)
            && !(one.listener.pool && other.listener.pool)
            && !(may_share(one.listener) && may_share(other.listener))
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
    moved.dedup();
    let mut edits = Vec::new();
    for at in moved {
        let free = |first: Port, taken: &[Taken]| {
            let length = taken[at].range.last().number() - taken[at].range.first().number() + 1;
            let range = PortRange::starting(first, length);
            let room = u16::MAX - first.number() >= length - 1;
            let apart = |(other, row): (usize, &Taken)| other == at || !row.range.overlaps(range);
            (room && taken.iter().enumerate().all(apart)).then_some(range)
        };
        let Taken { listener, range, at: instance } = taken[at];
        let proposed = listener.alternate.and_then(Port::new).into_iter();
        let above = (range.first().number()..u16::MAX).filter_map(|number| Port::new(number + 1));
        let Some(range) = proposed.chain(above).find_map(|first| free(first, &taken)) else { continue };
        taken[at].range = range;
        let service = catalog.per_instance(listener);
        edits.push(match listener {
            _ if service => Edit::InstancePort(group.id, listener.role, instance, range.first()),
            listener if listener.same_everywhere => Edit::PortEverywhere(listener.id, Some(range.first())),
            listener => Edit::Port(group.id, listener.id, Some(range.first())),
        });
    }
    let numbers: Vec<String> = edits
        .iter()
        .filter_map(|edit| match edit {
            Edit::InstancePort(.., port) | Edit::PortEverywhere(_, Some(port)) | Edit::Port(.., Some(port)) => {
                Some(port.to_string())
            }
            _ => None,
        })
        .collect();
    let sources = disputed.into_iter().filter_map(|id| catalog.disagreement(id)).flat_map(|row| &row.sources);
    (!clashes.is_empty()).then(|| Finding {
        severity: Severity::Error,
        place: Place::Ports(group.id),
        message: format!("Two listeners of {} have one number: {}.", group.name, clashes.join(", ")),
        reason: "The second to start fails to listen. All numbers on one machine must differ.".to_owned(),
        sources: once_each(sources.copied()),
        fixes: vec![Fix { label: format!("Move to {}", numbers.join(" and ")), edit: Edit::Several(edits) }],
    })
}

fn once_each(ids: impl Iterator<Item = Id>) -> Vec<Id> {
    let mut once: Vec<Id> = Vec::new();
    for id in ids {
        if !once.contains(&id) {
            once.push(id);
        }
    }
    once
}

/// One finding for everyone who is let in: which groups are *any*, and where they get.
fn exposed(deployment: &Deployment, flows: &[Flow]) -> Option<Finding> {
    let any = |group: &&Group| *group.connects_from() == Addresses::Any || group.listens == Addresses::Any;
    let groups: Vec<&Group> = deployment.groups.iter().filter(any).collect();
    let mut reached: Vec<String> = Vec::new();
    let mut open: Vec<&Group> = Vec::new();
    for flow in flows {
        let end = |id| groups.iter().copied().find(|group| group.id == id);
        let from = end(flow.initiator).filter(|group| *group.connects_from() == Addresses::Any);
        let to = end(flow.responder).filter(|group| group.listens == Addresses::Any);
        let Some(group) = from.or(to) else { continue };
        let responder = deployment.group(flow.responder).map_or("", |group| group.name.as_str());
        let place = format!("{responder} on {}", flow.ports);
        if !reached.contains(&place) {
            reached.push(place);
        }
        if !open.contains(&group) {
            open.push(group);
        }
    }
    let place = Place::Addresses(open.first()?.id);
    let names: Vec<&str> = open.iter().map(|group| group.name.as_str()).collect();
    Some(Finding {
        severity: Severity::Warning,
        place,
        message: format!("Any address may reach {}.", reached.join(", ")),
        reason: format!("{} may be anywhere. Type their networks to narrow the rules.", names.join(" and ")),
        sources: Vec::new(),
        fixes: Vec::new(),
    })
}

/// One finding for each port that is clear text. A flow may have another reason that is encrypted: that is not named.
fn clear_text(catalog: &Catalog, flows: &[Flow]) -> Vec<Finding> {
    let mut rows: Vec<(PortRange, Vec<&Listener>)> = Vec::new();
    for flow in flows {
        let clear = flow.reasons.iter().filter(|reason| reason.encryption == Encryption::Clear);
        for listener in clear.filter_map(|reason| catalog.listener(reason.listener?)) {
            match rows.iter_mut().find(|(ports, _)| *ports == flow.ports) {
                Some((_, listeners)) if listeners.iter().any(|other| other.id == listener.id) => {}
                Some((_, listeners)) => listeners.push(listener),
                None => rows.push((flow.ports, vec![listener])),
            }
        }
    }
    let finding = |(ports, listeners): (PortRange, Vec<&Listener>)| {
        let names: Vec<String> = listeners.iter().map(|listener| catalog.full_name(listener)).collect();
        Finding {
            severity: Severity::Hint,
            place: Place::Deployment,
            message: format!("{ports} is clear text: {}.", names.join("; ")),
            reason: listeners.first().map_or_else(String::new, |listener| listener.requirement.to_owned()),
            sources: once_each(listeners.iter().flat_map(|listener| listener.sources.iter().copied())),
            fixes: Vec::new(),
        }
    };
    rows.into_iter().map(finding).collect()
}

fn undecided(catalog: &Catalog, deployment: &Deployment, choice: &crate::catalog::Choice) -> Option<Finding> {
    let reason = choice.undecided?;
    let open =
        |group: Option<&Group>| deployment.asks(catalog, choice, group) && !deployment.answer(choice, group).decided;
    let groups: Vec<&Group> = match choice.scope {
        Scope::Group => deployment.groups.iter().filter(|group| open(Some(group))).collect(),
        Scope::Deployment => Vec::new(),
    };
    let message = match choice.scope {
        Scope::Deployment if open(None) => {
            let role = choice.roles.first().and_then(|role| catalog.role(role)).map_or("", |role| role.name);
            format!("{role}: {} not decided.", choice.question.to_ascii_lowercase())
        }
        Scope::Group if !groups.is_empty() => {
            let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
            format!("{}: {} not decided.", names.join(", "), choice.question.to_ascii_lowercase())
        }
        _ => return None,
    };
    let edit = |answer: Id| match choice.scope {
        Scope::Deployment => Edit::Answer(choice.id, Some(answer)),
        Scope::Group => {
            Edit::Several(groups.iter().map(|group| Edit::GroupAnswer(group.id, choice.id, Some(answer))).collect())
        }
    };
    let fixes =
        choice.answers.iter().map(|answer| Fix { label: answer.name.to_owned(), edit: edit(answer.id) }).collect();
    Some(Finding {
        severity: Severity::Warning,
        place: Place::Choice(choice.id),
        message,
        reason: reason.to_owned(),
        sources: choice.sources.clone(),
        fixes,
    })
}

/// One finding for each changed port: where it must be set besides the firewall.
fn overridden(catalog: &Catalog, deployment: &Deployment) -> Vec<Finding> {
    let finding = |listener: &Listener, port: Port, group: Option<&Group>| Finding {
        severity: Severity::Hint,
        place: Place::Changed,
        message: match group {
            Some(group) => format!("{port} must also be set on {}.", group.name),
            None => format!("{port} must also be set for {}.", catalog.full_name(listener)),
        },
        reason: format!("{}: in {}, {}.", catalog.full_name(listener), listener.change.place, listener.change.how),
        sources: listener.sources.clone(),
        fixes: Vec::new(),
    };
    let listening = |group: &Group, listener: &Listener| deployment.listening(catalog, group, listener);
    let everywhere = deployment.ports.iter().filter_map(|(id, port)| {
        let listener = catalog.listener(id)?;
        let used = deployment.groups.iter().any(|group| listening(group, listener));
        used.then(|| finding(listener, *port, None))
    });
    let in_groups =
        deployment.groups.iter().flat_map(|group| group.ports.iter().map(move |(id, port)| (group, id, port)));
    let in_groups = in_groups.filter_map(|(group, id, port)| {
        let listener = catalog.listener(id).filter(|listener| listening(group, listener))?;
        Some(finding(listener, *port, Some(group)))
    });
    everywhere.chain(in_groups).collect()
}
