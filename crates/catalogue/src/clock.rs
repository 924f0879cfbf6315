//! The clock of ages, pauses and deadlines, which a test can move.

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{self, BoxFuture, Either, FutureExt};

/// Tells the time, and wakes at a time.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Instant;

    /// Waits until `time`.
    fn sleep_until(&self, time: Instant) -> BoxFuture<'static, ()>;
}

/// The clock of the system. Needs a Tokio runtime with time.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_until(&self, time: Instant) -> BoxFuture<'static, ()> {
        tokio::time::sleep_until(time.into()).boxed()
    }
}

impl dyn Clock {
    /// How long ago a time was.
    pub fn since(&self, time: Instant) -> Duration {
        self.now().saturating_duration_since(time)
    }

    /// What `work` returns, if it ends before `time`. Work that is done at once sets no alarm.
    pub async fn until<T>(&self, time: Instant, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        if let Some(done) = future::poll_immediate(&mut work).await {
            return Some(done);
        }
        match future::select(work, self.sleep_until(time)).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }
}
