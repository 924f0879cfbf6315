//! Connections of the program itself: how many there may be, and what it does where the system gives no more. `src/port/tests.rs` has
//! each limit.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use super::{PATIENCE, PING, Program};

/// A connection on which a request was answered.
fn connect(program: &Program) -> TcpStream {
    let mut stream = TcpStream::connect(program.host()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET /health HTTP/1.1\r\nHost: {}\r\n\r\n", program.host()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    stream
}

#[test]
fn a_number_of_connections_that_the_process_cannot_have_is_refused() {
    let refused = |value: &str, files: &str| {
        let shell = format!("ulimit -n {files} && exec \"$0\" --dir prompts --addr 127.0.0.1:0");
        let mut program = Command::new("/bin/sh");
        program.args(["-c", &shell, env!("CARGO_BIN_EXE_prompt-gallery")]).env_clear().env("MAX_CONNECTIONS", value);
        let output = program.output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    for value in ["0", "-1", "many", "1.5", "65536"] {
        let expected = "expected a whole number from 1 to 65535";
        assert_eq!(refused(value, "200"), format!("prompt-gallery: MAX_CONNECTIONS={value}: {expected}\n"));
    }
    let too_many = refused("137", "200");
    assert!(too_many.starts_with("prompt-gallery: MAX_CONNECTIONS=137: expected at most 136: "), "{too_many}");
}

#[test]
fn connections_beyond_the_limit_are_refused_and_logged() {
    let program = Program::start_with("prompts", "127.0.0.1:0", &[("MAX_CONNECTIONS", "3")]);
    let connections: Vec<_> = (0..3).map(|_| connect(&program)).collect();
    let answer = program.post(PING);
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\r\nretry-after: "), "{answer}");
    let line = program.logs("request refused");
    assert!(line.contains("http.status=503") && line.contains("MAX_CONNECTIONS"), "{line}");
    drop(connections);
    while !program.post(PING).starts_with("HTTP/1.1 200 ") {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn connections_are_accepted_again_once_the_process_can_open_files() {
    use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
    let program = Program::start_with("prompts", "127.0.0.1:0", &[("MAX_CONNECTIONS", "50")]);
    let mut connections: Vec<_> = (0..10).map(|_| connect(&program)).collect();
    let open = std::fs::read_dir(format!("/proc/{}/fd", program.child.id())).unwrap().count() as u64;
    let process = Pid::from_child(&program.child);
    // Below what is open, for the program may have opened a file for a moment.
    let limit = Rlimit { current: Some(open - 3), ..getrlimit(Resource::Nofile) };
    prlimit(Some(process), Resource::Nofile, limit).unwrap();
    let mut waiting = TcpStream::connect(program.host()).unwrap();
    waiting.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(waiting, "GET /health HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", program.host()).unwrap();
    let line = program.logs("no connection is accepted for now");
    assert!(line.contains("Too many open files"), "{line}");
    // Those that are there are served.
    let other = connections.last_mut().unwrap();
    write!(other, "GET /health HTTP/1.1\r\nHost: {}\r\n\r\n", program.host()).unwrap();
    let mut answers = [0; 4096];
    let mut read = 0;
    // The first answer, whose beginning `connect` has read, and the second one.
    while !String::from_utf8_lossy(&answers[..read]).contains("HTTP/1.1 200 ") {
        match other.read(&mut answers[read..]).unwrap() {
            0 => panic!("closed: {}", String::from_utf8_lossy(&answers[..read])),
            more => read += more,
        }
    }
    // The first ones have the lowest numbers.
    connections.drain(..5);
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    program.logs("connections are accepted again");
}

#[test]
fn what_is_refused_before_a_route_is_logged() {
    let program = Program::start("prompts", "127.0.0.1:0");
    let long = format!("GET / HTTP/1.1\r\nHost: {}\r\nX: {}\r\n", program.host(), "x".repeat(70_000));
    let target = format!("GET /health?{} HTTP/1.1\r\nHost: a\r\n", "a".repeat(66_000));
    for (head, status, cause) in [
        ("GET /health HTTP/1.1\r\n", "400", "the request has no Host"),
        ("GET /health HTTP/1.1\r\nHost: a\r\nHost: a\r\n", "400", "the request has more than one Host"),
        ("GET / HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nOrigin: http://b\r\n", "400", "more than one Origin"),
        (
            "POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Type: a/b\r\n",
            "400",
            "more than one Content-Type",
        ),
        (target.as_str(), "414", "the head of the request has more than 64 KiB"),
        (long.as_str(), "431", "the head of the request has more than 64 KiB"),
        ("no http\r\n", "400", "invalid URI"),
    ] {
        let answer = program.send(head, "");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        let line = program.logs("request refused");
        assert!(line.contains(&format!("http.status={status}")) && line.contains(cause), "{line}");
    }
}

#[test]
fn what_is_refused_at_another_address_than_the_endpoint_is_logged() {
    let sign_in = [
        ("OAUTH_ISSUER", "https://issuer.example"),
        ("OAUTH_AUDIENCE", "me"),
        ("PUBLIC_URL", "https://me.example/mcp"),
        ("OAUTH_AUTHORIZE_URL", "https://issuer.example/authorize"),
        ("OAUTH_JWKS_URL", "https://127.0.0.1:9/keys"),
        ("OAUTH_TOKEN_URL", "https://issuer.example/token"),
        ("OAUTH_CLIENT_ID", "me"),
        ("OAUTH_REDIRECT_URIS", "http://localhost/callback"),
    ];
    let open = Program::start("prompts", "127.0.0.1:0");
    let signed = Program::start_with("prompts", "127.0.0.1:0", &sign_in);
    let word = "word-of-the-caller";
    let (nothing, method) = ("there is nothing at this address", "this address does not have the method");
    for (program, request, body, status, cause) in [
        (&open, "GET /word-of-the-caller", "", 404, nothing),
        (&open, "POST /mcp//", "", 404, nothing),
        (&open, "GET /assets/word-of-the-caller", "", 404, nothing),
        (&open, "POST /health", "", 405, method),
        (&open, "POST /ready", "", 405, method),
        (&open, "DELETE /", "", 405, method),
        (&open, "POST /metrics", "", 405, method),
        (&open, "POST /.well-known/agent-skills/index.json", "", 405, method),
        (&open, "GET /.well-known/agent-skills/word-of-the-caller", "", 404, "there is no such skill or file"),
        (&open, "GET /.well-known/agent-skills/%ff", "", 400, "Bad Request"),
        (&signed, "GET /register", "", 405, method),
        (&signed, "POST /register", "word-of-the-caller", 400, "invalid_client_metadata"),
        (&signed, "POST /register", r#"{"redirect_uris":["word-of-the-caller"]}"#, 400, "invalid_redirect_uri"),
    ] {
        let answer = program.send(&format!("{request} HTTP/1.1\r\nHost: {}\r\n", program.host()), body);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        let line = program.logs("request refused");
        assert!(line.contains(&format!("http.status={status}")) && line.contains(cause), "{request}: {line}");
        assert!(!line.contains(word), "{line}");
    }
    // The page is for the hosts that are allowed.
    let answer = open.send("GET / HTTP/1.1\r\nHost: evil.example\r\n", "");
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    let line = open.logs("request refused");
    assert!(line.contains("http.status=403") && line.contains("host: evil.example"), "{line}");
}

#[test]
fn an_endpoint_with_a_slash_at_its_end_is_the_same() {
    let program = Program::start("prompts", "127.0.0.1:0");
    let head = format!("POST /mcp/ HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n", program.host());
    assert!(program.send(&head, PING).contains("200 OK"));
    assert!(program.send(&head.replace("POST", "DELETE"), "").contains("405 "));
    assert!(program.send(&head.replace(program.host(), "evil.example"), PING).contains("403 "));
}

#[test]
fn an_output_that_nobody_reads_stops_neither_the_answers_nor_the_end() {
    let (_reader, mut writer) = std::io::pipe().unwrap();
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK).unwrap();
    while writer.write(&[b'x'; 4096]).is_ok() {}
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::empty()).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"))
        .args(["--dir", "prompts", "--addr", "127.0.0.1:0"])
        .env_clear()
        .stdin(std::process::Stdio::null())
        .stdout(writer)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = child.stderr.take().unwrap();
    let mut program = Program { child, greeting: String::new(), log: std::sync::mpsc::channel().1 };
    program.read_log(stderr);
    let started = program.logs("started");
    let (_, address) = started.split_once("address=").unwrap();
    program.greeting = format!("at http://{}/", address.split(' ').next().unwrap());
    program.logs("first listing");
    assert!(program.post(PING).contains("200 OK"));
    let (code, log) = program.stop();
    assert!(code == Some(0) && log.contains("stopped"), "{log}");
}
