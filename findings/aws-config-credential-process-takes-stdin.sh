#!/usr/bin/env bash
# aws-config 1.13.0 (crates.io): the command of `credential_process` inherits the standard input of the program that asks for
# credentials. A command that reads takes what was meant for the program: an MCP server over stdio loses its client's next
# messages to a sign-in helper, and both wait. Exits with 1 if that has changed. Needs cargo.
#
# Seen: the program reads its first line, asks for credentials, and finds that the command has its second line.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "asks"
version = "0.0.0"
edition = "2024"
[dependencies]
aws-config = { version = "=1.13.0", default-features = false, features = ["behavior-version-latest", "credentials-process", "rt-tokio"] }
aws-credential-types = "1"
aws-smithy-http-client = { version = "1", default-features = false, features = ["test-util"] }
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
[workspace]
TOML
cat >src/main.rs <<'RUST'
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_http_client::test_util::NeverClient;

#[tokio::main]
async fn main() {
    let config = aws_config::from_env().region("us-east-1").http_client(NeverClient::new()).load().await;
    let provider = config.credentials_provider().expect("a provider");
    let credentials = provider.provide_credentials().await.expect("credentials");
    println!("access key: {}", credentials.access_key_id());
    let mut left = String::new();
    std::io::stdin().read_line(&mut left).expect("a line");
    println!("left for the program: {:?}", left.trim_end());
}
RUST
cat >helper <<'SH'
#!/bin/sh
read -r line
printf '{"Version": 1, "AccessKeyId": "%s", "SecretAccessKey": "none"}' "$line"
SH
chmod +x helper
printf '[default]\ncredential_process = %s/helper\n' "$dir" >config
cargo build --quiet
seen=$(printf 'FIRST\nSECOND\n' | env -i HOME="$dir" PATH="$PATH" AWS_CONFIG_FILE="$dir/config" target/debug/asks)
printf '%s\n' "$seen"
[[ $seen == $'access key: FIRST\nleft for the program: "SECOND"' ]] || { echo 'this has changed'; exit 1; }
