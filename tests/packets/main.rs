//! Packets through real rules: every machine of three deployments is a network namespace behind a default drop, loads what
//! the page copies, and is asked everything. Never compares with what the program computes, only with the tables written
//! by hand from the vendor's documents.
//!
//! ```text
//! tests/tables/*.txt ──► table   groups, by hand   ──┐
//!                                                    ├──► site: machines; the differences, which must be none
//! snippet (the text) ──► lab     machines, real    ──┘
//! ```
//!
//! Each deployment goes the whole way of law 8: start, applied, applied again, a changed version over it, taken out.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod lab;
#[allow(dead_code, reason = "shared with the core tests, which use all of it")]
#[path = "../it/scenarios.rs"]
mod scenarios;
mod site;
mod table;

use std::io::Write;

use portcullis::deployment::{Deployment, Edit};
use portcullis::dialect::Text;
use portcullis::net::{Addresses, Port};
use scenarios::{apply, group};
use site::Site;
use table::Table;

/// Groups that may be anywhere until the user narrows them.
const CLIENTS: [&str; 2] = ["Web clients", "Analyst clients"];

/// Machines that nobody gives our rules: what reaches them has been let out by somebody else's, and by nothing else.
const UNGUARDED: [&str; 2] = ["Spotfire database", "Active Directory"];

/// A deployment, and a changed one to be applied over it.
struct Story {
    name: &'static str,
    /// With an address for every machine, from which the machines are made.
    addressed: Deployment,
    /// The one whose rules are applied.
    first: (Deployment, Table),
    changed: (Deployment, Table),
    unguarded: &'static [&'static str],
}

/// The clients may be anywhere: everybody reaches what they reach, and nothing else.
#[test]
fn one_server_and_one_node() {
    let addressed = scenarios::default();
    let table = Table::read(include_str!("../tables/default.txt"));
    let first = open_to_clients(&addressed);
    let mut next = first.clone();
    override_port(&mut next, "Spotfire Server", "public-https", 8443);
    let node = group(&next, "Node").id;
    apply(&mut next, Edit::RemoveGroup(node));
    let changed = table.renumbered("Spotfire Server", 443, 8443).without("Node");
    tell(&Story {
        name: "one server, one node, clients anywhere",
        addressed,
        first: (first, table),
        changed: (next, changed),
        unguarded: &UNGUARDED,
    });
}

/// The clients have addresses, and the database guards itself: nobody reaches anything that the table does not name.
#[test]
fn one_server_and_one_node_with_known_clients() {
    let addressed = scenarios::default();
    let table = Table::read(include_str!("../tables/default.txt"));
    let mut next = addressed.clone();
    override_port(&mut next, "Node", "node-communication", 9444);
    let clients = group(&next, "Web clients").id;
    apply(&mut next, Edit::RemoveGroup(clients));
    let changed = table.renumbered("Node", 9443, 9444).without("Web clients");
    tell(&Story {
        name: "one server, one node, known clients",
        first: (addressed.clone(), table),
        addressed,
        changed: (next, changed),
        unguarded: &[],
    });
}

#[test]
fn a_cluster_with_balancer_and_directory() {
    let addressed = scenarios::cluster();
    let table = Table::read(include_str!("../tables/cluster.txt"));
    let first = open_to_clients(&addressed);
    let mut next = first.clone();
    override_port(&mut next, "Spotfire Servers", "server-communication", 9445);
    // The sixth node goes; its machine stays, with the rules it has.
    let nodes = group(&next, "Nodes");
    let (nodes, gone) = (nodes.clone(), scenarios::machine_addresses(nodes, 5));
    let left = nodes.listens.list().iter().filter(|address| {
        let text = address.to_string();
        !gone.iter().any(|gone| gone.to_string() == text)
    });
    let left = Addresses::known(left.cloned().collect());
    apply(&mut next, Edit::Machines(nodes.id, 5));
    apply(&mut next, Edit::Listens(nodes.id, left));
    let changed = table.renumbered("Spotfire Servers", 9443, 9445);
    tell(&Story {
        name: "three servers, balancer, six nodes, directory",
        addressed,
        first: (first, table),
        changed: (next, changed),
        unguarded: &UNGUARDED,
    });
}

#[test]
fn server_and_node_on_one_machine() {
    let addressed = scenarios::one_machine();
    let table = Table::read(include_str!("../tables/one-machine.txt"));
    let first = open_to_clients(&addressed);
    let mut next = first.clone();
    override_port(&mut next, "Spotfire", "public-https", 8443);
    apply(&mut next, Edit::Switch("node-manager", false));
    let changed = table.renumbered("Spotfire", 443, 8443);
    tell(&Story {
        name: "server and node on one machine",
        addressed,
        first: (first, table),
        changed: (next, changed),
        unguarded: &UNGUARDED,
    });
}

