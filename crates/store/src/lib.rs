//! Where the files of a prompt gallery are kept: an S3 bucket or a folder.
//!
//! A [`PromptStore`] lists objects with their versions, and returns the content of each. Its errors say what a caller can do
//! about them. An object's version is a text to compare: above this crate, only settings and credentials know S3.
//!
//! # Layout
//!
//! | to see how | read |
//! |---|---|
//! | a store is defined, and its errors | `prompt_store.rs` |
//! | a bucket is listed and read | `s3.rs`, then `s3/page.rs`, `s3/listing.rs` (all pages), `s3/bucket.rs` (one object, the index) |
//! | S3's error names are read | `s3/errors.rs` |
//! | a file's SHA-256 is taken | `digest.rs` |
//! | versions are compared | `s3/version.rs` |
//! | the S3 client gets its settings | `s3/client.rs`, `s3/options.rs` |
//! | a folder is listed, read and watched | `dir.rs`, `watch.rs` |
//! | HTTPS, root certificates and proxies are set up | `https.rs` |
//! | requests to S3 are counted for the log, and old or incomplete answers are marked | `observed.rs` |
//! | an error becomes one line without secrets | `causes.rs` |
//! | the environment is read | `env.rs` |
//! | a timeout or another limit is set | `limits.rs` |

#[doc(hidden)]
pub mod causes;
mod digest;
mod dir;
#[doc(hidden)]
pub mod env;
#[doc(hidden)]
pub mod https;
mod limits;
mod observed;
mod prompt_store;
pub mod s3;
mod watch;

#[doc(hidden)]
pub use digest::ContentDigest;
pub use dir::DirStore;
#[doc(hidden)]
pub use observed::{
    Observed, counting_requests, note_stale, note_store_failure, note_unread, note_waiting, observed, observing,
    spawn_counted, store_failure,
};
pub use prompt_store::{IndexStore, Listed, Object, PromptStore, Revalidated, StoreError, Written};
#[doc(hidden)]
pub use prompt_store::{is_lasting, timestamp};
pub use s3::S3Store;
#[doc(hidden)]
pub use watch::{FolderEvent, FolderWatcher, StartWatcher};
