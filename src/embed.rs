//! A deployment inside another page: which part of it a link shows there, the frame that shows it, and forms without a script for
//! wikis that forbid frames. Never edits a deployment, and says nothing that the picture and the table do not say.
//!
//! A link's fragment may end in `&view=diagram`, `table`, `snippet` or `all`; then `&group=4` says whose rules and rows, and
//! `&firewall=nftables` in which language and `&directions=both` which of them. Links hold no `&` themselves. With `view` the
//! page is read only.

use crate::deployment::{Deployment, GroupId};
use crate::diagram::mermaid::mermaid;
use crate::diagram::{Diagram, svg};
use crate::dialect;
use crate::net::Ways;
use crate::table::{self, Table};

/// Which part of a deployment is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All three.
    All,
    /// The picture.
    Diagram,
    /// The flow table.
    Table,
    /// The text to copy.
    Snippet,
}

impl Part {
    /// All of them, each with its word in a link.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::All, "all"), (Self::Diagram, "diagram"), (Self::Table, "table"), (Self::Snippet, "snippet")];

    /// Its word in a link.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(part, _)| *part == self).map_or("", |(_, word)| word)
    }

    /// True if that part is to be seen.
    pub fn has(self, part: Self) -> bool {
        self == Self::All || self == part
    }
}

/// What is shown inside another page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// Which part.
    pub part: Part,
    /// Whose rules and rows; `None` is everybody's rows, and the rules of the first.
    pub group: Option<GroupId>,
    /// The identifier of the firewall's language, if not the group's own.
    pub firewall: Option<String>,
    /// Which directions of the rules, if not the usual ones.
    pub ways: Option<Ways>,
}

/// Directions of rules, each with its word in a link.
const WAYS: [(Ways, &str); 3] = [(Ways::In, "in"), (Ways::Out, "out"), (Ways::Both, "both")];

/// Parts a fragment (without `#`) in the link and what it shows, if it says so; and says in whole sentences what it could not
/// make sense of. What that is stays out: more is never shown than a link could ask for.
pub fn split(fragment: &str) -> (&str, Option<Embedded>, Vec<String>) {
    let mut problems = Vec::new();
    let (link, rest) = fragment.split_once('&').unwrap_or((fragment, ""));
    // Some programs write the sign as they would in HTML.
    let said = rest.split('&').map(|item| item.strip_prefix("amp;").unwrap_or(item));
    let said: Vec<(&str, &str)> = said.filter_map(|item| item.split_once('=')).collect();
    let value = |name: &str| said.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let Some(word) = value("view") else { return (fragment, None, problems) };
    let part = Part::ALL.iter().find(|(_, known)| *known == word).map_or_else(
        || {
            problems
                .push("The link asks for another view than all, diagram, table or snippet: all is shown.".to_owned());
            Part::All
        },
        |(part, _)| *part,
    );
    let group = value("group").and_then(|text| {
        let group = text.parse().ok().map(GroupId);
        if group.is_none() {
            problems.push("The group in the link is not a number: it is left out.".to_owned());
        }
        group
    });
    let firewall = value("firewall").filter(|id| {
        let known = dialect::dialect(id).is_some();
        if !known {
            problems.push("The firewall in the link is not known: the text is for the usual one.".to_owned());
        }
        known
    });
    let ways = value("directions").and_then(|word| {
        let known = WAYS.iter().find(|(_, known)| *known == word);
        if known.is_none() {
            problems.push(
                "The link asks for other directions than in, out or both: the text has the usual ones.".to_owned(),
            );
        }
        known.map(|(ways, _)| *ways)
    });
    (link, Some(Embedded { part, group, firewall: firewall.map(str::to_owned), ways }), problems)
}

/// The fragment that [`split`] takes apart.
pub fn fragment(link: &str, embedded: &Embedded) -> String {
    let mut out = [link, "&view=", embedded.part.word()].concat();
    if let Some(group) = embedded.group {
        out += &["&group=", &group.0.to_string()].concat();
    }
    if let Some(firewall) = &embedded.firewall {
        out += &["&firewall=", firewall].concat();
    }
    if let Some((_, word)) = WAYS.iter().find(|(ways, _)| embedded.ways == Some(*ways)) {
        out += &["&directions=", word].concat();
    }
    out
}

/// A form for another page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A frame that shows the page.
    Frame,
    /// Picture and table as HTML without a script.
    Html,
    /// Picture as Mermaid, and the table.
    Markdown,
    /// What Confluence keeps of a page; the picture is a file attached to it.
    Confluence,
    /// The wikitext of MediaWiki; the picture is a file uploaded to it.
    MediaWiki,
}

