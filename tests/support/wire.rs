//! The server as a client on the wire sees it: raw requests through the very service that is served.

#![allow(dead_code, reason = "no test program needs all of it")]

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use prompt_gallery::{PromptStore, Server};
use serde_json::{Value, json};
use server::config::{Config, Flags};
use std::fmt;
use std::sync::Arc;
use tower::ServiceExt;

/// A server over a folder.
pub(crate) struct Wire(Router);

/// An answer; it is displayed as status and body.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// The settings of a server over `dir` with the given variables and no others.
pub(crate) fn config(dir: &str, env: &[(&str, &str)]) -> Config {
    let flags = Flags { dir: Some(dir.into()), ..Flags::default() };
    let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    Config::new(flags, env).expect("settings")
}

impl Wire {
    pub(crate) async fn new(server: Server, dir: &str, env: &[(&str, &str)]) -> Self {
        Self(server.app(&config(dir, env)).expect("a server"))
    }

    /// A server over any store.
    pub(crate) fn over(server: Server, store: Arc<dyn PromptStore>) -> Self {
        Self(server.app_over(store, &config("tests/data/gallery", &[])).expect("a server"))
    }

    /// Any request.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.0.clone().oneshot(request.body(body.into()).expect("a request")).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        let body = String::from_utf8(body.into()).expect("UTF-8");
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Status, headers and bytes of the answer to any request.
    pub(crate) async fn send_for_bytes(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> (StatusCode, HeaderMap, Vec<u8>) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.0.clone().oneshot(request.body(body.into()).expect("a request")).await.expect("infallible");
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, body.collect().await.expect("a body").to_bytes().into())
    }

    /// Status and body of any request without a body.
    pub(crate) async fn send_bytes(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> (u16, Vec<u8>) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).expect("a request");
        let response = self.0.clone().oneshot(request).await.expect("infallible");
        let status = response.status().as_u16();
        (status, response.into_body().collect().await.expect("a body").to_bytes().into())
    }

    /// A POST of this text as JSON.
    pub(crate) async fn post(&self, body: &str) -> Answer {
        self.send(Method::POST, "/mcp", &[("content-type", "application/json")], body.to_owned()).await
    }

    /// A request of a handshake revision.
    pub(crate) async fn handshake(&self, version: &str, method: &str, params: Value) -> Answer {
        let headers = [("content-type", "application/json"), ("mcp-protocol-version", version)];
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.send(Method::POST, "/mcp", &headers, body.to_string()).await
    }

    /// A request of 2026-07-28 as a well-made client sends it.
    pub(crate) async fn modern(&self, method: &str, params: Value) -> Answer {
        self.modern_with(method, params, &[]).await
    }

    /// The same with headers that replace the well-made client's; an empty value removes one.
    pub(crate) async fn modern_with(&self, method: &str, mut params: Value, changed: &[(&str, &str)]) -> Answer {
        let mirrored = if method == "resources/read" { "uri" } else { "name" };
        let name = params[mirrored].as_str().map(str::to_owned);
        if params.get("_meta").is_none() {
            params["_meta"] = meta();
        }
        let mut headers =
            vec![("content-type", "application/json"), ("mcp-protocol-version", "2026-07-28"), ("mcp-method", method)];
        headers.extend(name.as_deref().map(|name| ("mcp-name", name)));
        headers.retain(|(name, _)| changed.iter().all(|(other, _)| !other.eq_ignore_ascii_case(name)));
        headers.extend(changed.iter().filter(|(_, value)| !value.is_empty()));
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.send(Method::POST, "/mcp", &headers, body.to_string()).await
    }
}

/// The `_meta` of each request of 2026-07-28.
pub(crate) fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.body)
    }
}
