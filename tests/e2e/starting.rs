//! Before the page has started, and where it never does: what is shown is the default answer, the same to the point as what
//! the app then draws, of no use until then, and never in place of one's own.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::engine::{Look, Need};
use crate::page::{Page, group, tell, tell_once};

/// Everything that is seen in the app: what it is, where it stands, its own words, and what it holds.
const SEEN: &str = "
    const words = it => [...it.childNodes].filter(node => node.nodeType === 3).map(node => node.data).join('');
    return [...document.querySelectorAll('#app *')]
        .filter(it => it.tagName !== 'SCRIPT' && (it.checkVisibility?.() ?? true) && !it.closest('details:not([open]) > :not(summary)'))
        .map(it => {
            const { x, y, width, height } = it.getBoundingClientRect();
            const held = it.value ?? it.checked ?? null;
            return [it.tagName, it.className.baseVal ?? it.className, x, y, width, height, words(it), held, getComputedStyle(it).color];
        })";

/// The page without the scripts that start it, as a file.
struct Still(PathBuf);

impl Still {
    fn new(page: &Page) -> Self {
        let whole = fs::read_to_string(page.folder.join("index.html")).expect("the page");
        let (before, _) = whole.rsplit_once("</noscript>").expect("its ports");
        Self::write(page, "still", &format!("{before}</noscript></body></html>"))
    }

    fn write(page: &Page, name: &str, html: &str) -> Self {
        let port = page.served.port;
        let file = std::env::temp_dir().join(format!("portcullis-{name}-{}-{port}.html", std::process::id()));
        fs::write(&file, html).expect("a file");
        Self(file)
    }

    fn address(&self) -> String {
        format!("file://{}", self.0.display())
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn the_answer_is_there_before_the_code_and_does_not_move() {
    tell(|page| {
        if page.address.starts_with("http") {
            // Without the code, from where it comes makes no difference.
            return;
        }
        let still = Still::new(page);
        for (width, height) in [(1280, 800), (320, 2400)] {
            page.browser.resize(width, height);
            page.open("");
            let started = page.browser.run(SEEN, json!([]));
            page.browser.open(&still.address());
            page.picture(&format!("still-{width}"));
            let before = page.browser.run(SEEN, json!([]));
            same(&before, &started, width);
            assert!(started.as_array().is_some_and(|seen| seen.len() > 250), "the whole page");
        }
        page.browser.resize(1280, 800);

        // Nothing in it can be used: not by a click, not by keyboard.
        page.browser.open(&still.address());
        assert!(page.has("#app[inert]") && !page.has("#app[hidden]") && page.has("#start-error[hidden]"));
        page.browser.run("document.querySelector('#copy').focus();", json!([]));
        assert_eq!(page.browser.run("return document.activeElement.tagName;", json!([])), json!("BODY"));
        page.is_quiet();
    });
}

#[track_caller]
fn same(before: &Value, started: &Value, width: u32) {
    let (before, started) = (before.as_array().expect("a list"), started.as_array().expect("a list"));
    for (still, moved) in before.iter().zip(started) {
        let parts = still.as_array().into_iter().flatten().zip(moved.as_array().into_iter().flatten());
        // Two pieces of text may be a thirtieth of a point wider than one.
        let alike = |(a, b): (&Value, &Value)| match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() < 0.1,
            _ => a == b,
        };
        assert!(parts.into_iter().all(alike), "at {width} px {still} is {moved}");
    }
    assert_eq!(before.len(), started.len(), "at {width} px");
}

#[test]
fn nobody_is_shown_the_default_in_place_of_their_own() {
    tell(|page| {
        page.unfold(group::SERVER);
        page.fill(&format!("#a-{}", group::SERVER), "192.0.2.49");
        let link = page.link();
        let still = Still::new(page);
        let height = "return document.querySelector('#app').getBoundingClientRect().height;";
        // Kept in this browser: files share what they keep in some engines, and each other origin has its own.
        if page.address.starts_with("file") {
            page.browser.open(&still.address());
            let kept = page.stored("portcullis.deployment") != json!(null);
            assert_eq!(page.has("#app[hidden]"), kept);
            page.browser.run("localStorage.setItem('portcullis.deployment', '1;');", json!([]));
            page.browser.reload();
            assert_eq!((page.has("#app[hidden]"), page.browser.run(height, json!([]))), (true, json!(0)));
            page.browser.run("localStorage.clear();", json!([]));
        }
        // In the address.
        page.browser.open("about:blank");
        page.browser.open(&format!("{}#{link}", still.address()));
        assert_eq!((page.has("#app[hidden]"), page.browser.run(height, json!([]))), (true, json!(0)));
        // It is shown as soon as it is one's own.
        page.open(&link);
        assert!(!page.has("#app[hidden]"));
        page.wait_for("#snippet-text", "192.0.2.49");
        page.is_quiet();
    });
}

/// What a browser may lack or refuse, by the search part of the address; and whether the page then starts all the same.
const LACKS: [(&str, &str, bool); 6] = [
    ("no-webassembly", "delete window.WebAssembly;", false),
    ("no-memory", "WebAssembly.instantiate = async () => { throw new RangeError('Out of memory'); };", false),
    (
        "refused",
        "WebAssembly.instantiate = async () => { throw new WebAssembly.CompileError('refused by the policy'); };",
        false,
    ),
    ("no-streams", "delete window.DecompressionStream; delete window.CompressionStream;", true),
    (
        "no-storage",
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });",
        true,
    ),
    (
        "full-storage",
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };",
        true,
    ),
];

