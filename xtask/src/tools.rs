//! The programs that building and checking need: found if they are there in the right version, installed if not. Installs
//! only into the folder for tools, except what belongs to the toolchain, to cargo (Trunk) or to the system.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::places::Places;
use crate::shell::{cargo, find, output, run, rustc, search_path, succeeds};
use crate::{Result, places};

/// What the page is compiled for.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The last release that builds with the Rust of `Cargo.toml`.
const TRUNK: &str = "0.21.14";
const CARGO_DENY: &str = "0.20.2";
/// wasm-opt as an npm package: distributions carry releases that are far too old.
const BINARYEN: &str = "132.0.0";
const AXE: &str = "4.14.1";

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
    let installed = [
        find("wasm-bindgen"),
        Some(own_program(places, "wasm-bindgen")),
    ]
    .into_iter()
    .flatten()
    .find(|path| output(Command::new(path).arg("--version")).is_ok_and(|it| it == wanted));
    match installed {
        Some(path) => Ok(path),
        None => cargo_install(
            places,
            "wasm-bindgen-cli",
            &version,
            "wasm-bindgen",
            "2 minutes",
        ),
    }
}

/// A command that starts the pinned wasm-opt, if Node is there to run it.
pub fn wasm_opt(places: &Places) -> Option<Command> {
    let Some(node) = find("node") else {
        say("Node is not there, so wasm-opt is left out: the page will be some 8 % larger");
        return None;
    };
    let package = match npm_package(places, "binaryen", BINARYEN) {
        Ok(Some(package)) => package,
        Ok(None) => {
            say("npm is not there, so wasm-opt is left out: the page will be some 8 % larger");
            return None;
        }
        Err(error) => {
            say(&format!(
                "wasm-opt is left out, and the page will be some 8 % larger: {error}"
            ));
            return None;
        }
    };
    let mut command = Command::new(node);
    command.arg(package.join("bin").join("wasm-opt"));
    Some(command)
}

/// The accessibility checker's script, if npm is there to install it.
pub fn axe(places: &Places) -> Result<Option<PathBuf>> {
    let package = npm_package(places, "axe-core", AXE)?;
    Ok(package.map(|package| package.join("axe.min.js")))
}

/// The checker of licences and sources.
pub fn cargo_deny(places: &Places) -> Result<PathBuf> {
    let own = own_program(places, "cargo-deny");
    match find("cargo-deny").or(own.is_file().then_some(own)) {
        Some(path) => Ok(path),
        None => cargo_install(places, "cargo-deny", CARGO_DENY, "cargo-deny", "2 minutes"),
    }
}

/// Trunk, in cargo's own folder: it is there for people to type `trunk serve`.
pub fn trunk() -> Result {
    if find("trunk").is_some() {
        return Ok(());
    }
    say(&format!(
        "Trunk is missing: installing {TRUNK} (about 5 minutes, once)"
    ));
    run(fast_install().args(["trunk", "--version", TRUNK]))
}

/// Programs of the system that checks use, with Debian's and Ubuntu's names of the packages they come in.
pub struct SystemProgram {
    /// The names it goes by, the best first.
    pub names: &'static [&'static str],
    debian: &'static str,
    ubuntu: &'static str,
}

impl SystemProgram {
    const fn new(names: &'static [&'static str], debian: &'static str) -> SystemProgram {
        SystemProgram {
            names,
            debian,
            ubuntu: debian,
        }
    }

    /// Where it is.
    pub fn path(&self) -> Option<PathBuf> {
        self.names.iter().find_map(|name| find(name))
    }

    /// How to get it, for the closing list.
    pub fn advice(&self) -> String {
        format!(
            "{} (Debian: apt-get install {})",
            self.names[0], self.debian
        )
    }
}

/// A browser.
pub const CHROMIUM: SystemProgram = SystemProgram {
    names: &["chromium", "chromium-browser", "google-chrome"],
    debian: "chromium",
    ubuntu: "chromium-browser",
};
/// Its driver.
pub const CHROMEDRIVER: SystemProgram = SystemProgram {
    names: &["chromedriver"],
    debian: "chromium-driver",
    ubuntu: "chromium-chromedriver",
};
/// Loads the nftables rules we write.
pub const NFT: SystemProgram = SystemProgram::new(&["nft"], "nftables");
/// Makes network namespaces.
pub const IP: SystemProgram = SystemProgram::new(&["ip"], "iproute2");
/// Runs the scripts we write.
pub const BASH: SystemProgram = SystemProgram::new(&["bash"], "bash");
/// A second shell, stricter than bash.
pub const DASH: SystemProgram = SystemProgram::new(&["dash"], "dash");
/// Brings wasm-opt and the accessibility checker, and Node with it.
pub const NPM: SystemProgram = SystemProgram::new(&["npm"], "npm");

const SYSTEM: [&SystemProgram; 7] = [&CHROMIUM, &CHROMEDRIVER, &NFT, &IP, &BASH, &DASH, &NPM];

/// Installs the missing ones, where that is ours to do: as root, on Debian or Ubuntu. What is still missing afterwards is
/// the caller's to report.
pub fn system_programs() -> Result {
    let missing: Vec<&SystemProgram> = SYSTEM
        .into_iter()
        .filter(|program| program.path().is_none())
        .collect();
    if missing.is_empty() || find("apt-get").is_none() || !is_root() {
        return Ok(());
    }
    let ubuntu =
        places::read(Path::new("/etc/os-release")).is_ok_and(|text| text.contains("\nID=ubuntu"));
    let packages: Vec<&str> = missing
        .iter()
        .map(|program| {
            if ubuntu {
                program.ubuntu
            } else {
                program.debian
            }
        })
        .collect();
    say(&format!(
        "installing {} (a few minutes, once)",
        packages.join(", ")
    ));
    let apt_get = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        run(command.env("DEBIAN_FRONTEND", "noninteractive").args(args))
    };
    apt_get(&["update", "--quiet"])?;
    let install = ["install", "--quiet", "--yes", "--no-install-recommends"];
    apt_get(&[&install[..], &packages].concat())
}

/// True for the system's administrator.
pub fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}

fn own_program(places: &Places, name: &str) -> PathBuf {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    places.tools.join("bin").join(file)
}

fn cargo_install(
    places: &Places,
    package: &str,
    version: &str,
    program: &str,
    time: &str,
) -> Result<PathBuf> {
    say(&format!(
        "{package} {version} is missing: installing it (about {time}, once)"
    ));
    let mut command = fast_install();
    command
        .args([package, "--version", version, "--root"])
        .arg(&places.tools);
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

/// The folder of an npm package of exactly this version.
fn npm_package(places: &Places, name: &str, version: &str) -> Result<Option<PathBuf>> {
    let package = places.tools.join("node_modules").join(name);
    let wanted = format!("\"version\": \"{version}\"");
    if places::read(&package.join("package.json")).is_ok_and(|text| text.contains(&wanted)) {
        return Ok(Some(package));
    }
    let Some(npm) = find("npm").or(find("npm.cmd")) else {
        return Ok(None);
    };
    say(&format!(
        "{name} {version} is missing: installing it (under a minute)"
    ));
    let mut command = Command::new(npm);
    command
        .args([
            "install",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
            "--prefix",
        ])
        .arg(&places.tools)
        .arg(format!("{name}@{version}"))
        .env("PATH", search_path(&[]));
    run(&mut command)?;
    Ok(Some(package))
}

/// Says what the automation is doing.
pub fn say(what: &str) {
    println!("xtask: {what}");
}
