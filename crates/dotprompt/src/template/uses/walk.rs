//! Walks a template to find its variables.

use std::collections::HashMap;

use serde_json::Value;

use super::scope::{Context, Names, Scope};
use super::{CONTEXT, Key, LOOP_DATA, Part, ROOT, UnknownData, Usage, is_top};
use crate::bounds;
use crate::chain::Chain;
use crate::schema::plain;
use crate::template::{
    Block, BlockKind, Call, Expression, Helper, Inlines, Mark, PartialCall, Path, Place, Program, ValueHelper, Visitor,
};

/// The walk takes more than [`bounds::USE_STEPS`].
pub(super) struct OutOfSteps;

type Walked = Result<(), OutOfSteps>;

pub(super) struct Walk<'a> {
    pub(super) usage: Usage,
    /// The part of `@root`.
    pub(super) root: usize,
    pub(super) partials: &'a HashMap<&'a str, Usage>,
    pub(super) place: Place,
    /// Whether values are only tested, so that they may be missing.
    pub(super) is_test: bool,
    pub(super) steps_left: &'a mut usize,
}

impl<'a> Walk<'a> {
    /// Counts steps.
    fn work(&mut self, steps: usize) -> Walked {
        *self.steps_left = self.steps_left.saturating_sub(steps);
        if *self.steps_left > 0 { Ok(()) } else { Err(OutOfSteps) }
    }

    /// Walks a whole template.
    pub(super) fn template(&mut self, program: &'a Program) -> Walked {
        let context = Context { part: Some(CONTEXT), given: None, up: None };
        let (names, lists, tested, inlines, is_optional, is_open, is_called) = Default::default();
        let scope = Scope { context: &context, names, lists, tested, inlines, is_optional, is_open, is_called };
        self.program(program, &scope)?;
        self.work(0)
    }

    fn program(&mut self, program: &'a Program, scope: &Scope<'_, 'a>) -> Walked {
        let inlines = Inlines { program, around: scope.inlines };
        self.nodes(&program.nodes, &Scope { inlines: Some(&inlines), ..*scope })
    }

    /// Marks the parameters of a block. Returns the part of the first one.
    fn block_value(&mut self, block: &Block, scope: &Scope<'_, 'a>) -> Option<usize> {
        let is_loop_or_with = matches!(block.kind, BlockKind::Each | BlockKind::With);
        self.is_test = !is_loop_or_with;
        let parts: Vec<_> = block.params.iter().map(|value| self.value_part(value, scope, is_loop_or_with)).collect();
        self.is_test = false;
        let first = parts.first().copied().flatten();
        match block.kind {
            BlockKind::IfEquals | BlockKind::UnlessEquals => {
                for (part, other) in parts.iter().zip(block.params.iter().rev()) {
                    let literal = if let Expression::Literal(literal) = other { literal } else { &Value::Null };
                    self.note(*part, |part, place| part.marks.compare(literal, place));
                }
            }
            BlockKind::Each => self.note(first, |part, place| part.marks.looped = part.marks.looped.or(Some(place))),
            BlockKind::With => self.note(first, |part, _| part.marks.is_entered = true),
            kind @ (BlockKind::If | BlockKind::Unless | BlockKind::Section) => self.note(first, |part, _| {
                part.marks.is_tested = true;
                part.marks.is_section |= kind == BlockKind::Section;
                part.marks.includes_zero |= block.include_zero.is_some();
            }),
        }
        if let Some(value) = &block.include_zero {
            let part = self.value_part(value, scope, false);
            self.note(part, |part, place| part.marks.compare(&Value::Null, place));
        }
        first
    }

