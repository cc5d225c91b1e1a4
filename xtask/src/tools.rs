//! The tools that building and checking need: found if they are there in the right version, installed if not. Installs
//! only into the folder for tools, except what belongs to the toolchain (its target and components) or to cargo (Trunk).

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::places::Places;
use crate::shell::{cargo, find, output, run, rustc, succeeds};
use crate::{Result, places, system};

/// What the page is compiled for.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The last release that builds with the Rust of `Cargo.toml`.
const TRUNK: &str = "0.21.14";
const CARGO_DENY: &str = "0.20.2";
/// Firefox's driver; Debian has none.
const GECKODRIVER: &str = "0.37.1";
/// wasm-opt as an npm package: distributions carry releases that are far too old.
const BINARYEN: &str = "132.0.0";
const AXE: &str = "4.14.1";
/// Draws what the page says in Mermaid.
const MERMAID: &str = "12.3.0";
/// Another generator of firewall rules, which the tests compare ours with.
const AERLEON: &str = "1.18.0";
/// Runs the playbook that comes with the texts; the last release for Python 3.11.
const ANSIBLE: &str = "2.19.14";

/// Checkers of what clouds are told: templates, Terraform's language, the command line of AWS with a server that plays AWS,
/// the schemas of Kubernetes, and Bicep.
const CLOUD_CHECKS: [&str; 6] = [
    "cfn-lint==1.51.0",
    "moto[ec2,server]==5.2.1",
    "awscli==1.45.11",
    "python-hcl2==8.1.4",
    "kubernetes-validate==1.37.0",
    "pycep-parser==0.7.1",
];

/// Adds the WebAssembly target to the toolchain.
pub fn wasm_target() -> Result {
    let libraries = output(rustc().args(["--print", "target-libdir", "--target", WASM_TARGET]))?;
    if Path::new(&libraries).is_dir() {
        return Ok(());
    }
    say("the WebAssembly target is missing: adding it (under a minute)");
    run(Command::new("rustup").args(["target", "add", WASM_TARGET]))
        .map_err(|error| format!("{error}\nadd {WASM_TARGET} to this Rust by other means").into())
}

/// Adds a component of the toolchain; `subcommand` is the cargo command that comes with it.
pub fn component(name: &str, subcommand: &str) -> Result {
    if succeeds(cargo().args([subcommand, "--version"])) {
        return Ok(());
    }
    say(&format!("{name} is missing: adding it"));
    run(Command::new("rustup").args(["component", "add", name]))
}

/// The wasm-bindgen program of exactly the version that the page is linked with.
pub fn wasm_bindgen(places: &Places) -> Result<PathBuf> {
    let version = places.locked_version("wasm-bindgen")?;
    let wanted = format!("wasm-bindgen {version}");
    let installed = [find("wasm-bindgen"), Some(own_program(places, "wasm-bindgen"))]
        .into_iter()
        .flatten()
        .find(|path| output(Command::new(path).arg("--version")).is_ok_and(|it| it == wanted));
    match installed {
        Some(path) => Ok(path),
        None => cargo_install(places, "wasm-bindgen-cli", &version, "wasm-bindgen", "2 minutes"),
    }
}

/// A command that starts the pinned wasm-opt, if Node is there to run it.
pub fn wasm_opt(places: &Places) -> Option<Command> {
    match npm_package(places, "binaryen", BINARYEN) {
        Ok(package) => {
            let mut command = Command::new("node");
            command.arg(package.join("bin").join("wasm-opt"));
            Some(command)
        }
        Err(error) => {
            say(&format!("wasm-opt is left out, and the WebAssembly some 6 % larger: {error}"));
            None
        }
    }
}

/// The accessibility checker's script, if npm is there to install it.
pub fn axe(places: &Places) -> Result<PathBuf> {
    Ok(npm_package(places, "axe-core", AXE)?.join("axe.min.js"))
}

/// Mermaid as a script for a page, if npm is there to install it.
pub fn mermaid(places: &Places) -> Result<PathBuf> {
    Ok(npm_package(places, "mermaid", MERMAID)?.join("dist").join("mermaid.min.js"))
}

/// Aerleon's program in a Python environment of its own, where Python is there to make one.
pub fn aerleon(places: &Places) -> Result<PathBuf> {
    // Its program is what pip writes last.
    let time = "under a minute";
    let programs = python(places, &format!("aerleon-{AERLEON}"), "aclgen", &[&format!("aerleon=={AERLEON}")], time)?;
    Ok(programs.join(format!("aclgen{}", std::env::consts::EXE_SUFFIX)))
}

