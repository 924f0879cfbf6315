//! The page: `GET /` and `GET /assets/*`. Its own crate tests files, forms and versions.

use http::Method;
use insta::assert_snapshot;
use prompt_gallery::Server;
use serde_json::json;

use crate::issuer::Issuer;
use crate::wire::Wire;
use crate::{GALLERY, PING};

const SETTINGS: &str = "/assets/settings.json";
const URL: &str = "https://prompts.example.com/mcp";

async fn server(env: &[(&str, &str)]) -> Wire {
    Wire::new(Server::new(), GALLERY, env).await
}

#[tokio::test]
async fn a_server_has_a_page() {
    let wire = server(&[]).await;
    let page = wire.send(Method::GET, "/", &[("host", "localhost:8080")], "").await;
    assert_eq!(
        (page.status.as_u16(), &page.headers["content-type"]),
        (200, &"text/html; charset=utf-8".parse().unwrap())
    );
    assert!(page.body.starts_with("<!"), "{page}");
    let settings = wire.send(Method::GET, SETTINGS, &[("host", "localhost:8080")], "").await;
    assert_snapshot!(settings, @r#"200 {"mcp":"http://localhost:8080/mcp","source":true,"signIn":null}"#);
}

#[tokio::test]
async fn the_page_can_be_turned_off() {
    let wire = server(&[("GALLERY_PAGE", "off")]).await;
    for path in ["/", SETTINGS] {
        assert_eq!(wire.send(Method::GET, path, &[], "").await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_page_is_not_shown_under_a_foreign_host() {
    let wire = server(&[("PUBLIC_URL", URL)]).await;
    for path in ["/", SETTINGS, "/assets/none.js"] {
        let status = async |host: &str| wire.send(Method::GET, path, &[("host", host)], "").await.status.as_u16();
        assert_eq!(status("evil.example.com").await, 403, "{path}");
        assert_ne!(status("prompts.example.com").await, 403, "{path}");
    }
}

#[tokio::test]
async fn the_page_may_call_from_the_address_of_the_server() {
    let call = async |env: &[(&str, &str)], origin: &str| {
        let headers = [("content-type", "application/json"), ("origin", origin)];
        server(env).await.send(Method::POST, "/mcp", &headers, PING).await.status.as_u16()
    };
    let (own, other) = ("https://prompts.example.com", "https://other.example.com");
    assert_eq!(call(&[], own).await, 403);
    assert_eq!(call(&[("PUBLIC_URL", URL)], own).await, 200);
    assert_eq!(call(&[("PUBLIC_URL", "https://prompts.example.com:443/team/mcp")], own).await, 200);
    assert_eq!(call(&[("PUBLIC_URL", URL), ("ALLOWED_ORIGINS", other)], own).await, 200);
    assert_eq!(call(&[("PUBLIC_URL", URL), ("ALLOWED_ORIGINS", other)], "https://third.example.com").await, 403);
    assert_eq!(call(&[("PUBLIC_URL", URL), ("GALLERY_PAGE", "off")], own).await, 403);
}

#[tokio::test]
async fn the_page_is_told_how_to_sign_in() {
    let issuer = Issuer::start().await;
    let login = "https://login.example.com";
    let all = [
        ("OAUTH_ISSUER", issuer.url.as_str()),
        ("OAUTH_AUDIENCE", "secret-audience"),
        ("PUBLIC_URL", URL),
        ("OAUTH_SCOPE", "prompts/invoke"),
        ("OAUTH_AUTHORIZE_URL", &format!("{login}/authorize")),
        ("OAUTH_TOKEN_URL", &format!("{login}:443/token")),
        ("OAUTH_REVOKE_URL", "https://revoke.example.com/revoke"),
        ("OAUTH_JWKS_URL", "https://keys.example.com/keys"),
        ("OAUTH_CLIENT_ID", "abc"),
        ("OAUTH_REDIRECT_URIS", "https://prompts.example.com/"),
    ];
    let settings = async |env: &[(&str, &str)]| server(env).await.send(Method::GET, SETTINGS, &[], "").await.json();
    let mut sign_in = json!({ "issuer": issuer.url, "clientId": "abc", "scopes": ["openid", "prompts/invoke"] });
    assert_eq!(settings(&all).await["signIn"], sign_in);
    // Without a client the page can say that it cannot sign in.
    (sign_in["clientId"], sign_in["scopes"]) = (json!(null), json!(["openid"]));
    assert_eq!(settings(&all[..3]).await["signIn"], sign_in);
    // A client of its own opens no registration.
    sign_in["clientId"] = json!("page");
    let own = [&all[..3], &[("PAGE_CLIENT_ID", "page")]].concat();
    assert_eq!(settings(&own).await["signIn"], sign_in);
    assert_eq!(server(&own).await.send(Method::POST, "/register", &[], "{}").await.status, 404);
    let page = server(&all).await.send(Method::GET, "/", &[], "").await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    let calls = format!("connect-src 'self' {} {login} https://revoke.example.com;", issuer.url);
    assert!(policy.contains(&calls), "{policy}");
    assert!(!policy.contains("keys.example.com"), "{policy}");
}
