//! Addresses: what is accepted, what is refused and what was probably meant by it. Never resolves a name.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Family, Port, Refusal, Refused, parse_list, short};

/// One place in the network: a host, a prefix, an inclusive range, or a name to be resolved by somebody else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// A single IPv4 or IPv6 address.
    Host(IpAddr),
    /// A network: its first address, and how many leading bits are fixed (1 to 31, or 1 to 127).
    Prefix(IpAddr, u8),
    /// All addresses from the first to the last, both included, of one family.
    Range(IpAddr, IpAddr),
    /// A DNS name in lower case, without a final dot.
    Name(String),
}

impl Address {
    /// The family; `None` for a name, which may have both.
    pub const fn family(&self) -> Option<Family> {
        match self {
            Self::Host(ip) | Self::Prefix(ip, _) | Self::Range(ip, _) => Some(match ip {
                IpAddr::V4(_) => Family::V4,
                IpAddr::V6(_) => Family::V6,
            }),
            Self::Name(_) => None,
        }
    }

    /// The same addresses as hosts and prefixes only, for languages without ranges: exact, and as few as possible (62 at
    /// most for IPv4, 254 for IPv6). A name stays as it is.
    pub fn prefixes(&self) -> Vec<Self> {
        let Self::Range(first, last) = self else { return vec![self.clone()] };
        let number = |ip: &IpAddr| match ip {
            IpAddr::V4(ip) => (u128::from(ip.to_bits()), 32),
            IpAddr::V6(ip) => (ip.to_bits(), 128),
        };
        let ((mut at, bits), (end, _)) = (number(first), number(last));
        let mut pieces = Vec::new();
        loop {
            // The largest block that begins here and does not reach past the end.
            let rest = end - at;
            let room = if rest == u128::MAX { 128 } else { 127 - (rest + 1).leading_zeros() };
            let free = at.trailing_zeros().min(bits).min(room);
            let ip = match u32::try_from(at) {
                Ok(at) if bits == 32 => IpAddr::V4(Ipv4Addr::from_bits(at)),
                _ => IpAddr::V6(Ipv6Addr::from_bits(at)),
            };
            let length = u8::try_from(bits - free).unwrap_or_default();
            pieces.push(if free == 0 { Self::Host(ip) } else { Self::Prefix(ip, length) });
            match at.checked_add(1_u128.checked_shl(free).unwrap_or(0)) {
                Some(next) if next > at && next <= end => at = next,
                _ => return pieces,
            }
        }
    }

    /// Reads one address.
    ///
    /// # Errors
    /// Every form that a firewall might read in its own way, and addresses that cannot be the other end of a flow.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        // Nothing that is accepted is longer (a DNS name has 253 bytes at most), and guessing what longer text means could
        // exhaust the stack.
        if text.len() > 300 {
            return Err(Refusal::new(format!("“{}” is not an address.", short(text))));
        }
        if let Some((ip, length)) = text.split_once('/') {
            if ip.is_empty() || ip.ends_with(':') && !ip.ends_with("::") {
                return Err(looks_like_url(text));
            }
            return prefix(ip, length);
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return usable(ip).map(Self::Host);
        }
        if let Some((first, last)) = text.split_once(['-', '–'])
            && let (Ok(first), last) = (first.trim().parse::<IpAddr>(), last.trim())
        {
            return range(first, last);
        }
        name(text)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Host(ip) => ip.fmt(f),
            Self::Prefix(ip, length) => write!(f, "{ip}/{length}"),
            Self::Range(first, last) => write!(f, "{first}-{last}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// The addresses of one end of a flow. Empty is never "any": the three cases are different values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Addresses {
    /// Nobody has said yet. A rule that needs them is held back.
    #[default]
    Missing,
    /// Everyone, because the user said so (or, for clients on the public ports, has not narrowed it).
    Any,
    /// These; at least one. Made by [`Addresses::known`].
    Known(Vec<Address>),
}

impl Addresses {
    /// These addresses, or `Missing` if there are none.
    pub fn known(addresses: Vec<Address>) -> Self {
        if addresses.is_empty() { Self::Missing } else { Self::Known(addresses) }
    }

    /// The addresses, where they are known.
    pub fn list(&self) -> &[Address] {
        match self {
            Self::Known(addresses) => addresses,
            Self::Missing | Self::Any => &[],
        }
    }

