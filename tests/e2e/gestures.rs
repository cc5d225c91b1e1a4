//! What people do with groups, steps and lists: split, double, move, reset, paste, Back and Forward, two tabs; and one flow
//! lit in all its places. Reads the result from the text to copy.

use serde_json::json;

use crate::browser::key;
use crate::page::{Page, group, tell};

/// Pastes a text by keyboard into whatever has the focus.
fn paste(page: &Page, text: &str) {
    page.browser.run_async("await navigator.clipboard.writeText(arguments[0]);", json!([text]));
    page.browser.press(&[key::CONTROL, "v"]);
}

#[test]
fn groups_are_doubled_split_moved_and_reset() {
    tell(|page| {
        let start = page.link();
        page.unfold(group::NODE);
        page.fill(&format!("#m-{}", group::NODE), "2");
        page.fill(&format!("#a-{}", group::NODE), "192.0.2.65 192.0.2.66");
        page.wait_for("#snippet-text", "192.0.2.66");
        page.press_button("Split off a machine");
        page.wait_for("#group-6", "192.0.2.66");
        page.wait_for("#snippet-text", "# Node 2 to Spotfire Server, TCP 9443");
        page.wait_for("#snippet-text", "ip saddr 192.0.2.66 tcp dport 9443");
        assert!(!page.has("#missing-6"), "the machine keeps its address");
        assert_eq!(page.value(&format!("#a-{}", group::NODE)), "192.0.2.65");

        page.press_button("Duplicate");
        page.wait_for("#group-7", "no address");
        page.wait_for("#snippet-text", "Held back: Node 3 to Spotfire Server, TCP 9443");

        page.choose(&format!("#z-{}", group::NODE), "clients");
        page.wait_for("#group-4 .count", "1 changed");
        page.fill(&format!("#p-{}-node-communication", group::NODE), "9444");
        page.wait_for("#group-4 .count", "2 changed");
        page.wait_for("section[aria-label='Nodes and services'] h2", "2 changed");
        page.wait_for(".reset", "Reset all 2 changed values");
        page.press_button("Reset Nodes and services: 2 changed");
        page.wait_without("section[aria-label='Nodes and services'] h2 .count");
        assert_eq!(page.value(&format!("#p-{}-node-communication", group::NODE)), "");
        page.press_button("Undo: Reset Node");
        page.wait_for("#group-4 .count", "2 changed");
        page.press_button("Reset all 2 changed values");
        page.wait_without(".reset");

        while !page.has("button[aria-label='Nothing to undo']") {
            page.press_button("Undo");
        }
        assert_eq!(page.link(), start);
        page.is_quiet();
    });
}

#[test]
fn back_and_forward_are_undo_and_redo() {
    tell(|page| {
        let step =
            |number: &str| page.browser.wait_with("history.state?.endsWith(' ' + arguments[0])", json!([number]));
        step("0");
        page.browser.click("#role-ldap");
        page.wait_for("#group-6", "no address");
        step("1");
        page.unfold(group::SERVER);
        page.fill(&format!("#a-{}", group::SERVER), "192.0.2.49");
        page.wait_for("#snippet-text", "(192.0.2.49)");
        step("2");
        page.browser.run("history.back();", json!([]));
        page.wait_for("#snippet-text", "# For Spotfire Server: ingress only");
        assert!(page.has("#group-6"));
        page.browser.run("history.back();", json!([]));
        page.wait_without("#group-6");
        page.browser.run("history.go(2);", json!([]));
        page.wait_for("#snippet-text", "(192.0.2.49)");
        // Undo by button takes the history along, so that Back goes on from there.
        page.press_button("Undo");
        step("1");
        assert!(page.has("#group-6") && !page.snippet().contains("192.0.2.49"));
        page.browser.run("history.back();", json!([]));
        page.wait_without("#group-6");
        assert!(page.has("button[aria-label='Nothing to undo']"));
        page.is_quiet();
    });
}

