//! The texts for Azure's network security groups, read back strictly and without the printers' code: every line must be of a
//! form that is known here, every limit of Azure is kept, and what the rules let through comes out as plain sets. Runs nothing.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::net::{Direction, Protocol};

use crate::allowed::{Span, ports, span};
use crate::reading::{Read, quotable};

/// A rule as Azure has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub name: String,
    pub priority: u32,
    pub direction: Direction,
    pub protocol: Protocol,
    /// First and last port, and the key of the flow that they are for.
    pub ports: Vec<(u16, u16, String)>,
    /// Everyone, networks, or `g4` for a group of ours: as it is written, with commas between.
    pub peers: String,
}

/// The other end of a rule.
#[derive(Debug)]
enum Peer {
    Everyone,
    Group(u32),
    Networks(Vec<Span>),
}

/// How a language writes.
#[derive(Clone, Copy)]
struct Form {
    comment: &'static str,
    quote: char,
    assign: &'static str,
    comma: &'static str,
    /// Around the number of a group that is referred to.
    group: (&'static str, &'static str),
    own: &'static str,
    own_several: &'static str,
}

const BICEP: Form = Form {
    comment: "// ",
    quote: '\'',
    assign: ":",
    comma: "",
    group: ("[{ id: g", ".id }]"),
    own: "AddressPrefix",
    own_several: "ApplicationSecurityGroups",
};

const TERRAFORM: Form = Form {
    comment: "# ",
    quote: '"',
    assign: "=",
    comma: ",",
    group: ("[azurerm_application_security_group.portcullis_g", ".id]"),
    own: "_address_prefix",
    own_several: "_application_security_group_ids",
};

/// What is known of a text so far.
#[derive(Default)]
struct Found {
    read: Read,
    rules: Vec<Rule>,
    /// The number of the text's own group, where it is referred to.
    own: Option<u32>,
    others: BTreeSet<u32>,
}

/// A field with its values, each with the comment above it.
type Fields = BTreeMap<String, Vec<(String, String)>>;

fn known<T>(value: Option<T>, what: &str) -> Result<T, String> {
    value.ok_or_else(|| format!("not known: {what}"))
}

fn expect(line: Option<&str>, wanted: &str) -> Result<(), String> {
    if line == Some(wanted) { Ok(()) } else { Err(format!("not {wanted:?}: {line:?}")) }
}

