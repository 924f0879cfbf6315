//! `prompt-gallery stdio`: the program spoken to over pipes, as a client that starts it does.

#![cfg(unix)]
#![expect(clippy::needless_pass_by_value, reason = "each test writes `json!` in place")]

mod ends;
mod forms;
mod lists;
mod messages;
mod rust_sdk;
mod starts;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::waiting::PATIENCE;

/// The files of most tests.
const FILES: [(&str, &str); 3] = [
    ("talk.prompt", crate::TALK),
    ("tone.prompt", "---\ninput: {schema: {\"tone(enum)\": [warm, dry], name: string}}\n---\n{{tone}} to {{name}}"),
    ("plain.hbs", "Hello"),
];

/// A running program, ended when dropped.
struct Gallery {
    child: Child,
    /// `None` once the input is closed.
    stdin: Option<ChildStdin>,
    /// The lines of standard output that no test has waited for yet.
    messages: Receiver<String>,
    log: Receiver<String>,
}

impl Gallery {
    fn start(args: &[&str]) -> Self {
        Self::start_with(args, &[])
    }

    fn start_with(args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut child = crate::program()
            .arg("stdio")
            .args(args)
            // Otherwise each change of a prompt is one of the resources too.
            .env("PAGE_SOURCE", "off")
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let messages = lines(child.stdout.take().unwrap());
        let log = lines(child.stderr.take().unwrap());
        Self { stdin: child.stdin.take(), child, messages, log }
    }

    /// Over a folder.
    fn over(dir: &tempfile::TempDir) -> Self {
        Self::start(&["--dir", crate::name(dir.path())])
    }

    /// Writes a line.
    fn write(&mut self, line: impl AsRef<[u8]>) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(&[line.as_ref(), b"\n"].concat()).unwrap();
        stdin.flush().unwrap();
    }

    fn send(&mut self, message: &Value) {
        self.write(message.to_string());
    }

    /// The next message of the program.
    fn next(&self) -> Value {
        let line = self.messages.recv_timeout(PATIENCE).expect("a message");
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"))
    }

    /// Fails if the program sends anything for a while.
    fn says_nothing(&self) {
        let next = self.messages.recv_timeout(Duration::from_millis(400));
        assert_eq!(next, Err(RecvTimeoutError::Timeout));
    }

    /// Sends a request and returns the next message.
    fn ask(&mut self, request: &Value) -> Value {
        self.send(request);
        self.next()
    }

    /// Waits for a line of the log with this text.
    fn logs(&self, text: &str) -> String {
        loop {
            let line = self.log.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{text:?} is not logged"));
            if line.contains(text) {
                return line;
            }
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Closes the input, and waits for the end: the exit code, the remaining messages, the remaining log.
    fn end(mut self) -> (Option<i32>, Vec<String>, String) {
        self.stdin = None;
        self.ended()
    }

    fn ended(mut self) -> (Option<i32>, Vec<String>, String) {
        let messages = self.messages.iter().collect();
        let log: Vec<_> = self.log.iter().collect();
        (self.child.wait().unwrap().code(), messages, log.join("\n"))
    }
}

impl Drop for Gallery {
    fn drop(&mut self) {
        // An error means that the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (to, lines) = channel();
    thread::spawn(move || BufReader::new(from).lines().try_for_each(|line| to.send(line.unwrap())));
    lines
}

fn files() -> tempfile::TempDir {
    crate::folder(&FILES)
}

/// A request of a handshake revision.
fn request(id: impl Into<Value>, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id.into(), "method": method, "params": params })
}

/// A request of 2026-07-28.
fn modern(id: impl Into<Value>, method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}
    });
    request(id, method, params)
}

fn initialize(version: &str, capabilities: Value) -> Value {
    let client = json!({ "name": "test", "version": "1" });
    request(0, "initialize", json!({ "protocolVersion": version, "capabilities": capabilities, "clientInfo": client }))
}

fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

fn names(list: &Value) -> Vec<&str> {
    list["result"]["prompts"].as_array().unwrap().iter().map(|prompt| prompt["name"].as_str().unwrap()).collect()
}
