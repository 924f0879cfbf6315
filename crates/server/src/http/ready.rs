//! `GET /ready`: whether this process has prompts to serve, for load balancers and monitors. It names no prompt, and needs no sign-in.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use serde_json::json;

use super::JSON;
use super::refusals::Cause;
use crate::limits::{READY_PATIENCE, READY_RETRY};
use gallery::{Gallery, Readiness};

const NOT_LISTED: &str = "the prompts have not been listed yet";

struct Watched {
    gallery: Arc<Gallery>,
    /// When this address last began a listing.
    began: Mutex<Option<Instant>>,
}

pub(super) fn routes(gallery: Arc<Gallery>) -> Router {
    Router::new().route("/ready", get(ready)).with_state(Arc::new(Watched { gallery, began: Mutex::default() }))
}

async fn ready(State(watched): State<Arc<Watched>>) -> Response {
    let readiness = match watched.gallery.readiness() {
        Some(readiness) => Some(readiness),
        None => watched.first_listing().await,
    };
    let headers = [(CONTENT_TYPE, JSON), (CACHE_CONTROL, "no-store")];
    match readiness {
        Some(Readiness { age, prompts, broken }) => {
            let body = json!({ "age": age.as_secs(), "prompts": prompts, "broken": broken });
            (headers, body.to_string()).into_response()
        }
        None => {
            let retry = [(RETRY_AFTER, READY_RETRY.as_secs().to_string())];
            let body = json!({ "error": NOT_LISTED });
            let cause = Extension(Cause(NOT_LISTED));
            (StatusCode::SERVICE_UNAVAILABLE, headers, retry, cause, body.to_string()).into_response()
        }
    }
}

impl Watched {
    /// Begins a listing, since a load balancer may send no request that does before this address says that it may. The listing goes on
    /// after the answer.
    async fn first_listing(&self) -> Option<Readiness> {
        if self.may_begin() {
            let gallery = Arc::clone(&self.gallery);
            let listing = tokio::spawn(async move { gallery.warm_up().await });
            // A failure is logged by the requests that need prompts.
            let _ = tokio::time::timeout(READY_PATIENCE, listing).await;
        }
        self.gallery.readiness()
    }

    /// Anyone may ask, so the store is asked once in a while.
    fn may_begin(&self) -> bool {
        let mut began = self.began.lock().unwrap_or_else(PoisonError::into_inner);
        let may_begin = began.is_none_or(|began| began.elapsed() >= READY_RETRY);
        if may_begin {
            *began = Some(Instant::now());
        }
        may_begin
    }
}
