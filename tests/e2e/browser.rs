//! A real browser, driven over loopback. It waits for what the page does, never by the clock; everything it waits for has a
//! limit; all it starts ends with it, also when a story fails. What is different in an engine is told in `engine.rs`.

use std::cell::{Cell, RefCell};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::driver::MOMENT;
use super::engine::{Engine, Look, Need, Window, Wishes, not_run};

/// What WebDriver calls an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How many browsers were started.
static BROWSERS: AtomicU32 = AtomicU32::new(0);

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
    /// Escape.
    pub const ESCAPE: &str = "\u{E00C}";
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

/// A folder of our own, as long as this lives.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let number = BROWSERS.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("portcullis-e2e-{}-{number}", std::process::id()));
        fs::create_dir_all(folder.join("downloads")).expect("a folder of our own");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A browser with a fresh profile and one window.
pub struct Browser {
    /// What it is.
    pub engine: &'static Engine,
    /// Nothing only while it is started anew.
    window: RefCell<Option<Box<dyn Window>>>,
    size: Cell<(u32, u32)>,
    scripts: RefCell<Vec<String>>,
    host: Option<(String, u16)>,
    look: Look,
    /// Goes last.
    folder: Folder,
}

impl Browser {
    /// Starts one with a window of 1280 by 800; with a made-up host name, and the port of this computer that answers for it.
    pub fn start(engine: &'static Engine, host: Option<(&str, u16)>, look: Look) -> Self {
        let browser = Self {
            engine,
            window: RefCell::default(),
            size: Cell::new((1280, 800)),
            scripts: RefCell::default(),
            host: host.map(|(name, port)| (name.to_owned(), port)),
            look,
            folder: Folder::new(),
        };
        browser.begin("light");
        browser
    }

    /// Starts the engine; what was wanted of one before is wanted of this one too.
    fn begin(&self, scheme: &str) {
        // One at a time: they share their home.
        drop(self.window.take());
        let host = self.host.as_ref().map(|(name, port)| (name.as_str(), *port));
        let window = (self.engine.start)(&Wishes { home: &self.folder.0, scheme, host, look: &self.look });
        self.window.replace(Some(window));
        self.resize_back();
        for script in self.scripts.borrow().iter() {
            self.with(|window| window.before_every_page(script));
        }
    }

    fn with<T>(&self, ask: impl FnOnce(&(dyn Window + 'static)) -> T) -> T {
        ask(self.window.borrow().as_deref().expect("a window"))
    }

    /// The folder that downloads arrive in.
    pub fn downloads(&self) -> PathBuf {
        self.folder.0.join("downloads")
    }

    /// Makes the page's own space exactly that large.
    pub fn resize(&self, width: u32, height: u32) {
        self.size.set((width, height));
        self.with(|window| window.resize(width, height));
    }

    /// Makes it as large again as it was, where the browser shows its downloads in the page's space.
    pub fn resize_back(&self) {
        let (width, height) = self.size.get();
        self.resize(width, height);
    }

    /// Makes pages to come believe that the user prefers dark or light. It may take a new start, which forgets everything.
    pub fn prefer(&self, scheme: &str) {
        if !self.with(|window| window.prefer(scheme)) {
            self.begin(scheme);
        }
    }

    /// Makes the page look as it would on paper, for a user who prefers dark; see [`Need::DevTools`].
    #[track_caller]
    pub fn show_as_on_paper(&self) {
        let dark = json!([{ "name": "prefers-color-scheme", "value": "dark" }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "media": "print", "features": dark }));
    }

    /// A command of the DevTools protocol; see [`Need::DevTools`].
    #[track_caller]
    pub fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.with(|window| window.devtools(command, &parameters)).expect("an engine with DevTools")
    }

    /// Runs a script before those of every page to come, until the browser ends; or, where that cannot be, as soon as a page
    /// is loaded: see [`Need::FromTheStart`].
    pub fn before_every_page(&self, script: &str) {
        self.with(|window| window.before_every_page(script));
        self.scripts.borrow_mut().push(script.to_owned());
    }

    /// True if the engine has what a part of a story needs; else that was said.
    pub fn has(&self, need: Need) -> bool {
        self.engine.has(need)
    }

    /// Does something by which another page comes.
    #[track_caller]
    fn travel(&self, command: &str, parameters: &Value) {
        self.with(Window::leaving);
        self.post(command, parameters);
        self.arrived();
    }

    /// Another page has come, or a frame was entered.
    #[track_caller]
    fn arrived(&self) {
        self.with(Window::arrived);
        if self.engine.lacking(Need::FromTheStart).is_some() {
            for script in self.scripts.borrow().iter() {
                self.run(script, json!([]));
            }
        }
    }

