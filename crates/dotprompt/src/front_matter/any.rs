//! The front matter of a Markdown file that is not a prompt: every key as JSON, each with its place.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{File, lone_return, split};
use crate::problem::{Code, Place, Problem};
use crate::source;
use crate::yaml::{self, Key, Node, Span};

/// A Markdown file: its front matter and the text after it.
#[derive(Debug)]
pub struct Markdown<'a> {
    /// `None` if the file does not begin with front matter.
    pub entries: Option<Vec<Entry>>,
    /// Every scalar of the front matter, aliases included.
    pub scalars: Vec<Scalar>,
    /// The text after the front matter, without blank lines around it.
    pub body: &'a str,
}

/// A key of a map, and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub name: String,
    /// The place of the key.
    pub place: Place,
    /// Whether the key is in quotes.
    pub is_quoted: bool,
    /// The place of the value.
    pub value_place: Place,
    /// The width of the value in characters of its first line.
    pub value_width: usize,
    /// The value.
    pub value: Value,
    /// The entries of the value, if it is a map.
    pub entries: Vec<Self>,
}

/// A value that is neither a list nor a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// The value.
    pub value: Value,
    /// The source, with its quotes.
    pub written: String,
    /// The place of the value.
    pub place: Place,
}

impl<'a> Markdown<'a> {
    /// Reads a file of any size. `key` names it in problems.
    ///
    /// # Errors
    /// The file is not UTF-8, its front matter does not end, or is not a map in YAML.
    pub fn read(key: &str, source: &'a [u8]) -> Result<Self, Problem> {
        let file = Arc::from(key);
        let File { yaml, body, .. } = split(&file, source::text_of_any_size(&file, source)?)?;
        let Some(text) = yaml else { return Ok(Self { entries: None, scalars: Vec::new(), body }) };
        let problem = |code, Span { place, width }, message: String| {
            Problem::new(code, &file, place, on_line(text, place, width), message)
        };
        if let Some(at) = lone_return(text) {
            let span = Span { place: Place::START.after(&text[..at]), width: 1 };
            return Err(problem(Code::Yaml, span, "front matter: carriage return without a line feed".to_owned()));
        }
        let root = yaml::parse(text).map_err(|(code, span, message)| problem(code, span, message))?;
        if !root.is_map() && !root.is_null() {
            let message = format!("front matter must be a map such as `name: …`, not {}", root.kind());
            return Err(problem(Code::FrontMatter, root.span, message));
        }
        let mut scalars = Vec::new();
        collect_scalars(&root, text, &mut scalars);
        Ok(Self { entries: Some(entries(&root, text)), scalars, body })
    }

    /// The entries as a JSON object, in the author's order.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let entries = self.entries.iter().flatten();
        entries.map(|entry| (entry.name.clone(), entry.value.clone())).collect()
    }
}

fn entries(node: &Node, text: &str) -> Vec<Entry> {
    let entry = |(key, node): &(Key, Node)| {
        let Span { place: value_place, width } = node.span;
        let value_width = on_line(text, value_place, width);
        let (name, place) = (key.name.clone(), key.span.place);
        let line = text.lines().nth(place.line as usize - 1).unwrap_or_default();
        let is_quoted = line.chars().nth(place.column as usize - 1).is_some_and(|c| matches!(c, '"' | '\''));
        Entry { name, place, is_quoted, value_place, value_width, value: node.to_json(), entries: entries(node, text) }
    };
    node.entries().iter().map(entry).collect()
}

fn collect_scalars(node: &Node, text: &str, scalars: &mut Vec<Scalar>) {
    if let Some(written) = node.written(text) {
        scalars.push(Scalar { value: node.to_json(), written: written.to_owned(), place: node.span.place });
    }
    let inside = node.items().iter().chain(node.entries().iter().map(|(_, value)| value));
    inside.for_each(|node| collect_scalars(node, text, scalars));
}

