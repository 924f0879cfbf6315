//! A tool that reports progress. `tests/program/stdio` has the rest, over pipes.

use std::time::Duration;

use gallery::{Content, Gallery};
use serde_json::{Value, json};
use server::mcp::Mcp;
use server::tools::{Tool, ToolReply, Tools};
use store::DirStore;
use tokio::sync::mpsc;

use super::connection::Connection;
use super::lines::Line;
use super::*;

#[tokio::test]
async fn progress_comes_before_the_response_to_those_who_ask_for_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Arc::new(DirStore::open(dir.path()).expect("a folder"));
    let gallery = Arc::new(Gallery::new(store, Duration::ZERO, 10));
    let tool = Tool::with_reply("steps", "Steps.", json!({ "type": "object" }), |call| async move {
        for step in 0..3 {
            call.progress.report(f64::from(step), None, "Stepping");
            tokio::task::yield_now().await;
        }
        Ok(ToolReply::Complete { content: vec![Content::text("Stepped.")], structured: None })
    });
    let mcp = Arc::new(Mcp::new(gallery, Tools::new(vec![tool]).expect("a tool")).with_live_lists());
    let (to_client, mut sent) = mpsc::channel(64);
    let mut connection = Connection::new(mcp, to_client, Arc::new(Lists::default()));
    for (id, token) in [(1, json!("t")), (2, Value::Null)] {
        let params = json!({ "name": "steps", "_meta": { "progressToken": token } });
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        connection.take(Line::Whole(call.to_string().into_bytes())).await;
    }
    connection.finish().await;
    let mut messages: Vec<Value> = Vec::new();
    while let Some(message) = sent.recv().await {
        messages.push(serde_json::from_slice(&message).expect("JSON"));
    }
    let (reports, responses): (Vec<_>, Vec<_>) = messages.iter().partition(|message| message["method"].is_string());
    let params = |progress: f64| json!({ "progressToken": "t", "progress": progress, "message": "Stepping" });
    assert_eq!(reports.iter().map(|report| report["params"].clone()).collect::<Vec<_>>(), [0.0, 1.0, 2.0].map(params));
    assert_eq!(responses.len(), 2);
    let last_report = messages.iter().rposition(|message| message["method"].is_string());
    assert!(last_report < messages.iter().position(|message| message["id"] == 1), "{messages:?}");
}
