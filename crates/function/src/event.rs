//! API Gateway events as HTTP requests.
//!
//! `lambda_http` makes the request of an event. On the way it makes a URL, which has another path than the one that API Gateway has
//! matched, and it may panic. So target and headers are taken out of the event before that, and put into the request afterwards.

use std::collections::BTreeMap;
use std::mem;
use std::panic::catch_unwind;

use http::{HeaderMap, Uri};
use lambda_http::Request;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use server::auth::Claims;
use server::http::RequestId;

/// An event of an API Gateway HTTP API, payload format 2.0; `None` if HTTP has no such request.
#[derive(Debug)]
pub(crate) struct Event(pub(crate) Option<ApiGatewayV2httpRequest>);

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Outline {
            #[serde(rename = "requestContext")]
            _context: Context,
        }
        #[derive(Deserialize)]
        struct Context {
            #[serde(rename = "http")]
            _http: Http,
        }
        #[derive(Deserialize)]
        struct Http {
            #[serde(rename = "method")]
            _method: IgnoredAny,
        }
        let event = Box::<RawValue>::deserialize(deserializer)?;
        // The types of an event belong to others, as its conversion does.
        let read = catch_unwind(|| serde_json::from_str(event.get()));
        match read {
            Ok(Ok(event)) => Ok(Self(Some(event))),
            // A header or a method that is not valid.
            _ if serde_json::from_str::<Outline>(event.get()).is_ok() => Ok(Self(None)),
            // Without the error, which would quote the event.
            _ => Err(D::Error::custom("expected an event of an API Gateway HTTP API, payload format 2.0")),
        }
    }
}

/// What of an event does not pass through `lambda_http`.
pub(crate) struct Target {
    uri: Uri,
    headers: HeaderMap,
    request_id: Option<String>,
    claims: Option<Claims>,
}

impl Target {
    /// Takes the path without its stage, the headers, the platform's request id and the claims that API Gateway has verified out of an
    /// event. The query is dropped: no route reads it.
    pub(crate) fn take(event: &mut ApiGatewayV2httpRequest) -> Self {
        let context = &mut event.request_context;
        let (path, stage) = (event.raw_path.take().unwrap_or_default(), context.stage.take());
        let token = context.authorizer.as_mut().and_then(|authorizer| authorizer.jwt.as_mut());
        // In the order of their names, so that each request has them in the same order.
        let claims = token.map(|token| BTreeMap::from_iter(mem::take(&mut token.claims)));
        let claims = claims.map(|claims| claims.into_iter().map(|(name, value)| (name, value.into())));
        context.domain_name = None;
        event.raw_query_string = None;
        Self {
            uri: uri(without_stage(&path, stage.as_deref())),
            headers: mem::take(&mut event.headers),
            request_id: context.request_id.take(),
            claims: claims.map(|claims| Claims(claims.collect())),
        }
    }

    /// The platform's id of the request.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The request that `lambda_http` has made of the rest of the event, with all of this.
    pub(crate) fn put_into(self, mut request: Request) -> Request {
        let Self { uri, headers, request_id, claims } = self;
        *request.uri_mut() = uri;
        // Those of `lambda_http`: the cookies, and the trace of the invocation.
        let more = mem::replace(request.headers_mut(), headers);
        for (name, value) in more.iter() {
            request.headers_mut().insert(name, value.clone());
        }
        if let Some(id) = request_id {
            request.extensions_mut().insert(RequestId(id));
        }
        if let Some(claims) = claims {
            request.extensions_mut().insert(claims);
        }
        request
    }
}

/// A path as API Gateway matched it. To API Gateway, `/x/../mcp` and `/mcp#x` are other paths than `/mcp`, whose route may need no
/// token, so a path that a URI would have in another form is `//`, which no route has.
fn uri(path: &str) -> Uri {
    path.parse().ok().filter(|uri: &Uri| uri.path() == path).unwrap_or_else(|| Uri::from_static("//"))
}

/// `/prod/mcp` is `/mcp` of the stage `prod`. The path has no stage if that is `$default`, or under a custom domain name.
fn without_stage<'a>(path: &'a str, stage: Option<&str>) -> &'a str {
    let rest = stage.filter(|stage| *stage != "$default").and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
    rest.filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

#[cfg(test)]
mod tests;
