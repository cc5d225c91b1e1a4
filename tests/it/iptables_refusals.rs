//! Where iptables texts stop, and what they name: other managers, rules that cannot be listed, half a load, a missing family,
//! missing addresses. Nothing has changed then.

use std::collections::BTreeSet;

use portcullis::deployment::Deployment;
use portcullis::dialect::Text;
use portcullis::net::Direction;

use crate::iptables_host::{BACKENDS, Host, policies, text, versions};
use crate::printing::{COVERS, iptables, print};
use crate::scenarios::{self, group};

#[test]
fn a_host_that_somebody_else_manages_is_refused_and_left_alone() {
    for host in Host::each("managed") {
        let before = host.reset();
        for deployment in policies(&scenarios::default()) {
            let server = group(&deployment, "Spotfire Server").id;
            let of = |kind| text(&deployment, server, &Direction::ALL, kind);
            for (manager, active, inactive, sentence) in [
                ("ufw", "echo 'Status: active'", "echo 'Status: inactive'", "ufw manages this host"),
                ("firewall-cmd", "echo running", "echo 'not running'; exit 252", "firewalld manages this host"),
            ] {
                host.0.pretend(manager, active);
                for kind in [Text::Apply, Text::Try, Text::Keep] {
                    host.refuses(&of(kind), sentence);
                }
                // What was added before somebody took over can still be taken out.
                assert_eq!(host.loaded(&of(Text::TakeOut)), before);
                host.0.pretend(manager, inactive);
            }
            host.0.pretend("id", "echo 1000");
            host.refuses(&of(Text::Apply), "Root is needed");
            host.0.no_longer("id");
        }
    }
    let Some(host) = Host::new("commands", "nft") else { return };
    let server = group(&scenarios::default(), "Spotfire Server").id;
    let bare =
        host.0.run_with_only(&["sh", "id", "iptables"], &text(&scenarios::default(), server, COVERS[0], Text::Apply));
    assert!(bare.stderr.contains("The command iptables-save was not found."), "{bare:?}");
}

#[test]
fn rules_that_cannot_be_listed_are_not_touched() {
    let Some(host) = Host::new("incompatible", "nft") else { return };
    let chain = |family: &str, rules: &str| {
        format!("table {family} filter {{ chain INPUT {{ type filter hook input priority filter; {rules}; }}; }}\n")
    };
    let refused = |deployment: &Deployment, kind, ruleset: &str, sentence: &str| {
        host.0.reset(ruleset);
        let ruleset = host.0.ruleset();
        let server = group(deployment, "Spotfire Server").id;
        let outcome = host.run(&text(deployment, server, COVERS[0], kind));
        assert!(!outcome.success && outcome.stderr.contains(sentence), "{outcome:?}");
        assert_eq!(host.0.ruleset(), ruleset);
    };
    // What iptables refuses to list, and what it lists as if it were for everyone.
    let (open, silent) =
        ("log prefix \"x\"; ct count over 5 drop", "ip6 saddr { 2001:db8::1, 2001:db8::7 } counter accept");
    let uncounted = "ip saddr 192.0.2.1-192.0.2.7 accept";
    for deployment in policies(&scenarios::default()) {
        for kind in [Text::Apply, Text::Try] {
            refused(&deployment, kind, &chain("ip", open), "iptables-save cannot list the rules of this host.");
        }
    }
    for deployment in &policies(&scenarios::default())[1..] {
        for kind in [Text::Apply, Text::Try, Text::Guarded] {
            refused(
                deployment,
                kind,
                &chain("ip6", silent),
                "Rules in INPUT were made with nft, and ip6tables cannot list",
            );
            refused(
                deployment,
                kind,
                &chain("ip", uncounted),
                "Rules in INPUT were made with nft, and iptables cannot list",
            );
        }
    }
    // Added to a whole policy, they are not taken for a rule that could come back.
    let whole = scenarios::whole(&scenarios::default(), true);
    let server = group(&whole, "Spotfire Server").id;
    host.0.reset("");
    host.loaded(&text(&whole, server, COVERS[0], Text::Apply));
    host.sh(&format!("nft 'insert rule ip6 filter INPUT {silent}'"));
    host.refuses(&text(&whole, server, COVERS[0], Text::TakeOut), "Rules in INPUT were made with nft");
    host.sh("nft delete rule ip6 filter INPUT handle $(nft -a list chain ip6 filter INPUT | sed -n 's/.*counter.*accept # handle //p')");
    assert!(!host.loaded(&text(&whole, server, COVERS[0], Text::TakeOut)).contains("PORTCULLIS"));

    // Rules that are added never touch them, also when something goes wrong.
    let additive = scenarios::default();
    host.0.reset(&(chain("ip", uncounted) + &chain("ip6", silent)));
    let input = || ["ip", "ip6"].map(|family| host.0.nft(&["list", "chain", family, "filter", "INPUT"], ""));
    let before = input();
    host.0.pretend("ip6tables-restore", "cat >/dev/null; case \"$*\" in *--test*) exit 0 ;; esac; exit 2");
    host.refuses(&text(&additive, server, COVERS[0], Text::Apply), "what iptables had is back.");
    assert_eq!(input(), before);
    host.stand_in_again();
    host.loaded(&text(&additive, server, COVERS[0], Text::Apply));
    let after = input();
    host.0.pretend("ip6tables-restore", "cat >/dev/null; case \"$*\" in *--test*) exit 0 ;; esac; exit 2");
    host.refuses(&text(&additive, server, COVERS[0], Text::TakeOut), "what iptables had is back.");
    assert_eq!(input(), after);
    host.stand_in_again();
    host.loaded(&text(&additive, server, COVERS[0], Text::TakeOut));
    assert_eq!(input(), before);
}

