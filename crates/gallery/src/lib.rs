//! A prompt gallery as a server: prompts from S3 or a folder, over the
//! [Model Context Protocol](https://modelcontextprotocol.io).

#[doc(hidden)]
pub mod auth;
pub mod config;
mod content;
pub mod gallery;
#[doc(hidden)]
pub mod http;
mod json;
#[doc(hidden)]
pub mod logging;
pub mod mcp;
pub mod tools;

pub use ::store;
pub use content::{Content, PromptMessage, Role};
#[doc(hidden)]
pub use store::{causes, https};
pub use tools::{Annotations, InvalidTool, Tool, ToolCall, ToolError, ToolReply};
