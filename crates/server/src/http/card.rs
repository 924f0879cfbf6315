//! The server card, and the catalogue of the domain that leads to it: what a client can know before it connects.
//!
//! Both follow the experimental extension of MCP for [server cards](https://github.com/modelcontextprotocol/experimental-ext-server-card),
//! which belongs to SEP-2127 and is not accepted: its `docs/discovery.md` and `schema.ts` of 24 July 2026. The documents
//! are public, and have nothing that a caller would have to sign in for. They are made once from the settings, never from
//! a request.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};
use tower_http::cors::{Any, CorsLayer};

use crate::config::Config;
use crate::identity::{DESCRIPTION, NAME, TITLE, VERSION};
use crate::mcp::SUPPORTED;

const SCHEMA: &str = "https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json";
const CARD_TYPE: &str = "application/mcp-server-card+json";
const CATALOGUE_TYPE: &str = "application/ai-catalog+json";

/// The routes of the card and the catalogue. Pages of any origin may read them.
pub(super) fn routes(config: &Config) -> Router {
    let address = address(config);
    let card = card(address.as_deref());
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET])
        .allow_headers([CONTENT_TYPE, IF_NONE_MATCH])
        .expose_headers([ETAG]);
    Router::new()
        .route("/.well-known/ai-catalog.json", document(CATALOGUE_TYPE, &catalogue(address.as_deref(), &card)))
        .route("/mcp/server-card", document(CARD_TYPE, &card))
        .layer(cors)
}

/// Answers GET with a document, or with 304 if the client has it.
fn document(media_type: &'static str, json: &Value) -> axum::routing::MethodRouter {
    let body = Bytes::from(json.to_string());
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let etag = format!("\"{:016x}\"", hasher.finish());
    get(async move |headers: HeaderMap| -> Response {
        let is_known = is_known(&headers, &etag);
        let headers = [(CACHE_CONTROL, "public, max-age=3600"), (ETAG, etag.as_str())];
        match is_known {
            true => (StatusCode::NOT_MODIFIED, headers).into_response(),
            false => (headers, [(CONTENT_TYPE, media_type)], body.clone()).into_response(),
        }
    })
}

/// Whether `If-None-Match` names this version.
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

/// The address of the MCP endpoint: `PUBLIC_URL`, or the one at which a local server listens. `None` if it is not known.
fn address(config: &Config) -> Option<String> {
    if let Some(url) = &config.public_url {
        return Some(url.trim_end_matches('/').to_owned());
    }
    let is_known = !config.on_lambda && config.addr.port() != 0 && !config.addr.ip().is_unspecified();
    is_known.then(|| format!("http://{}/mcp", config.addr))
}

fn card(address: Option<&str>) -> Value {
    let remote = |address| json!({ "type": "streamable-http", "url": address, "supportedProtocolVersions": SUPPORTED });
    let namespace: Vec<_> = domain(address).rsplit('.').map(str::to_owned).collect();
    json!({
        "$schema": SCHEMA,
        "name": format!("{}/{NAME}", namespace.join(".")),
        "version": VERSION,
        "title": TITLE,
        "description": DESCRIPTION,
        "remotes": address.map(remote).into_iter().collect::<Vec<_>>(),
    })
}

/// The catalogue of the domain. Without an address, it contains the card.
fn catalogue(address: Option<&str>, card: &Value) -> Value {
    let mut entry = json!({ "identifier": format!("urn:air:{}:mcp:{NAME}", domain(address)), "type": CARD_TYPE });
    match address {
        Some(address) => entry["url"] = format!("{address}/server-card").into(),
        None => entry["data"] = card.clone(),
    }
    json!({ "specVersion": "1.0", "entries": [entry] })
}

/// The domain of an address; `localhost` without one, and for an IP address.
fn domain(address: Option<&str>) -> String {
    let host = address.and_then(|address| Some(address.parse::<Uri>().ok()?.host()?.to_ascii_lowercase()));
    let is_domain = |host: &String| {
        let is_ip = host.parse::<IpAddr>().is_ok();
        !is_ip && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
    };
    host.filter(is_domain).unwrap_or_else(|| "localhost".to_owned())
}
