//! What is taken out, and what must stay.

use super::*;

#[test]
fn css_loses_comments_and_what_parts_nothing() {
    let text = "/* what\n   it is */\n\n@layer base {\n    a { color: red; } /* why */\n\n    /* b */ b {}\n}\n";
    assert_eq!(css(text), "@layer base{a{color:red}b{}}");
    let text =
        "a :hover,\n  b > c { margin: calc(1px + 2px) 0; }\n@media (min-width: 9rem) and (print) { d { x: y; } }\n";
    assert_eq!(css(text), "a :hover,b > c{margin:calc(1px + 2px) 0}@media (min-width:9rem) and (print){d{x:y}}");
}

#[test]
fn css_keeps_strings_and_separators() {
    let text = "q::before { content: \"/* \\\" */\"; }\n.a/* x */.b {}\nx { content: 'it''s  /*' }";
    assert_eq!(css(text), "q::before{content:\"/* \\\" */\"}.a/**/.b{}x{content:'it''s  /*'}");
}

#[test]
fn javascript_loses_comments_on_their_own_lines() {
    let text = "/**\n * What\n */\nlet a = 1; // stays\n    // goes\n\n    /* goes */\n    f(a);\n";
    assert_eq!(javascript(text), "let a = 1; // stays\nf(a);");
}

#[test]
fn javascript_loses_blanks_that_part_nothing() {
    let tight = |line: &str| javascript(&format!("{line}\n"));
    assert_eq!(tight("const a = b + +c - -d ? e : f;"), "const a=b+ +c- -d?e:f;");
    assert_eq!(
        tight("return async (x) => { for (const y of z) await y; };"),
        "return async(x)=>{for(const y of z)await y;};"
    );
    for line in ["a = 'x  = y';", "a = b / c;", "r = / +/g;", "a = `b  ${c}`;", "a = 1; // why  not"] {
        assert_eq!(tight(line).trim_end(), line);
    }
}

#[test]
fn javascript_loses_line_ends_that_end_no_statement() {
    assert_eq!(javascript("f();\nif (a) {\ng(b,\nc);\n}\nh()\ni();\n"), "f();if(a){g(b,c);}\nh()\ni();");
    // A comment goes on to the end of its line.
    assert_eq!(javascript("f(); // and;\ng();\n"), "f(); // and;\ng();");
    assert_eq!(javascript("if (a) {\nf() // and\n}\n"), "if(a){f() // and\n}\n");
    assert_eq!(javascript("if (a) {\nf()\n}\nb = c ?\nd :\ne\n"), "if(a){f()}\nb=c?d:e\n");
}

#[test]
fn javascript_keeps_code_around_comments() {
    assert_eq!(javascript("/* a */ f();\n"), "/* a */ f();");
    assert_eq!(javascript("/* a\nb */ f();\n"), "f();");
    assert_eq!(javascript("let r = '/*';\n  g();\n"), "let r = '/*';g();");
}

#[test]
fn javascript_with_a_template_over_lines_is_left_alone() {
    let text = "let a = `\n    // text\n`;\n";
    assert_eq!(javascript(text), text);
}

#[test]
fn only_glue_as_it_is_known_gets_another_loader() {
    let glue = "let wasm_bindgen = (function(exports) {\n    let script_src;\n    if (document) {\n    }\n    \
        function __wbg_get_imports() {\n        const ret = f();\n        return ret;\n    }\n    \
        function debugString(val) {\n        if (val) {\n        }\n    }\n    function __wbg_finalize_init(instance, module) {}\n\n    \
        async function __wbg_load(module, imports) {}\n    return __wbg_init;\n})({ __proto__: null });\n";
    let ours = loader(glue).unwrap();
    let kept = "let wasm_bindgen = (function(exports) {\n    function __wbg_get_imports() {\nreturn f();\n    }\n";
    assert_eq!(ours.strip_prefix(kept).unwrap().strip_prefix(DEBUG_STRING).unwrap().lines().count(), 7);
    assert!(ours.ends_with(LOADER) && !ours.contains("__wbg_load") && !ours.contains("script_src"));
    assert_eq!(loader(&ours), None);
    assert_eq!(loader("let wasm_bindgen = 1;\n"), None);
}

#[test]
fn markup_keeps_what_is_seen_and_drops_what_is_folded_or_idle() {
    for (long, short) in [
        (r#"<p class="a b" id="c">x &lt; y</p>"#, r#"<p class="a b" id=c>x &lt; y</p>"#),
        (
            r#"<input checked disabled="disabled" value="" title="a > b" size="4">"#,
            "<input checked disabled value size=4>",
        ),
        // A slash behind a bare value would be a part of it.
        (r#"<rect rx="10"/><path d="M1 2"/><br/>"#, r#"<rect rx=10 /><path d="M1 2"/><br/>"#),
        (r#"<a href="https://a.test/?b=c">d</a>"#, r#"<a href="https://a.test/?b=c">d</a>"#),
        ("<pre>\n  a  \n</pre> b", "<pre>\n  a  \n</pre> b"),
        ("<details><summary>a</summary><p>b</p></details>c", "<details><summary>a</summary></details>c"),
        (r#"<details open="open"><summary>a</summary>b</details>"#, "<details open><summary>a</summary>b</details>"),
        (
            "<details><summary>a</summary><details><summary>b</summary>c</details>d</details>e",
            "<details><summary>a</summary></details>e",
        ),
        (
            r#"<details open=""><summary>a</summary><details><summary>b</summary>c</details>d</details>"#,
            "<details open><summary>a</summary><details><summary>b</summary></details>d</details>",
        ),
    ] {
        assert_eq!(markup(long).as_deref(), Some(short), "{long}");
    }
    for wrong in ["<p", "<p class='a'>", "<p class=a>", "</details>", "<details><summary>a</summary>"] {
        assert_eq!(markup(wrong), None, "{wrong}");
    }
}
