//! What an index has around its rows: which format, program and prefix it is of, and a digest against damage.
//!
//! ```json
//! {"format":6,"program":"0.1.0","prefix":"prompts/","index":{…},"digest":"SHA-256 of the value of `index`"}
//! ```

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::limits::MAX_INDEX_BYTES;

const PROGRAM: &str = env!("CARGO_PKG_VERSION");
/// Bytes reserved for the digest.
const FOOTER_BYTES: usize = 100;

/// Why a stored index is not used.
pub enum UnusableIndex {
    /// It is damaged, or of another format.
    Broken(String),
    /// It is the index of the files below this other prefix.
    Foreign(String),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    format: u32,
    #[serde(borrow)]
    program: &'a str,
    prefix: Cow<'a, str>,
    #[serde(borrow)]
    digest: &'a str,
    #[serde(borrow)]
    index: &'a RawValue,
}

/// The value of `index` of a stored index of this format.
///
/// # Errors
/// An index that is damaged, of another prefix, or of another version of this program.
pub fn open<'a>(json: &'a Bytes, own_prefix: &str, own_format: u32) -> Result<&'a str, UnusableIndex> {
    let broken = |why: String| UnusableIndex::Broken(why);
    if json.is_empty() {
        return Err(broken(format!("it is empty, or has more than {MAX_INDEX_BYTES} bytes")));
    }
    let text = std::str::from_utf8(json).map_err(|e| broken(e.to_string()))?;
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|e| broken(e.to_string()))?;
    let Envelope { format, program, prefix, digest, index } = envelope;
    if (format, program) != (own_format, PROGRAM) {
        let why = format!("it is of format {format} and version {program}, not of {own_format} and {PROGRAM}");
        return Err(broken(why));
    }
    if prefix != own_prefix {
        return Err(UnusableIndex::Foreign(prefix.into_owned()));
    }
    if digest != self::digest(index.get().as_bytes()) {
        return Err(broken("its digest does not match its content".to_owned()));
    }
    Ok(index.get())
}

/// An index that is being written.
pub struct Sealing {
    json: Vec<u8>,
    start: usize,
}

impl Sealing {
    /// Begins an index of the files below a prefix.
    pub fn begin(prefix: &str, format: u32) -> Self {
        let mut json = format!(r#"{{"format":{format},"program":"{PROGRAM}","prefix":"#).into_bytes();
        serde_json::to_writer(&mut json, prefix).expect("a text serialises");
        json.extend_from_slice(br#","index":"#);
        let start = json.len();
        Self { json, start }
    }

    /// Adds JSON text.
    pub fn push(&mut self, text: &str) {
        self.json.extend_from_slice(text.as_bytes());
    }

    /// Adds an element of a list, after a comma unless it `is_first`. Returns whether there was room for it.
    pub fn push_element(&mut self, element: &impl Serialize, is_first: bool) -> bool {
        let before = self.json.len();
        if !is_first {
            self.json.push(b',');
        }
        serde_json::to_writer(&mut self.json, element).expect("an index serialises");
        let has_room = self.json.len() <= MAX_INDEX_BYTES - FOOTER_BYTES;
        if !has_room {
            self.json.truncate(before);
        }
        has_room
    }

    /// The index as it is stored.
    pub fn end(mut self) -> Vec<u8> {
        let digest = digest(&self.json[self.start..]);
        self.json.extend_from_slice(format!(r#","digest":"{digest}"}}"#).as_bytes());
        self.json
    }
}

fn digest(json: &[u8]) -> String {
    Sha256::digest(json).iter().map(|byte| format!("{byte:02x}")).collect()
}
