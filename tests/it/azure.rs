//! Texts for Azure in front of other people's parsers, and what Azure would refuse: names, priorities, lengths, networks that
//! meet. A priority belongs to a flow: whatever else comes or goes, it stays. Sends nothing to any cloud.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use portcullis::deployment::{Deployment, Edit};
use portcullis::dialect::cloud::PEERS;
use portcullis::dialect::{DIALECTS, Dialect, Text};
use portcullis::net::{Address, Addresses, Direction, Policy, Port, PortRange, Protocol};
use portcullis::order::Map;
use portcullis::rule::{Enforcement, Peer, Rule, Ruleset};
use portcullis::snippet::{Context, lines, snippet};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::arbitrary;
use crate::azure_text::{self, Rule as Read};
use crate::cloud_checks;
use crate::printing::{COVERS, named, print};
use crate::scenarios::{self, CATALOG};

fn dialects() -> impl Iterator<Item = &'static Dialect> {
    DIALECTS.into_iter().filter(|dialect| dialect.id.starts_with("azure-"))
}

fn parsed(dialect: &Dialect, text: &str) -> Result<Vec<Read>, String> {
    let read = match dialect.id {
        "azure-bicep" => azure_text::bicep(text),
        "azure-cli" => azure_text::cli(text),
        _ => azure_text::terraform(text),
    };
    read.map(|(_, rules)| rules)
}

fn read(dialect: &Dialect, text: &str) -> Vec<Read> {
    parsed(dialect, text).unwrap_or_else(|why| panic!("{}: {why}\n{text}", dialect.id))
}

/// Python with the parsers; where it is missing, nothing is parsed, which in CI is a failure.
fn python() -> Option<PathBuf> {
    Some(cloud_checks::programs()?.join(format!("python{}", std::env::consts::EXE_SUFFIX)))
}

/// Reads texts, each after a line that says its language; answers a line for each rule.
const PARSE: &str = r#"
import sys, hcl2
from pycep import BicepParser

def out(rule, name):
    one = lambda singular, plural: [rule[singular]] if singular in rule else rule[plural]
    camel = 'sourcePortRange' in rule
    key = lambda text: text if camel else ''.join('_' + c.lower() if c.isupper() else c for c in text)
    source, destination = 'source', 'destination'
    peer = source if rule['direction'] == 'Inbound' else destination
    groups = key(peer + ('ApplicationSecurityGroups' if camel else 'ApplicationSecurityGroupIds'))
    if groups in rule:
        ref = rule[groups][0]
        peers = [ref['id']['operator']['operands']['operand_1'] if camel else ref.split('portcullis_')[1].split('.')[0]]
    else:
        peers = one(key(peer + 'AddressPrefix'), key(peer + 'AddressPrefixes'))
    ports = one(key('destinationPortRange'), key('destinationPortRanges'))
    assert rule['access'] == 'Allow' and rule[key('sourcePortRange')] == '*', rule
    print(name, rule['priority'], rule['direction'], rule['protocol'], ','.join(ports), ','.join(peers))

def plain(value):
    if isinstance(value, dict): return {plain(k): plain(v) for k, v in value.items()}
    if isinstance(value, list): return [plain(v) for v in value]
    return value.strip('"') if isinstance(value, str) else value

for part in sys.stdin.read().split('\0')[1:]:
    kind, text = part.split('\n', 1)
    print('text')
    if kind == 'azure-bicep':
        tree = BicepParser().parse(text=text)
        for name, parameter in tree['parameters'].items():
            if name.startswith('heldBack'): print('held')
        rules = tree['resources']['nsg']['config']['properties']['securityRules']['function']
        assert rules['type'] == 'concat' and rules['parameters']['arg_1'] == 'ownRules', rules
        for rule in rules['parameters']['arg_2'] or []:
            out(rule['properties'], rule['name'])
    else:
        tree = plain(hcl2.loads(text))
        if 'locals' in tree: print('held')
        for resource in tree['resource']:
            for rule in resource.get('azurerm_network_security_rule', {}).values():
                if isinstance(rule, dict): out(rule, rule['name'])
