//! Every iptables text, loaded by the real programs of both backends on machines of their own: what it lets through, twice,
//! changed, taken out, rolled back, kept and refused. Sends no packet.

use std::collections::BTreeSet;

use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::dialect::Text;
use portcullis::net::{Addresses, Direction, Policy, Port};

use crate::allowed::Allowed;
use crate::iptables_save::{self, rules, steady};
use crate::namespace::{Namespace, Outcome};
use crate::printing::{COVERS, iptables, planned, print};
use crate::scenarios::{self, apply, group};

/// Both ways in which iptables reaches the kernel.
const BACKENDS: [&str; 2] = ["nft", "legacy"];

/// What a host has before us, in both families: rules that look a little like ours, and chains of somebody else's.
const HOST: &str = r#"*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
:f2b-sshd - [0:0]
-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -s ADMIN -p tcp -m tcp --dport 22 -m comment --comment "it's \"not\" -j PORTCULLIS-IN" -j ACCEPT
-A INPUT -j LOG --log-prefix "dropped: "
-A FORWARD -j DOCKER-USER
-A OUTPUT -p tcp -m tcp --dport 25 -j REJECT
-A DOCKER-USER -j RETURN
-A f2b-sshd -s BANNED -j DROP
-A f2b-sshd -j RETURN
COMMIT
"#;

/// A machine that has one backend.
struct Host(Namespace, String);

impl Host {
    fn new(name: &str, backend: &str) -> Option<Self> {
        let namespace = Namespace::with(&format!("iptables-{name}-{backend}"), &[&format!("iptables-{backend}")])?;
        // What waits for its time is run by the test that lets it pass.
        for waits in ["setsid", "sleep", "wall"] {
            namespace.pretend(waits, "");
        }
        let host = Self(namespace, backend.to_owned());
        host.stand_in_again();
        Some(host)
    }

    /// Puts the programs of its backend in the place of whatever has their names.
    fn stand_in_again(&self) {
        for family in ["iptables", "ip6tables"] {
            for end in ["", "-save", "-restore"] {
                self.0.stand_in(&format!("{family}{end}"), &format!("{family}-{}{end}", self.1));
            }
        }
    }

    /// One for each backend.
    fn each(name: &str) -> Vec<Self> {
        BACKENDS.iter().filter_map(|backend| Self::new(name, backend)).collect()
    }

    /// Loads a family's rules in place of all others.
    fn load(&self, family: &str, rules: &str) {
        let outcome = self.0.run(&["sh", "-c", &format!("{family}-restore")], rules);
        assert!(outcome.success, "{outcome:?}");
    }

    /// Brings the host's own rules back, and forgets everything else.
    fn reset(&self) -> String {
        self.load("iptables", &HOST.replace("ADMIN", "192.0.2.250/32").replace("BANNED", "198.51.100.9/32"));
        self.load("ip6tables", &HOST.replace("ADMIN", "2001:db8::250/128").replace("BANNED", "2001:db8:9::/64"));
        self.sh("rm -rf /run/portcullis /run/systemctl /etc/portcullis");
        self.state()
    }

    /// Runs a command that must succeed, and returns what it prints.
    fn sh(&self, command: &str) -> String {
        let outcome = self.0.run(&["sh", "-c", command], "");
        assert!(outcome.success && outcome.stderr.is_empty(), "{command}: {outcome:?}");
        outcome.stdout
    }

    fn run(&self, text: &str) -> Outcome {
        self.0.run(&["sh"], text)
    }

    /// What both families hold.
    fn halves(&self) -> [String; 2] {
        ["iptables", "ip6tables"].map(|family| steady(&self.sh(&format!("{family}-save -t filter"))))
    }

    fn state(&self) -> String {
        self.halves().concat()
    }

    /// Runs a text that must succeed, and returns what both families hold after it.
    fn loaded(&self, text: &str) -> String {
        let outcome = self.run(text);
        assert!(outcome.success && outcome.stderr.is_empty(), "{outcome:?}\n{text}");
        self.state()
    }

