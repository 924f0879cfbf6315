//! Counts the requests to S3, for the log line of a request.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::task::JoinHandle;

tokio::task_local! {
    static S3_REQUESTS: Arc<AtomicU32>;
}

/// Runs `future` and counts the requests to S3 that it makes, retries included.
pub async fn counting_requests<F: Future>(future: F) -> (F::Output, u32) {
    let counter = Arc::new(AtomicU32::new(0));
    let output = S3_REQUESTS.scope(Arc::clone(&counter), future).await;
    (output, counter.load(Ordering::Relaxed))
}

/// Runs `work` as a task of its own, which goes on when its caller stops waiting. Its requests to S3 count as the caller's.
pub fn spawn_counted<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    match S3_REQUESTS.try_with(Arc::clone) {
        Ok(counter) => tokio::spawn(S3_REQUESTS.scope(counter, work)),
        Err(_) => tokio::spawn(work),
    }
}

/// Counts one request. Requests outside of a counted future, such as the first listing at cold start, do not count.
pub(crate) fn count_s3_request() {
    let _ = S3_REQUESTS.try_with(|counter| counter.fetch_add(1, Ordering::Relaxed));
}
