//! By keyboard alone, read aloud, on a narrow screen, in the dark. Never by mouse.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::browser::key;
use crate::engine::{not_run, say};
use crate::page::{Page, group, tell};

#[test]
fn the_keyboard_is_enough() {
    tell(|page| {
        // The first thing on the way leads past the rest.
        page.browser.press(&[key::TAB]);
        assert_eq!(focus(page)["text"], "Skip to the rules");
        page.browser.press(&[key::ENTER]);
        assert_eq!(focus(page)["id"], "pick-group");
        page.reload();

        walk_to(page, "role-jmx-client");
        page.browser.press(&[key::SPACE]);
        page.wait_for(".group .name", "JMX monitoring client");
        walk_to_text(page, "Spotfire Server");
        page.browser.press(&[key::ENTER]);
        // The fields come with the next frame; a Tab before it would go past them.
        page.browser.wait_with("document.getElementById(arguments[0])", json!([format!("a-{}", group::SERVER)]));
        walk_to(page, &format!("a-{}", group::SERVER));
        type_keys(page, "192.0.2.49");
        walk_to(page, "pick-ways");
        page.browser.press(&[key::DOWN, key::DOWN]);
        page.wait_for("#snippet-text", "ingress and egress");
        for id in ["pick-policy", "pick-dialect", "pick-group"] {
            page.browser.press(&[key::SHIFT, key::TAB]);
            assert_eq!(focus(page)["id"], id);
        }
        page.browser.press(&[key::DOWN]);
        page.wait_for("#snippet-text", "New-NetFirewallRule");
        page.browser.press(&["\u{E013}"]);
        page.wait_for("#snippet-text", "sh <<");
        // In the order in which they stand: beyond the last thing, some browsers go on to their own buttons.
        for group in [group::NODE, 6, group::DATABASE] {
            walk_to(page, &format!("missing-{group}"));
            type_keys(page, &format!("192.0.2.{group}0"));
        }
        page.browser.run_async("await navigator.clipboard.writeText('nothing yet');", json!([]));
        while focus(page)["id"] != "copy" {
            page.browser.press(&[key::SHIFT, key::TAB]);
        }
        page.browser.press(&[key::ENTER]);
        page.wait_for(".toast", "Copied.");
        let copied = page.browser.run_async("return await navigator.clipboard.readText();", json!([]));
        assert_eq!(copied, json!(page.snippet()));

        walk_to(page, "tab-Findings");
        for (pressed, tab) in [
            (key::RIGHT, "Flows"),
            (key::RIGHT, "How-to-change"),
            (key::END, "Catalog"),
            (key::RIGHT, "Findings"),
            (key::LEFT, "Catalog"),
            (key::HOME, "Findings"),
        ] {
            page.browser.press(&[pressed]);
            assert_eq!(focus(page)["id"], format!("tab-{tab}"));
            page.browser.wait_with(
                "document.getElementById(arguments[0]).ariaSelected === 'true'",
                json!([format!("tab-{tab}")]),
            );
        }
        page.browser.press(&[key::TAB]);
        assert_eq!(focus(page)["id"], "tab-panel");

        // Undo and redo, outside of text fields.
        let link = page.link();
        page.browser.click("#tab-Findings");
        page.browser.press(&[key::CONTROL, "z"]);
        page.wait_for(".missing", "no address");
        page.browser.press(&[key::CONTROL, "y"]);
        page.wait_without(".missing");
        assert_eq!(page.link(), link);
        page.is_quiet();
    });
}

/// What has the focus; demands that a person can see that it has.
fn focus(page: &Page) -> Value {
    // WebKit scrolls to what has the focus a moment after that has it.
    page.browser
        .wait("(({ bottom, top }) => bottom > 0 && top < innerHeight)(document.activeElement.getBoundingClientRect())");
    let script = "const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect(); return { \
        id: it.id, text: it.textContent.trim().slice(0, 60), name: it.tagName, \
        ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2, \
        seen: box.width > 2 && box.height > 2 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth };";
    let focus = page.browser.run(script, json!([]));
    assert!(
        focus["name"] == "BODY" || focus["ring"] == true && focus["seen"] == true,
        "the focus is not seen: {focus}"
    );
    focus
}

/// Presses Tab until an element has the focus.
fn walk_to(page: &Page, id: &str) {
    walk(page, |focus| focus["id"] == id, id);
}

fn walk_to_text(page: &Page, text: &str) {
    walk(page, |focus| focus["text"].as_str().is_some_and(|it| it.starts_with(text)), text);
}

