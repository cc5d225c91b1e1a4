//! The archive's playbook, run by the real Ansible on a machine with a firewall: what it says it changed is what it changed,
//! and what it leaves is what the texts alone leave. Never looks into the playbook.

use std::path::Path;

use portcullis::deployment::{Deployment, Edit};
use portcullis::dialect::Text;
use portcullis::net::{Policy, System};

use crate::backend::Backend;
use crate::scenarios::{self, CATALOG, group};
use crate::site::Site;
use crate::story::{self, Version};
use crate::way::SWEEP;

/// The program; `None` where it is missing, which in CI is a failure.
fn program() -> Option<String> {
    let named = std::env::var("PORTCULLIS_ANSIBLE").ok().filter(|path| Path::new(path).is_file());
    assert!(
        named.is_some() || std::env::var("CI").as_deref() != Ok("true"),
        "PORTCULLIS_ANSIBLE names no program: cargo xtask test installs it"
    );
    if named.is_none() {
        crate::print("NOT RUN, no Ansible (cargo xtask test installs it)");
    }
    named
}

/// Tried, put in place, again, put back, taken out, and again: with rules that add, and with a whole policy. Where time is
/// short, only what a whole policy is, and twice each.
pub fn told(backend: &'static Backend) {
    let Some(ansible) = program() else { return };
    if crate::full() {
        Policy::ALL.into_iter().for_each(|policy| by_ansible(backend, policy, &ansible));
    } else {
        by_ansible(backend, Policy::WholeHost, &ansible);
    }
}

/// What Ansible says of a machine at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Changed,
    Unchanged,
    Failed,
}

fn by_ansible(backend: &'static Backend, policy: Policy, ansible: &str) {
    let story = story::default();
    let (chief, others) = (story.chief, story.unguarded(false));
    let mut versions = story.under(policy, &others);
    for version in &mut versions {
        chosen(&mut version.deployment, chief, backend);
    }
    let [first, next] = &versions;
    let mut site = Site::new(backend, &story.addressed, &others, &[&first.table, &next.table]);
    site.guard();
    let start = site.states();
    let play = |site: &Site, words: &str, end: End| {
        for said in site.play(ansible, chief, "spotfire_spotfire_server", words) {
            let about = format!("{}, {policy:?}, {words}", backend.name);
            let recap = said.lines().find(|line| line.starts_with("machine ") && line.contains("changed="));
            let recap = recap.unwrap_or_else(|| panic!("{about}: no end\n{said}"));
            let found = match (recap.contains("failed=0 "), recap.contains("changed=0 ")) {
                (false, _) => End::Failed,
                (true, true) => End::Unchanged,
                (true, false) => End::Changed,
            };
            assert!(found == end && recap.contains("unreachable=0 "), "{about}: not {end:?}\n{said}");
            // The inventory has one of the groups only.
            let warned = said.lines().find(|line| line.contains("[WARNING]") && !line.contains("Could not match"));
            assert!(warned.is_none(), "{about}\n{said}");
        }
    };
    // A whole policy was confirmed: who still waits to take it back finds that there is nothing to do.
    let put = |site: &mut Site, version: &Version| {
        site.unpack(&version.deployment, chief);
        play(site, "", End::Changed);
        if policy == Policy::WholeHost {
            site.wake(chief, 1);
            site.run(chief, SWEEP);
        }
        site.given(chief, version);
    };

    if crate::full() {
        site.unpack(&first.deployment, chief);
        play(&site, "--check", End::Changed);
        site.same(&start, "trying changes nothing");
        play(&site, "-e portcullis_state=gone", End::Failed);
        play(&site, "-e portcullis_state=absent", End::Unchanged);
        site.same(&start, "nothing to take out");
        let mut missing = scenarios::missing();
        chosen(&mut missing, chief, backend);
        site.unpack(&missing, chief);
        play(&site, "", End::Failed);
        play(&site, "--check", End::Failed);
        site.same(&start, "what is held back changes nothing");
    }
    put(&mut site, first);
    site.agrees("put in place by Ansible");
    let once = site.states();
    play(&site, "", End::Unchanged);
    site.same(&once, "what is in place stays");
    if crate::full() {
        play(&site, "--check", End::Unchanged);
        put(&mut site, next);
        site.agrees("a changed one, put in place by Ansible");
        let kept = site.states();
        match policy {
            // The host's own rules are loaded anew, which flushes ours; where the firewall keeps those, somebody takes them out.
            Policy::Additive if !["firewalld", "ufw"].contains(&backend.dialect) => site.reload(chief),
            _ => site.run(chief, &site.text(&next.deployment, chief, Text::TakeOut)),
        }
        play(&site, "--check", End::Changed);
        put(&mut site, next);
        site.same_rules(&kept, "what somebody took out is back");
        let kept = site.states();
        site.restart();
        play(&site, "", End::Unchanged);
        site.same(&kept, "after a restart");
        play(&site, "-e portcullis_state=absent --check", End::Changed);
        site.same(&kept, "trying takes nothing out");
    }
    play(&site, "-e portcullis_state=absent", End::Changed);
    site.same(&start, "taken out");
    play(&site, "-e portcullis_state=absent", End::Unchanged);
    site.same(&start, "taken out once");
    crate::print(&site.tally(&format!("by Ansible, {policy:?}")));
}

/// Chooses the firewall of a group.
fn chosen(deployment: &mut Deployment, name: &str, backend: &Backend) {
    let id = group(deployment, name).id;
    deployment.apply(&CATALOG, &Edit::System(id, System::Linux));
    deployment.apply(&CATALOG, &Edit::Firewall(id, backend.dialect.to_owned()));
}
