//! Running other programs: found, run, and their failures told in one sentence. Never through a shell.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// The cargo that runs us, so that every step uses one toolchain.
pub fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The compiler of that toolchain.
pub fn rustc() -> Command {
    Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// Runs a program with its output passed through.
pub fn run(command: &mut Command) -> Result {
    let status = command.status().map_err(|error| format!("{}: {error}", line(command)))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{}: {status}", line(command)).into()),
    }
}

/// Runs a program and returns what it printed, without the last line end.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|error| format!("{}: {error}", line(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {}\n{said}", line(command), output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}

/// True if a program runs and succeeds; what it prints is not shown.
pub fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Finds a program by name on the search path.
pub fn find(name: &str) -> Option<PathBuf> {
    // On Windows, scripts (`npm.cmd`) bring their own suffix.
    let file = match name.contains('.') {
        true => name.to_owned(),
        false => format!("{name}{}", env::consts::EXE_SUFFIX),
    };
    env::split_paths(&search_path(&[])).map(|folder| folder.join(&file)).find(|path| path.is_file())
}

/// The search path with folders put in front, and the folders of system programs (`nft`, `ip`), which a root shell may
/// lack, put at the end.
pub fn search_path(front: &[&Path]) -> OsString {
    let given = env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    let folders = front.iter().map(|folder| folder.to_path_buf()).chain(env::split_paths(&given)).chain(system);
    // Fails only for a folder whose name holds the separator; the given path never does.
    env::join_paths(folders).unwrap_or(given.clone())
}

fn line(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for arg in command.get_args() {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
    }
    line
}
