//! Rules that are added, then a whole policy, then both taken out in the order in which they came: on a host of each dialect
//! that there is one for. Knows no dialect's words but the one sentence that all of them say.

use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::dialect::{Dialect, Place, Text};
use portcullis::net::{Direction, Policy, System};

use crate::namespace::{Namespace, Outcome};
use crate::printing::{COVERS, firewalld, iptables, netsh, nftables, print, ufw};
use crate::scenarios::{self, CATALOG, apply, group};
use crate::{firewalld_host, iptables_host, netsh_host, nft_whole};

/// A host: runs a text, and shows everything that matters of itself.
trait Host {
    fn run(&mut self, text: &str) -> Outcome;
    fn state(&mut self) -> String;
}

/// The whole policy and, in its place, rules that are added to what the machine has.
fn both(system: System) -> (Deployment, Deployment, GroupId) {
    let mut added = scenarios::default();
    // One with few rules, since ufw is slow, and one with rules of both directions.
    let name = if system == System::Linux { "Spotfire database" } else { "Node" };
    let id = group(&added, name).id;
    added.apply(&CATALOG, &Edit::System(id, system));
    let mut whole = scenarios::whole(&added, true);
    for service in ["ntp", "updates", "domain"] {
        apply(&mut whole, Edit::Relies(service, false));
    }
    assert_eq!(added.group(id).map(|group| group.policy), Some(Policy::Additive));
    (added, whole, id)
}

/// Whatever is taken out first: a text either does it or says why not and changes nothing, and in the end all is as before.
fn nobody_is_stuck(dialect: &Dialect, host: &mut dyn Host, covers: &[&[Direction]]) {
    let Place::Host(system) = dialect.place else { panic!("{} is no host's", dialect.id) };
    let (added, whole, id) = both(system);
    for cover in covers {
        let text = |deployment, kind| print(dialect, deployment, id, cover, kind).text;
        let before = host.state();
        let mut done = |deployment, kind| {
            let outcome = host.run(&text(deployment, kind));
            assert!(outcome.success && outcome.stderr.is_empty(), "{} {kind:?}: {outcome:?}", dialect.id);
            host.state()
        };
        let with_added = done(&added, Text::Apply);
        let with_whole = done(&whole, Text::Apply);
        assert!(with_added != before && with_whole != with_added);

        let outcome = host.run(&text(&added, Text::TakeOut));
        if outcome.success {
            // The whole policy had taken the place of what was added.
            assert_eq!(host.state(), before, "{}: something stays behind", dialect.id);
        } else {
            let why = outcome.stderr.to_lowercase();
            assert!(why.contains("the whole policy of this host is in place"), "{}: {outcome:?}", dialect.id);
            assert_eq!(host.state(), with_whole, "{}: it stopped, and changed something", dialect.id);
            let outcome = host.run(&text(&whole, Text::TakeOut));
            assert!(outcome.success, "{}: the whole policy cannot be taken out: {outcome:?}", dialect.id);
            let after = host.state();
            assert!(after == with_added || after == before, "{}: {after}", dialect.id);
            host.run(&text(&added, Text::TakeOut));
            assert_eq!(host.state(), before, "{}: something stays behind", dialect.id);
        }
    }
}

impl Host for Namespace {
    fn run(&mut self, text: &str) -> Outcome {
        Self::run(self, &["sh"], text)
    }

    fn state(&mut self) -> String {
        self.ruleset()
    }
}

#[test]
fn in_nftables() {
    let Some(mut namespace) = Namespace::new("orders-nftables") else { return };
    namespace.reset(nft_whole::HOST);
    nobody_is_stuck(nftables(), &mut namespace, &COVERS);
}

#[test]
fn a_saved_rule_that_no_longer_fits_is_named() {
    let Some(namespace) = Namespace::new("orders-hint") else { return };
    let (_, whole, id) = both(System::Linux);
    let text = |kind| print(nftables(), &whole, id, COVERS[0], kind).text;
    namespace.reset(nft_whole::HOST);
    let before = namespace.ruleset();
    assert!(Namespace::run(&namespace, &["sh"], &text(Text::Apply)).success);
    // Somebody deletes what a rule of the host jumped to; the whole policy has set that rule aside.
    namespace.nft(&["flush", "chain", "inet", "filter", "helper"], "");
    namespace.nft(&["delete", "chain", "inet", "filter", "helper"], "");
    let outcome = Namespace::run(&namespace, &["sh"], &text(Text::TakeOut));
    assert!(!outcome.success && outcome.stderr.contains("/run/portcullis/nftables-before-*"), "{outcome:?}");
    let outcome = Namespace::run(&namespace, &["sh"], "sed -i '/jump helper/d' /run/portcullis/nftables-before-in");
    assert!(outcome.success, "{outcome:?}");
    assert!(Namespace::run(&namespace, &["sh"], &text(Text::TakeOut)).success);
    let left = namespace.ruleset();
    assert!(before.contains("jump helper") && !left.contains("jump helper") && !left.contains("portcullis"), "{left}");
}

impl Host for iptables_host::Host {
    fn run(&mut self, text: &str) -> Outcome {
        Self::run(self, text)
    }

    fn state(&mut self) -> String {
        Self::state(self) + &self.files()
    }
}

#[test]
fn in_iptables() {
    for mut host in iptables_host::Host::each("orders") {
        host.reset();
        nobody_is_stuck(iptables(), &mut host, &COVERS);
    }
}

impl Host for firewalld_host::Host {
    fn run(&mut self, text: &str) -> Outcome {
        Self::run(self, text)
    }

    fn state(&mut self) -> String {
        Self::state(self)
    }
}

#[test]
fn in_firewalld() {
    let Some(mut host) = firewalld_host::Host::new("orders-firewalld") else { return };
    nobody_is_stuck(firewalld(), &mut host, &COVERS[..1]);
}

impl Host for crate::ufw::Host {
    fn run(&mut self, text: &str) -> Outcome {
        Self::run(self, text)
    }

    fn state(&mut self) -> String {
        Self::state(self)
    }
}

#[test]
fn in_ufw() {
    let Some((mut host, _)) = crate::ufw::Host::with_rules("orders") else { return };
    nobody_is_stuck(ufw(), &mut host, &COVERS[..1]);
}

impl Host for netsh_host::Host {
    fn run(&mut self, text: &str) -> Outcome {
        Self::run(self, text);
        let said = self.said.join("\n");
        let success = said.contains("Done: ") || said.contains("Taken out.");
        let stderr = if success { String::new() } else { said };
        Outcome { success, stdout: String::new(), stderr }
    }

    fn state(&mut self) -> String {
        format!("{:?} {:?}", self.policy, self.files.keys().filter(|path| path.ends_with(".wfw")).collect::<Vec<_>>())
    }
}

#[test]
fn in_netsh() {
    nobody_is_stuck(netsh(), &mut netsh_host::Host::new(), &COVERS);
}
