//! Writes a text as a Handlebars template that renders to the same text.

use crate::pieces::Piece;

/// Names that a tag with nothing else would not read as a variable: helpers of Handlebars and Dotprompt, and words of the grammar.
const RESERVED: [&str; 24] = [
    "as",
    "each",
    "else",
    "false",
    "helperMissing",
    "history",
    "if",
    "ifEquals",
    "inline",
    "json",
    "log",
    "lookup",
    "media",
    "null",
    "partial-block",
    "role",
    "section",
    "this",
    "true",
    "undefined",
    "unless",
    "unlessEquals",
    "with",
    "blockHelperMissing",
];

/// The template of `pieces`, which are joined.
pub(crate) fn template(pieces: &[Piece]) -> String {
    let mut out = String::new();
    for (index, piece) in pieces.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| &pieces[index]);
        let after = pieces.get(index + 1);
        match piece {
            Piece::Text(text) => {
                // After `}}`, a brace would belong to the tag. `~` removes the blank between them.
                if before.is_some() && text.starts_with('}') {
                    out.push(' ');
                }
                push_text(&mut out, text, after.is_some());
            }
            Piece::Argument(name) => {
                let open = if before.is_some_and(ends_with_brace) { "{{~" } else { "{{" };
                let close = if after.is_some_and(starts_with_brace) { "~}}" } else { "}}" };
                out.extend([open, &path(name), close]);
            }
        }
    }
    out
}

fn ends_with_brace(piece: &Piece) -> bool {
    matches!(piece, Piece::Text(text) if text.ends_with('{'))
}

fn starts_with_brace(piece: &Piece) -> bool {
    matches!(piece, Piece::Text(text) if text.starts_with('}'))
}

/// Writes text. In front of `{{`, one backslash is an escape, and two are one backslash.
fn push_text(out: &mut String, text: &str, is_before_tag: bool) {
    let mut rest = text;
    while !rest.is_empty() {
        let backslashes = rest.len() - rest.trim_start_matches('\\').len();
        let after = &rest[backslashes..];
        if let Some(inside) = after.strip_prefix("{{") {
            if backslashes > 0 {
                // A comment, since no number of backslashes means one backslash and a literal brace.
                out.push_str(&rest[..backslashes]);
                out.push_str("\\{{!}}");
            }
            out.push_str("\\{{");
            rest = inside;
        } else if after.is_empty() && is_before_tag {
            out.push_str(rest);
            out.push('\\');
            return;
        } else {
            let next = after.chars().next().map_or(0, char::len_utf8);
            out.push_str(&rest[..backslashes + next]);
            rest = &rest[backslashes + next..];
        }
    }
    if is_before_tag && text.ends_with('{') {
        out.push(' ');
    }
}

/// A variable as a tag reads it.
fn path(name: &str) -> String {
    let is_plain = !RESERVED.contains(&name) && !name.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if is_plain { name.to_owned() } else { format!("this.[{name}]") }
}
