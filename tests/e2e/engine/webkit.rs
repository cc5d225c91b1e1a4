//! WebKit as GTK programs have it, through WebKitWebDriver, in its smallest browser, on a screen that nobody sees. It has
//! nothing besides WebDriver's commands: what happens in a page is seen from when it is loaded.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::json;

use super::super::driver::{Driver, PATIENCE, Program, Session};
use super::{Engine, Need, Window, Wishes, missing, program};

/// The engine.
pub const ENGINE: Engine = Engine {
    name: "webkit",
    missing: || missing(&[mini_browser(), driver(), screen()], "Debian: apt-get install webkit2gtk-driver xvfb"),
    start,
    lacks: &[
        (Need::Clipboard, "what comes with markup on the clipboard: only that of Chromium is read back"),
        (Need::DevTools, "paper on the screen, accessibility tree and garbage collection: it has no DevTools protocol"),
        (Need::FileInFrameAgain, "a file in a sandboxed frame that loads itself again: this engine refuses to"),
        (
            Need::Requests,
            "what it asks the network for: no command tells (the page's own list and the server's are read)",
        ),
        (
            Need::FromTheStart,
            "what goes wrong while a page loads: scripts come into a page when it is loaded, not before",
        ),
    ],
};

fn driver() -> PathBuf {
    program("PORTCULLIS_WEBKITDRIVER", &["WebKitWebDriver"])
}

fn screen() -> PathBuf {
    program("PORTCULLIS_XVFB", &["Xvfb"])
}

/// It comes with the library, in that one's own folder.
fn mini_browser() -> PathBuf {
    let libraries = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    let folders = libraries.chain(["/usr/lib".into(), "/usr/libexec".into()]);
    let mut programs = folders.map(|folder| folder.join("webkit2gtk-4.1").join("MiniBrowser"));
    programs
        .find(|program| program.is_file())
        .unwrap_or_else(|| super::program("PORTCULLIS_MINIBROWSER", &["MiniBrowser"]))
}

/// Buttons and an address, in a toolbar or not, that take no room: they would keep the window from being as narrow as a
/// telephone.
const STYLE: &str = "toolbar, toolbar *, button, button *, entry, entry * \
    { min-width: 0; min-height: 0; padding: 0; margin: 0; border: 0; font-size: 1px; }";

/// Collects what goes wrong in a page, from when it is run there.
const COLLECT: &str = "if (!window.complaints) { \
    window.complaints = []; \
    addEventListener('error', e => complaints.push(String(e.message))); \
    addEventListener('unhandledrejection', e => complaints.push('not handled: ' + e.reason)); \
    for (const kind of ['error', 'warn', 'assert']) { \
      const before = console[kind]; \
      console[kind] = (...said) => { complaints.push(kind + ': ' + said.join(' ')); before.apply(console, said); }; \
    } \
  }";

/// The size of the screen; windows may be larger.
const SCREEN: (u32, u32) = (2600, 1600);

struct WebKit {
    session: Session,
    /// The screen ends after what is on it.
    _screen: Program,
    /// Complaints of the pages that were left.
    before: RefCell<Vec<String>>,
}

