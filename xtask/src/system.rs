//! The programs of the system that checks use, and how Debian and Ubuntu name the packages they come in. Installs them
//! only as root, and only there.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::places;
use crate::shell::{find, output, run};
use crate::tools::say;

/// A program, and the packages it comes in.
pub struct SystemProgram {
    /// The names it goes by, the best first.
    pub names: &'static [&'static str],
    debian: &'static str,
    ubuntu: &'static str,
    /// Installing it starts it where systemd runs: there it is left to the user.
    starts: bool,
}

impl SystemProgram {
    const fn new(names: &'static [&'static str], debian: &'static str) -> SystemProgram {
        SystemProgram { names, debian, ubuntu: debian, starts: false }
    }

    /// A program that guards the machine itself once it is installed.
    const fn service(names: &'static [&'static str], debian: &'static str) -> SystemProgram {
        SystemProgram { starts: true, ..SystemProgram::new(names, debian) }
    }

    /// Where it is.
    pub fn path(&self) -> Option<PathBuf> {
        self.names.iter().find_map(|name| find(name))
    }

    /// How to get it, for the closing list.
    pub fn advice(&self) -> String {
        format!("{} (Debian: apt-get install {})", self.names[0], self.debian)
    }
}

/// A browser.
pub const CHROMIUM: SystemProgram = SystemProgram {
    names: &["chromium", "chromium-browser", "google-chrome"],
    debian: "chromium",
    ubuntu: "chromium-browser",
    starts: false,
};
/// Its driver.
pub const CHROMEDRIVER: SystemProgram = SystemProgram {
    names: &["chromedriver"],
    debian: "chromium-driver",
    ubuntu: "chromium-chromedriver",
    starts: false,
};
/// Another browser.
pub const FIREFOX: SystemProgram =
    SystemProgram { names: &["firefox-esr", "firefox"], debian: "firefox-esr", ubuntu: "firefox", starts: false };
/// The driver of a third one; its package brings the smallest browser of that engine.
pub const WEBKITDRIVER: SystemProgram = SystemProgram::new(&["WebKitWebDriver"], "webkit2gtk-driver");
/// A screen that nobody sees, for browsers that want one.
pub const XVFB: SystemProgram = SystemProgram::new(&["Xvfb"], "xvfb");
/// The fonts that the reviewed pictures of the page were made with: no program, but found as one, by its whole path.
pub const FONTS: SystemProgram =
    SystemProgram::new(&["/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf"], "fonts-dejavu-core");
/// Reads the words of a printed page.
const PDFTOTEXT: SystemProgram = SystemProgram::new(&["pdftotext"], "poppler-utils");
/// Loads the nftables rules we write.
pub const NFT: SystemProgram = SystemProgram::new(&["nft"], "nftables");
/// Loads the iptables rules we write, with either backend.
pub const IPTABLES: SystemProgram = SystemProgram::new(&["iptables-nft-restore"], "iptables");
/// Loads the firewalld rules we write.
pub const FIREWALLD: SystemProgram = SystemProgram::service(&["firewall-offline-cmd"], "firewalld netbase");
/// The bus over which firewalld is spoken to.
pub const DBUS: SystemProgram = SystemProgram::new(&["dbus-daemon"], "dbus");
/// Finds what is wrong with a shell script.
pub const SHELLCHECK: SystemProgram = SystemProgram::new(&["shellcheck"], "shellcheck");
/// Draws the graphs we write.
pub const GRAPHVIZ: SystemProgram = SystemProgram::new(&["dot"], "graphviz");
/// Stores and loads the ufw rules we write; installing it turns nothing on.
pub const UFW: SystemProgram = SystemProgram::new(&["ufw"], "ufw");
/// Makes network namespaces.
pub const IP: SystemProgram = SystemProgram::new(&["ip"], "iproute2");
/// Runs the scripts we write.
pub const BASH: SystemProgram = SystemProgram::new(&["bash"], "bash");
/// A second shell, stricter than bash.
pub const DASH: SystemProgram = SystemProgram::new(&["dash"], "dash");
/// Brings wasm-opt and the accessibility checker, and Node with it.
pub const NPM: SystemProgram = SystemProgram::new(&["npm", "npm.cmd"], "npm");
/// Runs another generator of firewall rules; the package brings the environments that keep it apart from the system's Python.
pub const PYTHON: SystemProgram = SystemProgram::new(&["python3", "python"], "python3-venv");

/// What every check uses.
pub const EVERY_DAY: &[&SystemProgram] = &[
    &CHROMIUM,
    &CHROMEDRIVER,
    &FONTS,
    &PDFTOTEXT,
    &NFT,
    &IPTABLES,
    &FIREWALLD,
    &DBUS,
    &UFW,
    &IP,
    &BASH,
    &DASH,
    &SHELLCHECK,
    &GRAPHVIZ,
    &NPM,
    &PYTHON,
];

/// What the proof uses besides.
pub const PROOF: &[&SystemProgram] = &[&FIREFOX, &WEBKITDRIVER, &XVFB];

/// Installs the missing ones of these, where that is ours to do: as root, on Debian or Ubuntu. One by one, so that one that cannot be
/// had keeps no other away; what is still missing afterwards is the caller's to report.
pub fn install_missing(programs: &[&'static SystemProgram]) {
    let guarded = Path::new("/run/systemd/system").exists();
    let missing = programs.iter().copied().filter(|program| program.path().is_none() && !(guarded && program.starts));
    let missing: Vec<&SystemProgram> = missing.collect();
    if missing.is_empty() || find("apt-get").is_none() || !is_root() {
        return;
    }
    let apt_get = |words: &str| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command.args(words.split(' '));
        if let Err(error) = run(&mut command) {
            say(&error.to_string());
        }
    };
    let release = places::read(Path::new("/etc/os-release")).unwrap_or_default();
    let ubuntu = release.lines().any(|line| line == "ID=ubuntu");
    apt_get("update --quiet");
    for program in missing {
        let package = match ubuntu {
            true => program.ubuntu,
            false => program.debian,
        };
        if program.names == FIREWALLD.names && !kept_still() {
            say(
                "firewalld is missing, and not installed here: its package would start it, and change what this machine lets in",
            );
            continue;
        }
        say(&format!("{package} is missing: installing it (a few minutes at most, once)"));
        let words = format!("install --quiet --yes --no-install-recommends {package}");
        apt_get(&words);
    }
}

/// True if the package of firewalld does not start it here: nothing starts services in a container, and on a machine of the
/// checks' own it is told not to. Whoever works on a machine decides that alone.
fn kept_still() -> bool {
    let started = Path::new("/run/systemd/system").exists();
    let own = std::env::var("CI").is_ok_and(|ci| ci == "true");
    !started || own && run(Command::new("systemctl").args(["mask", "firewalld.service"])).is_ok()
}

/// True for the system's administrator.
pub fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}