impl Form {
    /// All of them, with the names on the page.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Frame, "Frame (iframe)"),
        (Self::Html, "HTML without script"),
        (Self::Markdown, "Markdown with Mermaid"),
        (Self::Confluence, "Confluence storage format"),
        (Self::MediaWiki, "MediaWiki"),
    ];

    /// How it is used, in a sentence or two.
    pub const fn how(self) -> &'static str {
        match self {
            Self::Frame => {
                "For a page whose HTML you write. The frame runs in a sandbox: it can neither read nor change what is around it."
            }
            Self::Html => {
                "For wikis that take HTML and forbid frames and scripts. It is a picture of now: it does not follow later changes."
            }
            Self::Markdown => "For GitHub, GitLab, Azure DevOps and others that draw Mermaid themselves.",
            Self::Confluence => {
                "Attach the PNG of the picture to the page first. Then paste this by the editor of the storage format, or send it by the API."
            }
            Self::MediaWiki => "Upload the PNG of the picture first, then paste this as wikitext.",
        }
    }
}

/// What the forms are made of.
pub struct Content<'a> {
    /// The address of this page, without a fragment.
    pub address: &'a str,
    /// The link of the deployment.
    pub link: &'a str,
    /// What is shown.
    pub embedded: &'a Embedded,
    /// The picture.
    pub picture: &'a Diagram,
    /// What the picture's file is called.
    pub image: &'a str,
    /// The table.
    pub table: &'a Table,
    /// The text to copy of the group that is shown; `None` if there is none, or it is not to be handed out.
    pub snippet: Option<&'a str>,
}

/// The text of a form. Only where this page has an address on a server does it link back.
pub fn write(form: Form, content: &Content) -> String {
    let Content { link, embedded, picture, image, table, snippet, .. } = content;
    let address = &*harmless(content.address);
    let here = [address, "#", link].concat();
    let back = address.starts_with("http");
    let has = |part| embedded.part.has(part);
    let (name, title) = (svg::escape(image), svg::escape(&picture.title));
    let anchor = ["<p><a href=\"", &svg::escape(&here), "\">Open in Portcullis</a></p>\n"].concat();
    let mut out = String::new();
    match form {
        Form::Frame => {
            let source = [address, "#", &fragment(link, embedded)].concat();
            return [
                "<iframe src=\"",
                &svg::escape(&source),
                "\" title=\"",
                &title,
                "\" width=\"100%\" height=\"600\" loading=\"lazy\" referrerpolicy=\"no-referrer\"",
                " sandbox=\"allow-scripts allow-popups allow-popups-to-escape-sandbox\"",
                " allow=\"clipboard-write\"></iframe>\n",
            ]
            .concat();
        }
        Form::Html if has(Part::Diagram) => out += &svg::standalone(picture, &svg::Theme::LIGHT),
        Form::Markdown if has(Part::Diagram) => out += &["```mermaid\n", &mermaid(picture), "```\n\n"].concat(),
        Form::Confluence if has(Part::Diagram) => {
            out += &[
                "<p><ac:image ac:alt=\"",
                &title,
                "\"><ri:attachment ri:filename=\"",
                &name,
                "\" /></ac:image></p>\n",
            ]
            .concat();
        }
        Form::MediaWiki if has(Part::Diagram) => out += &["[[File:", image, "]]\n\n"].concat(),
        _ => {}
    }
    if has(Part::Table) {
        out += &match form {
            Form::Markdown => table::markdown(table),
            Form::MediaWiki => table::mediawiki(table),
            _ => table::html(table) + "\n",
        };
    }
    if let Some(text) = snippet.filter(|_| has(Part::Snippet)) {
        out += &match form {
            Form::Markdown => ["\n~~~~\n", text, "~~~~\n"].concat(),
            Form::Confluence => [
                "<ac:structured-macro ac:name=\"code\"><ac:plain-text-body><![CDATA[",
                &text.replace("]]>", "]]]]><![CDATA[>"),
                "]]></ac:plain-text-body></ac:structured-macro>\n",
            ]
            .concat(),
            _ => ["\n<pre>", &svg::escape(text), "</pre>\n"].concat(),
        };
    }
    if back {
        out += &match form {
            Form::Markdown => ["\n[Open in Portcullis](<", &here, ">)\n"].concat(),
            Form::MediaWiki => ["\n[", &here, " Open in Portcullis]\n"].concat(),
            _ => anchor,
        };
    }
    out
}

/// An address in which nothing is markup in any of the forms: what might be is written as its number, which means the same.
fn harmless(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    for byte in address.bytes() {
        match byte {
            b if b.is_ascii_alphanumeric() || b"-._~:/?=%".contains(&b) => out.push(char::from(b)),
            b => out += &format!("%{b:02X}"),
        }
    }
    out
}

/// The group of a view, if the deployment has it.
pub fn group(embedded: &Embedded, deployment: &Deployment) -> Option<GroupId> {
    embedded.group.filter(|id| deployment.group(*id).is_some())
}
