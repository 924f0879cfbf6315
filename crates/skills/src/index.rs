//! The index of the skills: the digest of every file, and the front matter of every `SKILL.md`, or what is wrong with it, in one object
//! of the store:
//!
//! ```json
//! {"files":[["team/refunds/SKILL.md","version","sha256:…",612,640,{"name":"refunds",…}],
//!   ["team/refunds/rules.md","version","sha256:…",90,94,null],
//!   ["broken/SKILL.md","version","sha256:…",12,14,"broken/SKILL.md, line 1, column 1: …"]]}
//! ```
//!
//! The numbers are the size of the content, and the bytes that it takes in an answer of Lambda. A row counts only while the listing
//! has the same version of the file.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::shelf::{FrontMatter, KnownFile, Shelf};
use catalogue::{Sealing, UnusableIndex, open};
use store::ContentDigest;

/// The number of this layout.
const FORMAT: u32 = 2;

#[derive(Deserialize)]
struct IndexJson<'a> {
    #[serde(borrow)]
    files: Vec<RowJson<'a, &'a RawValue>>,
}

/// A row: key, version, SHA-256 as `sha256:{hex}`, size, bytes in an answer; of a `SKILL.md` its front matter, or its problem.
#[derive(Serialize, Deserialize)]
struct RowJson<'a, T>(T, T, Cow<'a, str>, u64, u64, #[serde(borrow)] Option<&'a RawValue>);

/// The rows of a stored index.
#[derive(Default)]
pub(crate) struct IndexRows {
    json: Bytes,
    rows: Vec<IndexRow>,
}

/// What the index says of one version of a file. The texts are where the index has them, in JSON: an index of many files is large.
struct IndexRow {
    key: Place,
    version: Place,
    digest: ContentDigest,
    front_matter: Option<Place>,
}

/// Start and end of a part of the index, which has less than 4 GiB.
#[derive(Clone, Copy)]
struct Place(u32, u32);

/// The rows of a stored index.
///
/// # Errors
/// As [`open`].
pub(crate) fn read(json: &Bytes, own_prefix: &str) -> Result<IndexRows, UnusableIndex> {
    let index = open(json, own_prefix, FORMAT)?;
    let IndexJson { files } = serde_json::from_str(index).map_err(|e| UnusableIndex::Broken(e.to_string()))?;
    let place = |part: &RawValue| {
        let start = part.get().as_ptr() as usize - json.as_ptr() as usize;
        Place(start as u32, (start + part.get().len()) as u32)
    };
    // Collecting would double the room again and again.
    let mut rows = Vec::with_capacity(files.len());
    for RowJson(key, version, sha256, size, answer_bytes, front_matter) in files {
        let sha256 = from_hex(&sha256).ok_or_else(|| UnusableIndex::Broken(format!("{key} has no SHA-256")))?;
        let digest = ContentDigest { sha256, size, answer_bytes };
        rows.push(IndexRow { key: place(key), version: place(version), digest, front_matter: front_matter.map(place) });
    }
    Ok(IndexRows { json: json.clone(), rows })
}

/// Adds the rows of an index to what a shelf knows.
pub(crate) fn add(index: IndexRows, shelf: &Shelf) {
    let IndexRows { json, rows } = index;
    let part = |Place(start, end): Place| &json[start as usize..end as usize];
    shelf.add(rows.into_iter().filter_map(|IndexRow { key, version, digest, front_matter }| {
        let text = |place| serde_json::from_slice::<String>(part(place)).ok();
        let front_matter = front_matter.and_then(|place| front_matter_of(part(place)));
        Some(KnownFile { key: text(key)?, version: text(version)?, digest, front_matter })
    }));
}

/// The index of a shelf as it is stored; of the first files, if all are too many.
pub(crate) fn write(prefix: &str, shelf: &Arc<Shelf>) -> Vec<u8> {
    let mut index = Sealing::begin(prefix, FORMAT);
    index.push(r#"{"files":["#);
    let mut is_first = true;
    shelf.for_each_known(|object, digest, front_matter| {
        let ContentDigest { size, answer_bytes, .. } = digest;
        let (key, version) = (object.key.as_str(), object.version.as_str());
        let problem = front_matter.and_then(|read| to_raw_value(&**read.as_ref().err()?).ok());
        let front_matter = front_matter.and_then(|read| read.as_deref().ok()).or(problem.as_deref());
        let row = RowJson(key, version, digest.sha256_text().into(), *size, *answer_bytes, front_matter);
        let has_room = index.push_element(&row, is_first);
        is_first = false;
        has_room
    });
    index.push("]}");
    index.end()
}

/// What a `SKILL.md` says.
fn front_matter_of(json: &[u8]) -> Option<FrontMatter> {
    if json.starts_with(b"\"") {
        return Some(Err(serde_json::from_slice::<String>(json).ok()?.into()));
    }
    Some(Ok(serde_json::from_slice::<Box<RawValue>>(json).ok()?.into()))
}

/// The bytes of `sha256:{hex}`.
fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.strip_prefix("sha256:")?, &mut bytes).ok()?;
    Some(bytes)
}
