//! The flow table in all its forms, read back by readers that share nothing with its printers: as many rows and cells as
//! there are flows, the same words in them, nothing that a spreadsheet would run. Never asks how it looks in one.

use std::collections::BTreeSet;

use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::flow::{Flow, flows};
use portcullis::net::{Addresses, Port, PortRange, Protocol};
use portcullis::table::{Cell, Table, csv, grid, html, markdown, table, tsv};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::arbitrary;
use crate::injection::HOSTILE;
use crate::scenarios::{self, CATALOG, apply, group};

/// Names that a spreadsheet would run, a browser or a wiki would take for markup, or a reader would split.
const NAMES: [&str; 30] = [
    "=HYPERLINK(\"http://evil.example\",\"Open\")",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+9)",
    " \t=1+1",
    "\r=1+1",
    "\u{a0}\u{200b}=1+1",
    "\"=1+1\"",
    "＝1+1",
    "a;=1+1",
    "a,\"=1+1",
    "a\t=1+1",
    "a\n=1+1",
    "a | b | c",
    "\\",
    "\\|",
    "a\\\\|",
    "`a|b`",
    "*a* _b_ ~~c~~ ==d== $e$ ^f^",
    "[a](javascript:alert(1)) ![b](c)",
    "https://evil.example www.evil.example <b@evil.example>",
    "<script>alert(1)</script></td></table><img src=x onerror=alert(1)>",
    "&lt;b&gt; &amp; &#61;1",
    "\"quoted\" 'too'",
    "line\nbreak\r\nand\u{2028}more",
    "\u{202e}nettirb\u{202c} \u{2066}a\u{2069}",
    "Süd → 東京 👨‍👩‍👧",
    "---",
    "{{a}} {% b %} :100:",
    "",
];

fn of(deployment: &Deployment, only: Option<GroupId>) -> (Vec<Flow>, Table) {
    let flows = flows(&CATALOG, deployment);
    let table = table(&CATALOG, deployment, &flows, only);
    (flows, table)
}

/// A cell as its words, without what a reader cannot see and without apostrophes, which are there or not.
fn bare(text: &str) -> String {
    let turns = |c: char| ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
    let seen = |c: &char| !(c.is_control() || turns(*c) || "'\u{fffe}\u{ffff}".contains(*c));
    let spaced = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    spaced.filter(seen).collect::<String>().trim().to_owned()
}

/// The words that a cell should have, in a form without links.
fn words(cell: &Cell) -> String {
    match cell {
        Cell::Words(text) | Cell::Addresses(text) => text.clone(),
        Cell::Documents(documents, disagreements) => {
            let documents = documents.iter().map(|row| format!("{} ({}) {}", row.title, row.release, row.url));
            let disagreements = disagreements.iter().map(|text| format!("Documents disagree: {text}"));
            documents.chain(disagreements).collect::<Vec<_>>().join("; ")
        }
    }
}

/// What stands in a form: the line above, and the rows with the headings first.
#[derive(Debug, PartialEq)]
struct Read {
    title: String,
    rows: Vec<Vec<String>>,
}

fn read_csv(text: &str) -> Read {
    let text = text.strip_prefix('\u{feff}').expect("the mark of UTF-8");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    assert!(text.ends_with("\r\n"));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(false).from_reader(text.as_bytes());
    let rows = reader.records().map(|row| row.expect("as long as the others").iter().map(str::to_owned).collect());
    let mut rows: Vec<Vec<String>> = rows.collect();
    let title = rows.pop().expect("a title, below what a spreadsheet takes for the headings");
    assert!(title[1..].iter().all(String::is_empty));
    Read { title: title[0].clone(), rows }
}

fn read_tsv(text: &str) -> Read {
    assert!(text.ends_with('\n') && !text.contains('\r'));
    let mut lines = text[..text.len() - 1].split('\n').map(|line| line.split('\t').map(str::to_owned).collect());
    let title: Vec<String> = lines.next().expect("a title");
    assert_eq!(title.len(), 1);
    let rows: Vec<Vec<String>> = lines.collect();
    // A quote at the beginning of a cell would take the next ones in.
    assert!(rows.iter().flatten().all(|cell| !cell.starts_with('"')));
    Read { title: title[0].clone(), rows }
}

