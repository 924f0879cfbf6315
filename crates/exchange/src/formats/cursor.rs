//! Cursor's commands: `.cursor/commands/name.md`, plain Markdown. What is typed after a command follows its text, so arguments are
//! written in words. `@name` at the start of a word may attach a file.

use super::{Format, Written, not_kept};
use crate::draft::Draft;
use crate::import::InputFile;
use crate::live::{self, Found, FoundKind, Reference};
use crate::markdown::Document;
use crate::parameter::{Kept, argument_name};
use crate::plan::Plan;
use crate::{paths, words};

pub(crate) const FORMAT: Format =
    Format { word: "cursor", program: "Cursor", path: |_, name| format!("{name}.md"), write, read };

fn write(plan: &Plan, _: &str) -> Result<Written, String> {
    let text = words::write(plan)?;
    live::check(FORMAT.program, scan, &text, &[], &[])?;
    if text.starts_with("---") {
        return Err("the text begins with ---, which may be read as front matter".to_owned());
    }
    let notes = not_kept(&[
        ("the title", plan.title.is_some()),
        ("the description", plan.description.is_some()),
        ("the tags", !plan.tags.is_empty()),
        ("the titles of the arguments", plan.parameters.iter().any(|parameter| parameter.title.is_some())),
    ]);
    Ok(Written { text: format!("{}\n", text.trim_end()), notes })
}

fn read(file: &InputFile) -> Result<Draft, String> {
    let document = Document::read(&file.path, &file.bytes)?;
    let (body, parameters) = words::read(&document.body);
    let names: Vec<String> = parameters.iter().map(|parameter| parameter.name.clone()).collect();
    let mut found = scan(body, &[]);
    found.retain(|found| matches!(found.kind, FoundKind::Live(_)));
    found.extend(words::scan(body, &names));
    let (pieces, mut notes) = live::pieces(FORMAT.program, body, &live::sorted(found), |reference| match reference {
        Reference::Name(name, _) => argument_name(name),
        _ => String::new(),
    });
    notes.extend(document.others(&["description"]));
    let path = paths::plain(crate::formats::claude::stem(&file.path));
    let mut draft = Draft { description: document.text("description"), notes, ..Draft::of_text(path, pieces) };
    draft.keep(Kept { arguments: parameters, ..Kept::default() });
    Ok(draft)
}

/// What Cursor may find in a text.
fn scan(text: &str, _: &[String]) -> Vec<Found> {
    live::mentions(text, char::is_whitespace)
}
