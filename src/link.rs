//! A deployment as a short text: the fragment of a share link, and what the page keeps in the browser. Reads whatever it is
//! given without failing, says what it could not read, and never changes what was kept.
//!
//! The text is frozen from the first release. `1;g4.a=192.0.2.21;g4.p.node-communication=9444;k3xw0` is the format's
//! version, then the differences from a baseline that never changes, then a check on all before it. The baseline
//! (`link/baseline1.txt`) is the first release's initial deployment, with the defaults of every port and choice of that day
//! (`d.` lines): a later catalog with other defaults still opens an old link with the old numbers, as explicit ones. `v` is the
//! version of the catalog, where it is not the first: by it, a reader is told which defaults have changed since.

mod older;
mod read;

pub use older::News;

use older::FIRST;
use read::unflatten;

use crate::catalog::{Catalog, Encryption, Id, Listener, Scope};
use crate::deployment::{Deployment, Instance};
use crate::net::{Addresses, Policy, Port};
use crate::order::Map;

/// The frozen baseline of format 1.
const BASELINE: &str = include_str!("link/baseline1.txt");
/// The format this page writes.
const FORMAT: &str = "1";
/// A text longer than this many bytes is read up to here. (The largest deployment the page keeps is shorter.)
const LONGEST: usize = 400_000;
/// What a text held.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// The deployment, as far as it could be read.
    pub deployment: Deployment,
    /// What could not be read: whole sentences.
    pub problems: Vec<String>,
    /// Defaults that have changed since it was written; the deployment has those of its day, except where the news say so.
    pub news: Vec<News>,
}

type Items = Map<String, String>;

/// Writes a deployment, without `#`.
pub fn write(catalog: &Catalog, deployment: &Deployment) -> String {
    let (baseline, defaults) = baseline();
    let items = flatten(catalog, deployment, &defaults);
    let mut text = String::from(FORMAT);
    text.push(';');
    for (key, value) in items.iter() {
        if baseline.get(key) != Some(value) {
            text.push_str(&escape(key));
            text.push('=');
            text.push_str(&escape(value));
            text.push(';');
        }
    }
    for key in baseline.keys().filter(|key| !items.contains(key)) {
        text.push_str(&escape(key));
        text.push(';');
    }
    let check = check(&text);
    text + &check
}

/// Reads a text that [`write()`] wrote, or anything else; a leading `#` is ignored.
pub fn read(catalog: &Catalog, text: &str) -> Opened {
    let (items, defaults) = baseline();
    let mut problems = Vec::new();
    let mut text = text.strip_prefix('#').unwrap_or(text);
    let decoded;
    if text.contains('%') {
        decoded = unescape_with(b'%', text);
        text = &decoded;
    }
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text = text.get(..end).unwrap_or_default();
        problems.push(format!("The link is too long: only its first {LONGEST} characters were read."));
    }
    let (format, body) = text.split_once(';').unwrap_or((text, ""));
    let (body, given) = body.rsplit_once(';').unwrap_or(("", body));
    if format != FORMAT {
        let newer = format.parse::<u32>().is_ok_and(|format| format > 1);
        problems.push(match newer {
            true => "The link was made by a newer version of this page: what this one knows was read.".to_owned(),
            false => "This is not a link of this page.".to_owned(),
        });
        if !newer {
            return unflatten(catalog, items, &defaults, problems);
        }
    } else if text.strip_suffix(given).is_none_or(|checked| given != check(checked)) {
        problems.push("The link was cut or changed on its way: check what you see.".to_owned());
    }
    let changes = body.split(';').filter(|item| !item.is_empty()).map(|item| match item.split_once('=') {
        Some((key, value)) => (unescape(key), Some(unescape(value))),
        None => (unescape(item), None),
    });
    // Collected, not put in one by one: a hostile text would make that slow.
    let changed: Map<String, Option<String>> =
        items.into_iter().map(|(key, value)| (key, Some(value))).chain(changes).collect();
    let items = changed.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    unflatten(catalog, items, &defaults, problems)
}

/// The baseline's items, and the defaults of its day.
fn baseline() -> (Items, Items) {
    let mut items = Items::new();
    let mut defaults = Items::new();
    for (key, value) in BASELINE.lines().filter_map(|line| line.split_once('=')) {
        match key.strip_prefix("d.") {
            Some(key) => defaults.insert(key.to_owned(), value.to_owned()),
            None => items.insert(key.to_owned(), value.to_owned()),
        }
    }
    (items, defaults)
}

