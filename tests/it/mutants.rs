//! Breaks what is printed, in every dialect and both policies, and demands that it is noticed: before printing (a rule without
//! its port, for everyone, of another family, lost, …) and after (a line deleted, an address replaced, a verdict turned, …).
//!
//! Who notices shares nothing with the printers: the strict readers, the flows of the tables written by hand from the vendor's
//! documents, and a few sentences per language, here, without which rules would stand but never be reached.

mod breaks;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use portcullis::deployment::{Deployment, Edit};
use portcullis::dialect::cloud::PEERS;
use portcullis::dialect::{DIALECTS, Dialect, Place, Text};
use portcullis::net::{Address, Addresses, Direction, Family, Policy, Port, PortRange, Protocol, System};
use portcullis::order::Map;
use portcullis::rule::{Peer, Rule, Ruleset};
use portcullis::snippet::{Context, asked, snippet};

use crate::allowed::{Allowed, ports, span};
use crate::scenarios::{self, CATALOG, group};
use crate::words::{addresses, numbers, words};
use crate::{printing, reading};
use breaks::{BREAKS, Break, DEMANDS};

/// Kinds of mutants that each dialect must have been tried with, in each policy.
const LEAST_KINDS: usize = 24;

/// Where administrators come from, and where the services are that machines live on.
const MANAGEMENT: &[&str] = &["203.0.113.0/28", "2001:db8:f::/64"];
const SERVICES: [(&str, &[&str]); 4] = [
    ("dns", &["203.0.113.32", "2001:db8:f:1::32"]),
    ("ntp", &["203.0.113.33", "2001:db8:f:1::33"]),
    ("updates", &["203.0.113.34", "2001:db8:f:1::34"]),
    ("domain", &["203.0.113.35", "2001:db8:f:1::35"]),
];
/// What is reached there: by hand from IANA's registry and Microsoft's list for domain members, which only Windows needs whole.
const REACHED: [(&str, &str, &str); 13] = [
    ("dns", "udp", "53"),
    ("dns", "tcp", "53"),
    ("ntp", "udp", "123"),
    ("updates", "tcp", "80"),
    ("updates", "tcp", "443"),
    ("domain", "tcp", "88"),
    ("domain", "udp", "88"),
    ("domain", "tcp", "389"),
    ("domain", "udp", "389"),
    ("domain", "tcp", "464"),
    ("domain", "udp", "464"),
    ("domain", "tcp", "636"),
    ("domain", "tcp", "3268-3269"),
];
const REACHED_BY_WINDOWS: [(&str, &str, &str); 3] =
    [("domain", "tcp", "135"), ("domain", "tcp", "445"), ("domain", "tcp", "49152-65535")];
const MANAGED: [(System, &str, &str); 4] = [
    (System::Linux, "tcp", "22"),
    (System::Windows, "tcp", "3389"),
    (System::Windows, "udp", "3389"),
    (System::Windows, "tcp", "5985-5986"),
];

/// What a text must say.
struct Wanted {
    policy: Policy,
    allowed: Allowed,
    flows: BTreeSet<(Direction, String)>,
}

/// A deployment, its table, and a group whose text is broken.
struct Case {
    name: &'static str,
    deployment: Deployment,
    table: &'static str,
    group: &'static str,
}

fn cases() -> [Case; 3] {
    let mut places = scenarios::default();
    for (name, addresses) in [
        ("Web clients", "198.51.100.0/24 2001:db8:1::/48"),
        ("Node", "192.0.2.65-192.0.2.68 2001:db8::4:0/112"),
        ("Analyst clients", "198.51.101.7"),
    ] {
        let id = group(&places, name).id;
        scenarios::apply(&mut places, Edit::Listens(id, Addresses::parse(addresses).0));
    }
    let (default, cluster) = (include_str!("../tables/default.txt"), include_str!("../tables/cluster.txt"));
    [
        Case { name: "default", deployment: scenarios::default(), table: default, group: "Spotfire Server" },
        Case { name: "places", deployment: places, table: default, group: "Spotfire Server" },
        Case { name: "cluster", deployment: scenarios::cluster(), table: cluster, group: "Spotfire Servers" },
    ]
}

