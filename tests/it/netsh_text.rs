//! Reads printed netsh text, line by line and strictly: every line becomes a statement of a few commands that are known whole, or
//! the text is refused. What the statements do to a host is in `netsh_host.rs`. Runs nothing, and shares nothing with the printer.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::net::{Direction, Protocol};

use crate::allowed::{ports, span};
use crate::reading::Read;

/// A line: conditions, then alternatives (`||`) of sequences (`&&`).
pub struct Statement {
    pub conditions: Vec<Condition>,
    pub alternatives: Vec<Vec<Command>>,
}

/// What must hold for a line to do anything, and whether it must not.
pub enum Condition {
    Defined(String, bool),
    Exists(String, bool),
}

/// One command.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Administrator,
    Echo(String),
    Set(String, String),
    ShowProfiles,
    ShowValue { profile: String, word: String },
    Delete { name: String, direction: Direction },
    DeleteAll(Direction),
    Show(String),
    Add { name: String, direction: Direction, rest: String },
    Rename { from: String, direction: Direction, to: String },
    Export(String),
    Import(String),
    On,
    Policy { profile: String, ingress: String, egress: String },
    MakeFolder(String),
    Erase(String),
    Copy(String, String),
}

const NAMES: [(&str, Direction); 2] =
    [("Portcullis ingress", Direction::Ingress), ("Portcullis egress", Direction::Egress)];
const PROFILES: [&str; 3] = ["domainprofile", "privateprofile", "publicprofile"];
const FOLDER: &str = r"%SystemRoot%\Portcullis";

/// The statements of a text; comments are left out.
pub fn statements(text: &str) -> Result<Vec<Statement>, String> {
    let mut found = Vec::new();
    for line in text.lines() {
        let fail = |why: &str| format!("{why}: {line}");
        // The line that deletes holds what lets the administrators stay.
        let longest = if line.contains("delete rule name=all") { 8000 } else { 4095 };
        if line.len() > longest {
            return Err(fail("a line that may be cut"));
        }
        let body = line.strip_prefix('@').ok_or_else(|| fail("a line that is shown"))?;
        match body.strip_prefix("rem ") {
            Some(comment) if comment.contains(['%', '^', '&', '|', '<', '>', '"', '!']) || comment.starts_with('/') => {
                return Err(fail("a comment that may do something"));
            }
            Some(_) => {}
            None => found.push(statement(body).map_err(|why| fail(&why))?),
        }
    }
    Ok(found)
}

fn statement(text: &str) -> Result<Statement, String> {
    let mut conditions = Vec::new();
    let mut rest = text;
    while let Some(condition) = rest.strip_prefix("if ") {
        let (negated, condition) = match condition.strip_prefix("not ") {
            Some(condition) => (true, condition),
            None => (false, condition),
        };
        if let Some(condition) = condition.strip_prefix("defined ") {
            let (name, after) = condition.split_once(' ').ok_or("a condition without a command")?;
            variable(name)?;
            conditions.push(Condition::Defined(name.to_owned(), negated));
            rest = after;
        } else {
            let condition = condition.strip_prefix("exist \"").ok_or("an unknown condition")?;
            let (path, after) = condition.split_once("\" ").ok_or("a path without its end")?;
            conditions.push(Condition::Exists(own_path(path)?, negated));
            rest = after;
        }
    }
    let alternatives = split(rest, "||")?
        .into_iter()
        .map(|sequence| split(sequence, "&&")?.into_iter().map(command).collect())
        .collect::<Result<_, String>>()?;
    Ok(Statement { conditions, alternatives })
}

/// Splits at an operator outside double quotes.
fn split<'a>(text: &'a str, operator: &str) -> Result<Vec<&'a str>, String> {
    let (mut pieces, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        quoted ^= c == '"';
        if !quoted && at >= start && text[at..].starts_with(operator) {
            pieces.push(text[start..at].trim());
            start = at + operator.len();
        }
    }
    pieces.push(text[start..].trim());
    if quoted { Err("quotes that do not end".to_owned()) } else { Ok(pieces) }
}

