//! The official Rust SDK as the client, over pipes.

use std::process::Stdio;

use rmcp::model::{ClientConfig, GetPromptRequestParams, ProtocolVersion};
use rmcp::{ClientLifecycleMode, ClientServiceExt};
use serde_json::json;
use tokio::process::Command;

async fn list_and_get(lifecycle: ClientLifecycleMode, version: ProtocolVersion) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"))
        .args(["stdio", "--dir", "tests/data/gallery"])
        .env_clear()
        .env("PAGE_SIZE", "2")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let transport = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
    let client = ClientConfig::default().serve_with_lifecycle(transport, lifecycle).await.unwrap();
    assert_eq!(client.peer_info().map(|info| info.protocol_version.clone()), Some(version));
    let prompts = client.list_all_prompts().await.unwrap();
    let names: Vec<_> = prompts.iter().map(|prompt| prompt.name.as_str()).collect();
    assert_eq!(names, ["bare", "broken_variable", "hello", "team_code-review--strict", "typed"]);
    let arguments = json!({ "name": "Ada" }).as_object().cloned().unwrap();
    let prompt = client.get_prompt(GetPromptRequestParams::new("hello").with_arguments(arguments)).await.unwrap();
    let message = serde_json::to_value(&prompt.messages[0]).unwrap();
    assert_eq!(message["content"]["text"], "Say hello to Ada in a warm way.");
    client.cancel().await.unwrap();
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn the_handshake_client_lists_and_gets() {
    list_and_get(ClientLifecycleMode::Initialize, ProtocolVersion::V_2025_11_25).await;
}

#[tokio::test]
async fn the_modern_client_lists_and_gets() {
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    list_and_get(ClientLifecycleMode::Discover { preferred_versions }, ProtocolVersion::V_2026_07_28).await;
}
