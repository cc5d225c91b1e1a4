//! Roles, ports and machines: what an edit changes everywhere, and what brings it back. Never opens a flow unasked.

use serde_json::json;

use crate::page::{Page, group, tell};

#[test]
fn off_and_on_again_is_the_same_and_undo_brings_back_the_rest() {
    tell(|page| {
        page.unfold(group::SERVER);
        page.fill(&format!("#a-{}", group::SERVER), "192.0.2.49");
        page.unfold(group::NODE);
        page.fill(&format!("#a-{}", group::NODE), "192.0.2.65");
        page.fill(&format!("#i-{}-web-player-0", group::NODE), "9601");
        let (start, drawn) = (page.link(), page.text(".diagram svg"));
        for role in ["node-manager", "web-player", "database", "browser"] {
            page.browser.click(&format!("#role-{role}"));
            page.browser.wait_with("!document.querySelector(arguments[0]).checked", json!([format!("#role-{role}")]));
            assert_ne!(page.link(), start, "{role} off");
            page.browser.click(&format!("#role-{role}"));
            page.browser.wait_with("document.querySelector(arguments[0]).checked", json!([format!("#role-{role}")]));
            assert_eq!(page.link(), start, "{role} off and on");
            assert_eq!(page.text(".diagram svg"), drawn);
        }

        // A port of one's own, and back.
        page.choose("#pick-ways", "In");
        let port = format!("#p-{}-server-communication", group::SERVER);
        page.fill(&port, "9445");
        page.wait_for("#snippet-text", "dport 9445 ");
        assert!(!page.snippet().contains("9443"));
        page.wait_for(".findings", "9445 must also be set on Spotfire Server.");
        page.press_button("Back-end communication: back to 9443");
        page.wait_for("#snippet-text", "dport 9443 ");
        assert_eq!((page.value(&port), page.link()), (String::new(), start.clone()));
        page.press_button("Undo");
        page.wait_for("#snippet-text", "dport 9445 ");
        page.press_button("Redo");
        page.wait_for("#snippet-text", "dport 9443 ");

        // Two roles on one machine meet on two numbers; one press of the fix moves them everywhere, one undo back.
        page.unfold(group::NODE);
        page.choose(&format!("#w-{}-node-manager", group::NODE), &group::SERVER.to_string());
        page.wait_for(".findings", "Two listeners of Spotfire Server have one number: 9080");
        assert!(page.text(".findings").contains("9443 ("));
        page.fill(&format!("#m-{}", group::SERVER), "2");
        let together = page.link();
        page.press_button("Move to 9082 and 9444");
        page.wait_for("#snippet-text", "dport 9444 ");
        assert!(page.snippet().contains("dport 9082 ") && page.text(".diagram svg").contains("9444"));
        let values =
            ["registration", "communication"].map(|name| page.value(&format!("#p-{}-node-{name}", group::SERVER)));
        assert_eq!(values, ["9082", "9444"]);
        assert!(!page.text(".findings").contains("have one number"));
        page.browser.click("#tab-Flows");
        page.wait_for("#tab-panel", "TCP 9082");
        page.browser.click("#tab-Findings");
        page.press_button("Undo");
        page.wait_for(".findings", "Two listeners of Spotfire Server have one number");
        assert_eq!(page.link(), together);
        // The machines, the move.
        page.press_button("Undo");
        page.press_button("Undo");
        page.browser.wait("document.querySelector('#w-4-node-manager')");
        assert_eq!(page.link(), start);
        page.is_quiet();
    });
}

#[test]
fn nothing_opens_unasked() {
    tell(|page| {
        page.choose("#pick-preset", "cluster");
        page.wait_for("#pick-group", "Load balancer");
        let (start, snippet) = (page.link(), page.snippet());
        let switch = "#role-load-balancer";
        page.browser.click(switch);
        page.wait_for("#pending", "Switch off Load balancer or reverse proxy?");
        let asked = page.text("#pending-list");
        for flow in
            ["Opens Web clients to Spotfire Servers, TCP 443", "Opens Analyst clients to Spotfire Servers, TCP 443"]
        {
            assert!(asked.contains(flow), "{asked}");
        }
        page.picture("asking");
        let focused = page.browser.run("return document.activeElement.id;", json!([]));
        assert_eq!(focused, json!("pending-list"), "the question is where the user is");
        assert!(on(page, switch), "the switch shows what holds");
        assert_eq!((page.snippet(), page.link()), (snippet.clone(), start.clone()));
        page.press_button("Leave it as it is");
        page.wait_without("#pending");
        assert!(on(page, switch));
        assert_eq!((page.snippet(), page.link()), (snippet, start.clone()));

        page.browser.click(switch);
        page.press_button("Do it, and allow these flows");
        page.wait_without("#pending");
        assert!(!on(page, switch));
        page.wait_for("#snippet-text", "# Web clients to Spotfire Servers, TCP 443");
        page.press_button("Undo");
        page.wait_for("#pick-group", "Load balancer");
        assert_eq!(page.link(), start);

        // What opens nothing and deletes nothing of the user's is done at once.
        page.browser.click("#role-database");
        page.browser.wait("!document.querySelector('#role-database').checked");
        assert!(!page.has("#pending"));
        page.is_quiet();
    });
}

#[test]
fn a_list_shows_what_holds() {
    tell(|page| {
        // What somebody has chosen once is shown again when Undo brings it back.
        for release in ["14.0", "12.0"] {
            page.choose("#pick-release", release);
            page.wait_for("#diagram-title", &format!("Spotfire {release}:"));
        }
        page.press_button("Undo");
        page.wait_for("#diagram-title", "Spotfire 14.0:");
        assert_eq!(page.value("#pick-release"), "14.0");
        // What is asked first has not happened.
        page.unfold(group::NODE);
        page.choose(&format!("#w-{}-node-manager", group::NODE), &group::SERVER.to_string());
        let place = format!("#w-{}-node-manager", group::SERVER);
        page.unfold(group::SERVER);
        page.browser.wait_with("document.querySelector(arguments[0])", json!([place]));
        page.choose(&place, "own");
        page.wait_for("#pending", "Opens");
        assert_eq!(page.value(&place), "here");
        page.press_button("Leave it as it is");
        page.wait_without("#pending");
        assert_eq!(page.value(&place), "here");
        page.is_quiet();
    });
}

fn on(page: &Page, switch: &str) -> bool {
    page.browser.run("return document.querySelector(arguments[0]).checked;", json!([switch])) == json!(true)
}
