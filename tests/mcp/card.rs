//! The server card and the catalogue of the domain: what clients read before they connect.

use http::Method;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use insta::assert_snapshot;
use prompt_gallery::Server;
use serde_json::Value;

use crate::GALLERY;
use crate::issuer::Issuer;
use crate::wire::Wire;

const CARD: &str = "/mcp/server-card";
const CATALOGUE: &str = "/.well-known/ai-catalog.json";
const URL: &str = "https://prompts.example.com/mcp";

#[tokio::test]
async fn the_card_says_who_the_server_is_and_where() {
    let wire = Wire::new(Server::new(), GALLERY, &[("PUBLIC_URL", URL)]).await;
    let card = wire.send(Method::GET, CARD, &[("accept", "application/mcp-server-card+json")], "").await;
    assert_snapshot!(card, @r#"200 {"$schema":"https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json","name":"com.example.prompts/prompt-gallery","version":"0.1.0","title":"Prompt gallery","description":"A team's prompts and skills, from a folder or an S3 bucket","remotes":[{"type":"streamable-http","url":"https://prompts.example.com/mcp","supportedProtocolVersions":["2026-07-28","2025-11-25","2025-06-18","2025-03-26"]}]}"#);
    assert_eq!(card.headers[CONTENT_TYPE], "application/mcp-server-card+json");
    assert_eq!(card.headers[CACHE_CONTROL], "public, max-age=3600");
    let discovered = wire.modern("server/discover", serde_json::json!({})).await.json();
    let (card, result) = (card.json(), &discovered["result"]);
    let info = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
    for field in ["title", "version"] {
        assert_eq!(card[field], info[field]);
    }
    let name = card["name"].as_str().unwrap();
    assert_eq!(name.split_once('/').map(|(_, name)| name), info["name"].as_str());
    assert_eq!(card["remotes"][0]["supportedProtocolVersions"], result["supportedVersions"]);
    assert!(card["description"].as_str().unwrap().chars().count() <= 100);
    let registry: Value = serde_json::from_str(&std::fs::read_to_string("server.json").unwrap()).unwrap();
    for field in ["title", "description", "version"] {
        assert_eq!(registry[field], card[field], "server.json");
    }
}

#[tokio::test]
async fn the_catalogue_of_the_domain_leads_to_the_card() {
    let wire = Wire::new(Server::new(), GALLERY, &[("PUBLIC_URL", URL)]).await;
    let catalogue = wire.send(Method::GET, CATALOGUE, &[], "").await;
    assert_snapshot!(catalogue, @r#"200 {"specVersion":"1.0","entries":[{"identifier":"urn:air:prompts.example.com:mcp:prompt-gallery","type":"application/mcp-server-card+json","url":"https://prompts.example.com/mcp/server-card"}]}"#);
    assert_eq!(catalogue.headers[CONTENT_TYPE], "application/ai-catalog+json");
}

#[tokio::test]
async fn a_local_server_is_at_its_own_address() {
    let wire = Wire::new(Server::new(), GALLERY, &[("PORT", "8091")]).await;
    let card = wire.send(Method::GET, CARD, &[], "").await.json();
    assert_eq!(card["name"], "localhost/prompt-gallery");
    assert_eq!(card["remotes"][0]["url"], "http://127.0.0.1:8091/mcp");
    // Any port: the settings do not tell the address.
    let wire = Wire::new(Server::new(), GALLERY, &[("PORT", "0")]).await;
    let card = wire.send(Method::GET, CARD, &[("host", "evil.example.com")], "").await.json();
    assert_eq!(card["remotes"], serde_json::json!([]));
    let catalogue = wire.send(Method::GET, CATALOGUE, &[], "").await.json();
    assert_eq!(catalogue["entries"][0]["data"], card);
}

#[tokio::test]
async fn the_card_is_public_and_has_no_settings_of_the_sign_in() {
    let issuer = Issuer::start().await;
    let env = [("OAUTH_ISSUER", issuer.url.as_str()), ("OAUTH_AUDIENCE", "secret-audience"), ("PUBLIC_URL", URL)];
    let wire = Wire::new(Server::new(), GALLERY, &env).await;
    for path in [CARD, CATALOGUE] {
        let page = [("origin", "https://page.example.com")];
        let answer = wire.send(Method::GET, path, &page, "").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        assert_eq!(answer.headers["access-control-expose-headers"], "etag");
        assert!(!answer.body.contains("secret") && !answer.body.contains(&issuer.url), "{answer}");
        let preflight =
            [page[0], ("access-control-request-method", "GET"), ("access-control-request-headers", "if-none-match")];
        let answer = wire.send(Method::OPTIONS, path, &preflight, "").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["access-control-allow-methods"], "GET");
        assert_eq!(answer.headers["access-control-allow-headers"], "content-type,if-none-match");
        assert_eq!(wire.send(Method::POST, path, &[], "{}").await.status, 405);
    }
}

#[tokio::test]
async fn a_known_card_is_not_sent_again() {
    let wire = Wire::new(Server::new(), GALLERY, &[("PUBLIC_URL", URL)]).await;
    let first = wire.send(Method::GET, CARD, &[], "").await;
    let etag = first.headers[ETAG].to_str().unwrap();
    for known in [etag, &format!("W/{etag}"), &format!("\"other\", {etag}"), "*"] {
        let answer = wire.send(Method::GET, CARD, &[("if-none-match", known)], "").await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (304, ""), "{known}");
        assert_eq!(answer.headers[ETAG], etag);
    }
    for unknown in ["\"other\"", "", "etag"] {
        assert_eq!(wire.send(Method::GET, CARD, &[("if-none-match", unknown)], "").await.status, 200, "{unknown}");
    }
    let catalogue = wire.send(Method::GET, CATALOGUE, &[], "").await;
    assert_ne!(catalogue.headers[ETAG], etag);
}
