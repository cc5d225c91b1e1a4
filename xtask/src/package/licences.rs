//! The licences of everything whose code is in the page: each text once, under the names of those it covers. Fails rather
//! than leave one out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::Result;
use crate::places::{Places, read};
use crate::shell::{cargo, output};
use crate::tools::WASM_TARGET;

/// How the files begin that hold licences.
const FILES: [&str; 5] = ["COPYING", "COPYRIGHT", "LICENSE", "NOTICE", "UNLICENSE"];
/// By which those crates are taken that give the choice, but bring no text.
const APACHE: &str = "Apache-2.0";

const HEAD: &str =
    "Portcullis carries compiled code of the libraries below, and of the Rust standard library (MIT OR Apache-2.0,
copyright The Rust Project contributors). Where a library gives the choice, all its texts stand here. Of a library that
brings no text of its own, the Apache License 2.0 is the chosen one.
";

/// All of them, as one text.
pub fn licences(places: &Places) -> Result<String> {
    let mut crates: Vec<(String, String)> = Vec::new();
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let apache = text(&read(&places.root.join("LICENSE-APACHE"))?);
    texts.insert(apache.clone(), vec!["the Rust standard library".to_owned()]);
    for (name, version, licence) in crates_of_the_page(places)? {
        let mut own = own_texts(&source(places, &format!("{name}-{version}"))?)?;
        if own.is_empty() {
            if !licence.contains(APACHE) {
                return Err(format!("{name} {version} brings no text of its licence, {licence}").into());
            }
            own.push(apache.clone());
        }
        let title = format!("{name} {version}");
        for text in own {
            texts.entry(text).or_default().push(title.clone());
        }
        crates.push((title, licence));
    }
    let mut out = format!("{HEAD}\n");
    for (title, licence) in &crates {
        out.push_str(&format!("{title}: {licence}\n"));
    }
    let mut texts: Vec<(Vec<String>, String)> = texts.into_iter().map(|(text, of)| (of, text)).collect();
    texts.sort();
    for (of, text) in texts {
        out.push_str(&format!("\n{}\n{}\n\n{text}", "=".repeat(80), of.join(", ")));
    }
    Ok(out)
}

/// The crates whose code may be in the page, sorted: name, version, licence. Neither macros nor what builds are among them.
fn crates_of_the_page(places: &Places) -> Result<Vec<(String, String, String)>> {
    let listed = output(
        cargo()
            .current_dir(&places.root)
            .args(["tree", "--locked", "--package", "portcullis", "--target", WASM_TARGET])
            .args(["--edges", "normal,no-proc-macro", "--prefix", "none", "--no-dedupe", "--format", "{p}\t{l}"]),
    )?;
    let mut crates = Vec::new();
    for line in listed.lines() {
        let (package, licence) = line.split_once('\t').ok_or("cargo tree says something else")?;
        let mut words = package.split(' ');
        match (words.next(), words.next().and_then(|version| version.strip_prefix('v')), words.next()) {
            (Some(name), Some(version), None) => {
                crates.push((name.to_owned(), version.to_owned(), licence.to_owned()));
            }
            // A folder follows: one of ours.
            (Some(_), Some(_), Some(_)) => {}
            _ => return Err(format!("cargo tree says: {line}").into()),
        }
    }
    crates.sort();
    crates.dedup();
    Ok(crates)
}

/// The folder of a crate's sources.
fn source(places: &Places, name: &str) -> Result<std::path::PathBuf> {
    let registries = fs::read_dir(places.cargo_home.join("registry").join("src"))?;
    let folders = registries.filter_map(|registry| Some(registry.ok()?.path().join(name)));
    folders
        .into_iter()
        .find(|folder| folder.is_dir())
        .ok_or_else(|| format!("the sources of {name} are not here").into())
}

/// The texts of licences in a folder.
fn own_texts(folder: &Path) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name =
            path.file_name().unwrap_or_default().to_string_lossy().to_ascii_uppercase().replace("LICENCE", "LICENSE");
        if path.is_file() && FILES.iter().any(|start| name.starts_with(start)) {
            texts.push(text(&read(&path)?));
        }
    }
    texts.sort();
    texts.dedup();
    Ok(texts)
}

/// The same text, however its file ends.
fn text(text: &str) -> String {
    format!("{}\n", text.trim_matches(['\n', '\r', '\u{feff}']).trim_end())
}
