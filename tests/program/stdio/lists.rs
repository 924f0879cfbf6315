//! The notifications of changed lists.

use std::fs;

use serde_json::{Value, json};

use super::{Gallery, files, initialize, modern, names, notification, request};
use crate::s3::S3Server;

const CHANGED: &str = "notifications/prompts/list_changed";
const TOOLS_CHANGED: &str = "notifications/tools/list_changed";
/// A prompt that is a tool.
const PLAN: &str = "---\ndescription: Plans a trip.\ntool: true\ninput: {schema: {city: string}}\n---\nPlan {{city}}";

fn listen(id: &str, filter: &Value) -> Value {
    modern(id, "subscriptions/listen", json!({ "notifications": filter }))
}

fn changed(subscription: &str) -> Value {
    told(CHANGED, subscription)
}

fn told(method: &str, subscription: &str) -> Value {
    let meta = json!({ "io.modelcontextprotocol/subscriptionId": subscription });
    json!({ "jsonrpc": "2.0", "method": method, "params": { "_meta": meta } })
}

/// The names of the tools that are prompts.
fn prompt_tools(list: &Value) -> Vec<&str> {
    let tools = list["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap());
    tools.filter(|name| !["add", "multiply", "search_prompts", "get_prompt", "open_gallery"].contains(name)).collect()
}

#[test]
fn a_handshake_client_is_told_after_it_is_initialized() {
    let dir = files();
    let mut gallery = Gallery::over(&dir);
    gallery.ask(&initialize("2025-11-25", json!({})));
    gallery.ask(&request(1, "prompts/list", json!({})));
    fs::write(dir.path().join("early.hbs"), "Early").unwrap();
    gallery.says_nothing();
    gallery.send(&notification("notifications/initialized", json!({})));
    gallery.ask(&request(2, "prompts/list", json!({})));
    fs::write(dir.path().join("new.hbs"), "New").unwrap();
    assert_eq!(gallery.next(), json!({ "jsonrpc": "2.0", "method": CHANGED }));
    assert!(names(&gallery.ask(&request(3, "prompts/list", json!({})))).contains(&"new"));
    fs::remove_file(dir.path().join("new.hbs")).unwrap();
    assert_eq!(gallery.next()["method"], CHANGED);
    // Files that the list says nothing of.
    fs::write(dir.path().join("notes.txt"), "Notes").unwrap();
    fs::write(dir.path().join("broken.prompt"), "{{#if}}").unwrap();
    gallery.logs("broken.prompt");
    gallery.says_nothing();
}

#[test]
fn a_modern_client_is_told_on_its_subscription() {
    let dir = files();
    let mut gallery = Gallery::over(&dir);
    let filter =
        json!({ "promptsListChanged": true, "toolsListChanged": true, "resourceSubscriptions": ["file:///a"] });
    let acknowledged = gallery.ask(&listen("l", &filter));
    assert_eq!(
        acknowledged,
        json!({
            "jsonrpc": "2.0",
            "method": "notifications/subscriptions/acknowledged",
            "params": {
                "_meta": { "io.modelcontextprotocol/subscriptionId": "l" },
                "notifications": { "promptsListChanged": true, "toolsListChanged": true }
            }
        })
    );
    fs::write(dir.path().join("new.hbs"), "New").unwrap();
    // It is no tool, so the list of tools is the same.
    assert_eq!(gallery.next(), changed("l"));
    // A second one, and one that wants nothing of it.
    gallery.ask(&listen("m", &json!({ "promptsListChanged": true })));
    gallery.ask(&listen("n", &json!({ "promptsListChanged": false })));
    fs::remove_file(dir.path().join("new.hbs")).unwrap();
    let mut told = [gallery.next(), gallery.next()].map(|message| message.to_string());
    told.sort();
    assert_eq!(told, [changed("l").to_string(), changed("m").to_string()]);
    // A cancelled one gets nothing more.
    gallery.send(&notification("notifications/cancelled", json!({ "requestId": "l" })));
    gallery.ask(&request(1, "ping", json!({})));
    fs::write(dir.path().join("other.hbs"), "Other").unwrap();
    assert_eq!(gallery.next(), changed("m"));
    let (code, mut last, _) = gallery.end();
    last.sort();
    let ends: Vec<Value> = last.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, ends.len()), (Some(0), 2));
    for (end, id) in ends.iter().zip(["m", "n"]) {
        assert_eq!((&end["id"], &end["result"]["resultType"]), (&json!(id), &json!("complete")));
        let meta = &end["result"]["_meta"];
        assert_eq!(meta["io.modelcontextprotocol/subscriptionId"], id);
        assert_eq!(meta["io.modelcontextprotocol/serverInfo"]["name"], "prompt-gallery");
    }
}

