//! Rendering a template: what Handlebars does, within bounds.

mod output;
mod value;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::message::{Media, Origin, Piece, Role};
use super::problem::{Code, Place, Problem};
use super::reader::shorten;
use super::template::{Base, Block, BlockKind, Call, Expression, Mark, Node, PartialCall, Path, Program, Template};
use super::{Partial, bounds};
use output::Output;
use value::{Overlay, Val};

/// What a template is rendered with.
pub(super) struct Context<'a> {
    /// The variables.
    pub(super) variables: &'a Map<String, Value>,
    /// The variables whose values are the author's, not a caller's.
    pub(super) authored: &'a HashSet<String>,
    /// What `@name` finds, such as `auth`.
    pub(super) locals: &'a Map<String, Value>,
    /// `@metadata`
    pub(super) metadata: &'a Value,
    /// The partials by name.
    pub(super) partials: &'a HashMap<String, Arc<Partial>>,
}

/// Renders `template`.
///
/// # Errors
/// [`Code::Render`]: a variable without a value, a role that is none, a missing partial. [`Code::Bound`].
pub(super) fn render<'a>(template: &'a Template, context: &Context<'a>) -> Result<Vec<Piece>, Problem> {
    let mut renderer = Renderer {
        context,
        output: Output::with_capacity(template.length),
        file: &template.file,
        place: Place::START,
        steps: 0,
        iterations: 0,
        depth: 0,
        partials: Vec::new(),
    };
    let scope =
        Scope { context: Val::root(context.variables), up: None, turn: None, params: None, block: None, inlines: None };
    renderer.program(&template.program, &scope)?;
    Ok(renderer.output.into_pieces())
}

struct Renderer<'a, 'c> {
    context: &'c Context<'a>,
    output: Output,
    /// Of the tag that is being rendered, for errors.
    file: &'a Arc<str>,
    place: Place,
    steps: usize,
    iterations: usize,
    depth: usize,
    /// The partials around, outermost first.
    partials: Vec<&'a str>,
}

/// What holds at one place of a rendering.
#[derive(Clone)]
struct Scope<'a, 's> {
    /// `this`
    context: Val<'a>,
    /// Where `../` leads.
    up: Option<&'s Self>,
    /// The turn of the loop around.
    turn: Option<&'s Turn<'a, 's>>,
    /// `as |item|`
    params: Option<&'s Params<'a, 's>>,
    /// What `{{> @partial-block}}` renders.
    block: Option<&'s PartialBlock<'a, 's>>,
    inlines: Option<&'s Inlines<'a, 's>>,
}

struct Turn<'a, 's> {
    index: usize,
    key: Val<'a>,
    is_last: bool,
    around: Option<&'s Self>,
}

struct Params<'a, 's> {
    values: Vec<(&'a str, Val<'a>)>,
    around: Option<&'s Self>,
}

struct PartialBlock<'a, 's> {
    program: &'a Program,
    file: &'a Arc<str>,
    scope: &'s Scope<'a, 's>,
}

struct Inlines<'a, 's> {
    inlines: &'a [(String, Program)],
    file: &'a Arc<str>,
    around: Option<&'s Self>,
}

type Done<T = ()> = Result<T, Problem>;

