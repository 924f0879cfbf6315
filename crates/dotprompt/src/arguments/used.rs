//! Arguments without a declared type, which get their type from the template.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::properties::{follow, kind_of};
use super::{Argument, Arguments, Kind};
use crate::shape::Shape;
use crate::template::Variable;

impl Arguments {
    /// The arguments with the shapes of the template's variables; `None` if these add nothing. `metadata` has the schema.
    pub(crate) fn used_as(&self, variables: &[Variable], metadata: &Map<String, Value>) -> Option<Self> {
        let schema = metadata.get("input").and_then(|input| input.get("schema"));
        let root = schema.unwrap_or(&Value::Null);
        let mut used: Option<Self> = None;
        for variable in variables {
            let index = self.listed.iter().position(|argument| argument.name == variable.name);
            let Some(argument) = index.map(|index| &self.listed[index]).or(self.others.as_ref()) else { continue };
            let Some(argument) = argument.used_as(&variable.shape, root) else { continue };
            let used = used.get_or_insert_with(|| self.clone());
            match index {
                Some(index) => used.listed[index] = argument.described(),
                None => drop(used.used_others.insert(variable.name.clone(), argument)),
            }
        }
        used
    }
}

impl Argument {
    fn used_as(&self, shape: &Shape, root: &Value) -> Option<Self> {
        let shape = open(shape, follow(&self.schema, root), root).filter(|_| self.allowed.is_none())?;
        let adds_type = self.kind == Kind::Any || !shape.is_open();
        adds_type.then(|| Self { shape: Some(Box::new(shape.into_owned())), ..self.clone() })
    }
}

/// The parts of a shape that the schema leaves open.
fn open<'s>(shape: &'s Shape, schema: &Value, root: &Value) -> Option<Cow<'s, Shape>> {
    if schema.get("enum").is_some() || schema.get("const").is_some() {
        return None;
    }
    let part = |shape: &Shape, schema: Option<&Value>| match schema {
        Some(schema) => open(shape, follow(schema, root), root).map(Cow::into_owned),
        None => Some(shape.clone()),
    };
    let none = Value::Bool(false);
    match kind_of(schema, root) {
        Kind::String | Kind::Integer | Kind::Number | Kind::Boolean => None,
        Kind::Any | Kind::Json => Some(Cow::Borrowed(shape)),
        Kind::Array => {
            let [items, found] = [&shape.items, &shape.found]
                .map(|items| items.as_ref().and_then(|items| part(items, schema.get("items"))).map(Box::new));
            Some(Cow::Owned(Shape { fields: Vec::new(), items, found, marks: shape.marks.clone() }))
        }
        Kind::Object => {
            let properties = schema.get("properties");
            let others = schema.get("additionalProperties").filter(|others| **others != none);
            let is_closed = schema.get("additionalProperties") == Some(&none);
            let field = |(name, shape): &(String, Shape)| {
                let property = properties.and_then(|properties| properties.get(name));
                let declared = property.or(others).or(is_closed.then_some(&none));
                if declared == Some(&none) { None } else { Some((name.clone(), part(shape, declared)?)) }
            };
            let fields = shape.fields.iter().filter_map(field).collect();
            let is_any = properties.is_none() && !is_closed;
            let [items, found] = [&shape.items, &shape.found]
                .map(|items| items.as_ref().filter(|_| is_any).and_then(|items| part(items, others)).map(Box::new));
            Some(Cow::Owned(Shape { fields, items, found, marks: shape.marks.clone() }))
        }
    }
}

#[cfg(test)]
mod tests;
