//! How much is read at once, and how long a caller waits for the index.

use std::time::Duration;

/// The memory for the files that are read at once, in MiB: a `SKILL.md` as a whole, another file in pieces.
pub(crate) const READ_MIB: usize = 64;
/// How long a caller waits for a read of the index.
pub(crate) const INDEX_DEADLINE: Duration = Duration::from_secs(3);
/// How long a caller whose answer is ready waits for a write of the index. The write goes on.
pub(crate) const WRITE_DEADLINE: Duration = Duration::from_secs(1);
