//! One file's text becomes a [`PromptFile`], and with its partials a [`Prompt`] to render.
//!
//! The format is [Dotprompt](https://google.github.io/dotprompt): Handlebars with optional YAML front matter. A caller's
//! arguments are data: they are never compiled, and nothing in them opens a message or shows a file.

mod arguments;
pub mod bounds;
mod front_matter;
mod icon;
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
pub use nearest::nearest;
pub use picoschema::Schemas;
pub use problem::{Cause, Code, Level, Place, Problem};
#[doc(hidden)]
pub use reader::{shorten, shorten_to};
#[doc(hidden)]
pub use shape::Shape;
#[doc(hidden)]
pub use shown::{ContentType, Shown};
#[doc(hidden)]
pub use template::{LOOP_DATA, Tag, Token, UnknownData, Variable, is_helper, tokens};
use template::{Template, Usage};

/// The tree of a template and the parts of messages, for walks of other crates.
#[doc(hidden)]
pub mod tree {
    pub use crate::message::{Piece, messages};
    pub use crate::template::{
        Block, BlockKind, Expression, Inlines, Mark, Node, PartialCall, Program, Template, Usage, Visitor,
    };
}

/// A prompt file that has been read, without its partials.
#[derive(Debug)]
pub struct PromptFile {
    front_matter: FrontMatter,
    template: Template,
}

/// A partial: a file that other files include. It has no front matter.
#[derive(Debug)]
pub struct Partial {
    template: Template,
}

/// A prompt with its partials, ready to render.
#[derive(Debug)]
pub struct Prompt {
    file: Arc<PromptFile>,
    partials: HashMap<String, Arc<Partial>>,
    /// Where the template says more of them than the file.
    arguments: Option<Arguments>,
    /// `@metadata`
    metadata: Value,
}

/// What a prompt is rendered with.
#[derive(Debug, Default)]
pub struct Data {
    /// The variables, already in their types.
    pub variables: Map<String, Value>,
    /// The variables whose values are the author's rather than a caller's.
    pub authored: HashSet<String>,
    /// What `@name` finds, such as `auth`; `@metadata` is the prompt's own.
    pub context: Map<String, Value>,
    /// What was said before.
    pub messages: Vec<Message>,
}

impl PromptFile {
    /// Reads a prompt file; also everything that is wrong with it as it stands alone, in the order of the file. There is
    /// no prompt if one of the problems is an error.
    ///
    /// `key` names the file in problems.
    #[must_use]
    pub fn read(key: &str, source: &[u8], schemas: Schemas<'_>) -> (Option<Self>, Vec<Problem>) {
        let (file, problems) = Self::read_in_part(key, source, schemas);
        (file.filter(|_| is_usable(&problems)), problems)
    }

    /// The same, also of a file that has errors, if its template is all there.
    #[doc(hidden)]
    pub fn read_in_part(key: &str, source: &[u8], schemas: Schemas<'_>) -> (Option<Self>, Vec<Problem>) {
        let file = Arc::from(key);
        let mut problems = Vec::new();
        let read = text(&file, source)
            .and_then(|source| front_matter::split(&file, source))
            .map(|parts| {
                let front_matter = front_matter::read(&parts, schemas, &mut problems);
                let template = template::compile(&file, parts.body, parts.body_place, &mut problems);
                Self { front_matter, template }
            })
            .map_err(|problem| problems.push(problem));
        problems.sort_by_key(|problem| problem.place);
        (read.ok().filter(|_| is_whole(&problems)), problems)
    }

    /// Reads a prompt file to use it.
    ///
    /// # Errors
    /// The first error in it.
    pub fn parse(key: &str, source: &[u8]) -> Result<Self, Problem> {
        let (file, problems) = Self::read(key, source, &|_| None);
        file.ok_or_else(|| first_error(problems))
    }

    /// The names of the partials that it uses.
    pub fn partials(&self) -> impl Iterator<Item = &str> {
        self.template.partials.iter().map(|partial| partial.name.as_str())
    }

    /// The pictures and other files that its own template shows.
    #[doc(hidden)]
    pub fn shown(&self) -> Vec<Shown> {
        self.template.media.clone()
    }

    /// What its own template uses, as if it were a partial; nothing if that takes too many steps.
    #[doc(hidden)]
    pub fn usage(&self) -> Option<Usage> {
        self.template.usage()
    }