    /// Demands that a text stops with that sentence and changes nothing.
    fn refuses(&self, text: &str, sentence: &str) {
        let (before, files) = (self.state(), self.files());
        let outcome = self.run(text);
        assert!(!outcome.success, "it did not stop: {outcome:?}");
        assert!(outcome.stderr.contains(sentence) && outcome.stderr.contains("Nothing was changed."), "{outcome:?}");
        assert_eq!(outcome.stdout, "", "something ran after the refusal");
        assert_eq!(self.state(), before);
        assert_eq!(self.files(), files);
    }

    /// What we left on the machine.
    fn files(&self) -> String {
        // A script that waits for nothing any more does nothing.
        self.sh("find /run/portcullis /etc/portcullis /etc/systemd/system -type f -name '*portcullis*' -o -type f -path '*portcullis/*' 2>/dev/null | grep -vx /run/portcullis/iptables-back.sh | sort")
    }

    /// Lets the time pass in which somebody could confirm.
    fn time_passes(&self, token: &str) -> Outcome {
        self.0.run(&["sh", "/run/portcullis/iptables-back.sh", token], "")
    }
}

fn text(deployment: &Deployment, group: GroupId, cover: &[Direction], text: Text) -> String {
    print(iptables(), deployment, group, cover, text).text
}

const fn names(direction: Direction) -> (&'static str, &'static str) {
    match direction {
        Direction::Ingress => ("INPUT", "PORTCULLIS-IN"),
        Direction::Egress => ("OUTPUT", "PORTCULLIS-OUT"),
    }
}

/// A deployment under both policies, and with outgoing traffic dropped.
fn policies(deployment: &Deployment) -> [Deployment; 3] {
    [deployment.clone(), scenarios::whole(deployment, false), scenarios::whole(deployment, true)]
}

/// Every machine whose snippet has nothing held back.
fn complete<'a>(deployments: &'a [Deployment], cover: &[Direction]) -> Vec<(&'a Deployment, GroupId)> {
    let every =
        deployments.iter().flat_map(|deployment| deployment.groups.iter().map(move |group| (deployment, group.id)));
    let complete: Vec<_> = every
        .filter(|(deployment, group)| print(iptables(), deployment, *group, cover, Text::Apply).held.is_empty())
        .collect();
    assert!(complete.len() > 20, "only {} snippets are complete", complete.len());
    complete
}

/// The rules of a whole policy besides those of flows, as the kernel lists them.
fn base(direction: Direction, six: bool) -> Vec<&'static str> {
    let replies = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT";
    let rest: &[&str] = match (direction, six) {
        (Direction::Ingress, false) => &[
            "-p icmp -m icmp --icmp-type 3 -j ACCEPT",
            "-p icmp -m icmp --icmp-type 11 -j ACCEPT",
            "-p icmp -m icmp --icmp-type 12 -j ACCEPT",
            "-p icmp -m icmp --icmp-type 8 -j ACCEPT",
            "-p udp -m udp --sport 67 --dport 68 -j ACCEPT",
        ],
        (Direction::Ingress, true) => &[
            "-p ipv6-icmp -m icmp6 --icmpv6-type 1 -j ACCEPT",
            "-p ipv6-icmp -m icmp6 --icmpv6-type 2 -j ACCEPT",
            "-p ipv6-icmp -m icmp6 --icmpv6-type 3 -j ACCEPT",
            "-p ipv6-icmp -m icmp6 --icmpv6-type 4 -j ACCEPT",
            "-p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT",
            "-p ipv6-icmp -m icmp6 --icmpv6-type 133 -j ACCEPT",
            "-p ipv6-icmp -m icmp6 --icmpv6-type 134 -j ACCEPT",
            "-p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT",
            "-p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT",
            "-p ipv6-icmp -m icmp6 --icmpv6-type 130 -j ACCEPT",
            "-p ipv6-icmp -m icmp6 --icmpv6-type 131 -j ACCEPT",
            "-p ipv6-icmp -m icmp6 --icmpv6-type 132 -j ACCEPT",
            "-p ipv6-icmp -m icmp6 --icmpv6-type 143 -j ACCEPT",
            "-s fe80::/10 -p udp -m udp --sport 547 --dport 546 -j ACCEPT",
        ],
        (Direction::Egress, false) => &["-p icmp -j ACCEPT", "-p udp -m udp --sport 68 --dport 67 -j ACCEPT"],
        (Direction::Egress, true) => &[
            "-p ipv6-icmp -j ACCEPT",
            "-d fe80::/10 -p udp -m udp --sport 546 --dport 547 -j ACCEPT",
            "-d ff02::1:2/128 -p udp -m udp --sport 546 --dport 547 -j ACCEPT",
        ],
    };
    let own: &[&str] = match direction {
        Direction::Ingress => &["-m conntrack --ctstate INVALID -j DROP", "-i lo -j ACCEPT"],
        Direction::Egress => &["-o lo -j ACCEPT"],
    };
    [replies].into_iter().chain(own.iter().copied()).chain(rest.iter().copied()).collect()
}

