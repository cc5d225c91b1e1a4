//! Every ufw text, run by the real ufw on a host of its own: what it lets through, twice, changed, taken out, rolled back and
//! refused. Sends no packet, and never touches the rules or files of the machine that runs the tests.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::dialect::Text;
use portcullis::net::{Addresses, Direction, Policy, Port};

use crate::namespace::{Namespace, Outcome};
use crate::printing::{COVERS, planned, print, ufw};
use crate::scenarios::{self, Scenario, apply, group};
use crate::ufw_kernel::{Loaded, chain, read};

/// A host with ufw as its package brings it, whatever the machine that runs the tests makes of its own.
const PLAIN: &str = r#"set -e
mount -t tmpfs own /var/lib
cp /usr/share/ufw/*.rules /usr/share/ufw/ufw.conf /etc/ufw/
sed -i -e 's/^IPV6=.*/IPV6=yes/' -e 's/^DEFAULT_INPUT_POLICY=.*/DEFAULT_INPUT_POLICY="DROP"/' \
  -e 's/^DEFAULT_OUTPUT_POLICY=.*/DEFAULT_OUTPUT_POLICY="ACCEPT"/' -e 's/^MANAGE_BUILTINS=.*/MANAGE_BUILTINS=no/' /etc/default/ufw
"#;

/// Rules of its own: of every kind, and some that look a little like ours.
const RULES: &str = r#"set -e
printf '[Web Server]\ntitle=Web\ndescription=Web\nports=8080/tcp\n' >/etc/ufw/applications.d/web
ufw --force enable
ufw allow 22/tcp
ufw deny out 25/tcp
ufw deny from 203.0.113.9
ufw limit 2222/tcp comment 'not portcullis in'
ufw allow out 53
ufw route allow from 10.0.0.0/8
ufw allow 'Web Server'
ufw reject in on eth9 from 2001:db8:dead::/48
ufw reload
"#;

/// What ufw stores, what the kernel holds, and what we keep.
const STATE: &str = r#"cat /etc/default/ufw /etc/ufw/ufw.conf /etc/ufw/*.rules
for tool in iptables-save ip6tables-save; do $tool -t filter | sed -e '/^#/d' -e 's/ \[[0-9:]*\]$//'; done
find /var/lib/portcullis /etc/portcullis /run/portcullis 2>/dev/null | sort
"#;

/// What ufw made of those rules: made once, since ufw is slow, and used by every host.
static STORED: OnceLock<String> = OnceLock::new();

pub struct Host(Namespace);

/// Demands the same state, and shows the lines that only one of them has.
fn same(found: &str, wanted: &str, what: &str) {
    let lines = |of: &str, other: &str| {
        let other: BTreeSet<&str> = other.lines().collect();
        of.lines().filter(|line| !other.contains(line)).map(str::to_owned).collect::<Vec<_>>()
    };
    let (more, less) = (lines(found, wanted), lines(wanted, found));
    assert!(found == wanted, "{what}: too much {more:#?}, missing {less:#?}, or in another order");
}

impl Host {
    /// A host on which ufw was never used.
    fn plain(name: &str) -> Option<Self> {
        let host = Self(Namespace::with(&format!("ufw-{name}"), &["ufw", "iptables-save", "ip6tables-save"])?);
        host.0.no_longer("ufw");
        // What waits for its time is run by the test that lets it pass.
        for waits in ["setsid", "sleep", "wall"] {
            host.0.pretend(waits, "");
        }
        host.sh(PLAIN);
        Some(host)
    }

    /// A host with rules of its own, and its state.
    pub fn with_rules(name: &str) -> Option<(Self, String)> {
        let host = Self::plain(name)?;
        let stored = STORED.get_or_init(|| {
            host.sh(RULES);
            host.sh("cd /etc/ufw; tar -cf - user.rules user6.rules applications.d | base64")
        });
        host.sh(&format!("cd /etc/ufw; base64 -d <<'END' | tar -xf -\n{stored}END\nufw --force enable; ufw reload"));
        let state = host.state();
        Some((host, state))
    }

    /// Runs commands that must succeed.
    fn sh(&self, commands: &str) -> String {
        let outcome = self.0.run(&["sh"], commands);
        assert!(outcome.success, "{outcome:?}\n{commands}");
        outcome.stdout
    }

    pub fn state(&self) -> String {
        self.sh(STATE)
    }

    /// Runs a text.
    pub fn run(&self, text: &str) -> Outcome {
        self.0.run(&["sh"], text)
    }

    /// Runs a text that must succeed without complaint; what it said.
    fn ran(&self, text: &str) -> String {
        let outcome = self.run(text);
        assert!(outcome.success && outcome.stderr.is_empty(), "{outcome:?}\n{text}");
        outcome.stdout
    }

