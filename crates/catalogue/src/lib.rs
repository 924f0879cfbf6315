//! The prompts of a store: a snapshot of it, how the snapshot stays fresh, and its files, read when they are first needed.
//!
//! The gallery above this crate lists and renders prompts; nothing here knows pages, arguments or MCP.
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
pub use files::{Files, Unread};
pub use index::Index;
pub use link::{Link, Partials};
pub use live::LiveCatalogue;
pub use retry::{Attempt, Fresh, Unreadable};
pub use snapshot::{Catalogue, Entry};

/// How many files are read at once.
pub const CONCURRENT_READS: usize = 32;
