//! The expression in a tag, `name param key=value`. The grammar is `src/handlebars.yy` of
//! <https://github.com/handlebars-lang/handlebars-parser>.

use std::iter::Peekable;
use std::slice;

use serde_json::Value;

use super::super::bounds;
use super::super::problem::{Cause, Code};
use super::lexer::{Lexeme, Word};
use super::{Helper, ValueHelper};
use crate::reader::shorten;
use crate::yaml::number;

/// A value that a template computes.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// Text, a number, `true`, `false` or `null`.
    Literal(Value),
    /// `x`, `../x`, `@x`
    Path(Path),
    /// `(helper …)`
    Call(Box<Call>),
}

/// A helper with its parameters, or a path alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The path or the literal, without brackets and quotes.
    pub(crate) name: String,
    /// `None` for a literal.
    pub(crate) path: Option<Path>,
    /// The helper, if it returns a value.
    pub(crate) value_helper: Option<ValueHelper>,
    pub(crate) params: Vec<Expression>,
    /// `key=value` in the author's order; the first one of each key.
    pub(crate) hash: Vec<(String, Expression)>,
}

impl Call {
    /// Whether it is more than a path.
    pub(super) fn has_arguments(&self) -> bool {
        self.values().next().is_some()
    }

    /// The name, if it can be a helper's: see [`Path::simple_name`].
    pub(super) fn simple_name(&self) -> Option<&str> {
        self.path.as_ref()?.simple_name()
    }

    /// The parameters, then the values of the keys.
    pub(super) fn values(&self) -> impl Iterator<Item = &Expression> {
        self.params.iter().chain(self.hash.iter().map(|(_, value)| value))
    }
}

/// The path of a value: `a.b`, `../a`, `this.a`, `@index`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Whether it starts with `@`, as `@index` does.
    pub(crate) is_data: bool,
    /// How many `../` it starts with.
    pub(crate) up: usize,
    /// Whether it starts with `./` or `this`, so that it is neither a helper nor a block parameter.
    pub(crate) is_scoped: bool,
    pub(crate) segments: Vec<String>,
}

/// An error in an expression.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ExpressionError {
    pub(super) code: Code,
    /// The byte of the tag.
    pub(super) at: usize,
    pub(super) message: String,
    pub(super) cause: Option<Cause>,
}

/// The expression of a tag.
#[derive(Debug, PartialEq)]
pub(super) struct Parsed {
    pub(super) call: Call,
    /// `as |item index|`
    pub(super) block_params: Vec<String>,
    /// A segment such as the 0 of `items.0`, which Handlebars allows only in brackets.
    pub(super) bare_literal: Option<String>,
}

pub(super) const NOT_AN_EXPRESSION: &str = "this is not a Handlebars expression";

