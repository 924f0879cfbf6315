//! The keywords of JSON Schema: which are checked, ignored or refused, and where.

use serde_json::{Map, Value};

use crate::problem::Code;
use crate::reader::{Reader, did_you_mean, shorten};
use crate::yaml::{Key, Node, Span, Yaml};

/// One keyword.
#[derive(Clone, Copy)]
pub(super) struct Keyword {
    pub(super) name: &'static str,
    pub(super) treatment: Treatment,
    /// Where schemas are in its value.
    within: Within,
    /// The type that it is about. Values of other types always fit.
    about: Option<&'static str>,
    /// The keyword without which it has no effect.
    needs: Option<&'static str>,
}

/// What the gallery makes of a keyword.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Treatment {
    /// It decides what is taken.
    Checked,
    /// It says something to people or other programs, and nothing about what is taken.
    Ignored,
    /// The file is refused, with what to write.
    Refused(&'static str),
    /// As `Checked`, and `Refused` where it is about the names of arguments.
    CheckedInArguments(&'static str),
    /// As `Ignored` at the root, and `Refused` within.
    IgnoredAtRoot(&'static str),
}

#[derive(Clone, Copy)]
enum Within {
    /// None: it is a value.
    Nothing,
    Schema,
    List,
    Map,
    /// One, or a list of them.
    SchemaOrList,
}

const REFERENCE: &str = "`$ref` names a part of the schema by its path, such as `#/$defs/name`";
const NAMES: &str = "list the arguments under `properties`; `additionalProperties` takes any other name";

const fn keyword(name: &'static str, treatment: Treatment, within: Within) -> Keyword {
    Keyword { name, treatment, within, about: None, needs: None }
}

const fn value(name: &'static str, about: &'static str) -> Keyword {
    Keyword { name, treatment: Treatment::Checked, within: Within::Nothing, about: Some(about), needs: None }
}

const fn part(name: &'static str, about: &'static str, within: Within) -> Keyword {
    Keyword { name, treatment: Treatment::Checked, within, about: Some(about), needs: None }
}

const fn ignored(name: &'static str) -> Keyword {
    keyword(name, Treatment::Ignored, Within::Nothing)
}

const fn refused(name: &'static str, instead: &'static str) -> Keyword {
    keyword(name, Treatment::Refused(instead), Within::Nothing)
}

const fn needs(keyword: Keyword, other: &'static str) -> Keyword {
    Keyword { needs: Some(other), ..keyword }
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
    refused("$vocabulary", "only a schema of schemas has it: leave it out"),
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
    needs(keyword("then", Checked, Within::Schema), "if"),
    needs(keyword("else", Checked, Within::Schema), "if"),
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
    part("items", "array", Within::SchemaOrList),
    part("prefixItems", "array", Within::List),
    needs(part("additionalItems", "array", Within::Schema), "items"),
    part("contains", "array", Within::Schema),
    needs(value("minContains", "array"), "contains"),
    needs(value("maxContains", "array"), "contains"),
    value("minItems", "array"),
    value("maxItems", "array"),
    value("uniqueItems", "array"),
    part("unevaluatedItems", "array", Within::Schema),
    // Objects.
    part("properties", "object", Within::Map),
    Keyword {
        name: "patternProperties", treatment: CheckedInArguments(NAMES), within: Within::Map, about: Some("object"), needs: None,
    },
    part("additionalProperties", "object", Within::Schema),
    part("unevaluatedProperties", "object", Within::Schema),
    part("propertyNames", "object", Within::Schema),
    value("required", "object"),
    value("minProperties", "object"),
    value("maxProperties", "object"),
    value("dependentRequired", "object"),
    part("dependentSchemas", "object", Within::Map),
    part("dependencies", "object", Within::Map),
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

/// Notes the keywords of `input.schema` that are refused or have no effect; returns whether none is refused.
pub(crate) fn check(root: &Node, reader: &mut Reader<'_>) -> bool {
    let mut check = Check { reader, is_right: true };
    check.schema(root, Place::Arguments);
    check.is_right
}

/// Of what a schema is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Of all arguments.
    Arguments,
    /// Of an argument, a part of one, or a definition.
    Value,
}

struct Check<'c, 'a> {
    reader: &'c mut Reader<'a>,
    is_right: bool,
}

impl Check<'_, '_> {
    /// The depth of YAML bounds the recursion.
    fn schema(&mut self, schema: &Node, place: Place) {
        if let Yaml::String(text) = &schema.value {
            let (kind, description) = text.split_once(',').unwrap_or((text, ""));
            let kind = kind.trim();
            let mut instead = format!("type: {}", shorten(kind));
            if !description.trim().is_empty() {
                instead.push_str(&format!(", description: {}", shorten(description.trim())));
            }
            let message = format!("`{}` is Picoschema, and this is JSON Schema", shorten(text));
            let hint = format!("write {{{instead}}}; or only Picoschema, without `type: object` and `properties`");
            self.refuse(schema.span, &message, hint);
        }
        for (key, node) in schema.entries() {
            let name = key.name.as_str();
            let Some(keyword) = find(name) else {
                if !name.starts_with("x-") {
                    let message = format!("input.schema: there is no keyword `{}`: it has no effect", shorten(name));
                    self.reader.note_with(Code::UnknownKey, key.span, message, || did_you_mean(name, &names()));
                }
                continue;
            };
            match keyword.treatment {
                Treatment::Refused(instead) => self.refused(key, instead),
                CheckedInArguments(instead) if place == Place::Arguments => self.refused(key, instead),
                IgnoredAtRoot(instead) if place == Place::Value => self.refused(key, instead),
                _ if name == "$schema" => self.draft(node),
                _ if matches!(name, "enum" | "const") && !is_of_numbers(schema) => {
                    self.reader.number("input.schema", node);
                }
                _ => self.idle(schema, keyword, key.span, place),
            }
            self.within(keyword, node, place);
        }
    }

    fn within(&mut self, keyword: &Keyword, node: &Node, place: Place) {
        // These say more of the same value.
        let place = match keyword.name {
            "allOf" | "anyOf" | "oneOf" | "not" | "if" | "then" | "else" | "dependentSchemas" | "dependencies" => place,
            _ => Place::Value,
        };
        match (keyword.within, &node.value) {
            (Within::Schema | Within::SchemaOrList, Yaml::Map(_) | Yaml::String(_)) => self.schema(node, place),
            (Within::List | Within::SchemaOrList, Yaml::List(schemas)) => {
                schemas.iter().for_each(|schema| self.schema(schema, place));
            }
            (Within::Map, Yaml::Map(schemas)) => schemas.iter().for_each(|(_, schema)| self.schema(schema, place)),
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

    /// Warns of a keyword that has no effect where it stands.
    fn idle(&mut self, schema: &Node, keyword: &Keyword, at: Span, place: Place) {
        let name = keyword.name;
        if let Some(other) = keyword.needs.filter(|other| schema.find(other).is_none()) {
            let message = format!("input.schema: `{name}` has no effect without `{other}`");
            self.reader.note(Code::UnknownKey, at, message);
            return;
        }
        let Some(about) = keyword.about else { return };
        let is_about = |kind: &str| kind == about || (about == "number" && kind == "integer");
        let types: Vec<&str> = match schema.get("type").map(|node| &node.value) {
            Some(Yaml::String(kind)) => vec![kind],
            Some(Yaml::List(kinds)) => kinds
                .iter()
                .filter_map(|node| match &node.value {
                    Yaml::String(kind) => Some(kind.as_str()),
                    _ => None,
                })
                .collect(),
            _ if place == Place::Arguments => vec!["object"],
            _ => return,
        };
        // Another check reports unknown types.
        let is_type =
            |kind: &&str| ["string", "number", "integer", "boolean", "object", "array", "null"].contains(kind);
        if types.iter().all(is_type) && !types.iter().any(|kind| is_about(kind)) {
            let message = format!(
                "input.schema: `{name}` is about type {about}, and has no effect on type {}",
                types.join(" or ")
            );
            self.reader.note(Code::UnknownKey, at, message);
        }
    }

    fn refused(&mut self, key: &Key, instead: &str) {
        self.refuse(key.span, &format!("`{}` is not supported here", key.name), instead.to_owned());
    }

    fn refuse(&mut self, at: Span, message: &str, hint: String) {
        self.is_right = false;
        self.reader.note_with(Code::Schema, at, format!("input.schema: {message}"), || Some(hint));
    }
}

/// Whether a schema is of numbers, which are the same however they are written.
fn is_of_numbers(schema: &Node) -> bool {
    let is_number =
        |node: &Node| matches!(&node.value, Yaml::String(kind) if matches!(kind.as_str(), "number" | "integer"));
    schema.get("type").is_some_and(|node| match &node.value {
        Yaml::List(kinds) => kinds.iter().any(is_number),
        _ => is_number(node),
    })
}

fn names() -> Vec<&'static str> {
    KEYWORDS.iter().map(|keyword| keyword.name).collect()
}

/// The value of a keyword with `change` made to each schema in it.
pub(super) fn map_schemas(keyword: &str, said: &Value, change: fn(&Value) -> Value) -> Value {
    let within = find(keyword).map_or(Within::Nothing, |keyword| keyword.within);
    match (within, said) {
        (Within::Schema | Within::SchemaOrList, Value::Object(_)) => change(said),
        (Within::List | Within::SchemaOrList, Value::Array(schemas)) => schemas.iter().map(change).collect(),
        (Within::Map, Value::Object(schemas)) => {
            schemas.iter().map(|(name, schema)| (name.clone(), change(schema))).collect::<Map<_, _>>().into()
        }
        _ => said.clone(),
    }
}

#[cfg(test)]
mod tests;
