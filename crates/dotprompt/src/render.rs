//! Renders a template as Handlebars does, within bounds.

mod evaluate;
mod javascript;
mod output;
mod scope;
mod value;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::bounds;
use super::file::Partial;
use super::link::too_deep;
use super::message::{Media, Message, Origin, Piece, Role};
use super::problem::{Code, Place, Problem};
use super::reader::shorten;
use super::template::{Block, BlockKind, Expression, Mark, PartialCall, Program, Template, Visitor};
use output::Output;
use scope::{Adds, Depths, Frame, Inlines, Params, PartialBlock, Scope, Turn};
use value::{Overlay, Val};

/// The input of a rendering.
#[derive(Debug, Default)]
pub struct Data {
    /// The variables with typed values.
    pub variables: Map<String, Value>,
    /// The variables with values of the author, not of a caller.
    pub authored: HashSet<String>,
    /// The values of `@name`, such as `@auth`. `@metadata` comes from the file.
    pub context: Map<String, Value>,
    /// Earlier messages, for `{{history}}`.
    pub messages: Vec<Message>,
}

/// What a rendering reads.
pub(super) struct Context<'a> {
    pub(super) data: &'a Data,
    /// `@metadata`
    pub(super) metadata: &'a Value,
    /// The partials by name.
    pub(super) partials: &'a HashMap<String, Arc<Partial>>,
}

/// Renders `template`.
///
/// # Errors
/// [`Code::Render`]: a variable without a value, an unknown role. [`Code::MissingPartial`]. [`Code::Bound`].
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
    let root = Val::root(&context.data.variables);
    let depths = Depths { value: root.clone(), around: None };
    let scope = Scope { context: root, depths: Some(&depths), frame: None, params: None, inlines: None };
    renderer.program(&template.program, &scope, None)?;
    Ok(renderer.output.into_pieces())
}

struct Renderer<'a, 'c> {
    context: &'c Context<'a>,
    output: Output,
    /// The file and the place of the current tag, for errors.
    file: &'a Arc<str>,
    place: Place,
    steps: usize,
    iterations: usize,
    depth: usize,
    /// The partials around, outermost first.
    partials: Vec<&'a str>,
}

type Rendered<T = ()> = Result<T, Problem>;