    /// Reads a list, or the word `any` alone; an empty text is `Missing`. Pieces that are refused stand beside what is good.
    pub fn parse(text: &str) -> (Self, Vec<Refused>) {
        if text.trim().eq_ignore_ascii_case("any") {
            return (Self::Any, Vec::new());
        }
        let (good, mut refused) = parse_list(&joined(text), Address::parse);
        let any = |address: &Address| matches!(address, Address::Name(name) if name == "any");
        if good.iter().any(any) {
            let refusal = Refusal::new("any stands alone: it already includes every address.");
            refused.push(Refused { text: "any".to_owned(), refusal });
        }
        (Self::known(good.into_iter().filter(|address| !any(address)).collect()), refused)
    }
}

/// The text with the ends of a range together, as in "192.0.2.1 - 192.0.2.9". Any other dash stays as it is.
fn joined(text: &str) -> String {
    let parts = |c: char| c.is_whitespace() || c == ',' || c == ';';
    let host = |piece: Option<&str>| piece.is_some_and(|piece| piece.parse::<IpAddr>().is_ok());
    let text = text.replace(" – ", " - ");
    let mut pieces = text.split(" - ");
    let mut joined = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let range = host(joined.rsplit(parts).next()) && host(piece.split(parts).next());
        joined.push_str(if range { "-" } else { " - " });
        joined.push_str(piece);
    }
    joined
}

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Missing => Ok(()),
            Self::Any => f.write_str("any"),
            Self::Known(addresses) => {
                for (at, address) in addresses.iter().enumerate() {
                    if at > 0 {
                        f.write_str(", ")?;
                    }
                    address.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}

impl Refusal {
    /// Addresses that may have been meant, each with what it is; only those that would be accepted.
    fn meant_address(self, options: &[(String, &str)]) -> Self {
        let accepted: Vec<_> = options.iter().filter(|(text, _)| Address::parse(text).is_ok()).collect();
        match accepted.as_slice() {
            [] => self,
            [(text, _)] => self.meant(text.as_str()),
            several => {
                let labeled: Vec<String> = several.iter().map(|(text, what)| format!("{text} ({what})")).collect();
                self.meant(labeled.join(" or "))
            }
        }
    }
}

/// Refuses addresses that no other machine can be reached at or come from.
fn usable(ip: IpAddr) -> Result<IpAddr, Refusal> {
    let because = |why: &str| Err(Refusal::new(format!("{ip} {why}")));
    if let IpAddr::V6(v6) = ip
        && let Some(v4) = v6.to_ipv4_mapped()
    {
        return Err(Refusal::new(format!("{ip} is an IPv4 address in IPv6 clothing.")).meant(v4.to_string()));
    }
    if ip.is_unspecified() {
        return Err(
            Refusal::new(format!("{ip} is no machine's address; for everyone write the word any.")).meant("any")
        );
    }
    if ip.is_loopback() {
        return because("is the machine itself: write the address that others use.");
    }
    if ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST) {
        return because("is a multicast or broadcast address, not a machine.");
    }
    Ok(ip)
}

const fn bits(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The address with all but the leading `length` bits cleared.
fn network(ip: IpAddr, length: u8) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() & mask))
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & mask))
        }
    }
}

fn prefix(ip_text: &str, length_text: &str) -> Result<Address, Refusal> {
    let ip = match ip_text.parse::<IpAddr>() {
        Ok(ip) => ip,
        Err(_) => match sloppy_v4(ip_text) {
            Some(ip) => {
                return Err(Refusal::new(format!("“{}” is not written as four plain numbers.", short(ip_text)))
                    .meant_address(&[(format!("{ip}/{length_text}"), "")]));
            }
            None => return Err(looks_like_url(&format!("{ip_text}/{length_text}"))),
        },
    };
    if let (IpAddr::V4(_), Ok(mask)) = (ip, length_text.parse::<Ipv4Addr>()) {
        let ones = mask.to_bits().leading_ones();
        let refusal = Refusal::new(format!("{length_text} is a mask: write the number of bits."));
        let plain = mask.to_bits().count_ones() == ones && ones > 0;
        return Err(match u8::try_from(ones) {
            Ok(ones) if plain => refusal.meant_address(&[(format!("{}/{ones}", network(ip, ones)), "")]),
            _ => refusal,
        });
    }
    let most = bits(ip);
    let plain = !length_text.is_empty() && length_text.bytes().all(|b| b.is_ascii_digit());
    let length = match length_text.parse::<u8>() {
        Ok(length) if plain && length <= most && (length == 0 || !length_text.starts_with('0')) => length,
        _ => {
            return Err(Refusal::new(format!(
                "After the slash comes a number from 1 to {most}, not “{}”.",
                short(length_text)
            )));
        }
    };
    if length == 0 {
        return Err(Refusal::new(format!("{ip}/0 means everyone; say so with the word any.")).meant("any"));
    }
    if length == most {
        return usable(ip).map(Address::Host);
    }
    let base = network(ip, length);
    if base != ip {
        return Err(Refusal::new(format!("{ip}/{length} is a machine and a network at once."))
            .meant_address(&[(format!("{base}/{length}"), "the network"), (ip.to_string(), "the machine")]));
    }
    if length > 4 || !ip.is_unspecified() {
        usable(ip)?;
    }
    Ok(Address::Prefix(ip, length))
}

