//! The summary of a prompt, with its row in `prompts/list`.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::all_skills::PromptSkill;
use catalogue::{Catalogue, Entry, Files, Index, Link, Summary, Unread};
use check::address::Address;
use check::can_be_tool;
use check::skill::of_prompt;
use dotprompt::{Argument, Icon, Prompt, in_listed_order};

/// Whom a list is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Clients that send every required argument with the call.
    AnyClient,
    /// Clients that can show a form. Some of them refuse a call without required arguments, or split a sentence at its blanks.
    /// So no argument is required in their list, the call reaches the gallery, and the gallery asks for what is missing.
    FormClient,
}

/// Begins the description of a prompt whose arguments the gallery asks for.
const FORM_PREFIX: &str = "call without words; you will be asked";
/// The key in `_meta` for the names of the arguments that are required all the same.
const REQUIRED: &str = "prompt-gallery/required";

#[derive(Serialize)]
struct PromptRow<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "<[Icon]>::is_empty")]
    icons: &'a [Icon],
    arguments: Vec<&'a Argument>,
    #[serde(rename = "_meta")]
    meta: RowMeta<'a>,
}

#[derive(Serialize)]
struct RowMeta<'a> {
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    /// Changes whenever the file does: S3's `ETag` if it has one.
    version: &'a str,
}

/// The summary of a prompt, from the index or read now; `None` for a broken one. If it is to come `soon`, files that were not read in time
/// before are hardly waited for.
///
/// # Errors
/// The first of its files that cannot be read.
pub(crate) async fn summary_of(
    files: &Arc<Files>,
    index: &Index,
    catalogue: &Catalogue,
    entry: &Entry,
    soon: bool,
) -> Result<Option<Summary>, Unread> {
    if let Some(known) = index.summary(catalogue, entry) {
        return Ok(Some(known));
    }
    let link = match soon {
        true => files.linked_soon(catalogue, entry, true).await?,
        false => files.linked(catalogue, entry).await?,
    };
    let summary = summary(entry, &catalogue.object(entry).key, &link);
    if let Some(summary) = &summary {
        index.learn(catalogue.object(entry), &link.partials, summary.clone());
    }
    Ok(summary)
}

/// The summary of a prompt, with its row for any client; `None` for a broken one, which was logged when its file was read.
/// `key` is that of its file.
pub(crate) fn summary(entry: &Entry, key: &str, link: &Link) -> Option<Summary> {
    let prompt = link.prompt.as_ref().ok()?;
    let row = PromptRow {
        name: &entry.name,
        title: prompt.title(),
        description: prompt.summary(),
        icons: prompt.icons(),
        arguments: in_listed_order(prompt.arguments()),
        meta: RowMeta { tags: prompt.tags(), version: &link.version },
    };
    let schema = bytes(&prompt.arguments().input_schema());
    let is_tool = is_offered_as_tool(&entry.name, prompt);
    if prompt.is_tool() && !is_tool {
        tracing::warn!(prompt.name = &*entry.name, "not offered as a tool: `check` says which name is wrong");
    }
    Some(Summary { listed: bytes(&row), schema, is_tool, shows: shows(prompt), skill: skill(entry, key, prompt) })
}

/// The keys of the files that a prompt shows, as far as its templates name them.
fn shows(prompt: &Prompt) -> Arc<[String]> {
    let templates = prompt.partials().map(|(_, partial)| partial).chain([prompt.template()]);
    let urls = templates.flat_map(|template| &template.media).filter_map(|shown| shown.url.as_deref());
    let keys = urls.filter_map(|url| match Address::parse(url) {
        Ok(Address::Path(path)) => Some(path.to_owned()),
        _ => None,
    });
    keys.collect()
}

/// The JSON of a prompt in `skills/list`, if it is offered as a skill.
fn skill(entry: &Entry, key: &str, prompt: &Prompt) -> Option<Bytes> {
    prompt.skill()?;
    match of_prompt(key, &entry.name, prompt) {
        Ok(skill) => Some(PromptSkill::entry(&skill)),
        Err(problem) => {
            tracing::warn!(prompt.name = &*entry.name, cause = problem.message, "not offered as a skill");
            None
        }
    }
}

/// Whether a prompt is a tool of its own name: with `tool: true`, and with names that models can call.
pub(crate) fn is_offered_as_tool(name: &str, prompt: &Prompt) -> bool {
    prompt.is_tool() && can_be_tool(name, prompt.arguments())
}

/// The same summary with the row for an audience.
pub(crate) fn for_audience(audience: Audience, summary: Summary) -> Summary {
    match audience {
        Audience::AnyClient => summary,
        Audience::FormClient => Summary { listed: asked(&summary.listed).unwrap_or(summary.listed), ..summary },
    }
}

/// A row without required arguments; `None` if it has none.
fn asked(row: &[u8]) -> Option<Bytes> {
    let mut row: Map<String, Value> = serde_json::from_slice(row).expect("a row is an object");
    let arguments = row.get_mut("arguments")?.as_array_mut()?.iter_mut();
    let required = arguments.filter(|argument| argument["required"] == true).map(|argument| {
        argument["required"] = false.into();
        argument["name"].clone()
    });
    let required: Vec<Value> = required.collect();
    if required.is_empty() {
        return None;
    }
    let description =
        row.get("description").and_then(Value::as_str).map(|description| format!("{FORM_PREFIX}: {description}"));
    row.insert("description".to_owned(), description.unwrap_or_else(|| FORM_PREFIX.to_owned()).into());
    row["_meta"][REQUIRED] = required.into();
    Some(bytes(&row))
}

fn bytes(row: &impl Serialize) -> Bytes {
    // A boxed slice has no spare capacity. The index keeps it for long.
    let json: Box<[u8]> = serde_json::to_vec(row).expect("a prompt serialises").into();
    json.into()
}
