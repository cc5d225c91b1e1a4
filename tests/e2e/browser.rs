//! A real Chromium, driven through chromedriver over loopback. It waits for what the page does, never by the clock;
//! everything it waits for has a limit; all it starts ends with it, also when a story fails.
//!
//! WebDriver is one HTTP request per command, so this is all the client there is to it.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

/// How long the driver may take to start, or to answer one command.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the page may take to become as expected, in milliseconds.
const MOMENT: u64 = 10_000;

/// What WebDriver calls an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys that are no characters.
pub mod key {
    /// Tab.
    pub const TAB: &str = "\u{E004}";
    /// Enter.
    pub const ENTER: &str = "\u{E007}";
    /// Shift, held.
    pub const SHIFT: &str = "\u{E008}";
    /// Control, held.
    pub const CONTROL: &str = "\u{E009}";
    /// The space bar.
    pub const SPACE: &str = " ";
    /// End.
    pub const END: &str = "\u{E010}";
    /// Home.
    pub const HOME: &str = "\u{E011}";
    /// Arrow left.
    pub const LEFT: &str = "\u{E012}";
    /// Arrow right.
    pub const RIGHT: &str = "\u{E014}";
    /// Arrow down.
    pub const DOWN: &str = "\u{E015}";
}

/// A browser with a fresh profile and one window.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    folder: PathBuf,
}

impl Browser {
    /// Starts one, with more flags for Chromium if need be.
    pub fn start(flags: &[&str]) -> Self {
        Self::start_in(flags, &[])
    }

