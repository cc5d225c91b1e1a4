//! Chromium, through chromedriver. What WebDriver has no command for is done by the commands of its developer tools.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::super::driver::{Driver, Program, Session};
use super::{Engine, Window, Wishes, missing, program};

/// The engine.
pub const ENGINE: Engine = Engine {
    name: "chromium",
    missing: || missing(&[chromium(), chromedriver()], "Debian: apt-get install chromium chromium-driver"),
    start,
    lacks: &[],
};

fn chromium() -> PathBuf {
    program("PORTCULLIS_CHROMIUM", &["chromium"])
}

fn chromedriver() -> PathBuf {
    program("PORTCULLIS_CHROMEDRIVER", &["chromedriver"])
}

struct Chromium(Session);

fn start(wishes: &Wishes) -> Box<dyn Window> {
    let mut driver = Command::new(chromedriver());
    driver.arg("--port=0").env("HOME", wishes.home).env("TMPDIR", wishes.home);
    driver.envs(wishes.look.fonts.iter().map(|fonts| ("FONTCONFIG_FILE", fonts)));
    let driver = Driver::start(&mut driver, port);
    let profile = format!("--user-data-dir={}", wishes.home.join("profile").display());
    let mut arguments = vec![
        // The tests may run as root in a container; the only page opened is ours.
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        &profile,
    ];
    let host = wishes.host.map(|(name, _)| format!("--host-resolver-rules=MAP {name} 127.0.0.1"));
    arguments.extend(host.as_deref());
    arguments.extend(&wishes.look.flags);
    let session = Session::start(
        driver,
        json!({
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "goog:chromeOptions": {
                "binary": chromium(),
                "args": arguments,
                // What is copied can be read back.
                "prefs": { "profile": { "default_content_setting_values": { "clipboard": 1 } } },
            },
        }),
    );
    let window = Chromium(session);
    // By this way, a browser does not ask whether a script should really be kept.
    window.command("Browser.setDownloadBehavior", json!({ "behavior": "allow", "downloadPath": wishes.downloads() }));
    window.prefer(wishes.scheme);
    Box::new(window)
}

fn port(driver: &mut Program) -> Option<u16> {
    driver.tells(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    })
}

impl Chromium {
    #[track_caller]
    fn command(&self, command: &str, parameters: Value) -> Value {
        self.0.post("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        self.0.post("se/log", &json!({ "type": kind })).as_array().cloned().unwrap_or_default()
    }
}

impl Window for Chromium {
    fn session(&self) -> &Session {
        &self.0
    }

    fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.command("Emulation.setDeviceMetricsOverride", size);
    }

    fn devtools(&self, command: &str, parameters: &Value) -> Option<Value> {
        Some(self.command(command, parameters.clone()))
    }

    fn prefer(&self, scheme: &str) -> bool {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.command("Emulation.setEmulatedMedia", features);
        true
    }

    fn before_every_page(&self, script: &str) -> bool {
        self.command("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
        true
    }

    fn complaints(&self) -> Vec<String> {
        self.log("browser").iter().map(Value::to_string).collect()
    }

    fn requests(&self) -> Vec<String> {
        let log = self.log("performance");
        let events = log.iter().filter_map(|entry| serde_json::from_str::<Value>(entry["message"].as_str()?).ok());
        let sent = events.filter(|event| event["message"]["method"] == "Network.requestWillBeSent");
        let asked = sent.filter_map(|event| Some(event["message"]["params"]["request"]["url"].as_str()?.to_owned()));
        asked.filter(|address| !address.starts_with("chrome")).collect()
    }
}
