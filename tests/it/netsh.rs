//! Every netsh text, read strictly and run on a model of the prompt and the firewall: once, twice, changed, taken out, refused, and
//! with every command failing. Runs nothing real: there is no Windows here.

use std::collections::BTreeSet;

use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::dialect::Text;
use portcullis::net::{Addresses, Direction, Policy};

use crate::netsh_host::{BEFORE, Host, NOW, Rule, Stored};
use crate::netsh_text::{read, statements};
use crate::powershell::policies;
use crate::printing::{COVERS, netsh, planned, print};
use crate::scenarios::{self, CATALOG, group};

fn text(deployment: &Deployment, group: GroupId, cover: &[Direction], text: Text) -> String {
    print(netsh(), deployment, group, cover, text).text
}

/// Every snippet: deployment, group, directions, and whether all of it can be written.
fn every() -> Vec<(Deployment, GroupId, &'static [Direction], bool)> {
    let mut found = Vec::new();
    for deployment in policies() {
        for group in &deployment.groups {
            for cover in COVERS {
                let complete = print(netsh(), &deployment, group.id, cover, Text::Apply).held.is_empty();
                found.push((deployment.clone(), group.id, cover, complete));
            }
        }
    }
    assert!(found.len() > 240 && found.iter().filter(|(.., complete)| *complete).count() > 150);
    found
}

/// The same, where nothing is held back.
fn complete() -> impl Iterator<Item = (Deployment, GroupId, &'static [Direction])> {
    every()
        .into_iter()
        .filter(|(.., complete)| *complete)
        .map(|(deployment, group, cover, _)| (deployment, group, cover))
}

fn is_whole(deployment: &Deployment, group: GroupId) -> bool {
    deployment.group(group).is_some_and(|group| group.policy == Policy::WholeHost)
}

fn says(host: &Host, sentence: &str) -> bool {
    host.said.iter().any(|said| said.contains(sentence))
}

/// A version of a deployment in which a group talks to others, on other ports.
fn changed(deployment: &Deployment) -> Deployment {
    let mut other = deployment.clone();
    for group in &deployment.groups {
        let addresses = Addresses::parse("198.51.100.200 2001:db8:ffff::/64").0;
        other.apply(&CATALOG, &Edit::Listens(group.id, addresses));
    }
    other
}

#[test]
fn every_text_says_exactly_its_plan_and_refuses_while_something_is_held_back() {
    for (deployment, group, cover, complete) in every() {
        for kind in [Text::Apply, Text::Try] {
            let snippet = print(netsh(), &deployment, group, cover, kind);
            let read = read(&snippet.text).unwrap_or_else(|why| panic!("{why}\n{}", snippet.text));
            assert_eq!(read.allowed, planned(netsh(), &deployment, group, cover));
            assert_eq!((read.flows.len(), read.refuses, read.held > 0), (snippet.written, !complete, !complete));
        }
    }
}

