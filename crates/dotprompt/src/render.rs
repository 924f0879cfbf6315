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
    let root = Val::root(context.variables);
    let depths = Depths { context: root.clone(), around: None };
    let scope = Scope { context: root, depths: Some(&depths), frame: None, params: None, inlines: None };
    renderer.program(&template.program, &scope, None)?;
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
    /// Where `../` leads: the context is the first unless it equals that.
    depths: Option<&'s Depths<'a, 's>>,
    /// Where `@name` leads.
    frame: Option<&'s Frame<'a, 's>>,
    /// `as |item|`
    params: Option<&'s Params<'a, 's>>,
    inlines: Option<&'s Inlines<'a, 's>>,
}

/// The contexts of blocks around. A block whose context is that of the block around has none of its own.
struct Depths<'a, 's> {
    context: Val<'a>,
    around: Option<&'s Self>,
}

/// What a loop and a partial's block add to `@name`; `@../name` is what is seen from the frame around.
struct Frame<'a, 's> {
    adds: Adds<'a, 's>,
    around: Option<&'s Self>,
}

enum Adds<'a, 's> {
    Turn(Turn<'a>),
    /// What `{{> @partial-block}}` renders from here on.
    Block(Option<&'s PartialBlock<'a, 's>>),
}

struct Turn<'a> {
    index: usize,
    key: Val<'a>,
    is_last: bool,
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
    /// The contexts around the block that defines them.
    depths: Option<&'s Depths<'a, 's>>,
    around: Option<&'s Self>,
}

type Done<T = ()> = Result<T, Problem>;

impl<'a> Renderer<'a, '_> {
    /// Renders a program. `around` has the contexts around the block that it is the body of.
    fn program(&mut self, program: &'a Program, scope: &Scope<'a, '_>, around: Option<&Depths<'a, '_>>) -> Done {
        if program.inlines.is_empty() {
            return self.nodes(&program.nodes, scope);
        }
        let inlines = Inlines { inlines: &program.inlines, file: self.file, depths: around, around: scope.inlines };
        self.nodes(&program.nodes, &Scope { inlines: Some(&inlines), ..scope.clone() })
    }

    /// Renders a block's body with the context of what is around.
    fn same(&mut self, program: &'a Program, scope: &Scope<'a, '_>) -> Done {
        if !scope.context.is_null() {
            return self.program(program, scope, scope.depths);
        }
        // A helper's `this` is an object of nothing where there is none.
        self.within(program, Val::no_context(), scope.depths, scope)
    }

    /// Renders a program with a context of its own, within the contexts `around`.
    fn within(
        &mut self,
        program: &'a Program,
        context: Val<'a>,
        around: Option<&Depths<'a, '_>>,
        scope: &Scope<'a, '_>,
    ) -> Done {
        let is_same = match around {
            Some(depths) if context.is_no_context() && depths.context.is_json_null() => true,
            Some(depths) => {
                self.work_on(context.length().min(depths.context.length()))?;
                self.is_same(&context, &depths.context)?
            }
            None => context.is_null(),
        };
        if is_same {
            return self.program(program, &Scope { context, depths: around, ..scope.clone() }, around);
        }
        let depths = Depths { context: context.clone(), around };
        self.program(program, &Scope { context, depths: Some(&depths), ..scope.clone() }, around)
    }

