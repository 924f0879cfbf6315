//! The settings of sign-in, and which of them need each other.

use http::Uri;

use super::allowed::is_loopback;
use super::env::Env;
use super::error::ConfigError;

/// Settings, and another one that each also needs.
const NEEDS: [(&str, &str); 18] = [
    ("OAUTH_AUDIENCE", "OAUTH_ISSUER"),
    ("OAUTH_SCOPE", "OAUTH_ISSUER"),
    ("OAUTH_JWKS_URL", "OAUTH_ISSUER"),
    ("OAUTH_AUTHORIZE_URL", "OAUTH_ISSUER"),
    ("OAUTH_TOKEN_URL", "OAUTH_ISSUER"),
    ("OAUTH_REVOKE_URL", "OAUTH_ISSUER"),
    ("OAUTH_CLIENT_ID", "OAUTH_ISSUER"),
    ("OAUTH_REDIRECT_URIS", "OAUTH_ISSUER"),
    ("PAGE_CLIENT_ID", "OAUTH_ISSUER"),
    ("OAUTH_ISSUER", "OAUTH_AUDIENCE"),
    ("OAUTH_ISSUER", "PUBLIC_URL"),
    ("OAUTH_AUTHORIZE_URL", "OAUTH_TOKEN_URL"),
    ("OAUTH_TOKEN_URL", "OAUTH_AUTHORIZE_URL"),
    ("OAUTH_REVOKE_URL", "OAUTH_AUTHORIZE_URL"),
    ("OAUTH_CLIENT_ID", "OAUTH_AUTHORIZE_URL"),
    ("OAUTH_AUTHORIZE_URL", "OAUTH_JWKS_URL"),
    ("OAUTH_CLIENT_ID", "OAUTH_REDIRECT_URIS"),
    ("OAUTH_REDIRECT_URIS", "OAUTH_CLIENT_ID"),
];

/// The tokens that are accepted, and where clients get them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// `iss` of the tokens.
    pub issuer: String,
    /// What `aud` must be one of, or `client_id` of a token without `aud`.
    pub audience: Vec<String>,
    /// What `scope` must contain.
    pub scope: Option<String>,
    /// The address of the MCP endpoint as clients type it, such as `https://prompts.example.com/mcp`.
    pub public_url: String,
    /// Where the issuer's keys are, if its metadata does not say.
    pub jwks_url: Option<String>,
    /// The metadata that this server publishes in place of the issuer's own.
    pub authorization_server: Option<AuthorizationServer>,
    /// The client as which the page of the gallery signs people in.
    pub page_client_id: Option<String>,
}

/// Addresses at which people sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationServer {
    /// The page on which people sign in.
    pub authorize_url: String,
    /// Where clients exchange codes for tokens.
    pub token_url: String,
    /// Where clients revoke tokens.
    pub revoke_url: Option<String>,
    /// The client that registering clients get.
    pub client: Option<PublicClient>,
}

/// The one client that all registering clients share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicClient {
    /// `client_id`
    pub id: String,
    /// The addresses to which a sign-in may redirect.
    pub redirect_uris: Vec<String>,
}

impl SignIn {
    /// The scheme and authority of [`Self::public_url`].
    #[must_use]
    pub fn origin(&self) -> &str {
        self.public_url.strip_suffix(self.path()).unwrap_or(&self.public_url)
    }

    /// The path of [`Self::public_url`].
    #[must_use]
    pub fn path(&self) -> &str {
        let authority = self.public_url.find("://").map_or(0, |at| at + 3);
        self.public_url[authority..].find('/').map_or("", |at| &self.public_url[authority + at..])
    }