impl Case {
    /// The deployment with that policy on machines of that system.
    fn set(&self, policy: Policy, system: System) -> Deployment {
        let mut deployment = self.deployment.clone();
        let mut edits = vec![
            Edit::Management(Addresses::parse(&MANAGEMENT.join(" ")).0),
            Edit::DropOutgoing(true),
            Edit::Policy(group(&deployment, self.group).id, policy),
            Edit::System(group(&deployment, self.group).id, system),
        ];
        edits.extend(SERVICES.map(|(id, addresses)| Edit::Base(id, Addresses::parse(&addresses.join(" ")).0)));
        deployment.apply(&CATALOG, &Edit::Several(edits));
        deployment
    }

    /// What the table says of the group, and what a whole policy adds.
    fn wanted(&self, policy: Policy, system: System) -> Wanted {
        let mut wanted = Wanted { policy, allowed: Allowed::default(), flows: BTreeSet::new() };
        for row in self.table.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            let mut parts = row.split_whitespace().rev();
            let (range, protocol) = (parts.next().expect("ports"), parts.next().expect("a protocol"));
            let (from, to) = row.split_once(" -> ").expect("two ends");
            let to = to.trim_end_matches(range).trim_end().trim_end_matches(protocol);
            let [from, to] = [from, to].map(|name| group(&self.deployment, name.trim()));
            let key = format!("g{}-g{}-{protocol}-{range}", from.id.0, to.id.0);
            for (direction, own, peer) in [(Direction::Ingress, to, from), (Direction::Egress, from, to)] {
                if own.name == self.group {
                    let peers: Vec<String> = peer.listens.list().iter().map(ToString::to_string).collect();
                    wanted.admit(direction, &key, protocol, range, &peers);
                }
            }
        }
        if policy == Policy::WholeHost {
            for (of, protocol, range) in MANAGED {
                if of == system {
                    let key = format!("management-{protocol}-{range}");
                    wanted.admit(Direction::Ingress, &key, protocol, range, MANAGEMENT);
                }
            }
            let windows = REACHED_BY_WINDOWS.iter().filter(|_| system == System::Windows);
            for (service, protocol, range) in REACHED.iter().chain(windows) {
                let (_, addresses) = SERVICES.iter().find(|(id, _)| id == service).expect("a service");
                wanted.admit(Direction::Egress, &format!("{service}-{protocol}-{range}"), protocol, range, addresses);
            }
        }
        wanted
    }
}

impl Wanted {
    fn admit(&mut self, direction: Direction, key: &str, protocol: &str, range: &str, peers: &[impl AsRef<str>]) {
        let (first, last) = ports(range).expect("ports of the table");
        let protocol = if protocol == "tcp" { Protocol::Tcp } else { Protocol::Udp };
        for peer in peers {
            self.allowed.admit((direction, protocol, first, last), span(peer.as_ref()).expect("an address"));
        }
        self.flows.insert((direction, key.to_owned()));
    }

    /// What is wrong with a text.
    fn noticed(&self, dialect: &Dialect, text: &str) -> Option<String> {
        let read = match reading::read(dialect.id, text) {
            Ok(read) => read,
            Err(why) => return Some(why),
        };
        let more = read.allowed.beyond(&self.allowed);
        let less = self.allowed.beyond(&read.allowed);
        if !more.is_empty() || !less.is_empty() {
            return Some(format!("lets {more:?} through, and not {less:?}"));
        }
        if read.flows != self.flows {
            return Some(format!("other flows: {:?}", read.flows));
        }
        if read.held > 0 || read.refuses {
            return Some("refuses to run".to_owned());
        }
        let verdicts = ["drop", "accept", "others"];
        if self.policy == Policy::Additive && read.base.iter().any(|(_, word)| verdicts.contains(word)) {
            return Some(format!("says what becomes of everything else: {:?}", read.base));
        }
        if self.policy == Policy::WholeHost {
            let whole: BTreeSet<_> =
                Direction::ALL.iter().flat_map(|direction| reading::whole(dialect.id, *direction, true)).collect();
            if read.base != whole {
                return Some(format!("not a whole policy: {:?}", read.base));
            }
        }
        let demanded =
            DEMANDS.iter().filter(|(id, policy, _)| *id == dialect.id && policy.is_none_or(|of| of == self.policy));
        let lines: Vec<&str> = demanded.flat_map(|(.., lines)| *lines).copied().collect();
        let times = |line: &str, all: &mut dyn Iterator<Item = &str>| all.filter(|one| *one == line).count();
        let lacking = |line: &&&str| {
            times(line, &mut read.commands.iter().map(String::as_str)) < times(line, &mut lines.iter().copied())
        };
        lines.iter().find(lacking).map(|line| format!("does not say {line}"))
    }
}

