//! Lines to read: `2026-07-28T12:00:00.000000Z  INFO request rpc.method="ping" …`.
//!
//! The same that `tracing_subscriber` writes without targets, for a third of its instructions: they would be a quarter of a call
//! of `add` over HTTP.

use std::fmt::{self, Debug, Display, Write};

use anstyle::{AnsiColor, Color, Effects, Style};
use time::OffsetDateTime;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::{Sink, timestamp};

/// About what a line takes, in bytes.
const LINE: usize = 500;

const DIMMED: Style = Style::new().effects(Effects::DIMMED);
const ITALIC: Style = Style::new().effects(Effects::ITALIC);

pub(super) struct TextLines {
    pub(super) sink: Sink,
    pub(super) is_styled: bool,
}

impl<S: Subscriber> Layer<S> for TextLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line { text: String::with_capacity(LINE), is_styled: self.is_styled };
        line.styled(DIMMED, &timestamp(OffsetDateTime::now_utc()));
        line.text.push(' ');
        let (level, color) = match *event.metadata().level() {
            Level::ERROR => ("ERROR", AnsiColor::Red),
            Level::WARN => (" WARN", AnsiColor::Yellow),
            Level::INFO => (" INFO", AnsiColor::Green),
            Level::DEBUG => ("DEBUG", AnsiColor::Blue),
            Level::TRACE => ("TRACE", AnsiColor::Magenta),
        };
        line.styled(Style::new().fg_color(Some(Color::Ansi(color))), level);
        event.record(&mut line);
        line.text.push('\n');
        self.sink.put(line.text.as_bytes());
    }
}

struct Line {
    text: String,
    is_styled: bool,
}

impl Line {
    fn styled(&mut self, style: Style, text: &str) {
        if self.is_styled {
            let _ = write!(self.text, "{style}{text}{style:#}");
        } else {
            self.text.push_str(text);
        }
    }

    /// Begins a field; what is logged first of all is the message, and has no name.
    fn name(&mut self, field: &Field) {
        self.text.push(' ');
        if field.name() != "message" {
            self.styled(ITALIC, field.name());
            self.styled(DIMMED, "=");
        }
    }

    fn number(&mut self, field: &Field, value: impl Display) {
        self.name(field);
        let _ = write!(self.text, "{value}");
    }

    fn words(&mut self, field: &Field, words: impl Display) {
        self.name(field);
        let _ = write!(Escaped(&mut self.text), "{words}");
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        if value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
            self.text.push('"');
            self.text.push_str(value);
            self.text.push('"');
        } else {
            let _ = write!(Escaped(&mut self.text), "{value:?}");
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.words(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.words(field, format_args!("{value:?}"));
    }
}

/// Writes characters that steer a terminal as text: what is logged may come from a caller.
struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(|c: char| c.is_control()) {
            let plain = part.trim_end_matches(|c: char| c.is_control());
            self.0.push_str(plain);
            self.0.extend(part[plain.len()..].chars().flat_map(char::escape_default));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::Escaped;

    #[test]
    fn what_is_logged_is_one_line_and_steers_no_terminal() {
        let mut text = String::new();
        write!(Escaped(&mut text), "red \u{1b}[31m, é, \u{9b}31m\r\nnext").expect("a text takes everything");
        assert_eq!(text, r"red \u{1b}[31m, é, \u{9b}31m\r\nnext");
    }
}