#[test]
fn a_connection_has_200_subscriptions_at_most() {
    let dir = files();
    let mut gallery = Gallery::over(&dir);
    let filter = json!({ "promptsListChanged": true });
    for number in 0..200 {
        let acknowledged = gallery.ask(&listen(&format!("l-{number}"), &filter));
        assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged", "{acknowledged}");
    }
    let refused = gallery.ask(&listen("one-more", &filter));
    let message = "all 200 subscriptions of this connection are open: cancel one";
    assert_eq!(refused["error"], json!({ "code": -32600, "message": message }));
    gallery.send(&notification("notifications/cancelled", json!({ "requestId": "l-7" })));
    let acknowledged = gallery.ask(&listen("one-more", &filter));
    assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged", "{acknowledged}");
}

#[test]
fn a_subscription_is_checked() {
    let dir = files();
    let mut gallery = Gallery::over(&dir);
    assert_eq!(gallery.ask(&modern(1, "subscriptions/listen", json!({})))["error"]["code"], -32602);
    let ill_typed = gallery.ask(&listen("l", &json!({ "promptsListChanged": "yes" })));
    assert!(ill_typed["error"]["message"].as_str().unwrap().contains("promptsListChanged"), "{ill_typed}");
    let handshake = gallery.ask(&request(2, "subscriptions/listen", json!({ "notifications": {} })));
    assert_eq!(handshake["error"]["code"], -32601);
    // The id of a subscription is in use.
    gallery.ask(&listen("l", &json!({})));
    assert_eq!(gallery.ask(&request("l", "ping", json!({})))["error"]["code"], -32600);
}

#[test]
fn a_change_right_after_the_acknowledgement_is_not_missed() {
    for _ in 0..5 {
        let dir = files();
        let mut gallery = Gallery::over(&dir);
        gallery.ask(&listen("l", &json!({ "promptsListChanged": true })));
        fs::write(dir.path().join("new.hbs"), "New").unwrap();
        assert_eq!(gallery.next(), changed("l"));
    }
}

#[test]
fn a_handshake_client_is_told_of_the_tools_that_are_prompts() {
    let dir = files();
    let file = |name: &str| dir.path().join(name);
    let mut gallery = Gallery::over(&dir);
    let hello = gallery.ask(&initialize("2025-11-25", json!({})));
    assert_eq!(hello["result"]["capabilities"]["tools"], json!({ "listChanged": true }));
    gallery.send(&notification("notifications/initialized", json!({})));
    assert!(prompt_tools(&gallery.ask(&request(1, "tools/list", json!({})))).is_empty());
    let both = [CHANGED, TOOLS_CHANGED].map(|method| json!({ "jsonrpc": "2.0", "method": method }));
    let next_two = |gallery: &Gallery| [gallery.next(), gallery.next()];
    // One comes, says something else, is a prompt alone for a while, and goes.
    fs::write(file("plan.prompt"), PLAN).unwrap();
    assert_eq!(next_two(&gallery), both);
    assert_eq!(prompt_tools(&gallery.ask(&request(2, "tools/list", json!({})))), ["plan"]);
    fs::write(file("plan.prompt"), PLAN.replace("city: string", "city?: string")).unwrap();
    assert_eq!(next_two(&gallery), both);
    fs::write(file("plan.prompt"), PLAN.replace("tool: true\n", "")).unwrap();
    assert_eq!(next_two(&gallery), both);
    assert!(prompt_tools(&gallery.ask(&request(3, "tools/list", json!({})))).is_empty());
    fs::write(file("plan.prompt"), PLAN).unwrap();
    assert_eq!(next_two(&gallery), both);
    fs::remove_file(file("plan.prompt")).unwrap();
    assert_eq!(next_two(&gallery), both);
}

