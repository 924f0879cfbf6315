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
        /// The bytes in base64.
        data: String,
        /// The media type, such as `image/png`.
        mime_type: String,
    },
    /// A recording.
    #[serde(rename_all = "camelCase")]
    Audio {
        /// The bytes in base64.
        data: String,
        /// The media type, such as `audio/wav`.
        mime_type: String,
    },
    /// A resource that the client may fetch.
    #[serde(rename_all = "camelCase")]
    ResourceLink {
        /// The address.
        uri: String,
        /// The name for people.
        name: String,
        /// The media type, where known.
        #[serde(skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
    },
    /// An embedded resource: an object with `uri`, `mimeType` and either `text` or `blob` (base64).
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
    /// The speaker.
    pub role: Role,
    /// What the speaker says or shows.
    pub content: Content,
}

/// A rendered prompt.
#[derive(Debug, Serialize)]
pub struct Rendered {
    /// The prompt's description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The messages for the model.
    pub messages: Vec<PromptMessage>,
}

/// The speaker of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The person.
    User,
    /// The model.
    Assistant,
}