#[test]
fn a_host_has_exactly_the_rules_and_taken_out_it_is_as_before() {
    for (deployment, group, cover) in complete() {
        let start = Host::new();
        let mut host = start.clone();
        host.run(&text(&deployment, group, cover, Text::Apply));
        assert!(says(&host, "Done: ") && host.is_clean(), "{:?}", host.said);
        let count = host.ours().len();
        assert!(says(&host, &format!("Done: {count} {} in place", if count == 1 { "rule" } else { "rules" })));
        assert!(host.policy.rules.iter().all(|(name, ..)| !name.ends_with(" new")));
        let others: Vec<_> =
            start.others().into_iter().filter(|(_, direction, _)| !cover.contains(direction)).collect();
        if is_whole(&deployment, group) {
            assert_eq!(host.others(), others, "rules of others in this direction are gone, in the other one they stay");
            for (profile, (on, ingress, egress)) in &host.policy.profiles {
                let (_, ingress_before, egress_before) = &start.policy.profiles[profile];
                let outgoing = if deployment.host.drops_outgoing { "blockoutbound" } else { "allowoutbound" };
                assert!(*on);
                let of = |direction, own, before| if cover.contains(&direction) { own } else { before };
                assert_eq!(ingress, of(Direction::Ingress, "blockinbound", ingress_before));
                assert_eq!(egress, of(Direction::Egress, outgoing, egress_before));
            }
            assert_eq!(host.files.get(BEFORE), Some(&Stored::Policy(start.policy.clone())));
            assert!(!host.files.contains_key(NOW));
        } else {
            assert_eq!((host.others(), &host.policy.profiles), (start.others(), &start.policy.profiles));
            assert!(host.files.is_empty());
        }

        let once = host.clone();
        host.run(&text(&deployment, group, cover, Text::Apply));
        assert_eq!((&host.policy, &host.files), (&once.policy, &once.files), "twice");
        host.run(&text(&deployment, group, cover, Text::TakeOut));
        assert!(says(&host, "Taken out.") && host.is_clean(), "{:?}", host.said);
        assert_eq!(host.policy, start.policy);
        assert!(host.files.keys().all(|path| !path.ends_with(".wfw")));
    }
}

#[test]
fn a_later_version_leaves_nothing_of_an_earlier_one() {
    for (deployment, group, cover) in complete() {
        let other = changed(&deployment);
        let (first, second) = (text(&deployment, group, cover, Text::Apply), text(&other, group, cover, Text::Apply));
        let mut host = Host::new();
        let start = host.policy.clone();
        host.run(&first).run(&second);
        let mut fresh = Host::new();
        fresh.run(&second);
        assert_eq!((&host.policy, &host.files), (&fresh.policy, &fresh.files));
        host.run(&text(&other, group, cover, Text::TakeOut));
        assert_eq!(host.policy, start);
    }
}

#[test]
fn nothing_happens_where_a_check_fails_or_something_is_held_back() {
    for (deployment, group, cover, complete) in every() {
        for kind in [Text::Apply, Text::Try, Text::Keep, Text::TakeOut] {
            let text = text(&deployment, group, cover, kind);
            for (administrator, answers) in [(false, true), (true, false), (true, true)] {
                let held = !complete && kind != Text::TakeOut;
                if administrator && answers && !held {
                    continue;
                }
                let mut host = Host { administrator, answers, ..Host::new() };
                let before = (host.policy.clone(), host.files.clone());
                host.run(&text);
                assert_eq!((host.policy.clone(), host.files.clone()), before);
                assert!(says(&host, "Nothing was changed") && host.is_clean(), "{:?}", host.said);
                assert_eq!(says(&host, "Held back: "), held);
                // Nothing is even asked, but whether the firewall answers.
                assert!(host.calls <= usize::from(administrator && !held), "{}: {text}", host.calls);
                assert!(!host.said.iter().any(|said| said.starts_with("Done") || said.starts_with("Nothing to do")));
            }
        }
    }
}

/// The snippets of one server for each policy, for what takes long.
fn telling() -> Vec<(Deployment, GroupId, &'static [Direction])> {
    // The first three are the default.
    let servers = policies().into_iter().take(3).map(|deployment| {
        let id = group(&deployment, "Spotfire Server").id;
        (deployment, id)
    });
    servers.flat_map(|(deployment, id)| COVERS.map(|cover| (deployment.clone(), id, cover))).collect()
}

/// The host that a text finds, one for each way in which an earlier one may have left it.
fn found(deployment: &Deployment, group: GroupId, cover: &[Direction]) -> [Host; 2] {
    let mut later = Host::new();
    later.run(&text(&changed(deployment), group, cover, Text::Apply));
    [Host::new(), later]
}

