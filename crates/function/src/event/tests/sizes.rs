//! Answers as Lambda measures them: each helper checks that it would take them.

use super::*;

/// A call of a handshake client.
fn call(method: &str, params: &Value) -> String {
    call_with_id(&json!(1), method, params)
}

fn call_with_id(id: &Value, method: &str, params: &Value) -> String {
    let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string();
    changed(event!("tools_call"), |event| event["body"] = body.into())
}

fn error(answer: &Value) -> (&Value, &str) {
    (&answer["error"]["code"], answer["error"]["message"].as_str().unwrap_or_default())
}

/// Thirteen times as long as its argument.
const WIDE: &str = "---\ntool: true\n---\n{{q}}{{q}}{{q}}{{q}}{{q}}{{q}}{{q}}{{q}}{{q}}{{q}}{{q}}{{q}}{{q}}";

#[tokio::test]
async fn a_rendered_prompt_that_lambda_would_not_take_is_an_error_in_words() {
    let dir = folder(&[("wide.prompt", WIDE.to_owned())]);
    // A quote has four bytes in Lambda's answer, and a control character seven.
    for argument in ["\"".repeat(200_000), "\u{1}".repeat(100_000)] {
        for accepted in ["gzip", "identity"] {
            let arguments = json!({ "name": "wide", "arguments": { "q": argument } });
            let of_tool = json!({ "name": "wide", "arguments": { "q": argument } });
            let calls = [
                call("prompts/get", &arguments),
                call("tools/call", &json!({ "name": "get_prompt", "arguments": arguments })),
                call("tools/call", &of_tool),
            ];
            for event in calls {
                let event = changed(&event, |event| event["headers"]["accept-encoding"] = accepted.into());
                let answer = served(&dir, &[], &event).await.0.json();
                let (code, message) = error(&answer);
                assert_eq!(code, -32603, "{message}");
                assert!(message.starts_with("prompt `wide` cannot be rendered: "), "{message}");
                assert!(message.ends_with(" bytes of answer; at most 5500000"), "{message}");
            }
        }
    }
}

#[tokio::test]
async fn a_rendered_prompt_just_below_the_limit_is_sent() {
    let dir = folder(&[("wide.prompt", WIDE.to_owned())]);
    for (argument, accepted) in [("\"".repeat(105_000), "identity"), ("\"".repeat(105_000), "gzip")] {
        let event = call("prompts/get", &json!({ "name": "wide", "arguments": { "q": argument } }));
        let event = changed(&event, |event| event["headers"]["accept-encoding"] = accepted.into());
        let (answer, _) = served(&dir, &[], &event).await;
        let text = answer.json()["result"]["messages"][0]["content"]["text"].take();
        assert_eq!(text.as_str().unwrap(), "\"".repeat(105_000 * 13), "{accepted}");
    }
}

#[tokio::test]
async fn a_search_that_lambda_would_not_take_is_an_error_in_words() {
    // The quotes are written eight times as long in the text of the answer, and four times in its structured content.
    let long = "\"".repeat(200_000);
    let arguments: String = ('a'..='d').map(|name| format!("  - name: {name}\n    description: *d\n")).collect();
    let file = format!("---\ndescription: &d '{long}'\narguments:\n{arguments}---\nx");
    let dir = folder(&[("long.prompt", file)]);
    let event = call("tools/call", &json!({ "name": "search_prompts", "arguments": { "query": "long" } }));
    let answer = served(&dir, &[], &event).await.0.json();
    let (code, message) = error(&answer);
    assert_eq!(code, -32603, "{message}");
    assert!(message.starts_with("the answer needs ") && message.ends_with(" bytes; at most 5500000"), "{message}");
}

/// The names on each page of a list.
async fn pages(dir: &TempDir, env: &[(&str, &str)], method: &str, rows: &str, key: &str) -> Vec<Vec<String>> {
    let router = router(dir, env);
    let (mut all, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let params = if cursor.is_null() { json!({}) } else { json!({ "cursor": cursor }) };
        let event = changed(&call(method, &params), |event| {
            if method == "skills/list" {
                let modern: Value = serde_json::from_str(event!("modern_prompts_get")).unwrap();
                let modern: Value = serde_json::from_str(modern["body"].as_str().unwrap()).unwrap();
                let mut body: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
                body["params"]["_meta"] = modern["params"]["_meta"].clone();
                event["body"] = body.to_string().into();
                event["headers"]["mcp-protocol-version"] = "2026-07-28".into();
                event["headers"]["mcp-method"] = method.into();
            }
        });
        let event = changed(&event, |event| event["headers"]["accept-encoding"] = "identity".into());
        let answer: Value = serde_json::from_slice(&of(router.clone(), &event).await.1).unwrap();
        let result = &answer["result"];
        let page = result[rows].as_array().unwrap_or_else(|| panic!("{method}: {}", answer["error"]));
        all.push(page.iter().map(|row| row[key].as_str().unwrap().to_owned()).collect());
        cursor = result["nextCursor"].clone();
        if cursor.is_null() {
            return all;
        }
    }
}

