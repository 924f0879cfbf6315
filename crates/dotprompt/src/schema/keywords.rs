//! The keywords of JSON Schema, and whether each is checked, ignored or refused.

use serde_json::{Map, Value};

use crate::problem::Code;
use crate::reader::{Reader, did_you_mean, shorten};
use crate::yaml::{Key, Node, Span, Yaml};

/// One keyword.
#[derive(Clone, Copy)]
pub(super) struct Keyword {
    pub(super) name: &'static str,
    pub(super) treatment: Treatment,
    /// The schemas in its value.
    within: Within,
    /// The type that it applies to. Values of other types always match.
    about: Option<&'static str>,
    /// The keyword that it needs to have an effect.
    needs: Option<&'static str>,
}

/// How a keyword is treated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Treatment {
    /// Values are checked against it.
    Checked,
    /// It is for people or other programs.
    Ignored,
    /// It is an error, with this hint.
    Refused(&'static str),
    /// `Refused` in the schema of all arguments, and else `Checked`.
    CheckedInArguments(&'static str),
    /// `Ignored` at the root, and else `Refused`.
    IgnoredAtRoot(&'static str),
}

#[derive(Clone, Copy)]
enum Within {
    /// The value has no schemas.
    Nothing,
    Schema,
    List,
    Map,
    SchemaOrList,
}

const REFERENCE: &str = "`$ref` names a part of the schema by its path, such as `#/$defs/name`";
const NAMES: &str = "list the arguments under `properties`; `additionalProperties` allows other names";

impl Keyword {
    const fn about(self, kind: &'static str) -> Self {
        Self { about: Some(kind), ..self }
    }

    const fn needs(self, other: &'static str) -> Self {
        Self { needs: Some(other), ..self }
    }
}

const fn keyword(name: &'static str, treatment: Treatment, within: Within) -> Keyword {
    Keyword { name, treatment, within, about: None, needs: None }
}

const fn value(name: &'static str, about: &'static str) -> Keyword {
    keyword(name, Treatment::Checked, Within::Nothing).about(about)
}

const fn ignored(name: &'static str) -> Keyword {
    keyword(name, Treatment::Ignored, Within::Nothing)
}

const fn refused(name: &'static str, instead: &'static str) -> Keyword {
    keyword(name, Treatment::Refused(instead), Within::Nothing)
}

use Treatment::{Checked, CheckedInArguments, IgnoredAtRoot};

/// All keywords of drafts 4 to 2020-12, and those that `OpenAPI` adds.
#[rustfmt::skip]
pub(super) const KEYWORDS: &[Keyword] = &[
    // Structure.
    keyword("$schema", IgnoredAtRoot("a schema has one `$schema`, at its root"), Within::Nothing),
    keyword("$id", IgnoredAtRoot(REFERENCE), Within::Nothing),
    keyword("id", IgnoredAtRoot(REFERENCE), Within::Nothing),
    keyword("$ref", Checked, Within::Nothing),
    keyword("$defs", Checked, Within::Map),
    keyword("definitions", Checked, Within::Map),
    refused("$anchor", REFERENCE),
    refused("$dynamicAnchor", REFERENCE),
    refused("$dynamicRef", REFERENCE),
    refused("$recursiveAnchor", REFERENCE),
    refused("$recursiveRef", REFERENCE),
    refused("$vocabulary", "only a meta-schema has it: leave it out"),
    // Any value.
    keyword("type", Checked, Within::Nothing),
    keyword("enum", Checked, Within::Nothing),
    keyword("const", Checked, Within::Nothing),
    keyword("nullable", Checked, Within::Nothing),
    keyword("allOf", Checked, Within::List),
    keyword("anyOf", Checked, Within::List),
    keyword("oneOf", Checked, Within::List),
    keyword("not", Checked, Within::Schema),
    keyword("if", Checked, Within::Schema),
    keyword("then", Checked, Within::Schema).needs("if"),
    keyword("else", Checked, Within::Schema).needs("if"),
    // Numbers.
    value("multipleOf", "number"),
    value("minimum", "number"),
    value("maximum", "number"),
    value("exclusiveMinimum", "number"),
    value("exclusiveMaximum", "number"),
    // Text.
    value("minLength", "string"),
    value("maxLength", "string"),
    value("pattern", "string"),
    keyword("format", Checked, Within::Nothing),
    // Lists.
    keyword("items", Checked, Within::SchemaOrList).about("array"),
    keyword("prefixItems", Checked, Within::List).about("array"),
    keyword("additionalItems", Checked, Within::Schema).about("array").needs("items"),
    keyword("contains", Checked, Within::Schema).about("array"),
    value("minContains", "array").needs("contains"),
    value("maxContains", "array").needs("contains"),
    value("minItems", "array"),
    value("maxItems", "array"),
    value("uniqueItems", "array"),
    keyword("unevaluatedItems", Checked, Within::Schema).about("array"),
    // Objects.
    keyword("properties", Checked, Within::Map).about("object"),
    keyword("patternProperties", CheckedInArguments(NAMES), Within::Map).about("object"),
    keyword("additionalProperties", Checked, Within::Schema).about("object"),
    keyword("unevaluatedProperties", Checked, Within::Schema).about("object"),
    keyword("propertyNames", Checked, Within::Schema).about("object"),
    value("required", "object"),
    value("minProperties", "object"),
    value("maxProperties", "object"),
    value("dependentRequired", "object"),
    keyword("dependentSchemas", Checked, Within::Map).about("object"),
    keyword("dependencies", Checked, Within::Map).about("object"),
    // For people and other programs.
    keyword("title", Treatment::Ignored, Within::Nothing),
    ignored("description"), ignored("default"), ignored("examples"), ignored("example"), ignored("deprecated"),
    ignored("readOnly"), ignored("writeOnly"), ignored("$comment"), ignored("contentEncoding"), ignored("contentMediaType"),
    ignored("contentSchema"), ignored("discriminator"), ignored("externalDocs"), ignored("xml"),
];

/// Drafts that `$schema` may name.
const DRAFTS: [&str; 5] =
    ["draft-04/schema", "draft-06/schema", "draft-07/schema", "draft/2019-09/schema", "draft/2020-12/schema"];

fn find(name: &str) -> Option<&'static Keyword> {
    KEYWORDS.iter().find(|keyword| keyword.name == name)
}

/// Whether there is such a keyword.
pub(crate) fn is_known(name: &str) -> bool {
    find(name).is_some()
}

/// Reports the keywords of `input.schema` that are refused or have no effect. Returns whether none is refused.
pub(crate) fn check(root: &Node, reader: &mut Reader<'_>) -> bool {
    let mut check = Check { reader, is_valid: true };
    check.schema(root, true);
    check.is_valid
}

struct Check<'c, 'a> {
    reader: &'c mut Reader<'a>,
    is_valid: bool,
}

impl Check<'_, '_> {
    /// Checks a schema; `is_of_all` for that of all arguments. The depth of YAML bounds the recursion.
    fn schema(&mut self, schema: &Node, is_of_all: bool) {
        if let Yaml::String(text) = &schema.value {
            let (kind, description) = split_comma(text);
            let description = description.map_or(String::new(), |text| format!(", description: {}", shorten(text)));
            let instead = format!("type: {}{description}", shorten(kind));
            let message = format!("`{}` is Picoschema in a JSON Schema", shorten(text));
            let hint = format!("write {{{instead}}}; or only Picoschema, without `type: object` and `properties`");
            self.refuse(schema.span, &message, hint);
        }
        for (key, node) in schema.entries() {
            let name = key.name.as_str();
            let Some(keyword) = find(name) else {
                if !name.starts_with("x-") {
                    let message = format!("input.schema: the keyword `{}` is unknown and has no effect", shorten(name));
                    self.reader.note_with(Code::UnknownKey, key.span, message, || did_you_mean(name, &names()));
                }
                continue;
            };
            match keyword.treatment {
                Treatment::Refused(instead) => self.refused(key, instead),
                CheckedInArguments(instead) if is_of_all => self.refused(key, instead),
                IgnoredAtRoot(instead) if !is_of_all => self.refused(key, instead),
                _ if name == "$schema" => self.draft(node),
                _ if matches!(name, "enum" | "const")
                    && !types(schema).iter().flatten().any(|kind| matches!(*kind, "number" | "integer")) =>
                {
                    self.reader.number("input.schema", node);
                }
                _ => self.idle(schema, keyword, key.span, is_of_all),
            }
            self.within(keyword, node, is_of_all);
        }
    }

    fn within(&mut self, keyword: &Keyword, node: &Node, is_of_all: bool) {
        // The schemas of these keywords apply to the same value.
        const SAME_VALUE: [&str; 9] =
            ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"];
        let is_of_all = is_of_all && SAME_VALUE.contains(&keyword.name);
        match (keyword.within, &node.value) {
            (Within::Schema | Within::SchemaOrList, Yaml::Map(_) | Yaml::String(_)) => self.schema(node, is_of_all),
            (Within::List | Within::SchemaOrList, Yaml::List(schemas)) => {
                schemas.iter().for_each(|schema| self.schema(schema, is_of_all));
            }
            (Within::Map, Yaml::Map(schemas)) => schemas.iter().for_each(|(_, schema)| self.schema(schema, is_of_all)),
            _ => {}
        }
    }

    fn draft(&mut self, node: &Node) {
        let Yaml::String(name) = &node.value else { return };
        let uri = name.trim_end_matches('#');
        let is_known = |draft: &str| uri.strip_suffix(draft).is_some_and(|host| host.ends_with("//json-schema.org/"));
        if !DRAFTS.into_iter().any(is_known) {
            let message = format!("`$schema` is `{}`, which is not a known draft of JSON Schema", shorten(name));
            self.refuse(node.span, &message, "leave `$schema` out: drafts 4 to 2020-12 are read alike".to_owned());
        }
    }

    /// Warns of a keyword that has no effect at its place.
    fn idle(&mut self, schema: &Node, keyword: &Keyword, at: Span, is_of_all: bool) {
        let name = keyword.name;
        if let Some(other) = keyword.needs.filter(|other| schema.find(other).is_none()) {
            let message = format!("input.schema: `{name}` has no effect without `{other}`");
            self.reader.note(Code::UnknownKey, at, message);
            return;
        }
        let Some(about) = keyword.about else { return };
        let is_about = |kind: &str| kind == about || (about == "number" && kind == "integer");
        let of_arguments = || is_of_all.then(|| vec!["object"]);
        let Some(types) = types(schema).or_else(of_arguments) else { return };
        // Another check reports unknown types.
        let is_type =
            |kind: &&str| ["string", "number", "integer", "boolean", "object", "array", "null"].contains(kind);
        if types.iter().all(is_type) && !types.iter().any(|kind| is_about(kind)) {
            let types = types.join(" or ");
            let message = format!("input.schema: `{name}` is for type {about} and has no effect on type {types}");
            self.reader.note(Code::UnknownKey, at, message);
        }
    }

    fn refused(&mut self, key: &Key, instead: &str) {
        self.refuse(key.span, &format!("`{}` is not supported here", key.name), instead.to_owned());
    }

    fn refuse(&mut self, at: Span, message: &str, hint: String) {
        self.is_valid = false;
        self.reader.note_with(Code::Schema, at, format!("input.schema: {message}"), || Some(hint));
    }
}

/// The types in the `type` of a schema.
fn types(schema: &Node) -> Option<Vec<&str>> {
    match schema.get("type")? {
        Node { value: Yaml::List(types), .. } => Some(types.iter().filter_map(Node::as_str).collect()),
        node => Some(vec![node.as_str()?]),
    }
}

fn names() -> Vec<&'static str> {
    KEYWORDS.iter().map(|keyword| keyword.name).collect()
}