/// Reads the elements that the table may have, in the only order it may have them; panics at everything else.
fn read_html(text: &str) -> Read {
    let mut rest = text;
    let title = element(&mut rest, "p", inner);
    let rows = element(&mut rest, "table border=\"1\"", |rest| {
        let head = element(rest, "thead", |rest| element(rest, "tr", |rest| many(rest, "th", inner)));
        let body = element(rest, "tbody", |rest| many(rest, "tr", |rest| many(rest, "td", inner)));
        [vec![head], body].concat()
    });
    assert_eq!(rest, "");
    Read { title, rows }
}

fn element<T>(rest: &mut &str, open: &str, within: impl Fn(&mut &str) -> T) -> T {
    let name = open.split(' ').next().expect("a name");
    *rest = rest.strip_prefix(&format!("<{open}>")).unwrap_or_else(|| panic!("no <{open}> before {rest:.80}"));
    let value = within(rest);
    *rest = rest.strip_prefix(&format!("</{name}>")).unwrap_or_else(|| panic!("no </{name}> before {rest:.80}"));
    value
}

fn many<T>(rest: &mut &str, name: &str, within: impl Fn(&mut &str) -> T + Copy) -> Vec<T> {
    let mut all = Vec::new();
    while rest.starts_with(&format!("<{name}>")) {
        all.push(element(rest, name, within));
    }
    all
}

/// Text and links, each link as its words and its address.
fn inner(rest: &mut &str) -> String {
    let mut out = characters(rest);
    while let Some(link) = rest.strip_prefix("<a href=\"") {
        let (url, after) = link.split_once("\">").expect("the end of a link's beginning");
        assert!(!url.contains(['"', '<', '\'']), "{url}");
        assert!(is_document(&characters(&mut &*url)), "{url}");
        *rest = after;
        let words = characters(rest);
        *rest = rest.strip_prefix("</a>").expect("the end of a link");
        out += &format!("{words} {}", characters(&mut &*url));
        out += &characters(rest);
    }
    out
}

fn is_document(url: &str) -> bool {
    CATALOG.sources.iter().any(|source| source.url == url)
}

fn characters(rest: &mut &str) -> String {
    let (mut text, after) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
    *rest = after;
    let mut out = String::new();
    while let Some((before, entity)) = text.split_once('&') {
        let (name, after) = entity.split_once(';').expect("an entity");
        out += before;
        out += match name {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "#39" => "'",
            name => panic!("&{name};"),
        };
        text = after;
    }
    assert!(!text.contains(['>', '"', '\'']), "{text}");
    out + text
}

/// Reads with everything switched on that somebody's renderer may have; panics at markup that the table should not have.
fn read_markdown(text: &str) -> Read {
    let (mut title, mut rows, mut cell, mut link) = (String::new(), Vec::<Vec<String>>::new(), None, None);
    for event in Parser::new_ext(text, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
        match event {
            Event::Start(Tag::Paragraph | Tag::Table(_)) | Event::End(TagEnd::Paragraph | TagEnd::Table) => {}
            Event::Start(Tag::TableHead | Tag::TableRow) => rows.push(Vec::new()),
            Event::End(TagEnd::TableHead | TagEnd::TableRow) => {}
            Event::Start(Tag::TableCell) => cell = Some(String::new()),
            Event::End(TagEnd::TableCell) => rows.last_mut().expect("a row").extend(cell.take()),
            Event::Text(text) | Event::Code(text) => cell.as_mut().unwrap_or(&mut title).push_str(&text),
            Event::Start(Tag::Link { dest_url, .. }) => link = Some(dest_url.into_string()),
            Event::End(TagEnd::Link) => {
                let url = link.take().expect("begun");
                assert!(is_document(&url), "{url}");
                *cell.as_mut().expect("links are in cells") += &format!(" {url}");
            }
            other => panic!("{other:?} in\n{text}"),
        }
    }
    Read { title, rows }
}

