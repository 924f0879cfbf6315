//! What stands in a tag: `name param key=value`. Its grammar is the `handlebars` crate's; nothing else names that crate.
//!
//! The crate compiles whole templates too, but counts lines from the top at every tag (64 KiB of tags take a second),
//! recurses as deep as a template nests, and renders unlike Handlebars where it matters here (lists, `length`, missing
//! values, partials that include each other). So it is given one tag at a time.

use handlebars::Path as CratePath;
use handlebars::template::{HelperTemplate, Parameter, Template, TemplateElement};
use serde_json::Value;

use super::super::bounds;
use super::super::problem::Code;

/// A value that a template computes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    /// Written out: text, number, `true`, `false`, `null`.
    Literal(Value),
    /// Looked up.
    Path(Path),
    /// `(helper …)`
    Call(Box<Call>),
}

/// A helper with what it is given, or a path alone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    /// As it is written.
    pub(crate) name: String,
    pub(crate) params: Vec<Expression>,
    /// Sorted by key.
    pub(crate) hash: Vec<(String, Expression)>,
}

/// Where a value is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) base: Base,
    pub(crate) segments: Vec<String>,
}

/// What the segments of a path begin at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    /// The context; `scoped` if the path says so (`this.x`), so that no block parameter is meant.
    Context { up: usize, scoped: bool },
    /// `@index`, `@metadata`: what is not the caller's.
    Data { up: usize },
}

/// Why a tag is not an expression, and at which byte of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotAnExpression {
    pub(super) code: Code,
    pub(super) at: usize,
    pub(super) message: String,
}

const NOT_ONE: &str = "this is not a Handlebars expression";

fn syntax(at: usize, message: &str) -> NotAnExpression {
    NotAnExpression { code: Code::Syntax, at, message: message.to_owned() }
}

/// Reads what stands in a tag.
pub(super) fn parse(inside: &str) -> Result<Call, NotAnExpression> {
    let (tag, texts) = for_the_crate(inside)?;
    check_bounds(&tag)?;
    let compiled = Template::compile(&tag).map_err(|e| {
        let column = e.pos().map_or(1, |(_, column)| column);
        let at = inside.char_indices().nth(column.saturating_sub(4)).map_or(inside.len(), |(at, _)| at);
        syntax(at, NOT_ONE)
    })?;
    match <[TemplateElement; 1]>::try_from(compiled.elements) {
        Ok([TemplateElement::Expression(call)]) => read_call(&call, &texts),
        _ => Err(syntax(0, NOT_ONE)),
    }
}

/// Refuses what would keep the parser busy: it recurses into brackets, and tries every value several times.
///
/// Closing brackets do not count: what closes what (`['] (`) is for the parser to find out, and its recursion is not to
/// depend on that.
fn check_bounds(tag: &str) -> Result<(), NotAnExpression> {
    let refuse = |message| Err(NotAnExpression { code: Code::Bound, at: 0, message });
    if tag.bytes().filter(|byte| matches!(byte, b'(' | b'[' | b'{')).count() > bounds::NESTING {
        let most = bounds::NESTING;
        return refuse(format!("brackets nest more than {most} deep, or are more than {most} in one tag"));
    }
    if tag.split_ascii_whitespace().nth(bounds::WORDS).is_some() {
        return refuse(format!("more than {} words in one tag", bounds::WORDS));
    }
    Ok(())
}

