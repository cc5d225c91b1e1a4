//! How long flows and findings take natively, for 100 to 3,000 groups: servers, nodes with services, and client networks, in
//! the shares of 20, 480 and 500 of a thousand. Prints figures for a person to judge; asserts none of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code, reason = "shared with the core's tests, which use all of it")]
#[path = "../tests/it/large.rs"]
mod large;

use std::time::Instant;

use portcullis::catalog::Catalog;
use portcullis::check::findings;
use portcullis::deployment::Deployment;
use portcullis::flow::flows;

/// Runs of each, of which the fastest counts.
const RUNS: usize = 5;

fn main() {
    let catalog = Catalog::spotfire().expect("the embedded catalog can be read");
    println!(
        "groups   flows   findings      flows ms   findings ms   the same with clients anywhere, nodes without address"
    );
    for groups in [100, 300, 1000, 3000] {
        let known = large::by_catalog(&catalog, groups, true);
        let open = large::by_catalog(&catalog, groups, false);
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
