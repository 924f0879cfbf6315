//! Where log lines go and what they look like.

use std::io::{self, IsTerminal};
use std::panic;

use tracing::{Level, Metadata};
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

/// Begins to log.
///
/// # Errors
/// When this process logs already.
pub(crate) fn init(filter: Targets, lines: Lines) -> Result<(), TryInitError> {
    let layer = tracing_subscriber::fmt::layer();
    let lines = match lines {
        Lines::Json => layer.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
        Lines::Text => layer.with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).with_target(false).boxed(),
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
    Ok(())
}

fn is_safe(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO || !TALKATIVE.iter().any(|target| metadata.target().starts_with(target))
}
