//! Reads YAML nodes as the types of the format, and reports those of other types.

use std::sync::Arc;

use serde_json::Value;

use super::bounds;
use super::problem::{Code, Level, Problem};
use super::yaml::{Node, Span, Yaml};
use crate::nearest::{self, nearest};

/// Reads the nodes of one file, and reports their problems.
pub(super) struct Reader<'a> {
    file: Arc<str>,
    source: &'a str,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &Arc<str>, source: &'a str, problems: &'a mut Vec<Problem>) -> Self {
        Self { file: Arc::clone(file), source, problems }
    }

    /// Reports a problem.
    pub(super) fn note(&mut self, code: Code, at: Span, message: impl Into<String>) {
        self.note_with(code, at, message, || None);
    }

    /// Reports a problem with a hint.
    pub(super) fn note_with(
        &mut self,
        code: Code,
        at: Span,
        message: impl Into<String>,
        hint: impl FnOnce() -> Option<String>,
    ) {
        self.report(code, at, message, |problem| problem.with_hint(hint()));
    }

    /// Reports a problem that `complete` adds data to. Ignores it after [`bounds::PROBLEMS`] of its level.
    pub(super) fn report(
        &mut self,
        code: Code,
        Span { place, width }: Span,
        message: impl Into<String>,
        complete: impl FnOnce(Problem) -> Problem,
    ) {
        let level = code.level();
        if self.problems.iter().filter(|problem| problem.code.level() == level).count() >= bounds::PROBLEMS {
            return;
        }
        // The width ends with the first line.
        let line = self.source.lines().nth(place.line as usize - 1).unwrap_or_default();
        let width = width.min((line.chars().count() + 1).saturating_sub(place.column as usize));
        self.problems.push(complete(Problem::new(code, &self.file, place, width, message)));
    }

    /// Whether a reported problem is an error.
    pub(super) fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.code.level() == Level::Error)
    }

    /// A scalar as text. `what` is the node's key.
    pub(super) fn text(&mut self, code: Code, what: &str, node: &Node) -> Option<String> {
        let text = node.text(self.source);
        if text.is_none() && !node.is_null() {
            self.unfit(code, what, "text", node);
        }
        text
    }

    /// A value as JSON. With `is_text`, a number is kept as it is written, so that 1.50 is not 1.5.
    pub(super) fn value(&self, node: &Node, is_text: bool) -> Value {
        let text = if is_text { node.text(self.source) } else { None };
        text.map_or_else(|| node.to_json(), Value::String)
    }

    /// Warns of a number that may be meant as text, such as 3.10, which is 3.1.
    pub(super) fn number(&mut self, what: &str, node: &Node) {
        match &node.value {
            Yaml::List(items) => items.iter().for_each(|item| self.number(what, item)),
            Yaml::Number(number) => {
                let Some(written) = node.text(self.source).filter(|written| *written != number.to_string()) else {
                    return;
                };
                let written = shorten(&written);
                let message = format!("{what}: `{written}` is the number {number}");
                let hint = || Some(format!("text is written in quotes: \"{written}\""));
                self.note_with(Code::TypeMismatch, node.span, message, hint);
            }
            _ => {}
        }
    }

    pub(super) fn boolean(&mut self, code: Code, what: &str, node: &Node) -> Option<bool> {
        if let Yaml::Bool(value) = node.value {
            return Some(value);
        }
        self.unfit(code, what, "true or false", node);
        None
    }

    /// The items of a list. `like` is an example for the error of another type.
    pub(super) fn list<'n>(&mut self, code: Code, what: &str, like: &str, node: &'n Node) -> &'n [Node] {
        match &node.value {
            Yaml::List(items) => return items,
            Yaml::Null => {}
            _ => self.unfit(code, what, &format!("a list such as {like}"), node),
        }
        &[]
    }

    pub(super) fn texts(&mut self, code: Code, what: &str, like: &str, node: &Node) -> Vec<String> {
        let item = format!("an item of {what}");
        self.list(code, what, like, node).iter().filter_map(|node| self.text(code, &item, node)).collect()
    }

    /// The values of the `known` keys of a map; `None` for null. Reports other keys.
    pub(super) fn fields<'n, const N: usize>(
        &mut self,
        code: Code,
        what: &str,
        known: [&str; N],
        node: &'n Node,
    ) -> Option<[Option<&'n Node>; N]> {
        if !node.is_map() {
            self.unfit(code, what, &format!("a map of {}", known.join(", ")), node);
            return None;
        }
        for (key, _) in node.entries() {
            if !known.contains(&key.name.as_str()) {
                let message = format!("{what} has no key `{}`; the keys are {}", shorten(&key.name), known.join(", "));
                self.note_with(code, key.span, message, || did_you_mean(&key.name, &known));
            }
        }
        Some(known.map(|key| node.get(key)))
    }

    /// Reports a node of the wrong type.
    pub(super) fn unfit(&mut self, code: Code, what: &str, expected: &str, node: &Node) {
        self.note(code, node.span, format!("{what} must be {expected}, not {}", node.kind()));
    }
}

/// The hint for an unknown name, if it is similar to one of `known`.
pub(super) fn did_you_mean(name: &str, known: &[&str]) -> Option<String> {
    nearest(name, known.iter().copied()).map(nearest::did_you_mean)
}

/// The first 40 characters of a text, on one line.
pub fn shorten(text: &str) -> String {
    shorten_to(40, text)
}

/// The first characters of a text, on one line.
pub fn shorten_to(most: usize, text: &str) -> String {
    // The usual case, once for every request.
    if text.len() <= most && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", on_one_line(&text[..end])),
        None => on_one_line(text),
    }
}

/// A text on one line.
pub(crate) fn on_one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
