//! Values that a template uses as another type than they are.

use std::fmt;

use serde_json::Value;

use dotprompt::tree::{Shape, Variable};
use dotprompt::{Argument, Code, Kind, Place, Prompt, did_you_mean, nearest, shorten};

/// How many choices of an argument a message names.
const MAX_NAMED_CHOICES: usize = 10;

/// Warns of uses that never have an effect.
pub(super) fn check(prompt: &Prompt, variables: &[Variable], warn: &mut impl FnMut(Code, Place, String, Option<&str>)) {
    let mut wrong = Vec::new();
    for Variable { name, shape, .. } in variables {
        let Some(argument) = prompt.arguments().iter().find(|argument| argument.name == *name) else { continue };
        let is_declared = prompt.declared().is_some();
        for (literal, place) in &shape.marks.compared {
            wrong.extend(compared(argument, literal, is_declared).map(|found| (*place, found)));
        }
        wrong.extend(only_tested(argument, shape));
        let is = plain(argument, is_declared);
        // What nothing declares is an object if its fields are read.
        let is_object = argument.kind == Kind::Object || argument.shape().is_some_and(Shape::has_fields);
        part(shape, &Path::Name(name), &argument.schema, is_object, is.as_deref(), &mut wrong);
    }
    wrong.sort_by_key(|(place, _)| *place);
    for (place, (code, message, hint)) in wrong {
        warn(code, place, message, hint.as_deref());
    }
}

/// The warning for text that is only tested: `false` is text too.
fn only_tested(argument: &Argument, shape: &Shape) -> Option<(Place, Wrong)> {
    if argument.kind != Kind::String || argument.allowed.is_some() || !shape.is_flag() {
        return None;
    }
    let message = format!(
        "`{}` is text that is only tested: `false` and `no` are text, so they count as yes",
        shorten(&argument.name)
    );
    let hint = Some("declare it as a boolean".to_owned());
    Some((shape.marks.named?, (Code::TypeMismatch, message, hint)))
}

/// The code, the message and the hint.
type Wrong = (Code, String, Option<String>);

/// The path of a part of an argument.
enum Path<'a> {
    Name(&'a str),
    Field(&'a Self, &'a str),
    /// Any item of a list.
    Item(&'a Self),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Field(of, name) => write!(f, "{of}.{name}"),
            Self::Item(of) => write!(f, "{of}[]"),
        }
    }
}

/// Adds the wrong uses of a part of an argument. `is` is the type in words if it has no parts itself.
fn part(
    shape: &Shape,
    path: &Path<'_>,
    schema: &Value,
    is_object: bool,
    is: Option<&str>,
    wrong: &mut Vec<(Place, Wrong)>,
) {
    let name = || shorten(&path.to_string());
    if let Some(place) = shape.marks.written.filter(|_| is_object) {
        let name = name();
        let message = format!("`{name}` is an object: {{{{{name}}}}} writes [object Object]");
        let hint = format!("{{{{json {name}}}}}, or a field: {{{{{name}.…}}}}");
        wrong.push((place, (Code::Portability, message, Some(hint))));
    }
    if let (Some(place), Some(is)) = (shape.marks.looped, is) {
        let name = name();
        let message = format!("`{name}` is {is}: {{{{#each {name}}}}} finds nothing in it");
        wrong.push((place, (Code::TypeMismatch, message, Some("declare it as an array".to_owned()))));
    }
    for (field, shape) in &shape.fields {
        // Texts and lists have a length.
        if field == "length" {
            continue;
        }
        let inner = Path::Field(path, field);
        let place = shape.place().unwrap_or(Place::START);
        if let Some(is) = is {
            let message = format!("`{}` is {is}, without fields: `{}` is empty", name(), shorten(&inner.to_string()));
            wrong.push((place, (Code::TypeMismatch, message, Some("declare it as an object".to_owned()))));
            continue;
        }
        let Some(Value::Object(properties)) = schema.get("properties") else { continue };
        match properties.get(field) {
            Some(property) => {
                part(shape, &inner, property, is_type(property, "object"), plain_type(property), wrong);
            }
            None if is_closed(schema) => {
                let message = format!("`{}` has no field `{}`: it is empty", name(), shorten(field));
                let near = nearest(field, properties.keys().map(String::as_str));
                let hint = near.map(did_you_mean);
                wrong.push((place, (Code::TypeMismatch, message, hint)));
            }
            None => {}
        }
    }
    if let Some(schema) = schema.get("items") {
        for items in [&shape.items, &shape.found].into_iter().flatten() {
            part(items, &Path::Item(path), schema, is_type(schema, "object"), plain_type(schema), wrong);
        }
    }
}

