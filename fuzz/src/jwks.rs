//! The document with the keys of an issuer.

use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use prompt_gallery::tokens::Tokens;
use serde_json::{Value, json};
use server::auth::{Refusal, TokenVerifier};
use tokio::runtime::Runtime;

use super::service::{self, AUDIENCE, ISSUER};
use super::token::{jwk, signed};

thread_local! {
    static RUNTIME: Runtime = service::runtime();
}

/// A token is valid only if the document has the key that has signed it, for this use.
pub fn run(input: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(input) else { return };
    // An input has the right key by this word.
    let document = with_key(document);
    let tokens = Tokens::with_keys(&service::sign_in(), &document);
    let claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "exp": 32_503_680_000_u64 }).to_string();
    RUNTIME.with(|runtime| {
        for (algorithm, kid) in
            ["RS256", "ES256", "EdDSA"].into_iter().flat_map(|algorithm| [(algorithm, None), (algorithm, Some("one"))])
        {
            let mut header = json!({ "alg": algorithm });
            if let Some(kid) = kid {
                header["kid"] = kid.into();
            }
            let token = signed(header.to_string().as_bytes(), claims.as_bytes());
            let value = HeaderValue::try_from(format!("Bearer {token}")).expect("a header");
            let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
            match runtime.block_on(tokens.verify(&headers)) {
                Ok(_) => assert!(algorithm == "EdDSA" && has_key(&document, kid), "{document}"),
                Err(Refusal::InvalidToken(_)) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
    });
}

/// The document with the key of the tokens wherever `"x": "KEY"` is.
fn with_key(mut document: Value) -> Value {
    for key in document.get_mut("keys").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(x) = key.get_mut("x").filter(|x| *x == "KEY") {
            *x = jwk()["x"].clone();
        }
    }
    document
}

/// Whether a key with this id may verify the tokens.
fn has_key(document: &Value, kid: Option<&str>) -> bool {
    let own = jwk();
    let fits = |key: &Value| {
        ["kty", "crv", "x"].iter().all(|name| key[name] == own[name])
            && key.get("alg").is_none_or(|alg| alg == "EdDSA" || alg.is_null())
            && key.get("use").is_none_or(|usage| usage == "sig" || usage.is_null())
            && key.get("key_ops").is_none_or(|all| {
                all.is_null() || all.as_array().is_some_and(|all| all.contains(&Value::from("verify")))
            })
            && kid.is_none_or(|kid| key["kid"] == kid)
    };
    document["keys"].as_array().is_some_and(|keys| keys.iter().any(fits))
}
