//! The formats that prompts are written in and read from, one file each.

pub(crate) mod claude;
pub(crate) mod cursor;
pub(crate) mod gemini;
pub(crate) mod opencode;
pub(crate) mod skills;
pub(crate) mod vscode;

use std::ops::Range;

use crate::draft::Draft;
use crate::import::InputFile;
use crate::parameter::Parameter;
use crate::pieces::Piece;
use crate::plan::Plan;

/// A format.
pub(crate) struct Format {
    /// Its name on the command line.
    pub(crate) word: &'static str,
    /// The program that reads its files.
    pub(crate) program: &'static str,
    /// The file of a prompt: its folders are kept, or become a part of its name.
    pub(crate) path: fn(key: &str, name: &str) -> String,
    pub(crate) write: fn(plan: &Plan, path: &str) -> Result<Written, String>,
    pub(crate) read: fn(file: &InputFile) -> Result<Draft, String>,
}

/// The text of a file, and what it does not hold.
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) notes: Vec<String>,
}

/// The text of a plan with a placeholder for each argument, and the places of the placeholders. `placeholder` gets the argument, its
/// index and the text after it.
pub(crate) fn assembled(
    plan: &Plan,
    placeholder: impl Fn(&Parameter, usize, &str) -> Result<String, String>,
) -> Result<(String, Vec<Range<usize>>), String> {
    let (mut text, mut places) = (String::new(), Vec::new());
    for (at, piece) in plan.pieces.iter().enumerate() {
        match piece {
            Piece::Text(piece) => text.push_str(piece),
            Piece::Argument(name) => {
                let after = if let Some(Piece::Text(after)) = plan.pieces.get(at + 1) { after.as_str() } else { "" };
                let (index, parameter) = plan.parameter(name);
                let start = text.len();
                text.push_str(&placeholder(parameter, index, after)?);
                places.push(start..text.len());
            }
        }
    }
    let end = text.trim_end().len();
    text.truncate(end.max(places.last().map_or(0, |place| place.end)));
    Ok((text, places))
}

/// "not kept: title and tags", of the fields that a prompt has.
pub(crate) fn not_kept(fields: &[(&str, bool)]) -> Vec<String> {
    let lost: Vec<&str> = fields.iter().filter(|(_, is_there)| *is_there).map(|(field, _)| *field).collect();
    if lost.is_empty() { Vec::new() } else { vec![format!("not kept: {}", lost.join(", "))] }
}
