//! A prompt with its partials.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::arguments::{ArgumentProblem, Arguments, Values};
use super::bounds;
use super::file::{Partial, PromptFile};
use super::icon::Icon;
use super::link;
use super::message::{self, Message};
use super::problem::{Code, Place, Problem};
use super::render::{self, Data};
use super::template::{Template, Usage};

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

    /// Whether it is also a skill: `skill: true`.
    #[must_use]
    pub fn is_skill(&self) -> bool {
        self.file.front_matter.skill.is_some()
    }

    /// The licence.
    #[must_use]
    pub fn license(&self) -> Option<&str> {
        self.file.front_matter.license.as_deref()
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

    /// The place of `skill: true`.
    pub fn skill(&self) -> Option<Place> {
        self.file.front_matter.skill
    }

    /// The `metadata` of a skill, as texts; `None` if it is not a map.
    pub fn skill_metadata(&self) -> Option<&Map<String, Value>> {
        self.file.front_matter.skill_metadata.as_ref()
    }

    /// Whether the prompt or one of its partials reads `@name`.
    pub fn reads_data(&self, name: &str) -> bool {
        let mut templates = self.partials().map(|(_, template)| template).chain([self.template()]);
        templates.any(|template| template.reads_data(name))
    }

    /// What the prompt and its partials use; `None` if finding it takes too many steps.
    pub fn usage(&self) -> Option<Usage> {
        link::link(&self.file.template, &self.partials).ok()
    }

    /// The arguments that the file declares; `None` if they are inferred from the template.
    pub fn declared(&self) -> Option<&Arguments> {
        self.file.front_matter.arguments.as_ref()
    }

    /// The variables for a rendering with marks in place of values: those given as they are, without a check, and the defaults of
    /// the others.
    pub fn with_marks(&self, given: Map<String, Value>) -> Data {
        Data { variables: self.arguments().unchecked(given), ..Data::default() }
    }

    /// The names in `input.default` and their places.
    pub fn defaults(&self) -> &[(String, Place)] {
        &self.file.front_matter.default_places
    }
}
