//! What lists and searches need of a prompt, so that they need not read its file.

use std::sync::Arc;

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
    /// The keys of the files that it shows, its partials included, as far as the template names them.
    pub shows: Arc<[String]>,
    /// Its JSON in `skills/list`, if it is offered as a skill.
    pub skill: Option<Bytes>,
}

impl Summary {
    /// The name of the prompt, with which its row begins.
    pub fn name(&self) -> Option<&str> {
        let rest = self.listed.strip_prefix(br#"{"name":""#)?;
        let end = rest.iter().position(|byte| *byte == b'"')?;
        std::str::from_utf8(&rest[..end]).ok()
    }
}