impl<'a> Renderer<'a, '_> {
    fn program(&mut self, program: &'a Program, scope: &Scope<'a, '_>) -> Done {
        if program.inlines.is_empty() {
            return self.nodes(&program.nodes, scope);
        }
        let inlines = Inlines { inlines: &program.inlines, file: self.file, around: scope.inlines };
        self.nodes(&program.nodes, &Scope { inlines: Some(&inlines), ..scope.clone() })
    }

    fn nodes(&mut self, nodes: &'a [Node], scope: &Scope<'a, '_>) -> Done {
        self.depth += 1;
        for node in nodes {
            match node {
                Node::Text(text) => self.output.text(text).map_err(|e| self.failed(Code::Bound, e))?,
                Node::Value(place, value) => {
                    self.at(*place)?;
                    self.value(value, scope)?;
                }
                Node::Mark(place, mark) => {
                    self.at(*place)?;
                    self.mark(mark, scope)?;
                }
                Node::Block(place, block) => {
                    self.at(*place)?;
                    self.block(block, scope)?;
                }
                Node::Partial(place, call) => {
                    self.at(*place)?;
                    self.partial(call, scope)?;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn at(&mut self, place: Place) -> Done {
        self.place = place;
        self.work(1)
    }

    /// Counts steps; what a tag does is bounded whatever the caller says.
    fn work(&mut self, steps: usize) -> Done {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > bounds::STEPS {
            let message = format!("the prompt takes more than {} steps", bounds::STEPS);
            return Err(self.failed(Code::Bound, message));
        }
        if self.depth > bounds::RENDER_DEPTH {
            let message = format!("blocks and partials nest more than {} deep", bounds::RENDER_DEPTH);
            return Err(self.failed(Code::Bound, message));
        }
        Ok(())
    }

    /// The same for bytes that are made or compared.
    fn work_on(&mut self, bytes: usize) -> Done {
        self.work(bytes / 10)
    }

    /// The same for the items of a context with others over it, where each is looked for in those.
    fn work_on_items(&mut self, value: &Val<'a>) -> Done {
        let names = value.overlaid();
        self.work((names / 8).saturating_mul(self.context.variables.len() + names))
    }

    fn failed(&self, code: Code, message: impl Into<String>) -> Problem {
        Problem { code, file: Arc::clone(self.file), place: self.place, width: 2, message: message.into(), hint: None }
    }

    /// `{{x}}`, `{{json x}}`
    fn value(&mut self, value: &'a Expression, scope: &Scope<'a, '_>) -> Done {
        let value = self.evaluate(value, scope, true)?;
        let mut pieces = 0;
        // Bounded by the output, but for lists of nothing.
        let written = value.write(&mut |text| {
            pieces += 1;
            self.output.text(text)
        });
        written.map_err(|e| self.failed(Code::Bound, e))?;
        self.work(pieces / 3)
    }

    fn mark(&mut self, mark: &'a Mark, scope: &Scope<'a, '_>) -> Done {
        let piece = match mark {
            Mark::History => Piece::History,
            Mark::Role { role, metadata } => {
                let role = self.text(role, scope)?;
                // What it is may be a caller's word, and this goes to the log.
                let role = Role::parse(&role)
                    .map_err(|_| self.failed(Code::Render, "the value is no role: there are user, model and system"))?;
                let metadata = metadata.iter().map(|(key, value)| Ok((key.clone(), self.text(value, scope)?.into())));
                Piece::Role(role, metadata.collect::<Result<_, Problem>>()?)
            }
            Mark::Section(name) => Piece::Section(self.text(name, scope)?),
            Mark::Media { url, content_type } => {
                let url = self.evaluate(url, scope, true)?;
                let content_type = match content_type {
                    Some(content_type) => Some(self.text(content_type, scope)?).filter(|text| !text.is_empty()),
                    None => None,
                };
                let by_caller = url.by_caller;
                let url = self.written(&url)?;
                let origin = Origin { file: Arc::clone(self.file), place: Some(self.place), by_caller };
                Piece::Media(Media { url, content_type, origin })
            }
        };
        self.output.mark(piece).map_err(|e| self.failed(Code::Bound, e))
    }

    fn text(&mut self, value: &'a Expression, scope: &Scope<'a, '_>) -> Done<String> {
        let value = self.evaluate(value, scope, true)?;
        self.written(&value)
    }

    /// A value as text.
    fn written(&mut self, value: &Val<'a>) -> Done<String> {
        let (mut text, mut pieces) = (String::new(), 0);
        let _ = value.write(&mut |more| {
            pieces += 1;
            text.push_str(more);
            Ok::<_, std::convert::Infallible>(())
        });
        self.work(pieces / 3)?;
        self.work_on(text.len())?;
        Ok(text)
    }

    fn block(&mut self, block: &'a Block, scope: &Scope<'a, '_>) -> Done {
        let is_test = !matches!(block.kind, BlockKind::Each | BlockKind::With);
        let first = match block.params.first() {
            Some(first) => self.evaluate(first, scope, !is_test)?,
            None => Val::missing(),
        };
        let program = |is_so| if is_so { &block.body } else { &block.otherwise };
        match block.kind {
            BlockKind::If | BlockKind::Unless => {
                let include_zero = match &block.include_zero {
                    Some(value) => self.evaluate(value, scope, false)?.is_truthy(false),
                    None => false,
                };
                let is_so = first.is_truthy(include_zero);
                self.program(program(is_so == (block.kind == BlockKind::If)), scope)
            }
            BlockKind::IfEquals | BlockKind::UnlessEquals => {
                let second = match block.params.get(1) {
                    Some(second) => self.evaluate(second, scope, false)?,
                    None => Val::missing(),
                };
                self.work_on(first.length().min(second.length()))?;
                self.program(program(first.equals(&second) == (block.kind == BlockKind::IfEquals)), scope)
            }
            BlockKind::With if first.is_empty() => self.program(&block.otherwise, scope),
            BlockKind::With => self.inside(block, first, scope),
            BlockKind::Each => self.each(block, &first, scope),
            BlockKind::Section if first.is_list() => self.each(block, &first, scope),
            BlockKind::Section if first.is_nothing() => self.program(&block.otherwise, scope),
            BlockKind::Section if first.is_true() => self.program(&block.body, scope),
            BlockKind::Section => self.inside(block, first, scope),
        }
    }

    /// Renders a block once, with `context` as `this`.
    fn inside(&mut self, block: &'a Block, context: Val<'a>, scope: &Scope<'a, '_>) -> Done {
        let values = block.block_params.first().map(|name| (name.as_str(), context.clone()));
        let params = Params { values: values.into_iter().collect(), around: scope.params };
        self.program(&block.body, &Scope { context, up: Some(scope), params: Some(&params), ..scope.clone() })
    }

    fn each(&mut self, block: &'a Block, items: &Val<'a>, scope: &Scope<'a, '_>) -> Done {
        let (place, mut count) = (self.place, 0);
        self.work_on_items(items)?;
        let mut items = items.items().peekable();
        while let Some((key, item)) = items.next() {
            self.iterations += 1;
            if self.iterations > bounds::ITERATIONS {
                let message = format!("the loops of the prompt turn more than {} times", bounds::ITERATIONS);
                return Err(self.failed(Code::Bound, message));
            }
            self.at(place)?;
            let values = block.block_params.iter().map(String::as_str).zip([item.clone(), key.clone()]).collect();
            let params = Params { values, around: scope.params };
            let turn = Turn { index: count, key, is_last: items.peek().is_none(), around: scope.turn };
            let scope =
                Scope { context: item, up: Some(scope), turn: Some(&turn), params: Some(&params), ..scope.clone() };
            self.program(&block.body, &scope)?;
            count += 1;
        }
        if count == 0 { self.program(&block.otherwise, scope) } else { Ok(()) }
    }

    fn partial(&mut self, call: &'a PartialCall, scope: &Scope<'a, '_>) -> Done {
        let mut context = match &call.context {
            Some(context) => self.evaluate(context, scope, true)?,
            None => scope.context.clone(),
        };
        if !call.hash.is_empty() {
            let mut values = Vec::with_capacity(call.hash.len());
            for (key, value) in &call.hash {
                values.push((key.as_str(), self.evaluate(value, scope, true)?));
            }
            self.work(values.len())?;
            context = Val::overlay(Overlay { base: context, values });
        }
        let is_own_context = call.context.is_some() || !call.hash.is_empty();
        let up = if is_own_context { Some(scope) } else { scope.up };
        let inside = Scope { context, up, params: None, ..scope.clone() };
        if call.name == "@partial-block" {
            let Some(block) = scope.block else {
                return match &call.block {
                    Some(fallback) => self.program(fallback, &inside),
                    None => {
                        let message = "this partial was not called as a block: {{#> name}} … {{/name}}";
                        Err(self.failed(Code::Render, message))
                    }
                };
            };
            let own = block.scope;
            self.work_on(inside.context.length().min(own.context.length()))?;
            let is_own_context = is_own_context || !inside.context.equals(&own.context);
            let up = if is_own_context { Some(own) } else { own.up };
            let inside = Scope { up, params: own.params, block: own.block, inlines: own.inlines, ..inside };
            return self.enter(call, block.file, block.program, &inside);
        }
        let block = call.block.as_ref().map(|program| PartialBlock { program, file: self.file, scope });
        let inlines = call.block.as_ref().map(|program| Inlines {
            inlines: &program.inlines,
            file: self.file,
            around: scope.inlines,
        });
        let inside = Scope { block: block.as_ref(), inlines: inlines.as_ref().or(scope.inlines), ..inside };
        let mut around = scope.inlines;
        self.work_on(call.name.len())?;
        while let Some(Inlines { inlines, file, around: next }) = around {
            self.work(inlines.len() / 8)?;
            if let Some((_, program)) = inlines.iter().rfind(|(name, _)| *name == call.name) {
                return self.enter(call, file, program, &inside);
            }
            around = *next;
        }
        match (self.context.partials.get(&call.name), &call.block) {
            (Some(partial), _) => {
                // In Handlebars nothing is above a partial's context.
                let inside = Scope { up: None, ..inside };
                self.enter(call, &partial.template.file, &partial.template.program, &inside)
            }
            (None, Some(fallback)) => self.program(fallback, &Scope { block: None, ..inside }),
            (None, None) => {
                Err(self.failed(Code::MissingPartial, format!("there is no partial `{}`", shorten(&call.name))))
            }
        }
    }

    /// Renders what a partial's name stands for.
    fn enter(
        &mut self,
        call: &'a PartialCall,
        file: &'a Arc<str>,
        program: &'a Program,
        scope: &Scope<'a, '_>,
    ) -> Done {
        if self.partials.len() == bounds::PARTIAL_DEPTH {
            let message = format!(
                "partials call partials more than {} deep: {} → {}",
                bounds::PARTIAL_DEPTH,
                self.partials.iter().map(|name| shorten(name)).collect::<Vec<_>>().join(" → "),
                shorten(&call.name)
            );
            return Err(self.failed(Code::Bound, message));
        }
        self.work_on(call.indent.len())?;
        self.partials.push(&call.name);
        let around = std::mem::replace(&mut self.file, file);
        let indent = self.output.indent(&call.indent);
        self.program(program, scope)?;
        self.output.outdent(indent);
        self.file = around;
        self.partials.pop();
        Ok(())
    }

    /// A value; `must_be` if a variable that nobody has given is an error.
    fn evaluate(&mut self, value: &'a Expression, scope: &Scope<'a, '_>, must_be: bool) -> Done<Val<'a>> {
        match value {
            Expression::Literal(value) => Ok(Val::json(value)),
            Expression::Path(path) => self.look_up(path, scope, must_be),
            Expression::Call(call) => self.call(call, scope, must_be),
        }
    }

    fn call(&mut self, call: &'a Call, scope: &Scope<'a, '_>, must_be: bool) -> Done<Val<'a>> {
        self.work(1)?;
        let mut params = Vec::with_capacity(call.params.len());
        for value in &call.params {
            params.push(self.evaluate(value, scope, must_be)?);
        }
        match (call.name.as_str(), params.as_slice()) {
            ("lookup", [object, key]) => {
                let key = self.written(key)?;
                self.work(object.overlaid() / 8)?;
                Ok(object.get(&key))
            }
            ("json", [value]) => {
                let indent = match call.hash.iter().find(|(key, _)| key == "indent") {
                    Some((_, indent)) => {
                        let indent = self.evaluate(indent, scope, must_be)?;
                        self.written(&indent)?.parse().unwrap_or(0)
                    }
                    None => 0,
                };
                self.work_on_items(value)?;
                let text = value.to_json_text(indent, bounds::OUTPUT).map_err(|e| self.failed(Code::Bound, e))?;
                self.work_on(text.len())?;
                Ok(value.text_of(&text))
            }
            // Checked when the template was compiled.
            _ => Ok(Val::missing()),
        }
    }

    fn look_up(&mut self, path: &'a Path, scope: &Scope<'a, '_>, must_be: bool) -> Done<Val<'a>> {
        let (start, segments) = match path.base {
            Base::Data { up } => {
                let Some((first, rest)) = path.segments.split_first() else { return Ok(Val::missing()) };
                (self.data(first, up, scope), rest)
            }
            Base::Context { up, scoped } => match path.segments.split_first() {
                Some((first, rest)) if !scoped && let Some(value) = self.param(first, scope)? => (value, rest),
                _ => (scope.above(up).map_or(Val::missing(), |scope| scope.context.clone()), path.segments.as_slice()),
            },
        };
        let mut value = start;
        for (index, segment) in segments.iter().enumerate() {
            // A name may be as long as the file, and partials in partials lay one context over the other.
            self.work(value.overlaid() / 8)?;
            self.work_on(segment.len())?;
            let next = value.get_variable(segment, self.context.authored);
            // A variable that nobody declared or gave is a mistake; a field that an object lacks may be meant.
            if must_be && index == 0 && next.is_missing() && value.is_root() {
                return Err(self.failed(Code::Render, format!("the variable `{}` has no value", shorten(segment))));
            }
            if next.is_missing() {
                return Ok(next);
            }
            // The length of a text is counted.
            self.work_on(if segment == "length" { value.length() } else { 0 })?;
            value = next;
        }
        Ok(value)
    }

    /// What `as |name|` of a block around names.
    fn param(&mut self, name: &str, scope: &Scope<'a, '_>) -> Done<Option<Val<'a>>> {
        let (mut params, mut around) = (scope.params, 0);
        while let Some(Params { values, around: next }) = params {
            if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
                return Ok(Some(value.clone()));
            }
            (params, around) = (*next, around + 1);
        }
        self.work(around / 8)?;
        Ok(None)
    }

    /// `@index`, `@root`, `@metadata` …
    fn data(&self, name: &str, up: usize, scope: &Scope<'a, '_>) -> Val<'a> {
        let mut turn = scope.turn;
        for _ in 0..up {
            let Some(Turn { around, .. }) = turn else { break };
            turn = *around;
        }
        match (name, turn) {
            ("index", Some(turn)) => Val::number(turn.index),
            ("key", Some(turn)) => turn.key.clone(),
            ("first", Some(turn)) => Val::bool(turn.index == 0),
            ("last", Some(turn)) => Val::bool(turn.is_last),
            ("root", _) => Val::root(self.context.variables),
            ("metadata", _) => Val::json(self.context.metadata),
            ("partial-block", _) => Val::bool(scope.block.is_some()),
            // What a token says of the caller is no more the author's than what the caller says.
            _ => self.context.locals.get(name).map_or(Val::missing(), Val::json_of_caller),
        }
    }
}

impl<'a, 's> Scope<'a, 's> {
    fn above(&self, up: usize) -> Option<&Self> {
        let mut scope = self;
        for _ in 0..up {
            scope = scope.up?;
        }
        Some(scope)
    }
}
