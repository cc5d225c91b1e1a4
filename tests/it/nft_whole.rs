//! A whole policy in nftables, by the real nft: what becomes of the host's own rules, what comes back, what waits for a
//! confirmation, what survives a restart. Sends no packet.

use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::dialect::Text;
use portcullis::net::{Addresses, Direction, Policy, Port};

use crate::allowed::Allowed;
use crate::namespace::{Namespace, Outcome};
use crate::printing::{COVERS, nftables, planned, print};
use crate::reading;
use crate::scenarios::{self, apply, group};

/// A host with rules of its own in several tables, and one table that must be left alone.
pub const HOST: &str = r#"table inet filter {
	set admins {
		type ipv4_addr
		elements = { 192.0.2.250 }
	}

	chain helper {
		tcp dport 23 accept
	}

	chain input {
		type filter hook input priority filter; policy drop;
		iif "lo" accept
		ct state established,related accept
		ip saddr @admins tcp dport 22 counter packets 0 bytes 0 accept comment "own"
		jump helper
	}

	chain forward {
		type filter hook forward priority filter; policy drop;
	}

	chain output {
		type filter hook output priority filter; policy accept;
		ip daddr 192.0.2.66 reject
	}
}
table ip other {
	chain input {
		type filter hook input priority 10; policy accept;
		tcp dport 9443 drop
	}
}
table ip nat {
	chain output {
		type nat hook output priority -100; policy accept;
		tcp dport 8080 redirect to :80
	}
}
"#;

/// The default deployment as whole policies; outgoing traffic is dropped, and the machines do without what they live on but
/// names.
pub fn deployment() -> Deployment {
    let mut deployment = scenarios::default();
    for id in deployment.groups.iter().map(|group| group.id).collect::<Vec<_>>() {
        apply(&mut deployment, Edit::Policy(id, Policy::WholeHost));
    }
    apply(&mut deployment, Edit::Management(Addresses::parse("203.0.113.0/24 2001:db8:ffff::/48").0));
    apply(&mut deployment, Edit::DropOutgoing(true));
    for service in ["ntp", "updates", "domain"] {
        apply(&mut deployment, Edit::Relies(service, false));
    }
    apply(&mut deployment, Edit::Base("dns", Addresses::parse("192.0.2.53").0));
    deployment
}

fn server(deployment: &Deployment) -> GroupId {
    group(deployment, "Spotfire Server").id
}

fn text(deployment: &Deployment, cover: &[Direction], kind: Text) -> String {
    print(nftables(), deployment, server(deployment), cover, kind).text
}

fn run(namespace: &Namespace, text: &str) -> Outcome {
    namespace.run(&["sh"], text)
}

fn loaded(namespace: &Namespace, text: &str) -> String {
    let outcome = run(namespace, text);
    assert!(outcome.success && outcome.stderr.is_empty(), "{outcome:?}\n{text}");
    namespace.ruleset()
}

/// What is left of the host's own chains.
fn chain<'a>(ruleset: &'a str, start: &str) -> &'a str {
    let from = ruleset.find(start).unwrap_or_else(|| panic!("no {start} in\n{ruleset}"));
    &ruleset[from..from + ruleset[from..].find("\n\t}").expect("its end")]
}

