//! Gives short names to what the glue and the WebAssembly call each other by, and to the glue's own functions and variables.
//! Names are found, never guessed: what could mean something else is left alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::Result;

/// Sections of a WebAssembly module that hold names.
const IMPORTS: u8 = 2;
const EXPORTS: u8 = 7;

/// Glue and WebAssembly under short names. They are numbered in the order of the glue, so that they do not depend on the
/// hashes in the long ones.
///
/// # Errors
/// Bytes that are not a module as wasm-bindgen writes it.
pub fn shorten(glue: &str, module: &[u8]) -> Result<(String, Vec<u8>)> {
    let shared: BTreeSet<String> = named(module)?.into_iter().filter(|name| name.contains("__")).collect();
    let own = own_names(glue);
    // A dollar sign alone begins a hole in a template.
    if words(glue).any(|word| word.len() > 1 && word.starts_with('$')) {
        return Err("the glue has names with a dollar sign, which are to be ours".into());
    }
    let mut short: BTreeMap<&str, String> = BTreeMap::new();
    let mut shortened = String::with_capacity(glue.len());
    for word in words(glue) {
        let argument =
            word.strip_prefix("arg").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|c| c.is_ascii_digit()));
        if shared.contains(word) || own.contains(word) || argument {
            let next = format!("${}", base_36(short.len()));
            shortened.push_str(short.entry(word).or_insert(next));
        } else {
            shortened.push_str(word);
        }
    }
    let renamed =
        rename(module, &|name| short.get(name).filter(|_| shared.contains(name)).map_or(name, String::as_str))?;
    Ok((shortened, renamed))
}

/// The text in pieces: names, and what stands between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let name = is_name(first);
        let end = rest.find(|char| is_name(char) != name).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

fn is_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '$')
}

/// Functions and variables that the glue declares at the start of a line, and never names as a property or in a string.
fn own_names(glue: &str) -> BTreeSet<&str> {
    let mut own = BTreeSet::new();
    for line in glue.lines().map(str::trim_start) {
        let declared =
            ["function ", "async function ", "let ", "const "].iter().find_map(|word| line.strip_prefix(word));
        let name =
            declared.and_then(|rest| words(rest).next()).filter(|name| name.len() > 3 && name.starts_with(is_name));
        own.extend(name);
    }
    // What the starter calls, and what JavaScript itself knows.
    own.remove("wasm_bindgen");
    let mut before = "";
    let mut pieces = words(glue).peekable();
    while let Some(word) = pieces.next() {
        let after = pieces.peek().copied().unwrap_or_default().trim_start();
        let property = before.ends_with(['.', '\'', '"', '`']) && !before.ends_with("...") || after.starts_with(':');
        if property || after.starts_with(['\'', '"', '`']) {
            own.remove(word);
        }
        before = word;
    }
    own
}

fn base_36(number: usize) -> String {
    let digit = |digit: usize| char::from(b"0123456789abcdefghijklmnopqrstuvwxyz"[digit % 36]);
    if number < 36 { digit(number).to_string() } else { format!("{}{}", base_36(number / 36), digit(number)) }
}

/// The names of imports and exports.
fn named(module: &[u8]) -> Result<Vec<String>> {
    let names = std::cell::RefCell::new(Vec::new());
    rename(module, &|name| {
        names.borrow_mut().push(name.to_owned());
        name
    })?;
    Ok(names.into_inner())
}