    /// Walks the body of a block that changes the context.
    fn inside(&mut self, block: &'a Block, value: Option<usize>, scope: &Scope<'_, 'a>) -> Walked {
        let is_loop = block.kind == BlockKind::Each;
        let part =
            value.and_then(|part| if is_loop { self.usage.part(part, &Key::Item, self.place) } else { Some(part) });
        let own = Context { part, given: None, up: Some(scope.context) };
        // `../` skips a block with the same context.
        let is_same = part.is_some() && part == scope.context.part && scope.context.given.is_none();
        let context = if is_same { scope.context } else { &own };
        let values = [part, None].into_iter();
        let names = block.block_params.iter().map(String::as_str).zip(values).collect();
        let names = Chain { value: names, around: scope.names };
        let lists = Chain { value, around: scope.lists };
        let lists = if is_loop { Some(&lists) } else { scope.lists };
        // With a list, a section loops.
        let is_open = scope.is_open || block.kind == BlockKind::Section;
        self.program(&block.body, &Scope { context, names: Some(&names), lists, is_open, ..*scope })
    }

    /// Adds the usage of a partial.
    fn called(
        &mut self,
        call: &'a PartialCall,
        usage: &Usage,
        inside: &Scope<'_, 'a>,
        scope: &Scope<'_, 'a>,
    ) -> Walked {
        let place = self.place;
        if usage.blocks.is_empty() {
            self.shown_blocks(call, &[], place, inside, scope)?;
        }
        // The partial may call any of the inline partials around.
        let maybe = Scope { is_optional: true, is_open: true, is_called: true, ..*inside };
        let block = call.block.iter().flat_map(|block| &block.inlines);
        let around = std::iter::successors(scope.inlines, |inlines| inlines.around);
        for (_, program) in block.chain(around.flat_map(|inlines| &inlines.program.inlines)) {
            self.program(program, &maybe)?;
        }
        self.place = place;
        let found = self.merge(&call.name, usage, inside)?;
        if usage.blocks.is_empty() {
            return Ok(());
        }
        let found = |(part, in_loop): &(Option<usize>, bool)| (part.and_then(|part| found[part]), *in_loop);
        let blocks: Vec<_> = usage.blocks.iter().map(found).collect();
        self.shown_blocks(call, &blocks, place, inside, scope)
    }

    /// Adds a `{{> @partial-block}}`.
    fn partial_block(&mut self, scope: &Scope<'_, 'a>) {
        let block = (scope.context.part, scope.is_open || scope.lists.is_some());
        if self.work(1 + self.usage.blocks.len() / 8).is_ok() && !self.usage.blocks.contains(&block) {
            self.usage.blocks.push(block);
        }
    }

    /// Walks the block that a partial is called with: at each place where the partial renders it, or else at the call.
    fn shown_blocks(
        &mut self,
        call: &'a PartialCall,
        blocks: &[(Option<usize>, bool)],
        place: Place,
        inside: &Scope<'_, 'a>,
        scope: &Scope<'_, 'a>,
    ) -> Walked {
        let Some(program) = &call.block else { return Ok(()) };
        let is_open = scope.is_open || scope.lists.is_some();
        let at_call = Scope { context: inside.context, is_open, is_called: true, ..*scope };
        if blocks.is_empty() {
            self.program(program, &at_call)?;
        }
        for (part, in_loop) in blocks {
            self.place = place;
            let own = Context { part: *part, given: None, up: Some(scope.context) };
            let context = if *part == inside.context.part { inside.context } else { &own };
            let is_item = |part: &usize| matches!(self.usage.parts[*part].key, Key::Item) && !is_top(*part);
            let list = part.filter(is_item).map(|part| self.usage.parts[part].parent);
            let lists = Chain { value: list, around: scope.lists };
            let lists = if list.is_some() { Some(&lists) } else { scope.lists };
            self.program(program, &Scope { context, lists, is_open: is_open || *in_loop, is_called: true, ..*scope })?;
        }
        self.place = place;
        Ok(())
    }

