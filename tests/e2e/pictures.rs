//! Pictures of every state of the page at four widths, light and dark, beside those that a person has looked at. What
//! differs is named, with the place and three pictures to look at. Never accepts a change by itself.
//!
//! `PORTCULLIS_REVIEW=1` takes what is seen as what is right: it writes the pictures that are missing or differ into
//! `tests/e2e/pictures`, and the full screenshots of those into the folder of the differences, for the person who then looks.
//!
//! A reviewed picture is a quarter of the screenshot in each direction, grey, with the fonts of `pictures/fonts.conf`. Two
//! colours of one brightness are one to it; contrast is the business of the accessibility checks.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::engine::Look;
use crate::engine::say;
use crate::page::{Page, tell_once};
use crate::states::{STATES, State};
use crate::thumbnail::Thumbnail;

/// The windows. The narrow ones are as tall as what a thumb scrolls through.
const WINDOWS: [(u32, u32); 4] = [(320, 2400), (768, 2000), (1280, 800), (2560, 1440)];

/// The windows that every run looks through; the others only with `PORTCULLIS_FULL`.
const USUAL: [u32; 2] = [320, 1280];

/// The schemes.
const SCHEMES: [&str; 2] = ["light", "dark"];

/// How far a cell may be from its reviewed one, in steps of grey. Two runs are 0 apart; the test below shows what a button
/// that has moved by 8 points, or is gone, makes of it.
const TOLERANCE: f64 = 3.0;

/// How far a button is moved to be seen.
const MOVED: u32 = 8;

/// Text is drawn in grey at whole points, so that one machine's screen settings are no other's.
const FLAGS: [&str; 2] = ["--disable-lcd-text", "--font-render-hinting=none"];

/// What stands still in a picture: no caret that blinks, nothing under way, no message that is there for some seconds.
const STILL: &str = "const sheet = new CSSStyleSheet(); \
    sheet.replaceSync('*, *::before, *::after { animation: none !important; transition: none !important; \
        caret-color: transparent !important; scroll-behavior: auto !important } .toast { visibility: hidden !important }'); \
    document.adoptedStyleSheets = [sheet];";

/// Widths of texts, in the two fonts of the page at 64 px: what DejaVu 2.37 makes of them.
const WIDTHS: [(&str, &str, u32); 4] = [
    ("system-ui", "Portcullis allows 192.0.2.49", 876),
    ("ui-monospace, monospace", "nft add rule", 462),
    ("system-ui", "שרתי الخوادم", 356),
    ("system-ui", "😀😎", 133),
];

#[test]
fn every_state_looks_as_it_was_reviewed() {
    let review = env::var_os("PORTCULLIS_REVIEW").is_some();
    let views = views(full() || review);
    with_known_fonts(|page| {
        let (mut wrong, differences) = (Vec::new(), differences());
        for old in fs::read_dir(&differences).expect("below target") {
            fs::remove_file(old.expect("a file").path()).expect("a picture of the last run");
        }
        for state in &STATES {
            state.enter(page);
            for (window, scheme) in &views {
                let name = format!("{}-{}-{scheme}", state.name, window.0);
                let screenshot = look(page, state, *window, scheme);
                let Err(why) = compare(&name, &Thumbnail::of(&screenshot)) else { continue };
                let file = differences.join(format!("{name}-seen.png"));
                fs::write(&file, &screenshot).expect("a folder to write to");
                if review {
                    Thumbnail::of(&screenshot).write(&reviewed(&name));
                    say(&format!("to look at: {}", file.display()));
                } else {
                    wrong.push(format!("{name}: {why}; seen: {}", file.display()));
                }
            }
        }
        wrong.extend(strays(review).into_iter().map(|file| format!("{}: of no state", file.display())));
        assert!(wrong.is_empty(), "of {}:\n  {}", STATES.len() * views.len(), wrong.join("\n  "));
        page.is_quiet();
    });
}

/// The proof of the tolerance: what is pressed on the first screen, moved or gone, is seen; the same again is not. The
/// buttons that are off are the faintest thing there is; `PORTCULLIS_FULL` tries all buttons in all windows.
#[test]
fn a_button_that_has_moved_or_is_gone_is_seen() {
    let (css, least_count) = match full() {
        true => (".header button, .header select, .bar button, .bar select", 12),
        false => (".header button:disabled, #copy", 3),
    };
    // As far as they are in the picture.
    let buttons = format!(
        "[...document.querySelectorAll('{css}')].filter(it => it.getBoundingClientRect().bottom < innerHeight)"
    );
    with_known_fonts(|page| {
        let state = State::named("first-screen");
        state.enter(page);
        let mut least = (f64::MAX, String::new());
        for (window, scheme) in views(full()) {
            let thumbnail = || Thumbnail::of(&look(page, state, window, scheme));
            let before = thumbnail();
            let count = page.browser.run(&format!("return {buttons}.length;"), json!([])).as_u64().expect("a number");
            assert!(count >= least_count, "{count} buttons");
            for at in 0..count {
                for (property, value) in [("translate", format!("{MOVED}px")), ("visibility", "hidden".to_owned())] {
                    let set = format!("{buttons}[arguments[0]].style.setProperty(arguments[1], arguments[2]);");
                    page.browser.run(&set, json!([at, property, value]));
                    let worst = before.worst(&thumbnail());
                    let what = format!("button {at}, {property}, {} {scheme}", window.0);
                    assert!(worst.difference > TOLERANCE, "{what}: {worst:?}");
                    if worst.difference < least.0 {
                        least = (worst.difference, what);
                    }
                    page.browser.run(&set, json!([at, property, ""]));
                }
            }
            let again = before.worst(&thumbnail());
            assert!(again.difference < TOLERANCE / 10.0, "{} {scheme}: {again:?}", window.0);
        }
        say(&format!("the least that a button makes: {:.1}, {}; the tolerance is {TOLERANCE}", least.0, least.1));
    });
}

