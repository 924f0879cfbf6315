//! Compiles the source of a template: tags become nodes, blocks are matched, and all that is wrong is reported.

mod calls;

use std::sync::Arc;

use super::expression::{self, NOT_AN_EXPRESSION, Parsed};
use super::lexer::{self, Fault, Word};
use super::rows::{Nested, Opened, Row};
use super::tags::{self, Strip, Tag, TagFault, TagKind, Token};
use super::{Node, PartialName, Template};
use crate::bounds;
use crate::problem::{Cause, Code, Place, Problem};
use crate::reader::shorten;
use crate::shown::Shown;

/// Compiles `source`, which begins at `start` of `file`; all that is wrong goes to `problems`, and what is wrong is not
/// part of the template.
pub(crate) fn compile(file: &Arc<str>, source: &str, start: Place, problems: &mut Vec<Problem>) -> Template {
    let tokens = tags::tokens(source, start);
    let (partials, inlines, media, open, row) = Default::default();
    let (is_too_deep, told, words) = Default::default();
    let mut compiler = Compiler { file, problems, partials, inlines, media, open, row, is_too_deep, told, words };
    if let Some(at) = source.find('\0') {
        let place = start.after(&source[..at]);
        compiler.report(Problem::new(Code::Syntax, file, place, 1, "a NUL character, which Handlebars does not take"));
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
    /// Where text and tags go.
    row: Row<'a>,
    /// Whether it has reported that blocks nest too deep.
    is_too_deep: bool,
    /// How many problems there were.
    told: usize,
    /// Names and values of all tags so far.
    words: usize,
}

/// A block whose end has not come yet.
struct Open<'a> {
    tag: &'a Tag<'a>,
    /// As `{{/name}}` must name it; `None` for what `{{else if}}` has opened, which ends with the block around it.
    name: Option<String>,
    /// `None` for a block that is wrong.
    what: Option<Opened>,
    /// The row around it.
    around: Row<'a>,
    /// What stood before `{{else}}`, and what that takes; the rest goes to `row`.
    before_else: Option<(Row<'a>, Strip)>,
}

impl<'a> Compiler<'a> {
    fn compile(&mut self, tokens: &'a [Token<'a>]) {
        let mut tags = 0;
        for (index, token) in tokens.iter().enumerate() {
            match token {
                Token::Text(text) => {
                    let before = index.checked_sub(1).and_then(|index| tokens.get(index));
                    if let Some(Token::Tag(tag)) = before
                        && text.starts_with('}')
                        && tag.is_closed_by_more_braces()
                    {
                        let hint = "put a space between the tag and the brace";
                        self.problem_with_hint(tag, Code::Portability, UNPORTABLE_BRACE, Some(hint.to_owned()));
                    }
                    self.row.text(text);
                }
                Token::Tag(tag) => {
                    tags += 1;
                    if tags > bounds::TAGS {
                        self.problem(tag, Code::Bound, format!("more than {} tags in one file", bounds::TAGS));
                        break;
                    }
                    self.tag(tag);
                    // Each costs the parser more than a tag that is well.
                    if self.told >= bounds::PROBLEMS {
                        return;
                    }
                }
            }
        }
        while let Some(open) = self.open.pop() {
            self.unclosed(open, Strip::default());
            if self.told >= bounds::PROBLEMS {
                return;
            }
        }
    }

    fn tag(&mut self, tag: &'a Tag<'a>) {
        match tag.kind {
            TagKind::Comment => self.row.tag(None, tag.strip, true),
            TagKind::Value => {
                let node = self.value(tag);
                self.row.tag(node, tag.strip, false);
            }
            TagKind::Open | TagKind::OpenInverse => {
                let parsed = self.parse(tag);
                let name = opened_name(tag, parsed.as_ref());
                let block = parsed.and_then(|parsed| self.block(tag, parsed));
                self.open(tag, Some(name), block.map(Opened::Block));
            }
            TagKind::Else => self.otherwise(tag),
            TagKind::Close => self.end(tag),
            TagKind::Partial => {
                let call = self.parse(tag).and_then(|parsed| self.partial(tag, parsed, false));
                let node = call.map(|call| Node::Partial(tag.place, Box::new(call)));
                self.row.tag(node, tag.strip, true);
            }
            TagKind::OpenPartial => {
                let parsed = self.parse(tag);
                let name = opened_name(tag, parsed.as_ref());
                let call = parsed.and_then(|parsed| self.partial(tag, parsed, true));
                self.open(tag, Some(name), call.map(Opened::Partial));
            }
            TagKind::OpenInline => {
                let parsed = self.parse(tag);
                let name = opened_name(tag, parsed.as_ref());
                let inline = parsed.and_then(|parsed| self.inline(tag, parsed));
                self.open(tag, Some(name), inline.map(Opened::Inline));
            }
            TagKind::Decorator => {
                self.problem(tag, Code::Syntax, "the only decorator is {{#*inline \"name\"}} … {{/inline}}");
            }
            TagKind::Raw => {
                let message = "a raw block needs a helper that Dotprompt does not have; a literal {{ is written \\{{";
                self.problem(tag, Code::Syntax, message);
            }
            TagKind::Unclosed => {
                let message = match tag.whole.trim_start_matches(['{', '~']).starts_with("!--") {
                    true => "this comment is never closed by --}}",
                    false => "this {{ is never closed by }}; a literal {{ is written \\{{",
                };
                self.problem(tag, Code::Syntax, message);
            }
        }
    }

    fn open(&mut self, tag: &'a Tag<'a>, name: Option<String>, what: Option<Opened>) {
        if self.open.len() == bounds::BLOCK_DEPTH && !self.is_too_deep {
            // Once, and the rest is read as if it were not there.
            self.is_too_deep = true;
            let message = format!("nested more than {} deep", bounds::BLOCK_DEPTH);
            self.problem(tag, Code::Bound, message);
        }
        let around = std::mem::take(&mut self.row);
        self.open.push(Open { tag, name, what, around, before_else: None });
    }

    /// `{{else}}`, `{{else if x}}`
    fn otherwise(&mut self, tag: &'a Tag<'a>) {
        let is_chain = !tag.words.is_empty() || tag.fault.is_some();
        match self.open.last_mut() {
            Some(open) if matches!(open.tag.kind, TagKind::Open | TagKind::OpenInverse | TagKind::Else) => {
                if open.before_else.is_some() {
                    return self.problem(tag, Code::Syntax, "a block has one {{else}}");
                }
                if is_chain && open.tag.kind == TagKind::OpenInverse {
                    let message = "{{^…}} takes {{else}} alone: no other block can follow it";
                    return self.problem(tag, Code::Syntax, message);
                }
                let row = if is_chain { Row::chained() } else { Row::default() };
                open.before_else = Some((std::mem::replace(&mut self.row, row), tag.strip));
            }
            _ => return self.problem(tag, Code::Syntax, "{{else}} outside of a block"),
        }
        if is_chain {
            let block = self.parse(tag).and_then(|parsed| self.block(tag, parsed));
            self.open(tag, None, block.map(Opened::Block));
        }
    }

    /// `{{/x}}`
    fn end(&mut self, tag: &'a Tag<'a>) {
        let parsed = self.parse(tag);
        let closes = opened_name(tag, parsed.as_ref());
        if parsed.is_some_and(|Parsed { call, block_params, .. }| call.has_arguments() || !block_params.is_empty()) {
            let message = format!("a block is closed by its name alone: {{{{/{}}}}}", shorten(&closes));
            self.problem(tag, Code::Syntax, message);
        }
        if !self.open.iter().any(|open| open.name.as_ref() == Some(&closes)) {
            let message = match self.open.iter().rev().find_map(|open| open.name.as_ref()) {
                Some(name) => format!("expected {{{{/{}}}}}, found {{{{/{}}}}}", shorten(name), shorten(&closes)),
                None => format!("{{{{/{}}}}} closes a block that is not open", shorten(&closes)),
            };
            return self.problem(tag, Code::Syntax, message);
        }
        while let Some(open) = self.open.pop() {
            if open.name.as_ref() == Some(&closes) {
                return self.close(open, tag.strip);
            }
            // What `{{else if}}` opens ends where the block around it does; deeper ones are given their own tag's tildes.
            let is_outermost = self.open.last().is_some_and(|around| around.name.is_some());
            let strip = if is_outermost { tag.strip } else { open.tag.strip };
            self.unclosed(open, strip);
        }
    }

    /// Ends a block that has no tag of its own for that.
    fn unclosed(&mut self, open: Open<'a>, strip: Strip) {
        if let Some(name) = &open.name {
            let message = format!("`{0}` is opened here and not closed by {{{{/{0}}}}}", shorten(name));
            self.problem(open.tag, Code::Syntax, message);
        }
        self.close(open, strip);
    }

    /// Puts a block that has ended where it belongs.
    fn close(&mut self, open: Open<'a>, close: Strip) {
        let inner = std::mem::replace(&mut self.row, open.around);
        if self.open.len() > bounds::BLOCK_DEPTH {
            return;
        }
        let ((program, middle), inverse) = match open.before_else {
            Some((row, strip)) => ((row, strip), Some(inner)),
            None => ((inner, Strip::default()), None),
        };
        let (mut program, mut inverse) = (Some(program), inverse);
        if open.tag.kind == TagKind::OpenInverse {
            std::mem::swap(&mut program, &mut inverse);
        }
        if let Some(Opened::Inline(name)) = &open.what {
            self.inlines.push(name.clone());
        }
        let Open { tag, what, .. } = open;
        self.row.nested(Nested { place: tag.place, what, program, inverse, open: tag.strip, middle, close });
    }

    fn parse(&mut self, tag: &Tag<'_>) -> Option<Parsed> {
        let before = self.words;
        self.words += 1 + tag.words.len();
        if self.words > bounds::FILE_WORDS {
            // Once, as one is enough for the file not to be used.
            if before <= bounds::FILE_WORDS {
                let message = format!("more than {} words in all tags of one file", bounds::FILE_WORDS);
                self.problem(tag, Code::Bound, message);
            }
            return None;
        }
        let at_byte = |at: usize| tag.place.after(&tag.whole[..at]);
        if let Some((at, fault)) = tag.fault {
            let problem = Problem::new(Code::Syntax, self.file, at_byte(at), 1, fault_message(tag, fault));
            self.report(match fault {
                TagFault::Word(Fault::TypographicQuote) => problem,
                _ => problem.with_cause(Cause::NotAnExpression),
            });
            return None;
        }
        let is_partial = matches!(tag.kind, TagKind::Partial | TagKind::OpenPartial);
        if is_partial && tag.words.first().is_none_or(|first| first.word == Word::Open) {
            self.problem(tag, Code::Syntax, "the name of a partial is written out: {{> name}} or {{> folder/name}}");
            return None;
        }
        let end = tag.whole.trim_end_matches(['}', '~']).len();
        match expression::parse(&tag.words, end) {
            Ok(parsed) => {
                if let Some(literal) = &parsed.bare_literal {
                    let is_index = literal.starts_with(|c: char| c.is_ascii_digit());
                    let what = if is_index { "an index".to_owned() } else { format!("`{literal}` in a path") };
                    let message = format!("{what} without brackets, which Handlebars does not take");
                    let hint = Some(format!("write {{{{items.[{literal}]}}}} for {{{{items.{literal}}}}}"));
                    self.problem_with_hint(tag, Code::Portability, message, hint);
                }
                Some(parsed).filter(|parsed| self.check_paths(tag, &parsed.call))
            }
            Err(error) => {
                let problem = Problem::new(error.code, self.file, at_byte(error.at), 1, error.message);
                self.report(Problem { cause: error.cause.map(Box::new), ..problem });
                None
            }
        }
    }

    fn problem(&mut self, tag: &Tag<'_>, code: Code, message: impl Into<String>) {
        self.problem_with_hint(tag, code, message, None);
    }

    fn problem_with_hint(&mut self, tag: &Tag<'_>, code: Code, message: impl Into<String>, hint: Option<String>) {
        self.report(Problem::new(code, self.file, tag.place, width(tag), message).with_hint(hint));
    }

    fn report(&mut self, problem: Problem) {
        self.told += 1;
        self.problems.push(problem);
    }
}

