//! Every nftables text, loaded by the real nft: what it lets through, twice, changed, taken out, and refused. Sends no packet.

use std::collections::BTreeSet;

use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::dialect::Text;
use portcullis::net::{Addresses, Direction, Port};

use crate::allowed::Allowed;
use crate::namespace::{Namespace, Outcome};
use crate::nft_json;
use crate::printing::{COVERS, PLAIN, nftables, planned, print};
use crate::scenarios::{self, Scenario, apply, group};

/// A host with rules of its own, of which some look a little like ours.
const HOST: &str = r#"table inet filter {
	set admins {
		type ipv4_addr
		elements = { 192.0.2.250 }
	}

	chain input {
		type filter hook input priority filter; policy drop;
		iif "lo" accept
		ct state established,related accept
		ip saddr @admins tcp dport 22 accept comment "not a jump portcullis_in"
	}

	chain forward {
		type filter hook forward priority filter; policy drop;
	}

	chain output {
		type filter hook output priority filter; policy drop;
		ct state established,related accept
	}
}
table ip other {
	chain input {
		type filter hook input priority 10; policy accept;
		tcp dport 9443 counter packets 0 bytes 0 drop
	}
}
"#;

/// The host's base chains, by direction.
const fn base(direction: Direction) -> (&'static str, &'static str) {
    match direction {
        Direction::Ingress => ("input", "portcullis_in"),
        Direction::Egress => ("output", "portcullis_out"),
    }
}

fn text(deployment: &Deployment, group: GroupId, cover: &[Direction], text: Text) -> String {
    print(nftables(), deployment, group, cover, text).text
}

/// Runs a text as a file.
fn run(namespace: &Namespace, text: &str) -> Outcome {
    namespace.run(&["sh"], text)
}

/// Runs a text that must succeed and returns the ruleset after it.
fn loaded(namespace: &Namespace, text: &str) -> String {
    let outcome = run(namespace, text);
    assert!(outcome.success && outcome.stderr.is_empty(), "{outcome:?}\n{text}");
    namespace.ruleset()
}

/// Demands that a text stops with that sentence and changes nothing.
fn refused(outcome: &Outcome, sentence: &str, namespace: &Namespace, before: &str) {
    assert!(!outcome.success, "it did not stop: {outcome:?}");
    assert!(outcome.stderr.contains(sentence) && outcome.stderr.contains("Nothing was changed."), "{outcome:?}");
    assert_eq!(outcome.stdout, "", "something ran after the refusal");
    assert_eq!(namespace.ruleset(), before);
}

/// Every snippet that has nothing held back: scenario, deployment, group, directions.
fn complete(scenarios: &[Scenario]) -> Vec<(&Deployment, GroupId, &'static [Direction])> {
    let every = scenarios.iter().flat_map(|scenario| {
        let deployment = &scenario.deployment;
        deployment.groups.iter().flat_map(move |group| COVERS.map(|cover| (deployment, group.id, cover)))
    });
    let held = |(deployment, group, cover): &(&Deployment, GroupId, &[Direction])| {
        !print(nftables(), deployment, *group, cover, Text::Apply).held.is_empty()
    };
    let (_, complete): (Vec<_>, Vec<_>) = every.partition(held);
    assert!(complete.len() > 70, "only {} snippets are complete", complete.len());
    complete
}

#[test]
fn every_text_loads_lets_through_exactly_its_plan_and_is_taken_out_again() {
    let Some(namespace) = Namespace::new("loads") else { return };
    namespace.reset(HOST);
    let before = namespace.ruleset();
    let chain = |chain: &str| namespace.nft(&["list", "chain", "inet", "filter", chain], "");
    let base_before = Direction::ALL.map(|direction| chain(base(direction).0));
    for (deployment, group, cover) in complete(&scenarios::all()) {
        let apply = text(deployment, group, cover, Text::Apply);
        let after = loaded(&namespace, &apply);

        let mut found = Allowed::default();
        for direction in cover {
            let (base, ours) = base(*direction);
            let json = namespace.nft(&["-j", "list", "chain", "inet", "filter", ours], "");
            nft_json::read(&json, *direction, &mut found).unwrap_or_else(|why| panic!("{why}\n{apply}"));
            let jump = format!("jump {ours}\n");
            let base = chain(base);
            assert_eq!(base.matches(&jump).count(), 1);
            assert!(base.contains(&format!("policy drop;\n\t\t{jump}")), "the jump is not the first rule: {base}");
            assert!(
                base_before.contains(&base.replace(&format!("\t\t{jump}"), "")),
                "the host's own rules changed: {base}"
            );
        }
        assert_eq!(found, planned(nftables(), deployment, group, cover), "{apply}");

        assert_eq!(loaded(&namespace, &apply), after, "twice is not once");
        assert_eq!(loaded(&namespace, &text(deployment, group, cover, Text::Try)), after, "trying changed something");
        assert_eq!(
            loaded(&namespace, &text(deployment, group, cover, Text::TakeOut)),
            before,
            "something stays behind"
        );
    }
}