"#;

/// A rule as the parsers' answer has it.
fn line(rule: &Read) -> String {
    let ports: Vec<String> = rule
        .ports
        .iter()
        .map(|(first, last, _)| if first == last { first.to_string() } else { format!("{first}-{last}") })
        .collect();
    let way = if rule.direction == Direction::Ingress { "Inbound" } else { "Outbound" };
    let protocol = if rule.protocol == Protocol::Tcp { "Tcp" } else { "Udp" };
    format!("{} {} {way} {protocol} {} {}", rule.name, rule.priority, ports.join(","), rule.peers)
}

/// The scenarios, by groups and by addresses.
fn deployments() -> Vec<Deployment> {
    let mut all = Vec::new();
    for scenario in scenarios::all() {
        let mut by_addresses = scenario.deployment.clone();
        for dialect in dialects() {
            by_addresses.apply(&CATALOG, &Edit::Setting(dialect.key(&PEERS), "addresses".to_owned()));
        }
        all.extend([scenario.deployment, by_addresses]);
    }
    all
}

#[test]
fn other_parsers_find_the_same_rules() {
    let Some(python) = python() else { return };
    let (mut texts, mut wanted, mut count) = (String::new(), String::new(), 0);
    let declared = || dialects().filter(|dialect| dialect.extension != "sh");
    for (deployment, dialect) in deployments().iter().flat_map(|one| declared().map(move |dialect| (one, dialect))) {
        for (group, cover) in deployment.groups.iter().flat_map(|group| COVERS.map(|cover| (group, cover))) {
            let snippet = print(dialect, deployment, group.id, cover, Text::Apply);
            write!(texts, "\0{}\n{}", dialect.id, snippet.text).unwrap();
            let held = match dialect.id {
                "azure-bicep" => snippet.text.matches("param heldBack").count(),
                _ => usize::from(!snippet.held.is_empty()),
            };
            wanted.push_str("text\n");
            wanted.push_str(&"held\n".repeat(held));
            for rule in read(dialect, &snippet.text) {
                wanted.push_str(&line(&rule));
                wanted.push('\n');
                count += 1;
            }
        }
    }
    let mut child = Command::new(python)
        .args(["-c", PARSE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || stdin.write_all(texts.as_bytes()));
    let output = child.wait_with_output().expect("Python ends");
    writer.join().expect("no panic").expect("Python reads");
    assert!(output.status.success(), "the parsers refuse a text: see above");
    let found = String::from_utf8(output.stdout).expect("UTF-8");
    for (found, wanted) in found.lines().zip(wanted.lines()) {
        assert_eq!(found, wanted);
    }
    assert_eq!(found.lines().count(), wanted.lines().count());
    assert!(count > 100 && wanted.contains("held"), "{count} rules");
}

/// Rules of group 3 with other groups.
fn ruleset(flows: &[(u32, Protocol, u16, u16, Addresses)]) -> Ruleset {
    let peer = |group: u32, addresses: &Addresses| Peer {
        group,
        name: format!("Group {group}"),
        labels: Map::new(),
        addresses: addresses.clone(),
        ours: false,
    };
    let rule = |(group, protocol, first, last, addresses): &(u32, Protocol, u16, u16, Addresses)| {
        let ports = PortRange::new(Port::new(*first).unwrap(), Port::new(*last).unwrap()).expect("in order");
        Rule {
            key: format!("g{group}-g3-{}-{ports}", protocol.lower()),
            direction: Direction::Ingress,
            source: peer(*group, addresses),
            destination: peer(3, &Addresses::Missing),
            protocol: *protocol,
            ports,
            purpose: "Purpose".to_owned(),
        }
    };
    Ruleset {
        point: Enforcement::CloudGroup(3),
        name: "Group 3".to_owned(),
        addresses: Addresses::Missing,
        policy: Policy::Additive,
        drops_outgoing: false,
        rules: flows.iter().map(rule).collect(),
    }
}

fn printed(dialect: &Dialect, ruleset: &Ruleset) -> portcullis::snippet::Snippet {
    let context = Context { product: "Product", release: "", catalog: "", fragment: "" };
    snippet(dialect, ruleset, &Direction::ALL, Text::Apply, &Map::new(), &context)
}

/// The name and priority of every flow in every family.
fn priorities(rules: &[Read]) -> BTreeMap<(Direction, String, bool), (String, u32)> {
    let of = |rule: &Read| {
        let (v6, name, priority) = (rule.peers.contains(':'), rule.name.clone(), rule.priority);
        let direction = rule.direction;
        let ports = rule.ports.clone();
        ports.into_iter().map(move |(_, _, key)| ((direction, key, v6), (name.clone(), priority)))
    };
    rules.iter().flat_map(of).collect()
}

fn list(text: &str) -> Addresses {
    Addresses::parse(text).0
}

proptest! {
    #![proptest_config(arbitrary::config())]

    #[test]
    fn a_flow_more_moves_no_other_flow(
        base in arbitrary::deployment(),
        ends in any::<(prop::sample::Index, prop::sample::Index)>(),
        udp in any::<bool>(), first in 1_u16..=u16::MAX, more in 0_u16..20,
    ) {
        prop_assume!(!base.groups.is_empty());
        let (initiator, responder) = (ends.0.get(&base.groups).id, ends.1.get(&base.groups).id);
        let protocol = if udp { Protocol::Udp } else { Protocol::Tcp };
        let last = first.saturating_add(more);
        let ports = PortRange::new(Port::new(first).unwrap(), Port::new(last).unwrap()).unwrap();
        let mut after = base.clone();
        after.apply(&CATALOG, &Edit::AddFlow { initiator, responder, protocol, ports, purpose: "More".to_owned() });
        for (dialect, group) in dialects().flat_map(|dialect| base.groups.iter().map(move |group| (dialect, group.id))) {
            let of = |deployment: &Deployment| {
                priorities(&read(dialect, &print(dialect, deployment, group, &Direction::ALL, Text::Apply).text))
            };
            let (before, after) = (of(&base), of(&after));
            for (flow, place) in before {
                prop_assert_eq!(after.get(&flow), Some(&place), "{:?}", flow);
            }
        }
    }

    /// Single ports never meet, whoever the groups are; ranges may, and then the page says so.
    #[test]
    fn two_rules_of_one_priority_are_noted(
        flows in prop::collection::vec((1_u32..499, any::<bool>(), 1_u16..=u16::MAX, 0_u16..3, any::<bool>()), 1..40),
    ) {
        // A group has the same addresses in all of its flows.
        let (mut places, mut unique) = (BTreeMap::new(), BTreeMap::new());
        for (group, udp, first, more, any) in flows {
            let protocol = if udp { Protocol::Udp } else { Protocol::Tcp };
            let last = first.saturating_add(more);
            let place = || list(&format!("192.0.2.{} 2001:db8::{group:x}", group % 256));
            let of_group = || if any && group % 2 == 0 { Addresses::Any } else { place() };
            let addresses = places.entry(group).or_insert_with(of_group).clone();
            unique.insert((group, udp, first, last), (group, protocol, first, last, addresses));
        }
        let flows: Vec<_> = unique.into_values().collect();
        let single: Vec<_> = flows.iter().filter(|(_, _, first, last, _)| first == last).cloned().collect();
        for dialect in dialects() {
            // The tests' own reader demands the sentence exactly where it belongs.
            read(dialect, &printed(dialect, &ruleset(&flows)).text);
            prop_assert!(printed(dialect, &ruleset(&single)).notes.is_empty());
        }
    }
}

#[test]
fn ranges_of_a_catalog_have_priorities_of_their_own() {
    // The same few ranges with sixty groups, and sixty ranges with one.
    let place = list("192.0.2.1");
    let mut flows = Vec::new();
    for group in 1..=60 {
        for (first, last) in [(5701, 5704), (47100, 47109)] {
            flows.push((group, Protocol::Tcp, first, last, place.clone()));
        }
    }
    for dialect in dialects() {
        assert_eq!(printed(dialect, &ruleset(&flows)).notes, Vec::<String>::new());
    }
    let one: Vec<_> = (0..60).map(|at| (4, Protocol::Tcp, 9501 + 10 * at, 9509 + 10 * at, place.clone())).collect();
    for dialect in dialects() {
        assert_eq!(printed(dialect, &ruleset(&one)).notes, Vec::<String>::new());
    }
}

#[test]
fn a_priority_that_comes_again_is_said() {
    let place = list("192.0.2.1");
    let flows = [(1, Protocol::Tcp, 443, 443, place.clone()), (500, Protocol::Tcp, 443, 443, place)];
    for dialect in dialects() {
        let snippet = printed(dialect, &ruleset(&flows));
        let said = "ingress-g1-tcp and ingress-g500-tcp have the same priority, 104, and Azure refuses that";
        assert!(snippet.notes.iter().any(|note| note.starts_with(said)), "{:?}", snippet.notes);
        assert!(snippet.text.contains(said));
    }
}

#[test]
fn networks_that_meet_become_one() {
    let place = list("192.0.2.0/24 192.0.2.7 192.0.2.5-192.0.2.9 198.51.100.1-198.51.100.3 2001:db8::/32 2001:db8::1");
    for dialect in dialects() {
        let rules = read(dialect, &printed(dialect, &ruleset(&[(1, Protocol::Tcp, 443, 443, place.clone())])).text);
        let peers: Vec<&str> = rules.iter().map(|rule| &*rule.peers).collect();
        assert_eq!(peers, ["192.0.2.0/24,198.51.100.1/32,198.51.100.2/31", "2001:db8::/32"]);
    }
}

#[test]
fn what_azure_does_not_take_is_said() {
    let many = |count: u32| {
        let host = |at: u32| Address::parse(&format!("10.{}.{}.{}", at / 32768, at / 128 % 256, at * 2 % 256)).unwrap();
        Addresses::known((0..count).map(host).collect())
    };
    for dialect in dialects() {
        let notes = |flows: &[_]| printed(dialect, &ruleset(flows)).notes;
        assert!(notes(&[(1, Protocol::Tcp, 443, 443, many(4000))]).is_empty());
        let said = notes(&[(1, Protocol::Tcp, 443, 443, many(4001))]);
        assert!(said.iter().any(|note| note.starts_with("4001 ingress networks")), "{said:?}");
        let place = list("192.0.2.1 2001:db8::1");
        let flows: Vec<_> = (1..=498)
            .flat_map(|group| {
                [(group, Protocol::Tcp, 443, 443, place.clone()), (group, Protocol::Udp, 443, 443, place.clone())]
            })
            .collect();
        let said = notes(&flows);
        assert!(
            said.iter().any(|note| note.starts_with("1992 rules, and a network security group takes 1000")),
            "{said:?}"
        );
        let mut referred = ruleset(&flows);
        for rule in &mut referred.rules {
            rule.source.ours = true;
        }
        let said = printed(dialect, &referred).notes;
        assert!(said.iter().any(|note| note.starts_with("498 application security groups")), "{said:?}");
    }
}

#[test]
fn a_broken_text_is_noticed() {
    let deployment = scenarios::default();
    let id = scenarios::group(&deployment, "Spotfire Server").id;
    for dialect in dialects() {
        let whole = print(dialect, &deployment, id, &Direction::ALL, Text::Apply).text;
        let body = whole.lines().skip_while(|line| line.starts_with(['#', '/']));
        let body: String = body.flat_map(|line| [line, "\n"]).collect();
        read(dialect, &body);
        for (from, to) in [
            ("104", "99"),
            ("104", "4097"),
            ("104", "105"),
            ("Allow", "Deny"),
            ("9443", "9080"),
            ("192.0.2.17/32", "192.0.2.17"),
            ("192.0.2.17/32", "2001:db8::1:1/32"),
            ("Inbound", "Outbound"),
        ] {
            // What is the same for all rules of a script is no part of them.
            if (dialect.extension, from) == ("sh", "Allow") {
                continue;
            }
            let broken = body.replacen(from, to, 1);
            assert_ne!(broken, body, "{from}");
            assert!(parsed(dialect, &broken).is_err(), "{from} to {to} in {}", dialect.id);
        }
    }
}

#[test]
fn the_port_of_a_flow_is_a_line_of_the_flow() {
    let deployment = scenarios::default();
    let id = scenarios::group(&deployment, "Spotfire Server").id;
    for dialect in dialects() {
        let text = print(dialect, &deployment, id, &Direction::ALL, Text::Apply).text;
        let of = |key: &str| -> Vec<String> {
            let told = lines(&text).into_iter().filter(|line| line.flow == Some(key) && !line.comment);
            let first = |text: &str| text.split(' ').next().unwrap_or(text).replace(['"', '\'', ','], "");
            told.map(|line| first(line.text.trim())).collect()
        };
        // One of several ports, and the only one.
        assert_eq!(of("g3-g4-tcp-9501"), ["9501"], "{text}");
        assert!(of("g3-g5-tcp-5432").iter().any(|line| line.ends_with("5432")), "{text}");
        assert!(lines(&text).iter().filter(|line| line.text.starts_with(['#', '/'])).all(|line| line.comment));
    }
}

/// Something that plays Azure's command line, and what it knows.
struct Az(cloud_checks::Folder, PathBuf);

impl Az {
    fn new() -> Self {
        let folder = cloud_checks::Folder::new("az");
        let program = folder.write("az", include_str!("az.py"));
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("ours");
        let state = folder.write("state", "{}");
        Self(folder, state)
    }

    /// Groups of these names are there, and rules of somebody else.
    fn knows(&self, nsgs: &[&str], asgs: &[String], rules: &Value) {
        let state = json!({"resources": "spotfire", "nsgs": nsgs, "asgs": asgs, "rules": rules});
        self.0.write("state", &state.to_string());
    }

    /// Pastes a text into a shell; what it says.
    fn paste(&self, text: &str, succeeds: bool) -> String {
        let path = format!("{}:{}", self.1.parent().expect("a folder").display(), std::env::var("PATH").expect("set"));
        let mut shell = Command::new("bash")
            .envs([("PATH", path.as_str()), ("PORTCULLIS_AZ", &self.1.to_string_lossy())])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("bash");
        shell.stdin.take().expect("it was piped").write_all(text.as_bytes()).expect("it reads");
        let output = shell.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), succeeds, "{said}");
        said
    }

    fn rules(&self) -> BTreeSet<String> {
        let state: Value = serde_json::from_str(&fs::read_to_string(&self.1).expect("there")).expect("JSON");
        let rules = state["rules"].as_object().expect("rules").values();
        rules.map(|rule| rule["line"].as_str().expect("a line").to_owned()).collect()
    }
}

