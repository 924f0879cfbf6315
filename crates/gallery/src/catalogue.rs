//! The prompts of a store: a snapshot of it, how the snapshot stays fresh, and its files, read when they are first needed.
//!
//! One listing of the store returns the version of every file. That snapshot, the [`Catalogue`], is served until it is
//! older than the TTL. Files are kept as far as there is room. How prompts are listed is also kept in an index, so that a
//! server that starts need not read all of them.

mod by_version;
mod changes;
mod files;
mod index;
mod link;
mod live;
mod retry;
mod snapshot;

pub use changes::Seen;
pub(crate) use files::Unread;
pub(crate) use link::Link;
pub(crate) use live::LiveCatalogue;
pub(crate) use retry::{Attempt, Fresh, Unreadable};
pub(crate) use snapshot::{Catalogue, Entry};

/// How many files are read at once.
pub(crate) const CONCURRENT_READS: usize = 32;
