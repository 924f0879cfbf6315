//! Values that a template uses as if they were of another type.

use serde_json::Value;

use crate::nearest::nearest;
use crate::prompt::{Argument, Code, How, Kind, Place, Prompt, Use, shorten};

/// How many choices of an argument are told.
const CHOICES: usize = 10;

/// Warns of uses that do nothing, whatever a caller says.
pub(super) fn check(prompt: &Prompt, uses: &[Use], warn: &mut impl FnMut(Code, Place, String, Option<&str>)) {
    for Use { name, place, how } in uses {
        let argument = prompt.arguments().iter().find(|argument| argument.name == *name);
        let wrong = argument.and_then(|argument| match how {
            How::Written => written(argument),
            How::Looped => looped(argument, prompt.declares_arguments()),
            How::Field(fields) => lacks(argument, fields, prompt.declares_arguments()),
            How::Compared(literal) => compared(argument, literal, prompt.declares_arguments()),
        });
        if let Some((code, message, hint)) = wrong {
            warn(code, *place, message, hint.as_deref());
        }
    }
}

/// What is wrong, and what to do about it.
type Wrong = (Code, String, Option<String>);

fn written(argument: &Argument) -> Option<Wrong> {
    let name = shorten(&argument.name);
    (argument.kind == Kind::Object).then(|| {
        let message = format!("`{name}` is an object: {{{{{name}}}}} writes [object Object]");
        (Code::Portability, message, Some(format!("{{{{json {name}}}}}, or a field: {{{{{name}.…}}}}")))
    })
}

fn looped(argument: &Argument, is_declared: bool) -> Option<Wrong> {
    let (name, what) = (shorten(&argument.name), plain(argument, is_declared)?);
    let message = format!("`{name}` is {what}: {{{{#each {name}}}}} finds nothing in it");
    Some((Code::TypeMismatch, message, Some("declare it as an array".to_owned())))
}

fn lacks(argument: &Argument, fields: &[String], is_declared: bool) -> Option<Wrong> {
    // Of a text or a list.
    if fields == ["length"] {
        return None;
    }
    let path = |fields: &[String]| {
        let path: Vec<&str> = [&argument.name].into_iter().chain(fields).map(String::as_str).collect();
        shorten(&path.join("."))
    };
    let whole = path(fields);
    if let Some(what) = plain(argument, is_declared) {
        let message = format!("`{}` is {what}, without fields: `{whole}` is empty", path(&[]));
        return Some((Code::TypeMismatch, message, Some("declare it as an object".to_owned())));
    }
    let mut schema = &argument.schema;
    for (index, field) in fields.iter().enumerate() {
        let properties = schema.get("properties")?.as_object()?;
        match properties.get(field) {
            Some(property) => schema = property,
            None if is_closed(schema) => {
                let message = format!("`{}` has no field `{}`: it is empty", path(&fields[..index]), shorten(field));
                let near = nearest(field, properties.keys().map(String::as_str));
                return Some((Code::TypeMismatch, message, near.map(|near| format!("did you mean `{near}`?"))));
            }
            None => return None,
        }
    }
    None
}

/// Whether an object has no fields but its `properties`.
fn is_closed(schema: &Value) -> bool {
    schema.get("additionalProperties") == Some(&Value::Bool(false))
        && ["$ref", "patternProperties"].iter().all(|keyword| schema.get(keyword).is_none())
}

fn compared(argument: &Argument, literal: &Value, is_declared: bool) -> Option<Wrong> {
    let is_number = matches!(argument.kind, Kind::Integer | Kind::Number);
    let may_be = match &argument.allowed {
        // What is left out may be either.
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
        nearest(text, choices.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"))
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

/// What an argument is that is neither a list nor an object, in words.
fn plain(argument: &Argument, is_declared: bool) -> Option<String> {
    if argument.allowed.is_some() {
        let choices = argument.choices();
        let more = if choices.len() > CHOICES { " …" } else { "" };
        let told: Vec<String> = choices.iter().take(CHOICES).map(|choice| shorten(choice)).collect();
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

/// Whether it is text, as an argument is that nobody declares, unless its default is something else. What is declared as
/// anything is left to the programs that know more.
fn is_text(argument: &Argument, is_declared: bool) -> bool {
    let has_other_default = argument.default.as_ref().is_some_and(|default| !default.is_string());
    argument.kind == Kind::String || (argument.kind == Kind::Any && !is_declared && !has_other_default)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::*;
    use crate::prompt::PromptFile;

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
        check(&prompt, &prompt.survey().uses, &mut |_, _, message, hint| {
            told.push(hint.map_or(message.clone(), |hint| format!("{message} ({hint})")));
        });
        told
    }

    #[test]
    fn a_use_that_does_nothing_is_told() {
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
            ("{{#if count}}{{else ifEquals text 5}}{{/if}}", "`text` is never 5: it is text"),
        ] {
            assert_eq!(warnings(template), [expected], "{template}");
        }
    }

    #[test]
    fn a_use_that_may_do_something_is_fine() {
        for template in [
            "{{text}} {{text.length}} {{#text}}{{this}}{{/text}} {{rows.length}} {{rows.[0].text}} {{other.x}} {{any.x}}",
            "{{#each rows as |text|}}{{text.x}}{{/each}} {{#with user}}{{text.x}}{{/with}} {{#each any}}{{/each}}",
            "{{#ifEquals depth \"quick\"}}{{/ifEquals}} {{#ifEquals depth \"\"}}{{/ifEquals}} {{#ifEquals depth null}}{{/ifEquals}}",
            "{{#ifEquals count 5.0}}{{/ifEquals}} {{#ifEquals text count}}{{/ifEquals}} {{#ifEquals text \"5\"}}{{/ifEquals}}",
        ] {
            assert_eq!(warnings(template), [""; 0], "{template}");
        }
    }
}
