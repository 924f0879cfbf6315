//! Where log lines go and what they look like.

use std::io::{self, IsTerminal};
use std::panic;

use tracing::{Level, Metadata};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Crates that write whole events, requests or responses at their lower levels, and prompts and tokens with them.
const TALKATIVE: [&str; 6] = ["lambda_runtime", "lambda_http", "aws_", "hyper", "h2", "rustls"];

/// Begins to log: JSON lines on Lambda, readable text on standard error elsewhere.
///
/// # Errors
/// When this process logs already.
pub(crate) fn init(filter: Targets, on_lambda: bool) -> Result<(), TryInitError> {
    let lines = tracing_subscriber::fmt::layer();
    let lines = if on_lambda {
        lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
    } else {
        lines.with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).with_target(false).boxed()
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