#[test]
fn whatever_fails_the_host_has_the_old_rules_or_the_new_ones() {
    for (deployment, group, cover) in telling() {
        let apply = text(&deployment, group, cover, Text::Apply);
        for start in found(&deployment, group, cover) {
            let mut whole = start.clone();
            whole.run(&apply);
            for at in 1..=whole.calls {
                let mut host = Host { fails: Some(at), ..start.clone() };
                host.run(&apply);
                assert!(host.is_clean());
                let done = says(&host, "Done: ");
                if is_whole(&deployment, group) {
                    let is_as_before = host.policy == start.policy;
                    assert!(host.policy == whole.policy || is_as_before, "half of it: call {at}, {:?}", host.said);
                    assert!(done || is_as_before);
                    assert_eq!(host.files.contains_key(BEFORE), done || start.files.contains_key(BEFORE), "call {at}");
                } else {
                    assert_eq!((host.others(), &host.policy.profiles), (start.others(), &start.policy.profiles));
                    let (old, new, now) = (start.ours(), whole.ours(), host.ours());
                    let of = |rules: &[(Direction, String)], direction| -> BTreeSet<_> {
                        rules.iter().filter(|(of, _)| *of == direction).cloned().collect()
                    };
                    for direction in Direction::ALL {
                        let (old, new, now) = (of(&old, direction), of(&new, direction), of(&now, direction));
                        // Both, where the old ones could not be deleted: then the text says so.
                        let both = !done && now == &old | &new;
                        assert!(now == old || now == new || both, "call {at}, {:?}", host.said);
                        assert!(!done || now == new, "call {at}, {:?}", host.said);
                    }
                }
                // The next run makes it whole again.
                host.fails = None;
                host.run(&apply);
                assert_eq!(host.policy, whole.policy, "call {at}");
            }
        }
    }
}

#[test]
fn no_line_locks_the_administrators_out() {
    // Whoever pastes over the network sends the next line only while a rule lets it in.
    let admitted = |host: &Host| {
        let lets = |(_, direction, rest): &Rule| {
            let port = rest.contains("action=allow") && rest.contains("localport=3389");
            *direction == Direction::Ingress && port && !rest.contains("enable=no")
        };
        host.policy.rules.iter().any(lets)
    };
    for (deployment, group, cover) in telling() {
        for kind in [Text::Apply, Text::TakeOut] {
            let text = text(&deployment, group, cover, kind);
            for start in found(&deployment, group, cover) {
                // The deletion is among the first commands; 0 is no command.
                for fails in 0..16 {
                    let mut host = Host { fails: Some(fails), ..start.clone() };
                    host.run_watched(&text, |host| assert!(admitted(host), "{:?}\n{text}", host.said));
                }
            }
        }
    }
}

#[test]
fn a_failed_removal_says_so_and_can_be_repeated() {
    for (deployment, group, cover) in telling() {
        let start = Host::new();
        let mut applied = start.clone();
        applied.run(&text(&deployment, group, cover, Text::Apply));
        let take_out = text(&deployment, group, cover, Text::TakeOut);
        let mut whole = applied.clone();
        whole.run(&take_out);
        for at in 1..=whole.calls {
            let mut host = Host { fails: Some(at), ..applied.clone() };
            host.run(&take_out);
            // What it says is so; where it stopped, it can be pasted again.
            let is_out = host.policy == start.policy && !host.files.contains_key(BEFORE);
            assert!(!says(&host, "Taken out.") || is_out, "call {at}");
            assert!(says(&host, "Taken out.") || !host.said.is_empty());
            assert!(host.others() == start.others() || host.others() == applied.others());
            host.fails = None;
            host.run(&take_out);
            assert_eq!(host.policy, start.policy, "call {at}");
            assert!(!host.files.contains_key(BEFORE));
        }
    }
}