#[test]
fn a_pasted_list_is_read_whole_wherever_it_is_pasted() {
    tell(|page| {
        page.unfold(group::SERVER);
        let field = format!("#a-{}", group::SERVER);
        page.browser.click(&field);
        paste(page, "192.0.2.49\r\n192.0.2.50\r\n");
        page.wait_for("#snippet-text", "(192.0.2.49, 192.0.2.50)");
        assert_eq!(page.value(&field), "192.0.2.49, 192.0.2.50");
        paste(page, ", 192.0.2.51");
        page.wait_for("#snippet-text", "(192.0.2.49, 192.0.2.50, 192.0.2.51)");
        assert_eq!(page.value(&field), "192.0.2.49, 192.0.2.50, 192.0.2.51", "one line is left to the browser");

        page.browser.run("document.activeElement.blur();", json!([]));
        paste(page, "192.0.2.65\t2001:db8::65\n");
        page.wait_for(".notice", "Pasted 2 addresses: 192.0.2.65, 2001:db8::65. Whose addresses are these?");
        page.browser.press(&[key::ESCAPE]);
        page.wait_without("#pasted");
        paste(page, "192.0.2.65\t2001:db8::65\n");
        page.choose("#pasted", &group::NODE.to_string());
        page.wait_for("#snippet-text", "ip6 saddr 2001:db8::65 tcp dport 9443");
        page.wait_without("#pasted");
        page.is_quiet();
    });
}

#[test]
fn one_flow_is_lit_in_all_its_places() {
    const LIT: &str =
        "[...document.querySelectorAll('[data-lit]')].map(it => it.tagName.toLowerCase()).sort().join(' ')";
    tell(|page| {
        page.browser.click("#tab-Flows");
        page.wait_for("#tab-panel", "TCP 9443");
        // By keyboard: into the picture, and from arrow to arrow.
        page.browser.run("document.querySelector('.drawing').focus();", json!([]));
        page.browser.press(&[key::RIGHT, key::RIGHT, key::RIGHT]);
        let arrow = page.browser.run("return document.activeElement.getAttribute('data-flow');", json!([]));
        assert_eq!(arrow, json!("g4-g3-tcp-9080"));
        // The arrow, its row, and what the text says of it.
        page.browser.wait_with(&format!("{LIT} === arguments[0]"), json!(["g span tr"]));
        assert!(page.text("pre [data-lit]").contains("Held back: Node to Spotfire Server, TCP 9080"));
        page.browser.press(&[key::ENTER]);
        page.browser.wait("document.activeElement.id === 'flow-g4-g3-tcp-9080'");
        page.wait_for(".flows details[open]", "Confidence");
        assert!(page.text("tr[data-lit] details").contains("Node asks to join."));

        // By pointer: a line of the text.
        page.fill(&format!("#missing-{}", group::NODE), "192.0.2.65");
        page.wait_for("pre span:not(.comment)[data-flow='g4-g3-tcp-9443']", "dport 9443");
        page.browser.point_at("pre span:not(.comment)[data-flow='g4-g3-tcp-9443']");
        page.browser
            .wait_with("document.querySelector(arguments[0])", json!(["tr[data-flow='g4-g3-tcp-9443'][data-lit]"]));
        assert!(page.has(".diagram-arrow[data-flow='g4-g3-tcp-9443'][data-lit]"));
        assert!(!page.has("[data-flow='g4-g3-tcp-9080'][data-lit]"), "one at a time");
        page.is_quiet();
    });
}

#[test]
fn what_an_edit_changed_is_marked_and_told() {
    tell(|page| {
        assert!(!page.has("pre .new"));
        page.unfold(group::SERVER);
        page.fill(&format!("#p-{}-server-communication", group::SERVER), "9447");
        page.wait_for("pre .new", "TCP 9447");
        page.wait_for("[role=status]", "new or changed in the text to copy");
        page.choose("#pick-ways", "Out");
        page.wait_without("pre .new");
        page.is_quiet();
    });
}

#[test]
fn two_tabs_do_not_overwrite_each_other_in_silence() {
    tell(|page| {
        // From a file, a browser may keep things for each tab apart.
        page.unfold(group::SERVER);
        page.fill(&format!("#a-{}", group::SERVER), "192.0.2.49");
        page.wait_for("#snippet-text", "(192.0.2.49)");
        page.browser.in_another_tab(|| {
            page.open("");
            page.unfold(group::NODE);
            page.fill(&format!("#a-{}", group::NODE), "192.0.2.65");
            page.wait_for("#snippet-text", "192.0.2.65");
        });
        page.wait_for(".notice", "changed in another tab");
        let theirs = page.stored("portcullis.deployment");
        page.fill(&format!("#a-{}", group::SERVER), "192.0.2.50");
        page.wait_for("#snippet-text", "(192.0.2.50)");
        assert_eq!(page.stored("portcullis.deployment"), theirs, "nothing is overwritten unasked");
        page.press_button("Show the other one");
        page.wait_for("#snippet-text", "192.0.2.65");
        page.wait_without("#keep");
        page.press_button("Undo");
        page.wait_for("#snippet-text", "(192.0.2.50)");
        page.is_quiet();
    });
}
