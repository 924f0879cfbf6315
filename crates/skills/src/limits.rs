//! How much is read at once, and how long a caller waits for the index.

use std::time::Duration;

/// The memory for the files that are read at once, in MiB: a `SKILL.md` as a whole, another file in pieces.
pub(crate) const READ_MIB: usize = 64;
/// How long a caller waits for a read or a write of the index.
pub(crate) const INDEX_DEADLINE: Duration = Duration::from_secs(3);