#[test]
fn whatever_is_lacking_is_said_and_the_answer_can_still_be_read() {
    tell(|page| {
        if !page.browser.has(Need::FromTheStart) {
            return;
        }
        let cases: String = LACKS.iter().map(|(name, script, _)| format!("case '?{name}': {script} break;")).collect();
        page.browser.before_every_page(&format!("switch (location.search) {{ {cases} }}"));
        let link = page.link();
        for (name, _, starts) in LACKS {
            page.browser.complaints();
            page.browser.open(&format!("{}?{name}", page.address));
            if starts {
                page.started();
                page.wait_for("#snippet-text", "Node has no address");
                assert!(page.has("#start-error[hidden]"), "{name}");
                page.is_quiet();
                continue;
            }
            cannot_go_on(page, name);
            page.picture(name);
            assert!(!page.has("#app[hidden]"), "{name}");
            in_view(page, &["#start-error", ".diagram svg", "#snippet-text"]);
            assert_eq!(page.browser.complaints().len(), 1, "{name}: the error is told once");

            // With a deployment of one's own, that is given back, and the default is not taken for it.
            page.browser.open(&format!("{}?{name}#{link}", page.address));
            page.browser.reload();
            cannot_go_on(page, name);
            page.wait_for("#start-error", &link);
            assert!(page.has("#app[hidden]"), "{name}");
        }
        page.browser.complaints();
    });
}

/// The engine's own refusal: a policy that allows no WebAssembly.
#[test]
fn a_policy_that_allows_no_code_is_told() {
    tell_once(Look::default(), true, |page| {
        let whole = fs::read_to_string(page.folder.join("index.html")).expect("the page");
        let refusing = Still::write(page, "refusing", &whole.replacen(" 'wasm-unsafe-eval'", "", 1));
        page.browser.open(&refusing.address());
        cannot_go_on(page, "policy");
    });
}

/// It says so where it is seen, and the ports can be read.
#[track_caller]
fn cannot_go_on(page: &Page, name: &str) {
    page.wait_for("#start-error:not([hidden])", "Portcullis cannot go on");
    page.wait_for("#start-error", "What stands below is the default deployment.");
    assert!(!page.has("#app[inert]"), "{name}: what is there can be selected");
    in_view(page, &["#start-error"]);
    ports(page);
}

/// The table of the default deployment stands below.
#[track_caller]
fn ports(page: &Page) {
    let rows = "return [...document.querySelectorAll('section.still tr')].filter(it => it.checkVisibility?.() ?? true).map(it => it.textContent);";
    let rows = page.browser.run(rows, json!([]));
    let rows: Vec<&str> = rows.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(rows.len(), 10, "{rows:#?}");
    assert!(rows.iter().any(|row| row.contains("Web Player") && row.contains("9501")), "{rows:#?}");
    assert!(rows.iter().any(|row| row.contains("Spotfire database") && row.contains("5432")), "{rows:#?}");
}

/// These stand in the window, at least with their beginning.
#[track_caller]
fn in_view(page: &Page, parts: &[&str]) {
    for part in parts {
        let script = "const box = document.querySelector(arguments[0]).getBoundingClientRect();
            return box.width > 0 && box.height > 0 && box.top >= 0 && box.top < innerHeight;";
        assert_eq!(page.browser.run(script, json!([part])), json!(true), "{part} is not seen");
    }
}

#[test]
fn without_scripts_the_default_is_read() {
    tell_once(Look::default(), false, |page| {
        for (width, height) in [(1280, 800), (320, 800)] {
            page.browser.resize(width, height);
            let scripts =
                |off: bool| page.browser.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": off }));
            scripts(true);
            page.browser.open("about:blank");
            page.browser.open(&page.address);
            scripts(false);
            page.picture(&format!("no-scripts-{width}"));
            assert!(page.has("#app:not([inert], [hidden])"), "no script has run");
            in_view(page, &["noscript .still"]);
            assert!(page.text("noscript .still").contains("JavaScript and WebAssembly"));
            ports(page);
            assert!(page.text("#snippet-text").contains("Node has no address"));
            // Nothing is wider than the window.
            let wide = "return document.scrollingElement.scrollWidth > innerWidth;";
            assert_eq!(page.browser.run(wide, json!([])), json!(false), "at {width} px");
        }
    });
}

/// What has moved on the screen by itself, as the browser measures it.
const SHIFTS: &str = "window.shifts = [];
    const names = it => it.sources.map(({ node }) => (node?.parentElement ?? document.body).outerHTML.slice(0, 99));
    new PerformanceObserver(list => shifts.push(...list.getEntries().map(it => [it.value, ...names(it)])))
        .observe({ type: 'layout-shift', buffered: true });";

#[test]
fn nothing_moves_while_the_page_comes_and_starts() {
    tell_once(Look::default(), false, |page| {
        page.browser.before_every_page(SHIFTS);
        page.browser.devtools("Network.enable", json!({}));
        // In bytes a second: the answer comes in many pieces, as over a slow line.
        for speed in [-1, 400_000] {
            let line = json!({ "offline": false, "latency": 0, "downloadThroughput": speed, "uploadThroughput": -1 });
            page.browser.devtools("Network.emulateNetworkConditions", line);
            for (width, height) in [(1280, 800), (320, 800)] {
                page.browser.resize(width, height);
                page.open("");
                page.settle();
                page.browser
                    .run_async("for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);", json!([]));
                assert_eq!(page.browser.run("return shifts;", json!([])), json!([]), "at {width} px, {speed} bytes/s");
            }
        }
        // What the first step ends with is there.
        let last = "return document.querySelector('.deployment ' + document.querySelector('link[rel=expect]').getAttribute('href')) !== null;";
        assert_eq!(page.browser.run(last, json!([])), json!(true));
        // It would be noticed.
        page.browser.run("document.querySelector('#app').style.marginTop = '90px';", json!([]));
        page.browser.wait("shifts.length > 0");
    });
}
