//! Arguments as the properties of a JSON Schema.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::object::Object;
use super::{Argument, Arguments, Item, Kind, check_enum, check_name, default_of, values};
use crate::bounds;
use crate::picoschema::{field_name, is_json_schema};
use crate::problem::Code;
use crate::reader::{Reader, shorten};
use crate::schema::{Invalid, Mismatch, Validator, check_form, is_null, keywords, modern, target};
use crate::yaml::{Node, Span, Yaml};

/// Keywords that ask for no check beyond type and choices.
const UNCHECKED_KEYWORDS: [&str; 10] =
    ["type", "enum", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment"];

/// The arguments that a schema declares; `None` where it is not about an object, or names no properties.
///
/// `schema` is JSON Schema, which is written at `node` in whichever form; `defaults` is `input.default`.
pub(crate) fn from_schema(
    schema: &Value,
    node: &Node,
    defaults: Option<&Node>,
    reader: &mut Reader<'_>,
) -> Option<Arguments> {
    let is_written_so = is_json_schema(node);
    let schema = if is_written_so { Cow::Owned(modern(schema)) } else { Cow::Borrowed(schema) };
    let is_sound = !is_written_so || (keywords::check(node, reader) && is_in_form(&schema, node, reader));
    let object = Object::new(&schema);
    if object.is_too_much {
        let most = bounds::SCHEMA_DEPTH;
        wrong(reader, node.span, &format!("references and combinations nest more than {most} deep"));
        return None;
    }
    if !is_of_object(&schema) {
        let message = "input.schema is not of an object with the arguments: they are the template's variables";
        reader.note(Code::TypeMismatch, node.span, message);
    }
    let places = Places::new(node);
    let mut arguments = Arguments { defaults: values(defaults), ..Arguments::default() };
    if !add_properties(&mut arguments, &object, &schema, defaults, &places, reader) {
        return Some(arguments);
    }
    let others = object.others();
    arguments.others = others.as_ref().and_then(|any| {
        from_property("other", any, &schema).map_err(|message| wrong(reader, node.span, &message)).ok()
    });
    if arguments.is_empty() && arguments.others.is_none() && !object.is_closed && !has_properties(&schema) {
        return None;
    }
    for name in &object.undescribed {
        let message = format!("input.schema: `{}` is required, and no property: it takes any text", shorten(name));
        reader.note(Code::Undeclared, places.required(name), message);
    }
    if !is_sound {
        return Some(arguments);
    }
    if arguments.iter().chain(&arguments.others).any(|argument| argument.is_checked) {
        let properties = object.properties().map(|(name, schema)| (name.to_owned(), schema.into_owned())).collect();
        arguments.validator = validator(one_by_one(&schema, properties, others.map(Cow::into_owned)), &places, reader);
        check_defaults(&arguments, defaults, &places, reader);
    }
    if object.has_rules && !reader.has_errors() {
        arguments.rules = validator(schema.into_owned(), &places, reader);
    }
    Some(arguments)
}

/// Adds the arguments that have a name; false when there are too many.
fn add_properties(
    arguments: &mut Arguments,
    object: &Object<'_>,
    schema: &Value,
    defaults: Option<&Node>,
    places: &Places<'_>,
    reader: &mut Reader<'_>,
) -> bool {
    for (name, property) in object.properties() {
        let at = if object.undescribed.contains(&name) { places.required(name) } else { places.property(name) };
        let mut argument = match from_property(name, &property, schema) {
            Ok(argument) => argument,
            Err(message) => {
                wrong(reader, at, &message);
                continue;
            }
        };
        argument.required = object.required.contains(&name);
        argument.place = Some(at.place);
        let (default, default_at) =
            match defaults.and_then(|defaults| defaults.find(name)).or_else(|| places.default(name)) {
                Some(node) => (Some(default_of(&argument, node, reader)), node.span),
                None => (property.get("default").or_else(|| object.default_of(name)).cloned(), at),
            };
        if let Some(Err(message)) = default.map(|default| argument.set_default(&default)) {
            wrong(reader, default_at, &message);
        }
        if !arguments.add(argument, "input.schema", at, reader) {
            return false;
        }
    }
    true
}

/// Whether a schema may be of an object.
fn is_of_object(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::Array(types)) => types.iter().any(|name| name == "object"),
        Some(name) => name == "object" || name == "any",
        None => true,
    }
}

fn has_properties(schema: &Value) -> bool {
    schema.get("properties").is_some_and(Value::is_object)
}

/// Whether a schema is one. What is compiled is so too; most are not.
fn is_in_form(schema: &Value, node: &Node, reader: &mut Reader<'_>) -> bool {
    let all = check_form(schema).err().unwrap_or_default();
    for Invalid { pointer, message } in &all {
        wrong(reader, Places::new(node).pointer(pointer), message);
    }
    all.is_empty()
}

