//! The JSON of the index:
//!
//! ```json
//! {"format":5,"program":"0.1.0","prefix":"prompts/","index":{
//!   "prompts":[{"key":"review.prompt","version":"…","partials":[["tone","…"]],"tool":true,
//!     "listed":{"name":"review",…},"schema":{"type":"object",…}}]},
//!  "digest":"SHA-256 of the value of `index`"}
//! ```

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::limits::MAX_INDEX_BYTES;
use crate::link::Partials;
use crate::summary::Summary;
use store::Object;

/// The number of this layout, and of the form in which prompts are listed.
const FORMAT: u32 = 5;
const PROGRAM: &str = env!("CARGO_PKG_VERSION");
/// Bytes reserved for the footer of the index.
const FOOTER_BYTES: usize = 100;

/// Why a stored index is not used.
pub(super) enum UnusableIndex {
    Broken(String),
    /// It is the index of the prompts below this other prefix.
    Foreign(String),
}

#[derive(Deserialize)]
struct StoredJson<'a> {
    format: u32,
    #[serde(borrow)]
    program: &'a str,
    prefix: Cow<'a, str>,
    #[serde(borrow)]
    digest: &'a str,
    #[serde(borrow)]
    index: &'a RawValue,
}

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
/// An index that is damaged, of another prefix, or of another version of this program.
pub(super) fn read(json: &Bytes, own_prefix: &str) -> Result<Vec<(Box<str>, IndexRow)>, UnusableIndex> {
    let broken = |why: String| UnusableIndex::Broken(why);
    if json.is_empty() {
        return Err(broken(format!("it is empty, or has more than {MAX_INDEX_BYTES} bytes")));
    }
    let text = std::str::from_utf8(json).map_err(|e| broken(e.to_string()))?;
    let stored: StoredJson<'_> = serde_json::from_str(text).map_err(|e| broken(e.to_string()))?;
    let StoredJson { format, program, prefix, digest, index } = stored;
    if (format, program) != (FORMAT, PROGRAM) {
        let why = format!("it is of format {format} and version {program}, not of {FORMAT} and {PROGRAM}");
        return Err(broken(why));
    }
    if prefix != own_prefix {
        return Err(UnusableIndex::Foreign(prefix.into_owned()));
    }
    if digest != self::digest(index.get().as_bytes()) {
        return Err(broken("its digest does not match its content".to_owned()));
    }
    let IndexJson { prompts } = serde_json::from_str(index.get()).map_err(|e| broken(e.to_string()))?;
    let row = |RowJson { key, version, partials, tool, listed, schema }: RowJson<'_>| {
        let slice = |part: &RawValue| json.slice_ref(part.get().as_bytes());
        let summary = Summary { listed: slice(listed), schema: slice(schema), is_tool: tool };
        (key, IndexRow { version, partials, summary })
    };
    Ok(prompts.into_iter().map(row).collect())
}

/// The index of these prompts as it is stored; of the first ones, if all are too many.
pub(super) fn write(prefix: &str, objects: &[Object], rows: Vec<(usize, Partials, Summary)>) -> Vec<u8> {
    fn put(to: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
        serde_json::to_writer(to, value).expect("an index serialises");
    }
    let mut json = format!(r#"{{"format":{FORMAT},"program":"{PROGRAM}","prefix":"#).into_bytes();
    put(&mut json, prefix);
    json.extend_from_slice(br#","index":"#);
    let start = json.len();
    json.extend_from_slice(br#"{"prompts":["#);
    let first = json.len();
    for (object, partials, summary) in rows {
        let Object { key, version, .. } = &objects[object];
        let (listed, schema) = (serde_json::from_slice(&summary.listed), serde_json::from_slice(&summary.schema));
        let (Ok(listed), Ok(schema)) = (listed, schema) else { continue };
        let before = json.len();
        if before > first {
            json.push(b',');
        }
        let (key, version) = (key.as_str().into(), version.as_str().into());
        put(&mut json, &RowJson { key, version, partials, tool: summary.is_tool, listed, schema });
        if json.len() > MAX_INDEX_BYTES - FOOTER_BYTES {
            json.truncate(before);
            break;
        }
    }
    json.extend_from_slice(b"]}");
    let digest = digest(&json[start..]);
    json.extend_from_slice(format!(r#","digest":"{digest}"}}"#).as_bytes());
    json
}

fn digest(json: &[u8]) -> String {
    Sha256::digest(json).iter().map(|byte| format!("{byte:02x}")).collect()
}