/// A width that ends with the first line.
fn on_line(text: &str, place: Place, width: usize) -> usize {
    let line = text.lines().nth(place.line as usize - 1).unwrap_or_default();
    width.min((line.chars().count() + 1).saturating_sub(place.column as usize)).max(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(source: &str) -> Result<(Value, String), String> {
        let read = Markdown::read("SKILL.md", source.as_bytes()).map_err(|problem| problem.to_string())?;
        let has_front_matter = read.entries.is_some();
        Ok((if has_front_matter { read.to_json().into() } else { Value::Null }, read.body.to_owned()))
    }

    #[test]
    fn every_key_is_json_in_the_authors_order() {
        let source = "---\r\nz: a\r\ndate: 2026-01-02\r\nn: 1.50\r\nyes: no\r\nlist: [1, ~, {k: v}]\r\nnull:\r\n\
                      text: |\r\n  a\r\n  ---\r\nä: &x \"q\\\"\\n\"\r\nb: *x\r\n---\r\n\r\n Body\r\n---\r\nmore\r\n";
        let (value, body) = read(source).unwrap();
        let keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["z", "date", "n", "yes", "list", "null", "text", "ä", "b"]);
        let expected = json!({ "z": "a", "date": "2026-01-02", "n": 1.5, "yes": "no", "list": [1, null, { "k": "v" }],
            "null": null, "text": "a\n---\n", "ä": "q\"\n", "b": "q\"\n" });
        assert_eq!(value, expected);
        assert_eq!(body, "Body\r\n---\r\nmore");
    }

    #[test]
    fn a_file_may_have_no_front_matter_or_an_empty_one() {
        assert_eq!(read("# Title\n"), Ok((Value::Null, "# Title\n".to_owned())));
        assert_eq!(read(""), Ok((Value::Null, String::new())));
        assert_eq!(read("---\n# only this\n---\nText"), Ok((json!({}), "Text".to_owned())));
        assert_eq!(read("---\n---"), Ok((json!({}), String::new())));
    }

    #[test]
    fn a_file_may_be_larger_than_a_prompt() {
        let long = format!("---\nname: x\n---\n{}", "x".repeat(300 * 1024));
        assert_eq!(read(&long).unwrap().0, json!({ "name": "x" }));
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        for (source, problem) in [
            ("---\nname: x\n", "SKILL.md, line 1, column 1: front matter begins here and no line of --- ends it"),
            ("---\n- a\n---\n", "SKILL.md, line 2, column 1: front matter must be a map such as `name: …`, not a list"),
            ("---\na\n---\n", "SKILL.md, line 2, column 1: front matter must be a map such as `name: …`, not text"),
            ("---\na: b: c\n---\n", "SKILL.md, line 2, column 5: front matter: "),
            ("---\na: {{b}}\n---\n", "SKILL.md, line 2, column "),
            ("---\na: 1\na: 2\n---\n", "SKILL.md, line 3, column 1: front matter: duplicate"),
            ("---\na: *x\n---\n", "SKILL.md, line 2, column "),
            ("---\na: 1\rb: 2\n---\n", "SKILL.md, line 2, column 5: front matter: carriage return without a line feed"),
        ] {
            let said = read(source).unwrap_err();
            assert!(said.starts_with(problem), "{source:?}: {said}");
        }
        let said = Markdown::read("SKILL.md", b"---\nname: \xff\n---\n").unwrap_err();
        assert_eq!(said.to_string(), "SKILL.md, line 2, column 7: the file is not UTF-8 text");
        let said = Markdown::read("SKILL.md", &[0xff, 0xfe, b'-', 0]).unwrap_err();
        assert_eq!(said.to_string(), "SKILL.md, line 1, column 1: the file is UTF-16: save it as UTF-8");
    }

    #[test]
    fn keys_and_values_have_their_places() {
        let source = "---\nmetadata:\n  version: 1.0\n  owner: \"me\"\n---\n";
        let read = Markdown::read("SKILL.md", source.as_bytes()).unwrap();
        let [metadata] = &*read.entries.unwrap() else { panic!() };
        assert_eq!(metadata.place, Place { line: 2, column: 1 });
        let [version, owner] = &*metadata.entries else { panic!() };
        assert_eq!((version.value_place, version.value_width), (Place { line: 3, column: 12 }, 3));
        assert_eq!((&*owner.name, &owner.value), ("owner", &json!("me")));
        let written: Vec<_> = read.scalars.iter().map(|scalar| &*scalar.written).collect();
        assert_eq!(written, ["1.0", "\"me\""]);
    }
}
