//! Reads a text back before it is copied: what it lets through, compared with the rules it is for. Shares nothing with what
//! prints, and believes nothing that it cannot read.
//!
//! A text is a *frame* (checks, loading, messages: the same for everybody) around *rules*. The rules are read, word by word.
//! The frame is recognised: it must be, to the byte, one of those that the project's tests know ([`frames`]): the same tests run
//! these texts in real firewalls, where there are such firewalls to run them. So a text of which one line is not understood is
//! not copied.

mod aws_cli;
mod aws_cloudformation;
mod aws_terraform;
mod azure;
mod azure_bicep;
mod azure_cli;
mod azure_terraform;
mod firewalld;
pub mod frames;
mod gcp;
mod gcp_cli;
mod gcp_terraform;
mod iptables;
mod kubernetes;
mod netsh;
mod nftables;
mod powershell;
mod ufw;

use std::fmt::{Display, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::net::{Address, Addresses, Direction, Protocol};
use crate::order::sort_by;
use crate::rule::{Enforcement, Rule, Ruleset};

/// What was read, and how it differs from what was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readback {
    /// Ways that the text opens: an address or block of the other end, a protocol, a port or range.
    pub openings: usize,
    /// Why the text as a whole is not understood, in a sentence: then nothing is known about what it does.
    pub unread: Option<String>,
    /// Flows that the text does not let through, or not from everywhere, in words.
    pub missing: Vec<String>,
    /// What it lets through besides, in words.
    pub extra: Vec<String>,
}

impl Readback {
    /// True if the text says exactly what it should.
    pub fn agrees(&self) -> bool {
        self.unread.is_none() && self.missing.is_empty() && self.extra.is_empty()
    }
}

/// A way into or out of a machine: first and last port of the listener, both included.
type Gate = (Direction, Protocol, u16, u16);

/// What an address or a reference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
    /// A group of the deployment, by its number.
    Group,
}

/// Addresses of one family, or groups, both ends included, as numbers.
type Span = (End, u128, u128);

/// Everybody, in both families.
const EVERYONE: [Span; 2] = [(End::V4, 0, u32::MAX as u128), (End::V6, 0, u128::MAX)];

/// Who may pass what.
type Opening = (Gate, Span);

/// What a text is to do with the rules it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Puts them in place.
    Opens,
    /// Only looks that they are in place: it opens nothing, but refuses to run where something is held back.
    Looks,
    /// Takes them out.
    Removes,
}

/// Who reads which language, one file each.
const READERS: [&Reader; 15] = [
    &aws_cli::READER,
    &aws_cloudformation::READER,
    &aws_terraform::READER,
    &azure_bicep::READER,
    &azure_cli::READER,
    &azure_terraform::READER,
    &firewalld::READER,
    &gcp_cli::READER,
    &gcp_terraform::READER,
    &iptables::READER,
    &kubernetes::READER,
    &netsh::READER,
    &nftables::READER,
    &powershell::READER,
    &ufw::READER,
];

/// Who reads one language.
struct Reader {
    /// The identifier of its dialect.
    dialect: &'static str,
    /// Reads a whole text; `None` where a line of it makes no sense.
    read: for<'a> fn(&mut Reading<'a>, &'a str) -> Option<()>,
}

/// What a text was asked for.
pub struct Asked<'a> {
    /// The identifier of its firewall language.
    pub dialect: &'static str,
    /// Which of the texts of that language it is: its name.
    pub kind: &'static str,
    /// What that one is to do.
    pub task: Task,
    /// The rules it is for.
    pub ruleset: &'a Ruleset,
    /// The directions it covers.
    pub directions: &'a [Direction],
    /// The directions in which it refers to groups of ours in place of their addresses.
    pub refers: &'a [Direction],
}

