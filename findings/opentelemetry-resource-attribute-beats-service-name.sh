#!/usr/bin/env bash
# opentelemetry_sdk 0.33.1 (crates.io): OpenTelemetry's specification gives the variable OTEL_SERVICE_NAME precedence over a
# `service.name` in OTEL_RESOURCE_ATTRIBUTES. The crate's own detector says the same, but `Resource::builder` asks another detector after it,
# which writes the attribute over the name. A name that the program gives wins over both. Exits with 1 if that has changed. Needs cargo.
#
# Seen: the variables alone: attribute. With a name from the program: program.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "names"
version = "0.0.0"
edition = "2024"
[dependencies]
opentelemetry = { version = "=0.33.1", default-features = false }
opentelemetry_sdk = { version = "=0.33.1", default-features = false, features = ["metrics"] }
[workspace]
TOML
cat >src/main.rs <<'RUST'
use opentelemetry::Key;
use opentelemetry_sdk::Resource;

fn main() {
    let name = |resource: Resource| resource.get(&Key::new("service.name")).map(|name| name.to_string()).unwrap_or_default();
    println!("the variables alone: {}", name(Resource::builder().build()));
    println!("with a name from the program: {}", name(Resource::builder().with_service_name("program").build()));
}
RUST
seen=$(OTEL_SERVICE_NAME=variable OTEL_RESOURCE_ATTRIBUTES=service.name=attribute CARGO_TARGET_DIR=$dir/target cargo run -q)
echo "$seen"
[[ $seen == $'the variables alone: attribute\nwith a name from the program: program' ]]
