//! What becomes of iptables texts later: unconfirmed, confirmed, kept over a start, changed by others, saved by the host.

use portcullis::dialect::Text;
use portcullis::net::Direction;

use crate::iptables_host::{Host, policies, text, versions};
use crate::printing::COVERS;
use crate::scenarios::{self, group};

#[test]
fn what_others_add_to_a_whole_policy_comes_back_too() {
    let deployment = scenarios::whole(&scenarios::default(), true);
    let server = group(&deployment, "Spotfire Server").id;
    let of = |kind| text(&deployment, server, &Direction::ALL, kind);
    for host in Host::each("others") {
        let before = host.reset();
        let after = host.loaded(&of(Text::Apply));
        host.sh("iptables -w -I INPUT -p tcp -m multiport --dports 22 -j f2b-sshd; ip6tables -w -A OUTPUT -p tcp --dport 26 -j DROP");
        assert_eq!(host.loaded(&of(Text::Apply)), after);
        let wanted = before.clone();
        let six = host.halves().concat();
        host.sh("iptables -w -A INPUT -p udp --dport 161 -j DROP");
        let taken = host.loaded(&of(Text::TakeOut));
        assert_ne!(six, taken);
        for added in ["-A OUTPUT -p tcp -m tcp --dport 26 -j DROP\n", "-A INPUT -p udp -m udp --dport 161 -j DROP\n"] {
            assert_eq!(taken.matches(added).count(), 1, "{taken}");
        }
        let rest = taken
            .replace("-A OUTPUT -p tcp -m tcp --dport 26 -j DROP\n", "")
            .replace("-A INPUT -p udp -m udp --dport 161 -j DROP\n", "");
        assert_eq!(rest, wanted);
    }
}

#[test]
fn a_saved_rule_that_no_longer_fits_is_said_and_locks_nobody_out() {
    let deployment = scenarios::whole(&scenarios::default(), true);
    let server = group(&deployment, "Spotfire Server").id;
    let of = |kind| text(&deployment, server, &Direction::ALL, kind);
    for host in Host::each("gone") {
        host.reset();
        host.loaded(&of(Text::Apply));
        host.sh("iptables -w -F f2b-sshd; iptables -w -X f2b-sshd");
        host.refuses(&of(Text::TakeOut), "If a saved rule no longer fits this host");
        host.sh("sed -i '/f2b-sshd/d' /run/portcullis/iptables-before-in");
        assert!(!host.loaded(&of(Text::TakeOut)).contains(":PORTCULLIS"));
    }
}

#[test]
fn a_policy_that_the_host_loaded_by_itself_is_not_taken_for_what_was_there_before() {
    let deployment = scenarios::whole(&scenarios::default(), true);
    let server = group(&deployment, "Spotfire Server").id;
    let of = |kind| text(&deployment, server, &Direction::ALL, kind);
    for host in Host::each("saved") {
        host.reset();
        let after = host.loaded(&of(Text::Apply));
        // The host's own service has saved and loaded it, and the machine has started in between.
        host.sh("rm -rf /run/portcullis");
        host.refuses(&of(Text::TakeOut), "what was there before is not known");
        assert_eq!(host.loaded(&of(Text::Apply)), after);
        host.refuses(&of(Text::TakeOut), "what was there before is not known");
    }
}

