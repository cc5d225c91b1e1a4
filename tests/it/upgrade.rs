//! What another release changes: the exact difference of two sets of flows, by a computation that shares nothing with the
//! program's; hand-written rows and words; and what is said about things that are no flows.

use std::collections::BTreeMap;

use portcullis::catalog::{Catalog, Condition, Id};
use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::flow::{Flow, flows};
use portcullis::table::{compared, tsv};
use portcullis::upgrade::{Upgrade, upgrade};
use proptest::prelude::*;
use proptest::sample::select;

use crate::arbitrary::{NOWHERE, config, deployment};
use crate::scenarios::{CATALOG, apply};

/// What makes a flow the same one, as text: who opens, who listens, protocol, ports.
fn key(flow: &Flow) -> String {
    format!("{} > {} {} {}", flow.initiator.0, flow.responder.0, flow.protocol, flow.ports)
}

fn keys(flows: &[Flow]) -> Vec<String> {
    flows.iter().map(key).collect()
}

/// The flows by what makes them the same, as the page would compute them in that release.
fn by_key(deployment: &Deployment, release: Id) -> BTreeMap<String, Flow> {
    let mut deployment = deployment.clone();
    deployment.release = release;
    let flows = flows(&CATALOG, &deployment);
    let count = flows.len();
    let by_key: BTreeMap<String, Flow> = flows.into_iter().map(|flow| (key(&flow), flow)).collect();
    assert_eq!(by_key.len(), count, "a flow is there twice");
    by_key
}

fn release() -> impl Strategy<Value = Id> {
    select(CATALOG.releases.iter().map(|release| release.id).collect::<Vec<_>>())
}

fn of(catalog: &Catalog, deployment: &Deployment, to: &str) -> Upgrade {
    upgrade(catalog, deployment, to).unwrap_or_else(|| panic!("{to}"))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_rows_are_the_difference_of_the_two_sets(deployment in deployment(), to in release()) {
        let upgrade = of(&CATALOG, &deployment, to);
        let (old, new) = (by_key(&deployment, deployment.release), by_key(&deployment, to));
        let mut lists = [keys(&upgrade.added), keys(&upgrade.removed)];
        lists.iter_mut().for_each(|list| list.sort());
        let only = |one: &BTreeMap<String, Flow>, other: &BTreeMap<String, Flow>| {
            one.keys().filter(|key| !other.contains_key(*key)).cloned().collect::<Vec<String>>()
        };
        prop_assert_eq!(&lists, &[only(&new, &old), only(&old, &new)]);
        for flow in &upgrade.added {
            prop_assert_eq!(flow, &new[&key(flow)]);
        }
        for flow in &upgrade.removed {
            prop_assert_eq!(flow, &old[&key(flow)]);
        }
        let differing: Vec<&String> = old.keys().filter(|key| new.get(*key).is_some_and(|flow| *flow != old[*key])).collect();
        let mut changed: Vec<String> = upgrade.changed.iter().map(|change| key(&change.before)).collect();
        changed.sort();
        prop_assert_eq!(changed.iter().collect::<Vec<_>>(), differing);
        for change in &upgrade.changed {
            prop_assert_eq!((&change.before, &change.after), (&old[&key(&change.before)], &new[&key(&change.after)]));
        }
        // Every move takes one row of each kind, and the words count every row once.
        let moved: usize = upgrade.moves.iter().map(|one| one.flows).sum();
        prop_assert!(moved <= upgrade.added.len().min(upgrade.removed.len()));
        let counted: usize = numbers(&upgrade.headline()).iter().sum();
        prop_assert_eq!(counted + moved, upgrade.added.len() + upgrade.removed.len() + upgrade.changed.len());
        // The table leaves the page with as many rows.
        let rows = compared(&CATALOG, &deployment, &upgrade).rows;
        prop_assert_eq!(rows.len(), upgrade.added.len() + upgrade.removed.len() + upgrade.changed.len());
    }

    #[test]
    fn to_the_same_release_nothing_changes(deployment in deployment()) {
        let upgrade = of(&CATALOG, &deployment, deployment.release);
        prop_assert!(upgrade.same_flows() && upgrade.moves.is_empty());
        prop_assert!(upgrade.notes.is_empty() && upgrade.errors.is_empty());
        prop_assert!(upgrade.headline().ends_with(" nothing changes: the same flows with the same ports."));
    }

    #[test]
    fn there_and_back_are_mirror_images(deployment in deployment(), to in release()) {
        let there = of(&CATALOG, &deployment, to);
        let mut other = deployment.clone();
        other.apply(&CATALOG, &Edit::Release(to));
        let back = of(&CATALOG, &other, deployment.release);
        prop_assert_eq!((&there.added, &there.removed), (&back.removed, &back.added));
        prop_assert_eq!((there.from, there.to), (back.to, back.from));
        let changes = |upgrade: &Upgrade| upgrade.changed.iter().map(|it| key(&it.before)).collect::<Vec<_>>();
        prop_assert_eq!(changes(&there), changes(&back));
        for (one, other) in there.changed.iter().zip(&back.changed) {
            prop_assert_eq!((&one.before, &one.after), (&other.after, &other.before));
        }
        let moves = |upgrade: &Upgrade| upgrade.moves.iter().map(|it| it.flows).sum::<usize>();
        prop_assert_eq!(moves(&there), moves(&back));
    }
}

