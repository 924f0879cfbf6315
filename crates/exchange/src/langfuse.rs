//! Prompts of Langfuse: the JSON of its export, an array of versions, or of its API. `{{name}}` is a variable,
//! `@@@langfusePrompt:name=…|label=…@@@` the text of another prompt.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::draft::{Draft, Message};
use crate::import::{InputFile, Read};
use crate::parameter::Names;
use crate::paths;
use crate::pieces::Piece;
use dotprompt::{Role, bounds};

/// Whether a file has prompts of Langfuse.
pub(crate) fn is_one(file: &InputFile) -> bool {
    let is_json = file.path.ends_with(".json") || file.path.ends_with(".jsonl");
    is_json && versions(&file.bytes).is_ok_and(|versions| !versions.is_empty())
}

/// A version of a prompt.
type Version = Map<String, Value>;

/// All versions of prompts in a file.
fn versions(bytes: &[u8]) -> Result<Vec<Version>, String> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let values: Result<Vec<Value>, _> = serde_json::Deserializer::from_slice(bytes).into_iter().collect();
    let values = values.map_err(|e| format!("the file is not JSON: {e}"))?;
    let mut versions = Vec::new();
    for value in values {
        collect(value, &mut versions);
    }
    Ok(versions)
}

/// Prompts alone, in a list, or in the answer of an API.
fn collect(value: Value, versions: &mut Vec<Version>) {
    match value {
        Value::Array(items) => items.into_iter().for_each(|item| collect(item, versions)),
        Value::Object(fields) if fields.contains_key("name") && fields.contains_key("prompt") => versions.push(fields),
        Value::Object(mut fields) => {
            if let Some(items) = ["prompts", "data"].iter().find_map(|key| fields.remove(*key)) {
                collect(items, versions);
            }
        }
        _ => {}
    }
}

/// Reads the prompts: of each name, the version with the label `production`, else the last one.
pub(crate) fn read(files: &[&InputFile]) -> Vec<Read> {
    let mut read: Vec<Read> = Vec::new();
    let mut prompts: BTreeMap<String, Vec<Version>> = BTreeMap::new();
    for file in files {
        match versions(&file.bytes) {
            Ok(versions) if versions.is_empty() => {
                let why = "the file has no prompts of Langfuse: objects with `name` and `prompt`";
                read.push(Read { from: file.path.clone(), draft: Err(why.to_owned()) });
            }
            Ok(versions) => {
                for version in versions {
                    let name = version["name"].as_str().unwrap_or_default().to_owned();
                    prompts.entry(name).or_default().push(version);
                }
            }
            Err(why) => read.push(Read { from: file.path.clone(), draft: Err(why) }),
        }
    }
    for (name, versions) in &prompts {
        let version = choose(versions);
        let mut draft = draft(name, version, &prompts);
        if let (Ok(draft), others @ 1..) = (&mut draft, versions.len() - 1) {
            draft.notes.push(format!("{others} other version{} not kept", if others == 1 { "" } else { "s" }));
        }
        read.push(Read { from: name.clone(), draft });
    }
    read
}

/// The version to import.
fn choose(versions: &[Version]) -> &Version {
    let rank = |version: &&Version| (has_label(version, "production"), number(version));
    versions.iter().max_by_key(rank).unwrap_or(&versions[0])
}

fn number(version: &Version) -> Option<i64> {
    version.get("version").and_then(Value::as_i64)
}

fn has_label(version: &Version, label: &str) -> bool {
    texts(version, "labels").iter().any(|known| known == label)
}

fn texts(version: &Version, field: &str) -> Vec<String> {
    let items = version.get(field).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn draft(name: &str, version: &Version, prompts: &BTreeMap<String, Vec<Version>>) -> Result<Draft, String> {
    if name.is_empty() {
        return Err("the prompt has no name".to_owned());
    }
    let mut reader = Reader { prompts, names: Names::default(), notes: BTreeSet::new(), depth: 0, included: 0 };
    let messages = match &version["prompt"] {
        Value::String(text) => vec![Message::Said(Role::User, reader.pieces(text))],
        Value::Array(items) => reader.messages(items)?,
        _ => return Err("`prompt` is neither a text nor a list of messages".to_owned()),
    };
    let mut draft = Draft { tags: texts(version, "tags"), ..Draft::of_messages(paths::plain(name), messages) };
    if let Some(Value::Object(config)) = version.get("config") {
        draft.config = config.clone();
        if config.get("model").is_some_and(Value::is_string) {
            draft.model = draft.config.shift_remove("model").and_then(|model| model.as_str().map(str::to_owned));
        }
    }
    let labels: Vec<String> = texts(version, "labels")
        .into_iter()
        .filter(|label| !["latest", "production"].contains(&label.as_str()))
        .collect();
    draft.notes = reader.notes.into_iter().collect();
    if !labels.is_empty() {
        draft.notes.push(format!("not kept: the labels {}", labels.join(", ")));
    }
    Ok(draft)
}

/// The most prompts that include each other.
const MAX_DEPTH: usize = 5;

/// Whether a value can be given under this name. Other names are sections of Mustache, or a mistake.
fn is_name(inside: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
    !inside.trim().is_empty() && inside.chars().all(is_plain)
}

struct Reader<'a> {
    prompts: &'a BTreeMap<String, Vec<Version>>,
    names: Names,
    notes: BTreeSet<String>,
    depth: usize,
    /// Bytes of the texts that were included.
    included: u64,
}

