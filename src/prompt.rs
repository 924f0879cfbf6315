//! One file's text becomes a [`Prompt`]: its description, its arguments and a template to render.
//!
//! The format is [Dotprompt](https://google.github.io/dotprompt): Handlebars with optional YAML front matter.

mod arguments;
mod front_matter;
mod picoschema;
mod template;

use serde::Serialize;
use serde_json::{Map, Value};

pub use arguments::{Argument, ArgumentProblem, Kind};
use template::Template;

use crate::content::Content;

/// The largest file that is read as a prompt, in bytes.
pub const MAX_SOURCE: u64 = 256 * 1024;

/// A prompt that is ready to render.
#[derive(Debug)]
pub struct Prompt {
    /// For people, where the name is for programs.
    pub title: Option<String>,
    /// What the prompt is for.
    pub description: Option<String>,
    /// The author's keywords.
    pub tags: Vec<String>,
    /// What a caller may say, in the author's order.
    pub arguments: Vec<Argument>,
    /// Values of variables that the caller leaves out.
    defaults: Map<String, Value>,
    template: Template,
}

/// One message of a rendered prompt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
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

/// What is wrong with a prompt file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct PromptError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong, in one line.
    pub message: String,
}

impl PromptError {
    fn new(line: usize, column: usize, message: impl Into<String>) -> Self {
        Self { line, column, message: message.into() }
    }
}

/// Why a prompt was not rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenderError {
    /// The caller's arguments do not fit; never empty.
    Arguments(Vec<ArgumentProblem>),
    /// The template failed.
    Template(PromptError),
}

impl Prompt {
    /// Reads a prompt file.
    ///
    /// # Errors
    /// Text that is not UTF-8 or too long, front matter that is not YAML or not what the format takes, a template that
    /// does not parse.
    pub fn parse(source: &[u8]) -> Result<Self, PromptError> {
        if source.len() as u64 > MAX_SOURCE {
            return Err(too_large(source.len() as u64));
        }
        let source = std::str::from_utf8(source).map_err(|e| {
            let before = String::from_utf8_lossy(&source[..e.valid_up_to()]);
            let (line, column) = position_at_end(&before);
            PromptError::new(line, column, "the file is not UTF-8 text")
        })?;
        let file = front_matter::split(source)?;
        let meta = front_matter::parse(&file)?;
        let template = Template::compile(file.body, file.body_line, file.body_column)?;
        let arguments = match meta.arguments {
            Some(arguments) => arguments,
            None => arguments::from_variables(template.variables(), &meta.defaults),
        };
        Ok(Self {
            title: meta.title,
            description: meta.description,
            tags: meta.tags,
            arguments,
            defaults: meta.defaults,
            template,
        })
    }

    /// The first paragraph of the description, on one line.
    #[must_use]
    pub fn summary(&self) -> Option<String> {
        let lines = self.description.as_deref()?.trim().lines().map(str::trim);
        let summary = lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        (!summary.is_empty()).then_some(summary)
    }

    /// Renders the prompt for a caller's arguments.
    ///
    /// # Errors
    /// Arguments that are missing, unknown or ill-typed; a template that fails on them.
    pub fn render(&self, given: &Map<String, Value>) -> Result<Vec<Message>, RenderError> {
        let values = arguments::resolve(&self.arguments, &self.defaults, given).map_err(RenderError::Arguments)?;
        let text = self.template.render(values).map_err(RenderError::Template)?;
        Ok(vec![Message { role: Role::User, content: Content::text(text) }])
    }
}

/// The error of a file that is over [`MAX_SOURCE`].
#[must_use]
pub fn too_large(size: u64) -> PromptError {
    PromptError::new(1, 1, format!("the file has {size} bytes; a prompt has at most {MAX_SOURCE}"))
}

/// Line and column, each from 1, of the character that would follow `text`.
fn position_at_end(text: &str) -> (usize, usize) {
    let last_line = text.rsplit('\n').next().unwrap_or_default();
    (text.matches('\n').count() + 1, last_line.chars().count() + 1)
}

#[cfg(test)]
mod tests;
