//! Arguments in a JSON Schema.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::object::Object;
use super::{Argument, Arguments, Item, Kind, check_enum, check_name, default_of};
use crate::bounds;
use crate::picoschema::{field_name, is_json_schema};
use crate::problem::Code;
use crate::reader::{Reader, shorten};
use crate::schema::{Invalid, Mismatch, Validator, check_form, has_references, is_null, keywords, modern, target};
use crate::yaml::{Node, Span, Yaml};

/// Keywords that need no check besides type and choices.
const UNCHECKED_KEYWORDS: [&str; 10] =
    ["type", "enum", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment"];

/// Reads the arguments that a schema declares; `None` if it is not about an object, or has no properties.
///
/// `schema` is JSON Schema, converted from `node` if that is Picoschema. `defaults` is `input.default`.
pub(crate) fn from_schema(
    schema: &Value,
    node: &Node,
    defaults: Option<&Node>,
    reader: &mut Reader<'_>,
) -> Option<Arguments> {
    let is_json = is_json_schema(node);
    let schema = if is_json { Cow::Owned(modern(schema)) } else { Cow::Borrowed(schema) };
    let is_supported = !is_json || keywords::check(node, reader);
    let mut source = Source { places: Places::new(node), defaults, reader };
    let is_valid = is_supported && (!is_json || source.reported(check_form(&schema)).is_some());
    let object = Object::new(&schema);
    if object.is_too_deep {
        let most = bounds::SCHEMA_DEPTH;
        source.wrong(node.span, &format!("references and combinations nest more than {most} deep"));
        return None;
    }
    if !allows_object(&schema) {
        let message = "input.schema must be the schema of an object whose properties are the arguments";
        source.reader.note(Code::TypeMismatch, node.span, message);
    }
    let mut arguments = Arguments::default();
    if !source.add_properties(&mut arguments, &object, &schema) {
        return Some(arguments);
    }
    let others = object.others();
    arguments.others = others
        .as_ref()
        .and_then(|any| from_property("other", any, &schema).map_err(|message| source.wrong(node.span, &message)).ok());
    let has_properties = schema.get("properties").is_some_and(Value::is_object);
    arguments.root = has_references(&schema).then(|| Arc::new(schema.clone().into_owned()));
    if arguments.is_empty() && arguments.others.is_none() && !object.is_closed && !has_properties {
        return None;
    }
    for name in &object.undescribed {
        let message =
            format!("input.schema: `{}` is required but not one of the properties: it allows any text", shorten(name));
        source.reader.note(Code::Undeclared, source.places.required(name), message);
    }
    if !is_valid {
        return Some(arguments);
    }
    if arguments.iter().chain(&arguments.others).any(|argument| argument.is_checked) {
        let properties = object.properties().map(|(name, schema)| (name.to_owned(), schema.into_owned())).collect();
        let one_by_one = one_by_one(&schema, properties, others.map(Cow::into_owned));
        arguments.validator = source.reported(Validator::compile(&one_by_one)).map(Arc::new);
        source.check_defaults(&arguments);
    }
    if object.has_rules && !source.reader.has_errors() {
        arguments.rules = source.reported(Validator::compile(&schema)).map(Arc::new);
    }
    Some(arguments)
}

/// The YAML of a schema, and the reader for its problems.
struct Source<'n, 'r, 'a> {
    places: Places<'n>,
    /// `input.default`
    defaults: Option<&'n Node>,
    reader: &'r mut Reader<'a>,
}

