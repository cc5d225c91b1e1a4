//! firewalld: policies of our own, `portcullis-in` and `portcullis-out`, and sets of addresses, as files beside the host's own.
//! They stand before every zone, so that no interface's zone matters. *Additive*: what they do not list goes on to the zones.
//! *Whole host*: it is dropped. Never changes a zone, a policy or a set that is not ours, so taking out is deleting ours.
//!
//! What it must get right (firewall-facts section 4.5, and measured with 1.3.3): the check of a configuration only warns, and
//! the rule is then missing, so any word of it is a refusal; sets that overlap pass the check and then leave the host open; a
//! reload forgets what was never saved; rules need a family with an address.

use std::fmt::Write;

use super::{Dialect, LINUX, Plan, Planned, Text, pasted, plain};
use crate::net::{Address, Direction, Family, Policy};
use crate::order::{Map, sort_by};
use crate::shell;

mod script;

/// The record.
pub static DIALECT: Dialect = Dialect {
    id: "firewalld",
    name: "firewalld",
    lasts: "Safe to run again. Survives a restart. To see what is in place: firewall-cmd --list-all-policies",
    assumes,
    clean,
    print,
    ..LINUX
};

fn assumes(policy: Policy, direction: Direction) -> &'static str {
    match (policy, direction) {
        (Policy::Additive, Direction::Ingress) => {
            "Opens what is listed, whatever zone an interface is in: the rest stays as the zones say. What filters outside firewalld can still drop it."
        }
        (Policy::Additive, Direction::Egress) => {
            "firewalld accepts outgoing traffic by default: these egress rules change nothing until a policy drops it."
        }
        (Policy::WholeHost, Direction::Ingress) => {
            "Whole policy: incoming traffic that is not listed is dropped, whatever the zones open. Forwarded traffic is left as it is."
        }
        (Policy::WholeHost, Direction::Egress) => {
            "Whole policy: what other policies say of outgoing traffic no longer holds, and the target of our policy says what becomes of what is not listed."
        }
    }
}

/// What may stand in a comment of XML, besides what may stand anywhere: no two hyphens in a row.
fn clean(text: &str) -> String {
    plain(text).replace("--", "-_")
}

/// Before the zones (negative), and before every policy but firewalld's own for neighbours of IPv6 (-15000).
const PRIORITY: i32 = -14900;
/// Destinations that are written one by one: sets of them need firewalld 1.0, and 0.9 is still in use.
const MOST_DESTINATIONS: usize = 16;

fn print(plan: &Plan, text: Text) -> String {
    let ways: Vec<Way> = plan.directions.iter().map(|direction| way(plan, *direction)).collect();
    let script = match text {
        Text::Apply | Text::Try => script::apply(plan, &ways, text),
        Text::Guarded => script::guarded(plan, &ways),
        Text::Keep => script::keep(plan, &ways),
        Text::TakeOut => script::take_out(&ways),
    };
    pasted(plan, text, clean, script)
}

/// A direction: its policy and its sets, as they are printed.
struct Way {
    /// `in` or `out`.
    part: &'static str,
    /// The base chain that firewalld hangs it on, and the chain's hook.
    chain: &'static str,
    hook: &'static str,
    /// The element of a rule that names the peer.
    end: &'static str,
    sets: Vec<Set>,
    /// The rules with their comments.
    text: String,
    /// The rules alone: firewalld warns of one that it has already.
    rules: Map<String, ()>,
}

/// Addresses of one family.
struct Set {
    name: String,
    family: Family,
    entries: Vec<String>,
}

fn way(plan: &Plan, direction: Direction) -> Way {
    let (part, hook, chain, end) = match direction {
        Direction::Ingress => ("in", "input", "filter_INPUT", "source"),
        Direction::Egress => ("out", "output", "filter_OUTPUT", "destination"),
    };
    let mut way = Way { part, chain, hook, end, sets: Vec::new(), text: String::new(), rules: Map::new() };
    if plan.policy == Policy::WholeHost {
        way.base(direction);
    }
    for planned in plan.of(direction) {
        way.flow(planned);
    }
    way
}

impl Way {
    /// The functions that print its files, first because they are what people read.
    fn files(&self, plan: &Plan, direction: Direction) -> String {
        let target = match (plan.policy, plan.drops(direction)) {
            (Policy::Additive, _) => "CONTINUE",
            (_, true) => "DROP",
            (_, false) => "ACCEPT",
        };
        let (from, to, words) = match direction {
            Direction::Ingress => ("ANY", "HOST", "incoming"),
            Direction::Egress => ("HOST", "ANY", "outgoing"),
        };
        let policy = format!(
            "{XML}<policy priority=\"{PRIORITY}\" target=\"{target}\">
  <short>Portcullis {words}</short>
  <description>Written by Portcullis: change it there, not here.</description>
  <ingress-zone name=\"{from}\"/>
  <egress-zone name=\"{to}\"/>
{}</policy>
",
            self.text
        );
        let mut out = shell::printed(&format!("policy_{}", self.part), "RULES", &policy);
        for set in &self.sets {
            let family = match set.family {
                Family::V4 => "inet",
                Family::V6 => "inet6",
            };
            let mut text = format!("{XML}<ipset type=\"hash:net\">\n  <option name=\"family\" value=\"{family}\"/>\n");
            for entry in &set.entries {
                let _ = writeln!(text, "  <entry>{entry}</entry>");
            }
            text.push_str("</ipset>\n");
            out.push_str(&shell::printed(&set.function(), "RULES", &text));
        }
        out
    }

