//! The flow table as it leaves the page: plain rows, and one printer for each form (HTML, TSV, CSV, Markdown). Never writes an
//! end without addresses as empty, nor a cell that a spreadsheet would run; never touches the clipboard.
//!
//! HTML and TSV are two forms of one copied table: a word processor takes the first, a spreadsheet either. So what a
//! spreadsheet would run or change (see `guarded`) is defused in both, and in CSV; each other danger belongs to one
//! language, and to its one escaping function.

mod compared;
mod mediawiki;

pub use compared::compared;
pub use mediawiki::mediawiki;

use crate::catalog::{Catalog, Confidence};
use crate::deployment::{Deployment, GroupId};
use crate::diagram::svg;
use crate::flow::Flow;
use crate::net::Addresses;

/// The rows, and what they are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What a file of it is called, in words.
    pub name: String,
    /// Product, release and catalog, and how it is to be read. The line above the table; in a file for spreadsheets the last one.
    pub title: String,
    /// The headings of the columns.
    pub head: Vec<&'static str>,
    /// One row for each flow, in their order; each with a cell for each heading.
    pub rows: Vec<Vec<Cell>>,
}

/// How the rows are meant.
pub const READING: &str =
    "“From” opens the connection, “To” accepts it; replies are implied, and need no row of their own.";

/// The headings of a table of all groups.
const HEAD: [&str; 10] = [
    "From",
    "From addresses",
    "To",
    "To addresses",
    "Protocol",
    "Ports",
    "Encryption",
    "Purpose",
    "Confidence",
    "Sources",
];

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Words; perhaps the user's.
    Words(String),
    /// Addresses: letters, digits and signs that no language here gives a meaning to, except a few that read `:100:` as a
    /// picture.
    Addresses(String),
    /// Documents, and in what some of them disagree.
    Documents(Vec<Document>, Vec<&'static str>),
}

/// A document that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its title.
    pub title: &'static str,
    /// The release it is about.
    pub release: &'static str,
    /// Where it can be read.
    pub url: &'static str,
}

/// True if the flow belongs in a table of that group, or of all.
pub fn has(only: Option<GroupId>, flow: &Flow) -> bool {
    only.is_none_or(|group| flow.initiator == group || flow.responder == group)
}

/// What the table is about, in words.
pub fn title(catalog: &Catalog, deployment: &Deployment, only: Option<GroupId>) -> String {
    let (product, release, version) = (catalog.product, deployment.release, catalog.version);
    format!("{product} {release}: allowed flows{} (catalog {version})", of(deployment, only))
}

/// ` of ` a group, if only one is meant.
fn of(deployment: &Deployment, only: Option<GroupId>) -> String {
    let group = only.and_then(|group| deployment.group(group));
    group.map(|group| [" of ", &group.name].concat()).unwrap_or_default()
}

/// The table of all flows; or of those of one group, with a column that says which way they go as seen from it.
pub fn table(catalog: &Catalog, deployment: &Deployment, flows: &[Flow], only: Option<GroupId>) -> Table {
    let mut head = HEAD.to_vec();
    if only.is_some() {
        head.insert(0, "Way");
    }
    let mut rows = Vec::new();
    for flow in flows {
        if has(only, flow) {
            rows.push(row(catalog, deployment, flow, only));
        }
    }
    Table {
        name: [catalog.product, " flows", &of(deployment, only)].concat(),
        title: [&title(catalog, deployment, only), ". ", READING].concat(),
        head,
        rows,
    }
}

fn row(catalog: &Catalog, deployment: &Deployment, flow: &Flow, only: Option<GroupId>) -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut words = |text: &str| cells.push(Cell::Words(text.to_owned()));
    if only.is_some() {
        words(match () {
            () if flow.initiator == flow.responder => "in and out",
            () if only == Some(flow.responder) => "in",
            () => "out",
        });
    }
    // What the other end sees: a group may connect from other addresses than it listens on.
    for (id, opens) in [(flow.initiator, true), (flow.responder, false)] {
        let group = deployment.group(id);
        let mut words = |text: &str| cells.push(Cell::Words(text.to_owned()));
        words(group.map_or("", |group| &group.name));
        match group.map(|group| if opens { group.connects_from() } else { &group.listens }) {
            None | Some(Addresses::Missing) => words("address missing"),
            Some(known) => cells.push(Cell::Addresses(known.to_string())),
        }
    }
    let mut confidence = None;
    let mut disagreements: Vec<&str> = Vec::new();
    let mut documents: Vec<Document> = Vec::new();
    for reason in &flow.reasons {
        if reason.dependency.is_some() && confidence.is_none_or(|lowest| reason.confidence < lowest) {
            confidence = Some(reason.confidence);
        }
        for row in reason.disagreements.iter().filter_map(|id| catalog.disagreement(id)) {
            if !disagreements.contains(&row.text) {
                disagreements.push(row.text);
            }
        }
        for source in reason.sources.iter().filter_map(|id| catalog.source(id)) {
            let document = Document { title: source.title, release: source.release, url: source.url };
            if !documents.contains(&document) {
                documents.push(document);
            }
        }
    }
    let mut words = |text: &str| cells.push(Cell::Words(text.to_owned()));
    words(&flow.protocol.to_string());
    words(&flow.ports.to_string());
    words(flow.encryption().name());
    words(&flow.why());
    let disputed = if disagreements.is_empty() { "" } else { " (documents disagree)" };
    words(&[confidence.map_or("your own flow", Confidence::name), disputed].concat());
    cells.push(Cell::Documents(documents, disagreements));
    cells
}

