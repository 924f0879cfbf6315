//! Sign-in: who may call, and how clients find out where to sign in.
//!
//! The gallery is an OAuth 2.1 resource server. On Lambda, API Gateway has verified the token before the function is
//! called; elsewhere this server does. Tokens are never given out here, and never pass through the documents that
//! lead clients to the authorization server.

mod discovery;
mod guard;

pub(crate) use discovery::{Document, documents, register};
pub(crate) use guard::Guard;
pub use guard::{Claims, Refusal, TokenVerifier, Verifier};
