//! Dotprompt files become messages for a model.
//!
//! For programs that keep prompts as files, in the format of [Dotprompt](https://google.github.io/dotprompt): Handlebars
//! templates with optional YAML front matter. The crate reads the text of files and returns messages, or [`Problem`]s with
//! line and column. It does no I/O: the caller reads files, calls models and shows media.
//!
//! ```
//! use std::collections::HashMap;
//! use std::sync::Arc;
//!
//! use dotprompt::{Part, Prompt, PromptFile, Role};
//! use serde_json::json;
//!
//! let source = r#"---
//! description: Greets someone
//! input:
//!   schema:
//!     name: string, who is greeted
//! ---
//! {{role "system"}}Answer in one sentence.
//! {{role "user"}}Greet {{name}}."#;
//!
//! let file = PromptFile::parse("greet.prompt", source.as_bytes())?;
//! // The second argument has the partials that `file.partials()` names.
//! let prompt = Prompt::link(Arc::new(file), HashMap::new())?;
//! assert_eq!(prompt.arguments()[0].name, "name");
//!
//! let given = json!({ "name": "Ada" });
//! let data = prompt.resolve(given.as_object().unwrap()).expect("valid arguments");
//! let messages = prompt.render(&data)?;
//! assert_eq!(messages[1].role, Role::User);
//! assert_eq!(messages[1].content, [Part::Text { text: "Greet Ada.".to_owned() }]);
//! # Ok::<(), dotprompt::Problem>(())
//! ```
//!
//! - [`PromptFile::parse`] and [`Partial::parse`] read one file; [`PromptFile::read`] also returns warnings.
//! - [`Prompt::link`] combines a file and its partials; [`Prompt::arguments`] lists the arguments.
//! - [`Prompt::resolve`] checks a caller's arguments; [`Prompt::render`] returns messages.
//! - [`Named::of`] and [`prompt_name`] turn paths into the names of prompts and partials.
//!
//! Arguments are data: they are never compiled as a template, and they never start a message or show a file. [`bounds`]
//! has the limits of files, arguments and renderings.

mod arguments;
pub mod bounds;
mod chain;
mod front_matter;
mod icon;
mod link;
mod message;
mod names;
mod nearest;
mod picoschema;
mod problem;
mod reader;
mod render;
mod schema;
mod shape;
mod shown;
mod source;
mod template;
mod yaml;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use arguments::Values;
pub use arguments::{Argument, ArgumentProblem, Arguments, Kind, in_listed_order};
use front_matter::FrontMatter;
pub use icon::{Icon, Theme};
pub use message::{Media, Message, Origin, Part, Role};
#[doc(hidden)]
pub use names::{EXTENSIONS, MAX_LENGTH, distinct, is_cut, is_gallery_file, is_name, likely_keys, partial_comes_first};
pub use names::{Named, prompt_name};
#[doc(hidden)]
pub use nearest::{did_you_mean, nearest};
pub use picoschema::Schemas;
pub use problem::{Cause, Code, Level, Place, Problem};
#[doc(hidden)]
pub use reader::{shorten, shorten_to};
pub use shown::{ContentType, Shown};
pub use source::{too_large, unreadable};
use template::{Template, Usage};

/// For the check of a gallery: the tags, nodes and variables of a template, and the pieces of messages.
#[doc(hidden)]
pub mod tree {
    pub use crate::message::{Piece, messages};
    pub use crate::shape::Shape;
    pub use crate::source::template_of;
    pub use crate::template::{
        Block, BlockKind, Expression, Inlines, LOOP_DATA, Mark, Node, PartialCall, Program, Tag, Template, Token,
        UnknownData, Usage, Variable, Visitor, tokens,
    };
}

/// A prompt file without its partials.
#[derive(Debug)]
pub struct PromptFile {
    front_matter: FrontMatter,
    template: Template,
}

/// A partial: a file without front matter that other files include.
#[derive(Debug)]
pub struct Partial {
    template: Template,
}

/// A prompt with its partials, ready to render.
#[derive(Debug)]
pub struct Prompt {
    file: Arc<PromptFile>,
    partials: HashMap<String, Arc<Partial>>,
    /// The arguments of a file without a declaration, or with a declaration that the template's use adds to.
    arguments: Option<Arguments>,
    /// `@metadata`
    metadata: Value,
}

