//! The comparison can fail: a text that loses, turns aside or widens a rule is seen at once, by exactly the probe that the
//! change lets pass or stops. Texts are broken by their words; what they say is never understood.

use std::thread;

use portcullis::dialect::Text;
use portcullis::net::{Policy, Protocol};

use crate::backend::Backend;
use crate::site::Site;
use crate::story;

/// How a language writes what is broken; `@` stands for an address, `#` for a port.
struct Words {
    /// The peer of an incoming and of an outgoing rule.
    peers: [&'static str; 2],
    /// What stands there instead for everybody.
    everybody: [&'static str; 2],
    port: &'static str,
    /// What of it turns IPv4 into IPv6; none where the families have texts of their own.
    families: Option<[&'static str; 2]>,
    /// It counts its rules, so that none can simply be left out.
    counts: bool,
    /// What in a whole policy lets replies pass, without them; and what drops the rest, turned around.
    whole: &'static [[&'static str; 2]],
}

fn words(dialect: &str) -> Words {
    match dialect {
        "nftables" => Words {
            peers: ["saddr @ ", "daddr @ "],
            everybody: ["saddr 0.0.0.0/0 ", "daddr 0.0.0.0/0 "],
            port: "dport # ",
            families: Some([" ip ", " ip6 "]),
            counts: false,
            whole: &[["established,related", "related"], ["policy drop;", "policy accept;"]],
        },
        "iptables" => Words {
            peers: ["-s @ ", "-d @ "],
            everybody: ["", ""],
            port: "--dport # ",
            families: None,
            counts: false,
            whole: &[["ESTABLISHED,RELATED", "RELATED"], [":INPUT DROP", ":INPUT ACCEPT"]],
        },
        "firewalld" => Words {
            peers: ["source address=\"@\"", "destination address=\"@\""],
            everybody: ["source address=\"0.0.0.0/0\"", "destination address=\"0.0.0.0/0\""],
            port: "port=\"#\"",
            families: Some(["ipv4", "ipv6"]),
            counts: true,
            whole: &[["target=\"DROP\"", "target=\"ACCEPT\""]],
        },
        "ufw" => Words {
            peers: ["from @ ", " to @ "],
            everybody: ["from any ", " to any "],
            port: " # ",
            families: Some(["out ", "out "]),
            counts: false,
            whole: &[[
                "grep -qx 'DEFAULT_INPUT_POLICY=\"DROP\"' /etc/default/ufw || run default deny",
                "run default allow",
            ]],
        },
        other => panic!("nobody knows how to break {other}"),
    }
}

/// What becomes of a rule.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Lost,
    OnePortAside,
    OtherProtocol,
    OtherFamily,
    ForEverybody,
}

