//! Machines of their own with one backend of iptables, what stands on them before us, and what is demanded of them after.

use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::dialect::Text;
use portcullis::net::{Addresses, Direction, Policy, Port};

use crate::allowed::Allowed;
use crate::iptables_save::{self, rules, steady};
use crate::namespace::{Namespace, Outcome};
use crate::printing::{iptables, planned, print};
use crate::scenarios::{self, apply, group};

/// Both ways in which iptables reaches the kernel.
pub const BACKENDS: [&str; 2] = ["nft", "legacy"];

/// What a host has before us, in both families: rules that look a little like ours, and chains of somebody else's.
pub const HOST: &str = r#"*filter
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
pub struct Host(pub Namespace, String);

impl Host {
    pub fn new(name: &str, backend: &str) -> Option<Self> {
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
    pub fn stand_in_again(&self) {
        for family in ["iptables", "ip6tables"] {
            for end in ["", "-save", "-restore"] {
                self.0.stand_in(&format!("{family}{end}"), &format!("{family}-{}{end}", self.1));
            }
        }
    }

    /// One for each backend.
    pub fn each(name: &str) -> Vec<Self> {
        BACKENDS.iter().filter_map(|backend| Self::new(name, backend)).collect()
    }

    /// Loads a family's rules in place of all others.
    pub fn load(&self, family: &str, rules: &str) {
        let outcome = self.0.run(&["sh", "-c", &format!("{family}-restore")], rules);
        assert!(outcome.success, "{outcome:?}");
    }

    /// Brings the host's own rules back, and forgets everything else.
    pub fn reset(&self) -> String {
        self.load("iptables", &HOST.replace("ADMIN", "192.0.2.250/32").replace("BANNED", "198.51.100.9/32"));
        self.load("ip6tables", &HOST.replace("ADMIN", "2001:db8::250/128").replace("BANNED", "2001:db8:9::/64"));
        self.sh("rm -rf /run/portcullis /run/systemctl /etc/portcullis");
        self.state()
    }

    /// Runs a command that must succeed, and returns what it prints.
    pub fn sh(&self, command: &str) -> String {
        let outcome = self.0.run(&["sh", "-c", command], "");
        assert!(outcome.success && outcome.stderr.is_empty(), "{command}: {outcome:?}");
        outcome.stdout
    }

    pub fn run(&self, text: &str) -> Outcome {
        self.0.run(&["sh"], text)
    }

    /// What both families hold.
    pub fn halves(&self) -> [String; 2] {
        ["iptables", "ip6tables"].map(|family| steady(&self.sh(&format!("{family}-save -t filter"))))
    }

    pub fn state(&self) -> String {
        self.halves().concat()
    }

    /// Runs a text that must succeed, and returns what both families hold after it.
    pub fn loaded(&self, text: &str) -> String {
        let outcome = self.run(text);
        assert!(outcome.success && outcome.stderr.is_empty(), "{outcome:?}\n{text}");
        self.state()
    }

    /// Demands that a text stops with that sentence and changes nothing.
    pub fn refuses(&self, text: &str, sentence: &str) {
        let (before, files) = (self.state(), self.files());
        let outcome = self.run(text);
        assert!(!outcome.success, "it did not stop: {outcome:?}");
        assert!(outcome.stderr.contains(sentence) && outcome.stderr.contains("Nothing was changed."), "{outcome:?}");
        assert_eq!(outcome.stdout, "", "something ran after the refusal");
        assert_eq!(self.state(), before);
        assert_eq!(self.files(), files);
    }

    /// What we left on the machine.
    pub fn files(&self) -> String {
        // A script that waits for nothing any more does nothing.
        self.sh("find /run/portcullis /etc/portcullis /etc/systemd/system -type f -name '*portcullis*' -o -type f -path '*portcullis/*' 2>/dev/null | grep -vx /run/portcullis/iptables-back.sh | sort")
    }

    /// Lets the time pass in which somebody could confirm.
    pub fn time_passes(&self, token: &str) -> Outcome {
        self.0.run(&["sh", "/run/portcullis/iptables-back.sh", token], "")
    }
}

pub fn text(deployment: &Deployment, group: GroupId, cover: &[Direction], text: Text) -> String {
    print(iptables(), deployment, group, cover, text).text
}

pub const fn names(direction: Direction) -> (&'static str, &'static str) {
    match direction {
        Direction::Ingress => ("INPUT", "PORTCULLIS-IN"),
        Direction::Egress => ("OUTPUT", "PORTCULLIS-OUT"),
    }
}

/// A deployment under both policies, and with outgoing traffic dropped.
pub fn policies(deployment: &Deployment) -> [Deployment; 3] {
    [deployment.clone(), scenarios::whole(deployment, false), scenarios::whole(deployment, true)]
}

/// Every machine whose snippet has nothing held back.
pub fn complete<'a>(deployments: &'a [Deployment], cover: &[Direction]) -> Vec<(&'a Deployment, GroupId)> {
    let every =
        deployments.iter().flat_map(|deployment| deployment.groups.iter().map(move |group| (deployment, group.id)));
    let complete: Vec<_> = every
        .filter(|(deployment, group)| print(iptables(), deployment, *group, cover, Text::Apply).held.is_empty())
        .collect();
    assert!(complete.len() > 20, "only {} snippets are complete", complete.len());
    complete
}

/// The rules of a whole policy besides those of flows, as the kernel lists them.
pub fn base(direction: Direction, six: bool) -> Vec<&'static str> {
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
pub fn as_said(host: &Host, before: &[String; 2], deployment: &Deployment, id: GroupId, cover: &[Direction]) {
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

/// The cluster, and a later version of it.
pub fn versions() -> (Deployment, Deployment) {
    let old = scenarios::cluster();
    let nodes = group(&old, "Nodes").id;
    let mut new = old.clone();
    apply(&mut new, Edit::Port(nodes, "node-communication", Port::new(9446)));
    apply(&mut new, Edit::Listens(nodes, Addresses::parse("192.0.2.99").0));
    apply(&mut new, Edit::Switch("ldap", false));
    (old, new)
}
