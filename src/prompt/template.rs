//! The template of a file: text, values, blocks and partials, ready to render.
//!
//! Blocks and white space follow Handlebars (<https://handlebarsjs.com/guide/>), the helpers Dotprompt
//! (<https://google.github.io/dotprompt/reference/template/>).

mod expression;
mod foreign;
mod tags;
mod uses;

use std::sync::Arc;

use serde_json::Value;

pub(super) use expression::{Base, Call, Expression, Path};
pub(crate) use foreign::{Foreign, foreign};
use tags::{Tag, TagKind, Token};
pub(crate) use uses::Variable;
pub(super) use uses::{Inlines, Usage, usage};

use super::bounds;
use super::message::Role;
use super::problem::{Code, Place, Problem};
use super::reader::shorten;
use crate::nearest::nearest;

/// A compiled template.
#[derive(Debug)]
pub(super) struct Template {
    /// The key of its file.
    pub(super) file: Arc<str>,
    pub(super) program: Program,
    /// The partials that it names, in the order of their first use.
    pub(super) partials: Vec<PartialName>,
    /// The partials that it defines itself, wherever they hold.
    pub(super) inlines: Vec<String>,
    /// How long its source is, in bytes.
    pub(super) length: usize,
}

/// A partial that a template uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartialName {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) width: usize,
    /// Whether a block stands in for it.
    pub(super) has_fallback: bool,
}

/// Nodes in a row.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) nodes: Vec<Node>,
    /// `{{#*inline "name"}}`: partials that hold in this row alone.
    pub(super) inlines: Vec<(String, Self)>,
}

#[derive(Debug)]
pub(super) enum Node {
    Text(Box<str>),
    Value(Place, Expression),
    Mark(Place, Box<Mark>),
    Block(Place, Box<Block>),
    Partial(Place, Box<PartialCall>),
}

/// What divides the output into messages and parts.
#[derive(Debug)]
pub(super) enum Mark {
    Role { role: Expression, metadata: Vec<(String, Expression)> },
    History,
    Section(Expression),
    Media { url: Expression, content_type: Option<Expression> },
}

#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: BlockKind,
    pub(super) params: Vec<Expression>,
    /// `as |item index|`
    pub(super) block_params: Vec<String>,
    /// `includeZero` of `{{#if}}`.
    pub(super) include_zero: Option<Expression>,
    pub(super) body: Program,
    pub(super) otherwise: Program,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlockKind {
    If,
    Unless,
    Each,
    With,
    IfEquals,
    UnlessEquals,
    /// `{{#x}}`: each item of a list, or once with a value.
    Section,
}

#[derive(Debug)]
pub(super) struct PartialCall {
    pub(super) name: String,
    pub(super) context: Option<Expression>,
    pub(super) hash: Vec<(String, Expression)>,
    /// Of a block: what `{{> @partial-block}}` renders, and the partial itself where there is none.
    pub(super) block: Option<Program>,
    /// What each line begins with.
    pub(super) indent: String,
}

/// What a helper is for, and so where it may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Helper {
    Block(BlockKind),
    Lookup,
    Json,
    Log,
    Role,
    History,
    Section,
    Media,
}

impl Helper {
    /// The helpers of Handlebars and Dotprompt.
    pub(super) const ALL: [(&'static str, Self); 13] = [
        ("each", Self::Block(BlockKind::Each)),
        ("history", Self::History),
        ("if", Self::Block(BlockKind::If)),
        ("ifEquals", Self::Block(BlockKind::IfEquals)),
        ("json", Self::Json),
        ("log", Self::Log),
        ("lookup", Self::Lookup),
        ("media", Self::Media),
        ("role", Self::Role),
        ("section", Self::Section),
        ("unless", Self::Block(BlockKind::Unless)),
        ("unlessEquals", Self::Block(BlockKind::UnlessEquals)),
        ("with", Self::Block(BlockKind::With)),
    ];

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, helper)| *helper)
    }

    /// How many parameters it takes, and what an error says it takes.
    fn takes(self) -> (std::ops::RangeInclusive<usize>, &'static str) {
        match self {
            Self::Block(BlockKind::IfEquals | BlockKind::UnlessEquals) => (2..=2, "two values to compare"),
            Self::Block(_) => (1..=1, "one value"),
            Self::Lookup => (2..=2, "a list or an object, and which item"),
            Self::Json => (1..=1, "one value, and indent=2 if it shall have lines"),
            Self::Log => (0..=usize::MAX, "anything"),
            Self::Role => (1..=1, "one role: user, model or system"),
            Self::History => (0..=0, "nothing"),
            Self::Section => (1..=1, "one name"),
            Self::Media => (0..=0, "url=… and, if known, contentType=…"),
        }
    }
}

