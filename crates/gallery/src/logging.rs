//! Where log lines go and what they look like.

mod json;
mod lines;
mod text;

use std::io::{self, IsTerminal, Write};
use std::panic;
use std::time::Duration;

use json::JsonLines;
pub use lines::Writer;
use text::TextLines;
use time::OffsetDateTime;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry};

use crate::config::{LogFormat, process};

/// Crates that write whole events, requests or responses at their lower levels, and prompts and tokens with them.
const TALKATIVE: [&str; 6] = ["lambda_runtime", "lambda_http", "aws_", "hyper", "h2", "rustls"];

/// Tells of missing credentials with all that its errors hold; the store does in one line.
const CREDENTIALS: &str = "aws_config";

/// What log lines look like, and where they go.
pub type Lines = Box<dyn Layer<Registry> + Send + Sync>;

/// Lines on standard output, each written at once: a Lambda function may be frozen when it has answered.
pub fn to_stdout(format: LogFormat) -> Lines {
    lines(format, Sink::Stdout, false)
}

/// Lines on standard error, all of which are written once the writer is dropped.
///
/// # Errors
/// When the system has no thread for it.
pub fn to_stderr(format: LogFormat) -> io::Result<(Lines, Writer)> {
    let (stderr, writer) = lines::Lines::start()?;
    let is_styled = io::stderr().is_terminal() && process("NO_COLOR").is_none_or(|no| no.is_empty());
    Ok((lines(format, Sink::Stderr(stderr), is_styled), writer))
}

fn lines(format: LogFormat, sink: Sink, is_styled: bool) -> Lines {
    match format {
        LogFormat::Json => JsonLines { sink }.boxed(),
        LogFormat::Text => TextLines { sink, is_styled }.boxed(),
    }
}

/// Where whole lines go.
enum Sink {
    Stdout,
    Stderr(lines::Lines),
}

impl Sink {
    fn put(&self, line: &[u8]) {
        match self {
            // A closed standard output is no reason not to answer.
            Self::Stdout => drop(io::stdout().write_all(line)),
            Self::Stderr(lines) => lines.put(line),
        }
    }
}

/// Begins to log.
///
/// # Errors
/// When this process logs already.
pub fn init(filter: Targets, lines: Lines) -> Result<(), TryInitError> {
    tracing_subscriber::registry().with(lines).with(filter).with(filter_fn(is_told)).try_init()?;
    // Where, and not what: a panic's words may repeat what a caller sent.
    panic::set_hook(Box::new(|panic| {
        tracing::error!(at = panic.location().map(tracing::field::display), "panic");
    }));
    Ok(())
}

/// A time in milliseconds, to the microsecond.
pub fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// A time in UTC, to the microsecond: `2026-07-28T12:00:00.000000Z`.
fn timestamp(time: OffsetDateTime) -> String {
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second, micro) = time.to_hms_micro();
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    for (number, digits) in [
        (year.unsigned_abs(), 0..4),
        (u8::from(month).into(), 5..7),
        (day.into(), 8..10),
        (hour.into(), 11..13),
        (minute.into(), 14..16),
        (second.into(), 17..19),
        (micro, 20..26),
    ] {
        let mut number: u32 = number;
        for digit in text[digits].iter_mut().rev() {
            *digit += (number % 10) as u8;
            number /= 10;
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Spans are in no line, so that none need be made.
fn is_told(metadata: &Metadata<'_>) -> bool {
    metadata.is_event() && is_safe(metadata) && !metadata.target().starts_with(CREDENTIALS)
}

fn is_safe(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO || !TALKATIVE.iter().any(|target| metadata.target().starts_with(target))
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::timestamp;

    #[test]
    fn a_timestamp_has_all_its_digits() {
        let at = |nanoseconds| timestamp(OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).expect("a time"));
        assert_eq!(at(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(at(1_709_210_096_012_345_999), "2024-02-29T12:34:56.012345Z");
    }
}
