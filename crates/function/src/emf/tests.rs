//! Lines of requests, as CloudWatch reads them.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::{Value, json};
use server::mcp::{LoggedHeaders, Record, RequestLine};
use store::Observed;
use tracing_subscriber::layer::SubscriberExt;

use super::lines;

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

/// The lines of these requests, one process's.
fn logged(records: &[Record]) -> Vec<Value> {
    let written = Written::default();
    let writer = written.clone();
    let subscriber = tracing_subscriber::registry().with(lines(move || writer.clone(), "gallery"));
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(duration_ms = 1.0, "another line");
        for record in records {
            let (began, status, headers) = (Instant::now(), Some(200), LoggedHeaders::default());
            RequestLine { record, headers: &headers, request_id: "r", began, status, sub: None, client_id: None }
                .write();
        }
    });
    let written = written.0.lock().expect("not poisoned").clone();
    let text = String::from_utf8(written).expect("text");
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("one object")).collect();
    assert!(lines.remove(0).get("_aws").is_none(), "only requests are measured");
    lines
}

/// The metrics of a line as CloudWatch makes them: dimensions with their values, name, unit and value.
fn metrics(line: &Value) -> Vec<String> {
    let mut metrics = Vec::new();
    for directive in line["_aws"]["CloudWatchMetrics"].as_array().expect("directives") {
        assert_eq!(directive["Namespace"], "PromptGallery");
        for set in directive["Dimensions"].as_array().expect("sets") {
            let value = |name: &Value| line[name.as_str().expect("a name")].as_str().expect("text").to_owned();
            let dimensions: Vec<_> = set.as_array().expect("a set").iter().map(value).collect();
            for metric in directive["Metrics"].as_array().expect("metrics") {
                let (name, unit) = (metric["Name"].as_str().expect("a name"), metric["Unit"].as_str().expect("a unit"));
                let value = &line[name];
                assert!(value.is_number(), "{name} in {line}");
                let shown = if name == "mcp.server.operation.duration" { "" } else { &value.to_string() };
                metrics.push(format!("{} {name} {unit} {shown}", dimensions.join(",")).trim_end().to_owned());
            }
        }
    }
    metrics
}

#[test]
fn a_request_for_a_prompt_is_a_record_of_its_metrics() {
    let record = Record {
        method: Some("prompts/get"),
        name: Some("greet".to_owned()),
        prompt: Some("greet".to_owned()),
        prompt_dimension: Some("greet".to_owned()),
        cache_hit: Some(true),
        broken: Some(2),
        observed: Observed {
            s3_requests: 3,
            stale_seconds: Some(901),
            unread: 4,
            store_failed: false,
            has_waited: true,
        },
        ..Record::default()
    };
    let lines = logged(&[record.clone(), record]);
    insta::assert_snapshot!(metrics(&lines[0]).join("\n"), @"
    gallery mcp.server.operation.duration Seconds
    gallery prompt_gallery.s3.requests Count 3
    gallery prompt_gallery.cache.hits Count 1
    gallery prompt_gallery.cold_starts Count 1
    gallery prompt_gallery.prompts.broken Count 2
    gallery prompt_gallery.files.unread Count 4
    gallery prompt_gallery.store.failures Count 1
    gallery prompt_gallery.stale.age Seconds 901
    gallery,greet prompt_gallery.prompt.renders Count 1
    ");
    assert!(!metrics(&lines[1]).join("\n").contains("cold_starts"), "only the first request is one of a cold start");
    // The other fields of the line are as they were.
    let names: Vec<_> = lines[1].as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!((names[0], lines[1]["rpc.method"].as_str()), ("timestamp", Some("prompts/get")));
    let seconds = lines[1]["mcp.server.operation.duration"].as_f64().expect("seconds");
    assert!((seconds * 1e3 - lines[1]["duration_ms"].as_f64().expect("milliseconds")).abs() < 1e-6);
    assert!(lines[1]["_aws"]["Timestamp"].as_u64().is_some_and(|milliseconds| milliseconds > 1_700_000_000_000));
}

#[test]
fn an_error_has_its_code_as_a_dimension() {
    let failed = Record { error: Some(-32603), prompt: Some("x".to_owned()), ..Record::default() };
    let by_prompt = Record { prompt_dimension: Some("other".to_owned()), ..failed.clone() };
    let refused = Record { error: Some(-32602), ..by_prompt.clone() };
    let lines = logged(&[Record::default(), failed, by_prompt, refused]);
    let all = |line: &Value| metrics(line)[2..].join("\n");
    insta::assert_snapshot!(all(&lines[1]), @"gallery,-32603 mcp.server.operation.duration Seconds");
    insta::assert_snapshot!(all(&lines[2]), @"
    gallery,-32603 mcp.server.operation.duration Seconds
    gallery,other prompt_gallery.prompt.failures Count 1
    ");
    insta::assert_snapshot!(all(&lines[3]), @"gallery,-32602 mcp.server.operation.duration Seconds");
    assert_eq!(lines[1]["level"], "ERROR");
}

#[test]
fn version_and_caller_are_no_dimensions() {
    let record = Record { version: Some("2026-07-28"), name: Some("x".to_owned()), ..Record::default() };
    let directives = &logged(&[record])[0]["_aws"]["CloudWatchMetrics"];
    assert_eq!(directives.as_array().map(Vec::len), Some(1));
    assert_eq!(directives[0]["Dimensions"], json!([["FunctionName"]]));
}
