//! What the floors share: one handler, served as a Lambda function if AWS_LAMBDA_RUNTIME_API is set, else as plain
//! HTTP/1.1 on 127.0.0.1:$PORT.

use std::env;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::body::Incoming;
use lambda_http::{Error, Request as Event, Response, service_fn};

/// Answers every request with the JSON that `handler` gives.
pub async fn serve<F, Fut>(handler: F) -> Result<(), Error>
where
    F: Fn() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = String> + Send + 'static,
{
    let response = |json: String| Response::builder().header("content-type", "application/json").body(json);
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        let answer = move |_: Event| {
            let json = handler();
            async move { Ok::<_, Error>(response(json.await)?) }
        };
        return lambda_http::run(service_fn(answer)).await;
    }
    let port: u16 = env::var("PORT")?.parse()?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let handler = handler.clone();
        let answer = hyper::service::service_fn(move |_: Request<Incoming>| {
            let json = handler();
            async move { response(json.await).map(|r| r.map(Full::<Bytes>::from)) }
        });
        tokio::spawn(async move {
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(hyper_util::rt::TokioIo::new(socket), answer)
                .await;
        });
    }
}
