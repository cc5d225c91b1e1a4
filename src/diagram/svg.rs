//! Prints a picture as SVG text. Attributes and classes only, never a style attribute or element (the page's policy forbids
//! them), and no text of the user's but through one escaping function.

use std::fmt::Write;

use super::{Arrow, Change, Diagram, GroupBox, Label, Point, Rect, Words, box_id};
use crate::catalog::Encryption;

/// The colours of a picture that stands alone. Inside the page classes do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Behind everything, and of boxes.
    pub surface: &'static str,
    /// Of zones.
    pub sunken: &'static str,
    /// The edge of zones.
    pub line: &'static str,
    /// The edge of boxes.
    pub edge: &'static str,
    /// Text.
    pub ink: &'static str,
    /// Text that matters less.
    pub soft: &'static str,
    /// Arrows.
    pub arrow: &'static str,
    /// Arrows in clear text.
    pub clear: &'static str,
    /// What is missing.
    pub missing: &'static str,
}

impl Theme {
    /// For light paper.
    pub const LIGHT: Self = Self {
        surface: "#ffffff",
        sunken: "#f8f9fb",
        line: "#dfe3e9",
        edge: "#b7c0cb",
        ink: "#19212b",
        soft: "#566272",
        arrow: "#44525f",
        clear: "#8a5200",
        missing: "#b3261e",
    };
    /// For dark screens.
    pub const DARK: Self = Self {
        surface: "#1c2229",
        sunken: "#171c22",
        line: "#2c353f",
        edge: "#48545f",
        ink: "#e6eaef",
        soft: "#9aa7b6",
        arrow: "#9fb0bf",
        clear: "#e3a94a",
        missing: "#f0857c",
    };
}

const SANS: &str = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
const MONO: &str = "ui-monospace, 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";
/// The length of an arrow head, and half its width.
const HEAD: [i32; 2] = [9, 4];
/// Between a line and the label that interrupts it.
const AIR: i32 = 4;
/// The radius of a bend.
const BEND: i32 = 4;
/// The length of a line in the legend, and its distance from the text.
const SAMPLE: [i32; 2] = [32, 8];

/// For the page: colours and fonts are left to classes.
pub fn inline(diagram: &Diagram) -> String {
    print(diagram, None)
}

/// For a file: colours and fonts are written out.
pub fn standalone(diagram: &Diagram, theme: &Theme) -> String {
    print(diagram, Some(theme))
}

/// Text as XML character data, safe in attributes too: markup is escaped; control characters, those that turn the direction
/// of writing, and what XML cannot hold are dropped.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' => escaped.push('\n'),
            c if dropped(c) => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// What no output shows: control characters, those that turn the direction of writing, and what XML cannot hold.
pub fn dropped(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}') || c.is_control()
}

