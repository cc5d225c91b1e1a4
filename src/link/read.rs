//! The reading half of links: items become a deployment, and what cannot be read becomes a sentence. Never fails.

use super::older::{FIRST, Kept, complete, is_version, news};
use super::{Items, Opened, encryption_word};
use crate::catalog::{Catalog, Choice, Encryption, Id, Listener, Scope};
use crate::deployment::{CustomFlow, Deployment, Group, GroupId, HostPolicy, Instance};
use crate::host;
use crate::net::{Addresses, Policy, Port, PortRange, Protocol, System};
use crate::order::{Map, sort_by_key};

/// Limits that keep a hostile text from freezing the page; the same as those of the edits, or above them.
pub const MOST_GROUPS: usize = 1000;
const MOST_FLOWS: usize = 1000;
const MOST_ADDRESSES: usize = 4096;
const MOST_PORTS: usize = 200;
/// Problems told one by one; the rest is counted.
const MOST_PROBLEMS: usize = 6;

/// The reading half: consumes items one by one, so that what is left over can be named.
struct Reader<'a> {
    catalog: &'a Catalog,
    defaults: &'a Items,
    kept: Vec<Kept>,
    problems: Vec<String>,
    untold: usize,
}

impl Reader<'_> {
    fn problem(&mut self, text: String) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(text);
        } else {
            self.untold += 1;
        }
    }

    fn unknown(&mut self, key: &str, value: &str) {
        let short: String = format!("{key}={value}").chars().take(60).collect();
        self.problem(format!("“{short}” could not be read and was left out."));
    }

    /// The known identifiers of a list.
    fn ids(&mut self, key: &str, value: &str, known: impl Fn(&Catalog, &str) -> Option<Id>) -> Vec<Id> {
        let mut ids = Vec::new();
        for id in value.split(',').filter(|id| !id.is_empty()) {
            match known(self.catalog, id) {
                Some(id) if ids.contains(&id) => {}
                Some(id) => ids.push(id),
                None => self.unknown(key, id),
            }
        }
        ids
    }

    fn addresses(&mut self, key: &str, value: &str) -> Addresses {
        let (addresses, refused) = Addresses::parse(value);
        for refused in refused {
            self.unknown(key, &refused.text);
        }
        match addresses {
            Addresses::Known(mut list) if list.len() > MOST_ADDRESSES => {
                list.truncate(MOST_ADDRESSES);
                self.problem(format!("Only the first {MOST_ADDRESSES} addresses of a group were read."));
                Addresses::Known(list)
            }
            addresses => addresses,
        }
    }

    /// The answer that a choice had when the text was written, as a decision unless it is today's default anyway.
    fn answer(&mut self, group: Option<GroupId>, key: &str, choice: &Choice, value: Option<&String>) -> Option<Id> {
        let then = self.defaults.get(&format!("c.{}", choice.id));
        let (text, decided) = match value.or(then).map(String::as_str) {
            None => return None,
            Some(text) => (text.strip_prefix('?').unwrap_or(text), value.is_some() && !text.starts_with('?')),
        };
        match choice.answer(text) {
            Some(answer) => {
                let kept = !decided && answer.id != choice.default;
                self.kept.extend(kept.then_some(Kept { group, choice: choice.id }));
                (decided || kept).then_some(answer.id)
            }
            None => {
                self.unknown(key, text);
                None
            }
        }
    }

    /// The first port that a listener had when the text was written, unless it is today's default anyway.
    fn port(&mut self, key: &str, release: Id, listener: &Listener, value: Option<&String>) -> Option<Port> {
        let default = listener.defaults(self.catalog, release);
        // What the release does not have had no number unless it was given one.
        let text = value.or_else(|| default.and_then(|_| self.defaults.get(listener.id)))?;
        let more = listener.most() - 1;
        match Port::parse(text) {
            Ok(port) if !listener.fixed && port.number().checked_add(more).is_some() => {
                (default.map(PortRange::first) != Some(port)).then_some(port)
            }
            Ok(_) if value.is_none() => None,
            _ => {
                self.unknown(key, text);
                None
            }
        }
    }
}