    /// Whether it declares an argument of that name.
    #[doc(hidden)]
    pub fn declares(&self, name: &str) -> bool {
        let declared = self.front_matter.arguments.as_ref();
        declared.is_some_and(|arguments| arguments.iter().any(|argument| argument.name == name))
    }

    /// What the prompt is for.
    #[doc(hidden)]
    pub fn description(&self) -> Option<&str> {
        self.front_matter.description.as_deref()
    }

    /// What the file says of itself in Dotprompt's terms (`model`, `config`, `input`, `ext`, `raw` …), schemas as JSON
    /// Schema; `overrides` wins over it, and its `config` is merged.
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
    /// Reads a partial; also everything that is wrong with it as it stands alone.
    #[must_use]
    pub fn read(key: &str, source: &[u8]) -> (Option<Self>, Vec<Problem>) {
        let (partial, problems) = Self::read_in_part(key, source);
        (partial.filter(|_| is_usable(&problems)), problems)
    }

    /// The same, also of a file that has errors, if its template is all there.
    #[doc(hidden)]
    pub fn read_in_part(key: &str, source: &[u8]) -> (Option<Self>, Vec<Problem>) {
        let file = Arc::from(key);
        let mut problems = Vec::new();
        let read = text(&file, source)
            .map(|source| template::compile(&file, without_mark(source), Place::START, &mut problems))
            .map_err(|problem| problems.push(problem));
        (read.ok().filter(|_| is_whole(&problems)).map(|template| Self { template }), problems)
    }

    /// Reads a partial to use it.
    ///
    /// # Errors
    /// The first error in it.
    pub fn parse(key: &str, source: &[u8]) -> Result<Self, Problem> {
        let (partial, problems) = Self::read(key, source);
        partial.ok_or_else(|| first_error(problems))
    }

    /// The names of the partials that it uses.
    pub fn partials(&self) -> impl Iterator<Item = &str> {
        self.template.partials.iter().map(|partial| partial.name.as_str())
    }

    /// The pictures and other files that its own template shows.
    #[doc(hidden)]
    pub fn shown(&self) -> Vec<Shown> {
        self.template.media.clone()
    }

    /// What its own template uses; nothing if that takes too many steps.
    #[doc(hidden)]
    pub fn usage(&self) -> Option<Usage> {
        self.template.usage()
    }

    /// Its template.
    #[doc(hidden)]
    pub fn template(&self) -> &Template {
        &self.template
    }
}

impl Prompt {
    /// Puts a file and its partials together; `partials` has all that there are of those which it uses, directly or not.
    ///
    /// # Errors
    /// [`Code::MissingPartial`], [`Code::PartialCycle`], [`Code::Bound`].
    pub fn link(file: Arc<PromptFile>, partials: HashMap<String, Arc<Partial>>) -> Result<Self, Problem> {
        if partials.len() > bounds::PARTIALS {
            let message = format!("the prompt uses more than {} partials", bounds::PARTIALS);
            return Err(Problem::of_file(Code::Bound, &file.template.file, message));
        }
        let variables = Linker::new(&file.template, &partials).link()?.variables();
        let arguments = match &file.front_matter.arguments {
            Some(declared) => declared.used_as(&variables, &file.front_matter.metadata),
            None if variables.len() > bounds::ARGUMENTS => {
                let (most, count) = (bounds::ARGUMENTS, variables.len());
                let message = format!("a prompt has at most {most} arguments, and the template uses {count} variables");
                return Err(Problem::of_file(Code::Bound, &file.template.file, message));
            }
            None => Some(Arguments::from_variables(variables, file.front_matter.defaults.clone())),
        };
        let mut metadata = file.front_matter.metadata.clone();
        // A rendered prompt has no input any more, says Dotprompt.
        metadata.shift_remove("input");
        Ok(Self { file, partials, arguments, metadata: json!({ "prompt": metadata }) })
    }

