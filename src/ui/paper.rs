//! What only paper shows: the whole flow table and the findings, whichever tab is open. Made when the page is printed, so
//! that an edit does not pay for it.

use super::state::State;
use crate::diagram::svg::escape;
use crate::table;

/// The element that it goes into.
pub const ID: &str = "paper";

/// Both, as markup.
pub fn paper(state: &State) -> String {
    let table = table::table(&state.catalog, &state.deployment, &state.derived.flows, None);
    let mut out = ["<p>", table::READING, "</p>", &table::grid(&table), "<h2>Findings</h2><ul>"].concat();
    for row in &state.derived.findings {
        let (message, reason) = (escape(&row.message), escape(&row.reason));
        out += &["<li><b>", row.severity.name(), ": ", &message, "</b> ", &reason, "</li>"].concat();
    }
    out + "</ul><h2>Text to copy</h2>"
}
