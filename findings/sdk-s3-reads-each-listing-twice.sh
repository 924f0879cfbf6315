#!/usr/bin/env bash
# aws-sdk-s3 1.157.0 reads the XML of a successful answer twice. First `body_is_error` asks for the name of the root element, because S3
# may send an error with status 200. The name stands in the first hundred bytes, but the decoder of the element (aws-smithy-xml 0.64.1)
# reads on to its end when it is dropped. Then the answer is read for its content.
#
# Builds a program of twenty lines with the pinned decoder in a temporary folder, and looks into the source of the pinned SDK, which is
# not built. Fails once the behaviour changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir -p src sdk/src
cat >Cargo.toml <<'TOML'
[package]
name = "demo"
version = "0.0.0"
edition = "2024"
[dependencies]
aws-smithy-xml = "=0.64.1"
[workspace]
TOML
cat >src/main.rs <<'RUST'
use aws_smithy_xml::decode::Document;

fn main() {
    let objects = "<Contents><Key>a</Key></Contents>".repeat(1000);
    let listing = format!("<ListBucketResult>{objects}</ListBucketResult>");

    let mut tokens = Document::new(&listing);
    let _ = tokens.next().expect("a token");
    println!("after the first token: {} more", tokens.count());

    let mut document = Document::new(&listing);
    let name = document.root_element().expect("a root").start_el().local().to_owned();
    println!("after the name of the root, {name}: {} more", document.count());
}
RUST
cargo run --quiet | tee out
# The SDK's source: the check comes before the parser of the answer.
cat >sdk/Cargo.toml <<'TOML'
[package]
name = "sdk"
version = "0.0.0"
edition = "2024"
[dependencies]
aws-sdk-s3 = { version = "=1.157.0", default-features = false }
[workspace]
TOML
touch sdk/src/lib.rs
source=$(cd sdk && cargo metadata --quiet --format-version 1 |
  python3 -c 'import json,os,sys
packages = json.load(sys.stdin)["packages"]
print(os.path.dirname(next(p["manifest_path"] for p in packages if p["name"] == "aws-sdk-s3")))')
grep -Eo 'body_is_error|de_list_objects_v2_http_response' "$source/src/operation/list_objects_v2.rs" | tee -a out
diff out - <<'EXPECTED'
after the first token: 7002 more
after the name of the root, ListBucketResult: 0 more
body_is_error
de_list_objects_v2_http_response
EXPECTED
