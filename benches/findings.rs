//! How long flows and findings take natively, for 100 to 3,000 groups: servers, nodes with services, and client networks, in
//! the shares of 20, 480 and 500 of a thousand. Prints figures for a person to judge; asserts none of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Instant;

use portcullis::catalog::{Catalog, Id, Kind};
use portcullis::check::findings;
use portcullis::deployment::{Deployment, Group, GroupId};
use portcullis::flow::flows;
use portcullis::net::Addresses;

/// Runs of each, of which the fastest counts.
const RUNS: usize = 5;

fn main() {
    let catalog = Catalog::spotfire().expect("the embedded catalog can be read");
    println!(
        "groups   flows   findings      flows ms   findings ms   the same with clients anywhere, nodes without address"
    );
    for groups in [100, 300, 1000, 3000] {
        let known = deployment(&catalog, groups, true);
        let open = deployment(&catalog, groups, false);
        let (found, told, flow_time, time) = measure(&catalog, &known);
        let (_, told_open, _, time_open) = measure(&catalog, &open);
        println!(
            "{groups:>6} {found:>7} {told:>10} {flow_time:>13.2} {time:>13.2} {time_open:>13.2} ({told_open} findings)"
        );
    }
}

/// How many flows and findings, and the least milliseconds of each.
fn measure(catalog: &Catalog, deployment: &Deployment) -> (usize, usize, f64, f64) {
    let (mut flow_time, mut time) = (f64::MAX, f64::MAX);
    let (mut found, mut told) = (0, 0);
    for _ in 0..RUNS {
        let start = Instant::now();
        let flows = flows(catalog, deployment);
        flow_time = flow_time.min(start.elapsed().as_secs_f64() * 1e3);
        let start = Instant::now();
        told = findings(catalog, deployment, &flows).len();
        time = time.min(start.elapsed().as_secs_f64() * 1e3);
        found = flows.len();
    }
    (found, told, flow_time, time)
}

/// So many groups; `known` with an address each, else clients are anywhere and nodes have none.
fn deployment(catalog: &Catalog, groups: u32, known: bool) -> Deployment {
    let mut deployment = Deployment::initial(catalog);
    let of =
        |kind| deployment.groups.iter().find(|group| runs(catalog, group, kind)).expect("in the first preset").clone();
    let rows = [(Kind::Server, groups / 50), (Kind::Node, groups * 12 / 25), (Kind::Client, groups / 2)];
    let rows = rows.map(|(kind, count)| (of(kind), kind, count));
    deployment.groups.clear();
    for (template, kind, count) in rows {
        for number in 0..count {
            let id = u32::try_from(deployment.groups.len()).expect("few") + 1;
            let listens = match kind {
                Kind::Client if !known => Addresses::Any,
                Kind::Node if !known => Addresses::Missing,
                _ => Addresses::parse(&format!("198.18.{}.{}", id / 250, id % 250)).0,
            };
            let name = format!("{} {number}", template.name);
            deployment.groups.push(Group { id: GroupId(id), name, listens, ..template.clone() });
        }
    }
    deployment
}

fn runs(catalog: &Catalog, group: &Group, kind: Kind) -> bool {
    group.roles.iter().any(|role: &Id| catalog.role(role).is_some_and(|role| role.kind == kind))
}
