//! What another page is given: links that say what they show, and forms in which no name becomes markup. Never opens a browser.

use portcullis::deployment::{Edit, GroupId};
use portcullis::diagram::diagram;
use portcullis::embed::{Content, Embedded, Form, Part, fragment, split, write};
use portcullis::flow::flows;
use portcullis::net::Ways;
use portcullis::table::table;
use proptest::prelude::*;

use crate::arbitrary;
use crate::scenarios::{self, CATALOG, apply};

/// Names that would be markup in one form or another.
const NAMES: [&str; 6] = [
    "<script>alert(1)</script>",
    "]]></ac:image>{{Template}} [[File:x]] '''b''' |- \n|}",
    "</nowiki><nowiki/> <!-- x",
    "``` \n# head\n[x](javascript:1) | cell",
    "\" onload=\"x' ><img src=x>",
    "~~~~ __TOC__ https://example.org {macro}",
];

fn form(form: Form, name: &str, address: &str, part: Part) -> String {
    let mut deployment = scenarios::default();
    let (client, server) = (deployment.groups[0].id, deployment.groups[2].id);
    apply(&mut deployment, Edit::Rename(server, name.to_owned()));
    let flow = Edit::AddFlow {
        initiator: client,
        responder: server,
        protocol: portcullis::net::Protocol::Tcp,
        ports: portcullis::net::PortRange::parse("7000").unwrap(),
        purpose: name.to_owned(),
    };
    apply(&mut deployment, flow);
    let flows = flows(&CATALOG, &deployment);
    let (picture, table) = (diagram(&CATALOG, &deployment, &flows), table(&CATALOG, &deployment, &flows, None));
    let embedded = Embedded { part, group: None, firewall: None, ways: None };
    let content = Content {
        address,
        link: "1;k0",
        embedded: &embedded,
        picture: &picture,
        image: "picture.png",
        table: &table,
        snippet: Some("text ]]> of <a> machine\n"),
    };
    write(form, &content)
}

const ADDRESS: &str = "https://example.org/tools/portcullis.html";