    /// Reads the settings of sign-in; `None` without `OAUTH_ISSUER`.
    ///
    /// # Errors
    /// A setting with a wrong value, or without another one that it needs.
    pub(super) fn read(env: &Env<'_>) -> Result<Option<Self>, ConfigError> {
        for (name, needed) in NEEDS {
            if let (Some(value), None) = (env.get(name), env.get(needed)) {
                return Err(ConfigError::new(name, value, format!("also needs {needed}")));
            }
        }
        let Some(issuer) = url(env, "OAUTH_ISSUER")? else { return Ok(None) };
        let audience = env.get("OAUTH_AUDIENCE").unwrap_or_default();
        if list(&audience).is_empty() {
            let expected = "expected a comma list of the values that a token's `aud` may have";
            return Err(ConfigError::new("OAUTH_AUDIENCE", audience, expected));
        }
        let public_url = public_url(env)?.unwrap_or_default();
        let scope = env.get("OAUTH_SCOPE");
        if let Some(scope) = scope.as_deref().filter(|scope| !scope.bytes().all(is_scope_byte)) {
            return Err(ConfigError::new("OAUTH_SCOPE", scope, "expected one scope"));
        }
        let authorization_server = AuthorizationServer::read(env)?;
        let jwks_url = url(env, "OAUTH_JWKS_URL")?;
        let registered = authorization_server.as_ref().and_then(|server| server.client.as_ref());
        let page_client_id = env.get("PAGE_CLIENT_ID").or_else(|| registered.map(|client| client.id.clone()));
        let audience = list(&audience);
        Ok(Some(Self { issuer, audience, scope, public_url, jwks_url, authorization_server, page_client_id }))
    }
}

impl AuthorizationServer {
    fn read(env: &Env<'_>) -> Result<Option<Self>, ConfigError> {
        let client = match env.get("OAUTH_CLIENT_ID") {
            Some(id) => Some(PublicClient { id, redirect_uris: redirect_uris(env)? }),
            None => None,
        };
        let urls = (url(env, "OAUTH_AUTHORIZE_URL")?, url(env, "OAUTH_TOKEN_URL")?);
        let (Some(authorize_url), Some(token_url)) = urls else { return Ok(None) };
        Ok(Some(Self { authorize_url, token_url, revoke_url: url(env, "OAUTH_REVOKE_URL")?, client }))
    }
}

/// Reads the address of the MCP endpoint as clients type it.
///
/// # Errors
/// A value that is not such an address.
pub(super) fn public_url(env: &Env<'_>) -> Result<Option<String>, ConfigError> {
    let Some(public_url) = url(env, "PUBLIC_URL")? else { return Ok(None) };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '.' | '-' | '_' | '~' | '[' | ']');
    // The server makes the addresses of documents from its path.
    if !public_url.ends_with("/mcp") || !public_url.chars().all(is_plain) || public_url.contains("/:") {
        let expected = "expected the URL of the MCP endpoint, which ends in /mcp";
        return Err(ConfigError::new("PUBLIC_URL", public_url, expected));
    }
    Ok(Some(public_url))
}

/// RFC 6749, section 3.3.
fn is_scope_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\')
}

fn list(value: &str) -> Vec<String> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// A URL with an authenticated server, see [`is_trustworthy`].
fn url(env: &Env<'_>, name: &'static str) -> Result<Option<String>, ConfigError> {
    let Some(value) = env.get(name) else { return Ok(None) };
    let uri = value.parse::<Uri>();
    let authority = uri.as_ref().ok().and_then(Uri::authority).map(|authority| authority.as_str()).unwrap_or_default();
    if authority.contains('@') {
        return Err(ConfigError::new(name, value, "expected a URL without user and password"));
    }
    // Other characters would end the host in a content security policy.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '-' | '_' | '[' | ']');
    if !authority.chars().all(is_plain) {
        return Err(ConfigError::new(
            name,
            value,
            "expected a URL whose host has letters, digits, `.`, `-` and `_` alone",
        ));
    }
    if is_trustworthy(&value) {
        return Ok(Some(value));
    }
    Err(ConfigError::new(name, value, "expected a URL that begins with https://"))
}

