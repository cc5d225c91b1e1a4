//! Properties of form, over deployments nobody would draw and a very large one, in every dialect, both policies and all texts:
//! lines that a terminal and a firewall take whole, names they take, families apart, and the same bytes for the same words.

use std::collections::BTreeSet;

use portcullis::deployment::{Deployment, Edit};
use portcullis::dialect::{DIALECTS, Dialect, Place, Text};
use portcullis::link;
use portcullis::net::{Addresses, Direction, Family, Policy, System};
use proptest::prelude::*;

use crate::arbitrary::{addresses, config, deployment};
use crate::printing::{COVERS, PLAIN, print};
use crate::scenarios::CATALOG;
use crate::words;
use crate::{large, reading};

/// Bytes in a line: a Linux terminal cuts what is pasted at 4,095; the command line of Windows takes 8,191.
fn longest_line(dialect: &Dialect) -> usize {
    match dialect.place {
        Place::Host(System::Windows) => 8191,
        Place::Host(System::Linux) | Place::Cloud | Place::Cluster => 4095,
    }
}

/// The comments of a line in a language that has them, and how many bytes of one the firewall keeps.
fn comments<'a>(dialect: &Dialect, line: &'a str) -> (Vec<&'a str>, usize) {
    let (before, end, longest) = match dialect.id {
        "nftables" => (" comment \"", '"', 128),
        "iptables" => (" --comment \"", '"', 255),
        _ => return (Vec::new(), 0),
    };
    (line.split(before).skip(1).map(|rest| rest.split(end).next().unwrap_or(rest)).collect(), longest)
}

/// What is wrong with the form of a text.
fn faults(dialect: &Dialect, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for line in text.lines() {
        let mut fault = |what: &str| faults.push(format!("{}: {what}: {:.300}", dialect.id, line));
        if line.len() > longest_line(dialect) {
            fault(&format!("{} bytes", line.len()));
        }
        let (comments, longest) = comments(dialect, line);
        if comments.iter().any(|comment| comment.len() > longest) {
            fault("a comment that is cut");
        }
        // iptables-restore refuses a longer word.
        if dialect.id == "iptables" && line.starts_with("-A ") && line.split(' ').any(|word| word.len() >= 1000) {
            fault("a word that is too long");
        }
        let trimmed = line.trim_start();
        let comment = trimmed.starts_with('#') || trimmed.starts_with("//");
        if comment || line.contains("say '") || dialect.place == Place::Host(System::Windows) {
            continue;
        }
        let families: BTreeSet<Family> = words::addresses(line).iter().map(|(_, (family, ..))| *family).collect();
        // ufw makes a command for each address of its list.
        if families.len() > 1 && dialect.id != "ufw" {
            fault("both families in one rule");
        }
        let marks = [
            (Family::V4, &["ip saddr", "ip daddr", "family=\"ipv4\"", "family=ipv4"][..]),
            (Family::V6, &["ip6 saddr", "ip6 daddr", "family=\"ipv6\"", "family=ipv6"]),
        ];
        for (family, marks) in marks {
            let marked = marks.iter().any(|mark| line.contains(mark));
            if marked && families.iter().any(|other| *other != family) {
                fault("an address of the other family");
            }
        }
    }
    faults
}

/// Every group's machines with one policy, and everything asked for that may hold a text back, or not.
fn set(deployment: &Deployment, policy: Policy, known: &Addresses) -> Deployment {
    let mut deployment = deployment.clone();
    let mut edits: Vec<Edit> = deployment.groups.iter().map(|group| Edit::Policy(group.id, policy)).collect();
    edits.push(Edit::Management(known.clone()));
    edits.extend(portcullis::host::BASE.iter().map(|service| Edit::Base(service.id, known.clone())));
    for edit in &edits {
        deployment.apply(&CATALOG, edit);
    }
    deployment
}

/// What each group's text says, whatever the order of its rules.
fn said(deployment: &Deployment, dialect: &Dialect) -> Vec<String> {
    let of = |group: &portcullis::deployment::Group| {
        let text = print(dialect, deployment, group.id, &Direction::ALL, Text::Apply).text;
        let read = reading::read(dialect.id, &text).unwrap_or_else(|why| panic!("{}: {why}\n{text}", dialect.id));
        format!("{:?}: {:?} {:?} {:?} {}", group.id, read.allowed, read.flows, read.base, read.refuses)
    };
    let mut said: Vec<String> = deployment.groups.iter().map(of).collect();
    said.sort();
    said
}

