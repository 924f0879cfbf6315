//! Reads that several callers wait for.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{BoxFuture, FutureExt, Shared};
use store::{Object, StoreError, note_waiting, spawn_counted};

/// The files that are being read. Callers that need the same version of a file wait for the same read. It goes on when they stop
/// waiting.
pub struct UnderWay<T>(Arc<Reads<T>>);

type Reads<T> = Mutex<HashMap<Object, Shared<BoxFuture<'static, Result<T, StoreError>>>>>;

impl<T> Default for UnderWay<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone + Send + Sync + 'static> UnderWay<T> {
    /// What `read` returns, or the same read that is under way. It runs in a task of its own, so that many files are read on all
    /// cores. What it finds is to be kept when it ends: later callers read again.
    ///
    /// # Errors
    /// Any [`StoreError`] of the read; [`StoreError::Unavailable`] if it panics.
    pub async fn join<F>(&self, object: &Object, read: impl FnOnce() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let shared = {
            let mut reads = lock(&self.0);
            let joined = reads.get(object).cloned();
            joined.unwrap_or_else(|| {
                let (read, end) = (read(), End { reads: Arc::clone(&self.0), object: object.clone() });
                let task = spawn_counted(async move {
                    let _end = end;
                    read.await
                });
                let task = task.map(|read| read.unwrap_or_else(|e| Err(StoreError::Unavailable(e.to_string()))));
                let shared = task.boxed().shared();
                reads.insert(object.clone(), shared.clone());
                shared
            })
        };
        note_waiting();
        shared.await
    }
}

/// Forgets a read when it ends, and when it panics.
struct End<T> {
    reads: Arc<Reads<T>>,
    object: Object,
}

impl<T> Drop for End<T> {
    fn drop(&mut self) {
        lock(&self.reads).remove(&self.object);
    }
}

fn lock<T>(reads: &Mutex<T>) -> MutexGuard<'_, T> {
    reads.lock().unwrap_or_else(PoisonError::into_inner)
}
