//! Compiles the source of a template: turns tags into nodes, matches blocks, and reports all problems.

mod calls;

use std::sync::Arc;

use super::expression::{self, NOT_AN_EXPRESSION, Parsed};
use super::lexer::{self, Fault, Word};
use super::rows::{Nested, Opened, Row};
use super::tags::{self, Strip, Tag, TagKind, Token};
use super::{Node, PartialName, Shown, Template};
use crate::bounds;
use crate::problem::{Cause, Code, Place, Problem};
use crate::reader::shorten;

/// Compiles `source`, which begins at `start` of `file`. Adds problems to `problems`, and leaves out what they are about.
pub(crate) fn compile(file: &Arc<str>, source: &str, start: Place, problems: &mut Vec<Problem>) -> Template {
    let tokens = tags::tokens(source, start);
    let (partials, inlines, media, open, row) = Default::default();
    let mut compiler =
        Compiler { file, problems, partials, inlines, media, open, row, is_too_deep: false, problem_count: 0 };
    if let Some(at) = source.find('\0') {
        let place = start.after(&source[..at]);
        compiler.report(Problem::new(Code::Syntax, file, place, 1, "Handlebars does not allow a NUL character"));
    }
    compiler.compile(&tokens);
    let Compiler { row, partials, inlines, media, .. } = compiler;
    Template { file: Arc::clone(file), program: row.into_program(), partials, inlines, media, length: source.len() }
}

struct Compiler<'a> {
    file: &'a Arc<str>,
    problems: &'a mut Vec<Problem>,
    partials: Vec<PartialName>,
    inlines: Vec<String>,
    media: Vec<Shown>,
    /// The blocks around `row`, outermost first.
    open: Vec<Open<'a>>,
    /// Receives text and tags.
    row: Row<'a>,
    /// Whether it has reported that blocks nest too deep.
    is_too_deep: bool,
    /// Problems reported so far.
    problem_count: usize,
}

/// A block that is not closed yet.
struct Open<'a> {
    tag: &'a Tag<'a>,
    /// The name in its closing tag; `None` after `{{else if}}`, which the block around it closes.
    name: Option<String>,
    /// `None` for an invalid block.
    opened: Option<Opened>,
    /// The row around it.
    around: Row<'a>,
    /// The row before `{{else}}`, and the tildes of `{{else}}`.
    before_else: Option<(Row<'a>, Strip)>,
}

