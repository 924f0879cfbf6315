//! One token: its header, its signature and its claims.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use server::auth::Claims;

/// The values of `typ` that access tokens have. Cognito writes none.
const TYPES: [&str; 3] = ["JWT", "at+jwt", "application/at+jwt"];

/// The header of a token. Nothing in it is trusted but as the choice of a key and an algorithm.
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
}

/// A header as it is written. A field with `null` is there.
#[derive(Deserialize)]
struct Fields {
    alg: String,
    #[serde(default, deserialize_with = "present")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    typ: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: Option<IgnoredAny>,
}

fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

impl Header {
    /// Reads the header of a token.
    ///
    /// # Errors
    /// Why the token is not valid, without any part of it.
    pub(super) fn read(token: &str) -> Result<Self, &'static str> {
        let encoded = token.split('.').next().unwrap_or_default();
        let json = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| "not a token")?;
        let Fields { alg, kid, typ, crit } = serde_json::from_slice(&json).map_err(|_| "not a token")?;
        let algorithm = match alg.as_str() {
            "RS256" => Algorithm::RS256,
            "ES256" => Algorithm::ES256,
            "EdDSA" => Algorithm::EdDSA,
            _ => return Err("not signed with RS256, ES256 or EdDSA"),
        };
        if crit.is_some() {
            return Err("with an extension that is not known");
        }
        // RFC 7515, section 4.1.9: a media type, in which case does not matter.
        if typ.is_some_and(|typ| !TYPES.iter().any(|known| typ.eq_ignore_ascii_case(known))) {
            return Err("of another type");
        }
        Ok(Self { algorithm, key_id: kid })
    }

    /// Verifies the signature, and returns the claims if they are valid now.
    ///
    /// # Errors
    /// Why the token is not valid, without any part of it.
    pub(super) fn claims(&self, token: &str, key: &DecodingKey, issuer: &str) -> Result<Claims, &'static str> {
        let decoded = jsonwebtoken::decode::<Map<String, Value>>(token, key, &signature_alone(self.algorithm));
        let claims = decoded.map_err(|e| match e.kind() {
            ErrorKind::InvalidSignature => "the signature does not fit",
            _ => "not a token",
        })?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        check(&claims.claims, issuer, now)?;
        Ok(Claims(claims.claims))
    }
}

/// Checks the signature and nothing else: [`check`] does the rest, and takes each claim in its own type alone.
fn signature_alone(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

/// Checks issuer and time. There is no leeway. [`Claims::is_for`] checks the audience.
fn check(claims: &Map<String, Value>, issuer: &str, now: f64) -> Result<(), &'static str> {
    let (Some(iss), Some(exp)) = (claims.get("iss"), claims.get("exp")) else {
        return Err("without issuer or expiry");
    };
    if iss != issuer {
        return Err("of another issuer");
    }
    match exp.as_f64() {
        Some(exp) if exp > now => {}
        Some(_) => return Err("expired"),
        None => return Err("with an expiry that is not a number"),
    }
    match claims.get("nbf").map(Value::as_f64) {
        None => Ok(()),
        Some(Some(nbf)) if nbf <= now => Ok(()),
        Some(Some(_)) => Err("not valid yet"),
        Some(None) => Err("with a beginning that is not a number"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_token_is_valid_until_the_moment_of_its_expiry() {
        let checked = |exp: Value, nbf: Value, now| {
            let claims = json!({ "iss": "i", "exp": exp, "nbf": nbf });
            check(claims.as_object().expect("an object"), "i", now)
        };
        assert_eq!(checked(json!(100), json!(90), 99.9), Ok(()));
        assert_eq!(checked(json!(100), json!(90), 100.0), Err("expired"));
        assert_eq!(checked(json!(100.5), json!(90), 100.4), Ok(()));
        assert_eq!(checked(json!(100.5), json!(90), 100.5), Err("expired"));
        assert_eq!(checked(json!(100), json!(90), 90.0), Ok(()));
        assert_eq!(checked(json!(100), json!(90), 89.9), Err("not valid yet"));
        assert_eq!(checked(json!(u64::MAX), json!(-1), 90.0), Ok(()));
    }
}
