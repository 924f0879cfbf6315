//! `GET /` and `GET /assets/*`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH, REFERRER_POLICY,
    VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use crate::encoding::{Encoding, unpack};
use crate::files::{File, find};

/// A browser asks each time whether it has the newest one.
const CHECKED: &str = "no-cache";
/// The name of each of these files has a hash of its content.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const UNKNOWN: &str = "The page has no such file. Reload the page if the server was updated.\n";

/// What the page is told of its server.
#[derive(Debug, Clone, Default)]
pub struct PageSettings {
    /// The address of the MCP endpoint as clients type it. Without one, it is `/mcp` of the host that the browser asked.
    pub mcp_url: Option<String>,
    /// Whether people reach the server by `https:`. Only for a server without an address.
    pub is_https: bool,
    /// Whether the files of prompts are resources.
    pub has_source: bool,
    /// The sign-in, if callers need one.
    pub sign_in: Option<PageSignIn>,
}

/// How people sign in.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageSignIn {
    /// The issuer of the tokens.
    pub issuer: String,
    /// The client that the page is. Without one, the page cannot sign in, and says so.
    pub client_id: Option<String>,
    /// The scopes to ask for.
    pub scopes: Vec<String>,
    /// The origins that the page calls while it signs in.
    #[serde(skip)]
    pub origins: Vec<String>,
}

/// `settings.json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SettingsJson<'s> {
    mcp: &'s str,
    source: bool,
    sign_in: Option<&'s PageSignIn>,
}

struct Page {
    settings: PageSettings,
    policy: OnceLock<HeaderValue>,
}

/// The routes of the page.
pub fn routes(settings: PageSettings) -> Router {
    let page = Arc::new(Page { settings, policy: OnceLock::new() });
    Router::new()
        .route("/", get(index))
        .route("/assets/settings.json", get(settings_json))
        .route("/assets/{*name}", get(asset))
        .with_state(page)
}

async fn index(State(page): State<Arc<Page>>, headers: HeaderMap) -> Response {
    page.file(find("index.html"), CHECKED, &headers)
}

async fn asset(State(page): State<Arc<Page>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    page.file(find(&format!("assets/{name}")), IMMUTABLE, &headers)
}

async fn settings_json(State(page): State<Arc<Page>>, headers: HeaderMap) -> Response {
    let json = page.settings.json(&headers);
    let mut hasher = DefaultHasher::new();
    json.hash(&mut hasher);
    let etag = format!("\"{:016x}\"", hasher.finish());
    let versioned = [(CACHE_CONTROL, CHECKED), (ETAG, &etag)];
    if is_known(&headers, &etag) {
        return page.with_policy((StatusCode::NOT_MODIFIED, versioned));
    }
    page.with_policy((versioned, [(CONTENT_TYPE, "application/json")], json))
}

impl PageSettings {
    fn json(&self, headers: &HeaderMap) -> Bytes {
        let host = || {
            let host = headers.get(HOST)?.to_str().ok()?.parse::<Authority>().ok()?;
            Some(format!("{}://{host}/mcp", if self.is_https { "https" } else { "http" }))
        };
        let mcp = self.mcp_url.clone().or_else(host).unwrap_or_else(|| "/mcp".to_owned());
        let json = SettingsJson { mcp: &mcp, source: self.has_source, sign_in: self.sign_in.as_ref() };
        serde_json::to_vec(&json).expect("settings serialise").into()
    }
}

impl Page {
    /// The answer with a file, in the form that the client prefers.
    fn file(&self, file: Option<&'static File>, cache: &'static str, headers: &HeaderMap) -> Response {
        let Some(file) = file else {
            return self.with_policy((StatusCode::NOT_FOUND, [(CACHE_CONTROL, "no-store")], UNKNOWN));
        };
        let encoding = Encoding::accepted(headers);
        let etag = match encoding.name() {
            Some(name) => format!("\"{}-{name}\"", file.tag),
            None => format!("\"{}\"", file.tag),
        };
        let versioned = [(CACHE_CONTROL, cache), (ETAG, &etag), (VARY, "Accept-Encoding")];
        if is_known(headers, &etag) {
            return self.with_policy((StatusCode::NOT_MODIFIED, versioned));
        }
        let body = match encoding {
            Encoding::Brotli => Bytes::from_static(file.br),
            Encoding::Gzip => Bytes::from_static(file.gzip),
            Encoding::Identity => match unpack(file.gzip) {
                Ok(content) => content.into(),
                Err(_) => return self.with_policy(StatusCode::INTERNAL_SERVER_ERROR),
            },
        };
        let mut response = (versioned, [(CONTENT_TYPE, file.media_type)], body).into_response();
        if let Some(name) = encoding.name() {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        self.with_policy(response)
    }

    /// The answer with the headers of every answer.
    fn with_policy(&self, response: impl IntoResponse) -> Response {
        let mut response = response.into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.get_or_init(|| policy(&self.settings)).clone());
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
        response
    }
}

/// What the page may do: run its own files, and call its server and the sign-in.
fn policy(settings: &PageSettings) -> HeaderValue {
    let origins = settings.sign_in.as_ref().map(|sign_in| sign_in.origins.as_slice()).unwrap_or_default();
    let calls: String = origins.iter().map(|origin| format!(" {origin}")).collect();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src data: blob:; \
         font-src 'self'; connect-src 'self'{calls}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

/// Whether `If-None-Match` names this version.
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

#[cfg(test)]
mod tests;