    /// The file's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.file.template.file
    }

    /// For people, where the name is for programs.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.file.front_matter.title.as_deref()
    }

    /// What the prompt is for.
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

    /// The author's keywords.
    #[must_use]
    pub fn tags(&self) -> &[String] {
        &self.file.front_matter.tags
    }

    /// Pictures for lists, as MCP has them.
    #[must_use]
    pub fn icons(&self) -> &[Icon] {
        &self.file.front_matter.icons
    }

    /// What a caller may say.
    #[must_use]
    pub fn arguments(&self) -> &Arguments {
        let declared = self.file.front_matter.arguments.as_ref();
        self.arguments.as_ref().or(declared).expect("arguments are declared or inferred")
    }

    /// What a caller says, as the variables of the template.
    ///
    /// # Errors
    /// All arguments that are missing, unknown or ill-typed.
    pub fn resolve(&self, given: &Map<String, Value>) -> Result<Data, Vec<ArgumentProblem>> {
        let Values { map, authored } = self.arguments().resolve(given)?;
        let authored = authored.into_iter().map(str::to_owned).collect();
        Ok(Data { variables: map, authored, ..Data::default() })
    }

    /// Renders the prompt in Dotprompt's terms.
    ///
    /// # Errors
    /// A template that fails on the data, a bound that is exceeded.
    pub fn render(&self, data: &Data) -> Result<Vec<Message>, Problem> {
        let context = render::Context {
            variables: &data.variables,
            authored: &data.authored,
            locals: &data.context,
            metadata: &self.metadata,
            partials: &self.partials,
        };
        Ok(message::messages(render::render(&self.file.template, &context)?, &data.messages))
    }
}

/// What `check` looks at.
#[doc(hidden)]
impl Prompt {
    /// The template of the file.
    pub fn template(&self) -> &Template {
        &self.file.template
    }

    /// The partials that it uses, with their names.
    pub fn partials(&self) -> impl Iterator<Item = (&str, &Template)> {
        self.partials.iter().map(|(name, partial)| (name.as_str(), &partial.template))
    }

    /// What it uses together with its partials; nothing if that takes too many steps.
    pub fn usage(&self) -> Option<Usage> {
        Linker::new(&self.file.template, &self.partials).link().ok()
    }

    /// The arguments that the file declares; none if its template alone tells them.
    pub fn declared(&self) -> Option<&Arguments> {
        self.file.front_matter.arguments.as_ref()
    }

    /// The names that `input.default` has values for, and where.
    pub fn defaults(&self) -> &[(String, Place)] {
        &self.file.front_matter.default_places
    }
}

/// Finds out what partials a prompt leads to, and which variables they use.
struct Linker<'a> {
    root: &'a Template,
    partials: &'a HashMap<String, Arc<Partial>>,
    /// Partials that templates define for themselves and what they include: each with the partial whose template it is,
    /// or none for the root's.
    inlines: HashSet<(&'a str, Option<&'a str>)>,
    /// What the partials that are done use.
    done: HashMap<&'a str, Usage>,
    /// How many partials deep each of those leads, itself included.
    heights: HashMap<&'a str, usize>,
    /// The partials on the way here.
    chain: Vec<&'a str>,
    /// Steps that may still be taken to find the variables.
    left: usize,
}

