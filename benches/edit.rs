//! How long an edit of the built page takes in a real Chromium: from the event to the forced layout, for every preset and
//! for deployments of a thousand flows over a hundred groups. Prints figures for a person to judge; asserts none of them.
//!
//! With `PORTCULLIS_PROFILE` it also names the functions that take the time; a page as it is published has no names
//! (`-g` at the end of the flags of wasm-opt in `xtask/src/page.rs` leaves them in).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code, reason = "shared with the stories of tests/e2e, which use all of it")]
#[path = "../tests/e2e"]
mod e2e {
    pub mod bidi;
    pub mod browser;
    pub mod driver;
    pub mod engine;
}
#[allow(dead_code, reason = "shared with the core's tests, which use all of it")]
#[path = "../tests/it/large.rs"]
mod large;

use std::collections::BTreeMap;

use portcullis::catalog::Catalog;
use portcullis::deployment::{Deployment, Edit, Edited};
use portcullis::flow::flows;
use portcullis::link;
use portcullis::net::{Addresses, Policy};
use serde_json::{Value, json};

use e2e::{browser, browser::Browser, engine, engine::Look};

/// Edits measured in each deployment.
const EDITS: usize = 200;

/// Edits before them, that warm up.
const WARM_UP: usize = 20;

/// Edits of one command, which has some seconds.
const PART: usize = 4;

/// Makes the edits: what people type, key by key, and what they switch; returns what each one was, its milliseconds, and those of
/// the layout alone.
/// The page renders in microtasks, which are done before a message of the page to itself arrives; reading a height forces
/// the layout.
const MEASURE: &str = r"
    const { port1, port2 } = new MessageChannel();
    const rendered = () => new Promise(done => { port1.onmessage = done; port2.postMessage(0); });
    // Where the page begins without such a field, nothing is typed: every command counts the same edits.
    window.there ??= {};
    const type = (what, css, text) => !(there[css] ??= !!document.querySelector(css)) ? [] : [...text].map((_, at) => [what, () => {
        const field = document.querySelector(css);
        field.value = text.slice(0, at + 1);
        field.dispatchEvent(new InputEvent('input', { bubbles: true }));
    }]);
    window.folds ??= {};
    const folded = part => folds[part] ??= document.querySelector(`details:has([id$=-${part}-communication])`) ? `details:has([id$=-${part}-communication])` : '.group';
    const [server, node] = [folded('server'), folded('node')];
    const toggle = id => ['switch', () => document.getElementById(id).click()];
    const round = number => [
        ...type('address', `${server} [id^=a-]`, `192.0.2.${number}, 2001:db8::${number}`),
        ...type('port', '[id$=-server-communication]', `${9450 + number}`),
        ...type('name', `${node} [id^=n-]`, `Nodes of rack ${number}`),
        ...type('address', `${node} [id^=a-]`, `198.51.100.${number}`),
        ...type('administrators', '#management', `192.0.2.${number}, 2001:db8::${number}`),
        ...['jmx-client', 'terr', 'smtp', 'ldap', 'ldap', 'smtp', 'terr', 'jmx-client'].map(role => toggle(`role-${role}`)),
    ];
    const times = [];
    const edits = Array.from({ length: 40 }, (_, number) => round(10 + number)).flat();
    const [first, count] = arguments;
    for (const [what, edit] of edits.slice(first, first + count)) {
        const start = performance.now();
        edit();
        await rendered();
        const told = performance.now();
        document.body.offsetHeight;
        times.push([what, performance.now() - start, performance.now() - told]);
        // The next one begins apart from the frame that draws this one.
        await new Promise(requestAnimationFrame);
        await rendered();
    }
    return times;
";

fn main() {
    let Some(folder) = browser::page_folder() else { return };
    let Some(engine) = engine::asked_for().into_iter().next() else { return };
    let page = Browser::start(engine, None, Look::default());
    let file = format!("file://{}", folder.canonicalize().expect("a folder").join("portcullis.html").display());
    println!("{EDITS} edits, from the event to the forced layout, in milliseconds:");
    for preset in ["basic", "cluster", "one-machine"] {
        page.open("about:blank");
        page.open(&file);
        page.wait("document.querySelector('#app:not([inert]) #copy')");
        page.click(&format!("#pick-preset > option[value={preset}]"));
        page.run("document.querySelectorAll('details').forEach(it => it.open = true);", json!([]));
        page.wait("document.querySelector('[id$=-node-communication]')");
        measure(&page, preset, "goal: p95 of 16 at 30 flows");
    }
    large(&page, &file);
}

/// A thousand flows over a hundred groups: the user's own, and the catalog's.
fn large(page: &Browser, file: &str) {
    let catalog = Catalog::spotfire().expect("the embedded catalog can be read");
    let mut own = large::deployment(&catalog);
    large::whole(&catalog, &mut own);
    // A group without a role cannot be opened by a link. Clients of a server that is not there add no flow of the catalog's.
    own.groups.iter_mut().for_each(|group| group.roles.push("analyst"));
    let groups = large::by_catalog(&catalog, 1000, true);
    for (name, deployment) in [("1000 own", own), ("1000 catalog", by_catalog(&catalog)), ("1000 groups", groups)] {
        let flows = flows(&catalog, &deployment).len();
        page.open("about:blank");
        page.open(&format!("{file}#{}", link::write(&catalog, &deployment)));
        page.wait("document.querySelector('#app:not([inert]) #copy')");
        // As a person has it who types into some groups, and looks at the text of one.
        let open = "for (const it of ['analyst', 'server', 'node-manager']) \
            document.querySelector(`.role:has(#role-${it}) .group`)?.setAttribute('open', ''); \
            document.querySelector('#pick-group').dispatchEvent(new Event('change', { bubbles: true }));";
        page.run(open, json!([]));
        page.wait("[...document.querySelectorAll('.group[open]')].every(it => it.querySelector('[id^=a-]'))");
        measure(page, name, &format!("{flows} flows, {} groups; goal: p95 of 50", deployment.groups.len()));
    }
}