/// Two places of a list.
fn places() -> impl Strategy<Value = (prop::sample::Index, prop::sample::Index)> {
    any::<(prop::sample::Index, prop::sample::Index)>()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_line_and_name_is_taken_whole(deployment in deployment(), known in addresses()) {
        for policy in Policy::ALL {
            let deployment = set(&deployment, policy, &known);
            for group in &deployment.groups {
                for dialect in DIALECTS {
                    for text in dialect.texts(policy) {
                        let printed = print(dialect, &deployment, group.id, &Direction::ALL, text);
                        prop_assert_eq!(faults(dialect, &printed.text), Vec::<String>::new());
                    }
                }
            }
        }
    }

    #[test]
    fn every_rule_has_a_plain_name_of_its_own(deployment in deployment(), known in addresses()) {
        for policy in Policy::ALL {
            let deployment = set(&deployment, policy, &known);
            for (group, dialect) in deployment.groups.iter().flat_map(|group| DIALECTS.map(|dialect| (group, dialect))) {
                for cover in COVERS {
                    let snippet = print(dialect, &deployment, group.id, cover, Text::Apply);
                    let read = reading::read(dialect.id, &snippet.text).map_err(TestCaseError::fail)?;
                    prop_assert_eq!(read.flows.len(), snippet.written, "{}: names are not unique", dialect.id);
                    for (_, name) in &read.flows {
                        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
                        prop_assert!(plain && !name.is_empty() && name.len() <= 60, "{}: {name}", dialect.id);
                    }
                }
            }
        }
    }

    #[test]
    fn the_order_in_which_groups_were_made_changes_no_rule(
        before in deployment(), known in addresses(), (one, other) in places(), (from, to) in places(),
    ) {
        prop_assume!(!before.groups.is_empty());
        for policy in Policy::ALL {
            let deployment = set(&before, policy, &known);
            let mut shuffled = deployment.clone();
            let count = shuffled.groups.len();
            shuffled.groups.swap(one.index(count), other.index(count));
            let moved = shuffled.groups.remove(from.index(count));
            shuffled.groups.insert(to.index(count), moved);
            for group in &mut shuffled.groups {
                if let Addresses::Known(list) = &mut group.listens {
                    list.reverse();
                }
            }
            for dialect in DIALECTS {
                prop_assert_eq!(said(&deployment, dialect), said(&shuffled, dialect));
            }
        }
    }

    #[test]
    fn a_deployment_that_came_by_link_prints_the_same_bytes(before in deployment(), known in addresses()) {
        for policy in Policy::ALL {
            // Not everything that edits can make has room in a link: what came by one has.
            let deployment = link::read(&CATALOG, &link::write(&CATALOG, &set(&before, policy, &known))).deployment;
            let opened = link::read(&CATALOG, &link::write(&CATALOG, &deployment)).deployment;
            for (group, dialect) in deployment.groups.iter().flat_map(|group| DIALECTS.map(|dialect| (group, dialect))) {
                for text in PLAIN {
                    let print = |deployment| print(dialect, deployment, group.id, &Direction::ALL, text);
                    prop_assert_eq!(print(&deployment), print(&opened));
                }
            }
        }
    }
}

#[test]
fn a_thousand_flows_keep_the_limits_and_say_what_they_should() {
    let mut deployment = large::deployment(&CATALOG);
    for policy in Policy::ALL {
        if policy == Policy::WholeHost {
            large::whole(&CATALOG, &mut deployment);
        }
        let mut flows = BTreeSet::new();
        for dialect in DIALECTS {
            // A node, a server and a network of each system, and whoever has the longest list of peers.
            for group in deployment.groups.iter().filter(|group| group.id.0 % 10 < 2) {
                for text in dialect.texts(policy) {
                    let printed = print(dialect, &deployment, group.id, &Direction::ALL, text);
                    assert_eq!(faults(dialect, &printed.text), Vec::<String>::new());
                    assert!(printed.held.is_empty());
                }
                let snippet = print(dialect, &deployment, group.id, &Direction::ALL, Text::Apply);
                let read =
                    reading::read(dialect.id, &snippet.text).unwrap_or_else(|why| panic!("{}: {why}", dialect.id));
                let planned = crate::printing::planned(dialect, &deployment, group.id, &Direction::ALL);
                assert_eq!(read.allowed, planned, "{}: {}", dialect.id, group.name);
                assert_eq!(read.flows.len(), snippet.written);
                flows.extend(read.flows.into_iter().map(|(_, flow)| flow));
            }
        }
        assert!(flows.len() > 200, "{}", flows.len());
    }
}

#[test]
fn a_thousand_groups_have_the_flows_that_the_catalog_says() {
    let deployment = large::by_catalog(&CATALOG, 1000, true);
    let flows = portcullis::flow::flows(&CATALOG, &deployment);
    let (servers, nodes, clients) = (20, 480, 500);
    // Clients on 443; nodes on 9080 and 9443, and the other way with two services more; servers with each other on the
    // cluster's ports, 9080 and 9443.
    let expected = servers * (clients + nodes * (2 + 4)) + servers * (servers - 1) * 3;
    assert_eq!(flows.len(), expected);
    let keys: BTreeSet<String> = flows.iter().map(portcullis::flow::Flow::key).collect();
    assert_eq!(keys.len(), flows.len(), "a flow is there twice");
    // However many groups there are, what is to be said of them stays short.
    assert!(portcullis::check::findings(&CATALOG, &deployment, &flows).len() < 10);
}

#[test]
fn a_broken_limit_is_noticed() {
    let nftables = crate::printing::nftables();
    for text in [
        "x".repeat(4096),
        format!("add rule inet filter portcullis_in accept comment \"{}\"", "x".repeat(129)),
        "add rule inet filter portcullis_in ip saddr { 192.0.2.1, 2001:db8::1 } accept".to_owned(),
        "add rule inet filter portcullis_in ip6 saddr 192.0.2.1 accept".to_owned(),
    ] {
        assert!(!faults(nftables, &text).is_empty(), "{text}");
    }
    assert_eq!(faults(nftables, &"x".repeat(4095)), Vec::<String>::new());
}
