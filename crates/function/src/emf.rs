//! Metrics on Lambda: the log line of a request is also a record of CloudWatch's
//! [embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
//! No request is made for them, and no line is added.
//!
//! Each combination of a metric and its dimensions is billed, so there are few: the function, the code of an error, and, with
//! `METRICS_BY_PROMPT=on`, the prompt. All other fields of the line are properties, which Logs Insights reads.

use std::fmt::{self, Debug, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use server::logging::Lines;
use server::mcp::{INTERNAL_ERROR, REQUEST_TARGET};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::{Format, Json, JsonFields, Writer, format};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter, layer};
use tracing_subscriber::registry::LookupSpan;

const NAMESPACE: &str = "PromptGallery";

/// JSON lines on `writer`, those of requests with their metrics. `function` is the value of the dimension `FunctionName`.
pub(crate) fn lines<W>(writer: W, function: &str) -> Lines
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let json = format().json().flatten_event(true).with_current_span(false).with_span_list(false);
    let is_cold = AtomicBool::new(true);
    let format = WithMetrics { json, function: Escaped(function).to_string(), is_cold };
    let lines = layer().with_writer(writer).log_internal_errors(false);
    lines.fmt_fields(JsonFields::new()).event_format(format).boxed()
}

/// The lines of `json`; that of a request gets the members that make it a record of metrics.
struct WithMetrics {
    json: Format<Json>,
    function: String,
    /// Until the first request.
    is_cold: AtomicBool,
}

impl<S, N> FormatEvent<S, N> for WithMetrics
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if event.metadata().target() != REQUEST_TARGET {
            return self.json.format_event(ctx, writer, event);
        }
        let mut line = String::with_capacity(2048);
        self.json.format_event(ctx, Writer::new(&mut line), event)?;
        let Some(line) = line.strip_suffix("}\n") else { return writer.write_str(&line) };
        let mut request = Request { is_cold: self.is_cold.swap(false, Ordering::Relaxed), ..Request::default() };
        event.record(&mut request);
        writer.write_str(line)?;
        request.write(&mut writer, &self.function, SystemTime::now())?;
        writer.write_str("}\n")
    }
}

/// What the line of a request says that is measured.
#[derive(Default)]
struct Request {
    duration_ms: f64,
    error: Option<i64>,
    s3_requests: u64,
    cache_hit: Option<bool>,
    broken: Option<u64>,
    stale_seconds: Option<u64>,
    unread: Option<u64>,
    store_failed: bool,
    /// Whether the line has the dimension of a prompt.
    has_prompt: bool,
    is_ok: bool,
    is_cold: bool,
}

impl Visit for Request {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "duration_ms" {
            self.duration_ms = value;
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        if field.name() == "error.code" {
            self.error = Some(value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "s3.requests" => self.s3_requests = value,
            "prompts.broken" => self.broken = Some(value),
            "stale_seconds" => self.stale_seconds = Some(value),
            "unread_files" => self.unread = Some(value),
            _ => {}
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        match field.name() {
            "cache.hit" => self.cache_hit = Some(value),
            "store.failed" => self.store_failed = value,
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "gen_ai.prompt.name" => self.has_prompt = true,
            "outcome" => self.is_ok = value == "ok",
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

impl Request {
    /// The metric of the prompt, where prompts are a dimension. Wrong arguments are neither.
    fn of_prompt(&self) -> Option<&'static str> {
        match (self.is_ok, self.error) {
            _ if !self.has_prompt => None,
            (true, _) => Some("prompt_gallery.prompt.renders"),
            (false, Some(code)) if code == i64::from(INTERNAL_ERROR) => Some("prompt_gallery.prompt.failures"),
            (false, _) => None,
        }
    }

    /// Writes the metrics with their values, and the member that names them.
    fn write(&self, to: &mut impl Write, function: &str, now: SystemTime) -> fmt::Result {
        // The number of requests, and of errors with a code, is the number of values.
        const DURATION: &str = r#"{"Name":"mcp.server.operation.duration","Unit":"Seconds"}"#;
        let counts = [
            ("prompt_gallery.s3.requests", Some(self.s3_requests)),
            ("prompt_gallery.cache.hits", self.cache_hit.map(u64::from)),
            ("prompt_gallery.cold_starts", self.is_cold.then_some(1)),
            ("prompt_gallery.prompts.broken", self.broken),
            ("prompt_gallery.files.unread", self.unread),
            ("prompt_gallery.store.failures", (self.store_failed || self.unread.is_some()).then_some(1)),
        ];
        let counts = || counts.into_iter().filter_map(|(name, count)| Some((name, count?)));
        write!(to, r#","FunctionName":"{function}""#)?;
        write!(to, r#","mcp.server.operation.duration":{}"#, self.duration_ms / 1e3)?;
        for (name, count) in counts() {
            write!(to, r#","{name}":{count}"#)?;
        }
        if let Some(age) = self.stale_seconds {
            write!(to, r#","prompt_gallery.stale.age":{age}"#)?;
        }
        if let Some(name) = self.of_prompt() {
            write!(to, r#","{name}":1"#)?;
        }
        if let Some(code) = self.error {
            write!(to, r#","rpc.response.status_code":"{code}""#)?;
        }
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        write!(to, r#","_aws":{{"Timestamp":{now},"CloudWatchMetrics":["#)?;
        write!(to, r#"{{"Namespace":"{NAMESPACE}","Dimensions":[["FunctionName"]],"Metrics":[{DURATION}"#)?;
        for (name, _) in counts() {
            write!(to, r#",{{"Name":"{name}","Unit":"Count"}}"#)?;
        }
        if self.stale_seconds.is_some() {
            to.write_str(r#",{"Name":"prompt_gallery.stale.age","Unit":"Seconds"}"#)?;
        }
        to.write_str("]}")?;
        if self.error.is_some() {
            write!(to, "{}{DURATION}]}}", of("rpc.response.status_code"))?;
        }
        if let Some(name) = self.of_prompt() {
            write!(to, r#"{}{{"Name":"{name}","Unit":"Count"}}]}}"#, of("gen_ai.prompt.name"))?;
        }
        to.write_str("]}")
    }
}

/// The start of metrics that have a dimension besides the function.
fn of(dimension: &str) -> String {
    format!(r#",{{"Namespace":"{NAMESPACE}","Dimensions":[["FunctionName","{dimension}"]],"Metrics":["#)
}

/// A name in JSON text. Lambda allows letters, digits, hyphens and underscores.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        self.0.chars().filter(allowed).try_for_each(|c| f.write_char(c))
    }
}

#[cfg(test)]
mod tests;