fn is_type(schema: &Value, name: &str) -> bool {
    schema.get("type").is_some_and(|kind| kind == name)
}

/// The type of a schema in words, if it has no parts.
fn plain_type(schema: &Value) -> Option<&'static str> {
    let name = match schema.get("type")? {
        Value::Array(names) => {
            let mut names = names.iter().filter(|name| *name != "null");
            names.next().filter(|_| names.next().is_none())?.as_str()?
        }
        name => name.as_str()?,
    };
    Some(match name {
        "string" => "text",
        "integer" | "number" => "a number",
        "boolean" => "true or false",
        _ => return None,
    })
}

/// Whether an object has no fields but its `properties`.
fn is_closed(schema: &Value) -> bool {
    schema.get("additionalProperties") == Some(&Value::Bool(false))
        && ["$ref", "patternProperties"].iter().all(|keyword| schema.get(keyword).is_none())
}

fn compared(argument: &Argument, literal: &Value, is_declared: bool) -> Option<Wrong> {
    let is_number = matches!(argument.kind, Kind::Integer | Kind::Number);
    let may_be = match &argument.allowed {
        // An argument that is left out compares as one of these.
        _ if literal.is_null() || literal == "" => true,
        Some(allowed) => allowed.iter().any(|value| is_same(value, literal)),
        None if is_text(argument, is_declared) => literal.is_string(),
        None if is_number => literal.is_number(),
        None => argument.kind != Kind::Boolean || literal.is_boolean(),
    };
    if may_be {
        return None;
    }
    let message = format!(
        "`{}` is never {}: it is {}",
        shorten(&argument.name),
        shorten(&literal.to_string()),
        plain(argument, is_declared)?
    );
    let near = literal.as_str().and_then(|text| {
        let choices = argument.choices();
        nearest(text, choices.iter().map(String::as_str)).map(did_you_mean)
    });
    Some((Code::TypeMismatch, message, near))
}

/// JavaScript's `===` of plain values.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// The type of an argument in words. `None` for a list or an object.
fn plain(argument: &Argument, is_declared: bool) -> Option<String> {
    if argument.allowed.is_some() {
        let choices = argument.choices();
        let more = if choices.len() > MAX_NAMED_CHOICES { " …" } else { "" };
        let told: Vec<String> = choices.iter().take(MAX_NAMED_CHOICES).map(|choice| shorten(choice)).collect();
        return Some(format!("one of {}{more}", told.join(", ")));
    }
    let what = match argument.kind {
        _ if is_text(argument, is_declared) => "text",
        Kind::Integer | Kind::Number => "a number",
        Kind::Boolean => "true or false",
        _ => return None,
    };
    Some(what.to_owned())
}

