//! Finds addresses and numbers in a line of any language, by their looks. Knows no dialect.

use std::ops::Range;

use crate::allowed::{Span, ports, span};

/// Where the words of a line stand: letters, digits and what may stand within an address, a range or a key.
pub fn words(line: &str) -> Vec<Range<usize>> {
    let inner = |c: char| c.is_ascii_alphanumeric() || ".:/-_".contains(c);
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, c) in line.char_indices().filter(|(_, c)| inner(*c)) {
        match found.last_mut().filter(|word| word.end == at) {
            Some(word) => word.end = at + c.len_utf8(),
            None => found.push(at..at + c.len_utf8()),
        }
    }
    found
}

/// The addresses of a line; a host may be written with its length.
pub fn addresses(line: &str) -> Vec<(Range<usize>, Span)> {
    let known = |word: Range<usize>| {
        let text = &line[word.clone()];
        let host = text.strip_suffix("/32").filter(|host| host.contains('.')).or(text.strip_suffix("/128"));
        span(host.unwrap_or(text)).map(|span| (word, span))
    };
    words(line).into_iter().filter_map(known).collect()
}

/// The ports of a line that stand alone; a range with a hyphen or a colon.
pub fn numbers(line: &str) -> Vec<(Range<usize>, (u16, u16))> {
    let known = |word: Range<usize>| ports(&line[word.clone()].replace(':', "-")).map(|range| (word, range));
    words(line).into_iter().filter_map(known).collect()
}

#[test]
fn words_are_found_whatever_stands_around_them() {
    let line = "-s 192.0.2.1/32,2001:db8::/32 --dports 443,9600:9610 remoteip=192.0.2.9-192.0.2.10 'g1-g3-tcp-443'";
    let texts = |ranges: Vec<Range<usize>>| ranges.into_iter().map(|word| &line[word]).collect::<Vec<_>>();
    let hosts = texts(addresses(line).into_iter().map(|(word, _)| word).collect());
    assert_eq!(hosts, ["192.0.2.1/32", "2001:db8::/32", "192.0.2.9-192.0.2.10"]);
    assert_eq!(texts(numbers(line).into_iter().map(|(word, _)| word).collect()), ["443", "9600:9610"]);
}