fn variable(name: &str) -> Result<(), String> {
    let own = name == "PORTCULLIS"
        || name.strip_prefix("PORTCULLIS_").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_uppercase()));
    if own { Ok(()) } else { Err(format!("a foreign variable: {name}")) }
}

fn own_path(path: &str) -> Result<String, String> {
    let file = path.strip_prefix(FOLDER).ok_or("a foreign folder")?;
    match file {
        "" | r"\before.wfw" | r"\now.wfw" => Ok(path.to_owned()),
        _ => Err(format!("a foreign file: {path}")),
    }
}

/// One of our names, and whether it is the one of new rules.
fn own_name(name: &str, direction: Direction) -> Result<String, String> {
    let base = name.strip_suffix(" new").unwrap_or(name);
    if NAMES.contains(&(base, direction)) { Ok(name.to_owned()) } else { Err(format!("a foreign name: {name}")) }
}

fn direction(word: &str) -> Result<Direction, String> {
    match word {
        "in" => Ok(Direction::Ingress),
        "out" => Ok(Direction::Egress),
        _ => Err(format!("an unknown direction: {word}")),
    }
}

fn quoted(text: &str) -> Result<&str, String> {
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .filter(|text| !text.contains('"'))
        .ok_or_else(|| format!("not one quoted text: {text}"))
}

fn command(text: &str) -> Result<Command, String> {
    if let Some(sentence) = text.strip_prefix("echo ") {
        let plain = sentence.replace("%SystemRoot%", "");
        let harmless = match plain.strip_prefix("netsh advfirewall firewall ") {
            // A rule that is only shown: its quotes must not end early either.
            Some(_) => plain.split('"').step_by(2).all(|outside| !outside.contains(['&', '|', '<', '>', '^', '%'])),
            None => !plain.contains(['&', '|', '<', '>', '^', '%', '"']),
        };
        let said = harmless && plain.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'!');
        return if said { Ok(Command::Echo(sentence.to_owned())) } else { Err(format!("an unsafe sentence: {text}")) };
    }
    if let Some(assignment) = text.strip_prefix("set ") {
        let (name, value) = quoted(assignment)?.split_once('=').ok_or("no assignment")?;
        variable(name)?;
        let plain = value.bytes().all(|b| b.is_ascii_lowercase());
        return if plain {
            Ok(Command::Set(name.to_owned(), value.to_owned()))
        } else {
            Err("an odd value".to_owned())
        };
    }
    // A digit before `>` would be read as the number of a stream.
    let quiet = text.strip_suffix(" >nul 2>&1").or_else(|| text.strip_suffix(" >nul"));
    let (bare, hushed) = (quiet.unwrap_or(text), quiet.is_some());
    let words = ["fltmc", "mkdir", "del", "copy"];
    if !words.iter().any(|word| bare.starts_with(word)) && !bare.starts_with("netsh advfirewall ") {
        return Err(format!("an unknown command: {text}"));
    }
    let command = netsh_or_file(bare)?;
    // What prints Ok a hundred times hides what matters; what is there to be read must be seen.
    let seen = matches!(&command, Command::MakeFolder(_) | Command::Erase(_))
        || command == Command::ShowProfiles && bare != "netsh advfirewall show allprofiles";
    if hushed == seen { Err(format!("its output: {text}")) } else { Ok(command) }
}

