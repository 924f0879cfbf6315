#!/usr/bin/env bash
# tower-http 0.7.1, CorsLayer: it answers every OPTIONS request with 200 itself, also one that has no Origin and so is no preflight.
# The service behind it never sees the request, and its own 405 for OPTIONS is lost. Answers to requests without an Origin get a
# Vary header too.
#
# Builds a program of twenty lines with the pinned crates in a temporary folder. Fails once the behaviour changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "demo"
version = "0.0.0"
edition = "2024"
[dependencies]
http = "=1.5.0"
pollster = "=0.4.0"
tower = { version = "=0.5.3", default-features = false, features = ["util"] }
tower-http = { version = "=0.7.1", default-features = false, features = ["cors"] }
TOML
cat > src/main.rs <<'RUST'
use std::convert::Infallible;

use http::{Method, Request, Response};
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::{AllowOrigin, CorsLayer};

fn main() {
    for method in [Method::OPTIONS, Method::GET] {
        let inner = service_fn(|_: Request<String>| async {
            Ok::<_, Infallible>(Response::builder().status(405).body(String::new()).expect("a response"))
        });
        let service = CorsLayer::new().allow_origin(AllowOrigin::mirror_request()).layer(inner);
        let request = Request::builder().method(method.clone()).body(String::new()).expect("a request");
        let response = pollster::block_on(service.oneshot(request)).expect("infallible");
        println!("{method} {} vary: {}", response.status().as_u16(), response.headers().contains_key("vary"));
    }
}
RUST
output=$(cargo run --quiet)
echo "$output"
[[ $output == $'OPTIONS 200 vary: true\nGET 405 vary: true' ]] || { echo 'changed'; exit 1; }
