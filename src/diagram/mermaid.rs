//! Prints a picture as a Mermaid flowchart, for wikis and Markdown that draw it themselves: zones, groups and arrows, not their
//! places. No text of the user's but through one escaping function.

use super::{Arrow, Diagram};
use crate::catalog::Encryption;

/// The flowchart. In a file of its own, or between fences in Markdown.
pub fn mermaid(diagram: &Diagram) -> String {
    let mut out = "flowchart LR\n".to_owned();
    for (name, text) in [("accTitle", &diagram.title), ("accDescr", &diagram.description)] {
        out += &["  ", name, ": ", &quoted(text), "\n"].concat();
    }
    if diagram.boxes.is_empty() {
        out += &["  empty[\"", &quoted(&diagram.description), "\"]\n"].concat();
    }
    for zone in &diagram.zones {
        out += &["  subgraph ", zone.zone, "[\"", &quoted(&zone.label.text), "\"]\n"].concat();
        for group in diagram.within(zone) {
            let lines: Vec<String> = group.lines().into_iter().map(quoted).collect();
            out += &["    ", &group.id(), "[\"", &lines.join("<br>"), "\"]\n"].concat();
        }
        out += "  end\n";
    }
    for arrow in &diagram.arrows {
        out += &line(arrow);
    }
    out
}

/// Told apart by its form and, unless it is encrypted, in words.
fn line(arrow: &Arrow) -> String {
    let form = match arrow.encryption {
        Encryption::Tls => "-->",
        Encryption::Optional => "-.->",
        Encryption::Clear => "==>",
    };
    let Arrow { initiator, responder, .. } = arrow;
    format!("  g{} {form}|\"{}\"| g{}\n", initiator.0, quoted(&arrow.says()), responder.0)
}

/// Text that means nothing to Mermaid: what is not a letter, a digit or one of a few signs stands there as its number.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !super::svg::dropped(*c)) {
        if c.is_alphanumeric() || !c.is_ascii() || " .,:()+-/".contains(c) {
            out.push(c);
        } else {
            out += &format!("#{};", u32::from(c));
        }
    }
    out
}