fn netsh_or_file(text: &str) -> Result<Command, String> {
    match text {
        "fltmc" => return Ok(Command::Administrator),
        "netsh advfirewall show allprofiles"
        | "netsh advfirewall show allprofiles state"
        | "netsh advfirewall show allprofiles firewallpolicy" => return Ok(Command::ShowProfiles),
        "netsh advfirewall set allprofiles state on" => return Ok(Command::On),
        _ => {}
    }
    let after = |prefix: &str| text.strip_prefix(prefix);
    if let Some(path) = after("mkdir ") {
        return Ok(Command::MakeFolder(own_path(quoted(path)?)?));
    }
    if let Some(path) = after("del ") {
        return Ok(Command::Erase(own_path(quoted(path)?)?));
    }
    if let Some(paths) = after("copy ") {
        let (from, to) = paths.split_once("\" \"").ok_or("not two paths")?;
        return Ok(Command::Copy(own_path(quoted(&format!("{from}\""))?)?, own_path(quoted(&format!("\"{to}"))?)?));
    }
    if let Some(path) = after("netsh advfirewall export ") {
        return Ok(Command::Export(own_path(quoted(path)?)?));
    }
    if let Some(path) = after("netsh advfirewall import ") {
        return Ok(Command::Import(own_path(quoted(path)?)?));
    }
    if let Some(rest) = after("netsh advfirewall set ") {
        let (profile, values) = rest.split_once(" firewallpolicy ").ok_or("an unknown setting")?;
        let (ingress, egress) = values.split_once(',').ok_or("one value where two must be")?;
        if profile != "allprofiles" && !PROFILES.contains(&profile) {
            return Err(format!("an unknown profile: {profile}"));
        }
        let set = |value: &str| value.to_owned();
        return Ok(Command::Policy { profile: set(profile), ingress: set(ingress), egress: set(egress) });
    }
    if let Some(rest) = after("netsh advfirewall show ") {
        let (profile, word) = rest.split_once(" firewallpolicy | find /i ").ok_or("an unknown question")?;
        let known = [",AllowOutbound", ",BlockOutbound", "AllowInbound,", "BlockInbound,", "BlockInboundAlways,"];
        let word = quoted(word)?;
        if !PROFILES.contains(&profile) || !known.contains(&word) {
            return Err(format!("an unknown question: {rest}"));
        }
        return Ok(Command::ShowValue { profile: profile.to_owned(), word: word.to_owned() });
    }
    if let Some(name) = after("netsh advfirewall firewall show rule name=") {
        let name = quoted(name)?;
        let (_, direction) = NAMES.into_iter().find(|(own, _)| *own == name).ok_or("a foreign name")?;
        return Ok(Command::Show(own_name(name, direction)?));
    }
    if let Some(way) = after("netsh advfirewall firewall delete rule name=all dir=") {
        return Ok(Command::DeleteAll(direction(way)?));
    }
    if let Some(rest) = after("netsh advfirewall firewall delete rule name=") {
        let (name, way) = rest.split_once(" dir=").ok_or("a deletion without a direction")?;
        let direction = direction(way)?;
        return Ok(Command::Delete { name: own_name(quoted(name)?, direction)?, direction });
    }
    if let Some(rest) = after("netsh advfirewall firewall set rule name=") {
        let (from, rest) = rest.split_once(" dir=").ok_or("a change without a direction")?;
        let (way, to) = rest.split_once(" new name=").ok_or("a change of something else")?;
        let direction = direction(way)?;
        let [from, to] = [own_name(quoted(from)?, direction)?, own_name(quoted(to)?, direction)?];
        return Ok(Command::Rename { from, direction, to });
    }
    let rest =
        after("netsh advfirewall firewall add rule name=").ok_or_else(|| format!("an unknown command: {text}"))?;
    let (name, rest) = rest.split_once(" dir=").ok_or("a rule without a direction")?;
    let (way, rest) = rest.split_once(' ').ok_or("a rule without conditions")?;
    let direction = direction(way)?;
    Ok(Command::Add { name: own_name(quoted(name)?, direction)?, direction, rest: rest.to_owned() })
}

