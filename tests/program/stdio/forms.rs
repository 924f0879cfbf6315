//! Forms for a client of a handshake revision: the server asks, because the connection lets it.

use serde_json::{Value, json};

use super::{Gallery, files, initialize, notification, request};

/// A program whose client shows forms.
fn started(dir: &tempfile::TempDir, version: &str, elicitation: Value) -> Gallery {
    let mut gallery = Gallery::over(dir);
    gallery.ask(&initialize(version, json!({ "elicitation": elicitation })));
    gallery.send(&notification("notifications/initialized", json!({})));
    gallery
}

fn answer(form: &Value, result: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": form["id"], "result": result })
}

#[test]
fn a_handshake_client_is_asked_for_missing_arguments() {
    let dir = files();
    for (version, elicitation) in
        [("2025-11-25", json!({})), ("2025-11-25", json!({ "form": {} })), ("2025-06-18", json!({}))]
    {
        let mut gallery = started(&dir, version, elicitation);
        gallery.send(&request(1, "prompts/get", json!({ "name": "tone", "arguments": { "name": "Ada" } })));
        let form = gallery.next();
        assert_eq!((&form["method"], &form["params"]["mode"]), (&json!("elicitation/create"), &json!("form")));
        let schema = &form["params"]["requestedSchema"];
        assert_eq!(schema["properties"]["tone"]["enum"], json!(["warm", "dry"]));
        assert_eq!(schema["required"], json!(["tone"]));
        // Other requests are answered meanwhile.
        assert_eq!(gallery.ask(&request(2, "ping", json!({})))["id"], 2);
        let rendered = gallery.ask(&answer(&form, json!({ "action": "accept", "content": { "tone": "dry" } })));
        assert_eq!(
            (&rendered["id"], &rendered["result"]["messages"][0]["content"]["text"]),
            (&json!(1), &json!("dry to Ada"))
        );
        assert_eq!(rendered["result"].get("resultType"), None);
    }
}

#[test]
fn a_form_is_asked_again_until_it_fits() {
    let dir = files();
    let mut gallery = started(&dir, "2025-11-25", json!({}));
    gallery.send(&request(1, "prompts/get", json!({ "name": "tone" })));
    let form = gallery.next();
    let again =
        gallery.ask(&answer(&form, json!({ "action": "accept", "content": { "tone": "loud", "name": "Ada" } })));
    assert_ne!(again["id"], form["id"]);
    assert_eq!(again["params"]["requestedSchema"]["required"], json!(["tone"]));
    let rendered = gallery.ask(&answer(&again, json!({ "action": "accept", "content": { "tone": "warm" } })));
    assert_eq!(rendered["result"]["messages"][0]["content"]["text"], "warm to Ada");
}

#[test]
fn a_form_that_is_not_filled_in_is_an_error_that_names_the_arguments() {
    let dir = files();
    for result in [json!({ "action": "decline" }), json!({ "action": "cancel" })] {
        let mut gallery = started(&dir, "2025-11-25", json!({}));
        gallery.send(&request(1, "prompts/get", json!({ "name": "talk" })));
        let form = gallery.next();
        let refused = gallery.ask(&answer(&form, result));
        assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(1), &json!(-32602)));
        assert!(refused["error"]["message"].as_str().unwrap().contains("who"), "{refused}");
    }
    // A client that fails at the form, and one that closes the input.
    let mut gallery = started(&dir, "2025-11-25", json!({}));
    gallery.send(&request(1, "prompts/get", json!({ "name": "talk" })));
    let form = gallery.next();
    let error = json!({ "jsonrpc": "2.0", "id": form["id"], "error": { "code": -32601, "message": "no" } });
    let refused = gallery.ask(&error);
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(1), &json!(-32602)));
    gallery.send(&request(2, "prompts/get", json!({ "name": "talk" })));
    gallery.next();
    let (code, messages, _) = gallery.end();
    assert_eq!((code, messages.len()), (Some(0), 1));
    assert!(messages[0].contains("\"id\":2") && messages[0].contains("-32602"), "{messages:?}");
}

#[test]
fn a_client_without_forms_is_not_asked() {
    let dir = files();
    for (version, capabilities) in [
        ("2025-11-25", json!({})),
        ("2025-11-25", json!({ "elicitation": { "url": {} } })),
        // This revision has no forms, whatever its client says.
        ("2025-03-26", json!({ "elicitation": {} })),
    ] {
        let mut gallery = Gallery::over(&dir);
        gallery.ask(&initialize(version, capabilities));
        let refused = gallery.ask(&request(1, "prompts/get", json!({ "name": "talk" })));
        assert_eq!(refused["error"]["code"], -32602, "{version}");
    }
}

#[test]
fn a_list_is_asked_for_only_where_the_revision_has_lists_in_forms() {
    let schema =
        "type: object\nproperties: {tags: {type: array, items: {type: string, enum: [a, b]}}}\nrequired: [tags]";
    let schema = schema.replace('\n', "\n    ");
    let text = format!("---\ninput:\n  schema:\n    {schema}\n---\n{{{{#each tags}}}}{{{{this}}}}{{{{/each}}}}");
    let dir = crate::folder(&[("pick.prompt", &text)]);
    let mut gallery = started(&dir, "2025-06-18", json!({}));
    let answer = gallery.ask(&request(1, "prompts/get", json!({ "name": "pick" })));
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    let mut gallery = started(&dir, "2025-11-25", json!({}));
    let form = gallery.ask(&request(1, "prompts/get", json!({ "name": "pick" })));
    assert_eq!(form["params"]["requestedSchema"]["properties"]["tags"]["type"], "array", "{form}");
}

#[test]
fn a_cancelled_request_frees_its_form() {
    let dir = files();
    let mut gallery = started(&dir, "2025-11-25", json!({}));
    for round in 0..100 {
        gallery.send(&request(1, "prompts/get", json!({ "name": "talk" })));
        assert_eq!(gallery.next()["method"], "elicitation/create", "{round}");
        gallery.send(&notification("notifications/cancelled", json!({ "requestId": 1 })));
    }
    assert_eq!(gallery.ask(&request(2, "ping", json!({})))["id"], 2);
}
