//! The page from its parts: order, escapes, policy, and refusals.

use super::*;

const TEMPLATE: &str = r#"<!doctype html>
<html lang="en">
    <head>
        <meta charset="utf-8" />
        <!-- why
             and how -->
        <link data-trunk rel="rust" data-bin="portcullis" />
        <link data-trunk rel="inline" type="css" href="styles/a.css" />
        <link data-trunk rel="inline" type="css" href="styles/b.css" />
    </head>
    <body>
        <div id="app"></div>
    </body>
</html>
"#;

fn made(css: &str, glue: &str) -> String {
    let parts = Parts { template: TEMPLATE, css, glue, wasm: b"\0asm" };
    page(&parts).unwrap()
}

#[test]
fn the_template_is_the_list_of_styles() {
    assert_eq!(styles(TEMPLATE).unwrap(), ["styles/a.css", "styles/b.css"]);
}

#[test]
fn the_policy_comes_first_and_names_what_is_there() {
    let page = made("a {}\n", "let wasm_bindgen = 1;\n");
    let policy = page.find("Content-Security-Policy").unwrap();
    assert!(policy < page.find("<style").unwrap());
    assert!(policy < page.find("<script").unwrap());
    let between = |open: &str, close: &str| {
        let from = page.find(open).unwrap() + open.len();
        page[from..].split_once(close).unwrap().0
    };
    assert!(page.contains(&hash(between("<style>", "</style>"))));
    assert!(page.contains(&hash(between("<script>", "</script>"))));
    assert!(!page.contains("data-trunk") && !page.contains("<!--"));
}

#[test]
fn no_part_can_end_its_element() {
    let page = made("a { content: \"</style>\" }", "let wasm_bindgen = '</script><!--';\n");
    assert_eq!(page.matches("</style>").count(), 1);
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(!page.contains("<!--"));
}

#[test]
fn the_same_parts_make_the_same_bytes() {
    let glue = "let wasm_bindgen = 1;\n";
    assert_eq!(made("a {}", glue), made("a {}", glue));
}

#[test]
fn what_cannot_be_in_one_file_is_refused() {
    let link = "<link data-trunk rel=\"copy-file\" href=\"a.png\" />";
    assert!(styles(link).unwrap_err().to_string().contains("copy-file"));
    let parts = Parts { template: "<p>no head</p>", css: "", glue: "let wasm_bindgen", wasm: b"" };
    assert!(page(&parts).is_err());
    let parts = Parts { template: TEMPLATE, glue: "export default", ..parts };
    assert!(page(&parts).is_err());
}
