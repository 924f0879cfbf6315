//! Resources of one's own: `resources/list`, `resources/templates/list`, `resources/read`.

use insta::assert_snapshot;
use prompt_gallery::{Resource, Server, ServerError};
use serde_json::json;

use crate::wire::{self, Wire};
use crate::{GALLERY, HANDSHAKE};

fn style() -> Resource {
    Resource::new("docs://style", "Style guide", "text/markdown", "# How we write").description("For authors.")
}

async fn server() -> Wire {
    let pixel = Resource::new("docs://pixel", "Pixel", "image/png", vec![0x89, b'P', b'N', b'G', 0xff]);
    let page = Resource::template("docs://pages/{page}", "Page", "text/plain", |variables| async move {
        let page: u32 = variables["page"].parse().ok()?;
        Some(format!("Page {page}"))
    });
    Wire::new(Server::new().resource(style()).resource(pixel).resource(page), GALLERY, &[]).await
}

#[tokio::test]
async fn own_resources_are_listed_first_and_templates_apart() {
    let server = server().await;
    let listed = server.modern("resources/list", json!({})).await.json();
    let resources = listed["result"]["resources"].as_array().unwrap();
    assert_eq!(
        resources[0],
        json!({ "uri": "docs://style", "name": "Style guide", "description": "For authors.", "mimeType": "text/markdown" })
    );
    assert_eq!(resources[1]["uri"], "docs://pixel");
    let without = Wire::new(Server::new(), GALLERY, &[]).await.modern("resources/list", json!({})).await.json();
    assert_eq!(resources[2..], *without["result"]["resources"].as_array().unwrap());
    let templates = server.handshake("2025-11-25", "resources/templates/list", json!({})).await.json();
    let template = json!({ "uriTemplate": "docs://pages/{page}", "name": "Page", "mimeType": "text/plain" });
    assert_eq!(templates["result"]["resourceTemplates"], json!([template]));
}

#[tokio::test]
async fn text_is_read_as_text_and_anything_else_in_base64() {
    let server = server().await;
    let content = async |uri: &str| {
        let modern = server.modern("resources/read", json!({ "uri": uri })).await.json()["result"]["contents"].clone();
        for version in HANDSHAKE {
            let handshake = server.handshake(version, "resources/read", json!({ "uri": uri })).await.json();
            assert_eq!(handshake["result"]["contents"], modern, "{version}");
        }
        modern
    };
    let style = json!([{ "uri": "docs://style", "mimeType": "text/markdown", "text": "# How we write" }]);
    assert_eq!(content("docs://style").await, style);
    let pixel = json!([{ "uri": "docs://pixel", "mimeType": "image/png", "blob": "iVBOR/8=" }]);
    assert_eq!(content("docs://pixel").await, pixel);
    let page = json!([{ "uri": "docs://pages/7", "mimeType": "text/plain", "text": "Page 7" }]);
    assert_eq!(content("docs://pages/7").await, page);
}

#[tokio::test]
async fn an_address_that_no_resource_has_is_an_error_with_the_address() {
    let server = server().await;
    for uri in ["docs://other", "docs://pages/seven", "docs://pages/1/2"] {
        let modern = server.modern("resources/read", json!({ "uri": uri })).await;
        let error = &modern.json()["error"];
        assert_eq!((&error["code"], &error["data"]["uri"]), (&json!(-32602), &json!(uri)));
        let handshake = server.handshake("2025-11-25", "resources/read", json!({ "uri": uri })).await;
        let error = &handshake.json()["error"];
        assert_eq!((&error["code"], &error["data"]["uri"]), (&json!(-32002), &json!(uri)));
    }
    assert_snapshot!(server.modern("resources/read", json!({ "uri": "docs://other" })).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no resource is served at `docs://other`","data":{"uri":"docs://other"}}}"#);
}

#[test]
fn a_resource_that_clients_could_not_read_is_refused_at_the_start() {
    let app = |server: Server| server.app(&wire::config(GALLERY, &[])).map(drop);
    let twice = app(Server::new().resource(style()).resource(style()));
    assert!(
        matches!(twice, Err(ServerError::Resource(e)) if e.to_string() == "resource `docs://style`: registered twice")
    );
    let taken = app(Server::new().resource(Resource::new("skill://a/SKILL.md", "A", "text/markdown", "A")));
    assert!(matches!(taken, Err(ServerError::Resource(e)) if e.uri == "skill://a/SKILL.md"));
}
