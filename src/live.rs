//! Live lists: clients over stdio and over HTTP are told when a list has changed. [`changes`] compares the lists while
//! a client listens; [`Lists`] knows how many do.

mod changes;
mod lists;

pub(crate) use changes::Watched;
pub(crate) use lists::{Changes, Interest, Lists};

/// Streams, or subscriptions of one connection over stdio, that are open at once. Some systems allow a process 256 files.
pub(crate) const MAX_LISTENING: usize = 200;