/// Parses the words of a tag; `end` is the byte where the expression ends.
pub(super) fn parse(words: &[Lexeme<'_>], end: usize) -> Result<Parsed, ExpressionError> {
    let mut parser = Parser { words: words.iter().peekable(), end, depth: 0, bare_literal: None };
    let call = parser.call()?;
    if words.len() > bounds::TAG_WORDS {
        return bound(words[0].at, format!("more than {} words in one tag", bounds::TAG_WORDS));
    }
    let mut block_params = Vec::new();
    if parser.take(&Word::As) {
        while !parser.take(&Word::Bar) {
            let at = parser.at();
            match parser.words.next().and_then(name) {
                Some(name) => block_params.push(name),
                None => return wrong(at, "names for the items are written `as |item|` or `as |item index|`"),
            }
        }
    }
    let at = parser.at();
    match parser.words.next() {
        Some(_) => not_an_expression(at),
        None => Ok(Parsed { call, block_params, bare_literal: parser.bare_literal }),
    }
}

struct Parser<'w, 'a> {
    words: Peekable<slice::Iter<'w, Lexeme<'a>>>,
    end: usize,
    depth: usize,
    bare_literal: Option<String>,
}

type Parse<T> = Result<T, ExpressionError>;

fn wrong<T>(at: usize, message: impl Into<String>) -> Parse<T> {
    Err(ExpressionError { code: Code::Syntax, at, message: message.into(), cause: None })
}

fn bound<T>(at: usize, message: String) -> Parse<T> {
    Err(ExpressionError { code: Code::Bound, at, message, cause: None })
}

fn not_an_expression<T>(at: usize) -> Parse<T> {
    let (message, cause) = (NOT_AN_EXPRESSION.to_owned(), Some(Cause::NotAnExpression));
    Err(ExpressionError { code: Code::Syntax, at, message, cause })
}

impl<'w, 'a> Parser<'w, 'a> {
    /// The byte of the next word.
    fn at(&mut self) -> usize {
        self.words.peek().map_or(self.end, |lexeme| lexeme.at)
    }

    fn peek(&mut self) -> Option<&'w Word<'a>> {
        self.words.peek().map(|lexeme| &lexeme.word)
    }

    fn take(&mut self, word: &Word<'_>) -> bool {
        self.words.next_if(|lexeme| lexeme.word == *word).is_some()
    }

    /// `name param key=value`
    fn call(&mut self) -> Parse<Call> {
        let (name, path) = match self.peek() {
            Some(Word::Name(_) | Word::Bracketed(_) | Word::At) => {
                let (path, original) = self.path()?;
                (original, Some(path))
            }
            _ => {
                let at = self.at();
                match self.literal()? {
                    Some(Value::String(text)) => (text, None),
                    Some(value) => (value.to_string(), None),
                    None if self.peek() == Some(&Word::Open) => return wrong(at, "expected a name, found a value"),
                    None => return not_an_expression(at),
                }
            }
        };
        let (mut params, mut hash) = (Vec::new(), Vec::<(String, Expression)>::new());
        while !matches!(self.peek(), None | Some(Word::Close | Word::As)) {
            let key = self.key();
            if key.is_none() && !hash.is_empty() {
                let at = self.at();
                return wrong(at, "key=value comes after all values");
            }
            let value = self.value()?;
            match key {
                // Handlebars ignores a second value of the same key.
                Some(key) if hash.iter().all(|(known, _)| *known != key) => hash.push((key, value)),
                Some(_) => {}
                None => params.push(value),
            }
        }
        let value_helper = match path.as_ref().and_then(Path::simple_name).and_then(Helper::parse) {
            Some(Helper::Value(helper)) => Some(helper),
            Some(Helper::Block(_) | Helper::Mark(_) | Helper::Log) | None => None,
        };
        Ok(Call { name, path, value_helper, params, hash })
    }

    /// The key of `key=value`, if that comes next.
    fn key(&mut self) -> Option<String> {
        let mut ahead = self.words.clone();
        let key = ahead.next().and_then(name)?;
        ahead.next().filter(|lexeme| lexeme.word == Word::Equals)?;
        self.words = ahead;
        Some(key)
    }

    fn value(&mut self) -> Parse<Expression> {
        let at = self.at();
        match self.peek() {
            Some(Word::Open) => {
                self.words.next();
                self.depth += 1;
                if self.depth > bounds::BLOCK_DEPTH {
                    return bound(at, format!("brackets nest more than {} deep", bounds::BLOCK_DEPTH));
                }
                let call = self.call()?;
                self.depth -= 1;
                if !self.take(&Word::Close) {
                    let at = self.at();
                    return wrong(at, "this ( is never closed by )");
                }
                Ok(Expression::Call(Box::new(call)))
            }
            Some(Word::Name(_) | Word::Bracketed(_) | Word::At) => Ok(Expression::Path(self.path()?.0)),
            _ => match self.literal()? {
                Some(value) => Ok(Expression::Literal(value)),
                None => not_an_expression(at),
            },
        }
    }

    fn literal(&mut self) -> Parse<Option<Value>> {
        let at = self.at();
        let value = match self.peek() {
            Some(Word::Text(text)) => text.as_str().into(),
            Some(Word::Number(digits)) => match digits.parse().ok().and_then(number) {
                Some(number) => number.into(),
                None => return wrong(at, "the number is too large"),
            },
            Some(Word::Bool(value)) => (*value).into(),
            Some(Word::Null | Word::Undefined) => Value::Null,
            _ => return Ok(None),
        };
        self.words.next();
        Ok(Some(value))
    }

    /// A path, and its text without brackets.
    fn path(&mut self) -> Parse<(Path, String)> {
        let begin = self.at();
        let is_data = self.take(&Word::At);
        let mut original = String::from(if is_data { "@" } else { "" });
        let (mut up, mut segments) = (0, Vec::new());
        loop {
            let at = self.at();
            let Some(lexeme) = self.words.next() else { return not_an_expression(at) };
            let Some(segment) = name(lexeme).or_else(|| self.bare_literal(lexeme, &original)) else {
                return not_an_expression(at);
            };
            original.push_str(&segment);
            let is_literal = matches!(lexeme.word, Word::Bracketed(_));
            match segment.as_str() {
                ".." | "." | "this" if !is_literal && !segments.is_empty() => {
                    let path = shorten(&original);
                    return wrong(begin, format!("`{segment}` can only be at the beginning of a path: `{path}`"));
                }
                ".." if !is_literal => up += 1,
                "." | "this" if !is_literal => {}
                _ if matches!(lexeme.word, Word::Number(_)) => {
                    segments.extend(segment.split('.').map(str::to_owned));
                }
                _ => segments.push(segment),
            }
            let Some(Word::Separator(separator)) = self.peek() else { break };
            self.words.next();
            original.push(*separator);
        }
        // Without segments, or with an empty first one, it is the context, even after `@`.
        if segments.first().is_some_and(String::is_empty) {
            segments.clear();
        }
        let is_data = is_data && !segments.is_empty();
        Ok((Path { is_data, up, is_scoped: is_scoped(&original), segments }, original))
    }

    /// A segment that Handlebars reads as a literal, such as the 0 of `items.0`. It is remembered for a warning.
    fn bare_literal(&mut self, lexeme: &Lexeme<'_>, before: &str) -> Option<String> {
        let text = match lexeme.word {
            Word::Number(digits) => digits,
            Word::Bool(true) => "true",
            Word::Bool(false) => "false",
            Word::Null => "null",
            Word::Undefined => "undefined",
            _ => return None,
        };
        if before.is_empty() || before == "@" {
            return None;
        }
        self.bare_literal.get_or_insert_with(|| text.to_owned());
        Some(text.to_owned())
    }
}

/// The text of a name.
fn name(lexeme: &Lexeme<'_>) -> Option<String> {
    match &lexeme.word {
        Word::Name(name) => Some((*name).to_owned()),
        Word::Bracketed(name) => Some(name.clone()),
        _ => None,
    }
}

/// See [`Path::is_scoped`]. The regular expression of Handlebars is `/^\.|this\b/`, which also matches `mythis`.
fn is_scoped(original: &str) -> bool {
    let ends = |behind: &str| !behind.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    original.starts_with('.') || original.match_indices("this").any(|(at, this)| ends(&original[at + this.len()..]))
}

impl Path {
    /// The name of a variable or a helper: a path of one segment, without `@`, `../` and `this`.
    pub(super) fn simple_name(&self) -> Option<&str> {
        self.param().filter(|_| !self.is_data && self.segments.len() == 1)
    }

    /// The first segment, if it can be a block parameter.
    pub(crate) fn param(&self) -> Option<&str> {
        self.segments.first().filter(|_| self.up == 0 && !self.is_scoped).map(String::as_str)
    }
}