    /// Demands that a text stops with that sentence and changes nothing.
    fn refuses(&self, text: &str, sentence: &str) {
        let before = self.state();
        let outcome = self.run(text);
        assert!(!outcome.success, "it did not stop: {outcome:?}");
        assert!(outcome.stderr.contains(sentence) && outcome.stderr.contains("Nothing was changed."), "{outcome:?}");
        assert_eq!(outcome.stdout, "", "something ran after the refusal");
        same(&self.state(), &before, sentence);
    }

    /// The rules of the user's chains in the kernel, IPv4 first.
    fn chains(&self, direction: Direction) -> [Vec<String>; 2] {
        let end = if direction == Direction::Ingress { "input" } else { "output" };
        let [v4, v6] = ["iptables-save", "ip6tables-save"].map(|tool| self.sh(&format!("{tool} -t filter")));
        [chain(&v4, &format!("ufw-user-{end}")), chain(&v6, &format!("ufw6-user-{end}"))]
    }

    /// The verdict of the kernel on what no rule lists, IPv4 first.
    fn verdicts(&self, hook: &str) -> [String; 2] {
        let list = |tool| self.sh(&format!("{tool} -S {hook} | sed -n 's/^-P {hook} //p'"));
        ["iptables", "ip6tables"].map(|tool| list(tool).trim().to_owned())
    }
}

fn text(deployment: &Deployment, group: GroupId, cover: &[Direction], text: Text) -> String {
    print(ufw(), deployment, group, cover, text).text
}

fn full() -> bool {
    std::env::var_os("PORTCULLIS_FULL").is_some()
}

/// Whole policies for all machines; without `PORTCULLIS_FULL` they live on name servers alone.
fn whole(deployment: &Deployment, drops: bool) -> Deployment {
    let mut whole = scenarios::whole(deployment, drops);
    for service in ["ntp", "updates", "domain"].into_iter().filter(|_| drops && !full()) {
        apply(&mut whole, Edit::Relies(service, false));
    }
    whole
}

/// Every snippet that has nothing held back; without `PORTCULLIS_FULL` only those that differ most, since ufw is slow.
fn complete(scenarios: &[Scenario]) -> Vec<(&Deployment, GroupId, &'static [Direction])> {
    let every = scenarios.iter().flat_map(|scenario| {
        let deployment = &scenario.deployment;
        deployment.groups.iter().flat_map(move |group| COVERS.map(|cover| (scenario.name, group, deployment, cover)))
    });
    let full = full();
    let chosen = every.filter(|(scenario, group, deployment, cover)| {
        let telling = matches!(
            (*scenario, group.name.as_str(), cover.len()),
            ("default", "Spotfire database", 2) | ("mixed-names", "Node “Süd”", 2) | ("ipv6-only", "Node", 1)
        );
        (full || telling) && print(ufw(), deployment, group.id, cover, Text::Apply).held.is_empty()
    });
    let complete: Vec<_> = chosen.map(|(_, group, deployment, cover)| (deployment, group.id, cover)).collect();
    assert!(complete.len() >= if full { 70 } else { 3 }, "only {} snippets are complete", complete.len());
    complete
}

