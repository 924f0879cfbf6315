//! Warnings and notes: the prompt works, but may do something else than its author meant.

use super::address::{self, Shape};
use super::clients::{Client, Property, effects, effects_of_name, effects_of_shown};
use super::foreign::TemplateText;
use super::problems::{at, of_file};
use super::survey::{Survey, survey};
use super::{arguments, foreign, media, misplaced, placeholders, types};
use dotprompt::tree::{LOOP_DATA, Node, Template, UnknownData, Usage, Variable, template_of};
use dotprompt::{
    Argument, Code, MAX_LENGTH, Partial, Place, Problem, Prompt, PromptFile, did_you_mean, in_listed_order, is_cut,
    nearest, prompt_name, shorten, shorten_to,
};

/// Characters of a list of arguments that are shown.
const INFERRED_CHARACTERS: usize = 200;

/// Warnings of a prompt file alone. `read` is `None` if the file is broken.
pub(super) fn of_prompt_file(
    key: &str,
    source: &[u8],
    read: Option<&PromptFile>,
    clients: &[Client],
    problems: &mut Vec<Problem>,
) {
    let Ok(text) = std::str::from_utf8(source) else { return };
    let Some((body, start)) = template_of(text) else { return };
    let misplaced = Some(text).filter(|_| start == Place::START).and_then(misplaced::find);
    if let Some(file) = read
        && misplaced.is_none()
        && file.description().is_none_or(|description| description.trim().is_empty())
    {
        let hint = "add `description: …` to the front matter; people choose prompts by it";
        problems.push(of_file(key, Code::NoDescription, "the prompt has no description", Some(hint)));
    }
    if let Some(found) = misplaced {
        let (width, hint) = (width(text, found.place), Some(found.hint.to_owned()));
        problems.push(at(key, found.place, width, Code::MisplacedFrontMatter, found.message, hint));
    }
    // `${{price}}` is a price if the file declares it.
    let is_meant = |inside: &str| read.is_some_and(|file| file.declares(inside));
    let declares = |name: &str| read.is_some_and(|file| file.declares(name));
    foreign::check(&TemplateText { key, text: body, start, clients }, is_meant, declares, problems);
    problems.extend(like_helpers(key, text, read.and_then(|file| file.template().usage())));
}

/// Warnings of a partial.
pub(super) fn of_partial(
    key: &str,
    source: &[u8],
    read: Option<&Partial>,
    clients: &[Client],
    problems: &mut Vec<Problem>,
) {
    let Ok(text) = std::str::from_utf8(source) else { return };
    if template_of(text).is_none_or(|(_, start)| start != Place::START) {
        let message = "partials have no front matter: this becomes text of every prompt that uses the partial";
        let place = Place { line: line_of(text, "---"), column: 1 };
        problems.push(at(key, place, 3, Code::Portability, message, Some("leave it out".to_owned())));
    }
    if read.is_some_and(|partial| is_empty(partial.template())) {
        problems.push(of_file(key, Code::Empty, "the partial is empty", None));
    }
    let is_name = |inside: &str| inside.chars().all(|c| c.is_alphanumeric() || c == '_');
    let template = text.strip_prefix('\u{feff}').unwrap_or(text);
    foreign::check(&TemplateText { key, text: template, start: Place::START, clients }, is_name, |_| false, problems);
    let usage = read.and_then(|partial| partial.template().usage());
    for unknown in usage.as_ref().map(Usage::unknown_data).unwrap_or_default() {
        let (message, hint) = unknown_data(unknown, |_| false);
        problems.push(at(key, unknown.place, width(text, unknown.place), Code::Undeclared, message, Some(hint)));
    }
    problems.extend(like_helpers(key, text, usage));
}

