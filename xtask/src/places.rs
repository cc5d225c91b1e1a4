//! Where things are: the checkout, what is built, and the folder for tools. Creates nothing.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;

/// The folders that the automation reads and writes.
pub struct Places {
    /// The checkout.
    pub root: PathBuf,
    /// What is published.
    pub dist: PathBuf,
    /// What is handed to others.
    pub package: PathBuf,
    /// Where the page is compiled: apart from `cargo test` and Trunk, whose other flags would undo each other's work.
    pub page_target: PathBuf,
    /// Cargo's home.
    pub cargo_home: PathBuf,
    /// Tools of pinned versions. Beside the checkout's build, so that they survive `cargo clean` and serve every clone.
    pub tools: PathBuf,
}

impl Places {
    /// Finds them from what cargo tells a program that it runs.
    pub fn find() -> Result<Places> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").ok_or("run this as `cargo xtask`")?;
        let root = Path::new(&manifest).parent().ok_or("xtask has no parent folder")?.to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => root.join(dir),
            None => root.join("target"),
        };
        let cargo_home = match env::var_os("CARGO_HOME") {
            Some(dir) => PathBuf::from(dir),
            None => env::home_dir().ok_or("neither CARGO_HOME nor a home folder is set")?.join(".cargo"),
        };
        Ok(Places {
            dist: root.join("dist"),
            package: target.join("package"),
            page_target: target.join("page"),
            tools: cargo_home.join("portcullis-tools"),
            root,
            cargo_home,
        })
    }

    /// The version of a crate in the lock file.
    pub fn locked_version(&self, name: &str) -> Result<String> {
        let lock = read(&self.root.join("Cargo.lock"))?;
        let entry = format!("name = \"{name}\"\nversion = \"");
        lock.split_once(&entry)
            .and_then(|(_, rest)| rest.split_once('"'))
            .map(|(version, _)| version.to_owned())
            .ok_or_else(|| format!("Cargo.lock names no {name}").into())
    }
}

/// A text file, with one kind of line end on every system: the policy's hashes are taken over what a browser sees.
pub fn read(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text.replace("\r\n", "\n"))
}

/// Writes a file, and says which one if it cannot.
pub fn write(path: &Path, bytes: &[u8]) -> Result {
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()).into())
}
