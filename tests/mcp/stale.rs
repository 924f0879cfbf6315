//! Answers that are old or incomplete say so.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use gallery::{Freshness, Gallery};
use http::HeaderMap;
use serde_json::{Value, json};
use server::mcp::{Mcp, Post};
use server::tools::Tools;
use store::{Observed, S3Store};

use crate::clock::MovedClock;
use crate::s3::{Fault, S3Server};

const TTL: Duration = Duration::from_secs(30);

struct Served {
    s3: S3Server,
    clock: MovedClock,
    mcp: Mcp,
}

/// A gallery over S3 with the prompts `a` and `b`.
async fn served() -> Served {
    let (s3, clock) = (S3Server::start().await, MovedClock::new());
    for name in ["a", "b"] {
        s3.put(&format!("prompts/{name}.prompt"), name);
    }
    let config = s3.client_config().retry_config(RetryConfig::disabled());
    let store = S3Store::new(config, S3Server::BUCKET, "prompts/");
    let freshness = Freshness { clock: Arc::new(clock.clone()), ..TTL.into() };
    let mcp =
        Mcp::new(Arc::new(Gallery::new(Arc::new(store), freshness, 500)), Tools::new(Vec::new()).expect("no tools"));
    Served { s3, clock, mcp }
}

impl Served {
    /// The result of a method of 2026-07-28, and what the log says of it.
    async fn modern(&self, method: &str, mut params: Value) -> (Value, Observed) {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let name = params.get("name").and_then(Value::as_str).map(str::to_owned);
        let mut headers = HeaderMap::new();
        headers.insert("mcp-protocol-version", "2026-07-28".parse().expect("a value"));
        headers.insert("mcp-method", method.parse().expect("a value"));
        if let Some(name) = name {
            headers.insert("mcp-name", name.parse().expect("a value"));
        }
        self.call(&headers, method, params).await
    }

    async fn call(&self, headers: &HeaderMap, method: &str, params: Value) -> (Value, Observed) {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let reply = self.mcp.handle(Post { headers, body: body.as_bytes(), request_id: "r-1", claims: None }).await;
        let mut answer: Value = serde_json::from_slice(&reply.body).expect("JSON");
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        (answer["result"].take(), reply.record.observed)
    }
}

#[tokio::test]
async fn every_answer_from_an_old_listing_says_how_old_it_is() {
    let served = served().await;
    let get = || json!({ "name": "a", "arguments": {} });
    let search = || json!({ "name": "search_prompts", "arguments": { "query": "" } });
    let methods =
        || [("prompts/list", json!({})), ("prompts/get", get()), ("tools/list", json!({})), ("tools/call", search())];
    for (method, params) in methods() {
        let (result, observed) = served.modern(method, params).await;
        assert_eq!((&result["_meta"]["prompt-gallery/staleSeconds"], observed.stale_seconds), (&Value::Null, None));
    }
    served.s3.set_fault(Some(Fault::SlowDown));
    served.clock.advance(Duration::from_secs(100));
    for (method, params) in methods() {
        let (result, observed) = served.modern(method, params.clone()).await;
        assert_eq!(result["_meta"]["prompt-gallery/staleSeconds"], 100, "{method}");
        assert!(result["_meta"]["io.modelcontextprotocol/serverInfo"].is_object(), "{method}");
        assert!(result.get("ttlMs").is_none_or(|ttl| *ttl == 0), "{method}");
        assert_eq!(observed.stale_seconds, Some(100), "{method}");
        let (result, _) = served.call(&HeaderMap::new(), method, params).await;
        assert_eq!(result["_meta"]["prompt-gallery/staleSeconds"], 100, "{method} of a handshake revision");
    }
    served.s3.set_fault(None);
    served.clock.advance(Duration::from_secs(60));
    let (result, observed) = served.modern("prompts/list", json!({})).await;
    assert_eq!((&result["ttlMs"], observed.stale_seconds), (&json!(30_000), None));
    assert_eq!(result["_meta"].get("prompt-gallery/staleSeconds"), None);
}

#[tokio::test]
async fn a_file_that_hangs_leaves_the_other_tools_in_the_list() {
    let s3 = S3Server::start().await;
    for name in ["a", "b"] {
        s3.put(&format!("prompts/{name}.prompt"), format!("---\ntool: true\n---\n{name}"));
    }
    s3.set_fault(Some(Fault::HangKey("prompts/b.prompt".into())));
    let store = S3Store::new(s3.client_config(), S3Server::BUCKET, "prompts/");
    // As long as the server waits by default.
    let gallery = Gallery::new(Arc::new(store), TTL, 500);
    let served = Served {
        s3,
        clock: MovedClock::new(),
        mcp: Mcp::new(Arc::new(gallery), Tools::new(Vec::new()).expect("no tools")),
    };
    let (result, observed) = served.modern("tools/list", json!({})).await;
    let names: Vec<_> =
        result["tools"].as_array().expect("tools").iter().filter_map(|tool| tool["name"].as_str()).collect();
    assert!(names.contains(&"a") && !names.contains(&"b"), "{names:?}");
    assert_eq!((&result["ttlMs"], observed.unread), (&json!(0), 1));
}

#[tokio::test]
async fn a_list_that_lacks_prompts_is_not_to_be_kept() {
    let served = served().await;
    served.s3.set_fault(Some(Fault::RefuseKey("prompts/b.prompt".into(), 500, "InternalError")));
    for method in ["prompts/list", "tools/list"] {
        let (result, observed) = served.modern(method, json!({})).await;
        assert_eq!((&result["ttlMs"], observed.unread), (&json!(0), 1), "{method}");
    }
    let names = async || served.modern("prompts/list", json!({})).await.0["prompts"].as_array().map(Vec::len);
    assert_eq!(names().await, Some(1));
    served.s3.set_fault(None);
    assert_eq!(names().await, Some(2));
    let (result, observed) = served.modern("prompts/list", json!({})).await;
    assert_eq!((&result["ttlMs"], observed), (&json!(30_000), Observed::default()));
}

#[tokio::test]
async fn what_needs_no_store_is_listed_while_it_is_away() {
    let served = served().await;
    served.s3.set_fault(Some(Fault::SlowDown));
    let (result, _) = served.modern("resources/list", json!({})).await;
    assert_eq!(
        (&result["resources"][0]["uri"], &result["ttlMs"]),
        (&json!("ui://prompt-gallery/gallery.html"), &json!(0))
    );
}
