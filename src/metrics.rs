//! The metrics of the local program: recorded with the `metrics` crate, read as Prometheus text and sent by OTLP. On Lambda the
//! log has them: `function`, `emf.rs`.
//!
//! Names are those of OpenTelemetry's semantic conventions for MCP where they have one:
//! <https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md>.

mod by_prompt;
mod otlp;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ::metrics::{Label, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use metrics_util::layers::FanoutBuilder;
use tokio::time::{MissedTickBehavior, interval};

use by_prompt::ByPrompt;
use gallery::Gallery;
use otlp::Otlp;
use server::config::Config;
use server::mcp::{Record, observe_requests};
use store::Observed;

use crate::failure::Failure;

const DURATION: &str = "mcp.server.operation.duration";
/// Those that the conventions advise.
const DURATION_BUCKETS: [f64; 14] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];
const S3_REQUESTS: &str = "prompt_gallery.s3.requests";
const CACHE_HITS: &str = "prompt_gallery.cache.hits";
const CACHE_MISSES: &str = "prompt_gallery.cache.misses";
const REFUSED: &str = "prompt_gallery.sign_in.refused";
/// 0 while what is served is as new as it should be.
const STALE: &str = "prompt_gallery.stale.age";
const UNREAD: &str = "prompt_gallery.files.unread";
/// Counts answers, not files.
const STORE_FAILURES: &str = "prompt_gallery.store.failures";
const BROKEN: &str = "prompt_gallery.prompts.broken";
const COLD_STARTS: &str = "prompt_gallery.cold_starts";
const PROMPT: &str = "gen_ai.prompt.name";
/// How the conventions call a method that is not one of theirs.
const OTHER_METHOD: &str = "_OTHER";

/// How often gauges are set, and how often recorded durations are put into their buckets.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Counts by prompt, of the one server of this process.
static BY_PROMPT: OnceLock<ByPrompt> = OnceLock::new();

/// The metrics of a running server.
pub(crate) struct Metrics {
    prometheus: PrometheusHandle,
    otlp: Option<Otlp>,
    gallery: Arc<Gallery>,
}

impl Metrics {
    /// Begins to count the requests of this process.
    ///
    /// # Errors
    /// A setting of OpenTelemetry that this program or its SDK does not take.
    pub(crate) fn start(config: &Config, gallery: Arc<Gallery>) -> Result<Arc<Self>, Failure> {
        let prometheus = PrometheusBuilder::new().with_recommended_naming(true).set_buckets(&DURATION_BUCKETS);
        let prometheus = prometheus.map_err(Failure::unable)?.build_recorder();
        let handle = prometheus.handle();
        let mut recorders = FanoutBuilder::default().add_recorder(prometheus);
        let mut otlp = None;
        if let Some(settings) = config.otlp.as_ref().map_err(Failure::unable)? {
            let (started, recorder) = Otlp::start(settings).map_err(Failure::unable)?;
            recorders = recorders.add_recorder(recorder);
            otlp = Some(started);
        }
        // Another server of this process counts already.
        if ::metrics::set_global_recorder(recorders.build()).is_ok() {
            describe();
            let _ = BY_PROMPT.set(ByPrompt::default());
            observe_requests(observe);
            counter!(COLD_STARTS).increment(1);
        }
        let metrics = Arc::new(Self { prometheus: handle, otlp, gallery });
        tokio::spawn(Arc::clone(&metrics).keep_up());
        Ok(metrics)
    }

    /// Prometheus text: all metrics, or the counts of each prompt alone.
    pub(crate) fn text(&self, is_by_prompt: bool) -> String {
        if is_by_prompt {
            return BY_PROMPT.get().map(ByPrompt::text).unwrap_or_default();
        }
        self.set_gauges();
        self.prometheus.render()
    }

    /// Sends what was not sent yet.
    pub(crate) async fn stop(&self) {
        if let Some(otlp) = &self.otlp {
            self.set_gauges();
            otlp.stop().await;
        }
    }

    async fn keep_up(self: Arc<Self>) {
        let mut interval = interval(UPKEEP_INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            self.set_gauges();
            self.prometheus.run_upkeep();
        }
    }

    fn set_gauges(&self) {
        #[expect(clippy::cast_precision_loss, reason = "far fewer prompts than that")]
        gauge!(BROKEN).set(self.gallery.broken() as f64);
    }
}

fn describe() {
    let text = "MCP requests and notifications, from their arrival to their answer";
    describe_histogram!(DURATION, Unit::Seconds, text);
    for (name, text) in [
        (S3_REQUESTS, "Requests to S3, retries included"),
        (CACHE_HITS, "Requests for prompts that were answered without S3"),
        (CACHE_MISSES, "Requests for prompts that asked S3"),
        (UNREAD, "Files that could not be read for an answer"),
        (STORE_FAILURES, "Answers that lack what the store did not return"),
        (REFUSED, "Requests whose caller was not admitted"),
        (COLD_STARTS, "Starts of the process"),
        (by_prompt::RENDERS, "Prompts that were rendered"),
        (by_prompt::FAILURES, "Prompts that could not be rendered"),
        (by_prompt::REFUSALS, "Prompts that were asked for with wrong arguments"),
    ] {
        describe_counter!(name, Unit::Count, text);
        if name != REFUSED && !by_prompt::NAMES.contains(&name) {
            counter!(name).increment(0);
        }
    }
    describe_gauge!(STALE, Unit::Seconds, "Age of the listing that was served last, if it is older than it should be");
    describe_gauge!(BROKEN, Unit::Count, "Prompts that were read and cannot be served");
}

/// Counts one request. Labels are names that this program knows, never a caller's.
fn observe(record: &Record, took: Duration) {
    let method = record.method.filter(|method| *method != "unknown").unwrap_or(OTHER_METHOD);
    let mut labels = vec![Label::from_static_parts("mcp.method.name", method)];
    match (record.error, record.tool_error) {
        (Some(code), _) => {
            let code = code.to_string();
            labels.push(Label::new("error.type", code.clone()));
            labels.push(Label::new("rpc.response.status_code", code));
        }
        (None, true) => labels.push(Label::from_static_parts("error.type", "tool_error")),
        (None, false) => {}
    }
    histogram!(DURATION, labels).record(took.as_secs_f64());
    let Observed { s3_requests, stale_seconds, unread, store_failed, .. } = record.observed;
    if s3_requests > 0 {
        counter!(S3_REQUESTS).increment(s3_requests.into());
    }
    if let Some(is_hit) = record.cache_hit {
        counter!(if is_hit { CACHE_HITS } else { CACHE_MISSES }).increment(1);
        #[expect(clippy::cast_precision_loss, reason = "seconds of far less than that")]
        gauge!(STALE).set(stale_seconds.unwrap_or_default() as f64);
    }
    if unread > 0 {
        counter!(UNREAD).increment(unread.into());
    }
    if unread > 0 || store_failed {
        counter!(STORE_FAILURES).increment(1);
    }
    if let Some(why) = record.refused {
        counter!(REFUSED, "error.type" => why).increment(1);
    }
    if let (Some(counts), Some(prompt)) = (BY_PROMPT.get(), &record.prompt) {
        counts.count(prompt, record);
    }
}
