//! Demands that the computed flows equal the tables written by hand from the vendor's documents, no row more, no row less.
//! Never prints a table from the code.

use std::collections::BTreeSet;

use portcullis::deployment::{Deployment, Edit, Edited};
use portcullis::flow::flows;

use crate::scenarios::{self, CATALOG, machine_addresses};

/// One row: initiator, responder, protocol and ports, written as in the tables.
type Row = String;

/// The rows of a table; comments and blanks between the parts do not count.
fn table(text: &str) -> BTreeSet<Row> {
    let mut rows = BTreeSet::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let row = read(line).unwrap_or_else(|| panic!("not a row: {line}"));
        assert!(rows.insert(row), "twice in the table: {line}");
    }
    rows
}

fn read(line: &str) -> Option<Row> {
    let (rest, ports) = line.rsplit_once(' ')?;
    let (ends, protocol) = rest.trim_end().rsplit_once(' ')?;
    let (initiator, responder) = ends.split_once(" -> ")?;
    Some(format!("{} -> {}  {protocol} {ports}", initiator.trim(), responder.trim()))
}

fn computed(deployment: &Deployment) -> BTreeSet<Row> {
    let name = |id| &deployment.group(id).expect("a flow has two groups").name;
    let row = |flow: &portcullis::flow::Flow| {
        let (initiator, responder) = (name(flow.initiator), name(flow.responder));
        format!("{initiator} -> {responder}  {} {}", flow.protocol.lower(), flow.ports)
    };
    flows(&CATALOG, deployment).iter().map(row).collect()
}

fn demand(deployment: &Deployment, text: &str) {
    let (written, computed) = (table(text), computed(deployment));
    let list = |rows: BTreeSet<&Row>| rows.into_iter().map(|row| format!("\n    {row}")).collect::<String>();
    let (lacking, extra) =
        (list(written.difference(&computed).collect()), list(computed.difference(&written).collect()));
    let equal = lacking.is_empty() && extra.is_empty();
    assert!(equal, "\n  in the table, not computed:{lacking}\n  computed, not in the table:{extra}\n");
}

#[test]
fn one_server_and_one_node_have_exactly_the_flows_of_the_table() {
    demand(&scenarios::default(), include_str!("../tables/default.txt"));
}

#[test]
fn a_cluster_with_balancer_and_directory_has_exactly_the_flows_of_the_table() {
    demand(&scenarios::cluster(), include_str!("../tables/cluster.txt"));
}

#[test]
fn server_and_node_on_one_machine_have_exactly_the_flows_of_the_table() {
    demand(&scenarios::one_machine(), include_str!("../tables/one-machine.txt"));
}

#[test]
fn every_other_preset_has_exactly_the_flows_of_its_table() {
    let tables = [
        ("dmz", include_str!("../tables/dmz.txt")),
        ("aws", include_str!("../tables/aws.txt")),
        ("kubernetes", include_str!("../tables/kubernetes.txt")),
        ("legacy", include_str!("../tables/legacy.txt")),
    ];
    for (preset, table) in tables {
        let mut deployment = Deployment::initial(&CATALOG);
        assert_eq!(deployment.apply(&CATALOG, &Edit::Preset(preset)), Edited::Changed, "{preset}");
        demand(&deployment, table);
    }
    // The other three are made by the scenarios, which the tests above demand.
    assert_eq!(CATALOG.presets.len(), tables.len() + 3, "a preset has no table");
}

#[test]
fn addresses_change_no_flow() {
    demand(&scenarios::missing(), include_str!("../tables/default.txt"));
    demand(&scenarios::ipv6_only(), include_str!("../tables/default.txt"));
}

#[test]
fn every_machine_of_the_addressed_scenarios_has_an_address_of_its_own_in_each_family() {
    for (deployment, families) in [
        (scenarios::default(), 2),
        (scenarios::cluster(), 2),
        (scenarios::one_machine(), 1),
        (scenarios::ipv6_only(), 1),
    ] {
        let mut seen = BTreeSet::new();
        for group in &deployment.groups {
            for machine in 0..group.machines {
                let own = machine_addresses(group, machine);
                assert_eq!(own.len(), families, "{}", group.name);
                assert!(own.iter().all(|ip| seen.insert(*ip)), "{} shares an address", group.name);
            }
        }
    }
}
