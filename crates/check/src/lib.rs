//! Finds all problems of the files of a gallery, and what AI clients do with its prompts.
//!
//! This crate reads no files: texts come in, problems come out. Its whole API is for this workspace.
//!
//! The command `check` uses all of it. Serving uses five modules, so that a check and an answer follow the same rules:
//! `address` says where `{{media}}` leads, `roles` turns messages into the two roles of clients, `skill` reads skills and
//! makes them of prompts, `strays` finds files that were probably meant to be prompts, and `tool` says which prompts can be tools.
//!
//! # Layout
//!
//! | to see where | read |
//! |---|---|
//! | files and partials are checked together | `lib.rs` |
//! | a client's behaviour is recorded | `clients.rs` |
//! | a warning about a working prompt is worded | `warnings.rs`; of types: `types.rs`; of misplaced front matter: `misplaced.rs` |
//! | a prompt is rendered as opencode gets it | `placeholders.rs` |
//! | a check follows the branches of a template | `survey.rs` |
//! | another template language is recognised | `foreign.rs`, `foreign/syntax.rs`; another program's keys: `foreign/keys.rs` |
//! | the name of a tool or of its arguments is refused | `tool.rs` |
//! | a field of a skill is refused | `skill/fields.rs`; its files: `skill/files.rs`; a prompt as a skill: `skill/generated.rs` |
//! | an address or a type of media is refused | `address.rs`, `media.rs` |
//! | a code and its level are added | `dotprompt`, `problem.rs` |

#[doc(hidden)]
pub mod address;
mod arguments;
mod clients;
mod file;
mod foreign;
mod media;
mod misplaced;
mod placeholders;
mod problems;
#[doc(hidden)]
pub mod roles;
#[doc(hidden)]
pub mod skill;
#[doc(hidden)]
pub mod strays;
mod survey;
mod tool;
mod types;
mod warnings;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use rayon::prelude::*;

pub use clients::Client;
use clients::{Parameter, Property};
#[doc(hidden)]
pub use clients::{clients_document, clients_json};
use dotprompt::{
    Cause, Code, EXTENSIONS, Level, Named, Partial, Place, Problem, Prompt, PromptFile, bounds, did_you_mean, distinct,
    nearest, partial_comes_first,
};
pub use file::{File, Source};
pub use problems::WHOLE;
use problems::{ROOT_HINT, at, of_file};
pub use tool::can_be_tool;

/// The options of a check.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// The most prompts of a `prompts/list` page, which also ends at 4 MB: the check counts prompts, not bytes. `None` if only
    /// some files are checked: the checks of the whole gallery are left out then.
    pub page_size: Option<usize>,
    /// The clients that the team uses; empty if unknown.
    pub clients: &'a [Client],
    /// The tools that the server has besides [`PROMPT_TOOLS`]. A prompt cannot be a tool of their names.
    pub tools: &'a [&'a str],
    /// The paths of the skills that are folders. A prompt cannot be a skill of their paths.
    pub skills: &'a [&'a str],
}

impl Options<'_> {
    /// The level of a code. An effect in clients is a note, or a warning if the team uses that client.
    #[must_use]
    pub fn level(&self, code: Code) -> Level {
        if code.is_about_clients() && !self.clients.is_empty() { Level::Warning } else { code.level() }
    }
}

/// The tools with which models search, get and show prompts.
pub const PROMPT_TOOLS: [&str; 3] = ["search_prompts", "get_prompt", "open_gallery"];

