//! The rules in the format of iptables-restore and ip6tables-restore: what people read first. Prints no command of a shell.

use std::fmt::Write;

use super::{Way, way};
use crate::dialect::{Plan, Planned, plain};
use crate::net::{Direction, Family, Policy, Protocol};

/// Addresses in one word: it stays below 900 bytes.
const fn most_in_a_word(family: Family) -> usize {
    match family {
        Family::V4 => 40,
        Family::V6 => 20,
    }
}

/// The rules of a family, as its loader takes them.
pub(super) fn rules(plan: &Plan, family: Family) -> String {
    let mut out = "*filter\n".to_owned();
    for direction in plan.directions {
        let Way { host, ours, .. } = way(*direction);
        if plan.policy == Policy::WholeHost {
            let verdict = if plan.drops(*direction) { "DROP" } else { "ACCEPT" };
            let _ = write!(out, ":{host} {verdict} [0:0]\n:{ours} - [0:0]\n-F {host}\n-A {host} -j {ours}\n");
        } else {
            let _ = writeln!(out, ":{ours} - [0:0]");
        }
        let replies =
            "-m conntrack --ctstate ESTABLISHED,RELATED -m comment --comment \"replies to what was accepted\"";
        let _ = writeln!(out, "-A {ours} {replies} -j ACCEPT");
        if plan.policy == Policy::WholeHost {
            for line in both(*direction).iter().chain(base(*direction, family)) {
                let _ = writeln!(out, "-A {ours} {line}");
            }
        }
        for planned in plan.of(*direction) {
            rule(&mut out, planned, *direction, family);
        }
    }
    out.push_str("COMMIT\n");
    out
}

/// What a machine needs to be one, in both families.
fn both(direction: Direction) -> &'static [&'static str] {
    match direction {
        Direction::Ingress => &["-m conntrack --ctstate INVALID -j DROP", "-i lo -j ACCEPT"],
        Direction::Egress => &["-o lo -j ACCEPT"],
    }
}

/// Its neighbours, its address, and the errors that others report (RFC 4890, sections 4.3 and 4.4, for ICMPv6). Types that
/// older versions know no name for stand as numbers.
fn base(direction: Direction, family: Family) -> &'static [&'static str] {
    match (direction, family) {
        (Direction::Ingress, Family::V4) => &[
            "-p icmp --icmp-type destination-unreachable -j ACCEPT",
            "-p icmp --icmp-type time-exceeded -j ACCEPT",
            "-p icmp --icmp-type parameter-problem -j ACCEPT",
            "-p icmp --icmp-type echo-request -j ACCEPT",
            "-p udp --sport 67 --dport 68 -m comment --comment \"DHCP\" -j ACCEPT",
        ],
        (Direction::Ingress, Family::V6) => &[
            "-p ipv6-icmp --icmpv6-type destination-unreachable -j ACCEPT",
            "-p ipv6-icmp --icmpv6-type packet-too-big -j ACCEPT",
            "-p ipv6-icmp --icmpv6-type time-exceeded -j ACCEPT",
            "-p ipv6-icmp --icmpv6-type parameter-problem -j ACCEPT",
            "-p ipv6-icmp --icmpv6-type echo-request -j ACCEPT",
            "-p ipv6-icmp --icmpv6-type router-solicitation -j ACCEPT",
            "-p ipv6-icmp --icmpv6-type router-advertisement -j ACCEPT",
            "-p ipv6-icmp --icmpv6-type neighbour-solicitation -j ACCEPT",
            "-p ipv6-icmp --icmpv6-type neighbour-advertisement -j ACCEPT",
            "-p ipv6-icmp --icmpv6-type 130 -m comment --comment \"multicast listener query\" -j ACCEPT",
            "-p ipv6-icmp --icmpv6-type 131 -m comment --comment \"multicast listener report\" -j ACCEPT",
            "-p ipv6-icmp --icmpv6-type 132 -m comment --comment \"multicast listener done\" -j ACCEPT",
            "-p ipv6-icmp --icmpv6-type 143 -m comment --comment \"multicast listener report, version 2\" -j ACCEPT",
            "-s fe80::/10 -p udp --sport 547 --dport 546 -m comment --comment \"DHCPv6\" -j ACCEPT",
        ],
        (Direction::Egress, Family::V4) => {
            &["-p icmp -j ACCEPT", "-p udp --sport 68 --dport 67 -m comment --comment \"DHCP\" -j ACCEPT"]
        }
        (Direction::Egress, Family::V6) => &[
            "-p ipv6-icmp -j ACCEPT",
            "-d fe80::/10,ff02::1:2 -p udp --sport 546 --dport 547 -m comment --comment \"DHCPv6\" -j ACCEPT",
        ],
    }
}

fn rule(out: &mut String, planned: &Planned, direction: Direction, family: Family) {
    let rule = planned.rule;
    let Way { ours, end, .. } = way(direction);
    let words: Vec<String> = match &planned.peers {
        None => vec![String::new()],
        Some(peers) => {
            let own = peers.iter().filter(|peer| peer.family() == Some(family));
            let own: Vec<String> = own.flat_map(|peer| peer.prefixes()).map(|peer| peer.to_string()).collect();
            own.chunks(most_in_a_word(family)).map(|piece| format!("{end} {} ", piece.join(","))).collect()
        }
    };
    if words.is_empty() {
        return;
    }
    let (source, destination) = (plain(&rule.source.name), plain(&rule.destination.name));
    let _ = writeln!(out, "# {source} to {destination}, {} {}: {}", rule.protocol, rule.ports, plain(&rule.purpose));
    let (first, last) = (rule.ports.first(), rule.ports.last());
    let ports = if first == last { first.to_string() } else { format!("{first}:{last}") };
    let protocol = match rule.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    };
    let comment = comment(&rule.key, &rule.purpose);
    for peers in words {
        let _ = writeln!(
            out,
            "-A {ours} {peers}-p {protocol} --dport {ports} -m conntrack --ctstate NEW -m comment --comment \"{comment}\" -j ACCEPT"
        );
    }
}

/// The comment that is kept: at most 255 bytes, so the key that identifies the flow comes first.
fn comment(key: &str, purpose: &str) -> String {
    format!("{key} {}", plain(purpose)).chars().take(255).collect()
}