impl<'n> Source<'n, '_, '_> {
    /// Adds the arguments that have a name. Returns false if there are too many.
    fn add_properties(&mut self, arguments: &mut Arguments, object: &Object<'_>, schema: &Value) -> bool {
        for (name, property) in object.properties() {
            let is_undescribed = object.undescribed.contains(&name);
            let at = if is_undescribed { self.places.required(name) } else { self.places.property(name) };
            let mut argument = match from_property(name, &property, schema) {
                Ok(argument) => argument,
                Err(message) => {
                    self.wrong(at, &message);
                    continue;
                }
            };
            argument.required = object.required.contains(&name);
            argument.place = Some(at.place);
            let (default, default_at) = match self.default(name) {
                Some(node) => (Some(default_of(&argument, node, self.reader)), node.span),
                None => (property.get("default").or_else(|| object.default_of(name)).cloned(), at),
            };
            if let Some(Err(message)) = default.map(|default| argument.set_default(&default)) {
                self.wrong(default_at, &message);
            }
            if !arguments.add(argument, "input.schema", at, self.reader) {
                return false;
            }
        }
        true
    }

    fn check_defaults(&mut self, arguments: &Arguments) {
        let mut steps_left = bounds::CHECK_STEPS;
        for argument in arguments.iter() {
            let Some(default) = &argument.default else { continue };
            let checked = arguments.check(argument, &argument.name, default.clone(), &mut steps_left);
            if let Err(Mismatch { path, expected, given }) = checked {
                let at = self.default(&argument.name).map(|node| node.span);
                let at = at.unwrap_or_else(|| self.places.property(&argument.name));
                self.wrong(at, &format!("the default of `{path}` must be {expected}, not {given}"));
            }
        }
    }

    /// The default of an argument, in `input.default` or in its schema.
    fn default(&self, name: &str) -> Option<&'n Node> {
        self.defaults.and_then(|defaults| defaults.find(name)).or_else(|| self.places.default(name))
    }

    /// The value of a result; reports its errors.
    fn reported<T>(&mut self, result: Result<T, Vec<Invalid>>) -> Option<T> {
        let report = |Invalid { pointer, message }| self.wrong(self.places.pointer(&pointer), &message);
        result.map_err(|all| all.into_iter().for_each(report)).ok()
    }

    fn wrong(&mut self, at: Span, message: &str) {
        self.reader.note(Code::Schema, at, format!("input.schema: {message}"));
    }
}

fn allows_object(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::Array(types)) => types.iter().any(|name| name == "object"),
        Some(name) => name == "object" || name == "any",
        None => true,
    }
}

/// The parts of a schema that references may name: definitions, and the values of unknown keywords.
fn definitions(root: &Value) -> Map<String, Value> {
    let is_definition = |keyword: &str| matches!(keyword, "$defs" | "definitions") || !keywords::is_known(keyword);
    let kept = root.as_object().into_iter().flatten().filter(|(keyword, _)| is_definition(keyword));
    kept.map(|(keyword, value)| (keyword.clone(), value.clone())).collect()
}

/// The schema of an object with one of the arguments.
fn one_by_one(root: &Value, properties: Map<String, Value>, others: Option<Value>) -> Value {
    let mut schema = definitions(root);
    schema.insert("properties".to_owned(), properties.into());
    if let Some(others) = others {
        schema.insert("additionalProperties".to_owned(), others);
    }
    schema.into()
}

/// Reads the schema of one argument.
pub(super) fn from_property(name: &str, property: &Value, root: &Value) -> Result<Argument, String> {
    check_name(name)?;
    let schema = follow(property, root);
    let words = |key: &str| Some(property.get(key).or_else(|| schema.get(key))?.as_str()?.to_owned());
    let allowed = choices(schema, root);
    if let Some(allowed) = &allowed {
        check_enum(name, allowed)?;
    }
    let kind = kind_of(schema, root);
    Ok(Argument {
        title: words("title"),
        description: words("description"),
        items: (kind == Kind::Array).then(|| item(schema, root)).flatten(),
        is_checked: !is_plain(property, kind),
        kind,
        allowed,
        schema: property.clone(),
        ..Argument::new(name)
    })
}

