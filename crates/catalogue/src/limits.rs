//! How much memory, time and work the catalogue may take.

use std::time::Duration;

/// How many files are read at once.
pub const CONCURRENT_READS: usize = 32;
/// The memory for kept files, in bytes as the cache estimates them.
pub(crate) const CACHE_BYTES: u64 = 48 * 1024 * 1024;
/// Each shard has its part of the memory, into which the largest file must fit.
pub(crate) const CACHE_SHARDS: usize = 8;
/// How many files the cache expects; not a bound.
pub(crate) const ESTIMATED_FILES: usize = 1000;

/// How long an unchanged watch revision is trusted: some file systems, such as those of other machines, report no changes.
pub(crate) const REVISION_TRUSTED_FOR: Duration = Duration::from_secs(1);
/// How long the last good snapshot is served by default.
pub const STALE_OK: Duration = Duration::from_secs(86_400);
/// How long a caller waits for a listing or a file while the store is in trouble and there is another answer.
pub(crate) const PATIENCE: Duration = Duration::from_millis(300);
/// A listing, or the read of a file that has an older version, that takes longer than this is a sign of trouble.
pub(crate) const SLOW_STORE: Duration = Duration::from_secs(2);
/// The pause after the first failed listing. It doubles with each further one.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// How long it counts that a listing has failed or was slow, in a process that stands still between calls.
pub(crate) const FORGOTTEN_AFTER: Duration = Duration::from_secs(15);
/// How long a new name may stay unseen where known prompts are revalidated without a listing, unless the TTL is longer.
pub(crate) const NEW_NAMES_WITHIN: Duration = Duration::from_secs(30);
/// How often one outage is logged.
pub(crate) const OUTAGE_LOG_INTERVAL: Duration = Duration::from_secs(5);
/// How many listings one call makes because files were replaced.
pub(crate) const MAX_LISTINGS: usize = 4;

/// How long a caller waits for a read or a write of the index.
pub(crate) const INDEX_DEADLINE: Duration = Duration::from_secs(3);
/// How long after a failed read or write the index is not tried again.
pub(crate) const INDEX_RETRY_AFTER: Duration = Duration::from_secs(60);
/// How many prompts may be missing in the stored index. With more, the index is written.
pub(crate) const MAX_UNSAVED_PROMPTS: usize = 16;
/// The largest index that is read or written: about 100,000 prompts.
pub(crate) const MAX_INDEX_BYTES: usize = 64 * 1024 * 1024;
