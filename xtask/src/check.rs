//! Checks everything, in the order in which a fault is cheapest to find. Stops at the first fault; what it cannot run here
//! it names at the end, with how to get it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::places::Places;
use crate::shell::{cargo, find, output, run, search_path, succeeds};
use crate::system::{self, SystemProgram};
use crate::tools::{self, say};
use crate::{Result, load, package, page, size};

/// `cargo xtask test`.
pub fn test(places: &Places) -> Result {
    let mut report = Report::default();
    let checked = Kit::gather(places, &mut report).and_then(|kit| check(&kit, &mut report));
    report.close(checked)
}

/// `cargo xtask prove`: everything, then every suite with many more cases, the page once more by way of Trunk, and the package
/// once more in another folder.
pub fn prove(places: &Places) -> Result {
    let mut report = Report::default();
    let proved = Kit::gather(places, &mut report).and_then(|mut kit| {
        kit.gather_more_engines(&mut report);
        check(&kit, &mut report)?;
        kit.full = true;
        core_suites(&kit, &mut report)?;
        machine_suites(&kit, &mut report)?;
        trunk_agrees(&kit, &mut report)?;
        packages_agree(&kit, &mut report)
    });
    report.close(proved)
}

/// `cargo xtask bench`, and `cargo xtask bench load` with other pages to load: only that one.
pub fn bench(places: &Places, only_load: bool, also: &[&str]) -> Result {
    let kit = Kit::gather(places, &mut Report::default())?;
    let page = page::build(places, &places.dist)?;
    let size = size::report(&page, size::Limit::Reached);
    // Only the browser is measured there: nothing else has to be fast.
    let which = if only_load { "--profile dev --bench load" } else { "--benches" };
    let mut benches = kit.cargo(&format!("bench --package portcullis --locked {which}"));
    run(benches.env("PORTCULLIS_LOAD", load::pages(&places.dist, also)?))?;
    size
}

fn check(kit: &Kit, report: &mut Report) -> Result {
    if kit.rustfmt {
        report.step("format", || run(&mut kit.cargo("fmt --all --check")))?;
    }
    if kit.clippy {
        report.step("lints", || {
            run(&mut kit.cargo("clippy --quiet --workspace --locked --all-targets -- --deny warnings"))
        })?;
    }
    report.step("documentation", || {
        let mut doc = kit.cargo("doc --quiet --workspace --locked --no-deps");
        run(doc.env("RUSTDOCFLAGS", "--deny warnings"))
    })?;
    if let Some(cargo_deny) = &kit.cargo_deny {
        report.step("licences and sources", || {
            run(Command::new(cargo_deny)
                .current_dir(&kit.places.root)
                .args("--log-level error check licenses bans sources".split(' ')))
        })?;
    }
    core_suites(kit, report)?;
    let mut page = String::new();
    report.step("page", || {
        page = page::build(kit.places, &kit.places.dist)?;
        Ok(())
    })?;
    report.step("size", || size::report(&page, size::Limit::Reached))?;
    machine_suites(kit, report)
}

/// The suites that need nothing but cargo. Here and below, `--workspace` is what lets all suites share one compilation of
/// the dependencies.
fn core_suites(kit: &Kit, report: &mut Report) -> Result {
    report.step("unit and core tests", || {
        let it = match kit.has_suite("it") {
            true => " --test it",
            false => "",
        };
        let words = format!("test --workspace --locked --lib --bin xtask{it}");
        run(&mut kit.cargo(&words))
    })?;
    report.step("documentation examples", || run(&mut kit.cargo("test --workspace --locked --doc")))
}

/// The suites that need more of the machine: its kernel, and a browser.
fn machine_suites(kit: &Kit, report: &mut Report) -> Result {
    if kit.packets && kit.has_suite("packets") {
        let words = "test --workspace --locked --test packets";
        report.step("packets through real rules", || run(&mut kit.cargo(words)))?;
    }
    // Every day in one engine, in the proof in all.
    let engines = if kit.full { &kit.engines[..] } else { &kit.engines[..kit.engines.len().min(1)] };
    for engine in engines.iter().filter(|_| kit.has_suite("e2e")) {
        let words = "test --workspace --locked --test e2e";
        report.step(engine.check, || run(kit.cargo(words).env("PORTCULLIS_ENGINES", engine.name)))?;
    }
    Ok(())
}