/// The module with other names for what it imports and exports.
fn rename<'a>(module: &'a [u8], name: &dyn Fn(&'a str) -> &'a str) -> Result<Vec<u8>> {
    let mut out = module.get(..8).ok_or("the WebAssembly is cut off")?.to_vec();
    let mut from = Reader(module.get(8..).unwrap_or_default());
    while !from.0.is_empty() {
        let (id, size) = (from.byte()?, from.number()?);
        let mut section = Reader(from.take(size)?);
        let mut renamed = Vec::new();
        if matches!(id, IMPORTS | EXPORTS) {
            let count = section.number()?;
            write(&mut renamed, count);
            for _ in 0..count {
                if id == IMPORTS {
                    let module = section.text()?;
                    write(&mut renamed, module.len());
                    renamed.extend_from_slice(module.as_bytes());
                }
                let new = name(section.text()?);
                write(&mut renamed, new.len());
                renamed.extend_from_slice(new.as_bytes());
                // What it is: imports are functions, exports anything with an index.
                let kind = section.byte()?;
                if id == IMPORTS && kind != 0 {
                    return Err("the WebAssembly imports something else than functions".into());
                }
                renamed.push(kind);
                write(&mut renamed, section.number()?);
            }
        }
        renamed.extend_from_slice(section.0);
        out.push(id);
        write(&mut out, renamed.len());
        out.extend(renamed);
    }
    Ok(out)
}

fn write(to: &mut Vec<u8>, mut number: usize) {
    while number > 127 {
        to.push(128 | (number & 127) as u8);
        number >>= 7;
    }
    to.push(number as u8);
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or("the WebAssembly is cut off")?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn number(&mut self) -> Result<usize> {
        let mut number = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            number |= usize::from(byte & 127) << shift;
            if byte < 128 {
                return Ok(number);
            }
        }
        Err("the WebAssembly holds a number without an end".into())
    }

    fn text(&mut self) -> Result<&'a str> {
        let length = self.number()?;
        Ok(str::from_utf8(self.take(length)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One import, one export of a memory, and a section that means nothing here.
    fn module(import: &str, export: &str) -> Vec<u8> {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        let section = |id: u8, body: &[u8]| [&[id, body.len() as u8][..], body].concat();
        let text = |text: &str| [&[text.len() as u8][..], text.as_bytes()].concat();
        module.extend(section(2, &[&[1][..], &text("wbg"), &text(import), &[0, 9]].concat()));
        module.extend(section(7, &[&[2][..], &text(export), &[0, 3], &text("memory"), &[2, 0]].concat()));
        module.extend(section(10, b"\x01__wbg_log_4687d8d8c2017d52"));
        module
    }

    #[test]
    fn what_both_sides_name_gets_one_short_name_and_nothing_else_does() {
        let (import, export) = ("__wbg_log_4687d8d8c2017d52", "invoke__h02babf21faa37971");
        let glue =
            format!("const imports = {{\n{import}: function(arg0) {{ wasm.{export}(arg0, args); wasm.memory; }} }};\n");
        let (glue, renamed) = shorten(&glue, &module(import, export)).unwrap();
        assert_eq!(glue, "const $0 = {\n$1: function($2) { wasm.$3($2, args); wasm.memory; } };\n");
        let mut expected = module("$1", "$3");
        assert_eq!(renamed, expected);
        expected.truncate(15);
        assert!(shorten(&glue.replace('$', "x"), &expected).is_err(), "cut off");
        assert!(shorten(&glue, &renamed).is_err(), "twice");
    }

    #[test]
    fn names_do_not_depend_on_hashes() {
        let short = |hash: &str| {
            let import = format!("__wbg_log_{hash}");
            shorten(&format!("{import}: wasm.__start"), &module(&import, "__start")).unwrap()
        };
        assert_eq!(short("0123456789abcdef"), short("fedcba9876543210"));
    }

    #[test]
    fn the_glues_own_names_are_shortened_unless_they_are_properties_too() {
        let glue = "function isLikeNone(x) {}\nlet WASM_LEN = 0;\nfunction select() {}\nlet wasm_bindgen;\nfunction text() {}\n\
            isLikeNone(a.select); WASM_LEN; f(...isLikeNone); b = { text: 1 }; 'WASM_LEN ';\n";
        let (glue, _) = shorten(glue, b"\0asm\x01\0\0\0").unwrap();
        assert!(
            glue.contains("function $0(x) {}") && glue.contains("$0(a.select)") && glue.contains("...$0"),
            "{glue}"
        );
        assert!(
            glue.contains("let wasm_bindgen;") && glue.contains("function text()") && glue.contains("let WASM_LEN")
        );
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([0, 35, 36, 1295, 1296].map(base_36), ["0", "z", "10", "zz", "100"]);
    }
}
