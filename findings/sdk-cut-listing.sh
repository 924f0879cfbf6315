#!/usr/bin/env bash
# aws-smithy-xml 0.64.1, the XML reader of the AWS SDK for Rust (aws-sdk-s3 1.157): a document that ends before its root
# element is closed is read without an error, as if it was whole. So the answer to a ListObjectsV2 that was cut off between
# two objects lists fewer objects, and nothing tells. The SDK for JavaScript 3.1175 refuses the same answer: "missing closing
# tag </ListBucketResult>".
#
# Seen: the generated code's loop over `next_tag` ends after the last whole element with no error:
#     whole: ["a", "b"]
#     cut: ["a"]
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/src"
cat > "$dir/Cargo.toml" <<'TOML'
[package]
name = "cut"
version = "0.0.0"
edition = "2024"
[dependencies]
aws-smithy-xml = "=0.64.1"
[workspace]
TOML
cat > "$dir/src/main.rs" <<'RUST'
use aws_smithy_xml::decode::{Document, XmlDecodeError, try_data};

/// As the SDK's `de_list_objects_v2` reads it.
fn keys(xml: &str) -> Result<Vec<String>, XmlDecodeError> {
    let mut document = Document::try_from(xml.as_bytes())?;
    let mut root = document.root_element()?;
    let mut keys = Vec::new();
    while let Some(mut object) = root.next_tag() {
        while let Some(mut field) = object.next_tag() {
            if field.start_el().matches("Key") {
                keys.push(try_data(&mut field)?.into_owned());
            }
        }
    }
    Ok(keys)
}

fn main() {
    let whole = "<List><Contents><Key>a</Key></Contents><Contents><Key>b</Key></Contents></List>";
    let cut = "<List><Contents><Key>a</Key></Contents>";
    for (what, xml) in [("whole", whole), ("cut", cut)] {
        match keys(xml) {
            Ok(keys) => println!("{what}: {keys:?}"),
            Err(e) => println!("{what}: error: {e}"),
        }
    }
}
RUST
seen=$(cargo run --quiet --manifest-path "$dir/Cargo.toml")
expected='whole: ["a", "b"]
cut: ["a"]'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