/// What a rule of a whole policy may match besides flows: key, pieces, and their conditions.
const BASE: [(Direction, &str, &str, &[&str]); 8] = [
    (Direction::Ingress, "icmp", "protocol=ICMPv4:#,any remoteip=any", &["3", "8", "11", "12"]),
    (
        Direction::Ingress,
        "icmpv6",
        "protocol=ICMPv6:#,any remoteip=any",
        &["1", "2", "3", "4", "128", "130", "131", "132", "133", "134", "135", "136", "143"],
    ),
    (Direction::Ingress, "dhcp", "protocol=UDP localport=68 remoteport=67 remoteip=any", &[""]),
    (Direction::Ingress, "dhcpv6", "protocol=UDP localport=546 remoteport=547 remoteip=fe80::/10", &[""]),
    (Direction::Egress, "icmp", "protocol=ICMPv4 remoteip=any", &[""]),
    (Direction::Egress, "icmpv6", "protocol=ICMPv6 remoteip=any", &[""]),
    (Direction::Egress, "dhcp", "protocol=UDP localport=68 remoteport=67 remoteip=any", &[""]),
    (Direction::Egress, "dhcpv6", "protocol=UDP localport=546 remoteport=547 remoteip=fe80::/10,ff02::1:2", &[""]),
];

/// The rule that is there to be deleted.
const OFF: &str = "action=allow enable=no protocol=TCP localport=9 remoteip=localsubnet";

/// Rules that have been read: pieces of each flow, and conditions of each base rule.
#[derive(Default)]
struct Rules {
    pieces: BTreeMap<(Direction, String), Vec<(usize, usize)>>,
    base: BTreeMap<(Direction, String), Vec<String>>,
}

impl Rules {
    fn add(&mut self, read: &mut Read, direction: Direction, rest: &str) -> Result<(), String> {
        if rest == OFF {
            return Ok(());
        }
        let fail = |why: &str| Err(format!("{why}: {rest}"));
        let matches = rest.strip_prefix("action=allow enable=yes profile=any ").ok_or("not an allow rule of ours")?;
        let (matches, description) = matches.split_once(" description=").ok_or("a rule without its flow")?;
        let (label, _) = quoted(description)?.split_once(": ").ok_or("a description without its flow")?;
        let (key, piece) = match label.split_once(' ') {
            None => (label, (1, 1)),
            Some((key, piece)) => {
                let number = |text: &str| text.parse::<usize>().map_err(|why| why.to_string());
                let (at, count) = piece.split_once(" of ").ok_or("an odd piece")?;
                (key, (number(at)?, number(count)?))
            }
        };
        if !key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            return fail("an odd key");
        }
        self.pieces.entry((direction, key.to_owned())).or_default().push(piece);
        if let Some(key) = key.strip_prefix("base-") {
            self.base.entry((direction, key.to_owned())).or_default().push(matches.to_owned());
            return Ok(());
        }
        let words: Vec<&str> = matches.split(' ').collect();
        let [protocol, port, peers] = words[..] else { return fail("not three conditions") };
        // An outgoing rule filters the port of the other end: the local one is a random number.
        let own = if direction == Direction::Ingress { "localport=" } else { "remoteport=" };
        let protocol = match protocol {
            "protocol=TCP" => Protocol::Tcp,
            "protocol=UDP" => Protocol::Udp,
            _ => return fail("a foreign protocol"),
        };
        let Some((first, last)) = port.strip_prefix(own).and_then(ports) else { return fail("not a canonical port") };
        let Some(peers) = peers.strip_prefix("remoteip=") else { return fail("no addresses") };
        let gate = (direction, protocol, first, last);
        for peer in peers.split(',') {
            match span(peer) {
                Some(span) => read.allowed.admit(gate, span),
                None if peers == "any" => read.allowed.admit_everyone(gate),
                None => return fail("not a canonical address"),
            }
        }
        Ok(())
    }

    /// Demands that every flow is whole, and every base rule is what it should be.
    fn finish(self, read: &mut Read) -> Result<(), String> {
        for ((direction, key), pieces) in self.pieces {
            let count = pieces.len();
            if !pieces.iter().copied().eq((1..=count).map(|at| (at, count))) {
                return Err(format!("{key} is not whole, or twice"));
            }
            if !key.starts_with("base-") {
                read.flows.insert((direction, key));
            }
        }
        for ((direction, key), found) in self.base {
            let known = BASE.iter().find(|(of, name, ..)| *of == direction && *name == key);
            let (_, name, pattern, types) = known.ok_or_else(|| format!("an unknown rule: {key}"))?;
            if !found.iter().eq(types.iter().map(|kind| pattern.replace('#', kind)).collect::<Vec<_>>().iter()) {
                return Err(format!("not what {key} should be: {found:?}"));
            }
            read.base.insert((direction, name));
        }
        Ok(())
    }
}

