//! Waiting for an event: a test waits as long as it takes, and fails where the event never comes.

#![allow(dead_code, reason = "no test program needs all of it")]

use std::time::{Duration, Instant};

/// Longer than any event takes, however busy the machine is: it ends a test that would hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `is_so`.
pub(crate) async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