impl<'a> Linker<'a> {
    fn new(root: &'a Template, partials: &'a HashMap<String, Arc<Partial>>) -> Self {
        let templates = partials.iter().map(|(name, partial)| (Some(name.as_str()), &partial.template));
        let names = |(by, template): (_, &'a Template)| template.inlines.iter().map(move |name| (name.as_str(), by));
        let inlines = templates.chain([(None, root)]).flat_map(names).collect();
        Self {
            root,
            partials,
            inlines,
            done: HashMap::new(),
            heights: HashMap::new(),
            chain: Vec::new(),
            left: bounds::USES,
        }
    }

    /// What the prompt and its partials use.
    fn link(mut self) -> Result<Usage, Problem> {
        self.follow(self.root)?;
        self.usage(self.root, false)
    }

    /// What a template uses whose partials are done.
    fn usage(&mut self, template: &'a Template, is_partial: bool) -> Result<Usage, Problem> {
        template::usage(&template.program, is_partial, &self.done, &mut self.left).ok_or_else(|| {
            let message = "the prompt and its partials use variables in too many places".to_owned();
            Problem::of_file(Code::Bound, &template.file, message)
        })
    }

    /// Follows a template's partials; how deep they lead.
    fn follow(&mut self, template: &'a Template) -> Result<usize, Problem> {
        let mut deepest = 0;
        for used in &template.partials {
            let problem = |code, message| Problem::new(code, &template.file, used.place, used.width, message);
            let name = used.name.as_str();
            let too_deep = |chain: &[&str]| {
                let chain = chain.iter().map(|name| shorten(name)).collect::<Vec<_>>().join(" → ");
                let message = format!("partials call partials more than {} deep: {chain}", bounds::PARTIAL_DEPTH);
                Err(problem(Code::Bound, message))
            };
            if let Some(height) = self.heights.get(name) {
                if self.chain.len() + height > bounds::PARTIAL_DEPTH {
                    self.chain.push(name);
                    return too_deep(&self.chain);
                }
                deepest = deepest.max(*height);
                continue;
            }
            if let Some(at) = self.chain.iter().position(|other| *other == name) {
                let cycle = self.chain[at..].iter().chain([&name]);
                let cycle = cycle.map(|name| shorten(name)).collect::<Vec<_>>().join(" → ");
                return Err(problem(Code::PartialCycle, format!("partials include each other: {cycle}")));
            }
            let Some(partial) = self.partials.get(name) else {
                let mut around = self.chain.iter().copied().map(Some).chain([None]);
                if used.has_fallback || around.any(|by| self.inlines.contains(&(name, by))) {
                    continue;
                }
                let way = match self.chain.as_slice() {
                    [] => String::new(),
                    chain => {
                        let chain = chain.iter().chain([&name]).map(|name| shorten(name));
                        format!(" ({})", chain.collect::<Vec<_>>().join(" → "))
                    }
                };
                let problem = problem(Code::MissingPartial, format!("there is no partial `{}`{way}", shorten(name)));
                return Err(problem.with_cause(Cause::MissingPartial { name: name.to_owned() }));
            };
            if self.chain.len() == bounds::PARTIAL_DEPTH {
                return too_deep(&self.chain);
            }
            self.chain.push(name);
            let height = 1 + self.follow(&partial.template)?;
            self.chain.pop();
            self.heights.insert(name, height);
            deepest = deepest.max(height);
            let usage = self.usage(&partial.template, true)?;
            self.done.insert(name, usage);
        }
        Ok(deepest)
    }
}

/// The problem of a file that is over [`bounds::SOURCE`].
#[must_use]
pub fn too_large(key: &str, size: u64) -> Problem {
    let message = format!("the file has {size} bytes; a prompt has at most {}", bounds::SOURCE);
    Problem::of_file(Code::Bound, &Arc::from(key), message)
}

/// The problem of a file that cannot be read, and why.
#[must_use]
pub fn unreadable(key: &str, why: &str) -> Problem {
    Problem::of_file(Code::Unreadable, &Arc::from(key), format!("the file cannot be read: {why}"))
}

/// The text of a file.
fn text<'a>(file: &Arc<str>, source: &'a [u8]) -> Result<&'a str, Problem> {
    if source.len() as u64 > bounds::SOURCE {
        return Err(too_large(file, source.len() as u64));
    }
    if let Some(what) = other_encoding(source) {
        return Err(Problem::of_file(Code::Encoding, file, what));
    }
    std::str::from_utf8(source).map_err(|e| {
        let before = String::from_utf8_lossy(&source[..e.valid_up_to()]);
        let place = Place::START.behind(&before);
        Problem::new(Code::Encoding, file, place, 1, "the file is not UTF-8 text")
    })
}

/// What a file is that begins as no text in UTF-8 does, and what to do about it.
fn other_encoding(source: &[u8]) -> Option<&'static str> {
    match source {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, _, 0, ..] | [0, _, 0, _, ..] => {
            Some("the file is UTF-16: save it as UTF-8")
        }
        [0x1f, 0x8b, ..] => Some("the file is compressed with gzip: unpack it"),
        [b'P', b'K', 3, 4, ..] => Some("the file is a ZIP archive: unpack it"),
        _ => None,
    }
}

/// Without the byte order mark that some editors write.
fn without_mark(source: &str) -> &str {
    source.strip_prefix('\u{feff}').unwrap_or(source)
}

/// The template of a prompt file's text, and where it begins; nothing of a file whose front matter does not end.
#[doc(hidden)]
pub fn body(source: &str) -> Option<(&str, Place)> {
    let file = front_matter::split(&Arc::from(""), source).ok()?;
    Some((file.body, file.body_place))
}

/// Whether a file that has these problems can be used.
#[doc(hidden)]
pub fn is_usable(problems: &[Problem]) -> bool {
    problems.iter().all(|problem| problem.code.level() != Level::Error)
}

/// Whether the template names the partials and media that it will when these problems are mended: of one that cannot be
/// read to its end, an inline partial may be left out.
fn is_whole(problems: &[Problem]) -> bool {
    problems.iter().all(|problem| !matches!(problem.code, Code::Syntax | Code::Bound))
}

fn first_error(problems: Vec<Problem>) -> Problem {
    let mut errors = problems.into_iter().filter(|problem| problem.code.level() == Level::Error);
    errors.next().expect("a file without errors can be used")
}

#[cfg(test)]
mod tests;
