//! Bounds the cost of a check. The crate `jsonschema` follows references without a bound: if each of thirty schemas refers
//! to the next one twice, it applies a billion schemas to one value.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{Map, Value};

use super::{Invalid, target};
use crate::bounds;
use crate::reader::shorten;

/// Bytes of a text whose `format` is checked in the time of one step.
const FORMAT_BYTES_PER_STEP: usize = 100;

/// The schemas that a keyword applies to the same value.
fn of_same_value<'a>(root: &'a Value, keyword: &str, keyword_value: &'a Value) -> impl Iterator<Item = &'a Value> {
    let (mut one, mut list, mut map) = (None, None, None);
    match keyword {
        "$ref" => one = keyword_value.as_str().and_then(|reference| target(root, reference)),
        "not" | "if" | "then" | "else" => one = Some(keyword_value),
        "allOf" | "anyOf" | "oneOf" => list = keyword_value.as_array(),
        "dependentSchemas" | "dependencies" => map = keyword_value.as_object(),
        _ => {}
    }
    one.into_iter().chain(list.into_iter().flatten()).chain(map.into_iter().flat_map(Map::values))
}

/// Checks the references and the combinations of a schema. Returns the number of its patterns.
///
/// # Errors
/// All invalid references, or else the first invalid combination.
pub(super) fn check_references(root: &Value) -> Result<usize, Vec<Invalid>> {
    let schemas = all(root);
    let invalid = |pointer: &String, message: String| Invalid { pointer: pointer.clone(), message };
    let refused = schemas.iter().filter_map(|(pointer, keywords)| Some(invalid(pointer, refused(root, keywords)?)));
    let refused: Vec<_> = refused.take(bounds::PROBLEMS).collect();
    if !refused.is_empty() {
        return Err(refused);
    }
    let keywords = || schemas.iter().map(|(_, keywords)| keywords);
    let references: HashSet<_> = keywords().filter_map(|keywords| keywords.get("$ref")?.as_str()).collect();
    let named = keywords().filter_map(|keywords| keywords.get("patternProperties")?.as_object()).map(Map::len);
    let patterns = named.sum::<usize>() + keywords().filter(|keywords| keywords.contains_key("pattern")).count();
    let bounded = [(references.len(), bounds::REFERENCES, "references"), (patterns, bounds::PATTERNS, "patterns")];
    if let Some((count, most, what)) = bounded.into_iter().find(|(count, most, _)| count > most) {
        return Err(vec![invalid(&String::new(), format!("a schema has at most {most} {what}, not {count}"))]);
    }
    let mut weigher = Weigher { root, known: HashMap::new() };
    let heavy =
        schemas.iter().find_map(|(pointer, keywords)| Some(invalid(pointer, weigher.weigh(keywords, 0).err()?)));
    heavy.map_or(Ok(patterns), |heavy| Err(vec![heavy]))
}

/// A schema and all schemas in it, with their JSON Pointers. They nest at most [`bounds::YAML_DEPTH`] deep.
fn all(root: &Value) -> Vec<(String, &Map<String, Value>)> {
    let mut all = Vec::new();
    let mut rest = VecDeque::from([(String::new(), root)]);
    while let Some((pointer, schema)) = rest.pop_front() {
        let Value::Object(keywords) = schema else { continue };
        let under = |pointer: &str, key: &str| format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        for (keyword, keyword_value) in keywords {
            let pointer = under(&pointer, keyword);
            match (keyword.as_str(), keyword_value) {
                // Values, not schemas.
                ("enum" | "const" | "default" | "examples", _) => {}
                (_, Value::Array(schemas)) => {
                    rest.extend(schemas.iter().enumerate().map(|(i, schema)| (format!("{pointer}/{i}"), schema)));
                }
                (
                    "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas" | "dependencies",
                    Value::Object(schemas),
                ) => rest.extend(schemas.iter().map(|(name, schema)| (under(&pointer, name), schema))),
                (_, schema) => rest.push_back((pointer, schema)),
            }
        }
        all.push((pointer, keywords));
    }
    all
}

/// The error of a schema that refers to another one in a way that is not supported.
fn refused(root: &Value, keywords: &Map<String, Value>) -> Option<String> {
    if let Some(reference) = keywords.get("$ref").and_then(Value::as_str)
        && target(root, reference).is_none()
    {
        return Some(format!("there is no `{}` in the schema; `$ref` names a part of it", shorten(reference)));
    }
    let unsupported =
        ["$dynamicRef", "$recursiveRef", "$id"].into_iter().find(|keyword| keywords.contains_key(*keyword));
    unsupported.map(|keyword| format!("`{keyword}` is not supported: `$ref` names a part of the schema by its path"))
}