    /// Opens an address, and waits until it is loaded.
    #[track_caller]
    pub fn open(&self, address: &str) {
        self.travel("url", &json!({ "url": address }));
    }

    /// Loads the page again.
    #[track_caller]
    pub fn reload(&self) {
        self.travel("refresh", &json!({}));
    }

    /// Runs a script (the body of a function) in the page, and returns its value.
    #[track_caller]
    pub fn run(&self, script: &str, arguments: Value) -> Value {
        self.with(|window| window.session().run(script, arguments))
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
        // Drivers leave one where it is of which a scrolled part of the page shows only an edge, and refuse to click.
        let shown = json!([{ ELEMENT: element }]);
        self.run("arguments[0].scrollIntoView({ block: 'nearest', behavior: 'instant' });", shown);
        self.post(&format!("element/{element}/click"), &json!({}));
    }

    /// Moves the pointer over an element. It is scrolled to first, into the middle: at an edge a scrollbar may lie over it.
    #[track_caller]
    pub fn point_at(&self, name: &str) {
        let element = json!({ ELEMENT: self.find(name) });
        self.run("arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' });", json!([element]));
        // From elsewhere: where the pointer is already, moving it there does nothing.
        let moves = ["viewport".into(), element]
            .map(|origin| json!({ "type": "pointerMove", "duration": 0, "x": 0, "y": 0, "origin": origin }));
        self.post("actions", &json!({ "actions": [{ "type": "pointer", "id": "mouse", "actions": moves }] }));
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
    #[track_caller]
    pub fn enter_frame(&self, css: Option<&str>) {
        let frame = css.map(|css| json!({ ELEMENT: self.find(css) }));
        self.with(Window::leaving);
        self.post("frame", &json!({ "id": frame }));
        self.arrived();
    }

    /// Does something in a new tab, closes it, and returns to this one.
    pub fn in_another_tab<T>(&self, work: impl FnOnce() -> T) -> T {
        let here = self.with(|window| window.session().get("window"));
        let new = self.post("window/new", &json!({ "type": "tab" }));
        self.post("window", &json!({ "handle": new["handle"] }));
        let done = work();
        self.with(|window| window.session().request("DELETE", "window", &Value::Null)).expect("a window");
        self.post("window", &json!({ "handle": here }));
        done
    }

    /// What the console has been told since it was last asked: complaints of the page and about it.
    pub fn complaints(&self) -> Vec<String> {
        self.with(Window::complaints)
    }

    /// The addresses that the browser has asked anybody for since it was last asked, but for those that hold their content.
    pub fn requests(&self) -> Vec<String> {
        let inner = ["data:", "blob:", "about:"];
        let asked = self.with(Window::requests).into_iter();
        asked.filter(|address| !inner.iter().any(|kind| address.starts_with(kind))).collect()
    }

    /// A picture of what is seen, for a person to look at.
    pub fn picture(&self, path: &Path) {
        let told = self.with(|window| window.session().get("screenshot"));
        self.write(&told, path);
    }

    /// Prints the page on A4, and writes the document there.
    #[track_caller]
    pub fn print(&self, path: &Path) {
        let told = self.post("print", &json!({ "page": { "width": 21.0, "height": 29.7 } }));
        self.write(&told, path);
    }

    /// Writes what the driver gave as base64.
    fn write(&self, base64: &Value, path: &Path) {
        let script = "return atob(arguments[0]).split('').map(c => c.charCodeAt(0));";
        let bytes = self.run(script, json!([base64]));
        let bytes: Vec<u8> = serde_json::from_value(bytes).expect("bytes");
        fs::write(path, bytes).expect("a folder to write to");
    }

    #[track_caller]
    fn find(&self, name: &str) -> String {
        let using = if name.starts_with('/') { "xpath" } else { "css selector" };
        let found = self.post("element", &json!({ "using": using, "value": name }));
        found[ELEMENT].as_str().unwrap_or_else(|| panic!("{name}: {found}")).to_owned()
    }

    #[track_caller]
    fn post(&self, command: &str, body: &Value) -> Value {
        // Not within the closure: that would hide where in the story it failed.
        let told = self.with(|window| window.session().request("POST", command, body));
        match told {
            Ok(value) => value,
            Err(e) => panic!("{command} {body:.300}: {e}"),
        }
    }
}

/// Where the built page is; `None` where there is no page.
pub fn page_folder() -> Option<PathBuf> {
    let given = env::var_os("PORTCULLIS_DIST").map(PathBuf::from);
    let folder = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("dist"));
    if folder.join("index.html").is_file() {
        return Some(folder);
    }
    not_run(&format!("no page in {}: cargo xtask build makes it", folder.display()));
    None
}