#[test]
fn what_else_decides_is_named() {
    let deployment = scenarios::default();
    let server = group(&deployment, "Spotfire Server").id;
    let all = policies(&deployment);
    for backend in BACKENDS {
        let other = BACKENDS.into_iter().find(|other| *other != backend).expect("there are two");
        let Some(host) = Host::new("beside", backend) else { return };
        host.reset();
        for deployment in &all {
            for kind in [Text::Apply, Text::Try] {
                let said = host.run(&text(deployment, server, COVERS[0], kind)).stdout;
                assert!(!said.contains("Also filters"), "{said}");
                host.run(&text(deployment, server, COVERS[0], Text::TakeOut));
            }
        }
        host.sh(&format!("ip6tables-{other} -A OUTPUT -p tcp --dport 9443 -j DROP"));
        host.sh("nft add table inet site; nft 'add chain inet site incoming { type filter hook input priority 5; policy drop; }'");
        for deployment in &all {
            for kind in [Text::Apply, Text::Try] {
                let said = host.run(&text(deployment, server, COVERS[0], kind)).stdout;
                for named in [format!("ip6tables-{other}, chain OUTPUT."), "nftables, inet site incoming".to_owned()] {
                    let sentence = format!("Also filters, and what it drops stays dropped: {named}");
                    assert_eq!(said.matches(&sentence).count(), 1, "{said}");
                }
                assert_eq!(said.matches("Also filters").count(), 2, "{said}");
                host.run(&text(deployment, server, COVERS[0], Text::TakeOut));
            }
        }
        // A family that accepts anyway: said, and only of that family.
        host.load("ip6tables", "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n");
        for _ in 0..2 {
            let said = host.run(&text(&deployment, server, &[Direction::Ingress], Text::Apply)).stdout;
            assert!(said.contains("ip6tables accepts all incoming traffic"), "{said}");
            assert!(!said.contains(" iptables accepts all"), "{said}");
        }
    }
}

