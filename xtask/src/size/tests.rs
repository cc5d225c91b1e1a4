//! A page is measured by its own parts, and only a page is.

use super::*;
use crate::bundle::{self, NOTHING};

const TEMPLATE: &str = "<meta charset=\"utf-8\" />\n\
    <link data-trunk rel=\"inline\" type=\"css\" href=\"a.css\" />\n\
    <p>text</p>\n\
    <div id=\"app\"></div>\n\
    <noscript id=\"ports\"></noscript>\n\
    </body>\n";

#[test]
fn a_page_comes_apart_into_what_it_was_made_of() {
    let page = bundle::page(&bundle::Parts {
        template: TEMPLATE,
        css: "a{color:red}",
        glue: "let wasm_bindgen = 1;\n",
        wasm: NOTHING,
        answer: "<h1>the answer</h1>",
        ports: "<h2>the ports</h2>",
    })
    .unwrap();
    let parts = Parts::of(&page).unwrap();
    assert_eq!(parts.css, "a{color:red}");
    assert!(parts.streams.windows(4).any(|bytes| bytes == b"\0asm"));
    assert!(parts.script.contains("let wasm_bindgen"));
    assert!(parts.markup.contains("<p>text</p>") && !parts.markup.contains("wasm_bindgen"));
    report(&page, Limit::Budget).unwrap();
}

#[test]
fn a_page_over_budget_fails() {
    let page = bundle::page(&bundle::Parts {
        template: TEMPLATE,
        css: &"a".repeat(DISK_BUDGET),
        glue: "let wasm_bindgen = 1;\n",
        wasm: NOTHING,
        answer: "<h1>the answer</h1>",
        ports: "<h2>the ports</h2>",
    })
    .unwrap();
    assert!(report(&page, Limit::Budget).unwrap_err().to_string().contains("over budget"));
    assert!(report("<p>another page</p>", Limit::Budget).is_err());
}