#[test]
fn unconfirmed_rules_go_and_confirmed_ones_stay() {
    let (old, new) = versions();
    let servers = group(&old, "Spotfire Servers").id;
    for host in Host::each("guarded") {
        // The policy that accepts outgoing traffic in one direction, the other one in both.
        for (at, (old, new)) in policies(&old).into_iter().zip(policies(&new)).enumerate().skip(1) {
            for cover in &COVERS[2 - at..3 - at] {
                let before = host.reset();
                let fresh = host.loaded(&text(&new, servers, cover, Text::Apply));
                host.loaded(&text(&new, servers, cover, Text::TakeOut));
                let guarded = text(&new, servers, cover, Text::Guarded);

                // Nobody confirms: over nothing, over an earlier version, over additive rules.
                let additive = text(&versions().0, servers, cover, Text::Apply);
                for earlier in [None, Some(text(&old, servers, cover, Text::Apply)), Some(additive)] {
                    host.reset();
                    let start = earlier.map_or_else(|| host.state(), |earlier| host.loaded(&earlier));
                    let files = host.files();
                    assert_eq!(host.loaded(&guarded), fresh);
                    let token = host.sh("cat /run/portcullis/iptables-unconfirmed");
                    for kind in [Text::Apply, Text::Guarded, Text::Keep] {
                        host.refuses(&text(&new, servers, cover, kind), "An earlier text waits for its confirmation");
                    }
                    assert!(host.time_passes("another").success);
                    assert_eq!(host.state(), fresh, "somebody else's time has passed");
                    let outcome = host.time_passes(token.trim());
                    assert!(outcome.success && outcome.stderr.is_empty(), "{outcome:?}");
                    assert_eq!(host.state(), start);
                    assert_eq!(host.files(), files);
                    assert_eq!(host.loaded(&text(&new, servers, cover, Text::TakeOut)), before);
                }

                // Somebody does.
                host.loaded(&guarded);
                let token =
                    host.sh("cat /run/portcullis/iptables-unconfirmed; rm /run/portcullis/iptables-unconfirmed");
                assert!(host.time_passes(token.trim()).success);
                assert_eq!(host.state(), fresh);
                assert_eq!(host.loaded(&text(&new, servers, cover, Text::TakeOut)), before);

                // Or takes it out while it waits.
                host.loaded(&guarded);
                let back = host.sh("cat /run/portcullis/iptables-back.sh");
                let token = host.sh("cat /run/portcullis/iptables-unconfirmed");
                assert_eq!(host.loaded(&text(&new, servers, cover, Text::TakeOut)), before);
                assert!(host.0.run(&["sh", "-s", token.trim()], &back).success);
                assert_eq!(host.state(), before);
                assert_eq!(host.files(), "");
            }
        }
    }
}

#[test]
fn kept_rules_come_back_at_the_start_of_the_machine() {
    for host in Host::each("keeps") {
        for deployment in policies(&scenarios::default()) {
            let server = group(&deployment, "Spotfire Server").id;
            for cover in &COVERS[..2] {
                let of = |kind| text(&deployment, server, cover, kind);
                let before = host.reset();
                host.refuses(&of(Text::Keep), "These rules are not in place: use Apply first.");
                let after = host.loaded(&of(Text::Apply));
                assert_eq!(host.loaded(&of(Text::Keep)), after);
                assert_eq!(host.loaded(&of(Text::Keep)), after);
                let unit = host.sh("cat /etc/systemd/system/portcullis-iptables.service");
                assert!(unit.contains("After=local-fs.target systemd-tmpfiles-setup.service netfilter-persistent.service iptables.service ip6tables.service\n"));
                assert!(host.sh("cat /run/systemctl").contains("enable --quiet portcullis-iptables.service"));
                let outcome = host.run(&of(Text::Apply));
                assert_eq!(outcome.stdout.matches("Make it last wrote").count(), cover.len(), "{outcome:?}");

                // A start: the host's own rules are there, ours are not, and nothing is left in /run.
                let parts = host.sh("cp -r /etc/portcullis /run/kept; ls /run/kept");
                assert_eq!(parts.lines().count(), cover.len());
                host.reset();
                let start = "for part in /run/kept/iptables-*.sh; do sh \"$part\" || exit 1; done";
                assert!(host.0.run(&["sh", "-c", start], "").success);
                assert_eq!(host.state(), after);
                host.sh("cp -r /run/kept /etc/portcullis; rm -r /run/kept");
                assert_eq!(host.loaded(&of(Text::TakeOut)), before);
                assert_eq!(host.files(), "");
                assert!(host.sh("cat /run/systemctl").contains("disable --quiet portcullis-iptables.service"));
            }
        }
    }
}

#[test]
fn rules_that_the_host_has_saved_are_named_when_ours_are_taken_out() {
    let deployment = scenarios::default();
    let server = group(&deployment, "Spotfire Server").id;
    let take_out = text(&deployment, server, COVERS[0], Text::TakeOut);
    for host in Host::each("persists") {
        host.reset();
        assert!(!host.run(&take_out).stdout.contains("bring the rules back"));
        host.sh("mkdir -p /etc/iptables; echo :PORTCULLIS-IN >/etc/iptables/rules.v6");
        let said = host.run(&take_out).stdout;
        assert!(said.contains("save those of the host again in /etc/iptables/rules.v6"), "{said}");
    }
}
