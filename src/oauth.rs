//! Sign-in: who may call, and how clients find out where to sign in.
//!
//! The gallery is an OAuth 2.1 resource server. On Lambda, API Gateway has verified the token before the function is
//! called; elsewhere this server does. Tokens are never given out here, and never pass through the documents that
//! lead clients to the authorization server.

mod discovery;
mod guard;
#[cfg(feature = "local")]
mod keys;
mod settings;
#[cfg_attr(not(feature = "local"), path = "oauth/no_tokens.rs")]
mod tokens;

pub(crate) use discovery::{Document, documents, register};
pub(crate) use guard::{Claims, Guard, Refusal};
pub use settings::{AuthorizationServer, PublicClient, SignIn};
pub(crate) use settings::{public_url, sign_in};