#[test]
fn only_what_is_listed_is_left_and_all_that_was_there_comes_back() {
    let Some(namespace) = Namespace::new("whole") else { return };
    namespace.reset(HOST);
    let before = namespace.ruleset();
    let deployment = deployment();
    for cover in COVERS {
        assert_eq!(loaded(&namespace, &text(&deployment, cover, Text::Try)), before, "trying changed something");
        let apply = text(&deployment, cover, Text::Apply);
        let after = loaded(&namespace, &apply);
        for direction in Direction::ALL {
            let (own, foreign) = match direction {
                Direction::Ingress => ("chain in {", "hook input priority filter; policy accept;"),
                Direction::Egress => ("chain out {", "hook output priority filter; policy accept;"),
            };
            assert_eq!(after.contains(own), cover.contains(&direction));
            if cover.contains(&direction) {
                assert!(chain(&after, own).contains("policy drop;"));
                let left = chain(&after[after.find("table inet filter").unwrap()..], foreign);
                assert_eq!(left, foreign, "a rule of the host's own still decides");
            }
        }
        for kept in [
            "type filter hook forward priority filter; policy drop;",
            "tcp dport 8080 redirect to :80",
            "tcp dport 23 accept",
        ] {
            assert!(after.contains(kept), "{kept} is gone:\n{after}");
        }
        let mut found = Allowed::default();
        for direction in cover {
            let name = if *direction == Direction::Ingress { "in" } else { "out" };
            let json = namespace.nft(&["-j", "list", "chain", "inet", "portcullis", name], "");
            crate::nft_json::read_whole(&json, *direction, &mut found).unwrap_or_else(|why| panic!("{why}\n{apply}"));
        }
        assert_eq!(found, planned(nftables(), &deployment, server(&deployment), cover));
        assert_eq!(loaded(&namespace, &apply), after, "twice is not once");
        assert_eq!(loaded(&namespace, &text(&deployment, cover, Text::Try)), after, "trying changed something");
        assert_eq!(loaded(&namespace, &text(&deployment, cover, Text::TakeOut)), before, "something stays behind");
        assert_eq!(
            run(&namespace, "ls /run/portcullis /etc/portcullis 2>/dev/null").stdout.replace("/run/portcullis:\n", ""),
            ""
        );
    }
}

#[test]
fn what_was_there_is_kept_once_and_a_changed_version_replaces_the_old_one() {
    let Some(namespace) = Namespace::new("whole-changed") else { return };
    let old = deployment();
    let mut new = old.clone();
    apply(&mut new, Edit::Port(server(&old), "public-https", Port::new(8443)));
    apply(&mut new, Edit::DropOutgoing(false));
    for cover in COVERS {
        namespace.reset(HOST);
        let before = namespace.ruleset();
        let fresh = loaded(&namespace, &text(&new, cover, Text::Apply));
        assert_eq!(loaded(&namespace, &text(&new, cover, Text::TakeOut)), before);
        assert_ne!(loaded(&namespace, &text(&old, cover, Text::Apply)), fresh);
        assert_eq!(loaded(&namespace, &text(&new, cover, Text::Apply)), fresh, "a stale rule survives");
        assert_eq!(loaded(&namespace, &text(&old, cover, Text::TakeOut)), before, "something stays behind");
    }
}

#[test]
fn without_a_confirmation_everything_comes_back_by_itself() {
    let Some(namespace) = Namespace::new("whole-guarded") else { return };
    namespace.reset(HOST);
    let before = namespace.ruleset();
    let first = deployment();
    let mut second = first.clone();
    apply(&mut second, Edit::Port(server(&first), "public-https", Port::new(8443)));
    apply(&mut second, Edit::Port(group(&first, "Node").id, "node-communication", Port::new(9446)));
    for cover in COVERS {
        let text = |deployment: &Deployment, kind| text(deployment, cover, kind);
        // Nobody confirms: the host's own rules.
        let guarded = loaded(&namespace, &text(&first, Text::Guarded));
        assert_ne!(guarded, before);
        // Meanwhile another text keeps its hands off.
        let outcome = run(&namespace, &text(&second, Text::Apply));
        assert!(!outcome.success && outcome.stderr.contains("waits for its confirmation"), "{outcome:?}");
        assert_eq!(namespace.ruleset(), guarded);
        assert!(namespace.time_is_over().contains("not confirmed in time"));
        assert_eq!(namespace.ruleset(), before, "not everything came back");
        // Somebody confirms: it stays.
        loaded(&namespace, &text(&first, Text::Guarded));
        assert!(run(&namespace, "rm /run/portcullis/nftables-unconfirmed; echo >/run/clock").success);
        assert_eq!(namespace.ruleset(), guarded);
        assert_eq!(loaded(&namespace, &text(&first, Text::Apply)), guarded);
        // Nobody confirms the second version: the first one.
        assert_ne!(loaded(&namespace, &text(&second, Text::Guarded)), guarded);
        namespace.time_is_over();
        assert_eq!(namespace.ruleset(), guarded, "the first version did not come back");
        assert_eq!(loaded(&namespace, &text(&first, Text::TakeOut)), before);
        // Taken out while it waits: there is nothing left to bring back.
        loaded(&namespace, &text(&first, Text::Guarded));
        assert_eq!(loaded(&namespace, &text(&first, Text::TakeOut)), before);
        assert!(run(&namespace, "echo >/run/clock").success);
    }
}