/// Demands that the host's chains and ours are as a text says, and nothing else is touched.
fn as_said(host: &Host, before: &[String; 2], deployment: &Deployment, id: GroupId, cover: &[Direction]) {
    let after = host.halves();
    let policy = deployment.group(id).expect("a group").policy;
    let mut found = Allowed::default();
    for direction in Direction::ALL {
        let (own, ours) = names(direction);
        if !cover.contains(&direction) {
            assert!(!after.concat().contains(&format!(":{ours} ")));
            continue;
        }
        let chains =
            iptables_save::read(&after[0], &after[1], direction, &mut found).unwrap_or_else(|why| panic!("{why}"));
        for (at, chain) in chains.iter().enumerate() {
            let jump = format!("-j {ours}");
            let (hung, was) = (rules(&after[at], own), rules(&before[at], own));
            match policy {
                Policy::Additive => {
                    assert_eq!(hung.first(), Some(&jump.as_str()), "the jump is not the first rule");
                    assert_eq!(hung[1..], was, "the host's own rules changed");
                    assert_eq!(chain.base, base(direction, false)[..1]);
                }
                Policy::WholeHost => {
                    let drops = direction == Direction::Ingress || deployment.host.drops_outgoing;
                    let verdict = if drops { "DROP" } else { "ACCEPT" };
                    assert_eq!(hung, [jump]);
                    assert!(after[at].contains(&format!(":{own} {verdict}\n")), "{}", after[at]);
                    assert_eq!(chain.base, base(direction, at == 1));
                }
            }
        }
    }
    assert_eq!(found, planned(iptables(), deployment, id, cover));
    // Everything else is as it was.
    let rest = |listing: &String| -> Vec<String> {
        let covered = |line: &&str| {
            cover.iter().any(|direction| {
                let (own, ours) = names(*direction);
                [format!(":{own} "), format!("-A {own} "), format!(":{ours} "), format!("-A {ours} ")]
                    .iter()
                    .any(|start| line.starts_with(start.as_str()))
            })
        };
        listing.lines().filter(|line| !covered(line)).map(str::to_owned).collect()
    };
    assert_eq!(after.each_ref().map(rest), before.each_ref().map(rest));
}

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

/// The cluster, and a later version of it.
fn versions() -> (Deployment, Deployment) {
    let old = scenarios::cluster();
    let nodes = group(&old, "Nodes").id;
    let mut new = old.clone();
    apply(&mut new, Edit::Port(nodes, "node-communication", Port::new(9446)));
    apply(&mut new, Edit::Listens(nodes, Addresses::parse("192.0.2.99").0));
    apply(&mut new, Edit::Switch("ldap", false));
    (old, new)
}

#[test]
fn a_changed_version_over_an_old_one_is_the_changed_version_alone() {
    let (old, new) = versions();
    let servers = group(&old, "Spotfire Servers").id;
    for host in Host::each("changes") {
        for (old, new) in policies(&old).into_iter().zip(policies(&new)) {
            for cover in COVERS {
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
        for (old, new) in policies(&old).into_iter().zip(policies(&new)).skip(1) {
            for cover in COVERS {
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
            for cover in COVERS {
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
