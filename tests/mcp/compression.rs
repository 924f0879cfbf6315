//! Compressed answers: who gets one, what it has, and what stays as it is.

use std::io::Read;

use flate2::read::GzDecoder;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY};
use http::{HeaderMap, Method, StatusCode};
use prompt_gallery::Server;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server_of;
use crate::wire::{Wire, meta};

const GET: &[(&str, &str)] = &[];

async fn gallery_of(count: usize) -> (Wire, TempDir) {
    let files: Vec<_> = (0..count)
        .map(|number| {
            (
                format!("review-{number:03}.prompt"),
                format!("---\ndescription: Part {number}.\n---\nReview {{{{topic}}}}."),
            )
        })
        .collect();
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    server_of(&files).await
}

/// Headers and bytes of the answer to a POST.
async fn post(wire: &Wire, body: &Value, more: &[(&str, &str)]) -> (HeaderMap, Vec<u8>) {
    let headers = [&[("content-type", "application/json")], more].concat();
    let (status, headers, body) = wire.send_for_bytes(Method::POST, "/mcp", &headers, body.to_string()).await;
    assert!(status.is_success(), "{status}");
    (headers, body)
}

fn list(id: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "prompts/list" })
}

fn unpacked(gzip: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    GzDecoder::new(gzip).read_to_end(&mut text).expect("one gzip member");
    text
}

#[tokio::test]
async fn a_page_comes_compressed_and_with_the_id_of_its_request() {
    let (wire, _dir) = gallery_of(300).await;
    let long = json!("a long id \"\u{1}🦀".repeat(10_000));
    for id in [json!(1), json!(-7), json!("another"), long] {
        let (plain, text) = post(&wire, &list(&id), &[]).await;
        let (zipped, gzip) = post(&wire, &list(&id), &[("accept-encoding", "gzip, deflate, br, zstd")]).await;
        assert_eq!((plain.get(CONTENT_ENCODING), &zipped[CONTENT_ENCODING]), (None, &"gzip".parse().unwrap()));
        assert_eq!(unpacked(&gzip), text);
        assert_eq!(serde_json::from_slice::<Value>(&text).unwrap()["id"], id);
        for headers in [&plain, &zipped] {
            assert_eq!(
                (&headers[CONTENT_TYPE], &headers[VARY]),
                (&"application/json".parse().unwrap(), &"Accept-Encoding".parse().unwrap())
            );
        }
        assert_eq!(zipped[CONTENT_LENGTH], gzip.len().to_string());
    }
    let small = post(&wire, &list(&json!(1)), &[("accept-encoding", "gzip")]).await.1;
    let large = post(&wire, &list(&json!(1)), &[]).await.1;
    assert!(small.len() * 5 < large.len(), "{} of {}", small.len(), large.len());
}

#[tokio::test]
async fn a_page_of_2026_07_28_is_compressed_around_what_is_kept() {
    let (wire, _dir) = gallery_of(300).await;
    let body = |cursor: Option<&str>| json!({ "jsonrpc": "2.0", "id": "x", "method": "prompts/list", "params": { "_meta": meta(), "cursor": cursor } });
    let modern = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "prompts/list")];
    for cursor in [None, Some("cmV2aWV3LTAxMA")] {
        let (_, text) = post(&wire, &body(cursor), &modern).await;
        let (_, gzip) = post(&wire, &body(cursor), &[&modern[..], &[("accept-encoding", "gzip")]].concat()).await;
        assert_eq!(unpacked(&gzip), text);
        assert_eq!(serde_json::from_slice::<Value>(&text).unwrap()["result"]["resultType"], "complete");
    }
}

#[tokio::test]
async fn a_changed_prompt_is_in_the_next_compressed_page() {
    let (wire, dir) = gallery_of(100).await;
    let first = post(&wire, &list(&json!(1)), &[("accept-encoding", "gzip")]).await.1;
    std::fs::write(dir.path().join("review-000.prompt"), "---\ndescription: Changed.\n---\nReview.").unwrap();
    let second = post(&wire, &list(&json!(1)), &[("accept-encoding", "gzip")]).await.1;
    assert!(!String::from_utf8(unpacked(&first)).unwrap().contains("Changed."));
    assert!(String::from_utf8(unpacked(&second)).unwrap().contains("Changed."));
}

#[tokio::test]
async fn only_who_takes_gzip_gets_it() {
    let (wire, _dir) = gallery_of(100).await;
    let plain = post(&wire, &list(&json!(1)), &[]).await;
    for taken in
        ["gzip", "GZIP", "x-gzip", "*", "gzip;q=0.001", "identity;q=0, gzip", "br;q=1, gzip;q=0.2", "*;q=0.5, br;q=0"]
    {
        let (headers, body) = post(&wire, &list(&json!(1)), &[("accept-encoding", taken)]).await;
        assert_eq!(
            (&headers[CONTENT_ENCODING], unpacked(&body)),
            (&"gzip".parse().unwrap(), plain.1.clone()),
            "{taken}"
        );
    }
    let refused = [
        "",
        "br",
        "deflate",
        "zstd",
        "identity",
        "gzip;q=0",
        "gzip;q=0, *",
        "*;q=0",
        "identity;q=0",
        "identity, gzip;q=0.5",
        "gzip;q=x",
    ];
    for refused in refused {
        let answer = post(&wire, &list(&json!(1)), &[("accept-encoding", refused)]).await;
        assert_eq!(answer, plain, "{refused}");
    }
    let (headers, _) = post(&wire, &list(&json!(1)), &[("accept-encoding", "br"), ("accept-encoding", "gzip")]).await;
    assert_eq!(headers[CONTENT_ENCODING], "gzip");
}

