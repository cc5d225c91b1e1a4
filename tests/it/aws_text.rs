//! The texts for AWS security groups, read back strictly and without the printers' code: every line must be of a form that is
//! known here, and what its rules let through comes out as plain sets. Runs nothing.

use std::collections::BTreeSet;

use portcullis::net::{Direction, Protocol};

use crate::allowed::{Allowed, ports, span};
use crate::reading::{Read, quotable};

/// A rule as AWS has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tuple {
    pub direction: Direction,
    pub protocol: Protocol,
    pub first: u16,
    pub last: u16,
    /// A network with its length, or `g4` for a group of ours.
    pub peer: String,
}

/// What the rules of a text are: what they let through, once each.
fn allowed(tuples: &[Tuple]) -> Result<Allowed, String> {
    let once: BTreeSet<&Tuple> = tuples.iter().collect();
    if once.len() != tuples.len() {
        return Err("a rule twice: AWS refuses the second one".to_owned());
    }
    let mut allowed = Allowed::default();
    for Tuple { direction, protocol, first, last, peer } in once {
        let gate = (*direction, *protocol, *first, *last);
        let everyone = ["0.0.0.0/0", "::/0"];
        if let Some(at) = everyone.iter().position(|all| all == peer) {
            let both = tuples.iter().any(|other| {
                other.peer == everyone[1 - at]
                    && (other.direction, other.protocol, other.first, other.last)
                        == (*direction, *protocol, *first, *last)
            });
            if !both {
                return Err(format!("everyone, but of one family only: {peer}"));
            }
            allowed.admit_everyone(gate);
        } else if let Some(group) = peer.strip_prefix('g') {
            allowed.admit_group(gate, group.parse().map_err(|_| format!("no group: {peer}"))?);
        } else {
            // A whole address has its length too; everywhere else it is written without.
            let (base, length) = peer.split_once('/').ok_or(format!("without a length: {peer}"))?;
            let whole = if base.contains(':') { "128" } else { "32" };
            let place = if length == whole { base } else { peer };
            allowed.admit(gate, span(place).ok_or(format!("not a network: {peer}"))?);
        }
    }
    Ok(allowed)
}

/// The direction in the words of all three languages.
fn direction(word: &str) -> Result<Direction, String> {
    match word {
        "ingress" | "Ingress" => Ok(Direction::Ingress),
        "egress" | "Egress" => Ok(Direction::Egress),
        other => Err(format!("no direction: {other}")),
    }
}

fn protocol(word: &str) -> Result<Protocol, String> {
    match word {
        "tcp" => Ok(Protocol::Tcp),
        "udp" => Ok(Protocol::Udp),
        other => Err(format!("no protocol: {other}")),
    }
}

fn port(text: &str) -> Result<u16, String> {
    ports(text).filter(|(first, last)| first == last).map(|(port, _)| port).ok_or(format!("no port: {text}"))
}

/// A description as AWS takes it, which begins with the key of a flow.
fn described(text: &str, key: &str) -> Result<(), String> {
    quotable(text)?;
    let known = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}$*".contains(c);
    if text.len() > 255 || !text.chars().all(known) || text != text.trim() {
        return Err(format!("AWS does not take this description: {text}"));
    }
    if !text.starts_with(&format!("{key}:")) { Err(format!("not about {key}: {text}")) } else { Ok(()) }
}

/// The key at the end of a comment about a flow.
fn key_of(comment: &str) -> Option<&str> {
    let key = comment.strip_suffix(')')?.rsplit_once('(')?.1;
    let plain = key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (plain && key.starts_with('g') && key.contains("-g") && comment.contains(" to ")).then_some(key)
}

/// The text between quotes.
fn quoted(text: &str) -> Result<&str, String> {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let inner = inner.ok_or(format!("not in quotes: {text}"))?;
    quotable(inner).map(|()| inner)
}

/// What is read, piece by piece.
#[derive(Default)]
struct Reader<'a> {
    read: Read,
    tuples: Vec<Tuple>,
    /// Flows named since the last rule.
    told: Vec<&'a str>,
    names: BTreeSet<String>,
}

impl<'a> Reader<'a> {
    /// A comment line.
    fn comment(&mut self, text: &'a str) {
        if let Some(key) = key_of(text).filter(|_| !text.contains("Held back: ")) {
            self.told.push(key);
        }
    }