impl Asked<'_> {
    /// What a text says around its rules, as a number that no other kind of text, policy or direction has; `None` if the text
    /// cannot be read.
    pub fn frame(&self, text: &str) -> Option<u32> {
        self.read(text).ok().map(|reading| reading.frame)
    }

    fn read<'a>(&self, text: &'a str) -> Result<Reading<'a>, String> {
        let own = match self.ruleset.point {
            Enforcement::Host(group) | Enforcement::CloudGroup(group) | Enforcement::Pods(group) => group,
            Enforcement::Device(_) => 0,
        };
        let mut reading =
            Reading { own, openings: Vec::new(), held: 0, refuses: false, frame: 0x811c_9dc5, line: 0, last: "" };
        for word in [self.dialect, self.kind, self.ruleset.policy.name()] {
            reading.hash(word);
        }
        for direction in self.directions {
            reading.hash(direction.lower());
        }
        if self.ruleset.drops_outgoing {
            reading.hash("drops");
        }
        let reader =
            READERS.iter().find(|reader| reader.dialect == self.dialect).ok_or("Nobody reads this language back.")?;
        match (reader.read)(&mut reading, text) {
            Some(()) => Ok(reading),
            None => Err(format!("Line {} cannot be read.", reading.line)),
        }
    }

    /// What a rule asks for, on its own; empty where it is held back.
    fn spans(&self, rule: &Rule) -> Vec<Span> {
        let number = |ip: &IpAddr| match ip {
            IpAddr::V4(ip) => (End::V4, u128::from(ip.to_bits()), 32),
            IpAddr::V6(ip) => (End::V6, ip.to_bits(), 128),
        };
        let peer = rule.peer();
        match &peer.addresses {
            Addresses::Any => EVERYONE.to_vec(),
            _ if peer.ours && self.refers.contains(&rule.direction) => {
                vec![(End::Group, peer.group.into(), peer.group.into())]
            }
            Addresses::Missing => Vec::new(),
            Addresses::Known(list) => list
                .iter()
                .filter_map(|address| match address {
                    Address::Host(ip) => Some((number(ip).0, number(ip).1, number(ip).1)),
                    Address::Range(first, last) => Some((number(first).0, number(first).1, number(last).1)),
                    Address::Prefix(ip, length) => {
                        let (family, first, bits) = number(ip);
                        Some((family, first, first | ones(bits - u32::from(*length))))
                    }
                    // No firewall of a host takes names: they are left out, and said to be.
                    Address::Name(_) => None,
                })
                .collect(),
        }
    }

    /// Reads a text, and compares it with what was asked for.
    pub fn check(&self, text: &str) -> Readback {
        let (ruleset, directions, task) = (self.ruleset, self.directions, self.task);
        let reading = match self.read(text) {
            Ok(reading) => reading,
            Err(unread) => return Readback { unread: Some(unread), ..Readback::default() },
        };
        let mut result = Readback { openings: reading.openings.len(), ..Readback::default() };
        let asked = |rule: &&Rule| task != Task::Removes && directions.contains(&rule.direction);
        let rules: Vec<(&Rule, Vec<Span>)> =
            ruleset.rules.iter().filter(asked).map(|rule| (rule, self.spans(rule))).collect();
        let held = rules.iter().any(|(_, spans)| spans.is_empty());
        let says = reading.held > 0;
        result.unread = match () {
            () if frames::FRAMES.binary_search(&reading.frame).is_err() => {
                Some("What stands around the rules is not what was tested.")
            }
            () if held != says || held != reading.refuses => {
                Some("The text and the rules differ in whether something is held back.")
            }
            () => None,
        }
        .map(str::to_owned);
        let rules = if task == Task::Opens { rules } else { Vec::new() };
        let wanted = rules.iter().flat_map(|(rule, spans)| spans.iter().map(|span| (gate(rule), *span)));
        let (wanted, read) = (merged(wanted.collect()), merged(reading.openings));
        if wanted == read {
            return result;
        }
        for (rule, spans) in rules {
            if !spans.iter().all(|span| covers(&read, &(gate(rule), *span))) {
                let (from, to, key) = (&rule.source.name, &rule.destination.name, &rule.key);
                result.missing.push(format!("{from} to {to}, {} {} ({key})", rule.protocol, rule.ports));
            }
        }
        result.extra = read.iter().filter(|opening| !covers(&wanted, opening)).map(words).collect();
        result
    }
}

/// An opening, for people.
fn words(((direction, protocol, first, last), (family, from, to)): &Opening) -> String {
    let address = |number: &u128| match family {
        End::V4 => Ipv4Addr::from_bits(u32::try_from(*number).unwrap_or_default()).to_string(),
        End::V6 => Ipv6Addr::from_bits(*number).to_string(),
        End::Group => format!("group {number}"),
    };
    let other = if *direction == Direction::Ingress { "from" } else { "to" };
    format!("{protocol} {first}-{last} {other} {}-{}", address(from), address(to))
}

fn gate(rule: &Rule) -> Gate {
    let ports = rule.ports;
    (rule.direction, rule.protocol, ports.first().number(), ports.last().number())
}

/// So many ones.
fn ones(count: u32) -> u128 {
    1_u128.checked_shl(count).map_or(u128::MAX, |bit| bit - 1)
}