const UNPORTABLE_BRACE: &str = "Handlebars takes }}} for the end of {{{, and does not read this";

/// How wide a tag is on its first line.
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

/// The name that a block's end must have.
fn opened_name(tag: &Tag<'_>, parsed: Option<&Parsed>) -> String {
    let first = || tag.inside.split(lexer::is_space).next().unwrap_or_default().to_owned();
    parsed.map_or_else(first, |parsed| parsed.call.name.clone())
}

fn fault_message(tag: &Tag<'_>, fault: TagFault) -> String {
    match fault {
        TagFault::Word(Fault::Unreadable) => NOT_AN_EXPRESSION.to_owned(),
        TagFault::Word(Fault::Unclosed('[')) => "this [ is never closed by ]".to_owned(),
        TagFault::Word(Fault::Unclosed(quote)) => format!("this text is never closed by {quote}"),
        TagFault::Word(Fault::TypographicQuote) => {
            let tag = shorten(&with_straight_quotes(tag.whole));
            format!("use straight quotes, not typographic ones: {tag}")
        }
        TagFault::Braces => "{{{ is closed by }}}, and {{ by }}; a tilde goes outside: {{~{x}~}}".to_owned(),
    }
}

impl Tag<'_> {
    /// Whether the reference would read a brace after it as part of it.
    fn is_closed_by_more_braces(&self) -> bool {
        let is_closed_first = match self.kind {
            TagKind::Comment | TagKind::Unclosed => true,
            TagKind::Else => self.words.is_empty(),
            _ => false,
        };
        !(self.strip.after || is_closed_first || self.fault.is_some())
    }
}
