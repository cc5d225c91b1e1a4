//! Packets through real rules: every machine of a deployment is a network namespace behind a default drop, loads what the
//! page copies, and is asked everything. Never compares with what the program computes, only with the tables written by
//! hand from the vendor's documents.
//!
//! ```text
//! tests/tables/*.txt ──► table   groups, by hand        ──► story   deployments, each with a changed one  ──┐
//!                        backend a careful host before  ──┐                                                 ├──► way
//! snippet (the text) ──► lab     machines, real         ──┴► site   machines; differences: none           ──┘
//! ```
//!
//! Each story goes the whole way of law 8 on every Linux firewall, once with rules that add to what is there and once with
//! the whole policy of each host. Stories that take long are left out unless `PORTCULLIS_FULL` is set.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ansible;
mod backend;
mod broken;
mod lab;
mod refused;
#[allow(dead_code, reason = "shared with the core tests, which use all of it")]
#[path = "../it/scenarios.rs"]
mod scenarios;
mod site;
mod story;
mod table;
mod view;
mod way;

use std::collections::BTreeSet;
use std::io::Write;

use backend::{BACKENDS, Backend};
use portcullis::dialect::{DIALECTS, Place};
use portcullis::net::{Policy, System};

/// Tests of one kind, one for each firewall.
macro_rules! on_every_firewall {
    ($name:ident: $quick:expr, $tell:expr) => {
        mod $name {
            use crate::backend::*;

            #[test]
            fn nftables() {
                crate::tell(&NFTABLES, $quick, $tell);
            }

            #[test]
            fn iptables() {
                crate::tell(&IPTABLES, $quick, $tell);
            }

            #[test]
            fn legacy_iptables() {
                crate::tell(&LEGACY, $quick, $tell);
            }

            #[test]
            fn firewalld() {
                crate::tell(&FIREWALLD, $quick, $tell);
            }

            #[test]
            fn ufw() {
                crate::tell(&UFW, $quick, $tell);
            }
        }
    };
}

/// Firewalls on which a test also runs where time is short.
const ALL: &[&str] = &["nftables", "iptables", "legacy iptables", "firewalld", "ufw"];
const QUICK: &[&str] = &["nftables", "iptables", "legacy iptables"];
const ONE: &[&str] = &["nftables"];
const NONE: &[&str] = &[];

on_every_firewall!(one_server_and_one_node: crate::ALL, |it| crate::way::told(&crate::story::default(), it));
on_every_firewall!(server_and_node_on_one_machine: crate::ALL, |it| crate::way::told(&crate::story::one_machine(), it));
on_every_firewall!(a_cluster_with_balancer_and_directory: crate::ONE, |it| {
    crate::way::told(&crate::story::cluster(), it);
});
on_every_firewall!(known_clients: crate::NONE, |it| crate::way::told(&crate::story::known_clients(), it));
on_every_firewall!(ipv6_only: crate::NONE, |it| crate::way::told(&crate::story::ipv6_only(), it));
on_every_firewall!(unconfirmed_texts_roll_back: crate::ALL, |it| {
    crate::way::guarded(&crate::story::default(), it);
});
on_every_firewall!(broken_texts_are_noticed: crate::ALL, crate::broken::noticed);
on_every_firewall!(ansible_puts_rules_in_place_once: crate::ONE, crate::ansible::told);
on_every_firewall!(what_is_refused_changes_nothing: crate::QUICK, crate::refused::changes_nothing);
on_every_firewall!(every_text_alone_opens_exactly_its_own_flows: crate::ONE, crate::alone);

/// A text for each group of a small deployment, and the servers of a large one.
fn alone(backend: &'static Backend) {
    let (small, large) = (story::default(), story::cluster());
    let each = small.addressed.groups.iter().map(|group| (&small, group.name.as_str()));
    for (story, group) in each.chain([(&large, "Spotfire Servers")]) {
        for policy in Policy::ALL {
            way::alone(story, backend, group, policy);
        }
    }
}

/// Every dialect for Linux is proven here.
#[test]
fn no_linux_dialect_is_left_out() {
    let proven: BTreeSet<_> = BACKENDS.iter().map(|backend| backend.dialect).collect();
    let linux = DIALECTS.iter().filter(|dialect| dialect.place == Place::Host(System::Linux)).map(|dialect| dialect.id);
    let missing: Vec<_> = linux.filter(|id| !proven.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Runs a test on a firewall: where it can be had, and where there is time.
fn tell(backend: &'static Backend, quick: &[&str], test: impl FnOnce(&'static Backend)) {
    if !quick.contains(&backend.name) && !full() {
        return;
    }
    match backend.available() {
        Ok(()) => test(backend),
        Err(why) if std::env::var("CI").is_ok_and(|ci| ci == "true") => panic!("{why}"),
        Err(why) => print(&format!("NOT RUN: {why}")),
    }
}

/// Everything is wanted, however long it takes.
fn full() -> bool {
    std::env::var_os("PORTCULLIS_FULL").is_some()
}

/// Straight to the terminal: the harness swallows what a passing test prints.
fn print(line: &str) {
    let _ = writeln!(std::io::stderr(), "\npackets: {line}");
}
