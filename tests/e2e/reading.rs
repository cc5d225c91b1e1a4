//! Somebody reads the picture: some of its flows, one group and its neighbours, nearer, in words, and what another release
//! changes. Never asks what is drawn where: the core tests do.

use serde_json::{Value, json};

use crate::browser::key;
use crate::page::{Page, group, tell};

/// What is said beside the heading.
const SAID: &str = ".diagram .bar small";

/// The number of the servers' group in a cluster.
const SERVERS: &str = "4";

fn cluster(page: &Page) {
    page.choose("#pick-preset", "cluster");
    page.wait_for(SAID, "16 flows between 7 groups");
}

/// How many elements there are.
fn count(page: &Page, css: &str) -> Value {
    page.browser.run("return document.querySelectorAll(arguments[0]).length;", json!([css]))
}

/// The names of the boxes in their order, and which stand back.
fn boxes(page: &Page) -> (Vec<String>, Vec<String>) {
    let script = "const boxes = [...document.querySelectorAll('.diagram-group')]; \
        const name = box => box.querySelector('title').textContent.split('\\n')[0]; \
        return [boxes.map(name), boxes.filter(box => getComputedStyle(box).opacity < 1).map(name)];";
    serde_json::from_value(page.browser.run(script, json!([]))).expect("names")
}

#[test]
fn some_flows_are_shown_and_said_to_be_some() {
    tell(|page| {
        cluster(page);
        let (before, text, link) = (boxes(page), page.snippet(), page.link());
        page.choose("#show-purpose", "Back end");
        page.wait_for(SAID, "9 of 16 flows: back end");
        assert_eq!(boxes(page), before, "every box stays");
        page.choose("#show-encryption", "clear text");
        page.wait_for(SAID, "3 of 16 flows: back end, clear text");
        assert_eq!(count(page, ".diagram-arrow[data-flow]"), 3);
        page.choose("#show-ways", "In");
        page.wait_for(SAID, "0 of 16 flows: back end, clear text, into Load balancer");
        page.wait_for(".diagram-key", "0 of 16 flows");
        assert_eq!(boxes(page), before);
        // Neither the rules nor the table nor what is kept and shared.
        page.browser.click("#tab-Flows");
        page.wait_for(".said .bar", "16 rows");
        assert_eq!((page.snippet(), page.link()), (text, link));
        // Of another machine, as soon as its text is looked at.
        page.choose("#pick-group", SERVERS);
        page.wait_for(SAID, "into Spotfire Servers");
        let mermaid = page.copy("Mermaid");
        assert!(
            mermaid.contains("flows#58; back end, clear text, into Spotfire Servers")
                || mermaid.contains(" of 16 flows"),
            "{mermaid}"
        );
        page.wait_for(".toast", "It shows ");
        page.press_button("Show all");
        page.wait_for(SAID, "16 flows between 7 groups");
        assert_eq!(page.value("#show-purpose"), "");
        page.wait_without(".filters button");
        page.is_quiet();
    });
}

#[test]
fn a_box_that_is_pressed_stands_alone_with_its_neighbours() {
    tell(|page| {
        cluster(page);
        page.browser.click("#tab-Flows");
        page.wait_for("#tab-panel", "TCP 9443");
        let all = boxes(page);
        assert!(all.1.is_empty());
        page.browser.click("#box-4 .diagram-name");
        page.browser.wait("document.querySelector('#box-4[aria-pressed=true]')");
        assert_eq!(page.value("#pick-group"), SERVERS, "its rules are chosen");
        assert_eq!(boxes(page).1, ["Web clients", "Analyst clients"]);
        assert_eq!(count(page, ".diagram-arrow[data-flow]:not([data-near])"), 2);
        assert_eq!(count(page, "tr[data-lit]"), 14, "its rows are lit");
        page.browser.press(&[key::ESCAPE]);
        assert_eq!(boxes(page), all);

        // By keyboard: to a box, alone, through its flows, and back.
        page.browser.run("document.querySelector('.drawing').focus();", json!([]));
        page.browser.press(&[key::DOWN, key::DOWN, key::DOWN, key::ENTER]);
        page.browser.wait("document.activeElement.matches('.diagram-group[aria-pressed=true]')");
        let (_, back) = boxes(page);
        assert!(!back.is_empty());
        page.browser.press(&[key::RIGHT]);
        page.browser.wait("document.activeElement.matches('.diagram-arrow[data-near]')");
        page.browser.press(&[key::ESCAPE]);
        assert!(boxes(page).1.is_empty());

        // Beside the boxes is the way back too; and an edit draws a picture with nothing pressed.
        page.browser.click("#box-4 .diagram-name");
        assert!(!boxes(page).1.is_empty());
        page.browser.click(".diagram-key");
        assert!(boxes(page).1.is_empty());
        // With a direction chosen it is another picture: the focus is where it was.
        page.choose("#show-ways", "In");
        page.wait_for(SAID, "into Spotfire Servers");
        page.browser.click("#box-1 .diagram-name");
        page.wait_for(SAID, "into Web clients");
        page.browser.wait("document.activeElement.id === 'box-1'");
        page.is_quiet();
    });
}

