//! Links of older catalogs: what their defaults were, and what is to be said of those that have changed since. Never changes
//! a value that the link has.
//!
//! A link has the version of its catalog (`v=2026.12`) unless that is the first one. What it does not say is the default of
//! that catalog: of the frozen baseline, or, for what the baseline does not know, of the catalog's list of changes.

use super::Items;
use crate::catalog::{Catalog, Id, Revision};
use crate::deployment::{Deployment, Edit, GroupId};
use crate::finding::Fix;
use crate::net::PortRange;

/// The version of the catalog that the first links were made with: they do not say it.
pub const FIRST: &str = "2026.11";

/// A default that has changed since a link was made.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// What changed, why, and what the link keeps.
    pub text: String,
    /// Takes the new default; `None` if nothing was kept.
    pub fix: Option<Fix>,
}

/// An answer that nobody decided: the default of the link's day, where today's is another.
pub struct Kept {
    /// The group that it is asked of; `None` for the deployment.
    pub group: Option<GroupId>,
    /// The choice.
    pub choice: Id,
}

/// True for a year and a month.
pub fn is_version(text: &str) -> bool {
    text.split_once('.').is_some_and(|(year, month)| {
        let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        digits(year, 4) && digits(month, 2)
    })
}

/// The first change of each default since that version: it has what held then.
fn since<'a>(catalog: &'a Catalog, version: &str, release: &str) -> Vec<&'a Revision> {
    let mut found: Vec<&Revision> = Vec::new();
    for row in catalog.changes.iter().filter(|row| row.version > version) {
        let listener = row.listener.and_then(|id| catalog.listener(id));
        let holds =
            listener.is_none_or(|listener| listener.row(catalog, release).is_some_and(|it| it.since == row.since));
        if holds && !found.iter().any(|known| (known.listener, known.choice) == (row.listener, row.choice)) {
            found.push(row);
        }
    }
    found
}

/// Adds what the baseline does not know to the defaults of a link's day.
pub fn complete(catalog: &Catalog, version: &str, release: &str, defaults: &mut Items) {
    for row in since(catalog, version, release) {
        let (key, value) = match (row.listener, row.choice, PortRange::parse(row.was)) {
            (Some(listener), _, Ok(ports)) => (listener.to_owned(), ports.first().to_string()),
            (None, Some(choice), _) => (["c.", choice].concat(), row.was.to_owned()),
            _ => continue,
        };
        if !defaults.contains(&key) {
            defaults.insert(key, value);
        }
    }
}

/// What is to be said about a link of that version, whose deployment has been read.
pub fn news(catalog: &Catalog, version: &str, deployment: &Deployment, kept: &[Kept]) -> Vec<News> {
    let rows = since(catalog, version, deployment.release);
    let told = |row: &&Revision| port(catalog, deployment, row).or_else(|| answer(catalog, deployment, row, kept));
    rows.iter().filter_map(told).collect()
}

/// A listener's ports. The first is kept as the user's own; how many follow it is not a matter of the link.
fn port(catalog: &Catalog, deployment: &Deployment, row: &Revision) -> Option<News> {
    let listener = catalog.listener(row.listener?)?;
    let (now, was) = (listener.defaults(catalog, deployment.release)?, PortRange::parse(row.was).ok()?);
    let placed = || deployment.groups.iter().filter(|group| group.roles.contains(&listener.role));
    if now == was || placed().next().is_none() {
        return None;
    }
    let name = catalog.full_name(listener);
    let kept = |port| port == Some(&was.first());
    let mut edits = Vec::new();
    if listener.same_everywhere {
        edits.extend(kept(deployment.ports.get(listener.id)).then_some(Edit::PortEverywhere(listener.id, None)));
    } else {
        let keep = placed().filter(|group| kept(group.ports.get(listener.id)));
        edits.extend(keep.map(|group| Edit::Port(group.id, listener.id, None)));
    }
    // Where the link has a number of its own, the default does not matter.
    let matters = !edits.is_empty() || now.first() == was.first() || listener.fixed;
    matters.then(|| said(row, &name, [&was.to_string(), &now.to_string()], edits))
}

/// An answer that nobody has decided.
fn answer(catalog: &Catalog, deployment: &Deployment, row: &Revision, kept: &[Kept]) -> Option<News> {
    let choice = catalog.choice(row.choice?)?;
    let name = |id: &str| choice.answer(id).map_or("", |answer| answer.name);
    let carried = |group: Option<GroupId>| {
        let mut groups = deployment.groups.iter().filter(|it| group.is_none_or(|group| it.id == group));
        groups.any(|group| choice.roles.iter().any(|role| group.carries(role)))
    };
    let kept = kept.iter().filter(|kept| kept.choice == choice.id && carried(kept.group));
    let edits: Vec<Edit> = kept
        .map(|kept| match kept.group {
            Some(group) => Edit::GroupAnswer(group, choice.id, None),
            None => Edit::Answer(choice.id, None),
        })
        .collect();
    if edits.is_empty() {
        return None;
    }
    let role = choice.roles.first().and_then(|role| catalog.role(role)).map_or("", |role| role.name);
    let question = [role, ": ", choice.question].concat();
    Some(said(row, &question, [name(row.was), name(choice.default)], edits))
}

/// The sentence, and the button where something is kept.
fn said(row: &Revision, what: &str, [was, now]: [&str; 2], edits: Vec<Edit>) -> News {
    let changed = ["Since this link was made, the default of ", what, " changed from ", was, " to ", now].concat();
    let (keeps, first) =
        if edits.is_empty() { ("this deployment has what is new", "") } else { ("this link keeps ", was) };
    News {
        text: [&changed, "; ", keeps, first, ". ", row.text].concat(),
        fix: (!edits.is_empty()).then(|| Fix { label: ["Take ", now].concat(), edit: Edit::Several(edits) }),
    }
}
