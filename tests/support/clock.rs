//! A clock that a test moves.

#![allow(dead_code, reason = "no test program needs all of it")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gallery::Clock;
use tokio::sync::watch;

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub(crate) struct MovedClock(Arc<watch::Sender<Instant>>);

impl MovedClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Instant::now())))
    }

    /// Moves the time.
    pub(crate) fn advance(&self, time: Duration) {
        self.0.send_modify(|now| *now += time);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Instant {
        *self.0.borrow()
    }

    fn sleep_until(&self, time: Instant) -> BoxFuture<'static, ()> {
        let mut now = self.0.subscribe();
        async move { drop(now.wait_for(|now| *now >= time).await) }.boxed()
    }
}
