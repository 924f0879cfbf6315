//! API Gateway's events, as the requests that the local server gets too.

use std::collections::HashMap;
use std::mem;

use gallery::auth::Claims;
use gallery::http::RequestId;
use http::Uri;
use lambda_http::request::RequestContext;
use lambda_http::tower::util::MapRequest;
use lambda_http::tower::{Service, ServiceExt};
use lambda_http::{Request, RequestExt};

/// What every event goes through.
pub(crate) fn service<S: Service<Request>>(app: S) -> MapRequest<S, fn(Request) -> Request> {
    app.map_request(request)
}

/// The request of an event: without the stage in its path, with the platform's name for it and with what the platform
/// knows of the caller.
fn request(mut request: Request) -> Request {
    let Some(RequestContext::ApiGatewayV2(context)) = request.extensions_mut().get_mut::<RequestContext>() else {
        return request;
    };
    let (id, stage) = (context.request_id.take(), context.stage.take());
    let token = context.authorizer.as_mut().and_then(|authorizer| authorizer.jwt.as_mut());
    let claims = token.map(|token| claims(mem::take(&mut token.claims)));
    let path = without_stage(request.raw_http_path(), stage.as_deref());
    // `lambda_http` has put the path through a URL parser, which makes `/mcp` of `/x/../mcp` and of `/mcp#x`. To API
    // Gateway these are other paths, of a route that may ask for no token: only what it calls `/mcp` is.
    if path != request.uri().path() {
        *request.uri_mut() = target(path, request.uri().query()).unwrap_or_default();
    }
    if let Some(id) = id {
        request.extensions_mut().insert(RequestId(id));
    }
    if let Some(claims) = claims {
        request.extensions_mut().insert(claims);
    }
    request
}

/// The claims of a token whose signature, issuer, audience and expiry API Gateway has checked; by name, so that their
/// order is the same every time.
fn claims(claims: HashMap<String, String>) -> Claims {
    let mut claims: Vec<_> = claims.into_iter().collect();
    claims.sort_unstable();
    Claims(claims.into_iter().map(|(name, value)| (name, value.into())).collect())
}

/// `/prod/mcp` is `/mcp` of the stage `prod`; the stage `$default` is not in the path, nor is any behind a domain name
/// of one's own.
fn without_stage<'a>(path: &'a str, stage: Option<&str>) -> &'a str {
    let rest = stage.filter(|stage| *stage != "$default").and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
    rest.filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

/// `None` for a path with characters that are not a path's, which no route here has.
fn target(path: &str, query: Option<&str>) -> Option<Uri> {
    let target: Uri = match query {
        Some(query) => format!("{path}?{query}").parse().ok()?,
        None => path.parse().ok()?,
    };
    (target.path() == path).then_some(target)
}

#[cfg(test)]
mod tests;
