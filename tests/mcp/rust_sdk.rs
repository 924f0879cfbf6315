//! The official Rust SDK as the client, over a real connection, in both eras.

use prompt_gallery::Server;
use rmcp::model::{
    CallToolRequestParams, ClientConfig, ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationCapability,
    ErrorCode, ErrorData, GetPromptRequestParams, JsonObject, ProtocolVersion,
};
use rmcp::service::{RequestContext, RoleClient, ServiceError};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt};
use serde_json::{Value, json};

use crate::wire;

async fn serve() -> String {
    let app = Server::new().app(&wire::config("tests/data/gallery", &[("PAGE_SIZE", "2")])).expect("a server");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/mcp", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

fn object(value: &Value) -> JsonObject {
    value.as_object().cloned().expect("an object")
}

async fn list_get_complete_and_call(lifecycle: ClientLifecycleMode, version: ProtocolVersion) {
    let transport = StreamableHttpClientTransport::from_uri(serve().await);
    let client = ClientConfig::default().serve_with_lifecycle(transport, lifecycle).await.expect("a connection");
    assert_eq!(client.peer_info().map(|info| info.protocol_version.clone()), Some(version));

    let prompts = client.list_all_prompts().await.expect("prompts");
    let names: Vec<_> = prompts.iter().map(|prompt| prompt.name.as_str()).collect();
    assert_eq!(names, ["bare", "broken_variable", "hello", "team_code-review--strict", "typed"]);

    let hello = GetPromptRequestParams::new("hello").with_arguments(object(&json!({ "name": "Ada" })));
    let prompt = client.get_prompt(hello).await.expect("a prompt");
    let message = serde_json::to_value(&prompt.messages[0]).expect("JSON");
    let text = json!({ "type": "text", "text": "Say hello to Ada in a warm way." });
    assert_eq!((prompt.messages.len(), &message["role"], &message["content"]), (1, &json!("user"), &text));

    let unknown = client.get_prompt(GetPromptRequestParams::new("helo")).await;
    assert!(matches!(unknown, Err(ServiceError::McpError(e)) if e.code == ErrorCode::INVALID_PARAMS));

    let moods = client.complete_prompt_simple("hello", "mood", "w").await.expect("values");
    assert_eq!(moods, ["warm"]);

    let tools = client.list_all_tools().await.expect("tools");
    assert_eq!(
        tools.iter().map(|tool| tool.name.as_ref()).collect::<Vec<_>>(),
        ["add", "multiply", "search_prompts", "get_prompt", "open_gallery"]
    );
    let add = CallToolRequestParams::new("add").with_arguments(object(&json!({ "a": 2, "b": 3 })));
    let sum = client.call_tool(add).await.expect("a result");
    assert_eq!((sum.structured_content, sum.is_error), (Some(json!({ "result": 5 })), Some(false)));

    client.cancel().await.expect("an end");
}

#[tokio::test]
async fn the_handshake_client_lists_gets_completes_and_calls() {
    list_get_complete_and_call(ClientLifecycleMode::Initialize, ProtocolVersion::V_2025_11_25).await;
}

#[tokio::test]
async fn the_modern_client_lists_gets_completes_and_calls() {
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    list_get_complete_and_call(ClientLifecycleMode::Discover { preferred_versions }, ProtocolVersion::V_2026_07_28)
        .await;
}

#[tokio::test]
async fn a_client_that_probes_stays_modern() {
    let lifecycle = ClientLifecycleMode::Auto {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        legacy_version: Some(ProtocolVersion::V_2025_11_25),
    };
    list_get_complete_and_call(lifecycle, ProtocolVersion::V_2026_07_28).await;
}

/// A client that fills in forms, at first with text for a number.
struct Person;

impl ClientHandler for Person {
    fn get_info(&self) -> ClientConfig {
        let mut config = ClientConfig::default();
        config.capabilities.elicitation = Some(ElicitationCapability::new());
        config
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let ElicitRequestParams::FormElicitationParams { message, requested_schema, .. } = request else {
            return Ok(ElicitResult::new(ElicitationAction::Decline));
        };
        let answer = if message.contains("whole number") { "3" } else { "three" };
        let answers: JsonObject = requested_schema.properties.into_keys().map(|name| (name, answer.into())).collect();
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(answers.into()))
    }
}

#[tokio::test]
async fn a_person_is_asked_for_the_arguments_until_they_fit() {
    let transport = StreamableHttpClientTransport::from_uri(serve().await);
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    let lifecycle = ClientLifecycleMode::Discover { preferred_versions };
    let client = Person.serve_with_lifecycle(transport, lifecycle).await.expect("a connection");
    let typed = GetPromptRequestParams::new("typed").with_arguments(object(&json!({ "note": "n" })));
    let prompt = client.get_prompt(typed).await.expect("a prompt");
    let message = serde_json::to_value(&prompt.messages[0]).expect("JSON");
    assert_eq!(message["content"]["text"], "3 kg at 0.5 (n)");
    client.cancel().await.expect("an end");
}
