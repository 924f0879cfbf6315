//! Splits a template into text and tags in one pass, as the lexer of Handlebars does.

use super::super::problem::Place;
use super::lexer::{self, Fault, Lexeme, is_space};

/// Unclosed tags and texts of one file: each one makes the lexer read the rest of the file.
const MAX_UNCLOSED: usize = 5;

/// A piece of a template.
#[derive(Debug)]
pub enum Token<'a> {
    /// Text outside of tags.
    Text(&'a str),
    /// `{{…}}`
    Tag(Tag<'a>),
}

impl<'a> Token<'a> {
    /// The tag, if it is one.
    #[must_use]
    pub fn tag(&self) -> Option<&Tag<'a>> {
        match self {
            Self::Tag(tag) => Some(tag),
            Self::Text(_) => None,
        }
    }
}

/// One `{{…}}`.
#[derive(Debug)]
pub struct Tag<'a> {
    pub(super) kind: TagKind,
    /// From `{{` to `}}`.
    pub whole: &'a str,
    /// The expression, without braces, sigils and tildes.
    pub inside: &'a str,
    /// The words of the expression, at bytes of `whole`.
    pub(super) words: Vec<Lexeme<'a>>,
    /// The first invalid word and its byte.
    pub(super) fault: Option<(usize, Fault)>,
    /// The start of the tag.
    pub place: Place,
    pub(super) strip: Strip,
}

impl Tag<'_> {
    /// Whether it is neither a comment nor a raw block.
    #[must_use]
    pub fn has_expression(&self) -> bool {
        !matches!(self.kind, TagKind::Comment | TagKind::Raw)
    }
}

/// The tildes of a tag, `{{~ ~}}`: whether white space before and after it is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Strip {
    pub(super) before: bool,
    pub(super) after: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagKind {
    /// `{{x}}`, `{{{x}}}`, `{{&x}}`: all the same, as Dotprompt escapes nothing.
    Value,
    /// `{{#x}}`
    Open,
    /// `{{^x}}`
    OpenInverse,
    /// `{{#> x}}`
    OpenPartial,
    /// `{{#*inline "x"}}`
    OpenInline,
    /// `{{else}}`, `{{^}}`, `{{else if x}}`
    Else,
    /// `{{/x}}`
    Close,
    /// `{{> x}}`
    Partial,
    /// `{{! x }}`, `{{!-- x --}}`
    Comment,
    /// `{{* x}}`
    Decorator,
    /// `{{{{x}}}}`
    Raw,
    /// `{{x` without `}}`
    Unclosed,
}

/// Splits the source of a template, which begins at `start` of its file, into text and tags.
#[must_use]
pub fn tokens(source: &str, start: Place) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut unclosed = 0;
    // The place of the last tag, and its byte.
    let (mut place, mut counted) = (start, 0);
    let mut at = 0;
    while let Some(found) = source[at..].find("{{") {
        let open = at + found;
        let before = &source[at..open];
        // `\{{` is a literal `{{`, and the text continues up to the next `{{`. `\\{{` is a backslash and a tag.
        if before.ends_with('\\') && !before.ends_with("\\\\") {
            push_text(&mut tokens, &before[..before.len() - 1]);
            let rest = &source[open + 2..];
            let end = open + 2 + rest.find("{{").unwrap_or(rest.len());
            let end = end - (source[open + 2..end].len() - source[open + 2..end].trim_end_matches('\\').len()).min(2);
            push_text(&mut tokens, &source[open..end]);
            at = end;
            continue;
        }
        push_text(&mut tokens, before.strip_suffix('\\').unwrap_or(before));
        place = place.after(&source[counted..open]);
        counted = open;
        let (tag, length) = tag(&source[open..], place);
        unclosed += usize::from(tag.kind == TagKind::Unclosed || matches!(tag.fault, Some((_, Fault::Unclosed(_)))));
        tokens.push(Token::Tag(tag));
        at = open + length;
        if unclosed == MAX_UNCLOSED {
            return tokens;
        }
    }
    push_text(&mut tokens, &source[at..]);
    tokens
}

fn push_text<'a>(tokens: &mut Vec<Token<'a>>, text: &'a str) {
    if !text.is_empty() {
        tokens.push(Token::Text(text));
    }
}

