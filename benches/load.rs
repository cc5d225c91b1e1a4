//! How long a page takes to be there, in a real Chromium: as a slow laptop on a slow line gets it from a host, and from the
//! disk. Measures any page the same way, ours beside others. Prints figures for a person to judge; asserts none of them.
//!
//! `cargo xtask bench load` serves the pages and says which they are, one in each line of `PORTCULLIS_LOAD`: a name, its
//! address, and what is there when it answers (a selector; nothing where that is not known), with tabs between them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code, reason = "shared with the stories of tests/e2e, which use all of it")]
#[path = "../tests/e2e"]
mod e2e {
    pub mod bidi;
    pub mod browser;
    pub mod driver;
    pub mod engine;
}

use serde_json::{Value, json};

use e2e::{browser::Browser, engine, engine::Look, engine::Need};

/// How often each page is opened.
const TIMES: usize = 5;

/// Bytes in a second and milliseconds of a slow line: 1.6 Mbit/s down, 0.75 up, 150 ms there and back.
const LINE: (u32, u32, u32) = (200_000, 93_750, 150);
/// How much slower the processor of a cheap laptop is.
const SLOWER: u32 = 4;

/// Watches a page from its start. What it answers with is looked for at every frame.
const WATCH: &str = "
    window.seen = { first: 0, answering: 0, busy: 0, shift: 0 };
    const each = (type, deed) => new PerformanceObserver(list => list.getEntries().forEach(deed)).observe({ type, buffered: true });
    each('paint', it => { if (it.name === 'first-contentful-paint') seen.first = it.startTime; });
    each('layout-shift', it => seen.shift += it.value);
    each('longtask', it => seen.busy = Math.max(seen.busy, it.startTime + it.duration));
    const look = () => {
        if (ANSWER && document.querySelector(ANSWER)) seen.answering = performance.now();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);";

/// What was seen, once the page has rested for a second.
const SEEN: &str = "
    const rested = () => performance.now() - Math.max(seen.busy, seen.answering, ...performance.getEntriesByType('resource').map(it => it.responseEnd));
    while (!(seen.first > 0 && (seen.answering > 0 || !given[0]) && rested() > 1000)) {
        if (performance.now() > 50000) break;
        await new Promise(next => setTimeout(next, 50));
    }
    const loads = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
    const loaded = performance.getEntriesByType('navigation')[0].loadEventEnd;
    return [seen.first, seen.answering, Math.max(seen.busy, loaded), seen.shift, loads.reduce((sum, it) => sum + it.transferSize, 0), loads.length];";

fn main() {
    let pages = std::env::var("PORTCULLIS_LOAD").unwrap_or_default();
    let Some(engine) = engine::asked_for().into_iter().find(|engine| engine.lacking(Need::DevTools).is_none()) else {
        return;
    };
    if pages.is_empty() {
        return println!("no pages to load: cargo xtask bench load names them");
    }
    let (down, up, delay) = LINE;
    println!(
        "median of {TIMES}, in seconds; over a line of {down} bytes/s and {delay} ms, a processor {SLOWER} times slower:"
    );
    println!("{:<28}{:>8}{:>10}{:>8}{:>8}{:>10}{:>6}", "", "first", "answering", "quiet", "shift", "bytes", "files");
    for line in pages.lines() {
        let mut parts = line.split('\t');
        let mut part = || parts.next().unwrap_or_default();
        let (name, address, answer) = (part(), part(), part());
        let browser = Browser::start(engine, None, Look::default());
        browser.before_every_page(&WATCH.replace("ANSWER", &json!(answer).to_string()));
        browser.devtools("Network.enable", json!({}));
        browser.devtools("Network.setCacheDisabled", json!({ "cacheDisabled": true }));
        if address.starts_with("http") {
            let line =
                json!({ "offline": false, "latency": delay, "downloadThroughput": down, "uploadThroughput": up });
            browser.devtools("Network.emulateNetworkConditions", line);
            browser.devtools("Emulation.setCPUThrottlingRate", json!({ "rate": SLOWER }));
        }
        let mut runs: Vec<Vec<f64>> = (0..TIMES).map(|_| load(&browser, address, answer)).collect();
        let mut median = |at: usize| {
            runs.sort_by(|a, b| a[at].total_cmp(&b[at]));
            runs[TIMES / 2][at]
        };
        let [first, answering, quiet] = [0, 1, 2].map(|at| median(at) / 1000.0);
        let answering = if answer.is_empty() { "-".to_owned() } else { format!("{answering:.2}") };
        let (shift, bytes, files) = (median(3), median(4), median(5));
        println!("{name:<28}{first:>8.2}{answering:>10}{quiet:>8.2}{shift:>8.3}{bytes:>10}{files:>6}");
    }
}

/// Opens the page once.
fn load(browser: &Browser, address: &str, answer: &str) -> Vec<f64> {
    browser.open("about:blank");
    browser.open(address);
    let seen = browser.run_async(SEEN, json!([answer]));
    let numbers = seen.as_array().expect("numbers").iter().map(Value::as_f64);
    numbers.map(|number| number.expect("a number")).collect()
}
