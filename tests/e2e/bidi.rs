//! The other half of WebDriver, which tells what happens in a browser while it happens: commands and events as JSON over a
//! WebSocket. Only what the stories need of either, and nothing of a WebSocket that a driver does not send.

use std::collections::VecDeque;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::driver::PATIENCE;

/// What is sent is masked by.
const MASK: u8 = 0x55;

/// A connection to one session.
pub struct Bidi {
    stream: TcpStream,
    last: u64,
    events: VecDeque<Value>,
}

impl Bidi {
    /// Connects to the address that a session has told, `ws://host:port/path`.
    pub fn connect(address: &str) -> Self {
        let open = || -> Result<TcpStream> {
            let rest = address.strip_prefix("ws://").unwrap_or(address);
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let mut stream = TcpStream::connect(host)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            write!(
                stream,
                "GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cG9ydGN1bGxpcyBzdG9yeQ==\r\n\r\n"
            )?;
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") {
                stream.read_exact(&mut byte)?;
                head.push(byte[0]);
            }
            match head.starts_with(b"HTTP/1.1 101") {
                true => Ok(stream),
                false => Err(Error::new(ErrorKind::InvalidData, String::from_utf8_lossy(&head).into_owned())),
            }
        };
        let stream = open().unwrap_or_else(|e| panic!("{address}: {e}"));
        Self { stream, last: 0, events: VecDeque::new() }
    }

    /// One command, and what it returns. Events that come before the answer are kept.
    #[track_caller]
    pub fn command(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let message = json!({ "id": self.last, "method": method, "params": parameters }).to_string();
        self.send(1, message.as_bytes()).unwrap_or_else(|e| panic!("{method}: {e}"));
        loop {
            let mut told = self.receive().unwrap_or_else(|e| panic!("{method}: {e}"));
            if told["type"] == "event" {
                self.events.push_back(told);
            } else if told["id"] == self.last {
                assert_eq!(told["type"], "success", "{method}: {told}");
                return told["result"].take();
            }
        }
    }

    /// The parameters of all events of one kind since they were last asked for.
    pub fn events(&mut self, kind: &str) -> Vec<Value> {
        // What happened before this answer has been told before it.
        self.command("session.status", json!({}));
        let (asked, rest) = std::mem::take(&mut self.events).into_iter().partition(|event| event["method"] == kind);
        self.events = rest;
        let asked: VecDeque<Value> = asked;
        asked.into_iter().map(|mut event| event["params"].take()).collect()
    }

    /// One frame. A client has to mask what it sends; any mask will do, but for the one that changes nothing.
    fn send(&mut self, kind: u8, bytes: &[u8]) -> Result<()> {
        let mut frame = vec![0x80 | kind];
        match (u16::try_from(bytes.len()), bytes.len()) {
            (_, short @ ..126) => frame.push(0x80 | short as u8),
            (Ok(length), _) => {
                frame.push(0x80 | 126);
                frame.extend(length.to_be_bytes());
            }
            (Err(_), long) => {
                frame.push(0x80 | 127);
                frame.extend((long as u64).to_be_bytes());
            }
        }
        frame.extend([MASK; 4]);
        frame.extend(bytes.iter().map(|byte| byte ^ MASK));
        self.stream.write_all(&frame)
    }

    /// One message, of one frame or more.
    fn receive(&mut self) -> Result<Value> {
        let mut message = Vec::new();
        loop {
            let mut head = [0; 2];
            self.stream.read_exact(&mut head)?;
            let length = match head[1] & 0x7F {
                126 => {
                    let mut length = [0; 2];
                    self.stream.read_exact(&mut length)?;
                    u64::from(u16::from_be_bytes(length))
                }
                127 => {
                    let mut length = [0; 8];
                    self.stream.read_exact(&mut length)?;
                    u64::from_be_bytes(length)
                }
                short => u64::from(short),
            };
            let mut bytes = Vec::new();
            (&mut self.stream).take(length).read_to_end(&mut bytes)?;
            match head[0] & 0x0F {
                0..=2 => message.extend(bytes),
                8 => return Err(Error::new(ErrorKind::ConnectionAborted, "the browser has closed the connection")),
                9 => {
                    self.send(10, &bytes)?;
                    continue;
                }
                _ => continue,
            }
            if head[0] & 0x80 != 0 {
                return serde_json::from_slice(&message).map_err(Error::from);
            }
        }
    }
}