/// The schema of an object that has one of the arguments.
fn one_by_one(root: &Value, properties: Map<String, Value>, others: Option<Value>) -> Value {
    // What references lead to.
    let is_definition = |keyword: &str| matches!(keyword, "$defs" | "definitions") || !keywords::is_known(keyword);
    let kept = root.as_object().into_iter().flatten().filter(|(keyword, _)| is_definition(keyword));
    let mut schema: Map<_, _> = kept.map(|(keyword, said)| (keyword.clone(), said.clone())).collect();
    schema.insert("properties".to_owned(), properties.into());
    if let Some(others) = others {
        schema.insert("additionalProperties".to_owned(), others);
    }
    schema.into()
}

#[expect(clippy::needless_pass_by_value, reason = "made for it")]
fn validator(schema: Value, places: &Places<'_>, reader: &mut Reader<'_>) -> Option<Arc<Validator>> {
    let all = match Validator::compile(&schema) {
        Ok(validator) => return Some(Arc::new(validator)),
        Err(all) => all,
    };
    for Invalid { pointer, message } in all {
        wrong(reader, places.pointer(&pointer), &message);
    }
    None
}

fn check_defaults(arguments: &Arguments, defaults: Option<&Node>, places: &Places<'_>, reader: &mut Reader<'_>) {
    let mut left = bounds::CHECK_STEPS;
    for argument in arguments.iter() {
        let Some(default) = &argument.default else { continue };
        let checked = arguments.check(argument, &argument.name, default.clone(), &mut left);
        if let Err(Mismatch { path, expected, given }) = checked {
            let node =
                defaults.and_then(|defaults| defaults.find(&argument.name)).or_else(|| places.default(&argument.name));
            let at = node.map_or_else(|| places.property(&argument.name), |node| node.span);
            wrong(reader, at, &format!("the default of `{path}` is {given}, and it takes {expected}"));
        }
    }
}

fn wrong(reader: &mut Reader<'_>, at: Span, message: &str) {
    reader.note(Code::Schema, at, format!("input.schema: {message}"));
}

fn from_property(name: &str, property: &Value, root: &Value) -> Result<Argument, String> {
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

/// The schema that references lead to, and combinations with one branch that is not null.
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

/// Whether [`branches`] must all fit.
fn is_all_of(schema: &Value) -> bool {
    ["anyOf", "oneOf"].iter().all(|keyword| schema.get(*keyword).is_none()) && schema.get("allOf").is_some()
}

/// The values that a schema lists, or all of its branches do.
fn choices(schema: &Value, root: &Value) -> Option<Vec<Value>> {
    choices_within(schema, root, &mut { bounds::FOLLOWED_SCHEMAS })
}

/// `left` is how many schemas may still be looked at.
fn choices_within(schema: &Value, root: &Value, left: &mut usize) -> Option<Vec<Value>> {
    *left = left.checked_sub(1)?;
    if let Some(Value::Array(allowed)) = schema.get("enum") {
        return Some(allowed.clone());
    }
    if let Some(only) = schema.get("const") {
        return Some(vec![only.clone()]);
    }
    let mut within = |branch| {
        let branch = follow(branch, root);
        choices_within(branch, root, left).or_else(|| match branch.get("type")?.as_str()? {
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

/// `left` is how many schemas may still be looked at.
fn kind_within(schema: &Value, root: &Value, left: &mut usize) -> Kind {
    *left = left.saturating_sub(1);
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
    } else if *left > 0 {
        branches(schema).take(*left).map(|branch| kind_within(follow(branch, root), root, left)).collect()
    } else {
        Vec::new()
    };
    // What must fit all branches is of the type that any of them names.
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

/// What stands between the commas of a list, if that is plain text.
fn item(schema: &Value, root: &Value) -> Option<Item> {
    if schema.get("prefixItems").is_some() {
        return None;
    }
    let any = Value::Object(Map::new());
    let items = follow(schema.get("items").unwrap_or(&any), root);
    let (kind, allowed) = (kind_of(items, root), choices(items, root));
    (kind.is_plain() || allowed.is_some()).then_some(Item { kind, allowed })
}

/// Whether the type and the choices are all that a schema asks for.
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

/// Where the parts of a schema are written.
struct Places<'n> {
    node: &'n Node,
    /// Each argument's key and what it is set to.
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

    /// Takes the properties of a schema, and of those that say more of the same object.
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

    /// The default that JSON Schema has for an argument.
    fn default(&self, name: &str) -> Option<&'n Node> {
        self.properties.get(name).filter(|_| is_json_schema(self.node))?.1.find("default")
    }

    /// Where a name is required.
    fn required(&self, name: &str) -> Span {
        let Some(Yaml::List(names)) = self.node.get("required").map(|node| &node.value) else { return self.node.span };
        let is_it = |node: &&Node| matches!(&node.value, Yaml::String(text) if text == name);
        names.iter().find(is_it).map_or(self.node.span, |node| node.span)
    }

    /// As near as can be to what a JSON Pointer leads to.
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