    /// A rule: its own name, the key beside it, and what it is.
    fn rule(&mut self, name: &str, key: &str, tuple: Tuple) -> Result<(), String> {
        if !self.names.insert(name.to_owned()) {
            return Err(format!("two rules are called {name}"));
        }
        for key in std::mem::take(&mut self.told) {
            if !self.read.flows.insert((tuple.direction, key.to_owned())) {
                return Err(format!("{key} is named twice"));
            }
        }
        if !self.read.flows.contains(&(tuple.direction, key.to_owned())) {
            return Err(format!("{key} stands beside a rule, and nobody has said what it is"));
        }
        self.read.commands.push(format!("{name} {tuple:?}"));
        self.tuples.push(tuple);
        Ok(())
    }

    fn done(mut self) -> Result<(Read, Vec<Tuple>), String> {
        if !self.told.is_empty() {
            return Err(format!("no rule for {:?}", self.told));
        }
        self.read.allowed = allowed(&self.tuples)?;
        self.read.refuses = self.read.held > 0;
        Ok((self.read, self.tuples))
    }
}

/// A block of Terraform: its first line without the brace, and its attributes.
fn attribute<'a>(line: Option<&'a str>, name: &str) -> Result<&'a str, String> {
    let line = line.ok_or("the text ends")?;
    let (found, value) = line.trim_start().split_once('=').ok_or(format!("no attribute: {line}"))?;
    if found.trim_end() != name || !line.starts_with("  ") || !value.starts_with(' ') {
        return Err(format!("{name} is missing: {line}"));
    }
    Ok(&value[1..])
}

fn expect(line: Option<&str>, wanted: &str) -> Result<(), String> {
    if line == Some(wanted) { Ok(()) } else { Err(format!("not {wanted:?}: {line:?}")) }
}

/// Reads a Terraform text.
pub fn terraform(text: &str) -> Result<(Read, Vec<Tuple>), String> {
    let mut reader = Reader::default();
    let mut lines = text.lines();
    let mut own = None;
    while let Some(line) = lines.next() {
        if line.is_empty() {
            continue;
        }
        if let Some(comment) = line.strip_prefix("# ") {
            reader.comment(comment);
            continue;
        }
        if let Some(name) =
            line.strip_prefix("resource \"aws_security_group\" \"").and_then(|rest| rest.strip_suffix("\" {"))
        {
            let number = name.strip_prefix("portcullis_g").ok_or(format!("not ours: {name}"))?;
            if own.replace(name).is_some() {
                return Err("two groups".to_owned());
            }
            let called = quoted(attribute(lines.next(), "name")?)?;
            let about = quoted(attribute(lines.next(), "description")?)?;
            let vpc = attribute(lines.next(), "vpc_id")?;
            let tag = attribute(lines.next(), "tags")?;
            let tag =
                tag.strip_prefix("{ Name = ").and_then(|tag| tag.strip_suffix(" }")).ok_or(format!("no tag: {tag}"))?;
            quoted(tag)?;
            reader.read.commands.push(format!("group {name} {called} {about} {vpc}"));
            if called.ends_with(number) && about == format!("Group {number} of Portcullis") {
                match lines.next() {
                    Some("}") => continue,
                    Some("") => held(&mut lines, name, &mut reader)?,
                    other => return Err(format!("not known: {other:?}")),
                }
                continue;
            }
            return Err(format!("called {called}, {about}"));
        }
        let rest = line.strip_prefix("resource \"aws_vpc_security_group_").ok_or(format!("not known: {line}"))?;
        let (way, rest) = rest.split_once("_rule\" \"").ok_or(format!("not known: {line}"))?;
        let (name, key) = rest.split_once("\" { # ").ok_or(format!("not known: {line}"))?;
        let own = own.ok_or("a rule before its group")?;
        if !name.starts_with(&format!("{own}_{way}_")) || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        {
            return Err(format!("a strange name: {name}"));
        }
        if attribute(lines.next(), "security_group_id")? != format!("aws_security_group.{own}.id") {
            return Err("a rule of another group".to_owned());
        }
        let line = lines.next().ok_or("the text ends")?;
        let peer = match line.trim_start().split(' ').next().unwrap_or_default() {
            "referenced_security_group_id" => {
                let value = attribute(Some(line), "referenced_security_group_id")?;
                let number =
                    value.strip_prefix("aws_security_group.portcullis_g").and_then(|rest| rest.strip_suffix(".id"));
                format!("g{}", number.ok_or(format!("no group: {line}"))?)
            }
            family @ ("cidr_ipv4" | "cidr_ipv6") => {
                let network = quoted(attribute(Some(line), family)?)?;
                if network.contains(':') != (family == "cidr_ipv6") {
                    return Err(format!("of the other family: {line}"));
                }
                network.to_owned()
            }
            other => return Err(format!("no peer: {other}")),
        };
        let tuple = Tuple {
            direction: direction(way)?,
            peer,
            protocol: protocol(quoted(attribute(lines.next(), "ip_protocol")?)?)?,
            first: port(attribute(lines.next(), "from_port")?)?,
            last: port(attribute(lines.next(), "to_port")?)?,
        };
        described(quoted(attribute(lines.next(), "description")?)?, key)?;
        expect(lines.next(), "}")?;
        reader.rule(name, key, tuple)?;
    }
    own.ok_or("no group")?;
    reader.done()
}

