//! Has a real browser load the page as its users do, beside other pages if asked. Serves folders as hosts do, packed with
//! brotli; loopback only, and only while the browser looks.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::{Result, size};

/// What is there when our page answers.
const ANSWERING: &str = "#app:not([inert]) #copy";

/// Packed files: packing takes longer than sending.
type Packed = Arc<Mutex<HashMap<PathBuf, Vec<u8>>>>;

/// The pages to load, as `benches/load.rs` wants them: ours, and others, each an address or a folder, with `,` and a selector
/// behind it of what is there when it answers.
pub fn pages(dist: &Path, also: &[&str]) -> Result<String> {
    let mut lines = page("ours", dist, ANSWERING)?;
    for other in also {
        let (place, answering) = other.split_once(',').unwrap_or((other, ""));
        if place.starts_with("http://") || place.starts_with("https://") {
            lines.push(format!("{place}\t{place}\t{answering}"));
        } else {
            let name = Path::new(place).file_name().unwrap_or_default().to_string_lossy();
            lines.extend(page(&name, Path::new(place), answering)?);
        }
    }
    Ok(lines.join("\n"))
}

/// A folder, served and from the disk.
fn page(name: &str, folder: &Path, answering: &str) -> Result<Vec<String>> {
    let folder = fs::canonicalize(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let served = format!("{name}\thttp://{}/\t{answering}", listener.local_addr()?);
    let disk = format!("{name}, from disk\tfile://{}/index.html\t{answering}", folder.display());
    let packed = Packed::default();
    // The first visitor does not wait for what a host has done long before.
    answer_for(&folder, "/", &packed)?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (folder, packed) = (folder.clone(), packed.clone());
            // A visitor who leaves early is no fault of ours.
            thread::spawn(move || answer(stream, &folder, &packed).is_ok());
        }
    });
    Ok(vec![served, disk])
}

fn answer(mut stream: TcpStream, folder: &Path, packed: &Packed) -> Result {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut lines = BufReader::new((&stream).take(16 * 1024)).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = request.split(' ').nth(1).unwrap_or_default().split(['?', '#']).next().unwrap_or_default();
    let (status, kind, body) = match answer_for(folder, path, packed) {
        Ok((kind, body)) => ("200 OK", kind, body),
        Err(_) => ("404 Not Found", "text/plain", Vec::new()),
    };
    let length = body.len();
    let head = format!("Content-Type: {kind}\r\nContent-Encoding: br\r\nContent-Length: {length}\r\nConnection: close");
    write!(stream, "HTTP/1.1 {status}\r\n{head}\r\n\r\n")?;
    stream.write_all(&body)?;
    Ok(())
}

/// The kind and the packed bytes of a file; nothing outside of the folder.
fn answer_for(folder: &Path, path: &str, packed: &Packed) -> Result<(&'static str, Vec<u8>)> {
    let name = path.trim_start_matches('/');
    let file = fs::canonicalize(folder.join(if name.is_empty() { "index.html" } else { name }))?;
    if !file.starts_with(folder) {
        return Err("not in the folder".into());
    }
    let mut known = packed.lock().map_err(|_| "a visitor has failed")?;
    let body = match known.get(&file) {
        Some(body) => body.clone(),
        None => known.entry(file.clone()).or_insert(size::brotli(&fs::read(&file)?)?).clone(),
    };
    Ok((kind(&file), body))
}

fn kind(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    //! What is served, and what never is.

    use super::*;

    #[test]
    fn a_folder_is_served_packed_and_nothing_beside_it() {
        let root = std::env::temp_dir().join(format!("portcullis-load-{}", std::process::id()));
        fs::create_dir_all(root.join("page/assets")).unwrap();
        fs::write(root.join("secret"), "no").unwrap();
        fs::write(root.join("page/index.html"), "<p>page</p>".repeat(100)).unwrap();
        fs::write(root.join("page/assets/a.js"), "let a;").unwrap();
        let page = fs::canonicalize(root.join("page")).unwrap();
        let packed = Packed::default();
        let (kind, body) = answer_for(&page, "/", &packed).unwrap();
        assert!(kind.starts_with("text/html") && body.len() < 100, "{kind}, {} bytes", body.len());
        assert!(answer_for(&page, "/assets/a.js", &packed).is_ok());
        for path in ["/../secret", "/assets/../../secret", "/missing", "/assets"] {
            assert!(answer_for(&page, path, &packed).is_err(), "{path}");
        }
        let pages = pages(&page, &["https://example.test/x,#out", &root.join("page").to_string_lossy()]).unwrap();
        let names: Vec<&str> = pages.lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(names, ["ours", "ours, from disk", "https://example.test/x", "page", "page, from disk"]);
        assert!(pages.contains("\t#out\n"), "{pages}");
        fs::remove_dir_all(root).unwrap();
    }
}
