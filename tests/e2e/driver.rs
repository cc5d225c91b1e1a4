//! WebDriver itself: a driver's process and what else it needs, one HTTP request per command, one session. Knows no engine;
//! ends all that it starts, also when a story fails.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

/// How long a driver may take to start, or to answer one command.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long the page may take to become as expected, in milliseconds.
pub const MOMENT: u64 = 10_000;

/// How long a program may take to tidy up behind itself.
const GRACE: Duration = Duration::from_secs(5);

/// A program that runs until this is dropped, with all that it starts: they are a process group of their own.
pub struct Program {
    child: Child,
    /// Says nothing; closed when the program has closed what it prints to.
    ended: Option<mpsc::Receiver<()>>,
    /// It has to tidy up behind itself, so it is asked to end before it is made to.
    asked: bool,
}

impl Program {
    /// Starts one; what it prints can be read, what it complains about is not shown.
    pub fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = command.spawn().unwrap_or_else(|e| panic!("{}: {e}", command.get_program().display()));
        Self { child, ended: None, asked: false }
    }

    /// As [`Program::start`], for one that must be asked to end.
    pub fn start_tidy(command: &mut Command) -> Self {
        let mut program = Self::start(command);
        program.asked = true;
        program
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The first thing it tells that `find` finds; nothing if it ends before, or takes too long. What it prints after that
    /// is read away, so that it never waits for a reader.
    pub fn tells<T: Send + 'static>(&mut self, find: impl Fn(&str) -> Option<T> + Send + 'static) -> Option<T> {
        let lines = BufReader::new(self.child.stdout.take()?).lines();
        let (told, heard) = mpsc::channel();
        let (open, ended) = mpsc::channel();
        self.ended = Some(ended);
        std::thread::spawn(move || {
            let _open = open;
            for line in lines.map_while(Result::ok) {
                if let Some(found) = find(&line) {
                    let _ = told.send(found);
                }
            }
        });
        heard.recv_timeout(PATIENCE).ok()
    }

    /// True while it runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{Pid, Signal, kill_process, kill_process_group};
            if self.asked
                && kill_process(Pid::from_child(&self.child), Signal::TERM).is_ok()
                && let Some(ended) = &self.ended
            {
                let _ = ended.recv_timeout(GRACE);
            }
            // Also a browser that has outlived its session.
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A driver that listens.
pub struct Driver {
    /// Ends with the driver.
    _program: Program,
    port: u16,
}

impl Driver {
    /// Starts one, and finds out on which port it listens. It may look for a number that is free and give up where another
    /// program takes that in the meantime: then it is started again.
    pub fn start(command: &mut Command, port_of: impl Fn(&mut Program) -> Option<u16>) -> Self {
        for _ in 0..5 {
            let mut program = Program::start(command);
            if let Some(port) = port_of(&mut program) {
                return Self { _program: program, port };
            }
        }
        panic!("{} tells no port", command.get_program().display());
    }

    /// One command.
    pub fn request(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let talk = || -> std::io::Result<Vec<u8>> {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let head = format!(
                "{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                self.port,
                body.len()
            );
            stream.write_all(head.as_bytes())?;
            stream.write_all(body.as_bytes())?;
            let mut answer = BufReader::new(stream);
            let (mut line, mut length) = (String::new(), 0);
            while answer.read_line(&mut line)? > 2 {
                if let Some((name, value)) = line.split_once(':')
                    && name.eq_ignore_ascii_case("content-length")
                {
                    length = value.trim().parse().unwrap_or(0);
                }
                line.clear();
            }
            let mut text = vec![0; length];
            answer.read_exact(&mut text)?;
            Ok(text)
        };
        let text = talk().map_err(|e| format!("no answer: {e}"))?;
        let mut answer: Value = serde_json::from_slice(&text).map_err(|e| format!("no answer: {e}"))?;
        let value = answer["value"].take();
        match value["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", value["message"].as_str().unwrap_or_default())),
            None => Ok(value),
        }
    }
}

/// A browser that a driver has started, with a fresh profile and one window.
pub struct Session {
    driver: Driver,
    id: String,
    /// What the browser has said about itself.
    pub capabilities: Value,
}

impl Session {
    /// Starts it; what holds for every engine is added to what this one asks for.
    pub fn start(driver: Driver, mut asked: Value) -> Self {
        asked["unhandledPromptBehavior"] = json!("ignore");
        asked["timeouts"] = json!({ "implicit": MOMENT, "script": 2 * MOMENT, "pageLoad": 3 * MOMENT });
        let asked = json!({ "capabilities": { "alwaysMatch": asked } });
        let mut made = driver.request("POST", "/session", &asked).unwrap_or_else(|e| panic!("no session: {e}"));
        let id = made["sessionId"].as_str().expect("a session").to_owned();
        Self { driver, id, capabilities: made["capabilities"].take() }
    }

    /// A command of this session.
    pub fn request(&self, method: &str, command: &str, body: &Value) -> Result<Value, String> {
        self.driver.request(method, &format!("/session/{}/{command}", self.id), body)
    }

    /// A command that must not fail.
    #[track_caller]
    pub fn post(&self, command: &str, body: &Value) -> Value {
        match self.request("POST", command, body) {
            Ok(value) => value,
            Err(e) => panic!("{command} {body:.300}: {e}"),
        }
    }

    /// A question that must not fail.
    #[track_caller]
    pub fn get(&self, question: &str) -> Value {
        self.request("GET", question, &Value::Null).unwrap_or_else(|e| panic!("{question}: {e}"))
    }

    /// Runs a script (the body of a function) in the page, and returns its value.
    #[track_caller]
    pub fn run(&self, script: &str, arguments: Value) -> Value {
        self.post("execute/sync", &json!({ "script": script, "args": arguments }))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.driver.request("DELETE", &format!("/session/{}", self.id), &Value::Null);
    }
}
