//! Findings about what runs where: parts that wait for one that does not run, servers that users have to choose from, and
//! test and production in one. Never looks at an address or a number.

use super::{Look, listed};
use crate::catalog::{Kind, Role};
use crate::deployment::Edit;
use crate::finding::{Finding, Fix, Place, Severity};

/// Nodes, and no server anywhere.
pub fn no_server(look: &Look) -> Option<Finding> {
    if look.running(Kind::Server).next().is_some() {
        return None;
    }
    let node = look.running(Kind::Node).next()?;
    let server = look.of_kind(Kind::Server).find(|server| look.opens(Kind::Node, server).is_some())?;
    Some(Finding {
        severity: Severity::Warning,
        place: Place::Deployment,
        message: format!("{} runs, but no {} does.", node.name, server.name),
        reason: "A node works for servers and takes its orders from them: alone it needs no rule, and does nothing."
            .to_owned(),
        sources: look.opens(Kind::Node, server).map_or_else(Vec::new, |row| row.sources.clone()),
        fixes: vec![Fix { label: format!("Switch on {}", server.name), edit: Edit::Switch(server.id, true) }],
    })
}

/// One finding for each role that runs and is in no document of this release: what it would need is not silently left out.
pub fn unknown(look: &Look) -> Vec<Finding> {
    let (deployment, release) = (look.deployment, look.deployment.release);
    let finding = |role: &Role| Finding {
        severity: Severity::Warning,
        place: Place::Deployment,
        message: [role.name, " has no port in release ", release, ": it gets no rule."].concat(),
        reason: "The documents at hand know it in newer releases only.".to_owned(),
        sources: role.sources.clone(),
        fixes: vec![Fix { label: ["Switch off ", role.name].concat(), edit: Edit::Switch(role.id, false) }],
    };
    look.catalog.roles.iter().filter(|role| deployment.lacks(look.catalog, role)).map(finding).collect()
}

/// One finding for each host that is off while services on it are not.
pub fn without_host(look: &Look) -> Vec<Finding> {
    let deployment = look.deployment;
    let idle = |service: &&Role| {
        let carried = || deployment.groups.iter().any(|group| group.carries(service.id));
        !deployment.off.contains(service.id) && carried()
    };
    let finding = |host: &Role| {
        let services: Vec<&Role> =
            look.of_kind(Kind::Service).filter(|service| service.hosted_on == Some(host.id)).filter(idle).collect();
        let names: Vec<&str> = services.iter().map(|service| service.name).collect();
        let off = services.iter().map(|service| Edit::Switch(service.id, false)).collect();
        (!services.is_empty()).then(|| Finding {
            severity: Severity::Warning,
            place: Place::Deployment,
            message: format!("Without {}, these do not run: {}.", host.name, names.join(", ")),
            reason: "A service is installed and started by its host, which is switched off.".to_owned(),
            sources: host.sources.clone(),
            fixes: vec![
                Fix { label: format!("Switch on {}", host.name), edit: Edit::Switch(host.id, true) },
                Fix { label: "Switch the services off too".to_owned(), edit: Edit::Several(off) },
            ],
        })
    };
    let off = |role: &&Role| look.deployment.off.contains(role.id);
    look.catalog.roles.iter().filter(off).filter_map(finding).collect()
}

/// Several servers, people who use them, and nobody who sends each to one.
pub fn no_front_door(look: &Look) -> Option<Finding> {
    let machines = |server: &Role| look.deployment.machines(look.catalog, server.id);
    let server = look.running(Kind::Server).find(|server| machines(server) > 1)?;
    if look.running(Kind::FrontDoor).next().is_some() || look.running(Kind::Client).next().is_none() {
        return None;
    }
    let doors = look
        .catalog
        .dependencies
        .iter()
        .filter(|row| look.catalog.listener(row.to).is_some_and(|listener| listener.role == server.id));
    let door = doors.flat_map(|row| &row.from).filter_map(|id| look.catalog.role(id));
    let door = door.into_iter().find(|role| role.kind == Kind::FrontDoor)?;
    Some(Finding {
        severity: Severity::Hint,
        place: Place::Deployment,
        message: format!("{} machines of {}, and nothing in front of them.", machines(server), server.name),
        reason: "Users choose a server themselves, and lose it when it stops.".to_owned(),
        sources: door.sources.clone(),
        fixes: vec![Fix { label: format!("Switch on {}", door.name), edit: Edit::Switch(door.id, true) }],
    })
}

/// Words in names that say what a machine is for.
const TEST: [&str; 7] = ["test", "tst", "dev", "qa", "uat", "staging", "int"];
const PRODUCTION: [&str; 4] = ["prod", "production", "prd", "live"];

/// Machines for trying, and machines that people rely on.
pub fn mixed(look: &Look) -> Option<Finding> {
    let named = |words: &[&str]| -> Vec<&str> {
        let says = |name: &str| {
            let mut parts = name.split(|c: char| !c.is_alphabetic());
            parts.any(|part| words.iter().any(|word| part.eq_ignore_ascii_case(word)))
        };
        look.groups.iter().map(|group| group.name.as_str()).filter(|name| says(name)).collect()
    };
    let (test, production) = (named(&TEST), named(&PRODUCTION));
    if test.is_empty() || production.is_empty() {
        return None;
    }
    let meet = look.of_kind(Kind::Node).find_map(|node| look.opens(Kind::Server, node));
    Some(Finding {
        severity: Severity::Warning,
        place: Place::Deployment,
        message: format!(
            "Test and production are in one deployment: {}; {}.",
            listed(&test, ", "),
            listed(&production, ", ")
        ),
        reason: "This page takes all groups for one environment: every server meets every node, and the rules let them. Draw each by itself."
            .to_owned(),
        sources: meet.map_or_else(Vec::new, |row| row.sources.clone()),
        fixes: Vec::new(),
    })
}
