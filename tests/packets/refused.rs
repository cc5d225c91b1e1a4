//! Texts that must not get through: without root, with a rule that the firewall does not take, and those of another firewall.
//! What is refused has changed nothing, whatever was there before; what is not, can be taken out.

use std::thread;

use portcullis::dialect::Text;
use portcullis::net::Policy;

use crate::backend::{BACKENDS, Backend};
use crate::site::Site;
use crate::story;
use crate::way::SWEEP;

/// A rule, and what no firewall knows: by the words before and behind the port of the first rule for TCP.
const NONSENSE: [[&str; 2]; 4] = [
    ["tcp dport", "tcp dpart"],
    ["-p tcp", "-p nonsense"],
    ["in tcp", "in nonsense"],
    ["protocol=\"tcp\"", "protocol=\"nonsense\""],
];

/// Any call of iptables makes tables: they must be empty, and go.
const EMPTY: &str = "( for family in ip ip6; do
  ${family}tables -S | grep -vx -e '-P [A-Z]* ACCEPT' && exit 1
  nft delete table $family filter || exit 1
done )
";

/// Refuses on a firewall, under each policy, over nothing and over an earlier version.
pub fn changes_nothing(backend: &'static Backend) {
    thread::scope(|scope| {
        for policy in Policy::ALL {
            scope.spawn(move || refused(backend, policy));
        }
    });
}

fn refused(backend: &'static Backend, policy: Policy) {
    let story = story::known_clients();
    let (group, others) = (story.chief, story.unguarded(false));
    let [first, next] = story.under(policy, &others);
    let mut site = Site::new(backend, &story.addressed, &others, &[&first.table]);
    site.guard();
    for earlier in [false, true] {
        if earlier {
            site.run_everywhere(&first, Text::Apply);
        }
        let was = site.states();
        for text in Text::ALL.into_iter().filter(|text| policy == Policy::WholeHost || *text != Text::Guarded) {
            let copied = site.text(&next.deployment, group, text);
            site.refuses_without_root(group, &copied);
            site.same(&was, &format!("{policy:?}, {text:?} without root"));
        }
        let guarded = (policy == Policy::WholeHost).then_some(Text::Guarded);
        for text in [Text::Try, Text::Apply].into_iter().chain(guarded) {
            let copied = site.text(&next.deployment, group, text);
            site.refuses(group, &nonsense(&copied), "Nothing was changed.");
            site.run(group, SWEEP);
            site.same(&was, &format!("{policy:?}, {text:?} with a rule that nobody takes"));
        }
    }
    site.agrees("after all that was refused");
    for other in BACKENDS.iter().filter(|other| other.dialect != backend.dialect && other.available().is_ok()) {
        let was = site.states();
        let copied = |text| site.text_in(other.dialect, &next.deployment, group, text);
        if !site.refused(group, &copied(Text::Apply)) {
            site.run(group, &copied(Text::TakeOut));
            if other.dialect == "iptables" {
                site.run(group, EMPTY);
            }
        }
        site.same(&was, &format!("{policy:?}, a text for {}", other.name));
    }
}

/// The text with a word in one rule that its firewall does not know.
fn nonsense(text: &str) -> String {
    let is_rule = |line: &&str| !line.trim_start().starts_with('#') && line.contains("9443");
    let line = text.lines().find(is_rule).unwrap_or_else(|| panic!("no rule in\n{text}"));
    let broken = NONSENSE.iter().fold(line.to_owned(), |line, [from, to]| line.replacen(from, to, 1));
    assert_ne!(line, broken);
    text.replacen(line, &broken, 1)
}