impl Form {
    fn text<'a>(&self, text: &'a str) -> Result<&'a str, String> {
        let inner = text.strip_prefix(self.quote).and_then(|rest| rest.strip_suffix(self.quote));
        let inner = known(inner, text)?;
        quotable(inner).map(|()| inner)
    }

    /// The fields of a rule up to its last line.
    fn fields(&self, lines: &mut std::str::Lines, indent: &str, end: &str) -> Result<Fields, String> {
        let mut fields = Fields::new();
        let mut above = String::new();
        loop {
            let line = known(lines.next(), "the end")?;
            if line == end {
                return if above.is_empty() { Ok(fields) } else { Err(format!("about nothing: {above}")) };
            }
            // Terraform aligns what stands in neighbouring lines.
            if line.is_empty() && self.quote == '"' {
                continue;
            }
            let line = known(line.strip_prefix(indent).filter(|line| !line.starts_with(' ')), line)?;
            if let Some(comment) = line.strip_prefix(self.comment) {
                above = comment.to_owned();
                continue;
            }
            let (name, value) = known(line.split_once(self.assign), line)?;
            let value = known(value.strip_prefix(' '), line)?;
            let mut values = Vec::new();
            if value == "[" {
                loop {
                    let line = known(lines.next(), "the end")?;
                    if line == format!("{indent}]") {
                        break;
                    }
                    let line = known(line.strip_prefix(&format!("{indent}  ")), line)?;
                    if let Some(comment) = line.strip_prefix(self.comment) {
                        above = comment.to_owned();
                        continue;
                    }
                    values.push((std::mem::take(&mut above), known(line.strip_suffix(self.comma), line)?.to_owned()));
                }
                if values.is_empty() {
                    return Err(format!("an empty list: {line}"));
                }
            } else {
                values.push((std::mem::take(&mut above), value.to_owned()));
            }
            // A word has one name, a list has another.
            let name = name.trim_end();
            if (value == "[") != (name.ends_with("refixes") || name.ends_with("anges")) {
                return Err(format!("{value} in {name}"));
            }
            if fields.insert(name.to_owned(), values).is_some() {
                return Err(format!("{name} twice"));
            }
        }
    }

    /// Reads a rule from its fields; none may be left.
    fn rule(&self, found: &mut Found, mut fields: Fields) -> Result<(), String> {
        let values = |(name, values): (&String, &Vec<(String, String)>)| {
            format!("{name} {:?}", values.iter().map(|(_, value)| value).collect::<Vec<_>>())
        };
        let told = fields.iter().filter(|(name, _)| *name != "description");
        let shown = told.map(values).collect::<Vec<_>>().join(", ");
        let camel = self.quote == '\'';
        let name_of = |name: &str| {
            let snake = |c: char| if c.is_uppercase() { format!("_{}", c.to_lowercase()) } else { c.to_string() };
            if camel { name.to_owned() } else { name.chars().map(snake).collect() }
        };
        let mut take = |name: &str| {
            let (name, several) = (name_of(name), name_of(&format!("{}s", name.replace("Prefix", "Prefixe"))));
            fields.remove(&name).or_else(|| fields.remove(&several))
        };
        let mut word = |name: &str| -> Result<String, String> {
            match known(take(name), name)?.as_slice() {
                [(above, value)] if above.is_empty() => self.text(value).map(str::to_owned),
                other => Err(format!("{name}: {other:?}")),
            }
        };
        let (name, description) = (word("name")?, word("description")?);
        let inner = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !begins
            || !name.chars().all(inner)
            || !name.ends_with(|c: char| c.is_ascii_alphanumeric())
            || name.len() > 80
        {
            return Err(format!("Azure does not take this name: {name}"));
        }
        if description.is_empty() || description.len() > 140 || description != description.trim() {
            return Err(format!("Azure does not take this description: {description}"));
        }
        let (direction, from, to) = match word("direction")?.as_str() {
            "Inbound" => (Direction::Ingress, "source", "destination"),
            "Outbound" => (Direction::Egress, "destination", "source"),
            other => return Err(format!("no direction: {other}")),
        };
        let (protocol, shown_protocol) = match word("protocol")?.as_str() {
            "Tcp" => (Protocol::Tcp, "tcp"),
            "Udp" => (Protocol::Udp, "udp"),
            other => return Err(format!("no protocol: {other}")),
        };
        if word("access")? != "Allow" || word("sourcePortRange")? != "*" {
            return Err("it does not allow, or not from every port".to_owned());
        }
        let mut group = |end: &str| -> Result<Option<u32>, String> {
            let Some(values) = fields.remove(&format!("{end}{}", self.own_several)) else { return Ok(None) };
            let number = values[0].1.strip_prefix(self.group.0).and_then(|rest| rest.strip_suffix(self.group.1));
            known(number.and_then(|number| number.parse().ok()), &values[0].1).map(Some)
        };
        let (own, peer) = (group(to)?, group(from)?);
        if own != found.own {
            return Err(format!("its own end is {own:?}"));
        }
        if own.is_none()
            && fields
                .remove(&format!("{to}{}", self.own))
                .is_none_or(|values| values[0].1 != format!("{0}*{0}", self.quote))
        {
            return Err("its own end is not everything".to_owned());
        }
        let mut take = |name: &str| {
            let (name, several) = (name_of(name), name_of(&format!("{}s", name.replace("Prefix", "Prefixe"))));
            fields.remove(&name).or_else(|| fields.remove(&several))
        };
        let prefixes = take(&format!("{from}AddressPrefix"));
        let shown_peers = match (peer, &prefixes) {
            (Some(number), _) => format!("g{number}"),
            (None, values) => {
                let values = values.iter().flatten().map(|(_, value)| self.text(value));
                values.collect::<Result<Vec<&str>, String>>()?.join(",")
            }
        };
        let peer = match (peer, prefixes) {
            (Some(number), None)
                if found.own.is_some() && (!camel || found.own == Some(number) || found.others.contains(&number)) =>
            {
                Peer::Group(number)
            }
            (None, Some(values)) if values.len() == 1 && self.text(&values[0].1)? == "*" => Peer::Everyone,
            (None, Some(values)) => {
                let networks: Result<Vec<Span>, String> =
                    values.iter().map(|(_, value)| network(self.text(value)?)).collect();
                let networks = apart(networks?)?;
                Peer::Networks(networks)
            }
            other => return Err(format!("no peer: {other:?}")),
        };
        let mut gates = Vec::new();
        for (above, value) in known(take("destinationPortRange"), "ports")? {
            let range = self.text(&value)?;
            let (key, _) = known(above.split_once(": "), &above)?;
            let plain = key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if !plain || !key.ends_with(&format!("-{shown_protocol}-{range}")) {
                return Err(format!("{range} is not of {key}"));
            }
            let (first, last) = known(ports(range), range)?;
            gates.push((first, last, key.to_owned()));
        }
        let mut sorted: Vec<(u16, u16)> = gates.iter().map(|(first, last, _)| (*first, *last)).collect();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0].1 >= pair[1].0) {
            return Err(format!("ports that overlap: {gates:?}"));
        }
        let priority = known(fields.remove("priority").and_then(|values| values[0].1.parse().ok()), "priority")?;
        if !(100..=4096).contains(&priority) {
            return Err(format!("priority {priority}"));
        }
        if !fields.is_empty() {
            return Err(format!("more than is known: {fields:?}"));
        }
        if found.rules.iter().any(|other| other.name == name) {
            return Err(format!("two rules are called {name}"));
        }
        found.read.commands.push(shown);
        for (first, last, key) in &gates {
            let gate = (direction, protocol, *first, *last);
            match &peer {
                Peer::Everyone => found.read.allowed.admit_everyone(gate),
                Peer::Group(number) => found.read.allowed.admit_group(gate, *number),
                Peer::Networks(networks) => networks.iter().for_each(|one| found.read.allowed.admit(gate, *one)),
            }
            found.read.flows.insert((direction, key.clone()));
        }
        found.rules.push(Rule { name, priority, direction, protocol, ports: gates, peers: shown_peers });
        Ok(())
    }
}

