//! The index: what `prompts/list` needs of each prompt, kept in one object beside the prompts, so that a server that starts
//! need not read all of them.
//!
//! It is no source of truth. What it says of a prompt counts only while the listing has that very version of the file and
//! of every partial that the prompt names; the rest is read. An index that is not whole, of another format or another
//! version of this program is as good as none. So it may cost time and never changes an answer; what it takes is that
//! nobody forges an index on purpose, digest and all, which in the template's bucket no one but the function can write.
//!
//! ```json
//! {"format":1,"program":"0.1.0","digest":"SHA-256 of the value of `index`","index":{
//!   "landmarks":["every thousandth key"],
//!   "prompts":[{"key":"review.prompt","version":"…","partials":[["tone","…"]],"listed":{"name":"review",…}}]}}
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::catalogue::{Catalogue, Entry};
use super::files::{PartialVersion, Partials};
use crate::store::{IndexStore, Object, PromptStore, StoreError, Written};

/// Of this layout, and of the form in which prompts are listed.
const FORMAT: u32 = 1;
const PROGRAM: &str = env!("CARGO_PKG_VERSION");
/// How many prompts may have been read that the stored index lacks, before it is written anew.
const FEW: usize = 16;
/// S3 lists so many keys at a time: one request for each landmark.
const BETWEEN_LANDMARKS: usize = 1000;
/// How many landmarks are followed, and with them how many requests a wrong index can cause.
const LANDMARKS: usize = 1000;
/// About what an entry takes in the index beside its key and its JSON, in bytes; partials come in addition.
const ROW: usize = 128;
/// The largest index that is read or written, in bytes: about 100,000 prompts.
pub(crate) const LARGEST: usize = 64 * 1024 * 1024;

/// What is known of how prompts are listed.
pub(super) struct Index {
    store: Arc<dyn PromptStore>,
    /// The one reading of the stored index.
    reading: OnceCell<()>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    prompts: HashMap<Box<str>, Listed>,
    landmarks: Vec<String>,
    /// What the stored index is known to be.
    stored: Stored,
    /// How many prompts have been read that it lacks.
    unsaved: usize,
}

/// What stands in the place of the index.
#[derive(Default, Clone)]
enum Stored {
    #[default]
    Nothing,
    Version(String),
    /// Someone else wrote it since it was read.
    Changed,
    /// It may not be written, and is left alone.
    OutOfReach,
}

/// How one version of a prompt is listed.
struct Listed {
    version: Box<str>,
    partials: Partials,
    /// Its JSON in `prompts/list`.
    json: Bytes,
}

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    format: u32,
    #[serde(borrow)]
    program: &'a str,
    #[serde(borrow)]
    digest: &'a str,
    #[serde(borrow)]
    index: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
struct Contents<'a> {
    landmarks: Vec<String>,
    #[serde(borrow)]
    prompts: Vec<Row<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Row<'a> {
    key: Box<str>,
    version: Box<str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    partials: Vec<PartialVersion>,
    #[serde(borrow)]
    listed: &'a RawValue,
}

impl Index {
    pub(super) fn new(store: Arc<dyn PromptStore>) -> Self {
        Self { store, reading: OnceCell::new(), known: Mutex::default() }
    }

    /// Waits until the stored index has been read, or is known not to be of use.
    pub(super) async fn ready(&self) {
        if let Some(store) = self.store.index() {
            self.reading.get_or_init(|| self.read(store)).await;
        }
    }

    /// Some keys in their order, with about as many between them as S3 lists at a time.
    pub(super) async fn landmarks(&self) -> Vec<String> {
        self.ready().await;
        self.known().landmarks.clone()
    }

    /// How a prompt of a catalogue is listed, if that is known.
    pub(super) fn listed(&self, catalogue: &Catalogue, entry: &Entry) -> Option<Bytes> {
        self.known().listed(catalogue, catalogue.object(entry)).map(|listed| listed.json.clone())
    }

    /// Remembers how a prompt is listed that has been read.
    pub(super) fn learn(&self, object: &Object, partials: &Partials, json: Bytes) {
        let mut known = self.known();
        known.unsaved += 1;
        let listed = Listed { version: object.version.as_str().into(), partials: partials.clone(), json };
        known.prompts.insert(object.key.as_str().into(), listed);
    }

    /// Forgets prompts that are no more.
    pub(super) fn forget_all_but(&self, catalogue: &Catalogue) {
        self.known().prompts.retain(|key, _| catalogue.has(key));
    }

