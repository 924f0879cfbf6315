//! Which variables a template uses, and how.
//!
//! The walk follows what each name means at its place: `this` in a loop is an item of the list, `../x` a field of what is
//! around, `as |item|` an item by another name. What a partial does is found once, and counts wherever it is called.

use std::collections::HashMap;

use serde_json::Value;

use super::{Base, Block, BlockKind, Call, Expression, Mark, Node, PartialCall, Path, Place, Program};
use crate::bounds;
use crate::schema::plain;
use crate::shape::{Marks, Shape};

/// A variable that a template uses.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// As the template writes it.
    pub name: String,
    /// Whether it is used where nothing has tested it: `{{x}}` outside of every `{{#if x}}`.
    pub required: bool,
    /// The tag of its first use, or that of the partial which uses it.
    pub place: Place,
    /// Whether `{{name}}` stands alone where Dotprompt has a helper of that name.
    pub is_helper_name: bool,
    /// What is done with it.
    pub shape: Shape,
}

/// A `@name` that finds nothing where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownData {
    /// As it is written, without what follows.
    pub name: String,
    /// The tag.
    pub place: Place,
    /// The partial called there that reads it, if it is not in the file itself.
    pub partial: Option<String>,
}

/// What `@name` finds in loops alone.
pub const LOOP_DATA: [&str; 4] = ["index", "key", "first", "last"];

/// What a template uses: a tree of values and their parts.
#[derive(Debug)]
pub(crate) struct Usage {
    /// Parents come before their parts.
    parts: Vec<Part>,
    /// Whether it reads `@key` of a loop around it.
    is_keyed: bool,
    /// What `this` is where it renders `@partial-block`, and whether that may be in a loop, each once.
    blocks: Vec<(Option<usize>, bool)>,
    /// What finds nothing in the template itself.
    unknown: Vec<UnknownData>,
    /// What a partial reads of the loop that it must be called in.
    loop_data: Option<String>,
}

/// The value that a template is rendered with: its fields are the variables of a prompt.
const CONTEXT: usize = 0;
/// `@root` of a partial. A prompt's is its context.
const ROOT: usize = 1;

#[derive(Debug)]
struct Part {
    parent: usize,
    key: Key,
    depth: usize,
    fields: HashMap<String, usize>,
    items: Option<usize>,
    found: Option<usize>,
    marks: Marks,
    /// How often it is written.
    writes: usize,
    is_required: bool,
    is_helper_name: bool,
    place: Place,
}

#[derive(Debug, Clone)]
enum Key {
    Field(String),
    /// Of a loop.
    Item,
    /// By a computed key.
    Found,
}

/// What `program`, the template of a prompt or of a partial, uses; that of each partial is known. `left` is how many
/// steps that may take; `None` if there are not enough: inline partials may double what they contain at each level.
pub(crate) fn usage(
    program: &Program,
    is_partial: bool,
    partials: &HashMap<&str, Usage>,
    left: &mut usize,
) -> Option<Usage> {
    let top = || Part::new(CONTEXT, Key::Item, 0, Place::START);
    let (blocks, unknown, loop_data) = Default::default();
    let usage = Usage { parts: vec![top(), top()], is_keyed: false, blocks, unknown, loop_data };
    let root = if is_partial { ROOT } else { CONTEXT };
    let mut walk = Walk { usage, root, partials, place: Place::START, is_test: false, left };
    let context = Context { part: Some(CONTEXT), given: None, up: None };
    let (names, turn, tested, inlines, is_optional, is_open, is_called) = Default::default();
    let scope = Scope { context: &context, names, turn, tested, inlines, is_optional, is_open, is_called };
    walk.program(program, &scope);
    let Walk { usage, left, .. } = walk;
    (*left > 0).then_some(usage)
}

impl Usage {
    /// Whether all variables are read at once, as by `{{json this}}`.
    pub(crate) fn uses_all(&self) -> bool {
        let Marks { written, looped, is_json, is_looked_up, .. } = &self.parts[CONTEXT].marks;
        written.is_some() || looped.is_some() || *is_json || *is_looked_up
    }

    /// What `@name` finds nothing for.
    pub(crate) fn unknown_data(&self) -> &[UnknownData] {
        &self.unknown
    }

