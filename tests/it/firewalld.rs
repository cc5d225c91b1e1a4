//! Every firewalld text, by a real firewalld: what it lets through, twice, changed, taken out, confirmed or not, and refused.
//! Sends no packet.

use std::collections::BTreeSet;

use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::dialect::Text;
use portcullis::net::{Addresses, Direction, Policy, Port};

use crate::allowed::Allowed;
use crate::firewalld_host::Host;
use crate::namespace::Outcome;
use crate::printing::{COVERS, firewalld, planned, print};
use crate::scenarios::{self, Scenario, apply, group};
use crate::{nft_whole, reading};

/// What the host has of its own: an open port, a zone with a source, a policy and a set.
const OWN: &str = r#"set -e
firewall-cmd --quiet --permanent --add-service=https
firewall-cmd --quiet --permanent --zone=internal --add-source=192.0.2.128/25
firewall-cmd --quiet --permanent --zone=internal --add-rich-rule='rule family="ipv4" source address="192.0.2.250" port port="22" protocol="tcp" accept'
firewall-cmd --quiet --permanent --new-ipset=own --type=hash:net
firewall-cmd --quiet --permanent --ipset=own --add-entry=192.0.2.240/28
firewall-cmd --quiet --permanent --new-policy=own
firewall-cmd --quiet --permanent --policy=own --set-priority=-5
firewall-cmd --quiet --permanent --policy=own --add-ingress-zone=ANY
firewall-cmd --quiet --permanent --policy=own --add-egress-zone=HOST
firewall-cmd --quiet --permanent --policy=own --add-rich-rule='rule source ipset="own" drop'
firewall-cmd --quiet --reload
"#;

fn text(deployment: &Deployment, group: GroupId, cover: &[Direction], text: Text) -> String {
    print(firewalld(), deployment, group, cover, text).text
}

/// Demands that a text stops with that sentence and changes nothing.
fn refused(host: &Host, text: &str, sentence: &str, before: &str) -> Outcome {
    let outcome = host.run(text);
    assert!(!outcome.success, "it did not stop: {outcome:?}");
    assert!(outcome.stderr.contains(sentence) && outcome.stderr.contains("Nothing was changed."), "{outcome:?}");
    assert_eq!(outcome.stdout, "", "something ran after the refusal");
    assert_eq!(host.ruleset(), before);
    outcome
}

/// The same deployment with whole policies, and administrators.
fn whole(deployment: &Deployment, drops_outgoing: bool) -> Deployment {
    let mut whole = deployment.clone();
    for id in deployment.groups.iter().map(|group| group.id) {
        apply(&mut whole, Edit::Policy(id, Policy::WholeHost));
    }
    apply(&mut whole, Edit::Management(Addresses::parse("203.0.113.0/28 2001:db8:ffff::/64").0));
    if drops_outgoing {
        apply(&mut whole, Edit::DropOutgoing(true));
        for service in &portcullis::host::BASE {
            let addresses = "203.0.113.53 203.0.113.54 2001:db8:53::/64";
            apply(&mut whole, Edit::Base(service.id, Addresses::parse(addresses).0));
        }
    }
    whole
}