/// Warnings of a prompt with its partials.
pub(super) fn of_prompt(prompt: &Prompt, source: &[u8], clients: &[Client], problems: &mut Vec<Problem>) {
    let text = String::from_utf8_lossy(source);
    let survey = survey(prompt);
    problems.extend(inferred(prompt));
    let mut warn = |code, place, message: String, hint: Option<&str>| {
        problems.push(at(prompt.key(), place, width(&text, place), code, message, hint.map(str::to_owned)));
    };
    if survey.is_empty {
        warn(Code::Empty, Place::START, "the template produces no text".to_owned(), None);
    }
    if let Some(place) = survey.one_too_many {
        warn(Code::Bound, place, address::too_many(), None);
    }
    for variable in &survey.undeclared {
        let name = shorten(&variable.name);
        let (then, or) = if variable.fails {
            let then = match prompt.arguments().is_open() {
                true => "the prompt fails if a caller does not pass it",
                false => "the prompt fails when a rendering gets here",
            };
            (then, format!(" or test it with {{{{#if {name}}}}}"))
        } else {
            ("no caller can pass it", String::new())
        };
        let message = format!("`{name}` is used but not declared: {then}");
        warn(Code::Undeclared, variable.place, message, Some(&format!("declare it{or}")));
    }
    let is_variable = |name: &str| {
        let is_argument = prompt.arguments().iter().any(|argument| argument.name == name);
        is_argument || survey.variables.iter().any(|variable| variable.name == name)
    };
    for unknown in &survey.unknown_data {
        let (message, hint) = unknown_data(unknown, is_variable);
        warn(Code::Undeclared, unknown.place, message, Some(&hint));
    }
    for (name, place) in &survey.unused {
        let message = format!("the argument `{}` is declared but not used", shorten(name));
        warn(Code::Unused, *place, message, None);
    }
    for (name, place) in &survey.idle_defaults {
        let message = format!("`input.default` has `{}`, which is not an argument and is not used", shorten(name));
        warn(Code::Unused, *place, message, None);
    }
    types::check(prompt, &survey.variables, &mut warn);
    arguments::check(prompt.arguments(), &survey.variables, clients, &mut warn);
    let failure = placeholders::failure(prompt);
    // Another warning tells of a variable that no caller can give.
    let is_new = |(place, _): &&(Place, String)| !survey.undeclared.iter().any(|variable| variable.place == *place);
    if let (Some((place, why)), Some(effects)) =
        (failure.as_ref().filter(is_new), effects(&[Property::FailsForPlaceholders], clients))
    {
        let message = format!("the prompt fails for the values `$1`, `$2` … ({why}): {effects}");
        warn(Code::LostArgument, *place, message, None);
    }
    messages(&survey, failure.is_some(), clients, &mut warn);
}

/// The message and the hint for an `@name` that is always empty.
fn unknown_data(
    UnknownData { name, partial, .. }: &UnknownData,
    is_variable: impl Fn(&str) -> bool,
) -> (String, String) {
    const KNOWN: &str =
        "there are @root, @auth and @metadata.prompt, and inside {{#each}} @index, @key, @first and @last";
    const OF_ALL: [&str; 4] = ["root", "auth", "metadata", "partial-block"];
    let written = shorten(name);
    let bare = name.trim_start_matches("../");
    if let Some(partial) = partial {
        let partial = shorten(partial);
        let message =
            format!("the partial `{partial}` reads `@{written}`, which is empty here: no {{{{#each}}}} is around");
        let hint = format!(
            "call it inside {{{{#each}}}}, or give it a value: {{{{> {partial} {bare}=…}}}} for {{{{{bare}}}}}"
        );
        return (message, hint);
    }
    if LOOP_DATA.contains(&bare) {
        let outer = if name.starts_with("../") { "outer {{#each}}" } else { "{{#each}}" };
        let message = format!("`@{written}` is empty here: no {outer} is around");
        return (
            message,
            "@index, @key, @first and @last exist only inside {{#each}}; each ../ goes one level up".to_owned(),
        );
    }
    let hint = match bare.strip_prefix("metadata.") {
        Some(key) => did_you_mean(&format!("@metadata.prompt.{}", shorten(key))),
        None if is_variable(bare) => format!("an argument is written without @: {{{{{}}}}}", shorten(bare)),
        None if ["item", "value", "this", "it"].contains(&bare) => "the item of a loop is {{this}}".to_owned(),
        None if ["user", "claims", "caller", "token"].contains(&bare) => "`@auth` has the caller's claims".to_owned(),
        None => match nearest(bare, OF_ALL.into_iter().chain(LOOP_DATA)) {
            Some(near) => did_you_mean(&format!("@{near}")),
            None => format!("an argument is written without @: {{{{{}}}}}", shorten(bare)),
        },
    };
    (format!("`@{written}` is always empty: {KNOWN}"), hint)
}

/// The arguments of a prompt that declares none.
fn inferred(prompt: &Prompt) -> Option<Problem> {
    let argument = |argument: &&Argument| {
        let takes = argument.format().map(|takes| format!(" ({takes})")).unwrap_or_default();
        format!("{}{}{takes}", argument.name, if argument.required { "" } else { "?" })
    };
    let inferred: Vec<_> = in_listed_order(prompt.arguments()).iter().map(argument).collect();
    if prompt.declared().is_some() || inferred.is_empty() {
        return None;
    }
    let message = format!("arguments: {}", shorten_to(INFERRED_CHARACTERS, &inferred.join(", ")));
    let hint = "these are the template's variables; `?` marks optional ones";
    Some(of_file(prompt.key(), Code::Inferred, message, Some(hint)))
}

