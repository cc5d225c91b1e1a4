//! The text that people copy, kept as it was read and agreed to: every dialect, all scenarios. Writes nothing in CI; to
//! accept changes after reading them, run with `INSTA_UPDATE=always`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use portcullis::deployment::Deployment;
use portcullis::dialect::{DIALECTS, Dialect, Text};
use portcullis::net::Direction;

use crate::printing::print;
use crate::scenarios::{self, Scenario, group};

/// The most telling groups of a scenario, and what they are called in the name of a snapshot.
fn telling(scenario: &Scenario) -> &'static [(&'static str, &'static str)] {
    match scenario.name {
        "one-machine" => &[("Spotfire", "one-machine")],
        "cluster" => &[("Spotfire Servers", "cluster-server"), ("Nodes", "cluster-node")],
        "default" => &[("Spotfire Server", "default-server"), ("Node", "default-node")],
        "ipv6-only" => &[("Spotfire Server", "ipv6-only-server"), ("Node", "ipv6-only-node")],
        "mixed-names" => &[("Spotfire Server", "mixed-names-server"), ("Node “Süd”", "mixed-names-node")],
        "missing" => &[("Spotfire Server", "missing-server"), ("Node", "missing-node")],
        name => panic!("say what is telling about {name}"),
    }
}

/// Snapshots of a dialect's texts to apply: a cloud's differ in little, and some of them tell enough.
fn applied(dialect: &Dialect) -> Vec<(&'static str, &'static str, Deployment)> {
    let cloud = ["default-server", "cluster-server", "missing-server"];
    let wanted = |snapshot: &str| dialect.place.on_host() || cloud.contains(&snapshot);
    let mut found = Vec::new();
    for scenario in scenarios::all() {
        for (name, snapshot) in telling(&scenario).iter().filter(|(_, snapshot)| wanted(snapshot)) {
            found.push((*name, *snapshot, scenario.deployment.clone()));
        }
    }
    found
}

/// The other texts of which there is a snapshot.
const OTHERS: [(Text, &str); 2] = [(Text::Try, "default-server-try"), (Text::TakeOut, "default-server-take-out")];

fn others(dialect: &'static Dialect) -> impl Iterator<Item = (Text, &'static str)> {
    OTHERS.into_iter().filter(|(text, _)| dialect.texts.contains(text))
}

fn kept(dialect: &Dialect, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("snapshots/{}", dialect.id));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn the_text_to_apply_is_what_was_agreed_to() {
    for dialect in DIALECTS {
        for (name, snapshot, deployment) in applied(dialect) {
            let id = group(&deployment, name).id;
            kept(dialect, snapshot, &print(dialect, &deployment, id, &Direction::ALL, Text::Apply).text);
        }
    }
}

#[test]
fn the_text_to_try_and_to_take_out_is_what_was_agreed_to() {
    let deployment = scenarios::default();
    let server = group(&deployment, "Spotfire Server").id;
    for dialect in DIALECTS {
        for (kind, snapshot) in others(dialect) {
            kept(dialect, snapshot, &print(dialect, &deployment, server, &Direction::ALL, kind).text);
        }
    }
}

#[test]
fn no_snapshot_is_left_over() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots");
    for dialect in DIALECTS {
        let names = applied(dialect).into_iter().map(|(_, snapshot, _)| snapshot);
        let names = names.chain(others(dialect).map(|(_, snapshot)| snapshot));
        let expected: BTreeSet<String> = names.map(|name| format!("{name}.snap")).collect();
        let files = fs::read_dir(folder.join(dialect.id)).expect("a folder for each dialect");
        let names = files.map(|file| file.expect("readable").file_name().into_string().expect("plain"));
        assert_eq!(names.filter(|name| name.ends_with(".snap")).collect::<BTreeSet<_>>(), expected, "{}", dialect.id);
    }
}