/// The number of schemas that apply to one value, including the targets of references, and their depth.
#[derive(Clone, Copy)]
struct Weight {
    schemas: usize,
    nesting: usize,
}

struct Weigher<'a> {
    root: &'a Value,
    /// By the schema's address; `None` while it is being weighed.
    known: HashMap<*const Map<String, Value>, Option<Weight>>,
}

impl<'a> Weigher<'a> {
    fn weigh(&mut self, keywords: &'a Map<String, Value>, depth: usize) -> Result<Weight, String> {
        let too_deep = || format!("references and combinations nest more than {} deep", bounds::SCHEMA_DEPTH);
        match self.known.get(&std::ptr::from_ref(keywords)) {
            Some(Some(known)) => return Ok(*known),
            Some(None) => return Err("the schema refers to itself for the same value".to_owned()),
            None => {}
        }
        if depth > bounds::SCHEMA_DEPTH {
            return Err(too_deep());
        }
        self.known.insert(keywords, None);
        let mut all = Weight { schemas: 1, nesting: 0 };
        for (keyword, keyword_value) in keywords {
            for schema in of_same_value(self.root, keyword, keyword_value).filter_map(Value::as_object) {
                let Weight { schemas, nesting } = self.weigh(schema, depth + 1)?;
                all.schemas += schemas;
                all.nesting = all.nesting.max(nesting + 1);
            }
        }
        if all.nesting > bounds::SCHEMA_DEPTH {
            return Err(too_deep());
        }
        if all.schemas > bounds::SCHEMAS_PER_VALUE {
            let most = bounds::SCHEMAS_PER_VALUE;
            return Err(format!("more than {most} schemas would apply to one value, with the targets of references"));
        }
        self.known.insert(keywords, Some(all));
        Ok(all)
    }
}

/// Counts down one step for each schema that is applied to a value or to a part of it. Returns whether `steps_left` were
/// enough.
pub(super) fn spend_steps(root: &Value, value: &Value, steps_left: &mut usize) -> bool {
    apply(root, root, value, 0, steps_left).is_some()
}

fn apply(root: &Value, schema: &Value, value: &Value, depth: usize, steps_left: &mut usize) -> Option<()> {
    *steps_left = steps_left.checked_sub(1)?;
    let Value::Object(keywords) = schema else { return Some(()) };
    if depth == bounds::CHECK_DEPTH {
        return None;
    }
    if let (Some(_), Value::String(text)) = (keywords.get("format"), value) {
        *steps_left = steps_left.checked_sub(text.len() / FORMAT_BYTES_PER_STEP)?;
    }
    let mut apply = |schema: &Value, value: &Value| apply(root, schema, value, depth + 1, steps_left);
    // With these keywords, the crate applies the other schemas once more.
    let is_twice = keywords.contains_key("unevaluatedItems") || keywords.contains_key("unevaluatedProperties");
    for (keyword, keyword_value) in keywords {
        for schema in of_same_value(root, keyword, keyword_value) {
            for _ in 0..=usize::from(is_twice) {
                apply(schema, value)?;
            }
        }
        match (keyword.as_str(), value, keyword_value) {
            ("items" | "prefixItems", Value::Array(items), Value::Array(schemas)) => {
                items.iter().zip(schemas).try_for_each(|(item, schema)| apply(schema, item))?;
            }
            ("items" | "additionalItems" | "contains" | "unevaluatedItems", Value::Array(items), schema) => {
                items.iter().try_for_each(|item| apply(schema, item))?;
            }
            ("properties", Value::Object(fields), Value::Object(schemas)) => {
                let mut known = fields.iter().filter_map(|(name, field)| Some((schemas.get(name)?, field)));
                known.try_for_each(|(schema, field)| apply(schema, field))?;
            }
            ("patternProperties", Value::Object(fields), Value::Object(schemas)) => {
                schemas.values().try_for_each(|schema| fields.values().try_for_each(|field| apply(schema, field)))?;
            }
            ("additionalProperties" | "unevaluatedProperties", Value::Object(fields), schema) => {
                fields.values().try_for_each(|field| apply(schema, field))?;
            }
            ("propertyNames", Value::Object(fields), schema) => {
                fields.iter().try_for_each(|_| apply(schema, &Value::Null))?;
            }
            _ => {}
        }
    }
    Some(())
}
