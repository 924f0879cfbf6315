//! The program itself as a local server: what it prints, serves and logs, and how it ends.

#![cfg(unix)]

mod connections;
mod metrics;
mod streams;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::Value;
use store::{DirStore, PromptStore};
use walkdir::{DirEntry, WalkDir};

use crate::s3::{Fault, S3Server};
use crate::waiting::{PATIENCE, eventually};

/// A running server over a folder, ended when dropped.
struct Program {
    child: Child,
    greeting: String,
    /// The log lines that no test has waited for yet.
    log: Receiver<String>,
}

impl Program {
    fn start(dir: &str, addr: &str) -> Self {
        Self::start_with(dir, addr, &[])
    }

    fn start_with(dir: &str, addr: &str, env: &[(&str, &str)]) -> Self {
        Self::start_at(&["--dir", dir], addr, env)
    }

    /// The same over a folder or a bucket.
    fn start_at(place: &[&str], addr: &str, env: &[(&str, &str)]) -> Self {
        let (mut program, stderr) = Self::start_unread(place, addr, env);
        program.read_log(stderr);
        program
    }

    /// The same, with a log that is not read yet.
    fn start_unread(place: &[&str], addr: &str, env: &[(&str, &str)]) -> (Self, ChildStderr) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"))
            .args(place)
            .args(["--addr", addr])
            .env_clear()
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let greeting = lines.by_ref().take_while(|line| !line.starts_with("Ctrl-C")).collect::<Vec<_>>().join("\n");
        let stderr = child.stderr.take().unwrap();
        (Self { child, greeting, log: channel().1 }, stderr)
    }

    fn read_log(&mut self, stderr: ChildStderr) {
        let (to, log) = channel();
        thread::spawn(move || BufReader::new(stderr).lines().try_for_each(|line| to.send(line.unwrap())));
        self.log = log;
    }

    /// Waits for a line of the log that has this text.
    fn logs(&self, text: &str) -> String {
        loop {
            let line = self.log.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{text:?} is not logged"));
            if line.contains(text) {
                return line;
            }
        }
    }

    /// The address that the greeting names.
    fn host(&self) -> &str {
        let at = if self.greeting.contains("listening on ") { "listening on " } else { "at http://" };
        let (_, rest) = self.greeting.split_once(at).unwrap();
        rest.split(['/', '\n']).next().unwrap()
    }

    fn post(&self, body: &str) -> String {
        let head = format!("POST /mcp HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n", self.host());
        self.send(&head, body)
    }

    /// Sends a request with these first lines.
    fn send(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.host()).unwrap();
        let length = body.len();
        write!(stream, "{head}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Sends so many pings over one connection; each is answered and logged.
    fn flood(&self, count: usize) {
        const AT_ONCE: usize = 100;
        let mut stream = TcpStream::connect(self.host()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answers = BufReader::new(stream.try_clone().unwrap());
        let (host, length) = (self.host(), PING.len());
        let head = format!("POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n");
        let pings = format!("{head}Content-Length: {length}\r\n\r\n{PING}").repeat(AT_ONCE);
        for _ in 0..count / AT_ONCE {
            stream.write_all(pings.as_bytes()).unwrap();
            for _ in 0..AT_ONCE {
                let mut answer = Vec::new();
                // The first brace ends the result, the second one the message.
                for _ in 0..2 {
                    answers.read_until(b'}', &mut answer).unwrap();
                }
                assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(&answer));
            }
        }
    }

    fn signal_to_stop(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Stops it with SIGTERM: its exit code and the rest of its log.
    fn stop(mut self) -> (Option<i32>, String) {
        self.signal_to_stop();
        let log: Vec<String> = self.log.iter().collect();
        (self.child.wait().unwrap().code(), log.join("\n"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // An error means that the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

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
            "Serving {count} prompts from prompts and 3 skills from skills at http://{host}/mcp\n\n\
             Page:        http://{host}/\n\
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
fn the_greeting_names_the_page_where_people_open_it() {
    let greeting = |env| Program::start_with("prompts", "127.0.0.1:0", env).greeting.clone();
    let public = greeting(&[("PUBLIC_URL", "https://prompts.example.com/team/mcp")]);
    assert!(public.contains("\nPage:        https://prompts.example.com/team/\n"), "{public}");
    let off = greeting(&[("GALLERY_PAGE", "off")]);
    assert!(!off.contains("Page:"), "{off}");
}

#[test]
fn the_greeting_says_which_files_are_no_prompts() {
    let dir = tempfile::tempdir().unwrap();
    for file in ["a.md", "b.md", "README.md"] {
        fs::write(dir.path().join(file), "text").unwrap();
    }
    let path = dir.path().to_str().unwrap();
    let greeting = Program::start(path, "127.0.0.1:0").greeting.clone();
    assert!(greeting.starts_with(&format!("Serving 0 prompts from {path} at ")), "{greeting}");
    let ends = "prompt files end in .prompt, .hbs or .handlebars";
    assert!(greeting.contains(&format!("\nNote:        there are no prompts in {path}: {ends}\n")), "{greeting}");
    assert!(greeting.contains("\n             2 .md files are not prompts: rename to .prompt\n\n"), "{greeting}");
    // More notes than are shown.
    let odd = dir.path().join("it's odd");
    fs::create_dir(&odd).unwrap();
    for n in 0..7 {
        for extension in ["prompt", "hbs"] {
            fs::write(odd.join(format!("twice{n}.{extension}")), "text").unwrap();
        }
    }
    let greeting = Program::start(odd.to_str().unwrap(), "127.0.0.1:0").greeting.clone();
    let list = format!("prompt-gallery list --dir \"{}\"`\n", odd.display());
    assert!(greeting.contains(&list), "{greeting}");
}

#[test]
fn the_greeting_counts_no_file_that_a_prompt_shows_or_says_that_it_may() {
    let dir = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| fs::write(dir.path().join(file), text).unwrap();
    for n in 1..4 {
        write(&format!("p{n}.prompt"), &format!("{{{{media url=\"by-prompt-{n}.md\"}}}}"));
        write(&format!("by-prompt-{n}.md"), "text");
    }
    write("_unused.prompt", "{{media url=\"by-a-partial.md\"}}");
    write("by-a-partial.md", "text");
    write("stray.md", "text");
    let path = dir.path().to_str().unwrap();
    let greeting = Program::start(path, "127.0.0.1:0").greeting.clone();
    assert!(greeting.contains("\nNote:        1 .md file is not a prompt: rename to .prompt\n"), "{greeting}");
    // Only the first page is read at the start.
    let greeting = Program::start_with(path, "127.0.0.1:0", &[("PAGE_SIZE", "1")]).greeting.clone();
    let note = "4 .md files are not prompts: rename to .prompt; prompts that are not read yet may show some";
    assert!(greeting.contains(&format!("\nNote:        {note}\n")), "{greeting}");
}

#[tokio::test]
async fn what_is_wrong_with_a_folder_is_logged_once_a_version() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.hbs"), "one").unwrap();
    fs::write(dir.path().join("a.prompt"), "two").unwrap();
    fs::write(dir.path().join("broken.prompt"), "{{#if SECRET}}").unwrap();
    // A file that was just written has a new version in each listing.
    let folder = DirStore::open(dir.path()).unwrap();
    let is_settled = async || folder.list().await.unwrap() == folder.list().await.unwrap();
    eventually("the folder is settled", is_settled).await;
    let program = Program::start(dir.path().to_str().unwrap(), "127.0.0.1:0");
    assert!(program.greeting.starts_with("Serving 2 prompts (1 left out) from"), "{}", program.greeting);
    let get = r#"{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"broken"}}"#;
    program.post(get);
    for _ in 0..3 {
        assert!(program.post(get).contains("broken.prompt, line 1, column 1"));
        assert!(program.post(r#"{"jsonrpc":"2.0","id":1,"method":"prompts/list"}"#).contains(r#""name":"a""#));
    }
    let (_, log) = program.stop();
    assert_eq!(log.matches("two prompts claim one name").count(), 1, "{log}");
    assert_eq!(log.matches("`if` is opened here").count(), 1, "{log}");
    assert_eq!(log.matches("error.code=-32603").count(), 4, "{log}");
}

#[test]
fn a_file_that_is_saved_broken_is_logged_also_in_a_folder_that_took_the_place_of_another() {
    use std::os::unix::fs::symlink;
    let parent = tempfile::tempdir().unwrap();
    let at = |path: &str| parent.path().join(path);
    for folder in ["prompts", "one", "two"] {
        fs::create_dir(at(folder)).unwrap();
        fs::write(at(folder).join("a.prompt"), "good").unwrap();
    }
    let program = Program::start(at("prompts").to_str().unwrap(), "127.0.0.1:0");
    fs::remove_dir_all(at("prompts")).unwrap();
    program.logs("the folder is no longer where it was");
    fs::create_dir(at("prompts")).unwrap();
    program.logs("the folder was replaced, and the new one is watched");
    for name in ["b", "c"] {
        fs::write(at(&format!("prompts/{name}.prompt")), "{{#if").unwrap();
        program.logs(&format!("prompt.file=\"{name}.prompt\""));
    }

    symlink(at("one"), at("current")).unwrap();
    let program = Program::start(at("current").to_str().unwrap(), "127.0.0.1:0");
    symlink(at("two"), at("new")).unwrap();
    fs::rename(at("new"), at("current")).unwrap();
    program.logs("the folder was replaced, and the new one is watched");
    fs::write(at("two/b.prompt"), "{{#if").unwrap();
    program.logs("prompt.file=\"b.prompt\"");
}

#[test]
fn the_greeting_says_what_is_left_out_and_why() {
    let dir = tempfile::tempdir().unwrap();
    let write = |key: &str, text: &str| fs::write(dir.path().join(key), text).unwrap();
    write("good.prompt", "good");
    write("broken.prompt", "{{#if x}}");
    write("part.prompt", "{{> style}}");
    write("_style.prompt", "{{/if}}");
    write("NOTES.txt", "no prompt");
    std::os::unix::fs::symlink("/etc/hostname", dir.path().join("away.prompt")).unwrap();
    let program = Program::start(dir.path().to_str().unwrap(), "127.0.0.1:0");
    let greeting = &program.greeting;
    assert!(greeting.starts_with("Serving 1 prompt (3 left out) from "), "{greeting}");
    for line in [
        "broken.prompt, line 1, column 1: `if` is opened here and not closed by {{/if}}",
        "part.prompt: _style.prompt, line 1, column 1: ",
        "away.prompt: the link leaves the folder",
    ] {
        assert!(greeting.contains(line), "{greeting}");
    }
    for n in 0..9 {
        write(&format!("broken{n}.prompt"), "{{#if x}}");
    }
    let program = Program::start(dir.path().to_str().unwrap(), "127.0.0.1:0");
    let greeting = &program.greeting;
    assert!(greeting.contains("(12 left out)") && greeting.contains("and 7 more, see the log"), "{greeting}");
    assert_eq!(greeting.matches(" is opened here").count(), 5, "{greeting}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_greeting_says_why_a_bucket_refuses_a_file() {
    let s3 = S3Server::start().await;
    for key in ["fine", "part", "secret"] {
        s3.put(&format!("prompts/{key}.prompt"), if key == "part" { "{{> tone}}" } else { key });
    }
    s3.put("prompts/_tone.prompt", "tone");
    let endpoint = s3.endpoint();
    let env = [
        ("AWS_ENDPOINT_URL_S3", endpoint.as_str()),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", S3Server::ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", S3Server::SECRET_KEY),
    ];
    for (file, status, code, left_out) in [
        (
            "secret",
            403,
            "AccessDenied",
            "secret.prompt: access denied: s3://gallery/prompts/secret.prompt: AccessDenied: ",
        ),
        (
            "secret",
            403,
            "InvalidObjectState",
            "secret.prompt: refused: s3://gallery/prompts/secret.prompt: InvalidObjectState: ",
        ),
        (
            "_tone",
            400,
            "KMS.DisabledException",
            "part.prompt: _tone.prompt: refused: s3://gallery/prompts/_tone.prompt: KMS.DisabledException: ",
        ),
    ] {
        s3.set_fault(Some(Fault::RefuseKey(format!("prompts/{file}.prompt"), status, code)));
        let program = Program::start_at(&["--bucket", S3Server::BUCKET], "127.0.0.1:0", &env);
        let greeting = &program.greeting;
        assert!(greeting.starts_with("Serving 2 prompts (1 left out) from s3://gallery/prompts/ at "), "{greeting}");
        assert!(greeting.contains(&format!("\nLeft out:    {left_out}This object is refused.\n")), "{greeting}");
        assert!(!greeting.contains(S3Server::SECRET_KEY), "{greeting}");
    }
}

#[test]
fn the_greeting_has_the_address_that_clients_type() {
    let url = "https://prompts.example.com/mcp";
    let program = Program::start_with("prompts", "127.0.0.1:0", &[("PUBLIC_URL", url)]);
    let greeting = &program.greeting;
    assert!(
        greeting.contains(&format!("from prompts and 3 skills from skills at {url}, listening on 127.0.0.1:")),
        "{greeting}"
    );
    assert!(greeting.contains(&format!("curl -s {url} -H")), "{greeting}");
    assert!(greeting.contains(&format!("--transport http prompt-gallery {url}\n")), "{greeting}");
    assert!(program.post(PING).contains("200 OK"));
}

#[test]
fn the_greeting_of_an_open_address_says_that_hosts_must_be_named() {
    let anonymous = ("ALLOW_ANONYMOUS", "true");
    let says = |addr: &str, env: &[(&str, &str)]| {
        Program::start_with("prompts", addr, env).greeting.contains("set ALLOWED_HOSTS to the hosts")
    };
    assert!(says("0.0.0.0:0", &[anonymous]));
    assert!(!says("0.0.0.0:0", &[anonymous, ("ALLOWED_HOSTS", "prompts.example.com")]));
    assert!(!says("0.0.0.0:0", &[anonymous, ("PUBLIC_URL", "https://prompts.example.com/mcp")]));
    assert!(!says("127.0.0.1:0", &[anonymous]));
}

#[test]
fn the_log_has_its_start_and_its_end() {
    let program = Program::start("prompts", "127.0.0.1:0");
    let started = program.logs("started");
    assert!(started.contains(&format!("address={} store=\"prompts\" version=", program.host())), "{started}");
    assert!(program.logs("first listing").contains("prompts.left_out=0"));
    let (code, log) = program.stop();
    let (stopping, stopped) = (log.find("stopping signal=\"SIGTERM\""), log.find("stopped"));
    assert!(code == Some(0) && stopping.is_some() && stopping < stopped, "{log}");
}

#[test]
fn a_second_signal_ends_it_with_requests_under_way() {
    let program = Program::start("prompts", "127.0.0.1:0");
    let mut stream = TcpStream::connect(program.host()).unwrap();
    let host = program.host();
    write!(stream, "POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n")
        .unwrap();
    write!(stream, "Content-Length: 10\r\n\r\n").unwrap();
    // The server waits for the body.
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    program.signal_to_stop();
    program.logs("stopping");
    let (code, log) = program.stop();
    assert_eq!(code, Some(0), "{log}");
    let closed = "connections closed before their requests were answered signal=\"SIGTERM\"";
    assert!(log.contains(closed) && log.contains("stopped") && !log.contains("http.status=408"), "{log}");
}

#[test]
fn a_log_in_json_is_json_in_every_line() {
    let program = Program::start_with("prompts", "127.0.0.1:0", &[("LOG_FORMAT", "json")]);
    assert!(program.greeting.starts_with("Serving "));
    program.post(PING);
    let (_, log) = program.stop();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let messages: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["started", "first listing", "request", "stopping", "stopped"]);
    let refused =
        Command::new(env!("CARGO_BIN_EXE_prompt-gallery")).env_clear().env("LOG_FORMAT", "yaml").output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(String::from_utf8(refused.stderr).unwrap(), "prompt-gallery: LOG_FORMAT=yaml: expected text or json\n");
}

#[test]
fn a_log_line_has_the_trace_and_the_client() {
    const META: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const HEADER: &str = "0af7651916cd43dd8448eb211c80319c";
    const XRAY: &str = "1-6ad5d780-5f3c1e9a0b7d284600000001";
    let program = Program::start_with("prompts", "127.0.0.1:0", &[("LOG_FORMAT", "json")]);
    let head = |more: &str| format!("POST /mcp HTTP/1.1\r\nHost: {}\r\n{more}", program.host());
    let ping = |meta: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"_meta":{{{meta}}}}}}}"#);
    let json = "Content-Type: application/json\r\n";
    let traceparent = |id: &str| format!("traceparent: 00-{id}-00f067aa0ba902b7-01\r\n");
    let in_meta = format!(r#""traceparent":"00-{META}-00f067aa0ba902b7-01""#);
    let in_headers = format!("{json}{}X-Amzn-Trace-Id: Self=1-2-3;Root={XRAY}\r\n", traceparent(HEADER));
    let info = r#""io.modelcontextprotocol/clientInfo":{"name":"an \"app\"\n","version":"2"}"#;
    let requests = [
        // Neither.
        (head(json), ping("")),
        // `_meta` before the headers.
        (head(&format!("{in_headers}User-Agent: curl/8.17.0 (x)\r\n")), ping(&format!("{in_meta},{info}"))),
        (head(&format!("{in_headers}User-Agent: curl/8.17.0 (x)\r\n")), ping("")),
        // A broken `traceparent` is ignored, and so are two.
        (head(&in_headers), ping(r#""traceparent":"00-x-y-01""#)),
        (head(&format!("{json}{}{}", traceparent(HEADER), traceparent(META))), ping("")),
        // A refused request too; a user agent is data.
        (head(&format!("{}User-Agent: \"}}\\/\"\r\n", traceparent(HEADER))), ping("")),
    ];
    for (head, body) in &requests {
        program.send(head, body);
    }
    let (_, log) = program.stop();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let facts =
        |line: Value| ["trace.id", "xray.trace_id", "client.name", "client.version"].map(|field| line[field].clone());
    let facts: Vec<_> = lines.filter(|line| line["message"] == "request").map(facts).collect();
    let nothing = Value::Null;
    assert_eq!(
        facts,
        [
            [nothing.clone(), nothing.clone(), nothing.clone(), nothing.clone()],
            [META.into(), XRAY.into(), "an \"app\"".into(), "2".into()],
            [HEADER.into(), XRAY.into(), "curl".into(), "8.17.0".into()],
            [HEADER.into(), XRAY.into(), nothing.clone(), nothing.clone()],
            [nothing.clone(), nothing.clone(), nothing.clone(), nothing.clone()],
            [HEADER.into(), nothing, "\"}\\".into(), "\"".into()],
        ]
    );
}

#[test]
fn a_log_that_nobody_reads_stops_neither_the_answers_nor_the_end() {
    let (program, stderr) = Program::start_unread(&["--dir", "prompts"], "127.0.0.1:0", &[]);
    program.flood(7_000);
    assert_eq!(program.stop().0, Some(0));
    drop(stderr);
}

#[test]
fn the_log_says_how_many_lines_were_dropped() {
    let (mut program, stderr) = Program::start_unread(&["--dir", "prompts"], "127.0.0.1:0", &[]);
    // More lines than the queue and the pipe hold.
    program.flood(12_000);
    program.read_log(stderr);
    let line = program.logs("log lines dropped");
    let (_, count) = line.split_once(" lines=").unwrap();
    assert!((1..2_000).contains(&count.parse::<u32>().unwrap()), "{line}");
    let (code, log) = program.stop();
    assert!(code == Some(0) && log.contains("stopped"), "{log}");
}

#[test]
fn the_log_names_what_was_refused() {
    let program = Program::start("prompts", "127.0.0.1:0");
    let host = program.host();
    let long = format!("https://{}.example", "x".repeat(300));
    let refused = |head: &str, status: &str, cause: &str| {
        let answer = program.send(head, PING);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        let line = program.logs("outcome=\"error\"");
        assert!(line.contains(&format!("cause=\"{cause}")), "{line}");
        line
    };
    let json = "Content-Type: application/json\r\n";
    let post = format!("POST /mcp HTTP/1.1\r\n{json}");
    refused(&format!("{post}Host: evil.example:8080\r\n"), "403", "host: evil.example:8080\"");
    let origin = format!("{post}Host: {host}\r\nOrigin: ");
    refused(&format!("{origin}https://evil.example\r\n"), "403", "origin: https://evil.example\"");
    refused(&format!("{origin}a\tb\r\n"), "403", "origin: a b\"");
    assert!(refused(&format!("{origin}{long}\r\n"), "403", "origin: https://xxx").len() < 500);
    let preflight = format!("OPTIONS /mcp HTTP/1.1\r\nHost: {host}\r\nAccess-Control-Request-Method: POST\r\n");
    refused(&format!("{preflight}Origin: https://evil.example\r\n"), "403", "origin: https://evil.example\"");
    refused(&format!("GET /mcp HTTP/1.1\r\nHost: {host}\r\n"), "405", "method: GET\"");
    let text = format!("POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/plain\r\n");
    refused(&text, "415", "content-type: text/plain\"");
    refused(&format!("POST /mcp HTTP/1.1\r\nHost: {host}\r\n"), "415", "no content-type\"");
    refused(&format!("{post}Host: {host}\r\nContent-Encoding: gzip\r\n"), "415", "content-encoding: gzip\"");
    let answer = program.send(&format!("{post}Host: {host}\r\n"), &" ".repeat(1024 * 1024 + 1));
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let line = program.logs("http.status=413");
    assert!(line.contains("cause=\"the body is longer than 1 MiB\""), "{line}");
}

#[test]
fn a_file_that_is_saved_while_serving_is_told_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let write = |key: &str, text: &str| fs::write(dir.path().join(key), text).unwrap();
    write("a.prompt", "{{> style}}");
    write("_style.prompt", "plain");
    let program = Program::start(dir.path().to_str().unwrap(), "127.0.0.1:0");
    program.logs("first listing");
    write("a.prompt", "one\n{{#if x}}");
    let line = program.logs("prompt left out");
    assert!(line.contains("prompt.file=\"a.prompt\" line=2 column=1 cause=\"`if` is opened here"), "{line}");
    write("a.prompt", "{{> style}}");
    assert!(program.logs("prompt is served again").contains("prompt.file=\"a.prompt\""));
    write("_style.prompt", "{{/if}}");
    assert!(program.logs("prompt left out").contains("prompt.file=\"_style.prompt\""));
    write("_style.prompt", "plain");
    assert!(program.logs("prompt is served again").contains("prompt.file=\"a.prompt\""));
    fs::remove_file(dir.path().join("_style.prompt")).unwrap();
    assert!(program.logs("prompt left out").contains("there is no partial `style`"));
    write("new.prompt", "{{#if x}}");
    assert!(program.logs("prompt left out").contains("prompt.file=\"new.prompt\""));
    assert_eq!(program.stop().0, Some(0));
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