fn walk(page: &Page, there: impl Fn(&Value) -> bool, what: &str) {
    let mut seen = Vec::new();
    for _ in 0..120 {
        let focus = focus(page);
        if there(&focus) {
            return;
        }
        seen.push(focus);
        page.browser.press(&[key::TAB]);
    }
    panic!("{what} is not on the way of the Tab key: {seen:#?}");
}

fn type_keys(page: &Page, text: &str) {
    let keys: Vec<String> = text.chars().map(String::from).collect();
    page.browser.press(&keys.iter().map(String::as_str).collect::<Vec<_>>());
}

/// The page in its states, as an accessibility checker sees it: light and dark, wide and narrow.
#[test]
fn axe_finds_nothing_and_nothing_is_wider_than_the_screen() {
    let Some(axe) = std::env::var_os("PORTCULLIS_AXE") else {
        return not_run("accessibility: PORTCULLIS_AXE names no axe.min.js (cargo xtask test sets it)");
    };
    let axe = fs::read_to_string(axe).expect("axe-core");
    tell(|page| {
        let (mut wrong, mut unsure) = (Vec::new(), BTreeMap::<String, usize>::new());
        for (width, height) in [(1280, 800), (320, 640)] {
            page.browser.resize(width, height);
            for scheme in ["light", "dark"] {
                page.browser.prefer(scheme);
                page.open("");
                for state in ["Findings", "Flows", "compared", "alone", "Catalog", "changed", "unfolded", "asking"] {
                    enter(page, state);
                    page.picture(&format!("{state}-{width}-{scheme}"));
                    let widest = page.browser.run("return document.scrollingElement.scrollWidth;", json!([]));
                    assert!(widest.as_u64() <= Some(width.into()), "{state} is {widest} wide on {width}");
                    let found = page.browser.run_async(
                        &format!("if (!window.axe) {{ {axe} }} return await axe.run(document, {{ preload: false }});"),
                        json!([]),
                    );
                    let here = |place: &Place| format!("{state} {width} {scheme}: {place:?}");
                    wrong.extend(places(&found["violations"]).iter().map(here));
                    for place in places(&found["incomplete"]) {
                        *unsure.entry(place.kind()).or_default() += 1;
                    }
                }
            }
        }
        // For a person to judge, once: both ways the page is the same.
        if page.address.starts_with("http") {
            for (kind, count) in unsure {
                say(&format!("axe cannot tell, {count} times: {kind}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        page.is_quiet();
    });
}

/// Where a rule of axe has something to say, and what.
#[derive(Debug)]
struct Place {
    rule: String,
    target: String,
    why: String,
}

impl Place {
    /// The same for all rows of a list, and all boxes of a picture.
    fn kind(&self) -> String {
        let last = self.target.rsplit(" > ").next().unwrap_or_default();
        let name = last.split(['[', ':']).next().unwrap_or_default();
        format!("{}, {name}: {}", self.rule, self.why)
    }
}

fn places(rules: &Value) -> Vec<Place> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut places = Vec::new();
    for rule in list(rules) {
        for node in list(&rule["nodes"]) {
            let target = list(&node["target"]).iter().map(text).collect();
            places.push(Place { rule: text(&rule["id"]), target, why: text(&node["any"][0]["message"]) });
        }
    }
    places
}

fn enter(page: &Page, state: &str) {
    match state {
        "unfolded" => {
            page.browser.run("document.querySelectorAll('details').forEach(it => it.open = true);", json!([]));
        }
        "compared" => {
            page.choose("#pick-preset", "cluster");
            page.choose("#pick-compare", "10.3");
            page.wait_for("#compared-table", "removed");
            page.browser
                .run("document.querySelectorAll('#compared-table details').forEach(it => it.open = true);", json!([]));
        }
        // Some of the flows, and of them those of one box.
        "alone" => {
            page.choose("#show-purpose", "Back end");
            page.wait_for(".diagram .bar small", "flows: back end");
            page.browser.click("#box-5 .diagram-name");
            page.browser.wait("document.querySelector('#box-5[aria-pressed=true]')");
        }
        "changed" => {
            page.choose("#pick-preset", "basic");
            page.unfold(group::SERVER);
            page.fill(&format!("#p-{}-server-communication", group::SERVER), "9447");
            page.browser.click("#tab-How-to-change");
            page.wait_for(".howto code", "port=\"9447\"");
        }
        "asking" => {
            page.choose("#pick-preset", "cluster");
            page.wait_for("#pick-group", "Load balancer");
            page.browser.click("#role-load-balancer");
            page.wait_for("#pending", "Opens");
        }
        tab => page.browser.click(&format!("#tab-{tab}")),
    }
}