#[test]
fn a_text_that_nft_refuses_leaves_everything_as_it_was() {
    let Some(namespace) = Namespace::new("whole-atomic") else { return };
    namespace.reset(HOST);
    let before = namespace.ruleset();
    for kind in [Text::Apply, Text::Try, Text::Guarded] {
        let broken = text(&deployment(), &Direction::ALL, kind).replace("tcp dport 5432 ct", "tcp dport 70000 ct");
        let outcome = run(&namespace, &broken);
        assert!(!outcome.success && outcome.stderr.contains("nft refused the rules."), "{outcome:?}");
        assert_eq!(namespace.ruleset(), before);
        let left = run(&namespace, "ls /run/portcullis 2>/dev/null | grep -v back").stdout;
        assert_eq!(left, "", "something is kept of what never was");
    }
}

#[test]
fn the_start_of_the_machine_brings_the_rules_back() {
    let Some(namespace) = Namespace::new("whole-kept") else { return };
    let whole = deployment();
    let mut added = whole.clone();
    apply(&mut added, Edit::Policy(server(&whole), Policy::Additive));
    for deployment in [&whole, &added] {
        for cover in COVERS {
            namespace.reset(HOST);
            let before = namespace.ruleset();
            let keep = text(deployment, cover, Text::Keep);
            let early = run(&namespace, &keep);
            assert!(!early.success && early.stderr.contains("use Apply first"), "{early:?}");
            let applied = loaded(&namespace, &text(deployment, cover, Text::Apply));
            assert_eq!(loaded(&namespace, &keep), applied, "it changes nothing now");
            assert_eq!(
                run(&namespace, "cat /run/systemctl; rm /run/systemctl").stdout,
                "daemon-reload\nenable --quiet portcullis-nftables.service\n"
            );
            let unit = run(&namespace, "cat /etc/systemd/system/portcullis-nftables.service").stdout;
            assert!(
                unit.contains("Before=network-pre.target")
                    && unit.contains("After=local-fs.target systemd-tmpfiles-setup.service nftables.service")
            );
            // A restart: nothing is left of /run, and the host loads its own rules first.
            namespace.reset(HOST);
            let start =
                unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("a command").replace("$$", "$");
            let outcome = run(&namespace, &format!("rm -rf /run/portcullis\n{start}"));
            assert!(outcome.success && outcome.stderr.is_empty(), "{outcome:?}");
            assert_eq!(namespace.ruleset(), applied, "the restart brought something else");
            let after = run(&namespace, &text(deployment, cover, Text::Apply));
            assert!(after.stdout.contains("The next start brings back what Make it last wrote"), "{after:?}");
            assert_eq!(loaded(&namespace, &text(deployment, cover, Text::TakeOut)), before);
            let left = run(
                &namespace,
                "cat /run/systemctl; rm /run/systemctl; ls -d /etc/portcullis /etc/systemd/system/portcullis*",
            );
            assert_eq!(left.stdout, "disable --quiet portcullis-nftables.service\ndaemon-reload\n");
        }
    }
    let without = text(&whole, &Direction::ALL, Text::Keep);
    namespace.reset(HOST);
    loaded(&namespace, &text(&whole, &Direction::ALL, Text::Apply));
    run(&namespace, "rmdir /run/systemd/system");
    let outcome = run(&namespace, &without);
    assert!(!outcome.success && outcome.stderr.contains("not started by systemd"), "{outcome:?}");
}