#[test]
fn a_text_pasted_into_a_live_terminal_does_the_same_and_leaves_the_shell_open() {
    let Some(namespace) = Namespace::new("pastes") else { return };
    namespace.reset(HOST);
    let before = namespace.ruleset();
    let paste = |text: &str| {
        let outcome = namespace.run(&["bash", "--norc", "--noprofile", "-i"], &format!("{text}echo \"status $?\"\n"));
        assert!(outcome.stdout.contains("status "), "the shell is gone: {outcome:?}\n{text}");
        (outcome.stdout.contains("status 0"), namespace.ruleset())
    };
    for (deployment, group, cover) in complete(&scenarios::all()) {
        let [apply, attempt, take_out] =
            [Text::Apply, Text::Try, Text::TakeOut].map(|kind| text(deployment, group, cover, kind));
        assert_eq!(paste(&attempt), (true, before.clone()));
        let (succeeded, after) = paste(&apply);
        assert!(succeeded && after != before);
        assert_eq!(loaded(&namespace, &apply), after, "a file does something else");
        assert_eq!(paste(&take_out), (true, before.clone()));
    }
    let missing = scenarios::missing();
    for kind in [Text::Apply, Text::Try] {
        let server = group(&missing, "Spotfire Server").id;
        assert_eq!(paste(&text(&missing, server, &Direction::ALL, kind)), (false, before.clone()));
    }
}

#[test]
fn trying_first_changes_nothing_on_a_host_that_never_saw_us() {
    let Some(namespace) = Namespace::new("tries") else { return };
    namespace.reset(HOST);
    let before = namespace.ruleset();
    for (deployment, group, cover) in complete(&scenarios::all()) {
        assert_eq!(loaded(&namespace, &text(deployment, group, cover, Text::Try)), before);
        assert_eq!(
            loaded(&namespace, &text(deployment, group, cover, Text::TakeOut)),
            before,
            "there was nothing to take out"
        );
    }
}

#[test]
fn a_changed_version_over_an_old_one_is_the_changed_version_alone() {
    let Some(namespace) = Namespace::new("changes") else { return };
    let old = scenarios::cluster();
    let servers = group(&old, "Spotfire Servers").id;
    let nodes = group(&old, "Nodes").id;
    let mut new = old.clone();
    apply(&mut new, Edit::Port(nodes, "node-communication", Port::new(9446)));
    apply(&mut new, Edit::Listens(nodes, Addresses::parse("192.0.2.99").0));
    apply(&mut new, Edit::Switch("ldap", false));
    for cover in COVERS {
        let [old, new] = [&old, &new].map(|deployment| text(deployment, servers, cover, Text::Apply));
        namespace.reset(HOST);
        let fresh = loaded(&namespace, &new);
        namespace.reset(HOST);
        assert_ne!(loaded(&namespace, &old), fresh);
        assert_eq!(loaded(&namespace, &new), fresh, "a stale rule survives");
    }
}

#[test]
fn each_direction_is_managed_by_itself() {
    let Some(namespace) = Namespace::new("directions") else { return };
    let deployment = scenarios::default();
    let server = group(&deployment, "Spotfire Server").id;
    let [both, ingress, egress] = COVERS;
    let run = |cover, kind| loaded(&namespace, &text(&deployment, server, cover, kind));
    namespace.reset(HOST);
    let at_once = run(both, Text::Apply);
    namespace.reset(HOST);
    let ingress_only = run(ingress, Text::Apply);
    assert_eq!(run(egress, Text::Apply), at_once);
    assert_eq!(run(egress, Text::TakeOut), ingress_only);
}

#[test]
fn overlapping_addresses_are_loaded_as_their_union() {
    let Some(namespace) = Namespace::new("overlaps") else { return };
    let mut deployment = scenarios::default();
    let node = group(&deployment, "Node").id;
    let overlapping = "192.0.2.0/25 192.0.2.5 192.0.2.1-192.0.2.200 192.0.2.201 2001:db8::/32 2001:db8::5";
    apply(&mut deployment, Edit::Listens(node, Addresses::parse(overlapping).0));
    let server = group(&deployment, "Spotfire Server").id;
    namespace.reset(HOST);
    loaded(&namespace, &text(&deployment, server, &[Direction::Ingress], Text::Apply));
    let mut found = Allowed::default();
    let json = namespace.nft(&["-j", "list", "chain", "inet", "filter", "portcullis_in"], "");
    nft_json::read(&json, Direction::Ingress, &mut found).unwrap();
    assert_eq!(found, planned(nftables(), &deployment, server, &[Direction::Ingress]));
}

