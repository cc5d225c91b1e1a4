//! The flow table leaves the page: by the clipboard in two forms, as a file, on paper. Never asks what another program makes
//! of it.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::browser::key;
use crate::engine::{Need, not_run};
use crate::hosts::arrived;
use crate::page::{Page, group, tell, tell_at};

/// Flows of the deployment that the page opens with; its server takes part in all of them.
const FLOWS: usize = 9;

/// A name that would be a formula, a cell's end and an element.
const NAME: &str = "=1+1 | <img src=x>";

/// Opens the tab of the flows.
fn flows(page: &Page) {
    page.browser.click("#tab-Flows");
    page.wait_for("#flow-table td", "Spotfire Server");
}

/// What is on the clipboard: the kinds, the rows of the table in the HTML, and those of the plain text.
struct Clipboard {
    kinds: Vec<String>,
    html: Vec<Vec<String>>,
    text: Vec<Vec<String>>,
}

fn clipboard(page: &Page) -> Clipboard {
    let read = page.browser.run_async(
        "const [item] = await navigator.clipboard.read(); \
         const text = async kind => await (await item.getType(kind)).text(); \
         const html = new DOMParser().parseFromString(await text('text/html'), 'text/html'); \
         const rows = [...html.querySelectorAll('table[border] tr')].map(row => [...row.cells].map(cell => cell.textContent)); \
         return [item.types, rows, await text('text/plain')];",
        json!([]),
    );
    let (kinds, html, text): (Vec<String>, _, String) = serde_json::from_value(read).expect("a clipboard");
    let text = text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    Clipboard { kinds, html, text }
}

/// Presses the button for the table, and reads what it has put on the clipboard.
fn copied(page: &Page) -> Clipboard {
    page.browser.run_async("await navigator.clipboard.writeText('nothing yet');", json!([]));
    page.browser.click("#copy-table");
    page.browser.wait("(await navigator.clipboard.read())[0].types.includes('text/html')");
    page.wait_for(".toast", "Table copied.");
    let clipboard = clipboard(page);
    assert!(["text/html", "text/plain"].iter().all(|kind| clipboard.kinds.iter().any(|it| it == kind)));
    clipboard
}

#[test]
fn the_table_is_copied_as_a_table_and_as_text() {
    tell(|page| {
        if !page.browser.has(Need::Clipboard) {
            return;
        }
        flows(page);
        let all = copied(page);
        assert_eq!((all.html.len(), all.text.len()), (1 + FLOWS, 1 + FLOWS));
        assert_eq!(all.html[0][..4], ["From", "From addresses", "To", "To addresses"]);
        assert_eq!(all.html[1][..6], ["Web clients", "any", "Spotfire Server", "address missing", "TCP", "443"]);
        for (html, text) in all.html.iter().zip(&all.text) {
            let last = html.len() - 1;
            assert_eq!(html[..last], text[..last]);
        }
        // Pasted where a person writes, it is a table.
        assert_eq!(pasted_rows(page), json!(1 + FLOWS));

        // The database has one flow; what the table shows is what is copied.
        page.unfold(group::DATABASE);
        page.fill(&format!("#a-{}", group::DATABASE), "192.0.2.81");
        page.choose("#pick-group", &group::DATABASE.to_string());
        page.choose("#pick-rows", "own");
        page.wait_for(".said .bar", "1 row");
        let own = copied(page);
        assert_eq!(own.html.len(), 2);
        assert_eq!(own.html[0][0], "Way");
        let row = ["in", "Spotfire Server", "address missing", "Spotfire database", "192.0.2.81", "TCP", "5432"];
        assert_eq!(own.html[1][..7], row);
        assert_eq!(page.browser.run("return document.querySelectorAll('#flow-table tbody tr').length;", json!([])), 1);
        page.choose("#pick-rows", "");
        page.wait_for(".said .bar", "9 rows");
        page.is_quiet();
    });
}

/// How many rows of a table come of pasting by keyboard into a page that takes rich text.
fn pasted_rows(page: &Page) -> Value {
    page.browser.in_another_tab(|| {
        page.browser.open("data:text/html,<div contenteditable style='height:9em'></div>");
        page.browser.click("div");
        page.browser.press(&[key::CONTROL, "v"]);
        page.browser.wait("document.querySelectorAll('div table tr').length")
    })
}

#[test]
fn the_table_is_kept_as_a_file_and_copied_as_markdown() {
    tell(|page| {
        page.unfold(group::SERVER);
        page.fill(&format!("#n-{}", group::SERVER), NAME);
        page.browser.click("#tab-Flows");
        page.wait_for("#flow-table td", NAME);
        for (rows, name, count) in
            [("", "spotfire-flows.csv", FLOWS), ("own", "spotfire-flows-of-1-1-img-src-x.csv", FLOWS)]
        {
            page.choose("#pick-rows", rows);
            page.press_button("CSV");
            page.wait_for(".toast", &format!("{count} rows in {name}."));
            let path = arrived(page, name);
            let text = fs::read_to_string(&path).expect("text");
            fs::remove_file(path).expect("ours");
            let mut reader = csv::Reader::from_reader(text.strip_prefix('\u{feff}').expect("the mark").as_bytes());
            let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("whole")).collect();
            // The first line says what it is, the second what the columns are.
            assert_eq!(rows.len(), 1 + count);
            let cells = || rows.iter().flat_map(csv::StringRecord::iter);
            assert!(cells().any(|cell| cell == format!("'{NAME}")) && !cells().any(|cell| cell.starts_with('=')));
        }
        page.choose("#pick-rows", "");
        let markdown = page.copy("Markdown");
        page.wait_for(".toast", "Table copied as Markdown.");
        assert_eq!(markdown.lines().filter(|line| line.starts_with('|')).count(), 2 + FLOWS, "{markdown}");
        assert!(markdown.contains(" | \\=1+1 \\| \\<img src\\=x\\> | address missing | TCP | 443 | "), "{markdown}");
        page.is_quiet();
    });
}

