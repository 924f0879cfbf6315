//! Dotprompt's messages, made of what a template writes between its marks.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::problem::Place;
use super::reader::shorten;

/// One message of a rendered prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: Vec<Part>,
    /// What the template or the program says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Role {
    /// The person, or the program in their place.
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
    /// A message for any other name.
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
        /// Never blank.
        text: String,
    },
    /// A picture, a recording or another file.
    Media {
        /// Which.
        media: Media,
    },
    /// A place that a program fills: `{{section "name"}}`.
    Pending {
        /// `purpose`: the section's name; `pending`: true.
        metadata: Map<String, Value>,
    },
}

/// Where a picture, a recording or another file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Media {
    /// As the template says it.
    pub url: String,
    /// Such as `image/png`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The tag that shows it.
    #[serde(skip)]
    pub origin: Origin,
}

/// Where a part of the output comes from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The key of the file.
    pub file: std::sync::Arc<str>,
    /// The tag, if a template wrote it.
    pub place: Option<Place>,
    /// Whether a caller has chosen the address.
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
    /// Who speaks from here on.
    Role(Role),
    /// The place of earlier messages.
    History,
    /// A place that a program fills.
    Section(String),
    /// A picture or another file.
    Media(Media),
}

/// The messages of a rendering. `history` has earlier messages: they go where `{{history}}` is, else before the last
/// message if that is the user's, else at the end.
#[must_use]
pub fn messages(pieces: Vec<Piece>, history: &[Message]) -> Vec<Message> {
    let mut messages = Vec::new();
    let mut current = Message { role: Role::User, content: Vec::new(), metadata: None };
    let mut has_history = false;
    for piece in pieces {
        match piece {
            Piece::Role(role) => {
                if !current.content.is_empty() {
                    messages
                        .push(std::mem::replace(&mut current, Message { role, content: Vec::new(), metadata: None }));
                }
                current.role = role;
            }
            Piece::History => {
                has_history = !history.is_empty();
                let next = Message { role: Role::Model, content: Vec::new(), metadata: None };
                messages.push(std::mem::replace(&mut current, next));
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
