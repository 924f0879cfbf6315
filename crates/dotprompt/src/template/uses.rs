//! Which variables a template uses, and how.
//!
//! The walk follows what each name means at its place: `this` in a loop is an item of the list, `../x` a field of what is
//! around, `as |item|` an item by another name. What a partial does is found once, and counts wherever it is called.

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
pub struct Usage {
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

/// Whether the fields of a part are variables.
fn is_top(part: usize) -> bool {
    part == CONTEXT || part == ROOT
}

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
    walk.template(program).ok().map(|()| walk.usage)
}

impl Usage {
    /// Whether all variables are read at once, as by `{{json this}}`.
    #[must_use]
    pub fn uses_all(&self) -> bool {
        let Marks { written, looped, is_json, is_looked_up, .. } = &self.parts[CONTEXT].marks;
        written.is_some() || looped.is_some() || *is_json || *is_looked_up
    }

    /// What `@name` finds nothing for.
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

    /// The variable that a part belongs to.
    fn variable(&self, part: usize) -> usize {
        let mut part = part;
        while !is_top(self.parts[part].parent) {
            part = self.parts[part].parent;
        }
        part
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
        if self.compared.len() < bounds::COMPARED_VALUES && self.compared.iter().all(|(known, _)| known != value) {
            self.compared.push((value.clone(), place));
        }
    }
}

impl Part {
    fn write(&mut self, place: Place) {
        self.marks.written.get_or_insert(place);
        self.writes += 1;
    }
}
