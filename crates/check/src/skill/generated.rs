//! Skills that are made of prompts with `skill: true`.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde_json::{Map, Value};

use super::super::problems::at;
use super::super::roles::{system_first, without_blank_lines};
use super::super::survey::survey;
use super::files::wrong_part;
use super::{FILE, fields, yaml};
use crate::PROMPT_TOOLS;
use dotprompt::{
    Argument, Code, EXTENSIONS, Part, Place, Problem, Prompt, Role, in_listed_order, partial_comes_first, shorten,
};

/// Characters of a skill's name.
const MAX_NAME: usize = 64;

/// A skill that is made of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The path of its folder: `team/review` for `team/review.prompt`.
    pub path: String,
    /// The front matter: `name`, `description`, and `license` and `metadata` if the prompt has them.
    pub frontmatter: Map<String, Value>,
    /// The whole `SKILL.md`.
    pub text: String,
}

/// Makes a skill of the prompt with this key and name, which has `skill: true`.
///
/// Without required arguments, the skill is the prompt rendered with its defaults. With some, it tells the model to call
/// `get_prompt`.
///
/// # Errors
/// Why the prompt cannot be a skill. The place is that of `skill: true`.
pub fn of_prompt(key: &str, name: &str, prompt: &Prompt) -> Result<Generated, Problem> {
    generate(key, name, prompt).map_err(|why| {
        let message = format!("{why}; this prompt is not offered as a skill");
        problem(key, prompt.skill().unwrap_or_default(), message, "leave `skill` out")
    })
}

/// The problems of prompts whose skills are in the way of others: at the path of another skill, within one, or around one. A skill
/// lists every file of its folder, so a generated one can be neither. Folders come first, then outer paths, then the order of the
/// extensions.
///
/// `generated` has the key of each prompt, the place of `skill: true` and the path of the skill; `folders` are the paths of the
/// folders with a `SKILL.md`, sorted. The file of a problem is the key of a prompt that is not offered as a skill.
pub fn taken(generated: &[(&str, Place, &str)], folders: &[&str]) -> Vec<Problem> {
    let mut in_order: Vec<_> = generated.to_vec();
    in_order.sort_by(|(a, _, first), (b, _, second)| {
        let by_extension = || if partial_comes_first(a, b) { Ordering::Less } else { Ordering::Greater };
        first.cmp(second).then_with(|| if a == b { Ordering::Equal } else { by_extension() })
    });
    let mut offered = Offered::new(folders);
    let mut problems = Vec::new();
    for (key, place, path) in in_order {
        if let Err(why) = offered.offer(path, key) {
            let message = format!("{why}; this prompt is not offered as a skill");
            problems.push(problem(key, place, message, "rename one of them, or leave `skill` out"));
        }
    }
    problems.sort_by_key(|problem| generated.iter().position(|(key, ..)| *key == &*problem.file));
    problems
}

/// The generated skills that are offered so far.
pub struct Offered<'p> {
    folders: &'p [&'p str],
    /// By path, what they are made of.
    prompts: HashMap<&'p str, &'p str>,
}

impl<'p> Offered<'p> {
    /// None, beside folders, which are sorted.
    #[must_use]
    pub fn new(folders: &'p [&'p str]) -> Self {
        Self { folders, prompts: HashMap::new() }
    }

    /// Offers the skill of a prompt. Paths come in their order.
    ///
    /// # Errors
    /// The skill that is in its way.
    pub fn offer(&mut self, path: &'p str, prompt: &'p str) -> Result<(), String> {
        let is_folder = |path: &str| self.folders.binary_search(&path).is_ok();
        if is_folder(path) {
            return Err(format!("the folder {path}/ is a skill already"));
        }
        if let Some(holder) = self.prompts.get(path) {
            return Err(format!("{holder} is the skill {path} already"));
        }
        let mut around = path.rmatch_indices('/').map(|(at, _)| &path[..at]);
        if let Some(outer) = around.find(|outer| is_folder(outer) || self.prompts.contains_key(outer)) {
            return Err(format!("the skill {outer} is around it, and has no file of it"));
        }
        let inside = format!("{path}/");
        let first = self.folders.partition_point(|folder| **folder < *inside);
        if let Some(inner) = self.folders.get(first).filter(|folder| folder.starts_with(&inside)) {
            return Err(format!("the skill {inner} is inside of it, and the prompt has no file of it"));
        }
        self.prompts.insert(path, prompt);
        Ok(())
    }
}

fn problem(key: &str, place: Place, message: String, hint: &str) -> Problem {
    at(key, place, "skill".len(), Code::Skill, message, Some(hint.to_owned()))
}

/// Whether a skill can have this name.
#[must_use]
pub fn is_skill_name(name: &str) -> bool {
    name_rule(name).is_none()
}

/// The rule of Agent Skills that a name breaks; `None` if a skill can have the name.
#[must_use]
pub fn name_rule(name: &str) -> Option<String> {
    let length = name.chars().count();
    if length == 0 || length > MAX_NAME {
        return Some(format!("it has {length} characters; 1 to {MAX_NAME} are allowed"));
    }
    if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        return Some("use a-z, 0-9 and single hyphens".to_owned());
    }
    let is_split = name.starts_with('-') || name.ends_with('-') || name.contains("--");
    is_split.then(|| "a hyphen stands alone and between other characters".to_owned())
}