#[test]
fn the_command_line_leaves_exactly_what_the_last_text_says_and_takes_out_what_is_ours() {
    if !Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success()) {
        assert!(std::env::var("CI").map_or(true, |ci| ci != "true"), "Python is not installed");
        return;
    }
    let (az, dialect) = (Az::new(), named("azure-cli"));
    let mut deployment = scenarios::mixed_names();
    let server = scenarios::group(&deployment, "Spotfire Server").id;
    let text = |deployment: &Deployment, cover, kind| print(dialect, deployment, server, cover, kind).text;
    let all = COVERS[0];
    for name in ["Mail server", "Spotfire database"] {
        let id = scenarios::group(&deployment, name).id;
        scenarios::apply(&mut deployment, Edit::Listens(id, Addresses::parse("192.0.2.250-192.0.2.253").0));
    }
    let lines = |deployment: &Deployment| -> BTreeSet<String> {
        read(dialect, &text(deployment, all, Text::Apply)).iter().map(line).collect()
    };
    let nsg = format!("portcullis-g{}", server.0);
    let asgs: Vec<String> = deployment.groups.iter().map(|group| format!("portcullis-g{}", group.id.0)).collect();
    let theirs = json!({"ssh": {"priority": 4000, "direction": "Inbound", "line": "ssh"}});

    // Nothing is changed where something is missing, or in the way.
    let first = lines(&deployment);
    let priority = |line: &str| line.split(' ').nth(1).and_then(|word| word.parse::<u32>().ok()).expect("a priority");
    let taken = first.iter().find(|line| line.contains("Inbound")).map(|line| priority(line));
    let in_the_way = json!({"ssh": {"priority": taken, "direction": "Inbound", "line": "ssh"}});
    for (nsgs, asgs, rules, why) in [
        (&[][..], &asgs[..], &theirs, "az network nsg create "),
        (&[&*nsg][..], &[][..], &theirs, "az network asg create "),
        (&[&*nsg][..], &asgs[..], &in_the_way, "The rule ssh has the priority "),
    ] {
        az.knows(nsgs, asgs, rules);
        let said = az.paste(&text(&deployment, all, Text::Apply), false);
        assert!(said.contains(why) && said.contains("Nothing was changed."), "{said}");
        assert_eq!(az.rules().len(), 1);
    }

    az.knows(&[&nsg], &asgs, &theirs);
    let said = az.paste(&text(&deployment, all, Text::Try), true);
    assert!(said.contains("Would run: az network nsg rule create "), "{said}");
    let theirs: BTreeSet<String> = ["ssh".to_owned()].into();
    assert_eq!(az.rules(), theirs);
    let with_theirs = |rules: &BTreeSet<String>| -> BTreeSet<String> { rules.union(&theirs).cloned().collect() };
    for _ in 0..2 {
        az.paste(&text(&deployment, all, Text::Apply), true);
        assert_eq!(az.rules(), with_theirs(&first));
    }

    // The second version: another port, other clients, one peer less.
    let clients = scenarios::group(&deployment, "Web clients").id;
    scenarios::apply(
        &mut deployment,
        Edit::Listens(clients, Addresses::parse("198.51.100.0/24 198.51.100.7 198.51.101.0/24").0),
    );
    let node = scenarios::group(&deployment, "Node “Süd”").id;
    scenarios::apply(&mut deployment, Edit::Port(node, "node-registration", Port::new(9445)));
    scenarios::apply(&mut deployment, Edit::Switch("smtp", false));
    let second = lines(&deployment);
    let (gone, new) = (first.difference(&second).count(), second.difference(&first).count());
    assert!(gone > 1 && new > 1, "{gone} gone, {new} new");
    let said = az.paste(&text(&deployment, all, Text::Try), true);
    assert!(said.contains("Would run: az network nsg rule delete "), "{said}");
    az.paste(&text(&deployment, all, Text::Apply), true);
    assert_eq!(az.rules(), with_theirs(&second));

    // One direction leaves the other alone.
    az.paste(&text(&deployment, &[Direction::Egress], Text::TakeOut), true);
    let left = second.iter().filter(|line| line.contains(" Inbound ")).cloned().collect();
    assert_eq!(az.rules(), with_theirs(&left));
    az.paste(&text(&deployment, all, Text::TakeOut), true);
    assert_eq!(az.rules(), theirs);
}
