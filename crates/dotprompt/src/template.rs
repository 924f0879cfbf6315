//! The template of a file: text, values, blocks and partials, ready to render.
//!
//! Blocks and white space follow Handlebars (<https://handlebarsjs.com/guide/>), the helpers Dotprompt
//! (<https://google.github.io/dotprompt/reference/template/>).

mod expression;
mod foreign;
mod lexer;
mod rows;
mod tags;
mod uses;

use std::sync::Arc;

use serde_json::Value;

pub(super) use expression::{Base, Call, Expression, Path};
use expression::{NOT_ONE, Parsed};
pub use foreign::{Foreign, Other, foreign};
use lexer::{Fault, Word};
use rows::{Nested, Opened, Row};
use tags::{Strip, Tag, TagFault, TagKind, Token};
pub(super) use uses::{Inlines, Usage, usage};
pub use uses::{LOOP_DATA, UnknownData, Variable};

use super::bounds;
use super::message::Role;
use super::problem::{Code, Place, Problem};
use super::reader::shorten;
use crate::nearest;

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
    Role(Expression),
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

    /// How many parameters it takes, the keys it takes, and what an error says it takes.
    fn takes(self) -> (std::ops::RangeInclusive<usize>, &'static [&'static str], &'static str) {
        match self {
            Self::Block(BlockKind::IfEquals | BlockKind::UnlessEquals) => (2..=2, &[], "two values to compare"),
            Self::Block(BlockKind::If | BlockKind::Unless) => (1..=1, &["includeZero"], "one value"),
            Self::Block(_) => (1..=1, &[], "one value"),
            Self::Lookup => (2..=2, &[], "a list or an object, and which item"),
            Self::Json => (1..=1, &["indent"], "one value, and indent=2 if it shall have lines"),
            Self::Log => (0..=usize::MAX, &["level"], "anything"),
            Self::Role => (1..=1, &[], "one role: user, model or system"),
            Self::History => (0..=0, &[], "nothing"),
            Self::Section => (1..=1, &[], "one name"),
            Self::Media => (0..=0, &["url", "contentType"], "url=… and, if known, contentType=…"),
        }
    }
}

/// Keys as other tools call them.
const OTHER_KEYS: [(&str, &str); 11] = [
    ("mime", "contentType"),
    ("mimeType", "contentType"),
    ("mime_type", "contentType"),
    ("type", "contentType"),
    ("mediaType", "contentType"),
    ("href", "url"),
    ("src", "url"),
    ("uri", "url"),
    ("path", "url"),
    ("file", "url"),
    ("spaces", "indent"),
];

/// Compiles `source`, which begins at `start` of `file`; all that is wrong goes to `problems`, and what is wrong is not
/// part of the template.
pub(super) fn compile(file: &Arc<str>, source: &str, start: Place, problems: &mut Vec<Problem>) -> Template {
    let tokens = tags::tokens(source, start);
    let (partials, inlines, open, row) = Default::default();
    let mut compiler = Compiler { file, problems, partials, inlines, open, row, is_too_deep: false, told: 0, words: 0 };
    if let Some(at) = source.find('\0') {
        let place = start.behind(&source[..at]);
        compiler.report(Code::Syntax, place, 1, "a NUL character, which Handlebars does not take".to_owned(), None);
    }
    compiler.compile(&tokens);
    let Compiler { row, partials, inlines, .. } = compiler;
    Template { file: Arc::clone(file), program: row.into_program(), partials, inlines, length: source.len() }
}

struct Compiler<'a> {
    file: &'a Arc<str>,
    problems: &'a mut Vec<Problem>,
    partials: Vec<PartialName>,
    inlines: Vec<String>,
    /// The blocks around `row`, outermost first.
    open: Vec<Open<'a>>,
    /// Where text and tags go.
    row: Row<'a>,
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
    name: Option<String>,
    /// `None` for a block that is wrong.
    what: Option<Opened>,
    /// The row around it.
    around: Row<'a>,
    /// What stood before `{{else}}`, and what that takes; the rest goes to `row`.
    before_else: Option<(Row<'a>, Strip)>,
}

