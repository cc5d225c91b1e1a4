//! The texts for Google Cloud, read back strictly and without the printers' code: every line must be of a form that is known
//! here, and what its rules let through comes out as plain sets. Runs nothing.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::net::Direction;
use portcullis::net::Protocol;

use crate::allowed::{Allowed, ports, span};
use crate::reading::{Read, quotable};

/// A rule as Google Cloud has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tuple {
    pub name: String,
    pub network: String,
    pub direction: String,
    pub priority: String,
    pub disabled: String,
    /// Protocol and ports: `tcp:443`.
    pub allow: String,
    pub source_ranges: Vec<String>,
    pub source_tags: Vec<String>,
    pub destination_ranges: Vec<String>,
    pub target_tags: Vec<String>,
    pub description: String,
}

/// The texts of one group have one tag, which all of its rules name, and one network.
fn one<'a>(all: impl Iterator<Item = &'a String>) -> Result<(), String> {
    let all: BTreeSet<&String> = all.collect();
    if all.len() > 1 { Err(format!("several: {all:?}")) } else { Ok(()) }
}

/// The flow that a rule says it is for.
pub fn flow(tuple: &Tuple) -> Result<(Direction, String), String> {
    let (key, _) = tuple.description.split_once(':').ok_or("no flow")?;
    let plain = key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let direction = match tuple.direction.as_str() {
        "INGRESS" => Direction::Ingress,
        "EGRESS" => Direction::Egress,
        other => return Err(format!("no direction: {other}")),
    };
    if plain && key.starts_with('g') { Ok((direction, key.to_owned())) } else { Err(format!("no key: {key}")) }
}

/// What rules let through; the error is what Google Cloud would refuse, or what is not certain to be meant.
pub fn allowed(tuples: &[Tuple]) -> Result<Allowed, String> {
    let mut allowed = Allowed::default();
    one(tuples.iter().map(|tuple| &tuple.network))?;
    one(tuples.iter().flat_map(|tuple| &tuple.target_tags))?;
    let names: BTreeSet<&String> = tuples.iter().map(|tuple| &tuple.name).collect();
    if names.len() != tuples.len() {
        return Err("two rules of one name".to_owned());
    }
    let mut everyone: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for tuple in tuples {
        let (direction, _) = flow(tuple)?;
        let [tag] = tuple.target_tags.as_slice() else { return Err(format!("not for one group: {tuple:?}")) };
        let way = if direction == Direction::Ingress { "in" } else { "out" };
        let fits = |text: &str| {
            (1..=63).contains(&text.len())
                && text.starts_with(|c: char| c.is_ascii_lowercase())
                && !text.ends_with('-')
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        // A name, or an expression of Terraform.
        let network = tuple.network.split('.').all(fits);
        if !fits(&tuple.name) || !network || !tuple.name.starts_with(&format!("{tag}-{way}-")) {
            return Err(format!("a name that does not do: {tuple:?}"));
        }
        if (tuple.priority.as_str(), tuple.disabled.as_str()) != ("1000", "false") {
            return Err(format!("no usual rule: {tuple:?}"));
        }
        let (protocol, range) = tuple.allow.split_once(':').ok_or("no ports")?;
        let protocol = match protocol {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            other => return Err(format!("no protocol: {other}")),
        };
        let (first, last) = ports(range).ok_or(format!("no ports: {range}"))?;
        let gate = (direction, protocol, first, last);
        let start = tag.trim_end_matches(|c: char| c.is_ascii_digit());
        let peers = match (tuple.source_ranges.as_slice(), tuple.source_tags.as_slice(), &tuple.destination_ranges[..])
        {
            (ranges, [], []) if direction == Direction::Ingress => ranges,
            ([], [peer], []) if direction == Direction::Ingress => {
                let group = peer.strip_prefix(start).and_then(|number| number.parse().ok());
                allowed.admit_group(gate, group.ok_or(format!("no group: {peer}"))?);
                continue;
            }
            ([], [], ranges) if direction == Direction::Egress => ranges,
            _ => return Err(format!("peers of several kinds: {tuple:?}")),
        };
        if peers.is_empty() || peers.len() > 256 || peers.iter().collect::<BTreeSet<_>>().len() != peers.len() {
            return Err(format!("{} peers: {tuple:?}", peers.len()));
        }
        let sixes = peers.iter().filter(|peer| peer.contains(':')).count();
        if sixes != 0 && sixes != peers.len() {
            return Err(format!("families mixed: {tuple:?}"));
        }
        for peer in peers {
            if ["0.0.0.0/0", "::/0"].contains(&peer.as_str()) {
                everyone.entry(gate).or_default().insert(peer);
                allowed.admit_everyone(gate);
                continue;
            }
            let (base, length) = peer.split_once('/').ok_or(format!("without a length: {peer}"))?;
            let whole = if base.contains(':') { "128" } else { "32" };
            let place = if length == whole { base } else { peer };
            allowed.admit(gate, span(place).ok_or(format!("not a network: {peer}"))?);
        }
    }
    match everyone.iter().find(|(_, families)| families.len() != 2) {
        Some(one) => Err(format!("everyone, but of one family only: {one:?}")),
        None => Ok(allowed),
    }
}

/// What a whole text says.
fn done(mut read: Read, tuples: Vec<Tuple>) -> Result<(Read, Vec<Tuple>), String> {
    read.allowed = allowed(&tuples)?;
    for tuple in &tuples {
        quotable(&tuple.description)?;
        read.flows.insert(flow(tuple)?);
        let quiet = Tuple { description: String::new(), ..tuple.clone() };
        read.commands.push(format!("{quiet:?}"));
    }
    Ok((read, tuples))
}

/// The items of a list in brackets.
fn list(text: &str) -> Result<Vec<String>, String> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).ok_or(format!("no list: {text}"))?;
    let items = inner.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| quoted(item).map(str::to_owned)).collect()
}

