//! Prompts that ask for their arguments.

use insta::assert_snapshot;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::wire::{Wire, meta};
use crate::{HANDSHAKE, server_of};

const TRIP: &str = "\
---
title: A trip
arguments:
  - { name: city, title: City, description: Where to go., required: true }
  - { name: days, description: For how long., required: true, type: integer }
  - { name: pace, required: true, enum: [slow, fast] }
  - { name: budget, type: number }
---
{{days}} {{pace}} days in {{city}}{{#if budget}} for {{budget}}{{/if}}.";

/// A prompt with three arguments that it needs, and a client that can show forms.
struct Trip {
    wire: Wire,
    _dir: TempDir,
}

impl Trip {
    async fn new() -> Self {
        let (wire, dir) = server_of(&[("trip.prompt", TRIP)]).await;
        Self { wire, _dir: dir }
    }

    /// `prompts/get` with these parameters; the parts of the answer that matter here.
    async fn get(&self, params: Value) -> Value {
        self.get_able(json!({ "elicitation": {} }), params).await
    }

    async fn get_able(&self, capabilities: Value, mut params: Value) -> Value {
        params["name"] = "trip".into();
        params["_meta"] = meta();
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = capabilities;
        let answer = self.wire.modern("prompts/get", params).await;
        assert_eq!(answer.status, 200);
        let mut answer = answer.json();
        match answer.get_mut("result") {
            Some(result) => {
                let server = &result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"];
                assert_eq!(server, "prompt-gallery");
                result.as_object_mut().map(|result| result.shift_remove("_meta"));
                result.take()
            }
            None => answer["error"].take(),
        }
    }
}

/// The answer of a form that was filled in with `content`.
fn accept(content: &Value) -> Value {
    json!({ "arguments": { "action": "accept", "content": content } })
}

#[tokio::test]
async fn a_client_with_forms_is_told_that_no_argument_is_required_and_which_are() {
    let (wire, _dir) = server_of(&[
        ("trip.prompt", TRIP),
        ("free.prompt", "---\ndescription: Needs nothing.\n---\nHello{{#if name}} {{name}}{{/if}}"),
        ("topic.hbs", "About {{topic}}."),
    ])
    .await;
    let list = async |capabilities: Value| {
        let mut meta = meta();
        meta["io.modelcontextprotocol/clientCapabilities"] = capabilities;
        let mut result = wire.modern("prompts/list", json!({ "_meta": meta })).await.json()["result"].take();
        assert_eq!(result["cacheScope"], "private");
        let mut prompts = result["prompts"].take();
        for prompt in prompts.as_array_mut().unwrap() {
            prompt["_meta"].as_object_mut().unwrap().shift_remove("version");
        }
        prompts
    };
    let asked = list(json!({ "elicitation": { "form": {} } })).await;
    assert_snapshot!(asked[0], @r#"{"name":"free","description":"Needs nothing.","arguments":[{"name":"name","required":false}],"_meta":{}}"#);
    assert_snapshot!(asked[1], @r#"{"name":"topic","arguments":[{"name":"topic","required":false}],"_meta":{"prompt-gallery/required":["topic"]},"description":"call without words; you will be asked"}"#);
    assert_snapshot!(asked[2], @r#"{"name":"trip","title":"A trip","arguments":[{"name":"city","title":"City","description":"Where to go.","required":false},{"name":"days","description":"For how long. (a whole number)","required":false},{"name":"pace","description":"(one of slow, fast)","required":false},{"name":"budget","description":"(a number)","required":false}],"_meta":{"prompt-gallery/required":["city","days","pace"]},"description":"call without words; you will be asked"}"#);
    assert_eq!(list(json!({ "elicitation": {} })).await, asked);
    // Every other client is told the truth in the arguments themselves.
    let told = list(json!({})).await;
    assert_eq!(told[0], asked[0]);
    assert_eq!(told[1]["arguments"][0]["required"], true);
    assert_eq!(told[2]["arguments"][0]["required"], true);
    assert_eq!(told[2]["_meta"], json!({}));
    assert_eq!(list(json!({ "elicitation": { "url": {} } })).await, told);
    let handshake = wire.handshake("2025-11-25", "prompts/list", json!({})).await.json();
    assert_eq!(handshake["result"]["prompts"][1]["arguments"], told[1]["arguments"]);
}

#[tokio::test]
async fn missing_arguments_are_asked_for() {
    let trip = Trip::new().await;
    assert_snapshot!(trip.get(json!({})).await, @r#"{"resultType":"input_required","inputRequests":{"arguments":{"method":"elicitation/create","params":{"mode":"form","message":"The prompt `trip` needs more information.","requestedSchema":{"type":"object","properties":{"city":{"type":"string","title":"City","description":"Where to go."},"days":{"type":"integer","description":"For how long."},"pace":{"type":"string","enum":["slow","fast"]}},"required":["city","days","pace"]}}}}}"#);
    // An empty value counts as missing.
    let blank = json!({ "city": "", "days": " \n", "pace": null });
    assert_eq!(trip.get(json!({ "arguments": blank })).await, trip.get(json!({})).await);
    let given = json!({ "city": "Oslo", "pace": "slow" });
    assert_snapshot!(trip.get(json!({ "arguments": given })).await, @r#"{"resultType":"input_required","inputRequests":{"arguments":{"method":"elicitation/create","params":{"mode":"form","message":"The prompt `trip` needs more information.","requestedSchema":{"type":"object","properties":{"days":{"type":"integer","description":"For how long."}},"required":["days"]}}}}}"#);
    let answered = json!({ "arguments": given, "inputResponses": accept(&json!({ "days": 3 })) });
    assert_snapshot!(trip.get(answered).await, @r#"{"resultType":"complete","messages":[{"role":"user","content":{"type":"text","text":"3 slow days in Oslo."}}]}"#);
}

#[tokio::test]
async fn wrong_arguments_are_asked_for_with_the_reason() {
    let trip = Trip::new().await;
    let given = json!({ "city": "Oslo", "days": "many", "pace": "slow", "budget": "lots" });
    assert_snapshot!(trip.get(json!({ "arguments": given })).await, @r#"{"resultType":"input_required","inputRequests":{"arguments":{"method":"elicitation/create","params":{"mode":"form","message":"The prompt `trip` needs more information: argument `days` must be a whole number such as 42, not \"many\"; argument `budget` must be a number such as 2.5, not \"lots\".","requestedSchema":{"type":"object","properties":{"days":{"type":"integer","description":"For how long."},"budget":{"type":"number"}},"required":["days","budget"]}}}}}"#);
    let answers = accept(&json!({ "days": 3, "budget": 99.5 }));
    assert_snapshot!(trip.get(json!({ "arguments": given, "inputResponses": answers })).await, @r#"{"resultType":"complete","messages":[{"role":"user","content":{"type":"text","text":"3 slow days in Oslo for 99.5."}}]}"#);
}

#[tokio::test]
async fn an_argument_with_a_wrong_part_is_asked_for_too() {
    let source = "---\ninput:\n  schema:\n    numbers(array): integer\n    city: string\n---\n{{numbers}} {{city}}";
    let (wire, _dir) = server_of(&[("trip.prompt", source)]).await;
    let trip = Trip { wire, _dir };
    let asked = trip.get(json!({ "arguments": { "numbers": "1, x" } })).await;
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let form = &asked["inputRequests"]["arguments"]["params"];
    assert_eq!(form["requestedSchema"]["required"], json!(["numbers", "city"]));
    let message = "argument `numbers[1]` must be a whole number such as 42, not \"x\"";
    assert!(form["message"].as_str().is_some_and(|text| text.contains(message)), "{form}");
}

#[tokio::test]
async fn wrong_answers_are_asked_for_again_and_no_answer_is_lost() {
    let trip = Trip::new().await;
    let given = json!({ "days": "many" });
    let first = accept(&json!({ "city": "Oslo \"{{days}}\"", "days": "some", "pace": null }));
    let asked = trip.get(json!({ "arguments": given, "inputResponses": first })).await;
    assert_snapshot!(asked, @r#"{"resultType":"input_required","inputRequests":{"arguments":{"method":"elicitation/create","params":{"mode":"form","message":"The prompt `trip` needs more information: argument `days` must be a whole number such as 42, not \"some\".","requestedSchema":{"type":"object","properties":{"days":{"type":"integer","description":"For how long."},"pace":{"type":"string","enum":["slow","fast"]}},"required":["days","pace"]}}}},"requestState":"{\"city\":\"Oslo \\\"{{days}}\\\"\"}"}"#);
    let second = json!({
        "arguments": given,
        "inputResponses": accept(&json!({ "days": "3", "pace": ["slow"] })),
        "requestState": asked["requestState"],
    });
    let asked = trip.get(second).await;
    assert_snapshot!(asked, @r#"{"resultType":"input_required","inputRequests":{"arguments":{"method":"elicitation/create","params":{"mode":"form","message":"The prompt `trip` needs more information: argument `pace` must be one of slow, fast, not \"[\\\"slow\\\"]\".","requestedSchema":{"type":"object","properties":{"pace":{"type":"string","enum":["slow","fast"]}},"required":["pace"]}}}},"requestState":"{\"city\":\"Oslo \\\"{{days}}\\\"\",\"days\":\"3\"}"}"#);
    let third = json!({
        "arguments": given,
        "inputResponses": accept(&json!({ "pace": "slow" })),
        "requestState": asked["requestState"],
    });
    assert_snapshot!(trip.get(third).await, @r#"{"resultType":"complete","messages":[{"role":"user","content":{"type":"text","text":"3 slow days in Oslo \"{{days}}\"."}}]}"#);
}

#[tokio::test]
async fn a_form_that_is_not_filled_in_is_shown_again() {
    let trip = Trip::new().await;
    let asked = trip.get(json!({})).await;
    for responses in [
        Value::Null,
        json!({}),
        accept(&json!({})),
        accept(&Value::Null),
        json!({ "arguments": { "action": "accept" } }),
        json!({ "another": { "action": "accept", "content": { "city": "Oslo" } } }),
        json!({ "another": 7 }),
    ] {
        assert_eq!(trip.get(json!({ "inputResponses": responses })).await, asked, "{responses}");
    }
}

#[tokio::test]
async fn a_refused_form_is_an_error_that_lists_the_missing_arguments() {
    let trip = Trip::new().await;
    let refuse = async |action: &str, arguments: Value| {
        let responses = json!({ "arguments": { "action": action } });
        trip.get(json!({ "arguments": arguments, "inputResponses": responses })).await
    };
    assert_snapshot!(refuse("decline", json!({ "city": "Oslo" })).await, @r#"{"code":-32602,"message":"the form was declined: missing required argument `days` (For how long); missing required argument `pace`. The arguments of `trip` in their order: city (required): Where to go.; days (required): For how long. (a whole number); pace (required): (one of slow, fast); budget: (a number). Write the values after the command, or fill in the form"}"#);
    assert_snapshot!(refuse("cancel", json!({ "days": "many" })).await, @r#"{"code":-32602,"message":"the form was cancelled, or not shown: missing required argument `city` (Where to go); argument `days` must be a whole number such as 42, not \"many\"; missing required argument `pace`. The arguments of `trip` in their order: city (required): Where to go.; days (required): For how long. (a whole number); pace (required): (one of slow, fast); budget: (a number). Write the values after the command, or fill in the form"}"#);
    let whole = json!({ "city": "Oslo", "days": "3", "pace": "slow" });
    assert_eq!(refuse("decline", whole).await["resultType"], "complete");
}

#[tokio::test]
async fn malformed_answers_are_invalid_params() {
    let trip = Trip::new().await;
    let respond = async |responses: Value| {
        let error = trip.get(json!({ "inputResponses": responses })).await;
        assert_eq!(error["code"], -32602, "{responses}");
        error["message"].as_str().expect("a message").to_owned()
    };
    assert_snapshot!(respond(json!([])).await, @"params.inputResponses: invalid type: sequence, expected a map");
    assert_snapshot!(respond(json!("yes")).await, @r#"params.inputResponses: invalid type: string "yes", expected a map"#);
    assert_snapshot!(respond(json!({ "arguments": 7 })).await, @r#"params.inputResponses.arguments.action: must be "accept", "decline" or "cancel""#);
    assert_snapshot!(respond(json!({ "arguments": ["accept", {}] })).await, @r#"params.inputResponses.arguments.action: must be "accept", "decline" or "cancel""#);
    assert_snapshot!(respond(json!({ "arguments": { "content": {} } })).await, @r#"params.inputResponses.arguments.action: must be "accept", "decline" or "cancel""#);
    assert_snapshot!(respond(json!({ "arguments": { "action": "Accept" } })).await, @r#"params.inputResponses.arguments.action: must be "accept", "decline" or "cancel""#);
    assert_snapshot!(respond(accept(&json!(["Oslo"]))).await, @"params.inputResponses.arguments.content: must be an object");
    assert_snapshot!(respond(accept(&json!({ "city": { "name": "Oslo" } }))).await, @"params.inputResponses.arguments.content: values must be text, numbers, booleans or lists");
    assert_snapshot!(respond(accept(&json!({ "cty": "Oslo" }))).await, @"missing required argument `city` (Where to go); missing required argument `days` (For how long); missing required argument `pace`; unknown argument `cty`, did you mean `city`?");
}

#[tokio::test]
async fn a_request_state_is_trusted_no_more_than_an_argument() {
    let trip = Trip::new().await;
    for state in [json!(""), json!("x"), json!("[]"), json!(r#"{"days":3}"#), json!(7), json!({ "days": "3" })] {
        let error = trip.get(json!({ "requestState": state })).await;
        assert_eq!(error["code"], -32602, "{state}");
    }
    assert_snapshot!(trip.get(json!({ "requestState": "forged" })).await, @r#"{"code":-32602,"message":"params.requestState: not what this server gave out"}"#);
    assert_snapshot!(trip.get(json!({ "requestState": r#"{"city":"Oslo","days":"-","pace":"slow"}"# })).await, @r#"{"resultType":"input_required","inputRequests":{"arguments":{"method":"elicitation/create","params":{"mode":"form","message":"The prompt `trip` needs more information: argument `days` must be a whole number such as 42, not \"-\".","requestedSchema":{"type":"object","properties":{"days":{"type":"integer","description":"For how long."}},"required":["days"]}}}},"requestState":"{\"city\":\"Oslo\",\"pace\":\"slow\"}"}"#);
    assert_snapshot!(trip.get(json!({ "requestState": r#"{"admin":"true"}"# })).await, @r#"{"code":-32602,"message":"missing required argument `city` (Where to go); missing required argument `days` (For how long); missing required argument `pace`; unknown argument `admin`: this prompt has city, days, pace, budget"}"#);
    // The server gives out no state that a client could not send back.
    let long = accept(&json!({ "city": "x".repeat(300_000) }));
    assert_snapshot!(trip.get(json!({ "inputResponses": long })).await, @r#"{"code":-32602,"message":"argument `city` has at most 262144 bytes, not 300000"}"#);
}

#[tokio::test]
async fn only_a_client_that_can_show_a_form_is_asked() {
    let trip = Trip::new().await;
    for able in [json!({}), json!({ "form": {} }), json!({ "form": { "x": 1 }, "url": {} })] {
        let answer = trip.get_able(json!({ "elicitation": able }), json!({})).await;
        assert_eq!(answer["resultType"], "input_required", "{able}");
    }
    for unable in [
        json!({}),
        json!({ "sampling": {}, "form": {} }),
        json!({ "elicitation": { "url": {} } }),
        json!({ "elicitation": { "form": null } }),
        json!({ "elicitation": null }),
        json!({ "elicitation": true }),
    ] {
        assert_eq!(trip.get_able(unable.clone(), json!({})).await["code"], -32602, "{unable}");
    }
    assert_snapshot!(trip.get_able(json!({}), json!({})).await, @r#"{"code":-32602,"message":"missing required argument `city` (Where to go); missing required argument `days` (For how long); missing required argument `pace`"}"#);
}

#[tokio::test]
async fn no_form_mends_an_unknown_argument() {
    let trip = Trip::new().await;
    assert_snapshot!(trip.get(json!({ "arguments": { "city": "Oslo", "dayz": "3" } })).await, @r#"{"code":-32602,"message":"missing required argument `days` (For how long); missing required argument `pace`; unknown argument `dayz`, did you mean `days`?"}"#);
}

#[tokio::test]
async fn the_handshake_revisions_do_not_ask_and_list_all_that_is_missing() {
    let trip = Trip::new().await;
    // Those revisions have neither answers nor a state.
    let answers = accept(&json!({ "city": "Oslo", "days": "3", "pace": "slow" }));
    let params = json!({ "name": "trip", "inputResponses": answers, "requestState": "x" });
    let get = async |version| trip.wire.handshake(version, "prompts/get", params.clone()).await.to_string();
    let answer = get(HANDSHAKE[0]).await;
    assert_snapshot!(answer, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"missing required argument `city` (Where to go); missing required argument `days` (For how long); missing required argument `pace`"}}"#);
    for version in &HANDSHAKE[1..] {
        assert_eq!(get(version).await, answer);
    }
}
