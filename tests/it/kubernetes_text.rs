//! The texts for Kubernetes, read back strictly and without the printers' code: as a tree of the part of YAML that they are
//! written in, of which every branch must be known here. Runs nothing.

use std::collections::BTreeSet;

use portcullis::net::{Direction, Protocol};

use crate::allowed::{Allowed, Gate, ports, span};
use crate::reading::{Read, quotable};

/// A tree of YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

use Node::{List, Map};

/// A line without comments: how far it is indented, and what it says.
type Line<'a> = (usize, &'a str);

/// Reads lines that are indented so far.
fn block(lines: &mut &[Line], indent: usize) -> Result<Node, String> {
    let (mut list, mut map): (Vec<Node>, Vec<(String, Node)>) = Default::default();
    while let Some(((at, text), rest)) = lines.split_first().filter(|((at, _), _)| *at >= indent) {
        if *at != indent {
            return Err(format!("indented by {at}, not {indent}: {text}"));
        }
        if let Some(entry) = text.strip_prefix("- ") {
            // What follows the hyphen begins a block of its own.
            if entry.starts_with(['{', '"']) || !entry.contains(':') {
                list.push(flow(entry)?);
                *lines = rest;
            } else {
                let inner: Vec<Line> = std::iter::once((at + 2, entry))
                    .chain(rest.iter().take_while(|(deep, _)| deep > at).copied())
                    .collect();
                *lines = &lines[inner.len()..];
                let mut inner = inner.as_slice();
                list.push(block(&mut inner, at + 2)?);
            }
            continue;
        }
        let (key, value) = text.split_once(':').ok_or(format!("no key: {text}"))?;
        *lines = rest;
        let value = match value.strip_prefix(' ') {
            Some(value) => flow(value)?,
            None if value.is_empty() => {
                let deep = lines.first().map_or(0, |(deep, _)| *deep);
                if deep <= indent {
                    return Err(format!("nothing below {key}"));
                }
                block(lines, deep)?
            }
            None => return Err(format!("no value: {text}")),
        };
        if map.iter().any(|(other, _)| other == key) {
            return Err(format!("{key} twice"));
        }
        map.push((key.to_owned(), value));
    }
    match (list.is_empty(), map.is_empty()) {
        (false, true) => Ok(List(list)),
        (true, false) => Ok(Map(map)),
        _ => Err("a list and a map in one".to_owned()),
    }
}

/// Reads a value in one line.
fn flow(text: &str) -> Result<Node, String> {
    let (node, rest) = value(text)?;
    if rest.is_empty() { Ok(node) } else { Err(format!("more than a value: {text}")) }
}

fn value(text: &str) -> Result<(Node, &str), String> {
    if let Some(rest) = text.strip_prefix("[]") {
        return Ok((List(Vec::new()), rest));
    }
    if let Some(rest) = text.strip_prefix("{}") {
        return Ok((Map(Vec::new()), rest));
    }
    if let Some(rest) = text.strip_prefix('"') {
        let (inner, rest) = rest.split_once('"').ok_or(format!("open quotes: {text}"))?;
        quotable(inner)?;
        return Ok((Node::Text(inner.to_owned()), rest));
    }
    if let Some(mut rest) = text.strip_prefix('{') {
        let mut map: Vec<(String, Node)> = Vec::new();
        loop {
            let (key, after) = rest.split_once(": ").ok_or(format!("no key: {rest}"))?;
            let (node, after) = value(after)?;
            if map.iter().any(|(other, _)| other == key) {
                return Err(format!("{key} twice"));
            }
            map.push((key.to_owned(), node));
            match after.strip_prefix(", ") {
                Some(next) => rest = next,
                None => {
                    let rest = after.strip_prefix('}').ok_or(format!("open braces: {text}"))?;
                    return Ok((Map(map), rest));
                }
            }
        }
    }
    let end = text.find([',', '}']).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let plain = |c: char| c.is_ascii_alphanumeric() || "./-".contains(c);
    if word.is_empty() || !word.chars().all(plain) {
        return Err(format!("no plain word: {text}"));
    }
    Ok((Node::Text(word.to_owned()), rest))
}