#[test]
fn trying_and_making_it_last_change_nothing() {
    for (deployment, group, cover) in complete() {
        for mut host in found(&deployment, group, cover) {
            let before = (host.policy.clone(), host.files.clone());
            host.run(&text(&deployment, group, cover, Text::Try));
            assert!(says(&host, "netsh has no dry run") && host.is_clean(), "{:?}", host.said);
            let keep = text(&deployment, group, cover, Text::Keep);
            host.run(&keep);
            assert_eq!((&host.policy, &host.files), (&before.0, &before.1));
            assert!(host.is_clean());
            let is_there = before.0 != Host::new().policy;
            let has_rules = !read(&text(&deployment, group, cover, Text::Apply)).expect("ours").flows.is_empty();
            assert!(
                !(has_rules || is_whole(&deployment, group)) || says(&host, "Nothing to do: ") == is_there,
                "{:?}",
                host.said
            );
            assert_eq!(host.said.len(), 1);
        }
    }
}

/// The default for one policy, its server, and that server's texts.
fn server(whole: bool) -> (Deployment, GroupId) {
    let deployment = policies().into_iter().find(|deployment| {
        let server = group(deployment, "Spotfire Server");
        (server.policy == Policy::WholeHost) == whole && !server.listens.list().is_empty()
    });
    let deployment = deployment.expect("the first scenario");
    let id = group(&deployment, "Spotfire Server").id;
    (deployment, id)
}

#[test]
fn a_whole_policy_and_added_rules_do_not_meet() {
    let ((added, id), (whole, _)) = (server(false), server(true));
    let mut host = Host::new();
    let start = host.policy.clone();
    // Added rules become part of the whole policy, and are gone with it.
    host.run(&text(&added, id, &Direction::ALL, Text::Apply)).run(&text(&whole, id, &Direction::ALL, Text::Apply));
    let before = host.policy.clone();
    for kind in [Text::Apply, Text::Try, Text::TakeOut] {
        host.run(&text(&added, id, &Direction::ALL, kind));
        assert_eq!(host.policy, before);
        assert!(says(&host, "the whole policy of this host is in place"), "{:?}", host.said);
    }
    // One direction alone cannot be brought back while the other stands.
    host.run(&text(&whole, id, &[Direction::Ingress], Text::TakeOut));
    assert_eq!(host.policy, before);
    assert!(says(&host, "brings back both directions at once"));
    host.run(&text(&whole, id, &Direction::ALL, Text::TakeOut));
    assert_eq!(host.policy, start);
    // Nothing to bring back.
    host.run(&text(&whole, id, &Direction::ALL, Text::TakeOut));
    assert_eq!(host.policy, start);
    assert!(says(&host, "there is no saved policy"));
}

#[test]
fn directions_are_applied_by_themselves() {
    let (whole, id) = server(true);
    let (mut together, mut apart) = (Host::new(), Host::new());
    together.run(&text(&whole, id, &Direction::ALL, Text::Apply));
    apart.run(&text(&whole, id, &[Direction::Egress], Text::Apply));
    apart.run(&text(&whole, id, &[Direction::Ingress], Text::Apply));
    assert_eq!((together.ours(), &together.policy.profiles), (apart.ours(), &apart.policy.profiles));
    assert_eq!(together.files, apart.files);
}

#[test]
fn long_lists_become_several_rules_and_no_line_is_cut() {
    let mut deployment = scenarios::default();
    let node = group(&deployment, "Node").id;
    let range = |at: u32| format!("2001:db8:ffff:ffff:ffff:ffff:{at:x}:1000-2001:db8:ffff:ffff:ffff:ffff:{at:x}:ffff");
    let addresses: Vec<String> = (0x1000..0x1000 + 1000).map(range).collect();
    scenarios::apply(&mut deployment, Edit::Listens(node, Addresses::parse(&addresses.join(" ")).0));
    scenarios::apply(&mut deployment, Edit::Rename(node, "n".repeat(200)));
    let server = group(&deployment, "Spotfire Server").id;
    let text = text(&deployment, server, &Direction::ALL, Text::Apply);
    let read = read(&text).expect("ours");
    assert_eq!(read.allowed, planned(netsh(), &deployment, server, &Direction::ALL));
    assert!(text.contains("9443 25 of 25: "));
    assert!(statements(&text).expect("ours").len() > 50 && text.lines().all(|line| line.len() < 4096));
}

