//! API Gateway events as HTTP requests.

use std::collections::BTreeMap;

use http::Uri;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};
use server::auth::Claims;
use server::http::RequestId;

/// Adapts the request that `lambda_http` makes of an event: removes the stage from the path, adds the platform's request id
/// and the claims that API Gateway has verified.
pub(crate) fn request(mut request: Request) -> Request {
    let Some(RequestContext::ApiGatewayV2(context)) = request.extensions_mut().get_mut::<RequestContext>() else {
        return request;
    };
    let (id, stage) = (context.request_id.take(), context.stage.take());
    let token = context.authorizer.as_mut().and_then(|authorizer| authorizer.jwt.as_mut());
    // In the order of their names, so that each request has them in the same order.
    let claims = token.map(|token| BTreeMap::from_iter(std::mem::take(&mut token.claims)));
    let path = without_stage(request.raw_http_path(), stage.as_deref());
    // `lambda_http` has normalised the path with a URL parser, so that `/x/../mcp` and `/mcp#x` became `/mcp`. To API
    // Gateway these are other paths, whose route may need no token. Only what API Gateway calls `/mcp` is `/mcp`.
    if path != request.uri().path() {
        // No route reads the query, and none has a path that is not valid in a URI, or this one.
        let unknown = || Uri::from_static("//");
        *request.uri_mut() = path.parse().ok().filter(|uri: &Uri| uri.path() == path).unwrap_or_else(unknown);
    }
    if let Some(id) = id {
        request.extensions_mut().insert(RequestId(id));
    }
    if let Some(claims) = claims {
        let claims = claims.into_iter().map(|(name, value)| (name, value.into()));
        request.extensions_mut().insert(Claims(claims.collect()));
    }
    request
}

/// `/prod/mcp` is `/mcp` of the stage `prod`. The path has no stage if that is `$default`, or under a custom domain name.
fn without_stage<'a>(path: &'a str, stage: Option<&str>) -> &'a str {
    let rest = stage.filter(|stage| *stage != "$default").and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
    rest.filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

#[cfg(test)]
mod tests;