#[tokio::test]
async fn a_page_ends_before_lambda_would_not_take_it_and_the_next_one_goes_on() {
    let control = "\\x01".repeat(60_000);
    let quotes = "\"".repeat(200_000);
    let files: Vec<_> = (0..24)
        .map(|number| {
            let description = if number % 2 == 0 { format!("\"{control}\"") } else { format!("'{quotes}'") };
            let title = if number % 3 == 0 { "🦀".repeat(1000) } else { "a\\\\b".repeat(1000) };
            (
                format!("p{number:02}.prompt"),
                format!("---\ntitle: '{title}'\ndescription: {description}\n---\n{{{{x}}}}"),
            )
        })
        .collect();
    let files: Vec<(&str, String)> = files.iter().map(|(name, text)| (&**name, text.clone())).collect();
    let dir = folder(&files);
    let names: Vec<_> = (0..24).map(|number| format!("p{number:02}")).collect();
    let by_bytes = pages(&dir, &[], "prompts/list", "prompts", "name").await;
    assert!(by_bytes.len() > 2, "{}", by_bytes.len());
    assert_eq!(by_bytes.concat(), names);
    let by_count = pages(&dir, &[("PAGE_SIZE", "2")], "prompts/list", "prompts", "name").await;
    assert_eq!((by_count.len(), by_count.concat()), (12, names));
}

#[tokio::test]
async fn pages_of_skills_and_of_resources_end_so_too() {
    let skills = tempfile::tempdir().unwrap();
    for number in 0..300 {
        let dir = skills.path().join(format!("s{number:04}"));
        fs::create_dir(&dir).unwrap();
        let quotes = "\"".repeat(1000);
        let more: String = (0..3).map(|line| format!("  k{line}: '{quotes}'\n")).collect();
        let text = format!("---\nname: s{number:04}\ndescription: '{quotes}'\nmetadata:\n{more}---\nText.");
        fs::write(dir.join("SKILL.md"), text).unwrap();
    }
    let dir = folder(&[("greet.prompt", "Hello".to_owned())]);
    let env = [("SKILLS_DIR", skills.path().to_str().unwrap())];
    let listed = pages(&dir, &env, "skills/list", "skills", "uri").await;
    assert!(listed.len() > 1, "{}", listed.len());
    assert_eq!(listed.concat().len(), 300);
    let listed = pages(&dir, &env, "resources/list", "resources", "uri").await;
    assert!(listed.concat().len() >= 300, "{}", listed.concat().len());
}

#[tokio::test]
async fn an_id_that_is_as_long_as_a_request_may_be_is_repeated_or_refused_in_words() {
    let id = json!("\"".repeat(500_000));
    let dir = folder(&[("wide.prompt", WIDE.to_owned())]);
    for (params, code) in [(json!({}), None), (json!({ "cursor": "no cursor" }), Some(-32602))] {
        let answer = served(&dir, &[], &call_with_id(&id, "prompts/list", &params)).await.0.json();
        assert_eq!(answer["id"], id);
        assert_eq!(answer["error"]["code"].as_i64(), code);
    }
    // The id leaves less room.
    let arguments = json!({ "name": "wide", "arguments": { "q": "\"".repeat(20_000) } });
    let answer = served(&dir, &[], &call("prompts/get", &arguments)).await.0.json();
    assert!(answer["result"].is_object());
    let many = (0..13).map(|_| "\"".repeat(8_000)).collect::<Vec<_>>();
    let unknown = json!({ "name": "wide", "arguments": { "q": many } });
    let answer = served(&dir, &[], &call_with_id(&json!("\"".repeat(300_000)), "prompts/get", &unknown)).await.0.json();
    assert_eq!(answer["error"]["code"], -32603, "it would be too long with its id");
}

#[tokio::test]
async fn a_resource_is_measured_even_where_there_are_no_skills() {
    let file = "\"".repeat(250_000);
    let parts = "{{media url=\"big.txt\"}}".repeat(3);
    let dir = folder(&[("shows.prompt", parts), ("big.txt", file.repeat(10))]);
    let event = call("resources/read", &json!({ "uri": "gallery:///big.txt" }));
    let answer = served(&dir, &[], &event).await.0.json();
    let (code, message) = error(&answer);
    assert_eq!(code, -32602, "{message}");
    assert!(message.contains("bytes of an answer; at most 5500000"), "{message}");
}
