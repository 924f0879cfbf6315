use axum::body::Body;
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_LENGTH};
use http::{Method, Request};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;
use crate::files::FILES;

async fn send(
    settings: &PageSettings,
    method: Method,
    path: &str,
    headers: &[(HeaderName, &str)],
) -> (Response, Bytes) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    let Ok(response) = routes(settings.clone()).oneshot(request).await;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    (Response::from_parts(parts, Body::empty()), body)
}

async fn get(path: &str, headers: &[(HeaderName, &str)]) -> (Response, Bytes) {
    send(&PageSettings::default(), Method::GET, path, headers).await
}

#[tokio::test]
async fn each_file_is_there_in_each_form() {
    for file in FILES {
        let path = if file.name == "index.html" { "/".to_owned() } else { format!("/{}", file.name) };
        let (plain, content) = get(&path, &[]).await;
        assert_eq!((plain.status(), plain.headers().get(CONTENT_ENCODING)), (StatusCode::OK, None), "{path}");
        let (gzip, packed) = get(&path, &[(ACCEPT_ENCODING, "gzip")]).await;
        assert_eq!(gzip.headers()[CONTENT_ENCODING], "gzip");
        assert_eq!(unpack(&packed).expect("gzip"), content);
        let (br, packed) = get(&path, &[(ACCEPT_ENCODING, "gzip, br")]).await;
        assert_eq!((&br.headers()[CONTENT_ENCODING], &packed[..]), (&HeaderValue::from_static("br"), file.br));
        for answer in [&plain, &gzip, &br] {
            assert_eq!(answer.headers()[CONTENT_TYPE], file.media_type);
            assert_eq!(answer.headers()[VARY], "Accept-Encoding");
        }
        // Each form is another representation.
        let tags = [&plain, &gzip, &br].map(|answer| answer.headers()[ETAG].clone());
        assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2], "{tags:?}");
    }
}