    /// Merges the parts of a partial into those of this template. Returns the part for each part of the partial.
    fn merge(&mut self, name: &str, usage: &Usage, scope: &Scope<'_, 'a>) -> Result<Vec<Option<usize>>, OutOfSteps> {
        let Context { part, given, .. } = scope.context;
        let cost = 1 + Names::count(*given) / 8;
        self.work(cost.saturating_mul(usage.parts.len()))?;
        if let Some(list) = scope.lists.filter(|_| usage.is_keyed).and_then(|lists| lists.value) {
            self.usage.parts[list].marks.is_keyed = true;
        }
        self.usage.is_keyed |= usage.is_keyed && scope.lists.is_none();
        if let Some(data) = usage.loop_data.as_ref().filter(|_| scope.lists.is_none() && !scope.is_open) {
            self.unknown(data.clone(), Some(name));
        }
        let mut found: Vec<Option<usize>> = Vec::with_capacity(usage.parts.len());
        for (id, other) in usage.parts.iter().enumerate() {
            let target = match (id, &other.key) {
                (CONTEXT, _) => *part,
                (ROOT, _) => Some(self.root),
                (_, Key::Field(name))
                    if other.parent == CONTEXT
                        && let Some(target) = Names::find(*given, name) =>
                {
                    target
                }
                (_, key) => found[other.parent].and_then(|parent| self.usage.part(parent, key, self.place)),
            };
            found.push(target);
            let Some(target) = target else { continue };
            self.require(target, other.is_required, scope);
            self.usage.parts[target].add(other, self.place);
        }
        Ok(found)
    }

    /// Marks a value that becomes text.
    fn written(&mut self, value: &Expression, scope: &Scope<'_, 'a>) {
        let part = self.value_part(value, scope, true);
        self.note(part, Part::write);
    }

    fn note(&mut self, part: Option<usize>, note: impl FnOnce(&mut Part, Place)) {
        if let Some(part) = part {
            note(&mut self.usage.parts[part], self.place);
        }
    }

    /// The part of a value; `required` if the value must not be missing.
    fn value_part(&mut self, value: &Expression, scope: &Scope<'_, 'a>, required: bool) -> Option<usize> {
        match value {
            Expression::Literal(_) => None,
            Expression::Path(path) => self.path(path, scope, required),
            Expression::Call(call) => self.call(call, scope, required),
        }
    }

    fn call(&mut self, call: &Call, scope: &Scope<'_, 'a>, required: bool) -> Option<usize> {
        let parts: Vec<_> = call.params.iter().map(|value| self.value_part(value, scope, required)).collect();
        for (_, value) in &call.hash {
            let part = self.value_part(value, scope, required);
            self.note(part, Part::write);
        }
        match (call.value_helper, parts.as_slice(), call.params.as_slice()) {
            (Some(ValueHelper::Lookup), [object, _], [_, Expression::Literal(key)]) => {
                let key = Key::Field(plain(key).into_owned());
                let part = object.and_then(|object| self.usage.part(object, &key, self.place));
                self.note(part, |part, place| part.marks.named = part.marks.named.or(Some(place)));
                part
            }
            (Some(ValueHelper::Lookup), [object, key], _) => {
                self.note(*object, |part, _| part.marks.is_looked_up = true);
                self.note(*key, |part, place| {
                    part.write(place);
                    part.marks.is_key = true;
                });
                object.and_then(|object| self.usage.part(object, &Key::Found, self.place))
            }
            (Some(ValueHelper::Json), [value], _) => {
                self.note(*value, |part, _| part.marks.is_json = true);
                None
            }
            (Some(ValueHelper::Lookup | ValueHelper::Json) | None, ..) => {
                parts.iter().for_each(|part| self.note(*part, Part::write));
                None
            }
        }
    }

