//! Arguments whose type is not declared, so that the template's use of them defines it.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::properties::{follow, kind_of};
use super::{Argument, Arguments, Kind};
use crate::shape::Shape;
use crate::template::Variable;

impl Arguments {
    /// The same arguments with what the template's use of them adds; `None` if it adds nothing. `metadata` has the schema.
    pub(crate) fn used_as(&self, variables: &[Variable], metadata: &Map<String, Value>) -> Option<Self> {
        let schema = metadata.get("input").and_then(|input| input.get("schema"));
        let root = schema.unwrap_or(&Value::Null);
        let mut told: Option<Self> = None;
        for variable in variables {
            let index = self.listed.iter().position(|argument| argument.name == variable.name);
            let Some(argument) = index.map(|index| &self.listed[index]).or(self.others.as_ref()) else { continue };
            let Some(argument) = argument.used_as(&variable.shape, root) else { continue };
            let told = told.get_or_insert_with(|| self.clone());
            match index {
                Some(index) => told.listed[index] = argument.described(),
                None => drop(told.used_others.insert(variable.name.clone(), argument)),
            }
        }
        told
    }
}

impl Argument {
    fn used_as(&self, shape: &Shape, root: &Value) -> Option<Self> {
        let schema = follow(&self.schema, root);
        if self.allowed.is_some() {
            return None;
        }
        let shape = open(shape, schema, root)?;
        let is_told = match self.kind {
            Kind::Any => true,
            _ => !shape.is_open(),
        };
        is_told.then(|| Self { shape: Some(Box::new(shape.into_owned())), ..self.clone() })
    }
}

/// What of a value is used, as far as its schema leaves open what that is.
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
