//! VS Code's prompt files: `.github/prompts/name.prompt.md`.
//!
//! `${input:name:description}` asks for a value. VS Code replaces other `${…}`, attaches the files of `#file:path` and of Markdown
//! links, and offers the tools of `#tool:name`. Nothing escapes them.

use std::sync::LazyLock;

use regex::Regex;

use super::{Format, Written, assembled, not_kept};
use crate::draft::Draft;
use crate::import::InputFile;
use crate::live::{self, ATTACHES, Found, REPLACES, Reference};
use crate::markdown::{self, Document};
use crate::parameter::{KEY, Kept, Names, Parameter};
use crate::plan::Plan;
use crate::{paths, yaml};

pub(crate) const FORMAT: Format = Format {
    word: "vscode",
    program: "VS Code",
    // It does not look for prompt files in folders below.
    path: |_, name| format!("{name}.prompt.md"),
    write,
    read,
};

/// Bytes of a placeholder that are looked at.
const MAX_INPUT: usize = 2_000;

const OFFERS: &str = "offers the tool of";

fn write(plan: &Plan, _: &str) -> Result<Written, String> {
    let placeholder = |parameter: &Parameter, _, _: &str| {
        let words = parameter.words().map(|words| format!(":{}", words.replace('{', "(").replace('}', ")")));
        Ok(format!("${{input:{}{}}}", parameter.name, words.unwrap_or_default()))
    };
    let (text, places) = assembled(plan, placeholder)?;
    live::check(FORMAT.program, scan, &text, &[], &places)?;
    let description = plan.description.as_ref().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let optional = plan.parameters.iter().any(|parameter| !parameter.required);
    let braces = plan.parameters.iter().filter_map(Parameter::words).any(|words| words.contains(['{', '}']));
    let notes = not_kept(&[
        ("the title", plan.title.is_some()),
        ("the tags", !plan.tags.is_empty()),
        ("the lines of the description", description != plan.description),
        ("which arguments are optional", optional),
        ("the braces in descriptions of arguments", braces),
        ("the titles of the arguments", plan.parameters.iter().any(|parameter| parameter.title.is_some())),
    ]);
    let fields = [("description", description.map(|text| single(&text)))];
    Ok(Written { text: markdown::write(&fields, &text), notes })
}

/// A text on one line, without escapes: VS Code has a reader of YAML of its own.
fn single(text: &str) -> String {
    let plain = yaml::scalar(text);
    if plain.starts_with('"') { format!("'{}'", text.replace('\'', "''")) } else { plain }
}

fn read(file: &InputFile) -> Result<Draft, String> {
    let document = Document::read(&file.path, &file.bytes)?;
    let (mut kept, mut names) = (Kept::default(), Names::default());
    let found = scan(&document.body, &[]);
    let (pieces, mut notes) = live::pieces(FORMAT.program, &document.body, &found, |reference| {
        let Reference::Name(name, description) = reference else { return String::new() };
        let name = names.of(name, name);
        if !kept.arguments.iter().any(|known| known.name == name) {
            kept.arguments.push(Parameter { description: description.clone(), ..Parameter::required(&name) });
        }
        name
    });
    notes.extend(document.others(&["description", KEY]));
    let path = paths::plain(file.path.strip_suffix(".prompt.md").unwrap_or(&file.path));
    let mut draft = Draft { description: document.text("description"), notes, ..Draft::of_text(path, pieces) };
    draft.keep(kept);
    Ok(draft)
}

/// What VS Code finds in a text.
pub(crate) fn scan(text: &str, _: &[String]) -> Vec<Found> {
    static INPUT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\$\{input:([^:}\n]+)(?::([^}\n]*))?\}").expect("a valid pattern"));
    static LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\[[^\n]*?\]\(([^\n]+?)\)").expect("a valid pattern"));
    static FILE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)#file:[^\s#]+|#tool:[\w./-]+").expect("a valid pattern"));
    let mut found = Vec::new();
    for (at, _) in text.match_indices("${") {
        let rest = &text[at..];
        let input = Some(&rest[..rest.floor_char_boundary(MAX_INPUT)]).filter(|rest| rest.starts_with("${input:"));
        found.push(match input.and_then(|input| INPUT.captures(input)) {
            Some(input) => {
                let description =
                    input.get(2).map(|text| text.as_str().trim().to_owned()).filter(|text| !text.is_empty());
                Found::argument(at..at + input[0].len(), Reference::Name(input[1].to_owned(), description))
            }
            None => Found::live(at..at + live::up_to(rest, '}'), REPLACES),
        });
    }
    for link in LINK.captures_iter(text) {
        let range = link.get_match().range();
        let is_image = text[..range.start].ends_with('!');
        let is_elsewhere = ["http://", "https://", "mailto:", "#"].iter().any(|start| link[1].starts_with(start));
        if !is_image && !is_elsewhere {
            found.push(Found::live(range, ATTACHES));
        }
    }
    for file in FILE.find_iter(text) {
        let is_tool = file.as_str()[1..].to_lowercase().starts_with("tool");
        found.push(Found::live(file.range(), if is_tool { OFFERS } else { ATTACHES }));
    }
    live::sorted(found)
}