fn start(wishes: &Wishes) -> Box<dyn Window> {
    let mut screen = Program::start_tidy(
        // It finds a number that is free, and tells it.
        Command::new(self::screen())
            .args("-displayfd 1 -nolisten tcp -screen 0".split(' '))
            .arg(format!("{}x{}x24", SCREEN.0, SCREEN.1)),
    );
    let display: u32 = screen.tells(|line| line.trim().parse().ok()).expect("Xvfb tells its number");
    let settings = wishes.home.join(".config");
    let write = |name: &str, text: &str| {
        let file = settings.join(name);
        fs::create_dir_all(file.parent().expect("a folder")).and_then(|()| fs::write(file, text)).expect("settings");
    };
    write("gtk-3.0/gtk.css", STYLE);
    write("user-dirs.dirs", "XDG_DOWNLOAD_DIR=\"$HOME/downloads\"\n");
    let mut driver = Command::new(self::driver());
    driver.arg("--port=0").env("HOME", wishes.home).env("TMPDIR", wishes.home).env("XDG_CONFIG_HOME", &settings);
    driver.env("DISPLAY", format!(":{display}")).env_remove("WAYLAND_DISPLAY").env("GDK_BACKEND", "x11");
    // Nothing of the desktop that the tests may be run in.
    driver.env("DBUS_SESSION_BUS_ADDRESS", "disabled:").env("GSETTINGS_BACKEND", "memory").env("NO_AT_BRIDGE", "1");
    // The tests may run as root in a container; the only page opened is ours.
    driver.env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1");
    let driver = Driver::start(&mut driver, port);
    let mut arguments = vec!["--automation", "--javascript-can-access-clipboard=true"];
    arguments.extend((wishes.scheme == "dark").then_some("--dark-mode"));
    let mut asked = json!({
        "browserName": "MiniBrowser",
        "webkitgtk:browserOptions": { "binary": mini_browser(), "args": arguments },
    });
    if let Some((_, port)) = wishes.host {
        // A proxy is told names as they are.
        asked["proxy"] = json!({ "proxyType": "manual", "httpProxy": format!("127.0.0.1:{port}") });
    }
    let session = Session::start(driver, asked);
    Box::new(WebKit { session, _screen: screen, before: RefCell::default() })
}

/// The port that the driver listens on. It does not tell: the system does.
fn port(driver: &mut Program) -> Option<u16> {
    let folder = format!("/proc/{}", driver.id());
    let end = Instant::now() + PATIENCE;
    while driver.runs() && Instant::now() < end {
        let sockets: Vec<String> = fs::read_dir(Path::new(&folder).join("fd"))
            .ok()?
            .flatten()
            .filter_map(|entry| {
                let target = fs::read_link(entry.path()).ok()?;
                Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
            })
            .collect();
        let table = fs::read_to_string(format!("{folder}/net/tcp")).ok()?;
        let listening = table.lines().find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            // 0A is a socket that listens.
            let ours = *fields.get(3)? == "0A" && sockets.iter().any(|socket| socket == fields[9]);
            let (_, port) = fields.get(1).filter(|_| ours)?.split_once(':')?;
            u16::from_str_radix(port, 16).ok()
        });
        if listening.is_some() {
            return listening;
        }
        std::thread::yield_now();
    }
    None
}

impl Window for WebKit {
    fn session(&self) -> &Session {
        &self.session
    }

    fn resize(&self, width: u32, height: u32) {
        // The window follows at the next frames; what it has around the page is taken from what came of the last try.
        let script = "const done = arguments[2]; let frames = 30; \
            const look = () => innerWidth === arguments[0] && innerHeight === arguments[1] || !frames-- \
                ? done([innerWidth, innerHeight]) : requestAnimationFrame(look); \
            look();";
        let wanted = (i64::from(width), i64::from(height));
        let (mut outer, mut inner) = (wanted, wanted);
        for _ in 0..5 {
            // The pointer, which is in the middle of the screen, is over the corner of the window: without a window manager,
            // that is what gives it the focus.
            let (x, y) = (SCREEN.0 / 2 - 1, SCREEN.1 / 2 - 1);
            self.session.post("window/rect", &json!({ "x": x, "y": y, "width": outer.0, "height": outer.1 }));
            let told = self.session.post("execute/async", &json!({ "script": script, "args": [wanted.0, wanted.1] }));
            inner = (told[0].as_i64().unwrap_or_default(), told[1].as_i64().unwrap_or_default());
            if inner == wanted {
                return;
            }
            outer = (outer.0 + wanted.0 - inner.0, outer.1 + wanted.1 - inner.1);
        }
        panic!("no window of {width} by {height}: {inner:?}");
    }

    fn prefer(&self, _: &str) -> bool {
        false
    }

    fn before_every_page(&self, _: &str) -> bool {
        false
    }

    fn arrived(&self) {
        self.session.run(COLLECT, json!([]));
    }

    fn leaving(&self) {
        let told = self.session.run("return window.complaints?.splice(0) ?? [];", json!([]));
        let told: Vec<String> = serde_json::from_value(told).unwrap_or_default();
        self.before.borrow_mut().extend(told);
    }

    fn complaints(&self) -> Vec<String> {
        self.leaving();
        self.before.take()
    }

    fn requests(&self) -> Vec<String> {
        Vec::new()
    }
}