fn range(first: IpAddr, last_text: &str) -> Result<Address, Refusal> {
    let last = match (last_text.parse::<IpAddr>(), first) {
        (Ok(last), _) => last,
        (Err(_), IpAddr::V4(v4)) => {
            let refusal =
                Refusal::new(format!("“{}” is not an address: write the whole last address.", short(last_text)));
            let [a, b, c, _] = v4.octets();
            return Err(match last_text.parse::<u8>() {
                Ok(d) => refusal.meant_address(&[(format!("{first}-{}", Ipv4Addr::new(a, b, c, d)), "")]),
                Err(_) => refusal,
            });
        }
        (Err(_), _) => return Err(Refusal::new(format!("“{}” is not an address.", short(last_text)))),
    };
    let (first, last) = (usable(first)?, usable(last)?);
    if bits(first) != bits(last) {
        return Err(Refusal::new("A range cannot run from one address family into the other."));
    }
    match first.cmp(&last) {
        std::cmp::Ordering::Less => Ok(Address::Range(first, last)),
        std::cmp::Ordering::Equal => Ok(Address::Host(first)),
        std::cmp::Ordering::Greater => {
            Err(Refusal::new(format!("{first}-{last} runs backwards: the lower address comes first."))
                .meant(format!("{last}-{first}")))
        }
    }
}

/// What a lenient reader would take for an IPv4 address: leading zeros as decimal, hexadecimal, and fewer than four parts
/// with the missing ones in the middle. Used only to say what may have been meant.
fn sloppy_v4(text: &str) -> Option<Ipv4Addr> {
    let part = |text: &str| match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok(),
        None => None,
    };
    let parts: Vec<u32> = text.split('.').map(part).collect::<Option<_>>()?;
    let (last, leading) = parts.split_last()?;
    if parts.len() > 4 || leading.iter().any(|part| *part > 255) {
        return None;
    }
    let room = 8 * (4 - u32::try_from(leading.len()).ok()?);
    if room < 32 && *last >= 1 << room {
        return None;
    }
    let high = leading.iter().enumerate().fold(0, |bits, (at, part)| bits | part << (24 - 8 * at));
    Some(Ipv4Addr::from_bits(high | last))
}

fn looks_like_url(text: &str) -> Refusal {
    let refusal = Refusal::new(format!("“{}” is not an address.", short(text)));
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = rest.split(['/', ':', '?', '#']).next().unwrap_or_default();
    if host.len() == text.len() {
        return refusal;
    }
    match Address::parse(host) {
        Ok(address) => refusal.meant(address.to_string()),
        Err(_) => refusal,
    }
}

fn name(text: &str) -> Result<Address, Refusal> {
    if text.is_empty() {
        return Err(Refusal::new("An address is needed."));
    }
    if text.contains('%') && text.contains(':') {
        return Err(Refusal::new("An address with a zone (the part after %) means something only on its own machine."));
    }
    if let Some((ip, port)) = text.rsplit_once(':')
        && Port::parse(port).is_ok()
        && let Ok(address) = Address::parse(ip.trim_matches(['[', ']']))
    {
        return Err(Refusal::new("Ports do not belong here: they follow from the roles.").meant(address.to_string()));
    }
    let digits_and_dots = text.split('.').all(|part| {
        let hex = part.strip_prefix("0x").or_else(|| part.strip_prefix("0X"));
        match hex {
            Some(hex) => !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()),
            None => part.bytes().all(|b| b.is_ascii_digit()),
        }
    });
    if digits_and_dots {
        return Err(not_four_numbers(text));
    }
    if let Some(base) = text.strip_suffix(".*") {
        let fixed = base.split('.').count();
        let filled = (0..4 - fixed.min(3)).fold(base.to_owned(), |text, _| text + ".0");
        let refusal = Refusal::new("A star is not an address.");
        return Err(match filled.parse::<Ipv4Addr>() {
            Ok(ip) => refusal.meant_address(&[(format!("{ip}/{}", fixed * 8), "")]),
            Err(_) => refusal,
        });
    }
    let lower = text.trim_end_matches('.').to_ascii_lowercase();
    if lower == "localhost" {
        return Err(Refusal::new("localhost is the machine itself: write the address that others use."));
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last_is_number = lower.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    if lower.len() > 253 || last_is_number || !lower.split('.').all(label) {
        return Err(looks_like_url(text));
    }
    Ok(Address::Name(lower))
}

fn not_four_numbers(text: &str) -> Refusal {
    let parts = text.split('.').count();
    let Some(ip) = sloppy_v4(text) else {
        return Refusal::new(format!("“{}” is not an address: four numbers from 0 to 255 are needed.", short(text)));
    };
    if parts == 4 {
        return Refusal::new("A leading zero or 0x is read differently by different firewalls.")
            .meant_address(&[(ip.to_string(), "")]);
    }
    let refusal =
        Refusal::new("Four numbers are needed: shortened addresses are read differently by different firewalls.");
    let octets: Option<Vec<u8>> = text.split('.').map(|part| part.parse().ok()).collect();
    let network = octets.filter(|_| parts > 1).map_or_else(String::new, |mut octets| {
        octets.resize(4, 0);
        let plain: Vec<String> = octets.iter().map(ToString::to_string).collect();
        format!("{}/{}", plain.join("."), parts * 8)
    });
    refusal.meant_address(&[(ip.to_string(), "a machine"), (network, "a network")])
}
