//! What the program does beside serving, for those who write prompts: a command, a file.

mod around;
pub(crate) mod check;
pub(crate) mod complete;
pub(crate) mod list;
pub(crate) mod new;
mod path;
mod progress;
pub(crate) mod render;
pub(crate) mod report;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, format};

use gallery::config::Config;
use gallery::gallery::{Gallery, GalleryError};
use gallery::logging::{self, Lines};
use gallery::store::PromptStore;

use crate::cli::Location;
use crate::failure::Failure;
use crate::server;

impl From<GalleryError> for Failure {
    fn from(e: GalleryError) -> Self {
        match e {
            GalleryError::Store(cause) => Self::unable(cause),
            GalleryError::Unreadable { ref cause, .. } => Self::unable(format!("{e}: {cause}")),
            e => Self::wrong(e),
        }
    }
}

/// Runs what a command does; what else there is to say of the store goes to standard error.
fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    run_telling(LevelFilter::WARN, work)
}

/// The same, with what is to be said of the store from this level on.
fn run_telling<T>(level: LevelFilter, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    // What is broken the commands tell themselves, and why S3 does not answer is in the error.
    let filter = Targets::new()
        .with_target("prompt_gallery", level)
        .with_target("prompt_gallery_server::gallery", LevelFilter::OFF);
    let _ = logging::init(filter, words());
    let cores = thread::available_parallelism().map_or(1, usize::from);
    // Files are read by the blocking threads, of which more than there are cores would only wake each other.
    let mut runtime = runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().worker_threads(cores).max_blocking_threads(cores).build();
    runtime.map_err(Failure::unable)?.block_on(work)
}

/// What happened and the values of its fields, on standard error: `file left out: a.prompt: the name is not UTF-8`.
fn words() -> Lines {
    let values = format::debug_fn(|to, _, value| write!(to, "{value:?}")).delimited(": ");
    let words = fmt::layer().with_writer(io::stderr).fmt_fields(values).with_ansi(false);
    words.without_time().with_level(false).with_target(false).boxed()
}

/// The settings, with what the command line says of where the prompts are.
fn config(location: &Location) -> Result<Config, Failure> {
    Config::from_env(location.clone().into()).map_err(Failure::unable)
}

async fn store(config: &Config) -> Result<Arc<dyn PromptStore>, Failure> {
    server::open_ready(&config.source).await.map_err(Failure::unable)
}

/// A gallery that is listed once: a command answers of one moment.
fn gallery(store: Arc<dyn PromptStore>, config: &Config) -> Gallery {
    Gallery::new(store, Duration::MAX, config.page_size)
}