impl Node {
    /// The values of a map that has exactly these keys.
    fn of<const N: usize>(&self, keys: [&str; N]) -> Result<[&Self; N], String> {
        let Map(map) = self else { return Err(format!("no map: {self:?}")) };
        if !map.iter().map(|(key, _)| key.as_str()).eq(keys) {
            return Err(format!("not {keys:?}: {self:?}"));
        }
        Ok(std::array::from_fn(|at| &map[at].1))
    }

    fn text(&self) -> Result<&str, String> {
        if let Self::Text(text) = self { Ok(text) } else { Err(format!("no text: {self:?}")) }
    }

    fn list(&self) -> Result<&[Self], String> {
        if let List(list) = self { Ok(list) } else { Err(format!("no list: {self:?}")) }
    }

    /// The group that a selector of pods means.
    fn group(&self) -> Result<u32, String> {
        let [labels] = self.of(["matchLabels"])?;
        let [label] = labels.of(["portcullis/group"])?;
        let number = label.text()?.strip_prefix('g').ok_or(format!("no group: {label:?}"))?;
        number.parse().ok().filter(|read: &u32| read.to_string() == number).ok_or(format!("no group: {number}"))
    }
}

/// Reads a text.
pub fn read(text: &str) -> Result<Read, String> {
    let mut read = Read::default();
    let mut sentences: BTreeSet<String> = BTreeSet::new();
    let mut own: BTreeSet<(u32, String)> = BTreeSet::new();
    let mut ways: BTreeSet<Direction> = BTreeSet::new();
    for text in text.split("\n---\n") {
        let keys = keys(text)?;
        let lines: Vec<Line> = text.lines().filter_map(bare).collect();
        let mut lines = lines.as_slice();
        let document = block(&mut lines, 0)?;
        let [version, kind, metadata, spec] = document.of(["apiVersion", "kind", "metadata", "spec"])?;
        if (version.text()?, kind.text()?) != ("networking.k8s.io/v1", "NetworkPolicy") {
            return Err(format!("no NetworkPolicy: {version:?} {kind:?}"));
        }
        let [name, namespace] = metadata.of(["name", "namespace"])?.map(Node::text);
        let (name, namespace) = (name?, namespace?);
        let direction = if name.ends_with("-ingress") { Direction::Ingress } else { Direction::Egress };
        let [selector, types, rules] = spec.of(["podSelector", "policyTypes", direction.lower()])?;
        let group = selector.group()?;
        if name != format!("portcullis-g{group}-{}", direction.lower()) {
            return Err(format!("{name} of group {group}"));
        }
        let types = types.list()?.iter().map(Node::text).collect::<Result<Vec<&str>, String>>()?;
        let (first, held) = types.split_first().ok_or("no types")?;
        if *first != ["Ingress", "Egress"][usize::from(direction == Direction::Egress)] {
            return Err(format!("{first} for {name}"));
        }
        if let Some(word) = held.iter().find(|sentence| !sentence.starts_with("Held back: ")) {
            return Err(format!("not known: {word}"));
        }
        read.commands.push(format!("{name} in {namespace}"));
        read.commands.extend(held.iter().map(|_| "held back".to_owned()));
        read.held += held.len();
        sentences.insert(held.join("\n"));
        own.insert((group, namespace.to_owned()));
        if !ways.insert(direction) {
            return Err(format!("two policies for {}", direction.lower()));
        }
        let mut rules = rules.list()?;
        if direction == Direction::Egress {
            let (first, rest) = rules.split_first().ok_or("no DNS")?;
            dns(first)?;
            rules = rest;
        }
        if keys.len() != rules.len() {
            return Err(format!("{} flows for {} rules", keys.len(), rules.len()));
        }
        for (key, rule) in keys.into_iter().zip(rules) {
            admit(&mut read.allowed, direction, rule)?;
            read.commands.push(format!("{rule:?}"));
            if !read.flows.insert((direction, key.to_owned())) {
                return Err(format!("{key} twice"));
            }
        }
    }
    if own.len() != 1 || sentences.len() != 1 {
        return Err(format!("policies that do not belong together: {own:?} {sentences:?}"));
    }
    read.refuses = read.held > 0;
    Ok(read)
}