/// The tag as the crate takes it, and the texts in it, which are replaced by their numbers: the crate reads them as
/// JSON, where Handlebars knows no escape but that of the quote. It also does not take `.` and `..` where a name can
/// stand, and takes every name that begins with `else` for that.
fn for_the_crate(inside: &str) -> Result<(String, Vec<String>), NotAnExpression> {
    let (mut tag, mut texts) = (String::with_capacity(inside.len() + 10), Vec::new());
    tag.push_str("{{ ");
    let mut rest = inside;
    if rest.starts_with("else") {
        let (name, behind) = rest.split_at(rest.find(|c| !is_name_char(c)).unwrap_or(rest.len()));
        tag.extend(["[", name, "]"]);
        rest = behind;
    }
    while let Some(first) = rest.chars().next() {
        if matches!(first, '"' | '\'') {
            // To look for the end of each is to read the rest again and again.
            let Some((text, behind)) = text_literal(rest) else {
                return Err(syntax(inside.len() - rest.len(), "the text is never closed"));
            };
            tag.push_str(&format!("\"{}\"", texts.len()));
            texts.push(text);
            rest = behind;
            continue;
        }
        let length = match first {
            '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
            '.' => rest.find(|c: char| !matches!(c, '.' | '/')).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (word, behind) = rest.split_at(length);
        let begins = tag.ends_with(|c: char| c.is_whitespace() || matches!(c, '(' | '='));
        let ends = behind.chars().next().is_none_or(|c| c.is_whitespace() || c == ')');
        match word {
            "." if begins && ends => tag.push_str("this"),
            dots if dots.ends_with("..") && begins && ends => tag.extend([dots, "/this"]),
            word => tag.push_str(word),
        }
        rest = behind;
    }
    tag.push_str(" }}");
    Ok((tag, texts))
}

/// The text that `rest` begins with, if it is one in quotes, and what follows.
fn text_literal(rest: &str) -> Option<(String, &str)> {
    let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let mut is_escaped = false;
    let (end, _) = rest.char_indices().skip(1).find(|(_, c)| {
        let is_end = *c == quote && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        is_end
    })?;
    Some((rest[1..end].replace(&format!("\\{quote}"), &quote.to_string()), &rest[end + 1..]))
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}

fn read_call(call: &HelperTemplate, texts: &[String]) -> Result<Call, NotAnExpression> {
    let name = match &call.name {
        Parameter::Name(name) => name.clone(),
        Parameter::Path(path) => raw(path).to_owned(),
        _ => return Err(syntax(0, "a name must stand here, not a value")),
    };
    let params = call.params.iter().map(|param| read(param, texts)).collect::<Result<_, _>>()?;
    let hash = call.hash.iter().map(|(key, value)| Ok((key.clone(), read(value, texts)?)));
    let mut hash: Vec<_> = hash.collect::<Result<_, _>>()?;
    hash.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Ok(Call { name, params, hash })
}

fn read(parameter: &Parameter, texts: &[String]) -> Result<Expression, NotAnExpression> {
    match parameter {
        Parameter::Name(name) => Ok(Expression::Path(Path::parse(name))),
        Parameter::Path(path) => Ok(Expression::Path(Path::parse(raw(path)))),
        Parameter::Literal(Value::Array(_) | Value::Object(_)) => {
            Err(syntax(0, "Handlebars has no literal lists and objects"))
        }
        Parameter::Literal(Value::String(number)) => match number.parse().ok().and_then(|at: usize| texts.get(at)) {
            Some(text) => Ok(Expression::Literal(text.as_str().into())),
            None => Err(syntax(0, NOT_ONE)),
        },
        Parameter::Literal(value) => Ok(Expression::Literal(value.clone())),
        Parameter::Subexpression(inner) => match inner.as_element() {
            TemplateElement::Expression(call) => Ok(Expression::Call(Box::new(read_call(call, texts)?))),
            _ => Err(syntax(0, NOT_ONE)),
        },
        _ => Err(syntax(0, NOT_ONE)),
    }
}

fn raw(path: &CratePath) -> &str {
    match path {
        CratePath::Relative((_, raw)) | CratePath::Local((_, _, raw)) => raw,
    }
}

impl Path {
    /// Reads a path such as `x.y`, `this.x`, `../x`, `@root.x`, `items.[a b].0`.
    pub(super) fn parse(raw: &str) -> Self {
        let (mut rest, mut up, mut scoped) = (raw, 0, false);
        let is_data = rest.starts_with('@');
        rest = rest.strip_prefix('@').unwrap_or(rest);
        let mut segments = Vec::new();
        while !rest.is_empty() {
            let (segment, behind) = match rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
                Some((literal, behind)) => (literal, behind),
                None => {
                    let end = rest.find(['.', '/', '[']).unwrap_or(rest.len());
                    // `.` and `..` are made of what separates.
                    let end = if end == 0 { rest.len() - rest.trim_start_matches('.').len() } else { end };
                    (&rest[..end.max(1)], &rest[end.max(1)..])
                }
            };
            let is_literal = rest.starts_with('[');
            match segment {
                ".." if segments.is_empty() && !is_literal => (up, scoped) = (up + 1, true),
                "." | "this" if segments.is_empty() && !is_literal => scoped = true,
                _ => segments.push(segment.to_owned()),
            }
            rest = behind.strip_prefix(['.', '/']).unwrap_or(behind);
        }
        let base = if is_data { Base::Data { up } } else { Base::Context { up, scoped } };
        Self { base, segments }
    }

    /// The first segment of a path that begins where the template stands: a variable or a helper.
    pub(super) fn simple_name(&self) -> Option<&str> {
        match (self.base, self.segments.as_slice()) {
            (Base::Context { up: 0, scoped: false }, [name]) => Some(name),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(base: Base, segments: &[&str]) -> Path {
        Path { base, segments: segments.iter().map(|segment| (*segment).to_owned()).collect() }
    }

    #[test]
    fn a_path_is_read() {
        let context = |up, scoped| Base::Context { up, scoped };
        for (raw, expected) in [
            ("x", path(context(0, false), &["x"])),
            ("x.y.0", path(context(0, false), &["x", "y", "0"])),
            ("x/y", path(context(0, false), &["x", "y"])),
            ("this", path(context(0, true), &[])),
            (".", path(context(0, true), &[])),
            ("./x", path(context(0, true), &["x"])),
            ("this.x", path(context(0, true), &["x"])),
            ("..", path(context(1, true), &[])),
            ("../this", path(context(1, true), &[])),
            ("../../x.y", path(context(2, true), &["x", "y"])),
            ("[a b].c", path(context(0, false), &["a b", "c"])),
            ("x.[a.b].[this]", path(context(0, false), &["x", "a.b", "this"])),
            ("[this]", path(context(0, false), &["this"])),
            ("@index", path(Base::Data { up: 0 }, &["index"])),
            ("@../index", path(Base::Data { up: 1 }, &["index"])),
            ("@root.x", path(Base::Data { up: 0 }, &["root", "x"])),
            ("@metadata.prompt.model", path(Base::Data { up: 0 }, &["metadata", "prompt", "model"])),
        ] {
            assert_eq!(Path::parse(raw), expected, "{raw}");
        }
    }

    #[test]
    fn a_tag_is_a_name_with_what_it_is_given() {
        let call = parse(r#"lookup . "a }} b" key=(json ../x indent=2) n=-1.5 t=true"#).unwrap();
        assert_eq!(call.name, "lookup");
        assert_eq!(call.params[0], Expression::Path(path(Base::Context { up: 0, scoped: true }, &[])));
        assert_eq!(call.params[1], Expression::Literal("a }} b".into()));
        assert_eq!(call.hash.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["key", "n", "t"]);
        for (name, read) in [("x", "x"), (".", "this"), ("..", "../this"), ("./x", "./x"), ("../x", "../x")] {
            assert_eq!(parse(name).unwrap().name, read, "{name}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for inside in ["", "a b c |", "a == b", "a || b", "x [1, 2]", "x {\"a\": 1}", "# x", "x 'y", "(a b) c", "a{{b"]
        {
            assert!(parse(inside).is_err(), "{inside}");
        }
        for open in ["(", "[", "(a ", "a ", "a=b "] {
            assert!(parse(&format!("x {}", open.repeat(50_000))).is_err());
        }
    }
}
