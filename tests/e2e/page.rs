//! The page as the stories know it: where its parts are, and what a user does with them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::browser::{Browser, page_folder};
use crate::engine::{Engine, Look, Need, asked_for};
use crate::served::{AROUND, Manner, Served};

/// The numbers of the groups that the page opens with.
pub mod group {
    /// The server.
    pub const SERVER: u32 = 3;
    /// The node.
    pub const NODE: u32 = 4;
    /// The database.
    pub const DATABASE: u32 = 5;
}

/// The page, opened in a browser of its own.
pub struct Page {
    /// The browser.
    pub browser: Browser,
    /// Where the page is, without a fragment.
    pub address: String,
    /// The server that it may have come from.
    pub served: Served,
    /// The folder of the built page.
    pub folder: PathBuf,
}

/// Tells a story of the page in every engine that is asked for, twice: as it comes from a server, and as it is opened from a
/// file. Each begins with the page as nobody has ever seen it, in a window of 1280 by 800.
pub fn tell(story: impl Fn(&Page)) {
    tell_at(None, story);
}

/// As [`tell`], with a made-up name for this computer.
pub fn tell_at(host: Option<&str>, story: impl Fn(&Page)) {
    let Some(folder) = page_folder() else { return };
    for engine in asked_for() {
        let served = Served::start(&folder);
        let mut page = Page::new(engine, host, served, &folder);
        let from_server = page.served.address(host.unwrap_or("127.0.0.1"), "index.html");
        for address in [from_server, page.file("portcullis.html")] {
            page.address = address;
            let _teller = Teller(&page);
            page.open("");
            story(&page);
        }
    }
}

/// Says where a story went wrong.
struct Teller<'a>(&'a Page);

impl Drop for Teller<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("in {}, {}", self.0.browser.engine.name, self.0.address);
        }
    }
}

/// Tells a story of the page once, in Chromium with a look of its own: as it comes from a server, or as it is opened from a
/// file. Nothing is told where Chromium is not asked for.
pub fn tell_once(look: Look, from_file: bool, story: impl FnOnce(&Page)) {
    let Some(folder) = page_folder() else { return };
    let Some(engine) = asked_for().into_iter().find(|engine| engine.lacking(Need::DevTools).is_none()) else { return };
    let browser = Browser::start(engine, None, look);
    browser.before_every_page(WATCH);
    let mut page = Page { browser, address: String::new(), served: Served::start(&folder), folder };
    page.address = match from_file {
        true => page.file("portcullis.html"),
        false => page.served.address("127.0.0.1", "index.html"),
    };
    page.open("");
    story(&page);
}

/// Remembers every breach of the page's own policy.
const WATCH: &str = "if (!window.breaches) { window.breaches = []; \
    document.addEventListener('securitypolicyviolation', e => breaches.push(e.violatedDirective + ' ' + e.blockedURI)); }";

impl Page {
    /// A browser for the page, which may come from a server.
    fn new(engine: &'static Engine, host: Option<&str>, served: Served, folder: &Path) -> Self {
        Self::new_with(engine, host, Look::default(), served, folder)
    }

    /// As [`Page::new`], with a look of its own.
    pub fn new_with(engine: &'static Engine, host: Option<&str>, look: Look, served: Served, folder: &Path) -> Self {
        let browser = Browser::start(engine, host.map(|name| (name, served.port)), look);
        browser.before_every_page(WATCH);
        Self { browser, address: String::new(), served, folder: folder.to_path_buf() }
    }

    /// The same page in the browser of somebody else; not opened yet.
    pub fn elsewhere(&self) -> Self {
        let page = Self::new(self.browser.engine, None, Served::start(&self.folder), &self.folder);
        Self { address: self.address.clone(), ..page }
    }

    /// The address of a file beside the page, without a server.
    pub fn file(&self, name: &str) -> String {
        let path = self.folder.join(name);
        format!("file://{}", std::fs::canonicalize(&path).unwrap_or(path).display())
    }

    /// Opens the page anew with a fragment, without `#`; waits until it has started.
    #[track_caller]
    pub fn open(&self, fragment: &str) {
        self.browser.open("about:blank");
        let mark = if fragment.is_empty() { "" } else { "#" };
        self.browser.open(&format!("{}{mark}{fragment}", self.address));
        self.started();
    }

    /// Opens another page, which may frame this one: from a server of its own, or as a file, as this one came.
    #[track_caller]
    pub fn open_around(&self, html: &str) {
        if self.address.starts_with("file") {
            let around = self.browser.downloads().join(AROUND);
            std::fs::write(&around, html).expect("ours");
            return self.browser.open(&format!("file://{}", around.display()));
        }
        let others = Served::start_as(&self.folder, Manner { around: html.to_owned(), ..Manner::default() });
        self.browser.open(&others.address("127.0.0.1", AROUND));
    }

    /// Loads the page again; waits until it has started.
    #[track_caller]
    pub fn reload(&self) {
        self.browser.reload();
        self.started();
    }

    /// Waits until the page has started: what it shows before that cannot be used.
    #[track_caller]
    pub fn started(&self) {
        self.browser.wait("document.querySelector('#app:not([inert]) :is(#copy, .empty)')");
    }

