//! Sign-in: who may call, and where clients sign in.
//!
//! The gallery is an OAuth 2.1 resource server. On Lambda, API Gateway verifies the token before it calls the function;
//! elsewhere this server does. It issues no tokens: clients get them from the authorization server.

mod discovery;
mod guard;

pub(crate) use discovery::{documents, register};
pub(crate) use guard::Guard;
pub use guard::{Claims, Refusal, TokenVerifier, Verifier};
