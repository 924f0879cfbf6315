#!/usr/bin/env bash
# lambda_http 1.3.2 with aws_lambda_events 1.2.1 (crates.io): of several headers of one name, a response to an API Gateway HTTP API has the
# first value alone. The comment beside the conversion says that they are combined with commas, and an HTTP server sends them all. So a
# function that adds `Vary: Accept-Encoding` beside the `Vary: Origin` of a CORS layer tells caches half of it. Exits with 1 if that has
# changed. Needs cargo.
#
# Seen: two values of `vary` in the response of the service, one in the answer for API Gateway.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "answers"
version = "0.0.0"
edition = "2024"
[dependencies]
aws_lambda_events = { version = "=1.2.1", default-features = false, features = ["apigw"] }
lambda_http = { version = "=1.3.2", default-features = false, features = ["apigw_http"] }
serde_json = "1"
tokio = { version = "1", features = ["macros", "rt"] }
[workspace]
TOML
cat >src/main.rs <<'RUST'
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, Error, LambdaEvent, Request, Response, Service, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let event = r#"{"rawPath":"/","headers":{},"requestContext":{"http":{"method":"GET"}}}"#;
    let event: LambdaRequest = serde_json::from_str(event)?;
    let service = service_fn(async |_: Request| {
        let response = Response::builder().header("vary", "origin").header("vary", "accept-encoding").body(String::new())?;
        println!("the service: {:?}", response.headers().get_all("vary").iter().collect::<Vec<_>>());
        Ok::<_, Error>(response)
    });
    let answer = Adapter::from(service).call(LambdaEvent::new(event, Context::default())).await?;
    let answer = serde_json::to_value(answer)?;
    println!("the answer: {} {}", answer["headers"]["vary"], answer["multiValueHeaders"]);
    Ok(())
}
RUST
cargo build --quiet
seen=$(target/debug/answers)
printf '%s\n' "$seen"
[[ $seen == $'the service: ["origin", "accept-encoding"]\nthe answer: "origin" {}' ]] || { echo 'this has changed'; exit 1; }
