//! What a client sends over one connection.

use std::time::Duration;

use axum::Router;
use prompt_gallery::port;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use super::service;

thread_local! {
    static SERVER: (Runtime, Router, TcpListener) = {
        let runtime = service::runtime();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        (runtime, service::open(), listener)
    };
}

/// Longer than any connection takes whose client sends no more.
const PATIENCE: Duration = Duration::from_secs(9);

/// Each answer has a status line, and no request makes the server fail.
pub fn run(input: &[u8]) {
    let answers = SERVER.with(|(runtime, app, listener)| {
        runtime.block_on(async {
            let address = listener.local_addr().expect("an address");
            let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
            let (mut client, server) = (client.expect("a connection"), accepted.expect("a connection").0);
            let talk = async {
                let (mut from, mut to) = client.split();
                let send = async {
                    // The server may have closed the connection.
                    let _ = to.write_all(input).await;
                    let _ = to.shutdown().await;
                };
                let mut answers = Vec::new();
                let _ = tokio::join!(send, from.read_to_end(&mut answers));
                answers
            };
            let both = async { tokio::join!(port::answer(server, app.clone()), talk).1 };
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
