//! The walls of the house, design.md section 5: who may name whom, what stands only once, what stands nowhere. Reads the
//! sources as text; never needs them to compile.

use std::collections::BTreeSet;
use std::fs;

use portcullis::dialect::DIALECTS;

use crate::rust_source::{Source, files, root, source, sources};
use crate::scenarios::CATALOG;

/// Which modules each module may name. `ui` and the root may name all of them. A new module is placed here first.
const MAY_NAME: [(&str, &[&str]); 26] = [
    ("net", &[]),
    ("count", &[]),
    ("order", &[]),
    ("host", &["net"]),
    ("catalog", &["net"]),
    ("embedded", &["catalog"]),
    ("deployment", &["net", "host", "catalog"]),
    ("finding", &["net", "catalog", "deployment"]),
    ("flow", &["net", "catalog", "deployment"]),
    ("check", &["net", "catalog", "deployment", "finding", "flow"]),
    ("howto", &["net", "catalog", "deployment", "finding", "flow"]),
    ("diagram", &["net", "catalog", "deployment", "finding", "flow"]),
    ("upgrade", &["net", "catalog", "deployment", "finding", "flow", "check"]),
    ("table", &["net", "catalog", "deployment", "finding", "flow", "diagram", "upgrade"]),
    ("link", &["net", "host", "catalog", "deployment", "finding"]),
    ("project", &["net", "catalog", "deployment", "finding"]),
    ("rule", &["net"]),
    ("enforce", &["net", "host", "catalog", "deployment", "flow", "rule", "finding"]),
    ("shell", &[]),
    ("windows", &["net"]),
    ("dialect", &["net", "rule", "shell", "windows"]),
    ("snippet", &["net", "rule", "readback", "dialect"]),
    ("embed", &["net", "catalog", "deployment", "diagram", "table", "dialect"]),
    (
        "pack",
        &[
            "net",
            "host",
            "catalog",
            "deployment",
            "finding",
            "flow",
            "check",
            "rule",
            "enforce",
            "shell",
            "dialect",
            "snippet",
            "readback",
        ],
    ),
    ("readback", &["net", "rule"]),
    ("browser", &[]),
];

/// They say nothing about what they count or order, so that everybody may name them.
const EVERYBODYS: [&str; 2] = ["count", "order"];

/// The crates through which the browser is reached.
const BROWSER: [&str; 5] = ["web_sys", "gloo", "js_sys", "wasm_bindgen", "wasm_bindgen_futures"];

/// The sources that make the page, without tests.
fn page() -> Vec<Source> {
    let found: Vec<Source> = sources("src").into_iter().filter(|source| !source.is_test()).collect();
    assert!(found.len() > 10);
    found
}

/// Demands that nothing was found, and lists what was.
fn none(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[test]
fn every_file_says_first_what_it_is() {
    let all = ["src", "tests", "xtask", "prerender", "benches", "fuzz"]
        .into_iter()
        .flat_map(sources)
        .chain(source("build.rs"));
    let mute = all.filter(|source| {
        !source.text.starts_with("//! ") || source.text.lines().next().is_some_and(|line| line.len() < 15)
    });
    none("no `//!` on the first line", mute.map(|source| source.path).collect());
}

#[test]
fn modules_name_only_what_stands_below_them() {
    let mut wrong = Vec::new();
    for source in page() {
        let module = source.module();
        if matches!(module, "ui" | "lib" | "main") {
            continue;
        }
        let Some((_, allowed)) = MAY_NAME.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{}: tidy.rs does not say what it may name", source.path));
            continue;
        };
        let named = source
            .crate_names()
            .into_iter()
            .filter(|name| name != module && !EVERYBODYS.contains(&name.as_str()) && !allowed.contains(&name.as_str()));
        wrong.extend(named.map(|name| format!("{} names {name}", source.path)));
        // Above a file at the top stands only the root.
        let top = source.path.matches('/').count() == 1;
        if source.code.contains("super::super::") || top && source.code.contains("super::") {
            wrong.push(format!("{} reaches above its module", source.path));
        }
    }
    none("layering", wrong);
}

#[test]
fn modules_stand_in_the_order_of_their_dependencies() {
    let root = sources("src").into_iter().find(|source| source.path == "src/lib.rs").expect("src/lib.rs");
    let order: Vec<String> = root
        .code
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned))
        .collect();
    let position = |module: &str| order.iter().position(|name| name == module);
    for (module, allowed) in MAY_NAME.iter().filter(|(module, _)| position(module).is_some()) {
        let late = allowed.iter().filter(|name| position(name) > position(module));
        none(&format!("after {module} in src/lib.rs"), late.map(|name| (*name).to_owned()).collect());
    }
    assert_eq!(order.last().map(String::as_str), Some("ui"));
}

