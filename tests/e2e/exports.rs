//! The picture leaves the page: as a file in each form, and as pixels on the clipboard. What the forms say is asked in
//! the core tests.

use std::fs;

use serde_json::json;

use crate::engine::{Need, not_run};
use crate::hosts::arrived;
use crate::page::{Page, group, tell};

/// Names that mean something to Mermaid.
const NAMES: [(u32, &str); 2] =
    [(group::SERVER, "a\"] --> x[\"<b>b</b> %%{init: {}}%% #35; `c`"), (group::DATABASE, "end")];

/// Presses the button of a form, and returns the file that comes.
fn kept(page: &Page, form: &str, extension: &str) -> Vec<u8> {
    page.press_button(&format!("{form}: download"));
    let name = format!("spotfire-diagram-14-8.{extension}");
    let path = arrived(page, &name);
    page.wait_for(".toast", &name);
    let bytes = fs::read(&path).expect("a file");
    fs::remove_file(path).expect("ours");
    bytes
}

/// Width, height and the number of different colours of a PNG file.
fn pixels(bytes: &[u8]) -> (u32, u32, usize) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a PNG file");
    let mut buffer = vec![0; reader.output_buffer_size().expect("its size")];
    let frame = reader.next_frame(&mut buffer).expect("a picture");
    let depth = frame.color_type.samples();
    let colours: std::collections::BTreeSet<&[u8]> = buffer[..frame.buffer_size()].chunks(depth).collect();
    (frame.width, frame.height, colours.len())
}

#[test]
fn the_picture_is_downloaded_in_every_form_and_copied_as_pixels() {
    tell(|page| {
        let svg = String::from_utf8(kept(page, "SVG", "svg")).expect("text");
        let size = page.browser.run(
            "const svg = new DOMParser().parseFromString(arguments[0], 'image/svg+xml').documentElement; \
             const foreign = svg.querySelector('style, script, foreignObject, image, [style], [href]'); \
             return [svg.localName, foreign && foreign.outerHTML, svg.getAttribute('width'), svg.getAttribute('height')];",
            json!([svg]),
        );
        assert_eq!((&size[0], &size[1]), (&json!("svg"), &json!(null)), "{size}");
        let twice = [2, 3].map(|at| 2 * size[at].as_str().expect("a length").parse::<u32>().expect("a number"));
        let (width, height, colours) = pixels(&kept(page, "PNG", "png"));
        assert_eq!([width, height], twice);
        assert!(colours > 8, "{colours} colours");
        assert!(kept(page, "draw.io", "drawio").starts_with(b"<mxfile>"));
        assert!(kept(page, "DOT", "dot").ends_with(b"}\n"));
        if page.browser.has(Need::Clipboard) {
            page.browser.run_async("await navigator.clipboard.writeText('nothing yet');", json!([]));
            page.browser.click("#copy-picture");
            page.wait_for(".toast", "Picture copied.");
            if page.browser.has(Need::Pixels) {
                let copied = page.browser.run_async(
                    "const [item] = await navigator.clipboard.read(); \
                     const image = await createImageBitmap(await item.getType('image/png')); \
                     return [image.width, image.height];",
                    json!([]),
                );
                assert_eq!(copied, json!(twice));
            }
        }
        page.is_quiet();
    });
}

#[test]
fn mermaid_draws_what_is_copied_for_it() {
    let Some(mermaid) = std::env::var_os("PORTCULLIS_MERMAID") else {
        return not_run("Mermaid: PORTCULLIS_MERMAID names no mermaid.min.js (cargo xtask test sets it)");
    };
    let mermaid = fs::read_to_string(mermaid).expect("Mermaid");
    tell(|page| {
        if !page.browser.has(Need::Clipboard) {
            return;
        }
        for (group, name) in NAMES {
            page.unfold(group);
            page.fill(&format!("#n-{group}"), name);
        }
        let nothing = "nothing yet";
        page.browser.run_async(&format!("await navigator.clipboard.writeText('{nothing}');"), json!([]));
        page.press_button("Mermaid: copy");
        page.wait_for(".toast", "Picture copied as Mermaid.");
        let text = page.browser.run_async("return await navigator.clipboard.readText();", json!([]));
        assert_ne!(text, json!(nothing));
        // Its own styles would be refused by the page's policy.
        page.browser.open("about:blank");
        let drawn = page.browser.run_async(
            "document.head.append(Object.assign(document.createElement('script'), { text: arguments[1] })); \
             mermaid.initialize({ startOnLoad: false }); \
             const { svg } = await mermaid.render('drawn', arguments[0]); \
             document.body.innerHTML = svg; \
             const texts = css => [...document.querySelectorAll(css)].map(node => node.textContent.trim()); \
             return [texts('.node .nodeLabel'), texts('.edgeLabel .edgeLabel'), texts('.cluster .nodeLabel'), \
                 document.querySelectorAll('.nodeLabel b, .nodeLabel code, body script').length];",
            json!([text, mermaid]),
        );
        let says = |at: usize, what: &str| {
            drawn[at]
                .as_array()
                .expect("texts")
                .iter()
                .any(|text| text.as_str().is_some_and(|text| text.starts_with(what)))
        };
        for (_, name) in NAMES {
            assert!(says(0, name), "{name}: {drawn}");
        }
        assert_eq!(drawn[0].as_array().map(Vec::len), Some(5), "{drawn}");
        assert!(says(1, "443") && says(1, "9080 clear text") && says(1, "5432 if configured"), "{drawn}");
        assert!(says(2, "Clients") && drawn[3] == json!(0), "{drawn}");
    });
}
