//! A prompt that is not in the gallery yet, and its file.

use serde_json::{Map, Value};

use crate::parameter::{Kept, Parameter};
use crate::pieces::{Piece, joined, names, trimmed};
use crate::{template, yaml};
use dotprompt::{PromptFile, Role, bounds};

/// A prompt that comes from elsewhere.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draft {
    /// The path of its file without the extension.
    pub(crate) path: String,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) tags: Vec<String>,
    /// `model`
    pub(crate) model: Option<String>,
    /// `config`
    pub(crate) config: Map<String, Value>,
    /// The arguments of the text, in the order of their first use or as they were kept.
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) messages: Vec<Message>,
    /// What is different here.
    pub(crate) notes: Vec<String>,
}

/// A message, or the place of earlier ones.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    Said(Role, Vec<Piece>),
    History,
}

impl Draft {
    /// A prompt of one text of the user. Every argument is required.
    pub(crate) fn of_text(path: String, pieces: Vec<Piece>) -> Self {
        Self::of_messages(path, vec![Message::Said(Role::User, pieces)])
    }

    /// A prompt of these messages. Every argument is required.
    pub(crate) fn of_messages(path: String, messages: Vec<Message>) -> Self {
        let mut parameters: Vec<Parameter> = Vec::new();
        for message in &messages {
            let Message::Said(_, pieces) = message else { continue };
            for name in names(pieces) {
                if !parameters.iter().any(|parameter| parameter.name == name) {
                    parameters.push(Parameter::required(name));
                }
            }
        }
        Self { path, parameters, messages, ..Self::default() }
    }

    /// Takes over the fields that the file kept for the gallery.
    pub(crate) fn keep(&mut self, kept: Kept) {
        self.title = self.title.take().or(kept.title);
        if self.tags.is_empty() {
            self.tags = kept.tags;
        }
        let mut parameters = std::mem::take(&mut self.parameters);
        for known in kept.arguments {
            if let Some(at) = parameters.iter().position(|parameter| parameter.name == known.name) {
                parameters.remove(at);
                self.parameters.push(known);
            }
        }
        self.parameters.extend(parameters);
    }

    /// The text of the prompt file.
    ///
    /// # Errors
    /// The prompt is empty, or breaks a rule of prompt files.
    pub(crate) fn file(&self) -> Result<String, String> {
        let body = self.body();
        if body.trim().is_empty() {
            return Err("the prompt is empty".to_owned());
        }
        let text = format!("---\n{}---\n{body}\n", self.front_matter());
        if text.len() as u64 > bounds::SOURCE {
            return Err(format!("the prompt has {} bytes; a prompt has at most {}", text.len(), bounds::SOURCE));
        }
        PromptFile::parse(&format!("{}.prompt", self.path), text.as_bytes()).map_err(|problem| problem.message)?;
        Ok(text)
    }

    fn front_matter(&self) -> String {
        let mut lines = String::new();
        let mut push = |key: &str, value: String| lines.push_str(&format!("{key}: {value}\n"));
        for (key, text) in [("title", &self.title), ("description", &self.description), ("model", &self.model)] {
            if let Some(text) = text {
                push(key, yaml::scalar(text));
            }
        }
        if !self.tags.is_empty() {
            push("tags", yaml::list(&self.tags));
        }
        if !self.config.is_empty() {
            push("config", yaml::json(&Value::Object(self.config.clone())));
        }
        if self.parameters.is_empty() {
            // Without it, a file without other keys would have no arguments either.
            return if lines.is_empty() { "{}\n".to_owned() } else { lines };
        }
        lines.push_str("arguments:\n");
        for Parameter { name, title, description, required, default } in &self.parameters {
            lines.push_str(&format!("  - name: {}\n", yaml::scalar(name)));
            for (key, text) in [("title", title), ("description", description), ("default", default)] {
                if let Some(text) = text {
                    lines.push_str(&format!("    {key}: {}\n", yaml::scalar(text)));
                }
            }
            if *required {
                lines.push_str("    required: true\n");
            }
        }
        lines
    }

    fn body(&self) -> String {
        let mut said = self.messages.iter().filter(|message| !is_blank(message));
        if let (Some(Message::Said(Role::User, pieces)), None) = (said.next(), said.next()) {
            return template::template(&trimmed(pieces.clone()));
        }
        let message = |message: &Message| match message {
            Message::History => "{{history}}".to_owned(),
            Message::Said(role, pieces) => {
                let role = match role {
                    Role::Model => "model",
                    Role::System => "system",
                    _ => "user",
                };
                format!("{{{{role \"{role}\"}}}}{}", template::template(&after_tag(trimmed(pieces.clone()))))
            }
        };
        self.messages.iter().filter(|message| !is_blank(message)).map(message).collect::<Vec<_>>().join("\n")
    }
}

/// Text that follows a tag. A brace at its start would belong to the tag.
fn after_tag(pieces: Vec<Piece>) -> Vec<Piece> {
    let begins_with_brace = matches!(pieces.first(), Some(Piece::Text(text)) if text.starts_with('}'));
    // White space around the text of a message is dropped when it is rendered.
    if begins_with_brace { joined([vec![Piece::Text("\n".to_owned())], pieces].concat()) } else { pieces }
}

fn is_blank(message: &Message) -> bool {
    let is_blank = |piece: &Piece| matches!(piece, Piece::Text(text) if text.trim().is_empty());
    matches!(message, Message::Said(_, pieces) if pieces.iter().all(is_blank))
}
