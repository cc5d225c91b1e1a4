//! Serves the built page on this machine, for a look. Loopback only, one folder only, nothing kept.

#[cfg(test)]
mod tests;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::places::Places;
use crate::tools::{self, say};
use crate::{Result, page};

/// Where the search for a free port starts.
const FIRST_PORT: u16 = 8080;

/// Installs what is missing, builds, and serves until it is stopped. A given port is used or refused, never replaced.
pub fn serve(places: &Places, port: Option<u16>) -> Result {
    let listener = match port {
        Some(port) => listen(port).map_err(|error| format!("port {port}: {error}"))?,
        None => (FIRST_PORT..FIRST_PORT + 100)
            .find_map(|port| listen(port).ok())
            .ok_or("no free port between 8080 and 8179")?,
    };
    page::build(places, &places.dist)?;
    say(&format!("the page is at http://{}/ (Ctrl-C ends this)", listener.local_addr()?));
    let dist = places.dist.clone();
    let server = thread::spawn(move || answer_all(&listener, &dist));
    // For working on the page: `trunk serve` builds again at every change. Nobody who came to look has to wait for it.
    if let Err(error) = tools::trunk() {
        say(&format!("the page does not need Trunk, but: {error}"));
    }
    server.join().map_err(|_| "the server stopped".into())
}

fn answer_all(listener: &TcpListener, dist: &Path) {
    for stream in listener.incoming() {
        let dist = dist.to_path_buf();
        // A visitor who leaves early is no fault of ours.
        thread::spawn(move || stream.and_then(|stream| answer(stream, &dist)));
    }
}

fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

fn answer(mut stream: TcpStream, dist: &Path) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut lines = BufReader::new((&stream).take(16 * 1024)).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    // Read to the end of the head: closing on unread bytes would take the answer back.
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let response = response(&request, dist);
    let head = format!(
        "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
        response.status,
        response.kind,
        response.body.len()
    );
    stream.write_all(head.as_bytes())?;
    if !request.starts_with("HEAD ") {
        stream.write_all(&response.body)?;
    }
    Ok(())
}

/// What is sent back.
struct Response {
    status: &'static str,
    kind: &'static str,
    body: Vec<u8>,
}

fn response(request: &str, dist: &Path) -> Response {
    let refusal = |status: &'static str| Response { status, kind: "text/plain; charset=utf-8", body: status.into() };
    let path = match request.split(' ').collect::<Vec<_>>()[..] {
        ["GET" | "HEAD", path, _] => path.split(['?', '#']).next().unwrap_or_default(),
        _ => return refusal("405 Method Not Allowed"),
    };
    // The folder is flat: one name after one slash, so that no path leads out of it.
    let name = match path.strip_prefix('/') {
        Some("") => "index.html",
        Some(name) if !name.contains(['/', '\\', ':']) && !name.starts_with('.') => name,
        _ => return refusal("404 Not Found"),
    };
    match fs::read(dist.join(name)) {
        Ok(body) => Response {
            status: "200 OK",
            kind: match name.ends_with(".json") {
                true => "application/json",
                false => "text/html; charset=utf-8",
            },
            body,
        },
        Err(_) => refusal("404 Not Found"),
    }
}