/// Makes a deployment of items; `defaults` are those of the baseline's day, `problems` what was found so far.
pub fn unflatten(catalog: &Catalog, mut items: Items, defaults: &Items, problems: Vec<String>) -> Opened {
    let mut deployment = Deployment::initial(catalog);
    deployment.groups.clear();
    let (release, version) = (items.remove("r"), items.remove("v"));
    let known = release.as_ref().and_then(|value| catalog.release(value));
    deployment.release = known.map_or(deployment.release, |release| release.id);
    let made = version.as_deref().filter(|version| is_version(version)).unwrap_or(FIRST);
    let mut defaults = defaults.clone();
    complete(catalog, made, deployment.release, &mut defaults);
    let mut reader = Reader { catalog, defaults: &defaults, kept: Vec::new(), problems, untold: 0 };
    if let (Some(value), None) = (&release, known) {
        reader.problem(format!(
            "Release {} is not in this catalog: {} is shown.",
            value.chars().take(20).collect::<String>(),
            deployment.release
        ));
    }
    match &version {
        Some(version) if !is_version(version) => reader.unknown("v", version),
        Some(version) if version.as_str() > catalog.version => reader.problem(
            [
                "The link was made with the catalog of ",
                version,
                ", which is newer than this page's (",
                catalog.version,
                "): defaults that it does not write down may have been others.",
            ]
            .concat(),
        ),
        _ => {}
    }
    if let Some(value) = items.remove("off") {
        deployment.off = reader.ids("off", &value, role_id).into_iter().map(|id| (id, ())).collect();
    }
    for choice in catalog.choices.iter().filter(|choice| choice.scope == Scope::Deployment) {
        let key = format!("c.{}", choice.id);
        let value = items.remove(&key);
        if let Some(answer) = reader.answer(None, &key, choice, value.as_ref()) {
            deployment.answers.insert(choice.id, answer);
        }
    }
    for listener in catalog.listeners.iter().filter(|listener| listener.same_everywhere) {
        let key = format!("p.{}", listener.id);
        let value = items.remove(&key);
        if let Some(port) = reader.port(&key, deployment.release, listener, value.as_ref()) {
            deployment.ports.insert(listener.id, port);
        }
    }
    read_host(&mut reader, &mut items, &mut deployment.host);
    let mut settings: Vec<(String, String)> = Vec::new();
    let mut fields: Vec<(u32, String, String)> = Vec::new();
    let mut flows: Vec<(u32, String)> = Vec::new();
    for (key, value) in items {
        // Only as it is written: `g01` is no other name of `g1`.
        let numbered = |prefix: &str| {
            let digits = key.strip_prefix(prefix)?.split('.').next()?;
            digits.parse::<u32>().ok().filter(|number| number.to_string() == digits)
        };
        if let Some(setting) = key.strip_prefix("s.") {
            settings.push((text(setting), text(&value)));
        } else if let (Some(id), Some((_, field))) = (numbered("g"), key.split_once('.')) {
            fields.push((id, field.to_owned(), value));
        } else if let (Some(id), false) = (numbered("x"), key.contains('.')) {
            flows.push((id, value));
        } else {
            reader.unknown(&key, &value);
        }
    }
    deployment.settings = settings.into_iter().collect();
    sort_by_key(&mut fields, |(id, ..)| *id);
    sort_by_key(&mut flows, |(id, _)| *id);
    for fields in fields.chunk_by(|(one, ..), (other, ..)| one == other) {
        let id = fields[0].0;
        let items = fields.iter().map(|(_, field, value)| (field.clone(), value.clone())).collect();
        if deployment.groups.len() == MOST_GROUPS {
            reader.problem(format!("Only the first {MOST_GROUPS} groups were read."));
            break;
        }
        if let Some(group) = read_group(&mut reader, id, items, deployment.release) {
            deployment.groups.push(group);
        }
    }
    for (id, value) in flows {
        if deployment.custom.len() == MOST_FLOWS {
            reader.problem(format!("Only the first {MOST_FLOWS} flows of your own were read."));
            break;
        }
        match read_flow(id, &value)
            .filter(|flow| [flow.initiator, flow.responder].iter().all(|end| deployment.group(*end).is_some()))
        {
            Some(flow) => deployment.custom.push(flow),
            None => reader.unknown(&format!("x{id}"), &value),
        }
    }
    if reader.untold > 0 {
        reader.problems.push(format!("{} more pieces could not be read.", reader.untold));
    }
    let news = news(catalog, made, &deployment, &reader.kept);
    Opened { deployment, problems: reader.problems, news }
}

fn role_id(catalog: &Catalog, id: &str) -> Option<Id> {
    catalog.role(id).map(|role| role.id)
}

/// What holds for every machine whose whole policy is written.
fn read_host(reader: &mut Reader, items: &mut Items, host: &mut HostPolicy) {
    if let Some(value) = items.remove("h.m") {
        host.management = reader.addresses("h.m", &value);
    }
    if let Some(value) = items.remove("h.ssh") {
        match Port::parse(&value) {
            Ok(port) => host.ssh = Some(port).filter(|port| port.number() != 22),
            Err(_) => reader.unknown("h.ssh", &value),
        }
    }
    match items.remove("h.out") {
        Some(value) if value != "drop" => reader.unknown("h.out", &value),
        value => host.drops_outgoing = value.is_some(),
    }
    let base = |_: &Catalog, id: &str| host::BASE.iter().find(|service| service.id == id).map(|service| service.id);
    if let Some(value) = items.remove("h.off") {
        host.without = reader.ids("h.off", &value, base).into_iter().map(|id| (id, ())).collect();
    }
    for service in &host::BASE {
        let key = format!("h.b.{}", service.id);
        if let Some(value) = items.remove(&key) {
            let addresses = reader.addresses(&key, &value);
            if addresses != Addresses::Missing {
                host.base.insert(service.id, addresses);
            }
        }
    }
}