    /// JavaScript's `==`, by which the reference finds out whether a block has a context of its own.
    fn is_same(&mut self, a: &Val<'a>, b: &Val<'a>) -> Done<bool> {
        match (a.is_object(), b.is_object()) {
            _ if a.is_null() || b.is_null() => Ok(a.is_null() && b.is_null()),
            (true, false) => Ok(b.is_loosely(&self.written(a)?)),
            (false, true) => Ok(a.is_loosely(&self.written(b)?)),
            _ => Ok(a.equals(b) || a.is_loosely_value(b)),
        }
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
            Mark::Role(role) => {
                let role = self.text(role, scope)?;
                // What it is may be a caller's word, and this goes to the log.
                let role = Role::parse(&role)
                    .map_err(|_| self.failed(Code::Render, "the value is no role: there are user, model and system"))?;
                Piece::Role(role)
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
                    Some(value) => self.evaluate(value, scope, false)?.is_js_true(),
                    None => false,
                };
                let is_so = first.is_truthy(include_zero);
                self.same(program(is_so == (block.kind == BlockKind::If)), scope)
            }
            BlockKind::IfEquals | BlockKind::UnlessEquals => {
                let second = match block.params.get(1) {
                    Some(second) => self.evaluate(second, scope, false)?,
                    None => Val::missing(),
                };
                self.work_on(first.length().min(second.length()))?;
                self.same(program(first.equals(&second) == (block.kind == BlockKind::IfEquals)), scope)
            }
            BlockKind::With if first.is_empty() => self.same(&block.otherwise, scope),
            BlockKind::With => self.inside(block, first, scope),
            BlockKind::Each => self.each(block, &first, scope),
            BlockKind::Section if first.is_list() => self.each(block, &first, scope),
            BlockKind::Section if first.is_nothing() => self.program(&block.otherwise, scope, scope.depths),
            // The reference has no value for such names, or a wrong one.
            BlockKind::Section if !block.block_params.is_empty() => {
                let message =
                    "this block names the items of a list, and the value is no list: write {{#with x as |y|}}";
                Err(self.failed(Code::Render, message))
            }
            BlockKind::Section if first.is_true() => self.program(&block.body, scope, scope.depths),
            BlockKind::Section => self.inside(block, first, scope),
        }
    }

    /// Renders a block once, with `context` as `this`.
    fn inside(&mut self, block: &'a Block, context: Val<'a>, scope: &Scope<'a, '_>) -> Done {
        let values = block.block_params.first().map(|name| (name.as_str(), context.clone()));
        let params = Params { values: values.into_iter().collect(), around: scope.params };
        let inside = Scope { params: Some(&params), ..scope.clone() };
        self.within(&block.body, context, scope.depths, &inside)
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
            let turn = Turn { index: count, key, is_last: items.peek().is_none() };
            let frame = Frame { adds: Adds::Turn(turn), around: scope.frame };
            let inside = Scope { frame: Some(&frame), params: Some(&params), ..scope.clone() };
            self.within(&block.body, item, scope.depths, &inside)?;
            count += 1;
        }
        if count == 0 { self.same(&block.otherwise, scope) } else { Ok(()) }
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
        // What the block of this call is called by, within the partial.
        let block = call.block.as_ref().map(|program| PartialBlock { program, file: self.file, scope });
        let current = scope.partial_block();
        let frame = Frame { adds: Adds::Block(block.as_ref()), around: scope.frame };
        let frame = if block.is_some() { Some(&frame) } else { scope.frame };
        let inside = Scope { context, frame, params: None, ..scope.clone() };
        let mut around = scope.inlines;
        self.work_on(call.name.len())?;
        while let Some(Inlines { inlines, file, depths, around: next }) = around {
            self.work(inlines.len() / 8)?;
            if let Some((_, program)) = inlines.iter().rfind(|(name, _)| *name == call.name) {
                return self.enter(call, file, program, *depths, &inside);
            }
            around = *next;
        }
        if let Some(partial) = self.context.partials.get(&call.name) {
            // In Handlebars nothing is above a partial's context.
            let Template { file, program, .. } = &partial.template;
            let own = call.block.as_ref().map(|program| Inlines {
                inlines: &program.inlines,
                file: self.file,
                depths: scope.depths,
                around: scope.inlines,
            });
            let depths = Depths { context: inside.context.clone(), around: None };
            let inside = Scope { depths: Some(&depths), inlines: own.as_ref().or(scope.inlines), ..inside };
            return self.enter_with(call, file, |renderer| renderer.program(program, &inside, None));
        }
        let is_block = call.name == "@partial-block";
        let Some(block) = current.filter(|_| is_block).or(block.as_ref()) else {
            return Err(if is_block {
                self.failed(Code::Render, "this partial was not called as a block: {{#> name}} … {{/name}}")
            } else {
                self.failed(Code::MissingPartial, format!("there is no partial `{}`", shorten(&call.name)))
            });
        };
        let own = block.scope;
        // In the block, that of the partial around its call is the one to call.
        let frame = Frame { adds: Adds::Block(own.partial_block()), around: frame };
        let inside = Scope { frame: Some(&frame), params: own.params, inlines: own.inlines, ..inside };
        self.enter(call, block.file, block.program, own.depths, &inside)
    }

    /// Renders what a partial's name stands for, if that is in a template: within the contexts `around` that.
    fn enter(
        &mut self,
        call: &'a PartialCall,
        file: &'a Arc<str>,
        program: &'a Program,
        around: Option<&Depths<'a, '_>>,
        scope: &Scope<'a, '_>,
    ) -> Done {
        let context = scope.context.clone();
        self.enter_with(call, file, |renderer| renderer.within(program, context, around, scope))
    }

    fn enter_with(
        &mut self,
        call: &'a PartialCall,
        file: &'a Arc<str>,
        render: impl FnOnce(&mut Self) -> Done,
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
        render(self)?;
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
                if !object.is_js_true() {
                    return Ok(object.clone());
                }
                let key = match key.nothing() {
                    Some(name) => name.to_owned(),
                    None => self.written(key)?,
                };
                self.work(object.overlaid() / 8)?;
                self.work_on(object.length())?;
                Ok(object.get(&key))
            }
            ("json", [value]) => {
                let indent = match call.hash.iter().find(|(key, _)| key == "indent") {
                    Some((_, indent)) => self.evaluate(indent, scope, must_be)?.as_indent(),
                    None => String::new(),
                };
                self.work_on_items(value)?;
                let text = value.to_json_text(&indent, bounds::OUTPUT).map_err(|e| self.failed(Code::Bound, e))?;
                self.work_on(text.len())?;
                Ok(value.text_of(&text))
            }
            // Checked when the template was compiled.
            _ => Ok(Val::missing()),
        }
    }

    fn look_up(&mut self, path: &'a Path, scope: &Scope<'a, '_>, must_be: bool) -> Done<Val<'a>> {
        let param = match path.param() {
            Some(name) => self.param(name, scope)?,
            None => None,
        };
        let is_data = matches!((&param, path.base), (None, Base::Data { .. }));
        let (start, segments) = match (param, path.base, path.segments.as_slice()) {
            (Some(value), _, [_, rest @ ..]) => (value, rest),
            (_, Base::Data { up, .. }, [first, rest @ ..]) => (self.data(first, up, scope), rest),
            (_, Base::Context { up: 0, .. }, segments) => (scope.context.clone(), segments),
            (_, Base::Context { up, .. } | Base::Data { up, .. }, segments) => (scope.above(up), segments),
        };
        let mut value = start;
        for (index, segment) in segments.iter().enumerate() {
            // What is nothing stays what it is: null, or missing.
            if value.is_null() || (is_data && !value.is_js_true()) {
                return Ok(value);
            }
            // A name may be as long as the file, and partials in partials lay one context over the other.
            self.work(value.overlaid() / 8)?;
            self.work_on(segment.len())?;
            // Characters of a text are counted.
            self.work_on(if value.has_characters(segment) { value.length() } else { 0 })?;
            let next = value.get_variable(segment, self.context.authored);
            // A variable that nobody declared or gave is a mistake; a field that an object lacks may be meant.
            if must_be && index == 0 && next.is_missing() && value.is_root() {
                return Err(self.failed(Code::Render, format!("the variable `{}` has no value", shorten(segment))));
            }
            if next.is_missing() {
                return Ok(next);
            }
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
        let mut frame = scope.frame;
        let mut left = up;
        while let (1.., Some(Frame { around, .. })) = (left, frame) {
            (frame, left) = (*around, left - 1);
        }
        let frames = std::iter::successors(frame, |frame| frame.around);
        let turn = frames.clone().find_map(|frame| match &frame.adds {
            Adds::Turn(turn) => Some(turn),
            Adds::Block(_) => None,
        });
        match (name, turn) {
            ("index", Some(turn)) => Val::number(turn.index),
            ("key", Some(turn)) => turn.key.clone(),
            ("first", Some(turn)) => Val::bool(turn.index == 0),
            ("last", Some(turn)) => Val::bool(turn.is_last),
            ("root", _) if left == 0 => Val::root(self.context.variables),
            ("partial-block", _) => Val::bool(block_of(frames).is_some()),
            // Above the outermost frame is what the program says, and nothing above that.
            _ if left > 1 => Val::missing(),
            ("metadata", _) => Val::json(self.context.metadata),
            // What a token says of the caller is no more the author's than what the caller says.
            _ => self.context.locals.get(name).map_or(Val::missing(), Val::json_of_caller),
        }
    }
}

/// The block that the innermost of these frames has for `{{> @partial-block}}`.
fn block_of<'a: 's, 's>(mut frames: impl Iterator<Item = &'s Frame<'a, 's>>) -> Option<&'s PartialBlock<'a, 's>> {
    frames.find_map(|frame| match frame.adds {
        Adds::Block(block) => Some(block),
        Adds::Turn(_) => None,
    })?
}

impl<'a, 's> Scope<'a, 's> {
    /// The context that so many `../` lead to.
    fn above(&self, up: usize) -> Val<'a> {
        let mut depths = std::iter::successors(self.depths, |depths| depths.around);
        depths.nth(up).map_or(Val::missing(), |depths| depths.context.clone())
    }

    fn partial_block(&self) -> Option<&'s PartialBlock<'a, 's>> {
        block_of(std::iter::successors(self.frame, |frame| frame.around))
    }
}