    fn path(&mut self, path: &Path, scope: &Scope<'_, 'a>, required: bool) -> Option<usize> {
        let names = Names::count(scope.names) + Names::count(scope.context.given);
        let tested = Chain::values(scope.tested).count();
        self.work(1 + names / 8 + tested / 8).ok()?;
        let mut named = None;
        let param = path.param().and_then(|name| Names::find(scope.names, name));
        let (start, rest) = if path.is_data {
            let (first, rest) = path.segments.split_first()?;
            let start = match (param, first.as_str()) {
                (Some(part), _) => part,
                (None, name) => {
                    self.data(name, rest, path.up, scope);
                    (name == "root").then_some(self.root)
                }
            };
            (start, rest)
        } else {
            let context = std::iter::successors(Some(scope.context), |context| context.up).nth(path.up)?;
            let first = path.segments.first();
            match param.or_else(|| Names::find(context.given, first?)) {
                Some(part) => {
                    named = part;
                    (part, &path.segments[1..])
                }
                None => (context.part, path.segments.as_slice()),
            }
        };
        let is_helper_name = path.simple_name().is_some_and(|name| Helper::parse(name).is_some());
        let mut part = start?;
        if let Some(named) = named {
            self.require(named, required, scope);
        }
        for name in rest {
            let is_variable = is_top(part);
            part = self.usage.part(part, &Key::Field(name.clone()), self.place)?;
            self.require(part, required, scope);
            self.usage.parts[part].is_helper_name |= is_variable && is_helper_name;
        }
        self.usage.parts[part].marks.named.get_or_insert(self.place);
        Some(part)
    }

    /// Marks a part as required, if it is a variable that no block around has tested.
    fn require(&mut self, part: usize, is_required: bool, scope: &Scope<'_, 'a>) {
        let is_variable = !is_top(part) && is_top(self.usage.parts[part].parent);
        let is_tested = || Chain::values(scope.tested).any(|variable| *variable == part);
        if is_variable && is_required && !scope.is_optional && !is_tested() {
            self.usage.parts[part].is_required = true;
        }
    }

    /// Marks the loop of `@key`, and adds a `@name` without a value.
    fn data(&mut self, name: &str, rest: &[String], up: usize, scope: &Scope<'_, 'a>) {
        if name == "key" && rest.is_empty() {
            match Chain::values(scope.lists).nth(up) {
                Some(list) => self.note(*list, |part, _| part.marks.is_keyed = true),
                None => self.usage.is_keyed = true,
            }
        }
        let turns = Chain::values(scope.lists).count();
        // The loops around the call of a partial are unknown.
        let is_called = self.root == ROOT || scope.is_called;
        let above = if is_called || scope.is_open { 0 } else { up.saturating_sub(turns) };
        let is_found = match name {
            _ if LOOP_DATA.contains(&name) => up < turns || scope.is_open || (is_called && self.is_test),
            "root" => above == 0,
            "auth" => above <= 1,
            "metadata" => above <= 1 && rest.first().is_none_or(|name| name == "prompt"),
            "partial-block" => true,
            _ => false,
        };
        if !is_found {
            let rest = rest.first().filter(|_| name == "metadata").map(|name| format!(".{name}"));
            self.unknown(format!("{}{name}{}", "../".repeat(up), rest.unwrap_or_default()), None);
        }
    }

    /// Adds a `@name` without a value, in this template or in a partial that it calls.
    fn unknown(&mut self, name: String, partial: Option<&str>) {
        let is_of_loop = LOOP_DATA.contains(&name.trim_start_matches("../"));
        if self.root == ROOT && is_of_loop {
            self.usage.loop_data.get_or_insert(name);
            return;
        }
        let unknown = UnknownData { name, place: self.place, partial: partial.map(str::to_owned) };
        let known = &mut self.usage.unknown;
        if known.len() < bounds::PROBLEMS && !known.contains(&unknown) {
            known.push(unknown);
        }
    }
}