#[test]
fn one_module_knows_both_flows_and_rules() {
    let both =
        |source: &Source| ["flow", "rule"].iter().all(|name| source.crate_names().iter().any(|found| found == name));
    let outside_ui = page().into_iter().filter(|source| source.module() != "ui" && both(source));
    assert_eq!(outside_ui.map(|source| source.path).collect::<Vec<_>>(), ["src/enforce.rs"]);
}

#[test]
fn the_browser_is_named_at_the_edge_only() {
    let mut wrong = Vec::new();
    for source in page() {
        let component = source.module() == "ui" && source.names("yew");
        for name in BROWSER.into_iter().filter(|name| source.names(name)) {
            if source.module() != "browser" && !component {
                wrong.push(format!("{} names {name}", source.path));
            }
        }
        if source.names("yew") && !matches!(source.module(), "ui" | "browser") {
            wrong.push(format!("{} names yew", source.path));
        }
    }
    none("the core is native", wrong);
}

#[test]
fn nothing_in_the_page_may_panic_on_purpose() {
    let mut wrong = Vec::new();
    for source in page().into_iter().filter(|source| source.path != "src/main.rs") {
        for call in [".unwrap()", ".expect(", "panic!", "unreachable!", "todo!", "unimplemented!"] {
            if source.code.contains(call) {
                wrong.push(format!("{}: {call}", source.path));
            }
        }
    }
    none("a user's deployment must not be lost to a panic", wrong);
}

/// What several dialects share.
const SHARED: [&str; 5] = ["aws", "azure", "cloud", "gcp", "plan"];

