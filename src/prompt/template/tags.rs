//! Cutting a template into text and tags, in one pass.
//!
//! A tag's end is found as Handlebars finds it, quotes and brackets understood; what stands in the tag is not read here.

use super::super::problem::Place;

/// How many tags without an end are looked for.
const MAX_UNCLOSED: usize = 5;

/// A piece of a template.
#[derive(Debug)]
pub(super) enum Token<'a> {
    Text(&'a str),
    Tag(Tag<'a>),
}

/// One `{{…}}`.
#[derive(Debug)]
pub(super) struct Tag<'a> {
    pub(super) kind: TagKind,
    /// From `{{` to `}}`.
    pub(super) whole: &'a str,
    /// The expression: what is left without braces, sigils and tildes.
    pub(super) inside: &'a str,
    pub(super) place: Place,
    /// `{{~`: no white space before it.
    pub(super) trim_before: bool,
    /// `~}}`: no white space behind it.
    pub(super) trim_after: bool,
    /// Whether it is alone on its line, which then is not part of the output.
    pub(super) standalone: bool,
    /// The white space before it on its line, if it is alone there.
    pub(super) indent: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagKind {
    /// `{{x}}`, `{{{x}}}`, `{{&x}}`: all the same where nothing is escaped.
    Value,
    /// `{{#x}}`
    Open,
    /// `{{^x}}`
    OpenInverse,
    /// `{{#> x}}`
    OpenPartial,
    /// `{{#*inline "x"}}`
    OpenInline,
    /// `{{else}}`, `{{^}}`, and with more behind it the beginning of another block
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
    /// There is no `}}`.
    Unclosed,
}

impl TagKind {
    /// Whether what follows is inside of it: Handlebars trims there after it has found out what partials are indented by.
    fn opens(self) -> bool {
        matches!(self, Self::Open | Self::OpenInverse | Self::OpenPartial | Self::OpenInline | Self::Else)
    }
}

/// Cuts `source`, which begins at `start` of its file.
pub(super) fn tokens(source: &str, start: Place) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut unclosed = 0;
    let mut places = Places { source, offset: 0, place: start };
    let mut at = 0;
    while let Some(found) = source[at..].find("{{") {
        let open = at + found;
        let before = &source[at..open];
        // `\{{` is a literal `{{`, and the text goes on up to the next one; `\\{{` is a backslash and a tag.
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
        let (mut tag, length) = tag(&source[open..], places.at(open));
        (tag.standalone, tag.indent) = alone_on_line(source, open, open + length);
        let is_trimmed_from_before = matches!(
            tokens.as_slice(),
            [.., Token::Tag(before), Token::Text(text)]
                if before.trim_after && !before.kind.opens() && text.trim().is_empty()
        );
        if tag.trim_before || is_trimmed_from_before {
            tag.indent = "";
        }
        unclosed += usize::from(tag.kind == TagKind::Unclosed);
        tokens.push(Token::Tag(tag));
        at = open + length;
        // For each of them the rest of the file was read.
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

/// Places of growing offsets, counted once.
struct Places<'a> {
    source: &'a str,
    offset: usize,
    place: Place,
}

impl Places<'_> {
    fn at(&mut self, offset: usize) -> Place {
        self.place = self.place.behind(&self.source[self.offset..offset]);
        self.offset = offset;
        self.place
    }
}

/// Reads the tag that `rest` begins with; also how long it is.
fn tag(rest: &str, place: Place) -> (Tag<'_>, usize) {
    let of = |kind, length: usize, inside| {
        let whole = &rest[..length];
        let tag = Tag {
            kind,
            whole,
            inside,
            place,
            trim_before: whole[2..].starts_with('~'),
            trim_after: whole.strip_suffix("}}").is_some_and(|whole| whole.ends_with('~')),
            standalone: false,
            indent: "",
        };
        (tag, length)
    };
    if rest.starts_with("{{{{") {
        return of(TagKind::Raw, 4, "");
    }
    let body = &rest[2..];
    let tilde = usize::from(body.starts_with('~'));
    let body = &body[tilde..];
    // The dashes of `{{!--}}` are the beginning and the end.
    if let Some(comment) = body.strip_prefix('!').filter(|comment| comment.starts_with("--")) {
        let dashes = comment.match_indices("--").find_map(|(at, _)| {
            let behind = &comment[at + 2..];
            let behind = behind.strip_prefix('~').unwrap_or(behind);
            behind.starts_with("}}").then(|| rest.len() - behind.len() + 2)
        });
        return match dashes {
            Some(length) => of(TagKind::Comment, length, ""),
            None => of(TagKind::Unclosed, rest.len(), ""),
        };
    }
    if body.starts_with('!') {
        return match body.find("}}") {
            Some(end) => of(TagKind::Comment, 2 + tilde + end + 2, ""),
            None => of(TagKind::Unclosed, rest.len(), ""),
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
    let close = if body.starts_with('{') { "}}}" } else { "}}" };
    let inside = &body[sigil..];
    let Some(end) = end_of(inside, close) else {
        // What is meant for one tag is not the rest of the file.
        let line = rest.find('\n').unwrap_or(rest.len());
        return of(TagKind::Unclosed, line.max(2), "");
    };
    let close = if inside[end..].starts_with("}~") { "}~}}" } else { close };
    let length = 2 + tilde + sigil + end + close.len();
    let inside = inside[..end].trim();
    let inside = inside.strip_suffix('~').unwrap_or(inside).trim_end();
    match (kind, inside.strip_prefix("else")) {
        (TagKind::Value, Some(chained)) if sigil == 0 && !chained.starts_with(is_name_char) => {
            of(TagKind::Else, length, chained.trim_start())
        }
        (TagKind::OpenInverse, _) if inside.is_empty() => of(TagKind::Else, length, ""),
        _ => of(kind, length, inside),
    }
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/')
}

/// Where `close` begins, outside of quotes and brackets. With `}}}` the tilde may stand between its braces.
fn end_of(inside: &str, close: &str) -> Option<usize> {
    let bytes = inside.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'') => at = quoted(bytes, at + 1, quote)?,
            b'[' => at = at + 1 + inside[at + 1..].find(']')?,
            b'}' if inside[at..].starts_with(close) || (close == "}}}" && inside[at..].starts_with("}~}}")) => {
                return Some(at);
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The end of a quoted text that begins at `at`; a backslash escapes the quote.
fn quoted(bytes: &[u8], mut at: usize, quote: u8) -> Option<usize> {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            byte if byte == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Whether nothing but white space stands beside a tag on its line, and what stands before it.
fn alone_on_line(source: &str, start: usize, end: usize) -> (bool, &str) {
    let is_blank = |c: char| c == ' ' || c == '\t';
    let before = source[..start].trim_end_matches(is_blank);
    let after = source[end..].trim_start_matches(is_blank);
    let starts_line = before.is_empty() || before.ends_with('\n');
    let ends_line = after.is_empty() || after.starts_with('\n') || after.starts_with("\r\n");
    if starts_line && ends_line { (true, &source[before.len()..start]) } else { (false, "") }
}
