//! Text that a program executes or replaces.

use std::ops::Range;

use crate::pieces::Piece;

/// A part of a text that is not plain text for a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) range: Range<usize>,
    pub(crate) kind: FoundKind,
}

/// What the program does with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FoundKind {
    /// An argument replaces it.
    Argument(Reference),
    /// It is dropped, so that what follows is plain text.
    Escape,
    /// The program does something else with it: "runs".
    Live(&'static str),
}

/// How a placeholder names its argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reference {
    /// All that is typed.
    All,
    /// A word, counted from 0.
    Index(usize),
    /// By name, perhaps with a description.
    Name(String, Option<String>),
}

pub(crate) const RUNS: &str = "runs the command";
pub(crate) const ATTACHES: &str = "attaches the file of";
pub(crate) const REPLACES: &str = "puts something in the place of";
pub(crate) const ARGUMENT: &str = "puts an argument in the place of";

impl Found {
    pub(crate) fn live(range: Range<usize>, effect: &'static str) -> Self {
        Self { range, kind: FoundKind::Live(effect) }
    }

    pub(crate) fn argument(range: Range<usize>, reference: Reference) -> Self {
        Self { range, kind: FoundKind::Argument(reference) }
    }

    /// The index of the word that replaces it.
    pub(crate) fn index(&self) -> Option<usize> {
        if let FoundKind::Argument(Reference::Index(index)) = self.kind { Some(index) } else { None }
    }

    /// Whether an argument replaces it by name.
    pub(crate) fn is_named(&self) -> bool {
        matches!(self.kind, FoundKind::Argument(Reference::Name(..)))
    }
}

/// What a program finds in a text. `names` are those of the arguments, where a file lists them.
pub(crate) type Scan = fn(text: &str, names: &[String]) -> Vec<Found>;

/// Checks a text that was put together for a program: it finds there exactly the placeholders at `expected`, and nothing else.
///
/// # Errors
/// What else the program would find.
pub(crate) fn check(
    program: &str,
    scan: Scan,
    text: &str,
    names: &[String],
    expected: &[Range<usize>],
) -> Result<(), String> {
    let mut found_arguments = Vec::new();
    for Found { range, kind } in scan(text, names) {
        let why = match kind {
            FoundKind::Argument(_) if expected.contains(&range) => {
                found_arguments.push(range);
                continue;
            }
            FoundKind::Escape => continue,
            FoundKind::Argument(_) => ARGUMENT,
            FoundKind::Live(effect) => effect,
        };
        return Err(refusal(program, text, &range, why));
    }
    if let Some(missed) = expected.iter().find(|range| !found_arguments.contains(range)) {
        let line = line_of(text, missed.start);
        return Err(format!(
            "{program} would not see the placeholder in line {line} of the text, because of what is beside it"
        ));
    }
    // The user may type nothing, or text that ends in a blank.
    for typed in ["", " "] {
        let mut text = text.to_owned();
        for range in expected.iter().rev() {
            text.replace_range(range.clone(), typed);
        }
        if let Some((range, effect)) = scan(&text, names).into_iter().find_map(|Found { range, kind }| match kind {
            FoundKind::Live(effect) => Some((range, effect)),
            FoundKind::Argument(_) => Some((range, ARGUMENT)),
            FoundKind::Escape => None,
        }) {
            return Err(refusal(program, &text, &range, effect));
        }
    }
    Ok(())
}

fn refusal(program: &str, text: &str, range: &Range<usize>, effect: &str) -> String {
    let (line, shown) = (line_of(text, range.start), dotprompt::shorten(&text[range.clone()]));
    format!("{program} {effect} `{shown}`, which is plain text here (line {line} of the text)")
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The most live parts of a text that are named.
const MAX_NOTES: usize = 20;

/// The pieces of a text that a program reads, and a remark for each part that is live there and not here.
pub(crate) fn pieces(
    program: &str,
    text: &str,
    found: &[Found],
    mut argument: impl FnMut(&Reference) -> String,
) -> (Vec<Piece>, Vec<String>) {
    let (mut pieces, mut notes, mut at) = (Vec::new(), Vec::new(), 0);
    for Found { range, kind } in found {
        match kind {
            FoundKind::Live(effect) => {
                let shown = dotprompt::shorten(&text[range.clone()]);
                let note = format!("{program} {effect} `{shown}`, which is plain text here");
                if notes.len() < MAX_NOTES && !notes.contains(&note) {
                    notes.push(note);
                } else if notes.len() == MAX_NOTES && !notes.contains(&note) {
                    notes.push("more is plain text here".to_owned());
                }
            }
            FoundKind::Argument(reference) => {
                pieces.push(Piece::Text(text[at..range.start].to_owned()));
                pieces.push(Piece::Argument(argument(reference)));
                at = range.end;
            }
            FoundKind::Escape => {
                pieces.push(Piece::Text(text[at..range.start].to_owned()));
                at = range.end;
            }
        }
    }
    pieces.push(Piece::Text(text[at..].to_owned()));
    (pieces, notes)
}

/// Bytes of live text that are looked at. More of it is never shown.
const MAX_LIVE: usize = 200;

/// The start of a text that is live.
pub(crate) fn shown(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_LIVE)]
}

/// The length of live text up to its end, or of its start.
pub(crate) fn up_to(text: &str, end: char) -> usize {
    let shown = shown(text);
    shown.find(end).map_or(shown.len(), |at| at + end.len_utf8())
}

/// The file references of a program that reads `@` at the start of a word. `starts_word` gets the character before.
pub(crate) fn mentions(text: &str, starts_word: impl Fn(char) -> bool) -> Vec<Found> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('@') {
        let is_start = text[..at].chars().next_back().is_none_or(&starts_word);
        let after = shown(&text[at + 1..]);
        let length = after.find(char::is_whitespace).unwrap_or(after.len());
        if is_start && length > 0 {
            found.push(Found::live(at..at + 1 + length, ATTACHES));
        }
    }
    found
}

/// In the order of their places, without arguments that overlap.
pub(crate) fn sorted(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|found| (found.range.start, found.range.end));
    let mut end = 0;
    found.retain(|found| {
        let is_live = matches!(found.kind, FoundKind::Live(_));
        let is_apart = is_live || found.range.start >= end;
        if !is_live {
            end = end.max(found.range.end);
        }
        is_apart
    });
    found
}
