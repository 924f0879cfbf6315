//! An issuer of tokens: its keys on a port of this machine, and tokens signed with them.

#![allow(dead_code, reason = "no test program needs all of it")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
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
    key: Key,
    /// The keys that it publishes.
    published: Arc<Mutex<Vec<Value>>>,
    /// How often its keys were asked for.
    pub(crate) asked: Arc<AtomicUsize>,
    /// How many of the next requests for its keys fail.
    pub(crate) failures: Arc<AtomicUsize>,
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

/// A key pair, each kind for one algorithm.
pub(crate) enum Key {
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Key {
    pub(crate) fn rsa() -> Self {
        Self::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key")))
    }

    pub(crate) fn ec() -> Self {
        Self::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"))
    }

    pub(crate) fn ed() -> Self {
        Self::Ed(Ed25519KeyPair::generate().expect("a key"))
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::Ec(_) => "ES256",
            Self::Ed(_) => "EdDSA",
        }
    }

    /// The public key, without `alg` and `use`.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rsa(key) => {
                let (modulus, exponent) = (key.public_key().modulus(), key.public_key().exponent());
                let (n, e) = (modulus.big_endian_without_leading_zero(), exponent.big_endian_without_leading_zero());
                json!({ "kty": "RSA", "kid": kid, "n": encode(n), "e": encode(e) })
            }
            Self::Ec(key) => {
                // The byte 04 and the two halves.
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": encode(x), "y": encode(y) })
            }
            Self::Ed(key) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": encode(key.public_key().as_ref()) })
            }
        }
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&unsigned(header, claims))
    }

    /// Signs header and claims as they are encoded.
    pub(crate) fn sign_text(&self, signed: &str) -> String {
        let random = SystemRandom::new();
        let signature = match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).expect("a signature");
                signature
            }
            Self::Ec(key) => key.sign(&random, signed.as_bytes()).expect("a signature").as_ref().to_vec(),
            Self::Ed(key) => key.sign(signed.as_bytes()).as_ref().to_vec(),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl Issuer {
    /// With one key for RS256, named `one`.
    pub(crate) async fn start() -> Self {
        let key = Key::rsa();
        let mut jwk = key.jwk("one");
        jwk["use"] = "sig".into();
        jwk["alg"] = "RS256".into();
        // Keys of other kinds are passed over.
        let keys = vec![json!({ "kty": "EC" }), json!({ "kty": "oct", "kid": "secret", "k": "c2VjcmV0" }), jwk];
        let published = Arc::new(Mutex::new(keys));
        let (asked, is_up) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(true)));
        let failures = Arc::new(AtomicUsize::new(0));
        let answers = watch::Sender::new(true);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let metadata = json!({ "issuer": url, "jwks_uri": format!("{url}/keys") }).to_string();
        let answer = {
            let (asked, is_up, answers) = (Arc::clone(&asked), Arc::clone(&is_up), answers.clone());
            let (failures, published) = (Arc::clone(&failures), Arc::clone(&published));
            move || {
                asked.fetch_add(1, Ordering::Relaxed);
                let fails = failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
                let is_good = is_up.load(Ordering::Relaxed) && fails.is_err();
                let status = if is_good { StatusCode::OK } else { StatusCode::BAD_GATEWAY };
                let body = json!({ "keys": *published.lock().expect("keys") }).to_string();
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
        Self { url, key, published, asked, failures, is_up, answers, server }
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
        self.key.sign(header, claims)
    }

    /// The same for header and claims as they are encoded.
    pub(crate) fn sign_text(&self, signed: &str) -> String {
        self.key.sign_text(signed)
    }

    /// Publishes these keys from now on.
    pub(crate) fn publish(&self, keys: Vec<Value>) {
        *self.published.lock().expect("keys") = keys;
    }

    /// The public key of [`Self::sign`], without `alg` and `use`.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        self.key.jwk(kid)
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