/// True if a spreadsheet would run the cell, or part of it where it splits cells at that sign.
fn runs(cell: &str) -> bool {
    let blank = |c: char| c.is_whitespace() || c == '"' || ('\u{200b}'..='\u{200f}').contains(&c) || c == '\u{feff}';
    cell.split([',', ';', '|', '\t']).any(|part| part.trim_start_matches(blank).starts_with(['=', '+', '-', '@', '＝']))
}

/// Demands of all forms the rows of the table, and of the table the flows.
fn holds(deployment: &Deployment, only: Option<GroupId>) {
    let (flows, table) = of(deployment, only);
    let touching = flows.iter().filter(|flow| only.is_none_or(|id| [flow.initiator, flow.responder].contains(&id)));
    assert_eq!(table.rows.len(), touching.count());
    let expected = Read {
        title: bare(&table.title),
        rows: std::iter::once(table.head.iter().map(|name| (*name).to_owned()).collect())
            .chain(table.rows.iter().map(|row| row.iter().map(|cell| bare(&words(cell))).collect()))
            .collect(),
    };
    assert!(expected.rows.iter().all(|row| row.len() == table.head.len()));
    let spreadsheet = [read_csv(&csv(&table)), read_tsv(&tsv(&table)), read_html(&html(&table))];
    for read in &spreadsheet {
        let cells = read.rows.iter().flatten().chain([&read.title]);
        let run: Vec<&String> = cells.filter(|cell| runs(cell)).collect();
        assert!(run.is_empty(), "{run:?}");
    }
    for read in spreadsheet.into_iter().chain([read_markdown(&markdown(&table))]) {
        let rows = read.rows.iter().map(|row| row.iter().map(|cell| bare(cell)).collect()).collect();
        assert_eq!(Read { title: bare(&read.title), rows }, expected);
    }
}

/// A deployment in which a group has that name, and a flow of its own that purpose.
fn named(name: &str, purpose: &str) -> Deployment {
    let mut deployment = scenarios::mixed_names();
    let (server, clients) = (group(&deployment, "Spotfire Server").id, group(&deployment, "Web clients").id);
    deployment.apply(&CATALOG, &Edit::Rename(server, name.to_owned()));
    apply(&mut deployment, own(clients, server, 7777, purpose));
    deployment
}

fn own(initiator: GroupId, responder: GroupId, port: u16, purpose: &str) -> Edit {
    let ports = PortRange::from(Port::new(port).expect("a port"));
    Edit::AddFlow { initiator, responder, protocol: Protocol::Udp, ports, purpose: purpose.to_owned() }
}

#[test]
fn all_forms_have_the_rows_of_the_flows() {
    for scenario in scenarios::all() {
        holds(&scenario.deployment, None);
        let mut seen = BTreeSet::new();
        for row in &scenario.deployment.groups {
            holds(&scenario.deployment, Some(row.id));
            seen.extend(
                flows(&CATALOG, &scenario.deployment)
                    .iter()
                    .filter(|flow| portcullis::table::has(Some(row.id), flow))
                    .map(Flow::key),
            );
        }
        assert_eq!(seen.len(), flows(&CATALOG, &scenario.deployment).len());
    }
}

#[test]
fn no_name_and_no_purpose_becomes_a_formula_or_markup_or_a_cell() {
    let long = "=a|b\\`".repeat(33);
    for name in NAMES.into_iter().chain(HOSTILE).chain([long.as_str()]) {
        let deployment = named(name, name);
        holds(&deployment, None);
        holds(&deployment, deployment.custom.first().map(|flow| flow.responder));
    }
}

proptest! {
    #![proptest_config(arbitrary::config())]

    #[test]
    fn whatever_the_deployment(
        deployment in arbitrary::deployment(), name in arbitrary::text(), purpose in arbitrary::text(), id in arbitrary::group(),
    ) {
        let mut deployment = deployment;
        deployment.apply(&CATALOG, &Edit::Rename(id, name));
        deployment.apply(&CATALOG, &own(id, GroupId(1), 7777, &purpose));
        holds(&deployment, None);
        holds(&deployment, Some(id));
    }
}

