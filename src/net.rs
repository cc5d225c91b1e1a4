//! Protocols, ports, addresses and the systems that filter them: parsed strictly, printed canonically. Never resolves a
//! name, never guesses.
//!
//! Firewalls disagree about sloppy text: one reads `010.0.0.1` as 8.0.0.1, another reads `10.1` as 10.1.0.0, a third turns
//! `10.0.0.5/8` into 10.0.0.0/8 without a word (firewall-facts section 0, point 5). So such text is refused here, with the
//! reason and what was probably meant, and only canonical text ever reaches a dialect.

// The paths are spelled out because build.rs reads this file too, from elsewhere.
#[path = "net/address.rs"]
mod address;

use std::fmt;
use std::num::NonZeroU16;

pub use address::{Address, Addresses};
use serde::{Deserialize, Serialize};

/// A transport protocol that the catalog knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// Every protocol, in printing order.
    pub const ALL: [Self; 2] = [Self::Tcp, Self::Udp];

    /// The lower-case name, as nftables and links write it.
    pub const fn lower(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        })
    }
}

/// Which way a rule filters, seen from the machine that enforces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Packets that open a flow towards this machine.
    Ingress,
    /// Packets with which this machine opens a flow.
    Egress,
}

impl Direction {
    /// Both directions; ingress is shown first.
    pub const ALL: [Self; 2] = [Self::Ingress, Self::Egress];

    /// `ingress` or `egress`.
    pub const fn lower(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }
}

/// Directions of a snippet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ways {
    /// Ingress.
    In,
    /// Egress.
    Out,
    /// Both.
    Both,
}

impl Ways {
    /// All of them, with their words on the page.
    pub const ALL: [(Self, &'static str); 3] = [(Self::In, "In"), (Self::Out, "Out"), (Self::Both, "In and out")];

    /// The directions.
    pub const fn directions(self) -> &'static [Direction] {
        match self {
            Self::In => &[Direction::Ingress],
            Self::Out => &[Direction::Egress],
            Self::Both => &Direction::ALL,
        }
    }
}

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// Why a text was refused, in words for the person who typed it, and what it probably should have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A whole sentence.
    pub reason: String,
    /// Text that would be accepted, if there is a likely one.
    pub meant: Option<String>,
}

impl Refusal {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), meant: None }
    }

    fn meant(mut self, text: impl Into<String>) -> Self {
        self.meant = Some(text.into());
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.reason)?;
        match &self.meant {
            Some(meant) => write!(f, " Did you mean {meant}?"),
            None => Ok(()),
        }
    }
}

/// A port number, 1 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Port(NonZeroU16);

impl Port {
    /// The port of that number; `None` for 0, which no listener can have.
    pub const fn new(number: u16) -> Option<Self> {
        match NonZeroU16::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number, 1 to 65535.
    pub const fn number(self) -> u16 {
        self.0.get()
    }

    /// Reads one decimal number.
    ///
    /// # Errors
    /// Anything but plain digits, a leading zero, 0, and numbers above 65535.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Refusal::new("A port number is needed."));
        }
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(not_a_port(text));
        }
        let digits = text.trim_start_matches('0');
        if digits.is_empty() {
            return Err(Refusal::new("Port 0 does not exist: ports are 1 to 65535."));
        }
        let number: u16 =
            digits.parse().map_err(|_| Refusal::new(format!("{digits} is too large: ports are 1 to 65535.")))?;
        match Self::new(number) {
            Some(port) if digits.len() == text.len() => Ok(port),
            _ => Err(Refusal::new(format!("{text} has a leading zero.")).meant(digits)),
        }
    }
}

fn not_a_port(text: &str) -> Refusal {
    let refusal = Refusal::new(format!("“{}” is not a port number: write plain digits, 1 to 65535.", short(text)));
    let scientific = text.split_once(['e', 'E']).and_then(|(mantissa, exponent)| {
        let number = mantissa.parse::<u32>().ok()?.checked_mul(10_u32.checked_pow(exponent.parse().ok()?)?)?;
        u16::try_from(number).ok().and_then(Port::new)
    });
    if let Some(port) = scientific {
        return refusal.meant(port.to_string());
    }
    let digits: String = text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    match Port::parse(&digits) {
        Ok(port) => refusal.meant(port.to_string()),
        Err(_) => refusal,
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.number().fmt(f)
    }
}

