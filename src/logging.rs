//! Where log lines go and what they look like.

mod json;

use std::io::{self, IsTerminal};
use std::panic;
use std::time::Duration;

use json::JsonLines;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry, fmt};

/// Crates that write whole events, requests or responses at their lower levels, and prompts and tokens with them.
const TALKATIVE: [&str; 6] = ["lambda_runtime", "lambda_http", "aws_", "hyper", "h2", "rustls"];

/// What log lines look like, and where they go.
pub(crate) type Lines = Box<dyn Layer<Registry> + Send + Sync>;

/// All that was logged has been written once this is dropped.
#[derive(Default)]
pub(crate) struct Writing {
    #[cfg(feature = "local")]
    _writer: Option<tracing_appender::non_blocking::WorkerGuard>,
}

/// JSON on standard output, for Lambda.
pub(crate) fn json() -> Lines {
    JsonLines.boxed()
}

/// Readable text on standard error. A thread of its own writes it, many lines at once where there are many: a request does
/// not wait for the terminal.
#[cfg(feature = "local")]
pub(crate) fn text() -> (Lines, Writing) {
    let stderr = io::BufWriter::with_capacity(64 * 1024, io::stderr());
    let builder = tracing_appender::non_blocking::NonBlockingBuilder::default().lossy(false);
    let (stderr, writer) = builder.finish(stderr);
    let ansi = io::stderr().is_terminal();
    (fmt::layer().with_writer(stderr).with_ansi(ansi).with_target(false).boxed(), Writing { _writer: Some(writer) })
}

/// Readable text on standard error.
#[cfg(not(feature = "local"))]
pub(crate) fn text() -> (Lines, Writing) {
    let ansi = io::stderr().is_terminal();
    (fmt::layer().with_writer(io::stderr).with_ansi(ansi).with_target(false).boxed(), Writing::default())
}

/// Begins to log.
///
/// # Errors
/// When this process logs already.
pub(crate) fn init(filter: Targets, lines: Lines) -> Result<(), TryInitError> {
    tracing_subscriber::registry().with(lines).with(filter).with(filter_fn(is_told)).try_init()?;
    // Where, and not what: a panic's words may repeat what a caller sent.
    panic::set_hook(Box::new(|panic| {
        tracing::error!(at = panic.location().map(tracing::field::display), "panic");
    }));
    Ok(())
}

/// A time in milliseconds, to the microsecond.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// Spans are in no line, so that none need be made.
fn is_told(metadata: &Metadata<'_>) -> bool {
    metadata.is_event() && is_safe(metadata)
}

fn is_safe(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO || !TALKATIVE.iter().any(|target| metadata.target().starts_with(target))
}