    /// The variables in the order of their first use.
    pub(crate) fn variables(&self) -> Vec<Variable> {
        let mut shapes: Vec<Shape> =
            self.parts.iter().map(|part| Shape { marks: part.marks.clone(), ..Shape::default() }).collect();
        let mut variables = Vec::new();
        for (id, part) in self.parts.iter().enumerate().skip(2).rev() {
            let mut shape = std::mem::take(&mut shapes[id]);
            // They came in the reverse order.
            shape.fields.reverse();
            let parent = &mut shapes[part.parent];
            match &part.key {
                Key::Field(name) if is_top(part.parent) => variables.push(Variable {
                    name: name.clone(),
                    required: part.is_required,
                    place: part.place,
                    is_helper_name: part.is_helper_name,
                    shape,
                }),
                Key::Field(name) => parent.fields.push((name.clone(), shape)),
                Key::Item => parent.items = Some(Box::new(shape)),
                Key::Found => parent.found = Some(Box::new(shape)),
            }
        }
        variables.reverse();
        variables
    }

    /// A part of a part, if it is not too deep to matter.
    fn part(&mut self, parent: usize, key: &Key, place: Place) -> Option<usize> {
        let of = &self.parts[parent];
        let known = match key {
            Key::Field(name) => of.fields.get(name.as_str()).copied(),
            Key::Item => of.items,
            Key::Found => of.found,
        };
        if known.is_some() || of.depth == bounds::SHAPE_DEPTH {
            return known;
        }
        let id = self.parts.len();
        self.parts.push(Part::new(parent, key.clone(), of.depth + 1, place));
        match key {
            Key::Field(name) => drop(self.parts[parent].fields.insert(name.clone(), id)),
            Key::Item => self.parts[parent].items = Some(id),
            Key::Found => self.parts[parent].found = Some(id),
        }
        Some(id)
    }
}

impl Part {
    fn new(parent: usize, key: Key, depth: usize, place: Place) -> Self {
        let (fields, items, found, marks, writes, is_required, is_helper_name) = Default::default();
        Self { parent, key, depth, fields, items, found, marks, writes, is_required, is_helper_name, place }
    }

    /// Adds what another template does with it, which is called at `place`.
    fn add(&mut self, other: &Self, place: Place) {
        let at = |own: Option<Place>, other: Option<Place>| own.or_else(|| other.map(|_| place));
        let (marks, others) = (&mut self.marks, &other.marks);
        marks.named = at(marks.named, others.named);
        marks.written = at(marks.written, others.written);
        marks.looped = at(marks.looped, others.looped);
        others.compared.iter().for_each(|(value, _)| marks.compare(value, place));
        marks.is_json |= others.is_json;
        marks.is_looked_up |= others.is_looked_up;
        marks.is_keyed |= others.is_keyed;
        marks.is_section |= others.is_section;
        marks.is_tested |= others.is_tested;
        marks.is_entered |= others.is_entered;
        marks.includes_zero |= others.includes_zero;
        marks.is_fallback |= others.is_fallback;
        self.writes += other.writes;
    }
}

impl Marks {
    fn compare(&mut self, value: &Value, place: Place) {
        if self.compared.len() < bounds::COMPARED && self.compared.iter().all(|(known, _)| known != value) {
            self.compared.push((value.clone(), place));
        }
    }
}

/// What the walk knows at one place of the template.
#[derive(Clone, Copy)]
struct Scope<'s> {
    /// `this`
    context: &'s Context<'s>,
    /// What `as |item|` of the blocks around names.
    names: Option<&'s Names<'s>>,
    /// The loop around.
    turn: Option<&'s Turn<'s>>,
    /// Variables that an `{{#if}}` around has tested.
    tested: Option<&'s Tested<'s>>,
    inlines: Option<&'s Inlines<'s, 's>>,
    /// Whether a rendering may never come here.
    is_optional: bool,
    /// Whether loops may be around that are not known here.
    is_open: bool,
    /// Whether this is an inline partial or a partial's block, which is rendered where a partial is.
    is_called: bool,
}

struct Context<'s> {
    /// Which part it is; none for what is no part of a variable.
    part: Option<usize>,
    /// The `key=value` of partials over it.
    given: Option<&'s Names<'s>>,
    /// Where `../` leads.
    up: Option<&'s Self>,
}

struct Turn<'s> {
    list: Option<usize>,
    around: Option<&'s Self>,
}

