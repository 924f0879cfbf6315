//! A prompt gallery as a server: prompts from S3 or a folder, over the
//! [Model Context Protocol](https://modelcontextprotocol.io).
//!
//! Programs build on `prompt_gallery::Server`, which runs this crate locally and on Lambda. This crate has what that server
//! is made of: the settings ([`config`]), the tools ([`Tool`]), the store ([`store`]), and, for the workspace alone, the
//! layers between them.
//!
//! # The way of a `prompts/get`
//!
//! 1. `http.rs`: the routes, and the layers that check `Origin`, `Host` and token (`auth/guard.rs`). Writes the log line.
//! 2. `mcp.rs`: reads the JSON-RPC message, finds version and method.
//! 3. `mcp/prompts.rs`: reads the parameters, asks the gallery, writes the result.
//! 4. `gallery/rendering.rs`: finds the prompt by name, renders it, and reads the pictures and files that it shows.
//! 5. `catalogue`, `live.rs`: returns the snapshot of the store, listed again after the TTL.
//! 6. `catalogue`, `files.rs`: returns the prompt with its partials, read from the store or kept.
//! 7. `store`, `s3.rs` and `s3/bucket.rs`, or `dir.rs`: lists and reads the files.
//!
//! The result goes back the same way: `gallery/rendering.rs` puts messages into MCP's form (`gallery/contents.rs`), and
//! `mcp/rpc.rs` writes the response.
//!
//! # Layout
//!
//! | to see where | read |
//! |---|---|
//! | a limit or a timeout is set | `limits.rs`; of prompts, arguments and answers: `dotprompt`, `bounds.rs`; of S3: `store`, `limits.rs` |
//! | a setting is read, its default and its bounds | `config.rs` and the files in `config/` |
//! | the error of a setting is made | `config/error.rs` |
//! | a JSON-RPC code or an HTTP status is chosen | `mcp/error.rs` |
//! | a method is added | `mcp/method.rs`, then the match in `mcp.rs` |
//! | a version of the protocol is negotiated | `mcp/meta.rs` |
//! | stdio differs from HTTP | `mcp/connection.rs`; the notifications of changed lists: `mcp/listen.rs` |
//! | a list is divided into pages | `gallery/listing.rs`, `mcp/tools.rs` |
//! | prompts are searched and ranked | `gallery/search.rs` |
//! | prompts become tools | `mcp/prompt_tools.rs`, `gallery/all_prompts.rs` |
//! | an error of the gallery gets its words | `gallery/error.rs` |
//! | a tool is defined and registered | `tools.rs`; an example is `tools/calculator.rs` |
//! | a caller is admitted | `auth/guard.rs`; clients find the sign-in by `auth/discovery.rs` |
//! | log lines get their form | `logging.rs` |
//! | a template helper is added | `dotprompt`: `enum Helper` in `template.rs`, then `render/evaluate.rs` |
//! | S3's error names are read | `store`, `s3/errors.rs` |

#[doc(hidden)]
pub mod auth;
pub mod config;
mod content;
#[doc(hidden)]
pub mod gallery;
#[doc(hidden)]
pub mod http;
mod json;
mod limits;
#[doc(hidden)]
pub mod logging;
#[doc(hidden)]
pub mod mcp;
#[doc(hidden)]
pub mod tools;

pub use ::store;
pub use content::{Content, PromptMessage, Role};
#[doc(hidden)]
pub use store::{causes, https};
pub use tools::{Annotations, InvalidTool, Tool, ToolCall, ToolError, ToolReply};
