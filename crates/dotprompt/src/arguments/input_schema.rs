//! The JSON Schema of all arguments, for models that call a prompt as a tool.

use serde_json::{Map, Value, json};

use super::{Argument, Arguments};
use crate::schema::{define, portable};

/// Keywords that say which values a schema allows.
const TYPE_KEYWORDS: [&str; 10] =
    ["type", "$ref", "enum", "const", "anyOf", "oneOf", "allOf", "not", "properties", "items"];

impl Arguments {
    /// The JSON Schema (2020-12) of the arguments of a call, with their types, choices, defaults and descriptions.
    ///
    /// Rules for several arguments together are left out: the APIs of some models refuse `anyOf` and the like beside
    /// `properties`.
    #[must_use]
    pub fn input_schema(&self) -> Value {
        let properties: Map<_, _> =
            self.iter().map(|argument| (argument.name.clone(), argument.value_schema())).collect();
        let required: Vec<_> =
            self.iter().filter(|argument| argument.required).map(|argument| &argument.name).collect();
        let others = match &self.others {
            None => false.into(),
            Some(others) => match portable(&others.schema) {
                Value::Object(keywords) if keywords.is_empty() => true.into(),
                schema => schema,
            },
        };
        let mut schema = json!({ "type": "object", "properties": properties });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        schema["additionalProperties"] = others;
        if let Some(root) = &self.root { define(schema, root) } else { schema }
    }
}

impl Argument {
    /// The JSON Schema of its values.
    fn value_schema(&self) -> Value {
        let mut schema = match portable(&self.schema) {
            Value::Object(schema) => schema,
            Value::Bool(false) => return json!({ "not": {} }),
            _ => Map::new(),
        };
        if !TYPE_KEYWORDS.iter().any(|keyword| schema.contains_key(*keyword))
            && let Some(Value::Object(mut used)) = self.shape().map(|shape| shape.schema())
        {
            used.append(&mut schema);
            schema = used;
        }
        leave_out_null(&mut schema);
        let words = [("title", &self.title), ("description", &self.description)];
        for (keyword, words) in words {
            if let Some(words) = words {
                schema.insert(keyword.to_owned(), words.as_str().into());
            }
        }
        // A default in the schema may be of a YAML type other than the argument's.
        schema.shift_remove("default");
        if let Some(default) = &self.default {
            schema.insert("default".to_owned(), default.clone());
        }
        schema.into()
    }
}

/// Leaves out null among the types and choices: a caller leaves out the argument instead, and some models know one type
/// alone. Choices that are text get that type.
fn leave_out_null(schema: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = schema.get_mut("type")
        && types.iter().any(|name| name != "null")
    {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("enum") {
        choices.retain(|choice| !choice.is_null());
        if choices.iter().all(Value::is_string) && !schema.contains_key("type") {
            schema.shift_insert(0, "type".to_owned(), "string".into());
        }
    }
}

#[cfg(test)]
mod tests;