/// A release build by Trunk is the same file, byte for byte.
fn trunk_agrees(kit: &Kit, report: &mut Report) -> Result {
    let name = "the same page by way of Trunk";
    let Some(trunk) = find("trunk") else {
        report.missing.push(format!("{name}: needs Trunk (cargo xtask serve installs it)"));
        return Ok(());
    };
    report.step(name, || {
        let dist = kit.places.page_target.join("trunk");
        run(kit.with_environment(Command::new(trunk)).args(["build", "--release", "--offline", "--dist"]).arg(&dist))?;
        let page = |folder: &PathBuf| fs::read(folder.join("index.html"));
        match page(&dist)? == page(&kit.places.dist)? {
            true => Ok(()),
            false => Err("it differs".into()),
        }
    })
}

/// The same sources in another folder make the same package, byte for byte.
fn packages_agree(kit: &Kit, report: &mut Report) -> Result {
    let name = "the same package from another folder";
    let mut list = Command::new("git");
    list.current_dir(&kit.places.root).args("ls-files -z --cached --others --exclude-standard".split(' '));
    let Ok(listed) = output(&mut list) else {
        report.missing.push(format!("{name}: needs git, and a checkout of it"));
        return Ok(());
    };
    report.step(name, || {
        package::package(kit.places, &kit.places.package)?;
        let elsewhere = env::temp_dir().join(format!("portcullis-elsewhere-{}", std::process::id()));
        let made = || {
            for file in listed.split('\0').filter(|file| !file.is_empty()) {
                let (from, to) = (kit.places.root.join(file), elsewhere.join(file));
                fs::create_dir_all(to.parent().unwrap_or(&elsewhere))?;
                // What was deleted is still listed until that is committed.
                if from.is_file() {
                    fs::copy(from, to)?;
                }
            }
            let mut cargo = cargo();
            cargo.current_dir(&elsewhere).args("run --quiet --package xtask -- package --out package".split(' '));
            run(cargo.env("CARGO_TARGET_DIR", "target"))?;
            let sums = |folder: &Path| fs::read(folder.join(package::SUMS));
            match sums(&elsewhere.join("package"))? == sums(&kit.places.package)? {
                true => Ok(()),
                false => Err("its checksums differ".into()),
            }
        };
        let agreed = made();
        let _ = fs::remove_dir_all(&elsewhere);
        agreed
    })
}

/// A browser that the stories of tests/e2e know.
#[derive(Clone, Copy)]
struct Engine {
    /// As `PORTCULLIS_ENGINES` has it.
    name: &'static str,
    /// What is checked with it.
    check: &'static str,
}

const CHROMIUM: Engine = Engine { name: "chromium", check: "the page in Chromium" };
const FIREFOX: Engine = Engine { name: "firefox", check: "the page in Firefox" };
const WEBKIT: Engine = Engine { name: "webkit", check: "the page in WebKit" };

/// What there is to check with.
struct Kit<'a> {
    places: &'a Places,
    rustfmt: bool,
    clippy: bool,
    cargo_deny: Option<PathBuf>,
    aerleon: Option<PathBuf>,
    cloud_checks: Option<PathBuf>,
    ansible: Option<PathBuf>,
    axe: Option<PathBuf>,
    mermaid: Option<PathBuf>,
    packets: bool,
    /// The browsers that are here, the one of every day first.
    engines: Vec<Engine>,
    /// Many more cases.
    full: bool,
}

