//! One file: a prompt file or a partial, read on its own.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::front_matter::{self, FrontMatter};
use super::picoschema::Schemas;
use super::problem::{Code, Level, Place, Problem};
use super::source;
use super::template::{self, Template};

/// A prompt file without its partials.
#[derive(Debug)]
pub struct PromptFile {
    pub(super) front_matter: FrontMatter,
    pub(super) template: Template,
}

/// A partial: a file without front matter that other files include.
#[derive(Debug)]
pub struct Partial {
    pub(super) template: Template,
}

impl PromptFile {
    /// Reads a prompt file. Returns all problems, and no prompt if one of them is an error.
    ///
    /// `key` names the file in problems; `schemas` looks up JSON Schemas by name.
    #[must_use]
    pub fn read(key: &str, source: &[u8], schemas: Schemas<'_>) -> (Option<Self>, Vec<Problem>) {
        usable(Self::read_in_part(key, source, schemas))
    }

    /// Like `read`, but also returns a file with errors if the whole template can be compiled.
    #[doc(hidden)]
    pub fn read_in_part(key: &str, source: &[u8], schemas: Schemas<'_>) -> (Option<Self>, Vec<Problem>) {
        read_file(key, source, |file, source, problems| {
            let parts = front_matter::split(file, source)?;
            let front_matter = front_matter::read_front_matter(&parts, schemas, problems);
            let template = template::compile(file, parts.body, parts.body_place, problems);
            Ok(Self { front_matter, template })
        })
    }

    /// Reads a prompt file without its warnings.
    ///
    /// # Errors
    /// The first error of the file.
    pub fn parse(key: &str, source: &[u8]) -> Result<Self, Problem> {
        let (file, problems) = Self::read(key, source, &|_| None);
        file.ok_or_else(|| first_error(problems))
    }

    /// The names of the partials that the template uses.
    pub fn partials(&self) -> impl Iterator<Item = &str> {
        self.template.partial_names()
    }

    /// The template.
    #[doc(hidden)]
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// Whether the file declares an argument of that name.
    #[doc(hidden)]
    pub fn declares(&self, name: &str) -> bool {
        let declared = self.front_matter.arguments.as_ref();
        declared.is_some_and(|arguments| arguments.iter().any(|argument| argument.name == name))
    }

    /// The description.
    #[doc(hidden)]
    pub fn description(&self) -> Option<&str> {
        self.front_matter.description.as_deref()
    }

    /// The place of `tool: true`.
    #[doc(hidden)]
    pub fn tool(&self) -> Option<Place> {
        self.front_matter.tool
    }

    /// The place of `skill: true`.
    #[doc(hidden)]
    pub fn skill(&self) -> Option<Place> {
        self.front_matter.skill
    }

    /// The metadata of the file as Dotprompt defines it (`model`, `config`, `input`, `ext`, `raw` …), with schemas as JSON
    /// Schema. `overrides` replaces its values; the two `config` maps are merged.
    #[must_use]
    pub fn metadata(&self, overrides: &Map<String, Value>) -> Map<String, Value> {
        let mut metadata = self.front_matter.metadata.clone();
        for (key, value) in overrides {
            match (metadata.get_mut(key), value) {
                (Some(Value::Object(config)), Value::Object(over)) if key == "config" => config.extend(over.clone()),
                _ => drop(metadata.insert(key.clone(), value.clone())),
            }
        }
        metadata
    }
}

impl Partial {
    /// Reads a partial. Returns all problems, and no partial if one of them is an error.
    #[must_use]
    pub fn read(key: &str, source: &[u8]) -> (Option<Self>, Vec<Problem>) {
        usable(Self::read_in_part(key, source))
    }

    /// Like `read`, but also returns a file with errors if the whole template can be compiled.
    #[doc(hidden)]
    pub fn read_in_part(key: &str, source: &[u8]) -> (Option<Self>, Vec<Problem>) {
        read_file(key, source, |file, source, problems| {
            Ok(Self { template: template::compile(file, source::without_mark(source), Place::START, problems) })
        })
    }

    /// Reads a partial without its warnings.
    ///
    /// # Errors
    /// The first error of the file.
    pub fn parse(key: &str, source: &[u8]) -> Result<Self, Problem> {
        let (partial, problems) = Self::read(key, source);
        partial.ok_or_else(|| first_error(problems))
    }

    /// The names of the partials that the template uses.
    pub fn partials(&self) -> impl Iterator<Item = &str> {
        self.template.partial_names()
    }

    /// The template.
    #[doc(hidden)]
    pub fn template(&self) -> &Template {
        &self.template
    }
}

/// Whether a file with these problems can be used: none of them is an error.
#[doc(hidden)]
pub fn is_usable(problems: &[Problem]) -> bool {
    problems.iter().all(|problem| problem.code.level() != Level::Error)
}

/// Reads a file. Returns it only if the whole template was compiled, so that its lists of partials and media are complete.
fn read_file<T>(
    key: &str,
    source: &[u8],
    read: impl FnOnce(&Arc<str>, &str, &mut Vec<Problem>) -> Result<T, Problem>,
) -> (Option<T>, Vec<Problem>) {
    let file = Arc::from(key);
    let mut problems = Vec::new();
    let read = source::text(&file, source).and_then(|source| read(&file, source, &mut problems));
    let read = read.map_err(|problem| problems.push(problem)).ok();
    problems.sort_by_key(|problem| problem.place);
    let is_whole = problems.iter().all(|problem| !matches!(problem.code, Code::Syntax | Code::Bound));
    (read.filter(|_| is_whole), problems)
}

fn usable<T>((file, problems): (Option<T>, Vec<Problem>)) -> (Option<T>, Vec<Problem>) {
    (file.filter(|_| is_usable(&problems)), problems)
}

fn first_error(problems: Vec<Problem>) -> Problem {
    let mut errors = problems.into_iter().filter(|problem| problem.code.level() == Level::Error);
    errors.next().expect("a file without errors can be used")
}