/// Follows references, and combinations with only one branch that is not null.
pub(super) fn follow<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let mut schema = schema;
    for _ in 0..bounds::FOLLOWED_SCHEMAS {
        let reference = schema.get("$ref").and_then(Value::as_str);
        let next = reference.and_then(|reference| target(root, reference)).or_else(|| {
            let mut branches = branches(schema).filter(|branch| !is_null(branch));
            branches.next().filter(|_| branches.next().is_none())
        });
        match next {
            Some(next) => schema = next,
            None => break,
        }
    }
    schema
}

fn branches(schema: &Value) -> impl Iterator<Item = &Value> {
    let of = |keyword: &str| schema.get(keyword).and_then(Value::as_array);
    of("anyOf").or_else(|| of("oneOf")).or_else(|| of("allOf")).into_iter().flatten()
}

/// Whether a value must match all [`branches`].
fn is_all_of(schema: &Value) -> bool {
    ["anyOf", "oneOf"].iter().all(|keyword| schema.get(*keyword).is_none()) && schema.get("allOf").is_some()
}

/// The values of an `enum` or `const`, or of those in all branches.
fn choices(schema: &Value, root: &Value) -> Option<Vec<Value>> {
    choices_within(schema, root, &mut { bounds::FOLLOWED_SCHEMAS })
}

/// Counts down `schemas_left`.
fn choices_within(schema: &Value, root: &Value, schemas_left: &mut usize) -> Option<Vec<Value>> {
    *schemas_left = schemas_left.checked_sub(1)?;
    if let Some(Value::Array(allowed)) = schema.get("enum") {
        return Some(allowed.clone());
    }
    if let Some(only) = schema.get("const") {
        return Some(vec![only.clone()]);
    }
    let mut within = |branch| {
        let branch = follow(branch, root);
        choices_within(branch, root, schemas_left).or_else(|| match branch.get("type")?.as_str()? {
            "boolean" => Some(vec![true.into(), false.into()]),
            "null" => Some(vec![Value::Null]),
            _ => None,
        })
    };
    if is_all_of(schema) {
        return branches(schema).filter(|branch| branch.get("type").is_none()).find_map(within);
    }
    let mut all = Vec::new();
    for branch in branches(schema) {
        all.extend(within(branch)?);
    }
    Some(all).filter(|all| !all.is_empty() && all.len() <= bounds::CHOICES)
}

/// The type of a schema, or of all its branches.
pub(super) fn kind_of(schema: &Value, root: &Value) -> Kind {
    kind_within(schema, root, &mut { bounds::FOLLOWED_SCHEMAS })
}

/// Counts down `schemas_left`.
fn kind_within(schema: &Value, root: &Value, schemas_left: &mut usize) -> Kind {
    *schemas_left = schemas_left.saturating_sub(1);
    let types = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect(),
        Some(Value::String(name)) => vec![name.as_str()],
        _ => Vec::new(),
    };
    let kinds: Vec<Kind> = if !types.is_empty() {
        types.into_iter().map(|name| Kind::parse(name).unwrap_or(Kind::Any)).collect()
    } else if schema.get("properties").is_some() {
        vec![Kind::Object]
    } else if schema.get("items").is_some() {
        vec![Kind::Array]
    } else {
        let branches = branches(schema).take(*schemas_left);
        branches.map(|branch| kind_within(follow(branch, root), root, schemas_left)).collect()
    };
    // A value that matches all branches has the type of any of them.
    if let Some(named) = kinds.iter().find(|kind| **kind != Kind::Any).filter(|_| is_all_of(schema)) {
        return *named;
    }
    match kinds.as_slice() {
        [] => Kind::Any,
        [only, others @ ..] if others.iter().all(|other| other == only) => *only,
        kinds if kinds.iter().all(|kind| matches!(kind, Kind::Integer | Kind::Number)) => Kind::Number,
        kinds if kinds.iter().any(|kind| matches!(kind, Kind::String | Kind::Any)) => Kind::Any,
        _ => Kind::Json,
    }
}

