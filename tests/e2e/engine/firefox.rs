//! Firefox, through geckodriver. What WebDriver has no command for is done by preferences, which hold from the start, and by
//! the other half of WebDriver, which the browser itself speaks.

use std::cell::RefCell;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::super::bidi::Bidi;
use super::super::driver::{Driver, Program, Session};
use super::{Engine, Need, Window, Wishes, missing, program};

/// The engine.
pub const ENGINE: Engine = Engine {
    name: "firefox",
    missing: || {
        let advice = "Debian: apt-get install firefox-esr; cargo install --locked geckodriver";
        missing(&[firefox(), geckodriver()], advice)
    },
    start,
    lacks: &[
        (Need::DevTools, "paper on the screen, accessibility tree and garbage collection: it has no DevTools protocol"),
        (Need::Pixels, "the pixels of a copied picture: without a screen, it reads none back"),
    ],
};

fn firefox() -> PathBuf {
    program("PORTCULLIS_FIREFOX", &["firefox-esr", "firefox"])
}

fn geckodriver() -> PathBuf {
    program("PORTCULLIS_GECKODRIVER", &["geckodriver"])
}

struct Firefox {
    bidi: RefCell<Bidi>,
    session: Session,
    window: Value,
}

fn start(wishes: &Wishes) -> Box<dyn Window> {
    let mut driver = Command::new(geckodriver());
    driver.args(["--port=0", "--websocket-port=0"]).env("HOME", wishes.home).env("TMPDIR", wishes.home);
    let driver = Driver::start(&mut driver, port);
    let mut preferences = json!({
        "browser.download.dir": wishes.downloads(),
        "browser.download.folderList": 2,
        "browser.helperApps.neverAsk.saveToDisk": "application/octet-stream",
        // 0 is dark, 1 is light.
        "layout.css.prefers-color-scheme.content-override": i32::from(wishes.scheme == "light"),
        // What is copied can be read back, without the user being asked.
        "dom.events.testing.asyncClipboard": true,
    });
    if let Some((name, _)) = wishes.host {
        preferences["network.dns.localDomains"] = json!(name);
        // It would try another port first.
        preferences["dom.security.https_first"] = json!(false);
    }
    let session = Session::start(
        driver,
        json!({
            "browserName": "firefox",
            "webSocketUrl": true,
            "moz:firefoxOptions": { "binary": firefox(), "args": ["-headless"], "prefs": preferences },
        }),
    );
    let address = session.capabilities["webSocketUrl"].as_str().expect("the address of the other half").to_owned();
    let mut bidi = Bidi::connect(&address);
    bidi.command("session.subscribe", json!({ "events": [LOG, REQUEST] }));
    let window = session.get("window");
    Box::new(Firefox { bidi: RefCell::new(bidi), session, window })
}

const LOG: &str = "log.entryAdded";
const REQUEST: &str = "network.beforeRequestSent";

fn port(driver: &mut Program) -> Option<u16> {
    driver.tells(|line| line.split_once("Listening on 127.0.0.1:")?.1.trim().parse().ok())
}

impl Window for Firefox {
    fn session(&self) -> &Session {
        &self.session
    }

    fn resize(&self, width: u32, height: u32) {
        let size = json!({ "context": self.window, "viewport": { "width": width, "height": height } });
        self.bidi.borrow_mut().command("browsingContext.setViewport", size);
    }

    fn prefer(&self, _: &str) -> bool {
        false
    }

    fn before_every_page(&self, script: &str) -> bool {
        let function = json!({ "functionDeclaration": format!("() => {{ {script} }}") });
        self.bidi.borrow_mut().command("script.addPreloadScript", function);
        true
    }

    fn complaints(&self) -> Vec<String> {
        let entries = self.bidi.borrow_mut().events(LOG);
        entries.iter().map(|entry| format!("{}: {}", entry["level"], entry["text"])).collect()
    }

    fn requests(&self) -> Vec<String> {
        let sent = self.bidi.borrow_mut().events(REQUEST);
        sent.iter().filter_map(|event| Some(event["request"]["url"].as_str()?.to_owned())).collect()
    }
}