#[test]
fn a_spreadsheet_keeps_what_is_no_number_as_it_is_written() {
    // What it would take for a date, a time or another number has an apostrophe; the rest stays as it is.
    for (name, guarded) in [
        ("1-2", true),
        ("3/4/2026", true),
        ("10.12", true),
        ("8:30", true),
        ("MAR1", true),
        ("2 sept", true),
        ("1 May 2026", true),
        ("2026-01-02 10:30", true),
        ("1e5", true),
        ("7 PM", true),
        ("007", true),
        ("1,000", true),
        ("1234567890123456", true),
        ("-1", true),
        ("42", false),
        ("Node 1", false),
        ("Marketing 2", false),
        ("e1", false),
        ("Web clients", false),
        ("2nd floor", false),
        ("May", false),
    ] {
        let (_, table) = of(&named(name, name), None);
        let shown = if guarded { format!("'{name}") } else { name.to_owned() };
        for read in [read_csv(&csv(&table)), read_tsv(&tsv(&table)), read_html(&html(&table))] {
            let row = read.rows.last().expect("the flow of the user's own");
            assert_eq!((&row[2], &row[7]), (&shown, &shown));
        }
        // Where no spreadsheet reads, nothing is added.
        assert_eq!(read_markdown(&markdown(&table)).rows.last().expect("a row")[2], name);
    }
}

#[test]
fn ports_and_addresses_stay_what_they_are() {
    let cells = |addresses: &str, first: u16, count: u16| {
        let mut deployment = scenarios::missing();
        let server = group(&deployment, "Spotfire Server").id;
        let (addresses, refused) = Addresses::parse(addresses);
        assert!(refused.is_empty(), "{refused:?}");
        apply(&mut deployment, Edit::Listens(server, addresses));
        let ports = PortRange::starting(Port::new(first).expect("a port"), count);
        let node = group(&deployment, "Node").id;
        let (protocol, purpose) = (Protocol::Tcp, "own".to_owned());
        apply(&mut deployment, Edit::AddFlow { initiator: node, responder: server, protocol, ports, purpose });
        let row = read_csv(&csv(&of(&deployment, None).1)).rows.pop().expect("a row");
        [row[3].clone(), row[5].clone()]
    };
    assert_eq!(cells("192.0.2.1", 9501, 1), ["192.0.2.1", "9501"]);
    assert_eq!(cells("192.0.2.0/24, 2001:db8::1", 9501, 2), ["192.0.2.0/24, 2001:db8::1", "9501-9502"]);
    assert_eq!(cells("2001:10:20:30::5", 443, 2), ["2001:10:20:30::5", "443-444"]);
    assert_eq!(cells("192.0.2.1-192.0.2.9", 65535, 1), ["192.0.2.1-192.0.2.9", "65535"]);
    assert_eq!(cells("db.example.test", 20, 2), ["db.example.test", "'20-21"]);
    // In some languages a point stands between thousands.
    assert_eq!(cells("198.100.100.100", 1, 1), ["'198.100.100.100", "1"]);
    assert_eq!(cells("mar1", 1, 1), ["'mar1", "1"]);
    assert_eq!(cells("any", 1, 1), ["any", "1"]);
    assert_eq!(cells("192.0.2.1, 192.0.2.2", 1, 1), ["192.0.2.1, 192.0.2.2", "1"]);
}

#[test]
fn a_missing_address_is_said_and_the_others_are_those_that_the_other_end_sees() {
    let (_, table) = of(&scenarios::missing(), None);
    let addresses: BTreeSet<String> = table.rows.iter().flat_map(|row| [words(&row[1]), words(&row[3])]).collect();
    assert_eq!(addresses, ["address missing", "any"].map(str::to_owned).into());

    let (_, table) = of(&scenarios::mixed_names(), None);
    let server = |at: usize| {
        let rows = table.rows.iter().filter(move |row| words(&row[at]) == "Spotfire Server");
        rows.map(move |row| words(&row[at + 1])).collect::<BTreeSet<String>>()
    };
    assert_eq!(server(0), ["203.0.113.49".to_owned()].into(), "it connects from another address");
    assert_eq!(server(2), ["spotfire.example.test, 192.0.2.49, 2001:db8::3:1".to_owned()].into());
}

