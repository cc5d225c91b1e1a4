//! How much room a text takes, a little too generous for every common font, and what is left of one that has too little.

use super::{LINE, Label, Point, Rect, Words};

/// A text at a place, cut to a width.
pub(super) fn label(words: Words, text: &str, at: Point, most: i32) -> Label {
    let mut text: String = text.chars().filter(|c| !c.is_control()).collect();
    if measure(words, &text) > most {
        let room = most - measure(words, "…");
        let mut used = 0;
        let fits = |c: &char| {
            used += advance(words, *c);
            used <= room * 10
        };
        text = text.chars().take_while(fits).collect();
        text.push('…');
    }
    let rect = Rect { x: at.x, y: at.y, width: measure(words, &text), height: LINE };
    Label { words, text, rect, at_end: false }
}

/// The width of a text.
pub(in crate::diagram) fn measure(words: Words, text: &str) -> i32 {
    (text.chars().map(|c| advance(words, c)).sum::<i32>() + 9) / 10
}

/// The width of a character in tenths: that of the widest common font.
fn advance(words: Words, c: char) -> i32 {
    let wide = c >= '\u{1100}' && !('\u{2000}'..'\u{2200}').contains(&c);
    let size = match words {
        Words::Address | Words::Missing => return if wide { 130 } else { 64 },
        Words::Port => return if wide { 140 } else { 67 },
        Words::Name => 10,
        Words::Zone => 9,
        Words::Count | Words::Role | Words::Legend => 8,
    };
    let capitals = words == Words::Zone;
    size * match c {
        _ if wide => 17,
        'a'..='z' if capitals => 11,
        ' ' | '!' | '\'' | '(' | ')' | ',' | '-' | '.' | ':' | ';' | 'I' | '|' | 'f' | 'i' | 'j' | 'l' | 'r' | 't' => 6,
        '%' | '@' | 'M' | 'W' | 'm' | 'w' | '…' | '\u{300}'.. => 14,
        'a'..='z' => 9,
        _ => 11,
    }
}
