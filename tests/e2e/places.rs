//! Everywhere the page may stand, and what a user needs there: each place against each deed, in every engine that is asked
//! for. What an engine or a frame refuses is listed here with the reason, and must then be refused: a list that is no longer
//! true fails as well.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde_json::json;

use crate::browser::page_folder;
use crate::engine::{Engine, Look, Need, asked_for, say};
use crate::hosts::arrived;
use crate::page::{Page, group};
use crate::served::{AROUND, Manner, Served};

/// A made-up name of this computer: not loopback to a browser, so its plain http is no secure context.
const HOST: &str = "portcullis.test";

/// The frame that allows least.
const SCRIPTS: &str = "sandbox=\"allow-scripts\"";

/// A place.
struct Place {
    name: &'static str,
    origin: Origin,
    /// The page is in a frame, with these attributes.
    frame: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The root of a server on loopback.
    Loopback,
    /// The root of a server of another name.
    Insecure,
    /// A folder of a server.
    Folder,
    /// A server that sends the page's own policy, and more, as headers.
    Strict,
    /// No server.
    File,
    /// A frame of another origin.
    Other,
}

/// In the order of the issue that asked for them.
const PLACES: [Place; 8] = [
    Place { name: "localhost", origin: Origin::Loopback, frame: None },
    Place { name: "insecure http", origin: Origin::Insecure, frame: None },
    Place { name: "sub-folder", origin: Origin::Folder, frame: None },
    Place { name: "file", origin: Origin::File, frame: None },
    Place { name: "same-origin frame", origin: Origin::Loopback, frame: Some("") },
    Place { name: "sandbox: scripts", origin: Origin::Other, frame: Some(SCRIPTS) },
    Place {
        name: "sandbox: downloads too",
        origin: Origin::Other,
        frame: Some("sandbox=\"allow-scripts allow-downloads\""),
    },
    Place { name: "strict headers", origin: Origin::Strict, frame: None },
];

