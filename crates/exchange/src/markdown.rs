//! Markdown files with front matter, as other programs write and read them.

use serde_json::{Map, Value};

use crate::parameter::{KEY, Kept};
use crate::yaml;
use dotprompt::tree::Markdown;

/// The front matter and the text of a file.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) fields: Map<String, Value>,
    /// Without blank lines around it.
    pub(crate) body: String,
}

impl Document {
    /// Reads a file. Front matter that is not YAML is read line by line, as clients do: `argument-hint: [a] [b]` is usual.
    ///
    /// # Errors
    /// The file is not UTF-8.
    pub(crate) fn read(path: &str, source: &[u8]) -> Result<Self, String> {
        // For the programs that read these files, front matter begins with the first byte.
        if !source.strip_prefix("\u{feff}".as_bytes()).unwrap_or(source).starts_with(b"---") {
            return Ok(line_by_line(std::str::from_utf8(source).map_err(|_| "the file is not UTF-8 text")?));
        }
        match Markdown::read(path, source) {
            Ok(file) => {
                let entries = file.entries.unwrap_or_default();
                let fields = entries.into_iter().map(|entry| (entry.name, entry.value)).collect();
                Ok(Self { fields, body: file.body.trim().to_owned() })
            }
            Err(problem) => {
                let text = std::str::from_utf8(source).map_err(|_| problem.message)?;
                Ok(line_by_line(text))
            }
        }
    }

    pub(crate) fn text(&self, field: &str) -> Option<String> {
        let text = match self.fields.get(field)? {
            Value::String(text) => text.clone(),
            Value::Null => return None,
            other => other.to_string(),
        };
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A list of texts, or the words of a text.
    pub(crate) fn texts(&self, field: &str) -> Vec<String> {
        match self.fields.get(field) {
            Some(Value::Array(items)) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
            Some(Value::String(text)) => {
                text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(crate) fn kept(&self) -> Kept {
        match self.fields.get(KEY) {
            Some(Value::String(json)) => Kept::of_json(json),
            Some(value) => Kept::of_json(&value.to_string()),
            None => Kept::default(),
        }
    }

    /// The fields that have no place in a prompt file, apart from those that are `known`.
    pub(crate) fn others(&self, known: &[&str]) -> Option<String> {
        let others: Vec<String> = self
            .fields
            .keys()
            .filter(|field| !known.contains(&field.as_str()) && *field != KEY)
            .map(|field| format!("`{}`", dotprompt::shorten(field)))
            .collect();
        (!others.is_empty()).then(|| format!("not kept: {}", others.join(", ")))
    }
}

fn line_by_line(text: &str) -> Document {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.split_inclusive('\n');
    let mut document = Document { body: text.trim().to_owned(), ..Document::default() };
    if lines.next().is_none_or(|line| line.trim_end() != "---") {
        return document;
    }
    let (mut at, mut fields) = (text.find('\n').map_or(text.len(), |at| at + 1), Map::new());
    for line in lines {
        at += line.len();
        if line.trim_end() == "---" {
            text[at..].trim().clone_into(&mut document.body);
            document.fields = fields;
            return document;
        }
        if let Some((field, value)) = line.split_once(':').filter(|(field, _)| !field.starts_with([' ', '#', '-'])) {
            let value = value.trim();
            let unquoted = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
            fields.insert(field.trim().to_owned(), unquoted.unwrap_or(value).into());
        }
    }
    document
}

/// Front matter of these fields, each with its value as YAML, and the text.
pub(crate) fn write(fields: &[(&str, Option<String>)], body: &str) -> String {
    let lines: String =
        fields.iter().filter_map(|(field, value)| Some(format!("{field}: {}\n", value.as_ref()?))).collect();
    match lines.is_empty() {
        // Without front matter, the text itself could look like some.
        true if !body.starts_with("---") => format!("{}\n", body.trim_end()),
        true => format!("---\n{{}}\n---\n{}\n", body.trim_end()),
        false => format!("---\n{lines}---\n{}\n", body.trim_end()),
    }
}

pub(crate) fn scalar(text: Option<&String>) -> Option<String> {
    text.map(|text| yaml::scalar(text))
}
