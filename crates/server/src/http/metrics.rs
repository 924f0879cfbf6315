//! `GET /metrics`, for Prometheus and for `prompt-gallery usage`.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, FORWARDED};
use http::{HeaderMap, HeaderName, StatusCode};

use super::Denied;
use crate::auth::Guard;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Headers of a proxy, whose clients are not on this machine.
const FORWARDED_FOR: [HeaderName; 3] =
    [FORWARDED, HeaderName::from_static("x-forwarded-for"), HeaderName::from_static("x-real-ip")];

/// Makes the text: all metrics, or the counts of each prompt alone.
pub type MetricsText = Arc<dyn Fn(bool) -> String + Send + Sync>;

struct Metrics {
    guard: Guard,
    text: MetricsText,
}

/// `?by=prompt` asks for the counts of each prompt.
pub(super) fn routes(guard: Guard, text: MetricsText) -> Router {
    Router::new().route("/metrics", get(answer)).with_state(Arc::new(Metrics { guard, text }))
}

async fn answer(State(metrics): State<Arc<Metrics>>, request: Request) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    if !is_on_this_machine(peer, request.headers())
        && let Err(denied) = check_token(&metrics.guard, request.headers()).await
    {
        return denied.into_response();
    }
    let is_by_prompt = request.uri().query().is_some_and(|query| query.split('&').any(|part| part == "by=prompt"));
    ([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, "no-store")], (metrics.text)(is_by_prompt)).into_response()
}

fn is_on_this_machine(peer: Option<IpAddr>, headers: &HeaderMap) -> bool {
    peer.is_some_and(|ip| ip.to_canonical().is_loopback())
        && !FORWARDED_FOR.iter().any(|name| headers.contains_key(name))
}

async fn check_token(guard: &Guard, headers: &HeaderMap) -> Result<(), Denied> {
    match guard.admit(headers, None).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(Denied::new(StatusCode::FORBIDDEN, "metrics are for this machine and for callers who sign in")),
        Err(refusal) => Err(Denied::for_caller(&refusal, guard)),
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use http::{HeaderMap, HeaderValue};

    use super::is_on_this_machine;

    #[test]
    fn a_proxy_on_this_machine_is_not_this_machine() {
        let ip = |ip: &str| Some(ip.parse::<IpAddr>().expect("an address"));
        let none = HeaderMap::new();
        for here in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(is_on_this_machine(ip(here), &none), "{here}");
        }
        for other in ["10.0.0.1", "192.168.1.1", "::ffff:10.0.0.1", "fe80::1", "0.0.0.0"] {
            assert!(!is_on_this_machine(ip(other), &none), "{other}");
        }
        assert!(!is_on_this_machine(None, &none));
        for name in ["forwarded", "x-forwarded-for", "x-real-ip"] {
            let forwarded =
                HeaderMap::from_iter([(name.parse().expect("a name"), HeaderValue::from_static("10.0.0.1"))]);
            assert!(!is_on_this_machine(ip("127.0.0.1"), &forwarded), "{name}");
        }
    }
}
