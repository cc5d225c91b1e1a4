//! Law 6: no text of the user's can become a command. Prints hostile names, purposes and settings, reads the text back and
//! demands the commands of a harmless text, no more, no less. Runs nothing.

use std::io::Write as _;

use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::dialect::{DIALECTS, Dialect, Text};
use portcullis::net::{Addresses, Direction, Policy, Port, PortRange, Protocol};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::arbitrary::{address, config, deployment, text};
use crate::printing::{plain, planned, print};
use crate::scenarios::{self, CATALOG};
use crate::{large, reading};

/// What would end a string, a comment, a here-document or a line, start an expansion, select too much, or look like
/// something else.
pub const HOSTILE: [&str; 38] = [
    "'",
    "\"",
    "`",
    "\\",
    "a\\",
    "$(reboot)",
    "${IFS}",
    "`reboot`",
    "%PATH%",
    "!!",
    "!$",
    "^a^b",
    "~root",
    "*",
    "?",
    "[a]",
    "|",
    "&",
    "; reboot",
    "> /etc/passwd",
    "#>",
    "<#",
    "'@",
    "@'",
    "--",
    "-WhatIf",
    "all",
    "main",
    "PORTCULLIS",
    "RULES",
    "a\nPORTCULLIS\nreboot",
    "a\r\n}\r\nRemove-NetFirewallRule\r\n& {",
    "'; Remove-NetFirewallRule; '",
    "\"; accept; comment \"",
    "\u{2018}; Remove-NetFirewallRule #\u{2019}\u{201a}\u{201b}\u{201c}\u{201d}",
    "\u{202e}nettirb",
    "🔥",
    "a\0b\tc",
];

/// What a text would do, by dialect: every command in order. Sentences about what is held back count once, since two groups
/// of one name are held back in one sentence.
fn commands(dialect: &str, text: &str) -> Vec<String> {
    let read = reading::read(dialect, text).map(|read| read.commands);
    let mut commands = read.unwrap_or_else(|why| panic!("{dialect}: {why}\n{text}"));
    commands.dedup();
    commands
}

/// Demands that both deployments print the same commands for every group.
fn same_commands(hostile: &Deployment, harmless: &Deployment) {
    for group in &hostile.groups {
        for (dialect, text) in plain() {
            let print = |deployment| print(dialect, deployment, group.id, &Direction::ALL, text);
            let snippet = print(hostile);
            assert_eq!(commands(dialect.id, &snippet.text), commands(dialect.id, &print(harmless).text));
            harmless_bytes(&snippet.text);
            assert_eq!(snippet.file.replace(dialect.line_end, "\n"), snippet.text);
            assert_eq!(snippet.file.matches('\n').count(), snippet.file.matches(dialect.line_end).count());
            let named = snippet.file_name.strip_suffix(dialect.extension).and_then(|stem| stem.strip_suffix('.'));
            let fits = |stem: &str| {
                !stem.is_empty() && stem.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            };
            assert!(named.is_some_and(fits), "{}", snippet.file_name);
        }
    }
}

/// Plain ASCII in lines: no tab (completion), no exclamation mark (history), no carriage return, no byte order mark.
fn harmless_bytes(text: &str) {
    let harmless = |c: char| c == '\n' || (' '..='~').contains(&c) && c != '!';
    let harmful: Vec<char> = text.chars().filter(|c| !harmless(*c)).collect();
    assert!(harmful.is_empty(), "{harmful:?} in\n{text}");
    assert!(text.ends_with('\n'));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_hostile_name_prints_the_commands_of_a_harmless_one(
        base in deployment(), at in any::<prop::sample::Index>(), name in text(),
    ) {
        prop_assume!(!base.groups.is_empty());
        let id = at.get(&base.groups).id;
        let named = |name: &str| {
            let mut deployment = base.clone();
            deployment.apply(&CATALOG, &Edit::Rename(id, name.to_owned()));
            deployment
        };
        same_commands(&named(&name), &named("harmless"));
    }

    #[test]
    fn a_hostile_purpose_prints_the_commands_of_a_harmless_one(base in deployment(), purpose in text()) {
        prop_assume!(!base.groups.is_empty());
        let (first, last) = (base.groups[0].id, base.groups[base.groups.len() - 1].id);
        let with = |purpose: &str| {
            let mut deployment = base.clone();
            deployment.apply(&CATALOG, &flow(first, last, purpose));
            deployment
        };
        same_commands(&with(&purpose), &with("harmless"));
    }

    #[test]
    fn a_hostile_setting_prints_the_commands_of_the_default(value in text(), field in "(table|input|output)") {
        let base = scenarios::default();
        // What can be a name is used as one.
        let name = value.starts_with(|c: char| c.is_ascii_alphabetic()) && value.chars().all(|c| c.is_ascii_alphanumeric());
        prop_assume!(!name);
        let mut hostile = base.clone();
        hostile.apply(&CATALOG, &Edit::Setting(format!("nftables.{field}"), value));
        same_commands(&hostile, &base);
    }
}