/// What a ruleset is printed as.
fn print(dialect: &Dialect, deployment: &Deployment, ruleset: &Ruleset) -> String {
    let context = Context { product: CATALOG.product, release: "", catalog: CATALOG.version, fragment: "" };
    snippet(dialect, ruleset, &Direction::ALL, Text::Apply, &deployment.settings, &context).text
}

/// How to break one rule of a ruleset; false where it cannot be broken so.
type Breaking = fn(&mut Ruleset, usize) -> bool;

/// The end of a rule that a host has to match.
fn peer(rule: &mut Rule) -> &mut Peer {
    match rule.direction {
        Direction::Ingress => &mut rule.source,
        Direction::Egress => &mut rule.destination,
    }
}

fn other(family: Family) -> Address {
    let text = match family {
        Family::V4 => "203.0.113.177",
        Family::V6 => "2001:db8:77::77",
    };
    Address::parse(text).expect("an address")
}

/// Changes the ports of a rule.
fn ported(rules: &mut Ruleset, at: usize, change: impl Fn(u16, u16) -> (u16, u16)) -> bool {
    let ports = rules.rules[at].ports;
    let (first, last) = change(ports.first().number(), ports.last().number());
    match Port::new(first).zip(Port::new(last)).and_then(|(first, last)| PortRange::new(first, last)) {
        Some(changed) => rules.rules[at].ports = changed,
        None => return false,
    }
    true
}

/// Changes the addresses of a rule's peer.
fn addressed(rules: &mut Ruleset, at: usize, change: impl Fn(&mut Vec<Address>)) -> bool {
    let peer = peer(&mut rules.rules[at]);
    let mut list = peer.addresses.list().to_vec();
    change(&mut list);
    peer.addresses = Addresses::known(list);
    true
}

/// Ways to break the rules before they are printed.
const MODEL: [(&str, Breaking); 22] = [
    ("port shifted", |rules, at| ported(rules, at, |first, last| (first.wrapping_add(1), last.wrapping_add(1)))),
    ("port missing: all of them", |rules, at| ported(rules, at, |_, _| (1, u16::MAX))),
    ("range longer", |rules, at| ported(rules, at, |first, last| (first, last.wrapping_add(1)))),
    ("range cut", |rules, at| ported(rules, at, |first, last| (first, last - 1))),
    ("source missing: everyone", |rules, at| {
        peer(&mut rules.rules[at]).addresses = Addresses::Any;
        true
    }),
    ("source missing: held back", |rules, at| {
        peer(&mut rules.rules[at]).addresses = Addresses::Missing;
        true
    }),
    ("direction turned", |rules, at| {
        let rule = &mut rules.rules[at];
        rule.direction = match rule.direction {
            Direction::Ingress => Direction::Egress,
            Direction::Egress => Direction::Ingress,
        };
        true
    }),
    ("ends swapped", |rules, at| {
        let rule = &mut rules.rules[at];
        std::mem::swap(&mut rule.source, &mut rule.destination);
        true
    }),
    ("prefix widened", |rules, at| addressed(rules, at, |list| list[0] = widened(&list[0]))),
    ("families mixed up", |rules, at| {
        addressed(rules, at, |list| {
            let family = list[0].family();
            list[0] = other(if family == Some(Family::V4) { Family::V6 } else { Family::V4 });
        })
    }),
    ("a family lost", |rules, at| {
        let mixed = peer(&mut rules.rules[at]).addresses.list().iter().any(|one| one.family() == Some(Family::V6));
        mixed && addressed(rules, at, |list| list.retain(|one| one.family() != Some(Family::V6)))
    }),
    ("an address lost", |rules, at| addressed(rules, at, |list| drop(list.pop()))),
    ("an address more", |rules, at| addressed(rules, at, |list| list.push(other(Family::V4)))),
    ("an address replaced", |rules, at| {
        addressed(rules, at, |list| list[0] = other(list[0].family().unwrap_or(Family::V4)))
    }),
    ("addresses of another group", |rules, at| {
        let next = (at + 1) % rules.rules.len();
        peer(&mut rules.rules[at]).addresses = peer(&mut rules.rules[next].clone()).addresses.clone();
        true
    }),
    ("protocol swapped", |rules, at| {
        let rule = &mut rules.rules[at];
        rule.protocol = if rule.protocol == Protocol::Tcp { Protocol::Udp } else { Protocol::Tcp };
        true
    }),
    ("a rule lost", |rules, at| {
        rules.rules.remove(at);
        true
    }),
    ("a rule twice, with another peer", |rules, at| {
        let mut twice = rules.rules[at].clone();
        twice.key.push_str("-again");
        peer(&mut twice).ours = false;
        peer(&mut twice).addresses = Addresses::known(vec![other(Family::V4)]);
        rules.rules.push(twice);
        true
    }),
    ("a rule for everything", |rules, at| {
        let mut everything = rules.rules[at].clone();
        everything.key = "everything".to_owned();
        peer(&mut everything).addresses = Addresses::Any;
        rules.rules.insert(0, everything);
        ported(rules, 0, |_, _| (1, u16::MAX))
    }),
    ("management lost", |rules, at| {
        let managed = rules.rules[at].key.starts_with("management-");
        rules.rules.retain(|rule| !rule.key.starts_with("management-"));
        managed
    }),
    ("the other policy", |rules, at| {
        rules.policy = match rules.policy {
            Policy::Additive => Policy::WholeHost,
            Policy::WholeHost => Policy::Additive,
        };
        at == 0
    }),
    ("outgoing traffic no longer dropped", |rules, at| {
        let whole = rules.policy == Policy::WholeHost;
        rules.drops_outgoing = false;
        whole && at == 0
    }),
];