/// A fault, the rule it is made in (0: incoming), and the probe that must tell: from, to, protocol, port, whether it passes.
type Broken<'a> = (Fault, usize, &'a str, u16, [&'a str; 2], Protocol, u16, bool);

const SERVER: [&str; 2] = ["Spotfire Server 1 (192.0.2.49)", "Spotfire Server 1 (2001:db8::3:1)"];
const NODE: [&str; 2] = ["Node 1 (192.0.2.65)", "Node 1 (2001:db8::4:1)"];
const OUTSIDER: &str = "outsider (203.0.113.9)";

/// Faults in rules that have nothing to do with each other, so that one text can have all of them.
const BROKEN: [Broken; 7] = [
    (Fault::Lost, 0, "192.0.2.65", 9443, [NODE[0], SERVER[0]], Protocol::Tcp, 9443, false),
    (Fault::Lost, 1, "2001:db8::4:1", 9502, [SERVER[1], NODE[1]], Protocol::Tcp, 9502, false),
    (Fault::OnePortAside, 0, "2001:db8::4:1", 9080, [NODE[1], SERVER[1]], Protocol::Tcp, 9081, true),
    (Fault::OtherProtocol, 1, "192.0.2.65", 9443, [SERVER[0], NODE[0]], Protocol::Udp, 9443, true),
    (Fault::OtherFamily, 1, "192.0.2.65", 9501, [SERVER[0], NODE[0]], Protocol::Tcp, 9501, false),
    (Fault::ForEverybody, 0, "192.0.2.17", 443, [OUTSIDER, SERVER[0]], Protocol::Tcp, 443, true),
    (Fault::ForEverybody, 1, "192.0.2.81", 5432, [SERVER[0], OUTSIDER], Protocol::Tcp, 5432, true),
];

/// What only a whole policy has.
const MANAGED: Broken = (Fault::ForEverybody, 0, "203.0.113.22", 22, [OUTSIDER, SERVER[0]], Protocol::Tcp, 22, true);

/// Breaks the texts of a firewall, under each policy.
pub fn noticed(backend: &'static Backend) {
    thread::scope(|scope| {
        for policy in Policy::ALL {
            scope.spawn(move || noticed_under(backend, policy));
        }
    });
}

fn noticed_under(backend: &'static Backend, policy: Policy) {
    let story = story::known_clients();
    let (group, others) = (story.chief, story.unguarded(false));
    let [version, _] = story.under(policy, &others);
    let mut site = Site::new(backend, &story.addressed, &others, &[&version.table]);
    site.guard();
    site.run_everywhere(&version, Text::Apply);
    site.still_agrees("as copied");

    let text = site.text(&version.deployment, group, Text::Apply);
    let words = words(backend.dialect);
    let managed = (policy == Policy::WholeHost).then_some(MANAGED);
    let mut broken = text.clone();
    let mut told = Vec::new();
    for (fault, way, peer, port, [from, to], protocol, asked, passes) in BROKEN.into_iter().chain(managed) {
        if matches!(fault, Fault::OtherFamily) && words.families.is_none() {
            continue;
        }
        broken = fault.made(&broken, &words, way, peer, port);
        let verdict = if passes { "open, not in the table" } else { "in the table, not open" };
        told.push((fault, format!("{from} -> {to} {protocol} {asked}: {verdict}")));
    }
    site.run(group, &broken);
    let found = site.differences();
    for (fault, told) in told {
        assert!(found.contains(&told), "{}, {policy:?}, {fault:?}: not seen: {told}\n{found:#?}", backend.name);
    }
    if policy == Policy::WholeHost {
        wide(&mut site, group, backend, &text, words.whole);
    }
    site.run_everywhere(&version, Text::Apply);
    site.agrees("as copied, over what was broken");
}

/// A word for all rules of a whole policy.
fn wide(site: &mut Site, group: &str, backend: &Backend, text: &str, words: &[[&str; 2]]) {
    for [from, to] in words {
        let broken = text.replace(from, to);
        assert_ne!(broken, text, "{from}");
        site.run(group, &broken);
        assert_ne!(site.differences(), Vec::<String>::new(), "{}: {to} instead of {from} goes unnoticed", backend.name);
    }
}

impl Fault {
    /// The text with the fault in the rule of one peer and one port.
    fn made(self, text: &str, words: &Words, way: usize, peer: &str, port: u16) -> String {
        let (own, number) = (words.peers[way].replace('@', peer), words.port.replace('#', &port.to_string()));
        let is_it = |line: &&str| !line.starts_with('#') && line.contains(&own) && line.contains(&number);
        let lines: Vec<&str> = text.lines().filter(is_it).collect();
        let [line] = lines[..] else { panic!("{self:?} {peer} {port}: {lines:?} in\n{text}") };
        let with = |from: &str, to: &str| line.replacen(from, to, 1);
        let peer_as = |other: &str| words.peers[way].replace('@', other);
        let other = match self {
            Self::Lost if words.counts => {
                with(&own, &peer_as(if peer.contains(':') { "2001:db8::9" } else { "192.0.2.9" }))
            }
            Self::Lost => String::new(),
            Self::OnePortAside => with(&number, &words.port.replace('#', &(port + 1).to_string())),
            Self::OtherProtocol => with("tcp", "udp"),
            Self::OtherFamily => {
                let [from, to] = words.families.expect("one text for both");
                with(from, to).replacen(&own, &peer_as("2001:db8::9"), 1)
            }
            Self::ForEverybody => with(&own, words.everybody[way]),
        };
        assert_ne!(line, other, "{self:?}");
        text.replace(line, &other)
    }
}
