//! Reads what the kernel holds of ufw's rules, from `iptables-save` and `ip6tables-save`. Shares nothing with the printer or the
//! reader of printed text.

use std::collections::BTreeSet;

use portcullis::net::{Direction, Family, Protocol};

use crate::allowed::{Allowed, Gate, ports, span};

/// What a list of rules lets through, and what of it is an address lease; the error names the rule that does not belong.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// What the rules for flows let through.
    pub allowed: Allowed,
    /// DHCP and DHCPv6.
    pub leases: BTreeSet<String>,
}

/// The rules of a chain in the order in which they are asked, from what one of the tools saved.
pub fn chain(saved: &str, chain: &str) -> Vec<String> {
    let prefix = format!("-A {chain} ");
    saved.lines().filter_map(|line| line.strip_prefix(&prefix)).map(str::to_owned).collect()
}

/// Reads rules of both families, IPv4 first.
pub fn read(rules: [&[String]; 2], direction: Direction) -> Result<Loaded, String> {
    let mut loaded = Loaded::default();
    let mut everyone: [BTreeSet<Gate>; 2] = Default::default();
    for (at, family) in [Family::V4, Family::V6].into_iter().enumerate() {
        for rule in rules[at] {
            let fail = || format!("not an allow rule of ours: {rule}");
            let words: Vec<&str> = rule.split(' ').collect();
            if words.contains(&"--sport") {
                loaded.leases.insert(rule.clone());
                continue;
            }
            let own_end = if direction == Direction::Ingress { "-s" } else { "-d" };
            let (peer, rest) = match words.as_slice() {
                [end, peer, rest @ ..] if *end == own_end => (Some(*peer), rest),
                rest => (None, rest),
            };
            let (protocol, range) = match rest {
                ["-p", protocol, "-m", module, "--dport", port, "-j", "ACCEPT"] if protocol == module => {
                    (*protocol, (*port).to_owned())
                }
                ["-p", protocol, "-m", "multiport", "--dports", range, "-j", "ACCEPT"] => {
                    (*protocol, range.replace(':', "-"))
                }
                _ => return Err(fail()),
            };
            let protocol = match protocol {
                "tcp" => Protocol::Tcp,
                "udp" => Protocol::Udp,
                _ => return Err(fail()),
            };
            let (first, last) = ports(&range).ok_or_else(fail)?;
            let gate = (direction, protocol, first, last);
            let Some(peer) = peer else {
                everyone[at].insert(gate);
                continue;
            };
            let single = if family == Family::V4 { "/32" } else { "/128" };
            let span =
                span(peer.strip_suffix(single).unwrap_or(peer)).filter(|span| span.0 == family).ok_or_else(fail)?;
            loaded.allowed.admit(gate, span);
        }
    }
    if everyone[0] != everyone[1] {
        return Err(format!("open to everyone of one family only: {everyone:?}"));
    }
    everyone[0].iter().for_each(|gate| loaded.allowed.admit_everyone(*gate));
    Ok(loaded)
}

#[test]
fn a_rule_that_is_not_ours_is_noticed() {
    let read_one = |rule: &str| read([&[rule.to_owned()], &[]], Direction::Ingress);
    assert!(read_one("-s 192.0.2.1/32 -p tcp -m tcp --dport 443 -j ACCEPT").is_ok());
    assert!(read_one("-s 192.0.2.0/24 -p tcp -m multiport --dports 5701:5704 -j ACCEPT").is_ok());
    for rule in [
        "-p tcp -m tcp --dport 443 -j ACCEPT",
        "-d 192.0.2.1/32 -p tcp -m tcp --dport 443 -j ACCEPT",
        "-s 192.0.2.1/32 -p tcp -m tcp --dport 443 -j DROP",
        "-s 192.0.2.1/32 -p tcp -m udp --dport 443 -j ACCEPT",
        "-s 192.0.2.1/32 -p tcp -j ACCEPT",
        "-s 192.0.2.1/32 -j ACCEPT",
        "-s 2001:db8::1/128 -p tcp -m tcp --dport 443 -j ACCEPT",
    ] {
        assert!(read_one(rule).is_err(), "{rule}");
    }
}
