//! The page's own reading of its texts: of every text it must say that nothing is missing and nothing extra, and of every
//! broken one that it is broken. After a frame was changed and read: `PORTCULLIS_FRAMES=1 cargo test --test it readback::`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use portcullis::deployment::{Deployment, Edit};
use portcullis::dialect::cloud::PEERS;
use portcullis::dialect::{DIALECTS, Dialect, Text};
use portcullis::net::{Addresses, Direction, System};
use portcullis::order::Map;
use portcullis::pack;
use portcullis::readback::Asked;
use portcullis::readback::frames::FRAMES;
use portcullis::rule::Ruleset;
use portcullis::snippet::{Context, asked, snippet};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::arbitrary;
use crate::printing::{COVERS, rules_in};
use crate::scenarios::{self, CATALOG};

/// A text, and what it is for.
struct Printed {
    shown: String,
    dialect: &'static Dialect,
    ruleset: Ruleset,
    directions: &'static [Direction],
    kind: Text,
    settings: Map<String, String>,
    text: String,
}

impl Printed {
    fn asked(&self) -> Asked<'_> {
        asked(self.dialect, self.kind, &self.ruleset, self.directions, &self.settings)
    }
}

/// Every text of every machine of a deployment, in every language and cover; `change` says what becomes of the rules before.
fn printed(name: &str, deployment: &Deployment, change: impl Fn(&mut Ruleset)) -> Vec<Printed> {
    some_printed(name, deployment, &kinds(|_| true), change)
}

/// Every text of these languages, in every cover.
fn kinds(which: impl Fn(&Dialect) -> bool) -> Vec<Kind> {
    let dialects = DIALECTS.into_iter().filter(|dialect| which(dialect));
    let covers = dialects.flat_map(|dialect| COVERS.map(|cover| (dialect, cover)));
    covers.flat_map(|(dialect, cover)| Text::ALL.map(|kind| (dialect, cover, kind))).collect()
}

/// A language, what its text covers, and which of its texts.
type Kind = (&'static Dialect, &'static [Direction], Text);

/// These texts of every machine, as far as it has them.
fn some_printed(name: &str, deployment: &Deployment, kinds: &[Kind], change: impl Fn(&mut Ruleset)) -> Vec<Printed> {
    let context =
        Context { product: CATALOG.product, release: deployment.release, catalog: CATALOG.version, fragment: "" };
    let mut all = Vec::new();
    for id in pack::managed(&CATALOG, deployment) {
        for (dialect, directions, kind) in kinds.iter().copied() {
            let mut ruleset = rules_in(dialect, deployment, id);
            change(&mut ruleset);
            if dialect.texts(ruleset.policy).any(|has| has == kind) {
                let text = snippet(dialect, &ruleset, directions, kind, &deployment.settings, &context).text;
                let shown = format!("{name}, {}, {}, {directions:?}, {}", ruleset.name, dialect.id, kind.name());
                all.push(Printed {
                    shown,
                    dialect,
                    ruleset: ruleset.clone(),
                    directions,
                    kind,
                    settings: deployment.settings.clone(),
                    text,
                });
            }
        }
    }
    all
}