/// Both ends guarded, one could hide what the other opens too much. So each text also stands alone, among machines that let
/// everything out and in.
#[test]
fn every_text_alone_opens_exactly_its_own_flows() {
    let small = (scenarios::default(), Table::read(include_str!("../tables/default.txt")));
    let large = (scenarios::cluster(), Table::read(include_str!("../tables/cluster.txt")));
    let each = small.0.groups.iter().map(|group| (&small, group.name.as_str()));
    for ((deployment, table), guarded) in each.chain([(&large, "Spotfire Servers")]) {
        if !ready() {
            return;
        }
        let others = deployment.groups.iter().map(|group| group.name.as_str()).filter(|name| *name != guarded);
        let mut site = Site::new(deployment, &others.collect::<Vec<_>>(), &[table]);
        site.guard();
        site.run_everywhere(deployment, Text::Apply);
        assert_eq!(site.differences(table), Vec::<String>::new(), "{guarded} alone");
    }
}

/// The comparison can fail: a rule that is lost, turned aside or widened is seen at once.
#[test]
fn a_lost_or_widened_rule_is_noticed() {
    if !ready() {
        return;
    }
    let deployment = scenarios::default();
    let table = Table::read(include_str!("../tables/default.txt"));
    let mut site = Site::new(&deployment, &UNGUARDED, &[&table]);
    site.guard();
    site.run_everywhere(&deployment, Text::Apply);
    assert_eq!(site.differences(&table), Vec::<String>::new());
    for (what, chain, port, broken) in [
        ("lost, incoming", "portcullis_in ip ", 9443, ("add rule", "# ")),
        ("lost, outgoing", "portcullis_out ip6 ", 9502, ("add rule", "# ")),
        ("one port aside", "portcullis_in ip6 ", 9080, ("9080", "9081")),
        ("for everybody", "portcullis_in ip ", 9443, ("ip saddr 192.0.2.65 ", "")),
        ("to everybody", "portcullis_out ip ", 5432, ("ip daddr 192.0.2.81 ", "")),
    ] {
        let text = site.text(&deployment, "Spotfire Server", Text::Apply);
        let is_it = |line: &&str| line.contains(chain) && line.contains(&format!("dport {port} "));
        let lines: Vec<&str> = text.lines().filter(is_it).collect();
        let [line] = lines[..] else { panic!("{what}: {lines:?} in\n{text}") };
        let other = line.replacen(broken.0, broken.1, 1);
        assert_ne!(line, other, "{what}");
        site.run("Spotfire Server", &text.replace(line, &other));
        assert_ne!(site.differences(&table), Vec::<String>::new(), "{what} goes unnoticed");
    }
    site.run_everywhere(&deployment, Text::Apply);
    assert_eq!(site.differences(&table), Vec::<String>::new());
}

/// The whole way of law 8.
fn tell(story: &Story) {
    if !ready() {
        return;
    }
    let none = Vec::<String>::new();
    let (first, table) = &story.first;
    let (next, changed) = &story.changed;
    let mut site = Site::new(&story.addressed, story.unguarded, &[table, changed]);
    site.guard();
    let start = site.rulesets();
    assert_eq!(site.differences(&Table::default()), none, "before");

    site.places_of(first);
    site.run_everywhere(first, Text::Try);
    assert!(site.rulesets() == start, "trying changes nothing");
    site.run_everywhere(first, Text::Apply);
    let once = site.rulesets();
    assert_eq!(site.differences(table), none, "applied");
    site.run_everywhere(first, Text::Apply);
    assert_eq!(site.rulesets(), once, "twice equals once");

    site.places_of(next);
    site.run_everywhere(next, Text::Apply);
    let over = site.rulesets();
    assert_eq!(site.differences(changed), none, "changed");

    site.places_of(first);
    site.run_everywhere(first, Text::TakeOut);
    assert_eq!(site.rulesets(), start, "taken out");
    assert_eq!(site.differences(&Table::default()), none, "taken out");

    // What the changed version left is exactly what it is by itself; the machines it does not name excepted.
    site.places_of(next);
    site.run_everywhere(next, Text::Apply);
    for (at, ruleset) in site.rulesets().iter().enumerate() {
        assert!(!site.is_guarded(at) || *ruleset == over[at], "{}: a stale rule", site.name(at));
    }
    let (probes, time) = site.tally();
    print(&format!(
        "{}: {} machines, {probes} probes in {:.1} s of {:.1} s, no difference",
        story.name,
        site.machines(),
        time.as_secs_f64(),
        site.age().as_secs_f64()
    ));
}

/// The deployment with its clients anywhere, as the page opens.
fn open_to_clients(deployment: &Deployment) -> Deployment {
    let mut open = deployment.clone();
    for name in CLIENTS {
        let clients = group(&open, name).id;
        apply(&mut open, Edit::Listens(clients, Addresses::Any));
    }
    open
}

fn override_port(deployment: &mut Deployment, name: &str, listener: &'static str, port: u16) {
    let id = group(deployment, name).id;
    apply(deployment, Edit::Port(id, listener, Port::new(port)));
}

/// True if there can be a laboratory; where there cannot, it says why, and in CI that is a failure.
fn ready() -> bool {
    match lab::available() {
        Ok(()) => true,
        Err(why) if std::env::var("CI").is_ok_and(|ci| ci == "true") => panic!("{why}"),
        Err(why) => {
            print(&format!("NOT RUN: {why}"));
            false
        }
    }
}

/// Straight to the terminal: the harness swallows what a passing test prints.
fn print(line: &str) {
    let _ = writeln!(std::io::stderr(), "\npackets: {line}");
}