/// The part that keeps Terraform from changing anything.
fn held(lines: &mut std::str::Lines, own: &str, reader: &mut Reader) -> Result<(), String> {
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
        match lines.next().map(str::trim_start) {
            Some("]") => return expect(lines.next(), "}"),
            Some(line) => {
                let sentence = quoted(line.strip_suffix(',').ok_or(format!("no sentence: {line}"))?)?;
                if !sentence.starts_with("Held back: ") {
                    return Err(format!("not known: {sentence}"));
                }
                reader.read.held += 1;
            }
            None => return Err("the text ends".to_owned()),
        }
    }
}

/// The value of a line of YAML, if it begins like that.
fn value<'a>(line: Option<&'a str>, start: &str) -> Result<&'a str, String> {
    line.and_then(|line| line.strip_prefix(start)).ok_or(format!("not {start:?}: {line:?}"))
}

/// Reads a CloudFormation text.
pub fn cloudformation(text: &str) -> Result<(Read, Vec<Tuple>), String> {
    let mut reader = Reader::default();
    let mut lines = text.lines().peekable();
    while let Some(comment) = lines.next_if(|line| line.starts_with("# ")) {
        quotable(&comment.replace(['"', '$'], ""))?;
    }
    expect(lines.next(), "AWSTemplateFormatVersion: \"2010-09-09\"")?;
    quoted(value(lines.next(), "Description: ")?)?;
    expect(lines.next(), "Parameters:")?;
    let mut parameters: Vec<&str> = Vec::new();
    while let Some(line) = lines.next_if(|line| line.starts_with("  ")) {
        let name = value(Some(line), "  ")?.strip_suffix(':').ok_or(format!("no parameter: {line}"))?;
        expect(lines.next(), "    Type: AWS::EC2::SecurityGroup::Id")?;
        quoted(value(lines.next(), "    Description: ")?)?;
        reader.read.commands.push(format!("parameter {name}"));
        if parameters.contains(&name) {
            return Err(format!("{name} twice"));
        }
        parameters.push(name);
    }
    let own = *parameters.first().ok_or("no parameters")?;
    if lines.next_if_eq(&"Rules:").is_some() {
        expect(lines.next(), "  HeldBack:")?;
        expect(lines.next(), "    Assertions:")?;
        while lines
            .next_if_eq(&format!("      - Assert: {{\"Fn::Equals\": [{{Ref: {own}}}, \"filled in\"]}}").as_str())
            .is_some()
        {
            let sentence = quoted(value(lines.next(), "        AssertDescription: ")?)?;
            reader.read.held += usize::from(sentence.starts_with("Held back: "));
        }
    }
    expect(lines.next(), "Resources:")?;
    while let Some(line) = lines.next() {
        let line = value(Some(line), "  ")?;
        if let Some(comment) = line.strip_prefix("# ") {
            reader.comment(comment);
            continue;
        }
        if line == "NoRule:" {
            expect(lines.next(), "    Type: AWS::CloudFormation::WaitConditionHandle")?;
            expect(lines.next(), &format!("    Metadata: {{Group: {{Ref: {own}}}}}"))?;
            if lines.peek().is_some() || !reader.tuples.is_empty() {
                return Err("there are rules".to_owned());
            }
            continue;
        }
        let (name, key) = line.split_once(": # ").ok_or(format!("not known: {line}"))?;
        if !name.bytes().all(|b| b.is_ascii_alphanumeric()) || name.len() > 255 {
            return Err(format!("a strange name: {name}"));
        }
        let way = value(lines.next(), "    Type: AWS::EC2::SecurityGroup")?;
        expect(lines.next(), "    Properties:")?;
        expect(lines.next(), &format!("      GroupId: {{Ref: {own}}}"))?;
        let protocol = protocol(value(lines.next(), "      IpProtocol: ")?)?;
        let first = port(value(lines.next(), "      FromPort: ")?)?;
        let last = port(value(lines.next(), "      ToPort: ")?)?;
        let line = lines.next();
        let end = if way == "Ingress" { "Source" } else { "Destination" };
        let peer = match value(line, "      ")?.split_once(": ") {
            Some(("CidrIp", network)) if !network.contains(':') => quoted(network)?.to_owned(),
            Some(("CidrIpv6", network)) if network.contains(':') => quoted(network)?.to_owned(),
            Some((field, group)) if field == format!("{end}SecurityGroupId") => {
                let name = group.strip_prefix("{Ref: ").and_then(|group| group.strip_suffix('}'));
                let name = name.filter(|name| parameters.contains(name)).ok_or(format!("no parameter: {group}"))?;
                name.to_lowercase()
            }
            other => return Err(format!("no peer: {other:?}")),
        };
        described(quoted(value(lines.next(), "      Description: ")?)?, key)?;
        let tuple = Tuple { direction: direction(way)?, protocol, first, last, peer };
        reader.rule(name, key, tuple)?;
    }
    reader.done()
}

