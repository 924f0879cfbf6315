//! Where log lines go and what they look like.

use std::io::{self, BufWriter, IsTerminal};
use std::panic;
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::Layer;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::fmt::format;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Crates that write whole events, requests or responses at their lower levels, and prompts and tokens with them.
const TALKATIVE: [&str; 6] = ["lambda_runtime", "lambda_http", "aws_", "hyper", "h2", "rustls"];

/// What log lines look like.
#[derive(Clone, Copy)]
pub(crate) enum Lines {
    /// JSON on standard output, for Lambda.
    Json,
    /// Readable text on standard error.
    Text,
    /// What happened and the values of its fields, on standard error: `file left out: a.prompt: the name is not UTF-8`.
    Words,
}

/// What has been logged is written by when this is dropped.
#[must_use = "lines are written for as long as it lives"]
pub(crate) struct Writing(Option<WorkerGuard>);

/// Begins to log.
///
/// # Errors
/// When this process logs already.
pub(crate) fn init(filter: Targets, lines: Lines) -> Result<Writing, TryInitError> {
    let layer = tracing_subscriber::fmt::layer();
    let mut writing = Writing(None);
    let lines = match lines {
        Lines::Json => layer.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
        Lines::Text => {
            // By a thread of its own, many lines at once where there are many: a request does not wait for the terminal.
            let stderr = BufWriter::with_capacity(64 * 1024, io::stderr());
            let (stderr, guard) = NonBlockingBuilder::default().lossy(false).finish(stderr);
            writing.0 = Some(guard);
            layer.with_writer(stderr).with_ansi(io::stderr().is_terminal()).with_target(false).boxed()
        }
        Lines::Words => {
            let values = format::debug_fn(|to, _, value| write!(to, "{value:?}")).delimited(": ");
            let words = layer.with_writer(io::stderr).fmt_fields(values).with_ansi(false);
            words.without_time().with_level(false).with_target(false).boxed()
        }
    };
    tracing_subscriber::registry().with(lines.with_filter(filter).with_filter(filter_fn(is_safe))).try_init()?;
    // Where, and not what: a panic's words may repeat what a caller sent.
    panic::set_hook(Box::new(|panic| {
        tracing::error!(at = panic.location().map(tracing::field::display), "panic");
    }));
    Ok(writing)
}

/// A time in milliseconds, to the microsecond.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

fn is_safe(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO || !TALKATIVE.iter().any(|target| metadata.target().starts_with(target))
}
