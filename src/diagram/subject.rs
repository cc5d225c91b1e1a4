//! What the boxes of a picture stand for, and what is written in them: a group each, or, where there are more than anybody could
//! follow, all groups of a zone. Knows no place and no arrow.

use super::layout::{WIDTHS, measure};
use super::{Words, sorted};
use crate::catalog::{Catalog, Id};
use crate::deployment::{Deployment, Group, GroupId};
use crate::net::Addresses;

/// Groups that get a box each.
const MOST_GROUPS: usize = 40;
/// Addresses written out.
const MOST_ADDRESSES: usize = 3;

/// What a box stands for.
pub(super) struct Subject<'a> {
    /// The groups; at least one.
    pub(super) groups: Vec<&'a Group>,
    /// Where they stand.
    pub(super) zone: Id,
    /// The group's name, or the zone's.
    pub(super) name: &'a str,
    /// What is written in the box, line by line.
    pub(super) text: Vec<(Words, String)>,
}

impl Subject<'_> {
    /// The group that stands for all.
    pub(super) fn id(&self) -> GroupId {
        self.groups.first().map_or(GroupId(0), |group| group.id)
    }
}

/// What takes part, in the order of columns and zones, then as the groups were made.
pub(super) fn subjects<'a>(catalog: &Catalog, deployment: &'a Deployment) -> Vec<Subject<'a>> {
    let place = |zone: &str| catalog.zones.iter().position(|row| row.id == zone).unwrap_or(usize::MAX);
    let column = |zone: &str| catalog.zone(zone).map_or(u8::MAX, |zone| zone.column);
    let taking_part = deployment.groups.iter().filter(|group| deployment.takes_part(catalog, group));
    let groups = taking_part.map(|group| (group, deployment.zone(catalog, group)));
    let groups = sorted(groups, |(_, zone)| (column(zone), place(zone)));
    let each = groups.len() <= MOST_GROUPS;
    let mut subjects: Vec<Subject> = Vec::new();
    for (group, zone) in groups {
        match subjects.last_mut().filter(|subject| !each && subject.zone == zone) {
            Some(subject) => subject.groups.push(group),
            None => subjects.push(Subject { groups: vec![group], zone, name: &group.name, text: Vec::new() }),
        }
    }
    for subject in &mut subjects {
        match subject.groups[..] {
            [group] => subject.text = of_group(catalog, deployment, group),
            _ => {
                subject.name = catalog.zone(subject.zone).map_or("", |zone| zone.name);
                subject.text = of_zone(catalog, deployment, &subject.groups);
            }
        }
    }
    subjects
}

/// What is written in the box of many groups: how many, with how many machines, what runs there and what is missing.
fn of_zone(catalog: &Catalog, deployment: &Deployment, groups: &[&Group]) -> Vec<(Words, String)> {
    let machines: u32 = groups.iter().map(|group| u32::from(group.machines)).sum();
    let mut text = vec![(Words::Name, format!("{} groups", groups.len())), (Words::Count, format!("×{machines}"))];
    let missing = groups.iter().filter(|group| group.listens == Addresses::Missing).count();
    if missing > 0 {
        text.push((Words::Missing, format!("address missing ×{missing}")));
    }
    let running: Vec<Vec<Id>> = groups.iter().map(|group| deployment.running(catalog, group)).collect();
    for role in &catalog.roles {
        match running.iter().filter(|running| running.contains(&role.id)).count() {
            0 => {}
            1 => text.push((Words::Role, role.name.to_owned())),
            count => text.push((Words::Role, format!("{} ×{count}", role.name))),
        }
    }
    text
}

/// What is written in a group's box.
fn of_group(catalog: &Catalog, deployment: &Deployment, group: &Group) -> Vec<(Words, String)> {
    let mut text = vec![(Words::Name, group.name.clone())];
    if group.machines > 1 {
        text.push((Words::Count, format!("×{}", group.machines)));
    }
    addresses(&mut text, "", &group.listens);
    if let Some(connects) = &group.connects {
        addresses(&mut text, "from ", connects);
    }
    let running = deployment.running(catalog, group);
    let only = group.roles.iter().filter(|role| running.contains(role)).count() < 2;
    let name = group.name.to_ascii_lowercase();
    for role in running.iter().filter_map(|role| catalog.role(role)) {
        let role_name = role.name.to_ascii_lowercase();
        let said =
            name.starts_with(&role_name) || !name.is_empty() && role_name.starts_with(name.trim_end_matches('s'));
        if role.hosted_on.is_none() && only && said {
            continue;
        }
        match group.instance_ports(role.id).len() {
            0 | 1 => text.push((Words::Role, role.name.to_owned())),
            count => text.push((Words::Role, format!("{} ×{count}", role.name))),
        }
    }
    text
}

/// Adds addresses, short ones two on a line; those beyond the third are counted.
fn addresses(text: &mut Vec<(Words, String)>, prefix: &str, addresses: &Addresses) {
    let list = match addresses {
        Addresses::Missing => return text.push((Words::Missing, format!("{prefix}address missing"))),
        Addresses::Any => return text.push((Words::Address, format!("{prefix}any address"))),
        Addresses::Known(list) => list,
    };
    let mut pieces: Vec<String> = list.iter().take(MOST_ADDRESSES).map(ToString::to_string).collect();
    if list.len() > MOST_ADDRESSES {
        pieces.push(format!("+{}", list.len() - MOST_ADDRESSES));
    }
    let mut line = prefix.to_owned();
    for (at, piece) in pieces.iter().enumerate() {
        if at > 0 && measure(Words::Address, &line) + measure(Words::Address, piece) > WIDTHS[0] {
            text.push((Words::Address, std::mem::take(&mut line)));
        } else if at > 0 {
            line.push_str(", ");
        }
        line.push_str(piece);
    }
    text.push((Words::Address, line));
}
