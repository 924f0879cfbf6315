//! The text of a prompt, with its arguments apart from it.

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text that stands for itself.
    Text(String),
    /// The value of an argument.
    Argument(String),
}

/// Joins neighbouring texts and drops empty ones.
pub(crate) fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut all: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match (all.last_mut(), piece) {
            (_, Piece::Text(text)) if text.is_empty() => {}
            (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
            (_, piece) => all.push(piece),
        }
    }
    all
}

/// Drops white space at the start and the end, as front matter does with the template after it.
pub(crate) fn trimmed(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut pieces = joined(pieces);
    if let Some(Piece::Text(first)) = pieces.first_mut() {
        *first = first.trim_start().to_owned();
    }
    if let Some(Piece::Text(last)) = pieces.last_mut() {
        last.truncate(last.trim_end().len());
    }
    joined(pieces)
}

/// The names of the arguments, in the order of their first use.
pub(crate) fn names(pieces: &[Piece]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for piece in pieces {
        if let Piece::Argument(name) = piece
            && !names.contains(&name.as_str())
        {
            names.push(name);
        }
    }
    names
}
