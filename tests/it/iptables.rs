//! Every iptables text, loaded by the real programs of both backends: what it lets through, twice, changed and taken out.
//! Sends no packet.

use portcullis::deployment::{Deployment, Edit};
use portcullis::dialect::Text;
use portcullis::net::{Addresses, Direction};

use crate::iptables_host::{Host, as_said, complete, policies, text, versions};
use crate::printing::{COVERS, iptables};
use crate::scenarios::{self, apply, group};

/// Loads every text over the one of another machine, so that each is a changed version too.
fn every_text_does_what_it_says(backend: &str, covers: &[&'static [Direction]]) {
    let Some(host) = Host::new("loads", backend) else { return };
    let before = host.reset();
    let halves = host.halves();
    let scenarios = scenarios::all();
    for policy in 0..3 {
        let deployments: Vec<Deployment> =
            scenarios.iter().map(|scenario| policies(&scenario.deployment)[policy].clone()).collect();
        for cover in covers {
            let texts = complete(&deployments, cover);
            for (deployment, id) in &texts {
                host.loaded(&text(deployment, *id, cover, Text::Apply));
                as_said(&host, &halves, deployment, *id, cover);
            }
            let (deployment, id) = texts.last().expect("there are many");
            let of = |kind| text(deployment, *id, cover, kind);
            let after = host.state();
            assert_eq!(host.loaded(&of(Text::Apply)), after, "twice is not once");
            assert_eq!(host.loaded(&of(Text::Try)), after, "trying changed something");
            assert_eq!(host.loaded(&of(Text::TakeOut)), before, "something stays behind");
            assert_eq!(host.loaded(&of(Text::Try)), before, "trying changed something");
        }
    }
    assert_eq!(host.files(), "");
}

#[test]
fn every_text_does_what_it_says_with_nft() {
    every_text_does_what_it_says("nft", &COVERS);
}

#[test]
fn every_text_does_what_it_says_with_legacy() {
    every_text_does_what_it_says("legacy", &COVERS[..1]);
}

#[test]
fn a_text_pasted_into_a_live_terminal_does_the_same_and_leaves_the_shell_open() {
    let scenario = scenarios::default();
    let missing = scenarios::missing();
    for host in Host::each("pastes") {
        let before = host.reset();
        let paste = |text: &str| {
            let input = format!("{text}echo \"status $?\"\n");
            let outcome = host.0.run(&["bash", "--norc", "--noprofile", "-i"], &input);
            assert!(outcome.stdout.contains("status "), "the shell is gone: {outcome:?}\n{text}");
            (outcome.stdout.contains("status 0"), host.state())
        };
        for deployment in policies(&scenario) {
            let server = group(&deployment, "Spotfire Server").id;
            let of = |kind| text(&deployment, server, &Direction::ALL, kind);
            assert_eq!(paste(&of(Text::Try)), (true, before.clone()));
            let (succeeded, after) = paste(&of(Text::Apply));
            assert!(succeeded && after != before);
            assert_eq!(host.loaded(&of(Text::Apply)), after, "a file does something else");
            assert_eq!(paste(&of(Text::TakeOut)), (true, before.clone()));
        }
        for deployment in policies(&missing) {
            let server = group(&deployment, "Spotfire Server").id;
            for kind in
                iptables().texts(deployment.group(server).expect("a group").policy).filter(|kind| kind.has_rules())
            {
                assert_eq!(paste(&text(&deployment, server, &Direction::ALL, kind)), (false, before.clone()));
            }
        }
    }
}

#[test]
fn nothing_is_needed_on_a_machine_without_rules() {
    for host in Host::each("bare") {
        let before = host.state();
        for deployment in policies(&scenarios::default()) {
            let server = group(&deployment, "Spotfire Server").id;
            let of = |kind| text(&deployment, server, &Direction::ALL, kind);
            let everything = host.0.ruleset();
            assert_eq!(host.loaded(&of(Text::Try)), before);
            assert_eq!(host.0.ruleset(), everything, "trying left something behind");
            assert_eq!(host.loaded(&of(Text::TakeOut)), before, "there was nothing to take out");
            assert_ne!(host.loaded(&of(Text::Apply)), before);
            assert_eq!(host.loaded(&of(Text::TakeOut)), before);
        }
    }
}

#[test]
fn a_changed_version_over_an_old_one_is_the_changed_version_alone() {
    let (old, new) = versions();
    let servers = group(&old, "Spotfire Servers").id;
    for host in Host::each("changes") {
        for (old, new) in policies(&old).into_iter().zip(policies(&new)) {
            for cover in &COVERS[..2] {
                let before = host.reset();
                let fresh = host.loaded(&text(&new, servers, cover, Text::Apply));
                host.reset();
                assert_ne!(host.loaded(&text(&old, servers, cover, Text::Apply)), fresh);
                assert_eq!(host.loaded(&text(&new, servers, cover, Text::Apply)), fresh, "a stale rule survives");
                assert_eq!(host.loaded(&text(&new, servers, cover, Text::TakeOut)), before);
            }
        }
    }
}

#[test]
fn each_direction_is_managed_by_itself() {
    let [both, ingress, egress] = COVERS;
    for host in Host::each("directions") {
        for deployment in policies(&scenarios::default()) {
            let server = group(&deployment, "Spotfire Server").id;
            let run = |cover, kind| host.loaded(&text(&deployment, server, cover, kind));
            let before = host.reset();
            let at_once = run(both, Text::Apply);
            host.reset();
            let ingress_only = run(ingress, Text::Apply);
            assert_eq!(run(egress, Text::Apply), at_once);
            assert_eq!(run(egress, Text::TakeOut), ingress_only);
            assert_eq!(run(both, Text::TakeOut), before);
        }
    }
}

#[test]
fn one_policy_after_the_other() {
    let additive = scenarios::default();
    let whole = scenarios::whole(&additive, true);
    let server = group(&additive, "Spotfire Server").id;
    let of = |deployment, kind| text(deployment, server, &Direction::ALL, kind);
    for host in Host::each("policies") {
        let before = host.reset();
        let fresh = host.loaded(&of(&whole, Text::Apply));
        for kind in [Text::Apply, Text::Try] {
            host.refuses(&of(&additive, kind), "The whole policy of this host is in place");
        }
        // Whichever text takes out, nobody is locked out.
        assert_eq!(host.loaded(&of(&additive, Text::TakeOut)), before);
        host.loaded(&of(&additive, Text::Apply));
        assert_eq!(host.loaded(&of(&whole, Text::Apply)), fresh);
        assert_eq!(host.loaded(&of(&whole, Text::TakeOut)), before);
    }
}

#[test]
fn overlapping_and_any_number_of_addresses_are_loaded_as_their_union() {
    let apart = |at: u32| {
        let six = format!("2001:db8:aaaa:bbbb:cccc:dddd:{at:x}");
        format!("{six}:1-{six}:ffff 192.0.2.{}", at % 120 * 2)
    };
    let many: Vec<String> = (0x1000..0x1000 + 100).map(apart).collect();
    let overlapping = "192.0.2.0/25 192.0.2.5 192.0.2.1-192.0.2.200 192.0.2.201 2001:db8::/32 2001:db8::5";
    for host in Host::each("many") {
        for addresses in [overlapping, many.join(" ").as_str()] {
            let mut deployment = scenarios::default();
            let node = group(&deployment, "Node").id;
            apply(&mut deployment, Edit::Listens(node, Addresses::parse(addresses).0));
            let server = group(&deployment, "Spotfire Server").id;
            host.reset();
            let halves = host.halves();
            let text = text(&deployment, server, &[Direction::Ingress], Text::Apply);
            assert!(text.lines().all(|line| line.len() < 4000));
            host.loaded(&text);
            as_said(&host, &halves, &deployment, server, &[Direction::Ingress]);
        }
    }
}

#[test]
fn the_strict_backend_tests_every_family_of_every_text() {
    // The other one says yes to chains and targets that do not exist.
    for host in Host::each("strict").into_iter().skip(1) {
        for deployment in policies(&scenarios::mixed_names()) {
            for group in &deployment.groups {
                let text = text(&deployment, group.id, COVERS[0], Text::Apply);
                for (part, family) in text.split("cat <<'RULES'\n").skip(1).zip(["iptables", "ip6tables"]) {
                    let rules = part.split("RULES\n").next().expect("a first piece");
                    let outcome = host.0.run(&["sh", "-c", &format!("{family}-restore --noflush --test")], rules);
                    assert!(outcome.success && outcome.stderr.is_empty(), "{outcome:?}\n{rules}");
                }
            }
        }
        let unknown = "*filter\n-A INPUT -j PORTCULLIS-NONE\nCOMMIT\n";
        assert!(!host.0.run(&["sh", "-c", "iptables-restore --noflush --test"], unknown).success);
    }
}