#[test]
fn any_number_of_addresses_is_loaded_and_no_line_is_longer_than_a_terminal_takes() {
    let Some(namespace) = Namespace::new("many") else { return };
    let mut deployment = scenarios::default();
    let node = group(&deployment, "Node").id;
    let apart = |at: u32| {
        format!(
            "2001:db8:aaaa:bbbb:cccc:dddd:{at:x}:1-2001:db8:aaaa:bbbb:cccc:dddd:{at:x}:ffff 192.0.2.{}",
            at % 120 * 2
        )
    };
    let many: Vec<String> = (0x1000..0x1000 + 200).map(apart).collect();
    apply(&mut deployment, Edit::Listens(node, Addresses::parse(&many.join(" ")).0));
    let server = group(&deployment, "Spotfire Server").id;
    let text = text(&deployment, server, &[Direction::Ingress], Text::Apply);
    let longest = text.lines().map(str::len).max();
    assert!(longest.is_some_and(|longest| longest <= 4095), "{longest:?}");
    namespace.reset(HOST);
    loaded(&namespace, &text);
    let mut found = Allowed::default();
    let json = namespace.nft(&["-j", "list", "chain", "inet", "filter", "portcullis_in"], "");
    nft_json::read(&json, Direction::Ingress, &mut found).unwrap();
    assert_eq!(found, planned(nftables(), &deployment, server, &[Direction::Ingress]));
}

#[test]
fn table_and_chains_are_the_hosts_own() {
    let Some(namespace) = Namespace::new("fields") else { return };
    let mut deployment = scenarios::default();
    for (field, value) in [("table", "host_fw"), ("input", "INPUT"), ("output", "Out1")] {
        apply(&mut deployment, Edit::Setting(format!("nftables.{field}"), value.to_owned()));
    }
    let host = HOST.replace("inet filter", "inet host_fw").replacen("chain input", "chain INPUT", 1).replacen(
        "chain output",
        "chain Out1",
        1,
    );
    namespace.reset(&host);
    let before = namespace.ruleset();
    let server = group(&deployment, "Spotfire Server").id;
    let after = loaded(&namespace, &text(&deployment, server, &Direction::ALL, Text::Apply));
    assert!(after.contains("jump portcullis_in") && after.contains("jump portcullis_out"));
    assert_eq!(loaded(&namespace, &text(&deployment, server, &Direction::ALL, Text::TakeOut)), before);
}

#[test]
fn a_host_that_is_not_as_assumed_is_refused_and_left_alone() {
    let Some(namespace) = Namespace::new("refuses") else { return };
    let deployment = scenarios::default();
    let server = group(&deployment, "Spotfire Server").id;
    let swapped = HOST.replace("hook input priority filter", "hook forward priority 5");
    let no_hook = HOST.replace("type filter hook input priority filter; policy drop;", "");
    let other_family = HOST
        .replace("inet filter", "ip6 filter")
        .replace("ip saddr @admins ", "")
        .replace("ipv4_addr", "ipv6_addr")
        .replace("192.0.2.250", "2001:db8::9");
    let without_output = HOST.replace("chain output", "chain outgoing");
    for (host, sentence) in [
        ("", "There is no chain input in table inet filter."),
        (&other_family, "There is no chain input in table inet filter."),
        (&swapped, "Chain input of table inet filter is not attached to input."),
        (&no_hook, "Chain input of table inet filter is not attached to input."),
        (&without_output, "There is no chain output in table inet filter."),
    ] {
        namespace.reset(host);
        let before = namespace.ruleset();
        for kind in [Text::Apply, Text::Try] {
            let text = text(&deployment, server, &Direction::ALL, kind);
            refused(&run(&namespace, &text), sentence, &namespace, &before);
        }
    }
    namespace.reset(&without_output);
    loaded(&namespace, &text(&deployment, server, &[Direction::Ingress], Text::Apply));
}

