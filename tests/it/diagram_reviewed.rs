//! The picture of every preset as somebody has looked at it, light and dark: `docs/diagrams`. Fails if what is drawn today is
//! another. Never accepts a change by itself.
//!
//! `PORTCULLIS_REVIEW=1` takes what is drawn as what is right, for the person who then looks.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use portcullis::diagram::diagram;
use portcullis::diagram::svg::{Theme, standalone};
use portcullis::flow::flows;
use portcullis::pack::noticed;

use crate::scenarios::{CATALOG, presets};

#[test]
fn every_preset_looks_as_it_was_reviewed() {
    let review = std::env::var_os("PORTCULLIS_REVIEW").is_some();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/diagrams");
    let (mut wrong, mut names) = (Vec::new(), BTreeSet::new());
    for (id, deployment) in presets() {
        let flows = flows(&CATALOG, &deployment);
        let mut drawn = diagram(&CATALOG, &deployment, &flows);
        drawn.mark(&noticed(&CATALOG, &deployment, &flows));
        for (scheme, theme) in [("light", Theme::LIGHT), ("dark", Theme::DARK)] {
            let name = format!("{id}-{scheme}.svg");
            let (seen, file) = (standalone(&drawn, &theme), folder.join(&name));
            names.insert(name.clone());
            if fs::read_to_string(&file).ok().as_ref() == Some(&seen) {
                continue;
            }
            if review {
                fs::write(&file, seen).expect("a folder to write to");
                println!("to look at: {}", file.display());
            } else {
                wrong.push(name);
            }
        }
    }
    let there = fs::read_dir(&folder).expect("docs/diagrams").map(|file| file.expect("a file").file_name());
    let there: BTreeSet<String> = there.map(|name| name.to_string_lossy().into_owned()).collect();
    wrong.extend(there.difference(&names).map(|stray| format!("{stray}, of no preset")));
    assert!(wrong.is_empty(), "look at these, then PORTCULLIS_REVIEW=1: {wrong:?}");
}