impl<'a> Kit<'a> {
    /// Installs what may be installed, and notes in the report what is still missing.
    fn gather(places: &'a Places, report: &mut Report) -> Result<Kit<'a>> {
        system::install_missing(system::EVERY_DAY);
        let mut kit = Kit {
            places,
            rustfmt: report.has("format", tools::component("rustfmt", "fmt")).is_some(),
            clippy: report.has("lints", tools::component("clippy", "clippy")).is_some(),
            cargo_deny: report.has("licences and sources", tools::cargo_deny(places)),
            aerleon: report.has("another generator beside ours", tools::aerleon(places)),
            cloud_checks: report.has("texts for clouds", tools::cloud_checks(places)),
            ansible: report.has("the playbook, by Ansible", tools::ansible(places)),
            axe: report.has("accessibility, in the browser", tools::axe(places)),
            mermaid: report.has("the picture as Mermaid, by Mermaid", tools::mermaid(places)),
            packets: report.has("packets through real rules", namespaces()).is_some(),
            engines: Vec::new(),
            full: false,
        };
        kit.add_engine(&CHROMIUM, &[&system::CHROMIUM, &system::CHROMEDRIVER], Ok(()), report);
        Ok(kit)
    }

    /// Adds the engines of the proof, as far as they may be installed.
    fn gather_more_engines(&mut self, report: &mut Report) {
        system::install_missing(system::PROOF);
        let geckodriver = tools::geckodriver(self.places).map(drop);
        self.add_engine(&FIREFOX, &[&system::FIREFOX], geckodriver, report);
        self.add_engine(&WEBKIT, &[&system::WEBKITDRIVER, &system::XVFB], Ok(()), report);
    }

    fn add_engine(&mut self, engine: &Engine, needed: &[&SystemProgram], tools: Result, report: &mut Report) {
        self.engines.extend(report.has(engine.check, present(needed).and(tools)).map(|()| *engine));
    }

    /// True if the checkout has this suite of tests.
    fn has_suite(&self, suite: &str) -> bool {
        self.places.root.join("tests").join(suite).is_dir()
    }

    /// A cargo command, its words separated by blanks.
    fn cargo(&self, words: &str) -> Command {
        let mut command = self.with_environment(cargo());
        command.args(words.split(' '));
        command
    }

    /// Adds everything that the suites ask the environment for.
    fn with_environment(&self, mut command: Command) -> Command {
        command
            .current_dir(&self.places.root)
            .env("PATH", search_path(&[&self.places.tools.join("bin")]))
            .env("PORTCULLIS_DIST", &self.places.dist);
        for (name, value) in [
            ("PORTCULLIS_AERLEON", self.aerleon.clone()),
            ("PORTCULLIS_CLOUD_CHECKS", self.cloud_checks.clone()),
            ("PORTCULLIS_ANSIBLE", self.ansible.clone()),
            ("PORTCULLIS_AXE", self.axe.clone()),
            ("PORTCULLIS_MERMAID", self.mermaid.clone()),
            ("PORTCULLIS_CHROMIUM", system::CHROMIUM.path()),
            ("PORTCULLIS_CHROMEDRIVER", system::CHROMEDRIVER.path()),
            ("PORTCULLIS_FIREFOX", system::FIREFOX.path()),
            ("PORTCULLIS_FULL", self.full.then(|| "1".into())),
        ] {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        command
    }
}

/// What the packet suite needs: its programs, and the right to make network namespaces.
fn namespaces() -> Result {
    present(&[&system::NFT, &system::IP])?;
    if !system::is_root() {
        return Err("needs to be run as root on Linux".into());
    }
    // A container may keep its root from making them.
    match succeeds(Command::new("unshare").args(["--net", "true"])) {
        true => Ok(()),
        false => Err("needs the right to make network namespaces (CAP_SYS_ADMIN)".into()),
    }
}

fn present(programs: &[&SystemProgram]) -> Result {
    let missing: Vec<String> =
        programs.iter().filter(|program| program.path().is_none()).map(|program| program.advice()).collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(missing.join(", ").into()),
    }
}

/// What was run, how long it took, and what could not be run.
#[derive(Default)]
struct Report {
    done: Vec<(&'static str, Duration)>,
    missing: Vec<String>,
}

impl Report {
    /// Something that a check needs; if it is not there, the check is noted as not run.
    fn has<T>(&mut self, check: &str, needed: Result<T>) -> Option<T> {
        needed.map_err(|error| self.missing.push(format!("{check}: {error}"))).ok()
    }

    fn step(&mut self, name: &'static str, step: impl FnOnce() -> Result) -> Result {
        say(name);
        let start = Instant::now();
        step().map_err(|error| format!("{name} failed: {error}"))?;
        self.done.push((name, start.elapsed()));
        Ok(())
    }

    /// Prints the summary. Where a machine checks (`CI=true`), what could not be run is a failure too.
    fn close(self, checked: Result) -> Result {
        println!();
        for (name, time) in &self.done {
            println!("passed {:>6.1} s  {name}", time.as_secs_f64());
        }
        for missing in &self.missing {
            println!("NOT RUN          {missing}");
        }
        checked?;
        let strict = env::var("CI").is_ok_and(|value| value == "true");
        match (self.missing.is_empty(), strict) {
            (true, _) => println!("everything passed"),
            (false, false) => println!("everything that can run here passed"),
            (false, true) => return Err("CI=true, and not everything could be run".into()),
        }
        Ok(())
    }
}
