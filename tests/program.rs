//! The program itself as a local server: what it prints, serves and logs, and how it ends.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly, its helpers too")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use walkdir::{DirEntry, WalkDir};

/// A running server over a folder, ended when dropped.
struct Program {
    child: Child,
    greeting: String,
}

impl Program {
    fn start(dir: &str, addr: &str) -> Self {
        Self::start_with(dir, addr, &[])
    }

    fn start_with(dir: &str, addr: &str, env: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"))
            .args(["--dir", dir, "--addr", addr])
            .env_clear()
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let greeting = lines.by_ref().take_while(|line| !line.starts_with("Ctrl-C")).collect::<Vec<_>>().join("\n");
        Self { child, greeting }
    }

    /// The address that the greeting names.
    fn host(&self) -> &str {
        let (_, rest) = self.greeting.split_once("at http://").unwrap();
        rest.split_once("/mcp").unwrap().0
    }

    fn post(&self, body: &str) -> String {
        let mut stream = TcpStream::connect(self.host()).unwrap();
        let head = "Content-Type: application/json\r\nConnection: close\r\n";
        let length = body.len();
        write!(stream, "POST /mcp HTTP/1.1\r\nHost: {}\r\n{head}Content-Length: {length}\r\n\r\n{body}", self.host())
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Tells it to stop as service managers do; its exit code and its log.
    fn stop(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // An error is a process that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_says_where_what_and_how_and_ends_when_told_to() {
    let program = Program::start("prompts", "127.0.0.1:0");
    let host = program.host();
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"prompts/list"}"#;
    let is_prompt =
        |file: &DirEntry| file.file_type().is_file() && !file.file_name().as_encoded_bytes().starts_with(b"_");
    let count = WalkDir::new("prompts").into_iter().filter(|file| is_prompt(file.as_ref().unwrap())).count();
    assert_eq!(
        program.greeting,
        format!(
            "Serving {count} prompts from prompts at http://{host}/mcp\n\n\
             Try it:      curl -s http://{host}/mcp -H 'Content-Type: application/json' -d '{list}'\n\
             Claude Code: claude mcp add --transport http prompt-gallery http://{host}/mcp\n"
        )
    );
    let answer = program.post(list);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains(r#""name":"greeting-template""#), "{answer}");
    let (code, log) = program.stop();
    assert_eq!(code, Some(0));
    assert_eq!(log.matches("rpc.method=\"prompts/list\"").count(), 1, "{log}");
}

#[test]
fn the_greeting_of_every_address_is_one_that_answers() {
    let program = Program::start_with("prompts", "0.0.0.0:0", &[("ALLOW_ANONYMOUS", "true")]);
    assert!(program.host().starts_with("127.0.0.1:"), "{}", program.greeting);
    assert!(program.post(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).contains("200 OK"));
}

#[test]
fn what_is_wrong_with_a_folder_is_logged_once_a_version() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.hbs"), "one").unwrap();
    fs::write(dir.path().join("a.prompt"), "two").unwrap();
    fs::write(dir.path().join("broken.prompt"), "{{#if SECRET}}").unwrap();
    let program = Program::start(dir.path().to_str().unwrap(), "127.0.0.1:0");
    assert!(program.greeting.starts_with("Serving 1 prompt (1 left out, see the log) from"), "{}", program.greeting);
    let get = r#"{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"broken"}}"#;
    // A file that has just been written is read again at each request; only then is it settled.
    std::thread::sleep(std::time::Duration::from_millis(300));
    program.post(get);
    for _ in 0..3 {
        assert!(program.post(get).contains("broken.prompt, line 1, column 1"));
        assert!(program.post(r#"{"jsonrpc":"2.0","id":1,"method":"prompts/list"}"#).contains(r#""name":"a""#));
    }
    let (_, log) = program.stop();
    assert_eq!(log.matches("two files have one name").count(), 1, "{log}");
    // Once at the start, when the file was new, and once when it had settled.
    assert!((1..=2).contains(&log.matches("`if` is opened here").count()), "{log}");
    assert_eq!(log.matches("error.code=-32603").count(), 4, "{log}");
}

#[test]
fn a_client_that_never_ends_its_request_does_not_keep_it_from_stopping() {
    let program = Program::start("prompts", "127.0.0.1:0");
    let mut stalled = TcpStream::connect(program.host()).unwrap();
    let head = "Content-Type: application/json\r\nContent-Length: 9";
    write!(stalled, "POST /mcp HTTP/1.1\r\nHost: {}\r\n{head}\r\n\r\n{{", program.host()).unwrap();
    assert!(program.post(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).contains("200 OK"));
    let (code, _) = program.stop();
    assert_eq!(code, Some(0));
}

#[test]
fn an_address_in_use_is_one_line_and_exit_code_1() {
    let first = Program::start("prompts", "127.0.0.1:0");
    let second = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"))
        .args(["--dir", "prompts", "--addr", first.host()])
        .env_clear()
        .output()
        .unwrap();
    let error = String::from_utf8(second.stderr).unwrap();
    assert_eq!((second.status.code(), error.lines().count()), (Some(1), 1), "{error}");
    assert!(error.contains(first.host()) && error.contains("--addr HOST:PORT or PORT picks another"), "{error}");
}