/// In order, and neighbours as one, so that what opens the same is the same.
fn merged(mut openings: Vec<Opening>) -> Vec<Opening> {
    sort_by(&mut openings, Ord::cmp);
    let mut out: Vec<Opening> = Vec::new();
    for (gate, (family, first, last)) in openings {
        match out.last_mut() {
            Some((other, (of, _, end))) if *other == gate && *of == family && first <= end.saturating_add(1) => {
                *end = last.max(*end);
            }
            _ => out.push((gate, (family, first, last))),
        }
    }
    out
}

fn covers(openings: &[Opening], (gate, (family, first, last)): &Opening) -> bool {
    openings.iter().any(|(other, (of, from, to))| other == gate && of == family && from <= first && last <= to)
}

/// What has been read of a text so far.
struct Reading<'a> {
    openings: Vec<Opening>,
    /// Sentences that say that something is held back.
    held: usize,
    /// True if the text stops before its first change.
    refuses: bool,
    /// FNV-1a of the frame.
    frame: u32,
    /// The number of the line.
    line: usize,
    /// The last line of the frame.
    last: &'a str,
    /// The number of the group that the text is for.
    own: u32,
}

impl<'a> Reading<'a> {
    fn hash(&mut self, text: &str) {
        for byte in text.bytes().chain([b'\n']) {
            self.frame = (self.frame ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }

    /// A line of the frame. How many rules there are is no part of it.
    fn frame(&mut self, line: &'a str) {
        self.last = line;
        self.frame_as(line);
    }

    /// A line of the frame, as it would be with the usual names.
    fn frame_as(&mut self, line: &str) {
        // Only lines that tell something count, and most lines do not.
        let tells = line.starts_with("  say 'Done: ") || line.starts_with("@if defined PORTCULLIS echo ");
        for pattern in ["~rules for ~ flow~", "~Done: ~ rule~", "~dry run: ~ rule~"] {
            if tells
                && let Some([start, count, end]) = holes(pattern, line).as_deref()
                && count.parse::<usize>().is_ok()
            {
                self.hash(start);
                return self.hash(end.strip_prefix('s').unwrap_or(end));
            }
        }
        self.hash(line);
    }

    fn opens(&mut self, gate: Gate, span: Span) {
        self.openings.push((gate, span));
    }

    fn opens_to_everyone(&mut self, gate: Gate) {
        self.openings.extend(EVERYONE.map(|span| (gate, span)));
    }

    /// A rule in the words of a cloud: direction, protocol, first and last port, the other end, and what it is for, which begins
    /// with the key of a flow.
    fn opens_in(&mut self, [way, name, first, last, text]: [&str; 5], end: Option<Span>) -> Option<()> {
        let direction = match way {
            "ingress" => Direction::Ingress,
            "egress" => Direction::Egress,
            _ => return None,
        };
        key(quotable(text)?.split(':').next()?)?;
        let (first, last, span) = (port(first)?, port(last)?, end?);
        let gate = (direction, protocol(name)?, first, last);
        (first <= last).then(|| self.opens(gate, span))
    }

    /// That the first of these groups is the one that the text is for, and that no other group is meant.
    fn means(&self, groups: &[u32]) -> Option<()> {
        let known = |span: &Span| span.0 != End::Group || groups.iter().any(|group| span.1 == u128::from(*group));
        (groups.first() == Some(&self.own) && self.openings.iter().all(|(_, span)| known(span))).then_some(())
    }

    /// Addresses of one family between separators, all of them canonical.
    fn opens_to(&mut self, gate: Gate, list: &str, separator: &str, family: End) -> Option<()> {
        for address in list.split(separator) {
            let span = span(address).filter(|(of, ..)| *of == family)?;
            self.opens(gate, span);
        }
        Some(())
    }

    /// The same for a list in which both families may stand, or everybody by a word.
    fn opens_to_all(&mut self, gate: Gate, list: &str, separator: &str, everyone: &str) -> Option<()> {
        if list == everyone {
            self.opens_to_everyone(gate);
            return Some(());
        }
        for address in list.split(separator) {
            let span = span(address)?;
            self.opens(gate, span);
        }
        Some(())
    }
}

/// Text that cannot end the quotes around it, in a shell or in a firewall's language.
fn quotable(text: &str) -> Option<&str> {
    let harmful = |c: char| {
        matches!(c, '\'' | '"' | '\\' | '$' | '`' | '!' | '%' | '&' | '|' | '<' | '>') || !(' '..='~').contains(&c)
    };
    (!text.contains(harmful)).then_some(text)
}

/// The key of a flow: lower-case letters, digits and hyphens.
fn key(text: &str) -> Option<&str> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (!text.is_empty() && text.bytes().all(fits)).then_some(text)
}

/// A comment that begins with the key of a flow.
fn keyed(comment: &str) -> Option<()> {
    key(quotable(comment)?.split(' ').next()?).map(|_| ())
}

fn protocol(text: &str) -> Option<Protocol> {
    match text {
        "tcp" | "TCP" => Some(Protocol::Tcp),
        "udp" | "UDP" => Some(Protocol::Udp),
        _ => None,
    }
}

/// A port in the one canonical way.
fn port(text: &str) -> Option<u16> {
    number(text).and_then(|number| u16::try_from(number).ok()).filter(|port| *port > 0)
}

/// A port, or an ordered range, in the one canonical way.
fn ports(text: &str, separator: char) -> Option<(u16, u16)> {
    match text.split_once(separator) {
        None => port(text).map(|port| (port, port)),
        Some((first, last)) => Some((port(first)?, port(last)?)).filter(|(first, last)| first < last),
    }
}

/// True if the value is written so. Makes no text of its own: a text may hold thousands of addresses.
fn is_written(value: &dyn Display, text: &str) -> bool {
    struct Rest<'a>(&'a str);
    impl Write for Rest<'_> {
        fn write_str(&mut self, piece: &str) -> std::fmt::Result {
            self.0 = self.0.strip_prefix(piece).ok_or(std::fmt::Error)?;
            Ok(())
        }
    }
    let mut rest = Rest(text);
    write!(rest, "{value}").is_ok() && rest.0.is_empty()
}