/// A network with its length, in the one canonical way.
fn network(text: &str) -> Result<Span, String> {
    let (base, length) = known(text.split_once('/'), text)?;
    let whole = if base.contains(':') { "128" } else { "32" };
    known(span(if length == whole { base } else { text }), text)
}

/// Networks of one family that do not meet: Azure refuses others.
fn apart(networks: Vec<Span>) -> Result<Vec<Span>, String> {
    let mut sorted = networks.clone();
    sorted.sort_unstable();
    let meet = |pair: &[Span]| pair[0].0 != pair[1].0 || pair[0].2 >= pair[1].1;
    if sorted.windows(2).any(meet) {
        Err(format!("networks that cannot meet in a rule: {sorted:?}"))
    } else {
        Ok(networks)
    }
}

/// Whatever is written, no two rules of a direction may have one priority unless the text says so.
fn done(mut found: Found, text: &str) -> Result<(Read, Vec<Rule>), String> {
    let priorities: BTreeSet<(Direction, u32)> =
        found.rules.iter().map(|rule| (rule.direction, rule.priority)).collect();
    if (priorities.len() < found.rules.len()) != text.contains(" have the same priority, ") {
        return Err("two rules of one priority, and nobody says so, or the other way round".to_owned());
    }
    found.read.refuses = found.read.held > 0;
    Ok((found.read, found.rules))
}

/// The comments and empty lines of a text are nobody's business but the reader's.
fn next<'a>(lines: &mut std::str::Lines<'a>, comment: &str) -> Option<&'a str> {
    lines.find(|line| !line.is_empty() && !line.starts_with(comment.trim_end()))
}

/// Reads a Bicep text.
pub fn bicep(text: &str) -> Result<(Read, Vec<Rule>), String> {
    let mut found = Found::default();
    let (form, lines) = (BICEP, &mut text.lines());
    expect(next(lines, form.comment), "param location string = resourceGroup().location")?;
    expect(lines.next(), "param ownRules array = []")?;
    let mut line = next(lines, form.comment);
    while line == Some("@allowed(['filled in'])") {
        let start = format!("param heldBack{} string = ", found.read.held);
        found.read.held += 1;
        let sentence = known(lines.next().and_then(|line| line.strip_prefix(&start)), &start)?;
        if !form.text(sentence)?.starts_with("Held back: ") {
            return Err(format!("not known: {sentence}"));
        }
        line = next(lines, form.comment);
    }
    let mut called = None;
    while let Some(number) = line.and_then(|line| line.strip_prefix("resource g")) {
        let number = number.strip_suffix(" 'Microsoft.Network/applicationSecurityGroups@2024-05-01' = {");
        let number: u32 = known(number.and_then(|number| number.parse().ok()), "a group")?;
        let name = form.text(known(lines.next().and_then(|line| line.strip_prefix("  name: ")), "a name")?)?;
        let prefix = known(name.strip_suffix(&number.to_string()), name)?;
        match &called {
            None => {
                found.own = Some(number);
                called = Some((prefix, name));
            }
            Some((before, _)) if *before == prefix => drop(found.others.insert(number)),
            Some(_) => return Err(format!("called otherwise: {name}")),
        }
        expect(lines.next(), "  location: location")?;
        expect(lines.next(), "}")?;
        line = next(lines, form.comment);
    }
    expect(line, "resource nsg 'Microsoft.Network/networkSecurityGroups@2024-05-01' = {")?;
    let name = form.text(known(lines.next().and_then(|line| line.strip_prefix("  name: ")), "a name")?)?;
    if called.is_some_and(|(_, own)| own != name) {
        return Err(format!("called otherwise: {name}"));
    }
    found.read.commands.push(format!("group {name} {:?} {:?}", found.own, found.others));
    for wanted in ["  location: location", "  properties: {", "    securityRules: concat(ownRules, ["] {
        expect(lines.next(), wanted)?;
    }
    loop {
        match lines.next() {
            Some("      {") => {
                let name =
                    known(lines.next().and_then(|line| line.strip_prefix("        name: ")), "a name")?.to_owned();
                expect(lines.next(), "        properties: {")?;
                let mut fields = form.fields(lines, "          ", "        }")?;
                expect(lines.next(), "      }")?;
                fields.insert("name".to_owned(), vec![(String::new(), name)]);
                form.rule(&mut found, fields)?;
            }
            other => {
                expect(other, "    ])")?;
                break;
            }
        }
    }
    for wanted in ["  }", "}"] {
        expect(lines.next(), wanted)?;
    }
    match lines.next() {
        None => done(found, text),
        more => Err(format!("more than is known: {more:?}")),
    }
}

