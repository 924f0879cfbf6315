//! API Gateway events, as they come, through the service that the function runs.

use std::fs;
use std::io::Read;
use std::iter;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, SET_COOKIE, VARY, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use lambda_http::{Context, LambdaEvent};
use serde_json::{Value, json};
use tempfile::TempDir;

use server::auth::Claims;
use server::config::{Config, Flags};
use server::open::Stores;
use server::tools::calculator;
use store::s3::client;

use super::{Event, Target};
use crate::{app, handler};

const MIB: usize = 1024 * 1024;

macro_rules! event {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/", $name, ".json"))
    };
}

/// `event`, but for what `change` does to it.
fn changed(event: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut event = serde_json::from_str(event).unwrap();
    change(&mut event);
    event.to_string()
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
    is_base64: bool,
}

impl Answer {
    fn json(&self) -> Value {
        assert_eq!(self.headers[CONTENT_TYPE], "application/json");
        serde_json::from_str(&self.body).unwrap()
    }

    /// The code of an error that has no id to answer to.
    fn error_code(&self) -> Value {
        let mut answer = self.json();
        assert_eq!(answer.get("id"), None);
        answer["error"]["code"].take()
    }
}

/// The answer of a function that has its settings from the platform alone, but for a folder of prompts.
async fn answer(event: &str) -> Answer {
    answer_with(&[], event).await
}

/// The same with further settings.
async fn answer_with(env: &[(&str, &str)], event: &str) -> Answer {
    let (answer, body) = sent(env, event).await;
    let body = if answer.headers.contains_key(CONTENT_ENCODING) { unpacked(&body) } else { body };
    Answer { body: String::from_utf8(body).unwrap(), ..answer }
}

/// Status and headers of an answer, and its body.
async fn sent(env: &[(&str, &str)], event: &str) -> (Answer, Vec<u8>) {
    let signed = "{{name}} is {{@auth.email}}{{#unless @auth.sub}}nobody{{/unless}}";
    let files = [("greet.prompt", "Hello {{name}}!"), ("signed.prompt", signed), ("broken.prompt", "{{#if name}}")];
    let dir = folder(&files.map(|(name, text)| (name, text.to_owned())));
    of(router(&dir, env), event).await
}

/// The same over a folder of prompts.
async fn served(dir: &TempDir, env: &[(&str, &str)], event: &str) -> (Answer, Vec<u8>) {
    let (answer, body) = of(router(dir, env), event).await;
    let body = if answer.headers.contains_key(CONTENT_ENCODING) { unpacked(&body) } else { body };
    (Answer { body: String::from_utf8(body.clone()).unwrap(), ..answer }, body)
}

fn folder(files: &[(&str, String)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, text)| fs::write(dir.path().join(name), text).unwrap());
    dir
}

/// The service that the function runs over a folder.
fn router(dir: &TempDir, env: &[(&str, &str)]) -> Router {
    let flags = Flags { dir: Some(dir.path().into()), ..Flags::default() };
    let config = Config::new(flags, |name| match name {
        "AWS_LAMBDA_RUNTIME_API" => Some("127.0.0.1:9001".to_owned()),
        _ => env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()),
    });
    let config = config.unwrap();
    let gallery = Stores::open(&config, client::from_env).unwrap().gallery(&config);
    app(vec![calculator::add(), calculator::multiply()], Vec::new(), Arc::new(gallery), &config).unwrap()
}

/// The content of one gzip member.
fn unpacked(gzip: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(gzip).read_to_end(&mut text).unwrap();
    text
}

/// A service's answer to an event, as API Gateway reads it.
async fn of(app: Router, event: &str) -> (Answer, Vec<u8>) {
    let event = LambdaEvent::new(serde_json::from_str::<Event>(event).unwrap(), Context::default());
    let Ok(answer) = handler::answer(app, event).await;
    // Lambda's limit is on this text.
    assert!(serde_json::to_vec(&answer).unwrap().len() < 6 * MIB);
    let mut answer = serde_json::to_value(answer).unwrap();
    let is_base64 = answer["isBase64Encoded"].as_bool().unwrap();
    let headers = answer["headers"].as_object().unwrap().iter();
    let header = |(name, value): (&String, &Value)| {
        let name: HeaderName = name.parse().unwrap();
        (name, value.as_str().unwrap().parse::<HeaderValue>().unwrap())
    };
    let headers = headers.map(header).collect();
    let Value::String(body) = answer["body"].take() else { panic!("no body in {answer}") };
    let body = if is_base64 { STANDARD.decode(body).unwrap() } else { body.into_bytes() };
    let status = serde_json::from_value::<u16>(answer["statusCode"].take()).unwrap();
    (Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: String::new(), is_base64 }, body)
}

