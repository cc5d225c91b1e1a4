//! Findings about addresses: none where a rule needs them, more than there are machines, everyone's, and two ends of
//! different families. Never says which address would be right.

use super::{Look, Refers, listed};
use crate::catalog::{Dependency, Id};
use crate::count::counted;
use crate::deployment::{Edit, Group};
use crate::finding::{Finding, Fix, Place, Severity};
use crate::net::{Address, Addresses, Direction, Family, PortRange};

/// One finding for each group whose address some flow needs. Where a text refers to the group in place of its address, that
/// rule needs none; and where every text that usually has rules about a group does, nobody misses it.
pub fn missing(look: &Look, refers: Refers) -> Vec<Finding> {
    let groups = &look.deployment.groups;
    let mut held = vec![0_usize; groups.len()];
    let (mut needed, mut referred) = (vec![false; groups.len()], vec![false; groups.len()]);
    for (from, to, flow) in &look.flows {
        let mut counted = None;
        let ends = [
            (*from, groups[*from].connects_from(), Direction::Ingress),
            (*to, &groups[*to].listens, Direction::Egress),
        ];
        for (at, addresses, direction) in ends {
            if *addresses != Addresses::Missing {
                continue;
            }
            match refers(flow, direction) {
                Some(true) => {
                    referred[at] = true;
                    continue;
                }
                Some(false) => needed[at] = true,
                None => {}
            }
            // A flow between machines of one group is one flow.
            if counted.replace(at) != Some(at) {
                held[at] += 1;
            }
        }
    }
    for at in 0..groups.len() {
        if referred[at] && !needed[at] {
            held[at] = 0;
        }
    }
    let finding = |(group, held): (&Group, usize)| Finding {
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
    };
    groups.iter().zip(held).filter(|(_, held)| *held > 0).map(finding).collect()
}

/// More single addresses of one family than machines, of a kind that talk to each other: perhaps as many machines.
pub fn uncounted(look: &Look) -> Vec<Finding> {
    look.groups.iter().filter_map(|group| uncounted_in(look, group)).collect()
}

fn uncounted_in(look: &Look, group: &Group) -> Option<Finding> {
    let (catalog, deployment) = (look.catalog, look.deployment);
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

/// One finding for everyone who is let in: which groups are *any*, and where they get.
pub fn exposed(look: &Look) -> Option<Finding> {
    let groups = &look.deployment.groups;
    let mut open: Vec<usize> = Vec::new();
    let mut known = vec![false; groups.len()];
    let mut reached: Vec<(usize, PortRange)> = Vec::new();
    let mut ports: Vec<Vec<PortRange>> = vec![Vec::new(); groups.len()];
    for (from, to, flow) in &look.flows {
        let end = match () {
            () if *groups[*from].connects_from() == Addresses::Any => *from,
            () if groups[*to].listens == Addresses::Any => *to,
            () => continue,
        };
        if !ports[*to].contains(&flow.ports) {
            ports[*to].push(flow.ports);
            reached.push((*to, flow.ports));
        }
        if !std::mem::replace(&mut known[end], true) {
            open.push(end);
        }
    }
    let place = Place::Addresses(groups[*open.first()?].id);
    let names: Vec<&str> = open.into_iter().map(|at| look.name(at)).collect();
    let reached: Vec<String> = reached.into_iter().map(|(at, ports)| format!("{} on {ports}", look.name(at))).collect();
    Some(Finding {
        severity: Severity::Warning,
        place,
        message: format!("Any address may reach {}.", listed(&reached, ", ")),
        reason: format!("{} may be anywhere. Type their networks to narrow the rules.", listed(&names, " and ")),
        sources: Vec::new(),
        fixes: Vec::new(),
    })
}

/// One finding for each pair of groups between which no rule can ever match; of very many pairs, the rest in one.
pub fn apart(look: &Look) -> Vec<Finding> {
    /// Pairs that are told one by one.
    const MOST: usize = 5;
    let groups = &look.deployment.groups;
    // Everyone has both families, and so may a name, or whoever is not known yet: the same as where a rule is printed.
    let families = |addresses: &Addresses| match addresses {
        Addresses::Known(list) => {
            [Family::V4, Family::V6].map(|family| list.iter().any(|one| one.family().is_none_or(|own| own == family)))
        }
        Addresses::Any | Addresses::Missing => [true; 2],
    };
    let of: Vec<[[bool; 2]; 2]> =
        groups.iter().map(|group| [group.connects_from(), &group.listens].map(families)).collect();
    let mut told: Vec<bool> = Vec::new();
    let mut found = Vec::new();
    let mut more = 0;
    for (from, to, _) in &look.flows {
        let (opener, listener) = (of[*from][0], of[*to][1]);
        if (0..2).any(|family| opener[family] && listener[family]) {
            continue;
        }
        told.resize(groups.len() * groups.len(), false);
        let pair = from.min(to) * groups.len() + from.max(to);
        if std::mem::replace(&mut told[pair], true) {
            continue;
        }
        if found.len() == MOST {
            more += 1;
            continue;
        }
        let whose = |has: [bool; 2]| if has[0] { Family::V4 } else { Family::V6 };
        found.push(Finding {
            severity: Severity::Error,
            place: Place::Addresses(groups[*to].id),
            message: format!("{} and {} have no address family in common.", look.name(*from), look.name(*to)),
            reason: format!(
                "One connects from {}, the other listens on {}: rules between them can never match.",
                whose(opener),
                whose(listener)
            ),
            sources: Vec::new(),
            fixes: Vec::new(),
        });
    }
    if more > 0 {
        found.push(Finding {
            severity: Severity::Error,
            place: Place::Deployment,
            message: format!("{} of groups more have no address family in common.", counted(more, "pair")),
            reason: "Rules between them can never match.".to_owned(),
            sources: Vec::new(),
            fixes: Vec::new(),
        });
    }
    found
}
