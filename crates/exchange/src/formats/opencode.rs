//! opencode's commands: `.opencode/commands/folder/name.md`.
//!
//! As opencode 1.18.33 reads them: `$1`, `$2` … are words, of which the highest takes the rest; `$ARGUMENTS` is all that is typed;
//! `` !`command` `` is run; `@path` that does not follow a letter, a digit, `_` or a backtick attaches a file. Nothing escapes them.

use std::sync::LazyLock;

use regex::Regex;

use super::{Format, Written, assembled};
use crate::draft::Draft;
use crate::formats::claude::stem;
use crate::import::InputFile;
use crate::live::{self, ATTACHES, Found, RUNS, Reference};
use crate::markdown::{self, Document};
use crate::parameter::{KEY, Parameter, argument_name};
use crate::paths;
use crate::plan::Plan;

pub(crate) const FORMAT: Format = Format {
    word: "opencode",
    program: "opencode",
    path: |key, name| format!("{}.md", paths::of_prompt(key, name)),
    write,
    read,
};

fn write(plan: &Plan, _: &str) -> Result<Written, String> {
    let is_only = plan.parameters.len() == 1;
    let placeholder = |_: &Parameter, index: usize, _: &str| {
        Ok(if is_only { "$ARGUMENTS".to_owned() } else { format!("${}", index + 1) })
    };
    let (text, places) = assembled(plan, placeholder)?;
    live::check(FORMAT.program, scan, &text, &[], &places)?;
    let fields =
        [("description", markdown::scalar(plan.description.as_ref())), (KEY, Some(plan.kept(FORMAT.word).to_json()))];
    Ok(Written { text: markdown::write(&fields, &text), notes: Vec::new() })
}

fn read(file: &InputFile) -> Result<Draft, String> {
    let document = Document::read(&file.path, &file.bytes)?;
    let kept = document.kept();
    let name = |index: usize| kept.arguments.get(index).map(|parameter| argument_name(&parameter.name));
    let found = scan(&document.body, &[]);
    let (pieces, mut notes) = live::pieces(FORMAT.program, &document.body, &found, |reference| match reference {
        Reference::Index(index) => name(*index).unwrap_or_else(|| format!("argument_{}", index + 1)),
        _ if kept.arguments.len() == 1 => name(0).unwrap_or_default(),
        _ => "arguments".to_owned(),
    });
    notes.extend(document.others(&["description"]));
    let mut draft = Draft {
        description: document.text("description"),
        notes,
        ..Draft::of_text(paths::plain(stem(&file.path)), pieces)
    };
    draft.keep(kept);
    Ok(draft)
}

/// What opencode finds in a text.
fn scan(text: &str, _: &[String]) -> Vec<Found> {
    static WORDS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\$([0-9]+)|\$ARGUMENTS").expect("a valid pattern"));
    static FILE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^@\.?[^\s`,.]*(?:\.[^\s`,.]+)*").expect("a valid pattern"));
    let mut found = Vec::new();
    for words in WORDS.captures_iter(text) {
        let range = words.get_match().range();
        found.push(match words.get(1).map(|number| number.as_str().parse::<usize>()) {
            None => Found::argument(range, Reference::All),
            Some(Ok(number @ 1..)) => Found::argument(range, Reference::Index(number - 1)),
            Some(_) => Found::live(range, live::ARGUMENT),
        });
    }
    for (at, _) in text.match_indices("!`") {
        found.push(Found::live(at..at + 2 + live::up_to(&text[at + 2..], '`'), RUNS));
    }
    for (at, _) in text.match_indices("!$") {
        // A value in backticks would complete the mark.
        found.push(Found::live(at..at + 2, RUNS));
    }
    for (at, _) in text.match_indices('@') {
        let follows_word = text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '`'));
        if let Some(file) = FILE.find(live::shown(&text[at..])).filter(|_| !follows_word) {
            found.push(Found::live(at..at + file.len(), ATTACHES));
        }
    }
    live::sorted(found)
}
