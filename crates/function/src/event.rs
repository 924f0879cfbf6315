//! API Gateway events as HTTP requests.
//!
//! `lambda_http` is not used: it makes a URL of host, path and query, and panics if they do not make one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use axum::body::Body;
use axum::extract::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use server::auth::Claims;
use server::http::RequestId;

/// An event of an API Gateway HTTP API, payload format 2.0.
#[derive(Debug)]
pub(crate) struct Event(Fields);

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Without the error, which would quote the event.
        let expected = |_| D::Error::custom("expected an event of an API Gateway HTTP API, payload format 2.0");
        Fields::deserialize(deserializer).map_err(expected).map(Self)
    }
}

/// The fields of an event that are read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    raw_path: Option<String>,
    #[serde(default)]
    headers: Headers,
    cookies: Option<Vec<String>>,
    request_context: Context,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    request_id: Option<String>,
    stage: Option<String>,
    authorizer: Option<Authorizer>,
    http: Http,
}

#[derive(Debug, Deserialize)]
struct Http {
    method: String,
}

#[derive(Debug, Deserialize)]
struct Authorizer {
    jwt: Option<Token>,
}

/// A token that API Gateway has verified.
#[derive(Debug, Deserialize)]
struct Token {
    /// In the order of their names, so that each request has them in the same order.
    #[serde(default)]
    claims: BTreeMap<String, String>,
}

impl Event {
    /// The platform's id of the request.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.0.request_context.request_id.as_deref()
    }

    /// The request: the stage is removed from its path, and it carries the platform's request id and the claims that API Gateway has
    /// verified.
    ///
    /// # Errors
    /// Why HTTP has no such request.
    pub(crate) fn request(self) -> Result<Request, &'static str> {
        let Fields { raw_path, headers, cookies, request_context: context, body, is_base64_encoded } = self.0;
        let mut headers = headers.0.ok_or("a header is not valid")?;
        if let Some(cookies) = cookies
            && let Ok(cookies) = HeaderValue::from_str(&cookies.join("; "))
        {
            headers.insert(COOKIE, cookies);
        }
        let body = match body {
            Some(body) if is_base64_encoded == Some(true) => {
                Body::from(STANDARD.decode(body).map_err(|_| "the body is not base64")?)
            }
            Some(body) => Body::from(body),
            None => Body::empty(),
        };
        let mut request = Request::new(body);
        *request.method_mut() =
            Method::from_bytes(context.http.method.as_bytes()).map_err(|_| "the method is not valid")?;
        *request.uri_mut() = uri(without_stage(raw_path.as_deref().unwrap_or_default(), context.stage.as_deref()));
        *request.headers_mut() = headers;
        if let Some(id) = context.request_id {
            request.extensions_mut().insert(RequestId(id));
        }
        if let Some(token) = context.authorizer.and_then(|authorizer| authorizer.jwt) {
            let claims = token.claims.into_iter().map(|(name, value)| (name, value.into()));
            request.extensions_mut().insert(Claims(claims.collect()));
        }
        Ok(request)
    }
}

/// A path as API Gateway matched it. To API Gateway, `/x/../mcp` and `/mcp#x` are other paths than `/mcp`, whose route may need no
/// token, so a path that a URI would have in another form is `//`, which no route has. No route reads the query.
fn uri(path: &str) -> Uri {
    path.parse().ok().filter(|uri: &Uri| uri.path() == path).unwrap_or_else(|| Uri::from_static("//"))
}

/// `/prod/mcp` is `/mcp` of the stage `prod`. The path has no stage if that is `$default`, or under a custom domain name.
fn without_stage<'a>(path: &'a str, stage: Option<&str>) -> &'a str {
    let rest = stage.filter(|stage| *stage != "$default").and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
    rest.filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

/// The headers of an event; `None` if one of them is not valid.
#[derive(Debug)]
struct Headers(Option<HeaderMap>);

impl Default for Headers {
    fn default() -> Self {
        Self(Some(HeaderMap::new()))
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

        struct Map;

        impl<'de> Visitor<'de> for Map {
            type Value = Headers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("headers")
            }

            fn visit_unit<E>(self) -> Result<Headers, E> {
                Ok(Headers::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Headers, A::Error> {
                let mut headers = Headers::default();
                while let Some((Text(name), Text(value))) = access.next_entry()? {
                    headers.0 = headers.0.and_then(|headers| with_header(headers, &name, &value));
                }
                Ok(headers)
            }
        }

        deserializer.deserialize_any(Map)
    }
}

fn with_header(mut headers: HeaderMap, name: &str, value: &str) -> Option<HeaderMap> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    headers.try_append(name, HeaderValue::from_str(value).ok()?).ok()?;
    Some(headers)
}

#[cfg(test)]
mod tests;
