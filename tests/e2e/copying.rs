//! What is copied or downloaded is what is shown, and it runs. Never believes the message of a button alone.

use std::fs;

use serde_json::json;

use crate::browser::key;
use crate::hosts::arrived;
use crate::page::{Page, group, tell, tell_at};

/// From the page as it opens to rules in place.
#[test]
fn the_copied_text_runs_in_the_real_firewall() {
    tell(|page| {
        page.unfold(group::SERVER);
        page.fill(&format!("#a-{}", group::SERVER), "192.0.2.49");
        page.choose("#pick-group", &group::SERVER.to_string());
        page.choose("#pick-dialect", "nftables");
        page.choose("#pick-ways", "In and out");
        page.wait_for("#snippet-text", "held back");
        // The fields for what is missing stay while somebody types in them, though half an address is an address too.
        page.browser.type_into(&format!("#missing-{}", group::NODE), "192.0.2.65");
        page.browser.press(&[key::TAB]);
        let focused = page.browser.run("return document.activeElement.id;", json!([]));
        assert_eq!(focused, json!(format!("missing-{}", group::DATABASE)));
        page.browser.type_into(&format!("#missing-{}", group::DATABASE), "192.0.2.81 2001:db8::81");
        page.wait_for(".missing-peers", "Nothing is held back");
        let copied = page.copy("Copy");
        assert_eq!(copied, page.snippet());
        page.wait_without(".missing-peers");
        page.wait_for(".toast", "Copied.");
        for (group, addresses) in [(group::NODE, "192.0.2.65"), (group::DATABASE, "192.0.2.81, 2001:db8::81")] {
            page.unfold(group);
            assert_eq!(page.value(&format!("#a-{group}")), addresses);
        }
        runs(&copied, if page.address.starts_with("file") { "file" } else { "http" });

        page.choose("#pick-group", &group::NODE.to_string());
        page.wait_for("#snippet-text", "New-NetFirewallRule");
        let copied = page.copy("Copy");
        assert_eq!(copied, page.snippet());
        assert!(!copied.contains('\r') && copied.contains("192.0.2.49"), "{copied}");
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).expect("the grammar");
        let tree = parser.parse(&copied, None).expect("a tree");
        assert!(!tree.root_node().has_error(), "{}\n{copied}", tree.root_node());
        page.is_quiet();
    });
}

/// A text that is not understood whole is not handed out, by any way. Two chains of one name are such a text: the page has none
/// that was tested with them.
#[test]
fn a_text_that_is_not_what_it_should_be_cannot_be_copied() {
    tell(|page| {
        page.choose("#pick-dialect", "nftables");
        page.wait_for(".snippet .read", "read back: 0 missing, 0 extra");
        page.press_button("Take it out");
        page.wait_for(".snippet .read", "read back: opens nothing");
        page.press_button("Apply");
        page.browser.click("//summary[. = 'Names on this host']");
        page.choose("#pick-ways", "In and out");
        for chain in ["input", "output"] {
            page.fill(&format!("#name-{chain}"), "both");
        }
        page.wait_for(".differs", "It cannot be copied");
        page.wait_for(".snippet .read", "not what it should be");
        assert_eq!(page.browser.run("return document.querySelector('#copy').disabled;", json!([])), json!(true));
        page.press_button("↓ All");
        page.wait_for(".toast", "Nothing was downloaded");
        page.fill("#name-output", "outgoing");
        page.wait_without(".differs");
        page.wait_for("#snippet-text", "inet filter outgoing");
        assert_eq!(page.copy("Copy"), page.snippet());
        page.is_quiet();
    });
}

/// Pastes a text for the server into the shell of a machine behind a default drop.
#[cfg(target_os = "linux")]
fn runs(text: &str, name: &str) {
    let Some(machine) = crate::namespace::Namespace::new(&format!("e2e-{name}")) else { return };
    let chain = |hook: &str| format!("chain {hook} {{ type filter hook {hook} priority 0; policy drop; }}\n");
    machine.reset(&format!("table inet filter {{\n{}{}}}\n", chain("input"), chain("output")));
    let ran = machine.run(&["bash"], text);
    assert!(ran.success && ran.stdout.contains("Done: rules for 9 flows"), "{ran:?}");
    let ruleset = machine.ruleset();
    for rule in [
        "tcp dport 443 ct state new accept",
        "ip saddr 192.0.2.65 tcp dport 9443 ct state new accept",
        "ip daddr 192.0.2.65 tcp dport 9501 ct state new accept",
        "ip6 daddr 2001:db8::81 tcp dport 5432 ct state new accept",
        "jump portcullis_in",
        "jump portcullis_out",
    ] {
        assert!(ruleset.contains(rule), "{rule} is not in\n{ruleset}");
    }
}

#[cfg(not(target_os = "linux"))]
fn runs(_: &str, _: &str) {
    crate::engine::not_run("nftables is Linux");
}

#[test]
fn a_download_has_the_right_name_and_line_ends() {
    tell(|page| {
        for (group, name, line_end) in
            [(group::SERVER, "spotfire-spotfire-server.sh", "\n"), (group::NODE, "spotfire-node.ps1", "\r\n")]
        {
            page.choose("#pick-group", &group.to_string());
            page.browser.click(&format!("button[title=\"Download {name}\"]"));
            let path = arrived(page, name);
            let text = fs::read_to_string(&path).expect("text");
            assert_eq!(text, page.snippet().replace('\n', line_end));
            fs::remove_file(path).expect("ours");
        }
        page.is_quiet();
    });
}

/// Plain http within a company is no secure context, and a browser may forbid the clipboard anywhere.
#[test]
fn copy_works_without_the_clipboard_interface() {
    tell_at(Some("intranet.test"), |page| {
        if page.address.starts_with("file") {
            page.browser.before_every_page("Object.defineProperty(navigator, 'clipboard', { value: undefined });");
            page.open("");
        }
        let without = page.browser.run("return [isSecureContext, navigator.clipboard === undefined];", json!([]));
        assert_eq!(without, json!([page.address.starts_with("file"), true]));
        falls_back(page);
    });
}

fn falls_back(page: &Page) {
    let shown = page.snippet();
    page.press_button("Copy");
    page.wait_for(".toast", "Copied; it refuses to run");
    assert_eq!(page.pasted(), shown);

    // Where the old command is refused too, the text is left selected, and the user told.
    page.browser.run("document.execCommand = () => false;", json!([]));
    page.press_button("Copy");
    page.wait_for(".toast", "The text is selected: press Ctrl+C.");
    page.browser.press(&[key::CONTROL, "c"]);
    assert_eq!(page.pasted().trim_end(), shown.trim_end());

    page.press_button("Copy link");
    page.wait_for(".toast", "The link is selected below: press Ctrl+C.");
    page.browser.press(&[key::CONTROL, "c"]);
    let link = page.pasted();
    assert!(link.starts_with(&page.address) && link.contains("#1;"), "{link}");
    page.is_quiet();
}
