//! HTTP: methods, paths, content types, sizes, origins and hosts.

use http::Method;
use insta::assert_snapshot;
use prompt_gallery::Server;
use serde_json::Value;

use crate::wire::Wire;
use crate::{GALLERY, PING, server};

#[tokio::test]
async fn other_methods_than_post_are_405() {
    let wire = server().await;
    for method in [Method::GET, Method::DELETE, Method::PUT, Method::PATCH] {
        let answer = wire.send(method, "/mcp", &[("accept", "text/event-stream")], "").await;
        assert_eq!(answer.status, 405);
        assert_eq!(answer.headers["allow"], "POST");
        assert_eq!(answer.headers["content-type"], "application/json");
    }
    assert_snapshot!(wire.send(Method::GET, "/mcp", &[], "").await, @r#"405 {"jsonrpc":"2.0","error":{"code":-32600,"message":"this server has no streams and no sessions: send a POST"}}"#);
}

#[tokio::test]
async fn health_is_200_and_other_paths_are_404() {
    let wire = server().await;
    assert_snapshot!(wire.send(Method::GET, "/health", &[], "").await, @"200 ok");
    assert_snapshot!(wire.send(Method::GET, "/other", &[], "").await, @"404 Not found. The page is /, and the MCP endpoint is /mcp.");
    assert_eq!(wire.send(Method::POST, "/health", &[], "").await.status, 405);
    assert_eq!(wire.send(Method::GET, "/.well-known/oauth-protected-resource", &[], "").await.status, 404);
}

#[tokio::test]
async fn ready_has_age_and_counts_and_names_nothing() {
    let wire = server().await;
    let answer = wire.send(Method::GET, "/ready", &[("host", "any.example.com")], "").await;
    assert_eq!(
        (answer.headers["content-type"].as_bytes(), answer.headers["cache-control"].as_bytes()),
        (&b"application/json"[..], &b"no-store"[..])
    );
    let before: Value = serde_json::from_str(&answer.body).unwrap();
    assert!(answer.status == 200 && before["age"].is_u64() && before["prompts"].as_u64() > Some(0), "{answer}");
    assert_eq!(before.as_object().unwrap().len(), 3, "{answer}");
    assert_eq!(wire.send(Method::POST, "/ready", &[], "").await.status, 405);
}

#[tokio::test]
async fn a_wrong_content_type_is_415() {
    let wire = server().await;
    for content_type in ["text/plain", "application/jsonp", "", "application/x-www-form-urlencoded"] {
        let answer = wire.send(Method::POST, "/mcp", &[("content-type", content_type)], PING).await;
        assert_eq!(answer.status, 415, "{content_type}");
    }
    assert_snapshot!(wire.send(Method::POST, "/mcp", &[], PING).await, @r#"415 {"jsonrpc":"2.0","error":{"code":-32600,"message":"the Content-Type must be application/json"}}"#);
    for content_type in ["application/json; charset=utf-8", "Application/JSON"] {
        assert_eq!(wire.send(Method::POST, "/mcp", &[("content-type", content_type)], PING).await.status, 200);
    }
}

#[tokio::test]
async fn a_header_that_is_there_twice_is_400() {
    let wire = server().await;
    let json = ("content-type", "application/json");
    for (twice, cause) in [
        ([json, ("content-type", "application/json")], "400"),
        ([("origin", "http://localhost"), ("origin", "http://localhost")], "400"),
        ([("origin", "http://localhost"), ("origin", "https://evil.example.com")], "400"),
        ([("host", "localhost"), ("host", "evil.example.com")], "400"),
    ] {
        let mut headers = twice.to_vec();
        if twice[0] != json {
            headers.push(json);
        }
        let answer = wire.send(Method::POST, "/mcp", &headers, PING).await;
        assert_eq!(answer.status.as_str(), cause, "{twice:?}");
    }
    // API Gateway joins the lines of a header.
    let joined = [("content-type", "application/json; a=b, text/html")];
    assert_eq!(wire.send(Method::POST, "/mcp", &joined, PING).await.status.as_str(), "400");
    let twice = [json, json];
    assert_snapshot!(wire.send(Method::POST, "/mcp", &twice, PING).await, @r#"400 {"jsonrpc":"2.0","error":{"code":-32600,"message":"the request has a header more than once that it may have once"}}"#);
}

#[tokio::test]
async fn an_encoded_body_is_415() {
    let wire = server().await;
    let send = async |encodings: &[&str]| {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(encodings.iter().map(|encoding| ("content-encoding", *encoding)));
        wire.send(Method::POST, "/mcp", &headers, PING).await
    };
    for encodings in [&["identity"][..], &["Identity"], &[""], &["identity, identity"], &["identity", "identity"]] {
        assert_eq!(send(encodings).await.status, 200, "{encodings:?}");
    }
    for encodings in [&["gzip"][..], &["identity, gzip"], &["identity", "br"], &["x"], &["identity;q=1"]] {
        let answer = send(encodings).await;
        assert_eq!((answer.status.as_u16(), &answer.headers["accept-encoding"]), (415, &"identity".parse().unwrap()));
    }
    assert_snapshot!(send(&["gzip"]).await, @r#"415 {"jsonrpc":"2.0","error":{"code":-32600,"message":"the body must have no Content-Encoding"}}"#);
}

#[tokio::test]
async fn the_endpoint_may_end_in_a_slash() {
    let wire = server().await;
    let json = [("content-type", "application/json")];
    assert_eq!(wire.send(Method::POST, "/mcp/", &json, PING).await.status, 200);
    assert_eq!(wire.send(Method::GET, "/mcp/", &json, "").await.status, 405);
    assert_eq!(wire.send(Method::POST, "/mcp//", &json, PING).await.status, 404);
}

#[tokio::test]
async fn a_body_over_1_mib_is_413() {
    let wire = server().await;
    let padded = |length: usize| format!("{PING}{}", " ".repeat(length - PING.len()));
    assert_eq!(wire.post(&padded(1024 * 1024)).await.status, 200);
    assert_snapshot!(wire.post(&padded(1024 * 1024 + 1)).await, @r#"413 {"jsonrpc":"2.0","error":{"code":-32600,"message":"the body is longer than 1 MiB"}}"#);
    let claimed = [("content-type", "application/json"), ("content-length", "2000000")];
    assert_eq!(wire.send(Method::POST, "/mcp", &claimed, PING).await.status, 413);
}

#[tokio::test]
async fn a_foreign_origin_or_host_is_403() {
    let wire = Wire::new(
        Server::new(),
        GALLERY,
        &[("ALLOWED_ORIGINS", "https://app.example.com"), ("ALLOWED_HOSTS", "gallery.example.com")],
    )
    .await;
    let status = async |name: &str, value: &str| {
        let headers = [("content-type", "application/json"), (name, value)];
        wire.send(Method::POST, "/mcp", &headers, PING).await.status.as_u16()
    };
    for origin in ["http://localhost:6274", "http://127.0.0.1", "https://app.example.com", "http://[::1]:3000"] {
        assert_eq!(status("origin", origin).await, 200, "{origin}");
    }
    for origin in ["https://evil.example.com", "null", "http://localhost.evil.com", "http://app.example.com", "x"] {
        assert_eq!(status("origin", origin).await, 403, "{origin}");
    }
    for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "gallery.example.com", "gallery.example.com:443"] {
        assert_eq!(status("host", host).await, 200, "{host}");
    }
    for host in ["evil.example.com", "localhost.evil.com", "gallery.example.com.evil.com", "127.0.0.1.evil.com"] {
        assert_eq!(status("host", host).await, 403, "{host}");
    }
    let headers = [("content-type", "application/json"), ("origin", "https://evil.example.com")];
    assert_snapshot!(wire.send(Method::POST, "/mcp", &headers, PING).await, @r#"403 {"jsonrpc":"2.0","error":{"code":-32600,"message":"this Origin is not allowed: add it to ALLOWED_ORIGINS"}}"#);
}

#[tokio::test]
async fn the_servers_own_page_may_call_from_each_host_that_is_answered() {
    let status = async |wire: &Wire, host: &str, origin: &str| {
        let headers = [("content-type", "application/json"), ("host", host), ("origin", origin)];
        wire.send(Method::POST, "/mcp", &headers, PING).await.status.as_u16()
    };
    let hosts = ("ALLOWED_HOSTS", "gallery.example.com");
    let wire = Wire::new(Server::new(), GALLERY, &[hosts]).await;
    for (host, origin) in [
        ("gallery.example.com", "https://gallery.example.com"),
        ("Gallery.example.com:8080", "http://gallery.example.com:8080"),
    ] {
        assert_eq!(status(&wire, host, origin).await, 200, "{origin}");
    }
    for (host, origin) in [
        ("gallery.example.com:8080", "http://gallery.example.com:8081"),
        ("localhost:8080", "https://gallery.example.com"),
        ("evil.example.com", "http://evil.example.com"),
    ] {
        assert_eq!(status(&wire, host, origin).await, 403, "{host}, {origin}");
    }
    let without_page = Wire::new(Server::new(), GALLERY, &[hosts, ("GALLERY_PAGE", "off")]).await;
    assert_eq!(status(&without_page, "gallery.example.com", "https://gallery.example.com").await, 403);
    // Or a page could come to this machine by a host name of its own.
    let of_any_host = Wire::new(Server::new(), GALLERY, &[("ALLOWED_HOSTS", "*")]).await;
    assert_eq!(status(&of_any_host, "evil.example.com", "http://evil.example.com").await, 403);
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_read_the_answer() {
    let wire = server().await;
    let preflight = async |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type,mcp-method,mcp-param-region"),
        ];
        wire.send(Method::OPTIONS, "/mcp", &headers, "").await.headers
    };
    let allowed = preflight("http://localhost:6274").await;
    assert_eq!(allowed["access-control-allow-origin"], "http://localhost:6274");
    assert_eq!(allowed["access-control-allow-headers"], "content-type,mcp-method,mcp-param-region");
    assert!(preflight("https://evil.example.com").await.get("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn options_without_an_origin_is_no_preflight() {
    let wire = server().await;
    let answer = wire.send(Method::OPTIONS, "/mcp", &[("host", "localhost")], "").await;
    assert_eq!((answer.status.as_u16(), &answer.headers["allow"]), (405, &"POST".parse().unwrap()));
    let foreign = wire.send(Method::OPTIONS, "/mcp", &[("host", "evil.example.com")], "").await;
    assert_eq!(foreign.status, 403);
}

#[tokio::test]
async fn only_pages_are_answered_with_headers_for_pages() {
    let wire = server().await;
    let vary = async |headers: &[(&str, &str)]| {
        let answer = wire.send(Method::POST, "/mcp", headers, PING).await;
        answer.headers.get_all("vary").iter().any(|value| value.to_str().unwrap().contains("origin"))
    };
    assert!(!vary(&[("content-type", "application/json")]).await);
    assert!(vary(&[("content-type", "application/json"), ("origin", "http://localhost:1")]).await);
}

#[tokio::test]
async fn a_session_id_is_ignored() {
    let headers = [("content-type", "application/json"), ("mcp-session-id", "abc"), ("last-event-id", "7")];
    let answer = server().await.send(Method::POST, "/mcp", &headers, PING).await;
    assert_eq!(answer.status, 200);
    assert!(answer.headers.get("mcp-session-id").is_none());
}
