//! Where log lines go and what they look like.

mod json;
mod lines;

use std::io::{self, IsTerminal};
use std::panic;
use std::time::Duration;

use json::JsonLines;
pub(crate) use lines::Writer;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry, fmt};

/// Crates that write whole events, requests or responses at their lower levels, and prompts and tokens with them.
const TALKATIVE: [&str; 6] = ["lambda_runtime", "lambda_http", "aws_", "hyper", "h2", "rustls"];

/// What log lines look like, and where they go.
pub(crate) type Lines = Box<dyn Layer<Registry> + Send + Sync>;

/// JSON on standard output, for Lambda.
pub(crate) fn json() -> Lines {
    JsonLines.boxed()
}

/// Readable text on standard error, all of which is written once the writer is dropped.
///
/// # Errors
/// When the system has no thread for it.
pub(crate) fn text() -> io::Result<(Lines, Writer)> {
    let (stderr, writer) = lines::Lines::start()?;
    let ansi = io::stderr().is_terminal();
    Ok((fmt::layer().with_writer(stderr).with_ansi(ansi).with_target(false).boxed(), writer))
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