/// Every document of a table, once.
pub fn documents(table: &Table) -> Vec<Document> {
    let mut found = Vec::new();
    for cell in table.rows.iter().flatten() {
        if let Cell::Documents(documents, _) = cell {
            for document in documents {
                if !found.contains(document) {
                    found.push(*document);
                }
            }
        }
    }
    found
}

/// For word processors, mail, wikis and spreadsheets: the title, and a table of plain elements.
pub fn html(table: &Table) -> String {
    ["<p>", &escaped_html(&table.title), "</p>", &grid(table)].concat()
}

/// The table alone, as HTML. Cells have no line breaks: a spreadsheet makes rows of them.
pub fn grid(table: &Table) -> String {
    let mut out = String::from("<table border=\"1\"><thead><tr>");
    for name in &table.head {
        put(&mut out, &["<th>", name, "</th>"]);
    }
    out.push_str("</tr></thead><tbody>");
    for row in &table.rows {
        out.push_str("<tr>");
        for cell in row {
            out.push_str("<td>");
            match cell {
                Cell::Words(text) | Cell::Addresses(text) => out.push_str(&escaped_html(text)),
                Cell::Documents(documents, disagreements) => {
                    join(&mut out, documents, &|out, document| {
                        let (url, title) = (svg::escape(document.url), escaped_html(document.title));
                        put(out, &["<a href=\"", &url, "\">", &title, " (", document.release, ")</a>"]);
                    });
                    disagree(&mut out, disagreements, escaped_html);
                }
            }
            out.push_str("</td>");
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table>");
    out
}

/// Lines of cells with tabs between: the plain twin of the HTML.
pub fn tsv(table: &Table) -> String {
    let mut out = guarded(&table.title) + "\n";
    out.push_str(&table.head.join("\t"));
    for row in &table.rows {
        out.push('\n');
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                out.push('\t');
            }
            let cell = guarded(&plain(cell));
            // A spreadsheet takes what stands in quotes for one cell, whatever it holds.
            if cell.starts_with('"') {
                out.push('\'');
            }
            out.push_str(&cell);
        }
    }
    out.push('\n');
    out
}

/// A file for spreadsheets, RFC 4180: every cell in quotes, every line as many cells. It begins with the mark by which a
/// spreadsheet knows UTF-8, and the headings: what stands first is taken for them. The title is last; its other cells are
/// empty.
pub fn csv(table: &Table) -> String {
    let mut out = String::from("\u{feff}");
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        for (at, cell) in cells.enumerate() {
            put(&mut out, &[if at > 0 { ",\"" } else { "\"" }, &guarded(&cell).replace('"', "\"\""), "\""]);
        }
        out.push_str("\r\n");
    };
    line(&mut table.head.iter().map(|name| (*name).to_owned()));
    for row in &table.rows {
        line(&mut row.iter().map(plain));
    }
    line(&mut table.head.iter().enumerate().map(|(at, _)| if at > 0 { String::new() } else { table.title.clone() }));
    out
}

/// A table as GitHub, GitLab and most wikis read it.
pub fn markdown(table: &Table) -> String {
    let mut out = escaped_markdown(&table.title) + "\n\n|";
    for name in &table.head {
        put(&mut out, &[" ", name, " |"]);
    }
    out.push_str("\n|");
    for _ in &table.head {
        out.push_str(" --- |");
    }
    for row in &table.rows {
        out.push_str("\n|");
        for cell in row {
            out.push(' ');
            match cell {
                Cell::Words(text) => out.push_str(&escaped_markdown(text)),
                Cell::Addresses(text) => put(&mut out, &["`", text, "`"]),
                Cell::Documents(documents, disagreements) => {
                    join(&mut out, documents, &|out, document| {
                        let title = escaped_markdown(document.title);
                        put(out, &["[", &title, " (", document.release, ")](<", document.url, ">)"]);
                    });
                    disagree(&mut out, disagreements, escaped_markdown);
                }
            }
            out.push_str(" |");
        }
    }
    out.push('\n');
    out
}