/// The numbers of flows in a headline.
fn numbers(headline: &str) -> Vec<usize> {
    let words: Vec<&str> = headline.split(' ').collect();
    let counted = |pair: &&[&str]| pair[1].starts_with("flow");
    words.windows(2).filter(counted).filter_map(|pair| pair[0].parse().ok()).collect()
}

/// A preset in a release, as if it had been begun there.
fn begun(preset: Id, release: Id) -> Deployment {
    let mut deployment = Deployment::initial(&CATALOG);
    deployment.apply(&CATALOG, &Edit::Release(release));
    // The page opens with the first preset: beginning again from it may change nothing.
    deployment.apply(&CATALOG, &Edit::Preset(preset));
    deployment
}

/// The number of the servers in the preset with a cluster.
const SERVERS: u32 = 4;

#[test]
fn a_cluster_needs_more_ports_in_newer_releases() {
    let row = |ports: &str| vec![format!("{SERVERS} > {SERVERS} TCP {ports}")];
    for (from, to, removed, added, words) in [
        ("10.3", "10.10", "5701-5702", "5701-5703", "Spotfire Server: Clustering needs one more port: 5703."),
        ("10.10", "14.0", "5701-5703", "5701-5704", "Spotfire Server: Clustering needs one more port: 5704."),
        ("10.3", "14.0", "5701-5702", "5701-5704", "Spotfire Server: Clustering needs 2 more ports: 5703-5704."),
        ("14.0", "10.10", "5701-5704", "5701-5703", "Spotfire Server: Clustering needs one port less: without 5704."),
        (
            "14.0",
            "10.3",
            "5701-5704",
            "5701-5702",
            "Spotfire Server: Clustering needs 2 ports less: without 5703-5704.",
        ),
    ] {
        let mut deployment = begun("cluster", from);
        // Each service has a number of its own, as the newest releases give them.
        let nodes = GroupId(SERVERS + 1);
        deployment.apply(
            &CATALOG,
            &Edit::InstancePort(nodes, "automation-services", 0, portcullis::net::Port::new(9502).unwrap()),
        );
        let upgrade = of(&CATALOG, &deployment, to);
        assert_eq!((keys(&upgrade.added), keys(&upgrade.removed)), (row(added), row(removed)), "{from} to {to}");
        assert!(upgrade.changed.is_empty() && upgrade.errors.is_empty(), "{from} to {to}: {upgrade:?}");
        assert_eq!(upgrade.headline(), format!("From {from} to {to} this deployment needs other ports in 1 flow."));
        assert_eq!(upgrade.details(&CATALOG), [words], "{from} to {to}");
    }
    // One server has nobody to share its state with.
    let alone = of(&CATALOG, &begun("basic", "10.3"), "10.10");
    assert_eq!(alone.headline(), "From 10.3 to 10.10 nothing changes: the same flows with the same ports.");
    assert_eq!(alone.details(&CATALOG), [""; 0]);
}

#[test]
fn ports_that_were_changed_stay_and_grow_from_there() {
    let mut deployment = begun("cluster", "10.3");
    apply(&mut deployment, Edit::PortEverywhere("cluster", portcullis::net::Port::new(6001)));
    let upgrade = of(&CATALOG, &deployment, "10.10");
    assert_eq!(upgrade.details(&CATALOG)[0], "Spotfire Server: Clustering needs one more port: 6003.");
}

#[test]
fn services_that_share_a_port_are_told_apart_where_they_must_be() {
    let shared = begun("basic", "10.3");
    let upgrade = of(&CATALOG, &shared, "12.0");
    assert_eq!(upgrade.headline(), "From 10.3 to 12.0 no flow changes: the same flows with the same ports.");
    assert_eq!(
        upgrade.details(&CATALOG),
        [
            "Services may share a port in 10.3, but not in 12.0: each needs its own.",
            "Two listeners of Node have one number: 9501 (Web Player service and Automation Services). \
             The second to start fails to listen. All numbers on one machine must differ.",
        ]
    );
    // Where the release allows it as well, and where each has its own, there is nothing to say.
    assert_eq!(of(&CATALOG, &shared, "11.4").details(&CATALOG), [""; 0]);
    let mut apart = shared.clone();
    let node = crate::scenarios::group(&shared, "Node").id;
    apply(&mut apart, Edit::InstancePort(node, "automation-services", 0, portcullis::net::Port::new(9502).unwrap()));
    assert_eq!(of(&CATALOG, &apart, "12.0").details(&CATALOG), [""; 0]);
    // An error that is there already is not the other release's doing.
    let mut clash = begun("one-machine", "14.0");
    assert!(of(&CATALOG, &clash, "14.8").errors.is_empty());
    clash.apply(&CATALOG, &Edit::Release("10.3"));
    assert!(of(&CATALOG, &clash, "10.10").errors.is_empty());
}

