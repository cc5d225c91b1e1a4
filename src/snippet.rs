//! The text people copy: header, notes, file name and counts, once for all dialects. Adds nothing to what a dialect prints
//! but comment lines.

use crate::count::counted;
use crate::dialect::{Dialect, Text, plain, plan};
use crate::net::{Addresses, Direction, Policy};
use crate::order::Map;
use crate::readback::{Asked, Task};
use crate::rule::Ruleset;

/// What a header says besides the rules.
pub struct Context<'a> {
    /// The product, from the catalog.
    pub product: &'a str,
    /// Its release.
    pub release: &'a str,
    /// The catalog's version.
    pub catalog: &'a str,
    /// The fragment of the link that shows the same deployment, with its `#`; left out of the header if it is long.
    pub fragment: &'a str,
}

/// A text in one dialect for one enforcement point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// The text; lines end in a line feed.
    pub text: String,
    /// The same for a file: the dialect's line ends.
    pub file: String,
    /// A name for that file.
    pub file_name: String,
    /// What the dialect cannot say, or changed: above the text and in it.
    pub notes: Vec<String>,
    /// Flows that the rules are for.
    pub flows: usize,
    /// Rules printed.
    pub written: usize,
    /// Rules held back, with why. The text refuses to run while there are any.
    pub held: Vec<String>,
}

/// A link longer than this many characters is not repeated in the header.
const LONGEST_LINK: usize = 300;
/// Addresses named in the header.
const MOST_ADDRESSES: usize = 6;

/// Prints the rules of some directions.
pub fn snippet(
    dialect: &Dialect,
    ruleset: &Ruleset,
    directions: &[Direction],
    text: Text,
    settings: &Map<String, String>,
    context: &Context,
) -> Snippet {
    let mut plan = plan(dialect, ruleset, directions, settings);
    let (written, held) = (plan.rules.len(), plan.held.len());
    let flows = written + held;
    let mut header = vec![
        format!("Portcullis - {} {} - catalog {} - {}", context.product, context.release, context.catalog, text.name()),
        format!("For {}{}: {}", ruleset.name, places(&ruleset.addresses), directions_words(directions)),
    ];
    if text.has_rules() {
        header.push(format!("{}: {written} written, {held} held back", counted(flows, "flow")));
    }
    header.push(dialect.how.to_owned());
    if matches!(text, Text::Apply | Text::Guarded) {
        header.push(dialect.lasts.to_owned());
        header.extend(directions.iter().map(|direction| (dialect.assumes)(ruleset.policy, *direction).to_owned()));
    }
    if matches!(text, Text::Apply | Text::Try) {
        header.extend(no_way_back(dialect, ruleset.policy, directions));
    }
    header.extend(plan.notes.iter().map(|note| format!("Note: {note}")));
    for held in &plan.held {
        let rule = held.rule;
        let (from, to) = (&rule.source.name, &rule.destination.name);
        let (protocol, ports, key) = (rule.protocol, rule.ports, &rule.key);
        header.push(format!("Held back: {from} to {to}, {protocol} {ports}: {} ({key})", held.why));
    }
    plan.header = header.iter().map(|line| plain(line)).collect();
    if !context.fragment.is_empty()
        && context.fragment.len() <= LONGEST_LINK
        && context.fragment.chars().all(safe_in_comment)
    {
        plan.header.push(format!("Same page: {}", context.fragment));
    }
    let text = (dialect.print)(&plan, text);
    Snippet {
        file: text.replace('\n', dialect.line_end),
        text,
        file_name: file_name(context.product, &ruleset.name, dialect.extension),
        notes: plan.notes,
        flows,
        written,
        held: plan.held.into_iter().map(|held| held.why).collect(),
    }
}

/// What a text must say, for whoever reads it back.
pub fn asked<'a>(
    dialect: &Dialect,
    kind: Text,
    ruleset: &'a Ruleset,
    directions: &'a [Direction],
    settings: &Map<String, String>,
) -> Asked<'a> {
    let task = match kind {
        Text::TakeOut => Task::Removes,
        Text::Keep if dialect.stores => Task::Looks,
        _ => Task::Opens,
    };
    Asked { dialect: dialect.id, kind: kind.name(), task, ruleset, directions, refers: dialect.by_groups(settings) }
}

/// What a line of a text is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The line, without its end.
    pub text: &'a str,
    /// The key of the flow that it belongs to, if it belongs to one.
    pub flow: Option<&'a str>,
    /// True if it tells the reader something and the machine nothing.
    pub comment: bool,
    /// True if it says what is held back.
    pub held: bool,
}

