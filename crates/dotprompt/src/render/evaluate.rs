//! Finds and computes the values of a template.

use super::scope::{Adds, Frame, Params, Scope, block_of};
use super::value::Val;
use super::{Rendered, Renderer};
use crate::bounds;
use crate::problem::Code;
use crate::reader::shorten;
use crate::template::{Base, Call, Expression, Path};

impl<'a> Renderer<'a, '_> {
    /// JavaScript's `==`, by which the reference finds out whether a block has a context of its own.
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

    /// A value. With `must_be`, a variable without a value is an error.
    pub(super) fn evaluate(
        &mut self,
        value: &'a Expression,
        scope: &Scope<'a, '_>,
        must_be: bool,
    ) -> Rendered<Val<'a>> {
        match value {
            Expression::Literal(value) => Ok(Val::json(value)),
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
        match (call.name.as_str(), params.as_slice()) {
            ("lookup", [object, key]) => {
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
            ("json", [value]) => {
                let indent = match call.hash.iter().find(|(key, _)| key == "indent") {
                    Some((_, indent)) => self.evaluate(indent, scope, must_be)?.as_indent(),
                    None => String::new(),
                };
                self.work_on_items(value)?;
                let text = value.to_json_text(&indent, bounds::OUTPUT).map_err(|e| self.failed(Code::Bound, e))?;
                self.work_on(text.len())?;
                Ok(value.text_of(&text))
            }
            // Checked when the template was compiled.
            _ => Ok(Val::missing()),
        }
    }

    fn look_up(&mut self, path: &'a Path, scope: &Scope<'a, '_>, must_be: bool) -> Rendered<Val<'a>> {
        let param = match path.param() {
            Some(name) => self.param(name, scope)?,
            None => None,
        };
        let is_data = matches!((&param, path.base), (None, Base::Data { .. }));
        let (start, segments) = match (param, path.base, path.segments.as_slice()) {
            (Some(value), _, [_, rest @ ..]) => (value, rest),
            (_, Base::Data { up, .. }, [first, rest @ ..]) => (self.data(first, up, scope), rest),
            (_, Base::Context { up: 0, .. }, segments) => (scope.context.clone(), segments),
            (_, Base::Context { up, .. } | Base::Data { up, .. }, segments) => (scope.above(up), segments),
        };
        let mut value = start;
        for (index, segment) in segments.iter().enumerate() {
            // What is nothing stays what it is: null, or missing.
            if value.is_null() || (is_data && !value.is_js_true()) {
                return Ok(value);
            }
            // A name may be as long as the file, and partials in partials lay one context over the other.
            self.work(value.overlaid() / 8)?;
            self.work_on(segment.len())?;
            // Characters of a text are counted.
            self.work_on(if value.has_characters(segment) { value.length() } else { 0 })?;
            let next = value.get_variable(segment, self.context.authored);
            // A variable without a value is a mistake; an author may expect an object to lack a field.
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

    /// What `as |name|` of a block around names.
    fn param(&mut self, name: &str, scope: &Scope<'a, '_>) -> Rendered<Option<Val<'a>>> {
        let (mut params, mut around) = (scope.params, 0);
        while let Some(Params { values, around: next }) = params {
            if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
                return Ok(Some(value.clone()));
            }
            (params, around) = (*next, around + 1);
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
        let frames = std::iter::successors(frame, |frame| frame.around);
        let turn = frames.clone().find_map(|frame| match &frame.adds {
            Adds::Turn(turn) => Some(turn),
            Adds::Block(_) => None,
        });
        match (name, turn) {
            ("index", Some(turn)) => Val::number(turn.index),
            ("key", Some(turn)) => turn.key.clone(),
            ("first", Some(turn)) => Val::bool(turn.index == 0),
            ("last", Some(turn)) => Val::bool(turn.is_last),
            ("root", _) if left == 0 => Val::root(self.context.variables),
            ("partial-block", _) => Val::bool(block_of(frames).is_some()),
            // Above the outermost frame is what the program says, and nothing above that.
            _ if left > 1 => Val::missing(),
            ("metadata", _) => Val::json(self.context.metadata),
            // What a token says of the caller is no more the author's than what the caller says.
            _ => self.context.locals.get(name).map_or(Val::missing(), Val::json_of_caller),
        }
    }
}
