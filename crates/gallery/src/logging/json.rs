//! One JSON object a line, as the logs of AWS take them:
//! `{"timestamp":"…","level":"INFO","message":"request",…,"target":"prompt_gallery::http"}`.
//!
//! The same that `tracing_subscriber` writes with `flatten_event`, for a third of its instructions: it is part of the time
//! of each answer.

use std::fmt::{Debug, Display};

use serde::Serialize;
use time::OffsetDateTime;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::{Sink, timestamp};

/// About what a line takes, in bytes.
const LINE: usize = 1000;

pub(super) struct JsonLines {
    pub(super) sink: Sink,
}

impl<S: Subscriber> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut line = Object(Vec::with_capacity(LINE));
        line.field("timestamp", &timestamp(OffsetDateTime::now_utc()));
        line.field("level", metadata.level().as_str());
        event.record(&mut line);
        line.field("target", metadata.target());
        let Object(mut line) = line;
        line.extend_from_slice(b"}\n");
        self.sink.put(&line);
    }
}

/// A JSON object without its end.
struct Object(Vec<u8>);

impl Object {
    /// `name` has no characters that JSON escapes.
    fn field(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
        serde_json::to_writer(&mut self.0, value).expect("a text, a number or a truth value serialises");
    }

    fn text(&mut self, field: &Field, text: &impl Display) {
        self.field(field.name(), &text.to_string());
    }
}

impl Visit for Object {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field.name(), &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.field(field.name(), &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.field(field.name(), &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field.name(), &value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.text(field, &value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, &format_args!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::Object;

    #[test]
    fn what_is_logged_is_one_json_object_whatever_is_in_it() {
        let mut object = Object(Vec::new());
        object.field("text", "a \"quote\"\n\u{1f}");
        object.field("number", &f64::NAN);
        object.field("nothing", &None::<u8>);
        object.0.push(b'}');
        let text = String::from_utf8(object.0).expect("text");
        assert_eq!(text, r#"{"text":"a \"quote\"\n\u001f","number":null,"nothing":null}"#);
    }
}
