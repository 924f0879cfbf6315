//! How the process ends.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Gallery, files, modern, request};
use crate::s3::{Fault, S3Server};

#[test]
fn answers_under_way_are_written_after_the_end_of_the_input() {
    let dir = files();
    let gallery = {
        let mut gallery = Gallery::over(&dir);
        for id in 0..100 {
            gallery.send(&request(id, "prompts/get", json!({ "name": "talk", "arguments": { "who": "Ada" } })));
        }
        gallery
    };
    let (code, messages, log) = gallery.end();
    assert_eq!((code, messages.len()), (Some(0), 100), "{log}");
}

#[test]
fn the_last_line_needs_no_end() {
    let ran = crate::run_with(
        &["stdio"],
        &[("PROMPT_DIR", "tests/data/gallery")],
        r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
    );
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n"));
}

#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    let s3 = S3Server::start().await;
    let endpoint = s3.endpoint();
    s3.set_fault(Some(Fault::SlowDown));
    let mut gallery = Gallery::start_with(&["--bucket", S3Server::BUCKET], &crate::s3_env(&endpoint));
    gallery.send(&modern(1, "prompts/list", json!({})));
    let (code, messages, _) = gallery.end();
    assert_eq!((code, messages.len()), (Some(0), 1));
    assert!(messages[0].contains("prompt store unavailable"), "{messages:?}");
}

#[test]
fn signals_end_it_with_success() {
    for signal in ["-TERM", "-INT"] {
        let dir = files();
        let mut gallery = Gallery::over(&dir);
        gallery.ask(&modern("l", "subscriptions/listen", json!({ "notifications": {} })));
        gallery.signal(signal);
        let (code, messages, log) = gallery.ended();
        assert_eq!((code, messages.len()), (Some(0), 1), "{signal}: {log}");
        assert!(messages[0].contains("\"resultType\":\"complete\""), "{messages:?}");
    }
}

/// The program with its input and its output in pipes.
fn started(dir: &tempfile::TempDir) -> Child {
    let mut command = crate::program();
    command.args(["stdio", "--dir", crate::name(dir.path())]).stderr(Stdio::null());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_second_signal_ends_it_although_nobody_reads_its_answers() {
    let dir = files();
    let mut child = started(&dir);
    let mut stdin = child.stdin.take().unwrap();
    // More answers than a pipe holds. It reads no further than it can answer.
    let line = request(1, "tools/list", json!({})).to_string() + "\n";
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let ask = thread::spawn(move || {
        while stdin.write_all(line.as_bytes()).is_ok() {
            count.fetch_add(1, Relaxed);
        }
    });
    let mut answer = [0];
    child.stdout.as_mut().unwrap().read_exact(&mut answer).unwrap();
    let mut before = 0;
    while asked.load(Relaxed) != before {
        before = asked.load(Relaxed);
        thread::sleep(Duration::from_secs(1));
    }
    let id = child.id().to_string();
    let signal = || assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    signal();
    thread::sleep(Duration::from_millis(500));
    assert!(child.try_wait().unwrap().is_none(), "it waits for a reader");
    signal();
    let signalled = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(
            signalled.elapsed() < Duration::from_secs(20),
            "it waits on, as it does for 25 seconds after one signal"
        );
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
    ask.join().unwrap();
}

#[test]
fn a_closed_output_ends_it_with_success() {
    let dir = files();
    let mut child = started(&dir);
    drop(child.stdout.take());
    // The input stays open.
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
