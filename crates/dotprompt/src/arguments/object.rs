//! Finds the arguments in a JSON Schema: the properties of an object.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use crate::bounds;
use crate::schema::{is_null, target};

/// Keywords of the schema of all arguments that apply to several arguments together.
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

/// The object of a schema, including the schemas of `$ref`, `allOf` and other combinations.
#[derive(Default)]
pub(super) struct Object<'s> {
    properties: Vec<Property<'s>>,
    places: HashMap<&'s str, usize>,
    /// Required names in the author's order.
    pub(super) required: Vec<&'s str>,
    /// Required names without a schema.
    pub(super) undescribed: Vec<&'s str>,
    /// The schemas of other names.
    others: Vec<&'s Value>,
    /// Whether other names are not allowed.
    pub(super) is_closed: bool,
    defaults: Vec<&'s Map<String, Value>>,
    /// Whether it has rules for several arguments together.
    pub(super) has_rules: bool,
    /// Whether it exceeds [`bounds::SCHEMA_DEPTH`].
    pub(super) is_too_deep: bool,
}

struct Property<'s> {
    name: &'s str,
    /// Schemas that it must always match.
    all: Vec<&'s Value>,
    /// Schemas that it must match in some cases.
    some: Vec<&'s Value>,
}

impl<'s> Object<'s> {
    pub(super) fn new(root: &'s Value) -> Self {
        let mut object = Self::default();
        let mut walk = Walk { root, seen: HashSet::new(), object: &mut object };
        walk.collect(root, true, 0);
        // In each of several schemas, the names of the others are not known.
        let is_divided = walk.seen.len() > 1;
        let has_limits = object.is_closed || object.others.iter().any(|others| **others != Value::Bool(true));
        object.has_rules |= has_limits && is_divided;
        for name in object.required.clone() {
            if !object.places.contains_key(name) && object.others.is_empty() {
                object.undescribed.push(name);
            }
            object.property(name);
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

    /// The schema of other arguments; `None` if they are not allowed.
    pub(super) fn others(&self) -> Option<Cow<'s, Value>> {
        (!self.is_closed && !self.others.is_empty()).then(|| combined("allOf", &self.others))
    }

    /// The default of an argument in the `default` of the whole schema.
    pub(super) fn default_of(&self, name: &str) -> Option<&'s Value> {
        self.defaults.iter().find_map(|defaults| defaults.get(name))
    }

    /// Finds or adds a property.
    fn property(&mut self, name: &'s str) -> &mut Property<'s> {
        let at = *self.places.entry(name).or_insert(self.properties.len());
        if at == self.properties.len() {
            self.properties.push(Property { name, all: Vec::new(), some: Vec::new() });
        }
        &mut self.properties[at]
    }
}

/// Combines several schemas.
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
                if let Some(value) = several.iter().find_map(|schema| schema.get(words)) {
                    combined.insert(words.to_owned(), value.clone());
                }
            }
            Cow::Owned(combined.into())
        }
    }
}

struct Walk<'s, 'o> {
    root: &'s Value,
    /// The addresses of schemas, and whether they always apply.
    seen: HashSet<(*const Value, bool)>,
    object: &'o mut Object<'s>,
}

impl<'s> Walk<'s, '_> {
    /// Adds names that are required in some cases.
    fn names(&mut self, names: &'s Value) {
        for name in names.as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.object.property(name);
        }
    }

    /// Adds what a schema says about the object; `is_sure` if it always applies.
    fn collect(&mut self, schema: &'s Value, is_sure: bool, depth: usize) {
        let Value::Object(keywords) = schema else { return };
        if !self.seen.insert((std::ptr::from_ref(schema), is_sure)) {
            return;
        }
        if depth > bounds::SCHEMA_DEPTH {
            self.object.is_too_deep = true;
            return;
        }
        let depth = depth + 1;
        for (keyword, value) in keywords {
            self.object.has_rules |= is_sure && RULE_KEYWORDS.contains(&keyword.as_str());
            match (keyword.as_str(), value) {
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
                // A condition names arguments, but not their types.
                ("if", schema) => {
                    for name in schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
                        self.object.property(name);
                    }
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
                ("required", names) => self.names(names),
                ("dependentRequired", Value::Object(names)) => names.values().for_each(|names| self.names(names)),
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