/// What clients do with the messages. `fails` if the prompt cannot be rendered with placeholders.
fn messages(
    survey: &Survey,
    fails: bool,
    clients: &[Client],
    warn: &mut impl FnMut(Code, Place, String, Option<&str>),
) {
    let said = &survey.messages;
    let mut note = |properties: &[Property], code, place, what: &str| {
        if let (Some(place), Some(effects)) = (place, effects(properties, clients)) {
            warn(code, place, format!("{what}: {effects}"), None);
        }
    };
    let several =
        if said.is_certain { "the prompt has several messages" } else { "the prompt may have several messages" };
    let has_assistant = Some(Property::AssistantMessage).filter(|_| said.has_assistant);
    let several_messages: Vec<Property> = [Property::SeveralMessages].into_iter().chain(has_assistant).collect();
    note(&several_messages, Code::SeveralMessages, said.second, several);
    let not_alternating = "the messages do not alternate between user and assistant";
    note(&[Property::NotAlternating], Code::NotAlternating, said.out_of_turn, not_alternating);
    let mut reported = Vec::new();
    for shown in &survey.shown {
        // Refused addresses have been reported.
        let Ok(kind) = media::kind(shown) else { continue };
        if reported.contains(&kind) {
            continue;
        }
        reported.push(kind);
        let what = match kind {
            Some(Shape::Image) => "a picture",
            Some(Shape::Audio) => "a recording",
            Some(Shape::Link) => "a link",
            Some(Shape::File) => "a file",
            None => "a picture, a link or a file, depending on the arguments",
        };
        let mut properties = vec![Property::Shows(kind.unwrap_or(Shape::Image))];
        if !said.begins_with_text && reported.len() == 1 {
            properties.push(Property::BeginsWithoutText);
        }
        if let Some(effects) = effects_of_shown(&properties, clients, fails) {
            warn(Code::NotText, shown.place, format!("the prompt shows {what}: {effects}"), None);
        }
    }
}

/// The note for a name that differs from the path. `holder` is the file that has the name which this file claims too.
pub(super) fn renamed(key: &str, name: &str, holder: Option<&str>) -> Option<Problem> {
    if let Some(holder) = holder {
        let claimed = prompt_name(key).unwrap_or_default();
        let message = format!("clients know this prompt as `{name}`: {holder} has the name `{claimed}`");
        return Some(of_file(key, Code::DuplicateName, message, Some("rename one of the files")));
    }
    let (path, _) = key.rsplit_once('.')?;
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    // The first dot of a file's name begins the variant.
    let file = file.replacen('.', "", 1);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/');
    let odd: Vec<char> = folder.chars().chain(file.chars()).filter(|c| !is_plain(*c)).collect();
    let mut reasons = Vec::new();
    let mut hints = Vec::new();
    if odd.iter().any(|c| *c != '.') {
        reasons.push(effects(&[Property::OddName], &[])?);
        hints.push("use only letters A to Z, digits, _ and - in the path".to_owned());
    } else if !odd.is_empty() {
        reasons.push(effects(&[Property::DottedName], &[])?);
        hints.push("write - instead of a dot; only the first dot of a file name starts a variant".to_owned());
    }
    if is_cut(key) {
        reasons.push(format!("a name has at most {MAX_LENGTH} characters"));
        hints.push("shorten the path".to_owned());
    }
    let message = format!("clients know this prompt as `{name}`: {}", reasons.join("; "));
    (!reasons.is_empty()).then(|| of_file(key, Code::Renamed, message, Some(&hints.join("; "))))
}

/// The note for a name that some clients use for a command of their own.
pub(super) fn built_in(key: &str, name: &str, clients: &[Client]) -> Option<Problem> {
    let effects = effects_of_name(name, clients)?;
    let message = format!("the prompt has the name of a command, `{name}`: {effects}");
    Some(of_file(key, Code::BuiltInName, message, Some("rename the file")))
}

/// Warns of variables that are helpers in other readers of the format.
fn like_helpers(key: &str, text: &str, usage: Option<Usage>) -> impl Iterator<Item = Problem> {
    let variables = usage.map(|usage| usage.variables()).unwrap_or_default().into_iter();
    variables.filter(|variable| variable.is_helper_name).map(move |Variable { name, place, .. }| {
        let message = format!("{{{{{name}}}}} is a variable here and a helper in other readers of the format");
        at(key, place, width(text, place), Code::Portability, message, Some(format!("write {{{{this.{name}}}}}")))
    })
}

/// Whether a partial produces no text and defines no partials.
fn is_empty(template: &Template) -> bool {
    let is_blank = |node: &Node| matches!(node, Node::Text(text) if text.trim().is_empty());
    template.inlines.is_empty() && template.program.nodes.iter().all(is_blank)
}

/// The number of characters of the tag or word at a place.
pub(super) fn width(text: &str, place: Place) -> usize {
    let line = text.lines().nth(place.line as usize - 1).unwrap_or_default();
    let rest: String = line.chars().skip(place.column as usize - 1).collect();
    let width = match rest.strip_prefix("{{") {
        Some(inside) => inside.find("}}").map_or(rest.chars().count(), |end| rest[..end + 4].chars().count()),
        // A problem of the whole file.
        None if place == Place::START => 1,
        None => rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).count(),
    };
    width.max(1)
}

/// The number of the first line that is `wanted`.
fn line_of(text: &str, wanted: &str) -> u32 {
    text.lines().zip(1..).find(|(line, _)| line.trim_end() == wanted).map_or(1, |(_, number)| number)
}
