//! Evaluates expressions.

use super::scope::{Adds, Frame, Scope, block_of};
use super::value::{Repr, Val};
use super::{Rendered, Renderer};
use crate::bounds;
use crate::chain::Chain;
use crate::problem::Code;
use crate::reader::shorten;
use crate::template::{Call, Expression, Path, ValueHelper};

impl<'a> Renderer<'a, '_> {
    /// JavaScript's `==`, with which Handlebars compares the context of a block to the one around it.
    pub(super) fn is_same(&mut self, a: &Val<'a>, b: &Val<'a>) -> Rendered<bool> {
        match (a.is_object(), b.is_object()) {
            _ if a.is_null() || b.is_null() => Ok(a.is_null() && b.is_null()),
            (true, false) => Ok(b.is_loosely(&self.written(a)?)),
            (false, true) => Ok(a.is_loosely(&self.written(b)?)),
            _ => Ok(a.equals(b) || a.is_loosely_value(b)),
        }
    }

    pub(super) fn evaluate_text(&mut self, value: &'a Expression, scope: &Scope<'a, '_>) -> Rendered<String> {
        let value = self.evaluate(value, scope, true)?;
        self.written(&value)
    }

    /// A value as text.
    pub(super) fn written(&mut self, value: &Val<'a>) -> Rendered<String> {
        let (mut text, mut pieces) = (String::new(), 0);
        let _ = value.write(&mut |more| {
            pieces += 1;
            text.push_str(more);
            Ok::<_, std::convert::Infallible>(())
        });
        self.work(pieces / 3)?;
        self.work_on(text.len())?;
        Ok(text)
    }

    /// The value of an expression. With `must_be`, a variable without a value is an error.
    pub(super) fn evaluate(
        &mut self,
        value: &'a Expression,
        scope: &Scope<'a, '_>,
        must_be: bool,
    ) -> Rendered<Val<'a>> {
        match value {
            Expression::Literal(value) => Ok(Val::of(Repr::Json(value))),
            Expression::Path(path) => self.look_up(path, scope, must_be),
            Expression::Call(call) => self.call(call, scope, must_be),
        }
    }

    fn call(&mut self, call: &'a Call, scope: &Scope<'a, '_>, must_be: bool) -> Rendered<Val<'a>> {
        self.work(1)?;
        let mut params = Vec::with_capacity(call.params.len());
        for value in &call.params {
            params.push(self.evaluate(value, scope, must_be)?);
        }
        match (call.value_helper, params.as_slice()) {
            (Some(ValueHelper::Lookup), [object, key]) => {
                if !object.is_js_true() {
                    return Ok(object.clone());
                }
                let key = match key.nothing() {
                    Some(name) => name.to_owned(),
                    None => self.written(key)?,
                };
                self.work(object.overlaid() / 8)?;
                self.work_on(object.length())?;
                Ok(object.get(&key))
            }
            (Some(ValueHelper::Json), [value]) => {
                let indent = match call.hash.iter().find(|(key, _)| key == "indent") {
                    Some((_, indent)) => self.evaluate(indent, scope, must_be)?.as_indent(),
                    None => String::new(),
                };
                self.work_on_items(value)?;
                let text = value.to_json_text(&indent, bounds::OUTPUT).map_err(|e| self.failed(Code::Bound, e))?;
                self.work_on(text.len())?;
                Ok(value.derived(Repr::Text(text.into())))
            }
            // Checked when the template was compiled.
            (Some(ValueHelper::Lookup | ValueHelper::Json) | None, _) => Ok(Val::missing()),
        }
    }

    fn look_up(&mut self, path: &'a Path, scope: &Scope<'a, '_>, must_be: bool) -> Rendered<Val<'a>> {
        let param = match path.param() {
            Some(name) => self.param(name, scope)?,
            None => None,
        };
        let is_data = param.is_none() && path.is_data;
        let (mut value, segments) = match (param, path.segments.as_slice()) {
            (Some(value), [_, rest @ ..]) => (value, rest),
            (_, [first, rest @ ..]) if path.is_data => (self.data(first, path.up, scope), rest),
            (_, segments) if path.up == 0 => (scope.context.clone(), segments),
            (_, segments) => (scope.above(path.up), segments),
        };
        for (index, segment) in segments.iter().enumerate() {
            // A field of null is null, and a field of a missing value is missing.
            if value.is_null() || (is_data && !value.is_js_true()) {
                return Ok(value);
            }
            // A name may be as long as the file, and each partial may add names to the context.
            self.work(value.overlaid() / 8)?;
            self.work_on(segment.len())?;
            // The characters of a text must be counted.
            self.work_on(if value.has_characters(segment) { value.length() } else { 0 })?;
            let next = value.get_variable(segment, &self.context.data.authored);
            // A missing variable is an error, a missing field of an object is not.
            if must_be && index == 0 && next.is_missing() && value.is_root() {
                return Err(self.failed(Code::Render, format!("the variable `{}` has no value", shorten(segment))));
            }
            if next.is_missing() {
                return Ok(next);
            }
            value = next;
        }
        Ok(value)
    }

    /// The value of a block parameter, `as |name|`.
    fn param(&mut self, name: &str, scope: &Scope<'a, '_>) -> Rendered<Option<Val<'a>>> {
        let mut around = 0;
        for params in Chain::values(scope.params) {
            if let Some((_, value)) = params.iter().find(|(known, _)| *known == name) {
                return Ok(Some(value.clone()));
            }
            around += 1;
        }
        self.work(around / 8)?;
        Ok(None)
    }

    /// `@index`, `@root`, `@metadata` …
    fn data(&self, name: &str, up: usize, scope: &Scope<'a, '_>) -> Val<'a> {
        let mut frame = scope.frame;
        let mut left = up;
        while let (1.., Some(Frame { around, .. })) = (left, frame) {
            (frame, left) = (*around, left - 1);
        }
        let frames = Chain::values(frame);
        let turn = frames.clone().find_map(|adds| if let Adds::Turn(turn) = adds { Some(turn) } else { None });
        match (name, turn) {
            ("index", Some(turn)) => Val::of(Repr::Number(turn.index)),
            ("key", Some(turn)) => turn.key.clone(),
            ("first", Some(turn)) => Val::of(Repr::Bool(turn.index == 0)),
            ("last", Some(turn)) => Val::of(Repr::Bool(turn.is_last)),
            ("root", _) if left == 0 => Val::root(&self.context.data.variables),
            ("partial-block", _) => Val::of(Repr::Bool(block_of(frames).is_some())),
            // The program's data is above the outermost frame.
            _ if left > 1 => Val::missing(),
            ("metadata", _) => Val::of(Repr::Json(self.context.metadata)),
            // The claims of a caller's token are not the author's.
            _ => self.context.data.context.get(name).map_or(Val::missing(), |value| Val::of_caller(Repr::Json(value))),
        }
    }
}
