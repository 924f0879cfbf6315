//! How long a request to a store may take, and how much is read.
//!
//! A Lambda function has 15 seconds for its answer, which may need a listing and a file.

use std::time::Duration;

use dotprompt::bounds;

/// For a connection: S3 answers in some ten milliseconds or not at all.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// For one attempt. A slow attempt ends early, so that the SDK's retries (three attempts, or `AWS_MAX_ATTEMPTS`) have time.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(2);
/// For one request with its retries, until its answer begins.
pub(crate) const OPERATION_TIMEOUT: Duration = Duration::from_secs(5);
/// For the read of one object, its content included.
pub(crate) const GET_TIMEOUT: Duration = Duration::from_secs(6);
/// For a write of the index. Callers wait less long for it.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long after its begin a listing that has failed on its way is continued: a continuation token may lose its meaning.
pub(crate) const CONTINUE_WITHIN: Duration = Duration::from_secs(60);
/// How often one page of a listing may fail, each time with its retries, before the listing begins again.
pub(crate) const MAX_PAGE_FAILURES: u32 = 4;
/// How many pages of a listing in a row may be empty or repeat earlier keys.
pub(crate) const MAX_IDLE_PAGES: usize = 100;
/// The pages of one listing: ten million keys on S3.
pub(crate) const MAX_PAGES: usize = 10_000;
/// The keys of a page of S3, if the server does not say.
pub(crate) const S3_PAGE_KEYS: usize = 1000;
/// A file that is listed without its size, in bytes.
pub(crate) const MAX_UNLISTED_BYTES: u64 = 8 * 1024 * 1024;
/// The content of a gzip stream, in bytes.
pub(crate) const MAX_INFLATED_BYTES: u64 = bounds::MEDIA;

/// How often a watched folder is checked for a replacement, which no event reports.
pub(crate) const FOLLOW_INTERVAL: Duration = Duration::from_secs(1);
