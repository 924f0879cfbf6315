//! A team's prompts, kept as Handlebars files in an S3 bucket or a folder, served to every AI client over the
//! [Model Context Protocol](https://modelcontextprotocol.io).
//!
//! The program `prompt-gallery` is [`Server::new().run()`](Server::run). Another crate registers tools of its own with
//! [`Server::tool`] and runs the same server.
//!
//! # Crates
//!
//! | crate | what |
//! |---|---|
//! | `crates/dotprompt` | the language: names and texts of files become prompts, prompts become messages |
//! | `crates/check` | files in, problems out: what is wrong with them, and what clients do with them |
//! | `crates/gallery` | the server: store, catalogue, protocol, HTTP, sign-in, tools, settings |
//! | `crates/function` | the Lambda function: API Gateway's events become requests to the same service |
//! | this one | the program that people run: commands, a local port, profiles of the AWS CLI, a watched folder, tokens |
//!
//! # The way of a request
//!
//! 1. `crates/function` turns an API Gateway event into an HTTP request; a local port needs no such thing.
//! 2. `gallery::http` refuses a foreign `Origin` or `Host`, asks `gallery::auth` who calls, refuses a wrong content type and a
//!    body over 1 MiB, and writes the log line.
//! 3. [`mcp`] reads one JSON-RPC message from the bytes, finds out which revision is spoken, checks the headers that
//!    mirror the body, and picks the method.
//! 4. [`gallery`] finds the prompt by name in the catalogue, one snapshot of all keys and versions.
//! 5. [`store`] lists and reads the files: [`store::DirStore`] or [`store::S3Store`].
//! 6. [`prompt`] turns a file into arguments and a template, and a template into messages.
//! 7. [`tools`] has the tools, each a function from typed input to typed output.

mod aws;
mod cli;
mod commands;
mod failure;
mod log;
mod program;
mod serve;
mod server;
mod tokens;
#[doc(hidden)]
pub mod watch;

pub use ::check;
pub use ::dotprompt as prompt;
pub use ::gallery::{Annotations, Content, InvalidTool, PromptMessage, Role, Tool, ToolCall, ToolError, ToolReply};
pub use ::gallery::{config, gallery, mcp, store, tools};
pub use server::{Server, ServerError};