/// The keyword that a keyword needs to have an effect.
pub(super) fn needed(name: &str) -> Option<&'static str> {
    find(name).and_then(|keyword| keyword.needs)
}

/// The schemas in the value of a keyword.
pub(super) fn schemas_within<'v>(keyword: &str, value: &'v Value) -> Vec<&'v Value> {
    let within = find(keyword).map_or(Within::Nothing, |keyword| keyword.within);
    match (within, value) {
        (Within::Schema | Within::SchemaOrList, Value::Object(_)) => vec![value],
        (Within::List | Within::SchemaOrList, Value::Array(schemas)) => schemas.iter().collect(),
        (Within::Map, Value::Object(schemas)) => schemas.values().collect(),
        _ => Vec::new(),
    }
}

/// Converts each schema in the value of a keyword.
pub(super) fn map_schemas(keyword: &str, value: &Value, convert: &dyn Fn(&Value) -> Value) -> Value {
    let within = find(keyword).map_or(Within::Nothing, |keyword| keyword.within);
    match (within, value) {
        (Within::Schema | Within::SchemaOrList, Value::Object(_)) => convert(value),
        (Within::List | Within::SchemaOrList, Value::Array(schemas)) => schemas.iter().map(convert).collect(),
        (Within::Map, Value::Object(schemas)) => {
            schemas.iter().map(|(name, schema)| (name.clone(), convert(schema))).collect::<Map<_, _>>().into()
        }
        _ => value.clone(),
    }
}

/// Splits `type, description` of Picoschema.
pub(crate) fn split_comma(text: &str) -> (&str, Option<&str>) {
    match text.split_once(',') {
        Some((first, rest)) => (first.trim(), Some(rest.trim()).filter(|rest| !rest.is_empty())),
        None => (text.trim(), None),
    }
}

#[cfg(test)]
mod tests;