#[test]
fn what_listens_within_a_machine_is_told_without_a_rule() {
    let there = of(&CATALOG, &begun("basic", "14.0"), "14.8");
    assert!(there.same_flows());
    assert_eq!(
        there.details(&CATALOG),
        ["Spotfire Server: Information Services listens on 9445 in 14.8: no rule, but nothing else may have it."]
    );
    let back = of(&CATALOG, &begun("basic", "14.8"), "14.0");
    assert_eq!(back.details(&CATALOG), ["Spotfire Server: Information Services no longer listens in 14.0."]);
    let mut without = begun("basic", "14.0");
    apply(&mut without, Edit::Switch("server", false));
    assert_eq!(of(&CATALOG, &without, "14.8").details(&CATALOG), [""; 0]);
}

/// The facts with one of them changed.
fn other(change: impl FnOnce(&mut Catalog)) -> Catalog {
    let mut catalog = Catalog::spotfire().expect("the embedded catalog");
    change(&mut catalog);
    catalog
}

#[test]
fn roles_that_a_release_does_not_have_are_told() {
    let catalog = other(|catalog| {
        for listener in catalog.listeners.iter_mut().filter(|it| ["python-service", "jmx"].contains(&it.id)) {
            listener.ports[0].since = "12.0";
        }
    });
    let mut deployment = begun("basic", "14.0");
    for role in ["python", "jmx-client"] {
        deployment.apply(&catalog, &Edit::Switch(role, true));
    }
    let upgrade = of(&catalog, &deployment, "11.4");
    assert_eq!(
        upgrade.notes,
        ["Spotfire Server: JMX no longer listens in 11.4.", "Service for Python is not part of release 11.4.",]
    );
    assert_eq!(keys(&upgrade.removed), ["3 > 4 TCP 9503", "6 > 3 TCP 1099"]);
    // A role that is switched off is nobody's concern; and one that never listens is in every release.
    deployment.apply(&catalog, &Edit::Switch("python", false));
    assert_eq!(of(&catalog, &deployment, "11.4").notes.len(), 1);
}

#[test]
fn a_flow_for_other_reasons_is_changed_and_says_how() {
    let catalog = other(|catalog| {
        for row in catalog.dependencies.iter_mut().filter(|row| row.id == "service-to-server") {
            row.when = Some(Condition::Release(Some("12.0"), None));
        }
    });
    let mut deployment = begun("basic", "11.4");
    deployment.apply(&catalog, &Edit::Release("11.4"));
    let upgrade = of(&catalog, &deployment, "12.0");
    assert!(upgrade.added.is_empty() && upgrade.removed.is_empty());
    let words: Vec<String> = upgrade.changed.iter().map(portcullis::upgrade::Change::words).collect();
    assert_eq!(words, ["also for: Services call the server"]);
    assert_eq!(upgrade.headline(), "From 11.4 to 12.0 this deployment needs other reasons or documents for 1 flow.");
    deployment.apply(&catalog, &Edit::Release("12.0"));
    let back = of(&catalog, &deployment, "11.4");
    assert_eq!(back.changed[0].words(), "no longer for: Services call the server");
}

#[test]
fn the_comparison_leaves_the_page_as_a_table() {
    let deployment = begun("cluster", "10.3");
    let upgrade = of(&CATALOG, &deployment, "10.10");
    let text = tsv(&compared(&CATALOG, &deployment, &upgrade));
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("Spotfire 10.3 to 10.10: changed flows (catalog "), "{}", lines[0]);
    assert!(lines[0].ends_with(" Spotfire Server: Clustering needs one more port: 5703."), "{}", lines[0]);
    let cells = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(cells(lines[1])[..3], ["Change", "From", "From addresses"]);
    for (line, word, ports) in [(2, "added", "5701-5703"), (3, "removed", "5701-5702")] {
        let cells = cells(lines[line]);
        assert_eq!([&cells[0], &cells[1], &cells[3], &cells[6]], [word, "Spotfire Servers", "Spotfire Servers", ports]);
    }
    assert_eq!(lines.len(), 4);
}

#[test]
fn a_release_that_is_not_in_the_catalog_compares_with_nothing() {
    assert!(upgrade(&CATALOG, &Deployment::initial(&CATALOG), NOWHERE).is_none());
}
