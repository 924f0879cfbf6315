//! The keys that an issuer publishes (RFC 7517), each with the one algorithm that it is for.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;
use std::sync::Arc;

/// The keys of one document.
#[derive(Default)]
pub(super) struct KeySet(Vec<Key>);

struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: Arc<DecodingKey>,
}

impl KeySet {
    /// The usable keys of a document. Keys of other kinds, and those for something else than signatures, are passed over.
    pub(super) fn read(document: &Value) -> Self {
        Self(document["keys"].as_array().into_iter().flatten().filter_map(Key::read).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key that a token names, if it is for the token's algorithm: keys of different algorithms may have one id. For a
    /// token without an id, the only key of its algorithm.
    pub(super) fn get(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&Arc<DecodingKey>> {
        let is_one = |key: &&Key| key.algorithm == algorithm && (id.is_none() || key.id.as_deref() == id);
        let mut keys = self.0.iter().filter(is_one);
        let key = keys.next()?;
        (id.is_some() || keys.next().is_none()).then_some(&key.key)
    }
}

impl Key {
    fn read(jwk: &Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(jwk.clone()).ok()?;
        let (algorithm, named) = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
            AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
                (Algorithm::ES256, KeyAlgorithm::ES256)
            }
            AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
                (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
            }
            _ => return None,
        };
        let fits = jwk.common.key_algorithm.is_none_or(|algorithm| algorithm == named)
            && matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature))
            && jwk.common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
        let key = DecodingKey::from_jwk(&jwk).ok().filter(|_| fits)?;
        Some(Self { id: jwk.common.key_id, algorithm, key: Arc::new(key) })
    }
}
