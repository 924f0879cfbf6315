//! Arguments in words, for targets that have no placeholders: a list before the text, and their names in double braces in it.

use crate::live::{Found, Reference};
use crate::parameter::Parameter;
use crate::pieces::Piece;
use crate::plan::Plan;

/// The first line of the list.
const INTRODUCTION: &str = "This prompt has arguments. Take their values from the request, and ask for a required one that is missing. \
                            In the text below, the name of an argument in double braces stands for its value.";
/// The line between the list and the text.
const DIVIDER: &str = "\n\n---\n\n";

/// The text with its arguments in words.
///
/// # Errors
/// The text has the name of an argument in double braces already.
pub(crate) fn write(plan: &Plan) -> Result<String, String> {
    let body: String = plan
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Argument(name) => mark(name),
        })
        .collect();
    if plan.parameters.is_empty() {
        return match read(&body) {
            (_, parameters) if parameters.is_empty() => Ok(body),
            _ => Err("the text looks like a list of arguments in words".to_owned()),
        };
    }
    for Parameter { name, .. } in &plan.parameters {
        let written =
            plan.pieces.iter().filter(|piece| matches!(piece, Piece::Argument(written) if written == name)).count();
        if body.matches(&mark(name)).count() != written {
            return Err(format!("the text has `{}`, which would stand for the argument `{name}`", mark(name)));
        }
    }
    let list: Vec<String> = plan.parameters.iter().map(line).collect();
    Ok(format!("{INTRODUCTION}\n\n{}{DIVIDER}{body}", list.join("\n")))
}

fn mark(name: &str) -> String {
    format!("{{{{{name}}}}}")
}

fn line(parameter: &Parameter) -> String {
    let need = if parameter.required { "required" } else { "optional" };
    let words = parameter.words().map(|words| format!(": {words}")).unwrap_or_default();
    format!("- {} ({need}){words}", mark(&parameter.name))
}

/// The text of [`write`], and its arguments; none if it has no list.
pub(crate) fn read(text: &str) -> (&str, Vec<Parameter>) {
    let listed = text.strip_prefix(INTRODUCTION).and_then(|rest| rest.strip_prefix("\n\n"));
    let Some((list, body)) = listed.and_then(|rest| rest.split_once(DIVIDER)) else { return (text, Vec::new()) };
    let parameters: Option<Vec<Parameter>> = list.lines().map(parameter).collect();
    parameters.map_or((text, Vec::new()), |parameters| (body, parameters))
}

fn parameter(line: &str) -> Option<Parameter> {
    let (name, rest) = line.strip_prefix("- {{")?.split_once("}} (")?;
    let (need, words) = rest.split_once(')')?;
    let description = words.strip_prefix(": ").map(str::to_owned);
    Some(Parameter { required: need == "required", description, ..Parameter::required(name) })
}

/// The places of the arguments in the text.
pub(crate) fn scan(text: &str, names: &[String]) -> Vec<Found> {
    let mut found = Vec::new();
    for name in names {
        let mark = mark(name);
        let argument = |at: usize| Found::argument(at..at + mark.len(), Reference::Name(name.clone(), None));
        found.extend(text.match_indices(&mark).map(|(at, _)| argument(at)));
    }
    crate::live::sorted(found)
}