fn greeting(text: &str) -> Value {
    json!({ "messages": [{ "role": "user", "content": { "type": "text", "text": text } }] })
}

#[tokio::test]
async fn a_json_body_is_answered_in_json() {
    let answer = answer(event!("tools_call")).await;
    assert_eq!(answer.status, StatusCode::OK);
    let result = json!({
        "content": [{ "type": "text", "text": r#"{"result":42}"# }],
        "structuredContent": { "result": 42 },
        "isError": false,
    });
    assert_eq!(answer.json(), json!({ "jsonrpc": "2.0", "id": 1, "result": result }));
}

#[tokio::test]
async fn a_base64_body_is_decoded() {
    let answer = answer(event!("base64_body")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json(), json!({ "jsonrpc": "2.0", "id": "get-1", "result": greeting("Hello Ada!") }));
}

#[tokio::test]
async fn text_beyond_ascii_comes_back_as_it_was() {
    let name = "Ада 🦀 “Łódź” \u{2028} 你好";
    let plain = event!("unicode_body");
    assert!(plain.contains(name));
    let encoded = changed(plain, |event| {
        event["body"] = STANDARD.encode(event["body"].as_str().unwrap()).into();
        event["isBase64Encoded"] = true.into();
    });
    for event in [plain, &encoded] {
        assert_eq!(answer(event).await.json()["result"], greeting(&format!("Hello {name}!")));
    }
}

#[tokio::test]
async fn a_named_stage_is_no_part_of_the_path() {
    for event in [event!("stage_in_path"), event!("stage_behind_custom_domain")] {
        let answer = answer(event).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json()["result"]["structuredContent"], json!({ "result": 42 }));
    }
}

#[tokio::test]
async fn a_stage_may_have_the_name_of_the_endpoint() {
    for (event, path) in [(event!("stage_in_path"), "/mcp/mcp"), (event!("stage_behind_custom_domain"), "/mcp")] {
        let event = changed(event, |event| {
            event["rawPath"] = path.into();
            event["requestContext"]["stage"] = "mcp".into();
        });
        assert_eq!(answer(&event).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_path_that_only_begins_like_the_stage_is_left_alone() {
    let event = changed(event!("stage_in_path"), |event| event["rawPath"] = "/production/mcp".into());
    assert_eq!(answer(&event).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_query_string_changes_nothing() {
    for query in ["debug=1&name=a%20b", "%", "a[]=1|2^3", "=&&=", "{}", "ü"] {
        for event in [event!("tools_call"), event!("stage_in_path")] {
            let event = changed(event, |event| event["rawQueryString"] = query.into());
            assert_eq!(answer(&event).await.status, StatusCode::OK, "{query}");
        }
    }
}

#[tokio::test]
async fn any_other_path_is_not_found() {
    for event in [event!("path_with_space"), event!("path_with_percent")] {
        assert_eq!(answer(event).await.status, StatusCode::NOT_FOUND);
    }
    for path in ["", "//", "/mcp//", "/mcp x", "/%", "/%00", "/\u{0}\n", "/ü", r"/\", "/[{|}]^\"<>`", "/prod/mcp"] {
        let event = changed(event!("tools_call"), |event| event["rawPath"] = path.into());
        assert_eq!(answer(&event).await.status, StatusCode::NOT_FOUND, "{path:?}");
    }
}

#[tokio::test]
async fn the_page_is_at_the_root_of_each_stage() {
    let get = async |path: &str, stage: &str, encoding: &str| {
        let event = changed(event!("get_health"), |event| {
            (event["rawPath"], event["requestContext"]["stage"]) = (path.into(), stage.into());
            event["requestContext"]["http"]["path"] = path.into();
            event["headers"]["accept-encoding"] = encoding.into();
        });
        sent(&[("PUBLIC_URL", "https://p.example.com/mcp")], &event).await
    };
    for (root, stage) in [("/", "$default"), ("/", "prod"), ("/prod/", "prod"), ("/assets/", "assets")] {
        let (page, body) = get(root, stage, "identity").await;
        assert_eq!(
            (page.status, &page.headers[CONTENT_TYPE]),
            (StatusCode::OK, &"text/html; charset=utf-8".parse().unwrap())
        );
        let page = String::from_utf8(body).unwrap();
        let (_, script) = page.split_once("\"./assets/index-").expect("an address from the page's own");
        let asset = format!("{root}assets/index-{}", script.split('"').next().unwrap());
        let (asset, _) = get(&asset, stage, "br").await;
        assert_eq!((asset.status, &asset.headers[CONTENT_ENCODING]), (StatusCode::OK, &"br".parse().unwrap()));
        let (settings, body) = get(&format!("{root}assets/settings.json"), stage, "").await;
        assert_eq!(settings.status, StatusCode::OK);
        assert_eq!(body, br#"{"mcp":"https://p.example.com/mcp","source":false,"signIn":null}"#);
    }
}

/// API Gateway takes text, or base64 of other bytes.
#[tokio::test]
async fn a_compressed_page_is_sent_in_base64() {
    let event = changed(event!("get_health"), |event| {
        event["rawPath"] = "/".into();
        event["headers"]["accept-encoding"] = "gzip".into();
    });
    let (page, body) = sent(&[], &event).await;
    assert!(page.is_base64 && body.starts_with(&[0x1f, 0x8b]));
}

#[tokio::test]
async fn what_http_does_not_allow_is_refused_and_no_failed_invocation() {
    for event in [
        changed(event!("tools_call"), |event| event["requestContext"]["http"]["method"] = "NO METHOD".into()),
        changed(event!("tools_call"), |event| event["headers"]["a b"] = "no header name".into()),
        changed(event!("tools_call"), |event| event["headers"]["x"] = "no\nheader value".into()),
    ] {
        let answer = answer(&event).await;
        assert_eq!((answer.status, answer.error_code()), (StatusCode::BAD_REQUEST, (-32600).into()));
    }
}

#[test]
fn what_callers_choose_does_not_pass_through_lambda_http() {
    let Event(event) = serde_json::from_str(event!("signed_in")).unwrap();
    let mut event = event.unwrap();
    event.raw_query_string = Some("a=1".to_owned());
    assert!(!event.headers.is_empty());
    let path = event.raw_path.clone().unwrap();
    let target = Target::take(&mut event);
    assert_eq!((event.raw_path, event.raw_query_string, event.headers.len()), (None, None, 0));
    assert_eq!((event.request_context.stage, event.request_context.domain_name), (None, None));
    let request = target.put_into(Default::default());
    assert_eq!((request.uri().path(), request.uri().query()), (path.as_str(), None));
    assert!(request.headers().contains_key("host"));
}

/// Or a request would come to `/mcp` by a route of another path, one that asks for no token.
#[tokio::test]
async fn a_path_counts_as_the_platform_matched_it() {
    for path in [
        "/health/../mcp",
        "/./mcp",
        "/x/%2e%2e/mcp",
        r"/x\..\mcp",
        r"\mcp",
        "/mcp?x",
        "/mcp#x",
        "/mcp ",
        "/m\tcp",
        "/m%63p",
        "//mcp",
        "mcp",
        "/$default/mcp",
        "/health/../$default/mcp",
    ] {
        for stage in ["$default", "prod"] {
            let event = changed(event!("tools_call"), |event| {
                event["rawPath"] = path.into();
                event["requestContext"]["stage"] = stage.into();
            });
            assert_eq!(answer(&event).await.status, StatusCode::NOT_FOUND, "{path:?} of {stage}");
            let event = changed(&event, |event| event["rawPath"] = format!("/prod{path}").into());
            assert_eq!(answer(&event).await.status, StatusCode::NOT_FOUND, "/prod{path:?} of {stage}");
        }
    }
}

#[tokio::test]
async fn header_names_count_in_any_case() {
    assert_eq!(answer(event!("odd_case_headers")).await.status, StatusCode::OK);
    // It was read: it is not passed over when it is wrong.
    let unknown = changed(event!("odd_case_headers"), |event| {
        event["headers"]["MCP-Protocol-Version"] = "1999-01-01".into();
    });
    let unknown = answer(&unknown).await;
    assert_eq!((unknown.status, &unknown.json()["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(-32022)));
    let text = changed(event!("odd_case_headers"), |event| event["headers"]["Content-Type"] = "text/plain".into());
    assert_eq!(answer(&text).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_modern_request_has_its_headers_checked_and_a_modern_answer() {
    let event = event!("modern_prompts_get");
    let answered = answer(event).await;
    assert_eq!(answered.status, StatusCode::OK);
    let answered = answered.json();
    assert_eq!(answered["id"], 7);
    assert_eq!(answered["result"]["resultType"], "complete");
    assert_eq!(answered["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "prompt-gallery");
    assert_eq!(answered["result"]["messages"], greeting("Hello Ada!")["messages"]);

    for (header, wrong) in
        [("mcp-method", "prompts/list"), ("mcp-name", "broken"), ("mcp-protocol-version", "2025-11-25")]
    {
        let event = changed(event, |event| event["headers"][header] = wrong.into());
        let refused = answer(&event).await;
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(-32020)));
    }
}

#[tokio::test]
async fn a_handshake_begins_with_initialize_and_a_notification_that_is_accepted() {
    let initialized = answer(event!("initialize")).await;
    assert_eq!(initialized.status, StatusCode::OK);
    assert_eq!(initialized.json()["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(initialized.headers.get("mcp-session-id"), None);

    let accepted = answer(event!("notification")).await;
    assert_eq!((accepted.status, accepted.body.as_str()), (StatusCode::ACCEPTED, ""));
    assert_eq!(accepted.headers.get(CONTENT_TYPE), None);
}

#[tokio::test]
async fn there_is_no_stream_to_get_and_no_session_to_delete() {
    for event in [event!("get_mcp"), event!("delete_mcp")] {
        let answer = answer(event).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.headers[ALLOW], "POST");
        assert_eq!(answer.error_code(), -32600);
    }
}

#[tokio::test]
async fn a_client_that_accepts_streams_is_told_that_there_are_none() {
    let of = async |method: &str, params: Value| {
        let event = changed(event!("modern_prompts_get"), |event| {
            let mut body: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
            let mut meta = body["params"]["_meta"].take();
            meta["progressToken"] = "t".into();
            (body["method"], body["params"]) = (method.into(), params);
            body["params"]["_meta"] = meta;
            event["headers"]["mcp-method"] = method.into();
            event["headers"]["mcp-name"] = body["params"]["name"].clone();
            event["body"] = body.to_string().into();
        });
        answer(&event).await
    };
    let discovered = of("server/discover", json!({ "name": "" })).await.json();
    let capabilities = &discovered["result"]["capabilities"];
    assert_eq!([&capabilities["prompts"], &capabilities["resources"], &capabilities["tools"]], [&json!({}); 3]);
    let listen = json!({ "name": "", "notifications": { "promptsListChanged": true } });
    let refused = of("subscriptions/listen", listen).await;
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (StatusCode::NOT_FOUND, &json!(-32601)));
    let called = of("tools/call", json!({ "name": "add", "arguments": { "a": 1, "b": 2 } })).await;
    assert_eq!(called.json()["result"]["structuredContent"], json!({ "result": 3 }));
}

#[tokio::test]
async fn health_is_told_without_a_token() {
    let answer = answer(event!("get_health")).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "ok\n"));
}

#[tokio::test]
async fn a_body_that_is_missing_or_empty_is_not_json() {
    let with = |body: Value| changed(event!("without_body"), |event| event["body"] = body);
    for event in [event!("without_body").to_owned(), with(Value::Null), with("".into())] {
        let answer = answer(&event).await;
        assert_eq!((answer.status, answer.error_code()), (StatusCode::BAD_REQUEST, json!(-32700)));
    }
}

#[tokio::test]
async fn a_body_may_have_a_mebibyte_and_not_a_byte_more() {
    for (length, expected) in [(MIB, StatusCode::OK), (MIB + 1, StatusCode::PAYLOAD_TOO_LARGE)] {
        for encoded in [false, true] {
            let event = changed(event!("tools_call"), |event| {
                let mut body = event["body"].as_str().unwrap().to_owned();
                body.extend(iter::repeat_n(' ', length - body.len()));
                event["body"] = if encoded { STANDARD.encode(body) } else { body }.into();
                event["isBase64Encoded"] = encoded.into();
                // Counted, not believed.
                event["headers"].as_object_mut().unwrap().remove("content-length");
            });
            let answer = answer(&event).await;
            assert_eq!(answer.status, expected, "{length} bytes, base64: {encoded}");
            if expected != StatusCode::OK {
                assert_eq!(answer.error_code(), -32600);
            }
        }
    }
}

#[tokio::test]
async fn cookies_change_nothing() {
    let answer = answer(event!("cookies")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers.get(SET_COOKIE), None);
}

#[tokio::test]
async fn an_internal_error_has_the_name_that_the_platform_gave_the_request() {
    let event = changed(event!("prompts_get"), |event| {
        event["body"] = event["body"].as_str().unwrap().replace("greet", "broken").into();
    });
    let answer = answer(&event).await;
    assert_eq!(answer.status, StatusCode::OK);
    let event: Value = serde_json::from_str(&event).unwrap();
    let error = &answer.json()["error"];
    assert_eq!(error["code"], -32603);
    assert_eq!(error["data"], json!({ "requestId": event["requestContext"]["requestId"] }));
}

/// The claims that come with the request of this event.
async fn claims(event: &str) -> Option<Value> {
    let app = Router::new().fallback(async |request: Request| {
        let claims = request.extensions().get::<Claims>().map(|Claims(claims)| claims);
        json!(claims).to_string()
    });
    serde_json::from_slice(&of(app, event).await.1).unwrap()
}

#[tokio::test]
async fn the_claims_that_the_platform_has_verified_come_with_the_request() {
    let verified = claims(event!("signed_in")).await.unwrap();
    assert_eq!(verified["sub"], "b3c4d8a2-70f1-7045-9d3e-2f6b1c0a9e57");
    assert_eq!(verified["email"], "ada@example.com");
    // API Gateway writes a list so.
    assert_eq!(verified["cognito:groups"], "[reviewers writers]");
    let names: Vec<_> = verified.as_object().unwrap().keys().collect();
    assert!(names.is_sorted(), "{names:?}");
    assert_eq!(names.len(), 11);
}

#[tokio::test]
async fn a_template_finds_them_as_auth() {
    let signed_in = changed(event!("signed_in"), |event| {
        event["body"] = event["body"].as_str().unwrap().replace("greet", "signed").into();
    });
    assert_eq!(answer(&signed_in).await.json()["result"], greeting("Ada is ada@example.com"));
    let signed_out = changed(&signed_in, |event| event["requestContext"]["authorizer"] = Value::Null);
    let anonymous = [("ALLOW_ANONYMOUS", "true")];
    assert_eq!(answer_with(&anonymous, &signed_out).await.json()["result"], greeting("Ada is nobody"));
}

const SIGN_IN: [(&str, &str); 4] = [
    ("OAUTH_ISSUER", "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_x"),
    ("OAUTH_AUDIENCE", "https://prompts.example.com/mcp"),
    ("OAUTH_SCOPE", "https://prompts.example.com/mcp/invoke"),
    ("PUBLIC_URL", "https://prompts.example.com/mcp"),
];

#[tokio::test]
async fn a_route_that_was_opened_by_mistake_opens_nothing() {
    let forged = |event: &mut Value| {
        event["headers"]["authorization"] = "Bearer e30.e30.x".into();
        event["headers"]["x-amzn-request-context"] = event["requestContext"].to_string().into();
    };
    for authorizer in [Value::Null, json!({}), json!({ "jwt": null }), json!({ "lambda": { "sub": "x" } })] {
        let open = changed(event!("signed_in"), |event| {
            forged(event);
            event["requestContext"]["authorizer"] = authorizer.clone();
        });
        let answer = answer(&open).await;
        assert_eq!((answer.status, answer.error_code()), (StatusCode::UNAUTHORIZED, (-32600).into()), "{authorizer}");
        assert_eq!(answer.headers[WWW_AUTHENTICATE], "Bearer");
        let answer = answer_with(&SIGN_IN, &open).await;
        assert_eq!(
            answer.headers[WWW_AUTHENTICATE],
            "Bearer resource_metadata=\"https://prompts.example.com/.well-known/oauth-protected-resource/mcp\", \
             scope=\"https://prompts.example.com/mcp/invoke\""
        );
    }
}

#[tokio::test]
async fn a_token_that_the_platform_has_verified_still_needs_the_scope() {
    let scoped = |scope: &str| {
        changed(event!("signed_in"), |event| {
            let claims = &mut event["requestContext"]["authorizer"]["jwt"]["claims"];
            claims["scope"] = scope.into();
            claims["token_use"] = "access".into();
        })
    };
    let good = scoped("openid https://prompts.example.com/mcp/invoke");
    assert_eq!(answer_with(&SIGN_IN, &good).await.status, StatusCode::OK);
    assert_eq!(answer_with(&SIGN_IN, &scoped("openid")).await.status, StatusCode::FORBIDDEN);
    let id = changed(&good, |event| {
        event["requestContext"]["authorizer"]["jwt"]["claims"]["token_use"] = "id".into();
    });
    assert_eq!(answer_with(&SIGN_IN, &id).await.status, StatusCode::UNAUTHORIZED, "it says who someone is");
}

#[tokio::test]
async fn clients_that_have_no_token_are_told_where_to_get_one() {
    let path = "/.well-known/oauth-protected-resource/mcp";
    let event = changed(event!("get_health"), |event| {
        event["rawPath"] = path.into();
        event["requestContext"]["http"]["path"] = path.into();
    });
    let answer = answer_with(&SIGN_IN, &event).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["resource"], "https://prompts.example.com/mcp");
}

#[tokio::test]
async fn nothing_that_a_client_sends_becomes_a_claim() {
    let forged = json!({ "sub": "someone-else", "email": "root@example.com" });
    let forge = |event: &mut Value| {
        for header in ["claims", "x-amzn-oidc-data", "x-amzn-request-context", "x-amzn-lambda-context", "authorization"]
        {
            event["headers"][header] = json!({ "authorizer": { "jwt": { "claims": forged } } }).to_string().into();
        }
        event["rawQueryString"] = "claims=x&sub=someone-else".into();
        event["body"] =
            json!({ "requestContext": { "authorizer": { "jwt": { "claims": forged } } } }).to_string().into();
    };
    let signed_in = changed(event!("signed_in"), forge);
    assert_eq!(claims(&signed_in).await, claims(event!("signed_in")).await);
    for authorizer in [Value::Null, json!({}), json!({ "iam": { "userId": "x" } }), json!({ "lambda": { "sub": "x" } })]
    {
        let anonymous = changed(&signed_in, |event| event["requestContext"]["authorizer"] = authorizer.clone());
        assert_eq!(claims(&anonymous).await, None, "{authorizer}");
    }
}

#[tokio::test]
async fn an_event_written_by_hand_needs_little_more_than_path_and_body() {
    let event = json!({
        "rawPath": "/mcp",
        "headers": { "Content-Type": "application/json" },
        "requestContext": { "http": { "method": "POST" } },
        "body": r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
    });
    let staged = changed(&event.to_string(), |event| event["requestContext"]["stage"] = "prod".into());
    for event in [event.to_string(), staged] {
        let answer = answer_with(&[("ALLOW_ANONYMOUS", "true")], &event).await;
        assert_eq!(answer.json(), json!({ "jsonrpc": "2.0", "id": 1, "result": {} }));
    }
}

mod compression;
mod sizes;