/// A number in the one canonical way.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number: &u32| is_written(number, text))
}

/// A host in the one canonical way, and the bits of its family.
fn host(text: &str) -> Option<(End, u128, u32)> {
    match text.parse::<IpAddr>().ok().filter(|ip| is_written(ip, text))? {
        IpAddr::V4(ip) => Some((End::V4, u128::from(ip.to_bits()), 32)),
        IpAddr::V6(ip) => Some((End::V6, ip.to_bits(), 128)),
    }
}

/// A network with its first address and its length, be it a single host or everyone.
fn network(text: &str) -> Option<Span> {
    let [base, length] = holes("~/~", text)?[..] else { return None };
    let (family, first, bits) = host(base)?;
    let rest = ones(bits - number(length).filter(|length| *length <= bits)?);
    (first & rest == 0).then_some((family, first, first | rest))
}

/// The addresses that a text stands for, in the one canonical way: a host, a network with its first address, a range.
fn span(text: &str) -> Option<Span> {
    if text.contains('/') {
        // A host stands alone, and everybody is a word.
        return network(text).filter(|span| span.1 < span.2 && !EVERYONE.contains(span));
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let ((family, first, _), (other, last, _)) = (host(first)?, host(last)?);
    (family == other && first <= last).then_some((family, first, last))
}

/// A network of one family in quotes.
fn quoted_network(text: &str, family: End) -> Option<Span> {
    network(holes("\"~\"", text)?[0]).filter(|(of, ..)| *of == family)
}

/// The group of that number.
fn group(text: &str) -> Option<Span> {
    let group = number(text)?.into();
    Some((End::Group, group, group))
}

/// A name that ends no expression, in any language: letters, digits and `. _ -`.
fn word(text: &str) -> Option<&str> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (!text.is_empty() && text.bytes().all(fits)).then_some(text)
}

/// What stands in the holes (`~`) of a pattern, each as short as can be, if the whole text fits it.
fn holes<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = pattern.split('~');
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut found = Vec::new();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let at = match parts.peek() {
            Some(_) => rest.find(part)?,
            None => rest.len() - rest.strip_suffix(part).map(|_| part.len())?,
        };
        found.push(rest.get(..at)?);
        rest = rest.get(at + part.len()..)?;
    }
    Some(found)
}

/// The body of a text of the shell, whose end is a line of its own.
fn shell(text: &str) -> Option<&str> {
    text.strip_prefix("sh <<'PORTCULLIS'\n")?.strip_suffix("PORTCULLIS\n").filter(|body| body.ends_with('\n'))
}

impl<'a> Reading<'a> {
    /// True if a line of a shell's text says nothing that counts: a comment, or that something is held back.
    fn passes(&mut self, line: &str) -> Option<bool> {
        if let Some(sentence) = line.strip_prefix("  say 'Held back: ") {
            quotable(sentence.strip_suffix(".' >&2")?)?;
            self.held += 1;
            return Some(true);
        }
        let refuses = line == "  stop 'Fill in what is missing on the page and copy again.'";
        self.refuses |= refuses;
        Some(refuses || line.starts_with("# ") || line.starts_with("  # "))
    }
}
