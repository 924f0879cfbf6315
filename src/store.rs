//! Where prompt files are kept: two methods, and errors that say what a caller can do about them.

pub mod dir;
pub mod s3;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use bytes::Bytes;

pub use dir::DirStore;
pub use s3::S3Store;

/// One file as a listing tells it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Object {
    /// The key below the store's prefix, `/` between folders.
    pub key: String,
    /// Changes whenever the content does; S3's `ETag`.
    pub version: String,
    /// In bytes.
    pub size: u64,
}

/// A place that holds prompt files.
#[async_trait]
pub trait PromptStore: Send + Sync + 'static {
    /// Every file, in the order of the keys' bytes.
    ///
    /// # Errors
    /// Any [`StoreError`]; nothing is listed in part.
    async fn list(&self) -> Result<Vec<Object>, StoreError>;

    /// The content of `object`, a file that [`list`](Self::list) told of.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the file is gone, or is no longer the listed version.
    async fn get(&self, object: &Object) -> Result<Bytes, StoreError>;

    /// The files that listings have found and could not tell of, such as a link that leads nowhere: their keys, as far as
    /// they have some, and why.
    fn left_out(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// For people: a folder's path, or `s3://bucket/prefix`.
    fn location(&self) -> String;
}

/// Why a store did not answer. The text is for the log and never for a client.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// There is no such object, version or bucket.
    #[error("not found: {0}")]
    NotFound(String),
    /// The credentials do not allow it.
    #[error("access denied: {0}")]
    Denied(String),
    /// Unreachable, throttled, timed out, or broken.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

tokio::task_local! {
    static S3_REQUESTS: Arc<AtomicU32>;
}

/// Runs `future` and counts the requests to S3 that it makes, retries included.
pub async fn counting_s3_requests<F: Future>(future: F) -> (F::Output, u32) {
    let counter = Arc::new(AtomicU32::new(0));
    let output = S3_REQUESTS.scope(Arc::clone(&counter), future).await;
    (output, counter.load(Ordering::Relaxed))
}

fn count_s3_request() {
    // Outside of a counted future (the first LIST at cold start) nobody asks.
    let _ = S3_REQUESTS.try_with(|counter| counter.fetch_add(1, Ordering::Relaxed));
}
