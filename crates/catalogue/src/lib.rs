//! The prompts of a store: a snapshot of it, how the snapshot stays fresh, and its files, read when they are first needed.
//!
//! One listing of the store returns the version of every file. That snapshot, the [`Catalogue`], is served until it is older
//! than the TTL. Files that were read stay in a cache of limited size. An index in the store has a summary of
//! each prompt, so that a server that starts need not read every prompt.
//!
//! The gallery above this crate lists and renders prompts. Nothing here knows pages, arguments or MCP, except that a row of
//! `prompts/list` begins with the name of its prompt (`index.rs`).
//!
//! # Layout
//!
//! | to see how | read |
//! |---|---|
//! | a listing becomes names | `snapshot.rs` |
//! | a snapshot stays fresh, and serves through an outage | `snapshots.rs`; how old it may be: `freshness.rs`; of prompts, with files and index: `live.rs` |
//! | a known prompt is served without a listing | `revalidation.rs` |
//! | a test moves the time | `clock.rs` |
//! | a file is read, kept, refused or left out, and gets its partials | `files.rs`, with `by_version.rs`, `link.rs` and `under_way.rs` |
//! | a file that changes while it is read is listed again | `retry.rs` |
//! | the index is read and written | `index.rs`, `index/format.rs`; any index, its object and its envelope: `index/stored.rs`, `index/envelope.rs` |
//! | changed files of a watched folder are read | `changes.rs` |
//! | a limit is set | `limits.rs` |

mod by_version;
mod changes;
mod clock;
mod files;
mod freshness;
mod index;
mod limits;
mod link;
mod live;
mod retry;
mod revalidation;
mod snapshot;
mod snapshots;
mod summary;
mod under_way;

#[doc(hidden)]
pub use {
    changes::Seen,
    clock::{Clock, SystemClock},
    files::{Files, LastGood, Unread},
    freshness::Freshness,
    index::{Index, Saved, Sealing, StoredIndex, UnusableIndex, open},
    limits::{CONCURRENT_READS, STALE_OK},
    link::{Link, Partials},
    live::LiveCatalogue,
    retry::{Attempt, Fresh, Unreadable},
    snapshot::{Catalogue, Entry},
    snapshots::{Snapshot, Snapshots, jittered},
    summary::Summary,
    under_way::UnderWay,
};