/// The items of a list, if they can be written between commas.
fn item(schema: &Value, root: &Value) -> Option<Item> {
    if schema.get("prefixItems").is_some() {
        return None;
    }
    let any = Value::Object(Map::new());
    let items = follow(schema.get("items").unwrap_or(&any), root);
    let (kind, allowed) = (kind_of(items, root), choices(items, root));
    (kind.is_plain() || allowed.is_some()).then_some(Item { kind, allowed })
}

/// Whether a schema needs no check besides type and choices.
fn is_plain(schema: &Value, kind: Kind) -> bool {
    match schema {
        Value::Bool(is_any) => *is_any,
        Value::Object(keywords) => {
            let is_type = |name: &Value| name.as_str().is_some_and(|name| name != "any" && Kind::parse(name).is_some());
            let is_one = match keywords.get("type") {
                None => true,
                Some(Value::Array(names)) => {
                    names.iter().all(|name| is_type(name) || name == "null") && kind != Kind::Any
                }
                Some(name) => is_type(name),
            };
            is_one
                && kind != Kind::Json
                && keywords.keys().all(|keyword| UNCHECKED_KEYWORDS.contains(&keyword.as_str()))
        }
        _ => false,
    }
}

/// The places of the parts of a schema.
struct Places<'n> {
    node: &'n Node,
    /// The key and the schema of each argument.
    properties: HashMap<&'n str, (Span, &'n Node)>,
}

impl<'n> Places<'n> {
    fn new(node: &'n Node) -> Self {
        let mut places = Self { node, properties: HashMap::new() };
        if is_json_schema(node) {
            places.collect(node, 0);
        } else {
            let fields = node.entries().iter().map(|(key, node)| (field_name(&key.name), (key.span, node)));
            places.properties = fields.collect();
        }
        places
    }

    /// Adds the properties of a schema, and of the schemas in it that apply to the same object.
    fn collect(&mut self, schema: &'n Node, depth: usize) {
        if depth > bounds::YAML_DEPTH {
            return;
        }
        for (key, node) in schema.get("properties").map(Node::entries).unwrap_or_default() {
            self.properties.entry(&key.name).or_insert((key.span, node));
        }
        for (key, node) in schema.entries() {
            match (key.name.as_str(), &node.value) {
                ("allOf" | "anyOf" | "oneOf", Yaml::List(schemas)) => {
                    schemas.iter().for_each(|schema| self.collect(schema, depth + 1));
                }
                ("then" | "else", _) => self.collect(node, depth + 1),
                ("dependentSchemas" | "dependencies" | "$defs" | "definitions", _) => {
                    node.entries().iter().for_each(|(_, schema)| self.collect(schema, depth + 1));
                }
                _ => {}
            }
        }
    }

    fn property(&self, name: &str) -> Span {
        self.properties.get(name).map_or(self.node.span, |(span, _)| *span)
    }

    /// The `default` in the JSON Schema of an argument.
    fn default(&self, name: &str) -> Option<&'n Node> {
        self.properties.get(name).filter(|_| is_json_schema(self.node))?.1.find("default")
    }

    /// The place of a name in `required`.
    fn required(&self, name: &str) -> Span {
        let Some(Yaml::List(names)) = self.node.get("required").map(|node| &node.value) else { return self.node.span };
        names.iter().find(|node| node.as_str() == Some(name)).map_or(self.node.span, |node| node.span)
    }

    /// The place that is nearest to the target of a JSON Pointer.
    fn pointer(&self, pointer: &str) -> Span {
        let segments = pointer.split('/').skip(1).map(|segment| segment.replace("~1", "/").replace("~0", "~"));
        let mut span = segments.clone().nth(1).map_or(self.node.span, |name| self.property(&name));
        let mut node = self.node;
        for segment in segments {
            let next = match &node.value {
                Yaml::List(items) => segment.parse().ok().and_then(|index: usize| items.get(index)),
                _ => node.find(&segment),
            };
            let Some(next) = next else { break };
            (node, span) = (next, next.span);
        }
        span
    }
}
