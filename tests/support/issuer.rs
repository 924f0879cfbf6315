//! An issuer of tokens: its keys on a port of this machine, and tokens signed with them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// An issuer, which is gone when dropped.
pub(crate) struct Issuer {
    pub(crate) url: String,
    key: RsaKeyPair,
    /// How often its keys were asked for.
    pub(crate) asked: Arc<AtomicUsize>,
    /// Whether it answers.
    pub(crate) is_up: Arc<AtomicBool>,
    /// Whether it answers at once; requests wait while it does not.
    answers: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Issuer {
    /// With one key, named `one`.
    pub(crate) async fn start() -> Self {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        let (modulus, exponent) = (key.public_key().modulus(), key.public_key().exponent());
        let jwk = json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one",
            "n": URL_SAFE_NO_PAD.encode(modulus.big_endian_without_leading_zero()),
            "e": URL_SAFE_NO_PAD.encode(exponent.big_endian_without_leading_zero()),
        });
        // Keys of other kinds are passed over.
        let keys = json!({ "keys": [{ "kty": "EC" }, { "kty": "oct", "kid": "secret", "k": "c2VjcmV0" }, jwk] });
        let (asked, is_up) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(true)));
        let answers = watch::Sender::new(true);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let metadata = json!({ "issuer": url, "jwks_uri": format!("{url}/keys") }).to_string();
        let answer = {
            let (asked, is_up, answers) = (Arc::clone(&asked), Arc::clone(&is_up), answers.clone());
            move || {
                asked.fetch_add(1, Ordering::Relaxed);
                let status = if is_up.load(Ordering::Relaxed) { StatusCode::OK } else { StatusCode::BAD_GATEWAY };
                let body = keys.to_string();
                let mut answers = answers.subscribe();
                async move {
                    let _ = answers.wait_for(|comes| *comes).await;
                    (status, body)
                }
            }
        };
        let app = Router::new()
            .route("/keys", get(answer))
            .route("/.well-known/openid-configuration", get(move || async move { metadata.clone() }));
        let server = tokio::spawn(async move { axum::serve(listener, app).await.expect("a server") });
        Self { url, key, asked, is_up, answers, server }
    }

    /// Holds back its answers until they are [released](Self::release).
    pub(crate) fn hold(&self) {
        self.answers.send_replace(false);
    }

    /// Lets the answers come.
    pub(crate) fn release(&self) {
        self.answers.send_replace(true);
    }

    /// The claims of an access token after `change`.
    pub(crate) fn claims(&self, change: impl FnOnce(&mut Value)) -> Value {
        let mut claims = json!({
            "iss": self.url, "sub": "ada", "aud": "https://prompts.example.com/mcp", "client_id": "client",
            "token_use": "access", "scope": "openid https://prompts.example.com/mcp/invoke", "email": "ada@example.com",
            "exp": now() + 600, "iat": now(),
        });
        change(&mut claims);
        claims
    }

    /// A token with these claims.
    pub(crate) fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        self.sign(&json!({ "alg": "RS256", "kid": "one" }), &self.claims(change))
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).expect("a signature");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// What is signed.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}", encode(header), encode(claims))
}

/// In seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}
