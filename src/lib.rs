//! A team's prompts, kept as Handlebars files in an S3 bucket or a folder, served to every AI client over the
//! [Model Context Protocol](https://modelcontextprotocol.io).
//!
//! The program `prompt-gallery` is [`Server::new().run()`](Server::run). Another crate registers its own tools with
//! [`Server::tool`], its own resources with [`Server::resource`], and runs the same server.
//!
//! # Example
//!
//! A folder with a prompt, the service over it, and what the prompt renders to:
//!
//! ```
//! use axum::body::{Body, to_bytes};
//! use http::Request;
//! use prompt_gallery::{Config, Flags, Server};
//! use serde_json::{Value, json};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! std::fs::write(folder.path().join("haiku.hbs"), "Write a haiku about {{topic}}.")?;
//!
//! // The closure stands for the environment: every other setting has its default.
//! let flags = Flags { dir: Some(folder.path().into()), ..Flags::default() };
//! let app = Server::new().app(&Config::new(flags, |_| None)?)?;
//!
//! let ask = json!({
//!     "jsonrpc": "2.0", "id": 1, "method": "prompts/get",
//!     "params": { "name": "haiku", "arguments": { "topic": "autumn" } },
//! });
//! let request = Request::post("http://localhost/mcp")
//!     .header("Host", "localhost")
//!     .header("Content-Type", "application/json")
//!     .body(Body::from(ask.to_string()))?;
//! let response = app.oneshot(request).await?;
//! let answer: Value = serde_json::from_slice(&to_bytes(response.into_body(), 1_000_000).await?)?;
//! assert_eq!(answer["result"]["messages"][0]["content"]["text"], "Write a haiku about autumn.");
//! # Ok(())
//! # }
//! ```
//!
//! # Crates
//!
//! | crate | what |
//! |---|---|
//! | `crates/dotprompt` | the language: file names and texts become prompts, prompts become messages |
//! | `crates/check` | finds what is wrong with prompt files, and what AI clients do with them; serving shares its rules for addresses, roles and file names |
//! | `crates/store` | where files are kept: an S3 bucket or a folder |
//! | `crates/catalogue` | the prompts of a store, kept fresh: a snapshot, the files that were read, the index |
//! | `crates/skills` | the Agent Skills of a store, kept fresh: a snapshot, what their files say, the index of their digests |
//! | `crates/gallery` | the gallery, for any protocol: lists, searches and renders prompts, lists skills, reads their files |
//! | `crates/page` | the page of a gallery: the built files of `web`, compressed, and the routes that serve them |
//! | `crates/server` | the server: protocol, HTTP, sign-in, tools, settings |
//! | `crates/exchange` | prompts as files of other programs, and the other way round: the commands `export` and `import` |
//! | `crates/function` | the Lambda function: API Gateway events become requests to the same service |
//! | this one | the program that people run: commands, local server with its streams, stdio, AWS profiles, folder watch, token check |
//!
//! The front page of `crates/server` has the way of a request through these crates.
//!
//! # Layout
//!
//! | to see where | read |
//! |---|---|
//! | a command is added | `enum Command` and the `match` in `cli.rs`, then `commands/NAME.rs` |
//! | tools, resources and settings become the HTTP service | `builder.rs` |
//! | the options that locate prompts are read | `location.rs` |
//! | an error gets its exit code | `failure.rs` |
//! | tokens are verified | `tokens.rs` and the files in `tokens/` |
//! | text is made harmless for a terminal | `terminal.rs` |
//! | AWS profiles and credentials are read | `aws.rs` and the files in `aws/` |
//! | a folder is watched | `watch.rs` |
//! | the service gets its port, and connections their limits | `port.rs` and the files in `port/` |
//! | a changed list is noticed | `live.rs` and the files in `live/` |
//! | the local server's streams begin and end | `sse.rs` and the files in `sse/` |
//! | the local log is written | `log.rs` |
//! | requests are counted, and metrics are sent | `metrics.rs` and the files in `metrics/` |

mod aws;
mod builder;
mod cli;
mod commands;
mod failure;
mod live;
mod location;
mod log;
mod metrics;
mod open;
#[doc(hidden)]
pub mod port;
mod program;
mod sse;
mod stdio;
mod terminal;
#[doc(hidden)]
pub mod tokens;
#[doc(hidden)]
pub mod watch;

pub use builder::Server;
pub use dotprompt;
pub use failure::ServerError;
pub use gallery::{InvalidResource, OwnResource as Resource, Variables};
pub use server::config::{
    AddressingStyle, Allowed, AuthorizationServer, Config, ConfigError, Flags, LogFormat, Otlp, PublicClient,
    S3Options, SignIn, Source,
};
pub use server::{Annotations, Content, InvalidTool, Progress, Tool, ToolCall, ToolError, ToolReply};
pub use store::{DirStore, IndexStore, Object, PromptStore, S3Store, StoreError, Written};
