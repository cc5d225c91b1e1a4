//! The forms in which a picture leaves the page, read by those who draw them: Graphviz itself, an XML reader by the structure that
//! draw.io documents, and Mermaid's own rules (its parser reads the same texts in the browser suite). Never judges beauty.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::catalog::Encryption;
use portcullis::deployment::Edit;
use portcullis::diagram::dot::dot;
use portcullis::diagram::drawio::drawio;
use portcullis::diagram::mermaid::mermaid;
use portcullis::diagram::svg::{dropped, escape};
use portcullis::diagram::{Diagram, Rect, diagram};
use portcullis::flow::flows;
use portcullis::net::{PortRange, Protocol};
use roxmltree::{Document, Node};

use crate::diagram::hard;
use crate::injection::HOSTILE;
use crate::scenarios::{self, CATALOG};
use crate::shell_texts::said;

/// What means something to one of the three, besides what means something to a shell.
const MARKS: [&str; 12] = [
    "]]>",
    "<script>alert(1)</script>",
    "&amp;",
    "&#10;",
    "\\N",
    "%%{init: {'theme':'dark'}}%%",
    "end",
    "\"] --> x[\"",
    "`**bold**`",
    "a;b}c{d|e",
    "#quot;",
    "Süd 東京 \u{202e}x 👍🏽",
];

/// Every preset, every scenario, every hostile name once, and what is hard to draw.
fn pictures() -> Vec<Diagram> {
    let presets = scenarios::presets().map(|(_, deployment)| deployment);
    let hostile: Vec<&str> = HOSTILE.into_iter().chain(MARKS).collect();
    let base = scenarios::cluster();
    let named = hostile.chunks(base.groups.len()).map(|names| {
        let mut deployment = base.clone();
        for (group, name) in base.groups.iter().zip(names) {
            deployment.apply(&CATALOG, &Edit::Rename(group.id, (*name).to_owned()));
        }
        let purpose = names.join(" ");
        let (initiator, responder) = (base.groups[0].id, base.groups[1].id);
        let ports = PortRange::parse("7000-7003").expect("ports");
        deployment.apply(&CATALOG, &Edit::AddFlow { initiator, responder, protocol: Protocol::Udp, ports, purpose });
        deployment
    });
    let scenarios = scenarios::all().into_iter().map(|scenario| scenario.deployment);
    let all = presets.chain(scenarios).chain(named).chain(hard());
    all.map(|deployment| diagram(&CATALOG, &deployment, &flows(&CATALOG, &deployment))).collect()
}

/// A text as it can be seen: without what no output shows, blanks counted once.
fn seen(text: &str) -> String {
    let shown: String = text.chars().map(|c| if c == '\u{a0}' { ' ' } else { c }).filter(|c| !dropped(*c)).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn lines(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| seen(text)).filter(|text| !text.is_empty()).collect()
}

/// What stands in each box, by its identifier.
fn boxes(drawn: &Diagram) -> BTreeMap<String, Vec<String>> {
    drawn.boxes.iter().map(|drawn| (format!("g{}", drawn.groups[0].0), lines(&drawn.lines()))).collect()
}

/// The arrows: from, to, what is written beside it.
fn arrows(drawn: &Diagram) -> Vec<[String; 3]> {
    let ends = drawn
        .arrows
        .iter()
        .map(|arrow| [format!("g{}", arrow.initiator.0), format!("g{}", arrow.responder.0), seen(&arrow.says())]);
    let mut arrows: Vec<_> = ends.collect();
    arrows.sort();
    arrows
}

#[test]
fn protection_is_said_in_words_where_it_is_not_whole() {
    let drawn = pictures();
    let all = || drawn.iter().flat_map(|drawn| &drawn.arrows);
    for (encryption, words) in [(Encryption::Clear, " clear text"), (Encryption::Optional, " if configured")] {
        let mut some = all().filter(|arrow| arrow.encryption == encryption).peekable();
        assert!(some.peek().is_some() && some.all(|arrow| arrow.says().ends_with(words)), "{words}");
    }
    assert!(all().filter(|arrow| arrow.encryption == Encryption::Tls).all(|arrow| arrow.says() == arrow.label.text));
}

