//! The limits of connections.

use std::time::Duration;

use gallery::ANSWER_WITHIN;
use server::config::ConfigError;
use server::http::BODY_TIMEOUT;

use crate::tokens::CALLER_TIMEOUT as KEYS_TIMEOUT;

/// The setting of [`Limits::connections`].
const NAME: &str = "MAX_CONNECTIONS";
/// Its default, where the process may open as many files.
const DEFAULT_CONNECTIONS: usize = 1024;
/// Files that connections leave to others: standard streams, the runtime, watched folders, files that are read, connections to S3, and
/// connections that are refused.
const OTHER_FILES: u64 = 64;

/// The head of a request.
pub(super) const MAX_HEAD_BYTES: usize = 64 * 1024;
/// hyper has its own limit of fields.
pub(super) const LONG_HEAD: &str = "the head of the request has more than 64 KiB, or more than 100 fields";
/// Connections beyond the limit that get an answer and time to read it, at once. Further ones are closed after the answer.
pub(super) const MAX_REFUSALS: usize = 16;
/// An answer that is no longer than this is not counted in [`Limits::held_answers`].
pub(super) const SHORT_ANSWER_BYTES: u64 = 64 * 1024;
/// When a client that was refused may come again.
pub(super) const RETRY_SECONDS: u16 = 5;
/// How long the server waits before it accepts again, after it could not.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Connections of before a stop that are accepted at the stop: as many as the system keeps waiting.
pub(super) const MAX_WAITING: usize = 4096;

/// How many connections there may be, how long each may take, and what all may hold.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Connections at once.
    pub(crate) connections: usize,
    /// Bytes of all requests at once that are held, heads and bodies. hyper reads up to 64 KiB ahead, for each connection.
    pub(crate) held_bytes: usize,
    /// Bytes of all long answers at once that clients have not read.
    pub(crate) held_answers: usize,
    /// From the first byte of a head to its end.
    pub(crate) head: Duration,
    /// Without a request.
    pub(crate) idle: Duration,
    /// For a client that reads nothing of its answer. One that reads some has more time, by [`Self::reading_rate`].
    pub(crate) reading: Duration,
    /// Bytes of an answer for which a client has a second.
    pub(crate) reading_rate: u32,
    /// For a client that sends more than is read: after the answer, until it closes the connection.
    pub(crate) linger: Duration,
    /// The same while the server stops, and for connections beyond the limit.
    pub(crate) short_linger: Duration,
    /// At a stop, for the requests under way.
    pub(crate) drain: Duration,
}

impl Limits {
    pub(crate) fn new(connections: usize) -> Self {
        Self {
            connections,
            held_bytes: 64 * 1024 * 1024,
            held_answers: 256 * 1024 * 1024,
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            reading: Duration::from_secs(75),
            reading_rate: 4 * 1024,
            linger: Duration::from_secs(5),
            short_linger: Duration::from_secs(1),
            drain: DRAIN_TIMEOUT,
        }
    }
}

/// How long a stop waits for the requests under way: a body that has begun arrives, the call waits for the issuer's keys and for the
/// store, and the client reads the answer.
pub(crate) const DRAIN_TIMEOUT: Duration = LONGEST_CALL.saturating_add(Duration::from_secs(2));
const LONGEST_CALL: Duration = BODY_TIMEOUT.saturating_add(KEYS_TIMEOUT).saturating_add(ANSWER_WITHIN);

/// The number of connections of the setting, or of this process's limit of open files.
///
/// # Errors
/// The process may not open as many files.
pub(crate) fn max_connections(setting: Option<usize>) -> Result<usize, ConfigError> {
    within(setting, max_open_files())
}

fn within(setting: Option<usize>, max_files: Option<u64>) -> Result<usize, ConfigError> {
    let allowed =
        max_files.map(|files| usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX).max(1));
    match (setting, allowed, max_files) {
        (None, allowed, _) => Ok(allowed.unwrap_or(DEFAULT_CONNECTIONS).min(DEFAULT_CONNECTIONS)),
        (Some(setting), Some(allowed), Some(files)) if setting > allowed => {
            let expected = format!(
                "expected at most {allowed}: this process may open {files} files (`ulimit -n`), and needs {OTHER_FILES} for \
                 others than clients"
            );
            Err(ConfigError { name: NAME, value: setting.to_string(), expected })
        }
        (Some(setting), ..) => Ok(setting),
    }
}

/// How many files this process may open; `None` without a limit.
#[cfg(unix)]
fn max_open_files() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::Nofile).current
}

#[cfg(not(unix))]
fn max_open_files() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_open_files_leaves_64_to_others() {
        for (setting, files, expected) in [
            (None, Some(20_000), 1024),
            (None, Some(1024), 960),
            (None, Some(256), 192),
            (None, Some(10), 1),
            (None, None, 1024),
            (Some(5), Some(256), 5),
            (Some(2000), Some(20_000), 2000),
            (Some(2000), None, 2000),
        ] {
            assert_eq!(within(setting, files), Ok(expected));
        }
        let error = within(Some(193), Some(256)).expect_err("too many").to_string();
        assert_eq!(
            error,
            "MAX_CONNECTIONS=193: expected at most 192: this process may open 256 files (`ulimit -n`), and needs 64 for others than \
             clients"
        );
    }

    #[test]
    fn a_stop_waits_longer_than_a_call_takes() {
        assert!(DRAIN_TIMEOUT > BODY_TIMEOUT + KEYS_TIMEOUT + ANSWER_WITHIN);
    }
}