    /// Writes the index, if more than a few prompts had to be read for want of it, and in the midst of a walk over many
    /// pages only if they are as many as it has: what a walk writes is then at most twice the index. Where another server
    /// was first, its index stays.
    pub(super) async fn save(&self, catalogue: &Catalogue, is_amid: bool) {
        let Some(store) = self.store.index() else { return };
        let stored = {
            let mut known = self.known();
            let is_worth_it = known.unsaved > FEW && (!is_amid || known.unsaved * 2 >= known.prompts.len());
            if !is_worth_it || matches!(known.stored, Stored::OutOfReach) {
                return;
            }
            // Whoever comes next has this one's work done for it.
            known.unsaved = 0;
            known.stored.clone()
        };
        if matches!(stored, Stored::Changed) {
            self.read(store).await;
        }
        let (json, replaces) = {
            let known = self.known();
            let replaces = match &known.stored {
                Stored::Version(version) => Some(version.clone()),
                Stored::Nothing => None,
                Stored::Changed | Stored::OutOfReach => return,
            };
            (known.json(catalogue), replaces)
        };
        let written = store.write(json.into(), replaces.as_deref()).await;
        self.known().stored = match written {
            Ok(Written::As(version)) => Stored::Version(version),
            Ok(Written::NotWritten) => Stored::Changed,
            Err(e) => {
                tracing::warn!(index = store.location(), cause = %e, "the index cannot be written");
                if matches!(e, StoreError::Unavailable(_)) { Stored::Changed } else { Stored::OutOfReach }
            }
        };
    }

    /// Reads the stored index, and takes from it what is not known.
    async fn read(&self, store: &dyn IndexStore) {
        let read = store.read(LARGEST).await;
        let mut known = self.known();
        known.stored = match read {
            Ok(None) => Stored::Nothing,
            Ok(Some((json, version))) => {
                if let Err(why) = known.take_in(&json) {
                    tracing::warn!(index = store.location(), why, "the index is not used, and will be written anew");
                }
                Stored::Version(version)
            }
            // S3 may say so of an object that is not there: writing will tell.
            Err(StoreError::Denied(_)) => Stored::Nothing,
            Err(e) => {
                tracing::warn!(index = store.location(), cause = %e, "the index cannot be read");
                Stored::Changed
            }
        };
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// What is known of the version of a file that a catalogue has, if its partials are the catalogue's too.
    fn listed(&self, catalogue: &Catalogue, object: &Object) -> Option<&Listed> {
        let listed = self.prompts.get(object.key.as_str())?;
        (*listed.version == *object.version && listed.partials.are_of(catalogue)).then_some(listed)
    }

    fn take_in(&mut self, json: &Bytes) -> Result<(), String> {
        let text = std::str::from_utf8(json).map_err(|e| e.to_string())?;
        let Envelope { format, program, digest, index } = serde_json::from_str(text).map_err(|e| e.to_string())?;
        if (format, program) != (FORMAT, PROGRAM) {
            return Err(format!("it is of format {format} and version {program}, not of {FORMAT} and {PROGRAM}"));
        }
        if digest != self::digest(index.get()) {
            return Err("its digest is not that of what it holds".to_owned());
        }
        let Contents { mut landmarks, prompts } = serde_json::from_str(index.get()).map_err(|e| e.to_string())?;
        landmarks.dedup();
        landmarks.truncate(LANDMARKS);
        if !landmarks.is_sorted() {
            return Err("its landmarks are not in order".to_owned());
        }
        self.landmarks = landmarks;
        self.prompts.reserve(prompts.len());
        for Row { key, version, partials, listed } in prompts {
            let json = json.slice_ref(listed.get().as_bytes());
            let listed = Listed { version, partials: partials.into(), json };
            self.prompts.entry(key).or_insert(listed);
        }
        Ok(())
    }

    /// What is known of the prompts of a catalogue, as it is stored; of the first ones, if it is too much.
    fn json(&self, catalogue: &Catalogue) -> String {
        let mut size = 0;
        let rows = catalogue.entries.iter().filter_map(|entry| {
            let object = catalogue.object(entry);
            let listed = self.listed(catalogue, object)?;
            size += listed.json.len() + object.key.len() + ROW;
            (size < LARGEST).then_some(())?;
            Some(Row {
                key: object.key.as_str().into(),
                version: object.version.as_str().into(),
                partials: listed.partials.as_slice().to_vec(),
                listed: serde_json::from_slice(&listed.json).ok()?,
            })
        });
        let contents = Contents { landmarks: landmarks(&catalogue.objects), prompts: rows.collect() };
        let index = serde_json::value::to_raw_value(&contents).expect("an index serialises");
        let digest = digest(index.get());
        let envelope = Envelope { format: FORMAT, program: PROGRAM, digest: &digest, index: &index };
        serde_json::to_string(&envelope).expect("an index serialises")
    }
}

/// Every thousandth key of a listing, but for the last one.
pub(super) fn landmarks(objects: &[Object]) -> Vec<String> {
    let step = BETWEEN_LANDMARKS.max(objects.len().div_ceil(LANDMARKS));
    let last = objects.len().saturating_sub(1);
    objects[..last].iter().skip(step - 1).step_by(step).map(|object| object.key.clone()).collect()
}

fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