#[test]
fn a_change_that_the_list_of_tools_does_not_show_is_not_told() {
    let dir = files();
    let file = |name: &str| dir.path().join(name);
    fs::write(file("plan.prompt"), PLAN).unwrap();
    let mut gallery = Gallery::over(&dir);
    gallery.ask(&listen("t", &json!({ "toolsListChanged": true })));
    gallery.ask(&listen("p", &json!({ "promptsListChanged": true })));
    let is_told_of_prompts_alone = |name: &str, text: &str| {
        fs::write(file(name), text).unwrap();
        assert_eq!(gallery.next(), changed("p"), "{name}");
    };
    is_told_of_prompts_alone("plain.hbs", "Good morning");
    is_told_of_prompts_alone("new.hbs", "New");
    is_told_of_prompts_alone("plan.prompt", &PLAN.replace("Plan {{", "Plan the trip to {{"));
    // The tool of this name is the gallery's own.
    is_told_of_prompts_alone("add.prompt", PLAN);
    gallery.says_nothing();
    fs::write(file("other.prompt"), PLAN).unwrap();
    assert_eq!([gallery.next(), gallery.next()], [changed("p"), told(TOOLS_CHANGED, "t")]);
}

#[test]
fn a_tool_right_after_the_acknowledgement_is_not_missed_and_other_prompts_are_not_told() {
    for _ in 0..5 {
        let dir = files();
        let mut gallery = Gallery::over(&dir);
        gallery.ask(&listen("l", &json!({ "toolsListChanged": true })));
        fs::write(dir.path().join("plain.hbs"), "Good morning").unwrap();
        gallery.says_nothing();
        fs::write(dir.path().join("plan.prompt"), PLAN).unwrap();
        assert_eq!(gallery.next(), told(TOOLS_CHANGED, "l"));
        let mut gallery = Gallery::over(&dir);
        gallery.ask(&listen("m", &json!({ "toolsListChanged": true })));
        fs::remove_file(dir.path().join("plan.prompt")).unwrap();
        assert_eq!(gallery.next(), told(TOOLS_CHANGED, "m"));
    }
}

#[test]
fn without_prompt_tools_the_list_of_tools_never_changes() {
    let dir = files();
    let mut gallery = Gallery::start_with(&["--dir", crate::name(dir.path())], &[("PROMPT_TOOLS", "off")]);
    let discovered = gallery.ask(&modern(1, "server/discover", json!({})));
    let capabilities = &discovered["result"]["capabilities"];
    assert_eq!((&capabilities["tools"], &capabilities["prompts"]), (&json!({}), &json!({ "listChanged": true })));
    let hello = gallery.ask(&initialize("2025-11-25", json!({})));
    assert_eq!(hello["result"]["capabilities"]["tools"], json!({}));
    gallery.send(&notification("notifications/initialized", json!({})));
    let acknowledged = gallery.ask(&listen("l", &json!({ "toolsListChanged": true })));
    assert_eq!(acknowledged["params"]["notifications"], json!({}));
    gallery.ask(&request(2, "prompts/list", json!({})));
    fs::write(dir.path().join("plan.prompt"), PLAN).unwrap();
    assert_eq!(gallery.next()["method"], CHANGED);
    gallery.says_nothing();
}

#[tokio::test]
async fn a_bucket_is_listed_again_while_a_client_listens() {
    let s3 = S3Server::start().await;
    s3.put("prompts/talk.prompt", crate::TALK);
    let endpoint = s3.endpoint();
    let mut env = crate::s3_env(&endpoint).to_vec();
    env.push(("CACHE_TTL_SECONDS", "1"));
    let mut gallery = Gallery::start_with(&["--bucket", S3Server::BUCKET], &env);
    gallery.ask(&request(0, "prompts/list", json!({})));
    gallery.ask(&listen("l", &json!({ "promptsListChanged": true })));
    s3.put("prompts/new.prompt", "New");
    assert_eq!(gallery.next(), changed("l"));
    gallery.ask(&listen("t", &json!({ "toolsListChanged": true })));
    s3.put("prompts/other.prompt", "Other");
    assert_eq!(gallery.next(), changed("l"));
    s3.put("prompts/plan.prompt", PLAN);
    assert_eq!([gallery.next(), gallery.next()], [changed("l"), told(TOOLS_CHANGED, "t")]);
    gallery.send(&notification("notifications/cancelled", json!({ "requestId": "l" })));
    gallery.send(&notification("notifications/cancelled", json!({ "requestId": "t" })));
    gallery.ask(&request(1, "ping", json!({})));
    // Nobody listens, and the bucket is left alone.
    let before = s3.requests();
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    assert!(s3.requests().total <= before.total + 1);
}
