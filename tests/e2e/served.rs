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

impl Served {
    /// Serves the files of a folder.
    pub fn start(folder: &Path) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (folder, log) = (folder.to_path_buf(), asked.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (folder, log) = (folder.clone(), log.clone());
                thread::spawn(move || answer(stream, &folder, &log));
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

fn answer(mut stream: TcpStream, folder: &Path, log: &Mutex<Vec<String>>) -> std::io::Result<()> {
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
    let name = path.trim_start_matches('/').split(['?', '/']).next().unwrap_or_default();
    let (status, body) = match fs::read(folder.join(if name.is_empty() { "index.html" } else { name })) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let head = "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nConnection: close";
    write!(stream, "HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {}\r\n\r\n", body.len())?;
    stream.write_all(&body)
}
