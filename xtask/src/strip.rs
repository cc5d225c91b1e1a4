//! Takes comments and indentation out of CSS and JavaScript, long names out of glue and WebAssembly, what the page never
//! calls out of the glue, and what only code could use out of drawn markup.
//! Never parses any of them: it only removes what cannot matter, and leaves a text alone where it is not sure.

mod markup;
mod names;
#[cfg(test)]
mod tests;

pub use markup::markup;
pub use names::shorten;

/// CSS without comments, and without blanks and line ends that part nothing. Strings are kept as they are.
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
            space if space.is_whitespace() => {
                let len = rest.len() - rest.trim_start().len();
                // Behind these and before a brace it parts nothing; elsewhere it may (`a :hover`, `1px + 2px`).
                let parts = !out.is_empty()
                    && !out.ends_with(['{', '}', ';', ',', ':', ' '])
                    && !rest[len..].starts_with(['{', '}'])
                    && len < rest.len();
                if parts {
                    out.push(' ');
                }
                len
            }
            other => {
                // What ends a block ends its last declaration too; a string would end with its quote.
                if other == '}' && out.ends_with(';') {
                    out.pop();
                }
                out.push(other);
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

/// JavaScript without indentation, empty lines, comments that stand on lines of their own, and blanks that part nothing.
/// Line ends stay where they may end a statement. A text with a template string over several lines is returned as it is.
pub fn javascript(text: &str) -> String {
    if text.lines().any(|line| line.matches('`').count() % 2 == 1) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let (mut in_comment, mut commented) = (false, false);
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
                // Before the end of a block a line end ends a statement that the brace ends too.
                if code.starts_with('}') && out.ends_with('\n') && !commented {
                    out.pop();
                }
                commented = code.contains("//");
                out.push_str(&tight(code));
                // Behind these a line end parts nothing, unless it ends a comment.
                if !code.ends_with([';', '{', ',', '(', '[', '?', ':']) || commented {
                    out.push('\n');
                }
            }
        }
    }
    out
}

/// A line of JavaScript without the blanks that part no two words and no two signs that would read as another (`+ +`). A line
/// with a string, a comment or a regular expression is left alone.
fn tight(line: &str) -> String {
    if line.contains(['"', '\'', '`', '/']) {
        return line.to_owned();
    }
    let is_word = |char: char| char.is_alphanumeric() || char == '_' || char == '$';
    let mut out = String::with_capacity(line.len());
    let mut rest = line.chars().peekable();
    while let Some(char) = rest.next() {
        let (before, after) = (out.chars().next_back(), rest.peek().copied());
        let parts = match (before, after) {
            (Some(before), Some(after)) => {
                is_word(before) && is_word(after) || "+-".contains(before) && before == after
            }
            _ => false,
        };
        if char != ' ' || parts {
            out.push(char);
        }
    }
    out
}

/// The glue of wasm-bindgen with a loader that takes bytes and nothing else: without fetching, streams, a synchronous start,
/// and the script's own address, which it would look for; and with values in messages as JavaScript itself writes them.
/// `None` if the glue is not what the pinned release writes.
pub fn loader(glue: &str) -> Option<String> {
    let (start, rest) = glue.split_once("    let script_src;\n")?;
    let (_, rest) = rest.split_once("    function __wbg_get_imports()")?;
    let (kept, _) = rest.split_once("    async function __wbg_load(")?;
    let kept = match kept.split_once("    function debugString(val) {\n") {
        Some((before, body)) => format!("{before}{DEBUG_STRING}{}", body.split_once("\n    }\n")?.1),
        None => kept.to_owned(),
    };
    kept.contains("function __wbg_finalize_init(instance, module)")
        .then(|| format!("{start}    function __wbg_get_imports(){}{LOADER}", shorter(&kept)))
}

/// What stands in place of wasm-bindgen's. An object may refuse to be written.
const DEBUG_STRING: &str = "    function debugString(val) {
        try {
            return String(val);
        } catch {
            return typeof val;
        }
    }
";

/// The glue without the name that it gives every result before it returns it, and with functions written as methods.
fn shorter(glue: &str) -> String {
    let mut lines = glue.lines().peekable();
    let mut out = String::with_capacity(glue.len());
    while let Some(line) = lines.next() {
        match line.trim_start().strip_prefix("const ret = ") {
            Some(result) if line.ends_with(';') && lines.next_if(|next| next.trim() == "return ret;").is_some() => {
                out.push_str("return ");
                out.push_str(result);
            }
            _ => out.push_str(&line.replacen(": function(", "(", 1)),
        }
        out.push('\n');
    }
    out
}

/// What stands in place of wasm-bindgen's.
const LOADER: &str = "    return async (bytes) => {
        const { instance, module } = await WebAssembly.instantiate(bytes, __wbg_get_imports());
        return __wbg_finalize_init(instance, module);
    };
})({ __proto__: null });
";
