//! What a client sends over one connection.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::runtime::Runtime;

use super::service;

thread_local! {
    static SERVER: (Runtime, Router) = (service::runtime(), service::open());
}

/// Longer than any request takes.
const PATIENCE: Duration = Duration::from_secs(8);

/// Each answer has a status line, and no request makes the server fail.
pub fn run(input: &[u8]) {
    let answers = SERVER.with(|(runtime, app)| {
        runtime.block_on(async {
            let (mut client, server) = duplex(256 * 1024);
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .half_close(true)
                .serve_connection(TokioIo::new(server), TowerToHyperService::new(app.clone()));
            let talk = async {
                // The server may stop to read.
                let _ = client.write_all(input).await;
                let _ = client.shutdown().await;
                let mut answers = Vec::new();
                let _ = client.read_to_end(&mut answers).await;
                answers
            };
            let both = async { tokio::join!(connection, talk).1 };
            tokio::time::timeout(PATIENCE, both).await.expect("the end of the connection")
        })
    });
    check(&answers);
}

/// The first answer's head, and its body where that is the last thing.
fn check(answers: &[u8]) {
    if answers.is_empty() {
        return;
    }
    let end = answers.windows(4).position(|four| four == b"\r\n\r\n").expect("the end of a head");
    let (head, rest) = (String::from_utf8_lossy(&answers[..end]).into_owned(), &answers[end + 4..]);
    let status: u16 = head.get(9..12).and_then(|status| status.parse().ok()).expect("a status line");
    if status == 100 {
        return check(rest);
    }
    assert!((200..500).contains(&status) || status == 503, "{head}");
    let field = |name: &str| {
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned()).next()
    };
    let length: Option<usize> = field("content-length").and_then(|length| length.parse().ok());
    if length == Some(rest.len()) && !rest.is_empty() && field("content-type").as_deref() == Some("application/json") {
        serde_json::from_slice::<serde_json::Value>(rest).expect("JSON");
    }
}