fn widened(address: &Address) -> Address {
    let text = match address {
        Address::Host(IpAddr::V4(ip)) => format!("{}/24", Ipv4Addr::from_bits(ip.to_bits() & !255)),
        Address::Host(IpAddr::V6(ip)) => format!("{}/64", Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
        Address::Prefix(IpAddr::V4(ip), _) => format!("{}/16", Ipv4Addr::from_bits(ip.to_bits() & !65535)),
        Address::Prefix(IpAddr::V6(ip), _) => format!("{}/32", Ipv6Addr::from_bits(ip.to_bits() >> 96 << 96)),
        Address::Range(first, last) => format!("{first}-{}", after(*last)),
        Address::Name(name) => name.clone(),
    };
    Address::parse(&text).unwrap_or_else(|refusal| panic!("{text}: {refusal}"))
}

fn after(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits() + 1).into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() + 1).into(),
    }
}

/// Lines that say who may pass: no comment, and an address that the table knows.
fn rule_lines(text: &str, wanted: &Wanted) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let comment = ["#", "rem ", "@rem ", "::"].iter().any(|mark| line.trim_start().starts_with(mark));
        if !comment && addresses(line).iter().any(|(_, span)| wanted.allowed.names(*span)) {
            found.push(start..start + line.len());
        }
        start += line.len();
    }
    found
}

/// Replaces a part of a line.
fn with(line: &str, place: &Range<usize>, text: &str) -> String {
    format!("{}{text}{}", &line[..place.start], &line[place.end..])
}