/// Compiles `source`, which begins at `start` of `file`; all that is wrong goes to `problems`, and what is wrong is not
/// part of the template.
pub(super) fn compile(file: &Arc<str>, source: &str, start: Place, problems: &mut Vec<Problem>) -> Template {
    let tokens = tags::tokens(source, start);
    let (partials, inlines, open, program) = Default::default();
    let mut compiler =
        Compiler { file, problems, partials, inlines, open, program, is_too_deep: false, told: 0, words: 0 };
    compiler.compile(&tokens);
    let Compiler { program, partials, inlines, .. } = compiler;
    Template { file: Arc::clone(file), program, partials, inlines, length: source.len() }
}

struct Compiler<'a> {
    file: &'a Arc<str>,
    problems: &'a mut Vec<Problem>,
    partials: Vec<PartialName>,
    inlines: Vec<String>,
    /// The blocks around `program`, outermost first.
    open: Vec<Open<'a>>,
    /// Where nodes go.
    program: Program,
    /// Whether it has been told that blocks nest too deep.
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
    name: Option<&'a str>,
    what: Opened,
    /// The program around it.
    around: Program,
    /// What stood before `{{else}}`, which now goes to `program`.
    body: Option<Program>,
}

enum Opened {
    Block(Option<Block>),
    Inverse(Option<Block>),
    Partial(Option<PartialCall>),
    Inline(Option<String>),
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
                        && !tag.whole.ends_with("}}}")
                    {
                        let hint = Some("put a space between the tag and the brace".to_owned());
                        self.report(Code::Portability, tag.place, width(tag), UNPORTABLE_BRACE.to_owned(), hint);
                    }
                    let text = trimmed(text, before, tokens.get(index + 1));
                    if !text.is_empty() {
                        self.program.nodes.push(Node::Text(text.into()));
                    }
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
            self.unclosed(open);
            if self.told >= bounds::PROBLEMS {
                return;
            }
        }
    }

    fn tag(&mut self, tag: &'a Tag<'a>) {
        match tag.kind {
            TagKind::Comment => {}
            TagKind::Value => self.value(tag),
            TagKind::Open | TagKind::OpenInverse => {
                let name = tag.inside.split(|c: char| c.is_whitespace()).next().unwrap_or_default();
                let block = self.block(tag, tag.inside);
                let what = if tag.kind == TagKind::Open { Opened::Block(block) } else { Opened::Inverse(block) };
                self.open(tag, Some(name), what);
            }
            TagKind::Else => self.otherwise(tag),
            TagKind::Close => self.end(tag),
            TagKind::Partial => {
                if let Some(call) = self.partial(tag, false) {
                    self.program.nodes.push(Node::Partial(tag.place, Box::new(call)));
                }
            }
            TagKind::OpenPartial => {
                let call = self.partial(tag, true);
                let name = partial_name(tag.inside).0;
                self.open(tag, Some(name), Opened::Partial(call));
            }
            TagKind::OpenInline => {
                let name = self.inline(tag);
                let decorator = tag.inside.split(char::is_whitespace).next();
                self.open(tag, decorator, Opened::Inline(name));
            }
            TagKind::Decorator => {
                self.problem(tag, Code::Syntax, "the only decorator is {{#*inline \"name\"}} … {{/inline}}");
            }
            TagKind::Raw => {
                let message = "a raw block needs a helper that Dotprompt does not have; a literal {{ is written \\{{";
                self.problem(tag, Code::Syntax, message);
            }
            TagKind::Unclosed => {
                self.problem(tag, Code::Syntax, "this {{ is never closed by }}; a literal {{ is written \\{{");
            }
        }
    }

    /// `{{x}}`, `{{helper x}}`
    fn value(&mut self, tag: &Tag<'_>) {
        let Some(call) = self.expression(tag, tag.inside) else { return };
        let is_call = !call.params.is_empty() || !call.hash.is_empty();
        let node = match Helper::parse(&call.name) {
            Some(Helper::Block(_)) if is_call => {
                let message = format!("`{0}` is a block: {{{{#{0} …}}}} … {{{{/{0}}}}}", call.name);
                return self.problem(tag, Code::Helper, message);
            }
            Some(helper) if is_call || helper == Helper::History => {
                if !self.check_call(tag, &call) {
                    return;
                }
                match helper {
                    Helper::Log => return,
                    Helper::Role | Helper::History | Helper::Section | Helper::Media => {
                        match self.mark(tag, helper, call) {
                            Some(mark) => Node::Mark(tag.place, Box::new(mark)),
                            None => return,
                        }
                    }
                    _ => Node::Value(tag.place, Expression::Call(Box::new(call))),
                }
            }
            _ if is_call => return self.unknown_helper(tag, &call.name),
            _ => Node::Value(tag.place, Expression::Path(Path::parse(&call.name))),
        };
        self.program.nodes.push(node);
    }

    fn mark(&mut self, tag: &Tag<'_>, helper: Helper, mut call: Call) -> Option<Mark> {
        let first = call.params.drain(..).next();
        Some(match (helper, first) {
            (Helper::Role, Some(role)) => {
                if let Expression::Literal(role) = &role
                    && let Err(message) = Role::parse(role.as_str().unwrap_or_default())
                {
                    self.problem(tag, Code::Helper, message);
                    return None;
                }
                Mark::Role { role, metadata: call.hash }
            }
            (Helper::Section, Some(name)) => Mark::Section(name),
            (Helper::Media, _) => {
                let mut take = |name: &str| {
                    let at = call.hash.iter().position(|(key, _)| key == name)?;
                    Some(call.hash.swap_remove(at).1)
                };
                let Some(url) = take("url") else {
                    self.problem(tag, Code::Helper, "`media` takes url=… and, if known, contentType=…");
                    return None;
                };
                Mark::Media { url, content_type: take("contentType") }
            }
            _ => Mark::History,
        })
    }

    /// What `{{#…}}` or `{{else …}}` opens.
    fn block(&mut self, tag: &Tag<'_>, inside: &str) -> Option<Block> {
        let (inside, block_params) = match block_params(inside) {
            Ok(split) => split,
            Err(message) => {
                self.problem(tag, Code::Syntax, message);
                return None;
            }
        };
        let mut call = self.expression(tag, inside)?;
        let is_call = !call.params.is_empty() || !call.hash.is_empty();
        let kind = match Helper::parse(&call.name) {
            Some(Helper::Block(kind)) => {
                if !self.check_call(tag, &call) {
                    return None;
                }
                kind
            }
            Some(_) if is_call => {
                self.problem(tag, Code::Helper, format!("`{0}` is not a block: {{{{{0} …}}}}", call.name));
                return None;
            }
            None if is_call => {
                self.unknown_helper(tag, &call.name);
                return None;
            }
            _ => {
                call.params.push(Expression::Path(Path::parse(&call.name)));
                BlockKind::Section
            }
        };
        let include_zero = call.hash.into_iter().find(|(key, _)| key == "includeZero").map(|(_, value)| value);
        let (body, otherwise) = Default::default();
        Some(Block { kind, params: call.params, block_params, include_zero, body, otherwise })
    }

    fn partial(&mut self, tag: &Tag<'_>, has_fallback: bool) -> Option<PartialCall> {
        let (name, rest) = partial_name(tag.inside);
        if name.is_empty()
            || name.starts_with('(')
            || name.contains(|c: char| c.is_control() || matches!(c, '"' | '\''))
        {
            self.problem(tag, Code::Syntax, "the name of a partial is written out: {{> name}} or {{> folder/name}}");
            return None;
        }
        // Any name will do for the parser.
        let call = self.expression(tag, &format!("p {rest}"))?;
        if !self.check_values(tag, &call) {
            return None;
        }
        let mut params = call.params.into_iter();
        let context = params.next();
        if params.next().is_some() {
            self.problem(tag, Code::Syntax, "a partial takes one context, and key=value");
            return None;
        }
        if name != "@partial-block" && !self.partials.iter().any(|partial| partial.name == name) {
            self.partials.push(PartialName {
                name: name.to_owned(),
                place: tag.place,
                width: width(tag),
                has_fallback,
            });
        }
        let indent = if tag.standalone && !has_fallback { tag.indent.to_owned() } else { String::new() };
        Some(PartialCall { name: name.to_owned(), context, hash: call.hash, block: None, indent })
    }

    fn inline(&mut self, tag: &Tag<'_>) -> Option<String> {
        let call = self.expression(tag, tag.inside)?;
        match (call.name.as_str(), call.params.as_slice()) {
            ("inline", [Expression::Literal(Value::String(name))]) => Some(name.clone()),
            _ => {
                self.problem(tag, Code::Syntax, "the only decorator is {{#*inline \"name\"}} … {{/inline}}");
                None
            }
        }
    }

    fn open(&mut self, tag: &'a Tag<'a>, name: Option<&'a str>, what: Opened) {
        if self.open.len() == bounds::NESTING && !self.is_too_deep {
            // Once, and the rest is read as if it were not there.
            self.is_too_deep = true;
            let message = format!("nested more than {} deep", bounds::NESTING);
            self.problem(tag, Code::Bound, message);
        }
        let around = std::mem::take(&mut self.program);
        self.open.push(Open { tag, name, what, around, body: None });
    }

    /// `{{else}}`, `{{else if x}}`
    fn otherwise(&mut self, tag: &'a Tag<'a>) {
        match self.open.last_mut() {
            Some(Open { what: Opened::Block(_) | Opened::Inverse(_), body: body @ None, .. }) => {
                *body = Some(std::mem::take(&mut self.program));
            }
            Some(Open { what: Opened::Block(_) | Opened::Inverse(_), .. }) => {
                return self.problem(tag, Code::Syntax, "a block has one {{else}}");
            }
            _ => return self.problem(tag, Code::Syntax, "{{else}} stands in no block"),
        }
        if !tag.inside.is_empty() {
            let block = self.block(tag, tag.inside);
            self.open(tag, None, Opened::Block(block));
        }
    }

    /// `{{/x}}`
    fn end(&mut self, tag: &'a Tag<'a>) {
        let closes = partial_name(tag.inside).0;
        if !self.open.iter().any(|open| open.name == Some(closes)) {
            let message = match self.open.iter().rev().find_map(|open| open.name) {
                Some(name) => format!("{{{{/{}}}}} stands where {{{{/{}}}}} could", shorten(closes), shorten(name)),
                None => format!("{{{{/{}}}}} closes a block that is not open", shorten(closes)),
            };
            return self.problem(tag, Code::Syntax, message);
        }
        while let Some(open) = self.open.pop() {
            let name = open.name;
            if name == Some(closes) {
                return self.close(open);
            }
            self.unclosed(open);
        }
    }

    /// Ends a block that the template does not.
    fn unclosed(&mut self, open: Open<'_>) {
        if let Some(name) = open.name {
            let message = format!("`{0}` is opened here and not closed by {{{{/{0}}}}}", shorten(name));
            self.problem(open.tag, Code::Syntax, message);
        }
        self.close(open);
    }

    /// Puts a block that has ended where it belongs.
    fn close(&mut self, open: Open<'_>) {
        let inner = std::mem::replace(&mut self.program, open.around);
        let is_inverse = matches!(open.what, Opened::Inverse(_));
        let place = open.tag.place;
        if self.open.len() > bounds::NESTING {
            return;
        }
        match open.what {
            Opened::Block(Some(mut block)) | Opened::Inverse(Some(mut block)) => {
                (block.body, block.otherwise) = match open.body {
                    Some(body) => (body, inner),
                    None => (inner, Program::default()),
                };
                if is_inverse {
                    std::mem::swap(&mut block.body, &mut block.otherwise);
                }
                self.program.nodes.push(Node::Block(place, Box::new(block)));
            }
            Opened::Partial(Some(mut call)) => {
                call.block = Some(inner);
                self.program.nodes.push(Node::Partial(place, Box::new(call)));
            }
            Opened::Inline(Some(name)) => {
                self.inlines.push(name.clone());
                self.program.inlines.push((name, inner));
            }
            _ => {}
        }
    }

    fn expression(&mut self, tag: &Tag<'_>, inside: &str) -> Option<Call> {
        let before = self.words;
        self.words += 1 + inside.bytes().filter(u8::is_ascii_whitespace).count();
        if self.words > bounds::ALL_WORDS {
            // Once, as one is enough for the file not to be used.
            if before <= bounds::ALL_WORDS {
                let message = format!("more than {} words in all tags of one file", bounds::ALL_WORDS);
                self.problem(tag, Code::Bound, message);
            }
            return None;
        }
        match expression::parse(inside) {
            Ok(call) => {
                if has_bare_index(inside) {
                    let message = "an index without brackets, which Handlebars does not take".to_owned();
                    let hint = Some("write {{items.[0]}} for {{items.0}}".to_owned());
                    self.report(Code::Portability, tag.place, width(tag), message, hint);
                }
                Some(call)
            }
            Err(error) => {
                // Where the parser stopped, if what it was given is as it stands in the tag.
                let at = tag.whole.find(inside).map_or(0, |start| start + error.at);
                let place = tag.place.behind(&tag.whole[..at.min(tag.whole.len())]);
                let hint = hint(inside).filter(|_| error.code == Code::Syntax);
                self.report(error.code, place, 1, error.message, hint);
                None
            }
        }
    }

    /// Whether a helper that exists is called as it can be.
    fn check_call(&mut self, tag: &Tag<'_>, call: &Call) -> bool {
        let Some(helper) = Helper::parse(&call.name) else { return true };
        let (count, takes) = helper.takes();
        if !count.contains(&call.params.len()) {
            self.problem(tag, Code::Helper, format!("`{}` takes {takes}", call.name));
            return false;
        }
        self.check_values(tag, call)
    }

    /// Whether the sub-expressions are helpers that give a value.
    fn check_values(&mut self, tag: &Tag<'_>, call: &Call) -> bool {
        let values = call.params.iter().chain(call.hash.iter().map(|(_, value)| value));
        for value in values {
            let Expression::Call(inner) = value else { continue };
            let fits = match Helper::parse(&inner.name) {
                Some(Helper::Lookup | Helper::Json) => self.check_call(tag, inner),
                Some(_) => {
                    let message = format!("`{}` gives no value: (lookup …) and (json …) do", inner.name);
                    self.problem(tag, Code::Helper, message);
                    false
                }
                None => {
                    self.unknown_helper(tag, &inner.name);
                    false
                }
            };
            if !fits {
                return false;
            }
        }
        true
    }

    fn unknown_helper(&mut self, tag: &Tag<'_>, name: &str) {
        let names = || Helper::ALL.iter().map(|(name, _)| *name);
        let hint = nearest(name, names()).map(|near| format!("did you mean `{near}`?"));
        let known = names().collect::<Vec<_>>().join(", ");
        let message = format!("there is no helper `{}`; there are {known}", shorten(name));
        self.report(Code::Helper, tag.place, width(tag), message, hint);
    }

    fn problem(&mut self, tag: &Tag<'_>, code: Code, message: impl Into<String>) {
        self.report(code, tag.place, width(tag), message.into(), None);
    }

    fn report(&mut self, code: Code, place: Place, width: usize, message: String, hint: Option<String>) {
        self.told += 1;
        let (file, width) = (Arc::clone(self.file), width.max(1));
        self.problems.push(Problem { code, file, place, width, message, hint });
    }
}

