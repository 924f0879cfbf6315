//! Tells clients where to sign in, by public documents that are made once from the settings.
//!
//! The document of RFC 9728 names the authorization server. Some servers' metadata lacks fields that clients need: Amazon
//! Cognito's names neither PKCE nor an address for registrations. For those, this server publishes complete metadata under
//! its own origin (RFC 8414), and answers each registration (RFC 7591) with the one client of its settings.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::{AuthorizationServer, PublicClient, SignIn};

/// The path of the document about the whole origin. The path of a document about another path ends with that path.
const PROTECTED_RESOURCE_PATH: &str = "/.well-known/oauth-protected-resource";

/// All documents: the path and the body of each.
pub(crate) fn documents(sign_in: &SignIn) -> Vec<(String, Bytes)> {
    let document = |path: String, json: &Value| (path, json.to_string().into());
    let origin = sign_in.origin();
    let scopes: Vec<_> = sign_in.scope.iter().collect();
    let server = sign_in.authorization_server.as_ref();
    let resource = |resource: &str| {
        json!({
            "resource": resource,
            "authorization_servers": [server.map_or(sign_in.issuer.as_str(), |_| origin)],
            "scopes_supported": scopes,
            "bearer_methods_supported": ["header"],
            "resource_name": "Prompt gallery",
        })
    };
    // RFC 9728, section 3.3: a client uses a document only if it names the resource from whose URL the client made the
    // document's address.
    let mut documents = vec![
        document(PROTECTED_RESOURCE_PATH.to_owned(), &resource(origin)),
        document(format!("{PROTECTED_RESOURCE_PATH}{}", sign_in.path()), &resource(&sign_in.public_url)),
    ];
    if let Some(AuthorizationServer { authorize_url, token_url, revoke_url, client }) = server {
        let mut metadata = json!({
            "issuer": origin,
            "authorization_endpoint": authorize_url,
            "token_endpoint": token_url,
            "jwks_uri": sign_in.jwks_url,
            "scopes_supported": scopes,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            // OpenID Connect requires these.
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        if let Some(revoke_url) = revoke_url {
            metadata["revocation_endpoint"] = revoke_url.as_str().into();
            metadata["revocation_endpoint_auth_methods_supported"] = json!(["none"]);
        }
        if client.is_some() {
            metadata["registration_endpoint"] = format!("{origin}/register").into();
        }
        for name in ["oauth-authorization-server", "openid-configuration"] {
            documents.push(document(format!("/.well-known/{name}"), &metadata));
        }
    }
    documents
}

/// A registration that is refused.
pub(crate) struct RefusedClient {
    /// The code of the error.
    pub(crate) error: &'static str,
    pub(crate) body: Bytes,
}

/// A client's registration; other fields are ignored.
#[derive(Deserialize)]
struct Registration {
    redirect_uris: Vec<String>,
}

/// Answers a registration with the shared client, if that client allows every redirect address of the registration.
///
/// # Errors
/// No registration, or another address.
pub(crate) fn register(client: &PublicClient, body: &[u8]) -> Result<Bytes, RefusedClient> {
    let refuse = |error: &'static str, description: String| {
        let body = json!({ "error": error, "error_description": description });
        Err(RefusedClient { error, body: body.to_string().into() })
    };
    let registration: Registration = match serde_json::from_slice(body) {
        Ok(registration) => registration,
        Err(_) => {
            let what = "the body must be a JSON object with redirect_uris, a list of addresses";
            return refuse("invalid_client_metadata", what.to_owned());
        }
    };
    let Registration { redirect_uris } = registration;
    let is_allowed = |uri: &String| client.redirect_uris.contains(uri);
    if redirect_uris.is_empty() || !redirect_uris.iter().all(is_allowed) {
        let allowed = client.redirect_uris.join(", ");
        return refuse("invalid_redirect_uri", format!("every redirect_uri must be one of {allowed}"));
    }
    let registered = json!({
        "client_id": client.id,
        "redirect_uris": redirect_uris,
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    });
    Ok(registered.to_string().into())
}
