//! Handlebars: compiling, the variables that a template uses, and rendering. Nothing else names the crate.

use std::collections::HashMap;

use handlebars::template::{
    BlockParam, DecoratorTemplate, HelperTemplate, Parameter, Subexpression, Template as Compiled, TemplateElement,
};
use handlebars::{
    Context, Handlebars, Helper, HelperResult, Output, Path, RenderContext, RenderError, RenderErrorReason, Renderable,
    TemplateErrorReason, no_escape,
};
use once_cell::sync::Lazy;
use serde_json::{Map, Value};

use super::{PromptError, position_at_end};

/// The longest text that a prompt may render to, in bytes. Lambda answers with 6 MB at most; most text stays below that
/// with its JSON escapes.
const MAX_OUTPUT: usize = 4 * 1024 * 1024;
/// How deep blocks and sub-expressions may nest. The crate's parser recurses, and a thousand levels end the process.
const MAX_NESTING: usize = 64;

/// Helpers of the crate that Handlebars does not have: an argument may have such a name, and a prompt that used one
/// would work nowhere else.
const NOT_HANDLEBARS: [&str; 10] = ["eq", "ne", "gt", "gte", "lt", "lte", "and", "or", "not", "len"];
/// No template can name it so.
const DEFINED: &str = "is defined";
const HELPERS: [&str; 7] = ["if", "unless", "each", "with", "lookup", "raw", "log"];

/// One engine for all templates: the crate's defaults are for HTML pages, a prompt is plain text and a forgotten
/// variable is an error.
static ENGINE: Lazy<Handlebars<'static>> = Lazy::new(|| {
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.register_escape_fn(no_escape);
    for helper in NOT_HANDLEBARS {
        engine.unregister_helper(helper);
    }
    engine.register_helper(DEFINED, Box::new(defined));
    engine
});

/// A compiled template and its place in the file.
#[derive(Debug)]
pub(super) struct Template {
    compiled: Compiled,
    line: usize,
    column: usize,
    /// Of the source, in bytes: about what is rendered.
    length: usize,
}

/// A variable that a template uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) name: String,
    /// Whether it is used where nothing has tested it: `{{x}}` outside of every `{{#if x}}`.
    pub(super) required: bool,
}

impl Template {
    /// Compiles `source`, which begins at `line` and `column` of its file.
    pub(super) fn compile(source: &str, line: usize, column: usize) -> Result<Self, PromptError> {
        check_nesting(source).map_err(|e| moved(e, line, column))?;
        let mut compiled = Compiled::compile(source).map_err(|e| {
            let (at_line, at_column) = e.pos().unwrap_or((1, 1));
            let error = match e.reason() {
                // The parser names the end of the file, a person looks for the beginning of the block.
                TemplateErrorReason::InvalidSyntax(_) => unclosed(source).unwrap_or_else(|| {
                    PromptError::new(
                        at_line,
                        at_column,
                        "the template is not valid Handlebars here; a literal {{ is written \\{{",
                    )
                }),
                reason => PromptError::new(at_line, at_column, reason.to_string()),
            };
            moved(error, line, column)
        })?;
        check_depth(&compiled).map_err(|e| moved(e, line, column))?;
        check_helpers(&compiled).map_err(|e| moved(e, line, column))?;
        let_optional_be_empty(&mut compiled);
        Ok(Self { compiled, line, column, length: source.len() })
    }

    /// The variables in the order of their first use.
    pub(super) fn variables(&self) -> Vec<Variable> {
        let mut uses = Uses::default();
        uses.template(&self.compiled, &Scope::default());
        uses.0
    }

