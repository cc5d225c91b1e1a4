//! The built page over plain HTTP on loopback, and a count of what is asked for. Never answers with anything else.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A server, as long as the tests run.
pub struct Served {
    /// Where it listens.
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

/// How a server serves.
#[derive(Clone, Default)]
pub struct Manner {
    /// The path that its files are below: `tools/`, or nothing.
    pub below: &'static str,
    /// More headers, each with its line end.
    pub headers: String,
    /// A page beside the files, [`AROUND`].
    pub around: String,
}

/// The name of the page that may frame another one.
pub const AROUND: &str = "around.html";

impl Served {
    /// Serves the files of a folder.
    pub fn start(folder: &Path) -> Self {
        Self::start_as(folder, Manner::default())
    }

    /// As [`Served::start`], in a manner of its own.
    pub fn start_as(folder: &Path, manner: Manner) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (folder, log) = (folder.to_path_buf(), asked.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (folder, manner, log) = (folder.clone(), manner.clone(), log.clone());
                thread::spawn(move || answer(stream, &folder, &manner, &log));
            }
        });
        Self { port, asked }
    }

    /// The address of a file, under some name of this computer.
    pub fn address(&self, host: &str, file: &str) -> String {
        format!("http://{host}:{}/{file}", self.port)
    }

    /// What has been asked for since the last time.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().expect("a list"))
    }
}

fn answer(mut stream: TcpStream, folder: &Path, manner: &Manner, log: &Mutex<Vec<String>>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = request.split(' ').nth(1).unwrap_or_default();
    if path.is_empty() {
        // A browser opens connections before it knows what for.
        return Ok(());
    }
    // Whoever takes this for a proxy names the host too.
    let path = match path.strip_prefix("http://").and_then(|rest| rest.find('/').map(|at| &rest[at..])) {
        Some(path) => path,
        None => path,
    };
    log.lock().expect("a list").push(path.to_owned());
    let name = path.trim_start_matches('/').strip_prefix(manner.below).map(|rest| rest.split(['?', '/']).next());
    let found = match name.map(Option::unwrap_or_default) {
        Some(AROUND) if !manner.around.is_empty() => Some(manner.around.clone().into_bytes()),
        Some(name) => fs::read(folder.join(if name.is_empty() { "index.html" } else { name })).ok(),
        None => None,
    };
    let (status, body) = match found {
        Some(body) => ("200 OK", body),
        None => ("404 Not Found", Vec::new()),
    };
    let head = "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nConnection: close\r\n";
    write!(stream, "HTTP/1.1 {status}\r\n{head}{}Content-Length: {}\r\n\r\n", manner.headers, body.len())?;
    stream.write_all(&body)
}