/// Texts in which everything occurs that a frame depends on: policies, systems, sets of addresses, rules of one direction only
/// or none at all, and what is held back.
fn texts() -> Vec<Printed> {
    let mut all = Vec::new();
    // What a cloud is told does not depend on the policy of its machines.
    let (every, hosts) = (kinds(|_| true), kinds(|dialect| dialect.place.on_host()));
    for scenario in scenarios::all() {
        let mut windows = scenario.deployment.clone();
        for group in &scenario.deployment.groups {
            windows.apply(&CATALOG, &Edit::System(group.id, System::Windows));
        }
        // Systems differ in what a whole policy lets administrators in by, and in nothing that depends on addresses.
        let telling = ["default", "cluster", "missing"].contains(&scenario.name);
        let systems = [("as it is", &scenario.deployment), ("Windows", &windows)];
        for (system, deployment) in systems.into_iter().take(if telling { 2 } else { 1 }) {
            for (policy, deployment, kinds) in [
                ("added", deployment.clone(), &every),
                ("whole", scenarios::whole(deployment, false), &hosts),
                ("dropping", scenarios::whole(deployment, true), &hosts),
            ] {
                let name = format!("{}, {system}, {policy}", scenario.name);
                all.extend(some_printed(&name, &deployment, kinds, |_| {}));
                if ["default", "cluster"].contains(&scenario.name) {
                    for direction in Direction::ALL {
                        all.extend(some_printed(&name, &deployment, kinds, |rules| {
                            rules.rules.retain(|rule| rule.direction == direction)
                        }));
                    }
                    all.extend(some_printed(&name, &deployment, kinds, |rules| rules.rules.clear()));
                }
            }
        }
        // Where texts refer to groups, nothing is held back for want of an address.
        let mut by_addresses = scenario.deployment.clone();
        for dialect in DIALECTS.iter().filter(|dialect| !dialect.refers.is_empty()) {
            scenarios::apply(&mut by_addresses, Edit::Setting(dialect.key(&PEERS), "addresses".to_owned()));
        }
        let name = format!("{}, by addresses", scenario.name);
        let clouds = kinds(|dialect| !dialect.refers.is_empty());
        all.extend(some_printed(&name, &by_addresses, &clouds, |_| {}));
        if scenario.name == "default" {
            // But for those who are not ours.
            all.extend(some_printed("nobody known", &scenario.deployment, &clouds, |rules| {
                for peer in rules.rules.iter_mut().flat_map(|rule| [&mut rule.source, &mut rule.destination]) {
                    (peer.ours, peer.addresses) = (false, Addresses::Missing);
                }
            }));
        }
        let mut locked_out = scenarios::whole(&scenario.deployment, true);
        scenarios::apply(&mut locked_out, Edit::Management(Addresses::Missing));
        all.extend(some_printed(&format!("{}, locked out", scenario.name), &locked_out, &hosts, |_| {}));
    }
    all
}

#[test]
fn every_text_says_exactly_what_it_should_in_a_frame_that_is_listed() {
    let lists = std::env::var_os("PORTCULLIS_FRAMES").is_some();
    let mut found: BTreeMap<u32, String> = BTreeMap::new();
    for text in texts() {
        let Some(number) = text.asked().frame(&text.text) else { panic!("{}: not read\n{}", text.shown, text.text) };
        let read = text.asked().check(&text.text);
        assert!(lists || read.agrees(), "{}: {read:#?}\n{}", text.shown, text.text);
        found.entry(number).or_insert(text.shown);
    }
    if lists {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/readback/frames.rs");
        let source = fs::read_to_string(path).unwrap();
        let (head, _) = source.split_once("pub static FRAMES").unwrap();
        let mut out = format!("{head}pub static FRAMES: [u32; {}] = [\n", found.len());
        for line in found.keys().copied().collect::<Vec<_>>().chunks(9) {
            let numbers: Vec<String> = line.iter().map(|number| format!("{number:#010x}")).collect();
            writeln!(out, "    {},", numbers.join(", ")).unwrap();
        }
        fs::write(path, out + "];\n").unwrap();
        return;
    }
    assert!(found.keys().eq(&FRAMES), "frames.rs lists what no text has any more");
}

/// Names that look like words of the texts around them must not be taken for those.
#[test]
fn a_name_that_looks_like_a_word_of_the_text_is_still_a_name() {
    let mut deployment = scenarios::default();
    let node = scenarios::group(&deployment, "Node").id;
    for name in ["Access-base-1", "base-icmp: x", "say Done: 3 rules", "ct state new ", "g1-g2-tcp-80 (g1-g2-tcp-80)"] {
        scenarios::apply(&mut deployment, Edit::Rename(node, name.to_owned()));
        for text in printed(name, &deployment, |_| {}) {
            let read = text.asked().check(&text.text);
            assert!(read.agrees(), "{}: {read:#?}\n{}", text.shown, text.text);
        }
    }
}

