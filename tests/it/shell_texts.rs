//! Every text of every dialect that is a shell script: read by dash and bash, and by shellcheck inside its here-document. Runs
//! none of them.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use portcullis::dialect::{DIALECTS, Dialect, Text};
use portcullis::net::System;

use crate::printing::{COVERS, hosts, print};
use crate::scenarios::{self, Scenario};

/// The dialects of clouds that are shell scripts.
fn clouds() -> impl Iterator<Item = &'static Dialect> {
    DIALECTS.into_iter().filter(|dialect| !dialect.place.on_host() && dialect.extension == "sh")
}

/// One text of each script: dialect, kind, text. Texts that differ in their rules only are the same script.
fn texts() -> Vec<(&'static str, Text, String)> {
    let mut scripts = BTreeSet::new();
    let mut kept = Vec::new();
    for Scenario { deployment, .. } in scenarios::all() {
        let whole = [false, true].map(|drops| scenarios::whole(&deployment, drops));
        for deployment in [deployment].iter().chain(&whole) {
            for dialect in hosts(Some(System::Linux)).chain(clouds()) {
                for (group, cover) in deployment.groups.iter().flat_map(|group| COVERS.map(|cover| (group, cover))) {
                    for kind in dialect.texts(group.policy) {
                        let text = print(dialect, deployment, group.id, cover, kind).text;
                        assert!(
                            text.lines().all(|line| line.len() <= 4095),
                            "a terminal cuts a line of {}",
                            dialect.id
                        );
                        let ends = text.lines().filter(|line| *line == "PORTCULLIS").count();
                        assert_eq!(ends, 1, "{} {kind:?}", dialect.id);
                        if scripts.insert(bare(&text)) {
                            kept.push((dialect.id, kind, text));
                        }
                    }
                }
            }
        }
    }
    assert!(kept.len() > 20);
    kept
}

/// What a program says of an input; `None` where it is not installed, which in CI is a failure.
pub fn said(command: &[&str], input: &str) -> Option<String> {
    let spawned = Command::new(command[0])
        .args(&command[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = spawned else {
        assert!(std::env::var("CI").map_or(true, |ci| ci != "true"), "{} is not installed", command[0]);
        return None;
    };
    let mut stdin = child.stdin.take().expect("it was piped");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("it ends");
    let plain = |bytes| String::from_utf8(bytes).expect("plain text");
    let said = plain(output.stdout) + &plain(output.stderr);
    assert!(output.status.success() || !said.is_empty(), "{command:?} fails in silence");
    Some(said)
}

fn inside(text: &str) -> &str {
    let inside = text.strip_prefix("sh <<'PORTCULLIS'\n").and_then(|text| text.strip_suffix("PORTCULLIS\n"));
    inside.expect("one here-document")
}

#[test]
fn shells_read_every_text_outside_and_inside() {
    for (dialect, kind, text) in texts() {
        for shell in ["dash", "bash"] {
            for part in [text.as_str(), inside(&text)] {
                let said = said(&[shell, "-n"], part).unwrap_or_default();
                assert_eq!(said, "", "{dialect} {kind:?} in {shell}\n{part}");
            }
        }
    }
}

#[test]
fn shellcheck_has_nothing_to_say() {
    // Scripts within a script, which it takes for text, are checked by themselves.
    let mut scripts = BTreeSet::from([PROBE.to_owned()]);
    for (_, _, text) in texts() {
        scripts.insert(bare(inside(&text)));
        for end in ["BOOT", "BACK"] {
            for piece in text.split(&format!("cat <<'{end}'\n")).skip(1) {
                let within = piece.split(&format!("\n{end}\n")).next().expect("a first piece");
                scripts.insert(bare(&format!("{within}\n")));
            }
        }
    }
    let folder = std::env::temp_dir().join(format!("portcullis-it-{}-shellcheck", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder of our own");
    let names: Vec<String> =
        (0..scripts.len()).map(|at| folder.join(format!("{at}.sh")).display().to_string()).collect();
    for (name, script) in names.iter().zip(&scripts) {
        fs::write(name, script).expect("a file of our own");
    }
    let command: Vec<&str> = ["shellcheck", "-S", "warning", "-s", "sh", "-f", "gcc"]
        .into_iter()
        .chain(names.iter().map(String::as_str))
        .collect();
    let said = said(&command, "");
    fs::remove_dir_all(&folder).expect("a folder of our own");
    let Some(said) = said else {
        let _ = writeln!(std::io::stderr(), "\nNOT RUN, shellcheck is not installed");
        return;
    };
    let about = |line: &&str| names.iter().zip(&scripts).find(|(name, _)| line.starts_with(&format!("{name}:")));
    let wrong: Vec<(&str, &String)> = said.lines().filter_map(|line| Some((line, about(&line)?.1))).collect();
    let (probe, wrong): (Vec<_>, Vec<_>) = wrong.into_iter().partition(|(_, script)| *script == PROBE);
    assert!(!probe.is_empty(), "it does not look: {said}");
    if let [(line, script), ..] = wrong.as_slice() {
        panic!("{} warnings; the first: {line}\n{script}", wrong.len());
    }
}

/// What shellcheck must complain about.
const PROBE: &str = "main() {\n  cd x\n  for i in $(ls $1); do rm -rf $i/*; done\n}\nmain \"$@\"\n";

/// A script with one rule where there are many, and without its header, its counts and its reasons to refuse.
fn bare(script: &str) -> String {
    let mut out = String::new();
    let (mut rules, mut first, mut more, mut told) = (false, false, false, false);
    for line in script.lines() {
        if rules && line != "RULES" {
            if std::mem::take(&mut first) {
                out += "a rule\n";
            }
            continue;
        }
        rules = line == "cat <<'RULES'";
        first |= rules;
        // A rule that is a command, whose peers stand in the lines below.
        if more || line.starts_with("  rule ") {
            if !more && !std::mem::replace(&mut told, true) {
                out += "  rule name tcp:1 'about' source-ranges \\\n    192.0.2.1/32\n";
            }
            more = line.ends_with('\\');
            continue;
        }
        // Which groups a text looks up is its own matter, and so is the one that it is for.
        if line.starts_with("  look_up g")
            || line.trim_start().starts_with("# ")
            || line.starts_with("  say 'Held back: ")
            || line.contains("rules for ")
        {
            continue;
        }
        out += if line.starts_with("tag=") { "tag=name" } else { line };
        out.push('\n');
    }
    out
}