fn quoted(text: &str) -> Result<&str, String> {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).ok_or(format!("not quoted: {text}"))?;
    quotable(inner).map(|()| inner)
}

/// Reads a Terraform text.
pub fn terraform(text: &str) -> Result<(Read, Vec<Tuple>), String> {
    let (mut read, mut tuples) = (Read::default(), Vec::new());
    let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with("# "));
    let mut told = BTreeSet::new();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("resource \"google_compute_firewall\" \"") {
            let (label, key) = rest.split_once("\" { # ").ok_or(format!("not known: {line}"))?;
            let mut attributes: BTreeMap<String, String> = BTreeMap::new();
            let mut open = String::new();
            for line in lines.by_ref() {
                match line {
                    "}" => break,
                    "  allow {" => open = "allow.".to_owned(),
                    "  }" => open.clear(),
                    item if !open.is_empty() && !item.contains(" = ") => {
                        attributes.get_mut(&open).ok_or(format!("not known: {item}"))?.push_str(item);
                        if item.ends_with(']') {
                            open.clear();
                        }
                    }
                    _ => {
                        let (name, value) = line.split_once(" = ").ok_or(format!("not known: {line}"))?;
                        let name = open.clone() + name.trim();
                        if value.starts_with('[') && !value.ends_with(']') {
                            open.clone_from(&name);
                        }
                        if attributes.insert(name, value.to_owned()).is_some() {
                            return Err(format!("twice: {line}"));
                        }
                    }
                }
            }
            let mut take = |name: &str| attributes.remove(name);
            let network = take("network").ok_or("no network")?;
            let mut text = |name: &str| quoted(&take(name).ok_or(format!("no {name}"))?).map(str::to_owned);
            let mut tuple = Tuple {
                name: text("name")?,
                network: network.strip_prefix("var.").map_or_else(|| quoted(&network), |_| Ok(&network))?.to_owned(),
                direction: text("direction")?,
                description: text("description")?,
                ..Tuple::default()
            };
            let protocol = text("allow.protocol")?;
            let ports = list(&attributes.remove("allow.ports").unwrap_or_default())?;
            let [ports] = ports.as_slice() else { return Err(format!("ports {ports:?}")) };
            tuple.allow = format!("{protocol}:{ports}");
            tuple.priority = attributes.remove("priority").unwrap_or_default();
            tuple.disabled = attributes.remove("disabled").unwrap_or_default();
            for (name, place) in [
                ("source_ranges", &mut tuple.source_ranges),
                ("source_tags", &mut tuple.source_tags),
                ("destination_ranges", &mut tuple.destination_ranges),
                ("target_tags", &mut tuple.target_tags),
            ] {
                *place = attributes.remove(name).map_or(Ok(Vec::new()), |value| list(&value))?;
            }
            if !attributes.is_empty() || tuple.name.replace('-', "_") != label || flow(&tuple)?.1 != key {
                return Err(format!("{label}: {attributes:?}"));
            }
            told.insert(label.to_owned());
            tuples.push(tuple);
            continue;
        }
        if let Some(sentence) = line.strip_prefix("    \"Held back: ").and_then(|rest| rest.strip_suffix(".\",")) {
            quotable(sentence)?;
            read.held += 1;
            continue;
        }
        let known = ["locals {", "  ]", "}", "output \"", "  value = local.", "  precondition {", "  }"]
            .iter()
            .any(|start| line == *start || start.ends_with(['"', '.']) && line.starts_with(start))
            || line.starts_with("  ") && line.contains("_held_back")
            || line.starts_with("    condition     = length(local.") && line.ends_with(") == 0");
        if !known {
            return Err(format!("not known: {line}"));
        }
        read.refuses |= line.starts_with("    condition     = length(local.");
        read.commands.push(line.to_owned());
    }
    done(read, tuples)
}

