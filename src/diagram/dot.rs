//! Prints a picture as a graph for Graphviz: zones, groups and arrows, not their places. No text of the user's but through one
//! escaping function.

use super::{Diagram, svg};
use crate::catalog::Encryption;

/// About how many bytes of words a line of a comment has.
const LINE: usize = 100;
/// Characters of a text between quotation marks: Graphviz takes less than 16 KB, and escaped one may have six bytes.
const MOST: usize = 2000;

/// The graph, in the language DOT.
pub fn dot(diagram: &Diagram) -> String {
    let mut out = comment(&svg::escape(&diagram.description)) + "digraph {\n";
    out += "  graph [rankdir=LR, fontname=\"Helvetica,Arial,sans-serif\", labelloc=t, label=\"";
    out += &[&quoted(&diagram.title), "\", tooltip=\"", &quoted(&diagram.description), "\"];\n"].concat();
    for what in ["node [shape=box, style=rounded", "edge [fontsize=11"] {
        out += &["  ", what, ", fontname=\"Helvetica,Arial,sans-serif\"];\n"].concat();
    }
    for zone in &diagram.zones {
        out += &["  subgraph cluster_", zone.zone, " {\n    label=\"", &quoted(&zone.label.text), "\";\n"].concat();
        for group in diagram.within(zone) {
            let lines: Vec<String> = group.lines().into_iter().map(quoted).collect();
            let id = group.id();
            out += &format!("    {id} [label=\"{}\"];\n", lines.join("\\n"));
        }
        out += "  }\n";
    }
    for arrow in &diagram.arrows {
        let style = match arrow.encryption {
            Encryption::Tls => "solid",
            Encryption::Optional => "dashed",
            Encryption::Clear => "bold",
        };
        let (from, to) = (arrow.initiator.0, arrow.responder.0);
        let (says, title) = (quoted(&arrow.says()), quoted(&arrow.title));
        out += &format!("  g{from} -> g{to} [label=\"{says}\", style={style}, tooltip=\"{title}\"];\n");
    }
    out + "}\n"
}

/// The whole of a text, before the graph. In short lines: Graphviz gives up, in silence, where one has 16 KB.
fn comment(text: &str) -> String {
    let (mut out, mut long) = ("//".to_owned(), 0);
    for word in text.split_whitespace() {
        if long > LINE {
            (out, long) = (out + "\n//", 0);
        }
        long += word.len();
        out += " ";
        out += word;
    }
    out + "\n"
}

/// Text between quotation marks, cut where it is too long for Graphviz. That reads the names of signs in it, as in HTML, and what
/// follows a backslash.
fn quoted(text: &str) -> String {
    let cut = text.char_indices().nth(MOST).map_or(text.len(), |(at, _)| at);
    let rest = if cut < text.len() { "…" } else { "" };
    svg::escape(&text[..cut]).replace('\\', "\\\\").replace('\n', "\\n") + rest
}
