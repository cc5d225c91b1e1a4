//! How long an edit of the built page takes in a real browser: from the event to the forced layout. Prints figures for a
//! person to judge; asserts none of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code, reason = "shared with the stories of tests/e2e, which use all of it")]
#[path = "../tests/e2e"]
mod e2e {
    pub mod bidi;
    pub mod browser;
    pub mod driver;
    pub mod engine;
}

use e2e::{browser, engine};
use serde_json::json;

/// Edits measured in each deployment.
const EDITS: usize = 200;

/// Makes the edits: what people type, key by key, and what they switch; returns the milliseconds of each. The page renders
/// in microtasks, which are done before a message of the page to itself arrives; reading a height forces the layout.
const MEASURE: &str = r"
    const { port1, port2 } = new MessageChannel();
    const rendered = () => new Promise(done => { port1.onmessage = done; port2.postMessage(0); });
    const type = (css, text) => [...text].map((_, at) => () => {
        const field = document.querySelector(css);
        field.value = text.slice(0, at + 1);
        field.dispatchEvent(new InputEvent('input', { bubbles: true }));
    });
    const toggle = id => () => document.getElementById(id).click();
    const round = number => [
        ...type('details:has([id$=-server-communication]) [id^=a-]', `192.0.2.${number}, 2001:db8::${number}`),
        ...type('[id$=-server-communication]', `${9450 + number}`),
        ...type('details:has([id$=-node-communication]) [id^=n-]', `Nodes of rack ${number}`),
        ...type('details:has([id$=-node-communication]) [id^=a-]', `198.51.100.${number}`),
        ...['jmx-client', 'terr', 'smtp', 'ldap', 'ldap', 'smtp', 'terr', 'jmx-client'].map(role => toggle(`role-${role}`)),
    ];
    const times = [];
    const edits = Array.from({ length: 20 }, (_, number) => round(10 + number)).flat();
    for (const [at, edit] of edits.slice(0, arguments[0] + 20).entries()) {
        const start = performance.now();
        edit();
        await rendered();
        document.body.offsetHeight;
        // The first ones warm up.
        if (at >= 20) times.push(performance.now() - start);
        // The next one begins apart from the frame that draws this one.
        await new Promise(requestAnimationFrame);
        await rendered();
    }
    return times;
";

fn main() {
    let Some(folder) = browser::page_folder() else { return };
    let Some(engine) = engine::asked_for().into_iter().next() else { return };
    let page = browser::Browser::start(engine, None);
    let page_file = folder.canonicalize().expect("a folder").join("portcullis.html");
    println!("{EDITS} edits, from the event to the forced layout, in milliseconds:");
    for preset in ["basic", "cluster", "one-machine"] {
        page.open(&format!("file://{}", page_file.display()));
        page.wait("document.querySelector('#copy')");
        page.click(&format!("#pick-preset > option[value={preset}]"));
        page.run("document.querySelectorAll('details').forEach(it => it.open = true);", json!([]));
        page.wait("document.querySelector('[id$=-node-communication]')");
        let times = page.run_async(MEASURE, json!([EDITS]));
        let mut times: Vec<f64> = serde_json::from_value(times).expect("times");
        assert_eq!(times.len(), EDITS);
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        println!("  {preset:<12} p50 {:>5.1}   p95 {:>5.1}   max {:>5.1}", at(0.5), at(0.95), at(1.0));
    }
}
