//! Gemini CLI's commands: `.gemini/commands/folder/name.toml`.
//!
//! As Gemini CLI 0.61.0 reads them: `{{args}}` is all that is typed, `!{command}` is run, `@{path}` is replaced by a file. Nothing
//! escapes them. Without `{{args}}`, what is typed follows the text, so several arguments are written in words.

use super::{Format, Written, assembled};
use crate::draft::Draft;
use crate::import::InputFile;
use crate::live::{self, ATTACHES, Found, FoundKind, RUNS, Reference};
use crate::parameter::{KEY, Kept, Parameter, argument_name};
use crate::plan::Plan;
use crate::{paths, words};

pub(crate) const FORMAT: Format = Format {
    word: "gemini",
    program: "Gemini CLI",
    path: |key, name| format!("{}.toml", paths::of_prompt(key, name)),
    write,
    read,
};

const ARGS: &str = "{{args}}";

fn write(plan: &Plan, _: &str) -> Result<Written, String> {
    let text = if plan.parameters.len() == 1 {
        let (text, places) = assembled(plan, |_: &Parameter, _, _: &str| Ok(ARGS.to_owned()))?;
        live::check(FORMAT.program, scan, &text, &[], &places)?;
        text
    } else {
        let text = words::write(plan)?;
        live::check(FORMAT.program, scan, &text, &[], &[])?;
        text
    };
    let mut toml = String::new();
    if let Some(description) = &plan.description {
        toml.push_str(&format!("description = {}\n", basic(description)));
    }
    toml.push_str(&format!("{KEY} = {}\n", basic(&plan.kept(FORMAT.word).to_json())));
    toml.push_str(&format!("prompt = \"\"\"\n{}\"\"\"\n", multi_line(text.trim_end())));
    Ok(Written { text: toml, notes: Vec::new() })
}

/// A text on one line.
fn basic(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars() {
        match c {
            '"' | '\\' => line.extend(['\\', c]),
            '\n' => line.push_str("\\n"),
            c if c.is_control() => line.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => line.push(c),
        }
    }
    format!("\"{line}\"")
}

/// A text between two lines of three quotes.
fn multi_line(text: &str) -> String {
    let mut lines = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => lines.push_str("\\\\"),
            // Never two quotes in a row, nor one before those at the end.
            '"' if chars.peek().is_none_or(|next| *next == '"') => lines.push_str("\\\""),
            '\n' | '\t' => lines.push(c),
            c if c.is_control() => lines.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => lines.push(c),
        }
    }
    lines
}

fn read(file: &InputFile) -> Result<Draft, String> {
    let text = std::str::from_utf8(&file.bytes).map_err(|_| "the file is not UTF-8 text")?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let table: toml::Table =
        text.parse().map_err(|e: toml::de::Error| format!("the file is not TOML: {}", e.message()))?;
    let field = |name: &str| table.get(name).and_then(|value| value.as_str());
    let prompt = field("prompt").ok_or("a command of Gemini CLI has its text in `prompt`")?;
    let kept = field(KEY).map(Kept::of_json).unwrap_or_default();
    let (body, parameters) = words::read(prompt);
    let names: Vec<String> = parameters.iter().map(|parameter| parameter.name.clone()).collect();
    let mut found = scan(body, &[]);
    // In words, the names stand in the braces.
    if !names.is_empty() {
        found.retain(|found| matches!(found.kind, FoundKind::Live(_)));
        found.extend(words::scan(body, &names));
        found = live::sorted(found);
    }
    let only = if let [only] = &*kept.arguments { argument_name(&only.name) } else { "args".to_owned() };
    let (pieces, mut notes) = live::pieces(FORMAT.program, body, &found, |reference| match reference {
        Reference::Name(name, _) => argument_name(name),
        _ => only.clone(),
    });
    let others: Vec<String> = table
        .keys()
        .filter(|key| !["prompt", "description", KEY].contains(&key.as_str()))
        .map(|key| format!("`{}`", dotprompt::shorten(key)))
        .collect();
    if !others.is_empty() {
        notes.push(format!("not kept: {}", others.join(", ")));
    }
    let path = paths::plain(file.path.strip_suffix(".toml").unwrap_or(&file.path));
    let description = field("description").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let mut draft = Draft { description, notes, ..Draft::of_text(path, pieces) };
    draft.keep(Kept { arguments: parameters, ..Kept::default() });
    draft.keep(kept);
    Ok(draft)
}

/// What Gemini CLI finds in a text.
fn scan(text: &str, _: &[String]) -> Vec<Found> {
    let arguments = text.match_indices(ARGS).map(|(at, _)| Found::argument(at..at + ARGS.len(), Reference::All));
    let mut found: Vec<Found> = arguments.collect();
    for (mark, effect) in [("!{", RUNS), ("@{", ATTACHES)] {
        for (at, _) in text.match_indices(mark) {
            found.push(Found::live(at..at + length(live::shown(&text[at..])), effect));
        }
    }
    live::sorted(found)
}

/// The length up to the brace that closes the first one.
fn length(text: &str) -> usize {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}
