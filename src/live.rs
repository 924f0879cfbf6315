//! Live lists: clients over stdio and over HTTP are told when a list has changed. [`changes`] compares the lists while
//! a client listens; [`Lists`] knows how many do.

mod changes;
mod lists;

pub(crate) use changes::Watched;
pub(crate) use lists::{Changes, Interest, Lists};
