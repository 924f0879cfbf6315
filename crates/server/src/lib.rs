//! A prompt gallery as a server: a gallery's prompts, over the [Model Context Protocol](https://modelcontextprotocol.io).
//!
//! Programs build on `prompt_gallery::Server`, which runs this crate locally and on Lambda. This crate has what that server
//! is made of: the settings ([`config`]), the tools ([`Tool`]), and, for the workspace alone, the protocol and HTTP.
//!
//! # The way of a `prompts/get`
//!
//! 1. `http.rs`: the routes, and the layers that check `Origin`, `Host` and token (`auth/guard.rs`). Writes the log line.
//! 2. `mcp.rs`: reads the JSON-RPC message, finds version and method.
//! 3. `mcp/prompts.rs`: reads the parameters, asks the gallery, writes the result.
//! 4. `gallery`, `rendering.rs`: finds the prompt by name in the catalogue. If a file has changed since it was listed,
//!    `catalogue`, `retry.rs` lists the store again.
//! 5. `catalogue`, `live.rs`: returns the catalogue, listed again after the TTL. The store lists itself: `store`, `s3/page.rs`
//!    and `s3/listing.rs`, or `dir.rs`.
//! 6. `catalogue`, `files.rs`: returns the prompt with its partials, kept or read from the store: `store`, `s3/bucket.rs`, or
//!    `dir.rs`.
//! 7. `dotprompt`: `arguments/resolve.rs` checks the arguments, `render.rs` makes messages.
//! 8. `gallery`, `contents.rs`: puts the messages into MCP's form, and reads the pictures and files that they show.
//! 9. `mcp/rpc.rs`: writes the response.
//!
//! Locally HTTP requests arrive at a port. On Lambda `crates/function` makes them of API Gateway's events.
//!
//! # Layout
//!
//! | to see where | read |
//! |---|---|
//! | a limit or a timeout is set | `limits.rs`; of connections: the program's `src/port/limits.rs`; of pages and searches: `gallery`, `limits.rs`; of prompts, arguments and answers: `dotprompt`, `bounds.rs`; of S3: `store`, `limits.rs` |
//! | a setting is read, its default and its bounds | `config.rs` and the files in `config/` |
//! | the error of a setting is worded | beside each setting; `config/error.rs` puts its name before it |
//! | the stores of the settings are opened | `open.rs` |
//! | a JSON-RPC code and its status are chosen | `mcp/error.rs`; other statuses: `http/denied.rs`, `auth/guard.rs`; the log line of a refusal at another address than `/mcp`: `http/refusals.rs` |
//! | a method is added | `mcp/method.rs`, then the match in `mcp.rs` |
//! | a version of the protocol is negotiated | `mcp/meta.rs` |
//! | stdio differs from HTTP | `is_stdio` in `mcp.rs`; its types: `mcp/connection.rs` |
//! | clients are told of changed lists | `mcp/listen.rs`; the streams are the program's: `src/sse.rs` |
//! | a tool reports progress | `tools/progress.rs` |
//! | a list is divided into pages | `gallery`, `listing.rs`; of tools: `mcp/tools.rs`; of skills: `gallery`, `all_skills.rs` |
//! | skills and their files are served | `mcp/skills.rs`, `mcp/resources.rs`; `gallery`, `all_skills.rs`, `resources.rs`; `skills` |
//! | prompts are searched and ranked | `gallery`, `search.rs` |
//! | prompts become tools | `mcp/prompt_tools.rs`; `gallery`, `all_prompts.rs` |
//! | an error of the gallery gets its words | `gallery`, `error.rs` |
//! | a tool is defined and registered | `tools.rs`; an example is `tools/calculator.rs` |
//! | the server's name, title and version are set | `identity.rs`; its card for clients that are not connected: `http/card.rs` |
//! | monitors learn whether there are prompts | `http/ready.rs`; `gallery`, `readiness.rs` |
//! | the page for people is served | `http/page.rs`; its files: `page` |
//! | a caller is admitted | `auth/guard.rs`; clients find the sign-in by `auth/discovery.rs` |
//! | log lines get their form | `logging.rs` |
//! | the log line of a request gets its fields | `mcp/post.rs`; its client: `mcp/client.rs`, its trace: `mcp/trace.rs` |
//! | metrics are counted | on Lambda `function`, `emf.rs`; locally the program's `src/metrics.rs` |
//! | a prompt becomes a dimension of metrics | `mcp/dimensions.rs` |
//! | `GET /metrics` admits a caller | `http/metrics.rs` |
//! | a template helper is added | `dotprompt`, its front page |
//! | clients with forms get another list | `gallery`, `row.rs` |
//! | a client's behaviour is recorded | `check`, `clients.rs` |
//! | S3's error names are read | `store`, `s3/errors.rs` |

#[doc(hidden)]
pub mod auth;
pub mod config;
#[doc(hidden)]
pub mod http;
mod identity;
mod json;
mod limits;
#[doc(hidden)]
pub mod logging;
#[doc(hidden)]
pub mod mcp;
#[doc(hidden)]
pub mod open;
#[doc(hidden)]
pub mod tools;

pub use gallery::{Annotations, Content};
pub use tools::{InvalidTool, Progress, Tool, ToolCall, ToolError, ToolReply};