/// Reads a Terraform text.
pub fn terraform(text: &str) -> Result<(Read, Vec<Rule>), String> {
    let mut found = Found::default();
    let (form, lines) = (TERRAFORM, &mut text.lines());
    let label = |line: Option<&str>, kind: &str| {
        let label = line.and_then(|line| line.strip_prefix(&format!("resource \"{kind}\" \""))?.strip_suffix("\" {"));
        label.map(str::to_owned)
    };
    let mut line = next(lines, form.comment);
    let place = |lines: &mut std::str::Lines, own: &str, read: &mut Read| -> Result<u32, String> {
        let number = known(own.strip_prefix("portcullis_g").and_then(|number| number.parse().ok()), own)?;
        let name = known(lines.next().and_then(|line| line.strip_prefix("  name                = ")), "a name")?;
        known(form.text(name)?.strip_suffix(&u32::to_string(&number)), name)?;
        expect(lines.next(), "  location            = var.location")?;
        expect(lines.next(), "  resource_group_name = var.resource_group_name")?;
        read.commands.push(format!("{own} {name}"));
        Ok(number)
    };
    if let Some(own) = label(line, "azurerm_application_security_group") {
        found.own = Some(place(lines, &own, &mut found.read)?);
        expect(lines.next(), "}")?;
        line = next(lines, form.comment);
    }
    let own = known(label(line, "azurerm_network_security_group"), "a group")?;
    let number = place(lines, &own, &mut found.read)?;
    if found.own.is_some_and(|own| own != number) {
        return Err("two groups".to_owned());
    }
    match lines.next() {
        Some("}") => {}
        Some("") => held(lines, &own, &mut found.read)?,
        other => return Err(format!("not known: {other:?}")),
    }
    while let Some(line) = next(lines, form.comment) {
        let name = known(label(Some(line), "azurerm_network_security_rule"), line)?;
        let mut fields = form.fields(lines, "  ", "}")?;
        let mut is = |field: &str, wanted: &str| match fields.remove(field).as_deref() {
            Some([(above, value)]) if above.is_empty() && value == wanted => Ok(()),
            other => Err(format!("{field}: {other:?}")),
        };
        is("resource_group_name", "var.resource_group_name")?;
        is("network_security_group_name", &format!("azurerm_network_security_group.{own}.name"))?;
        form.rule(&mut found, fields)?;
        let called = found.rules.last().map(|rule| format!("{own}_{}", rule.name.replace('-', "_")));
        if called.as_ref() != Some(&name) {
            return Err(format!("{name} is called {called:?}"));
        }
    }
    done(found, text)
}