impl<'a> Compiler<'a> {
    fn compile(&mut self, tokens: &'a [Token<'a>]) {
        let (mut tags, mut words) = (0, 0);
        for (index, token) in tokens.iter().enumerate() {
            match token {
                Token::Text(text) => {
                    let before = index.checked_sub(1).and_then(|index| tokens.get(index));
                    if let Some(Token::Tag(tag)) = before
                        && text.starts_with('}')
                        && tag.is_closed_by_more_braces()
                    {
                        let hint = "put a space between the tag and the brace";
                        let problem = self.problem(tag, Code::Portability, UNPORTABLE_BRACE);
                        self.report(problem.with_hint(Some(hint.to_owned())));
                    }
                    self.row.text(text);
                }
                Token::Tag(tag) => {
                    tags += 1;
                    words += 1 + tag.words.len();
                    let (most_tags, most_words) = (bounds::TAGS, bounds::FILE_WORDS);
                    if tags > most_tags {
                        return self.report_at(tag, Code::Bound, format!("more than {most_tags} tags in one file"));
                    }
                    if words > most_words {
                        let message = format!("more than {most_words} words in all tags of one file");
                        return self.report_at(tag, Code::Bound, message);
                    }
                    self.tag(tag);
                    // An invalid tag takes longer to parse than a valid one.
                    if self.problem_count >= bounds::PROBLEMS {
                        return;
                    }
                }
            }
        }
        while let Some(open) = self.open.pop() {
            self.unclosed(open, Strip::default());
            if self.problem_count >= bounds::PROBLEMS {
                return;
            }
        }
    }

    fn tag(&mut self, tag: &'a Tag<'a>) {
        let message = match tag.kind {
            TagKind::Comment => return self.row.tag(None, tag.strip, true),
            TagKind::Value => {
                let node = self.value(tag);
                let node = self.reported(node).flatten();
                return self.row.tag(node, tag.strip, false);
            }
            TagKind::Open | TagKind::OpenInverse | TagKind::OpenPartial | TagKind::OpenInline => {
                let parsed = self.parse(tag);
                let name = opened_name(tag, parsed.as_ref().ok());
                let opened = parsed.and_then(|parsed| self.opened(tag, parsed));
                let opened = self.reported(opened);
                return self.open(tag, Some(name), opened);
            }
            TagKind::Else => return self.otherwise(tag),
            TagKind::Close => return self.end(tag),
            TagKind::Partial => {
                let call = self.parse(tag).and_then(|parsed| self.partial(tag, parsed, false));
                let node = self.reported(call).map(|call| Node::Partial(tag.place, Box::new(call)));
                return self.row.tag(node, tag.strip, true);
            }
            TagKind::Decorator => calls::ONLY_DECORATOR,
            TagKind::Raw => "Dotprompt has no helper for a raw block; write \\{{ for a literal {{",
            TagKind::Unclosed if tag.whole.trim_start_matches(['{', '~']).starts_with("!--") => {
                "this comment is never closed by --}}"
            }
            TagKind::Unclosed => "this {{ is never closed by }}; write \\{{ for a literal {{",
        };
        self.report_at(tag, Code::Syntax, message);
    }

    fn open(&mut self, tag: &'a Tag<'a>, name: Option<String>, opened: Option<Opened>) {
        // Blocks that nest deeper are dropped.
        if self.open.len() == bounds::BLOCK_DEPTH && !self.is_too_deep {
            self.is_too_deep = true;
            self.report_at(tag, Code::Bound, format!("nested more than {} deep", bounds::BLOCK_DEPTH));
        }
        let around = std::mem::take(&mut self.row);
        self.open.push(Open { tag, name, opened, around, before_else: None });
    }

    /// `{{else}}`, `{{else if x}}`
    fn otherwise(&mut self, tag: &'a Tag<'a>) {
        let is_chain = !tag.words.is_empty() || tag.fault.is_some();
        let message = match self.open.last_mut() {
            Some(open) if matches!(open.tag.kind, TagKind::Open | TagKind::OpenInverse | TagKind::Else) => {
                if open.before_else.is_some() {
                    Some("a block has one {{else}}")
                } else if is_chain && open.tag.kind == TagKind::OpenInverse {
                    Some("{{^…}} allows only a plain {{else}}, without another block")
                } else {
                    open.before_else = Some((std::mem::take(&mut self.row), tag.strip));
                    self.row.is_chained = is_chain;
                    None
                }
            }
            _ => Some("{{else}} outside of a block"),
        };
        if let Some(message) = message {
            return self.report_at(tag, Code::Syntax, message);
        }
        if is_chain {
            let block = self.parse(tag).and_then(|parsed| self.block(tag, parsed));
            let block = self.reported(block);
            self.open(tag, None, block.map(Opened::Block));
        }
    }

    /// `{{/x}}`
    fn end(&mut self, tag: &'a Tag<'a>) {
        let parsed = self.parse(tag);
        let parsed = self.reported(parsed);
        let closes = opened_name(tag, parsed.as_ref());
        if parsed.is_some_and(|Parsed { call, block_params, .. }| call.has_arguments() || !block_params.is_empty()) {
            let message = format!("a closing tag has only the name: {{{{/{}}}}}", shorten(&closes));
            self.report_at(tag, Code::Syntax, message);
        }
        if !self.open.iter().rev().any(|open| open.name.as_ref() == Some(&closes)) {
            let message = match self.open.iter().rev().find_map(|open| open.name.as_ref()) {
                Some(name) => format!("expected {{{{/{}}}}}, found {{{{/{}}}}}", shorten(name), shorten(&closes)),
                None => format!("{{{{/{}}}}} closes a block that is not open", shorten(&closes)),
            };
            return self.report_at(tag, Code::Syntax, message);
        }
        while let Some(open) = self.open.pop() {
            if open.name.as_ref() == Some(&closes) {
                return self.close(open, tag.strip);
            }
            // The outermost `{{else if}}` gets the tildes of this tag; the ones inside it keep their own.
            let is_outermost = self.open.last().is_some_and(|around| around.name.is_some());
            let strip = if is_outermost { tag.strip } else { open.tag.strip };
            self.unclosed(open, strip);
        }
    }

    /// Ends a block without a closing tag.
    fn unclosed(&mut self, open: Open<'a>, strip: Strip) {
        if let Some(name) = &open.name {
            let message = format!("`{0}` is opened here and not closed by {{{{/{0}}}}}", shorten(name));
            self.report_at(open.tag, Code::Syntax, message);
        }
        self.close(open, strip);
    }

    /// Adds a block to the row around it.
    fn close(&mut self, open: Open<'a>, close: Strip) {
        let Open { tag, opened, around, before_else, .. } = open;
        let inner = std::mem::replace(&mut self.row, around);
        if self.open.len() > bounds::BLOCK_DEPTH {
            return;
        }
        let (mut program, mut inverse, middle) = match before_else {
            Some((row, strip)) => (Some(row), Some(inner), strip),
            None => (Some(inner), None, Strip::default()),
        };
        if tag.kind == TagKind::OpenInverse {
            std::mem::swap(&mut program, &mut inverse);
        }
        if let Some(Opened::Inline(name)) = &opened {
            self.inlines.push(name.clone());
        }
        self.row.nested(Nested { place: tag.place, opened, program, inverse, open: tag.strip, middle, close });
    }

    fn parse(&mut self, tag: &Tag<'_>) -> Result<Parsed, Problem> {
        let at_byte = |at: usize| tag.place.after(&tag.whole[..at]);
        if let Some((at, fault)) = tag.fault {
            let problem = Problem::new(Code::Syntax, self.file, at_byte(at), 1, fault_message(tag, fault));
            return Err(match fault {
                Fault::TypographicQuote => problem,
                _ => problem.with_cause(Cause::NotAnExpression),
            });
        }
        let is_partial = matches!(tag.kind, TagKind::Partial | TagKind::OpenPartial);
        if is_partial && tag.words.first().is_none_or(|first| first.word == Word::Open) {
            let message = "the name of a partial is written out: {{> name}} or {{> folder/name}}";
            return Err(self.problem(tag, Code::Syntax, message));
        }
        let end = tag.whole.trim_end_matches(['}', '~']).len();
        let parsed = expression::parse(&tag.words, end).map_err(|error| {
            let problem = Problem::new(error.code, self.file, at_byte(error.at), 1, error.message);
            Problem { cause: error.cause.map(Box::new), ..problem }
        })?;
        if let Some(literal) = &parsed.bare_literal {
            let is_index = literal.starts_with(|c: char| c.is_ascii_digit());
            let what = if is_index { "an index".to_owned() } else { format!("`{literal}` in a path") };
            let message = format!("Handlebars does not allow {what} without brackets");
            let hint = format!("write {{{{items.[{literal}]}}}} for {{{{items.{literal}}}}}");
            let problem = self.problem(tag, Code::Portability, message);
            self.report(problem.with_hint(Some(hint)));
        }
        self.check_paths(tag, &parsed.call)?;
        Ok(parsed)
    }

    /// A problem of a whole tag.
    fn problem(&self, tag: &Tag<'_>, code: Code, message: impl Into<String>) -> Problem {
        Problem::new(code, self.file, tag.place, width(tag), message)
    }

    fn report_at(&mut self, tag: &Tag<'_>, code: Code, message: impl Into<String>) {
        let problem = self.problem(tag, code, message);
        self.report(problem);
    }

    fn report(&mut self, problem: Problem) {
        self.problem_count += 1;
        self.problems.push(problem);
    }

    /// The value of a result; reports its error.
    fn reported<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.report(problem)).ok()
    }
}

