//! How long every dialect takes to print, and how many bytes: the default deployment, and a thousand flows over a hundred
//! groups. Prints figures for a person to judge; asserts none of them. `cargo bench --bench dialects -- ufw` does only that one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code, reason = "shared with the core's tests, which use all of it")]
#[path = "../tests/it/large.rs"]
mod large;
#[allow(dead_code, reason = "shared with the core's tests, which use all of it")]
#[path = "../tests/it/scenarios.rs"]
mod scenarios;

use std::hint::black_box;
use std::time::Instant;

use portcullis::deployment::Deployment;
use portcullis::dialect::{DIALECTS, Dialect, Text};
use portcullis::enforce;
use portcullis::flow::flows;
use portcullis::net::{Address, Addresses, Direction, PortRange};
use portcullis::rule::{Enforcement, Rule, Ruleset};
use portcullis::snippet::{Context, asked, snippet};
use scenarios::CATALOG;

/// Runs of which the median is printed.
const RUNS: usize = 15;

/// The rules of all groups, at the points that are made of a group's number.
fn rules(deployment: &Deployment, point: fn(u32) -> Enforcement) -> Vec<Ruleset> {
    let flows = flows(&CATALOG, deployment);
    let of = |id: u32| enforce::rules(&CATALOG, deployment, &flows, point(id));
    deployment.groups.iter().map(|group| of(group.id.0)).collect()
}

/// The bytes of the text to apply of every group.
fn printed(dialect: &Dialect, deployment: &Deployment, rulesets: &[Ruleset]) -> usize {
    let context =
        Context { product: CATALOG.product, release: deployment.release, catalog: CATALOG.version, fragment: "" };
    let text =
        |ruleset| snippet(dialect, ruleset, &Direction::ALL, Text::Apply, &deployment.settings, &context).text.len();
    rulesets.iter().map(text).sum()
}

/// How many ways these texts open, read back as the page does under every text.
fn read_back(dialect: &Dialect, deployment: &Deployment, rulesets: &[Ruleset]) -> usize {
    let context =
        Context { product: CATALOG.product, release: deployment.release, catalog: CATALOG.version, fragment: "" };
    let openings = |ruleset| {
        let text = snippet(dialect, ruleset, &Direction::ALL, Text::Apply, &deployment.settings, &context).text;
        let read = asked(dialect, Text::Apply, ruleset, &Direction::ALL, &deployment.settings).check(&text);
        assert!(read.agrees(), "{read:?}");
        read.openings
    };
    rulesets.iter().map(openings).sum()
}

/// One rule for each address of the peer and each port: what a printer without sets and ranges would be given.
fn naive(ruleset: &Ruleset) -> Ruleset {
    let mut naive = Ruleset { rules: Vec::new(), ..ruleset.clone() };
    for rule in &ruleset.rules {
        for address in rule.peer().addresses.list() {
            for port in rule.ports.first().number()..=rule.ports.last().number() {
                let mut one = Rule { key: format!("{}-{}", rule.key, naive.rules.len()), ..rule.clone() };
                one.ports = PortRange::from(portcullis::net::Port::new(port).expect("a port of a range"));
                let addresses = Addresses::known(vec![Address::clone(address)]);
                match one.direction {
                    Direction::Ingress => one.source.addresses = addresses,
                    Direction::Egress => one.destination.addresses = addresses,
                }
                naive.rules.push(one);
            }
        }
    }
    naive
}

/// The median and the best of several runs, in milliseconds, and what the last one returned. On a machine that does other
/// things too, the best is nearer to what the code takes.
fn median<T>(mut run: impl FnMut() -> T) -> (f64, f64, T) {
    let mut times = Vec::new();
    let mut last = black_box(run());
    for _ in 0..RUNS {
        let start = Instant::now();
        last = black_box(run());
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    (times[RUNS / 2], times[0], last)
}

/// `expands`: whether the naive expansion is printed too. That of a whole policy would be a gigabyte, for the thousands of
/// ports of a domain controller.
fn measure(what: &str, deployment: &Deployment, goal: &str, expands: bool) {
    let (time, best, on_hosts) = median(|| rules(deployment, Enforcement::Host));
    let in_clouds = rules(deployment, Enforcement::CloudGroup);
    let count: usize = on_hosts.iter().map(|ruleset| ruleset.rules.len()).sum();
    println!("\n{what}: {count} rules for {} groups, both directions ({goal})", on_hosts.len());
    let naive_words = if expands { format!("{:>14} {:>7}", "naive bytes", "times") } else { String::new() };
    println!(
        "  {:<14} {:>9} {:>9} {:>12} {:>9} {:>9} {:>9} {naive_words}",
        "dialect", "ms", "best", "bytes", "read too", "best", "openings"
    );
    println!("  {:<14} {time:>9.3} {best:>9.3}", "flows, rules");
    let naive = [&on_hosts, &in_clouds].map(|all| all.iter().filter(|_| expands).map(naive).collect::<Vec<_>>());
    let (mut all, mut all_best) = (time, best);
    let named: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let asked = |dialect: &&&Dialect| named.is_empty() || named.iter().any(|name| name == dialect.id);
    for dialect in DIALECTS.iter().filter(asked) {
        let in_cloud = !dialect.place.on_host();
        let rulesets = if in_cloud { &in_clouds } else { &on_hosts };
        let (time, best, bytes) = median(|| printed(dialect, deployment, rulesets));
        all += time;
        all_best += best;
        let (read_time, read_best, openings) = median(|| read_back(dialect, deployment, rulesets));
        print!(
            "  {:<14} {time:>9.3} {best:>9.3} {bytes:>12} {read_time:>9.3} {read_best:>9.3} {openings:>9}",
            dialect.id
        );
        if expands {
            let expanded = printed(dialect, deployment, &naive[usize::from(in_cloud)]);
            print!(" {expanded:>14} {:>7.1}", expanded as f64 / bytes as f64);
        }
        println!();
    }
    println!("  {:<14} {all:>9.3} {all_best:>9.3}", "all of it");
}

fn main() {
    println!("Text to apply of every group, median and best of {RUNS} runs, in milliseconds:");
    let mut default = scenarios::default();
    measure("default, added", &default, "goal: all of it in 1 ms", true);
    large::whole(&CATALOG, &mut default);
    measure("default, whole hosts", &default, "goal: all of it in 1 ms", false);
    let mut large = large::deployment(&CATALOG);
    measure("large, added", &large, "goal: each dialect in 20 ms", true);
    large::whole(&CATALOG, &mut large);
    measure("large, whole hosts", &large, "goal: each dialect in 20 ms", false);
}
