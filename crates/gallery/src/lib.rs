//! A prompt gallery as a server: prompts from S3 or a folder, over the
//! [Model Context Protocol](https://modelcontextprotocol.io).

#[doc(hidden)]
pub mod auth;
#[doc(hidden)]
pub mod causes;
pub mod config;
mod content;
pub mod gallery;
#[doc(hidden)]
pub mod http;
#[doc(hidden)]
pub mod https;
mod json;
#[doc(hidden)]
pub mod logging;
pub mod mcp;
pub mod store;
pub mod tools;

pub use content::{Content, PromptMessage, Role};
pub use tools::{Annotations, InvalidTool, Tool, ToolCall, ToolError, ToolReply};
