//! A team's prompts, kept as Handlebars files in an S3 bucket or a folder, served to every AI client over the
//! [Model Context Protocol](https://modelcontextprotocol.io).
//!
//! The program `prompt-gallery` is [`Server::new().run()`](Server::run). Another crate registers tools of its own with
//! [`Server::tool`] and runs the same server.
//!
//! # The way of a request
//!
//! 1. `lambda` turns an API Gateway event into an HTTP request; a local port needs no such thing.
//! 2. `http` refuses a foreign `Origin` or `Host`, asks [`oauth`] who calls, refuses a wrong content type and a body over
//!    1 MiB, and writes the log line.
//! 3. `rpc` reads one JSON-RPC message from the bytes.
//! 4. [`mcp`] finds out which revision is spoken, checks the headers that mirror the body, and picks the method.
//! 5. [`gallery`] finds the prompt by name in the catalogue, one snapshot of all keys and versions.
//! 6. [`store`] lists and reads the files: [`store::DirStore`] or [`store::S3Store`].
//! 7. [`prompt`] turns a file into arguments and a template, and a template into messages.
//! 8. [`tools`] has the tools, each a function from typed input to typed output.
//!
//! [`check`] finds what is wrong with files before anyone asks for them; `commands` has what the program does beside
//! serving. [`config`] reads every setting, `cli` the command line, `program` how it was called. `server` puts the parts
//! together, `serve` runs them on a local port. Requests to S3 are made in [`store`] alone, and only [`prompt`] knows
//! Handlebars.
//!
//! The function is built without the feature `local`: without `cli` and `commands`, profiles and the credentials that they
//! name, the watch on a folder, and the check of tokens, which API Gateway has done.

mod causes;
pub mod check;
#[cfg(feature = "local")]
mod cli;
#[cfg(feature = "local")]
mod commands;
pub mod config;
mod content;
mod failure;
pub mod gallery;
mod http;
mod https;
mod lambda;
mod logging;
pub mod mcp;
mod nearest;
pub mod oauth;
mod program;
pub mod prompt;
mod rpc;
mod serve;
mod server;
pub mod store;
pub mod tools;

pub use content::{Content, PromptMessage, Role};
pub use server::{Server, ServerError};
pub use tools::{Annotations, InvalidTool, Tool, ToolCall, ToolError, ToolReply};