/// A line that says something: without its comment, which only the lines of rules have.
fn bare(line: &str) -> Option<Line<'_>> {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    let text = match text.split_once(" # ") {
        Some((text, _)) if !text.contains('"') => text,
        _ => text,
    };
    (!text.starts_with('#') && !text.is_empty()).then_some((indent, text))
}

/// The keys of the flows, each above its rule and in its first line.
fn keys(text: &str) -> Result<Vec<&str>, String> {
    let mut keys = Vec::new();
    let mut above = "";
    for line in text.lines() {
        let entry = ["    - from: # ", "    - to: # "].iter().find_map(|start| line.strip_prefix(start));
        if let Some(key) = entry {
            if !above.starts_with("    # ") || !above.ends_with(&format!(" ({key})")) {
                return Err(format!("nobody says what {key} is"));
            }
            keys.push(key);
        }
        above = line;
    }
    Ok(keys)
}

/// DNS, and nothing else: both selectors in one entry.
fn dns(rule: &Node) -> Result<(), String> {
    let wanted = flow(
        "{x: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}, y: {protocol: UDP, port: 53}, z: {protocol: TCP, port: 53}}",
    )?;
    let [peer, udp, tcp] = wanted.of(["x", "y", "z"])?.map(Node::clone);
    let wanted = Map(vec![("to".to_owned(), List(vec![peer])), ("ports".to_owned(), List(vec![udp, tcp]))]);
    if *rule == wanted { Ok(()) } else { Err(format!("not DNS: {rule:?}")) }
}

/// What Kubernetes makes of a rule: any of the peers, on any of the ports.
fn admit(allowed: &mut Allowed, direction: Direction, rule: &Node) -> Result<(), String> {
    let end = if direction == Direction::Ingress { "from" } else { "to" };
    let [peers, list] = rule.of([end, "ports"])?;
    let (peers, list) = (peers.list()?, list.list()?);
    if peers.is_empty() || list.is_empty() {
        return Err(format!("everyone, or every port: {rule:?}"));
    }
    for port in list {
        let gate = gate(direction, port)?;
        let mut everyone = BTreeSet::new();
        for peer in peers {
            if let Ok([group]) = peer.of(["podSelector"]) {
                allowed.admit_group(gate, group.group()?);
            } else if let Ok([all]) = peer.of(["namespaceSelector"]) {
                if *all != Map(Vec::new()) {
                    return Err(format!("other namespaces: {peer:?}"));
                }
                everyone.insert("pods");
            } else {
                let [cidr] = peer.of(["ipBlock"])?;
                let [cidr] = cidr.of(["cidr"])?;
                match cidr.text()? {
                    all @ ("0.0.0.0/0" | "::/0") => drop(everyone.insert(all)),
                    network => {
                        // A whole address has its length too; everywhere else it is written without.
                        let (base, length) = network.split_once('/').ok_or(format!("without a length: {network}"))?;
                        let whole = if base.contains(':') { "128" } else { "32" };
                        let place = if length == whole { base } else { network };
                        allowed.admit(gate, span(place).ok_or(format!("not a network: {network}"))?);
                    }
                }
            }
        }
        match everyone.len() {
            0 => {}
            3 => allowed.admit_everyone(gate),
            _ => return Err(format!("a part of everyone: {everyone:?}")),
        }
    }
    Ok(())
}

fn gate(direction: Direction, port: &Node) -> Result<Gate, String> {
    let (protocol, first, last) = match port.of(["protocol", "port", "endPort"]) {
        Ok([protocol, first, last]) => (protocol, first, Some(last)),
        Err(_) => {
            let [protocol, first] = port.of(["protocol", "port"])?;
            (protocol, first, None)
        }
    };
    let protocol = match protocol.text()? {
        "TCP" => Protocol::Tcp,
        "UDP" => Protocol::Udp,
        other => return Err(format!("no protocol: {other}")),
    };
    let range = match last {
        Some(last) => format!("{}-{}", first.text()?, last.text()?),
        None => first.text()?.to_owned(),
    };
    let (first, last) = ports(&range).ok_or(format!("no port: {range}"))?;
    Ok((direction, protocol, first, last))
}