/// What makes a text refuse to run where something is held back.
const REFUSALS: [&str; 8] = [
    "@allowed(['filled in'])\n",
    "  stop 'Fill in what is missing on the page and copy again.'\n",
    "Write-Warning 'Nothing was changed. Fill in what is missing on the page and copy again.'\nreturn\n",
    "@echo Nothing was changed. Fill in what is missing on the page and copy again.\n",
    "    precondition {\n",
    "\n  precondition {\n",
    "    Assertions:\n",
    SENTENCES,
];
/// Where the sentences themselves refuse, each document of a text has them.
const SENTENCES: &str = "    - \"Held back: ";

/// A text without what makes it, or its first document, refuse.
fn willing(text: &str, refusal: &str) -> String {
    if refusal != SENTENCES {
        return text.replacen(refusal, "", 1);
    }
    let (first, rest) = text.split_at(text.find("\n---\n").unwrap_or(text.len()));
    let willing = first.split_inclusive('\n').filter(|line| !line.starts_with(refusal));
    willing.collect::<String>() + rest
}

#[test]
fn a_text_that_holds_back_but_does_not_refuse_is_noticed() {
    let mut tried = BTreeMap::new();
    let mut missing = scenarios::missing();
    for dialect in DIALECTS.iter().filter(|dialect| !dialect.refers.is_empty()) {
        scenarios::apply(&mut missing, Edit::Setting(dialect.key(&PEERS), "addresses".to_owned()));
    }
    for text in printed("missing", &missing, |_| {}) {
        for refusal in REFUSALS.iter().filter(|refusal| text.text.contains(**refusal)) {
            assert!(!text.asked().check(&willing(&text.text, refusal)).agrees(), "{}", text.shown);
            let silent: Vec<&str> = text.text.lines().filter(|line| !line.contains("Held back: ")).collect();
            assert!(!text.asked().check(&(silent.join("\n") + "\n")).agrees(), "{}", text.shown);
            *tried.entry(text.dialect.id).or_insert(0) += 1;
        }
    }
    assert!(tried.values().sum::<usize>() > 100, "{tried:?}");
    assert!(DIALECTS.iter().all(|dialect| tried.get(dialect.id).is_some_and(|tried| *tried > 5)), "{tried:?}");
}

#[test]
fn a_refusal_for_nothing_is_noticed() {
    for text in printed("default", &scenarios::default(), |_| {}).iter().filter(|text| text.kind == Text::Apply) {
        for (before, refusal) in [("  [ \"$(id -u)\" = 0 ]", REFUSALS[0]), ("$ErrorActionPreference", REFUSALS[1])] {
            let refuses = text.text.replacen(before, &format!("{refusal}{before}"), 1);
            assert!(refuses == text.text || !text.asked().check(&refuses).agrees(), "{}", text.shown);
        }
    }
}

proptest! {
    #![proptest_config(arbitrary::config())]

    /// Whatever somebody has typed and done.
    #[test]
    fn every_text_of_any_deployment_says_exactly_what_it_should(
        deployment in arbitrary::deployment(),
        cover in select(COVERS.to_vec()),
        kinds in subsequence(Text::ALL.to_vec(), 2),
    ) {
        let each = DIALECTS.into_iter().flat_map(|dialect| kinds.iter().map(move |kind| (dialect, cover, *kind)));
        for text in some_printed("any", &deployment, &each.collect::<Vec<_>>(), |_| {}) {
            let read = text.asked().check(&text.text);
            prop_assert!(read.agrees(), "{}: {read:#?}\n{}", text.shown, text.text);
        }
    }
}
