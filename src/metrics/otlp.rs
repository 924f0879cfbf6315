//! Sends metrics to an OpenTelemetry collector, by OTLP over HTTP. The SDK reads the settings (`OTEL_*`).

use std::fmt;
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::http::Request as HttpRequest;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use metrics_opentelemetry::{OpenTelemetryMetrics, OpenTelemetryRecorder};
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{MetricExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use server::config;
use store::https;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::{DURATION, DURATION_BUCKETS};

const SERVICE_NAME: &str = env!("CARGO_PKG_NAME");
/// Bytes of a collector's answer.
const MAX_ANSWER_SIZE: usize = 64 * 1024;
/// How long the end of the process waits for the last metrics to be sent.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Sends the metrics at an interval, from a thread of its own.
pub(super) struct Otlp(SdkMeterProvider);

impl Otlp {
    /// Begins to send what the recorder gets.
    ///
    /// # Errors
    /// A setting that the SDK does not take.
    pub(super) fn start(settings: &config::Otlp) -> Result<(Self, OpenTelemetryRecorder), String> {
        let client = Client { runtime: Handle::current(), timeout: settings.timeout };
        let exporter = MetricExporter::builder().with_http().with_http_client(client).build();
        let exporter = exporter.map_err(|e| format!("OpenTelemetry: {e}"))?;
        let resource = Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        let resource = match settings.service_name.clone() {
            Some(name) => resource.with_service_name(name),
            None => resource,
        };
        let reader = PeriodicReader::builder(exporter).build();
        let provider = SdkMeterProvider::builder().with_reader(reader).with_resource(resource.build()).build();
        let recorder = OpenTelemetryRecorder::new(OpenTelemetryMetrics::new(provider.meter(SERVICE_NAME)));
        recorder.set_histogram_bounds([DURATION].into_iter(), &DURATION_BUCKETS);
        Ok((Self(provider), recorder))
    }

    /// Sends what was not sent yet, and ends the thread.
    pub(super) async fn stop(&self) {
        let provider = self.0.clone();
        let (stopped, is_stopped) = oneshot::channel();
        // It waits for requests that need this runtime, which would wait for a blocking task at its end.
        let stop = move || {
            let _ = provider.shutdown_with_timeout(STOP_TIMEOUT);
            let _ = stopped.send(());
        };
        if thread::Builder::new().name("metrics".to_owned()).spawn(stop).is_ok() {
            let _ = tokio::time::timeout(STOP_TIMEOUT, is_stopped).await;
        }
    }
}

/// The HTTP client of this program: its root certificates and its proxy.
struct Client {
    runtime: Handle,
    timeout: Duration,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = HttpRequest::try_from(request.map(SdkBody::from))?;
        let timeout = self.timeout;
        // The SDK's thread has no runtime, which connections and timeouts need.
        let sent = self.runtime.spawn(async move { tokio::time::timeout(timeout, send(request)).await });
        sent.await??
    }
}

async fn send(request: HttpRequest) -> Result<Response<Bytes>, HttpError> {
    let answer = https::send(request).await?;
    let mut response = Response::builder().status(answer.status().as_u16());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    let body = Limited::new(answer.into_body(), MAX_ANSWER_SIZE).collect().await?;
    Ok(response.body(body.to_bytes())?)
}