/// True where there is time for everything.
fn full() -> bool {
    env::var_os("PORTCULLIS_FULL").is_some()
}

/// The windows and schemes to look through.
fn views(all: bool) -> Vec<((u32, u32), &'static str)> {
    let windows = WINDOWS.into_iter().filter(|(width, _)| all || USUAL.contains(width));
    windows.flat_map(|window| SCHEMES.map(|scheme| (window, scheme))).collect()
}

/// Tells a story in a browser that knows the fonts of the reviewed pictures and no others; demands that it has them.
fn with_known_fonts(story: impl FnOnce(&Page)) {
    let fonts = here().join("fonts.conf");
    tell_once(Look { flags: FLAGS.to_vec(), fonts: Some(fonts) }, true, |page| {
        for (family, text, width) in WIDTHS {
            let script = "const context = document.createElement('canvas').getContext('2d'); \
                context.font = '64px ' + arguments[0]; return Math.round(context.measureText(arguments[1]).width);";
            let seen = page.browser.run(script, json!([family, text]));
            assert!(
                seen.as_u64().is_some_and(|seen| seen.abs_diff(width.into()) <= 2),
                "other fonts than those of the reviewed pictures: {text:?} in {family} is {seen} wide, not {width}. They were \
                 made with DejaVu 2.37 (Debian: apt-get install fonts-dejavu-core)"
            );
        }
        story(page);
    });
}

/// A screenshot of a state that the page is in.
fn look(page: &Page, state: &State, (width, height): (u32, u32), scheme: &str) -> Vec<u8> {
    page.browser.resize(width, height);
    page.browser.prefer(scheme);
    page.browser.mouse_away();
    page.browser.run(STILL, json!([]));
    // From the top, so that the way to a part is the same whatever was looked at before.
    let scroll = "for (const it of document.querySelectorAll('*')) it.scrollTo({ top: 0, left: 0, behavior: 'instant' }); \
        document.querySelector(arguments[0]).scrollIntoView({ block: 'start', behavior: 'instant' });";
    page.browser.run(scroll, json!([state.part]));
    page.browser.run_async("for (const _ of [1, 2]) await new Promise(requestAnimationFrame);", json!([]));
    page.browser.screenshot()
}

/// Compares a picture with the reviewed one; writes both and the difference if it is too far from it.
fn compare(name: &str, seen: &Thumbnail) -> Result<(), String> {
    let Some(expected) = Thumbnail::read(&reviewed(name)) else {
        return Err("never reviewed (PORTCULLIS_REVIEW=1 takes it as it is)".to_owned());
    };
    let differences = differences();
    expected.write(&differences.join(format!("{name}-expected.png")));
    if expected.size() != seen.size() {
        return Err(format!("its size is {:?}, not {:?}", seen.size(), expected.size()));
    }
    let worst = expected.worst(seen);
    if worst.difference <= TOLERANCE {
        let _ = fs::remove_file(differences.join(format!("{name}-expected.png")));
        return Ok(());
    }
    let file = differences.join(format!("{name}-difference.png"));
    expected.write_difference(seen, TOLERANCE, &file);
    let (x, y) = worst.at;
    Err(format!("differs by {:.1} of {TOLERANCE} at {x}, {y}; difference: {}", worst.difference, file.display()))
}

/// Pictures that no state and window make; with `review`, they are removed.
fn strays(review: bool) -> Vec<PathBuf> {
    let names = STATES.iter().flat_map(|state| {
        views(true).into_iter().map(|((width, _), scheme)| reviewed(&format!("{}-{width}-{scheme}", state.name)))
    });
    let known: BTreeSet<PathBuf> = names.collect();
    let files = fs::read_dir(here()).expect("the folder").map(|file| file.expect("a file").path());
    let pictures = files.filter(|file| file.extension().is_some_and(|extension| extension == "png"));
    let strays = pictures.filter(|file| !known.contains(file));
    strays.filter(|file| !review || fs::remove_file(file).is_err()).collect()
}

/// The folder of the reviewed pictures.
fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/pictures")
}

fn reviewed(name: &str) -> PathBuf {
    here().join(format!("{name}.png"))
}

/// The folder of what differs, below `target`.
fn differences() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    fs::create_dir_all(&folder).expect("below target");
    folder
}