/// Finds all problems of a gallery, in the order of files and places.
///
/// `files` come in the order of their keys, as a store lists them. `done` is called for each file, from any thread.
pub fn check(files: &[File], options: &Options<'_>, done: &(dyn Fn() + Sync)) -> Vec<Problem> {
    let (partials, prompts): (Vec<&File>, Vec<&File>) =
        files.par_iter().partition(|file| matches!(Named::of(&file.key), Some(Named::Partial(_))));
    let parse = |file| {
        let parsed = Parsed::new(file, options.clients);
        done();
        parsed
    };
    let mut parsed: Vec<Parsed<'_>> = partials.into_par_iter().map(parse).collect();
    let gallery = Gallery::new(files, &parsed, options);
    // Each prompt is parsed, linked and checked at once, so that none stays in memory.
    let mut checked: Vec<Checked<'_>> = prompts.into_par_iter().map(|file| gallery.prompt(parse(file))).collect();
    let mut problems = gallery.idle(&checked);
    problems.extend(gallery.unused(&parsed));
    problems.extend(names(&checked, options));
    problems.extend(skills(&checked, options));
    if options.page_size.is_some() {
        problems.extend(stray_files(files, &checked, &parsed));
    }
    problems.extend(checked.iter_mut().flat_map(|checked| checked.problems.drain(..)));
    problems.extend(parsed.iter_mut().flat_map(|file| file.problems.drain(..)));
    problems.par_sort_by(|a, b| (&a.file, a.place, a.code, &a.message).cmp(&(&b.file, b.place, b.code, &b.message)));
    // Every prompt that uses a partial reports its problems.
    problems.dedup_by(|b, a| (&a.file, a.place, a.code) == (&b.file, b.place, b.code) && is_of_partials(a.code));
    problems
}

fn is_of_partials(code: Code) -> bool {
    matches!(code, Code::MissingPartial | Code::PartialCycle | Code::Bound | Code::Media)
}

/// A parsed file, without its partials.
struct Parsed<'a> {
    file: &'a File,
    named: Option<Named>,
    content: Content,
    /// Whether it has no errors.
    is_usable: bool,
    problems: Vec<Problem>,
}

/// The content is `None` if the file cannot be parsed. A parsed file may still have errors.
enum Content {
    Prompt(Option<Arc<PromptFile>>),
    Partial(Option<Arc<Partial>>),
    Unread,
}

impl<'a> Parsed<'a> {
    fn new(file: &'a File, clients: &[Client]) -> Self {
        let key = file.key.as_str();
        let named = Named::of(key);
        let is_partial = matches!(named, Some(Named::Partial(_)));
        let unusable = || if is_partial { Content::Partial(None) } else { Content::Prompt(None) };
        let (content, mut problems) = match &file.source {
            _ if named.is_none() => (Content::Unread, Vec::new()),
            Source::Unread => (Content::Unread, Vec::new()),
            Source::LeftOut(why) => {
                let message = format!("the file is left out: {why}");
                (Content::Unread, vec![of_file(key, Code::Unreadable, message, None)])
            }
            Source::TooLarge => (unusable(), vec![dotprompt::too_large(key, file.size)]),
            Source::Refused(why) => (unusable(), vec![dotprompt::unreadable(key, why)]),
            Source::Read(source) if is_partial => {
                let (read, mut problems) = Partial::read_in_part(key, source);
                let usable = read.as_ref().filter(|_| dotprompt::is_usable(&problems));
                warnings::of_partial(key, source, usable, clients, &mut problems);
                (Content::Partial(read.map(Arc::new)), problems)
            }
            Source::Read(source) => {
                let (read, mut problems) = PromptFile::read_in_part(key, source, &|_| None);
                let usable = read.as_ref().filter(|_| dotprompt::is_usable(&problems));
                warnings::of_prompt_file(key, source, usable, clients, &mut problems);
                (Content::Prompt(read.map(Arc::new)), problems)
            }
        };
        if let Some(last) = problems.last().filter(|_| problems.len() >= bounds::PROBLEMS) {
            let message = format!("this file has more problems: only the first {} are shown", bounds::PROBLEMS);
            problems.push(Problem { message, hint: None, cause: None, ..last.clone() });
        }
        let is_usable = dotprompt::is_usable(&problems) && !matches!(content, Content::Unread);
        Self { file, named, content, is_usable, problems }
    }

    fn key(&self) -> &'a str {
        &self.file.key
    }

    /// The addresses of its media, as far as they are not computed.
    fn shown(&self) -> Vec<String> {
        let template = match &self.content {
            Content::Prompt(Some(prompt)) => prompt.template(),
            Content::Partial(Some(partial)) => partial.template(),
            _ => return Vec::new(),
        };
        template.media.iter().filter_map(|shown| shown.url.clone()).collect()
    }

    fn source(&self) -> &'a [u8] {
        if let Source::Read(source) = &self.file.source { source } else { &[] }
    }
}