/// Plain http within a company is no secure context, and older browsers do not know a clipboard item of two kinds.
#[test]
fn the_table_is_copied_without_the_clipboard_interface() {
    tell_at(Some("intranet.test"), |page| {
        if !page.browser.has(Need::Clipboard) {
            return;
        }
        let without = if page.address.starts_with("http") {
            "navigator.clipboard === undefined"
        } else {
            page.browser.before_every_page("delete window.ClipboardItem;");
            page.open("");
            "typeof ClipboardItem === 'undefined'"
        };
        assert_eq!(page.browser.run(&format!("return {without};"), json!([])), json!(true));
        falls_back(page);
    });
}

fn falls_back(page: &Page) {
    flows(page);
    page.browser.click("#copy-table");
    page.wait_for(".toast", "Table copied.");
    assert_eq!(pasted_rows(page), json!(1 + FLOWS));
    let plain = page.browser.in_another_tab(|| {
        page.browser.open("data:text/html,<textarea></textarea>");
        page.browser.click("textarea");
        page.browser.press(&[key::CONTROL, "v"]);
        page.browser.wait("document.querySelector('textarea').value")
    });
    assert!(plain.as_str().is_some_and(|text| text.contains("\nWeb clients\tany\tSpotfire Server\t")), "{plain}");

    // Where the old command is refused too, the table on the page is left selected, and the user told.
    page.browser.run("document.execCommand = () => false; delete Navigator.prototype.clipboard;", json!([]));
    page.choose("#pick-group", &group::DATABASE.to_string());
    page.choose("#pick-rows", "own");
    page.wait_for(".said .bar", "1 row");
    page.browser.click("#copy-table");
    page.wait_for(".toast", "The rows shown are selected: press Ctrl+C.");
    page.browser.press(&[key::CONTROL, "c"]);
    assert_eq!(pasted_rows(page), json!(2));
    page.is_quiet();
}

#[test]
fn paper_has_the_whole_answer_whatever_tab_is_open() {
    tell(|page| {
        if !page.browser.has(Need::DevTools) {
            return;
        }
        page.unfold(group::SERVER);
        page.fill(&format!("#n-{}", group::SERVER), NAME);
        page.wait_for("svg.diagram", NAME);
        assert_eq!(page.browser.run("return document.querySelector('#tab-Findings').ariaSelected;", json!([])), "true");
        let path = page.browser.downloads().join("page.pdf");
        page.browser.print(&path);
        // What the browser itself asked for when it printed is still there.
        page.browser.resize(720, 1000);
        page.browser.show_as_on_paper();
        let seen = |css: &str| {
            let script =
                "return [...document.querySelectorAll(arguments[0])].filter(it => it.checkVisibility()).length;";
            page.browser.run(script, json!([css])).as_u64().expect("a number")
        };
        assert_eq!(seen("#paper tr"), 1 + u64::try_from(FLOWS).expect("few"));
        let findings = page.browser.run("return document.querySelectorAll('.findings > li').length;", json!([]));
        assert_eq!(json!(seen("#paper li")), findings);
        assert_eq!(seen("h1.on-paper, svg.diagram, #snippet-text"), 3);
        assert_eq!(seen("button, input, select, .header, .deployment, .said, .toast, .skip, .keys, #paper img"), 0);
        assert!(page.text("h1.on-paper").starts_with("Spotfire 14"));
        // Black on white although the user prefers dark, and nothing cut off.
        let look = page.browser.run(
            "const of = css => getComputedStyle(document.querySelector(css)); \
             const cut = [...document.querySelectorAll('main, main *')].filter(it => it.checkVisibility() \
               && !it.closest('svg') && getComputedStyle(it).overflow !== 'visible' \
               && (it.scrollWidth > it.clientWidth + 1 || it.scrollHeight > it.clientHeight + 1)).map(it => it.className); \
             return [of('#paper td').color, of('#snippet-text .held').color, of('html').backgroundColor, cut, \
               document.documentElement.scrollWidth > document.documentElement.clientWidth];",
            json!([]),
        );
        assert_eq!(look, json!(["rgb(0, 0, 0)", "rgb(0, 0, 0)", "rgb(255, 255, 255)", [], false]));

        let text = Command::new("pdftotext").arg("-layout").arg(&path).arg("-").output();
        match text.map(|told| String::from_utf8_lossy(&told.stdout).into_owned()) {
            Ok(text) => {
                let day = page.browser.run("return new Date().toLocaleDateString('sv');", json!([]));
                let day = day.as_str().expect("a day");
                for part in [
                    day,
                    "14.x): https://docs.tibco.com/pub/",
                    "allowed flows (catalog",
                    "Encryption",
                    "5432",
                    "Findings",
                    "has no address",
                    "PORTCULLIS",
                ] {
                    assert!(text.contains(part), "{part} is not in\n{text}");
                }
                assert!(!text.contains("Copy") && !text.contains("Type addresses"), "{text}");
            }
            Err(why) => not_run(&format!(
                "the words of the printed page: pdftotext (Debian: apt-get install poppler-utils): {why}"
            )),
        }
        fs::remove_file(path).expect("ours");

        page.browser.prefer("light");
        page.browser.resize(1280, 800);
        page.browser.run("window.print = () => { window.asked = true; };", json!([]));
        page.browser.click("#tab-Flows");
        page.press_button("Print");
        page.browser.wait("window.asked");
        assert_eq!(seen("#paper, h1.on-paper"), 0);
        page.is_quiet();
    });
}