impl Reader<'_> {
    fn messages(&mut self, items: &[Value]) -> Result<Vec<Message>, String> {
        let mut messages = Vec::new();
        for item in items {
            if item["type"] == "placeholder" {
                let name = dotprompt::shorten(item["name"].as_str().unwrap_or_default());
                if messages.iter().any(|message| matches!(message, Message::History)) {
                    self.notes
                        .insert(format!("not kept: the messages `{name}`, since a prompt has one place for messages"));
                } else {
                    messages.push(Message::History);
                    self.notes
                        .insert(format!("the messages `{name}` are {{{{history}}}}, which the gallery leaves empty"));
                }
                continue;
            }
            let role = match item["role"].as_str().unwrap_or_default() {
                "user" => Role::User,
                "assistant" | "model" => Role::Model,
                "system" | "developer" => Role::System,
                other => {
                    return Err(format!(
                        "a message has the role `{}`: there are user, assistant and system",
                        dotprompt::shorten(other)
                    ));
                }
            };
            let content = item["content"].as_str().ok_or("a message has no text in `content`")?;
            messages.push(Message::Said(role, self.pieces(content)));
        }
        Ok(messages)
    }

    fn pieces(&mut self, text: &str) -> Vec<Piece> {
        static LIVE: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"@@@langfusePrompt:name=([^|@]*)(?:\|([^@]*))?@@@|\{\{([^{}]*)\}\}").expect("a valid pattern")
        });
        let (mut pieces, mut at) = (Vec::new(), 0);
        for found in LIVE.captures_iter(text) {
            let range = found.get_match().range();
            pieces.push(Piece::Text(text[at..range.start].to_owned()));
            at = range.end;
            match (found.get(1), found.get(3)) {
                (Some(name), _) => {
                    let which = found.get(2).map_or("", |which| which.as_str());
                    pieces.extend(self.included(name.as_str(), which, &found[0]));
                }
                (None, Some(variable)) if !is_name(variable.as_str()) => {
                    let shown = dotprompt::shorten(&found[0]);
                    self.notes.insert(format!("`{shown}` is no variable of Langfuse and plain text here"));
                    pieces.push(Piece::Text(found[0].to_owned()));
                }
                (None, variable) => {
                    pieces.push(Piece::Argument(self.variable(variable.map_or("", |name| name.as_str()))));
                }
            }
        }
        pieces.push(Piece::Text(text[at..].to_owned()));
        pieces
    }

    fn variable(&mut self, given: &str) -> String {
        let name = self.names.of(given, given);
        if name != given.trim() {
            self.notes.insert(format!("the variable `{}` is called `{name}`", dotprompt::shorten(given.trim())));
        }
        name
    }

    /// The text of another prompt. `which` is a label or a version: `label=production`, `version=2`.
    fn included(&mut self, name: &str, which: &str, written: &str) -> Vec<Piece> {
        let is_meant = |version: &&Version| match which.split_once('=') {
            Some(("label", label)) => has_label(version, label),
            Some(("version", wanted)) => number(version).is_some_and(|number| number.to_string() == wanted),
            _ => false,
        };
        let version = self.prompts.get(name).and_then(|versions| versions.iter().find(is_meant));
        let text = version.and_then(|version| version["prompt"].as_str());
        let has_room = |text: &&str| self.depth < MAX_DEPTH && self.included + text.len() as u64 <= bounds::SOURCE;
        let Some(text) = text.filter(has_room) else {
            let shown = dotprompt::shorten(written);
            self.notes.insert(format!("`{shown}` is plain text here: the export has no such text prompt"));
            return vec![Piece::Text(written.to_owned())];
        };
        self.notes.insert(format!("the text of `{name}` is included as it is now"));
        self.included += text.len() as u64;
        self.depth += 1;
        let pieces = self.pieces(text);
        self.depth -= 1;
        pieces
    }
}
