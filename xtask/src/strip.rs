//! Takes comments and indentation out of CSS and JavaScript. Never parses either: it only removes what cannot matter, and
//! leaves a text alone where it is not sure.

#[cfg(test)]
mod tests;

/// CSS without comments, indentation and empty lines. Strings are kept as they are.
pub fn css(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let len = match next {
            '"' | '\'' => {
                let len = string_len(rest, next);
                out.push_str(&rest[..len]);
                len
            }
            '/' if rest.starts_with("/*") => {
                let len = rest.find("*/").map_or(rest.len(), |end| end + 2);
                // A comment also separates: `a/* */b` is not `ab`.
                let joins = !out.ends_with(char::is_whitespace) && !rest[len..].starts_with(char::is_whitespace);
                if joins && !out.is_empty() && len < rest.len() {
                    out.push_str("/**/");
                }
                len
            }
            '\n' => {
                out.truncate(out.trim_end().len());
                if !out.is_empty() {
                    out.push('\n');
                }
                rest.len() - rest.trim_start().len()
            }
            other => {
                // A line whose start was a comment.
                if !(other == ' ' && (out.is_empty() || out.ends_with('\n'))) {
                    out.push(other);
                }
                other.len_utf8()
            }
        };
        rest = &rest[len..];
    }
    out
}

/// The length of the CSS string at the start of `text`, quotes included.
fn string_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if char == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// JavaScript without indentation, empty lines, and comments that stand on lines of their own. Line ends stay, since they
/// end statements. A text with a template string over several lines is returned as it is.
pub fn javascript(text: &str) -> String {
    if text.lines().any(|line| line.matches('`').count() % 2 == 1) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut in_comment = false;
    for line in text.lines().map(str::trim) {
        let starts = line.starts_with("/*");
        // A comment that ends before the end of its line has code after it: such a line is kept, comment and all.
        let ends = line.find("*/").map(|at| at + 2 == line.len());
        match (in_comment || starts, ends) {
            (true, Some(true)) => in_comment = false,
            (true, None) => in_comment = true,
            (false, _) if line.is_empty() || line.starts_with("//") => {}
            _ => {
                // Within a comment the code follows its end, which is then the start of what is kept.
                let code = match in_comment {
                    true => line.split_once("*/").map_or(line, |(_, code)| code),
                    false => line,
                };
                in_comment = false;
                out.push_str(code);
                out.push('\n');
            }
        }
    }
    out
}
