//! The rows of the index:
//!
//! ```json
//! {"prompts":[{"key":"review.prompt","version":"…","partials":[["tone","…"]],"tool":true,
//!   "listed":{"name":"review",…},"schema":{"type":"object",…},"shows":["docs/style.md"],
//!   "skill":{"uri":"skill://review/SKILL.md",…}}]}
//! ```

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::envelope::{Sealing, UnusableIndex, open};
use crate::link::Partials;
use crate::summary::Summary;
use store::Object;

/// The number of this layout, and of the form in which prompts are listed.
const FORMAT: u32 = 6;

#[derive(Deserialize)]
struct IndexJson<'a> {
    #[serde(borrow)]
    prompts: Vec<RowJson<'a>>,
}

#[derive(Serialize, Deserialize)]
struct RowJson<'a> {
    key: Box<str>,
    version: Box<str>,
    #[serde(default, skip_serializing_if = "Partials::is_empty")]
    partials: Partials,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    tool: bool,
    #[serde(borrow)]
    listed: &'a RawValue,
    #[serde(borrow)]
    schema: &'a RawValue,
    #[serde(default, skip_serializing_if = "<[String]>::is_empty")]
    shows: Box<[String]>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    skill: Option<&'a RawValue>,
}

/// The summary of one version of a prompt.
pub(super) struct IndexRow {
    pub(super) version: Box<str>,
    pub(super) partials: Partials,
    pub(super) summary: Summary,
}

/// The rows of a stored index, by key.
///
/// # Errors
/// As [`open`].
pub(super) fn read(json: &Bytes, own_prefix: &str) -> Result<Vec<(Box<str>, IndexRow)>, UnusableIndex> {
    let index = open(json, own_prefix, FORMAT)?;
    let IndexJson { prompts } = serde_json::from_str(index).map_err(|e| UnusableIndex::Broken(e.to_string()))?;
    let row = |RowJson { key, version, partials, tool, listed, schema, shows, skill }: RowJson<'_>| {
        let slice = |part: &RawValue| json.slice_ref(part.get().as_bytes());
        let (listed, schema, skill) = (slice(listed), slice(schema), skill.map(slice));
        let summary = Summary { listed, schema, is_tool: tool, shows: shows.into(), skill };
        (key, IndexRow { version, partials, summary })
    };
    Ok(prompts.into_iter().map(row).collect())
}

/// The index of these prompts as it is stored; of the first ones, if all are too many.
pub(super) fn write(prefix: &str, objects: &[Object], rows: Vec<(usize, Partials, Summary)>) -> Vec<u8> {
    let mut index = Sealing::begin(prefix, FORMAT);
    index.push(r#"{"prompts":["#);
    let mut is_first = true;
    for (object, partials, summary) in rows {
        let Object { key, version, .. } = &objects[object];
        let (listed, schema) = (serde_json::from_slice(&summary.listed), serde_json::from_slice(&summary.schema));
        let (Ok(listed), Ok(schema)) = (listed, schema) else { continue };
        let row = RowJson {
            key: key.as_str().into(),
            version: version.as_str().into(),
            partials,
            tool: summary.is_tool,
            listed,
            schema,
            shows: summary.shows.to_vec().into(),
            skill: summary.skill.as_ref().and_then(|json| serde_json::from_slice(json).ok()),
        };
        if !index.push_element(&row, is_first) {
            break;
        }
        is_first = false;
    }
    index.push("]}");
    index.end()
}
