//! Which variables a template uses.

use std::collections::HashMap;

use super::{Base, Block, BlockKind, Call, Expression, Mark, Node, PartialCall, Path, Place, Program};

/// A variable that a template uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) name: String,
    /// Whether it is used where nothing has tested it: `{{x}}` outside of every `{{#if x}}`.
    pub(crate) required: bool,
    /// The tag of its first use, or that of the partial which uses it.
    pub(crate) place: Place,
    /// Whether `{{name}}` stands alone where Dotprompt has a helper of that name.
    pub(crate) is_helper_name: bool,
}

/// The variables of `program` in the order of their first use; those of each partial are known. `left` is how many
/// steps that may take; `None` if there are not enough: inline partials may double what they contain at each level.
pub(crate) fn variables(
    program: &Program,
    partials: &HashMap<&str, Vec<Variable>>,
    left: &mut usize,
) -> Option<Vec<Variable>> {
    let mut uses = Uses { found: Vec::new(), index: HashMap::new(), partials, place: Place::START, left };
    uses.program(program, &Scope { depth: 0, names: None, tested: None, inlines: None, is_optional: false });
    let Uses { found, left, .. } = uses;
    (*left > 0).then_some(found)
}

/// What the walk knows at one place of the template.
#[derive(Clone, Copy)]
struct Scope<'a> {
    /// How many contexts stand around: inside of them a plain name is the item's.
    depth: usize,
    /// Names that `as |item|` and a partial's `key=value` give.
    names: Option<&'a Names<'a>>,
    /// Variables that an `{{#if}}` around has tested.
    tested: Option<&'a Names<'a>>,
    inlines: Option<&'a Inlines<'a, 'a>>,
    /// Whether a rendering may never come here.
    is_optional: bool,
}

/// Names that hold at one place of a template, and those around.
pub(crate) struct Names<'a> {
    pub(crate) names: Vec<&'a str>,
    pub(crate) around: Option<&'a Self>,
}

/// How many names there are in all.
fn count(names: Option<&Names<'_>>) -> usize {
    std::iter::successors(names, |names| names.around).map(|names| names.names.len()).sum()
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

impl Names<'_> {
    pub(crate) fn has(names: Option<&Self>, name: &str) -> bool {
        let mut next = names;
        while let Some(names) = next {
            if names.names.contains(&name) {
                return true;
            }
            next = names.around;
        }
        false
    }
}

struct Uses<'a> {
    found: Vec<Variable>,
    index: HashMap<String, usize>,
    partials: &'a HashMap<&'a str, Vec<Variable>>,
    place: Place,
    left: &'a mut usize,
}