fn flow(initiator: GroupId, responder: GroupId, purpose: &str) -> Edit {
    let ports = PortRange::from(Port::new(7777).expect("a port"));
    Edit::AddFlow { initiator, responder, protocol: Protocol::Tcp, ports, purpose: purpose.to_owned() }
}

#[test]
fn every_hostile_text_in_every_place_at_once_prints_the_commands_of_harmless_ones() {
    for (hostile, scenario) in HOSTILE.iter().flat_map(|text| [(text, "cluster"), (text, "missing")]) {
        let base = scenarios::all().into_iter().find(|found| found.name == scenario).expect("a scenario").deployment;
        let filled = |text: &str| {
            let mut deployment = base.clone();
            for (at, group) in base.groups.iter().enumerate() {
                // Different names, so that as many sentences are held back.
                deployment.apply(&CATALOG, &Edit::Rename(group.id, format!("{text} {at}")));
            }
            let ids: Vec<GroupId> = base.groups.iter().map(|group| group.id).collect();
            deployment.apply(&CATALOG, &flow(ids[0], ids[1], text));
            deployment
        };
        same_commands(&filled(hostile), &filled("harmless"));
    }
}

/// Hostile texts that each dialect is given at once.
const AT_ONCE: usize = 32;

/// How many in all.
fn hostile_texts() -> usize {
    if std::env::var_os("PORTCULLIS_FULL").is_some() { 10_000 } else { 640 }
}

/// The cluster on machines of a system, in one policy, and the group whose text is printed.
fn cluster(policy: Policy) -> (Deployment, GroupId) {
    let mut base = scenarios::cluster();
    let servers = scenarios::group(&base, "Spotfire Servers").id;
    if policy == Policy::WholeHost {
        large::whole(&CATALOG, &mut base);
    }
    (base, servers)
}

/// What somebody may type where an address belongs: hostile text, also around an address.
fn hostile_address() -> impl Strategy<Value = String> {
    let around = (text(), address(), text()).prop_map(|(before, address, after)| format!("{before}{address}{after}"));
    let within = (address(), text(), address()).prop_map(|(one, between, other)| format!("{one}{between}{other}"));
    prop_oneof![text(), around, within]
}

/// Values of a strategy, in batches, with the policy that each is tried in.
fn batches(strategy: impl Strategy<Value = String>) -> Vec<(Policy, Vec<String>)> {
    let mut runner = TestRunner::new(config());
    let mut value = || strategy.new_tree(&mut runner).expect("a value").current();
    let count = hostile_texts().div_ceil(AT_ONCE);
    (0..count).map(|at| (Policy::ALL[at % 2], (0..AT_ONCE).map(|_| value()).collect())).collect()
}

/// Says how many texts each dialect was given.
fn said(what: &str, count: usize) {
    let ids: Vec<&str> = DIALECTS.iter().map(|dialect| dialect.id).collect();
    // Straight to the terminal: the test harness swallows what a passing test prints.
    let _ = writeln!(std::io::stderr(), "{what}: {count} for each of {}", ids.join(", "));
}