#[test]
fn broken_text_is_noticed() {
    let (added, id) = server(false);
    let (whole, _) = server(true);
    let apply = |deployment| text(deployment, id, &Direction::ALL, Text::Apply);
    let (added, whole) = (apply(&added), apply(&whole));
    for (text, good, bad) in [
        // What a prompt would show, run or read in another way.
        (&added, "@if defined PORTCULLIS netsh advfirewall firewall add", "netsh advfirewall firewall add"),
        (&added, "@if defined PORTCULLIS netsh advfirewall firewall add", "@netsh advfirewall firewall add"),
        (&added, "@rem Safe", "@rem Safe & del"),
        (&added, "@rem Safe", "Safe"),
        (&added, "@rem Safe", "@rem %PATH% Safe"),
        (&added, "echo Done", "echo Done & exit"),
        (&added, "echo Done", "exit"),
        (&added, "echo Done", "goto done"),
        (&added, "echo Done", "echo %PATH% Done"),
        (&added, "@fltmc >nul", "@fltmc>nul"),
        (&added, "set \"PORTCULLIS=\"", "set PATH="),
        (&added, "User access\"", "User access\" & whoami \""),
        (&added, "User access\"", "User \" access\""),
        (&added, " >nul || echo Stopped", ">nul || echo Stopped"),
        // What removes or changes what is not ours.
        (&added, "delete rule name=\"Portcullis ingress\" dir=in", "delete rule name=\"Portcullis*\" dir=in"),
        (&added, "delete rule name=\"Portcullis ingress\" dir=in", "delete rule name=\"Core Networking\" dir=in"),
        (&added, "delete rule name=\"Portcullis ingress\" dir=in", "delete rule name=\"Portcullis ingress\""),
        (&added, "delete rule name=\"Portcullis ingress\" dir=in", "delete rule name=\"Portcullis ingress\" dir=out"),
        (&added, "add rule name=\"Portcullis ingress new\"", "add rule name=\"all\""),
        (&whole, "state on", "state off"),
        (&whole, "blockinbound,", "allowinbound,"),
        (&whole, "firewallpolicy blockinbound,allowoutbound", "firewallpolicy blockinbound"),
        (&whole, "advfirewall export", "advfirewall reset export"),
        (&whole, r"%SystemRoot%\Portcullis\now.wfw", r"%ProgramData%\Portcullis\now.wfw"),
        // What matches something else than was meant.
        (&added, "remoteport=5432", "localport=5432"),
        (&added, "localport=443", "remoteport=443"),
        (&added, "localport=443", "localport=0"),
        (&added, "localport=443", "localport=any"),
        (&added, "remoteip=192.0.2.65,", "remoteip=192.0.2.065,"),
        (&added, "remoteip=192.0.2.65,", "remoteip=any,"),
        (&added, "remoteip=192.0.2.65,", "remoteip=,"),
        (&added, "remoteip=192.0.2.65,", "remoteip=host.example.test,"),
        (&added, "protocol=TCP", "protocol=any"),
        (&added, "action=allow", "action=block"),
        (&added, "enable=yes", "enable=no"),
        (&added, "description=\"g2-g3-tcp-443:", "description=\"g1-g3-tcp-443:"),
        (&added, "description=\"g2-g3-tcp-443:", "description=\"g2-g3-tcp-443 1 of 2:"),
        (&whole, "protocol=ICMPv4:8,any", "protocol=ICMPv4:5,any"),
        (&whole, "remoteport=547 remoteip=fe80::/10", "remoteport=547 remoteip=any"),
    ] {
        assert!(text.contains(good), "{good}");
        assert!(read(text).is_ok());
        assert!(read(&text.replacen(good, bad, 1)).is_err(), "not noticed: {bad}");
    }
}
