//! What a request to the gallery costs, and how complete its answer is: for its log line and its `_meta`.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::task::JoinHandle;

tokio::task_local! {
    static OBSERVED: Arc<Counters>;
}

/// What one request has met so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    /// The requests to S3, retries included.
    pub s3_requests: u32,
    /// The age of the oldest listing that was served although it is older than the TTL, in whole seconds and at least 1.
    pub stale_seconds: Option<u64>,
    /// How many files are missing in the answer because they cannot be read now.
    pub unread: u32,
    /// Whether a part of the answer is missing because the store failed: [`store_failure`] says why.
    pub store_failed: bool,
    /// Whether it has waited for the store, also where another request had asked.
    pub has_waited: bool,
}

impl Observed {
    /// Notes the age and the missing files of this answer for the request under way, which gets the same answer.
    pub fn note_again(&self) {
        if let Some(seconds) = self.stale_seconds {
            note_stale(Duration::from_secs(seconds));
        }
        note_unread(self.unread as usize);
    }
}

/// The same, while the request runs. No age is 0.
#[derive(Debug, Default)]
struct Counters {
    s3_requests: AtomicU32,
    stale_seconds: AtomicU64,
    unread: AtomicU32,
    store_failure: OnceLock<String>,
    has_waited: AtomicBool,
}

impl Counters {
    fn get(&self) -> Observed {
        let stale_seconds = self.stale_seconds.load(Ordering::Relaxed);
        Observed {
            s3_requests: self.s3_requests.load(Ordering::Relaxed),
            stale_seconds: (stale_seconds > 0).then_some(stale_seconds),
            unread: self.unread.load(Ordering::Relaxed),
            store_failed: self.store_failure.get().is_some(),
            has_waited: self.has_waited.load(Ordering::Relaxed),
        }
    }
}

/// Runs `future` and returns what it has met.
pub async fn observing<F: Future>(future: F) -> (F::Output, Observed) {
    let counters = Arc::new(Counters::default());
    let output = OBSERVED.scope(Arc::clone(&counters), future).await;
    (output, counters.get())
}

/// Runs `future` and counts the requests to S3 that it makes, retries included.
pub async fn counting_requests<F: Future>(future: F) -> (F::Output, u32) {
    let (output, observed) = observing(future).await;
    (output, observed.s3_requests)
}

/// What the request under way has met so far; nothing outside of an observed future.
pub fn observed() -> Observed {
    OBSERVED.try_with(|counters| counters.get()).unwrap_or_default()
}

/// Runs `work` as a task of its own, which goes on when its caller stops waiting. Its requests to S3 count as the caller's.
pub fn spawn_counted<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    // Boxed: a task has code of its own for each type of work.
    let work: Pin<Box<dyn Future<Output = T> + Send>> = Box::pin(work);
    // Outside of a request nobody reads them.
    let counters = OBSERVED.try_with(Arc::clone).unwrap_or_default();
    tokio::spawn(OBSERVED.scope(counters, work))
}

/// Notes that a listing of this age is served, which is older than the TTL.
pub fn note_stale(age: Duration) {
    let _ = OBSERVED.try_with(|counters| counters.stale_seconds.fetch_max(age.as_secs().max(1), Ordering::Relaxed));
}

/// Notes that files are missing in the answer because they cannot be read now.
pub fn note_unread(files: usize) {
    let files = files.try_into().unwrap_or(u32::MAX);
    let _ = OBSERVED.try_with(|counters| counters.unread.fetch_max(files, Ordering::Relaxed));
}

/// Notes that the store failed, so that a part of the answer is missing. The first cause counts.
pub fn note_store_failure(cause: String) {
    let _ = OBSERVED.try_with(|counters| counters.store_failure.set(cause));
}

/// Why a part of the answer under way is missing; `None` if the store has not failed.
pub fn store_failure() -> Option<String> {
    OBSERVED.try_with(|counters| counters.store_failure.get().cloned()).ok().flatten()
}

/// Notes that the request under way waits for the store.
pub fn note_waiting() {
    let _ = OBSERVED.try_with(|counters| counters.has_waited.store(true, Ordering::Relaxed));
}

/// Counts one request. Requests outside of an observed future, such as the first listing at cold start, do not count.
pub(crate) fn count_s3_request() {
    let _ = OBSERVED.try_with(|counters| counters.s3_requests.fetch_add(1, Ordering::Relaxed));
}
