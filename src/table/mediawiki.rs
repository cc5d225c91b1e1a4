//! Prints a table as the wikitext of MediaWiki. No text of the user's but between tags that take its meaning away.

use super::{Cell, Table, disagree, join, line, put};
use crate::diagram::svg;

/// A table as MediaWiki reads it.
pub fn mediawiki(table: &Table) -> String {
    let mut out =
        ["{| class=\"wikitable\"\n|+ ", &meaningless(&table.title), "\n! ", &table.head.join(" !! ")].concat();
    for row in &table.rows {
        out.push_str("\n|-");
        for cell in row {
            out.push_str("\n| ");
            match cell {
                Cell::Words(text) | Cell::Addresses(text) => out.push_str(&meaningless(text)),
                Cell::Documents(documents, disagreements) => {
                    join(&mut out, documents, &|out, document| {
                        let title = meaningless(&[document.title, " (", document.release, ")"].concat());
                        put(out, &["[", document.url, " ", &title, "]"]);
                    });
                    disagree(&mut out, disagreements, meaningless);
                }
            }
        }
    }
    out.push_str("\n|}\n");
    out
}

/// Text on one line that is no markup, no template and no link.
fn meaningless(text: &str) -> String {
    ["<nowiki>", &svg::escape(&line(text)), "</nowiki>"].concat()
}
