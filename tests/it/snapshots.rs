//! The text that people copy, kept as it was read and agreed to: both dialects, all scenarios. Writes nothing in CI; to
//! accept changes after reading them, run with `INSTA_UPDATE=always`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

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

fn kept(dialect: &Dialect, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("snapshots/{}", dialect.id));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn the_text_to_apply_is_what_was_agreed_to() {
    for (dialect, scenario) in
        DIALECTS.into_iter().flat_map(|dialect| scenarios::all().into_iter().map(move |scenario| (dialect, scenario)))
    {
        for (name, snapshot) in telling(&scenario) {
            let id = group(&scenario.deployment, name).id;
            kept(dialect, snapshot, &print(dialect, &scenario.deployment, id, &Direction::ALL, Text::Apply).text);
        }
    }
}

#[test]
fn the_text_to_try_and_to_take_out_is_what_was_agreed_to() {
    let deployment = scenarios::default();
    let server = group(&deployment, "Spotfire Server").id;
    for dialect in DIALECTS {
        for (kind, snapshot) in [(Text::Try, "default-server-try"), (Text::TakeOut, "default-server-take-out")] {
            kept(dialect, snapshot, &print(dialect, &deployment, server, &Direction::ALL, kind).text);
        }
    }
}

#[test]
fn no_snapshot_is_left_over() {
    let scenarios = scenarios::all();
    let names = scenarios.iter().flat_map(telling).map(|(_, snapshot)| *snapshot);
    let expected: BTreeSet<String> =
        names.chain(["default-server-try", "default-server-take-out"]).map(|name| format!("{name}.snap")).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots");
    for dialect in DIALECTS {
        let files = fs::read_dir(folder.join(dialect.id)).expect("a folder for each dialect");
        let names = files.map(|file| file.expect("readable").file_name().into_string().expect("plain"));
        assert_eq!(names.filter(|name| name.ends_with(".snap")).collect::<BTreeSet<_>>(), expected, "{}", dialect.id);
    }
}