/// Whether answers come from the host that the URL names: `https:`, or `http:` to this machine.
#[doc(hidden)]
#[must_use]
pub fn is_trustworthy(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| {
        let host = uri.host().unwrap_or_default();
        let is_local = is_loopback(host) || host.ends_with(".localhost");
        !host.is_empty() && (uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && is_local))
    })
}

/// The addresses to which a sign-in may redirect. RFC 8252 lets local programs have schemes of their own.
fn redirect_uris(env: &Env<'_>) -> Result<Vec<String>, ConfigError> {
    let value = env.get("OAUTH_REDIRECT_URIS").unwrap_or_default();
    let uris = list(&value);
    let is_uri = |uri: &String| {
        uri.split_once(':').is_some_and(|(scheme, rest)| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(is_plain)
                && !rest.is_empty()
                && !rest.contains(|c: char| c == '#' || c.is_whitespace())
        })
    };
    if uris.is_empty() || !uris.iter().all(is_uri) {
        let expected = "expected a comma list of addresses such as https://claude.ai/api/mcp/auth_callback";
        return Err(ConfigError::new("OAUTH_REDIRECT_URIS", value, expected));
    }
    Ok(uris)
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::causes::shown;

    const ISSUER: (&str, &str) = ("OAUTH_ISSUER", "https://id.example.com");
    const AUDIENCE: (&str, &str) = ("OAUTH_AUDIENCE", "https://p.example.com/mcp, client");
    const URL: (&str, &str) = ("PUBLIC_URL", "https://p.example.com/mcp");
    const JWKS: (&str, &str) = ("OAUTH_JWKS_URL", "http://127.0.0.1:1/keys");

    fn read(env: &[(&str, &str)]) -> Result<Option<SignIn>, String> {
        let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        SignIn::read(&Env(&env)).map_err(|e| e.to_string())
    }

    #[test]
    fn without_an_issuer_there_is_no_sign_in() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[URL]), Ok(None));
        assert_eq!(read(&[JWKS]), Err("OAUTH_JWKS_URL=http://127.0.0.1:1/keys: also needs OAUTH_ISSUER".into()));
    }

    #[test]
    fn an_issuer_needs_an_audience_and_an_address() {
        let sign_in = read(&[ISSUER, AUDIENCE, URL]).expect("settings").expect("sign-in");
        assert_eq!((sign_in.origin(), sign_in.path()), ("https://p.example.com", "/mcp"));
        assert_eq!(sign_in.audience, ["https://p.example.com/mcp", "client"]);
        assert_eq!(sign_in.authorization_server, None);
        for (env, lacks) in [(&[ISSUER, URL], "OAUTH_AUDIENCE"), (&[ISSUER, AUDIENCE], "PUBLIC_URL")] {
            assert_eq!(read(env), Err(format!("OAUTH_ISSUER=https://id.example.com: also needs {lacks}")));
        }
    }

    #[test]
    fn no_address_has_a_secret_that_a_message_shows() {
        for (name, value) in [
            ("OAUTH_ISSUER", "https://ada:hunter2@id.example.com"),
            ("OAUTH_JWKS_URL", "https://ada:hunter2@id.example.com/keys"),
        ] {
            let others = [ISSUER, AUDIENCE, URL].into_iter().filter(|(key, _)| *key != name);
            let refused = read(&others.chain([(name, value)]).collect::<Vec<_>>());
            assert_eq!(refused, Err(format!("{name}=…: expected a URL without user and password")));
        }
        let refused = read(&[ISSUER, AUDIENCE, URL, ("OAUTH_JWKS_URL", "ftp://id.example.com/keys?token=hunter2")]);
        let says = "OAUTH_JWKS_URL=ftp://id.example.com/keys?…: expected a URL that begins with https://";
        assert_eq!(refused, Err(says.to_owned()));
    }

    #[test]
    fn addresses_to_sign_in_at_come_together() {
        let authorize = ("OAUTH_AUTHORIZE_URL", "https://id.example.com/authorize");
        let token = ("OAUTH_TOKEN_URL", "https://id.example.com/token");
        let client = ("OAUTH_CLIENT_ID", "abc");
        let redirects = ("OAUTH_REDIRECT_URIS", "https://claude.ai/api/mcp/auth_callback, com.example.app:/callback");
        let all = [ISSUER, AUDIENCE, URL, JWKS, authorize, token, client, redirects];
        let server = read(&all).expect("settings").expect("sign-in").authorization_server.expect("a server");
        assert_eq!(server.client.expect("a client").redirect_uris.len(), 2);
        for lacking in 3..all.len() {
            let some: Vec<_> = all.iter().enumerate().filter(|(at, _)| *at != lacking).map(|(_, it)| *it).collect();
            let error = read(&some).expect_err("half of the settings");
            assert!(error.ends_with(&format!("also needs {}", all[lacking].0)), "{error}");
        }
    }

    #[test]
    fn the_page_is_a_client_of_its_own_or_the_one_that_others_get() {
        let page = ("PAGE_CLIENT_ID", "page");
        let of = |env: &[(&str, &str)]| read(env).expect("settings").expect("sign-in").page_client_id;
        assert_eq!(of(&[ISSUER, AUDIENCE, URL]), None);
        assert_eq!(of(&[ISSUER, AUDIENCE, URL, page]).as_deref(), Some("page"));
        let shared = [
            ("OAUTH_JWKS_URL", "https://id.example.com/keys"),
            ("OAUTH_AUTHORIZE_URL", "https://id.example.com/authorize"),
            ("OAUTH_TOKEN_URL", "https://id.example.com/token"),
            ("OAUTH_CLIENT_ID", "shared"),
            ("OAUTH_REDIRECT_URIS", "https://claude.ai/api/mcp/auth_callback"),
        ];
        let all = [ISSUER, AUDIENCE, URL].into_iter().chain(shared);
        assert_eq!(of(&all.clone().collect::<Vec<_>>()).as_deref(), Some("shared"));
        assert_eq!(of(&all.chain([page]).collect::<Vec<_>>()).as_deref(), Some("page"));
        assert_eq!(read(&[page]), Err("PAGE_CLIENT_ID=page: also needs OAUTH_ISSUER".into()));
    }

    #[test]
    fn a_sign_in_leads_back_to_addresses() {
        for wrong in ["claude.ai/callback", "https:", ":x", "1x:/y", "https://a/b#c", "https://a/b c", ","] {
            let env = |name: &str| (name == "OAUTH_REDIRECT_URIS").then(|| wrong.to_owned());
            assert!(redirect_uris(&Env(&env)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_value_that_is_not_a_url_is_refused_by_name() {
        for (name, value) in [
            ("OAUTH_ISSUER", "id.example.com"),
            ("OAUTH_ISSUER", "http://id.example.com"),
            ("OAUTH_ISSUER", "https://"),
            ("OAUTH_ISSUER", "https://id.example.com;x"),
            ("PUBLIC_URL", "https://p.example.com/"),
            ("PUBLIC_URL", "https://p.example.com/mcp/"),
            ("PUBLIC_URL", "https://p.example.com/mcp?x=/mcp"),
            ("PUBLIC_URL", "https://p.example.com/{x/mcp"),
            ("PUBLIC_URL", "https://p.example.com/:x/mcp"),
            ("OAUTH_JWKS_URL", "keys"),
            ("OAUTH_SCOPE", "two scopes"),
            ("OAUTH_AUDIENCE", " , "),
        ] {
            let env: Vec<_> =
                [ISSUER, AUDIENCE, URL].into_iter().filter(|(key, _)| *key != name).chain([(name, value)]).collect();
            let error = read(&env).expect_err(value);
            assert!(error.starts_with(&format!("{name}={}: expected ", shown(value))), "{error}");
        }
    }
}
