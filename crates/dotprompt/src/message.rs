//! Turns the output of a template into Dotprompt's messages.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::problem::Place;
use super::reader::shorten;

/// One message of a rendered prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The speaker.
    pub role: Role,
    /// Text, media and pending parts.
    pub content: Vec<Part>,
    /// Data of the template or the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

/// The speaker of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Role {
    /// The person, or a program.
    User,
    /// The model.
    Model,
    /// Instructions to the model.
    System,
}

impl Role {
    /// Reads a role's name.
    ///
    /// # Errors
    /// An error message for any other name.
    pub fn parse(name: &str) -> Result<Self, String> {
        match name {
            "user" => Ok(Self::User),
            "model" => Ok(Self::Model),
            "system" => Ok(Self::System),
            "assistant" => Err("there is no role `assistant`: Dotprompt calls it `model`".to_owned()),
            "tool" => Err("there is no role `tool` in a prompt: there are user, model and system".to_owned()),
            other => Err(format!("there is no role `{}`: there are user, model and system", shorten(other))),
        }
    }
}

/// One part of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Part {
    /// Text.
    Text {
        /// The text; never blank.
        text: String,
    },
    /// A picture, a recording or another file.
    Media {
        /// The address and the type.
        media: Media,
    },
    /// A place for text of a program: `{{section "name"}}`.
    Pending {
        /// `purpose`: the section's name; `pending`: true.
        metadata: Map<String, Value>,
    },
}

/// A picture, a recording or another file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Media {
    /// The address.
    pub url: String,
    /// The type, such as `image/png`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The tag that shows it.
    #[serde(skip)]
    pub origin: Origin,
}

/// The source of a part of the output.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The key of the file.
    pub file: std::sync::Arc<str>,
    /// The tag, if the part comes from a template.
    pub place: Option<Place>,
    /// Whether the address comes from a caller.
    pub by_caller: bool,
}

/// Parts with different origins are equal.
impl PartialEq for Origin {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Origin {}

/// A piece of a template's output.
#[derive(Debug)]
pub enum Piece {
    /// Text.
    Text(String),
    /// The speaker of the following pieces.
    Role(Role),
    /// The place of earlier messages.
    History,
    /// A place for text of a program.
    Section(String),
    /// A picture or another file.
    Media(Media),
}

/// The messages of a rendering. `history` has earlier messages. They replace `{{history}}`; without one, they go before
/// the last message if it is the user's, or else to the end.
#[must_use]
pub fn messages(pieces: Vec<Piece>, history: &[Message]) -> Vec<Message> {
    let empty = |role| Message { role, content: Vec::new(), metadata: None };
    let mut messages = Vec::new();
    let mut current = empty(Role::User);
    let mut has_history = false;
    for piece in pieces {
        match piece {
            Piece::Role(role) if current.content.is_empty() => current.role = role,
            Piece::Role(role) => messages.push(std::mem::replace(&mut current, empty(role))),
            Piece::History => {
                has_history = !history.is_empty();
                messages.push(std::mem::replace(&mut current, empty(Role::Model)));
                messages.extend(history.iter().map(as_history));
            }
            Piece::Text(text) if text.trim().is_empty() => {}
            Piece::Text(text) => current.content.push(Part::Text { text }),
            Piece::Section(name) => {
                let metadata = [("purpose".to_owned(), name.into()), ("pending".to_owned(), true.into())];
                current.content.push(Part::Pending { metadata: metadata.into_iter().collect() });
            }
            Piece::Media(media) => current.content.push(Part::Media { media }),
        }
    }
    messages.push(current);
    messages.retain(|message| !message.content.is_empty());
    if !has_history {
        let at = messages.len() - usize::from(messages.last().is_some_and(|last| last.role == Role::User));
        messages.splice(at..at, history.iter().cloned());
    }
    messages
}

fn as_history(message: &Message) -> Message {
    let mut message = message.clone();
    message.metadata.get_or_insert_default().insert("purpose".to_owned(), "history".into());
    message
}
