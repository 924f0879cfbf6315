//! The format of log lines, and which events are logged.

use std::fmt::{self, Debug, Write};
use std::panic;
use std::time::Duration;

use tracing::field::Field;
use tracing::{Level, Metadata};
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry};

use crate::config::LogFormat;

/// Crates that log whole requests and responses below `info`, with prompts and tokens.
const TARGETS_WITH_SECRETS: [&str; 6] = ["lambda_runtime", "lambda_http", "aws_", "hyper", "h2", "rustls"];

/// Logs missing credentials with all their causes; the store logs them in one line.
const CREDENTIALS_TARGET: &str = "aws_config";

/// Writes events as lines.
pub type Lines = Box<dyn Layer<Registry> + Send + Sync>;

/// Lines of this format on `writer`, with the colours of a terminal if `is_styled`. An event that cannot be written is lost.
///
/// JSON has one object a line, as the logs of AWS take them:
/// `{"timestamp":"…","level":"INFO","message":"request",…,"target":"prompt_gallery_server::mcp::post"}`. Text is for people:
/// `2026-07-28T12:00:00.000000Z  INFO request rpc.method="ping" …`. Times are in UTC.
pub fn lines<W>(format: LogFormat, writer: W, is_styled: bool) -> Lines
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = layer().with_writer(writer).log_internal_errors(false);
    match format {
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
        LogFormat::Text => {
            lines.with_ansi(is_styled).with_target(false).fmt_fields(debug_fn(write_field).delimited(" ")).boxed()
        }
    }
}

/// Writes a field of a text line; the message has no name. A value may come from a caller, but `tracing-subscriber` escapes
/// no line breaks, and escapes other control characters only in messages and errors.
fn write_field(to: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    match (field.name(), to.has_ansi_escapes()) {
        ("message", _) => {}
        // In italics, with a dim equals sign.
        (name, true) => write!(to, "\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m")?,
        (name, false) => write!(to, "{name}=")?,
    }
    write!(Escaped(to), "{value:?}")
}

/// Escapes control characters, so that a value stays on its line and cannot steer a terminal.
struct Escaped<'a, W>(&'a mut W);

impl<W: Write> Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(char::is_control) {
            let plain = part.trim_end_matches(char::is_control);
            self.0.write_str(plain)?;
            part[plain.len()..].chars().try_for_each(|control| write!(self.0, "{}", control.escape_default()))?;
        }
        Ok(())
    }
}

/// Begins to log.
///
/// # Errors
/// When this process logs already.
pub fn init(filter: Targets, lines: Lines) -> Result<(), TryInitError> {
    tracing_subscriber::registry().with(lines).with(filter).with(filter_fn(is_logged)).try_init()?;
    // Only the place: a panic's message may repeat text from a caller.
    panic::set_hook(Box::new(|panic| {
        tracing::error!(at = panic.location().map(tracing::field::display), "panic");
    }));
    Ok(())
}

/// A time in milliseconds, to the microsecond.
pub fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// Spans are off: no line shows one.
fn is_logged(metadata: &Metadata<'_>) -> bool {
    metadata.is_event() && is_safe(metadata) && !metadata.target().starts_with(CREDENTIALS_TARGET)
}

fn is_safe(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO || !TARGETS_WITH_SECRETS.iter().any(|target| metadata.target().starts_with(target))
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tracing_subscriber::layer::SubscriberExt;

    use super::lines;
    use crate::config::LogFormat;

    /// Line breaks, and characters that steer a terminal.
    const CONTROLS: &str = "a \"quote\" \r\n\t\u{0}\u{7}\u{1b}[31m\u{7f}\u{9b}31m é";
    const ESCAPED: &str = r"\r\n\t\u{0}\u{7}\u{1b}[31m\u{7f}\u{9b}31m é";

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines of an event that has the text in each kind of field.
    fn logged(format: LogFormat, text: &str) -> String {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::registry().with(lines(format, move || writer.clone(), false));
        tracing::subscriber::with_default(subscriber, || {
            let error = io::Error::other(text.to_owned());
            let error: &(dyn Error + 'static) = &error;
            tracing::info!(text, displayed = display(text), debugged = debug(text), error, n = f64::NAN, "said {text}");
        });
        let written = written.0.lock().expect("not poisoned").clone();
        String::from_utf8(written).expect("text")
    }

    #[test]
    fn a_text_line_is_one_line_that_steers_no_terminal() {
        let line = logged(LogFormat::Text, CONTROLS);
        let (line, rest) = line.split_once('\n').expect("a line");
        assert_eq!(rest, "");
        assert!(!line.chars().any(char::is_control), "{line}");
        assert_eq!(line.matches(r"\u{1b}[31m").count(), 5, "{line}");
        assert!(line.contains(&format!("  INFO said a \"quote\" {ESCAPED} text=\"a ")), "{line}");
        assert!(line.contains(&format!(" displayed=a \"quote\" {ESCAPED} debugged=\"a ")), "{line}");
        let time = &line[.."2026-07-28T12:00:00.000000Z".len()];
        assert_eq!((&time[10..11], &time[19..20], &time[26..]), ("T", ".", "Z"), "{time}");
    }

    #[test]
    fn a_json_line_is_one_object() {
        let line = logged(LogFormat::Json, CONTROLS);
        assert_eq!(line.find(|c: char| c < ' '), Some(line.len() - 1), "{line}");
        let object: Value = serde_json::from_str(&line).expect("JSON");
        for field in ["text", "displayed", "error"] {
            assert_eq!(object[field], CONTROLS);
        }
        assert_eq!(object["message"], format!("said {CONTROLS}"));
        assert!(object["level"] == "INFO" && object["n"].is_null(), "{line}");
        let names: Vec<_> = object.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!((names.first(), names.last()), (Some(&"timestamp"), Some(&"target")));
    }
}
