//! The transcript: what the server answers on the wire, for every row of its tables, in both eras.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly, its helpers too")]

#[path = "../support/clock.rs"]
mod clock;
#[path = "../support/issuer.rs"]
mod issuer;
#[path = "../support/s3/mod.rs"]
mod s3;
#[path = "../support/waiting.rs"]
mod waiting;
#[path = "../support/wire.rs"]
mod wire;

mod any_bytes;
mod app;
mod card;
mod compression;
mod forms;
mod http;
mod json_rpc;
mod own_resources;
mod page;
mod prompt_tools;
mod prompts;
mod rust_sdk;
mod sign_in;
mod skills;
mod source;
mod stale;
mod tools;
mod versions;

use std::fs;

use prompt_gallery::Server;
use tempfile::TempDir;
use wire::Wire;

const GALLERY: &str = "tests/data/gallery";
const HANDSHAKE: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];

async fn server() -> Wire {
    Wire::new(Server::new(), GALLERY, &[]).await
}

/// A server over these files, kept in a folder for as long as that is held.
async fn server_of(files: &[(&str, &str)]) -> (Wire, TempDir) {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    (Wire::new(Server::new(), dir.path().to_str().expect("UTF-8"), &[]).await, dir)
}

/// The result of one tool call, whose arguments are JSON text so that numbers stay as written.
async fn call(wire: &Wire, name: &str, arguments: &str) -> String {
    let params = format!(r#"{{"name":"{name}","arguments":{arguments}}}"#);
    let answer = wire.post(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#)).await;
    assert_eq!(answer.status, 200);
    let body = answer.json();
    body.get("result").unwrap_or(&body["error"]).to_string()
}

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
