//! Where metrics are sent: OpenTelemetry's own variables.

use std::time::Duration;

use super::env::Env;
use super::error::ConfigError;
use crate::identity::NAME;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// An hour: a longer time is a typing error.
const MAX_TIMEOUT_MILLISECONDS: u64 = 3_600_000;
const MIN_INTERVAL_MILLISECONDS: u64 = 100;
const MAX_INTERVAL_MILLISECONDS: u64 = 86_400_000;
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];

/// A collector that metrics are sent to. OpenTelemetry's SDK reads all other settings itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otlp {
    /// How long a request may take.
    pub timeout: Duration,
    /// The name of this service, unless `OTEL_RESOURCE_ATTRIBUTES` has one.
    pub service_name: Option<String>,
}

impl Otlp {
    /// The collector, if one is named.
    pub(super) fn read(env: &Env<'_>) -> Result<Option<Self>, ConfigError> {
        let first = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, env.get(name)?)));
        let is_off = env.get("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let exporters = env.get("OTEL_METRICS_EXPORTER");
        let is_chosen = exporters.is_none_or(|list| list.split(',').any(|one| one.trim() == "otlp"));
        let Some((name, endpoint)) = first(ENDPOINTS).filter(|_| !is_off && is_chosen) else { return Ok(None) };
        let scheme = endpoint.parse::<http::Uri>().ok().and_then(|url| url.scheme_str().map(str::to_owned));
        if !matches!(scheme.as_deref(), Some("http" | "https")) {
            return Err(ConfigError::new(name, endpoint, "expected an address such as http://localhost:4318"));
        }
        if let Some((name, protocol)) = first(PROTOCOLS).filter(|(_, protocol)| protocol != "http/protobuf") {
            return Err(ConfigError::new(name, protocol, "expected http/protobuf, the only protocol of this program"));
        }
        let mut timeout = env.number("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", 1, MAX_TIMEOUT_MILLISECONDS)?;
        if timeout.is_none() {
            timeout = env.number("OTEL_EXPORTER_OTLP_TIMEOUT", 1, MAX_TIMEOUT_MILLISECONDS)?;
        }
        // The SDK takes what is wrong as the default, and would send without a pause.
        env.number("OTEL_METRIC_EXPORT_INTERVAL", MIN_INTERVAL_MILLISECONDS, MAX_INTERVAL_MILLISECONDS)?;
        let attributes = env.get("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
        let has_name = attributes.split(',').any(|attribute| attribute.trim().starts_with("service.name="));
        // Given to the SDK, which would prefer the attribute, unlike the specification.
        let service_name = env.get("OTEL_SERVICE_NAME").or_else(|| (!has_name).then(|| NAME.to_owned()));
        Ok(Some(Self { timeout: timeout.map_or(DEFAULT_TIMEOUT, Duration::from_millis), service_name }))
    }
}