impl<'a> Visitor<'a> for Walk<'a> {
    type Scope<'s>
        = Scope<'s, 'a>
    where
        'a: 's;
    type Stop = OutOfSteps;

    fn text(&mut self, _: &'a str, _: &Scope<'_, 'a>) -> Walked {
        self.work(1)
    }

    fn tag(&mut self, place: Place) -> Walked {
        self.place = place;
        self.work(1)
    }

    fn value(&mut self, value: &'a Expression, scope: &Scope<'_, 'a>) -> Walked {
        self.written(value, scope);
        Ok(())
    }

    fn mark(&mut self, mark: &'a Mark, scope: &Scope<'_, 'a>) -> Walked {
        match mark {
            Mark::Role(value) | Mark::Section(value) => self.written(value, scope),
            Mark::History => {}
            Mark::Media { url, content_type } => {
                self.written(url, scope);
                content_type.iter().for_each(|value| self.written(value, scope));
            }
        }
        Ok(())
    }

    fn block(&mut self, block: &'a Block, scope: &Scope<'_, 'a>) -> Walked {
        let place = self.place;
        let first = self.block_value(block, scope);
        let variable = first.map(|part| self.usage.variable(part));
        let tested = variable.map(|value| Chain { value, around: scope.tested });
        let if_so = Scope { tested: tested.as_ref().or(scope.tested), ..*scope };
        // Values that may be written instead of the tested one.
        let parent = first.map(|part| self.usage.parts[part].parent).filter(|part| !is_top(*part));
        let own = first.filter(|_| block.kind == BlockKind::Each);
        let writes = |walk: &Self| [own, parent].map(|part| part.map_or(0, |part| walk.usage.parts[part].writes));
        let before = writes(self);
        match block.kind {
            BlockKind::If => self.program(&block.body, &if_so)?,
            BlockKind::Each | BlockKind::With | BlockKind::Section => self.inside(block, first, scope)?,
            BlockKind::Unless | BlockKind::IfEquals | BlockKind::UnlessEquals => self.program(&block.body, scope)?,
        }
        self.place = place;
        let between = writes(self);
        self.program(&block.otherwise, if block.kind == BlockKind::Unless { &if_so } else { scope })?;
        // The program that is rendered without the value.
        let (start, end) = match block.kind {
            BlockKind::Unless => (before, between),
            BlockKind::IfEquals | BlockKind::UnlessEquals => return Ok(()),
            BlockKind::If | BlockKind::Each | BlockKind::With | BlockKind::Section => (between, writes(self)),
        };
        for (at, part) in [own, parent].into_iter().enumerate() {
            if let Some(part) = part.filter(|_| end[at] > start[at]) {
                self.usage.parts[part].marks.is_fallback = true;
            }
        }
        Ok(())
    }

    fn partial(&mut self, call: &'a PartialCall, scope: &Scope<'_, 'a>) -> Walked {
        let context = call.context.as_ref().map(|value| self.value_part(value, scope, true));
        let given: Vec<_> =
            call.hash.iter().map(|(key, value)| (key.as_str(), self.value_part(value, scope, false))).collect();
        let is_own = context.is_some() || !given.is_empty();
        let around = if context.is_some() { None } else { scope.context.given };
        let names = Chain { value: given, around };
        let inside = &Context {
            part: context.unwrap_or(scope.context.part),
            given: if names.value.is_empty() { around } else { Some(&names) },
            up: if is_own { Some(scope.context) } else { scope.context.up },
        };
        let inside = Scope { context: inside, names: None, inlines: None, ..*scope };
        if call.name == "@partial-block" {
            self.partial_block(&inside);
        }
        if let Some(program) = Inlines::find(scope.inlines, &call.name) {
            let (place, around) = (self.place, std::mem::take(&mut self.usage.blocks));
            // Without inline partials around, so that a recursive one ends here.
            self.program(program, &Scope { is_called: true, ..inside })?;
            let blocks = std::mem::replace(&mut self.usage.blocks, around);
            return self.shown_blocks(call, &blocks, place, &inside, scope);
        }
        let Some(usage) = self.partials.get(call.name.as_str()) else {
            // An unknown partial may write everything.
            for part in names.value.iter().map(|(_, part)| *part).chain(context) {
                self.note(part, Part::write);
            }
            return self.shown_blocks(call, &[], self.place, &inside, scope);
        };
        self.called(call, usage, &inside, scope)
    }
}