/// Demands that our rules stand before those of the host, which are as they were; the rules that are ours.
fn ours(after: &[Vec<String>; 2], before: &[Vec<String>; 2], direction: Direction) -> Loaded {
    let before_them = |at: usize| {
        let (after, before) = (&after[at], &before[at]);
        assert!(after.ends_with(before), "the rules of the host changed: {after:#?}");
        &after[..after.len() - before.len()]
    };
    read([before_them(0), before_them(1)], direction).unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn every_additive_text_lets_through_exactly_its_plan_and_is_taken_out_again() {
    let Some((host, before)) = Host::with_rules("additive") else { return };
    let chains = Direction::ALL.map(|direction| host.chains(direction));
    for (deployment, group, cover) in complete(&scenarios::all()) {
        let [apply, attempt, keep, take_out] =
            [Text::Apply, Text::Try, Text::Keep, Text::TakeOut].map(|kind| text(deployment, group, cover, kind));
        host.ran(&attempt);
        same(&host.state(), &before, "trying changed something");
        // Where there is no rule, nothing is left to be done.
        if print(ufw(), deployment, group, cover, Text::Apply).written > 0 {
            host.refuses(&keep, "These rules are not in place: use Apply first.");
        }

        host.ran(&apply);
        let mut found = Loaded::default();
        for (at, direction) in Direction::ALL.into_iter().enumerate() {
            let loaded = ours(&host.chains(direction), &chains[at], direction);
            assert!(cover.contains(&direction) || loaded == Loaded::default());
            let only = planned(ufw(), deployment, group, &[direction]);
            assert!(!cover.contains(&direction) || loaded.allowed == only, "{:?}\n{apply}", loaded.allowed);
            found.leases.extend(loaded.leases);
        }
        assert!(found.leases.is_empty());

        let after = host.state();
        host.ran(&apply);
        same(&host.state(), &after, "twice is not once");
        host.ran(&attempt);
        same(&host.state(), &after, "trying changed something");
        assert!(host.ran(&keep).contains("nothing was left to do"));
        host.ran(&take_out);
        same(&host.state(), &before, "something stays behind");
        host.ran(&take_out);
        same(&host.state(), &before, "there was nothing to take out");
    }
}

#[test]
fn every_whole_policy_is_exactly_its_plan_and_is_taken_out_again() {
    let Some((host, before)) = Host::with_rules("whole") else { return };
    let scenarios: Vec<Scenario> = scenarios::all()
        .into_iter()
        .enumerate()
        .map(|(at, Scenario { name, deployment })| Scenario { name, deployment: whole(&deployment, at % 2 == 0) })
        .collect();
    for (deployment, group, cover) in complete(&scenarios) {
        let [apply, attempt, keep, take_out] =
            [Text::Apply, Text::Try, Text::Keep, Text::TakeOut].map(|kind| text(deployment, group, cover, kind));
        host.ran(&attempt);
        same(&host.state(), &before, "trying changed something");
        host.refuses(&keep, "These rules are not in place: use Apply first.");
        host.ran(&apply);
        is_whole(&host, deployment, group, cover);
        let after = host.state();
        host.ran(&apply);
        same(&host.state(), &after, "twice is not once");
        host.ran(&attempt);
        same(&host.state(), &after, "trying changed something");
        host.ran(&keep);
        host.ran(&take_out);
        same(&host.state(), &before, "something stays behind");
    }
}

/// Demands that the kernel holds the whole policy of these directions, and nothing else of them.
fn is_whole(host: &Host, deployment: &Deployment, group: GroupId, cover: &[Direction]) {
    for direction in cover {
        let [v4, v6] = host.chains(*direction);
        let loaded = read([&v4, &v6], *direction).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(loaded.allowed, planned(ufw(), deployment, group, &[*direction]));
        let drops = *direction == Direction::Ingress || deployment.host.drops_outgoing;
        let hook = if *direction == Direction::Ingress { "INPUT" } else { "OUTPUT" };
        assert_eq!(host.verdicts(hook), [if drops { "DROP" } else { "ACCEPT" }; 2]);
        let leases: &[&str] = match (direction, drops) {
            (Direction::Egress, true) => &[
                "-d fe80::/10 -p udp -m udp --sport 546 --dport 547 -j ACCEPT",
                "-d ff02::1:2/128 -p udp -m udp --sport 546 --dport 547 -j ACCEPT",
                "-p udp -m udp --sport 68 --dport 67 -j ACCEPT",
            ],
            _ => &[],
        };
        assert_eq!(loaded.leases.iter().map(String::as_str).collect::<Vec<_>>(), leases);
        base(host, *direction, drops);
    }
}

/// Demands that what makes a machine one is asked first: itself, replies, errors, neighbours, and its address.
fn base(host: &Host, direction: Direction, drops: bool) {
    let saved = ["iptables-save", "ip6tables-save"].map(|tool| host.sh(&format!("{tool} -t filter")));
    let has = |at: usize, chain_name: &str, rule: &str| {
        assert!(chain(&saved[at], chain_name).iter().any(|line| line == rule), "{chain_name} lacks {rule}");
    };
    let (hook, end, lo) = match direction {
        Direction::Ingress => ("INPUT", "input", "-i lo -j ACCEPT"),
        Direction::Egress => ("OUTPUT", "output", "-o lo -j ACCEPT"),
    };
    for (at, six) in ["", "6"].into_iter().enumerate() {
        let before = format!("ufw{six}-before-{end}");
        has(at, hook, &format!("-j {before}"));
        has(at, &before, &format!("-j ufw{six}-user-{end}"));
        has(at, &before, lo);
        has(at, &before, "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT");
    }
    let icmpv6 = |kind| format!("-p ipv6-icmp -m icmp6 --icmpv6-type {kind} -m hl --hl-eq 255 -j ACCEPT");
    let before = format!("ufw6-before-{end}");
    // Neighbour solicitation and advertisement, packet too big.
    has(1, &before, &icmpv6(135));
    has(1, &before, &icmpv6(136));
    has(1, &before, "-p ipv6-icmp -m icmp6 --icmpv6-type 2 -j ACCEPT");
    let ours = "-p icmp -m comment --comment \"portcullis out\" -j ACCEPT";
    match direction {
        Direction::Ingress => {
            has(0, "ufw-before-input", "-p icmp -m icmp --icmp-type 3 -j ACCEPT");
            has(0, "ufw-before-input", "-p udp -m udp --sport 67 --dport 68 -j ACCEPT");
            has(1, &before, &icmpv6(134));
            has(1, &before, "-s fe80::/10 -d fe80::/10 -p udp -m udp --sport 547 --dport 546 -j ACCEPT");
        }
        Direction::Egress if drops => has(0, "ufw-before-output", ours),
        Direction::Egress => assert!(!saved[0].contains(ours)),
    }
}

#[test]
fn a_changed_version_over_an_old_one_is_the_changed_version_alone() {
    let Some((host, before)) = Host::with_rules("changes") else { return };
    let old = scenarios::default();
    let (server, node) = (group(&old, "Spotfire Server").id, group(&old, "Node").id);
    let mut new = old.clone();
    apply(&mut new, Edit::Port(node, "node-communication", Port::new(9446)));
    apply(&mut new, Edit::Listens(node, Addresses::parse("192.0.2.99").0));
    apply(&mut new, Edit::Rename(node, "Node of another name".to_owned()));
    let chains = Direction::ALL.map(|direction| host.chains(direction));
    let pairs = [(old.clone(), new.clone(), COVERS[0]), (whole(&old, true), whole(&new, false), COVERS[1])];
    for (old, new, cover) in pairs {
        let [first, second, take_out] = [(&old, Text::Apply), (&new, Text::Apply), (&new, Text::TakeOut)]
            .map(|(deployment, kind)| text(deployment, server, cover, kind));
        host.ran(&first);
        let after_first = host.state();
        host.ran(&second);
        assert_ne!(host.state(), after_first);
        match new.group(server).expect("it is there").policy {
            Policy::WholeHost => is_whole(&host, &new, server, cover),
            Policy::Additive => {
                for (at, direction) in Direction::ALL.into_iter().enumerate() {
                    let loaded = ours(&host.chains(direction), &chains[at], direction);
                    assert_eq!(loaded.allowed, planned(ufw(), &new, server, &[direction]), "a stale rule survives");
                }
            }
        }
        host.ran(&take_out);
        same(&host.state(), &before, "something stays behind");
    }
}

#[test]
fn each_direction_is_managed_by_itself() {
    let Some((host, before)) = Host::with_rules("directions") else { return };
    let plain = scenarios::default();
    let database = group(&plain, "Spotfire database").id;
    let node = group(&plain, "Node").id;
    let [_, ingress, egress] = COVERS;
    for (deployment, id) in [(plain.clone(), node), (whole(&plain, true), database)] {
        let run = |cover, kind| {
            host.ran(&text(&deployment, id, cover, kind));
            host.state()
        };
        let ingress_only = run(ingress, Text::Apply);
        assert_ne!(run(egress, Text::Apply), ingress_only);
        // ufw asks each direction in an order of its own: that of both together says nothing.
        let sorted = |state: String| {
            let mut lines: Vec<String> = state.lines().map(str::to_owned).collect();
            lines.sort();
            lines.join("\n")
        };
        same(&sorted(run(egress, Text::TakeOut)), &sorted(ingress_only), "the last to come is the first to go");
        run(egress, Text::Apply);
        run(ingress, Text::TakeOut);
        same(&run(egress, Text::TakeOut), &before, "the first to come is the first to go");
    }

    // What the host changes meanwhile in the other direction is its own.
    let deployment = whole(&plain, true);
    host.ran(&text(&deployment, database, ingress, Text::Apply));
    host.sh("ufw prepend deny out to 203.0.113.7; ufw default reject outgoing; ufw route deny from 10.9.0.0/16");
    host.ran(&text(&deployment, database, egress, Text::Apply));
    is_whole(&host, &deployment, database, &Direction::ALL);
    host.ran(&text(&deployment, database, &Direction::ALL, Text::TakeOut));
    let state = host.state();
    assert_eq!(host.verdicts("OUTPUT"), ["DROP", "DROP"]);
    assert!(state.contains("DEFAULT_OUTPUT_POLICY=\"REJECT\"") && state.contains("-s 10.9.0.0/16"), "{state}");
    let outgoing = host.chains(Direction::Egress);
    assert_eq!(outgoing[0][0], "-d 203.0.113.7/32 -j DROP");
    assert!(outgoing[0].iter().any(|rule| rule.contains("--dport 53")) && !state.contains("portcullis"));
}

#[test]
fn a_host_where_ufw_is_off_is_told_so_or_turned_on_with_the_rules_in_it() {
    let Some(host) = Host::plain("inactive") else { return };
    let plain = scenarios::default();
    let server = group(&plain, "Spotfire Server").id;
    let database = group(&plain, "Spotfire database").id;
    let whole = whole(&plain, false);
    let [both, ingress, egress] = COVERS;
    for kind in [Text::Apply, Text::Try] {
        host.refuses(&text(&plain, server, both, kind), "ufw is not active");
        // Its policy for incoming traffic would come into force, and nobody could log in any more.
        host.refuses(&text(&whole, database, egress, kind), "choose both directions on the page");
    }
    let files =
        |host: &Host| host.sh("cat /etc/default/ufw /etc/ufw/ufw.conf /etc/ufw/*.rules; find /var/lib /run/portcullis");
    host.sh("ufw allow 22/tcp; ufw allow 25/tcp comment 'stored only'; mkdir -p /run/portcullis");
    let before = files(&host);
    for cover in [ingress, both] {
        host.ran(&text(&whole, database, cover, Text::Try));
        same(&files(&host), &before, "changed");
        let said = host.ran(&text(&whole, database, cover, Text::Apply));
        assert!(said.contains("ufw is on now"), "{said}");
        is_whole(&host, &whole, database, cover);
        host.ran(&text(&whole, database, cover, Text::Keep));
        host.ran(&text(&whole, database, cover, Text::TakeOut));
        same(&files(&host), &before, "changed");
        assert!(host.sh("ufw status").contains("Status: inactive"));
        assert_eq!(host.verdicts("INPUT"), ["ACCEPT", "ACCEPT"]);
    }
    // Rules for the other direction that are only stored would come into force too.
    host.sh("ufw deny out 25/tcp");
    host.refuses(&text(&whole, database, ingress, Text::Apply), "choose both directions on the page");
}

#[test]
fn a_rule_that_the_host_has_by_itself_stays_the_hosts_own() {
    let Some(host) = Host::plain("own") else { return };
    let deployment = scenarios::default();
    let database = group(&deployment, "Spotfire database").id;
    let [apply, attempt, take_out] =
        [Text::Apply, Text::Try, Text::TakeOut].map(|kind| text(&deployment, database, &[Direction::Ingress], kind));
    let own = "proto tcp from 192.0.2.49 to any port 5432";
    host.sh(&format!("ufw --force enable; ufw allow {own} comment 'mine'; ufw reload"));
    let before = host.state();
    for text in [&attempt, &apply, &apply] {
        let said = host.ran(text);
        assert!(said.contains("The host has this rule by itself, and it stays as it is: allow"), "{said}");
    }
    assert_ne!(host.state(), before, "the other family is ours");
    assert!(host.sh("ufw show added").contains("port 5432 proto tcp comment 'mine'"));
    let [v4, v6] = host.chains(Direction::Ingress);
    let loaded = read([&v4, &v6], Direction::Ingress).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(loaded.allowed, planned(ufw(), &deployment, database, &[Direction::Ingress]));
    host.ran(&take_out);
    same(&host.state(), &before, "changed");

    // ufw would skip ours without a word.
    for verdict in ["deny", "reject", "limit"] {
        host.sh(&format!("ufw {verdict} {own}"));
        for text in [&apply, &attempt] {
            host.refuses(text, "Delete that rule, or take the flow off the page.");
        }
    }
    // A whole policy puts it aside, and brings it back.
    let before = host.state();
    let deployment = whole(&deployment, false);
    let [apply, take_out] =
        [Text::Apply, Text::TakeOut].map(|kind| text(&deployment, database, &[Direction::Ingress], kind));
    host.ran(&apply);
    is_whole(&host, &deployment, database, &[Direction::Ingress]);
    host.ran(&take_out);
    same(&host.state(), &before, "changed");
}

#[test]
fn what_refuses_before_our_rules_are_asked_is_named() {
    let Some((host, _)) = Host::with_rules("before") else { return };
    let deployment = scenarios::default();
    let database = group(&deployment, "Spotfire database").id;
    let apply = text(&deployment, database, &[Direction::Ingress], Text::Apply);
    let said = host.ran(&apply);
    assert!(!said.contains("Asked before ours") && !said.contains("Also filters"), "{said}");
    host.sh("ufw prepend deny from 192.0.2.0/24; iptables -I INPUT -s 192.0.2.8 -j DROP; nft 'table inet x { chain y { type filter hook input priority 5; }; }'");
    let said = host.ran(&apply);
    assert!(
        said.contains("Asked before ours, and what it refuses stays refused: deny any any from 192.0.2.0/24"),
        "{said}"
    );
    assert_eq!(said.matches("Asked before ours").count(), 1, "{said}");
    assert!(
        said.contains("Also filters, and what it drops stays dropped: iptables -A INPUT -s 192.0.2.8/32 -j DROP"),
        "{said}"
    );
    assert!(said.contains("Also filters, and what it drops stays dropped: inet x y"), "{said}");
}

/// A whole policy that waits for its confirmation, and what it said the test would do.
fn guarded(host: &Host, text: &str) -> String {
    let said = host.ran(text);
    assert!(
        said.contains("In place for 60 seconds.") && said.contains("  rm /run/portcullis/ufw-unconfirmed"),
        "{said}"
    );
    host.sh("cat /run/portcullis/ufw-unconfirmed").trim().to_owned()
}

#[test]
fn a_guarded_policy_rolls_itself_back_unless_somebody_confirms() {
    let Some((host, _)) = Host::with_rules("guarded") else { return };
    let first = whole(&scenarios::default(), true);
    let database = group(&first, "Spotfire database").id;
    let mut second = first.clone();
    apply(&mut second, Edit::Management(Addresses::parse("203.0.113.77").0));
    let of = |deployment, kind| text(deployment, database, &Direction::ALL, kind);
    // What runs by itself after its time; it empties /run/portcullis but for itself.
    let time_passes = |token: &str| host.sh(&format!("sh /run/portcullis/ufw-back.sh '{token}'"));
    let state =
        || host.state().lines().filter(|line| !line.starts_with("/run/portcullis")).collect::<Vec<_>>().join("\n");
    let before = state();

    let token = guarded(&host, &of(&first, Text::Guarded));
    is_whole(&host, &first, database, &Direction::ALL);
    host.refuses(&of(&second, Text::Guarded), "An earlier text waits for its confirmation");
    host.refuses(&of(&second, Text::Apply), "An earlier text waits for its confirmation");
    host.refuses(&of(&first, Text::Keep), "An earlier text waits for its confirmation");
    time_passes(&token);
    same(&state(), &before, "not rolled back");
    assert!(!host.state().contains("unconfirmed"));

    let token = guarded(&host, &of(&first, Text::Guarded));
    host.sh("rm /run/portcullis/ufw-unconfirmed");
    let confirmed = state();
    time_passes(&token);
    same(&state(), &confirmed, "rolled back although somebody confirmed");

    let token = guarded(&host, &of(&second, Text::Guarded));
    is_whole(&host, &second, database, &Direction::ALL);
    time_passes(&token);
    same(&state(), &confirmed, "the earlier version is not back");
    is_whole(&host, &first, database, &Direction::ALL);

    let token = guarded(&host, &of(&second, Text::Guarded));
    host.ran(&of(&second, Text::TakeOut));
    same(&state(), &before, "what was there before is not back");
    host.sh(&format!("mkdir -p /run/portcullis; cd /run/portcullis; [ ! -e ufw-unconfirmed ] && [ ! -e ufw-back.sh ] && echo '{token}'"));
    same(&state(), &before, "changed");
}

#[test]
fn a_guarded_policy_on_a_host_where_ufw_was_off_turns_it_off_again() {
    let Some(host) = Host::plain("guarded-off") else { return };
    let deployment = whole(&scenarios::default(), false);
    let database = group(&deployment, "Spotfire database").id;
    let files = || host.sh("cat /etc/default/ufw /etc/ufw/ufw.conf /etc/ufw/*.rules; find /var/lib");
    let before = files();
    // Here it really waits in the background.
    host.0.no_longer("setsid");
    host.0.pretend("sleep", "read -r _ </run/clock");
    host.0.pretend("wall", "echo \"$*\" >/run/told");
    guarded(&host, &text(&deployment, database, &Direction::ALL, Text::Guarded));
    is_whole(&host, &deployment, database, &Direction::ALL);
    assert!(host.0.time_is_over().contains("not confirmed in time"));
    same(&files(), &before, "changed");
    assert!(host.sh("ufw status").contains("Status: inactive"));
}

#[test]
fn whether_the_rules_last_is_said_and_nothing_else_is_done() {
    let Some((host, _)) = Host::with_rules("keep") else { return };
    let deployment = scenarios::default();
    let database = group(&deployment, "Spotfire database").id;
    let [apply, keep] = [Text::Apply, Text::Keep].map(|kind| text(&deployment, database, &Direction::ALL, kind));
    host.ran(&apply);
    let before = host.state();
    assert!(host.ran(&keep).contains("Done: nothing was left to do."));
    same(&host.state(), &before, "changed");
    assert_eq!(host.sh("cat /run/systemctl"), "is-enabled --quiet ufw\n");
    host.0.pretend("systemctl", "exit 1");
    host.refuses(&keep, "run systemctl enable ufw");
    host.sh("rmdir /run/systemd/system");
    host.refuses(&keep, "This machine is not started by systemd");
    host.sh("sed -i s/ENABLED=yes/ENABLED=no/ /etc/ufw/ufw.conf");
    host.refuses(&keep, "run ufw enable");
    host.sh("sed -i s/ENABLED=no/ENABLED=yes/ /etc/ufw/ufw.conf; ufw delete allow proto tcp from 192.0.2.49 to any port 5432");
    host.refuses(&keep, "These rules are not in place: use Apply first.");

    let deployment = whole(&deployment, false);
    let [apply, keep] = [Text::Apply, Text::Keep].map(|kind| text(&deployment, database, &[Direction::Ingress], kind));
    host.sh("mkdir -p /run/systemd/system");
    host.0.pretend("systemctl", "");
    host.ran(&apply);
    host.ran(&keep);
    for meddling in ["ufw allow 99/tcp", "ufw delete allow 99/tcp; ufw default allow incoming"] {
        host.sh(meddling);
        host.refuses(&keep, "These rules are not in place: use Apply first.");
    }
}

#[test]
fn a_host_without_ipv6_gets_the_rest_and_is_told_so() {
    let Some(host) = Host::plain("ipv6-off") else { return };
    let plain = scenarios::default();
    let node = group(&plain, "Node").id;
    host.sh("sed -i s/^IPV6=yes/IPV6=no/ /etc/default/ufw; ufw --force enable; ufw allow 22/tcp; ufw reload");
    let before = host.state();
    for deployment in [plain.clone(), whole(&plain, true)] {
        for kind in [Text::Try, Text::Apply] {
            let said = host.ran(&text(&deployment, node, &Direction::ALL, kind));
            assert!(said.contains("IPv6 is off in ufw, which then drops all of it"), "{said}");
        }
        assert!(host.chains(Direction::Ingress)[1].is_empty());
        assert!(host.chains(Direction::Ingress)[0].iter().any(|rule| rule.contains("--dport 9443")));
        assert_eq!(host.verdicts("INPUT"), ["DROP", "DROP"]);
        host.ran(&text(&deployment, node, &Direction::ALL, Text::TakeOut));
        same(&host.state(), &before, "changed");
    }
}

#[test]
fn a_host_that_is_not_as_assumed_is_refused_and_left_alone() {
    let Some((host, _)) = Host::with_rules("refuses") else { return };
    let plain = scenarios::default();
    let database = group(&plain, "Spotfire database").id;
    let complete = whole(&plain, true);
    let of = |deployment, kind| text(deployment, database, &Direction::ALL, kind);
    let all = |sentence: &str| {
        for deployment in [&plain, &complete] {
            for kind in [Text::Apply, Text::Try] {
                host.refuses(&of(deployment, kind), sentence);
            }
        }
    };
    host.0.pretend("firewall-cmd", "echo running");
    all("firewalld manages this host");
    host.0.pretend("firewall-cmd", "echo 'not running'; exit 252");
    host.0.pretend("id", "echo 1000");
    all("Root is needed");
    host.0.no_longer("id");
    host.0.pretend("ufw", "case $1 in help) echo insert RULE ;; *) exec /usr/sbin/ufw \"$@\" ;; esac");
    all("This ufw cannot prepend rules");
    host.0.no_longer("ufw");
    host.sh("mkdir -p /run/t; printf 'filter\\n' >/run/t/names; for f in ip_tables_names ip6_tables_names; do [ ! -e /proc/net/$f ] || mount --bind /run/t/names /proc/net/$f; done");
    if host.sh("cat /proc/net/ip_tables_names 2>/dev/null || true") == "filter\n" {
        all("Rules of the older iptables-legacy are in force");
        host.sh("umount /proc/net/ip_tables_names; umount /proc/net/ip6_tables_names");
    }
    host.sh("cp /etc/ufw/before.rules /run/kept; sed -i '/-i lo -j ACCEPT/d' /etc/ufw/before.rules");
    for kind in [Text::Apply, Text::Try, Text::Guarded] {
        host.refuses(&of(&complete, kind), "/etc/ufw/before.rules: -A ufw-before-input -i lo -j ACCEPT");
    }
    host.sh("cp /run/kept /etc/ufw/before.rules");

    // Rules that are added cannot stand beside a whole policy.
    host.ran(&of(&complete, Text::Apply));
    for kind in [Text::Apply, Text::Try, Text::Keep, Text::TakeOut] {
        host.refuses(&of(&plain, kind), "The whole policy of this host is in place");
    }
    let bare = host.0.run_with_only(&["sh", "id"], &of(&plain, Text::Apply));
    assert!(bare.stderr.contains("The command ufw was not found."), "{bare:?}");
}

#[test]
fn rules_that_ufw_refuses_leave_the_old_ones_in_place() {
    let Some((host, before)) = Host::with_rules("atomic") else { return };
    let plain = scenarios::default();
    let database = group(&plain, "Spotfire database").id;
    for deployment in [plain.clone(), whole(&plain, true)] {
        let apply = text(&deployment, database, &Direction::ALL, Text::Apply);
        for (call, sentence) in
            [("*' port 5432 '*", "ufw refused: ERROR: no"), ("'default deny outgoing'*", "ufw refused: ERROR: no")]
        {
            if !deployment.host.drops_outgoing && call.contains("default") {
                continue;
            }
            host.0.pretend(
                "ufw",
                &format!("case \"$* \" in {call}) echo 'ERROR: no' >&2; exit 1 ;; esac; exec /usr/sbin/ufw \"$@\""),
            );
            let outcome = host.run(&apply);
            assert!(!outcome.success && outcome.stderr.contains(sentence), "{call}: {outcome:?}");
            host.0.no_longer("ufw");
            same(&host.state(), &before, call);
        }
    }
}

#[test]
fn while_something_is_held_back_nothing_runs_and_every_gap_is_named() {
    let Some((host, before)) = Host::with_rules("missing") else { return };
    let mut refusing = 0;
    for Scenario { deployment, .. } in scenarios::all() {
        for (group, cover) in deployment.groups.iter().flat_map(|group| COVERS.map(|cover| (group, cover))) {
            let snippet = print(ufw(), &deployment, group.id, cover, Text::Apply);
            if snippet.held.is_empty() {
                continue;
            }
            refusing += 1;
            for kind in [Text::Apply, Text::Try, Text::Keep] {
                let outcome = host.run(&text(&deployment, group.id, cover, kind));
                assert!(!outcome.success && outcome.stdout.is_empty(), "{outcome:?}");
                for why in snippet.held.iter().collect::<BTreeSet<_>>() {
                    assert!(outcome.stderr.contains(why.as_str()), "{why} is not said: {outcome:?}");
                }
            }
        }
    }
    assert!(refusing > 8, "only {refusing} texts refuse");
    same(&host.state(), &before, "changed");
}

#[test]
fn a_text_pasted_into_a_live_terminal_does_the_same_and_leaves_the_shell_open() {
    let Some((host, before)) = Host::with_rules("pastes") else { return };
    let deployment = scenarios::default();
    let database = group(&deployment, "Spotfire database").id;
    let paste = |kind| {
        let text = text(&deployment, database, &Direction::ALL, kind);
        let outcome = host.0.run(&["bash", "--norc", "--noprofile", "-i"], &format!("{text}echo \"status $?\"\n"));
        assert!(outcome.stdout.contains("status 0"), "{outcome:?}\n{text}");
        host.state()
    };
    same(&paste(Text::Try), &before, "trying changed something");
    let after = paste(Text::Apply);
    assert_ne!(after, before);
    host.ran(&text(&deployment, database, &Direction::ALL, Text::Apply));
    same(&host.state(), &after, "a file does something else");
    same(&paste(Text::TakeOut), &before, "something stays behind");
}

#[test]
fn any_number_of_addresses_is_printed_and_no_line_is_longer_than_a_terminal_takes() {
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
    let read = crate::ufw_text::read(&text).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(read.allowed, planned(ufw(), &deployment, server, &[Direction::Ingress]));
}

#[test]
fn every_text_is_a_shell_script_outside_and_inside() {
    let Some(host) = Host::plain("syntax") else { return };
    let lint = host.0.run(&["sh"], "command -v shellcheck").success;
    for Scenario { name, deployment } in scenarios::all() {
        for deployment in [deployment.clone(), whole(&deployment, true), whole(&deployment, false)] {
            for group in deployment.groups.iter().take(if name == "default" { 9 } else { 1 }) {
                for kind in ufw().texts(group.policy) {
                    let outside = text(&deployment, group.id, &Direction::ALL, kind);
                    let inside =
                        outside.strip_prefix("sh <<'PORTCULLIS'\n").and_then(|text| text.strip_suffix("PORTCULLIS\n"));
                    let inside = inside.expect("one here-document");
                    for (shell, text) in
                        ["dash", "bash"].into_iter().flat_map(|shell| [(shell, outside.as_str()), (shell, inside)])
                    {
                        let outcome = host.0.run(&[shell, "-n"], text);
                        assert!(outcome.success && outcome.stderr.is_empty(), "{shell}: {outcome:?}\n{text}");
                    }
                    if lint && name == "default" && group.id == deployment.groups[0].id {
                        let outcome = host.0.run(&["shellcheck", "-S", "warning", "-s", "sh", "-"], inside);
                        assert!(outcome.success, "{outcome:?}");
                    }
                }
            }
        }
    }
}