/// Whether an argument is text. An undeclared argument is, unless its default or its use is something else. One that is
/// declared as `any` is not.
fn is_text(argument: &Argument, is_declared: bool) -> bool {
    let has_other_default = argument.default.as_ref().is_some_and(|default| !default.is_string());
    let is_other = has_other_default || argument.shape().is_some_and(Shape::is_data);
    argument.kind == Kind::String || (argument.kind == Kind::Any && !is_declared && !is_other)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::*;
    use dotprompt::PromptFile;

    const SCHEMA: &str = "
    text: string
    count: integer
    depth?(enum): [quick, thorough]
    user(object):
      name: string
      home(object): {town: string}
    other(object): {(*): string}
    rows(array): {text: string}
    any: any";

    fn warnings(template: &str) -> Vec<String> {
        let source = format!("---\ninput:\n  schema:{SCHEMA}\n---\n{template}");
        let file = PromptFile::parse("x.prompt", source.as_bytes()).expect("a prompt");
        let prompt = Prompt::link(Arc::new(file), HashMap::new()).expect("linked");
        let mut told = Vec::new();
        let variables = prompt.usage().expect("few steps").variables();
        check(&prompt, &variables, &mut |_, _, message, hint| {
            told.push(hint.map_or(message.clone(), |hint| format!("{message} ({hint})")));
        });
        told
    }

    #[test]
    fn a_use_without_effect_is_reported() {
        for (template, expected) in [
            ("{{#each text}}{{/each}}", "`text` is text: {{#each text}} finds nothing in it (declare it as an array)"),
            ("{{text.x}}", "`text` is text, without fields: `text.x` is empty (declare it as an object)"),
            (
                "{{#if @root.count.x}}{{/if}}",
                "`count` is a number, without fields: `count.x` is empty (declare it as an object)",
            ),
            ("{{#with user}}{{../user.nme}}{{/with}}", "`user` has no field `nme`: it is empty (did you mean `name`?)"),
            ("{{user.home.city}}", "`user.home` has no field `city`: it is empty"),
            (
                "{{#ifEquals depth \"quik\"}}{{/ifEquals}}",
                "`depth` is never \"quik\": it is one of quick, thorough (did you mean `quick`?)",
            ),
            ("{{#unlessEquals 5 depth}}{{/unlessEquals}}", "`depth` is never 5: it is one of quick, thorough"),
            ("{{#ifEquals count \"5\"}}{{/ifEquals}}", "`count` is never \"5\": it is a number"),
            ("{{#each rows}}{{txt}}{{/each}}", "`rows[]` has no field `txt`: it is empty (did you mean `text`?)"),
            (
                "{{#each rows as |row|}}{{row.text.x}}{{/each}}",
                "`rows[].text` is text, without fields: `rows[].text.x` is empty (declare it as an object)",
            ),
            (
                "{{#with user}}{{#each name}}{{/each}}{{/with}}",
                "`user.name` is text: {{#each user.name}} finds nothing in it (declare it as an array)",
            ),
            (
                "{{#each rows}}{{this}}{{/each}}",
                "`rows[]` is an object: {{rows[]}} writes [object Object] ({{json rows[]}}, or a field: {{rows[].…}})",
            ),
            (
                "{{#if text}}a{{/if}}",
                "`text` is text that is only tested: `false` and `no` are text, so they count as yes (declare it as a boolean)",
            ),
            ("{{#if count}}{{else ifEquals text 5}}{{/if}}", "`text` is never 5: it is text"),
        ] {
            assert_eq!(warnings(template), [expected], "{template}");
        }
    }

    #[test]
    fn a_use_that_may_do_something_is_fine() {
        for template in [
            "{{text}} {{text.length}} {{#text}}{{this}}{{/text}} {{rows.length}} {{rows.[0].text}} {{other.x}} {{any.x}}",
            "{{#each rows as |text|}}{{text.text}}{{/each}} {{#with user}}{{name.length}}{{/with}} {{#each any}}{{x}}{{/each}}",
            "{{#ifEquals depth \"quick\"}}{{/ifEquals}} {{#ifEquals depth \"\"}}{{/ifEquals}} {{#ifEquals depth null}}{{/ifEquals}}",
            "{{#if any.x}}{{any.x}}{{else}}{{any}}{{/if}} {{#if depth}}{{/if}} {{#if text}}{{text}}{{/if}} {{#if any}}{{/if}}",
            "{{#ifEquals count 5.0}}{{/ifEquals}} {{#ifEquals text count}}{{/ifEquals}} {{#ifEquals text \"5\"}}{{/ifEquals}}",
        ] {
            assert_eq!(warnings(template), [""; 0], "{template}");
        }
    }
}
