//! Finds text and tags that other programs read as their own, or that belong to other template languages.

use std::sync::LazyLock;

use dotprompt::Place;
use dotprompt::tree::Token;

use super::syntax::{Other, Table, certain};
use super::{tag, text};

/// A tag or text that another program or language would interpret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Foreign<'a> {
    /// `${{ … }}` of GitHub Actions and similar programs; the text in the braces.
    Expression(&'a str),
    /// `$1`
    Placeholder(&'a str),
    /// `` !`command` ``
    Command(&'a str),
    /// A tag of another template language.
    Tag(&'a str, Other),
    /// Text that another template language fills in.
    Text(&'a str, Other),
}

/// Finds all foreign tags and texts, in order. `source` starts at `start` of its file, and `tokens` are its text and tags.
pub(super) fn scan<'a>(source: &'a str, start: Place, tokens: &[Token<'a>]) -> Vec<(Place, Foreign<'a>)> {
    let mut found = Vec::new();
    let mut place = start;
    let mut text_before = None;
    let code = text::code(source);
    let mut delimiters = None;
    for token in tokens {
        match token {
            Token::Text(text) => {
                // The backslash before a literal `{{` is in no text.
                if text.starts_with("{{") {
                    place.column += 1;
                }
                let at = text.as_ptr() as usize - source.as_ptr() as usize;
                let is_code = |offset: usize| code.iter().any(|range| range.contains(&(at + offset)));
                in_mustache(text, place, &is_code, &mut delimiters, &mut found);
                place = place.after(text);
                text_before = Some(*text);
            }
            Token::Tag(tag) => {
                let is_tag = tag.has_expression();
                // `<%={{ }}=%>`
                let sets_back = |(open, _)| text_before.and_then(|text| text.strip_suffix('=')?.strip_suffix(open));
                if delimiters.and_then(sets_back).is_some() {
                    delimiters = None;
                    found.push((tag.place, Foreign::Tag(tag.whole, tag::change_of_delimiters())));
                } else if is_tag && text_before.is_some_and(|text| text.ends_with('$')) {
                    let dollar = Place { column: tag.place.column.saturating_sub(1), ..tag.place };
                    found.push((dollar, Foreign::Expression(tag.inside)));
                } else if let Some(other) = text_before.filter(|_| is_tag).and_then(|text| latex(text, tag.whole)) {
                    found.push((tag.place, Foreign::Tag(tag.whole, other)));
                } else if let Some(other) = tag::of_tag(tag.whole).filter(|_| is_tag) {
                    found.push((tag.place, Foreign::Tag(tag.whole, other)));
                }
                delimiters = new_delimiters(tag.inside).or(delimiters);
                place = tag.place.after(tag.whole);
                text_before = None;
            }
        }
    }
    found
}

/// A value where LaTeX has an argument, `\frac{{a}}{{b}}`.
fn latex(before: &str, tag: &str) -> Option<Other> {
    static COMMANDS: LazyLock<Table> = LazyLock::new(|| {
        Table::new(vec![certain(
            "^\\\\(author|bar|begin|boxed|caption|chapter|cite|date|emph|end|footnote|frac|hat|label|mathbf|mathrm|\
             operatorname|overline|paragraph|ref|section|sqrt|subsection|text|textbf|textit|title|vec)(?:[*\\[].*)?\
             \\{\\{\\s*([^{}]*?)\\s*\\}\\}$",
            "LaTeX, or Python's {{ for {",
            "write \\$1{$2} for LaTeX's own braces, \\$1{ {{$2}} } for a value in them",
        )])
    });
    COMMANDS.of(&format!("{}{tag}", &before[before.rfind('\\')?..]))
}

/// The delimiters that Mustache's `=<% %>=` sets.
fn new_delimiters(inside: &str) -> Option<(&str, &str)> {
    let (open, close) = inside.trim().strip_prefix('=')?.strip_suffix('=')?.trim().split_once(char::is_whitespace)?;
    let close = close.trim_start();
    (!open.contains('=') && !close.contains(['=', ' '])).then_some((open, close))
}

/// Finds foreign text, and tags between the current delimiters of Mustache.
fn in_mustache<'a>(
    text: &'a str,
    start: Place,
    is_code: &impl Fn(usize) -> bool,
    delimiters: &mut Option<(&'a str, &'a str)>,
    found: &mut Vec<(Place, Foreign<'a>)>,
) {
    let (mut at, mut place) = (0, start);
    while let Some((open, close)) = *delimiters
        && let Some(begin) = text[at..].find(open).map(|begin| at + begin)
        && let Some(length) = text[begin + open.len()..].find(close)
    {
        let inside = &text[begin + open.len()..][..length];
        let whole = &text[begin..begin + open.len() + length + close.len()];
        in_text(&text[at..begin], place, |offset| is_code(at + offset), found);
        place = place.after(&text[at..begin]);
        let instead = if let Some(new) = new_delimiters(inside) {
            *delimiters = Some(new);
            "leave it out".to_owned()
        } else {
            format!("write {{{{{}}}}}", inside.trim())
        };
        if !is_code(begin) {
            found.push((place, Foreign::Text(whole, Other::certain("Mustache", &instead))));
        }
        place = place.after(whole);
        at = begin + whole.len();
    }
    in_text(&text[at..], place, |offset| is_code(at + offset), found);
}

fn in_text<'a>(text: &'a str, start: Place, is_code: impl Fn(usize) -> bool, found: &mut Vec<(Place, Foreign<'a>)>) {
    let (mut at, mut place) = (0, start);
    while let Some(next) = text[at..].find(['{', '$', '!', '<', '@', '%', '#']) {
        let begin = at + next;
        place = place.after(&text[at..begin]);
        let (before, rest) = text.split_at(begin);
        let (length, what) = match text::piece(before, rest) {
            Some((length, other)) => (length, (!is_code(begin)).then(|| Foreign::Text(&rest[..length], other))),
            None => client_text(rest).map_or((1, None), |(length, what)| (length, Some(what))),
        };
        found.extend(what.map(|what| (place, what)));
        place = place.after(&rest[..length]);
        at = begin + length;
    }
}

/// Text that opencode replaces: <https://github.com/anomalyco/opencode>, `SessionPrompt.command`.
fn client_text(rest: &str) -> Option<(usize, Foreign<'_>)> {
    let digits = rest.strip_prefix('$').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    if digits > 0 {
        return Some((1 + digits, Foreign::Placeholder(&rest[..=digits])));
    }
    let command = rest.strip_prefix("!`")?;
    let length = command.find('`').filter(|length| *length > 0)? + 3;
    Some((length, Foreign::Command(&rest[..length])))
}
