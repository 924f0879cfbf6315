//! What a JSON Schema says of all arguments together, which are an object.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use crate::bounds;
use crate::schema::{is_null, target};

/// Keywords of the schema of all arguments that are about several of them, or about all at once.
const RULE_KEYWORDS: [&str; 14] = [
    "anyOf",
    "oneOf",
    "not",
    "if",
    "enum",
    "const",
    "minProperties",
    "maxProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "unevaluatedProperties",
    "patternProperties",
];

/// The object that a schema describes, with all that `$ref`, `allOf` and the like lead to.
#[derive(Default)]
pub(super) struct Object<'s> {
    properties: Vec<Property<'s>>,
    places: HashMap<&'s str, usize>,
    /// Names that must be there, in the author's order.
    pub(super) required: Vec<&'s str>,
    /// Those of them that no schema describes.
    pub(super) undescribed: Vec<&'s str>,
    /// What any other name takes.
    others: Vec<&'s Value>,
    /// Whether it takes no other name.
    pub(super) is_closed: bool,
    defaults: Vec<&'s Map<String, Value>>,
    /// Whether it says more than what each argument is by itself.
    pub(super) has_rules: bool,
    /// Whether it leads further than it may.
    pub(super) is_too_much: bool,
}

struct Property<'s> {
    name: &'s str,
    /// Schemas that it must fit.
    all: Vec<&'s Value>,
    /// Schemas that it must fit in some cases.
    some: Vec<&'s Value>,
}

impl<'s> Object<'s> {
    pub(super) fn new(root: &'s Value) -> Self {
        let mut object = Self::default();
        let mut walk = Walk { root, seen: HashSet::new(), object: &mut object };
        walk.collect(root, true, 0);
        // To each of several schemas, the names that the others list are others.
        let is_divided = walk.seen.len() > 1;
        let has_limits = object.is_closed || object.others.iter().any(|others| **others != Value::Bool(true));
        object.has_rules |= has_limits && is_divided;
        for name in object.required.clone() {
            if !object.places.contains_key(name) && object.others.is_empty() {
                object.undescribed.push(name);
            }
            object.name(name);
        }
        object
    }

    /// The arguments with their schemas, in the author's order.
    pub(super) fn properties(&self) -> impl Iterator<Item = (&'s str, Cow<'s, Value>)> {
        self.properties.iter().map(|Property { name, all, some }| {
            let schema = match (all.is_empty(), some.is_empty()) {
                (true, true) => combined("allOf", &self.others),
                (true, false) => combined("anyOf", some),
                (false, _) => combined("allOf", all),
            };
            (*name, schema)
        })
    }

    /// What an argument of any other name takes; `None` where there can be none.
    pub(super) fn others(&self) -> Option<Cow<'s, Value>> {
        (!self.is_closed && !self.others.is_empty()).then(|| combined("allOf", &self.others))
    }

    /// What the schema itself has as the default of an argument.
    pub(super) fn default_of(&self, name: &str) -> Option<&'s Value> {
        self.defaults.iter().find_map(|defaults| defaults.get(name))
    }

    /// Takes a name of which nothing else may be known.
    fn name(&mut self, name: &'s str) {
        self.property(name);
    }

    fn property(&mut self, name: &'s str) -> &mut Property<'s> {
        let at = *self.places.entry(name).or_insert(self.properties.len());
        if at == self.properties.len() {
            self.properties.push(Property { name, all: Vec::new(), some: Vec::new() });
        }
        &mut self.properties[at]
    }
}

/// Several schemas as one.
fn combined<'s>(keyword: &str, schemas: &[&'s Value]) -> Cow<'s, Value> {
    let mut different: Vec<&'s Value> = Vec::new();
    for schema in schemas {
        if !different.contains(schema) {
            different.push(schema);
        }
    }
    match different.as_slice() {
        [] => Cow::Owned(json!({})),
        [only] => Cow::Borrowed(only),
        several => {
            let mut combined = Map::from_iter([(keyword.to_owned(), json!(several))]);
            for words in ["title", "description", "default"] {
                if let Some(said) = several.iter().find_map(|schema| schema.get(words)) {
                    combined.insert(words.to_owned(), said.clone());
                }
            }
            Cow::Owned(combined.into())
        }
    }
}

struct Walk<'s, 'o> {
    root: &'s Value,
    /// By address, and whether they apply in any case.
    seen: HashSet<(*const Value, bool)>,
    object: &'o mut Object<'s>,
}

impl<'s> Walk<'s, '_> {
    /// Takes names that must be there in some cases.
    fn name(&mut self, names: &'s Value) {
        let names = names.as_array().into_iter().flatten().filter_map(Value::as_str);
        names.for_each(|name| self.object.name(name));
    }

    /// Takes what a schema says of the object; `is_sure` if it applies in any case.
    fn collect(&mut self, schema: &'s Value, is_sure: bool, depth: usize) {
        let Value::Object(keywords) = schema else { return };
        if !self.seen.insert((std::ptr::from_ref(schema), is_sure)) {
            return;
        }
        if depth > bounds::SCHEMA_DEPTH {
            self.object.is_too_much = true;
            return;
        }
        let depth = depth + 1;
        for (keyword, said) in keywords {
            self.object.has_rules |= is_sure && RULE_KEYWORDS.contains(&keyword.as_str());
            match (keyword.as_str(), said) {
                ("$ref", Value::String(reference)) => {
                    if let Some(schema) = target(self.root, reference) {
                        self.collect(schema, is_sure, depth);
                    }
                }
                ("allOf", Value::Array(schemas)) => {
                    schemas.iter().for_each(|schema| self.collect(schema, is_sure, depth));
                }
                ("anyOf" | "oneOf", Value::Array(schemas)) => {
                    let is_one = schemas.iter().filter(|schema| !is_null(schema)).count() == 1;
                    schemas.iter().for_each(|schema| self.collect(schema, is_sure && is_one, depth));
                }
                ("then" | "else", schema) => self.collect(schema, false, depth),
                ("dependentSchemas" | "dependencies", Value::Object(schemas)) => {
                    schemas.values().for_each(|schema| self.collect(schema, false, depth));
                }
                // What it asks says nothing about what they are.
                ("if", schema) => {
                    let names = schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys);
                    names.for_each(|name| self.object.name(name));
                }
                ("properties", Value::Object(properties)) => {
                    for (name, schema) in properties {
                        let property = self.object.property(name);
                        if is_sure { property.all.push(schema) } else { property.some.push(schema) }
                    }
                }
                ("required", Value::Array(names)) if is_sure => {
                    self.object.required.extend(names.iter().filter_map(Value::as_str));
                }
                ("required", names) => self.name(names),
                ("dependentRequired", Value::Object(names)) => names.values().for_each(|names| self.name(names)),
                ("additionalProperties" | "unevaluatedProperties", Value::Bool(false)) if is_sure => {
                    self.object.is_closed = true;
                }
                ("additionalProperties" | "unevaluatedProperties", any) if is_sure => self.object.others.push(any),
                ("default", Value::Object(defaults)) if is_sure => self.object.defaults.push(defaults),
                _ => {}
            }
        }
    }
}