#[test]
fn what_is_wrong_is_marked_at_its_box_until_it_is_settled() {
    tell(|page| {
        page.wait_for("#box-4 .diagram-badge", "● 1");
        assert!(page.text("#box-4 title").contains("error: Node has no address."));
        page.fill(&format!("#missing-{}", group::NODE), "192.0.2.65");
        page.wait_without("#box-4 .diagram-badge");
        assert!(page.has("#box-3 .diagram-badge"));
        page.is_quiet();
    });
}

#[test]
fn the_picture_comes_nearer_and_the_wheel_stays_the_pages_own() {
    // Of what is drawn: its element may be wider or higher than that.
    const WIDTH: &str = "const svg = document.querySelector('svg.diagram'), { width, height } = svg.getBoundingClientRect(); \
        return Math.round(Math.min(width, height * svg.getAttribute('width') / svg.getAttribute('height')));";
    tell(|page| {
        cluster(page);
        let width = || page.browser.run(WIDTH, json!([])).as_i64().expect("a width");
        let fits = width();
        page.press_button("Nearer");
        let near = width();
        assert!(near > fits * 6 / 5, "{fits} {near}");
        page.browser.run("document.querySelector('.drawing').focus();", json!([]));
        page.browser.press(&["+"]);
        assert!(width() > near);
        // The middle stays in the middle.
        let scrolled = "const it = document.querySelector('.drawing'); \
            return [it.scrollLeft, it.scrollTop, it.scrollWidth - it.clientWidth];";
        let at = page.browser.run(scrolled, json!([]));
        let [left, end] = [0, 2].map(|at_| at[at_].as_f64().expect("a number"));
        assert!((left - end / 2.0).abs() < 12.0, "{at}");
        // Drawn by the pointer; that presses nothing.
        let here = "const it = document.querySelector('.drawing'), on = it.querySelector('.diagram-box'), \
            tell = (kind, x, buttons) => on.dispatchEvent(new PointerEvent(kind, \
                { bubbles: true, pointerType: 'mouse', clientX: x, clientY: 200, buttons })); \
            tell('pointerdown', 300, 1); tell('pointermove', 260, 1); tell('pointerup', 260, 0); \
            on.dispatchEvent(new MouseEvent('click', { bubbles: true }));";
        page.browser.run(here, json!([]));
        let moved = page.browser.run(scrolled, json!([]));
        assert_eq!(moved[0].as_f64(), Some(left + 40.0), "{moved}");
        assert!(!page.has("[aria-pressed=true].diagram-group"));
        // The wheel scrolls; with Ctrl it zooms.
        let wheel = "return document.querySelector('.drawing').dispatchEvent(new WheelEvent('wheel', \
            { bubbles: true, cancelable: true, deltaY: 100, ctrlKey: arguments[0] }));";
        let before = width();
        assert_eq!(page.browser.run(wheel, json!([false])), json!(true), "not taken from the page");
        assert_eq!(width(), before);
        assert_eq!(page.browser.run(wheel, json!([true])), json!(false));
        assert!(width() < before);
        page.browser.press(&["0"]);
        let whole = width();
        assert!(whole <= fits, "at first it is at least as large as can be read: {fits} {whole}");
        let hidden = "const it = document.querySelector('.drawing'); \
            return [it.scrollWidth - it.clientWidth, it.scrollHeight - it.clientHeight];";
        assert_eq!(page.browser.run(hidden, json!([])), json!([0, 0]), "all of it is there");
        page.press_button("Further");
        assert!(width() < whole);
        page.press_button("Fit");
        assert_eq!(width(), whole);
        // A box that is pressed stays in view while the picture comes nearer, wherever it is.
        for id in [1, 5] {
            page.browser.click(&format!("#box-{id} .diagram-name"));
            (0..4).for_each(|_| page.press_button("Nearer"));
            assert!(width() > whole * 2);
            let seen = format!(
                "const box = document.querySelector('#box-{id}').getBoundingClientRect(), x = (box.left + box.right) / 2, \
                    y = (box.top + box.bottom) / 2, room = document.querySelector('.drawing').getBoundingClientRect(); \
                 return room.left < x && x < room.right && room.top < y && y < room.bottom;"
            );
            assert_eq!(page.browser.run(&seen, json!([])), json!(true), "{id}");
            page.press_button("Fit");
        }
        page.is_quiet();
    });
}