fn read_group(reader: &mut Reader, id: u32, mut items: Items, release: Id) -> Option<Group> {
    let catalog = reader.catalog;
    let key = |field: &str| format!("g{id}.{field}");
    let mut take = |field: &str| items.remove(field);
    let placed =
        |catalog: &Catalog, id: &str| catalog.role(id).filter(|role| role.hosted_on.is_none()).map(|role| role.id);
    let roles = take("r").map(|value| reader.ids(&key("r"), &value, placed)).unwrap_or_default();
    let Some(first) = roles.first().and_then(|role| catalog.role(role)) else {
        reader.problem(format!("Group {id} has no role that this catalog knows and was left out."));
        return None;
    };
    let machines =
        take("m").map_or(Some(1), |value| value.parse::<u16>().ok().filter(|machines| (1..=1000).contains(machines)));
    if machines.is_none() {
        reader.unknown(&key("m"), "");
    }
    let system = take("s");
    let mut group = Group {
        id: GroupId(id),
        name: take("n").map_or_else(|| first.name.to_owned(), |name| text(&name)),
        machines: machines.unwrap_or(1),
        system: System::ALL
            .into_iter()
            .find(|known| system.as_deref().is_some_and(|system| known.name().eq_ignore_ascii_case(system)))
            .unwrap_or(first.system),
        zone: take("z").and_then(|zone| catalog.zone(&zone)).map(|zone| zone.id),
        roles,
        instances: Vec::new(),
        ports: Map::new(),
        answers: Map::new(),
        labels: Map::new(),
        listens: take("a").map_or(Addresses::Missing, |value| reader.addresses(&key("a"), &value)),
        connects: take("f").map(|value| reader.addresses(&key("f"), &value)),
        firewall: take("w").map(|value| text(&value)),
        policy: Policy::Additive,
    };
    match take("h") {
        Some(value) if value != "whole" => reader.unknown(&key("h"), &value),
        Some(_) => group.policy = Policy::WholeHost,
        None => {}
    }
    for item in take("i").unwrap_or_default().split(',').filter(|item| !item.is_empty()) {
        match read_instance(catalog, &group, item) {
            Some(instance) => group.instances.push(instance),
            None => reader.unknown(&key("i"), item),
        }
    }
    for listener in
        catalog.listeners.iter().filter(|listener| !listener.same_everywhere && group.roles.contains(&listener.role))
    {
        let field = format!("p.{}", listener.id);
        let value = take(&field);
        if let Some(port) = reader.port(&key(&field), release, listener, value.as_ref()) {
            group.ports.insert(listener.id, port);
        }
    }
    for choice in catalog.choices.iter().filter(|choice| choice.scope == Scope::Group) {
        if choice.roles.iter().any(|role| group.carries(role)) {
            let field = format!("c.{}", choice.id);
            let value = take(&field);
            if let Some(answer) = reader.answer(Some(group.id), &key(&field), choice, value.as_ref()) {
                group.answers.insert(choice.id, answer);
            }
        }
    }
    let mut labels: Vec<(String, String)> = Vec::new();
    for (field, value) in items {
        match field.strip_prefix("l.") {
            Some(label) => labels.push((text(label), text(&value))),
            None => reader.unknown(&key(&field), &value),
        }
    }
    group.labels = labels.into_iter().collect();
    Some(group)
}

fn read_instance(catalog: &Catalog, group: &Group, item: &str) -> Option<Instance> {
    let (service, ports) = item.split_once(':')?;
    let service = catalog.role(service).filter(|role| role.hosted_on.is_some_and(|host| group.carries(host)))?;
    let ports: Vec<Port> = ports.split('+').map(|port| Port::parse(port).ok()).collect::<Option<_>>()?;
    let fits = (1..=MOST_PORTS).contains(&ports.len()) && !group.carries(service.id);
    fits.then_some(Instance { service: service.id, ports })
}

fn read_flow(id: u32, value: &str) -> Option<CustomFlow> {
    let mut parts = value.splitn(5, ':');
    let (initiator, responder) = parts.next()?.split_once('-')?;
    let protocol = parts.next()?;
    let ports = PortRange::parse(parts.next()?).ok()?;
    let encryption = parts.next()?;
    let purpose = text(parts.next()?);
    Some(CustomFlow {
        id,
        initiator: GroupId(initiator.parse().ok()?),
        responder: GroupId(responder.parse().ok()?),
        protocol: Protocol::ALL.into_iter().find(|known| known.lower() == protocol)?,
        ports,
        purpose,
        encryption: [Encryption::Clear, Encryption::Optional, Encryption::Tls]
            .into_iter()
            .find(|known| encryption_word(*known) == encryption)?,
    })
}

/// A text of the user's: no control characters, at most 200 characters.
fn text(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}
