//! Who this server is: for clients that are connected (`serverInfo`), and for those that are not yet (`http/card.rs`).

use serde_json::{Value, json};

pub(crate) const NAME: &str = "prompt-gallery";
pub(crate) const TITLE: &str = "Prompt gallery";
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Of at most 100 characters, the limit of server cards and of the MCP registry.
pub(crate) const DESCRIPTION: &str = "A team's prompts and skills, from a folder or an S3 bucket";

/// MCP's `serverInfo`.
pub(crate) fn server_info() -> Value {
    json!({ "name": NAME, "title": TITLE, "version": VERSION })
}