impl<'a> Renderer<'a, '_> {
    /// Renders a program. `around` has the contexts around its block.
    fn program(&mut self, program: &'a Program, scope: &Scope<'a, '_>, around: Option<&Depths<'a, '_>>) -> Rendered {
        self.depth += 1;
        if program.inlines.is_empty() {
            self.nodes(&program.nodes, scope)?;
        } else {
            let inlines = Inlines { inlines: &program.inlines, file: self.file, depths: around, around: scope.inlines };
            self.nodes(&program.nodes, &Scope { inlines: Some(&inlines), ..scope.clone() })?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Renders the body of a block that does not change the context.
    fn same(&mut self, program: &'a Program, scope: &Scope<'a, '_>) -> Rendered {
        if !scope.context.is_null() {
            return self.program(program, scope, scope.depths);
        }
        // In a helper, a missing `this` is an empty object.
        self.within(program, Val::no_context(), scope.depths, scope)
    }

    /// Renders a program with a context of its own, within the contexts `around`.
    fn within(
        &mut self,
        program: &'a Program,
        context: Val<'a>,
        around: Option<&Depths<'a, '_>>,
        scope: &Scope<'a, '_>,
    ) -> Rendered {
        let is_same = match around {
            Some(Depths { value, .. }) if context.is_no_context() && value.is_json_null() => true,
            Some(Depths { value, .. }) => {
                self.work_on(context.length().min(value.length()))?;
                self.is_same(&context, value)?
            }
            None => context.is_null(),
        };
        if is_same {
            return self.program(program, &Scope { context, depths: around, ..scope.clone() }, around);
        }
        let depths = Depths { value: context.clone(), around };
        self.program(program, &Scope { context, depths: Some(&depths), ..scope.clone() }, around)
    }

    /// Counts steps. Large arguments cost more.
    fn work(&mut self, steps: usize) -> Rendered {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > bounds::RENDER_STEPS {
            let message = format!("the prompt takes more than {} steps", bounds::RENDER_STEPS);
            return Err(self.failed(Code::Bound, message));
        }
        if self.depth > bounds::RENDER_DEPTH {
            let message = format!("blocks and partials nest more than {} deep", bounds::RENDER_DEPTH);
            return Err(self.failed(Code::Bound, message));
        }
        Ok(())
    }

    /// Counts steps for bytes that are written or compared.
    fn work_on(&mut self, bytes: usize) -> Rendered {
        self.work(bytes / 10)
    }

    /// Counts steps for the items of an overlay: each name is searched in the names of the overlay.
    fn work_on_items(&mut self, value: &Val<'a>) -> Rendered {
        let names = value.overlaid();
        self.work((names / 8).saturating_mul(self.context.data.variables.len() + names))
    }

    fn failed(&self, code: Code, message: impl Into<String>) -> Problem {
        Problem::new(code, self.file, self.place, 2, message)
    }

    /// Renders a block once, with `context` as `this`.
    fn inside(&mut self, block: &'a Block, context: Val<'a>, scope: &Scope<'a, '_>) -> Rendered {
        let values = block.block_params.first().map(|name| (name.as_str(), context.clone()));
        let params = Params { value: values.into_iter().collect(), around: scope.params };
        let inside = Scope { params: Some(&params), ..scope.clone() };
        self.within(&block.body, context, scope.depths, &inside)
    }

    fn each(&mut self, block: &'a Block, items: &Val<'a>, scope: &Scope<'a, '_>) -> Rendered {
        let (place, mut count) = (self.place, 0);
        self.work_on_items(items)?;
        let mut items = items.items().peekable();
        while let Some((key, item)) = items.next() {
            self.iterations += 1;
            if self.iterations > bounds::ITERATIONS {
                let message = format!("the loops of the prompt run more than {} times", bounds::ITERATIONS);
                return Err(self.failed(Code::Bound, message));
            }
            self.tag(place)?;
            let values = block.block_params.iter().map(String::as_str).zip([item.clone(), key.clone()]).collect();
            let params = Params { value: values, around: scope.params };
            let turn = Turn { index: count, key, is_last: items.peek().is_none() };
            let frame = Frame { value: Adds::Turn(turn), around: scope.frame };
            let inside = Scope { frame: Some(&frame), params: Some(&params), ..scope.clone() };
            self.within(&block.body, item, scope.depths, &inside)?;
            count += 1;
        }
        if count == 0 { self.same(&block.otherwise, scope) } else { Ok(()) }
    }

    /// Renders the block that the current partial was called with, or the block in place of a missing partial.
    fn partial_block<'s>(
        &mut self,
        call: &'a PartialCall,
        fallback: Option<&PartialBlock<'a, 's>>,
        current: Option<&PartialBlock<'a, 's>>,
        inside: &Scope<'a, 's>,
    ) -> Rendered {
        let is_block = call.name == "@partial-block";
        let Some(block) = current.filter(|_| is_block).or(fallback) else {
            return Err(if is_block {
                self.failed(Code::Render, "this partial was not called as a block: {{#> name}} … {{/name}}")
            } else {
                self.failed(Code::MissingPartial, format!("there is no partial `{}`", shorten(&call.name)))
            });
        };
        let own = block.scope;
        // In the block, `@partial-block` is the block of the partial around its call.
        let frame = Frame { value: Adds::Block(own.partial_block()), around: inside.frame };
        let inside = Scope { frame: Some(&frame), params: own.params, inlines: own.inlines, ..inside.clone() };
        self.enter(call, block.file, block.program, own.depths, &inside)
    }

    /// Renders an inline partial or a partial's block. `around` has the contexts around it.
    fn enter(
        &mut self,
        call: &'a PartialCall,
        file: &'a Arc<str>,
        program: &'a Program,
        around: Option<&Depths<'a, '_>>,
        scope: &Scope<'a, '_>,
    ) -> Rendered {
        let context = scope.context.clone();
        self.enter_with(call, file, |renderer| renderer.within(program, context, around, scope))
    }

    fn enter_with(
        &mut self,
        call: &'a PartialCall,
        file: &'a Arc<str>,
        render: impl FnOnce(&mut Self) -> Rendered,
    ) -> Rendered {
        if self.partials.len() == bounds::PARTIAL_DEPTH {
            let message = too_deep(self.partials.iter().chain([&call.name.as_str()]));
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
}

impl<'a> Visitor<'a> for Renderer<'a, '_> {
    type Scope<'s>
        = Scope<'a, 's>
    where
        'a: 's;
    type Stop = Problem;

    fn text(&mut self, text: &'a str, _: &Scope<'a, '_>) -> Rendered {
        self.output.text(text).map_err(|e| self.failed(Code::Bound, e))
    }

    fn tag(&mut self, place: Place) -> Rendered {
        self.place = place;
        self.work(1)
    }

    /// `{{x}}`, `{{json x}}`
    fn value(&mut self, value: &'a Expression, scope: &Scope<'a, '_>) -> Rendered {
        let value = self.evaluate(value, scope, true)?;
        let mut pieces = 0;
        // A list of empty texts adds nothing to the output, so its items are counted.
        let written = value.write(&mut |text| {
            pieces += 1;
            self.output.text(text)
        });
        written.map_err(|e| self.failed(Code::Bound, e))?;
        self.work(pieces / 3)
    }

    fn mark(&mut self, mark: &'a Mark, scope: &Scope<'a, '_>) -> Rendered {
        let piece = match mark {
            Mark::History => Piece::History,
            Mark::Role(role) => {
                let role = self.evaluate_text(role, scope)?;
                // The message goes to the log, so it does not repeat a caller's value.
                let role = Role::parse(&role).map_err(|_| {
                    self.failed(Code::Render, "the value is not a role: there are user, model and system")
                })?;
                Piece::Role(role)
            }
            Mark::Section(name) => Piece::Section(self.evaluate_text(name, scope)?),
            Mark::Media { url, content_type } => {
                let url = self.evaluate(url, scope, true)?;
                let content_type = match content_type {
                    Some(content_type) => {
                        Some(self.evaluate_text(content_type, scope)?).filter(|text| !text.is_empty())
                    }
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

    fn block(&mut self, block: &'a Block, scope: &Scope<'a, '_>) -> Rendered {
        let is_test = !matches!(block.kind, BlockKind::Each | BlockKind::With);
        let first = match block.params.first() {
            Some(first) => self.evaluate(first, scope, !is_test)?,
            None => Val::missing(),
        };
        let program = |condition| if condition { &block.body } else { &block.otherwise };
        match block.kind {
            BlockKind::If | BlockKind::Unless => {
                let include_zero = match &block.include_zero {
                    Some(value) => self.evaluate(value, scope, false)?.is_js_true(),
                    None => false,
                };
                let condition = first.is_truthy(include_zero);
                self.same(program(condition == (block.kind == BlockKind::If)), scope)
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
            // Handlebars gives such names a wrong value or none.
            BlockKind::Section if !block.block_params.is_empty() => {
                let message =
                    "this block names the items of a list, and the value is not a list: write {{#with x as |y|}}";
                Err(self.failed(Code::Render, message))
            }
            BlockKind::Section if first.is_true() => self.program(&block.body, scope, scope.depths),
            BlockKind::Section => self.inside(block, first, scope),
        }
    }

    fn partial(&mut self, call: &'a PartialCall, scope: &Scope<'a, '_>) -> Rendered {
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
        // In the partial, `@partial-block` is the block of this call.
        let block = call.block.as_ref().map(|program| PartialBlock { program, file: self.file, scope });
        let frame = Frame { value: Adds::Block(block.as_ref()), around: scope.frame };
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
            // In Handlebars, `../` in a partial does not lead out of it.
            let Template { file, program, .. } = &partial.template;
            let own = call.block.as_ref().map(|program| Inlines {
                inlines: &program.inlines,
                file: self.file,
                depths: scope.depths,
                around: scope.inlines,
            });
            let depths = Depths { value: inside.context.clone(), around: None };
            let inside = Scope { depths: Some(&depths), inlines: own.as_ref().or(scope.inlines), ..inside };
            return self.enter_with(call, file, |renderer| renderer.program(program, &inside, None));
        }
        self.partial_block(call, block.as_ref(), scope.partial_block(), &inside)
    }
}
