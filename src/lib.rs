//! A team's prompts, kept as Handlebars files in an S3 bucket or a folder, served to every AI client over the
//! [Model Context Protocol](https://modelcontextprotocol.io).
//!
//! The program `prompt-gallery` is [`Server::new().run()`](Server::run). Another crate registers its own tools with
//! [`Server::tool`] and runs the same server.
//!
//! # Crates
//!
//! | crate | what |
//! |---|---|
//! | `crates/dotprompt` | the language: file names and texts become prompts, prompts become messages |
//! | `crates/check` | finds what is wrong with prompt files, and what AI clients do with them |
//! | `crates/store` | where files are kept: an S3 bucket or a folder |
//! | `crates/catalogue` | the prompts of a store, kept fresh: a snapshot, the files that were read, the index |
//! | `crates/gallery` | the server: lists and renders prompts; protocol, HTTP, sign-in, tools, settings |
//! | `crates/function` | the Lambda function: API Gateway events become requests to the same service |
//! | this one | the program that people run: commands, local server, stdio, AWS profiles, folder watch, token check |
//!
//! # The way of a request
//!
//! 1. `crates/function` turns an API Gateway event into an HTTP request. The local server receives HTTP requests.
//! 2. `gallery::http` refuses a foreign `Origin` or `Host`, asks `gallery::auth` who calls, refuses a wrong content type and
//!    a body over 1 MiB, and writes the log line.
//! 3. `gallery::mcp` (`Mcp`) reads one JSON-RPC message, finds the protocol revision, checks the headers that mirror the
//!    body, and picks the method.
//! 4. `gallery::gallery` (`Gallery`) finds the prompt by name in the catalogue, one snapshot of all keys and versions.
//! 5. `gallery::store` lists and reads the files: [`DirStore`] or [`S3Store`].
//! 6. [`dotprompt`] turns a file into arguments and a template, and a template into messages.
//! 7. `gallery::tools` holds the tools; each is a function from typed input to typed output ([`Tool`]).

mod aws;
mod cli;
mod commands;
mod failure;
mod location;
mod log;
mod open;
mod program;
mod server;
mod stdio;
mod tokens;
#[doc(hidden)]
pub mod watch;

pub use dotprompt;
pub use failure::ServerError;
pub use gallery::config::{Config, ConfigError, Flags};
pub use gallery::store::{DirStore, Object, PromptStore, S3Store, StoreError};
pub use gallery::{Annotations, Content, InvalidTool, Tool, ToolCall, ToolError, ToolReply};
pub use server::Server;
