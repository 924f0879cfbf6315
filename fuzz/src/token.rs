//! A bearer token: its header, and its claims below a good signature.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::service::{self, AUDIENCE, ISSUER, SCOPE};

thread_local! {
    static SERVER: (Runtime, Router) = {
        let mut jwk = jwk();
        jwk["kid"] = "one".into();
        (service::runtime(), service::signed_in(&json!({ "keys": [jwk] })))
    };
}

fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key")
}

/// The public key of [`signed`].
pub(crate) fn jwk() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(key().public_key()) })
}

/// A token of these bytes as header and claims, with a good signature.
pub(crate) fn signed(header: &[u8], claims: &[u8]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(key().sign(signed.as_bytes())))
}

/// One line is the value of the header `Authorization`. Otherwise the first line is the token's header and the rest its claims,
/// which are signed. Whoever is admitted has a token that is valid by a second reading.
pub fn run(input: &[u8]) {
    let signed = input.iter().position(|byte| *byte == b'\n').map(|at| (&input[..at], &input[at + 1..]));
    let value = match signed {
        Some((header, claims)) => HeaderValue::try_from(format!("Bearer {}", self::signed(header, claims))).ok(),
        None => HeaderValue::from_bytes(input).ok(),
    };
    let Some(value) = value else { return };
    let headers =
        HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json")), (AUTHORIZATION, value)]);
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    SERVER.with(|(runtime, app)| {
        let (status, answer) = runtime.block_on(service::post(app, &headers, &body));
        match (status.as_u16(), signed) {
            (401 | 403, _) => {}
            (200, Some((header, claims))) => assert!(is_valid(header, claims), "{headers:?}"),
            other => panic!("{other:?} {answer:?}"),
        }
    });
}

/// Whether a token is valid, apart from its signature.
fn is_valid(header: &[u8], claims: &[u8]) -> bool {
    let (Ok(header), Ok(claims)) = (serde_json::from_slice::<Value>(header), serde_json::from_slice::<Value>(claims))
    else {
        return false;
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64();
    let types = ["jwt", "at+jwt", "application/at+jwt"];
    let is_one = |value: &Value| value == AUDIENCE;
    let words = |value: &Value| value.as_str().is_some_and(|words| words.split(' ').any(|word| word == SCOPE));
    header["alg"] == "EdDSA"
        && header.get("kid").is_none_or(|kid| kid == "one")
        && header.get("typ").is_none_or(|typ| typ.as_str().is_some_and(|typ| types.contains(&&*typ.to_lowercase())))
        && header.get("crit").is_none()
        && claims["iss"] == ISSUER
        && claims["exp"].as_f64().is_some_and(|exp| exp > now)
        && claims.get("nbf").is_none_or(|nbf| nbf.as_f64().is_some_and(|nbf| nbf <= now))
        && match claims.get("aud") {
            Some(Value::Array(all)) => all.iter().any(is_one) && all.iter().all(Value::is_string),
            Some(one) => is_one(one),
            None => is_one(&claims["client_id"]),
        }
        && claims.get("token_use").is_none_or(|kind| kind == "access")
        && ["nonce", "at_hash", "c_hash"].iter().all(|name| claims.get(name).is_none())
        && (words(&claims["scope"])
            || words(&claims["scp"])
            || claims["scp"].as_array().is_some_and(|all| all.iter().any(words) && all.iter().all(Value::is_string)))
}
