//! The page inside another one: it shows the part its link asks for, keeps and edits nothing, tells how tall it is; and the
//! panel that says what another page is given.

use serde_json::json;

use crate::page::{Page, group, tell};

/// Opens the page with a fragment that asks for a view.
#[track_caller]
fn open(page: &Page, fragment: &str) {
    page.browser.open("about:blank");
    page.browser.open(&format!("{}#{fragment}", page.address));
    page.browser.wait("document.querySelector('#app:not([inert]) .embedded')");
}

/// The diagram, the text and the table, as far as they are there.
fn parts(page: &Page) -> [bool; 3] {
    ["svg.diagram", "#snippet-text", "#flow-table"].map(|css| page.has(css))
}

#[test]
fn a_link_shows_the_part_it_asks_for_and_nothing_can_be_edited() {
    tell(|page| {
        // The user's own, which must stay what it is.
        page.unfold(group::SERVER);
        page.fill(&format!("#a-{}", group::SERVER), "192.0.2.21");
        page.wait_for("#snippet-text", "(192.0.2.21)");
        page.settle();
        let kept = page.stored("portcullis.deployment");
        assert!(kept.is_string(), "{kept}");
        let link = page.link();
        // The mark of a start that did not come to its end is the page's own.
        page.browser.run("localStorage.setItem('portcullis.starting', '1');", json!([]));
        for (view, there) in [
            ("all", [true, true, true]),
            ("diagram", [true, false, false]),
            ("snippet", [false, true, false]),
            ("table", [false, false, true]),
        ] {
            open(page, &format!("{link}&view={view}"));
            assert_eq!(parts(page), there, "{view}");
            assert!(!page.has("#app :is(input, select, textarea, aside)"), "{view} can be edited");
            assert!(page.text(".whole").contains("Open the full page"));
            assert!(
                view != "table" || page.text("#flow-table").contains("192.0.2.21"),
                "whose they are is nowhere else"
            );
            page.browser.press(&[crate::browser::key::CONTROL, "z"]);
            page.settle();
            assert_eq!(page.stored("portcullis.deployment"), kept);
            assert_eq!(page.stored("portcullis.starting"), json!("1"));
            assert!(page.browser.run("return location.hash;", json!([])).as_str().is_some_and(|it| it.contains(view)));
        }
        open(page, &format!("{link}&view=snippet&group={}&firewall=iptables", group::NODE));
        page.wait_for(".snippet h2", "Node, iptables");
        page.wait_for("#snippet-text", "192.0.2.21");
        assert!(!page.text("#snippet-text").contains("ingress and egress"));
        open(page, &format!("{link}&view=snippet&group={}&directions=both", group::NODE));
        page.wait_for("#snippet-text", "ingress and egress");
        // Nothing of the user's own is in a view of another link.
        open(page, "&view=all");
        assert!(!page.text("#answer").contains("192.0.2.21"));
        // A picture that is larger than its place comes nearer there too.
        page.open("");
        page.choose("#pick-preset", "aws");
        page.wait_for(".diagram .bar small", "16 flows between 7 groups");
        let large = page.link();
        open(page, &format!("{large}&view=diagram"));
        let width = "return document.querySelector('svg.diagram').getBoundingClientRect().width;";
        let whole = page.browser.run(width, json!([])).as_f64().expect("a width");
        page.browser.run("document.querySelector('.drawing').focus();", json!([]));
        page.browser.press(&["+"]);
        let near = page.browser.run(width, json!([])).as_f64().expect("a width");
        assert!(near > whole * 1.2, "{whole} {near}");
        // What makes no sense is said, and the rest is there.
        open(page, "&view=picture&group=99");
        page.wait_for(".notice", "another view than all");
        page.wait_for(".notice", "none of this deployment");
        // Nobody's rules in place of those asked for.
        assert_eq!(parts(page), [true, false, true]);
        // A view in the address of the whole page is a link like another: it takes nothing away.
        page.browser.run("localStorage.removeItem('portcullis.starting');", json!([]));
        page.open("");
        page.browser.run("location.hash = arguments[0];", json!(["&view=table"]));
        page.settle();
        assert!(page.has("aside.deployment") && page.stored("portcullis.deployment") == kept);
        page.is_quiet();
    });
}

#[test]
fn in_a_sandbox_of_another_page_it_tells_how_tall_it_is() {
    tell(|page| {
        page.open_around(&format!(
            "<!doctype html><link rel=icon href=data:,><iframe sandbox=\"allow-scripts\" width=\"900\" height=\"200\" \
             src=\"{}#&amp;view=diagram\"></iframe><script>addEventListener('message', event => {{ \
             const [, height] = /^portcullis (\\d+)$/.exec(event.data) ?? []; \
             for (const frame of document.querySelectorAll('iframe')) \
             if (height && frame.contentWindow === event.source) frame.height = height; }});</script>",
            page.address
        ));
        page.browser.wait("Number(document.querySelector('iframe').height) > 250");
        page.browser.enter_frame(Some("iframe"));
        page.browser.wait("document.documentElement.scrollHeight <= innerHeight");
        assert_eq!(parts(page), [true, false, false]);
        // Such a frame may forbid its links to open anything.
        page.press_button("Copy its address");
        page.wait_for(".toast", "Link copied");
        let link = page.pasted();
        assert!(link.starts_with(&format!("{}#1;", page.address)) && !link.contains("view"), "{link}");
    });
}

#[test]
fn the_panel_says_what_another_page_is_given() {
    tell(|page| {
        page.press_button("Embed…");
        page.wait_for("#embed-text", "<iframe src=");
        page.browser.wait("document.activeElement.id === 'embed'");
        let is_file = page.address.starts_with("file");
        assert_eq!(page.has(".embed .note"), is_file, "a file is no address for others");
        page.choose("#pick-part", "diagram");
        page.wait_for("#embed-text", "view=diagram");
        // What stands there, as a browser reads it, shows what it says.
        let source = page.browser.run(
            "const holder = document.createElement('template'); \
             holder.innerHTML = document.querySelector('#embed-text').textContent; \
             const frame = holder.content.querySelector('iframe'); \
             return [frame.getAttribute('src'), [...frame.sandbox].includes('allow-same-origin')];",
            json!([]),
        );
        assert_eq!(source[1], json!(false));
        for (form, text) in [
            ("HTML without script", "<svg "),
            ("Markdown with Mermaid", "```mermaid"),
            ("Confluence storage format", "ri:attachment"),
            ("MediaWiki", "[[File:spotfire-diagram-14-8.png]]"),
        ] {
            page.choose("#pick-form", form);
            page.wait_for("#embed-text", text);
        }
        page.choose("#show-encryption", "clear text");
        page.wait_for(".embed .note", "It has all flows");
        page.choose("#pick-part", "table");
        page.browser.wait("!document.querySelector('#embed-text').textContent.includes('[[File:')");
        page.choose("#pick-part", "snippet");
        page.wait_for("#embed-text", "Portcullis - Spotfire 14.8");
        page.press_button("Close");
        page.wait_without(".embed");
        assert_eq!(page.browser.run("return document.activeElement.id;", json!([])), json!("embed-open"));
        let (_, fragment) = source[0].as_str().and_then(|source| source.split_once('#')).expect("a link");
        open(page, fragment);
        assert_eq!(parts(page), [true, false, false]);
        page.is_quiet();
    });
}