#[test]
fn graphviz_draws_exactly_what_the_picture_says() {
    for drawn in pictures() {
        let text = dot(&drawn);
        let told: Vec<&str> =
            text.lines().map_while(|line| line.strip_prefix("//")).flat_map(str::split_whitespace).collect();
        assert_eq!(told, escape(&drawn.description).split_whitespace().collect::<Vec<_>>(), "the whole is told before");
        let Some(svg) = said(&["dot", "-Tsvg"], &text) else { return println!("NOT RUN, no Graphviz") };
        let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
        let svg = Document::parse_with_options(&svg, options).unwrap_or_else(|error| panic!("{error}: {svg}\n{text}"));
        let of = |class: &'static str| {
            let pieces = svg.descendants().filter(move |node| node.attribute("class") == Some(class));
            pieces.map(|piece| {
                let named = |name: &'static str| piece.descendants().filter(move |node| node.has_tag_name(name));
                let title = named("title").next().and_then(|title| title.text()).unwrap_or_default().to_owned();
                let texts: Vec<&str> = named("text").map(|node| node.text().unwrap_or_default()).collect();
                (title, lines(&texts))
            })
        };
        assert_eq!(of("node").collect::<BTreeMap<_, _>>(), boxes(&drawn), "{text}");
        let zones: BTreeSet<Vec<String>> = of("cluster").map(|(_, lines)| lines).collect();
        assert_eq!(zones, drawn.zones.iter().map(|zone| lines(&[&zone.label.text])).collect(), "{text}");
        let mut edges: Vec<[String; 3]> = of("edge")
            .map(|(title, lines)| {
                let (from, to) = title.split_once("->").expect("two ends");
                [from.to_owned(), to.to_owned(), lines.join(" ")]
            })
            .collect();
        edges.sort();
        assert_eq!(edges, arrows(&drawn), "{text}");
    }
}

fn whole(node: Node, name: &str) -> i32 {
    node.attribute(name).map_or(Ok(0), str::parse).unwrap_or_else(|error| panic!("{name} of {node:?}: {error}"))
}

#[test]
fn drawio_finds_shapes_and_connectors_as_its_format_says() {
    for drawn in pictures() {
        let text = drawio(&drawn);
        let file = Document::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let mut at = file.root_element();
        for name in ["mxfile", "diagram", "mxGraphModel", "root"] {
            assert!(at.has_tag_name(name), "{at:?} is no {name}");
            at = at.first_element_child().unwrap_or(at);
        }
        let root = file.descendants().find(|node| node.has_tag_name("root")).expect("a root");
        let mut cells: BTreeMap<&str, Node> = BTreeMap::new();
        for node in root.children().filter(Node::is_element) {
            let id = node.attribute("id").expect("an id");
            // What stands around a cell has its id and label.
            let cell = if node.has_tag_name("UserObject") { node.first_element_child().expect("a cell") } else { node };
            assert!(cell.has_tag_name("mxCell") && cells.insert(id, cell).is_none(), "{id} twice");
            let parent = cell.attribute("parent");
            assert!(id == "0" || parent.is_some_and(|parent| cells.contains_key(parent)), "{id} in {parent:?}");
            let kinds = [cell.attribute("vertex"), cell.attribute("edge")];
            assert!(["0", "1"].contains(&id) || kinds.iter().flatten().count() == 1, "{id}: {kinds:?}");
            let style = cell.attribute("style").unwrap_or_default();
            assert!(style.is_empty() || style.contains("html=0;"), "{id}: its label would be markup");
        }
        let place = |id: &str| {
            let mut rect = Rect { x: 0, y: 0, width: 0, height: 0 };
            let mut at = cells[id];
            loop {
                let geometry = at.first_element_child().filter(|node| node.has_tag_name("mxGeometry"));
                let Some(geometry) = geometry else { break rect };
                if rect.width == 0 {
                    (rect.width, rect.height) = (whole(geometry, "width"), whole(geometry, "height"));
                }
                rect = Rect { x: rect.x + whole(geometry, "x"), y: rect.y + whole(geometry, "y"), ..rect };
                at = cells[at.attribute("parent").expect("a parent")];
            }
        };
        for (id, text) in boxes(&drawn) {
            let label: Vec<&str> = cells[id.as_str()].attribute("value").expect("a label").split('\n').collect();
            assert_eq!(lines(&label), text);
            let group = drawn.boxes.iter().find(|drawn| format!("g{}", drawn.groups[0].0) == id).expect("a box");
            assert_eq!(place(&id), group.rect, "{id}");
        }
        for zone in &drawn.zones {
            assert_eq!(place(zone.zone), zone.rect);
            assert_eq!(cells[zone.zone].attribute("value"), Some(zone.label.text.as_str()));
        }
        let edges = cells.iter().filter(|(id, cell)| id.starts_with('a') && cell.attribute("edge").is_some());
        let mut found: Vec<[String; 3]> = Vec::new();
        for (id, edge) in edges {
            let end = |name| edge.attribute(name).expect("both ends").to_owned();
            let arrow = &drawn.arrows[id[1..].parse::<usize>().expect("a number")];
            let points = edge.descendants().filter(|node| node.has_tag_name("mxPoint"));
            let points: Vec<(i32, i32)> = points.map(|point| (whole(point, "x"), whole(point, "y"))).collect();
            let bends = &arrow.points[1..arrow.points.len() - 1];
            assert_eq!(points, bends.iter().map(|point| (point.x, point.y)).collect::<Vec<_>>());
            // Where it touches its boxes, within a pixel.
            let style: BTreeMap<&str, &str> =
                edge.attribute("style").expect("a style").split(';').filter_map(|pair| pair.split_once('=')).collect();
            let touches =
                [("exit", end("source"), arrow.points.first()), ("entry", end("target"), arrow.points.last())];
            for (name, group, point) in touches {
                let part = |axis: &str| style[format!("{name}{axis}").as_str()].parse::<f64>().expect("a fraction");
                let (rect, point) = (place(&group), point.expect("two points"));
                let [x, y] = [(rect.x, rect.width, part("X")), (rect.y, rect.height, part("Y"))]
                    .map(|(start, length, part)| f64::from(start) + f64::from(length) * part);
                assert!(
                    (x - f64::from(point.x)).abs() < 1.0 && (y - f64::from(point.y)).abs() < 1.0,
                    "{id} at {x} {y}"
                );
            }
            found.push([end("source"), end("target"), seen(edge.attribute("value").expect("a label"))]);
        }
        found.sort();
        assert_eq!(found, arrows(&drawn));
    }
}