/// Reads a script for gcloud.
pub fn script(text: &str) -> Result<(Read, Vec<Tuple>), String> {
    let inside = text.strip_prefix("sh <<'PORTCULLIS'\n").and_then(|text| text.strip_suffix("PORTCULLIS\n"));
    let inside = inside.ok_or("no script")?.replace(" \\\n    ", " ");
    let (mut read, mut tuples) = (Read::default(), Vec::new());
    let (mut tag, mut network) = (String::new(), String::new());
    for line in inside.lines() {
        if line.trim_start().starts_with("# ") {
            continue;
        }
        if let Some(sentence) = line.strip_prefix("  say 'Held back: ").and_then(|rest| rest.strip_suffix(".' >&2")) {
            quotable(sentence)?;
            read.held += 1;
        } else if let Some(rest) = line.strip_prefix("  rule ") {
            let mut parts = rest.split('\'');
            let [start, about, peers] = [parts.next(), parts.next(), parts.next()].map(Option::unwrap_or_default);
            let mut words = start.split_whitespace();
            let mut peers = peers.split_whitespace();
            let mut tuple = Tuple {
                name: words.next().ok_or("no name")?.to_owned(),
                allow: words.next().ok_or("no ports")?.to_owned(),
                description: about.to_owned(),
                network: network.clone(),
                target_tags: vec![tag.clone()],
                priority: "1000".to_owned(),
                disabled: "false".to_owned(),
                ..Tuple::default()
            };
            let end = peers.next().ok_or("no peers")?;
            let (direction, place) = match end {
                "source-ranges" => ("INGRESS", &mut tuple.source_ranges),
                "source-tags" => ("INGRESS", &mut tuple.source_tags),
                "destination-ranges" => ("EGRESS", &mut tuple.destination_ranges),
                other => return Err(format!("no kind of peers: {other}")),
            };
            place.extend(peers.map(str::to_owned));
            direction.clone_into(&mut tuple.direction);
            if parts.next().is_some() || words.next().is_some() {
                return Err(format!("not known: {line}"));
            }
            tuples.push(tuple);
        } else {
            if let Some(value) = line.strip_prefix("tag=") {
                value.clone_into(&mut tag);
            }
            if let Some(value) = line.strip_prefix("network=") {
                value.clone_into(&mut network);
            }
            read.refuses |= line.starts_with("  stop 'Fill in");
            read.commands.push(line.to_owned());
        }
    }
    done(read, tuples)
}