#[test]
fn when_one_family_is_refused_the_other_is_as_it_was() {
    let (old, new) = versions();
    let servers = group(&old, "Spotfire Servers").id;
    for host in Host::each("halves") {
        for (old, new) in policies(&old).into_iter().zip(policies(&new)) {
            let policy = new.group(servers).expect("a group").policy;
            for earlier in [None, Some(&old)] {
                for cover in &COVERS[..2] {
                    host.reset();
                    if let Some(earlier) = earlier {
                        host.loaded(&text(earlier, servers, cover, Text::Apply));
                    }
                    // It passes the test, and fails when it counts.
                    host.0.no_longer("ip6tables-restore");
                    host.0.pretend(
                        "ip6tables-restore",
                        "cat >/dev/null; case \"$*\" in *--test*) exit 0 ;; esac; exit 2",
                    );
                    for kind in iptables().texts(policy).filter(|kind| matches!(kind, Text::Apply | Text::Guarded)) {
                        host.refuses(
                            &text(&new, servers, cover, kind),
                            "ip6tables refused the rules; what iptables had is back.",
                        );
                    }
                    if earlier.is_some() {
                        host.refuses(&text(&new, servers, cover, Text::TakeOut), "what iptables had is back.");
                    }
                    host.0.pretend("ip6tables-restore", "cat >/dev/null; exit 2");
                    host.refuses(&text(&new, servers, cover, Text::Apply), "ip6tables refused the rules.");
                    host.stand_in_again();
                }
            }
        }
    }
}

#[test]
fn rules_that_are_refused_leave_the_old_ones_in_place() {
    for host in Host::each("atomic") {
        host.reset();
        for deployment in policies(&scenarios::default()) {
            let server = group(&deployment, "Spotfire Server").id;
            let apply = text(&deployment, server, &Direction::ALL, Text::Apply);
            host.loaded(&apply);
            host.refuses(&apply.replace("--dport 5432", "--dport 70000"), "iptables refused the rules.");
            host.loaded(&text(&deployment, server, &Direction::ALL, Text::TakeOut));
        }
    }
}

#[test]
fn without_ipv6_in_the_kernel_the_other_half_is_left_out_and_said() {
    for host in Host::each("one-family") {
        let [_, six] = {
            host.reset();
            host.halves()
        };
        let before = host.state();
        for deployment in policies(&scenarios::default()) {
            let server = group(&deployment, "Spotfire Server").id;
            let of = |kind| {
                text(&deployment, server, &Direction::ALL, kind).replace("/proc/net/if_inet6", "/proc/net/absent")
            };
            assert!(!of(Text::Apply).contains("if_inet6"));
            host.0.no_longer("ip6tables-restore");
            host.0.pretend("ip6tables-restore", "exit 3");
            let outcome = host.run(&of(Text::Apply));
            assert!(outcome.success && outcome.stdout.contains("IPv6 is switched off in this kernel"), "{outcome:?}");
            assert_eq!(host.halves()[1], six);
            assert!(host.halves()[0].contains("PORTCULLIS-IN"));
            assert!(host.run(&of(Text::TakeOut)).success);
            assert_eq!(host.state(), before);
            host.stand_in_again();
        }
    }
}

#[test]
fn while_something_is_held_back_nothing_runs_and_every_gap_is_named() {
    let mut refusing = 0;
    for host in Host::each("missing") {
        host.reset();
        for deployment in scenarios::all().iter().flat_map(|scenario| policies(&scenario.deployment)) {
            for group in &deployment.groups {
                let snippet = print(iptables(), &deployment, group.id, COVERS[0], Text::Apply);
                if snippet.held.is_empty() {
                    continue;
                }
                refusing += 1;
                host.refuses(&snippet.text, "Fill in what is missing");
                let outcome = host.run(&snippet.text);
                for why in snippet.held.iter().collect::<BTreeSet<_>>() {
                    assert!(outcome.stderr.contains(why.as_str()), "{why} is not said: {outcome:?}");
                }
            }
        }
        assert!(refusing > 8, "only {refusing} texts refuse");
    }
}
