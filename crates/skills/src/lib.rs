//! The Agent Skills of a store: a snapshot of it, what its files say and their digests, and an index of both.
//!
//! A skill is a folder with a `SKILL.md`; the files below it are its files, those of skills within it too. The store says how large
//! a file is, not its SHA-256, so each version of a file is read once. The index keeps the digests, so that a server that starts
//! reads no file for `skills/list`.
//!
//! The gallery above this crate lists skills and reads their files. `check` has the rules of Agent Skills. Nothing here knows pages
//! or MCP, except that an entry has the form that `skills/list` returns.
//!
//! # Layout
//!
//! | to see how | read |
//! |---|---|
//! | a listing becomes skills, and what is known of their files | `shelf.rs` |
//! | files are read and digested, and a skill is left out | `reading.rs` |
//! | the index is read and written | `index.rs` |
//! | an address becomes a path | `address.rs` |
//! | a limit is set | `limits.rs` |

#[doc(hidden)]
pub mod address;
mod index;
mod limits;
mod reading;
mod shelf;

#[doc(hidden)]
pub use {
    reading::{Reading, Skills},
    shelf::{Entry, Shelf, Skill, entry_json},
};