/// The part that keeps Terraform from changing anything.
fn held(lines: &mut std::str::Lines, own: &str, read: &mut Read) -> Result<(), String> {
    for wanted in [
        "  lifecycle {",
        "    precondition {",
        &format!("      condition     = length(local.{own}_held_back) == 0"),
        &format!(
            "      error_message = join(\" \", concat([\"Nothing was changed. Fill in what is missing on the page.\"], local.{own}_held_back))"
        ),
        "    }",
        "  }",
        "}",
        "",
        "locals {",
        &format!("  {own}_held_back = ["),
    ] {
        expect(lines.next(), wanted)?;
    }
    loop {
        match known(lines.next(), "the end")?.trim_start() {
            "]" => return expect(lines.next(), "}"),
            line => {
                let sentence = TERRAFORM.text(known(line.strip_suffix(','), line)?)?;
                known(sentence.strip_prefix("Held back: "), sentence)?;
                read.held += 1;
            }
        }
    }
}

/// Reads a script for the command line.
pub fn cli(text: &str) -> Result<(Read, Vec<Rule>), String> {
    let inside = text.strip_prefix("sh <<'PORTCULLIS'\n").and_then(|text| text.strip_suffix("PORTCULLIS\n"));
    let inside = known(inside, "one here-document")?;
    let (head, frame) = known(inside.split_once("main() {\n"), "the steps")?;
    let mut found = Found::default();
    for line in frame.lines() {
        if let Some(sentence) = line.strip_prefix("  say 'Held back: ").and_then(|rest| rest.strip_suffix(".' >&2")) {
            quotable(sentence)?;
            found.read.held += 1;
            continue;
        }
        // What a group is called on the page follows a look-up, for people.
        let line = match line.strip_prefix("  look_up ").and_then(|line| line.split_once(" # ")) {
            Some((number, name)) => {
                quotable(name)?;
                let number = known(number.parse().ok(), number)?;
                match found.own {
                    None => found.own = Some(number),
                    Some(_) => drop(found.others.insert(number)),
                }
                line.split(" # ").next().unwrap_or(line)
            }
            None => line,
        };
        found.read.commands.push(line.to_owned());
    }
    let mut lines = head.lines().skip_while(|line| line.starts_with("# "));
    if let Some(line) = lines.next() {
        expect(Some(line), "rules() {")?;
        expect(lines.next(), "cat <<'RULES'")?;
        let rules = known(head.split_once("RULES'\n").and_then(|(_, rest)| rest.strip_suffix("RULES\n}\n")), "rules")?;
        let mut fields = Fields::new();
        let mut list = None;
        for line in rules.lines() {
            if let Some(words) = line.strip_prefix("rule ") {
                if !fields.is_empty() {
                    BICEP.rule(&mut found, std::mem::take(&mut fields))?;
                }
                let words: Vec<&str> = words.splitn(5, ' ').collect();
                let [name, priority, direction, protocol, description] = words[..] else {
                    return Err(format!("too short: {line}"));
                };
                let of = |value: &str| vec![(String::new(), value.to_owned())];
                let quoted = |value: &str| of(&format!("'{value}'"));
                fields.insert("priority".to_owned(), of(priority));
                let own = [("name", name), ("direction", direction), ("protocol", protocol), ("access", "Allow")];
                for (field, value) in own.into_iter().chain([("description", description), ("sourcePortRange", "*")]) {
                    fields.insert(field.to_owned(), quoted(value));
                }
                list = None;
            } else if let Some(argument) = line.strip_prefix("--") {
                let end = argument.split('-').next().unwrap_or(argument);
                let field = match argument.strip_prefix(end) {
                    Some("-asgs") => "ApplicationSecurityGroups",
                    Some("-address-prefixes") => "AddressPrefixes",
                    Some("-port-ranges") => "PortRanges",
                    _ => return Err(format!("not known: {line}")),
                };
                list = Some(format!("{end}{field}"));
            } else {
                let field = known(list.clone(), line)?;
                let (field, above, value) = match (field.ends_with("PortRanges"), line) {
                    (true, _) => {
                        let (range, flow) = known(line.split_once(' '), line)?;
                        (field, flow.to_owned(), format!("'{range}'"))
                    }
                    (_, "*") => (field.replace("Prefixes", "Prefix"), String::new(), "'*'".to_owned()),
                    _ if field.ends_with("Groups") => {
                        let number = known(line.strip_prefix('g'), line)?;
                        (field, String::new(), format!("[{{ id: g{number}.id }}]"))
                    }
                    _ => (field, String::new(), format!("'{line}'")),
                };
                fields.entry(field).or_default().push((above, value));
            }
        }
        if !fields.is_empty() {
            BICEP.rule(&mut found, fields)?;
        }
    }
    let stops = found.read.commands.iter().any(|line| line.starts_with("  stop 'Fill in"));
    if !inside.ends_with("\n}\nmain \"$@\"\n") || stops != (found.read.held > 0) {
        return Err("not framed as the others".to_owned());
    }
    done(found, text)
}