#[tokio::test]
async fn the_page_names_files_that_are_kept_for_good() {
    let (answer, page) = get("/", &[]).await;
    assert_eq!(answer.headers()[CACHE_CONTROL], "no-cache");
    let page = std::str::from_utf8(&page).expect("text");
    let named: Vec<_> =
        page.split(['"', '\'']).filter_map(|part| part.split_once("assets/").map(|(_, name)| name)).collect();
    let hashed: Vec<_> = named.into_iter().filter(|name| *name != "settings.json").collect();
    assert!(!hashed.is_empty(), "{page}");
    for name in hashed {
        let (answer, _) = get(&format!("/assets/{name}"), &[]).await;
        assert_eq!(answer.status(), StatusCode::OK, "{name}");
        assert_eq!(answer.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
    }
}

#[tokio::test]
async fn a_known_version_is_not_sent_again() {
    let br = (ACCEPT_ENCODING, "br");
    let (first, _) = get("/", std::slice::from_ref(&br)).await;
    let tag = first.headers()[ETAG].to_str().expect("text");
    for known in [tag, &format!("W/{tag}"), &format!("\"other\", {tag}"), "*"] {
        let (answer, body) = get("/", &[br.clone(), (IF_NONE_MATCH, known)]).await;
        assert_eq!((answer.status(), body.len()), (StatusCode::NOT_MODIFIED, 0), "{known}");
        for name in [ETAG, CACHE_CONTROL, VARY, CONTENT_SECURITY_POLICY] {
            assert_eq!(answer.headers()[&name], first.headers()[&name]);
        }
    }
    for unknown in [&[br.clone(), (IF_NONE_MATCH, "\"other\"")][..], &[(IF_NONE_MATCH, tag)]] {
        assert_eq!(get("/", unknown).await.0.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn head_has_the_headers_alone_and_other_methods_are_refused() {
    let br = (ACCEPT_ENCODING, "br");
    let (get, body) = get("/", std::slice::from_ref(&br)).await;
    let (head, nothing) = send(&PageSettings::default(), Method::HEAD, "/", &[br]).await;
    assert_eq!((head.status(), nothing.len()), (StatusCode::OK, 0));
    assert_eq!(head.headers()[CONTENT_LENGTH], body.len().to_string());
    assert_eq!(head.headers()[ETAG], get.headers()[ETAG]);
    let (post, _) = send(&PageSettings::default(), Method::POST, "/", &[]).await;
    assert_eq!(
        (post.status(), &post.headers()[ALLOW]),
        (StatusCode::METHOD_NOT_ALLOWED, &HeaderValue::from_static("GET,HEAD"))
    );
}

#[tokio::test]
async fn an_unknown_file_is_404_in_words() {
    for path in ["/assets/none.js", "/assets/index.html", "/assets/a/b", "/assets/..%2findex.html", "/assets/%ff"] {
        let (answer, body) = get(path, &[]).await;
        assert!(answer.status().is_client_error(), "{path}: {}", answer.status());
        assert_ne!(body.len(), 0, "{path}");
    }
    let (answer, body) = get("/assets/none.js", &[]).await;
    assert_eq!((answer.status(), &body[..]), (StatusCode::NOT_FOUND, UNKNOWN.as_bytes()));
    assert_eq!(answer.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
}

fn signing_in() -> PageSettings {
    let origins = vec!["https://id.example.com".to_owned(), "https://login.example.com".to_owned()];
    let scopes = vec!["openid".to_owned(), "https://p.example.com/mcp/invoke".to_owned()];
    let sign_in = PageSignIn {
        issuer: "https://id.example.com/pool".to_owned(),
        client_id: Some("abc".to_owned()),
        scopes,
        origins,
    };
    PageSettings {
        mcp_url: Some("https://p.example.com/mcp".to_owned()),
        sign_in: Some(sign_in),
        ..PageSettings::default()
    }
}

#[tokio::test]
async fn the_policy_allows_the_page_its_own_files_and_the_sign_in() {
    let policy = |answer: Response| answer.headers()[CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
    let open = policy(get("/", &[]).await.0);
    assert_eq!(
        open,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src data: blob:; \
         font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let signing_in = policy(send(&signing_in(), Method::GET, "/", &[]).await.0);
    let calls = "connect-src 'self' https://id.example.com https://login.example.com;";
    assert_eq!(signing_in, open.replace("connect-src 'self';", calls));
    let (answer, _) = get("/", &[]).await;
    for (name, value) in
        [(X_CONTENT_TYPE_OPTIONS, "nosniff"), (REFERRER_POLICY, "no-referrer"), (OPENER_POLICY, "same-origin")]
    {
        assert_eq!(answer.headers()[name], value);
    }
}

#[tokio::test]
async fn the_settings_say_where_the_server_is_and_how_to_sign_in() {
    let text = async |settings: &PageSettings, headers: &[(HeaderName, &str)]| {
        let (answer, body) = send(settings, Method::GET, "/assets/settings.json", headers).await;
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/json");
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-cache");
        assert!(answer.headers().contains_key(CONTENT_SECURITY_POLICY));
        String::from_utf8(body.into()).expect("text")
    };
    assert_eq!(
        text(&signing_in(), &[(HOST, "other.example.com")]).await,
        r#"{"mcp":"https://p.example.com/mcp","source":false,"signIn":{"issuer":"https://id.example.com/pool","clientId":"abc","scopes":["openid","https://p.example.com/mcp/invoke"]}}"#
    );
    let (local, mut lambda) = (PageSettings::default(), PageSettings::default());
    lambda.is_https = true;
    assert_eq!(
        text(&local, &[(HOST, "localhost:8080")]).await,
        r#"{"mcp":"http://localhost:8080/mcp","source":false,"signIn":null}"#
    );
    assert_eq!(
        text(&lambda, &[(HOST, "a.example.com")]).await,
        r#"{"mcp":"https://a.example.com/mcp","source":false,"signIn":null}"#
    );
    for no_host in [&[][..], &[(HOST, "a b")], &[(HOST, "\"")]] {
        assert_eq!(text(&local, no_host).await, r#"{"mcp":"/mcp","source":false,"signIn":null}"#);
    }
}

#[tokio::test]
async fn known_settings_are_not_sent_again() {
    let path = "/assets/settings.json";
    let (first, _) = get(path, &[(HOST, "a:1")]).await;
    let tag = first.headers()[ETAG].to_str().expect("text");
    assert_eq!(get(path, &[(HOST, "a:1"), (IF_NONE_MATCH, tag)]).await.0.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(get(path, &[(HOST, "a:2"), (IF_NONE_MATCH, tag)]).await.0.status(), StatusCode::OK);
}
