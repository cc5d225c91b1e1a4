//! A monkey: thousands of random events on everything that can be seen and used, the same in every run. Whatever it does,
//! the page does not fail, does not complain, takes no field from under the hands of who types, and holds no more memory
//! afterwards than before. Never knows what the page should answer.

use serde_json::{Value, json};

use crate::devtools::Memory;
use crate::engine::Look;
use crate::engine::say;
use crate::page::{Page, group, tell_once};
use crate::states;

/// Events in all, and those of them after which the page has everything it ever needs.
const FULL: (u64, u64) = (20_000, 5_000);

/// So many events are done by one command, which has some seconds also on a busy machine.
const BATCH: u64 = 25;

/// After so many events the page goes back to its beginning: what a monkey makes of a deployment grows without end.
const ROUND: u64 = 250;

/// More steps of undo than the page keeps: before memory is measured, none of what the monkey did is left to undo.
const STEPS: u32 = 210;

/// Chromium would slow down a page that writes its address as often as a monkey types.
const FLAGS: [&str; 1] = ["--disable-ipc-flooding-protection"];

#[test]
fn a_monkey_breaks_nothing_and_leaves_nothing_behind() {
    let Some((events, warm_up)) = std::env::var_os("PORTCULLIS_FULL").map(|_| FULL) else {
        return say("the monkey is part of the full tier");
    };
    tell_once(Look { flags: FLAGS.to_vec(), fonts: None }, false, |page| {
        page.browser.before_every_page(include_str!("monkey/before.js"));
        page.open("");
        // Told once: a command that brings the whole of it leaves some of it behind, each time.
        for (name, body) in [("monkey", include_str!("monkey/events.js")), ("home", include_str!("monkey/home.js"))] {
            page.browser.run(&format!("window.{name} = async function () {{ {body} }};"), json!([]));
        }
        // Something to open while the page is open.
        page.browser.click("#role-jmx-client");
        page.unfold(group::SERVER);
        page.fill(&format!("#a-{}", group::SERVER), "192.0.2.49");
        let other = page.stored("portcullis.deployment");
        page.browser.run("[window.firstLink, window.homeLink] = arguments;", json!([other, states::initial_link()]));

        play(page, 0, warm_up);
        let before = Held::of(page);
        play(page, warm_up, events);
        let after = Held::of(page);
        say(&format!(
            "monkey, {warm_up} and {events} events: {:?} {}, {:?} {}",
            before.memory, before.wasm, after.memory, after.wasm
        ));
        // Were it elsewhere, what it holds could not be compared.
        assert_eq!(before.seen, after.seen, "the page is not where it began");
        let grown = |before: u64, after: u64, limit: u64, what: &str| {
            assert!(after <= before + limit, "{what}: {before} became {after}");
        };
        grown(before.memory.nodes, after.memory.nodes, 50, "nodes");
        grown(before.memory.listeners, after.memory.listeners, 2, "listeners of events");
        // Every command of the driver leaves some bytes behind, also one that does nothing (256 were seen for the two of a
        // batch); an object of the page's for every event would be some hundred bytes for each, and there are 25 in a batch.
        grown(before.memory.heap, after.memory.heap, 150_000 + 300 * (events - warm_up) / BATCH, "bytes of JavaScript");
        // WebAssembly never gives memory back: this is the most that there ever was.
        grown(before.wasm, after.wasm, 2 << 20, "bytes of WebAssembly");
        page.is_quiet();
    });
}

/// Does events, and demands after each batch that nothing went wrong.
fn play(page: &Page, from: u64, to: u64) {
    for first in (from..to).step_by(usize::try_from(BATCH).expect("small")) {
        let told = page.browser.run_async("return monkey(...arguments);", json!([first, BATCH]));
        assert_eq!(told["wrong"], json!([]), "{told}");
        assert_eq!(told["at"], json!(first + BATCH));
        let log = page.browser.complaints();
        assert!(log.is_empty(), "events {first} to {}: {log:#?}", first + BATCH);
        if (first + BATCH).is_multiple_of(ROUND) {
            home(page, 0);
        }
    }
}

/// Brings the page back to where it began, and returns what can be seen of it.
fn home(page: &Page, steps: u32) -> Value {
    page.browser.run_async("return home(...arguments);", json!([steps]))
}

/// What the page holds at home.
#[derive(Debug)]
struct Held {
    memory: Memory,
    wasm: u64,
    seen: Value,
}

impl Held {
    fn of(page: &Page) -> Self {
        let seen = home(page, STEPS);
        let wasm = page.browser.run("return window.pageMemory.buffer.byteLength;", json!([]));
        Self { memory: page.browser.memory(), wasm: wasm.as_u64().expect("bytes"), seen }
    }
}
