//! What is measured: the protocol function over a gallery in memory that has been read once.

mod prompt;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use gallery::Gallery;
use http::{HeaderMap, HeaderName, HeaderValue};
use prompt::prompt;
use serde_json::{Value, json};
use server::mcp::{Mcp, Post, Reply};
use server::tools::{Tools, calculator};
use store::{Object, PromptStore, StoreError};
use tokio::runtime::Runtime;

/// Prompts in the gallery: one full page.
const PROMPTS: usize = 500;

/// The requests, by name.
pub(crate) const NAMES: [&str; 8] = [
    "tools/call add",
    "tools/call get_prompt",
    "tools/call search_prompts",
    "tools/list",
    "prompts/get",
    "prompts/list",
    "initialize",
    "server/discover",
];

/// Files in memory.
struct Memory(BTreeMap<String, Bytes>);

#[async_trait]
impl PromptStore for Memory {
    async fn list(&self) -> Result<Vec<Object>, StoreError> {
        let object = |(key, file): (&String, &Bytes)| Object {
            key: key.clone(),
            version: "1".to_owned(),
            size: file.len() as u64,
        };
        Ok(self.0.iter().map(object).collect())
    }

    async fn get(&self, object: &Object) -> Result<Bytes, StoreError> {
        self.0.get(&object.key).cloned().ok_or_else(|| StoreError::NotFound(object.key.clone()))
    }

    fn location(&self) -> String {
        "memory".to_owned()
    }
}

/// A server and one kind of request to it.
pub(crate) struct Workload {
    runtime: Runtime,
    mcp: Mcp,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Workload {
    /// The request of that name, answered once so that everything is warm.
    pub(crate) fn new(name: &str) -> Self {
        let method = name.split(' ').next().unwrap_or_default();
        let (version, params) = match name {
            "tools/call add" => ("2026-07-28", json!({ "name": "add", "arguments": { "a": 2, "b": 40 } })),
            "tools/call get_prompt" => {
                let arguments = json!({ "name": "p-00007", "arguments": { "name": "Ada", "topic": "the parser" } });
                ("2026-07-28", json!({ "name": "get_prompt", "arguments": arguments }))
            }
            "tools/call search_prompts" => {
                ("2026-07-28", json!({ "name": "search_prompts", "arguments": { "query": "reveiw request 7" } }))
            }
            "prompts/get" => {
                let arguments = json!({ "name": "Ada", "topic": "the parser" });
                ("2026-07-28", json!({ "name": "p-00007", "arguments": arguments }))
            }
            "tools/list" | "prompts/list" | "server/discover" => ("2026-07-28", json!({})),
            "initialize" => ("2025-11-25", json!({ "protocolVersion": "2025-11-25", "capabilities": {} })),
            _ => panic!("{name} is not one of {NAMES:?}"),
        };
        let files = (0..PROMPTS).map(|number| (format!("p-{number:05}.prompt"), prompt(number)));
        let gallery = Gallery::new(Arc::new(Memory(files.collect())), Duration::from_secs(86_400), PROMPTS);
        let tools = Tools::new(vec![calculator::add(), calculator::multiply()]).expect("tools");
        let workload = Self {
            runtime: tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime"),
            mcp: Mcp::new(Arc::new(gallery), tools),
            headers: headers(version, method, &params),
            body: body(version, method, params),
        };
        let reply = workload.run();
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        workload
    }

    /// Answers the request.
    pub(crate) fn run(&self) -> Reply {
        let post = Post { headers: &self.headers, body: &self.body, request_id: "bench", claims: None };
        self.runtime.block_on(self.mcp.handle(post))
    }
}

fn headers(version: &'static str, method: &str, params: &Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut insert = |name, value: &str| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header value"));
    };
    insert("content-type", "application/json");
    insert("mcp-protocol-version", version);
    insert("mcp-method", method);
    if let Some(name) = params["name"].as_str() {
        insert("mcp-name", name);
    }
    headers
}

fn body(version: &str, method: &str, mut params: Value) -> Vec<u8> {
    if version == "2026-07-28" {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientInfo": { "name": "bench", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
    }
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string().into_bytes()
}