/// Something a user does, and what it is called.
type Deed = (&'static str, fn(&Stand));

/// What a user needs, in the order in which it is tried: each goes on where the one before ended.
const DEEDS: [Deed; 8] = [
    ("starts", Stand::starts),
    ("edits", Stand::edits),
    ("copies", Stand::copies),
    ("downloads", Stand::downloads),
    ("asks nobody", Stand::asks_nobody),
    ("link", Stand::link_opens_the_same),
    ("keeps", Stand::keeps),
    ("quiet", Stand::is_quiet),
];

/// What cannot be there, in which engines (empty: in all), and why.
const REFUSED: [(&str, &str, &str, &str); 1] = [(
    "sandbox: scripts",
    "downloads",
    "",
    "the frame forbids it, as its sandbox says; the page says so and what works",
)];

/// Chromium's driver tells nothing of what goes wrong in the process of a frame.
const FLAGS: [&str; 1] = ["--disable-features=IsolateSandboxedIframes"];

/// A complaint that a browser makes about what a frame forbids, which is nothing of the page's.
const OF_THE_FRAME: &str = "Download is disallowed. The frame initiating or instantiating the download is sandboxed";

#[test]
fn the_page_works_everywhere() {
    let Some(folder) = page_folder() else { return };
    let mut wrong = Vec::new();
    for engine in asked_for() {
        let width = 24;
        let mut table = format!("{:<width$}", engine.name);
        table.extend(DEEDS.iter().map(|(deed, _)| format!("{deed:<13}")));
        for place in &PLACES {
            table.push_str(&format!("\n{:<width$}", place.name));
            let stand = Stand::new(place, engine, &folder);
            for (deed, try_it) in DEEDS {
                let done = catch_unwind(AssertUnwindSafe(|| try_it(&stand))).is_ok();
                let refused = REFUSED.iter().find(|(at, what, by, _)| {
                    (*at, *what) == (place.name, deed) && (by.is_empty() || by.split(' ').any(|by| by == engine.name))
                });
                let cell = match (done, refused) {
                    (true, None) => "yes",
                    // The deed itself demands what is said in its place.
                    (true, Some(_)) => "by word",
                    (false, _) => {
                        wrong.push(format!("{}, {}: {deed}", engine.name, place.name));
                        "NO"
                    }
                };
                table.push_str(&format!("{cell:<13}"));
            }
        }
        say(&format!("\n{table}"));
    }
    for (place, deed, by, why) in REFUSED {
        say(&format!("{place}, {deed}, {}: {why}", if by.is_empty() { "all engines" } else { by }));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The page in a place, in a browser of its own.
struct Stand {
    place: &'static Place,
    page: Page,
    /// Where the frame is, if the page is in one.
    around: Option<String>,
}

impl Stand {
    fn new(place: &'static Place, engine: &'static Engine, folder: &Path) -> Self {
        let framed = |source: &str| {
            let attributes = place.frame.unwrap_or_default();
            format!(
                "<!doctype html><title>Around</title><link rel=icon href=data:,>\
                 <iframe {attributes} width=\"1200\" height=\"780\" src=\"{source}\"></iframe>"
            )
        };
        let mut manner = Manner::default();
        match place.origin {
            Origin::Folder => manner.below = "tools/network/portcullis/",
            Origin::Strict => manner.headers = strict_headers(folder),
            _ if place.frame.is_some() => manner.around = framed("index.html"),
            _ => {}
        }
        let below = manner.below;
        let served = Served::start_as(folder, manner);
        let host = if place.origin == Origin::Insecure { HOST } else { "127.0.0.1" };
        let look = Look { flags: FLAGS.to_vec(), fonts: None };
        let mut page = Page::new_with(engine, (host == HOST).then_some(host), look, served, folder);
        page.address = match place.origin {
            Origin::File => page.file("portcullis.html"),
            _ => page.served.address(host, if below.is_empty() { "index.html" } else { below }),
        };
        let around = match (place.frame, place.origin) {
            (None, _) => None,
            (Some(_), Origin::Other) => {
                let around = Manner { around: framed(&page.address), ..Manner::default() };
                Some(Served::start_as(folder, around).address("127.0.0.1", AROUND))
            }
            (Some(_), _) => Some(page.served.address(host, AROUND)),
        };
        Self { place, page, around }
    }

    /// Into the frame, where there is one, from wherever the browser is.
    fn enter(&self) {
        if self.around.is_some() {
            self.page.browser.enter_frame(None);
            self.page.browser.enter_frame(Some("iframe"));
        }
        self.page.started();
    }

    fn starts(&self) {
        self.page.browser.open(self.around.as_ref().unwrap_or(&self.page.address));
        self.enter();
        self.page.wait_for("#snippet-text", "Node has no address");
        let secure = self.page.browser.run("return [isSecureContext, window.origin];", json!([]));
        assert_eq!(secure[0], json!(self.place.origin != Origin::Insecure), "{secure}");
        assert_eq!(secure[1] == json!("null"), matches!(self.place.origin, Origin::File | Origin::Other), "{secure}");
    }

    fn edits(&self) {
        self.page.choose("#pick-group", &group::SERVER.to_string());
        self.page.unfold(group::SERVER);
        self.page.fill(&field(), "192.0.2.49");
        self.page.wait_for("#snippet-text", "(192.0.2.49)");
        self.page.browser.wait_with("document.querySelector(arguments[0]).value === '192.0.2.49'", json!([field()]));
    }

    fn copies(&self) {
        let shown = self.page.snippet();
        self.page.press_button("Copy");
        self.page.wait_for(".toast", "Copied");
        assert_eq!(self.page.pasted(), shown);
        self.enter();
    }

    fn downloads(&self) {
        let name = "spotfire-spotfire-server.sh";
        let press = || self.page.browser.click(&format!("button[title=\"Download {name}\"]"));
        press();
        if self.place.frame == Some(SCRIPTS) {
            self.page.wait_for(".toast", "the frame around this page forbids that: copy instead");
            self.page.settle();
            assert!(!self.page.browser.downloads().join(name).exists(), "the frame forbids nothing");
            return;
        }
        self.page.wait_for(".toast", name);
        let shown = self.page.snippet();
        // The window is what is as large as it was, and no frame.
        self.page.browser.enter_frame(None);
        let path = arrived(&self.page, name);
        assert_eq!(fs::read_to_string(&path).expect("text"), shown);
        fs::remove_file(path).expect("ours");
        self.enter();
    }

    /// Since it was opened, nothing was asked for but the page itself.
    fn asks_nobody(&self) {
        let asked = self.page.served.asked();
        let own = |path: &String| path.contains("index.html") || path.ends_with('/') || path.contains(AROUND);
        let most = 1 + usize::from(self.around.is_some() && self.place.origin != Origin::Other);
        assert!(asked.iter().all(own) && asked.len() <= most, "{asked:?}");
        if self.page.browser.has(Need::Requests) {
            let requests = self.page.browser.requests();
            let own = |it: &String| *it == self.page.address || Some(it) == self.around.as_ref();
            assert!(
                requests.iter().all(own) && requests.len() <= 1 + usize::from(self.around.is_some()),
                "{requests:?}"
            );
        }
        let resources = "return performance.getEntriesByType('resource').map(it => it.name).filter(name => !/^(data|blob):/.test(name));";
        assert_eq!(self.page.browser.run(resources, json!([])), json!([]));
    }

    /// The address that *Copy link* gives, opened by itself: without a frame around it.
    fn link_opens_the_same(&self) {
        let shown = self.page.snippet();
        self.page.press_button("Copy link");
        self.page.wait_for(".toast", "Link copied");
        let link = self.page.pasted();
        assert!(link.starts_with(&format!("{}#", self.page.address)), "{link}");
        self.page.browser.in_another_tab(|| {
            self.page.browser.open(&link);
            self.page.started();
            // Which group's text is shown is no part of a deployment.
            self.page.choose("#pick-group", &group::SERVER.to_string());
            self.page.wait_for("#snippet-text", "(192.0.2.49)");
            assert_eq!(self.page.snippet(), shown);
        });
        self.enter();
    }

    /// Loaded again, whether or not it may keep anything in the browser.
    fn keeps(&self) {
        match self.around {
            // Only the frame.
            Some(_) => drop(self.page.browser.run("location.reload();", json!([]))),
            None => self.page.browser.reload(),
        }
        self.enter();
        self.page.unfold(group::SERVER);
        assert_eq!(self.page.value(&field()), "192.0.2.49");
    }

    fn is_quiet(&self) {
        // A breach of the policy is a complaint too; a frame of another process is watched by nothing else.
        let breaches = self.page.browser.run("return window.breaches ?? [];", json!([]));
        assert_eq!(breaches, json!([]));
        let mut complaints = self.page.browser.complaints();
        if self.place.frame == Some(SCRIPTS) {
            complaints.retain(|said| !said.contains(OF_THE_FRAME));
        }
        assert!(complaints.is_empty(), "{complaints:#?}");
    }
}

/// The field that is filled.
fn field() -> String {
    format!("#a-{}", group::SERVER)
}

/// The page's own policy as a header, with the line that only a header can say; and what careful servers send besides.
fn strict_headers(folder: &Path) -> String {
    let page = fs::read_to_string(folder.join("index.html")).expect("the page");
    let (_, rest) = page.split_once("http-equiv=\"Content-Security-Policy\" content=\"").expect("a policy");
    let (policy, _) = rest.split_once('"').expect("its end");
    [
        ("Content-Security-Policy", &*format!("{policy}; frame-ancestors 'self'")),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Embedder-Policy", "require-corp"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ]
    .map(|(name, value)| format!("{name}: {value}\r\n"))
    .concat()
}