/// Every way to break a line of a rule that needs no knowledge of its language.
fn broken_lines(line: &str) -> Vec<(&'static str, String)> {
    let mut broken = vec![
        ("line deleted", String::new()),
        ("line commented out", format!("# {line}")),
        ("line ends the text", "PORTCULLIS\n".to_owned() + line),
    ];
    let places = addresses(line);
    for (place, (family, first, last)) in &places {
        let elsewhere = other(*family).to_string();
        let foreign = other(if *family == Family::V4 { Family::V6 } else { Family::V4 }).to_string();
        let everyone = if *family == Family::V4 { "0.0.0.0/0" } else { "::/0" };
        let neighbour = match family {
            Family::V4 => Ipv4Addr::from_bits(u32::try_from(last + 1).unwrap_or(0)).to_string(),
            Family::V6 => Ipv6Addr::from_bits(last + 1).to_string(),
        };
        let wider = match (family, first == last) {
            (Family::V4, true) => format!("{}/24", Ipv4Addr::from_bits(u32::try_from(first & !255).unwrap_or(0))),
            (Family::V4, false) => format!("{}/16", Ipv4Addr::from_bits(u32::try_from(first & !65535).unwrap_or(0))),
            (Family::V6, _) => format!("{}/32", Ipv6Addr::from_bits(first & !((1 << 96) - 1))),
        };
        broken.extend([
            ("address replaced", with(line, place, &elsewhere)),
            ("address of the other family", with(line, place, &foreign)),
            ("address of the neighbour", with(line, place, &neighbour)),
            ("address widened", with(line, place, &wider)),
            ("address of everyone", with(line, place, everyone)),
            ("address emptied", with(line, place, "")),
            ("address that can be read two ways", with(line, place, &format!("0{}", &line[place.clone()]))),
            ("address a name", with(line, place, "db.example.test")),
            ("command in place of an address", with(line, place, "$(reboot)")),
        ]);
        // With what parts it from the next one, or from the one before.
        let rest = &line[place.end..];
        let after = rest.len() - rest.trim_start_matches([',', ' ', '\'', '"']).len();
        broken.push(("address removed", with(line, &(place.start..place.end + after), "")));
        let before = line[..place.start].trim_end_matches([',', ' ', '\'', '"']).len();
        broken.push(("address removed", with(line, &(before..place.end), "")));
    }
    if let [.., (last, _)] = places.as_slice() {
        let more = other(Family::V4).to_string();
        broken.push(("rule twice, with another address", line.to_owned() + &with(line, last, &more)));
        broken.push(("line cut", line[..last.end - 1].to_owned() + "\n"));
    }
    for (place, (first, last)) in numbers(line) {
        let separator = if line[place.clone()].contains(':') { ':' } else { '-' };
        broken.extend([
            ("port off by one", with(line, &place, &(first.wrapping_sub(1)).to_string())),
            ("port range longer", with(line, &place, &format!("{first}{separator}{}", u32::from(last) + 1))),
            ("port 0", with(line, &place, "0")),
            ("port emptied", with(line, &place, "")),
            ("every port", with(line, &place, &format!("1{separator}65535"))),
        ]);
        if first < last {
            broken.push(("port range cut", with(line, &place, &format!("{first}{separator}{}", last - 1))));
        }
    }
    for place in words(line) {
        let word = &line[place.clone()];
        let Some(swapped) = [("tcp", "udp"), ("udp", "tcp"), ("TCP", "UDP"), ("UDP", "TCP")]
            .iter()
            .find(|(from, _)| *from == word)
            .map(|(_, to)| *to)
        else {
            continue;
        };
        broken.push(("protocol swapped", with(line, &place, swapped)));
        broken.push(("protocol emptied", with(line, &place, "")));
    }
    broken
}

/// What is broken: what a text must say, what it was printed from, and the text.
struct Whole {
    wanted: Wanted,
    ruleset: Ruleset,
    text: String,
}

/// How many mutants of each kind were tried, and those that nobody noticed.
#[derive(Default)]
struct Tally {
    kinds: BTreeMap<(Policy, String), usize>,
    missed: Vec<String>,
    /// Those that the page's own reading did not notice.
    unread: Vec<String>,
}

impl Tally {
    /// `shown` says where, for a person. A mutant that prints the same bytes is none.
    fn tried(&mut self, dialect: &Dialect, whole: &Whole, kind: String, shown: &str, text: &str) {
        let Whole { wanted, ruleset, text: original } = whole;
        if text == original {
            return;
        }
        if asked(dialect, Text::Apply, ruleset, &Direction::ALL, &Map::new()).check(text).agrees() {
            self.unread.push(format!("{:?}, {kind}: {}", wanted.policy, shown.trim_end()));
        }
        *self.kinds.entry((wanted.policy, kind.clone())).or_default() += 1;
        if wanted.noticed(dialect, text).is_none() {
            self.missed.push(format!("{:?}, {kind}: {}", wanted.policy, shown.trim_end()));
        }
    }
}

/// Some of a kind, spread over all places; with `PORTCULLIS_FULL` in the environment, all of them.
fn some<T>(all: Vec<T>) -> impl Iterator<Item = T> {
    let most = if std::env::var_os("PORTCULLIS_FULL").is_some() { all.len() } else { 3 };
    let step = all.len().div_ceil(most.max(1)).max(1);
    all.into_iter().step_by(step)
}