/// The lines of a text, each with its flow. Every dialect writes the key beside its rules: in the line of the rule, in the
/// comment above it, or in the first line of a longer entry, whose other lines are indented more.
pub fn lines(text: &str) -> Vec<Line<'_>> {
    let mut lines: Vec<Line> = Vec::new();
    // The entry that a line may go on with: its flow, its indentation, and whether a comment began it.
    let mut entry: Option<(&str, usize, bool)> = None;
    for text in text.lines() {
        let trimmed = text.trim_start();
        let indent = text.len() - trimmed.len();
        let comment = trimmed.starts_with('#') || trimmed.starts_with("@rem") || trimmed.starts_with("//");
        let held = trimmed.contains("Held back: ") || trimmed.starts_with("stop 'Fill");
        let own = flow_key(text);
        let goes_on = |(_, began, by_comment): &(&str, usize, bool)| {
            indent > *began || *by_comment && indent == *began && trimmed.starts_with(['<', '\'', '"'])
        };
        entry = match own {
            Some(key) => Some((key, indent, comment)),
            None => entry.filter(goes_on),
        };
        if let (Some(key), Some(above)) = (own, lines.last_mut())
            && above.comment
            && above.flow.is_none()
            && !above.held
            && !comment
        {
            above.flow = Some(key);
        }
        lines.push(Line { text, flow: entry.map(|(key, ..)| key), comment, held });
    }
    lines
}

/// The first key of a flow in a line: `g4-g3-tcp-9443`, between characters that cannot belong to it.
fn flow_key(line: &str) -> Option<&str> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let key = |text: &str| -> Option<usize> {
        let mut end = 0;
        for sign in ["g", "-g", "-"] {
            end += text.get(end..)?.strip_prefix(sign).map(|_| sign.len())?;
            end += match sign {
                "-" => {
                    text.get(end..).filter(|rest| rest.starts_with("tcp-") || rest.starts_with("udp-")).map(|_| 4)?
                }
                _ => 0,
            };
            end += Some(digits(text.get(end..)?)).filter(|digits| *digits > 0)?;
        }
        let range = text.get(end..)?.strip_prefix('-').map_or(0, digits);
        Some(if range > 0 { end + 1 + range } else { end })
    };
    let word = |c: char| c.is_ascii_alphanumeric();
    line.match_indices('g').find_map(|(at, _)| {
        let end = at + key(line.get(at..)?)?;
        let apart = !line.get(..at)?.ends_with(word) && !line.get(end..)?.starts_with(word);
        if apart { line.get(at..end) } else { None }
    })
}

/// Characters of a link that mean nothing inside a comment line of any dialect.
const fn safe_in_comment(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '#' | '.' | '-' | '_' | '~' | ',' | ':' | '=' | ';' | '+' | '?')
}

/// A line where a whole policy does not take itself back unless somebody confirms it.
fn no_way_back(dialect: &Dialect, policy: Policy, directions: &[Direction]) -> Option<String> {
    let shuts = policy == Policy::WholeHost && directions.contains(&Direction::Ingress);
    (shuts && dialect.texts(policy).all(|text| text != Text::Guarded)).then(|| {
        "Note: This firewall has no text that rolls back by itself. The whole policy overrules every other rule that lets somebody in, remote access too: have another way to this machine, such as its console, before you apply it.".to_owned()
    })
}

fn places(addresses: &Addresses) -> String {
    match addresses.list() {
        [] => String::new(),
        list if list.len() <= MOST_ADDRESSES => format!(" ({addresses})"),
        list => format!(" ({} addresses)", list.len()),
    }
}

fn directions_words(directions: &[Direction]) -> &'static str {
    match directions {
        [Direction::Ingress] => "ingress only",
        [Direction::Egress] => "egress only",
        _ => "ingress and egress",
    }
}

/// What a file about a part of the product is called: letters, digits and hyphens, whatever its name.
pub fn file_name(product: &str, name: &str, extension: &str) -> String {
    let mut stem = String::new();
    for c in format!("{product} {name}").chars() {
        match c {
            c if c.is_ascii_alphanumeric() => stem.push(c.to_ascii_lowercase()),
            _ if stem.ends_with('-') => {}
            _ => stem.push('-'),
        }
    }
    let stem: String = stem.trim_matches('-').chars().take(80).collect();
    format!("{}.{extension}", stem.trim_end_matches('-'))
}