impl Uses<'_> {
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
                    self.value(value, scope, true);
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
            Mark::Role { role, metadata } => {
                self.value(role, scope, true);
                metadata.iter().for_each(|(_, value)| self.value(value, scope, true));
            }
            Mark::History => {}
            Mark::Section(name) => self.value(name, scope, true),
            Mark::Media { url, content_type } => {
                self.value(url, scope, true);
                content_type.iter().for_each(|value| self.value(value, scope, true));
            }
        }
    }

    fn block(&mut self, block: &Block, scope: &Scope<'_>) {
        let is_test = !matches!(block.kind, BlockKind::Each | BlockKind::With);
        for value in &block.params {
            self.value(value, scope, !is_test);
        }
        let names = Names { names: block.block_params.iter().map(String::as_str).collect(), around: scope.names };
        let tests = block.params.iter().filter_map(|value| variable(value, scope)).collect();
        let tested = Names { names: tests, around: scope.tested };
        let (body, otherwise) = match block.kind {
            BlockKind::Each | BlockKind::With | BlockKind::Section => {
                (Scope { depth: scope.depth + 1, names: Some(&names), ..*scope }, *scope)
            }
            BlockKind::If => (Scope { tested: Some(&tested), ..*scope }, *scope),
            BlockKind::Unless => (*scope, Scope { tested: Some(&tested), ..*scope }),
            // Equal to something, a value may still be nothing.
            BlockKind::IfEquals | BlockKind::UnlessEquals => (*scope, *scope),
        };
        let place = self.place;
        self.program(&block.body, &body);
        self.place = place;
        self.program(&block.otherwise, &otherwise);
    }

    fn partial(&mut self, call: &PartialCall, scope: &Scope<'_>) {
        call.context.iter().for_each(|value| self.value(value, scope, true));
        call.hash.iter().for_each(|(_, value)| self.value(value, scope, true));
        let given = Names { names: call.hash.iter().map(|(key, _)| key.as_str()).collect(), around: scope.names };
        let inside = Scope { depth: scope.depth + usize::from(call.context.is_some()), names: Some(&given), ..*scope };
        let place = self.place;
        if let Some(block) = &call.block {
            self.program(block, &inside);
        }
        self.place = place;
        if let Some(program) = Inlines::find(scope.inlines, &call.name) {
            // Without its own inlines, so that one which calls itself ends here.
            return self.program(program, &Scope { inlines: None, ..inside });
        }
        let Some(variables) = self.partials.get(call.name.as_str()) else { return };
        // Which of them the partial names is not known here.
        let maybe = Scope { inlines: None, is_optional: true, ..inside };
        let block = call.block.iter().flat_map(|block| &block.inlines);
        let around = std::iter::successors(scope.inlines, |inlines| inlines.around);
        for (_, program) in block.chain(around.flat_map(|inlines| &inlines.program.inlines)) {
            self.program(program, &maybe);
        }
        self.place = place;
        let cost = 1 + count(inside.names) / 8 + count(scope.tested) / 8;
        if inside.depth > 0 || !self.work(cost.saturating_mul(variables.len())) {
            return;
        }
        for variable in variables {
            if !Names::has(inside.names, &variable.name) {
                let required = variable.required && !scope.is_optional && !Names::has(scope.tested, &variable.name);
                self.used(&variable.name, required, false);
            }
        }
    }

    fn value(&mut self, value: &Expression, scope: &Scope<'_>, required: bool) {
        match value {
            Expression::Literal(_) => {}
            Expression::Call(call) => {
                let Call { params, hash, .. } = call.as_ref();
                params
                    .iter()
                    .chain(hash.iter().map(|(_, value)| value))
                    .for_each(|value| self.value(value, scope, required));
            }
            Expression::Path(path) => {
                if !self.work(1 + count(scope.names) / 8 + count(scope.tested) / 8) {
                    return;
                }
                if let Some(name) = variable(value, scope) {
                    let is_helper_name = path.simple_name().is_some_and(|name| super::Helper::parse(name).is_some());
                    let required = required && !scope.is_optional && !Names::has(scope.tested, name);
                    self.used(name, required, is_helper_name);
                }
            }
        }
    }

    fn used(&mut self, name: &str, required: bool, is_helper_name: bool) {
        if let Some(&index) = self.index.get(name) {
            self.found[index].required |= required;
            self.found[index].is_helper_name |= is_helper_name;
            return;
        }
        self.index.insert(name.to_owned(), self.found.len());
        self.found.push(Variable { name: name.to_owned(), required, place: self.place, is_helper_name });
    }
}

fn variable<'a>(value: &'a Expression, scope: &Scope<'_>) -> Option<&'a str> {
    let Expression::Path(path) = value else { return None };
    path.variable(scope.depth, scope.names).map(|(name, _)| name)
}

impl Path {
    /// The argument that a path such as `x`, `this.x`, `x.y`, `../x` or `@root.x` reads, if it reads one, and the fields
    /// behind it. `depth` contexts stand around, and `names` stand before arguments.
    pub(crate) fn variable(&self, depth: usize, names: Option<&Names<'_>>) -> Option<(&str, &[String])> {
        let (first, rest) = self.segments.split_first()?;
        let (name, fields) = match self.base {
            Base::Data { .. } => rest.split_first().filter(|_| first == "root")?,
            Base::Context { up, scoped } if up == depth && (scoped || !Names::has(names, first)) => (first, rest),
            Base::Context { .. } => return None,
        };
        Some((name, fields))
    }
}