#[test]
fn thousands_of_hostile_names_and_purposes_print_the_commands_of_harmless_ones() {
    let filled = |policy: Policy, texts: &[String]| {
        let (mut deployment, servers) = cluster(policy);
        let ids: Vec<GroupId> = deployment.groups.iter().map(|group| group.id).collect();
        let (names, purposes) = texts.split_at(ids.len());
        for (id, name) in ids.iter().zip(names) {
            deployment.apply(&CATALOG, &Edit::Rename(*id, name.clone()));
        }
        for (at, purpose) in purposes.iter().enumerate() {
            let peer = ids[at % ids.len()];
            let (initiator, responder) = if at % 2 == 0 { (peer, servers) } else { (servers, peer) };
            let ports = PortRange::from(Port::new(7000 + u16::try_from(at).expect("few")).expect("a port"));
            let purpose = purpose.clone();
            let edit = Edit::AddFlow { initiator, responder, protocol: Protocol::Tcp, ports, purpose };
            deployment.apply(&CATALOG, &edit);
        }
        (deployment, servers)
    };
    let printed = |policy, texts: &[String]| {
        let (deployment, servers) = filled(policy, texts);
        let all = plain();
        let text = |(dialect, text): (&'static Dialect, Text)| {
            (dialect.id, print(dialect, &deployment, servers, &Direction::ALL, text).text)
        };
        all.map(text).collect::<Vec<(&str, String)>>()
    };
    let harmless: Vec<String> = (0..AT_ONCE).map(|at| format!("harmless {at}")).collect();
    let harmless = Policy::ALL
        .map(|policy| printed(policy, &harmless).into_iter().map(|(id, text)| commands(id, &text)).collect::<Vec<_>>());
    let mut count = 0;
    for (policy, texts) in batches(text()) {
        let expected = &harmless[usize::from(policy == Policy::WholeHost)];
        for ((id, text), expected) in printed(policy, &texts).into_iter().zip(expected) {
            harmless_bytes(&text);
            assert_eq!(&commands(id, &text), expected, "{id}: {texts:?}");
        }
        count += texts.len();
    }
    assert!(count >= hostile_texts());
    said("hostile names and purposes", count);
}

#[test]
fn thousands_of_hostile_addresses_are_refused_or_printed_as_addresses() {
    let (mut count, mut accepted) = (0, 0);
    for (policy, texts) in batches(hostile_address()) {
        let (mut deployment, servers) = cluster(policy);
        let clients = scenarios::group(&deployment, "Web clients").id;
        let (addresses, _) = Addresses::parse(&(texts.join(" ") + " 192.0.2.7"));
        accepted += addresses.list().len();
        deployment.apply(&CATALOG, &Edit::Listens(clients, addresses.clone()));
        deployment.apply(
            &CATALOG,
            &Edit::AddFlow {
                initiator: clients,
                responder: servers,
                protocol: Protocol::Tcp,
                ports: PortRange::from(Port::new(7777).expect("a port")),
                purpose: String::new(),
            },
        );
        if policy == Policy::WholeHost {
            deployment.apply(&CATALOG, &Edit::Management(addresses));
        }
        for dialect in DIALECTS {
            let text = print(dialect, &deployment, servers, &Direction::ALL, Text::Apply).text;
            harmless_bytes(&text);
            let read =
                reading::read(dialect.id, &text).unwrap_or_else(|why| panic!("{}: {why}\n{texts:?}", dialect.id));
            assert_eq!(read.allowed, planned(dialect, &deployment, servers, &Direction::ALL), "{}", dialect.id);
        }
        count += texts.len();
    }
    assert!(count >= hostile_texts() && accepted > count / 8, "{accepted} of {count}");
    said("hostile addresses", count);
}

#[test]
fn a_changed_name_is_said() {
    let mut deployment = scenarios::default();
    let node = scenarios::group(&deployment, "Node").id;
    scenarios::apply(&mut deployment, Edit::Rename(node, "Node “Süd”".to_owned()));
    let server = scenarios::group(&deployment, "Spotfire Server").id;
    for dialect in DIALECTS {
        let snippet = print(dialect, &deployment, server, &Direction::ALL, Text::Apply);
        assert!(snippet.notes.iter().any(|note| note.starts_with("Node _S_d_ (group ")), "{:?}", snippet.notes);
        assert!(snippet.text.contains("Note: Node _S_d_ (group "));
    }
    // What looks the same needs no words.
    scenarios::apply(&mut deployment, Edit::Rename(node, " Node 1 ".to_owned()));
    for dialect in DIALECTS {
        let snippet = print(dialect, &deployment, server, &Direction::ALL, Text::Apply);
        assert_eq!(snippet.notes, Vec::<String>::new());
        assert!(snippet.text.contains("Node 1"));
    }
}
