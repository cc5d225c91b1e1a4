//! Checks the catalog and writes it as the page carries it: a tenth of the code that reading JSON takes, and no white space.
//! Never changes a fact.

#[allow(dead_code, unused_imports)]
#[path = "src/catalog.rs"]
mod catalog;
#[allow(dead_code, unused_imports)]
#[path = "src/net.rs"]
mod net;

use std::error::Error;
use std::path::Path;
use std::{env, fs};

/// The facts about Spotfire.
const SPOTFIRE: &str = include_str!("src/catalog/spotfire.json");

fn main() -> Result<(), Box<dyn Error>> {
    let facts =
        ["change.rs", "choice.rs", "preset.rs", "system.rs", "spotfire.json"].map(|name| format!("src/catalog/{name}"));
    for source in
        facts.iter().map(String::as_str).chain(["build.rs", "src/catalog.rs", "src/net.rs", "src/net/address.rs"])
    {
        println!("cargo::rerun-if-changed={source}");
    }
    let catalog = catalog::Catalog::parse(SPOTFIRE)?;
    let packed = postcard::to_allocvec(&catalog)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("spotfire.postcard"), packed)?;
    Ok(())
}
