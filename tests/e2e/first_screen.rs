//! What a person sees at once, and what the page never does. Never clicks before it has looked.

use std::fs;

use serde_json::json;

use crate::engine::Need;
use crate::page::{group, tell};

#[test]
fn the_first_screen_says_it_all_and_asks_nobody() {
    tell(|page| {
        page.picture("first-screen");
        let from_server = page.address.starts_with("http");
        assert_eq!(page.served.asked(), if from_server { vec!["/index.html"] } else { vec![] });
        if page.browser.has(Need::Requests) {
            let mut asked = page.browser.requests();
            if !from_server {
                // Not every engine counts the opening of a file.
                asked.retain(|address| *address != page.address);
                asked.push(page.address.clone());
            }
            assert_eq!(asked, [page.address.as_str()]);
        }
        for part in [".header", ".deployment", ".diagram svg", "#snippet-text", ".bar.below", "#tab-panel"] {
            let inside = "const box = document.querySelector(arguments[0]).getBoundingClientRect(); \
                return box.width > 0 && box.height > 0 && box.top >= 0 && box.bottom <= 800 && box.left >= 0 && box.right <= 1280;";
            assert_eq!(
                page.browser.run(inside, json!([part])),
                json!(true),
                "{part} is not wholly on the first screen"
            );
        }
        assert!(page.browser.run("return document.scrollingElement.scrollHeight;", json!([])).as_u64() <= Some(800));
        for part in ["title", "desc"] {
            assert!(!page.text(&format!(".diagram svg > {part}")).trim().is_empty());
        }
        assert!(page.text(".findings").contains("Spotfire Server has no address."));
        assert_eq!(page.value("#pick-preset"), "");

        // The page is used, in every part of it; nothing more is asked for, nothing complained about.
        page.unfold(group::SERVER);
        page.fill(&format!("#a-{}", group::SERVER), "192.0.2.49");
        for tab in ["Flows", "How-to-change", "Catalog"] {
            page.browser.click(&format!("#tab-{tab}"));
        }
        page.choose("#pick-dialect", "powershell");
        page.wait_for("#snippet-text", "New-NetFirewallRule");
        assert_eq!(page.served.asked(), Vec::<String>::new());
        assert_eq!(page.browser.requests(), Vec::<String>::new());
        let resources = "return performance.getEntriesByType('resource').map(it => it.name).filter(name => !/^(data|blob):/.test(name));";
        assert_eq!(page.browser.run(resources, json!([])), json!([]));
        page.is_quiet();
    });
}

#[test]
fn a_damaged_page_says_so() {
    tell(|page| {
        let whole = fs::read_to_string(page.folder.join("index.html")).expect("the page");
        let opening = "<script type=\"application/octet-stream\">";
        let pieces: Vec<usize> = whole.match_indices(opening).map(|(at, _)| at + opening.len()).collect();
        assert!(pieces.len() > 9, "{pieces:?}");
        let (first, rest) = whole.split_at(pieces[pieces.len() / 2] + 4_000);
        let changed = if rest.starts_with('A') { "B" } else { "A" };
        for (name, damaged) in [
            ("changed", format!("{first}{changed}{}", &rest[1..])),
            ("shorter", format!("{first}{}", &rest[400..])),
            ("no-base64", format!("{first}{}", &rest[1..])),
            ("cut-off", first.to_owned()),
        ] {
            let file = std::env::temp_dir().join(format!("portcullis-{name}-{}.html", std::process::id()));
            fs::write(&file, damaged).expect("a file");
            page.browser.open(&format!("file://{}", file.display()));
            page.wait_for("#start-error:not([hidden])", "Portcullis cannot go on");
            fs::remove_file(&file).expect("the file");
            if page.browser.has(Need::FromTheStart) {
                let complaints = page.browser.complaints();
                assert_eq!(complaints.len(), 1, "{name}: the error is told once: {complaints:#?}");
            }
        }
    });
}
