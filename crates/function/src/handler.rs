//! One event, answered. Whatever fails on the way fails this event alone, and with an HTTP status: a failed invocation would be an
//! error of the function, and count towards its alarm.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, StatusCode};
use lambda_runtime::tower::{Service, ServiceExt};
use lambda_runtime::{Context, LambdaEvent};
use server::http::{Denied, response};
use server::mcp::{LoggedHeaders, Record, Reply, RequestLine};

use crate::answer::Answer;
use crate::event::Event;

const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// The service's answer to an event: 400 if there is no such request, 500 if the service panics.
pub(crate) async fn answer<S>(service: S, event: LambdaEvent<Event>) -> Result<Answer, Infallible>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let began = Instant::now();
    let LambdaEvent { payload, context } = event;
    let id = payload.request_id().unwrap_or(&context.request_id).to_owned();
    // The service is called, and its body read, within the future that is guarded.
    let answered = async {
        match request(payload, &context) {
            Ok(request) => {
                let Ok(response) = service.oneshot(request).await;
                Answer::of(response).await.map_err(|e| e.to_string())
            }
            Err(why) => Ok(refused(Denied::new(StatusCode::BAD_REQUEST, why).into_response(), &id, began).await),
        }
    };
    let answered = AssertUnwindSafe(answered).catch_unwind().await;
    let cause = match answered {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(cause)) => cause,
        Err(_) => "panic".to_owned(),
    };
    Ok(refused(response(Reply::failed(&id, cause)), &id, began).await)
}

/// # Errors
/// Why HTTP has no such request.
fn request(event: Event, context: &Context) -> Result<Request, &'static str> {
    let mut request = event.request()?;
    let trace_id = context.xray_trace_id.as_deref().and_then(|id| HeaderValue::from_str(id).ok());
    if let Some(id) = trace_id {
        request.headers_mut().insert(TRACE_ID, id);
    }
    Ok(request)
}

/// The answer with a response that did not come from the service, which would have logged it.
async fn refused(mut response: Response, request_id: &str, began: Instant) -> Answer {
    if let Some(record) = response.extensions_mut().remove::<Record>() {
        let status = Some(response.status().as_u16());
        let headers = &LoggedHeaders::default();
        RequestLine { record: &record, headers, request_id, began, status, sub: None, client_id: None }.write();
    }
    Answer::of(response).await.expect("a body that is whole")
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::any;
    use serde_json::{Value, json};

    use super::*;

    fn event(path: &str) -> LambdaEvent<Event> {
        let event = json!({ "rawPath": path, "requestContext": { "http": { "method": "GET" }, "requestId": "r-1" } });
        LambdaEvent::new(serde_json::from_value(event).unwrap(), Context::default())
    }

    fn json_of(answer: &Answer) -> Value {
        serde_json::to_value(answer).unwrap()
    }

    #[tokio::test]
    async fn a_panic_is_one_failed_request_and_no_failed_invocation() {
        let panics = any(async || -> &'static str { panic!("a stand-in") });
        let app = Router::new().route("/panics", panics).route("/", any(async || "fine"));
        // Of one worker, one after the other.
        for (path, status) in [("/panics", 500), ("/", 200), ("/panics", 500), ("/", 200)] {
            let Ok(answer) = answer(app.clone(), event(path)).await;
            let answer = json_of(&answer);
            assert_eq!(answer["statusCode"], status);
            if status == 500 {
                let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
                let error = json!({ "code": -32603, "message": "internal error", "data": { "requestId": "r-1" } });
                assert_eq!(body, json!({ "jsonrpc": "2.0", "error": error }));
            }
        }
    }

    #[tokio::test]
    async fn a_service_that_panics_when_it_is_called_is_guarded_too() {
        let panics =
            lambda_runtime::tower::service_fn(|_: Request| -> std::future::Ready<Result<Response, Infallible>> {
                panic!("a stand-in for a conversion that panics before there is a future")
            });
        let Ok(answer) = answer(panics, event("/")).await;
        assert_eq!(json_of(&answer)["statusCode"], 500);
    }

    #[tokio::test]
    async fn headers_of_one_name_are_one_value() {
        let vary = || any(async || [("vary", "origin"), ("content-type", "text/plain")].into_response());
        let app =
            Router::new().route("/", vary()).layer(axum::middleware::map_response(async |mut response: Response| {
                response.headers_mut().append("vary", HeaderValue::from_static("accept-encoding"));
                response
            }));
        let Ok(answer) = answer(app, event("/")).await;
        assert_eq!(json_of(&answer)["headers"]["vary"], "origin, accept-encoding");
    }
}