const UNPORTABLE_BRACE: &str = "Handlebars reads }}} as the end of {{{ and rejects this";

/// The width of a tag on its first line.
fn width(tag: &Tag<'_>) -> usize {
    tag.whole.lines().next().unwrap_or_default().chars().count()
}

/// `{{role « user »}}` as `{{role "user"}}`.
fn with_straight_quotes(tag: &str) -> String {
    let inside = tag.trim_end_matches(['~', '}']);
    let mut text = String::with_capacity(tag.len());
    let (mut is_open, mut is_after_quote) = (false, false);
    let mut chars = inside.chars().peekable();
    while let Some(c) = chars.next() {
        let is_quote = lexer::is_typographic_quote(c) || matches!(c, '"' | '\'');
        let is_apostrophe = text.ends_with(char::is_alphanumeric) && chars.peek().is_some_and(|c| c.is_alphanumeric());
        if is_quote && !is_apostrophe {
            if is_open {
                text.truncate(text.trim_end().len());
            }
            text.push('"');
            is_open = !is_open;
        } else if !(is_open && is_after_quote && c.is_whitespace()) {
            text.push(c);
        } else {
            continue;
        }
        is_after_quote = is_quote;
    }
    if is_open {
        text.push('"');
    }
    text + &tag[inside.len()..]
}

/// The name that the closing tag of a block must have.
fn opened_name(tag: &Tag<'_>, parsed: Option<&Parsed>) -> String {
    let first = || tag.inside.split(lexer::is_space).next().unwrap_or_default().to_owned();
    parsed.map_or_else(first, |parsed| parsed.call.name.clone())
}

fn fault_message(tag: &Tag<'_>, fault: Fault) -> String {
    match fault {
        Fault::Braces => "{{{ is closed by }}}, and {{ by }}; a tilde goes outside: {{~{x}~}}".to_owned(),
        Fault::Unreadable => NOT_AN_EXPRESSION.to_owned(),
        Fault::Unclosed('[') => "this [ is never closed by ]".to_owned(),
        Fault::Unclosed(quote) => format!("this text is never closed by {quote}"),
        Fault::TypographicQuote => {
            let tag = shorten(&with_straight_quotes(tag.whole));
            format!("use straight quotes, not typographic ones: {tag}")
        }
    }
}

impl Tag<'_> {
    /// Whether Handlebars would read a brace after the tag as part of it.
    fn is_closed_by_more_braces(&self) -> bool {
        let is_closed_first = match self.kind {
            TagKind::Comment | TagKind::Unclosed => true,
            TagKind::Else => self.words.is_empty(),
            _ => false,
        };
        !(self.strip.after || is_closed_first || self.fault.is_some())
    }
}