/// Tries everything on one dialect.
fn mutate(dialect: &Dialect) -> Tally {
    let Place::Host(system) = dialect.place else { panic!("{} is no host's", dialect.id) };
    let mut tally = Tally::default();
    let mut matched: BTreeSet<&Break> = BTreeSet::new();
    let breaks = |policy| {
        // Not every language of a host has a whole policy.
        let has = policy == Policy::Additive || !reading::whole(dialect.id, Direction::Ingress, true).is_empty();
        let own = BREAKS.iter().filter(move |(id, of, _)| *id == dialect.id && of.is_none_or(|of| of == policy && has));
        own.flat_map(|(.., breaks)| *breaks)
    };
    for (case, policy) in cases().iter().flat_map(|case| Policy::ALL.map(|policy| (case, policy))) {
        let deployment = case.set(policy, system);
        let wanted = case.wanted(policy, system);
        let ruleset = printing::rules(&deployment, group(&deployment, case.group).id);
        let text = print(dialect, &deployment, &ruleset);
        if let Some(why) = wanted.noticed(dialect, &text) {
            panic!("{}: the whole text of {} is refused, {policy:?}: {why}\n{text}", dialect.id, case.name);
        }
        let whole_text = Whole { wanted, ruleset: ruleset.clone(), text: text.clone() };
        let wanted = &whole_text.wanted;
        for (kind, breaking) in MODEL {
            let broken = (0..ruleset.rules.len()).filter_map(|at| {
                let mut broken = ruleset.clone();
                breaking(&mut broken, at).then(|| (format!("{} {}", case.name, ruleset.rules[at].key), broken))
            });
            for (shown, broken) in some(broken.collect()) {
                let text_of_it = print(dialect, &deployment, &broken);
                tally.tried(dialect, &whole_text, format!("model: {kind}"), &shown, &text_of_it);
            }
        }
        let lines = rule_lines(&text, wanted);
        assert!(lines.len() > 4, "{}: which lines of {} are rules?\n{text}", dialect.id, case.name);
        let mut broken: BTreeMap<&str, Vec<(Range<usize>, String)>> = BTreeMap::new();
        for place in lines {
            for (kind, line) in broken_lines(&text[place.clone()]) {
                broken.entry(kind).or_default().push((place.clone(), line));
            }
        }
        for (kind, broken) in broken {
            for (place, line) in some(broken) {
                let shown = format!("{} {}", case.name, if line.is_empty() { &text[place.clone()] } else { &line });
                tally.tried(dialect, &whole_text, format!("text: {kind}"), &shown, &with(&text, &place, &line));
            }
        }
        for one in breaks(policy) {
            let (kind, whole, broken) = one;
            let places: Vec<usize> = text.match_indices(whole).map(|(at, _)| at).collect();
            for at in some(places) {
                matched.insert(one);
                let (shown, place) = (format!("{} {whole}", case.name), at..at + whole.len());
                let kind = format!("language: {kind}");
                tally.tried(dialect, &whole_text, kind, &shown, &with(&text, &place, broken));
            }
        }
    }
    for one in Policy::ALL.into_iter().flat_map(breaks) {
        assert!(matched.contains(one), "{}: nothing matches {:?} any more", dialect.id, one.1);
    }
    tally
}

#[test]
fn every_mutant_is_noticed_in_every_dialect() {
    let mut wrong = Vec::new();
    for dialect in printing::hosts(None) {
        let tally = mutate(dialect);
        let tried: usize = tally.kinds.values().sum();
        let kinds = |policy| tally.kinds.keys().filter(|(of, _)| *of == policy).count();
        // Straight to the terminal: the test harness swallows what a passing test prints.
        let _ = writeln!(
            std::io::stderr(),
            "mutants, {}: caught {} of {tried}, by the page's own reading {}; {} kinds added, {} kinds in a whole policy",
            dialect.id,
            tried - tally.missed.len(),
            tried - tally.unread.len(),
            kinds(Policy::Additive),
            kinds(Policy::WholeHost),
        );
        for policy in Policy::ALL {
            if kinds(policy) < LEAST_KINDS {
                wrong.push(format!("{}: {} kinds only, {policy:?}", dialect.id, kinds(policy)));
            }
        }
        if !BREAKS.iter().any(|(id, ..)| *id == dialect.id) {
            wrong.push(format!("{}: say in breaks.rs how its own words can be broken", dialect.id));
        }
        wrong.extend(tally.missed.iter().map(|missed| format!("{}: {missed}", dialect.id)));
        wrong.extend(tally.unread.iter().map(|missed| format!("{}, read back: {missed}", dialect.id)));
    }
    assert!(wrong.is_empty(), "{} not noticed:\n  {}", wrong.len(), wrong.join("\n  "));
}