/// Reads a quoted text as Mermaid does: numbers between `#` and `;` are signs.
fn unquoted(text: &str) -> String {
    let mut pieces = text.split('#');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (number, rest) = piece.split_once(';').expect("a number ends");
        out.push(char::from_u32(number.parse().expect("a number")).expect("a sign"));
        out += rest;
    }
    out
}

#[test]
fn mermaid_gets_every_text_between_quotation_marks_and_nothing_that_means_something_to_it() {
    for drawn in pictures() {
        let text = mermaid(&drawn);
        assert!(text.chars().count() < 50_000, "Mermaid takes no more");
        let (mut found, mut ends) = (BTreeMap::new(), Vec::new());
        for line in text.lines().map(str::trim) {
            if let Some((head, label)) = line.split_once("[\"") {
                let label = label.strip_suffix("\"]").expect("it ends");
                assert!(head.strip_prefix("subgraph ").unwrap_or(head).bytes().all(|b| b.is_ascii_alphanumeric()));
                if head.starts_with('g') {
                    let label: Vec<String> = label.split("<br>").map(unquoted).collect();
                    found.insert(head.to_owned(), lines(&label.iter().map(String::as_str).collect::<Vec<_>>()));
                }
                assert!(!label.replace("<br>", "").contains(['"', '<', '>', '%', '`', '[', ']', '{', '}', '|', '&']));
            } else if let Some((head, rest)) = line.split_once("|\"") {
                let (from, form) = head.split_once(' ').expect("an arrow");
                let (label, to) = rest.split_once("\"| ").expect("it ends");
                assert!(["-->", "-.->", "==>"].contains(&form), "{line}");
                ends.push([from.to_owned(), to.to_owned(), seen(&unquoted(label))]);
            } else {
                let known = ["flowchart LR", "end"].contains(&line) || line.starts_with("acc");
                assert!(known && !line.contains(['%', '{', '<']), "{line}");
            }
        }
        ends.sort();
        assert_eq!((found, ends), (boxes(&drawn), arrows(&drawn)), "{text}");
    }
}
