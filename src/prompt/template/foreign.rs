//! What stands in a template's text that other programs take for something of theirs.

use super::Place;
use super::tags::{TagKind, Token, tokens};

/// Text of a template that is more than text to another program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Foreign<'a> {
    /// `${{ … }}` of GitHub Actions and its like; what stands in the braces.
    Expression(&'a str),
    /// `$1`, `$ARGUMENTS`
    Placeholder(&'a str),
    /// `` !`command` ``
    Command(&'a str),
}

/// All of it in `source`, which begins at `start` of its file, in order.
pub(crate) fn foreign(source: &str, start: Place) -> Vec<(Place, Foreign<'_>)> {
    let mut found = Vec::new();
    let mut place = start;
    let mut text_before = None;
    for token in &tokens(source, start) {
        match token {
            Token::Text(text) => {
                // The backslash before a literal `{{` is in no text.
                if text.starts_with("{{") {
                    place.column += 1;
                }
                in_text(text, place, &mut found);
                place = place.behind(text);
                text_before = Some(*text);
            }
            Token::Tag(tag) => {
                if tag.kind != TagKind::Comment && text_before.is_some_and(|text| text.ends_with('$')) {
                    let dollar = Place { column: tag.place.column.saturating_sub(1), ..tag.place };
                    found.push((dollar, Foreign::Expression(tag.inside)));
                }
                place = tag.place.behind(tag.whole);
                text_before = None;
            }
        }
    }
    found
}

/// As opencode reads a text: <https://github.com/anomalyco/opencode>, `SessionPrompt.command`.
fn in_text<'a>(text: &'a str, start: Place, found: &mut Vec<(Place, Foreign<'a>)>) {
    let (mut at, mut place) = (0, start);
    while let Some(next) = text[at..].find(['$', '!']) {
        let begin = at + next;
        let rest = &text[begin + 1..];
        let length = if text[begin..].starts_with('$') { placeholder(rest) } else { command(rest) };
        place = place.behind(&text[at..begin]);
        let end = begin + 1 + length.unwrap_or_default();
        let whole = &text[begin..end];
        match length {
            Some(_) if whole.starts_with('$') => found.push((place, Foreign::Placeholder(whole))),
            Some(_) => found.push((place, Foreign::Command(whole))),
            None => {}
        }
        place = place.behind(whole);
        at = end;
    }
}

/// How long what follows a `$` is, if it is a number or `ARGUMENTS`.
fn placeholder(rest: &str) -> Option<usize> {
    const ALL: &str = "ARGUMENTS";
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 { Some(digits) } else { rest.starts_with(ALL).then_some(ALL.len()) }
}

/// How long what follows a `!` is, if it stands in backticks.
fn command(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('`')?;
    inside.find('`').filter(|length| *length > 0).map(|length| length + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(source: &str) -> Vec<(u32, u32, Foreign<'_>)> {
        foreign(source, Place::START).into_iter().map(|(place, what)| (place.line, place.column, what)).collect()
    }

    #[test]
    fn what_other_programs_take_for_theirs_is_found_where_it_stands() {
        assert_eq!(
            all("é ${{ github.ref }} $12,\n$ARGUMENTS !`git log`"),
            [
                (1, 3, Foreign::Expression("github.ref")),
                (1, 21, Foreign::Placeholder("$12")),
                (2, 1, Foreign::Placeholder("$ARGUMENTS")),
                (2, 12, Foreign::Command("!`git log`")),
            ]
        );
        assert_eq!(all("a $\\{{ x }} $1"), [(1, 13, Foreign::Placeholder("$1"))]);
    }

    #[test]
    fn what_only_looks_like_it_is_not() {
        for source in ["$ 1", "$x", "! `a`", "!``", "!`a", "{{! $1 !`a` }}", "{{x}}$", "$", "${{! x }}", "$\\{{x}}"] {
            assert_eq!(all(source), [], "{source}");
        }
    }
}
