//! The archive's playbook, run by the real Ansible on a machine with a firewall: what it says it changed is what it changed,
//! and what it leaves is what the texts alone leave. Never looks into the playbook.

use std::path::Path;

use portcullis::deployment::Edit;
use portcullis::dialect::Text;
use portcullis::net::{Policy, System};

use crate::backend::Backend;
use crate::scenarios::{CATALOG, group};
use crate::site::Site;
use crate::story::{self, Version};
use crate::way::SWEEP;

/// The program; `None` where it is missing, which in CI is a failure.
fn program() -> Option<String> {
    let named = std::env::var("PORTCULLIS_ANSIBLE").ok().filter(|path| Path::new(path).is_file());
    assert!(
        named.is_some() || std::env::var("CI").is_err(),
        "PORTCULLIS_ANSIBLE names no program: cargo xtask test installs it"
    );
    if named.is_none() {
        crate::print("NOT RUN, no Ansible (cargo xtask test installs it)");
    }
    named
}

/// Tried, put in place, again, put back, taken out, and again: with rules that add, and with a whole policy.
pub fn told(backend: &'static Backend) {
    let Some(ansible) = program() else { return };
    for policy in Policy::ALL {
        by_ansible(backend, policy, &ansible);
    }
}

fn by_ansible(backend: &'static Backend, policy: Policy, ansible: &str) {
    let story = story::default();
    let others = story.unguarded(false);
    let [mut first, mut next] = story.under(policy, &others);
    for version in [&mut first, &mut next] {
        let id = group(&version.deployment, story.chief).id;
        version.deployment.apply(&CATALOG, &Edit::System(id, System::Linux));
        version.deployment.apply(&CATALOG, &Edit::Firewall(id, backend.dialect.to_owned()));
    }
    let mut site = Site::new(backend, &story.addressed, &others, &[&first.table, &next.table]);
    site.guard();
    let start = site.states();
    let play = |site: &Site, words: &str, changes: bool| {
        for said in site.play(ansible, story.chief, "spotfire_spotfire_server", words) {
            let recap = said.lines().find(|line| line.starts_with("machine ") && line.contains("changed="));
            let recap = recap.unwrap_or_else(|| panic!("{}, {policy:?}, {words}: no end\n{said}", backend.name));
            let well = recap.contains("failed=0 ") && recap.contains("unreachable=0 ");
            assert!(well && changes != recap.contains("changed=0 "), "{}, {policy:?}, {words}:\n{said}", backend.name);
        }
    };
    // A whole policy was confirmed: whoever still waits finds nothing to do.
    let settle = |site: &Site| {
        if policy == Policy::WholeHost {
            site.wake(story.chief, 1);
            site.run(story.chief, SWEEP);
        }
    };
    let put = |site: &mut Site, version: &Version| {
        site.unpack(version, story.chief);
        play(site, "", true);
        settle(site);
        site.given(story.chief, Some(version));
    };

    site.unpack(&first, story.chief);
    play(&site, "--check", true);
    site.same(&start, "trying changes nothing");
    play(&site, "-e portcullis_state=absent", false);
    site.same(&start, "nothing to take out");
    put(&mut site, &first);
    site.agrees("put in place by Ansible");
    let once = site.states();
    play(&site, "", false);
    play(&site, "--check", false);
    site.same(&once, "what is in place stays");

    put(&mut site, &next);
    site.agrees("a changed one, put in place by Ansible");
    let kept = site.states();
    if policy == Policy::Additive && !backend.gradual && !backend.slow {
        site.reload(story.chief);
        play(&site, "--check", true);
        play(&site, "", true);
        site.same(&kept, "what somebody flushed is back");
    }
    site.restart();
    play(&site, "", false);
    site.same(&kept, "after a restart");

    play(&site, "-e portcullis_state=absent --check", true);
    site.same(&kept, "trying takes nothing out");
    play(&site, "-e portcullis_state=absent", true);
    site.same(&start, "taken out");
    play(&site, "-e portcullis_state=absent", false);
    site.same(&start, "taken out once");
    let _ = Text::Apply;
    crate::print(&site.tally(&format!("by Ansible, {policy:?}")));
}