/// An inclusive, ordered range of ports; a single port is a range of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    first: Port,
    last: Port,
}

impl PortRange {
    /// The range from `first` to `last`, both included; `None` if they are reversed.
    pub fn new(first: Port, last: Port) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// `count` ports beginning with `first`, cut at 65535; a count of 0 is read as 1.
    pub fn starting(first: Port, count: u16) -> Self {
        let last = first.number().saturating_add(count.saturating_sub(1));
        Self { first, last: Port::new(last).unwrap_or(first) }
    }

    /// The lowest port.
    pub const fn first(self) -> Port {
        self.first
    }

    /// The highest port.
    pub const fn last(self) -> Port {
        self.last
    }

    /// How many ports it has, at least 1.
    pub fn count(self) -> u16 {
        self.last.number() - self.first.number() + 1
    }

    /// True if a port is in both.
    pub fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// True if the port is in the range.
    pub fn contains(self, port: Port) -> bool {
        self.first <= port && port <= self.last
    }

    /// Reads `443` or `9600-9610`.
    ///
    /// # Errors
    /// What [`Port::parse`] refuses, and reversed ranges.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let Some((first, last)) = text.split_once(['-', '–', ':']) else {
            return Port::parse(text).map(Self::from);
        };
        let (first, last) = (Port::parse(first)?, Port::parse(last)?);
        Self::new(first, last).ok_or_else(|| {
            Refusal::new(format!("{first}-{last} runs backwards: the lower port comes first."))
                .meant(format!("{last}-{first}"))
        })
    }
}

impl From<Port> for PortRange {
    fn from(port: Port) -> Self {
        Self { first: port, last: port }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.first.fmt(f)?;
        if self.first == self.last {
            return Ok(());
        }
        write!(f, "-{}", self.last)
    }
}

/// The operating system of a machine, which decides what firewall it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// Windows.
    Windows,
    /// Linux.
    Linux,
}

impl System {
    /// Both, in the order of the page.
    pub const ALL: [Self; 2] = [Self::Windows, Self::Linux];

    /// The name people use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Windows => "Windows",
            Self::Linux => "Linux",
        }
    }
}

/// How far a text goes on the machine it is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// It adds what is listed to whatever is there.
    #[default]
    Additive,
    /// It is the whole policy of the machine: what it does not list is dropped.
    WholeHost,
}

impl Policy {
    /// Both, in the order of the page.
    pub const ALL: [Self; 2] = [Self::Additive, Self::WholeHost];

    /// Words for a list.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Additive => "Add rules",
            Self::WholeHost => "Whole policy",
        }
    }
}

/// A piece of a list that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The piece, as typed, cut at 60 characters.
    pub text: String,
    /// Why.
    pub refusal: Refusal,
}

/// Reads a list parted by blanks, commas, semicolons or line breaks. What is good is returned in the order typed, each once;
/// what is not, beside it: one bad piece never spoils the rest.
pub fn parse_list<T: PartialEq>(text: &str, parse: impl Fn(&str) -> Result<T, Refusal>) -> (Vec<T>, Vec<Refused>) {
    let mut good = Vec::new();
    let mut refused = Vec::new();
    for piece in text.split(|c: char| c.is_whitespace() || c == ',' || c == ';').filter(|piece| !piece.is_empty()) {
        match parse(piece) {
            Ok(item) if good.contains(&item) => {}
            Ok(item) => good.push(item),
            Err(refusal) => refused.push(Refused { text: short(piece), refusal }),
        }
    }
    (good, refused)
}

fn short(text: &str) -> String {
    match text.chars().nth(60) {
        Some(_) => text.chars().take(60).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[path = "net/tests.rs"]
mod tests;