    /// As [`Browser::start`], with more variables in its environment.
    pub fn start_in(flags: &[&str], environment: &[(&str, &Path)]) -> Self {
        static BROWSERS: AtomicU32 = AtomicU32::new(0);
        let number = BROWSERS.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("portcullis-e2e-{}-{number}", std::process::id()));
        fs::create_dir_all(folder.join("downloads")).expect("a folder of our own");
        let (driver, port) = start_driver(&folder, environment);
        let mut browser = Self { driver, port, session: String::new(), folder };
        let profile = format!("--user-data-dir={}", browser.folder.join("profile").display());
        let arguments = [
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
        let asked = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "unhandledPromptBehavior": "ignore",
            "timeouts": { "implicit": MOMENT, "script": 2 * MOMENT, "pageLoad": 3 * MOMENT },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "goog:chromeOptions": {
                "binary": chromium(),
                "args": arguments.iter().chain(flags).collect::<Vec<_>>(),
                // What is copied can be read back.
                "prefs": { "profile": { "default_content_setting_values": { "clipboard": 1 } } },
            },
        } } });
        let made = browser.request("POST", "/session", &asked).unwrap_or_else(|e| panic!("no session: {e}"));
        browser.session = made["sessionId"].as_str().expect("a session").to_owned();
        // By this way, a browser does not ask whether a script should really be kept.
        browser.devtools(
            "Browser.setDownloadBehavior",
            json!({ "behavior": "allow", "downloadPath": browser.downloads() }),
        );
        browser
    }

    /// The folder that downloads arrive in.
    pub fn downloads(&self) -> PathBuf {
        self.folder.join("downloads")
    }

    /// Makes the page believe in a window of that size.
    pub fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size);
    }

    /// Makes the page believe that the user prefers dark or light.
    pub fn prefer(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", features);
    }

    /// Runs a script before those of every page to come, until the browser ends.
    pub fn before_every_page(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    }

    /// Opens an address, and waits until it is loaded.
    #[track_caller]
    pub fn open(&self, address: &str) {
        self.post("url", &json!({ "url": address }));
    }

    /// Loads the page again.
    #[track_caller]
    pub fn reload(&self) {
        self.post("refresh", &json!({}));
    }

    /// Runs a script (the body of a function) in the page, and returns its value.
    #[track_caller]
    pub fn run(&self, script: &str, arguments: Value) -> Value {
        self.post("execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// As [`Browser::run`], for the body of an `async` function.
    #[track_caller]
    pub fn run_async(&self, script: &str, arguments: Value) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1], given = [...arguments].slice(0, -1); \
             (async function () {{ {script} }}).apply(null, given).then(value => done([value]), error => done(String(error)));"
        );
        let told = self.post("execute/async", &json!({ "script": script, "args": arguments }));
        match told.get(0) {
            Some(value) => value.clone(),
            None => panic!("{told} in {script:.2000}"),
        }
    }

    /// Waits until an expression is true in the page, looking at every frame that is drawn; returns its value.
    #[track_caller]
    pub fn wait(&self, expression: &str) -> Value {
        self.wait_with(expression, json!([]))
    }

    /// As [`Browser::wait`], for an expression about `arguments`.
    #[track_caller]
    pub fn wait_with(&self, expression: &str, arguments: Value) -> Value {
        let script = format!(
            "const end = performance.now() + {MOMENT}; \
             for (;;) {{ \
               let value; try {{ value = ({expression}); }} catch {{}} \
               if (value) return value; \
               if (performance.now() > end) return null; \
               await new Promise(next => {{ requestAnimationFrame(next); setTimeout(next, 50); }}); \
             }}"
        );
        let value = self.run_async(&script, arguments.clone());
        assert!(!value.is_null(), "never: {expression} {arguments}");
        value
    }

    /// Clicks an element as a user does: scrolled to, in its middle, refused if something covers it. Elements are named by a
    /// selector or, beginning with `/`, by a path.
    #[track_caller]
    pub fn click(&self, name: &str) {
        let element = self.find(name);
        self.post(&format!("element/{element}/click"), &json!({}));
    }

    /// Types into an element, after what is there.
    #[track_caller]
    pub fn type_into(&self, css: &str, text: &str) {
        let element = self.find(css);
        self.post(&format!("element/{element}/value"), &json!({ "text": text }));
    }

    /// Presses keys one after the other, wherever the focus is; [`key::SHIFT`] and [`key::CONTROL`] are held over the next.
    #[track_caller]
    pub fn press(&self, keys: &[&str]) {
        let mut actions = Vec::new();
        let mut held = Vec::new();
        for key in keys {
            actions.push(json!({ "type": "keyDown", "value": key }));
            if [key::SHIFT, key::CONTROL].contains(key) {
                held.push(*key);
                continue;
            }
            let up = std::iter::once(*key).chain(held.drain(..).rev());
            actions.extend(up.map(|key| json!({ "type": "keyUp", "value": key })));
        }
        self.post("actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] }));
    }

    /// Goes into a frame, or back to the top.
    pub fn enter_frame(&self, css: Option<&str>) {
        let frame = css.map(|css| json!({ ELEMENT: self.find(css) }));
        self.post("frame", &json!({ "id": frame }));
    }

    /// Does something in a new tab, closes it, and returns to this one.
    pub fn in_another_tab<T>(&self, work: impl FnOnce() -> T) -> T {
        let here = self.request("GET", &format!("/session/{}/window", self.session), &Value::Null).expect("a window");
        let new = self.post("window/new", &json!({ "type": "tab" }));
        self.post("window", &json!({ "handle": new["handle"] }));
        let done = work();
        self.request("DELETE", &format!("/session/{}/window", self.session), &Value::Null).expect("a window");
        self.post("window", &json!({ "handle": here }));
        done
    }

    /// What the browser has logged since it was last asked: `browser` (the console) or `performance` (the network).
    pub fn log(&self, kind: &str) -> Vec<Value> {
        self.post("se/log", &json!({ "type": kind })).as_array().cloned().unwrap_or_default()
    }

    /// A command of the DevTools protocol.
    #[track_caller]
    pub fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.post("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    #[track_caller]
    fn find(&self, name: &str) -> String {
        let using = if name.starts_with('/') { "xpath" } else { "css selector" };
        let found = self.post("element", &json!({ "using": using, "value": name }));
        found[ELEMENT].as_str().unwrap_or_else(|| panic!("{name}: {found}")).to_owned()
    }

    #[track_caller]
    fn post(&self, command: &str, body: &Value) -> Value {
        let path = format!("/session/{}/{command}", self.session);
        match self.request("POST", &path, body) {
            Ok(value) => value,
            Err(e) => panic!("{command} {body:.300}: {e}"),
        }
    }

    /// One command to the driver.
    fn request(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let talk = || -> std::io::Result<Vec<u8>> {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            let body = if body.is_null() { String::new() } else { body.to_string() };
            write!(
                stream,
                "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )?;
            let mut answer = BufReader::new(stream);
            let (mut line, mut length) = (String::new(), 0);
            while answer.read_line(&mut line)? > 2 {
                if let Some((name, value)) = line.split_once(':')
                    && name.eq_ignore_ascii_case("content-length")
                {
                    length = value.trim().parse().unwrap_or(0);
                }
                line.clear();
            }
            let mut text = vec![0; length];
            answer.read_exact(&mut text)?;
            Ok(text)
        };
        let text = talk().map_err(|e| format!("no answer: {e}"))?;
        let mut answer: Value = serde_json::from_slice(&text).map_err(|e| format!("no answer: {e}"))?;
        let value = answer["value"].take();
        match value["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", value["message"].as_str().unwrap_or_default())),
            None => Ok(value),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = self.request("DELETE", &format!("/session/{}", self.session), &json!({}));
        }
        // The driver, and the browser if it has outlived its session: they are a group of their own.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::kill_process_group(
            rustix::process::Pid::from_child(&self.driver),
            rustix::process::Signal::KILL,
        );
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Where the built page is; `None` where there is no page, or no browser to open it with.
pub fn page_folder() -> Option<PathBuf> {
    let given = env::var_os("PORTCULLIS_DIST").map(PathBuf::from);
    let folder = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("dist"));
    let programs = [chromium(), chromedriver()];
    let missing = match programs.iter().find(|program| !program.is_file()) {
        _ if !folder.join("index.html").is_file() => {
            format!("no page in {}: cargo xtask build makes it", folder.display())
        }
        Some(program) => format!("no {} (Debian: apt-get install chromium chromium-driver)", program.display()),
        None => return Some(folder),
    };
    not_run(&missing);
    None
}