    /// Renders the template; `values` has every variable that it may use.
    pub(super) fn render(&self, values: Map<String, Value>) -> Result<String, PromptError> {
        let context = Context::from(Value::Object(values));
        let mut output = Bounded(String::with_capacity(self.length));
        let result = self.compiled.render(&ENGINE, &context, &mut RenderContext::new(None), &mut output);
        result.map_err(|e| {
            let message = match e.reason() {
                RenderErrorReason::MissingVariable(Some(name)) => format!("the variable `{name}` has no value"),
                RenderErrorReason::MissingVariable(None) => "there is no such value".to_owned(),
                RenderErrorReason::IOError(e) => e.to_string(),
                // Words of the crate and of the template. What other reasons repeat may be a caller's, and this text
                // goes to the log.
                reason @ (RenderErrorReason::ParamNotFoundForIndex(..)
                | RenderErrorReason::ParamNotFoundForName(..)
                | RenderErrorReason::InvalidParamType(_)
                | RenderErrorReason::BlockContentRequired) => reason.to_string(),
                _ => "the template fails here".to_owned(),
            };
            let at = PromptError::new(e.line_no.unwrap_or(1), e.column_no.unwrap_or(1), message);
            moved(at, self.line, self.column)
        })?;
        Ok(output.0)
    }
}

/// A place in the template as a place in the file.
fn moved(mut e: PromptError, line: usize, column: usize) -> PromptError {
    if e.line == 1 {
        e.column += column - 1;
    }
    e.line += line - 1;
    e
}

struct Bounded(String);

impl Output for Bounded {
    fn write(&mut self, text: &str) -> std::io::Result<()> {
        if self.0.len() + text.len() > MAX_OUTPUT {
            return Err(std::io::Error::other(format!("the prompt renders to more than {MAX_OUTPUT} bytes")));
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// A tag as it is written, without being parsed.
struct Tag<'a> {
    start: usize,
    /// What stands between `{{` and `}}`, from the first character that says what kind of tag it is.
    inside: &'a str,
    end: TagEnd,
}

#[derive(PartialEq, Eq)]
enum TagEnd {
    /// The first `}}`.
    Plain,
    /// There is none.
    Missing,
    /// Quotes or brackets may hide the first one, so that another reader could see the end elsewhere.
    Hidden,
}

fn tags(source: &str) -> impl Iterator<Item = Tag<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + source[at..].find("{{")?;
            // `\{{x}}` is text; of more backslashes none does that.
            if source[at..start].ends_with('\\') && !source[at..start].ends_with("\\\\") {
                at = start + if source[start..].starts_with("{{{{") { 4 } else { 2 };
                continue;
            }
            let rest = &source[start + 2..];
            let (inside, length, end) = raw_block(rest).or_else(|| comment(rest)).unwrap_or_else(|| plain_tag(rest));
            at = start + 2 + length;
            return Some(Tag { start, inside: inside.trim_start_matches(['{', '~', ' ', '\t', '\r', '\n']), end });
        }
    })
}

/// `{{{{x}}}} text {{{{/x}}}}` behind its first `{{`: the text is no template.
fn raw_block(rest: &str) -> Option<(&str, usize, TagEnd)> {
    let text = rest.strip_prefix("{{")?;
    let close = 2 + text.find("{{{{")?;
    let length = close + rest[close..].find("}}}}")? + 4;
    let is_plain = rest[close..].starts_with("{{{{/") && !rest[..close].ends_with('\\');
    Some(("", length, if is_plain { TagEnd::Plain } else { TagEnd::Hidden }))
}

/// `{{!-- text --}}` behind its `{{`; without the last dashes a comment is a tag like others.
fn comment(rest: &str) -> Option<(&str, usize, TagEnd)> {
    let end = rest.strip_prefix("!--")?.find("--}}")?;
    Some(("", 3 + end + 4, TagEnd::Plain))
}

fn plain_tag(rest: &str) -> (&str, usize, TagEnd) {
    let Some(end) = rest.find("}}") else { return (rest, rest.len(), TagEnd::Missing) };
    let inside = &rest[..end];
    let is_hidden = !inside.starts_with('!') && is_open(inside);
    (inside, end + 2, if is_hidden { TagEnd::Hidden } else { TagEnd::Plain })
}

/// Whether `inside` ends within quotes or `[`, or might: after an escaped quote, or a quote in brackets.
fn is_open(inside: &str) -> bool {
    let (mut quote, mut in_brackets, mut before) = (None, false, '\0');
    for c in inside.chars() {
        match (quote, c) {
            (None, '"' | '\'') if in_brackets => return true,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c && before != '\\' => quote = None,
            (None, '[') => in_brackets = true,
            (None, ']') => in_brackets = false,
            _ => {}
        }
        before = c;
    }
    quote.is_some() || in_brackets
}

