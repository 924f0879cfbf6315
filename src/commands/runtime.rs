//! The runtime of a command that answers once, and its log.

use std::future::Future;
use std::io;
use std::thread;

use tokio::runtime;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, format};

use server::logging::{self, Lines};

use crate::failure::Failure;

/// Runs `work`. Store events of `level` and above go to standard error.
pub(super) fn run<T>(level: LevelFilter, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    // The commands report broken prompts themselves, and a store's error says why it does not answer.
    let filter = Targets::new()
        .with_target("prompt_gallery", level)
        .with_target("prompt_gallery_gallery", LevelFilter::OFF)
        .with_target("prompt_gallery_catalogue", LevelFilter::OFF);
    let _ = logging::init(filter, lines());
    let cores = thread::available_parallelism().map_or(1, usize::from);
    // The blocking threads read the files; more of them than cores would only compete.
    let mut runtime = runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().max_blocking_threads(cores).build();
    runtime.map_err(Failure::unable)?.block_on(work)
}

/// Log lines of message and field values: `file left out: a.prompt: the name is not UTF-8`.
fn lines() -> Lines {
    let values = format::debug_fn(|to, _, value| write!(to, "{value:?}")).delimited(": ");
    let lines = fmt::layer().with_writer(io::stderr).fmt_fields(values).with_ansi(false);
    lines.without_time().with_level(false).with_target(false).boxed()
}
