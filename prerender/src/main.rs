//! Writes what the page shows before its code has started: the app as it draws itself first (`answer.html`), and the table of
//! its ports for those in whose browser no code runs (`ports.html`). Natively, by the build; nothing of it is in the page.

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use portcullis::ui::{self, Page};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("prerender FOLDER")?);
    // What cannot be read here is read again there, where there is nobody to tell.
    ui::begin().ok_or("the catalog cannot be read")?;
    let begin = || ui::begin().unwrap_or_else(|| std::process::abort());
    let renderer = yew::ServerRenderer::<Page>::with_props(begin).hydratable(false);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    fs::write(folder.join("answer.html"), runtime.block_on(renderer.render()))?;
    fs::write(folder.join("ports.html"), ui::ports().ok_or("the catalog cannot be read")?)?;
    Ok(())
}
