//! Where prompt files are kept: two methods, and errors that say what a caller can do about them.

pub mod dir;
pub mod s3;
mod watch;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use check::address::Listed;
use tokio::task::JoinHandle;

pub use dir::DirStore;

pub use s3::S3Store;
pub use watch::{FolderEvent, FolderWatcher, StartWatcher};

/// One file as a listing tells it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Object {
    /// The key below the store's prefix, `/` between folders.
    pub key: String,
    /// Changes whenever the content does. An empty one is any version.
    ///
    /// The first line is for people: S3's `ETag` if there is one. Others are for comparison. The last line begins with `?`
    /// where the file may change and keep its version: then it is another in each listing.
    pub version: String,
    /// In bytes.
    pub size: u64,
}

impl Object {
    /// The version for people: its first line.
    #[must_use]
    pub fn shown_version(&self) -> &str {
        self.version.lines().next().unwrap_or_default()
    }

    /// The version without the part that is another in each listing.
    #[must_use]
    pub fn lasting_version(&self) -> &str {
        self.version.split("\n?").next().unwrap_or_default()
    }

    /// Whether the version stays while the file does.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        self.lasting_version().len() == self.version.len()
    }
}

impl Listed for Object {
    fn key(&self) -> &str {
        &self.key
    }

    fn size(&self) -> u64 {
        self.size
    }
}

/// A place that holds prompt files.
#[async_trait]
pub trait PromptStore: Send + Sync + 'static {
    /// Every file once, sorted by the bytes of the key.
    ///
    /// # Errors
    /// Any [`StoreError`]; nothing is listed in part.
    async fn list(&self) -> Result<Vec<Object>, StoreError>;

    /// The content of `object`, a file that [`list`](Self::list) told of.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the file is gone, or is no longer the listed version.
    async fn get(&self, object: &Object) -> Result<Bytes, StoreError>;

    /// Reads a key that no listing has returned yet, as it is now, for callers that cannot wait for a listing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for a file of more than `most` bytes, and where waiting for a listing costs nothing.
    async fn get_newest(&self, key: &str, most: u64) -> Result<(Object, Bytes), StoreError> {
        let _ = most;
        Err(StoreError::NotFound(key.to_owned()))
    }

    /// A number that is another after every change, where the store is told of changes: a listing holds until then.
    fn revision(&self) -> Option<u64> {
        None
    }

    /// How long after a failure, or after a file was refused, the store is not asked for the same.
    fn retry_after(&self) -> Duration {
        Duration::from_secs(5)
    }

    /// Where an index of the prompts may be kept.
    fn index(&self) -> Option<&dyn IndexStore> {
        None
    }

    /// The files that listings have found and could not tell of, such as a link that leads nowhere: their keys, as far as
    /// they have some, and why.
    fn left_out(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// For people: a folder's path, or `s3://bucket/prefix`.
    fn location(&self) -> String;
}

/// The one object that the server itself writes.
#[async_trait]
pub trait IndexStore: Send + Sync {
    /// The object and its version, if there is one; no bytes of one that has more than `most`.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::NotFound`].
    async fn read(&self, most: usize) -> Result<Option<(Bytes, String)>, StoreError>;

    /// Writes the object on condition that the one that stands there has the version `replaces`, or that there is none.
    ///
    /// # Errors
    /// Any [`StoreError`].
    async fn write(&self, object: Bytes, replaces: Option<&str>) -> Result<Written, StoreError>;

    /// What the keys of the prompts begin with whose index it is.
    fn prefix(&self) -> &str;

    /// For people: `s3://bucket/key`.
    fn location(&self) -> String;
}

/// What came of writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It stands there now, in this version.
    As(String),
    /// The store says that the condition does not hold.
    Refused,
    /// Another server is writing now, or nothing tells the version that was written.
    Unclear,
}

/// Why a store did not answer. The text is for the log and never for a client.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// There is no such object, version or bucket.
    #[error("not found: {0}")]
    NotFound(String),
    /// This one file cannot be read, and asking again does not help: it is encrypted with a key that is not at hand, or
    /// archived.
    #[error("refused: {0}")]
    Refused(String),
    /// The credentials do not allow it.
    #[error("access denied: {0}")]
    Denied(String),
    /// Settings of this process with which the store cannot be asked.
    #[error("{0}")]
    Settings(String),
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

/// Runs `work` as a task of its own, which goes on when nobody waits for it any more. Its requests to S3 count as those of
/// the caller.
pub(crate) fn spawn_counted<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    match S3_REQUESTS.try_with(Arc::clone) {
        Ok(counter) => tokio::spawn(S3_REQUESTS.scope(counter, work)),
        Err(_) => tokio::spawn(work),
    }
}

fn count_s3_request() {
    // Outside of a counted future (the first LIST at cold start) nobody asks.
    let _ = S3_REQUESTS.try_with(|counter| counter.fetch_add(1, Ordering::Relaxed));
}