/// All files of a gallery, so that one can refer to another.
struct Gallery<'a> {
    files: &'a [File],
    partials: Partials<'a>,
    options: &'a Options<'a>,
}

/// The file of each partial, and the partial as far as it could be parsed.
type Partials<'a> = HashMap<&'a str, (&'a Parsed<'a>, Option<Arc<Partial>>)>;

/// A checked file that is not a partial.
struct Checked<'a> {
    key: &'a str,
    named: Option<Named>,
    /// Whether it was to be checked.
    is_read: bool,
    /// The place of `tool: true`.
    tool: Option<Place>,
    /// The place of `skill: true`, and the path of the skill.
    skill: Option<(Place, String)>,
    problems: Vec<Problem>,
    /// The addresses of its media.
    shown: Vec<String>,
    /// The partials that it uses, directly or through others.
    partials: BTreeSet<String>,
    /// Its arguments, if it is usable and clients are named.
    parameters: Option<Vec<Parameter>>,
}

impl<'a> Gallery<'a> {
    fn new(files: &'a [File], parsed: &'a [Parsed<'a>], options: &'a Options<'a>) -> Self {
        let mut partials = Partials::new();
        for file in parsed {
            let Some(Named::Partial(name)) = &file.named else { continue };
            let partial = if let Content::Partial(partial) = &file.content { partial.clone() } else { None };
            let other = partials.get(name.as_str());
            if other.is_none_or(|(other, _)| partial_comes_first(file.key(), other.key())) {
                partials.insert(name, (file, partial));
            }
        }
        Self { files, partials, options }
    }

    /// Checks a prompt together with its partials.
    fn prompt(&self, file: Parsed<'a>) -> Checked<'a> {
        let Parsed { file: File { key, .. }, is_usable, .. } = file;
        let shown = file.shown();
        let (source, is_read) = (file.source(), !matches!(file.content, Content::Unread));
        let Parsed { named, content, mut problems, .. } = file;
        let (mut partials, mut tool, mut skill, mut parameters) = (BTreeSet::new(), None, None, None);
        if let Content::Prompt(Some(prompt)) = content {
            tool = prompt.tool();
            problems.extend(media::check(key, &prompt.template().media, self.files));
            let linked;
            (linked, partials) = self.link(&prompt, &mut problems);
            if let Some(linked) = linked.filter(|_| is_usable) {
                warnings::of_prompt(&linked, source, self.options.clients, &mut problems);
                if let Some(place) = tool {
                    let text = String::from_utf8_lossy(source);
                    problems.extend(tool::of_arguments(key, linked.arguments(), place, &text));
                }
                if let (Some(place), Some(Named::Prompt(name))) = (linked.skill(), &named) {
                    match skill::of_prompt(key, name, &linked) {
                        Ok(generated) => skill = Some((place, generated.path)),
                        Err(problem) => problems.push(problem),
                    }
                }
                parameters = (!self.options.clients.is_empty()).then(|| Parameter::all(&linked));
            }
        }
        Checked { key, named, is_read, tool, skill, problems, shown, partials, parameters }
    }

    /// The problems of partials that no prompt uses. Each is linked as if a prompt used it.
    fn idle(&self, checked: &[Checked<'_>]) -> Vec<Problem> {
        let reached: HashSet<&str> =
            checked.iter().flat_map(|checked| checked.partials.iter().map(String::as_str)).collect();
        let mut problems = Vec::new();
        for name in self.partials.keys().filter(|name| !reached.contains(*name)) {
            // Quoted, because a folder's name may have any characters.
            let caller = format!("{{{{> \"{name}\"}}}}");
            if let Ok(caller) = PromptFile::parse(WHOLE, caller.as_bytes()) {
                self.link(&Arc::new(caller), &mut problems);
            }
        }
        problems.retain(|problem| &*problem.file != WHOLE);
        problems
    }

    /// The partials that no prompt can use, because another file has the same name.
    fn unused(&self, parsed: &[Parsed<'_>]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for file in parsed.iter().filter(|file| !matches!(file.content, Content::Unread)) {
            let Some(Named::Partial(name)) = &file.named else { continue };
            let used = self.partials.get(name.as_str()).map_or(file.key(), |(partial, _)| partial.key());
            if used != file.key() {
                let message = format!("the partial `{name}` is {used}; this file is not used");
                problems.push(of_file(file.key(), Code::DuplicatePartial, message, Some("rename one of them")));
            }
        }
        problems
    }

    /// Links a prompt with its partials, and adds the problems. Returns no prompt if a partial is broken or missing, and the
    /// names of all partials that it uses, directly or through others.
    fn link(&self, prompt: &Arc<PromptFile>, problems: &mut Vec<Problem>) -> (Option<Prompt>, BTreeSet<String>) {
        let mut names: BTreeSet<String> = prompt.partials().map(str::to_owned).collect();
        let mut todo: Vec<String> = names.iter().cloned().collect();
        let mut partials = HashMap::new();
        let mut is_whole = true;
        while let Some(name) = todo.pop() {
            let Some((file, partial)) = self.partials.get(name.as_str()) else { continue };
            is_whole &= file.is_usable;
            // The problems of a broken partial are reported with its file.
            let partial = partial.clone().unwrap_or_else(empty_partial);
            problems.extend(media::check(&file.file.key, &partial.template().media, self.files));
            todo.extend(partial.partials().filter(|name| names.insert((*name).to_owned())).map(str::to_owned));
            partials.insert(name, partial);
        }
        // Linking reports the first problem; an empty partial in place of a missing one leads to the next.
        loop {
            let problem = match Prompt::link(Arc::clone(prompt), partials.clone()) {
                Ok(linked) => return (Some(linked).filter(|_| is_whole), names),
                Err(problem) => problem,
            };
            is_whole = false;
            let Some(Cause::MissingPartial { name }) = problem.cause.as_deref().cloned() else {
                problems.push(problem);
                return (None, names);
            };
            problems.push(problem.with_hint(Some(self.instead_of(&name))));
            partials.insert(name, empty_partial());
        }
    }

    /// The hint for a missing partial.
    fn instead_of(&self, name: &str) -> String {
        // The author may have written a path, an extension, or the `_` of the file name.
        let plain = name.trim_start_matches(['.', '/']);
        let extension = EXTENSIONS.iter().find_map(|extension| plain.strip_suffix(extension));
        let (folder, file) = plain_parts(extension.unwrap_or(plain));
        let meant = format!("{folder}{}", file.trim_start_matches('_'));
        let is_there = |name: &str| self.partials.contains_key(name);
        if is_there(&meant) {
            return format!("{} A partial is named without the _ and the ending of its file", did_you_mean(&meant));
        }
        let mut others: Vec<&str> = self.partials.keys().copied().collect();
        others.sort_unstable();
        let wanted = file.trim_start_matches('_');
        // The same file name in another folder, or a name with `_` for `/`.
        let is_same = |other: &&&str| plain_parts(other).1 == wanted || other.replace('/', "_") == plain;
        if let Some(other) = others.iter().find(is_same) {
            return match self.options.page_size {
                Some(_) => format!("{} The name has the folders from the root on", did_you_mean(other)),
                // The checked folder may not be the root.
                None => format!("{ROOT_HINT}; or {}", did_you_mean(other)),
            };
        }
        if let Some(near) = nearest(&meant, others.iter().copied()) {
            return did_you_mean(near);
        }
        if let Some(other) = nearest(wanted, others.iter().map(|other| plain_parts(other).1))
            && let Some(other) = others.iter().find(|name| plain_parts(name).1 == other)
        {
            return did_you_mean(other);
        }
        let prompts = EXTENSIONS.map(|extension| format!("{meant}{extension}"));
        if let Some(prompt) = prompts.iter().find(|key| self.files.iter().any(|object| object.key == **key)) {
            let extension = prompt.rsplit('.').next().unwrap_or_default();
            let file = file.trim_start_matches('_');
            return format!("{prompt} is a prompt: the file of a partial would be {folder}_{file}.{extension}");
        }
        format!("it would be the file {folder}_{wanted}.prompt; {ROOT_HINT}")
    }
}

/// The folders of a path, with their last slash, and the file.
fn plain_parts(path: &str) -> (&str, &str) {
    path.rfind('/').map_or(("", path), |slash| path.split_at(slash + 1))
}

fn empty_partial() -> Arc<Partial> {
    Arc::new(Partial::parse(WHOLE, b"").expect("an empty partial"))
}

/// Problems with the names and the number of prompts.
fn names(checked: &[Checked<'_>], options: &Options<'_>) -> Vec<Problem> {
    let key = |index: usize| checked[index].key;
    let claim = |(index, file): (usize, &Checked<'_>)| match &file.named {
        Some(Named::Prompt(name)) => Some((name.clone(), index)),
        Some(Named::Partial(_)) | None => None,
    };
    let prompts = distinct(checked.iter().enumerate().filter_map(claim).collect(), key);
    let mut problems = Vec::new();
    for prompt in prompts.iter().filter(|prompt| checked[prompt.key].is_read) {
        let Checked { key, tool, parameters, .. } = &checked[prompt.key];
        problems.extend(warnings::renamed(key, &prompt.name, prompt.holder.map(|holder| checked[holder].key)));
        problems.extend(warnings::built_in(key, &prompt.name, options.clients));
        let call = |client: &Client| clients::call(*client, &prompt.name, parameters.as_deref()?);
        let calls = options.clients.iter().filter_map(call);
        problems.extend(calls.map(|call| of_file(key, Code::Call, call, None)));
        let is_taken = PROMPT_TOOLS.iter().chain(options.tools).any(|tool| *tool == prompt.name);
        if let Some(place) = tool.filter(|_| is_taken) {
            let message =
                format!("the server has a tool `{}` already: this prompt is not offered as a tool", prompt.name);
            let hint = Some("rename the file, or leave `tool` out".to_owned());
            problems.push(at(key, place, "tool".len(), Code::ToolName, message, hint));
        }
        problems.extend(tool.and_then(|place| tool::of_name(key, &prompt.name, place)));
    }
    for client in options.clients.iter().filter(|client| !client.has_prompts()) {
        let message = format!("{}: no prompts; its model calls the tools search_prompts and get_prompt", client.name());
        problems.push(of_file(WHOLE, Code::Call, message, None));
    }
    let Some(page_size) = options.page_size else { return problems };
    if prompts.len() > page_size
        && let Some(effects) = clients::effects(&[Property::Pages], options.clients)
    {
        let message = format!("{} prompts do not fit in one page of {page_size}: {effects}", prompts.len());
        problems.push(of_file(WHOLE, Code::ManyPrompts, message, Some("raise or unset PAGE_SIZE")));
    }
    problems
}

/// Reports prompts that cannot be skills because another skill has the path.
fn skills(checked: &[Checked<'_>], options: &Options<'_>) -> Vec<Problem> {
    let generated = checked.iter().filter_map(|checked| {
        let (place, path) = checked.skill.as_ref()?;
        Some((checked.key, *place, path.as_str()))
    });
    let mut folders = options.skills.to_vec();
    folders.sort_unstable();
    skill::taken(&generated.collect::<Vec<_>>(), &folders)
}

/// Reports files that are neither prompts nor shown by one.
fn stray_files(files: &[File], checked: &[Checked<'_>], parsed: &[Parsed<'_>]) -> Vec<Problem> {
    let by_partials: Vec<String> = parsed.iter().flat_map(Parsed::shown).collect();
    let by_prompts = checked.iter().flat_map(|file| &file.shown);
    let shown: HashSet<&str> = by_prompts.chain(&by_partials).map(String::as_str).collect();
    let keys = files.iter().map(|file| file.key.as_str()).filter(|key| !shown.contains(*key));
    strays::notes(keys).into_iter().map(|note| of_file(WHOLE, Code::NotAPrompt, note, None)).collect()
}
