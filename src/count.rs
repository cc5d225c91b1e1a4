//! How many of what, in words. Knows nothing of what it counts.

/// `1 flow`, `2 flows`, `3 addresses`.
pub fn counted(count: usize, what: &str) -> String {
    let plural = match what.ends_with('s') {
        _ if count == 1 => "",
        true => "es",
        false => "s",
    };
    format!("{count} {what}{plural}")
}
