//! What a prompt says in a program that knows nothing of Handlebars: its text, with placeholders for the arguments.

use serde_json::{Map, Value};

use crate::parameter::{Kept, Parameter};
use crate::pieces::{Piece, joined, names};
use check::roles::{system_first, without_blank_lines};
use dotprompt::tree::{Shape, Variable};
use dotprompt::{Argument, Kind, Part, Prompt, Role, in_listed_order};

/// A prompt as another program can hold it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) pieces: Vec<Piece>,
    /// The arguments that the text uses, required ones first.
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) license: Option<String>,
    /// `metadata` of a prompt that is also a skill.
    pub(crate) metadata: Map<String, Value>,
    /// What the target cannot hold.
    pub(crate) notes: Vec<String>,
}

impl Plan {
    /// The fields for [`Kept`].
    pub(crate) fn kept(&self, target: &str) -> Kept {
        Kept {
            target: target.to_owned(),
            title: self.title.clone(),
            tags: self.tags.clone(),
            arguments: self.parameters.clone(),
        }
    }

    pub(crate) fn parameter(&self, name: &str) -> (usize, &Parameter) {
        let index = self.parameters.iter().position(|parameter| parameter.name == name).unwrap_or_default();
        (index, &self.parameters[index])
    }
}

/// How an argument of the prompt arrives in the target.
enum Way {
    /// A placeholder stands for it.
    Placeholder,
    /// A placeholder could stand for it only if it were required: the text is another one without the argument.
    IfGiven,
    /// It keeps its default, or is left out.
    AsOmitted,
}

/// Makes the plan. With `all`, optional arguments have placeholders too where that is right, and are required then.
///
/// # Errors
/// Why no text without Handlebars says what the prompt says.
pub(crate) fn plan(prompt: &Prompt, all: bool) -> Result<Plan, String> {
    let Ways { placeholders, demanded, mut left_out, fixed } = ways(prompt, all)?;
    let pieces = text(prompt, &placeholders)?;
    if pieces.iter().all(|piece| matches!(piece, Piece::Text(text) if text.trim().is_empty())) {
        return Err("the prompt is empty".to_owned());
    }
    // The others are written only under a condition that is not met.
    let written = names(&pieces);
    let (used, unused): (Vec<&Argument>, Vec<&Argument>) =
        placeholders.iter().partition(|argument| written.contains(&argument.name.as_str()));
    left_out.extend(unused.iter().map(|argument| argument.name.as_str()));
    let is_demanded = |argument: &Argument| demanded.contains(&argument.name.as_str());
    let parameter = |argument: &&Argument| Parameter {
        name: argument.name.clone(),
        title: argument.title.clone(),
        description: argument.listed_description.clone(),
        required: argument.required || is_demanded(argument),
        default: None,
    };
    let demanded: Vec<&str> =
        used.iter().filter(|argument| is_demanded(argument)).map(|argument| &*argument.name).collect();
    let mut notes = Vec::new();
    if !demanded.is_empty() {
        notes.push(format!("required there: {}", quoted(&demanded)));
    }
    if !left_out.is_empty() {
        notes.push(format!("left out: {}", quoted(&left_out)));
    }
    if !fixed.is_empty() {
        notes.push(format!("fixed: {}", fixed.join(", ")));
    }
    if prompt.arguments().is_open() {
        notes.push("left out: arguments of other names".to_owned());
    }
    Ok(Plan {
        parameters: used.iter().map(parameter).collect(),
        title: prompt.title().map(str::to_owned),
        description: prompt.description().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
        tags: prompt.tags().to_vec(),
        license: prompt.license().map(str::to_owned),
        metadata: prompt.skill_metadata().cloned().unwrap_or_default(),
        notes,
        pieces,
    })
}

/// The arguments of a prompt, by the way in which they arrive.
#[derive(Default)]
struct Ways<'p> {
    placeholders: Vec<&'p Argument>,
    /// Placeholders of optional arguments that are required in the target.
    demanded: Vec<&'p str>,
    left_out: Vec<&'p str>,
    /// `tone=dry`
    fixed: Vec<String>,
}

fn ways(prompt: &Prompt, all: bool) -> Result<Ways<'_>, String> {
    if prompt.reads_data("auth") {
        return Err("the prompt reads `@auth`, and a file is the same for everyone".to_owned());
    }
    let usage = prompt.usage().ok_or("the template is too large to find out how it uses its arguments")?;
    if usage.uses_all() && !prompt.arguments().is_empty() {
        return Err("a tag reads all arguments at once".to_owned());
    }
    let variables = usage.variables();
    let mut ways = Ways::default();
    for argument in in_listed_order(prompt.arguments()) {
        match way(argument, shape(&variables, &argument.name))? {
            Way::Placeholder => ways.placeholders.push(argument),
            Way::IfGiven if all => {
                ways.placeholders.push(argument);
                ways.demanded.push(&argument.name);
            }
            Way::IfGiven | Way::AsOmitted => match &argument.default {
                Some(default) => ways.fixed.push(format!("{}={}", argument.name, shown(default))),
                None => ways.left_out.push(&argument.name),
            },
        }
    }
    Ok(ways)
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn shape<'v>(variables: &'v [Variable], name: &str) -> Option<&'v Shape> {
    variables.iter().find(|variable| variable.name == name).map(|variable| &variable.shape)
}

fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    dotprompt::shorten(&text)
}

/// Whether a placeholder can stand for an argument, for any text that is typed there.
fn way(argument: &Argument, shape: Option<&Shape>) -> Result<Way, String> {
    let why = why_not(argument, shape);
    let is_tested = shape.is_some_and(|shape| shape.marks.is_tested);
    match why {
        Some(why) if argument.required => {
            Err(format!("the template {why} the argument `{}`, and the target only writes arguments", argument.name))
        }
        Some(_) => Ok(Way::AsOmitted),
        None if !argument.required && (is_tested || argument.default.is_some()) => Ok(Way::IfGiven),
        None => Ok(Way::Placeholder),
    }
}

/// What the template does with an argument besides writing it: "the template … the argument".
fn why_not(argument: &Argument, shape: Option<&Shape>) -> Option<&'static str> {
    let marks = &shape?.marks;
    if !marks.compared.is_empty() {
        return Some("compares");
    }
    if marks.looped.is_some() || marks.is_keyed {
        return Some("loops over");
    }
    if marks.is_json {
        return Some("writes as JSON");
    }
    if marks.is_key {
        return Some("looks up a value with");
    }
    let reads_parts = marks.is_looked_up || marks.is_entered || !shape?.is_open();
    if reads_parts || matches!(argument.kind, Kind::Array | Kind::Object | Kind::Json) {
        return Some("reads parts of");
    }
    // Zero and false count as missing, and any text does not.
    let is_text = argument.takes_text() || (argument.kind == Kind::String && argument.allowed.is_some());
    let is_tested = marks.is_tested || marks.is_section;
    (is_tested && (!is_text || marks.is_section || shape?.is_flag())).then_some("tests")
}

/// The text of the prompt with placeholders.
fn text(prompt: &Prompt, placeholders: &[&Argument]) -> Result<Vec<Piece>, String> {
    // Characters without a meaning. If the prompt has some itself, the two results differ.
    let one = rendered(prompt, placeholders, ['\u{f8d0}', '\u{f8d1}'])?;
    let other = rendered(prompt, placeholders, ['\u{f8d2}', '\u{f8d3}'])?;
    if one == other { Ok(one) } else { Err("the text depends on the values of the arguments".to_owned()) }
}

fn rendered(prompt: &Prompt, placeholders: &[&Argument], [open, close]: [char; 2]) -> Result<Vec<Piece>, String> {
    let mark = |(index, argument): (usize, &&Argument)| (argument.name.clone(), format!("{open}{index}{close}").into());
    let mut data = prompt.with_marks(placeholders.iter().enumerate().map(mark).collect());
    data.context.insert("auth".to_owned(), Map::new().into());
    let messages = prompt.render(&data).map_err(|problem| format!("the prompt cannot be rendered: {problem}"))?;
    let is_divided = messages.iter().flat_map(|message| &message.content).nth(1).is_some();
    let mut texts = Vec::new();
    for message in system_first(messages) {
        for part in message.content {
            match part {
                Part::Text { .. } if message.role == Role::Model => return Err(SEVERAL.to_owned()),
                Part::Text { text } if is_divided => texts.push(without_blank_lines(&text).to_owned()),
                Part::Text { text } => texts.push(text),
                Part::Media { .. } => return Err("the prompt shows a picture or a file".to_owned()),
                _ => {}
            }
        }
    }
    match &*texts {
        [] => Ok(Vec::new()),
        [text] => Ok(split(text, placeholders, [open, close])),
        _ => Err(SEVERAL.to_owned()),
    }
}

const SEVERAL: &str = "the prompt has several messages, and the target takes one text of the user";

/// Splits a text at its marks.
fn split(text: &str, placeholders: &[&Argument], [open, close]: [char; 2]) -> Vec<Piece> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once(open) {
        let mark = after
            .split_once(close)
            .and_then(|(index, after)| Some((placeholders.get(index.parse::<usize>().ok()?)?, after)));
        let Some((argument, after)) = mark else {
            pieces.push(Piece::Text(format!("{before}{open}")));
            rest = after;
            continue;
        };
        pieces.push(Piece::Text(before.to_owned()));
        pieces.push(Piece::Argument(argument.name.clone()));
        rest = after;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    joined(pieces)
}
