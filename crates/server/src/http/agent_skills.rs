//! The skills for clients of Agent Skills discovery 0.2.0, where the gallery is open to anyone.
//! <https://github.com/cloudflare/agent-skills-discovery-rfc>

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::JSON;
use super::refusals::Cause;
use gallery::{Gallery, GalleryError};
use store::observing;

/// The routes of the index and of what it names.
pub(super) fn routes(gallery: Arc<Gallery>) -> Router {
    Router::new()
        .route("/.well-known/agent-skills/index.json", get(index))
        .route("/.well-known/agent-skills/{*path}", get(artifact))
        .with_state(gallery)
}

async fn index(State(gallery): State<Arc<Gallery>>) -> Response {
    let (index, observed) = observing(gallery.published_index()).await;
    match index {
        Ok(index) => {
            let is_current = !index.is_partial && observed.stale_seconds.is_none() && observed.unread == 0;
            let seconds = if is_current { gallery.ttl().as_secs() } else { 0 };
            let headers = [(CONTENT_TYPE, JSON), (CACHE_CONTROL, &format!("public, max-age={seconds}"))];
            (headers, index.json).into_response()
        }
        Err(e) => failed(&gallery, &e),
    }
}

async fn artifact(State(gallery): State<Arc<Gallery>>, Path(path): Path<String>) -> Response {
    match gallery.artifact(&path).await {
        // Not kept: clients compare it with the index, which may be newer.
        Ok(artifact) => {
            ([(CONTENT_TYPE, artifact.mime_type), (CACHE_CONTROL, "no-store")], artifact.content).into_response()
        }
        Err(e) => failed(&gallery, &e),
    }
}

fn failed(gallery: &Gallery, e: &GalleryError) -> Response {
    match e {
        GalleryError::UnknownSkill { .. } | GalleryError::UnknownResource { .. } => {
            (StatusCode::NOT_FOUND, Extension(Cause("there is no such skill or file")), format!("{e}\n"))
                .into_response()
        }
        _ => {
            match e {
                GalleryError::Store(_) => gallery.report_unavailable(e),
                e => tracing::error!(cause = %e, "a skill cannot be read"),
            }
            let cause = Extension(Cause("the skills cannot be read now"));
            (StatusCode::SERVICE_UNAVAILABLE, cause, "The skills cannot be read now.\n").into_response()
        }
    }
}