fn put(out: &mut String, pieces: &[&str]) {
    for piece in pieces {
        out.push_str(piece);
    }
}

fn join(out: &mut String, documents: &[Document], one: &dyn Fn(&mut String, &Document)) {
    for (at, document) in documents.iter().enumerate() {
        if at > 0 {
            out.push_str("; ");
        }
        one(out, document);
    }
}

fn disagree(out: &mut String, disagreements: &[&str], escaped: fn(&str) -> String) {
    for text in disagreements {
        out.push_str(&escaped(&["; Documents disagree: ", text].concat()));
    }
}

/// A cell where there are no links.
fn plain(cell: &Cell) -> String {
    match cell {
        Cell::Words(text) | Cell::Addresses(text) => text.clone(),
        Cell::Documents(documents, disagreements) => {
            let mut out = String::new();
            join(&mut out, documents, &|out, document| {
                put(out, &[document.title, " (", document.release, ") ", document.url])
            });
            disagree(&mut out, disagreements, line);
            out
        }
    }
}

/// One line: every kind of blank is a space, none at the ends; what no picture shows is dropped here too.
fn line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    text.chars().filter(|c| !svg::dropped(*c)).collect::<String>().trim().to_owned()
}

/// One line that a spreadsheet takes for text, whatever it says. What would begin a formula gets an apostrophe before it: at
/// the beginning, and behind a sign at which some spreadsheets would split the cell. So does what would be read as a date or
/// as another number; a plain number stays one.
fn guarded(text: &str) -> String {
    let text = line(text);
    let mut out = String::with_capacity(text.len() + 1);
    let mut begins = !is_value(&text);
    if !begins {
        out.push('\'');
    }
    for c in text.chars() {
        match c {
            // The wide forms are formulas where people write with them.
            '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' if begins => {
                out.push('\'');
                begins = false;
            }
            ',' | ';' | '|' => begins = true,
            // Neither blanks nor what cannot be seen nor quotes hide a formula.
            ' ' | '"' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {}
            _ => begins = false,
        }
        out.push(c);
    }
    out
}

/// True for what a spreadsheet would take for a date, a time, or a number that it writes in another way: `1-2`, `3/4/26`,
/// `mar1`, `1e5`, `007`, and an address that looks like a number with points between its thousands. Not for plain numbers,
/// other addresses, and ranges of ports.
fn is_value(text: &str) -> bool {
    const MONTHS: &str = "january february march april may june july august september october november december";
    let (mut numbers, mut word, mut signs) = (Vec::new(), String::new(), String::new());
    let mut was_digit = false;
    for c in text.chars() {
        match c {
            '0'..='9' if was_digit => numbers.last_mut().into_iter().for_each(|number: &mut String| number.push(c)),
            '0'..='9' => numbers.push(String::from(c)),
            '-' | '/' | '.' | ':' | ',' | ' ' => signs.push(c),
            c if c.is_ascii_alphabetic() => word.push(c.to_ascii_lowercase()),
            _ => return false,
        }
        was_digit = c.is_ascii_digit();
    }
    if !word.is_empty() {
        let month = word.len() > 2 && MONTHS.split(' ').any(|month| month.starts_with(&word));
        let digit_first = text.starts_with(|c: char| c.is_ascii_digit());
        return !numbers.is_empty() && (month || digit_first && matches!(word.as_str(), "e" | "am" | "pm"));
    }
    let above = numbers.iter().filter(|number| number.parse().is_ok_and(|number: u16| number > 31)).count();
    match numbers.as_slice() {
        [] => false,
        [number] => number.len() > 15 || number.len() > 1 && number.starts_with('0') || !signs.is_empty(),
        [_, _] | [_, _, _] => signs != "-" || above < 2,
        [_, rest @ ..] if signs == "..." => rest.iter().all(|number| number.len() == 3),
        // A date and a time. A list has commas.
        _ => signs.contains(' ') && !signs.contains(','),
    }
}

/// HTML text: of the spreadsheet's dangers none, and no markup.
fn escaped_html(text: &str) -> String {
    svg::escape(&guarded(text))
}

/// Markdown text on one line: nothing in it is markup, ends a cell, or becomes a link.
fn escaped_markdown(text: &str) -> String {
    let text = line(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let link = c == '.' && out.ends_with("www") || c == ':' && rest.peek() != Some(&' ');
        if link || "\\`*_[]<>|~&#!${}@^=".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