/// As many flows of the catalog's over as many groups: three servers, and nodes and clients for them, all with addresses.
fn by_catalog(catalog: &Catalog) -> Deployment {
    let mut deployment = Deployment::initial(catalog);
    let mut apply = |edit: Edit| {
        let edited = deployment.apply(catalog, &edit);
        assert_eq!(edited, Edited::Changed, "{edit:?}");
    };
    for (role, count) in [("server", 2), ("node-manager", 76), ("analyst", 17)] {
        (0..count).for_each(|_| apply(Edit::AddGroup(role)));
    }
    let ids: Vec<_> = deployment.groups.iter().map(|group| group.id).collect();
    for (at, id) in ids.into_iter().enumerate() {
        let addresses = format!("198.18.{at}.1 198.18.{at}.2 2001:db8:{at}::1 2001:db8:{at}::2");
        let edits = vec![Edit::Listens(id, Addresses::parse(&addresses).0), Edit::Policy(id, Policy::WholeHost)];
        assert_eq!(deployment.apply(catalog, &Edit::Several(edits)), Edited::Changed);
    }
    deployment
}

/// Measures the edits in the deployment that the page shows, and prints the figures, all and by what was edited.
fn measure(page: &Browser, name: &str, goal: &str) {
    let profiled = std::env::var_os("PORTCULLIS_PROFILE").is_some();
    let mut times = Vec::new();
    for first in (0..WARM_UP + EDITS).step_by(PART) {
        if profiled && first == WARM_UP {
            page.devtools("Profiler.enable", json!({}));
            page.devtools("Profiler.start", json!({}));
        }
        let told = page.run_async(MEASURE, json!([first, PART]));
        let told: Vec<(String, f64, f64)> = serde_json::from_value(told).expect("times");
        assert_eq!(told.len(), PART);
        times.extend(told.into_iter().filter(|_| first >= WARM_UP));
    }
    assert_eq!(times.len(), EDITS);
    println!("\n{name} ({goal}):");
    let mut kinds = BTreeMap::<&str, Vec<f64>>::new();
    for (kind, time, layout) in &times {
        for (kind, time) in [(kind.as_str(), time), ("all", time), ("layout of all", layout)] {
            kinds.entry(kind).or_default().push(*time);
        }
    }
    for (kind, mut times) in kinds {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        let count = times.len();
        println!("  {kind:<14} {count:>3}   p50 {:>6.1}   p95 {:>6.1}   max {:>6.1}", at(0.5), at(0.95), at(1.0));
    }
    if profiled {
        print_profile(&page.devtools("Profiler.stop", json!({}))["profile"]);
    }
}

/// The functions that took most of the time, by themselves, and with all that they called.
fn print_profile(profile: &Value) {
    let nodes: BTreeMap<u64, &Value> = profile["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .map(|node| (node["id"].as_u64().expect("a number"), node))
        .collect();
    let mut own = BTreeMap::<u64, f64>::new();
    let samples = profile["samples"].as_array().expect("samples").iter().filter_map(Value::as_u64);
    let deltas = profile["timeDeltas"].as_array().expect("times").iter().filter_map(Value::as_f64);
    for (node, delta) in samples.zip(deltas) {
        *own.entry(node).or_default() += delta / 1e3;
    }
    let name = |id: u64| nodes[&id]["callFrame"]["functionName"].as_str().unwrap_or_default().to_owned();
    let (mut selfs, mut totals) = (BTreeMap::<String, f64>::new(), BTreeMap::<String, f64>::new());
    let root = profile["nodes"][0]["id"].as_u64().expect("a root");
    let mut stack = vec![(root, Vec::<String>::new())];
    while let Some((id, mut path)) = stack.pop() {
        let time = own.get(&id).copied().unwrap_or_default();
        *selfs.entry(name(id)).or_default() += time;
        if !path.contains(&name(id)) {
            path.push(name(id));
        }
        for above in &path {
            *totals.entry(above.clone()).or_default() += time;
        }
        let children = nodes[&id]["children"].as_array().into_iter().flatten().filter_map(Value::as_u64);
        stack.extend(children.map(|child| (child, path.clone())));
    }
    for (what, times, count) in [("by themselves", selfs, 30), ("with what they call", totals, 60)] {
        let mut rows: Vec<(String, f64)> = times.into_iter().collect();
        rows.sort_by(|one, two| two.1.total_cmp(&one.1));
        println!("  milliseconds of {EDITS} edits, {what}:");
        for (name, time) in rows.into_iter().take(count) {
            println!("  {time:>9.0}  {name:.140}");
        }
    }
}
