//! An event as the Lambda function gets it.

use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Deserializer, Value};
use server::auth::Verifier;
use tokio::runtime::Runtime;

use super::service;

thread_local! {
    static SERVER: (Runtime, Router) = {
        // The function answers a panic of others with 400. The fuzzer's hook would end the process before that.
        std::panic::set_hook(Box::new(|_| {}));
        let config = service::config(&[("ALLOW_ANONYMOUS", "true")]);
        (service::runtime(), service::app(&config, Verifier::Platform))
    };
}

/// Each event has an answer in API Gateway's form, and none makes the service fail.
pub fn run(input: &[u8]) {
    let answer = SERVER.with(|(runtime, app)| {
        let mut event = Deserializer::from_slice(input);
        let answer = runtime.block_on(function::answer(app.clone(), &mut event));
        answer.map(|answer| serde_json::to_value(answer).expect("JSON"))
    });
    let Some(answer) = answer else { return };
    let status = answer["statusCode"].as_u64().expect("a status");
    assert!((200..500).contains(&status), "{answer}");
    let headers = answer["headers"].as_object().expect("headers");
    assert!(headers.values().all(Value::is_string), "{answer}");
    let body = answer["body"].as_str().expect("a body");
    if answer["isBase64Encoded"].as_bool().expect("true or false") {
        STANDARD.decode(body).expect("base64");
    } else if headers.get("content-type").is_some_and(|content_type| content_type == "application/json") {
        serde_json::from_str::<Value>(body).expect("JSON");
    }
}
