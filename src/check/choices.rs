//! Findings about what has been decided, and by whom: questions that are open, numbers that the product chooses itself, and
//! changed numbers that have to be set elsewhere too. Decides nothing.

use super::{Look, listed};
use crate::catalog::{Choice, Id, Listener, Scope};
use crate::deployment::{Edit, Group};
use crate::finding::{Finding, Fix, Place, Severity};
use crate::net::Port;

/// One finding for each choice that matters, has a default to worry about, and is open.
pub fn undecided(look: &Look) -> Vec<Finding> {
    look.catalog.choices.iter().filter_map(|choice| open(look, choice)).collect()
}

fn open(look: &Look, choice: &Choice) -> Option<Finding> {
    let (catalog, deployment) = (look.catalog, look.deployment);
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
            format!("{}: {} not decided.", listed(&names, ", "), choice.question.to_ascii_lowercase())
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

/// That the server may give instances other numbers than the ones here: where several run on one machine, and the release
/// lets none be shared.
pub fn assigned(look: &Look) -> Option<Finding> {
    let (catalog, deployment) = (look.catalog, look.deployment);
    if deployment.shares_service_ports(catalog) {
        return None;
    }
    let running = |group: &&Group| -> Vec<&Listener> {
        let services = group.instances.iter().filter(|instance| deployment.runs(catalog, group, instance.service));
        let each = services.flat_map(|instance| instance.ports.iter().map(|_| instance.service));
        each.filter_map(|service| catalog.listeners_of(service).next()).collect()
    };
    let listeners = look.groups.iter().map(running).find(|listeners| listeners.len() > 1)?;
    let first = listeners.first()?;
    let disputed = listeners.iter().find_map(|listener| catalog.disagreement(listener.disagreement?))?;
    Some(Finding {
        severity: Severity::Hint,
        place: Place::Deployment,
        message: format!("The server may give services other numbers: read them back under {}.", first.change.place),
        reason: disputed.text.to_owned(),
        sources: disputed.sources.clone(),
        fixes: Vec::new(),
    })
}

/// One finding for each changed port: where it must be set besides the firewall.
pub fn overridden(look: &Look) -> Vec<Finding> {
    let (catalog, deployment) = (look.catalog, look.deployment);
    let mut rows: Vec<(&Listener, Port, Vec<&str>)> = Vec::new();
    let listening = |group: &Group, listener: &Listener| deployment.listening(catalog, group, listener);
    for (id, port) in deployment.ports.iter() {
        let Some(listener) = catalog.listener(id) else { continue };
        if deployment.groups.iter().any(|group| listening(group, listener)) {
            rows.push((listener, *port, Vec::new()));
        }
    }
    for group in &deployment.groups {
        for (id, port) in group.ports.iter() {
            let Some(listener) = catalog.listener(id).filter(|listener| listening(group, listener)) else { continue };
            let same = |(other, number, groups): &&mut (&Listener, Port, Vec<&str>)| {
                other.id == listener.id && number == port && !groups.is_empty()
            };
            match rows.iter_mut().find(same) {
                Some((.., groups)) => groups.push(&group.name),
                None => rows.push((listener, *port, vec![&group.name])),
            }
        }
    }
    let finding = |(listener, port, groups): (&Listener, Port, Vec<&str>)| {
        let name = catalog.full_name(listener);
        Finding {
            severity: Severity::Hint,
            place: Place::Changed,
            message: match groups.as_slice() {
                [] => format!("{port} must also be set for {name}."),
                groups => format!("{port} must also be set on {}.", listed(groups, ", ")),
            },
            reason: format!("{name}: in {}, {}.", listener.change.place, listener.change.how),
            sources: listener.sources.clone(),
            fixes: Vec::new(),
        }
    };
    rows.into_iter().map(finding).collect()
}