struct Tested<'s> {
    variable: usize,
    around: Option<&'s Self>,
}

/// Names that hold at one place of a template with the parts that they stand for, and those around.
struct Names<'s> {
    names: Vec<(&'s str, Option<usize>)>,
    around: Option<&'s Self>,
}

impl Names<'_> {
    fn find(names: Option<&Self>, name: &str) -> Option<Option<usize>> {
        let mut chain = std::iter::successors(names, |names| names.around);
        chain.find_map(|names| names.names.iter().find(|(known, _)| *known == name).map(|(_, part)| *part))
    }

    /// How many there are in all.
    fn count(names: Option<&Self>) -> usize {
        std::iter::successors(names, |names| names.around).map(|names| names.names.len()).sum()
    }
}

impl Tested<'_> {
    fn has(tested: Option<&Self>, variable: usize) -> bool {
        std::iter::successors(tested, |tested| tested.around).any(|tested| tested.variable == variable)
    }
}

/// The partials that hold at one place of a template, as it defines them, and those around.
pub(crate) struct Inlines<'s, 'p> {
    pub(crate) program: &'p Program,
    pub(crate) around: Option<&'s Self>,
}

impl<'p> Inlines<'_, 'p> {
    pub(crate) fn find(inlines: Option<&Self>, name: &str) -> Option<&'p Program> {
        let mut next = inlines;
        while let Some(Inlines { program, around }) = next {
            if let Some((_, program)) = program.inlines.iter().rfind(|(known, _)| known == name) {
                return Some(program);
            }
            next = *around;
        }
        None
    }
}

struct Walk<'a> {
    usage: Usage,
    /// What `@root` is.
    root: usize,
    partials: &'a HashMap<&'a str, Usage>,
    place: Place,
    /// Whether a value is only tested, which tells what is there from what is not.
    is_test: bool,
    left: &'a mut usize,
}

/// Whether the fields of a part are variables.
fn is_top(part: usize) -> bool {
    part == CONTEXT || part == ROOT
}