/// The tag at the start of `rest`, and its length.
fn tag(rest: &str, place: Place) -> (Tag<'_>, usize) {
    let of = |kind, length: usize| {
        let whole = &rest[..length];
        let strip = Strip {
            before: whole[2..].starts_with('~'),
            after: whole.strip_suffix("}}").is_some_and(|whole| whole.ends_with('~')),
        };
        (Tag { kind, whole, inside: "", words: Vec::new(), fault: None, place, strip }, length)
    };
    if rest.starts_with("{{{{") {
        return of(TagKind::Raw, 4);
    }
    let body = &rest[2..];
    let tilde = usize::from(body.starts_with('~'));
    let body = &body[tilde..];
    if body.starts_with('!') {
        return match comment(body) {
            Some(length) => of(TagKind::Comment, 2 + tilde + length),
            None => of(TagKind::Unclosed, rest.len()),
        };
    }
    let (kind, sigil) = match body.as_bytes() {
        [b'#', b'>', ..] => (TagKind::OpenPartial, 2),
        [b'#', b'*', ..] => (TagKind::OpenInline, 2),
        [b'#', ..] => (TagKind::Open, 1),
        [b'/', ..] => (TagKind::Close, 1),
        [b'>', ..] => (TagKind::Partial, 1),
        [b'^', ..] => (TagKind::OpenInverse, 1),
        [b'*', ..] => (TagKind::Decorator, 1),
        [b'&', ..] => (TagKind::Value, 1),
        [b'{', ..] => (TagKind::Value, 1),
        _ => (TagKind::Value, 0),
    };
    let (kind, sigil) = match after_else(body) {
        Some(length) if sigil == 0 => (TagKind::Else, length),
        _ => (kind, sigil),
    };
    let begin = 2 + tilde + sigil;
    let Some(content) = content(rest, begin, body.starts_with('{')) else {
        // Only the line is part of the tag, not the rest of the file.
        let line = rest.find('\n').unwrap_or(rest.len());
        return of(TagKind::Unclosed, line.max(2));
    };
    let (mut tag, length) = of(kind, content.length);
    if kind == TagKind::OpenInverse && content.words.is_empty() && content.fault.is_none() {
        tag.kind = TagKind::Else;
    }
    tag.inside = rest[begin..content.end].trim_matches(is_space);
    (tag.words, tag.fault) = (content.words, content.fault);
    (tag, length)
}

/// The length of a closed comment, from its `!`.
fn comment(body: &str) -> Option<usize> {
    // In `{{!--}}`, the same dashes open and close it.
    let Some(comment) = body.strip_prefix('!').filter(|comment| comment.starts_with("--")) else {
        return body.find("}}").map(|end| end + 2);
    };
    comment.match_indices("--").find_map(|(at, _)| {
        let after = &comment[at + 2..];
        let after = after.strip_prefix('~').unwrap_or(after);
        after.starts_with("}}").then(|| body.len() - after.len() + 2)
    })
}

/// The length of the keyword `else` with white space before it: `\s*else\b`.
fn after_else(body: &str) -> Option<usize> {
    let after = body.trim_start_matches(is_space).strip_prefix("else")?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!after.starts_with(is_word)).then(|| body.len() - after.len())
}

/// The words of a tag, and its end.
struct Content<'a> {
    words: Vec<Lexeme<'a>>,
    fault: Option<(usize, Fault)>,
    /// The byte of the tilde and the braces that close it.
    end: usize,
    /// The length of the whole tag.
    length: usize,
}

/// The words from byte `at` of `rest` to the end of the tag; `None` if the tag is not closed.
fn content(rest: &str, mut at: usize, is_triple: bool) -> Option<Content<'_>> {
    let mut words = Vec::new();
    let fault = loop {
        let ahead = rest[at..].trim_start_matches(is_space);
        at = rest.len() - ahead.len();
        let closes = ["}~}}", "}}}", "~}}", "}}"].into_iter().find(|close| ahead.starts_with(close));
        let length = match (closes, is_triple) {
            (Some(close @ ("}~}}" | "}}}")), true) => close.len(),
            // A brace after the tag, although `}}}` closes `{{{` in Handlebars.
            (Some("}}}"), false) => 2,
            (Some(close @ ("~}}" | "}}")), false) => close.len(),
            (Some(_), _) => break Fault::Braces,
            (None, _) => match lexer::word(ahead) {
                Ok((word, length)) => {
                    words.push(Lexeme { at, word });
                    at += length;
                    continue;
                }
                Err(_) if ahead.is_empty() => return None,
                Err(fault) => break fault,
            },
        };
        return Some(Content { words, fault: None, end: at, length: at + length });
    };
    let end = at + rest[at..].find("}}")?;
    let length = end + if is_triple && rest[end..].starts_with("}}}") { 3 } else { 2 };
    let end = if rest[..end].ends_with('~') { end - 1 } else { end };
    Some(Content { words, fault: Some((at, fault)), end, length })
}
