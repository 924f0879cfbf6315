//! The service over the prompts of the tests, and what each of its answers must be.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use gallery::Gallery;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use prompt_gallery::tokens::Tokens;
use prompt_gallery::{Config, DirStore, Flags, SignIn};
use serde_json::{Map, Value};
use server::auth::Verifier;
use server::mcp::Mcp;
use server::tools::{Tools, calculator};
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// Prompts that are there; one of them is broken, and one has an argument.
pub(crate) fn folder() -> PathBuf {
    let below = "tests/data/gallery";
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join(below).is_dir());
    root.expect("the checkout").join(below)
}

/// Runs the service on the calling thread.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// The settings of these variables and no others.
pub(crate) fn config(variables: &[(&str, &str)]) -> Config {
    let flags = Flags { dir: Some(folder()), ..Flags::default() };
    let variable = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    Config::new(flags, variable).expect("settings")
}

/// A gallery that is listed once, two prompts a page.
pub(crate) fn gallery() -> Arc<Gallery> {
    let store = DirStore::open(folder()).expect("a folder");
    Arc::new(Gallery::new(Arc::new(store), Duration::from_secs(3600), 2))
}

/// The service without sign-in.
pub(crate) fn open() -> Router {
    app(&config(&[]), Verifier::None)
}

/// The issuer and the audience of [`signed_in`].
pub(crate) const ISSUER: &str = "https://id.example.com";
pub(crate) const AUDIENCE: &str = "https://prompts.example.com/mcp";
pub(crate) const SCOPE: &str = "prompts";

/// The settings of a sign-in.
pub(crate) fn sign_in() -> SignIn {
    signed_in_config().sign_in.expect("a sign-in")
}

fn signed_in_config() -> Config {
    config(&[("OAUTH_ISSUER", ISSUER), ("OAUTH_AUDIENCE", AUDIENCE), ("OAUTH_SCOPE", SCOPE), ("PUBLIC_URL", AUDIENCE)])
}

/// The service for callers whose tokens are signed with the keys of `document`.
pub(crate) fn signed_in(document: &Value) -> Router {
    app(&signed_in_config(), Verifier::Tokens(Arc::new(Tokens::with_keys(&sign_in(), document))))
}

/// The service of these settings.
pub(crate) fn app(config: &Config, verifier: Verifier) -> Router {
    let tools = Tools::new(vec![calculator::add(), calculator::multiply()]).expect("tools");
    server::http::app(Mcp::new(gallery(), tools), config, verifier)
}

/// POSTs a body to `/mcp`: the status, and the answer if there is one.
pub(crate) async fn post(app: &Router, headers: &HeaderMap, body: &Value) -> (StatusCode, Option<Value>) {
    let mut request = Request::post("/mcp").body(Body::from(body.to_string())).expect("a request");
    request.headers_mut().extend(headers.clone());
    let answer = app.clone().oneshot(request).await.expect("infallible");
    let (status, bytes) = (answer.status(), answer.into_body().collect().await.expect("a body").to_bytes());
    (status, (!bytes.is_empty()).then(|| checked(&bytes)))
}

/// An answer: one JSON-RPC message with exactly one of result and error.
pub(crate) fn checked(answer: &[u8]) -> Value {
    let message: Map<String, Value> = serde_json::from_slice(answer).expect("a JSON object");
    assert_eq!(message["jsonrpc"], "2.0");
    assert!(message.contains_key("result") != message.contains_key("error"), "{message:?}");
    assert!(message.get("id").is_none_or(|id| id.is_string() || id.is_number()), "{message:?}");
    if let Some(error) = message.get("error") {
        assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{message:?}");
    }
    message.into()
}