fn print(diagram: &Diagram, theme: Option<&Theme>) -> String {
    let mut pen = Pen { out: String::new(), theme };
    let Diagram { width, height, .. } = *diagram;
    // In the page the arrows can have the focus, so that the whole is not one image.
    let role = if theme.is_some() { "img" } else { "group" };
    pen.put(format_args!("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"diagram\" role=\"{role}\""));
    pen.add(" aria-labelledby=\"diagram-title\" aria-describedby=\"diagram-desc\"");
    // In the page it may be made smaller, as long as it can be read.
    let fifths = if theme.is_some() { 5 } else { 4 };
    let size = [width, height].map(|length| length * fifths / 5);
    pen.put(format_args!(" viewBox=\"0 0 {width} {height}\" width=\"{}\" height=\"{}\"", size[0], size[1]));
    if theme.is_some() {
        pen.put(format_args!(" font-family=\"{SANS}\""));
    }
    pen.put(format_args!("><title id=\"diagram-title\">{}</title>", escape(&diagram.title)));
    pen.put(format_args!("<desc id=\"diagram-desc\">{}</desc>\n", escape(&diagram.description)));
    if theme.is_some() {
        pen.rect("diagram-paper", Rect { x: 0, y: 0, width, height }, 0);
    }
    for zone in &diagram.zones {
        pen.rect("diagram-zone", zone.rect, 10);
        pen.label(&zone.label, None);
    }
    for group in &diagram.boxes {
        pen.add("<g class=\"diagram-group\"");
        if theme.is_none() {
            pen.handle(group);
        }
        pen.put(format_args!("><title>{}", escape(&group.name)));
        let findings = group.findings.iter().filter(|_| theme.is_none());
        findings.for_each(|(severity, message)| pen.put(format_args!("\n{}: {}", severity.name(), escape(message))));
        pen.add("</title>");
        pen.rect("diagram-box", group.rect, 8);
        group.labels.iter().for_each(|label| pen.label(label, None));
        if theme.is_none() {
            pen.badge(group);
        }
        pen.add("</g>\n");
    }
    for arrow in &diagram.arrows {
        pen.put(format_args!(
            "<g class=\"diagram-arrow {}\" data-flow=\"{}\"",
            class(arrow.encryption),
            escape(&arrow.flows.join(" "))
        ));
        if theme.is_none() {
            pen.add(" role=\"button\" tabindex=\"-1\"");
        }
        pen.add(">");
        pen.put(format_args!("<title>{}</title>", escape(&arrow.title)));
        pen.arrow(arrow);
        pen.add("</g>\n");
    }
    for key in &diagram.legend {
        if let Some(encryption) = key.encryption {
            let Rect { x, y, height, .. } = key.label.rect;
            pen.put(format_args!("<g class=\"diagram-arrow {}\">", class(encryption)));
            pen.line(encryption, "1.5", &format!("M{} {}h{}", x - SAMPLE[0] - SAMPLE[1], y + height / 2, SAMPLE[0]));
            pen.add("</g>");
        }
        pen.label(&key.label, None);
    }
    pen.add("</svg>\n");
    pen.out
}

/// The class of an arrow.
const fn class(encryption: Encryption) -> &'static str {
    match encryption {
        Encryption::Clear => "is-clear",
        Encryption::Optional => "is-optional",
        Encryption::Tls => "is-tls",
    }
}

struct Pen<'a> {
    out: String,
    theme: Option<&'a Theme>,
}

