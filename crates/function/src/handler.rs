//! One event, answered. A failure on the way fails this event alone, and with an HTTP status: a failed invocation would be an
//! error of the function, and count towards its alarm.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::StatusCode;
use lambda_http::request::LambdaRequest;
use lambda_http::tower::ServiceExt;
use lambda_http::{Adapter, LambdaEvent, Request, Service, service_fn};
use serde::Serialize;
use server::http::{Denied, response};
use server::mcp::{LoggedHeaders, Record, Reply, RequestLine};

use crate::answer::{Answer, sendable};
use crate::event::{Event, Target};

/// The service's answer to an event: 400 if there is no such request, 500 if the service panics.
pub(crate) async fn answer<S>(service: S, event: LambdaEvent<Event>) -> Result<impl Serialize, Infallible>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let began = Instant::now();
    let LambdaEvent { payload: Event(event), context } = event;
    let refused = |why| Denied::new(StatusCode::BAD_REQUEST, why).into_response();
    let Some(mut event) = event else {
        return Ok(of_guard(refused("the method or a header is not valid"), &context.request_id, began).await);
    };
    let target = Target::take(&mut event);
    let id = target.request_id().unwrap_or(&context.request_id).to_owned();
    let is_called = Arc::new(AtomicBool::new(false));
    let adapted = {
        let (is_called, mut target) = (Arc::clone(&is_called), Some(target));
        service_fn(move |request: Request| {
            is_called.store(true, Ordering::Relaxed);
            let request = target.take().expect("one event is one request").put_into(request);
            let service = service.clone();
            async move {
                let Ok(response) = service.oneshot(request).await;
                sendable(response).await
            }
        })
    };
    // `Adapter` converts the event when it is called, before there is a future. So it is called within the future that is guarded.
    let event = LambdaEvent::new(LambdaRequest::ApiGatewayV2(event), context);
    let answered = AssertUnwindSafe(async { Adapter::from(adapted).call(event).await }).catch_unwind().await;
    let failed = match answered {
        Ok(Ok(answer)) => return Ok(Answer::Adapted(answer)),
        Ok(Err(e)) => response(Reply::failed(&id, e.to_string())),
        Err(_) if is_called.load(Ordering::Relaxed) => response(Reply::failed(&id, "panic".to_owned())),
        // The conversion of the event.
        Err(_) => refused("this is not a valid request"),
    };
    Ok(of_guard(failed, &id, began).await)
}

/// The answer with a response that did not come from the service, which would have logged it.
async fn of_guard<A>(mut response: Response, request_id: &str, began: Instant) -> Answer<A> {
    if let Some(record) = response.extensions_mut().remove::<Record>() {
        let status = Some(response.status().as_u16());
        let headers = &LoggedHeaders::default();
        RequestLine { record: &record, headers, request_id, began, status, sub: None, client_id: None }.write();
    }
    Answer::of_guard(response).await.expect("a body that is whole")
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::any;
    use lambda_http::Context;
    use serde_json::{Value, json};

    use super::*;

    fn event(path: &str) -> LambdaEvent<Event> {
        let event = json!({ "rawPath": path, "requestContext": { "http": { "method": "GET" }, "requestId": "r-1" } });
        LambdaEvent::new(serde_json::from_str(&event.to_string()).unwrap(), Context::default())
    }

    #[tokio::test]
    async fn a_panic_is_one_failed_request_and_no_failed_invocation() {
        let panics = any(async || -> &'static str { panic!("a stand-in") });
        let app = Router::new().route("/panics", panics).route("/", any(async || "fine"));
        // Of one worker, one after the other.
        for (path, status) in [("/panics", 500), ("/", 200), ("/panics", 500), ("/", 200)] {
            let Ok(answer) = answer(app.clone(), event(path)).await;
            let answer = serde_json::to_value(answer).unwrap();
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
        let panics = service_fn(|_: Request| -> std::future::Ready<Result<Response, Infallible>> {
            panic!("a stand-in for a conversion that panics before there is a future")
        });
        let Ok(answer) = answer(panics, event("/")).await;
        assert_eq!(serde_json::to_value(answer).unwrap()["statusCode"], 500);
    }
}