fn flatten(catalog: &Catalog, deployment: &Deployment, defaults: &Items) -> Items {
    let mut items: Vec<(String, String)> = Vec::new();
    let mut put = |key: String, value: String| items.push((key, value));
    put("r".to_owned(), deployment.release.to_owned());
    if catalog.version != FIRST {
        put("v".to_owned(), catalog.version.to_owned());
    }
    if !deployment.off.is_empty() {
        put("off".to_owned(), joined(deployment.off.keys().copied()));
    }
    for choice in catalog.choices.iter().filter(|choice| choice.scope == Scope::Deployment) {
        if let Some(answer) =
            answer_text(deployment.answers.get(choice.id).copied(), choice.default, choice.id, defaults)
        {
            put(format!("c.{}", choice.id), answer);
        }
    }
    for listener in catalog.listeners.iter().filter(|listener| listener.same_everywhere) {
        if let Some(port) = port_text(catalog, deployment, listener, deployment.ports.get(listener.id), defaults) {
            put(format!("p.{}", listener.id), port);
        }
    }
    let host = &deployment.host;
    if host.management != Addresses::Missing {
        put("h.m".to_owned(), compact(&host.management));
    }
    if let Some(port) = host.ssh {
        put("h.ssh".to_owned(), port.to_string());
    }
    if host.drops_outgoing {
        put("h.out".to_owned(), "drop".to_owned());
    }
    if !host.without.is_empty() {
        put("h.off".to_owned(), joined(host.without.keys().copied()));
    }
    for (service, addresses) in host.base.iter() {
        put(format!("h.b.{service}"), compact(addresses));
    }
    for (key, value) in deployment.settings.iter() {
        put(format!("s.{key}"), value.clone());
    }
    for group in &deployment.groups {
        let mut put = |key: &str, value: String| put(format!("g{}.{key}", group.id.0), value);
        put("n", group.name.clone());
        put("r", joined(group.roles.iter().copied()));
        put("s", group.system.name().to_ascii_lowercase());
        if group.machines != 1 {
            put("m", group.machines.to_string());
        }
        if let Some(zone) = group.zone {
            put("z", zone.to_owned());
        }
        if !group.instances.is_empty() {
            let instance = |instance: &Instance| {
                let ports: Vec<String> = instance.ports.iter().map(ToString::to_string).collect();
                format!("{}:{}", instance.service, ports.join("+"))
            };
            put("i", group.instances.iter().map(instance).collect::<Vec<_>>().join(","));
        }
        for listener in catalog.listeners.iter().filter(|listener| group.roles.contains(&listener.role)) {
            let port = group.ports.get(listener.id);
            if !listener.same_everywhere
                && let Some(port) = port_text(catalog, deployment, listener, port, defaults)
            {
                put(&format!("p.{}", listener.id), port);
            }
        }
        for choice in catalog.choices.iter().filter(|choice| choice.scope == Scope::Group) {
            if choice.roles.iter().any(|role| group.carries(role))
                && let Some(answer) =
                    answer_text(group.answers.get(choice.id).copied(), choice.default, choice.id, defaults)
            {
                put(&format!("c.{}", choice.id), answer);
            }
        }
        for (key, value) in group.labels.iter() {
            put(&format!("l.{key}"), value.clone());
        }
        if group.listens != Addresses::Missing {
            put("a", compact(&group.listens));
        }
        if let Some(connects) = &group.connects {
            put("f", compact(connects));
        }
        if let Some(firewall) = &group.firewall {
            put("w", firewall.clone());
        }
        if group.policy == Policy::WholeHost {
            put("h", "whole".to_owned());
        }
    }
    for flow in &deployment.custom {
        let encryption = encryption_word(flow.encryption);
        let value = format!(
            "{}-{}:{}:{}:{encryption}:{}",
            flow.initiator.0,
            flow.responder.0,
            flow.protocol.lower(),
            flow.ports,
            flow.purpose
        );
        put(format!("x{}", flow.id), value);
    }
    items.into_iter().collect()
}

fn joined(ids: impl Iterator<Item = Id>) -> String {
    ids.collect::<Vec<_>>().join(",")
}

fn compact(addresses: &Addresses) -> String {
    addresses.to_string().replace(", ", ",")
}

/// What stands for an answer: itself; or, while undecided, nothing if the default is the baseline's, else `?` and the default.
fn answer_text(decided: Option<Id>, default: Id, choice: Id, defaults: &Items) -> Option<String> {
    match decided {
        Some(answer) => Some(answer.to_owned()),
        None if defaults.get(&format!("c.{choice}")).is_none_or(|then| then == default) => None,
        None => Some(format!("?{default}")),
    }
}

/// What stands for a first port: nothing if it is the baseline's default (or, for a listener the baseline does not know, its
/// own), else the number. A listener that the release does not have keeps the number it was given, for another release.
fn port_text(
    catalog: &Catalog,
    deployment: &Deployment,
    listener: &Listener,
    changed: Option<&Port>,
    defaults: &Items,
) -> Option<String> {
    match (listener.defaults(catalog, deployment.release), defaults.get(listener.id)) {
        (Some(default), Some(then)) => {
            let port = changed.copied().unwrap_or(default.first()).to_string();
            (*then != port).then_some(port)
        }
        _ => changed.map(ToString::to_string),
    }
}

const fn encryption_word(encryption: Encryption) -> &'static str {
    match encryption {
        Encryption::Clear => "clear",
        Encryption::Optional => "optional",
        Encryption::Tls => "tls",
    }
}

/// Letters, digits and `.-:,+?` stand for themselves, a blank is `_`, any other byte `~` and two hexadecimal digits: nothing
/// that a mail program or a messenger cuts or rewrites.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b if b.is_ascii_alphanumeric() || b".-:,+?".contains(&b) => out.push(char::from(b)),
            b' ' => out.push('_'),
            b => {
                out.push('~');
                for digit in [b >> 4, b & 15] {
                    out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
                }
            }
        }
    }
    out
}

/// The reverse of [`escape`].
fn unescape(text: &str) -> String {
    unescape_with(b'~', &text.replace('_', " "))
}

/// Resolves a mark and two hexadecimal digits into a byte (`%` is what some programs make of a link on its way). What is not
/// an escape stands for itself, and bytes that are not UTF-8 become U+FFFD.
fn unescape_with(mark: u8, text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    let hex = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    while let Some(byte) = bytes.get(at) {
        match (byte, hex(at + 1), hex(at + 2)) {
            (byte, Some(high), Some(low)) if *byte == mark => {
                out.push(u8::try_from(high * 16 + low).unwrap_or_default());
                at += 2;
            }
            (byte, ..) => out.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Six characters that tell a cut or edited text from a whole one (FNV-1a, 30 bits, base 32). No protection against malice:
/// what is read is treated as hostile anyway.
fn check(text: &str) -> String {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let digit = |at: u32| char::from_digit(hash >> (5 * at) & 31, 32).unwrap_or('0');
    (0..6).map(digit).collect()
}

#[cfg(test)]
mod tests;
