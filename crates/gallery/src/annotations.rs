//! What a tool does, as MCP tells clients. A prompt that is a tool has such hints too.

use serde::Serialize;

/// Hints for clients about a tool's effects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "they are MCP's")]
pub struct Annotations {
    /// The tool changes nothing.
    pub read_only_hint: bool,
    /// The tool may destroy something.
    pub destructive_hint: bool,
    /// A second call with the same arguments has no further effect.
    pub idempotent_hint: bool,
    /// The tool reaches beyond this server.
    pub open_world_hint: bool,
}

impl Annotations {
    /// The hints of a pure function: its result depends on its arguments alone, and it changes nothing.
    pub const PURE: Self =
        Self { read_only_hint: true, destructive_hint: false, idempotent_hint: true, open_world_hint: false };
    /// The hints of a tool that reads data of this server, and changes nothing.
    pub const READ_ONLY: Self = Self::PURE;
}
