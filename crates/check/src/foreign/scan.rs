//! Finds text and tags that other programs read as their own, or that belong to other template languages.

use dotprompt::Place;
use dotprompt::tree::Token;

use super::{tag, text};

/// Text of a template that is more than text to another program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Foreign<'a> {
    /// `${{ … }}` of GitHub Actions and its like; what stands in the braces.
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

/// Another template language, and how its writing is written here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Other {
    /// Such as `Jinja or Liquid`.
    pub(super) language: &'static str,
    /// Such as `write {{#each files}} … {{/each}}`.
    pub(super) instead: String,
    /// Of a tag: whether it means something else here, where others are errors. Of text: whether it hardly means itself.
    pub(super) is_certain: bool,
    /// Whether it calls a helper that Handlebars does not have.
    pub(super) is_helper: bool,
}

impl Other {
    pub(super) fn new(language: &'static str, instead: impl Into<String>) -> Self {
        Self { language, instead: instead.into(), is_certain: false, is_helper: false }
    }

    pub(super) fn helper(instead: impl Into<String>) -> Self {
        Self { is_helper: true, ..Self::new("a helper that Handlebars does not have by itself", instead) }
    }

    pub(super) fn certain(self) -> Self {
        Self { is_certain: true, ..self }
    }
}

/// Finds all of it in `source`, in order; `source` starts at `start` of its file, and `tokens` are its text and tags.
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
    const COMMANDS: [&str; 28] = [
        "author",
        "bar",
        "begin",
        "boxed",
        "caption",
        "chapter",
        "cite",
        "date",
        "emph",
        "end",
        "footnote",
        "frac",
        "hat",
        "label",
        "mathbf",
        "mathrm",
        "operatorname",
        "overline",
        "paragraph",
        "ref",
        "section",
        "sqrt",
        "subsection",
        "text",
        "textbf",
        "textit",
        "title",
        "vec",
    ];
    let (_, command) = before.rsplit_once('\\')?;
    let command = command.split(['*', '[']).next().unwrap_or_default();
    let name = tag.trim_matches(['{', '}', ' ']);
    COMMANDS.contains(&command).then(|| {
        let instead = format!(
            "write \\{command}{{{name}}} for LaTeX's own braces, \\{command}{{ {{{{{name}}}}} }} for a value in them"
        );
        Other::new("LaTeX, or Python's {{ for {", instead).certain()
    })
}

/// The delimiters that Mustache's `=<% %>=` sets.
fn new_delimiters(inside: &str) -> Option<(&str, &str)> {
    let (open, close) = inside.trim().strip_prefix('=')?.strip_suffix('=')?.trim().split_once(char::is_whitespace)?;
    let close = close.trim_start();
    (!open.contains('=') && !close.contains(['=', ' '])).then_some((open, close))
}

/// Looks through text that may have tags between the delimiters of Mustache that hold there.
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
            found.push((place, Foreign::Text(whole, Other::new("Mustache", instead).certain())));
        }
        place = place.after(whole);
        at = begin + whole.len();
    }
    in_text(&text[at..], place, |offset| is_code(at + offset), found);
}

fn in_text<'a>(text: &'a str, start: Place, is_code: impl Fn(usize) -> bool, found: &mut Vec<(Place, Foreign<'a>)>) {
    let (mut at, mut place) = (0, start);
    let mut others = text::next(text, 0);
    while let Some(next) = text[at..].find(['{', '$', '!', '<', '@', '%', '#']) {
        let begin = at + next;
        while let Some((range, _)) = &others
            && range.start < begin
        {
            others = text::next(text, begin);
        }
        place = place.after(&text[at..begin]);
        let rest = &text[begin + 1..];
        let (length, what) = match &others {
            Some((range, other)) if range.start == begin => {
                let whole = &text[range.clone()];
                (whole.len(), (!is_code(begin)).then(|| Foreign::Text(whole, other.clone())))
            }
            _ => {
                // As opencode reads a text: <https://github.com/anomalyco/opencode>, `SessionPrompt.command`.
                let is_placeholder = text[begin..].starts_with('$');
                let length = match &text[begin..=begin] {
                    "$" => rest.bytes().take_while(u8::is_ascii_digit).count(),
                    "!" => command(rest).unwrap_or_default(),
                    _ => 0,
                };
                let whole = &text[begin..=begin + length];
                let what = if is_placeholder { Foreign::Placeholder(whole) } else { Foreign::Command(whole) };
                (whole.len(), (length > 0).then_some(what))
            }
        };
        found.extend(what.map(|what| (place, what)));
        place = place.after(&text[begin..begin + length]);
        at = begin + length;
    }
}

/// How long what follows a `!` is, if it stands in backticks.
fn command(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('`')?;
    inside.find('`').filter(|length| *length > 0).map(|length| length + 2)
}