#[test]
fn every_dialect_is_in_the_one_list_once() {
    let registry = fs::read_to_string(root().join("src/dialect.rs")).expect("src/dialect.rs");
    let stems: BTreeSet<String> = files("src/dialect", "rs")
        .iter()
        .filter(|path| path.parent().is_some_and(|folder| folder.ends_with("dialect")) && !path.ends_with("tests.rs"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    let shared = |stem: &&String| SHARED.contains(&stem.as_str());
    assert_eq!(stems.iter().filter(shared).count(), SHARED.len());
    let stems: BTreeSet<String> =
        stems.iter().filter(|stem| !shared(stem)).map(|stem| stem.replace('_', "-")).collect();
    for stem in stems.iter().map(|id| id.replace('-', "_")) {
        assert_eq!(registry.matches(&format!("pub mod {stem};")).count(), 1, "{stem}");
        assert_eq!(registry.matches(&format!("&{stem}::DIALECT")).count(), 1, "{stem}");
    }
    let ids: BTreeSet<String> = DIALECTS.iter().map(|dialect| dialect.id.to_owned()).collect();
    assert_eq!(ids, stems, "a dialect is called like its file");
    assert_eq!(ids.len(), DIALECTS.len());
}

#[test]
fn no_code_names_a_row_of_the_catalog_or_a_dialect() {
    let rows = CATALOG.roles.iter().map(|row| row.id).chain(CATALOG.listeners.iter().map(|row| row.id));
    let rows = rows.chain(CATALOG.choices.iter().map(|row| row.id)).chain(CATALOG.releases.iter().map(|row| row.id));
    let rows =
        rows.chain(CATALOG.dependencies.iter().map(|row| row.id)).chain(CATALOG.presets.iter().map(|row| row.id));
    let ids = rows.chain(DIALECTS.iter().map(|dialect| dialect.id));
    // A single letter says nothing: it may be a key of a link, or a delimiter.
    let ids: BTreeSet<&str> = ids.filter(|id| id.len() > 1).collect();
    let mut wrong = Vec::new();
    for source in page() {
        // A dialect's own record says its name, and so does that of whoever reads it back.
        let folder = ["src/dialect/", "src/readback/"].into_iter().find_map(|folder| source.path.strip_prefix(folder));
        let own = folder.and_then(|name| name.strip_suffix(".rs")).map(|own| own.replace('_', "-"));
        let named = |literal: &&String| ids.contains(literal.as_str()) && own.as_ref() != Some(*literal);
        for literal in source.literals.iter().filter(named) {
            wrong.push(format!("{}: {literal}", source.path));
        }
    }
    none("ids stand in data and tests", wrong);
}

/// The colours in a text: `#` with hexadecimal digits, colour functions, and names that stylesheets are tempted by.
fn colours(text: &str) -> Vec<String> {
    let word = |c: char| c.is_alphanumeric() || c == '-' || c == '_' || c == '#';
    let mut found = Vec::new();
    for value in
        text.split(['{', ';', '}']).filter_map(|declaration| declaration.split_once(':')).map(|(_, value)| value)
    {
        let hexadecimal = |word: &&str| {
            word.strip_prefix('#').is_some_and(|digits| {
                matches!(digits.len(), 3 | 4 | 6 | 8) && digits.bytes().all(|b| b.is_ascii_hexdigit())
            })
        };
        found.extend(value.split(|c: char| !word(c)).filter(hexadecimal).map(str::to_owned));
        for function in ["rgb(", "rgba(", "hsl(", "hsla(", "hwb(", "lab(", "lch(", "oklab(", "oklch(", "color("] {
            found.extend(value.contains(function).then(|| function.to_owned()));
        }
        for name in ["white", "black", "red", "green", "blue", "gray", "grey", "orange", "yellow"] {
            found.extend(value.split(|c: char| !word(c)).find(|word| *word == name).map(str::to_owned));
        }
    }
    found
}

/// Stylesheet text without comments.
fn without_comments(text: &str) -> String {
    let pieces = text.split("/*").enumerate();
    pieces
        .map(|(at, piece)| if at == 0 { piece } else { piece.split_once("*/").map_or("", |(_, rest)| rest) })
        .collect()
}

#[test]
fn colours_stand_in_the_tokens_only() {
    assert_eq!(
        colours("a { color: #fff; b: rgb(0 0 0); c: white } #abc { white-space: nowrap; d: var(--red) }").len(),
        3
    );
    let mut wrong = Vec::new();
    for path in files("styles", "css") {
        let text = without_comments(&fs::read_to_string(&path).expect("UTF-8"));
        if !path.ends_with("tokens.css") {
            wrong.extend(colours(&text).into_iter().map(|colour| format!("{}: {colour}", path.display())));
        }
    }
    none("colours outside styles/tokens.css", wrong);
}

/// The sizes and weights of text in a stylesheet that are not among the few that the page has.
fn other_text(text: &str) -> Vec<String> {
    let declarations = text.split(['{', ';', '}']).filter_map(|declaration| declaration.split_once(':'));
    let other = |(name, value): &(&str, &str)| match *name {
        "font-size" => !["var(--small)", "var(--tiny)", "1rem", "inherit"].contains(value),
        "font-weight" => !["400", "600", "inherit"].contains(value),
        "font" => !["inherit", "var(--small)/1.5 var(--mono)", "var(--tiny) var(--mono)"].contains(value),
        _ => false,
    };
    let declarations = declarations.map(|(name, value)| (name.trim(), value.trim()));
    declarations.filter(other).map(|(name, value)| format!("{name}: {value}")).collect()
}

#[test]
fn text_has_few_sizes_and_weights() {
    assert_eq!(other_text("a { font-size: 0.9em; b { font-weight: 650 } font: bold 1rem x; color: red }").len(), 3);
    let mut wrong = Vec::new();
    for path in files("styles", "css") {
        let text = without_comments(&fs::read_to_string(&path).expect("UTF-8"));
        // The page's own font, and paper.
        let text = text.replace("font: 87.5%/1.45 var(--sans);", "");
        if !path.ends_with("print.css") {
            wrong.extend(other_text(&text).into_iter().map(|text| format!("{}: {text}", path.display())));
        }
    }
    none("each is a font more to load before anything is shown (styles/tokens.css)", wrong);
}

#[test]
fn drawings_use_the_colours_of_the_tokens() {
    let Ok(tokens) = fs::read_to_string(root().join("styles/tokens.css")) else { return };
    // `#fff` and `#ffffff` are one colour.
    let long = |colour: &str| match colour.strip_prefix('#') {
        Some(digits) if digits.len() == 3 => format!("#{}", digits.chars().flat_map(|c| [c, c]).collect::<String>()),
        _ => colour.to_owned(),
    };
    let tokens: BTreeSet<String> = colours(&tokens).iter().map(|colour| long(colour)).collect();
    let mut wrong = Vec::new();
    for source in page() {
        for colour in source.literals.iter().filter(|literal| !colours(&format!("a:{literal}")).is_empty()) {
            if !tokens.contains(&long(colour)) {
                wrong.push(format!("{}: {colour}", source.path));
            }
        }
    }
    none("a colour that no token has", wrong);
}
