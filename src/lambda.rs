//! The Lambda function: API Gateway's events become the requests that the local server gets too.

use axum::Router;
use http::Uri;
use http::uri::PathAndQuery;
use lambda_http::request::RequestContext;
use lambda_http::tower::ServiceExt;
use lambda_http::{Error, Request};

use crate::http::RequestId;

/// Answers events until the platform ends the process.
pub(crate) async fn run(app: Router) -> Result<(), Error> {
    lambda_http::run(app.map_request(request)).await
}

/// The request of an event: without the stage in its path, and with the platform's name for it.
pub(crate) fn request(mut request: Request) -> Request {
    let Some(RequestContext::ApiGatewayV2(context)) = request.extensions().get::<RequestContext>() else {
        return request;
    };
    let id = context.request_id.clone();
    let path = context.stage.as_deref().and_then(|stage| without_stage(request.uri(), stage));
    if let Some(path) = path {
        let mut parts = std::mem::take(request.uri_mut()).into_parts();
        parts.path_and_query = Some(path);
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    }
    if let Some(id) = id {
        request.extensions_mut().insert(RequestId(id));
    }
    request
}

/// `/prod/mcp` is `/mcp` of the stage `prod`; the stage `$default` is not in the path.
fn without_stage(uri: &Uri, stage: &str) -> Option<PathAndQuery> {
    let rest = uri.path_and_query()?.as_str().strip_prefix('/')?.strip_prefix(stage)?;
    if rest.starts_with('/') { rest.parse().ok() } else { None }
}