    /// What a machine needs to be one, besides replies and what it says to itself, which firewalld accepts before any policy.
    fn base(&mut self, direction: Direction) {
        let v6 = Some(Family::V6);
        let v4 = Some(Family::V4);
        self.comment("Replies, and what the machine says to itself, firewalld accepts before any policy");
        match direction {
            Direction::Ingress => {
                self.comment("Errors that others report, and ping");
                for kind in ["destination-unreachable", "time-exceeded", "parameter-problem", "echo-request"] {
                    self.rule(v4, "", &format!("<icmp-type name=\"{kind}\"/>"));
                }
            }
            Direction::Egress => {
                self.comment("ICMP");
                self.rule(v4, "", "<protocol value=\"icmp\"/>");
            }
        }
        self.comment("The same for IPv6, and its neighbours, routers and multicast groups (no names for those before firewalld 2.1)");
        self.rule(v6, "", "<protocol value=\"ipv6-icmp\"/>");
        self.comment("DHCP and DHCPv6");
        let (dhcp, dhcpv6, places): (_, _, &[&str]) = match direction {
            Direction::Ingress => (68, 546, &["fe80::/10"]),
            Direction::Egress => (67, 547, &["fe80::/10", "ff02::1:2"]),
        };
        self.rule(v4, "", &format!("<port port=\"{dhcp}\" protocol=\"udp\"/>"));
        for place in places {
            let peer = format!("<{} address=\"{place}\"/>", self.end);
            self.rule(v6, &peer, &format!("<port port=\"{dhcpv6}\" protocol=\"udp\"/>"));
        }
    }

    fn flow(&mut self, planned: &Planned) {
        let rule = planned.rule;
        let (source, destination) = (clean(&rule.source.name), clean(&rule.destination.name));
        let (protocol, ports, purpose) = (rule.protocol, rule.ports, clean(&rule.purpose));
        self.comment(&format!("{source} to {destination}, {protocol} {ports}: {purpose} ({})", rule.key));
        let before = self.rules.len();
        let what = format!("<port port=\"{ports}\" protocol=\"{}\"/>", protocol.lower());
        if planned.peers.is_none() {
            self.rule(None, "", &what);
        }
        for family in [Family::V4, Family::V6] {
            let entries = entries(planned, family);
            if entries.len() <= self.most_in_rules() {
                for entry in &entries {
                    self.rule(Some(family), &format!("<{} address=\"{entry}\"/>", self.end), &what);
                }
            } else {
                let name = self.set(planned, family, entries);
                self.rule(Some(family), &format!("<{} ipset=\"{name}\"/>", self.end), &what);
            }
        }
        if self.rules.len() == before {
            self.comment("Already allowed by a rule above");
        }
    }

    fn most_in_rules(&self) -> usize {
        if self.end == "destination" { MOST_DESTINATIONS } else { 1 }
    }

    /// The name of the set of these addresses: at most 31 characters, one for each peer and family.
    fn set(&mut self, planned: &Planned, family: Family, entries: Vec<String>) -> String {
        let peer = match planned.rule.peer().group {
            0 => planned.rule.key.split('-').next().unwrap_or_default().to_owned(),
            group => format!("g{group}"),
        };
        let number = match family {
            Family::V4 => "v4",
            Family::V6 => "v6",
        };
        let mut name = format!("portcullis-{}-{peer}-{number}", self.part);
        // One name never stands for two lists.
        while let Some(set) = self.sets.iter().find(|set| set.name == name) {
            if set.entries == entries {
                return name;
            }
            name.push('x');
        }
        self.sets.push(Set { name: name.clone(), family, entries });
        name
    }

    fn comment(&mut self, text: &str) {
        let _ = writeln!(self.text, "  # {text}");
    }

    fn rule(&mut self, family: Option<Family>, peer: &str, what: &str) {
        let family = match family {
            None => "",
            Some(Family::V4) => " family=\"ipv4\"",
            Some(Family::V6) => " family=\"ipv6\"",
        };
        let rule = format!("  <rule{family}>{peer}{what}<accept/></rule>");
        if !self.rules.contains(&rule) {
            self.text.push_str(&rule);
            self.text.push('\n');
            self.rules.insert(rule, ());
        }
    }
}

impl Set {
    /// The shell function that prints it.
    fn function(&self) -> String {
        self.name.replacen("portcullis", "set", 1).replace('-', "_")
    }
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";

/// The peers of one family as hosts and prefixes, of which none lies within another: the kernel refuses such a set.
fn entries(planned: &Planned, family: Family) -> Vec<String> {
    let of_family = planned.peers.iter().flatten().filter(|peer| peer.family() == Some(family));
    let mut blocks: Vec<(u128, u32, Address)> = of_family
        .flat_map(|peer| peer.prefixes())
        .filter_map(|piece| block(&piece).map(|(at, n)| (at, n, piece)))
        .collect();
    sort_by(&mut blocks, Ord::cmp);
    // In this order a block stands behind the one around it, with nothing between but others within that.
    blocks.dedup_by(|(at, _, _), (around, length, _)| (*at ^ *around).checked_shr(128 - *length).unwrap_or(0) == 0);
    blocks.into_iter().map(|(_, _, piece)| piece.to_string()).collect()
}

/// The leading bits that are the same in all of a block, and how many they are.
fn block(address: &Address) -> Option<(u128, u32)> {
    let (ip, length) = match address {
        Address::Host(ip) => (ip, None),
        Address::Prefix(ip, length) => (ip, Some(u32::from(*length))),
        Address::Range(..) | Address::Name(_) => return None,
    };
    let (bits, most) = match ip {
        std::net::IpAddr::V4(ip) => (u128::from(ip.to_bits()) << 96, 32),
        std::net::IpAddr::V6(ip) => (ip.to_bits(), 128),
    };
    Some((bits, length.unwrap_or(most)))
}
