//! Checks everything, in the order in which a fault is cheapest to find. Stops at the first fault; what it cannot run here
//! it names at the end, with how to get it.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::places::Places;
use crate::shell::{cargo, run, search_path, succeeds};
use crate::tools::{self, say};
use crate::{Result, page, size};

/// `cargo xtask test`.
pub fn test(places: &Places) -> Result {
    let mut report = Report::default();
    let checked = check(places, &mut report);
    report.close(checked)
}

/// `cargo xtask prove`: everything, and then every suite with many more cases.
pub fn prove(places: &Places) -> Result {
    let mut report = Report::default();
    let checked = check(places, &mut report).and_then(|kit| {
        let kit = Kit { full: true, ..kit };
        core_suites(places, &kit, &mut report)?;
        machine_suites(places, &kit, &mut report)
    });
    report.close(checked)
}

/// `cargo xtask bench`.
pub fn bench(places: &Places) -> Result {
    let kit = Kit::gather(places, &mut Report::default())?;
    let page = page::build(places, &places.dist)?;
    size::report(&page)?;
    if !places.root.join("benches").is_dir() {
        return Err("there is no benches folder".into());
    }
    run(&mut kit.command(places, &["bench", "--package", "portcullis"]))
}

fn check(places: &Places, report: &mut Report) -> Result<Kit> {
    let kit = Kit::gather(places, report)?;
    let cargo = |args: &[&str]| run(&mut kit.command(places, args));

    if kit.rustfmt {
        report.step("format", || cargo(&["fmt", "--all", "--check"]))?;
    }
    if kit.clippy {
        let clippy = [
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ];
        report.step("lints", || cargo(&clippy))?;
    }
    report.step("documentation", || {
        let doc = ["doc", "--quiet", "--workspace", "--no-deps", "--locked"];
        run(kit.command(places, &doc).env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    if let Some(cargo_deny) = &kit.cargo_deny {
        report.step("licences and sources", || {
            run(Command::new(cargo_deny).current_dir(&places.root).args([
                "--log-level",
                "error",
                "check",
                "licenses",
                "bans",
                "sources",
            ]))
        })?;
    }
    core_suites(places, &kit, report)?;
    let mut page = String::new();
    report.step("page", || {
        page = page::build(places, &places.dist)?;
        Ok(())
    })?;
    report.step("size", || size::report(&page))?;
    machine_suites(places, &kit, report)?;
    Ok(kit)
}

/// The suites that need nothing but cargo.
fn core_suites(places: &Places, kit: &Kit, report: &mut Report) -> Result {
    report.step("unit and core tests", || {
        let mut args = vec!["test", "--workspace", "--lib", "--bins"];
        if places.root.join("tests/it").is_dir() {
            args.extend(["--test", "it"]);
        }
        run(&mut kit.command(places, &args))
    })?;
    report.step("documentation examples", || {
        run(&mut kit.command(places, &["test", "--package", "portcullis", "--doc"]))
    })
}

/// The suites that need more of the machine: its kernel, and a browser.
fn machine_suites(places: &Places, kit: &Kit, report: &mut Report) -> Result {
    for (suite, what, runs) in [
        ("packets", "packets through real rules", kit.packets),
        ("e2e", "the page in a real browser", kit.browser),
    ] {
        if runs && places.root.join("tests").join(suite).is_dir() {
            report.step(what, || {
                run(&mut kit.command(
                    places,
                    &["test", "--package", "portcullis", "--test", suite],
                ))
            })?;
        }
    }
    Ok(())
}

/// What there is to check with.
struct Kit {
    rustfmt: bool,
    clippy: bool,
    cargo_deny: Option<PathBuf>,
    axe: Option<PathBuf>,
    packets: bool,
    browser: bool,
    /// Many more cases.
    full: bool,
}

impl Kit {
    /// Installs what may be installed, and notes in the report what is still missing.
    fn gather(places: &Places, report: &mut Report) -> Result<Kit> {
        if let Err(error) = tools::system_programs() {
            say(&format!("not everything could be installed: {error}"));
        }
        let mut has = |what: &str, result: Result| match result {
            Ok(()) => true,
            Err(error) => {
                report.missing.push(format!("{what}: {error}"));
                false
            }
        };
        let rustfmt = has("format", tools::component("rustfmt", "fmt"));
        let clippy = has("lints", tools::component("clippy", "clippy"));
        let mut cargo_deny = None;
        has(
            "licences and sources",
            tools::cargo_deny(places).map(|path| cargo_deny = Some(path)),
        );
        let mut axe = None;
        has(
            "accessibility, in the browser tests",
            tools::axe(places).and_then(|path| {
                axe = Some(path.ok_or_else(|| tools::NPM.advice())?);
                Ok(())
            }),
        );
        let packets = has("packets through real rules", packets_run());
        let browser = has(
            "the page in a real browser",
            present(&[&tools::CHROMIUM, &tools::CHROMEDRIVER]),
        );
        Ok(Kit {
            rustfmt,
            clippy,
            cargo_deny,
            axe,
            packets,
            browser,
            full: false,
        })
    }

    /// A cargo command with everything that the suites ask the environment for.
    fn command(&self, places: &Places, args: &[&str]) -> Command {
        let mut command = cargo();
        command
            .current_dir(&places.root)
            .args(args)
            .env("PATH", search_path(&[&places.tools.join("bin")]))
            .env("PORTCULLIS_DIST", &places.dist);
        for (name, value) in [
            ("PORTCULLIS_AXE", self.axe.clone()),
            ("PORTCULLIS_CHROMIUM", tools::CHROMIUM.path()),
            ("PORTCULLIS_CHROMEDRIVER", tools::CHROMEDRIVER.path()),
            ("PORTCULLIS_FULL", self.full.then(|| "1".into())),
        ] {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        command
    }
}

/// Whether the packet suite can run: its programs, and the right to make network namespaces.
fn packets_run() -> Result {
    present(&[&tools::NFT, &tools::IP])?;
    if !tools::is_root() {
        return Err("needs to be run as root on Linux".into());
    }
    // A container may keep its root from making them.
    match succeeds(Command::new("unshare").args(["--net", "true"])) {
        true => Ok(()),
        false => Err("needs the right to make network namespaces (CAP_SYS_ADMIN)".into()),
    }
}

fn present(programs: &[&tools::SystemProgram]) -> Result {
    let missing: Vec<String> = programs
        .iter()
        .filter(|program| program.path().is_none())
        .map(|program| program.advice())
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(format!("needs {}", missing.join(", ")).into()),
    }
}

/// What was run, how long it took, and what could not be run.
#[derive(Default)]
struct Report {
    done: Vec<(&'static str, Duration)>,
    missing: Vec<String>,
}

impl Report {
    fn step(&mut self, name: &'static str, step: impl FnOnce() -> Result) -> Result {
        say(name);
        let start = Instant::now();
        step().map_err(|error| format!("{name} failed: {error}"))?;
        self.done.push((name, start.elapsed()));
        Ok(())
    }

    /// Prints the summary. Where a machine checks (`CI=true`), what could not be run is a failure too.
    fn close(self, checked: Result<impl Sized>) -> Result {
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