fn error_at(source: &str, offset: usize, message: String) -> PromptError {
    let (line, column) = position_at_end(&source[..offset]);
    PromptError::new(line, column, message)
}

/// Refuses what would make the crate recurse too deep: open blocks, of which each `{{else if}}` makes one more, and
/// brackets in tags.
fn check_nesting(source: &str) -> Result<(), PromptError> {
    // For every open block, how deep it has become.
    let mut blocks: Vec<usize> = Vec::new();
    for tag in tags(source) {
        if tag.end == TagEnd::Hidden {
            let message = "}} cannot stand in quotes or brackets of a tag, nor {{{{ in a raw block";
            return Err(error_at(source, tag.start, message.to_owned()));
        }
        match tag.inside.as_bytes().first() {
            Some(b'#') => blocks.push(1),
            Some(b'/') => drop(blocks.pop()),
            Some(b'^') | Some(b'e') if is_chained_else(tag.inside) => {
                if let Some(block) = blocks.last_mut() {
                    *block += 1;
                }
            }
            _ => {}
        }
        let (mut depth, mut deepest) = (0_usize, 0);
        for byte in tag.inside.bytes() {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            deepest = deepest.max(depth);
        }
        if blocks.iter().sum::<usize>().max(deepest) > MAX_NESTING {
            return Err(error_at(source, tag.start, format!("nested more than {MAX_NESTING} deep")));
        }
    }
    Ok(())
}

/// Whether a tag is `else if …`, or with `^` for `else`.
fn is_chained_else(inside: &str) -> bool {
    let rest = inside.strip_prefix("else").or_else(|| inside.strip_prefix('^'));
    rest.is_some_and(|rest| !rest.trim_matches(['~', ' ', '\t', '\r', '\n']).is_empty())
}

/// The same for what has been compiled, should the tags above have been read otherwise than the crate reads them.
fn check_depth(template: &Compiled) -> Result<(), PromptError> {
    let mut level = vec![template];
    for _ in 0..=MAX_NESTING {
        let helpers = level.iter().flat_map(|template| &template.elements).filter_map(|element| match element {
            TemplateElement::HelperBlock(helper) => Some(helper),
            _ => None,
        });
        level = helpers.flat_map(|helper| [&helper.template, &helper.inverse].into_iter().flatten()).collect();
        if level.is_empty() {
            return Ok(());
        }
    }
    Err(PromptError::new(1, 1, format!("nested more than {MAX_NESTING} deep")))
}

/// The first tag or block that is opened and not closed.
fn unclosed(source: &str) -> Option<PromptError> {
    let name = |tag: &Tag<'_>| {
        let name = tag.inside[1..].trim_start_matches(['>', '*', ' ']);
        name.split(|c: char| c.is_whitespace() || c == '~').next().unwrap_or_default().to_owned()
    };
    let mut open: Vec<Tag<'_>> = Vec::new();
    for tag in tags(source) {
        match tag.inside.as_bytes().first() {
            _ if tag.end == TagEnd::Missing => {
                return Some(error_at(source, tag.start, "this {{ is never closed by }}".to_owned()));
            }
            Some(b'#') => open.push(tag),
            Some(b'/') if open.last().is_none_or(|last| name(last) == name(&tag)) => drop(open.pop()),
            Some(b'/') => break,
            _ => {}
        }
    }
    let last = open.last()?;
    let name = name(last);
    Some(error_at(source, last.start, format!("`{name}` is opened here and not closed by {{{{/{name}}}}}")))
}