/// What a name in a tag says of a block around, `as |name|`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ItemName {
    Not,
    Known,
    /// Outside of the `{{#*inline}}` around, where the reference loses count of such names.
    OutsideOfInline,
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
                        let hint = Some("put a space between the tag and the brace".to_owned());
                        self.report(Code::Portability, tag.place, width(tag), UNPORTABLE_BRACE.to_owned(), hint);
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

    /// `{{x}}`, `{{helper x}}`
    fn value(&mut self, tag: &Tag<'_>) -> Option<Node> {
        let Parsed { call, .. } = self.parse(tag).filter(|parsed| self.has_no_names(tag, parsed))?;
        let is_call = call.has_arguments();
        let helper = match self.helper(tag, &call)? {
            Some(Helper::Block(_)) if is_call => {
                let message = format!("`{0}` is a block: {{{{#{0} …}}}} … {{{{/{0}}}}}", call.name);
                self.problem(tag, Code::Helper, message);
                return None;
            }
            Some(helper) if is_call || helper == Helper::History => helper,
            _ => return Some(Node::Value(tag.place, Expression::Path(call.path?))),
        };
        if !self.check_call(tag, helper, &call) {
            return None;
        }
        match helper {
            Helper::Log => None,
            Helper::Role | Helper::History | Helper::Section | Helper::Media => {
                let mark = self.mark(tag, helper, call)?;
                Some(Node::Mark(tag.place, Box::new(mark)))
            }
            _ => Some(Node::Value(tag.place, Expression::Call(Box::new(call)))),
        }
    }

    /// The helper that a tag calls, if it calls one; nothing if it cannot be called so.
    fn helper(&mut self, tag: &Tag<'_>, call: &Call) -> Option<Option<Helper>> {
        if call.path.is_none() {
            let name = shorten(&call.name);
            self.problem(
                tag,
                Code::Syntax,
                format!("a name must stand here, not a value; a variable of that name is {{{{[{name}]}}}}"),
            );
            return None;
        }
        let is_call = call.has_arguments();
        match call.simple_name() {
            Some(name) if self.item_name(name) != ItemName::Not => {
                if is_call {
                    let message = format!("`{}` is the name of an item here and takes nothing", shorten(name));
                    self.problem(tag, Code::Helper, message);
                    return None;
                }
                Some(None)
            }
            Some(name) => match Helper::parse(name) {
                None if is_call => {
                    self.unknown_helper(tag, name);
                    None
                }
                helper => Some(helper),
            },
            None if is_call => {
                self.unknown_helper(tag, &call.name);
                None
            }
            None => Some(None),
        }
    }

    fn mark(&mut self, tag: &Tag<'_>, helper: Helper, mut call: Call) -> Option<Mark> {
        let first = call.params.drain(..).next();
        Some(match (helper, first) {
            (Helper::Role, Some(role)) => {
                let wrong = match &role {
                    Expression::Literal(role) => Role::parse(role.as_str().unwrap_or_default()).err(),
                    Expression::Path(path) => path.simple_name().and_then(bare_role),
                    Expression::Call(_) => None,
                };
                if let Some(message) = wrong {
                    self.problem(tag, Code::Helper, message);
                    return None;
                }
                Mark::Role(role)
            }
            (Helper::Section, Some(name)) => {
                if let Expression::Path(path) = &name
                    && let Some(name) = path.simple_name()
                    && self.item_name(name) == ItemName::Not
                {
                    let message = format!("the name of a section is text: {{{{section \"{}\"}}}}", shorten(name));
                    self.problem(tag, Code::Helper, message);
                    return None;
                }
                Mark::Section(name)
            }
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
    fn block(&mut self, tag: &Tag<'_>, parsed: Parsed) -> Option<Block> {
        let Parsed { mut call, block_params, .. } = parsed;
        let kind = match self.helper(tag, &call)? {
            Some(helper @ Helper::Block(kind)) => {
                if !self.check_call(tag, helper, &call) {
                    return None;
                }
                kind
            }
            Some(_) if call.has_arguments() => {
                self.problem(tag, Code::Helper, format!("`{0}` is not a block: {{{{{0} …}}}}", call.name));
                return None;
            }
            _ => {
                call.params.extend(call.path.map(Expression::Path));
                BlockKind::Section
            }
        };
        let most = match kind {
            BlockKind::Each | BlockKind::Section => 2,
            BlockKind::With => 1,
            _ => 0,
        };
        let wrong = match block_params.len() {
            0 => None,
            _ if tag.kind == TagKind::OpenInverse => Some("{{^…}} has no items to name: {{#each items as |item|}}"),
            _ if most == 0 => Some("only each and with name what they show: {{#each items as |item|}}"),
            names if names > most => Some("names for the items are written `as |item|` or `as |item index|`"),
            _ => None,
        };
        if let Some(message) = wrong {
            self.problem(tag, Code::Syntax, message);
            return None;
        }
        let include_zero = call.hash.into_iter().find(|(key, _)| key == "includeZero").map(|(_, value)| value);
        let (body, otherwise) = Default::default();
        Some(Block { kind, params: call.params, block_params, include_zero, body, otherwise })
    }

    fn partial(&mut self, tag: &Tag<'_>, parsed: Parsed, has_fallback: bool) -> Option<PartialCall> {
        if !self.has_no_names(tag, &parsed) || !self.check_values(tag, &parsed.call) {
            return None;
        }
        let Call { name, params, hash, .. } = parsed.call;
        let mut params = params.into_iter();
        let context = params.next();
        if params.next().is_some() {
            self.problem(tag, Code::Syntax, "a partial takes one context, and key=value");
            return None;
        }
        if name != "@partial-block" && !self.partials.iter().any(|partial| partial.name == name) {
            let (name, place, width) = (name.clone(), tag.place, width(tag));
            self.partials.push(PartialName { name, place, width, has_fallback });
        }
        Some(PartialCall { name, context, hash, block: None, indent: String::new() })
    }

    fn inline(&mut self, tag: &Tag<'_>, parsed: Parsed) -> Option<String> {
        let Parsed { call: Call { name, params, hash, .. }, block_params, .. } = parsed;
        match (name.as_str(), params.as_slice()) {
            ("inline", [Expression::Literal(Value::String(name))]) if hash.is_empty() && block_params.is_empty() => {
                Some(name.clone())
            }
            _ => {
                self.problem(tag, Code::Syntax, "the only decorator is {{#*inline \"name\"}} … {{/inline}}");
                None
            }
        }
    }

    fn open(&mut self, tag: &'a Tag<'a>, name: Option<String>, what: Option<Opened>) {
        if self.open.len() == bounds::NESTING && !self.is_too_deep {
            // Once, and the rest is read as if it were not there.
            self.is_too_deep = true;
            let message = format!("nested more than {} deep", bounds::NESTING);
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
                    let message = "{{^…}} takes {{else}} alone, and no other block behind it";
                    return self.problem(tag, Code::Syntax, message);
                }
                let row = if is_chain { Row::chained() } else { Row::default() };
                open.before_else = Some((std::mem::replace(&mut self.row, row), tag.strip));
            }
            _ => return self.problem(tag, Code::Syntax, "{{else}} stands in no block"),
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
        if self.open.len() > bounds::NESTING {
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
        if self.words > bounds::ALL_WORDS {
            // Once, as one is enough for the file not to be used.
            if before <= bounds::ALL_WORDS {
                let message = format!("more than {} words in all tags of one file", bounds::ALL_WORDS);
                self.problem(tag, Code::Bound, message);
            }
            return None;
        }
        let at_byte = |at: usize| tag.place.behind(&tag.whole[..at]);
        if let Some((at, fault)) = tag.fault {
            let is_quote = fault == TagFault::Word(Fault::TypographicQuote);
            let hint = hint(tag.inside).filter(|_| !is_quote);
            self.report(Code::Syntax, at_byte(at), 1, fault_message(tag, fault), hint);
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
                    self.report(Code::Portability, tag.place, width(tag), message, hint);
                }
                Some(parsed).filter(|parsed| self.check_paths(tag, &parsed.call))
            }
            Err(error) => {
                let hint = hint(tag.inside).filter(|_| error.code == Code::Syntax && error.message == NOT_ONE);
                self.report(error.code, at_byte(error.at), 1, error.message, hint);
                None
            }
        }
    }

    /// What a name stands for in blocks around.
    fn item_name(&self, name: &str) -> ItemName {
        let mut found = ItemName::Known;
        for open in self.open.iter().rev() {
            match &open.what {
                Some(Opened::Inline(_)) => found = ItemName::OutsideOfInline,
                Some(Opened::Block(block))
                    if open.before_else.is_none() && block.block_params.iter().any(|known| known == name) =>
                {
                    return found;
                }
                _ => {}
            }
        }
        ItemName::Not
    }

    /// Whether the paths of a tag mean something here.
    fn check_paths(&mut self, tag: &Tag<'_>, call: &Call) -> bool {
        let is_test = matches!(call.simple_name(), Some("if" | "unless")) && tag.kind != TagKind::Partial;
        let is_partial = matches!(tag.kind, TagKind::Partial | TagKind::OpenPartial | TagKind::Close);
        let own = call.path.as_ref().filter(|_| !is_partial && !call.has_arguments());
        if own.is_some_and(|path| !self.check_path(tag, path, false)) {
            return false;
        }
        let values = call.params.iter().chain(call.hash.iter().map(|(_, value)| value));
        values.into_iter().all(|value| match value {
            Expression::Literal(_) => true,
            Expression::Path(path) => self.check_path(tag, path, is_test),
            Expression::Call(inner) => self.check_paths(tag, inner),
        })
    }

    fn check_path(&mut self, tag: &Tag<'_>, path: &Path, is_test: bool) -> bool {
        let is_block =
            matches!(path.base, Base::Data { .. }) && path.segments.first().is_some_and(|s| s == "partial-block");
        if is_block && !(is_test && path.segments.len() == 1) {
            let message = "@partial-block is shown by {{> @partial-block}} and tested by {{#if @partial-block}}";
            self.problem(tag, Code::Syntax, message);
            return false;
        }
        if let Some(name) = path.param()
            && self.item_name(name) == ItemName::OutsideOfInline
        {
            let name = shorten(name);
            let message =
                format!("an inline partial does not see `{name}` of the block around: call it with {name}={name}");
            self.problem(tag, Code::Syntax, message);
            return false;
        }
        true
    }

    /// Whether a tag that opens no block names no items.
    fn has_no_names(&mut self, tag: &Tag<'_>, parsed: &Parsed) -> bool {
        if !parsed.block_params.is_empty() {
            self.problem(tag, Code::Syntax, "only each and with name what they show: {{#each items as |item|}}");
        }
        parsed.block_params.is_empty()
    }

    /// Whether a helper that exists is called as it can be.
    fn check_call(&mut self, tag: &Tag<'_>, helper: Helper, call: &Call) -> bool {
        let (count, keys, takes) = helper.takes();
        let name = &call.name;
        if let Some((key, _)) = call.hash.iter().find(|(key, _)| !keys.contains(&key.as_str())) {
            let other = OTHER_KEYS.iter().find(|(other, ours)| *other == key.as_str() && keys.contains(ours));
            let near = other.map(|(_, ours)| *ours).or_else(|| nearest(key, keys.iter().copied()));
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            let message = format!("`{name}` has no key `{}`: it takes {takes}", shorten(key));
            self.report(Code::Helper, tag.place, width(tag), message, hint);
            return false;
        }
        if !count.contains(&call.params.len()) {
            self.problem(tag, Code::Helper, format!("`{name}` takes {takes}"));
            return false;
        }
        self.check_values(tag, call)
    }

    /// Whether the sub-expressions are helpers that give a value.
    fn check_values(&mut self, tag: &Tag<'_>, call: &Call) -> bool {
        let values = call.params.iter().chain(call.hash.iter().map(|(_, value)| value));
        for value in values {
            let Expression::Call(inner) = value else { continue };
            let name = inner.simple_name().filter(|name| self.item_name(name) == ItemName::Not);
            let fits = match name.and_then(Helper::parse) {
                Some(helper @ (Helper::Lookup | Helper::Json)) => self.check_call(tag, helper, inner),
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

/// A tag in the spelling of JavaScript, PHP or a placeholder, as it is written here.
fn respelled(inside: &str) -> Option<String> {
    let value = inside.trim();
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    if let Some((name, key)) = value.split_once('[')
        && let Some(key) = key.strip_suffix(']')
        && is_name(name)
    {
        let key = key.trim_matches(['"', '\'']);
        let is_number = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
        return match is_name(key) && !is_number {
            true => Some(format!("{{{{{name}.{key}}}}}")),
            false => Some(format!("{{{{{name}.[{key}]}}}}")),
        };
    }
    if let Some((object, field)) = value.split_once("->")
        && is_name(object)
        && is_name(field)
    {
        return Some(format!("{{{{{object}.{field}}}}}"));
    }
    if let Some(name) = value.strip_prefix('<').and_then(|name| name.strip_suffix('>'))
        && is_name(name)
    {
        return Some(format!("{{{{{name}}}}}"));
    }
    if let Some((helper, value)) = value.split_once(" = ")
        && Helper::parse(helper).is_some()
    {
        return Some(format!("{{{{{helper} {value}}}}}"));
    }
    let (head, names) = value.strip_suffix('|')?.split_once('|')?;
    let names = names.replace(',', " ");
    let names: Vec<&str> = names.split_whitespace().filter(|name| is_name(name)).collect();
    let head = head.trim().trim_end_matches(" as").trim();
    (!names.is_empty()).then(|| format!("{{{{#{head} as |{}|}}}}", names.join(" ")))
}

/// What people write who know other template languages.
fn hint(inside: &str) -> Option<String> {
    if let Some(tag) = respelled(inside) {
        return Some(format!("write {tag}"));
    }
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

/// What is wrong with a role that is written without quotes: these words are no variables of anyone's.
fn bare_role(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "assistant" => Some("a role is written in quotes, and the assistant is {{role \"model\"}}".to_owned()),
        "user" | "model" | "system" => Some(format!("a role is written in quotes: {{{{role \"{name}\"}}}}")),
        "tool" => Role::parse("tool").err(),
        _ => None,
    }
}

fn fault_message(tag: &Tag<'_>, fault: TagFault) -> String {
    match fault {
        TagFault::Word(Fault::Unreadable) => NOT_ONE.to_owned(),
        TagFault::Word(Fault::Unclosed('[')) => "this [ is never closed by ]".to_owned(),
        TagFault::Word(Fault::Unclosed(quote)) => format!("this text is never closed by {quote}"),
        TagFault::Word(Fault::TypographicQuote) => {
            let tag = shorten(&with_straight_quotes(tag.whole));
            format!("text stands in straight quotes here, not in typographic ones: {tag}")
        }
        TagFault::Braces => "{{{ is closed by }}}, and {{ by }}; a tilde stands outside: {{~{x}~}}".to_owned(),
    }
}

impl Tag<'_> {
    /// Whether the reference would take a brace behind it for one of its own.
    fn is_closed_by_more_braces(&self) -> bool {
        let is_closed_first = match self.kind {
            TagKind::Comment | TagKind::Unclosed => true,
            TagKind::Else => self.words.is_empty(),
            _ => false,
        };
        !(self.strip.after || is_closed_first || self.fault.is_some())
    }
}