impl Walk<'_> {
    /// Counts steps; whether there are any left.
    fn work(&mut self, steps: usize) -> bool {
        *self.left = self.left.saturating_sub(steps);
        *self.left > 0
    }

    fn program(&mut self, program: &Program, scope: &Scope<'_>) {
        let inlines = Inlines { program, around: scope.inlines };
        let scope = &Scope { inlines: Some(&inlines), ..*scope };
        for node in &program.nodes {
            if !self.work(1) {
                return;
            }
            match node {
                Node::Text(_) => {}
                Node::Value(place, value) => {
                    self.place = *place;
                    self.written(value, scope);
                }
                Node::Mark(place, mark) => {
                    self.place = *place;
                    self.mark(mark, scope);
                }
                Node::Block(place, block) => {
                    self.place = *place;
                    self.block(block, scope);
                }
                Node::Partial(place, call) => {
                    self.place = *place;
                    self.partial(call, scope);
                }
            }
        }
    }

    fn mark(&mut self, mark: &Mark, scope: &Scope<'_>) {
        match mark {
            Mark::Role(role) => self.written(role, scope),
            Mark::History => {}
            Mark::Section(name) => self.written(name, scope),
            Mark::Media { url, content_type } => {
                self.written(url, scope);
                content_type.iter().for_each(|value| self.written(value, scope));
            }
        }
    }

    fn block(&mut self, block: &Block, scope: &Scope<'_>) {
        let place = self.place;
        let is_loop_or_with = matches!(block.kind, BlockKind::Each | BlockKind::With);
        self.is_test = !is_loop_or_with;
        let parts: Vec<_> = block.params.iter().map(|value| self.value(value, scope, is_loop_or_with)).collect();
        self.is_test = false;
        let first = parts.first().copied().flatten();
        match block.kind {
            BlockKind::IfEquals | BlockKind::UnlessEquals => {
                for (part, other) in parts.iter().zip(block.params.iter().rev()) {
                    let literal = if let Expression::Literal(literal) = other { literal } else { &Value::Null };
                    self.note(*part, |part, place| part.marks.compare(literal, place));
                }
            }
            kind => self.note(first, |part, place| match kind {
                BlockKind::Each => part.marks.looped = part.marks.looped.or(Some(place)),
                BlockKind::With => part.marks.is_entered = true,
                kind => {
                    part.marks.is_tested = true;
                    part.marks.is_section |= kind == BlockKind::Section;
                    part.marks.includes_zero |= block.include_zero.is_some();
                }
            }),
        }
        if let Some(value) = &block.include_zero {
            let part = self.value(value, scope, false);
            self.note(part, |part, place| part.marks.compare(&Value::Null, place));
        }
        let variable = first.map(|part| self.variable(part));
        let tested = variable.map(|variable| Tested { variable, around: scope.tested });
        let if_so = Scope { tested: tested.as_ref().or(scope.tested), ..*scope };
        // What may stand in for the value: written where it, or the part of it that is asked for, is not there.
        let parent = first.map(|part| self.usage.parts[part].parent).filter(|part| !is_top(*part));
        let own = first.filter(|_| block.kind == BlockKind::Each);
        let writes = |walk: &Self| [own, parent].map(|part| part.map_or(0, |part| walk.usage.parts[part].writes));
        let (mut before, mut after) = ([0; 2], [0; 2]);
        match block.kind {
            BlockKind::If => {
                self.program(&block.body, &if_so);
                (self.place, before) = (place, writes(self));
                self.program(&block.otherwise, scope);
                after = writes(self);
            }
            BlockKind::Unless => {
                before = writes(self);
                self.program(&block.body, scope);
                (self.place, after) = (place, writes(self));
                self.program(&block.otherwise, &if_so);
            }
            // Equal to something, a value may still be nothing.
            BlockKind::IfEquals | BlockKind::UnlessEquals => {
                self.program(&block.body, scope);
                self.place = place;
                self.program(&block.otherwise, scope);
            }
            BlockKind::Each | BlockKind::With | BlockKind::Section => {
                self.inside(block, first, scope);
                (self.place, before) = (place, writes(self));
                self.program(&block.otherwise, scope);
                after = writes(self);
            }
        }
        for (at, part) in [own, parent].into_iter().enumerate() {
            if let Some(part) = part.filter(|_| after[at] > before[at]) {
                self.usage.parts[part].marks.is_fallback = true;
            }
        }
    }

    /// The body of a block that has a context of its own.
    fn inside(&mut self, block: &Block, value: Option<usize>, scope: &Scope<'_>) {
        let is_loop = block.kind == BlockKind::Each;
        let part =
            value.and_then(|part| if is_loop { self.usage.part(part, &Key::Item, self.place) } else { Some(part) });
        let own = Context { part, given: None, up: Some(scope.context) };
        // A block that does not change the context is no step of `../`.
        let is_same = part.is_some() && part == scope.context.part && scope.context.given.is_none();
        let context = if is_same { scope.context } else { &own };
        let values = [part, None].into_iter();
        let names = block.block_params.iter().map(String::as_str).zip(values).collect();
        let names = Names { names, around: scope.names };
        let turn = Turn { list: value, around: scope.turn };
        let turn = if is_loop { Some(&turn) } else { scope.turn };
        // It loops if the value is a list.
        let is_open = scope.is_open || block.kind == BlockKind::Section;
        self.program(&block.body, &Scope { context, names: Some(&names), turn, is_open, ..*scope });
    }

    fn partial(&mut self, call: &PartialCall, scope: &Scope<'_>) {
        let place = self.place;
        let context = call.context.as_ref().map(|value| self.value(value, scope, true));
        let given: Vec<_> =
            call.hash.iter().map(|(key, value)| (key.as_str(), self.value(value, scope, false))).collect();
        let is_own = context.is_some() || !given.is_empty();
        let around = if context.is_some() { None } else { scope.context.given };
        let names = Names { names: given, around };
        let inside = &Context {
            part: context.unwrap_or(scope.context.part),
            given: if names.names.is_empty() { around } else { Some(&names) },
            up: if is_own { Some(scope.context) } else { scope.context.up },
        };
        let inside = Scope { context: inside, names: None, inlines: None, ..*scope };
        if call.name == "@partial-block" {
            self.partial_block(&inside);
        }
        if let Some(program) = Inlines::find(scope.inlines, &call.name) {
            let around = std::mem::take(&mut self.usage.blocks);
            // Without its own inlines, so that one which calls itself ends here.
            self.program(program, &Scope { is_called: true, ..inside });
            let blocks = std::mem::replace(&mut self.usage.blocks, around);
            return self.shown_blocks(call, &blocks, place, &inside, scope);
        }
        let Some(usage) = self.partials.get(call.name.as_str()) else {
            // What it does is not known here.
            for part in names.names.iter().map(|(_, part)| *part).chain(context) {
                self.note(part, Part::write);
            }
            return self.shown_blocks(call, &[], place, &inside, scope);
        };
        if usage.blocks.is_empty() {
            self.shown_blocks(call, &[], place, &inside, scope);
        }
        // Which of them the partial names is not known here.
        let maybe = Scope { is_optional: true, is_open: true, is_called: true, ..inside };
        let block = call.block.iter().flat_map(|block| &block.inlines);
        let around = std::iter::successors(scope.inlines, |inlines| inlines.around);
        for (_, program) in block.chain(around.flat_map(|inlines| &inlines.program.inlines)) {
            self.program(program, &maybe);
        }
        self.place = place;
        let Some(found) = self.merge(&call.name, usage, &inside) else { return };
        if !usage.blocks.is_empty() {
            let found = |(part, in_loop): &(Option<usize>, bool)| (part.and_then(|part| found[part]), *in_loop);
            let blocks: Vec<_> = usage.blocks.iter().map(found).collect();
            self.shown_blocks(call, &blocks, place, &inside, scope);
        }
    }

    /// Notes that what a partial was called with is rendered here.
    fn partial_block(&mut self, scope: &Scope<'_>) {
        let block = (scope.context.part, scope.is_open || scope.turn.is_some());
        if self.work(1 + self.usage.blocks.len() / 8) && !self.usage.blocks.contains(&block) {
            self.usage.blocks.push(block);
        }
    }

    /// Walks the block that a partial is called with: where the partial renders it, or else where it is called.
    fn shown_blocks(
        &mut self,
        call: &PartialCall,
        blocks: &[(Option<usize>, bool)],
        place: Place,
        inside: &Scope<'_>,
        scope: &Scope<'_>,
    ) {
        let Some(program) = &call.block else { return };
        let is_open = scope.is_open || scope.turn.is_some();
        let at_call = Scope { context: inside.context, is_open, is_called: true, ..*scope };
        if blocks.is_empty() {
            self.program(program, &at_call);
        }
        for (part, in_loop) in blocks {
            self.place = place;
            let own = Context { part: *part, given: None, up: Some(scope.context) };
            let context = if *part == inside.context.part { inside.context } else { &own };
            let is_item = |part: &usize| matches!(self.usage.parts[*part].key, Key::Item) && !is_top(*part);
            let list = part.filter(is_item).map(|part| self.usage.parts[part].parent);
            let turn = Turn { list, around: scope.turn };
            let turn = if list.is_some() { Some(&turn) } else { scope.turn };
            self.program(program, &Scope { context, turn, is_open: is_open || *in_loop, is_called: true, ..*scope });
        }
        self.place = place;
    }

    /// Adds what a partial does to what it is called with: what each of its parts is here.
    fn merge(&mut self, name: &str, usage: &Usage, scope: &Scope<'_>) -> Option<Vec<Option<usize>>> {
        let Context { part, given, .. } = scope.context;
        let cost = 1 + Names::count(*given) / 8;
        if !self.work(cost.saturating_mul(usage.parts.len())) {
            return None;
        }
        if let Some(list) = scope.turn.filter(|_| usage.is_keyed).and_then(|turn| turn.list) {
            self.usage.parts[list].marks.is_keyed = true;
        }
        self.usage.is_keyed |= usage.is_keyed && scope.turn.is_none();
        if let Some(data) = usage.loop_data.as_ref().filter(|_| scope.turn.is_none() && !scope.is_open) {
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
        Some(found)
    }

    /// A value that becomes text.
    fn written(&mut self, value: &Expression, scope: &Scope<'_>) {
        let part = self.value(value, scope, true);
        self.note(part, Part::write);
    }

    fn note(&mut self, part: Option<usize>, note: impl FnOnce(&mut Part, Place)) {
        if let Some(part) = part {
            note(&mut self.usage.parts[part], self.place);
        }
    }

    /// Which part a value is, if it is one; `required` if it must be there.
    fn value(&mut self, value: &Expression, scope: &Scope<'_>, required: bool) -> Option<usize> {
        match value {
            Expression::Literal(_) => None,
            Expression::Path(path) => self.path(path, scope, required),
            Expression::Call(call) => self.call(call, scope, required),
        }
    }

    fn call(&mut self, call: &Call, scope: &Scope<'_>, required: bool) -> Option<usize> {
        let parts: Vec<_> = call.params.iter().map(|value| self.value(value, scope, required)).collect();
        for (_, value) in &call.hash {
            let part = self.value(value, scope, required);
            self.note(part, Part::write);
        }
        match (call.name.as_str(), parts.as_slice(), call.params.as_slice()) {
            ("lookup", [object, _], [_, Expression::Literal(key)]) => {
                let key = Key::Field(plain(key).into_owned());
                let part = object.and_then(|object| self.usage.part(object, &key, self.place));
                self.note(part, |part, place| part.marks.named = part.marks.named.or(Some(place)));
                part
            }
            ("lookup", [object, key], _) => {
                self.note(*object, |part, _| part.marks.is_looked_up = true);
                self.note(*key, Part::write);
                object.and_then(|object| self.usage.part(object, &Key::Found, self.place))
            }
            ("json", [value], _) => {
                self.note(*value, |part, _| part.marks.is_json = true);
                None
            }
            _ => {
                parts.iter().for_each(|part| self.note(*part, Part::write));
                None
            }
        }
    }

    fn path(&mut self, path: &Path, scope: &Scope<'_>, required: bool) -> Option<usize> {
        let names = Names::count(scope.names) + Names::count(scope.context.given);
        let tested = std::iter::successors(scope.tested, |tested| tested.around).count();
        if !self.work(1 + names / 8 + tested / 8) {
            return None;
        }
        let mut named = None;
        let param = path.param().and_then(|name| Names::find(scope.names, name));
        let (start, rest) = match path.base {
            Base::Data { .. } if let Some(part) = param => (part, &path.segments[1..]),
            Base::Data { up, .. } => {
                let (first, rest) = path.segments.split_first()?;
                self.data(first, rest, up, scope);
                match (first.as_str(), rest) {
                    ("root", rest) => (Some(self.root), rest),
                    ("key", []) => {
                        self.key(up, scope);
                        return None;
                    }
                    _ => return None,
                }
            }
            Base::Context { up, .. } => {
                let context = std::iter::successors(Some(scope.context), |context| context.up).nth(up)?;
                let first = path.segments.first();
                match param.or_else(|| Names::find(context.given, first?)) {
                    Some(part) => {
                        named = part;
                        (part, &path.segments[1..])
                    }
                    None => (context.part, path.segments.as_slice()),
                }
            }
        };
        let is_helper_name = path.simple_name().is_some_and(|name| super::Helper::parse(name).is_some());
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

    /// Notes that a variable must be there, if it is one.
    fn require(&mut self, part: usize, is_required: bool, scope: &Scope<'_>) {
        let is_variable = !is_top(part) && is_top(self.usage.parts[part].parent);
        if is_variable && is_required && !scope.is_optional && !Tested::has(scope.tested, part) {
            self.usage.parts[part].is_required = true;
        }
    }

    /// Notes that `@name` finds nothing, if it does not.
    fn data(&mut self, name: &str, rest: &[String], up: usize, scope: &Scope<'_>) {
        let turns = std::iter::successors(scope.turn, |turn| turn.around).count();
        // What is around a partial is not known here.
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

    /// Notes a `@name` that finds nothing, in this template or in a partial that it calls.
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

    /// Notes that `@key` of a loop is read.
    fn key(&mut self, up: usize, scope: &Scope<'_>) {
        match std::iter::successors(scope.turn, |turn| turn.around).nth(up) {
            Some(turn) => self.note(turn.list, |part, _| part.marks.is_keyed = true),
            None => self.usage.is_keyed = true,
        }
    }

    /// The variable of which something is a part.
    fn variable(&self, part: usize) -> usize {
        let mut part = part;
        while !is_top(self.usage.parts[part].parent) {
            part = self.usage.parts[part].parent;
        }
        part
    }
}

impl Part {
    fn write(&mut self, place: Place) {
        self.marks.written.get_or_insert(place);
        self.writes += 1;
    }
}