/// Reads a text for the command line: the frame that every shell text has, then our rules, then steps that are the same for all.
pub fn cli(text: &str) -> Result<(Read, Vec<Tuple>), String> {
    let inside = text.strip_prefix("sh <<'PORTCULLIS'\n").and_then(|text| text.strip_suffix("PORTCULLIS\n"));
    let inside = inside.ok_or("not one here-document")?;
    let mut reader = Reader::default();
    let mut lines = inside.lines().peekable();
    while lines.next_if(|line| line.starts_with("# ")).is_some() {}
    if lines.next_if_eq(&"rules() {").is_some() {
        expect(lines.next(), "cat <<'RULES'")?;
        loop {
            let line = lines.next().ok_or("the text ends")?;
            if line == "RULES" {
                break;
            }
            if let Some(comment) = line.strip_prefix("# ") {
                reader.comment(comment);
                continue;
            }
            let mut words = line.splitn(6, ' ');
            let mut word = || words.next().ok_or(format!("too short: {line}"));
            let (way, transport, first, last) = (word()?, word()?, word()?, word()?);
            let (peer, text) = (word()?.to_owned(), word()?);
            let key = text.split(':').next().unwrap_or_default();
            described(text, key)?;
            let (direction, protocol) = (direction(way)?, protocol(transport)?);
            let tuple = Tuple { direction, protocol, first: port(first)?, last: port(last)?, peer };
            reader.rule(&format!("{tuple:?}"), key, tuple)?;
        }
        expect(lines.next(), "}")?;
    }
    expect(lines.next(), "main() {")?;
    let mut found = Vec::new();
    for line in lines {
        if let Some(sentence) = line.strip_prefix("  say 'Held back: ").and_then(|rest| rest.strip_suffix(".' >&2")) {
            quotable(sentence)?;
            reader.read.held += 1;
            continue;
        }
        // What a group is called on the page follows a look-up, for people.
        let line = match line.strip_prefix("  look_up ").and_then(|line| line.split_once(" # ")) {
            Some((words, name)) => quotable(name).map(|()| words)?,
            None => line,
        };
        reader.read.commands.push(line.to_owned());
        if let Some((group, _)) = line.split_once(" '").filter(|(group, _)| group.starts_with('g')) {
            found.push(group.to_owned());
        }
    }
    if let Some(lost) = reader.tuples.iter().find(|tuple| tuple.peer.starts_with('g') && !found.contains(&tuple.peer)) {
        return Err(format!("nobody looks up {}", lost.peer));
    }
    let refuses = reader.read.commands.iter().any(|line| line.starts_with("  stop 'Fill in"));
    if !inside.ends_with("\n}\nmain \"$@\"\n") || refuses != (reader.read.held > 0) {
        return Err("not framed as the others".to_owned());
    }
    reader.done()
}
