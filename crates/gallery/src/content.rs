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

    /// How many bytes its text or data has.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Text { text } => text.len(),
            Self::Image { data, .. } | Self::Audio { data, .. } => data.len(),
            Self::ResourceLink { .. } | Self::Resource { .. } => 0,
        }
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

impl PromptMessage {
    /// Adds the message to `json` as `Serialize` would have it, faster.
    pub(crate) fn write(&self, json: &mut Vec<u8>) -> serde_json::Result<()> {
        json.extend_from_slice(match self.role {
            Role::User => br#"{"role":"user","content":"#,
            Role::Assistant => br#"{"role":"assistant","content":"#,
        });
        if let Content::Text { text } = &self.content {
            json.extend_from_slice(br#"{"type":"text","text":"#);
            write_text(text, json);
            json.push(b'}');
        } else {
            serde_json::to_writer(&mut *json, &self.content)?;
        }
        json.push(b'}');
        Ok(())
    }
}

/// Adds a text as JSON. `serde_json` looks at it byte by byte, which was an eighth of the instructions of `prompts/get` over
/// HTTP; this looks at sixteen bytes at a time.
fn write_text(text: &str, json: &mut Vec<u8>) {
    // Numbers and no branch, which the compiler makes a few instructions of for all sixteen.
    let escapes = |any, &byte| any | u8::from(byte < b' ') | u8::from(byte == b'"') | u8::from(byte == b'\\');
    let (chunks, rest) = text.as_bytes().as_chunks::<16>();
    json.push(b'"');
    for chunk in chunks {
        if chunk.iter().fold(0, escapes) == 0 {
            json.extend_from_slice(chunk);
        } else {
            write_bytes(chunk, json);
        }
    }
    write_bytes(rest, json);
    json.push(b'"');
}

fn write_bytes(bytes: &[u8], json: &mut Vec<u8>) {
    for &byte in bytes {
        let escape = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            0..b' ' => {
                json.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                continue;
            }
            _ => {
                json.push(byte);
                continue;
            }
        };
        json.extend_from_slice(&[b'\\', escape]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Content, PromptMessage, Role};
    use crate::gallery::Rendered;

    fn text(text: impl Into<String>) -> PromptMessage {
        PromptMessage { role: Role::User, content: Content::text(text) }
    }

    fn is_written_as_serialised(description: Option<&str>, messages: Vec<PromptMessage>) {
        let rendered = Rendered { description: description.map(str::to_owned), messages };
        let mut json = Vec::new();
        rendered.write(&mut json).expect("a rendering is written");
        let json = String::from_utf8(json).expect("JSON is text");
        assert_eq!(json, serde_json::to_string(&rendered).expect("a rendering serialises"));
    }

    #[test]
    fn a_rendering_is_written_as_it_is_serialised() {
        is_written_as_serialised(None, Vec::new());
        let every_control: String = (0..=0x7f_u8).map(char::from).collect();
        let texts = ["", "sixteen bytes ok", &every_control, "é\n\"quoted\" \\ and more than sixteen bytes: 日本語"];
        is_written_as_serialised(Some("With \"quotes\""), texts.into_iter().map(text).collect());
        let image = Content::Image { data: "iVBORw0=".to_owned(), mime_type: "image/png".to_owned() };
        is_written_as_serialised(None, vec![PromptMessage { role: Role::Assistant, content: image }, text("see")]);
    }

    proptest! {
        #[test]
        fn any_text_is_written_as_it_is_serialised(words in any::<String>()) {
            is_written_as_serialised(None, vec![text(words)]);
        }
    }
}