#[test]
fn the_rows_of_a_group_say_which_way_they_go() {
    let deployment = scenarios::cluster();
    let servers = group(&deployment, "Spotfire Servers");
    let (_, table) = of(&deployment, Some(servers.id));
    let mut ways = BTreeSet::new();
    for row in &table.rows {
        let [way, from, to] = [0, 1, 3].map(|at| words(&row[at]));
        let own = (from == servers.name, to == servers.name);
        let expected = match own {
            (true, true) => "in and out",
            (false, true) => "in",
            (true, false) => "out",
            (false, false) => panic!("{from} to {to} is not theirs"),
        };
        assert_eq!(way, expected, "{from} to {to}");
        ways.insert(way);
    }
    assert_eq!(ways.len(), 3);
    assert!(table.title.contains("of Spotfire Servers") && table.name.ends_with("of Spotfire Servers"));
}

#[test]
fn confidence_and_documents_are_those_of_the_catalog() {
    let (flows, table) = of(&named("Server", "own"), None);
    for (flow, row) in flows.iter().zip(&table.rows) {
        let [confidence, documents] = [8, 9].map(|at| words(&row[at]));
        match flow.reasons.iter().filter(|reason| reason.dependency.is_some()).map(|reason| reason.confidence).min() {
            Some(lowest) => assert!(confidence.starts_with(lowest.name()) && documents.contains(" http"), "{row:?}"),
            None => assert_eq!([confidence.as_str(), documents.as_str()], ["your own flow", ""]),
        }
        let disputed: Vec<_> = flow.reasons.iter().flat_map(|reason| &reason.disagreements).collect();
        assert_eq!(confidence.ends_with("(documents disagree)"), !disputed.is_empty());
        assert_eq!(documents.contains("Documents disagree: "), !disputed.is_empty());
        for id in disputed {
            let text = CATALOG.disagreement(id).expect("a row of the catalog").text;
            assert!(documents.contains(&format!("; Documents disagree: {text}")), "{documents}");
        }
    }
    // Whoever decides about a row reads what it is for, and what does not work without it.
    let mut consequences = 0;
    for (flow, row) in flows.iter().zip(&table.rows) {
        let purpose = words(&row[7]);
        assert!(purpose.starts_with(&flow.purposes()), "{purpose}");
        let told: BTreeSet<&str> =
            flow.reasons.iter().map(|reason| reason.without).filter(|told| !told.is_empty()).collect();
        for told in &told {
            assert_eq!(purpose.matches(&format!(". Without it, {told}")).count(), 1, "{purpose}");
        }
        assert_eq!(purpose.matches("Without it").count(), told.len());
        consequences += told.len();
    }
    assert!(consequences > 5);
    for what in [CATALOG.product, CATALOG.version, CATALOG.newest(), "opens the connection", "replies are implied"] {
        assert!(table.title.contains(what), "{what}");
    }
}

#[test]
fn what_is_pasted_is_what_was_agreed_to() {
    let deployment = scenarios::missing();
    let server = group(&deployment, "Spotfire Server").id;
    let all = of(&scenarios::mixed_names(), None).1;
    let own = of(&deployment, Some(server)).1;
    for (name, table) in [("mixed-names", all), ("missing-server", own)] {
        // One element on a line, and signs in place of what cannot be seen.
        let html = html(&table).replace("</tr>", "</tr>\n").replace("</td>", "</td>\n  ").replace("<tr>", "<tr>\n  ");
        let tsv = tsv(&table).replace('\t', "→\t");
        let csv = csv(&table).replace('\u{feff}', "<mark>").replace('\r', "<cr>");
        for (form, text) in [("html", html), ("tsv", tsv), ("csv", csv), ("markdown", markdown(&table))] {
            let mut settings = insta::Settings::clone_current();
            settings.set_snapshot_path("snapshots/table");
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| insta::assert_snapshot!(format!("{name}-{form}"), text));
        }
        assert!(portcullis::table::html(&table).ends_with(&grid(&table)));
    }
}
