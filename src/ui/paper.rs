//! What only paper shows: the whole flow table and the findings, whichever tab is open. Made when the page is printed, so
//! that an edit does not pay for it.

use super::state::State;
use crate::browser;
use crate::diagram::svg::escape;
use crate::table;

/// The element that it goes into.
pub const ID: &str = "paper";

/// Both, as markup.
pub fn paper(state: &State) -> String {
    let table = table::table(&state.catalog, &state.deployment, &state.derived.flows, None);
    let mut out = ["<p>", &browser::today(), ". ", table::READING, "</p>", &table::grid(&table)].concat();
    // On paper a link has no address: each document once, with it.
    for document in table::documents(&table) {
        let (title, url) = (escape(document.title), escape(document.url));
        out += &["<p>", &title, " (", document.release, "): ", &url, "</p>"].concat();
    }
    out += "<h2>Findings</h2><ul>";
    for row in &state.derived.findings {
        let (message, reason) = (escape(&row.message), escape(&row.reason));
        out += &["<li><b>", row.severity.name(), ": ", &message, "</b> ", &reason, "</li>"].concat();
    }
    out + "</ul><h2>Text to copy</h2>"
}
