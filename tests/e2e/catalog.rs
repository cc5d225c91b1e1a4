//! What is that port, and how is it changed: the catalog is searched, put to use from there, and the steps for a changed port
//! are copied. Never knows a fact that the page does not show.

use serde_json::json;

use crate::browser::key;
use crate::page::{Page, group, tell};

#[test]
fn a_number_is_looked_up_and_put_to_use() {
    tell(|page| {
        page.browser.click("#tab-Catalog");
        // Letter by letter: the field keeps its text and the focus.
        page.browser.click("#query");
        page.browser.press(&["9", "4", "4", "5"]);
        page.wait_for(".search small", "1 of ");
        finds(page, &["Information Services"]);
        assert_eq!((page.value("#query"), focus(page)), ("9445".to_owned(), "query".to_owned()));
        page.picture("catalog-9445");
        page.press_button("Show its field: Information Services");
        // The group unfolds first; its fields come with the next frame.
        page.browser.wait_with(
            "document.activeElement.id === arguments[0]",
            json!([format!("p-{}-information-services", group::SERVER)]),
        );

        // What is off: nobody monitors the servers yet.
        let start = page.link();
        page.fill("#query", "1099");
        page.wait_for(".cards .mark", "off");
        finds(page, &["JMX", "JMX of TERR", "JMX of Python", "JMX of R"]);
        assert!(!page.text(".diagram svg").contains("1099"));
        page.press_button("Use this: JMX");
        page.wait_for(".cards article[data-on=\"true\"] h4", "JMX");
        assert_eq!(page.value("#query"), "1099");
        assert_eq!(switched_on(page, "jmx-client"), json!(true));
        assert!(page.text(".diagram svg").contains("1099"));
        page.browser.click("#tab-Flows");
        page.wait_for("#tab-panel", "TCP 1099");
        page.press_button("Undo");
        page.browser.wait("!document.querySelector('#tab-panel').textContent.includes('TCP 1099')");
        assert_eq!(switched_on(page, "jmx-client"), json!(false));
        assert_eq!(page.link(), start);

        // A role that listens nowhere is found too; and so is what a number was changed to.
        page.browser.click("#tab-Catalog");
        page.fill("#query", "jconsole");
        page.wait_for(".search small", "0 of ");
        page.press_button("Use this: JMX monitoring client");
        page.wait_for(".cards section[data-on=\"true\"] h3", "JMX monitoring client");
        page.press_button("Undo");
        page.fill(&format!("#p-{}-server-communication", group::SERVER), "9543");
        page.fill("#query", "9543");
        page.wait_for(".cards dd", "Spotfire Server 9543");
        finds(page, &["Back-end communication"]);
        // Where to move to; ranges.
        page.fill("#query", "9082");
        page.wait_for(".cards h4", "Registration");
        finds(page, &["Registration"]);
        page.fill("#query", "5703");
        page.wait_for(".cards h4", "Clustering");
        finds(page, &["Clustering"]);

        page.fill("#query", "no such thing <b>");
        page.wait_for(".search small", "Nothing found for “no such thing <b>”. Search for a port, a role,");
        finds(page, &[]);
        page.is_quiet();
    });
}

#[test]
fn a_changed_port_has_its_exact_lines() {
    tell(|page| {
        page.browser.click("#tab-How-to-change");
        page.wait_for("#tab-panel", "No port differs from its default");
        page.browser.click("#tab-Findings");
        page.unfold(group::SERVER);
        page.fill(&format!("#p-{}-server-communication", group::SERVER), "9447");
        page.wait_for(".findings", "9447 must also be set on Spotfire Server.");
        page.browser.click("//*[@class='findings']//button[.='How to change']");
        page.wait_for("#tab-How-to-change .dot", "1");
        assert_eq!(focus(page), "tab-How-to-change");
        page.picture("how-to-change");
        page.wait_for(".howto h3", "Spotfire Server: Back-end communication 9443 → 9447");
        let lines = page
            .browser
            .run("return [...document.querySelectorAll('.howto code')].map(it => it.textContent);", json!([]));
        assert_eq!(lines, json!(["port=\"9447\"", "configure -b 9447", "nodemanager.supervisor.port=9447"]));
        assert_eq!(page.copy("Copy port="), "port=\"9447\"");
        page.wait_for(".toast", "Copied.");
        // Where the browser forbids it, the line is selected.
        page.browser.run(
            "Object.defineProperty(navigator, 'clipboard', { value: undefined }); document.execCommand = () => false;",
            json!([]),
        );
        page.press_button("Copy nodemanager");
        page.wait_for(".toast", "The text is selected: press Ctrl+C.");
        let selected = page.browser.wait("getSelection().toString()");
        assert_eq!(selected, json!("nodemanager.supervisor.port=9447"));

        // An instance is changed on a page of the product's: there is nothing to write into a file.
        page.unfold(group::NODE);
        page.fill(&format!("#i-{}-web-player-0", group::NODE), "9601");
        page.wait_for("#tab-How-to-change .dot", "2");
        page.wait_for(".howto li", "pick the instance, Edit, and give it the port 9601.");
        page.browser.click("#tab-How-to-change");
        page.browser.press(&[key::CONTROL, "z"]);
        page.wait_for("#tab-How-to-change .dot", "1");
        page.browser.press(&[key::CONTROL, "z"]);
        page.wait_for("#tab-panel", "No port differs from its default");
        page.is_quiet();
    });
}

/// Waits until exactly these listeners are found.
#[track_caller]
fn finds(page: &Page, names: &[&str]) {
    let shown =
        "[...document.querySelectorAll('.cards h4')].map(it => it.firstChild.textContent).join('|') === arguments[0]";
    page.browser.wait_with(shown, json!([names.join("|")]));
}

fn focus(page: &Page) -> String {
    page.browser.run("return document.activeElement.id;", json!([])).as_str().unwrap_or_default().to_owned()
}

fn switched_on(page: &Page, role: &str) -> serde_json::Value {
    page.browser.run("return document.getElementById('role-' + arguments[0]).checked;", json!([role]))
}
