//! Somebody who plans an upgrade compares the deployment with another release, reads what changes, goes there, and comes
//! back. Never asks which flows are right: the core's tests do.

use serde_json::{Value, json};

use crate::browser::key;
use crate::engine::Need;
use crate::page::{Page, tell};

/// A cluster in an old release, with the flows in sight.
fn old_cluster(page: &Page) {
    page.choose("#pick-preset", "cluster");
    page.wait_for("#pick-group", "Load balancer");
    page.choose("#pick-release", "10.3");
    page.browser.click("#tab-Flows");
    page.wait_for("#flow-table", "TCP 5701-5702");
}

/// The rows of the comparison: change, ends, port.
fn rows(page: &Page) -> Value {
    let script = "return [...document.querySelectorAll('#compared-table tbody tr')]\
        .map(row => [...row.cells].slice(0, 4).map(cell => cell.firstElementChild?.matches('b') ? cell.textContent : cell.firstChild.data));";
    page.browser.run(script, json!([]))
}

#[test]
fn an_upgrade_is_compared_made_and_undone() {
    tell(|page| {
        old_cluster(page);
        let start = page.link();
        assert_eq!(page.value("#pick-compare"), "");
        page.choose("#pick-compare", "10.10");
        page.wait_for(".compared [role=status]", "From 10.3 to 10.10 this deployment needs other ports in 1 flow.");
        page.wait_for(".compared li", "Spotfire Server: Clustering needs one more port: 5703.");
        let servers = "Spotfire Servers";
        assert_eq!(
            rows(page),
            json!([
                ["+\u{a0}added", servers, servers, "TCP 5701-5703"],
                ["−\u{a0}removed", servers, servers, "TCP 5701-5702"]
            ])
        );
        // Looking changes nothing: neither what is kept nor what is shared, nor the table below.
        assert_eq!(page.link(), start);
        assert!(page.text("#flow-table").contains("TCP 5701-5702") && page.value("#pick-release") == "10.3");
        // Why, and who says so, is one press away.
        page.browser.click("#compared-table tbody tr:first-child summary");
        page.wait_for("#compared-table tbody tr:first-child details[open]", "Servers keep their shared state.");
        assert!(page.has("#compared-table details[open] .sources a"));
        page.picture("compared");

        if page.browser.has(Need::Clipboard) {
            page.browser.run_async("await navigator.clipboard.writeText('nothing yet');", json!([]));
            page.press_button("Copy comparison");
            page.wait_for(".toast", "Comparison copied.");
            let text = page.browser.run_async("return await navigator.clipboard.readText();", json!([]));
            let text = text.as_str().expect("text");
            assert!(text.starts_with("Spotfire 10.3 to 10.10: changed flows"), "{text}");
            assert!(
                text.contains("\nadded\tSpotfire Servers\t") && text.contains("\nremoved\tSpotfire Servers\t"),
                "{text}"
            );
        }

        // An edit is compared at once.
        page.choose("#pick-compare", "12.0");
        page.wait_for(".compared [role=status]", "From 10.3 to 12.0");
        page.browser.click("#role-load-balancer");
        page.press_button("Do it, and allow these flows");
        page.wait_without("#pending");
        assert_eq!(page.value("#pick-compare"), "12.0");
        page.press_button("Undo");

        page.choose("#pick-compare", "14.0");
        page.wait_for(".compared li", "Spotfire Server: Clustering needs 2 more ports: 5703-5704.");
        page.press_button("Change to release 14.0");
        page.wait_for("#flow-table", "TCP 5701-5704");
        page.wait_for(".toast", "Now release 14.0.");
        assert_eq!((page.value("#pick-release"), page.value("#pick-compare")), ("14.0".to_owned(), String::new()));
        assert!(page.text(".compared [role=status]").is_empty() && !page.has("#compared-table"));
        assert_eq!(focus(page), "pick-compare");
        // One step back.
        page.press_button("Undo");
        page.wait_for("#flow-table", "TCP 5701-5702");
        assert_eq!((page.value("#pick-release"), page.link()), ("10.3".to_owned(), start.clone()));
        page.is_quiet();
    });
}

#[test]
fn what_is_no_flow_is_told_and_the_same_is_said_to_be_the_same() {
    tell(|page| {
        page.choose("#pick-release", "14.0");
        page.browser.click("#tab-Flows");
        page.choose("#pick-compare", "12.0");
        page.wait_for(".compared [role=status]", "nothing changes: the same flows with the same ports.");
        assert_eq!(rows(page), json!([]));
        page.choose("#pick-compare", "14.8");
        page.wait_for(".compared [role=status]", "no flow changes: the same flows with the same ports.");
        page.wait_for(".compared li", "Information Services listens on 9445 in 14.8");
        // The deployment's own release is no longer to be chosen, and ends the comparison.
        page.choose("#pick-release", "14.8");
        page.wait_without("#compared-table");
        assert!(!page.has("#pick-compare > option[value=\"14.8\"]"));
        page.is_quiet();
    });
}

#[test]
fn an_upgrade_is_compared_by_keyboard() {
    tell(|page| {
        old_cluster(page);
        page.browser.click("#tab-Flows");
        walk_to(page, "pick-compare");
        // From “No comparison” to the newest release.
        page.browser.press(&[key::DOWN]);
        page.wait_for(".compared [role=status]", "From 10.3 to 14.8");
        assert_eq!(focus(page), "pick-compare");
        let text = "document.activeElement.textContent === 'Change to release 14.8'";
        for _ in 0..12 {
            page.browser.press(&[key::TAB]);
            if page.browser.run(&format!("return {text};"), json!([])) == json!(true) {
                break;
            }
        }
        page.browser.wait(text);
        page.browser.press(&[key::ENTER]);
        page.wait_for("#flow-table", "TCP 5701-5704");
        assert_eq!((focus(page).as_str(), page.value("#pick-release").as_str()), ("pick-compare", "14.8"));
        page.is_quiet();
    });
}

fn walk_to(page: &Page, id: &str) {
    for _ in 0..12 {
        if focus(page) == id {
            return;
        }
        page.browser.press(&[key::TAB]);
    }
    panic!("{id} is not on the way of the Tab key");
}

fn focus(page: &Page) -> String {
    page.browser.run("return document.activeElement.id;", json!([])).as_str().unwrap_or_default().to_owned()
}