/// Says that something cannot be tried here; in CI that is a failure.
pub fn not_run(why: &str) {
    assert!(env::var("CI").as_deref() != Ok("true"), "{why}");
    say(&format!("NOT RUN: {why}"));
}

/// Says something straight to the terminal: the harness swallows what a passing test prints.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "\ne2e: {line}");
}

fn chromium() -> PathBuf {
    program("PORTCULLIS_CHROMIUM", "chromium")
}

fn chromedriver() -> PathBuf {
    program("PORTCULLIS_CHROMEDRIVER", "chromedriver")
}

/// A program that the environment may name; else the one on the search path.
fn program(variable: &str, name: &str) -> PathBuf {
    let on_path = || {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file())
    };
    env::var_os(variable).map(PathBuf::from).or_else(on_path).unwrap_or_else(|| name.into())
}

/// A driver, and the port it listens on. It looks for a number that is free in both families, and gives up where another
/// program takes that in the meantime: then it is started again.
fn start_driver(folder: &Path, environment: &[(&str, &Path)]) -> (Child, u16) {
    let mut driver = Command::new(chromedriver());
    driver.envs(environment.iter().copied());
    driver.arg("--port=0").env("HOME", folder).env("TMPDIR", folder).stdin(Stdio::null());
    driver.stdout(Stdio::piped()).stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut driver, 0);
    for _ in 0..5 {
        let mut started = driver.spawn().expect("chromedriver starts");
        if let Some(port) = port_of(&mut started) {
            return (started, port);
        }
        let _ = started.kill();
        let _ = started.wait();
    }
    panic!("chromedriver tells no port");
}

/// The port that a starting driver tells. What else it prints is read away, so that it never waits for a reader.
fn port_of(driver: &mut Child) -> Option<u16> {
    let lines = BufReader::new(driver.stdout.take()?).lines();
    let (told, port) = mpsc::channel();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                let _ = told.send(port.trim_end_matches('.').parse().ok());
            }
        }
    });
    port.recv_timeout(PATIENCE).ok().flatten()
}