#[tokio::test]
async fn a_small_answer_is_the_same_for_everyone() {
    let (wire, _dir) = gallery_of(1).await;
    for body in [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "no/such" }),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "prompts/get", "params": { "name": "review-000", "arguments": { "topic": "x" } } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        list(&json!(1)),
    ] {
        let plain = post(&wire, &body, &[]).await;
        assert!(plain.1.len() < 1024);
        assert_eq!(post(&wire, &body, &[("accept-encoding", "gzip")]).await, plain);
    }
}

#[tokio::test]
async fn other_answers_over_a_kilobyte_are_compressed_too() {
    let text = "{{topic}} and more of it. ".repeat(100);
    let (wire, _dir) = server_of(&[("long.prompt", text.as_str())]).await;
    for (method, params) in [
        ("prompts/get", json!({ "name": "long", "arguments": { "topic": "x" } })),
        ("tools/call", json!({ "name": "get_prompt", "arguments": { "name": "long", "arguments": { "topic": "x" } } })),
        ("tools/list", json!({})),
        ("resources/read", json!({ "uri": "ui://prompt-gallery/gallery.html" })),
        ("resources/read", json!({ "uri": "ui://prompt-gallery/gallery.html" })),
    ] {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let (plain, text) = post(&wire, &body, &[]).await;
        let (zipped, gzip) = post(&wire, &body, &[("accept-encoding", "gzip")]).await;
        assert_eq!(
            (plain.get(CONTENT_ENCODING), &zipped[CONTENT_ENCODING]),
            (None, &"gzip".parse().unwrap()),
            "{method}"
        );
        assert!(gzip.len() < text.len() && unpacked(&gzip) == text, "{method}");
    }
}

#[tokio::test]
async fn base64_of_a_picture_is_compressed_too() {
    // A picture: base64 of bytes without a pattern.
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(20_000)
    .collect();
    let (wire, dir) = server_of(&[("shows.prompt", "{{media url=\"noise.png\"}}")]).await;
    std::fs::write(dir.path().join("noise.png"), noise).unwrap();
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "prompts/get", "params": { "name": "shows" } });
    let (_, text) = post(&wire, &body, &[]).await;
    let (headers, sent) = post(&wire, &body, &[("accept-encoding", "gzip")]).await;
    // Base64 alone can be made a quarter smaller.
    assert!(sent.len() < text.len() && headers[CONTENT_ENCODING] == "gzip");
    assert_eq!(unpacked(&sent), text);
}

#[tokio::test]
async fn vary_names_origins_and_codings() {
    let env = [("ALLOWED_ORIGINS", "https://app.example.com")];
    let wire = Wire::new(Server::new(), crate::GALLERY, &env).await;
    for accepted in ["gzip", "identity"] {
        let headers = [("origin", "https://app.example.com"), ("accept-encoding", accepted)];
        let (headers, _) = post(&wire, &list(&json!(1)), &headers).await;
        let vary: Vec<_> = headers.get_all(VARY).iter().map(|value| value.to_str().unwrap().to_lowercase()).collect();
        let vary = vary.join(", ");
        assert!(vary.contains("origin") && vary.contains("accept-encoding"), "{vary}");
    }
}

#[tokio::test]
async fn documents_are_compressed_by_get_and_head_and_known_by_their_tags() {
    let env = [
        ("OAUTH_ISSUER", "https://login.example.com"),
        ("OAUTH_AUDIENCE", "https://prompts.example.com/mcp"),
        ("PUBLIC_URL", "https://prompts.example.com/mcp"),
    ];
    let wire = Wire::new(Server::new(), crate::GALLERY, &env).await;
    for path in ["/mcp/server-card", "/.well-known/ai-catalog.json", "/.well-known/oauth-protected-resource"] {
        let (status, plain, text) = wire.send_for_bytes(Method::GET, path, GET, "").await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(plain.get_all(VARY).iter().any(|value| value == "Accept-Encoding"), "{path}");
        let (_, zipped, body) = wire.send_for_bytes(Method::GET, path, &[("accept-encoding", "gzip")], "").await;
        let is_small = text.len() < 1024;
        assert_eq!(zipped.contains_key(CONTENT_ENCODING), !is_small, "{path}");
        assert_eq!(if is_small { body.clone() } else { unpacked(&body) }, text);
        let (status, head, none) = wire.send_for_bytes(Method::HEAD, path, &[("accept-encoding", "gzip")], "").await;
        assert_eq!((status, none.len()), (StatusCode::OK, 0));
        assert_eq!(head, zipped, "{path}");
        if let Some(tag) = zipped.get(ETAG) {
            let headers = [("accept-encoding", "gzip"), ("if-none-match", tag.to_str().unwrap())];
            let (status, known, none) = wire.send_for_bytes(Method::GET, path, &headers, "").await;
            assert_eq!((status, none.len(), known.get(CONTENT_ENCODING)), (StatusCode::NOT_MODIFIED, 0, None));
            assert!(known.get_all(VARY).iter().any(|value| value == "Accept-Encoding"), "{path}");
        }
    }
}