/// True in the page if the middle of an element is what is seen there.
fn on_top(css: &str) -> String {
    format!(
        "(() => {{ const it = document.querySelector('{css}'), at = it?.getBoundingClientRect(); \
         return it?.contains(document.elementFromPoint((at.left + at.right) / 2, (at.top + at.bottom) / 2)); }})()"
    )
}

#[test]
fn the_picture_takes_the_whole_window_and_gives_it_back() {
    const ROOM: &str = "const { width, height } = document.querySelector('.panel.diagram').getBoundingClientRect(); \
        return [width - innerWidth, height - innerHeight];";
    tell(|page| {
        cluster(page);
        page.browser.click("#whole-window");
        assert_eq!(page.browser.run(ROOM, json!([])), json!([0, 0]));
        assert!(
            !page
                .browser
                .run(
                    "return document.querySelector('#pick-group').checkVisibility({ visibilityProperty: true });",
                    json!([])
                )
                .as_bool()
                .expect("an answer"),
            "nothing behind it takes the focus"
        );
        // What stands there can be pressed as before.
        page.browser.click("#box-5 .diagram-name");
        assert!(page.has("#box-5[aria-pressed=true]"));
        page.browser.press(&[key::ESCAPE]);
        assert_ne!(page.browser.run(ROOM, json!([])), json!([0, 0]));
        assert!(!page.has("#whole-window:checked"));
        // A flow leads to its row, which is elsewhere.
        page.browser.click("#whole-window");
        page.browser.run("document.querySelector('.drawing').focus();", json!([]));
        page.browser.press(&[key::RIGHT, key::ENTER]);
        page.browser.wait("document.activeElement.matches('.flows summary')");
        assert!(!page.has("#whole-window:checked"));
        // What has to be known is seen over it: what a link has brought, and that the page has failed.
        page.browser.click("#whole-window");
        page.browser.run("location.hash = arguments[0];", json!(["1;g3.a=192.0.2.49;zz"]));
        page.browser.wait(&on_top(".notice[role=alert]"));
        page.is_quiet();
        page.browser.run("document.querySelector('#start-error').hidden = false;", json!([]));
        page.browser.wait(&on_top("#start-error"));
    });
}

#[test]
fn the_picture_is_told_in_words_and_another_release_by_signs() {
    tell(|page| {
        cluster(page);
        assert!(!page.has(".words[open]"));
        page.browser.click(".words summary");
        page.browser.wait("document.querySelector('.words[open] p').checkVisibility()");
        let words = page.text(".words p");
        assert!(words.contains("Web clients can reach Load balancer on 443 (encrypted); "), "{words}");
        page.browser.click(".words summary");

        page.browser.click("#tab-Flows");
        page.choose("#pick-compare", "10.3");
        page.wait_for(SAID, "compared with 10.3");
        page.wait_for(".diagram-port", "+\u{a0}5701–5702");
        page.wait_for(".diagram-port", "−\u{a0}5701–5704");
        page.wait_for(".diagram-key", "+ added");
        // The row of the comparison is lit with it.
        page.browser.point_at("#compared-table tr[data-change=added]");
        page.browser
            .wait("document.querySelector('.diagram-arrow[data-lit] .diagram-port').textContent.startsWith('+')");
        page.choose("#pick-compare", "");
        page.wait_for(SAID, "16 flows between 7 groups");
        page.wait_without(".diagram-arrow [stroke-opacity]");
        page.is_quiet();
    });
}
