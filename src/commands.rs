//! The commands, one module each: arguments, help text and `run`.

/// How many files a command that reads all prompts reads at once.
const CONCURRENT_READS: usize = 64;

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod export;
mod files;
pub(crate) mod import;
mod limited_folder;
pub(crate) mod list;
pub(crate) mod new;
mod path;
pub(crate) mod render;
mod runtime;
pub(crate) mod serve;
pub(crate) mod stdio;
pub(crate) mod usage;
