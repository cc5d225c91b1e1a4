//! The browsers that the stories are told in, and all that is different between them: how each is started, and how it does
//! what WebDriver has no command for. What one cannot do is listed here, and said aloud by whoever asks for it.

mod chromium;
mod firefox;
mod webkit;

use std::collections::BTreeSet;
use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::Value;

use super::driver::Session;

/// An engine.
pub struct Engine {
    /// Its name, as `PORTCULLIS_ENGINES` and the messages have it.
    pub name: &'static str,
    /// What is missing to use it here.
    missing: fn() -> Option<String>,
    /// Starts it.
    pub start: fn(&Wishes) -> Box<dyn Window>,
    /// What stories may need that it does not have, and why.
    lacks: &'static [(Need, &'static str)],
}

/// All of them, the one of every day first.
pub const ENGINES: [&Engine; 3] = [&chromium::ENGINE, &firefox::ENGINE, &webkit::ENGINE];

/// What is wanted of a browser when it starts.
pub struct Wishes<'a> {
    /// Its home: nothing of it is kept elsewhere, and downloads arrive in `downloads` within.
    pub home: &'a Path,
    /// `light` or `dark`.
    pub scheme: &'a str,
    /// A made-up host name, and the port of this computer that answers for it.
    pub host: Option<(&'a str, u16)>,
    /// What it looks like; see [`Look`].
    pub look: &'a Look,
}

/// How a browser draws, where pictures are compared. Only Chromium can be told.
#[derive(Default)]
pub struct Look {
    /// More flags.
    pub flags: Vec<&'static str>,
    /// A list of fonts (of fontconfig), in place of the system's.
    pub fonts: Option<PathBuf>,
}

impl Wishes<'_> {
    /// The folder that downloads arrive in.
    pub fn downloads(&self) -> PathBuf {
        self.home.join("downloads")
    }
}

/// One browser with one window, as its engine does things.
pub trait Window {
    /// Its session, for everything that WebDriver has a command for.
    fn session(&self) -> &Session;

    /// Makes the page's own space exactly that large.
    fn resize(&self, width: u32, height: u32);

    /// Makes the page believe that the user prefers dark or light; false if only a new start can do that.
    fn prefer(&self, scheme: &str) -> bool;

    /// Runs a script before those of every page to come; false if scripts can only be run in a page that is there.
    fn before_every_page(&self, script: &str) -> bool;

    /// A page has come: what can only be done in a page that is there is done now.
    fn arrived(&self) {}

    /// The page is about to be left.
    fn leaving(&self) {}

    /// A command of the DevTools protocol; nothing where there is no such protocol, see [`Need::DevTools`].
    fn devtools(&self, _command: &str, _parameters: &Value) -> Option<Value> {
        None
    }

    /// What the console has been told since it was last asked: complaints of the page and about it.
    fn complaints(&self) -> Vec<String>;

    /// The addresses that the browser has asked anybody for since it was last asked; see [`Need::Requests`].
    fn requests(&self) -> Vec<String>;
}

/// What a story may need that not every engine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A list of everything that the browser asks anybody for.
    Requests,
    /// What happens while a page is still loading: its complaints, and breaches of its policy.
    FromTheStart,
    /// A file in a sandboxed frame that loads itself again.
    FileInFrameAgain,
    /// A clipboard whose kinds can be read back: markup and text together.
    Clipboard,
    /// A picture on the clipboard that can be read back.
    Pixels,
    /// Chromium's own protocol: paper on the screen, the tree of accessibility, garbage collection.
    DevTools,
}

impl Engine {
    /// Why it does not have something, if so.
    pub fn lacking(&self, need: Need) -> Option<&'static str> {
        self.lacks.iter().find(|(lacking, _)| *lacking == need).map(|(_, why)| *why)
    }

    /// True if it has what a part of a story needs. If not, that part is not told, and this says so, once.
    pub fn has(&self, need: Need) -> bool {
        static SAID: Mutex<BTreeSet<(&str, Need)>> = Mutex::new(BTreeSet::new());
        let Some(why) = self.lacking(need) else { return true };
        if SAID.lock().is_ok_and(|mut said| said.insert((self.name, need))) {
            say(&format!("NOT TOLD in {}: {why}", self.name));
        }
        false
    }
}

/// The engines that are asked for by `PORTCULLIS_ENGINES`, names with commas between them, as far as they are here; Chromium
/// if nothing is asked for.
pub fn asked_for() -> Vec<&'static Engine> {
    let named = env::var("PORTCULLIS_ENGINES").unwrap_or_default();
    let mut names: Vec<&str> = named.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        names.push(chromium::ENGINE.name);
    }
    let engine = |name: &str| {
        let engine = ENGINES.into_iter().find(|engine| engine.name == name);
        engine.unwrap_or_else(|| panic!("PORTCULLIS_ENGINES: no engine is called {name}"))
    };
    let here = |engine: &&Engine| match (engine.missing)() {
        Some(missing) => {
            not_run(&format!("{}: {missing}", engine.name));
            false
        }
        None => true,
    };
    names.into_iter().map(engine).filter(here).collect()
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

/// A program that the environment may name; else the first of these on the search path.
fn program(variable: &str, names: &[&str]) -> PathBuf {
    let on_path = || {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> = env::split_paths(&path).collect();
        let mut candidates = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
        candidates.find(|path| path.is_file())
    };
    env::var_os(variable).map(PathBuf::from).or_else(on_path).unwrap_or_else(|| names[0].into())
}

/// The first program that is not there, and how to get it.
fn missing(programs: &[PathBuf], advice: &str) -> Option<String> {
    let program = programs.iter().find(|program| !program.is_file())?;
    Some(format!("no {} ({advice})", program.display()))
}