/// The path of the skill that a prompt with this key makes.
#[must_use]
pub fn path_of_prompt(key: &str) -> &str {
    EXTENSIONS.iter().find_map(|extension| key.strip_suffix(extension)).unwrap_or(key)
}

fn generate(key: &str, name: &str, prompt: &Prompt) -> Result<Generated, String> {
    let path = path_of_prompt(key);
    if let Some(part) = wrong_part(path) {
        return Err(format!("a skill cannot be at `{}`: {part}", shorten(path)));
    }
    let frontmatter = frontmatter(path, prompt)?;
    if prompt.reads_data("auth") {
        return Err("the prompt reads `@auth`, and a skill is the same for every caller".to_owned());
    }
    let needs_arguments = prompt.arguments().iter().any(|argument| argument.required);
    let body = if needs_arguments { instructions(name, prompt)? } else { rendered(prompt)? };
    let text = format!("{}\n{}\n", yaml::front_matter(&frontmatter), body.trim_end());
    // A client compares the two, and does not load a skill that differs.
    let (read, problems) = super::read(&format!("{path}/{FILE}"), text.as_bytes());
    match read {
        Some(read) if read == frontmatter => Ok(Generated { path: path.to_owned(), frontmatter, text }),
        _ => {
            let why = problems.into_iter().next().map(|problem| problem.message);
            Err(why.unwrap_or_else(|| "the front matter does not read back as it is written".to_owned()))
        }
    }
}

fn frontmatter(path: &str, prompt: &Prompt) -> Result<Map<String, Value>, String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if let Some(rule) = name_rule(name) {
        return Err(format!("a skill cannot have the name `{}`: {rule}", shorten(name)));
    }
    let description = prompt.description().map(str::trim).filter(|description| !description.is_empty());
    let description = description.ok_or("a skill needs a `description`")?;
    if let Some(why) = fields::too_long("description", fields::MAX_DESCRIPTION, description) {
        return Err(why);
    }
    let metadata = prompt.skill_metadata().ok_or("the `metadata` of a skill must be a map")?;
    let mut frontmatter = Map::new();
    frontmatter.insert("name".to_owned(), name.into());
    frontmatter.insert("description".to_owned(), description.into());
    if let Some(license) = prompt.license() {
        frontmatter.insert("license".to_owned(), license.into());
    }
    if !metadata.is_empty() {
        frontmatter.insert("metadata".to_owned(), metadata.clone().into());
    }
    Ok(frontmatter)
}

const SEVERAL_ROLES: &str = "a skill is one text of the user, and the prompt has other messages";
const NOT_TEXT: &str = "the prompt shows a picture or a file, and a skill is text";

/// The text of a prompt with its defaults.
fn rendered(prompt: &Prompt) -> Result<String, String> {
    let problem = |problem: String| format!("the prompt cannot be rendered without arguments: {problem}");
    let data = prompt
        .resolve(&Map::new())
        .map_err(|problems| problem(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
    let messages = system_first(prompt.render(&data).map_err(|e| problem(e.to_string()))?);
    let mut texts = Vec::new();
    for message in messages {
        for part in message.content {
            match part {
                Part::Text { .. } if message.role == Role::Model => return Err(SEVERAL_ROLES.to_owned()),
                Part::Text { text } => texts.push(text),
                Part::Media { .. } => return Err(NOT_TEXT.to_owned()),
                _ => {}
            }
        }
    }
    match &*texts {
        [] => Err("the prompt is empty without arguments".to_owned()),
        [text] => Ok(without_blank_lines(text).to_owned()),
        _ => Err(SEVERAL_ROLES.to_owned()),
    }
}

/// Tells the model to ask for the arguments and to get the prompt.
fn instructions(name: &str, prompt: &Prompt) -> Result<String, String> {
    let survey = survey(prompt);
    if !survey.shown.is_empty() {
        return Err(NOT_TEXT.to_owned());
    }
    if survey.messages.second.is_some() || survey.messages.has_assistant {
        return Err(SEVERAL_ROLES.to_owned());
    }
    let get = PROMPT_TOOLS[1];
    let arguments = in_listed_order(prompt.arguments()).into_iter().map(argument).collect::<Vec<_>>().join("\n");
    let others = if prompt.arguments().is_open() { "\n- Other arguments are allowed too." } else { "" };
    Ok(format!(
        "The instructions of this skill depend on arguments. Get them from the server that this skill comes from:\n\n\
         1. Find the values of the arguments below in the conversation. Ask the user for each required one that is missing; do not \
         guess.\n\
         2. Call the tool `{get}` of that server with the name `{name}` and with the values in `arguments`. Leave out optional \
         arguments without a value.\n\
         3. Follow the text that the tool returns, as if the user had written it.\n\n\
         ## Arguments\n\n{arguments}{others}"
    ))
}

/// `- `code` (required): The code to review (text)`
fn argument(argument: &Argument) -> String {
    let need = if argument.required { "required" } else { "optional" };
    let described = argument.listed_description.as_deref().or(argument.title.as_deref());
    let described = described.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    match described.filter(|text| !text.is_empty()) {
        Some(text) => format!("- `{}` ({need}): {text}", argument.name),
        None => format!("- `{}` ({need})", argument.name),
    }
}
