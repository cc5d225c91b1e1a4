//! Reads Rust source just well enough to tell code from comments and strings. Never compiles it.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file.
pub struct Source {
    /// Its path from the root of the project, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// The text without comments, test modules, and what stands in quotes.
    pub code: String,
    /// What stood in quotes, outside test modules.
    pub literals: Vec<String>,
}

impl Source {
    /// True for files that hold nothing but tests.
    pub fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.starts_with("tests/")
    }

    /// The module of the crate that it belongs to.
    pub fn module(&self) -> &str {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        path.split('/').next().unwrap_or(path)
    }

    /// True if a name stands in the code as a word of its own.
    pub fn names(&self, word: &str) -> bool {
        self.code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word)
    }

    /// The modules of the crate that it names, after `crate::` and in the lists of `use crate::{…}`.
    pub fn crate_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for after in self.code.split("crate::").skip(1) {
            match after.strip_prefix('{') {
                None => names.push(identifier(after)),
                Some(list) => names.extend(top_level(list).into_iter().map(identifier)),
            }
        }
        names
    }
}

/// The root of the project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file under a folder, in order; none if the folder is not there.
pub fn sources(folder: &str) -> Vec<Source> {
    files(folder, "rs").into_iter().map(|path| read(&path)).collect()
}

/// One Rust file, if it is there.
pub fn source(path: &str) -> Option<Source> {
    Some(root().join(path)).filter(|path| path.is_file()).map(|path| read(&path))
}

/// Every file of an extension under a folder, in order.
pub fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(root().join(folder)) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let inside = path.strip_prefix(root()).expect("inside").to_str().expect("plain names");
        if path.is_dir() && !inside.ends_with("target") {
            found.extend(files(inside, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found
}

fn read(path: &Path) -> Source {
    let text = fs::read_to_string(path).expect("UTF-8");
    let outside_tests = text.split("#[cfg(test)]").next().unwrap_or_default();
    let (code, literals) = split(outside_tests);
    let path = path.strip_prefix(root()).expect("inside").to_str().expect("plain names").replace('\\', "/");
    Source { path, code, literals, text }
}

fn identifier(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The parts of a braced list, up to its closing brace, without looking into inner braces.
fn top_level(list: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0_u32, 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '}' => {
                parts.push(&list[from..at]);
                break;
            }
            ',' if depth == 0 => {
                parts.push(&list[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.into_iter().filter(|part| !part.trim().is_empty()).collect()
}

/// Code without comments and with empty strings, and what stood in the strings.
fn split(text: &str) -> (String, Vec<String>) {
    let (mut code, mut literals) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some((length, literal)) = string(rest, &code) {
            code.push_str("\"\"");
            literals.push(literal.to_owned());
            length
        } else if let Some(length) = character(rest) {
            code.push_str("' '");
            length
        } else {
            code.push(c);
            c.len_utf8()
        };
        rest = &rest[skip..];
    }
    (code, literals)
}

/// The length of a string literal at the beginning, and what it holds as written.
fn string<'a>(rest: &'a str, before: &str) -> Option<(usize, &'a str)> {
    let in_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    if let Some(raw) = rest.strip_prefix('r').filter(|_| !in_word || before.ends_with('b')) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let body = raw[hashes..].strip_prefix('"')?;
        let close = format!("\"{}", "#".repeat(hashes));
        let end = body.find(&close)?;
        return Some((1 + hashes + 1 + end + close.len(), &body[..end]));
    }
    let body = rest.strip_prefix('"')?;
    let mut escaped = false;
    let end = body.find(|c| {
        let end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        end
    })?;
    Some((end + 2, &body[..end]))
}

/// The length of a character literal at the beginning; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix('\'')?;
    let mut chars = body.char_indices();
    let (_, first) = chars.next()?;
    if first == '\\' {
        let (at, _) = chars.nth(1).map(|_| ()).and_then(|()| body[2..].char_indices().find(|(_, c)| *c == '\''))?;
        return Some(1 + 2 + at + 1);
    }
    let (at, close) = chars.next()?;
    (close == '\'').then_some(1 + at + 1)
}

#[test]
fn comments_strings_and_lifetimes_are_told_apart() {
    let text = r##"fn f<'a>(x: &'a str) -> char { // "no"
        let y = "a \" b"; let z = r#"raw "text""#; let c = '"'; let d = '\''; let e = '\u{41}'; let g = b"bytes";
        /* "no" */ use crate::{net::{Port, Address}, rule}; crate::flow::x("é") }"##;
    let (code, literals) = split(text);
    assert_eq!(literals, [r#"a \" b"#, r#"raw "text""#, "bytes", "é"]);
    assert!(!code.contains("no"));
    let source = Source { path: "src/ui/x.rs".to_owned(), text: text.to_owned(), code, literals };
    assert_eq!(source.crate_names(), ["net", "rule", "flow"]);
    assert_eq!((source.module(), source.names("crate"), source.names("rul")), ("ui", true, false));
}