    /// Opens the fields of a group, if they are folded.
    #[track_caller]
    pub fn unfold(&self, group: u32) {
        if !self.has(&format!("#group-{group}[open]")) {
            self.browser.click(&format!("#group-{group} > summary"));
            self.browser.wait_with("document.querySelector(arguments[0])", json!([format!("#a-{group}")]));
        }
    }

    /// Replaces what stands in a field by a text, key by key.
    #[track_caller]
    pub fn fill(&self, field: &str, text: &str) {
        self.browser.click(field);
        self.browser.press(&[crate::browser::key::CONTROL, "a"]);
        self.browser.press(&["\u{E017}"]);
        self.browser.type_into(field, text);
    }

    /// Chooses an option, as a click on it does.
    #[track_caller]
    pub fn choose(&self, select: &str, option: &str) {
        self.browser.click(&format!("{select} option[value=\"{option}\"]"));
    }

    /// Presses the button of that text, or whose label begins like that.
    #[track_caller]
    pub fn press_button(&self, name: &str) {
        self.browser.click(&format!("//button[normalize-space()='{name}' or starts-with(@aria-label, '{name}')]"));
    }

    /// The text to copy, as it is shown.
    #[track_caller]
    pub fn snippet(&self) -> String {
        self.text("#snippet-text")
    }

    /// Waits until what follows from a change is done too. The page draws in one go, but may do the rest of its work (to keep
    /// what was changed, to draw a part again) in tasks of its own; each of these waits for those before it.
    #[track_caller]
    pub fn settle(&self) {
        let script = "for (let task = 0; task < 4; task++) await new Promise(next => setTimeout(next));";
        self.browser.run_async(script, json!([]));
    }

    /// What an expression about `arguments` is once everything is done.
    #[track_caller]
    fn read(&self, expression: &str, arguments: Value) -> Value {
        self.settle();
        self.browser.run(&format!("return {expression};"), arguments)
    }

    /// The text of an element.
    #[track_caller]
    pub fn text(&self, css: &str) -> String {
        let text = self.read("document.querySelector(arguments[0])?.textContent ?? null", json!([css]));
        text.as_str().expect(css).to_owned()
    }

    /// What stands in a field.
    #[track_caller]
    pub fn value(&self, css: &str) -> String {
        let value = self.read("document.querySelector(arguments[0])?.value ?? null", json!([css]));
        value.as_str().expect(css).to_owned()
    }

    /// True if there is such an element.
    #[track_caller]
    pub fn has(&self, css: &str) -> bool {
        self.read("document.querySelector(arguments[0]) !== null", json!([css])) == json!(true)
    }

    /// Waits until an element holds a text.
    #[track_caller]
    pub fn wait_for(&self, css: &str, text: &str) {
        let holds = "[...document.querySelectorAll(arguments[0])].some(it => it.textContent.includes(arguments[1]))";
        self.browser.wait_with(holds, json!([css, text]));
    }

    /// Waits until there is no such element.
    #[track_caller]
    pub fn wait_without(&self, css: &str) {
        self.browser.wait_with("!document.querySelector(arguments[0])", json!([css]));
    }

    /// Presses a button that copies, and returns what comes on the clipboard.
    #[track_caller]
    pub fn copy(&self, button: &str) -> String {
        self.browser.run_async("await navigator.clipboard.writeText('nothing yet');", json!([]));
        self.press_button(button);
        let text =
            self.browser.wait("await navigator.clipboard.readText().then(text => text === 'nothing yet' ? '' : text)");
        text.as_str().expect("a text").to_owned()
    }

    /// What a user would paste now: pasted by keyboard into a field of another page in another tab. Afterwards the browser is
    /// outside of every frame.
    #[track_caller]
    pub fn pasted(&self) -> String {
        self.browser.in_another_tab(|| {
            self.browser.open("data:text/html,<textarea></textarea>");
            self.browser.click("textarea");
            self.browser.press(&[crate::browser::key::CONTROL, "v"]);
            self.browser.wait("document.querySelector('textarea').value").as_str().expect("a text").to_owned()
        })
    }

    /// The fragment of the share link, by way of its button.
    #[track_caller]
    pub fn link(&self) -> String {
        let link = self.copy("Copy link");
        self.wait_for(".toast", "Link copied");
        let (address, fragment) = link.split_once('#').expect("a link");
        assert_eq!(address, self.address);
        fragment.to_owned()
    }

    /// What the browser keeps under a name.
    #[track_caller]
    pub fn stored(&self, name: &str) -> Value {
        self.read("localStorage.getItem(arguments[0])", json!([name]))
    }

    /// Demands that the console holds nothing, and that the page kept its own policy.
    #[track_caller]
    pub fn is_quiet(&self) {
        let complaints = self.browser.complaints();
        assert!(complaints.is_empty(), "{complaints:#?}");
        assert_eq!(self.browser.run("return window.breaches;", json!([])), json!([]));
    }

    /// A picture for people, where they have asked for it by naming a folder.
    pub fn picture(&self, name: &str) {
        if let Some(folder) = std::env::var_os("PORTCULLIS_PICTURES") {
            let origin = if self.address.starts_with("file") { "file" } else { "http" };
            let file = format!("{name}-{origin}-{}.png", self.browser.engine.name);
            self.browser.picture(&Path::new(&folder).join(file));
        }
    }
}
