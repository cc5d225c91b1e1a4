//! How long a picture takes natively, its layout and its SVG, for deployments of the sizes that people have, and far larger. Prints
//! figures for a person to judge; asserts none of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code, reason = "shared with the core's tests, which use all of it")]
#[path = "../tests/it/large.rs"]
mod large;

use std::time::Instant;

use portcullis::catalog::Catalog;
use portcullis::deployment::{Deployment, Edit};
use portcullis::diagram::{diagram, svg};
use portcullis::flow::flows;

/// Runs of each, of which the fastest counts.
const RUNS: usize = 20;

fn main() {
    let catalog = Catalog::spotfire().expect("the embedded catalog can be read");
    println!("                          groups   flows   arrows   layout ms     SVG ms      KB");
    for preset in &catalog.presets {
        let mut deployment = Deployment::initial(&catalog);
        deployment.apply(&catalog, &Edit::Preset(preset.id));
        measure(&catalog, preset.id, &deployment);
    }
    measure(&catalog, "60 flows", &grown(&catalog, |flows, _| flows >= 60));
    measure(&catalog, "40 groups", &grown(&catalog, |_, groups| groups == 40));
    measure(&catalog, "100 groups, 1000 own", &large::deployment(&catalog));
    measure(&catalog, "200 groups", &large::by_catalog(&catalog, 200, true));
    measure(&catalog, "1000 groups", &large::by_catalog(&catalog, 1000, true));
}

/// The default deployment with ever more groups of the roles that most have, in turn, until it is large enough.
fn grown(catalog: &Catalog, enough: impl Fn(usize, usize) -> bool) -> Deployment {
    let mut deployment = Deployment::initial(catalog);
    let mut roles = catalog.roles.iter().filter(|role| role.hosted_on.is_none() && !role.rare).cycle();
    while !enough(flows(catalog, &deployment).len(), deployment.groups.len()) {
        deployment.apply(catalog, &Edit::AddGroup(roles.next().expect("roles").id));
    }
    deployment
}

fn measure(catalog: &Catalog, name: &str, deployment: &Deployment) {
    let flows = flows(catalog, deployment);
    let (mut layout, mut print) = (f64::MAX, f64::MAX);
    let (mut arrows, mut bytes) = (0, 0);
    for _ in 0..RUNS {
        let start = Instant::now();
        let drawn = diagram(catalog, deployment, &flows);
        let first = start.elapsed().as_secs_f64() * 1e3;
        let text = svg::inline(&drawn);
        let both = start.elapsed().as_secs_f64() * 1e3;
        (layout, print) = (layout.min(first), print.min(both - first));
        (arrows, bytes) = (drawn.arrows.len(), text.len());
    }
    let (groups, flows) = (deployment.groups.len(), flows.len());
    println!("{name:<24} {groups:>7} {flows:>7} {arrows:>8} {layout:>11.2} {print:>10.2} {:>7}", bytes / 1024);
}