/// Reads a form as XML, and lists its elements.
fn elements(text: &str) -> Vec<String> {
    let whole = format!("<root xmlns:ac=\"a\" xmlns:ri=\"r\">{text}</root>");
    let read = roxmltree::Document::parse(&whole).unwrap_or_else(|error| panic!("{error}: {text}"));
    for node in read.descendants() {
        for attribute in node.attributes() {
            assert!(!attribute.name().starts_with("on"), "{text}");
            assert!(!attribute.value().trim_start().starts_with("javascript"), "{text}");
        }
    }
    let mut names: Vec<String> =
        read.descendants().filter(|node| node.is_element()).map(|node| node.tag_name().name().to_owned()).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn names_are_no_markup_in_html() {
    for name in NAMES {
        let known = "a desc g p path pre rect root svg table tbody td text th thead title tr";
        let found = elements(&form(Form::Html, name, ADDRESS, Part::All));
        assert!(found.iter().all(|name| known.split(' ').any(|known| known == name)), "{found:?}");
        let known = "a attachment image p plain-text-body root structured-macro table tbody td th thead tr";
        let found = elements(&form(Form::Confluence, name, ADDRESS, Part::All));
        assert!(found.iter().all(|name| known.split(' ').any(|known| known == name)), "{found:?}");
        assert!(found.iter().any(|name| name == "attachment"));
        assert_eq!(elements(&form(Form::Frame, name, ADDRESS, Part::All)), ["iframe", "root"]);
    }
}

#[test]
fn names_are_no_wikitext() {
    for name in NAMES {
        let text = form(Form::MediaWiki, name, ADDRESS, Part::All);
        let mut outside = String::new();
        let mut rest = text.as_str();
        while let Some((before, within)) = rest.split_once("<nowiki>") {
            outside.push_str(before);
            let (inside, after) = within.split_once("</nowiki>").expect("it ends");
            assert!(!inside.contains(['<', '\n']), "{inside}");
            rest = after;
        }
        outside.push_str(rest);
        let outside = outside.replace("<pre>", "").replace("</pre>", "");
        assert!(!outside.contains('<') && !outside.contains("Template") && !outside.contains("alert"), "{outside}");
        assert_eq!(outside.matches("{|").count() + outside.matches("|}").count(), 2, "{outside}");
        assert!(text.starts_with("[[File:picture.png]]\n"), "{text}");
    }
}

#[test]
fn no_address_is_markup() {
    let hostile = "https://host/p/]{{Template}}[[File:x]]' \"><script>)`|";
    for (of, _) in Form::ALL {
        let text = form(of, "x", hostile, Part::All);
        assert!(!text.contains("Template}}") && !text.contains("<script"), "{text}");
        assert!(text.contains("https://host/p/%5D%7B%7BTemplate"), "{text}");
    }
}

#[test]
fn the_text_of_a_machine_is_in_every_form_and_ends_where_it_ends() {
    for (of, _) in Form::ALL.into_iter().filter(|(of, _)| *of != Form::Frame) {
        let text = form(of, "x", "file:///p.html", Part::Snippet);
        assert!(text.contains("text ]]") && text.contains(" machine\n"), "{of:?}: {text}");
        if matches!(of, Form::Html | Form::Confluence) {
            let whole = format!("<root xmlns:ac=\"a\">{text}</root>");
            let read = roxmltree::Document::parse(&whole).unwrap();
            let words: String = read.descendants().filter_map(|node| node.text()).collect();
            assert!(words.contains("text ]]> of <a> machine"), "{words}");
        }
    }
}

#[test]
fn names_end_no_fence_of_markdown() {
    for name in NAMES {
        let text = form(Form::Markdown, name, ADDRESS, Part::All);
        assert_eq!(text.lines().filter(|line| line.starts_with("```")).count(), 2, "{text}");
        assert!(text.lines().all(|line| !line.starts_with('#')), "{text}");
    }
}

#[test]
fn only_what_is_asked_for_is_there() {
    for (form_of, picture) in [
        (Form::Html, "<svg"),
        (Form::Markdown, "```mermaid"),
        (Form::Confluence, "ri:attachment"),
        (Form::MediaWiki, "[[File:"),
    ] {
        assert!(!form(form_of, "x", ADDRESS, Part::Table).contains(picture));
        assert!(form(form_of, "x", ADDRESS, Part::Diagram).contains(picture));
        assert!(!form(form_of, "x", ADDRESS, Part::Diagram).contains("Documents disagree"));
        assert!(form(form_of, "x", ADDRESS, Part::All).contains("Open in Portcullis"));
        // A file of this computer is no address for others.
        assert!(!form(form_of, "x", "file:///home/x/portcullis.html", Part::All).contains("file:"), "{form_of:?}");
    }
}

#[test]
fn a_frame_is_a_sandbox_that_may_do_nothing_but_what_its_buttons_need() {
    let text = form(Form::Frame, "x", ADDRESS, Part::Diagram);
    assert!(text.contains("src=\"https://example.org/tools/portcullis.html#1;k0&amp;view=diagram\""), "{text}");
    assert!(text.contains(" sandbox=\"allow-scripts allow-popups allow-popups-to-escape-sandbox\""));
    assert!(!text.contains("allow-same-origin"));
}

#[test]
fn what_a_link_shows_is_read_or_said_to_be_unread() {
    assert_eq!(split("1;g4.a=192.0.2.1;k0"), ("1;g4.a=192.0.2.1;k0", None, vec![]));
    assert_eq!(split("1;k0&utm_source=x"), ("1;k0&utm_source=x", None, vec![]));
    assert_eq!(split("").1, None);
    let shown = |part, group, firewall: Option<&str>| {
        Some(Embedded { part, group, firewall: firewall.map(str::to_owned), ways: None })
    };
    assert_eq!(split("&view=table"), ("", shown(Part::Table, None, None), vec![]));
    assert_eq!(
        split("1;k0&amp;view=snippet&amp;group=4&amp;firewall=nftables"),
        ("1;k0", shown(Part::Snippet, Some(GroupId(4)), Some("nftables")), vec![])
    );
    let (_, embedded, problems) = split("1;k0&view=all&directions=out");
    assert_eq!((embedded.and_then(|it| it.ways), problems), (Some(Ways::Out), vec![]));
    let (link, embedded, problems) = split("1;k0&view=everything&group=x&firewall=none&directions=up");
    assert_eq!((link, embedded), ("1;k0", shown(Part::All, None, None)));
    assert_eq!(problems.len(), 4, "{problems:?}");
}

proptest! {
    #![proptest_config(arbitrary::config())]

    /// No deployment's link holds what parts it from its view.
    #[test]
    fn every_link_can_be_shown(deployment in arbitrary::deployment(), group in 0_u32..40, part in 0_usize..4, way in 0_usize..4) {
        let link = portcullis::link::write(&CATALOG, &deployment);
        let embedded = Embedded {
            part: Part::ALL[part].0,
            group: Some(GroupId(group)),
            firewall: Some("ufw".to_owned()),
            ways: Ways::ALL.get(way).map(|(ways, _)| *ways),
        };
        let text = fragment(&link, &embedded);
        prop_assert_eq!(split(&text), (link.as_str(), Some(embedded), vec![]));
    }
}
