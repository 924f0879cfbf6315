//! What lists and searches need of a prompt, so that they need not read its file.

use bytes::Bytes;

/// What lists and searches need of a prompt. Copying it is cheap.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Its JSON in `prompts/list`.
    pub listed: Bytes,
    /// The JSON Schema of its arguments.
    pub schema: Bytes,
    /// Whether it is offered as a tool of its own name.
    pub is_tool: bool,
}
