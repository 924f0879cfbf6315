//! The page, with what it is told of this server.

use axum::Router;
use axum::middleware::from_fn_with_state;
use page::{PageSettings, PageSignIn};

use super::check_host;
use crate::config::{AuthorizationServer, Config, SignIn, origin_of};

/// The scope of a sign-in by `OpenID` Connect, as the page signs in.
const OPENID: &str = "openid";

/// The routes of the page, open to anyone who may call this host: its files have nothing of the gallery.
pub(super) fn routes(config: &Config) -> Router {
    let settings = PageSettings {
        mcp_url: config.public_url.clone(),
        is_https: config.on_lambda,
        has_source: config.page_source,
        sign_in: config.sign_in.as_ref().map(sign_in),
    };
    page::routes(settings).layer(from_fn_with_state(config.allowed_hosts.clone(), check_host))
}

fn sign_in(sign_in: &SignIn) -> PageSignIn {
    let server = sign_in.authorization_server.as_ref();
    let mut urls = vec![sign_in.issuer.as_str()];
    if let Some(AuthorizationServer { authorize_url, token_url, revoke_url, .. }) = server {
        urls.extend([authorize_url.as_str(), token_url]);
        urls.extend(revoke_url.as_deref());
    }
    let mut origins: Vec<String> = urls.into_iter().filter_map(origin_of).collect();
    origins.sort_unstable();
    origins.dedup();
    PageSignIn {
        issuer: sign_in.issuer.clone(),
        client_id: sign_in.page_client_id.clone(),
        scopes: [OPENID.to_owned()].into_iter().chain(sign_in.scope.clone()).collect(),
        origins,
    }
}
