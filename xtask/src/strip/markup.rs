//! Takes out of the markup that the build has drawn what only code could use, and what is folded away: until the page has
//! started it is looked at, not worked with. Knows those who write it, Yew and our own diagram and table: every value stands in
//! double quotes, and every `<` begins a tag.

/// Of no use to anybody until the page has started.
const IDLE: [&str; 6] = ["aria-controls", "autocapitalize", "autocomplete", "data-flow", "spellcheck", "title"];

/// The markup, shorter; `None` if it is not what is expected here.
pub fn markup(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Whether each of the details around this place is open.
    let mut details: Vec<bool> = Vec::new();
    // How many there were around the summary whose end is behind us, if what follows is folded away.
    let mut folded: Option<usize> = None;
    while let Some((before, tagged)) = rest.split_once('<') {
        let (inside, after) = tagged.split_at(end(tagged)?);
        let after = &after[1..];
        if folded.is_none() {
            out.push_str(before);
        }
        let name = inside.split([' ', '/']).next()?;
        if name == "details" {
            details.push(inside.ends_with(" open") || inside.contains(" open="));
        }
        if inside == "/details" {
            if folded == Some(details.len()) {
                folded = None;
            }
            details.pop()?;
        }
        if folded.is_none() {
            tag(&mut out, inside)?;
        }
        if inside == "/summary" && details.last() == Some(&false) && folded.is_none() {
            folded = Some(details.len());
        }
        rest = after;
    }
    out.push_str(rest);
    (details.is_empty() && folded.is_none()).then_some(out)
}

/// Where a tag ends: not within a value.
fn end(tagged: &str) -> Option<usize> {
    let mut quoted = false;
    tagged.find(|sign| {
        quoted ^= sign == '"';
        sign == '>' && !quoted
    })
}

/// One tag, by what stands between `<` and `>`.
fn tag(out: &mut String, inside: &str) -> Option<()> {
    let (inside, closed) = match inside.strip_suffix('/') {
        Some(inside) => (inside, true),
        None => (inside, false),
    };
    let (name, mut rest) = inside.split_at(inside.find(' ').unwrap_or(inside.len()));
    out.push('<');
    out.push_str(name);
    let mut bare = false;
    while let Some(attribute) = Some(rest.trim_start()).filter(|rest| !rest.is_empty()) {
        let end = attribute.find(['=', ' ']).unwrap_or(attribute.len());
        let (name, value) = attribute.split_at(end);
        let (value, after) = match value.strip_prefix('=') {
            Some(quoted) => quoted.strip_prefix('"')?.split_once('"').map(|(value, after)| (Some(value), after))?,
            None => (None, value),
        };
        rest = after;
        if IDLE.contains(&name) {
            continue;
        }
        out.push(' ');
        out.push_str(name);
        // The value of a flag is its name.
        let value = value.filter(|value| !value.is_empty() && *value != name);
        bare = value
            .is_none_or(|value| value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:#%".contains(&byte)));
        match value {
            Some(value) if bare => out.push_str(&["=", value].concat()),
            Some(value) => out.push_str(&["=\"", value, "\""].concat()),
            None => {}
        }
    }
    if closed {
        // Else the slash would belong to the value.
        out.push_str(if bare { " /" } else { "/" });
    }
    out.push('>');
    Some(())
}