/// The lines of a text that are no comments.
fn acted_upon(text: &str) -> Vec<&str> {
    let comment = |line: &str| line.starts_with('#') || line.starts_with("//");
    text.lines().filter(|line| !comment(line.trim()) && !line.trim().is_empty()).collect()
}

/// Tries everything on one dialect of a cloud, by groups and by addresses: every line of its text that is no comment. The page's
/// own reading is who notices.
fn mutate_cloud(dialect: &Dialect) -> Tally {
    let mut tally = Tally::default();
    let mut matched: BTreeSet<&Break> = BTreeSet::new();
    let breaks = || BREAKS.iter().filter(|(id, ..)| *id == dialect.id).flat_map(|(.., breaks)| *breaks);
    for (case, peers) in cases().iter().flat_map(|case| ["groups", "addresses"].map(|peers| (case, peers))) {
        let mut deployment = case.set(Policy::Additive, System::Linux);
        deployment.apply(&CATALOG, &Edit::Setting(dialect.key(&PEERS), peers.to_owned()));
        let ruleset = printing::rules_in(dialect, &deployment, group(&deployment, case.group).id);
        let text = print(dialect, &deployment, &ruleset);
        let asked = asked(dialect, Text::Apply, &ruleset, &Direction::ALL, &deployment.settings);
        assert!(asked.check(&text).agrees(), "{}: the whole text of {} is refused\n{text}", dialect.id, case.name);
        let whole = acted_upon(&text);
        let mut tried = |kind: String, shown: &str, broken: &str| {
            // What differs in comments only is no mutant.
            if acted_upon(broken) != whole {
                *tally.kinds.entry((Policy::Additive, kind.clone())).or_default() += 1;
                if asked.check(broken).agrees() {
                    tally.unread.push(format!("by {peers}, {kind}: {} {}", case.name, shown.trim_end()));
                }
            }
        };
        for (kind, breaking) in MODEL {
            let broken = (0..ruleset.rules.len()).filter_map(|at| {
                let mut broken = ruleset.clone();
                breaking(&mut broken, at).then_some((at, broken))
            });
            for (at, broken) in some(broken.collect()) {
                let key = &ruleset.rules[at].key;
                tried(format!("model: {kind}"), key, &print(dialect, &deployment, &broken));
            }
        }
        let mut broken: BTreeMap<&str, Vec<(Range<usize>, String)>> = BTreeMap::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let place = start..start + line.len();
            start = place.end;
            if !acted_upon(line).is_empty() {
                for (kind, line) in broken_lines(line) {
                    broken.entry(kind).or_default().push((place.clone(), line));
                }
            }
        }
        for (kind, broken) in broken {
            for (place, line) in broken {
                let shown = if line.is_empty() { &text[place.clone()] } else { &line };
                tried(format!("text: {kind}"), shown, &with(&text, &place, &line));
            }
        }
        for one in breaks() {
            let (kind, whole, broken) = one;
            let places: Vec<usize> = text.match_indices(whole).map(|(at, _)| at).collect();
            for at in some(places) {
                matched.insert(one);
                tried(format!("language: {kind}"), whole, &with(&text, &(at..at + whole.len()), broken));
            }
        }
    }
    for one in breaks() {
        assert!(matched.contains(one), "{}: nothing matches {:?} any more", dialect.id, one.1);
    }
    tally
}

#[test]
fn every_mutant_is_noticed_in_every_cloud() {
    let mut wrong = Vec::new();
    for dialect in DIALECTS.into_iter().filter(|dialect| !dialect.place.on_host()) {
        let tally = mutate_cloud(dialect);
        let tried: usize = tally.kinds.values().sum();
        let (caught, kinds) = (tried - tally.unread.len(), tally.kinds.len());
        let _ = writeln!(
            std::io::stderr(),
            "mutants, {}: caught {caught} of {tried} by the page's own reading; {kinds} kinds",
            dialect.id
        );
        if kinds < LEAST_KINDS {
            wrong.push(format!("{}: {kinds} kinds only", dialect.id));
        }
        if !BREAKS.iter().any(|(id, ..)| *id == dialect.id) {
            wrong.push(format!("{}: say in breaks.rs how its own words can be broken", dialect.id));
        }
        wrong.extend(tally.unread.iter().map(|missed| format!("{}: {missed}", dialect.id)));
    }
    assert!(wrong.is_empty(), "{} not noticed:\n  {}", wrong.len(), wrong.join("\n  "));
}
