//! How much is read at once, and how long a caller waits for the index.

use std::time::Duration;

/// The memory for the `SKILL.md` files that are read at once, in MiB. Other files are digested in pieces.
pub(crate) const SKILL_MD_MIB: usize = 64;
/// How long a caller waits for a read or a write of the index.
pub(crate) const INDEX_DEADLINE: Duration = Duration::from_secs(3);
