//! Content blocks: what prompt messages and tool results are made of.

use serde::Serialize;
use serde_json::Value;

/// One block of content, as MCP writes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    #[serde(rename_all = "camelCase")]
    Image {
        /// In base64.
        data: String,
        /// Such as `image/png`.
        mime_type: String,
    },
    /// A recording.
    #[serde(rename_all = "camelCase")]
    Audio {
        /// In base64.
        data: String,
        /// Such as `audio/wav`.
        mime_type: String,
    },
    /// The address of something that the client may fetch.
    #[serde(rename_all = "camelCase")]
    ResourceLink {
        /// The address.
        uri: String,
        /// What it is called.
        name: String,
        /// Its type, where known.
        #[serde(skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
    },
    /// Something embedded: an object with `uri`, `mimeType` and either `text` or `blob` (base64).
    Resource {
        /// The embedded resource.
        resource: Value,
    },
}

impl Content {
    /// A block of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }
}

/// One message of a rendered prompt, as MCP writes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PromptMessage {
    /// Who speaks.
    pub role: Role,
    /// What is said or shown.
    pub content: Content,
}

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The person, or what is said on their behalf.
    User,
    /// The model.
    Assistant,
}