/// The input of a rendering.
#[derive(Debug, Default)]
pub struct Data {
    /// The variables with typed values.
    pub variables: Map<String, Value>,
    /// The variables with values of the author, not of a caller.
    pub authored: HashSet<String>,
    /// The values of `@name`, such as `@auth`. `@metadata` comes from the file.
    pub context: Map<String, Value>,
    /// Earlier messages, for `{{history}}`.
    pub messages: Vec<Message>,
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

impl Prompt {
    /// Combines a file with all partials that it uses, directly or through other partials.
    ///
    /// # Errors
    /// [`Code::MissingPartial`], [`Code::PartialCycle`], [`Code::Bound`].
    pub fn link(file: Arc<PromptFile>, partials: HashMap<String, Arc<Partial>>) -> Result<Self, Problem> {
        if partials.len() > bounds::PARTIALS {
            let message = format!("the prompt uses more than {} partials", bounds::PARTIALS);
            return Err(Problem::of_file(Code::Bound, &file.template.file, message));
        }
        let variables = link::link(&file.template, &partials)?.variables();
        let arguments = match &file.front_matter.arguments {
            Some(declared) => declared.used_as(&variables, &file.front_matter.metadata),
            None if variables.len() > bounds::ARGUMENTS => {
                let (most, count) = (bounds::ARGUMENTS, variables.len());
                let message = format!("the template uses {count} variables; a prompt has at most {most} arguments");
                return Err(Problem::of_file(Code::Bound, &file.template.file, message));
            }
            None => Some(Arguments::from_variables(variables, file.front_matter.defaults.clone())),
        };
        let mut metadata = file.front_matter.metadata.clone();
        // In Dotprompt, a rendered prompt has no input.
        metadata.shift_remove("input");
        Ok(Self { file, partials, arguments, metadata: json!({ "prompt": metadata }) })
    }

    /// The file's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.file.template.file
    }

    /// The title, for people. Programs use the name.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.file.front_matter.title.as_deref()
    }

    /// The description.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.file.front_matter.description.as_deref()
    }

    /// The first paragraph of the description, on one line.
    #[must_use]
    pub fn summary(&self) -> Option<String> {
        let lines = self.description()?.trim().lines().map(str::trim);
        let summary = lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        (!summary.is_empty()).then_some(summary)
    }

    /// The keywords.
    #[must_use]
    pub fn tags(&self) -> &[String] {
        &self.file.front_matter.tags
    }

    /// Pictures for lists of prompts.
    #[must_use]
    pub fn icons(&self) -> &[Icon] {
        &self.file.front_matter.icons
    }

    /// Whether it is a tool that models call: `tool: true`.
    #[must_use]
    pub fn is_tool(&self) -> bool {
        self.file.front_matter.tool.is_some()
    }

    /// The arguments of a call.
    #[must_use]
    pub fn arguments(&self) -> &Arguments {
        let declared = self.file.front_matter.arguments.as_ref();
        self.arguments.as_ref().or(declared).expect("arguments are declared or inferred")
    }

    /// Turns a caller's arguments into the variables of the template.
    ///
    /// # Errors
    /// All arguments that are missing, unknown or ill-typed.
    pub fn resolve(&self, given: &Map<String, Value>) -> Result<Data, Vec<ArgumentProblem>> {
        let Values { map, authored } = self.arguments().resolve(given)?;
        let authored = authored.into_iter().map(str::to_owned).collect();
        Ok(Data { variables: map, authored, ..Data::default() })
    }

    /// Renders the prompt as messages.
    ///
    /// # Errors
    /// The template fails on the data, or exceeds a bound.
    pub fn render(&self, data: &Data) -> Result<Vec<Message>, Problem> {
        let context = render::Context { data, metadata: &self.metadata, partials: &self.partials };
        Ok(message::messages(render::render(&self.file.template, &context)?, &data.messages))
    }
}

/// For `check`.
#[doc(hidden)]
impl Prompt {
    /// The template of the prompt file.
    pub fn template(&self) -> &Template {
        &self.file.template
    }

    /// The templates of the partials, by name.
    pub fn partials(&self) -> impl Iterator<Item = (&str, &Template)> {
        self.partials.iter().map(|(name, partial)| (name.as_str(), &partial.template))
    }

    /// What the prompt and its partials use; `None` if finding it takes too many steps.
    pub fn usage(&self) -> Option<Usage> {
        link::link(&self.file.template, &self.partials).ok()
    }

    /// The arguments that the file declares; `None` if they are inferred from the template.
    pub fn declared(&self) -> Option<&Arguments> {
        self.file.front_matter.arguments.as_ref()
    }

    /// The names in `input.default` and their places.
    pub fn defaults(&self) -> &[(String, Place)] {
        &self.file.front_matter.default_places
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

#[cfg(test)]
mod tests;