/// The folder of the programs that check texts for clouds, where Python is there to run them.
pub fn cloud_checks(places: &Places) -> Result<PathBuf> {
    let versions: Vec<&str> = CLOUD_CHECKS.iter().filter_map(|package| package.rsplit('=').next()).collect();
    let name = format!("cloud-checks-{}", versions.join("-"));
    // Written here, since nobody knows which of so many programs comes last.
    let done = "portcullis-complete";
    let programs = python(places, &name, done, &CLOUD_CHECKS, "some minutes")?;
    std::fs::write(programs.join(format!("{done}{}", std::env::consts::EXE_SUFFIX)), "")?;
    Ok(programs)
}

/// The program that runs playbooks, where Python is there for it. There is none on Windows.
pub fn ansible(places: &Places) -> Result<PathBuf> {
    let (name, package) = (format!("ansible-{ANSIBLE}"), format!("ansible-core=={ANSIBLE}"));
    let program = "ansible-playbook";
    Ok(python(places, &name, program, &[&package], "under a minute")?.join(program))
}

/// The folder of the programs of a Python environment that has these packages; a new version gets a new folder. `last` is
/// there only when all of them are.
fn python(places: &Places, name: &str, last: &str, packages: &[&str], time: &str) -> Result<PathBuf> {
    let environment = places.tools.join(name);
    let programs = environment.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let program = |name: &str| programs.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if program(last).is_file() {
        return Ok(programs);
    }
    let python = system::PYTHON.path().ok_or_else(|| system::PYTHON.advice())?;
    say(&format!("{} missing: installing into {name} ({time})", packages.join(", ")));
    run(Command::new(python).args(["-m", "venv"]).arg(&environment))
        .map_err(|error| format!("{error}\n{}", system::PYTHON.advice()))?;
    let mut pip = Command::new(program("python"));
    pip.args("-m pip install --quiet --disable-pip-version-check".split(' ')).args(packages);
    run(&mut pip)?;
    Ok(programs)
}

/// The checker of licences and sources.
pub fn cargo_deny(places: &Places) -> Result<PathBuf> {
    let own = own_program(places, "cargo-deny");
    match find("cargo-deny").or(own.is_file().then_some(own)) {
        Some(path) => Ok(path),
        None => cargo_install(places, "cargo-deny", CARGO_DENY, "cargo-deny", "2 minutes"),
    }
}

/// The driver of Firefox.
pub fn geckodriver(places: &Places) -> Result<PathBuf> {
    let own = own_program(places, "geckodriver");
    match find("geckodriver").or(own.is_file().then_some(own)) {
        Some(path) => Ok(path),
        None => cargo_install(places, "geckodriver", GECKODRIVER, "geckodriver", "4 minutes"),
    }
}

/// Trunk, in cargo's own folder: it is there for people to type `trunk serve`.
pub fn trunk() -> Result {
    if find("trunk").is_some() {
        return Ok(());
    }
    say(&format!("Trunk is missing: installing {TRUNK} (about 5 minutes, once)"));
    run(fast_install().args(["trunk", "--version", TRUNK]))
}

fn own_program(places: &Places, name: &str) -> PathBuf {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    places.tools.join("bin").join(file)
}

fn cargo_install(places: &Places, package: &str, version: &str, program: &str, time: &str) -> Result<PathBuf> {
    say(&format!("{package} {version} is missing: installing it (about {time}, once)"));
    let mut command = fast_install();
    command.args([package, "--version", version, "--root"]).arg(&places.tools);
    run(&mut command)?;
    Ok(own_program(places, program))
}

/// `cargo install` in a profile that compiles in half the time and runs as well for our sizes.
fn fast_install() -> Command {
    let mut command = cargo();
    command
        .args(["install", "--locked", "--quiet"])
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0");
    command
}

/// The folder of an npm package of exactly this version, where Node is there to run it.
fn npm_package(places: &Places, name: &str, version: &str) -> Result<PathBuf> {
    find("node").ok_or_else(|| system::NPM.advice())?;
    let package = places.tools.join("node_modules").join(name);
    let wanted = format!("\"version\": \"{version}\"");
    if places::read(&package.join("package.json")).is_ok_and(|text| text.contains(&wanted)) {
        return Ok(package);
    }
    let npm = system::NPM.path().ok_or_else(|| system::NPM.advice())?;
    say(&format!("{name} {version} is missing: installing it (under a minute)"));
    let mut command = Command::new(npm);
    command
        .args("install --no-audit --no-fund --loglevel=error --prefix".split(' '))
        .arg(&places.tools)
        .arg(format!("{name}@{version}"));
    run(&mut command)?;
    Ok(package)
}

/// Says what the automation is doing.
pub fn say(what: &str) {
    println!("xtask: {what}");
}