/// In strict mode `{{#each x}}` and `{{#with x}}` fail on an optional argument that was left out, for want of an
/// `{{else}}`. They get one, which fails only if there is no such variable at all.
fn let_optional_be_empty(template: &mut Compiled) {
    for element in &mut template.elements {
        let TemplateElement::HelperBlock(helper) = element else { continue };
        for inner in [&mut helper.template, &mut helper.inverse].into_iter().flatten() {
            let_optional_be_empty(inner);
        }
        if helper.inverse.is_none() && matches!(helper.name.as_name(), Some("each" | "with")) {
            let check = Subexpression::new(Parameter::Name(DEFINED.to_owned()), helper.params.clone(), HashMap::new());
            let mut inverse = Compiled::default();
            inverse.elements.push(*check.element);
            helper.inverse = Some(inverse);
        }
    }
}

/// Writes nothing, and fails if its parameter is not defined.
fn defined(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    _: &mut dyn Output,
) -> HelperResult {
    match helper.param(0) {
        Some(value) if value.is_value_missing() => Err(RenderError::strict_error(value.relative_path())),
        _ => Ok(()),
    }
}

/// Finds a helper that does not exist where it is written, rather than when a caller gets there.
fn check_helpers(template: &Compiled) -> Result<(), PromptError> {
    for (index, element) in template.elements.iter().enumerate() {
        let at = |message: String| {
            let (line, column) = template.mapping.get(index).map_or((1, 1), |mapping| (mapping.0, mapping.1));
            PromptError::new(line, column, message)
        };
        match element {
            TemplateElement::HelperBlock(helper) => {
                check_call(helper).map_err(at)?;
                for inner in [&helper.template, &helper.inverse].into_iter().flatten() {
                    check_helpers(inner)?;
                }
            }
            TemplateElement::Expression(helper) | TemplateElement::HtmlExpression(helper) => {
                check_call(helper).map_err(at)?;
            }
            TemplateElement::PartialExpression(partial) | TemplateElement::PartialBlock(partial) => {
                let name = partial.name.as_name().unwrap_or_default();
                return Err(at(format!("there is no partial `{name}`")));
            }
            TemplateElement::DecoratorExpression(_) | TemplateElement::DecoratorBlock(_) => {
                return Err(at("decorators such as {{* x}} are not supported".to_owned()));
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_call(helper: &HelperTemplate) -> Result<(), String> {
    if matches!(helper.name, Parameter::Subexpression(_)) {
        // A value, which may be a caller's, would choose the helper.
        return Err("a sub-expression cannot stand where a name does".to_owned());
    }
    if is_call(helper) {
        let name = helper.name.as_name().unwrap_or_default();
        if !HELPERS.contains(&name) {
            return Err(format!("there is no helper `{name}`; there are {}", HELPERS.join(", ")));
        }
    }
    for parameter in helper.params.iter().chain(helper.hash.values()) {
        if let Some(inner) = called_by(parameter) {
            check_call(inner)?;
        }
    }
    Ok(())
}

fn is_call(helper: &HelperTemplate) -> bool {
    helper.block || !helper.params.is_empty() || !helper.hash.is_empty()
}

fn called_by(parameter: &Parameter) -> Option<&HelperTemplate> {
    match parameter {
        Parameter::Subexpression(Subexpression { element, .. }) => match element.as_ref() {
            TemplateElement::Expression(helper) => Some(helper),
            _ => None,
        },
        _ => None,
    }
}

/// What the walk knows at one place of the template.
#[derive(Clone, Default)]
struct Scope {
    /// How many `{{#each}}` and `{{#with}}` stand around: inside of them a plain name is the item's.
    depth: usize,
    /// Names that `as |item|` gives.
    block_params: Vec<String>,
    /// Variables that an `{{#if}}` around has tested.
    tested: Vec<String>,
}

/// The variables found so far.
#[derive(Default)]
struct Uses(Vec<Variable>);

impl Uses {
    fn template(&mut self, template: &Compiled, scope: &Scope) {
        for element in &template.elements {
            match element {
                TemplateElement::Expression(helper)
                | TemplateElement::HtmlExpression(helper)
                | TemplateElement::HelperBlock(helper) => self.helper(helper, scope),
                TemplateElement::PartialExpression(partial)
                | TemplateElement::PartialBlock(partial)
                | TemplateElement::DecoratorExpression(partial)
                | TemplateElement::DecoratorBlock(partial) => self.partial(partial, scope),
                _ => {}
            }
        }
    }

    fn helper(&mut self, helper: &HelperTemplate, scope: &Scope) {
        if !is_call(helper) {
            self.parameter(&helper.name, scope);
            return;
        }
        let name = helper.name.as_name().unwrap_or_default();
        if let ("if" | "unless", true) = (name, helper.block) {
            return self.condition(helper, scope, name == "if");
        }
        for parameter in helper.params.iter().chain(helper.hash.values()) {
            self.parameter(parameter, scope);
        }
        let mut inner = scope.clone();
        if helper.block && matches!(name, "each" | "with") {
            inner.depth += 1;
        }
        inner.block_params.extend(block_params(helper));
        if let Some(template) = &helper.template {
            self.template(template, &inner);
        }
        if let Some(inverse) = &helper.inverse {
            self.template(inverse, scope);
        }
    }

    fn condition(&mut self, helper: &HelperTemplate, scope: &Scope, is_if: bool) {
        let mut tested = scope.clone();
        for parameter in &helper.params {
            match variable(parameter, scope) {
                Some(name) => {
                    self.used(&name, false);
                    tested.tested.push(name);
                }
                None => self.parameter(parameter, scope),
            }
        }
        let (with, without) = if is_if { (&tested, scope) } else { (scope, &tested) };
        if let Some(template) = &helper.template {
            self.template(template, with);
        }
        if let Some(inverse) = &helper.inverse {
            self.template(inverse, without);
        }
    }

    fn partial(&mut self, partial: &DecoratorTemplate, scope: &Scope) {
        for parameter in partial.params.iter().chain(partial.hash.values()) {
            self.parameter(parameter, scope);
        }
        if let Some(template) = &partial.template {
            self.template(template, scope);
        }
    }

    fn parameter(&mut self, parameter: &Parameter, scope: &Scope) {
        if let Some(helper) = called_by(parameter) {
            self.helper(helper, scope);
        } else if let Some(name) = variable(parameter, scope) {
            let required = !scope.tested.contains(&name);
            self.used(&name, required);
        }
    }

    fn used(&mut self, name: &str, required: bool) {
        match self.0.iter_mut().find(|variable| variable.name == name) {
            Some(variable) => variable.required |= required,
            None => self.0.push(Variable { name: name.to_owned(), required }),
        }
    }
}

fn block_params(helper: &HelperTemplate) -> Vec<String> {
    let names: Vec<&Parameter> = match &helper.block_param {
        Some(BlockParam::Single(name)) => vec![name],
        Some(BlockParam::Pair((first, second))) => vec![first, second],
        _ => Vec::new(),
    };
    names.into_iter().filter_map(|name| name.as_name().map(str::to_owned)).collect()
}

/// The argument that a path such as `x`, `this.x`, `x.y`, `../x` or `@root.x` reads, if it reads one.
fn variable(parameter: &Parameter, scope: &Scope) -> Option<String> {
    let raw = match parameter {
        Parameter::Path(Path::Relative((_, raw))) => raw.as_str(),
        Parameter::Name(name) => name.as_str(),
        _ => return None,
    };
    let (path, depth) = match raw.strip_prefix("@root") {
        Some(path) => (path, 0),
        None => {
            let up = raw.split('/').take_while(|part| *part == "..").count();
            (raw.trim_start_matches("../"), scope.depth.checked_sub(up)?)
        }
    };
    let path = path.strip_prefix("./").unwrap_or(path).trim_start_matches(['.', '/']);
    let path = path.strip_prefix("this").filter(|rest| rest.starts_with(['.', '/'])).unwrap_or(path);
    let path = path.trim_start_matches(['.', '/']);
    let name = match path.strip_prefix('[') {
        Some(literal) => literal.split(']').next()?,
        None => path.split(['.', '/', '[']).next()?,
    };
    let is_variable = depth == 0 && !matches!(name, "" | "this") && !name.starts_with('@');
    (is_variable && !scope.block_params.iter().any(|param| param == name)).then(|| name.to_owned())
}