#[test]
fn both_policies_know_of_each_other() {
    let Some(namespace) = Namespace::new("whole-both") else { return };
    let whole = deployment();
    let mut added = whole.clone();
    apply(&mut added, Edit::Policy(server(&whole), Policy::Additive));
    namespace.reset(HOST);
    let start = namespace.ruleset();
    let with_added = loaded(&namespace, &text(&added, &Direction::ALL, Text::Apply));
    let with_whole = loaded(&namespace, &text(&whole, &Direction::ALL, Text::Apply));
    let outcome = run(&namespace, &text(&added, &Direction::ALL, Text::Apply));
    assert!(!outcome.success && outcome.stderr.contains("The whole policy of this host is in place"), "{outcome:?}");
    assert_eq!(namespace.ruleset(), with_whole);
    assert_eq!(loaded(&namespace, &text(&whole, &Direction::ALL, Text::TakeOut)), with_added);
    assert_eq!(loaded(&namespace, &text(&added, &Direction::ALL, Text::TakeOut)), start);
}

#[test]
fn what_else_filters_is_named() {
    let Some(namespace) = Namespace::new("whole-others") else { return };
    let whole = deployment();
    let mut added = whole.clone();
    apply(&mut added, Edit::Policy(server(&whole), Policy::Additive));
    namespace.reset(HOST);
    let outcome = run(&namespace, &text(&added, &[Direction::Ingress], Text::Apply));
    assert!(outcome.stdout.contains("what it drops stays dropped: ip other input;"), "{outcome:?}");
    loaded(&namespace, &text(&added, &[Direction::Ingress], Text::TakeOut));
    // What comes after a whole policy is in place is not silently taken out; it is named.
    loaded(&namespace, &text(&whole, &[Direction::Ingress], Text::Apply));
    namespace.nft(&["add", "rule", "ip", "other", "input", "tcp", "dport", "443", "drop"], "");
    let outcome = run(&namespace, &text(&whole, &[Direction::Ingress], Text::Apply));
    assert!(outcome.success && outcome.stdout.contains("stays dropped: ip other input;"), "{outcome:?}");
    assert!(namespace.ruleset().contains("tcp dport 443 drop"));
    // Rules of iptables cannot be kept by nft: they are refused, and left alone.
    namespace.reset("table ip filter {\n chain INPUT {\n type filter hook input priority 0; policy drop;\n }\n}\n");
    let before = namespace.ruleset();
    run(&namespace, "rm -rf /run/portcullis");
    let outcome = run(&namespace, &text(&whole, &[Direction::Ingress], Text::Apply));
    assert!(!outcome.success && outcome.stderr.contains("choose iptables"), "{outcome:?}");
    assert_eq!(namespace.ruleset(), before);
}

#[test]
fn nobody_is_locked_out_and_a_lost_base_is_noticed() {
    let mut deployment = deployment();
    let id = server(&deployment);
    let read = |deployment: &Deployment, kind| {
        reading::read("nftables", &print(nftables(), deployment, id, &Direction::ALL, kind).text)
    };
    let said = read(&deployment, Text::Apply).expect("it can be read");
    assert!(!said.refuses && said.flows.contains(&(Direction::Ingress, "management-tcp-22".to_owned())));
    let whole = print(nftables(), &deployment, id, &Direction::ALL, Text::Apply).text;
    let complete = |text: &str| {
        let wanted: std::collections::BTreeSet<_> =
            Direction::ALL.into_iter().flat_map(|direction| reading::whole("nftables", direction, true)).collect();
        reading::read("nftables", text).is_ok_and(|read| read.base == wanted)
    };
    assert!(complete(&whole));
    for (line, broken) in [
        ("ct state established,related accept comment", "ct state established accept comment"),
        ("iif \"lo\" accept", "iif \"eth0\" accept"),
        ("hook input priority filter; policy drop;", "hook input priority filter; policy accept;"),
        ("hook output priority filter; policy drop;", "hook output priority filter; policy accept;"),
        ("nd-neighbor-solicit, ", ""),
        ("packet-too-big, ", ""),
        ("ip6 saddr fe80::/10 udp sport 547", "udp sport 547"),
        ("ct state invalid drop", "ct state invalid accept"),
        ("oif \"lo\" accept", "accept"),
    ] {
        assert!(whole.contains(line), "{line}");
        assert!(!complete(&whole.replacen(line, broken, 1)), "{broken} goes unnoticed");
    }
    apply(&mut deployment, Edit::Management(Addresses::Missing));
    for kind in [Text::Apply, Text::Try] {
        let said = read(&deployment, kind).expect("it can be read");
        assert!(said.refuses && said.held == 1, "{said:?}");
    }
}