#[test]
fn rules_left_under_other_names_are_not_left_behind() {
    let Some(namespace) = Namespace::new("elsewhere") else { return };
    let first = scenarios::default();
    let server = group(&first, "Spotfire Server").id;
    let mut second = first.clone();
    second.apply(&scenarios::CATALOG, &Edit::Setting("nftables.table".into(), "host".into()));
    namespace.reset(&format!("{HOST}\n{}", HOST.replace("inet filter", "inet host")));
    let start = namespace.ruleset();
    loaded(&namespace, &text(&first, server, &Direction::ALL, Text::Apply));
    let before = namespace.ruleset();
    let over = text(&second, server, &Direction::ALL, Text::Apply);
    refused(&run(&namespace, &over), "Rules of an earlier text hang on inet filter input.", &namespace, &before);
    loaded(&namespace, &text(&first, server, &Direction::ALL, Text::TakeOut));
    assert_eq!(namespace.ruleset(), start);
    loaded(&namespace, &over);
}

#[test]
fn a_host_that_somebody_else_manages_is_refused_and_left_alone() {
    let Some(namespace) = Namespace::new("managed") else { return };
    let deployment = scenarios::default();
    let server = group(&deployment, "Spotfire Server").id;
    let apply = text(&deployment, server, &Direction::ALL, Text::Apply);
    namespace.reset(HOST);
    let before = namespace.ruleset();
    for (manager, active, inactive, sentence) in [
        ("ufw", "echo 'Status: active'", "echo 'Status: inactive'", "ufw manages this host"),
        ("firewall-cmd", "echo running", "echo 'not running'; exit 252", "firewalld manages this host"),
    ] {
        namespace.pretend(manager, active);
        refused(&run(&namespace, &apply), sentence, &namespace, &before);
        // What was added before somebody took over can still be taken out.
        assert_eq!(loaded(&namespace, &text(&deployment, server, &Direction::ALL, Text::TakeOut)), before);
        namespace.pretend(manager, inactive);
    }
    namespace.pretend("id", "echo 1000");
    refused(&run(&namespace, &apply), "Root is needed", &namespace, &before);
    let bare = namespace.run_with_only(&["sh", "id"], &apply);
    refused(&bare, "The command nft was not found.", &namespace, &before);
}

#[test]
fn rules_that_nft_refuses_leave_the_old_ones_in_place() {
    let Some(namespace) = Namespace::new("atomic") else { return };
    let deployment = scenarios::default();
    let server = group(&deployment, "Spotfire Server").id;
    let apply = text(&deployment, server, &Direction::ALL, Text::Apply);
    namespace.reset(HOST);
    let before = loaded(&namespace, &apply);
    let broken = apply.replace("tcp dport 5432 ct state new", "tcp dport 70000 ct state new");
    let outcome = run(&namespace, &broken);
    assert!(!outcome.success && outcome.stderr.contains("nft refused the rules."), "{outcome:?}");
    assert_eq!(namespace.ruleset(), before);
}

#[test]
fn while_something_is_held_back_nothing_runs_and_every_gap_is_named() {
    let Some(namespace) = Namespace::new("missing") else { return };
    namespace.reset(HOST);
    let before = namespace.ruleset();
    let mut refusing = 0;
    for Scenario { deployment, .. } in scenarios::all() {
        for (group, cover) in deployment.groups.iter().flat_map(|group| COVERS.map(|cover| (group, cover))) {
            let snippet = print(nftables(), &deployment, group.id, cover, Text::Apply);
            if snippet.held.is_empty() {
                continue;
            }
            refusing += 1;
            for kind in [Text::Apply, Text::Try] {
                let outcome = run(&namespace, &text(&deployment, group.id, cover, kind));
                refused(&outcome, "Fill in what is missing", &namespace, &before);
                for why in snippet.held.iter().collect::<BTreeSet<_>>() {
                    assert!(outcome.stderr.contains(why.as_str()), "{why} is not said: {outcome:?}");
                }
            }
        }
    }
    assert!(refusing > 8, "only {refusing} texts refuse");
}

#[test]
fn every_text_is_a_shell_script_outside_and_inside() {
    let Some(namespace) = Namespace::new("syntax") else { return };
    for Scenario { deployment, .. } in scenarios::all() {
        for group in &deployment.groups {
            for kind in PLAIN {
                let outside = text(&deployment, group.id, &Direction::ALL, kind);
                let inside =
                    outside.strip_prefix("sh <<'PORTCULLIS'\n").and_then(|text| text.strip_suffix("PORTCULLIS\n"));
                let inside = inside.expect("one here-document");
                for (shell, text) in
                    ["dash", "bash"].into_iter().flat_map(|shell| [(shell, outside.as_str()), (shell, inside)])
                {
                    let outcome = namespace.run(&[shell, "-n"], text);
                    assert!(outcome.success && outcome.stderr.is_empty(), "{shell}: {outcome:?}\n{text}");
                }
            }
        }
    }
}