/// Reads a text; the error names the line that does not belong.
pub fn read(text: &str) -> Result<Read, String> {
    let mut read = Read { refuses: true, ..Read::default() };
    let mut rules = Rules::default();
    let mut policies = BTreeSet::new();
    for line in text.lines() {
        let statements = statements(line)?;
        let Some(statement) = statements.first() else { continue };
        let held = line.starts_with("@echo Held back: ");
        read.held += usize::from(held);
        // A whole direction is replaced by one line of several rules.
        let free = |line: &str| {
            let mut parts = line.split(" description=\"");
            let mut free = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                let (description, after) = part.split_once('"').unwrap_or(("", part));
                free += &format!(" {}{after}", description.split_once(": ").map_or("", |(key, _)| key));
            }
            free
        };
        read.commands.push(if held { "@echo Held back".to_owned() } else { free(line) });
        let guarded =
            matches!(statement.conditions.first(), Some(Condition::Defined(name, _)) if name.starts_with("PORTCULLIS"));
        for command in statement.alternatives.iter().flatten() {
            if !guarded && !matches!(command, Command::Echo(_) | Command::Set(..) | Command::Administrator) {
                return Err(format!("it does not ask whether to go on: {line}"));
            }
            match command {
                Command::Set(name, value) if name == "PORTCULLIS" && value == "go" => read.refuses = false,
                Command::Add { direction, rest, .. } => {
                    rules.add(&mut read, *direction, rest).map_err(|why| format!("{why}: {line}"))?;
                }
                Command::Echo(sentence) if sentence.starts_with("netsh advfirewall firewall add rule ") => {
                    let Command::Add { direction, rest, .. } = netsh_or_file(sentence)? else {
                        return Err(format!("not a rule: {line}"));
                    };
                    rules.add(&mut read, direction, &rest).map_err(|why| format!("{why}: {line}"))?;
                }
                Command::DeleteAll(direction) => {
                    read.base.insert((*direction, "others"));
                }
                Command::Policy { profile, ingress, egress } => {
                    policies.insert((profile.clone(), ingress.clone(), egress.clone()));
                }
                _ => {}
            }
        }
    }
    verdicts(&mut read, &policies)?;
    rules.finish(&mut read)?;
    Ok(read)
}

/// What becomes of what no rule lists: said for all profiles at once, or for each with the other direction as it was.
fn verdicts(read: &mut Read, policies: &BTreeSet<(String, String, String)>) -> Result<(), String> {
    let mut said: BTreeSet<(Direction, String)> = BTreeSet::new();
    let mut profiles = BTreeSet::new();
    for (profile, ingress, egress) in policies {
        let kept = format!("%PORTCULLIS_{}%", profile.trim_end_matches("profile").to_ascii_uppercase());
        for (direction, value) in [(Direction::Ingress, ingress), (Direction::Egress, egress)] {
            if *value != kept {
                said.insert((direction, value.clone()));
            }
        }
        profiles.insert(profile.as_str());
    }
    if !(profiles.is_empty() || profiles == BTreeSet::from(["allprofiles"]) || profiles == BTreeSet::from(PROFILES)) {
        return Err("not the settings of all profiles".to_owned());
    }
    for (direction, value) in said {
        let verdict = match (direction, value.as_str()) {
            (Direction::Ingress, "blockinbound") | (Direction::Egress, "blockoutbound") => "drop",
            (Direction::Egress, "allowoutbound") => "accept",
            _ => return Err(format!("an unknown setting: {value}")),
        };
        read.base.insert((direction, verdict));
    }
    Ok(())
}
