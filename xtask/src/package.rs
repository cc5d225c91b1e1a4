//! What is handed to those who host the page or carry it about: the file itself, everything in one archive, what their web
//! servers are told, the licences of what is in it, and checksums. The same sources make the same bytes, in any folder.

mod headers;
mod licences;
#[cfg(test)]
mod tests;
mod zip;

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};

use crate::Result;
use crate::places::{Places, read, write};
use crate::tools::say;
use crate::{page, size};

/// A file: its path, with `/`, and its bytes.
pub type File = (String, Vec<u8>);

/// What a web server may send in place of the page, packed once and well.
const PACKED: &str = "index.html";
/// The page, under the name that people save.
const PAGE: &str = "portcullis.html";
/// The list of checksums of everything else.
pub const SUMS: &str = "SHA256SUMS";

/// Builds the page, and writes the package into a folder that then holds nothing else.
pub fn package(places: &Places, folder: &Path) -> Result {
    let page = page::build(places, &places.dist)?;
    let files = files(places, &page)?;
    for (path, bytes) in &files {
        page::refuse_paths(places, path, bytes)?;
    }
    take_out(folder)?;
    for (path, bytes) in &files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        write(&path, bytes)?;
    }
    say(&format!("packaged into {}", folder.display()));
    Ok(())
}

/// Takes an earlier package out of a folder: the files of its list, and nothing else. Fails where something else is in it.
fn take_out(folder: &Path) -> Result {
    let sums = fs::read_to_string(folder.join(SUMS)).unwrap_or_default();
    let listed: Vec<&str> = sums.lines().filter_map(|line| line.split_once("  ")).map(|(_, path)| path).collect();
    // Others have such lists too.
    if listed.contains(&PAGE) {
        for path in listed.iter().chain([&SUMS]).filter(|path| !path.starts_with('/') && !path.contains("..")) {
            let _ = fs::remove_file(folder.join(path));
        }
        let _ = fs::remove_dir(folder.join("hosting"));
    }
    if folder.exists() && fs::read_dir(folder)?.next().is_some() {
        return Err(format!("{}: there is something else in it", folder.display()).into());
    }
    Ok(())
}

/// The whole package, sorted by path.
fn files(places: &Places, page: &str) -> Result<Vec<File>> {
    let mut files = vec![
        ("THIRD-PARTY-LICENSES.txt".to_owned(), licences::licences(places)?.into_bytes()),
        (PAGE.to_owned(), page.as_bytes().to_vec()),
    ];
    for (name, text) in headers::headers(places, page)? {
        files.push((format!("hosting/{name}"), text.into_bytes()));
    }
    let name = format!("portcullis-{}", places.locked_version("portcullis")?);
    let mut inside = Vec::new();
    for entry in fs::read_dir(&places.dist)? {
        let entry = entry?;
        let file = entry.file_name().to_string_lossy().into_owned();
        inside.push((format!("{name}/site/{file}"), fs::read(entry.path())?));
    }
    inside.push((format!("{name}/site/{PACKED}.br"), size::brotli(page.as_bytes())?));
    inside.push((format!("{name}/site/{PACKED}.gz"), gzip(page.as_bytes())?));
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        inside.push((format!("{name}/{licence}"), read(&places.root.join(licence))?.into_bytes()));
    }
    let beside = files.iter().filter(|(path, _)| path != PAGE);
    inside.extend(beside.map(|(path, bytes)| (format!("{name}/{path}"), bytes.clone())));
    files.push((format!("{name}.zip"), zip::zip(inside)?));
    files.sort();
    let sums = sums(&files);
    files.push((SUMS.to_owned(), sums.into_bytes()));
    Ok(files)
}

/// The checksums of files, as `sha256sum -c` reads them.
fn sums(files: &[File]) -> String {
    let hex = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    files.iter().map(|(path, bytes)| format!("{}  {path}\n", hex(bytes))).collect()
}

/// As gzip, without name and time, and of no system.
fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder: GzEncoder<Vec<u8>> = GzBuilder::new().operating_system(255).write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}