const UNPORTABLE_BRACE: &str = "Handlebars takes }}} for the end of {{{, and does not read this";

/// How wide a tag is on its first line.
fn width(tag: &Tag<'_>) -> usize {
    tag.whole.lines().next().unwrap_or_default().chars().count()
}

/// Whether a path such as `items.0` has a number that is not in brackets.
fn has_bare_index(inside: &str) -> bool {
    let words = inside.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '='));
    // What stands in quotes or brackets may look like anything.
    let paths = words.filter(|word| !word.contains(['"', '\'', '[']) && word.starts_with(char::is_alphabetic));
    let is_index = |segment: &str| !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    paths.into_iter().any(|path| path.split(['.', '/']).skip(1).any(is_index))
}

/// What people write who know other template languages.
fn hint(inside: &str) -> Option<String> {
    let has = |signs: &[&str]| signs.iter().any(|sign| inside.contains(sign));
    let text = if has(&["==", "!="]) {
        "Handlebars compares with {{#ifEquals a b}} … {{/ifEquals}}"
    } else if has(&["&&", "||", " and ", " or ", "!", " ? ", ">", "<"]) {
        "Handlebars has no operators: nest {{#if}} and {{#unless}}"
    } else if has(&["|"]) {
        "Handlebars has no filters"
    } else if inside.is_empty() {
        "name a variable between the braces; a literal {{ is written \\{{"
    } else {
        "a literal {{ is written \\{{"
    };
    Some(text.to_owned())
}