impl Pen<'_> {
    fn add(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn put(&mut self, text: std::fmt::Arguments) {
        // Writing to a string cannot fail.
        let _ = self.out.write_fmt(text);
    }

    /// Colours as attributes, where there is no page to give them.
    fn paint(&mut self, attribute: &str, colour: impl Fn(&Theme) -> &'static str) {
        if let Some(theme) = self.theme {
            self.put(format_args!(" {attribute}=\"{}\"", colour(theme)));
        }
    }

    fn rect(&mut self, class: &str, rect: Rect, radius: i32) {
        let Rect { x, y, width, height } = rect;
        self.put(format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\""
        ));
        let zone = class == "diagram-zone";
        self.paint("fill", |theme| if zone { theme.sunken } else { theme.surface });
        if radius > 0 {
            self.paint("stroke", |theme| if zone { theme.line } else { theme.edge });
        }
        self.add("/>");
    }

    /// What makes a box something that can be pressed.
    fn handle(&mut self, group: &GroupBox) {
        let ids: Vec<String> = group.groups.iter().map(|id| id.0.to_string()).collect();
        let id = group.groups.first().map_or_else(String::new, |id| box_id(*id));
        self.put(format_args!(" id=\"{id}\" data-group=\"{}\"", ids.join(" ")));
        self.add(" role=\"button\" tabindex=\"-1\" aria-pressed=\"false\"");
    }

    /// How many things are wrong with a group, and how bad the worst is, on the upper edge of its box.
    fn badge(&mut self, group: &GroupBox) {
        let Some((worst, _)) = group.findings.first() else { return };
        let (name, sign, count) = (worst.name(), worst.sign(), group.findings.len());
        let (x, y) = (group.rect.right() - 12, group.rect.y + 4);
        self.put(format_args!(
            "<text class=\"diagram-badge is-{name}\" x=\"{x}\" y=\"{y}\" text-anchor=\"end\" font-size=\"11\">{sign} {count}</text>"
        ));
    }

    fn label(&mut self, label: &Label, encryption: Option<Encryption>) {
        let (class, font) = match label.words {
            Words::Zone => ("diagram-zone-name", "11\" letter-spacing=\"0.3"),
            Words::Name => ("diagram-name", "12.5\" font-weight=\"600"),
            Words::Count => ("diagram-count", "11"),
            Words::Address => ("diagram-address", "10.5"),
            Words::Missing => ("diagram-address is-missing", "10.5"),
            Words::Role => ("diagram-role", "11"),
            Words::Port => ("diagram-port", "11\" font-weight=\"600"),
            Words::Legend => ("diagram-key", "11"),
        };
        let mono = matches!(label.words, Words::Address | Words::Missing | Words::Port);
        let (x, end) = if label.at_end { (label.rect.right(), " text-anchor=\"end\"") } else { (label.rect.x, "") };
        self.put(format_args!(
            "<text class=\"{class}\" x=\"{x}\" y=\"{}\"{end} font-size=\"{font}\"",
            label.rect.y + 12
        ));
        if mono && self.theme.is_some() {
            self.put(format_args!(" font-family=\"{MONO}\""));
        }
        self.paint("fill", |theme| match label.words {
            Words::Port if encryption == Some(Encryption::Clear) => theme.clear,
            Words::Name | Words::Role | Words::Port => theme.ink,
            Words::Missing => theme.missing,
            _ => theme.soft,
        });
        let text = if label.words == Words::Zone { &label.text.to_ascii_uppercase() } else { &label.text };
        self.put(format_args!(">{}</text>", escape(text)));
    }

    fn arrow(&mut self, arrow: &Arrow) {
        let [first, .., tip] = arrow.points[..] else { return };
        let (room, [length, half]) = (arrow.label.rect, HEAD);
        let (stop, go, back) = if arrow.label.at_end {
            (room.x - AIR, room.right() + AIR, tip.x - length)
        } else {
            (room.right() + AIR, room.x - AIR, tip.x + length)
        };
        // From the label to the initiator, so that a pattern begins whole where it is looked at. Bends are round: not to be
        // taken for crossings.
        let mut path = format!("M{back} {}H{go}M{stop} {}", tip.y, tip.y);
        for points in arrow.points.windows(3).rev() {
            let at = points[1];
            let toward = |to: Point| [BEND * (to.x - at.x).signum(), BEND * (to.y - at.y).signum()];
            let ([x, y], [next_x, next_y]) = (toward(points[2]), toward(points[0]));
            let _ = write!(path, "L{} {}q{} {} {} {}", at.x + x, at.y + y, -x, -y, next_x - x, next_y - y);
        }
        let _ = write!(path, "H{}", first.x);
        if self.theme.is_none() {
            // What a pointer hits, wider than the line.
            self.put(format_args!("<path class=\"diagram-hit\" d=\"{path}\" fill=\"none\"/>"));
        }
        let width = match arrow.change {
            Change::Added => "3",
            // Thin and pale is what goes.
            Change::Removed => "1\" stroke-opacity=\"0.6",
            _ => "1.5",
        };
        self.line(arrow.encryption, width, &path);
        self.put(format_args!(
            "<path class=\"diagram-head\" d=\"M{} {}L{back} {}V{}z\"",
            tip.x,
            tip.y,
            tip.y - half,
            tip.y + half
        ));
        self.paint("fill", |theme| colour(theme, arrow.encryption));
        self.add("/>");
        self.label(&arrow.label, Some(arrow.encryption));
    }

    fn line(&mut self, encryption: Encryption, width: &str, path: &str) {
        self.put(format_args!("<path class=\"diagram-line\" d=\"{path}\" fill=\"none\" stroke-width=\"{width}\""));
        let dashes = dashes(encryption);
        if !dashes.is_empty() {
            self.put(format_args!(" stroke-dasharray=\"{dashes}\""));
        }
        self.paint("stroke", |theme| colour(theme, encryption));
        self.add("/>");
    }
}

/// How the line of an arrow is broken: lengths drawn and left out; empty for a whole one.
pub(super) const fn dashes(encryption: Encryption) -> &'static str {
    match encryption {
        Encryption::Tls => "",
        Encryption::Clear => "5 4",
        Encryption::Optional => "9 3 2 3",
    }
}

/// The colour of an arrow.
pub(super) const fn colour(theme: &Theme, encryption: Encryption) -> &'static str {
    match encryption {
        Encryption::Clear => theme.clear,
        _ => theme.arrow,
    }
}
