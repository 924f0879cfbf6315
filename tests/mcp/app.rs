//! The gallery as an MCP App: `open_gallery` and its page.

use insta::assert_snapshot;
use prompt_gallery::Server;
use serde_json::{Value, json};

use crate::wire::Wire;
use crate::{GALLERY, HANDSHAKE, call, server};

const URI: &str = "ui://prompt-gallery/gallery.html";
const EXTENSION: &str = "io.modelcontextprotocol/ui";

async fn listed(wire: &Wire, list: &str) -> Vec<Value> {
    let listed = wire.modern(&format!("{list}/list"), json!({})).await.json();
    for version in HANDSHAKE {
        let handshake = wire.handshake(version, &format!("{list}/list"), json!({})).await.json();
        assert_eq!(handshake["result"][list], listed["result"][list], "{version}");
    }
    listed["result"][list].as_array().unwrap().clone()
}

fn find<'l>(list: &'l [Value], key: &str, value: &str) -> Option<&'l Value> {
    list.iter().find(|row| row[key] == value)
}

#[tokio::test]
async fn the_tool_names_a_page_that_a_host_can_read() {
    let wire = server().await;
    let (tools, resources) = (listed(&wire, "tools").await, listed(&wire, "resources").await);
    let tool = find(&tools, "name", "open_gallery").unwrap();
    assert_eq!(tool["_meta"], json!({ "ui": { "resourceUri": URI }, "ui/resourceUri": URI }));
    let row = find(&resources, "uri", URI).unwrap();
    assert_snapshot!(row, @r#"{"uri":"ui://prompt-gallery/gallery.html","name":"Prompt gallery","description":"The prompts of the team as an app in a chat.","mimeType":"text/html;profile=mcp-app","_meta":{"ui":{"csp":{"connectDomains":[],"resourceDomains":[]},"prefersBorder":true}}}"#);
    let modern = wire.modern("resources/read", json!({ "uri": URI })).await.json()["result"]["contents"].take();
    for version in HANDSHAKE {
        let handshake = wire.handshake(version, "resources/read", json!({ "uri": URI })).await.json();
        assert_eq!(handshake["result"]["contents"], modern);
    }
    let [content] = modern.as_array().unwrap().as_slice() else { panic!("{modern}") };
    assert_eq!(
        (&content["uri"], &content["mimeType"], &content["_meta"]),
        (&row["uri"], &row["mimeType"], &row["_meta"])
    );
    let html = content["text"].as_str().unwrap();
    assert!(html.to_ascii_lowercase().starts_with("<!doctype html>"), "{html}");
    // One file: a host loads nothing else.
    for link in ["<link", "src=\"/", "src=\"./", "src=\"http"] {
        assert!(!html.contains(link), "{link}");
    }
}

#[tokio::test]
async fn the_tool_answers_what_a_search_answers() {
    let wire = server().await;
    for query in ["", "hello", "no such prompt at all"] {
        let arguments = json!({ "query": query }).to_string();
        let (opened, found) =
            (call(&wire, "open_gallery", &arguments).await, call(&wire, "search_prompts", &arguments).await);
        assert_eq!(opened, found, "{query}");
    }
    assert_eq!(call(&wire, "open_gallery", "{}").await, call(&wire, "search_prompts", "{}").await);
    assert_eq!(call(&wire, "open_gallery", r#"{"name":" "}"#).await, call(&wire, "search_prompts", "{}").await);
}

#[tokio::test]
async fn with_a_name_it_answers_that_prompt() {
    let wire = server().await;
    let opened: Value =
        serde_json::from_str(&call(&wire, "open_gallery", r#"{"name":"hello","query":"x"}"#).await).unwrap();
    let all: Value = serde_json::from_str(&call(&wire, "search_prompts", "{}").await).unwrap();
    let hello = find(all["structuredContent"]["prompts"].as_array().unwrap(), "name", "hello").unwrap();
    assert_eq!(opened["structuredContent"], json!({ "prompts": [hello], "total": 1 }));
    assert_eq!(opened["content"], json!([{ "type": "text", "text": opened["structuredContent"].to_string() }]));
    assert_snapshot!(call(&wire, "open_gallery", r#"{"name":"helo"}"#).await, @r#"{"content":[{"type":"text","text":"unknown prompt `helo`, did you mean `hello`? search_prompts finds prompts."}],"isError":true}"#);
    let broken = call(&wire, "open_gallery", r#"{"name":"broken_yaml"}"#).await;
    assert!(broken.contains("prompt `broken_yaml` cannot be rendered: broken/yaml.prompt, line 2"), "{broken}");
    assert_snapshot!(call(&wire, "open_gallery", r#"{"tag":"x"}"#).await, @r#"{"content":[{"type":"text","text":"Invalid argument `tag`: unknown field `tag`, expected `query` or `name`."}],"isError":true}"#);
}

#[tokio::test]
async fn without_page_or_tools_there_is_no_app() {
    for setting in ["GALLERY_PAGE", "PROMPT_TOOLS"] {
        let wire = Wire::new(Server::new(), GALLERY, &[(setting, "off")]).await;
        let (tools, resources) = (listed(&wire, "tools").await, listed(&wire, "resources").await);
        assert_eq!((find(&tools, "name", "open_gallery"), find(&resources, "uri", URI)), (None, None), "{setting}");
        let read = wire.modern("resources/read", json!({ "uri": URI })).await.json();
        assert_eq!(read["error"]["code"], -32602, "{setting}");
        let called = wire.modern("tools/call", json!({ "name": "open_gallery" })).await.json();
        assert_eq!(called["error"]["message"], "unknown tool `open_gallery`", "{setting}");
        let discovered = wire.modern("server/discover", json!({})).await.json();
        let extensions = discovered["result"]["capabilities"]["extensions"].as_object().unwrap();
        assert!(!extensions.contains_key(EXTENSION), "{setting}");
        assert_eq!(extensions.len(), 1, "{setting}");
    }
}

#[tokio::test]
async fn a_prompt_is_no_tool_of_this_name() {
    let files = [("open_gallery.prompt", "---\ndescription: O\ntool: true\n---\nO")];
    let (wire, _dir) = crate::server_of(&files).await;
    let tools = listed(&wire, "tools").await;
    assert_eq!(tools.iter().filter(|tool| tool["name"] == "open_gallery").count(), 1);
    let opened: Value = serde_json::from_str(&call(&wire, "open_gallery", "{}").await).unwrap();
    assert_eq!(opened["structuredContent"]["total"], 1);
}
