//! What both languages of Windows Defender Firewall share: what our rules are called, where the policy that was there before
//! is kept, and what a machine needs to be one. Knows no language; never decides what is let through besides.
//!
//! Established connections, what belongs to them and the machine's talk with itself need no rule: the firewall is stateful and
//! does not filter loopback.

use crate::net::Direction;

/// Where the policy that was there before is kept, below the folder of Windows: only administrators can write there. In
/// `ProgramData` any user could put a file of that name in place first, and removal would bring back *that* policy.
pub const SAVED: &str = r"Portcullis\before.wfw";

/// What our rules of a direction are called: a literal, without any character that Windows reads as a wildcard.
pub const fn ours(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "Portcullis ingress",
        Direction::Egress => "Portcullis egress",
    }
}

/// A rule that a whole policy has besides its flows.
pub struct Base {
    /// Its key.
    pub key: &'static str,
    /// What it is for.
    pub title: &'static str,
    /// `ICMPv4`, `ICMPv6` or `UDP`.
    pub protocol: &'static str,
    /// ICMP types; none where all are meant, and for UDP.
    pub types: &'static [&'static str],
    /// UDP: own port and port of the other end.
    pub ports: Option<(u16, u16)>,
    /// The other end; none for everyone.
    pub peers: &'static [&'static str],
}

const fn icmp(key: &'static str, title: &'static str, protocol: &'static str, types: &'static [&'static str]) -> Base {
    Base { key, title, protocol, types, ports: None, peers: &[] }
}

const fn udp(key: &'static str, title: &'static str, own: u16, other: u16, peers: &'static [&'static str]) -> Base {
    Base { key, title, protocol: "UDP", types: &[], ports: Some((own, other)), peers }
}

/// Errors and echo (for ICMPv6 RFC 4890, sections 4.3 and 4.4: also neighbours, routers and multicast), and the address.
static INGRESS: [Base; 4] = [
    icmp("base-icmp", "ICMP errors and echo", "ICMPv4", &["3", "8", "11", "12"]),
    icmp(
        "base-icmpv6",
        "ICMPv6 errors, echo and neighbours",
        "ICMPv6",
        &["1", "2", "3", "4", "128", "130", "131", "132", "133", "134", "135", "136", "143"],
    ),
    udp("base-dhcp", "DHCP", 68, 67, &[]),
    udp("base-dhcpv6", "DHCPv6", 546, 547, &["fe80::/10"]),
];

static EGRESS: [Base; 4] = [
    icmp("base-icmp", "ICMP", "ICMPv4", &[]),
    icmp("base-icmpv6", "ICMPv6", "ICMPv6", &[]),
    udp("base-dhcp", "DHCP", 68, 67, &[]),
    udp("base-dhcpv6", "DHCPv6", 546, 547, &["fe80::/10", "ff02::1:2"]),
];

/// The rules that a direction needs if what no rule lists is dropped.
pub const fn base(direction: Direction) -> &'static [Base] {
    match direction {
        Direction::Ingress => &INGRESS,
        Direction::Egress => &EGRESS,
    }
}
