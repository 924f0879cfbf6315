//! Finds the variables that a template uses, and how it uses them.
//!
//! The walk resolves each name at its place: in a loop, `this` is an item of the list, `../x` a field of the context
//! around, and `as |item|` another name for the item. Each partial is walked once, and its usage is merged at each call.

mod scope;
mod walk;

use std::collections::HashMap;

use serde_json::Value;

use super::{Place, Program};
use crate::bounds;
use crate::shape::{Marks, Shape};
use walk::Walk;

/// A variable that a template uses.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// The name in the template.
    pub name: String,
    /// Whether it is used untested: `{{x}}` outside of every `{{#if x}}`.
    pub required: bool,
    /// The tag of its first use, or the tag of the partial that uses it.
    pub place: Place,
    /// Whether `{{name}}` is used alone and Dotprompt has a helper of that name.
    pub is_helper_name: bool,
    /// How the template uses it.
    pub shape: Shape,
}

/// A `@name` that has no value at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownData {
    /// The name with its `../`, without the rest of the path.
    pub name: String,
    /// The tag.
    pub place: Place,
    /// The partial that reads it, if the tag calls one.
    pub partial: Option<String>,
}

/// `@name` in loops.
pub const LOOP_DATA: [&str; 4] = ["index", "key", "first", "last"];

/// What a template uses: a tree of values and their parts.
#[derive(Debug, Default)]
pub struct Usage {
    /// Parents come before their parts.
    parts: Vec<Part>,
    /// Whether it reads `@key` of a loop around it.
    is_keyed: bool,
    /// For each `{{> @partial-block}}`, without repetition: the context, and whether a loop may be around it.
    blocks: Vec<(Option<usize>, bool)>,
    /// Each `@name` without a value in the template itself.
    unknown: Vec<UnknownData>,
    /// A `@name` that a partial needs from a loop around its call.
    loop_data: Option<String>,
}

/// The context of the whole template. Its fields are variables.
const CONTEXT: usize = 0;
/// `@root` of a partial. In a prompt, `@root` is the context.
const ROOT: usize = 1;

/// Whether the fields of a part are variables.
fn is_top(part: usize) -> bool {
    part == CONTEXT || part == ROOT
}

#[derive(Debug, Default)]
struct Part {
    parent: usize,
    key: Key,
    depth: usize,
    parts: HashMap<Key, usize>,
    marks: Marks,
    /// The number of tags that write it.
    writes: usize,
    is_required: bool,
    is_helper_name: bool,
    place: Place,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
enum Key {
    Field(String),
    /// An item of a loop.
    #[default]
    Item,
    /// `{{lookup x key}}` with a computed key.
    Found,
}

/// The usage of a prompt's or a partial's template. `partials` has the usage of each partial. `None` if it takes more than
/// `steps_left`, which it counts down: nested inline partials can double the steps at each level.
pub(crate) fn usage(
    program: &Program,
    is_partial: bool,
    partials: &HashMap<&str, Usage>,
    steps_left: &mut usize,
) -> Option<Usage> {
    let usage = Usage { parts: vec![Part::default(), Part::default()], ..Usage::default() };
    let root = if is_partial { ROOT } else { CONTEXT };
    let mut walk = Walk { usage, root, partials, place: Place::START, is_test: false, steps_left };
    walk.template(program).ok().map(|()| walk.usage)
}

impl Usage {
    /// Whether a tag reads all variables at once, as `{{json this}}` does.
    #[must_use]
    pub fn uses_all(&self) -> bool {
        let Marks { written, looped, is_json, is_looked_up, .. } = &self.parts[CONTEXT].marks;
        written.is_some() || looped.is_some() || *is_json || *is_looked_up
    }

    /// Each `@name` without a value.
    #[must_use]
    pub fn unknown_data(&self) -> &[UnknownData] {
        &self.unknown
    }

    /// The variables in the order of their first use.
    #[must_use]
    pub fn variables(&self) -> Vec<Variable> {
        let mut shapes: Vec<Shape> =
            self.parts.iter().map(|part| Shape { marks: part.marks.clone(), ..Shape::default() }).collect();
        let mut variables = Vec::new();
        for (id, part) in self.parts.iter().enumerate().skip(2).rev() {
            let mut shape = std::mem::take(&mut shapes[id]);
            // The loop adds them in reverse order.
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

    /// The variable that a part belongs to.
    fn variable(&self, part: usize) -> usize {
        let mut part = part;
        while !is_top(self.parts[part].parent) {
            part = self.parts[part].parent;
        }
        part
    }

    /// Finds or adds a part of a part; `None` below [`bounds::SHAPE_DEPTH`].
    fn part(&mut self, parent: usize, key: &Key, place: Place) -> Option<usize> {
        let (known, depth) = (self.parts[parent].parts.get(key).copied(), self.parts[parent].depth + 1);
        if known.is_some() || depth > bounds::SHAPE_DEPTH {
            return known;
        }
        let id = self.parts.len();
        self.parts.push(Part { parent, key: key.clone(), depth, place, ..Part::default() });
        self.parts[parent].parts.insert(key.clone(), id);
        Some(id)
    }
}

impl Part {
    fn write(&mut self, place: Place) {
        self.marks.written.get_or_insert(place);
        self.writes += 1;
    }

    /// Adds the marks of the same part in a partial that is called at `place`.
    fn add(&mut self, other: &Self, place: Place) {
        let at = |own: Option<Place>, other: Option<Place>| own.or_else(|| other.map(|_| place));
        let (marks, others) = (&mut self.marks, &other.marks);
        marks.named = at(marks.named, others.named);
        marks.written = at(marks.written, others.written);
        marks.looped = at(marks.looped, others.looped);
        others.compared.iter().for_each(|(value, _)| marks.compare(value, place));
        marks.is_json |= others.is_json;
        marks.is_looked_up |= others.is_looked_up;
        marks.is_key |= others.is_key;
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
        if self.compared.len() < bounds::COMPARED_VALUES && self.compared.iter().all(|(known, _)| known != value) {
            self.compared.push((value.clone(), place));
        }
    }
}