/// A policy to load: its direction, what its files are to let through, and what they say besides.
struct Case {
    direction: Direction,
    /// The functions that print the files, and the one that writes them.
    files: String,
    planned: Allowed,
    base: BTreeSet<(Direction, &'static str)>,
}

/// Every policy of every scenario that has nothing held back, each once. A text for both directions writes the files of the
/// texts for each.
fn cases() -> Vec<Case> {
    let (mut cases, mut seen) = (Vec::new(), BTreeSet::new());
    for Scenario { deployment, .. } in scenarios::all() {
        for deployment in [deployment.clone(), whole(&deployment, false), whole(&deployment, true)] {
            for (id, direction) in deployment.groups.iter().flat_map(|group| Direction::ALL.map(|way| (group.id, way)))
            {
                let snippet = print(firewalld(), &deployment, id, &[direction], Text::Apply);
                let (files, _) = snippet.text.split_once("\nmain() {\n").expect("its steps");
                let printed =
                    files.split_once("\nparts=").expect("the files come first").0.split_once("\npolicy_").unwrap().1;
                let both = text(&deployment, id, &Direction::ALL, Text::Apply);
                assert!(both.contains(printed), "both directions are not each of them");
                if !snippet.held.is_empty() || !seen.insert(printed.to_owned()) {
                    continue;
                }
                let additive = deployment.group(id).expect("it is there").policy == Policy::Additive;
                let drops = direction == Direction::Ingress || deployment.host.drops_outgoing;
                cases.push(Case {
                    direction,
                    files: files.strip_prefix("sh <<'PORTCULLIS'\n").expect("a here-document").to_owned(),
                    planned: planned(firewalld(), &deployment, id, &[direction]),
                    base: if additive { BTreeSet::new() } else { reading::whole("firewalld", direction, drops) },
                });
            }
        }
    }
    assert!(cases.len() > 60, "only {} policies", cases.len());
    cases
}

/// Several policies stand beside each other in one daemon, each under a name of its own: one check and one load for them.
#[test]
fn every_policy_loads_and_lets_through_exactly_its_plan() {
    let Some(host) = Host::new("firewalld-loads") else { return };
    for cases in cases().chunks(24) {
        let mut script = String::from("set -e\nrm -f /etc/firewalld/policies/* /etc/firewalld/ipsets/*\n");
        for (at, case) in cases.iter().enumerate() {
            // The steps that write the files, and nothing else of the text.
            let files = case.files.replace("portcullis-", &format!("p{at}-"));
            script.push_str(&format!("{files}\nfresh /etc/firewalld\n"));
        }
        host.done(&script);
        assert_eq!(host.done("firewall-offline-cmd --system-config=/etc/firewalld --check-config 2>&1"), "");
        assert_eq!(host.done("firewall-cmd --reload"), "success\n");
        let kernel = host.kernel();
        for (at, case) in cases.iter().enumerate() {
            let mut found = Allowed::default();
            let part = if case.direction == Direction::Ingress { "in" } else { "out" };
            let base = kernel.policy(&format!("p{at}-{part}"), case.direction, &mut found);
            assert_eq!((base, found), (Ok(case.base.clone()), case.planned.clone()), "{}", case.files);
        }
    }
}

#[test]
fn applied_twice_changed_kept_and_taken_out_again() {
    let Some(host) = Host::new("firewalld-applies") else { return };
    host.done(OWN);
    let before = host.state();
    let [both, ingress, egress] = COVERS;
    for old in [scenarios::default(), nft_whole::deployment()] {
        let server = group(&old, "Spotfire Server").id;
        let mut new = old.clone();
        apply(&mut new, Edit::Port(server, "public-https", Port::new(8443)));
        let node = group(&old, "Node").id;
        apply(&mut new, Edit::Listens(node, Addresses::parse("192.0.2.90-192.0.2.99 2001:db8::8/127 2001:db8::4").0));
        let of = |deployment: &Deployment, cover, kind| text(deployment, server, cover, kind);
        // Trying, keeping, and taking out what is not there.
        assert!(host.done(&of(&new, both, Text::Try)).contains("Nothing was changed."));
        assert_eq!(host.done(&of(&new, both, Text::TakeOut)), "portcullis: Taken out.\n");
        refused(&host, &of(&new, both, Text::Keep), "use Apply first", &host.ruleset());
        assert_eq!(host.state(), before);
        // Each direction by itself, which is the same in both policies.
        let mut fresh = None;
        if old.group(server).is_some_and(|group| group.policy == Policy::Additive) {
            assert!(host.done(&of(&new, ingress, Text::Apply)).contains("rules for"));
            let one = host.state();
            host.done(&of(&new, egress, Text::Apply));
            fresh = Some(host.state());
            host.done(&of(&new, egress, Text::TakeOut));
            assert_eq!(host.state(), one, "one direction is not managed by itself");
        }
        // The second version over the first, as a file and pasted into a live terminal.
        host.done(&of(&old, both, Text::Apply));
        host.done(&of(&new, both, Text::Apply));
        let fresh = fresh.unwrap_or_else(|| host.state());
        assert_eq!(host.state(), fresh, "a stale rule survives");
        let paste = of(&new, both, Text::Apply) + "echo \"status $?\"\n";
        let outcome = host.namespace.run(&["bash", "--norc", "--noprofile", "-i"], &paste);
        assert!(outcome.stdout.ends_with("status 0\n"), "{outcome:?}");
        assert_eq!(host.state(), fresh, "twice is not once");
        let mut found = Allowed::default();
        let kernel = host.kernel();
        for (direction, part) in [(Direction::Ingress, "portcullis-in"), (Direction::Egress, "portcullis-out")] {
            kernel.policy(part, direction, &mut found).unwrap();
        }
        assert_eq!(found, planned(firewalld(), &new, server, both));
        host.done(&of(&new, both, Text::Try));
        assert!(host.done(&of(&new, both, Text::Keep)).contains("firewalld starts with this machine"));
        refused(&host, &of(&old, both, Text::Keep), "use Apply first", &host.ruleset());
        host.namespace.pretend("systemctl", "echo disabled");
        refused(&host, &of(&new, both, Text::Keep), "systemctl enable firewalld", &host.ruleset());
        host.namespace.pretend("systemctl", "echo enabled");
        assert_eq!(host.state(), fresh, "trying or keeping changed something");
        host.done(&of(&old, both, Text::TakeOut));
        assert_eq!(host.state(), before, "something stays behind");
    }
}

#[test]
fn without_a_confirmation_everything_comes_back_by_itself() {
    let Some(host) = Host::new("firewalld-guarded") else { return };
    host.done(OWN);
    let before = host.state();
    let first = nft_whole::deployment();
    let server = group(&first, "Spotfire Server").id;
    let mut second = first.clone();
    apply(&mut second, Edit::Port(server, "public-https", Port::new(8443)));
    let text = |deployment: &Deployment, kind| text(deployment, server, &Direction::ALL, kind);
    let files = |host: &Host| host.done("cat /etc/firewalld/*/*.xml; ls /etc/firewalld/policies");
    let own = files(&host);
    // Nobody confirms: what was there before. A restart meanwhile would bring that back too.
    host.done(&text(&first, Text::Guarded));
    let guarded = host.ruleset();
    assert!(guarded.contains("portcullis-in") && files(&host) == own);
    refused(&host, &text(&second, Text::Apply), "waits for its confirmation", &guarded);
    assert!(host.namespace.time_is_over().contains("not confirmed in time"));
    assert_eq!(host.state(), before, "not everything came back");
    // Somebody confirms: it stays, and is saved when the time is over.
    host.done(&text(&first, Text::Guarded));
    host.done("rm /run/portcullis/firewalld-unconfirmed");
    assert!(host.namespace.time_is_over().contains("confirmed, and saved"));
    assert_eq!(host.ruleset(), guarded);
    let confirmed = host.state();
    assert!(host.done(&text(&first, Text::Keep)).contains("Done"));
    host.done(&text(&first, Text::Apply));
    assert_eq!(host.state(), confirmed);
    // Nobody confirms the second version: the first one.
    host.done(&text(&second, Text::Guarded));
    assert_ne!(host.ruleset(), guarded);
    host.namespace.time_is_over();
    assert_eq!(host.state(), confirmed, "the first version did not come back");
    // Confirmed, and another text before the time is over: it is saved first.
    host.done(&text(&second, Text::Guarded));
    host.done("rm /run/portcullis/firewalld-unconfirmed");
    assert!(host.done(&text(&second, Text::Keep)).contains("Done"));
    assert!(host.run("echo >/run/clock").success);
    // Taken out while it waits: there is nothing left to bring back.
    host.done(&text(&first, Text::Guarded));
    host.done(&text(&first, Text::TakeOut));
    assert!(host.run("echo >/run/clock").success);
    assert_eq!(host.state(), before);
    // What firewalld refuses is not waited for.
    let broken = text(&first, Text::Guarded).replacen("port=\"22\"", "port=\"70000\"", 1);
    refused(&host, &broken, "firewalld refused the rules.", &host.ruleset());
    let failing = text(&first, Text::Guarded).replacen("')\" = ", "')\" = 9", 1);
    let outcome = host.run(&failing);
    assert!(outcome.stderr.contains("what was there before is back"), "{outcome:?}");
    assert_eq!(host.state(), before);
    assert!(host.run("echo >/run/clock").success);
    assert_eq!(host.done("ls /run/portcullis"), "firewalld-back.sh\n");
}

#[test]
fn a_host_that_is_not_as_assumed_is_refused_and_left_alone() {
    let Some(host) = Host::new("firewalld-refuses") else { return };
    let deployment = scenarios::default();
    let server = group(&deployment, "Spotfire Server").id;
    let text = |kind| text(&deployment, server, &Direction::ALL, kind);
    let (apply, attempt) = (text(Text::Apply), text(Text::Try));
    let before = host.ruleset();
    // What a reload would forget, or begin, is named; interfaces are put where they were.
    for (change, back, word) in [
        ("--add-port=8080/tcp", "--remove-port=8080/tcp", "public ports: 8080/tcp"),
        ("--permanent --add-port=8081/tcp", "--permanent --remove-port=8081/tcp", "public ports: 8081/tcp"),
        (
            "--zone=internal --add-source=192.0.2.9",
            "--zone=internal --remove-source=192.0.2.9",
            "internal sources: 192.0.2.9",
        ),
        (
            "--direct --add-rule ipv4 filter INPUT 0 -p tcp --dport 25 -j DROP",
            "--direct --remove-rule ipv4 filter INPUT 0 -p tcp --dport 25 -j DROP",
            "ipv4 filter INPUT 0 -p tcp --dport 25 -j DROP",
        ),
    ] {
        host.done(&format!("firewall-cmd --quiet {change}"));
        let changed = host.ruleset();
        let text = if change.starts_with("--permanent") { &attempt } else { &apply };
        let outcome = refused(&host, text, "firewall-cmd --runtime-to-permanent", &changed);
        assert!(outcome.stderr.starts_with(&format!("{word}\n")), "{outcome:?}");
        host.done(&format!("firewall-cmd --quiet {back}"));
    }
    host.done("nft delete table ip filter 2>/dev/null; firewall-cmd --quiet --reload");
    host.done("firewall-cmd --quiet --zone=internal --change-interface=eth7");
    assert!(host.done(&apply).contains("Done"));
    assert_eq!(host.done("firewall-cmd --get-zone-of-interface=eth7"), "internal\n");
    host.done(&text(Text::TakeOut));
    assert_eq!(host.done("firewall-cmd --get-zone-of-interface=eth7"), "internal\n");
    host.done("firewall-cmd --quiet --reload");
    assert_eq!(host.ruleset(), before);
    // Mistakes: in a rule, in a file, in the host's own files, and one that only the load itself finds.
    let broken = apply.replacen("port=\"443\"", "port=\"70000\"", 1);
    refused(&host, &broken, "firewalld refused the rules.", &before);
    refused(&host, &apply.replacen("<accept/></rule>", "<accept/>", 1), "firewalld refused the rules.", &before);
    let set = "<entry>192.0.2.1</entry>\n  <entry>192.0.2.0/24</entry>";
    let mut several = deployment.clone();
    let node = group(&deployment, "Node").id;
    scenarios::apply(&mut several, Edit::Listens(node, Addresses::parse("192.0.2.1 192.0.2.9").0));
    let overlapping = print(firewalld(), &several, server, &Direction::ALL, Text::Apply).text;
    let overlapping = overlapping.replacen("<entry>192.0.2.1</entry>", set, 1);
    let outcome = host.run(&overlapping);
    assert!(outcome.stderr.contains("conflicting intervals") && outcome.stderr.contains("is back"), "{outcome:?}");
    assert_eq!((host.ruleset(), host.done("firewall-cmd --state 2>&1")), (before.clone(), "running\n".to_owned()));
    host.done("echo '<policy' >/etc/firewalld/policies/own.xml");
    refused(&host, &apply, "mistakes in its own files", &before);
    host.done("rm /etc/firewalld/policies/own.xml");
    // A whole policy is not opened by accident.
    let strict = nft_whole::deployment();
    host.done(&print(firewalld(), &strict, server, &Direction::ALL, Text::Apply).text);
    let standing = host.ruleset();
    refused(&host, &apply, "The whole policy of this host is in place", &standing);
    host.done(&text(Text::TakeOut));
    // Whoever else is in charge, or not.
    host.done("nft add table inet portcullis");
    let other = host.ruleset();
    refused(&host, &apply, "in place by nftables", &other);
    host.done("nft delete table inet portcullis; firewall-cmd --quiet --panic-on");
    let panic = host.ruleset();
    refused(&host, &apply, "panic mode", &panic);
    host.done("firewall-cmd --quiet --panic-off");
    host.namespace.pretend("ufw", "echo 'Status: active'");
    refused(&host, &apply, "ufw manages this host too", &before);
    host.namespace.pretend("ufw", "");
    let missing = scenarios::missing();
    let held = print(firewalld(), &missing, server, &Direction::ALL, Text::Apply).text;
    refused(&host, &held, "Fill in what is missing", &before);
    for (client, sentence) in [
        ("echo 'not running' >&2; exit 252", "firewalld is not running. Before you start it"),
        ("case \"$1\" in --query-lockdown) echo yes ;; esac", "firewalld is locked down"),
        ("case \"$1\" in --list-all-policies) exit 2 ;; esac", "version 0.9 or newer"),
    ] {
        host.namespace.pretend("firewall-cmd", client);
        refused(&host, &apply, sentence, &before);
    }
    host.namespace.pretend("id", "echo 1000");
    refused(&host, &apply, "Root is needed", &before);
}

#[test]
fn what_our_rules_cannot_do_is_said() {
    let Some(host) = Host::new("firewalld-says") else { return };
    let deployment = nft_whole::deployment();
    let server = group(&deployment, "Spotfire Server").id;
    let apply = text(&deployment, server, &Direction::ALL, Text::Apply);
    assert_eq!(host.done(&apply).lines().count(), 1, "there is nothing to be said");
    host.done(
        "set -e
        firewall-cmd --quiet --permanent --add-forward-port=port=80:proto=tcp:toport=8080
        firewall-cmd --quiet --permanent --new-policy=first
        firewall-cmd --quiet --permanent --policy=first --set-priority=-15001
        firewall-cmd --quiet --permanent --policy=first --add-ingress-zone=ANY
        firewall-cmd --quiet --permanent --policy=first --add-egress-zone=HOST
        firewall-cmd --quiet --reload
        nft 'table ip other { chain in { type filter hook input priority 5; policy drop; }; }'",
    );
    let said = host.done(&apply);
    for sentence in [
        "These policies come before ours, and what they say holds: first \n",
        "Forwarded ports stay open, since firewalld accepts them before any policy: port=80:proto=tcp:toport=8080",
        "Also filters, and what it drops stays dropped: ip other in;\n",
    ] {
        assert!(said.contains(sentence), "{said}");
    }
}

#[test]
fn any_number_of_addresses_is_loaded_and_overlaps_are_their_union() {
    let Some(host) = Host::new("firewalld-many") else { return };
    let mut deployment = scenarios::default();
    let server = group(&deployment, "Spotfire Server").id;
    let node = group(&deployment, "Node").id;
    let apart = |at: u32| format!("2001:db8:aaaa::{at:x}:1-2001:db8:aaaa::{at:x}:ffff 192.0.2.{}", at % 120 * 2);
    let mut many: Vec<String> = (0x1000..0x1000 + 40).map(apart).collect();
    many.extend(
        ["192.0.2.0/25", "192.0.2.5", "192.0.2.1-192.0.2.200", "192.0.2.201", "2001:db8:aaaa::1001:0/112"]
            .map(str::to_owned),
    );
    apply(&mut deployment, Edit::Listens(node, Addresses::parse(&many.join(" ")).0));
    let apply = text(&deployment, server, &Direction::ALL, Text::Apply);
    host.done(&apply);
    let mut found = Allowed::default();
    let kernel = host.kernel();
    for (direction, part) in [(Direction::Ingress, "portcullis-in"), (Direction::Egress, "portcullis-out")] {
        kernel.policy(part, direction, &mut found).unwrap();
    }
    assert_eq!(found, planned(firewalld(), &deployment, server, &Direction::ALL));
    let old = format!(
        "case \"$1\" in --version) echo 0.9.3 ;; *) DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/bus exec {} \"$@\" ;; esac",
        crate::namespace::find("firewall-cmd").unwrap().display()
    );
    host.namespace.pretend("firewall-cmd", &old);
    refused(&host, &apply, "firewalld 1.0", &host.ruleset());
}
