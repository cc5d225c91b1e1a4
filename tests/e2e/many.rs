//! More groups and flows than fit on a page: lists show the first of them and more on demand, nothing is lost by that, and what
//! is looked for is there. Never asks how long it takes.

use portcullis::catalog::Catalog;
use portcullis::flow::flows;
use portcullis::link;
use serde_json::json;

use crate::large;
use crate::page::{Page, tell};

/// How many elements there are.
fn count(page: &Page, css: &str) -> usize {
    let count = page.browser.run("return document.querySelectorAll(arguments[0]).length;", json!([css]));
    usize::try_from(count.as_u64().expect("a number")).expect("few")
}

/// Waits until there are so many.
#[track_caller]
fn wait_count(page: &Page, css: &str, count: usize) {
    page.browser.wait_with("document.querySelectorAll(arguments[0]).length === arguments[1]", json!([css, count]));
}

#[test]
fn long_lists_show_more_on_demand_and_lose_nothing() {
    let catalog = Catalog::spotfire().expect("the embedded catalog can be read");
    let deployment = large::by_catalog(&catalog, 250, false);
    let flows = flows(&catalog, &deployment);
    let link = link::write(&catalog, &deployment);
    tell(|page| {
        page.open(&link);
        page.wait_for(".diagram .bar small", "flows between 250 groups");
        // On the left, as many groups of a role as in any list; the others come with the next ones.
        wait_count(page, ".group", 5 + 100 + 100);
        assert!(page.text("#tab-Findings").contains("Findings"));
        wait_count(page, ".findings > li", 100);
        page.browser.click("#tab-Flows");
        page.wait_for("#tab-panel .bar small", &format!("{} rows", flows.len()));
        wait_count(page, "#flow-table tbody tr", 100);
        page.press_button("Show more rows");
        wait_count(page, "#flow-table tbody tr", 200);
        wait_count(page, ".group", 250);
        assert_eq!(count(page, ".deployment .buttons small"), 0);
        // What leaves the page is whole.
        page.press_button("Copy table");
        page.wait_for(".toast", "Table copied.");
        let text = page.browser.run_async("return await navigator.clipboard.readText();", json!([]));
        let last = flows.last().expect("flows");
        let rows = text.as_str().expect("text").lines().count();
        assert!(rows >= flows.len(), "{rows} of {}", flows.len());
        // A flow far down is there when its arrow is opened.
        let key = last.key();
        page.browser.run(
            "const all = [...document.querySelectorAll('.diagram-arrow')]; \
             all.find(it => it.dataset.flow.split(' ')[0] !== all[0].dataset.flow.split(' ')[0] && \
             it.dataset.flow.split(' ').includes(arguments[0])).dispatchEvent(new MouseEvent('click', { bubbles: true }));",
            json!([key]),
        );
        page.browser.wait("document.activeElement.id.startsWith('flow-g')");
        page.is_quiet();
    });
}