/// Splits `items as |item index|`.
fn block_params(inside: &str) -> Result<(&str, Vec<String>), &'static str> {
    let Some(open) = inside.strip_suffix('|').and_then(|rest| rest.rfind('|')) else {
        return Ok((inside, Vec::new()));
    };
    let names = &inside[open + 1..inside.len() - 1];
    let before = inside[..open].trim_end().strip_suffix("as").filter(|before| before.ends_with(char::is_whitespace));
    let names: Vec<String> = names.split_whitespace().map(str::to_owned).collect();
    match before {
        Some(before) if !names.is_empty() => Ok((before.trim_end(), names)),
        _ => Err("names for the items are written `as |item|` or `as |item index|`"),
    }
}

/// Splits a partial's tag into its name, without quotes or brackets, and what follows.
fn partial_name(inside: &str) -> (&str, &str) {
    let quoted = ['"', '\''].into_iter().find_map(|quote| inside.strip_prefix(quote)?.split_once(quote));
    let bracketed = || inside.strip_prefix('[')?.split_once(']');
    quoted.or_else(bracketed).unwrap_or_else(|| inside.split_once(char::is_whitespace).unwrap_or((inside, "")))
}

/// Text without the white space that the tags beside it take.
fn trimmed<'a>(text: &'a str, before: Option<&Token<'_>>, after: Option<&Token<'_>>) -> &'a str {
    let mut text = text;
    if let Some(Token::Tag(tag)) = before {
        if tag.trim_after {
            text = text.trim_start();
        } else if tag.takes_its_line() {
            let rest = text.trim_start_matches([' ', '\t']);
            text = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest);
        }
    }
    if let Some(Token::Tag(tag)) = after {
        if tag.trim_before {
            text = text.trim_end();
        } else if tag.takes_its_line() {
            text = text.trim_end_matches([' ', '\t']);
        }
    }
    text
}

impl Tag<'_> {
    fn takes_its_line(&self) -> bool {
        self.standalone && !matches!(self.kind, TagKind::Value | TagKind::Raw | TagKind::Unclosed)
    }
}
