//! The index: what `prompts/list` needs of each prompt, kept in one object beside the prompts, so that a server that starts
//! need not read all of them.
//!
//! It is no source of truth. What it says of a prompt counts only while the listing has that very version of the file and
//! of every partial that the prompt names; the rest is read. An index that is not whole, of another format or another
//! version of this program is as good as none. So it may cost time and never changes an answer; what it takes is that
//! nobody forges an index on purpose, digest and all, which in the template's bucket no one but the function can write.
//!
//! ```json
//! {"format":3,"program":"0.1.0","prefix":"prompts/","index":{
//!   "prompts":[{"key":"review.prompt","version":"…","partials":[["tone","…"]],"listed":{"name":"review",…}}]},
//!  "digest":"SHA-256 of the value of `index`"}
//! ```

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use once_cell::sync::OnceCell;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::catalogue::{Catalogue, Entry};
use super::files::{PartialVersion, Partials};
use crate::store::{Object, PromptStore, StoreError, Written, spawn_counted};

/// Of this layout, and of the form in which prompts are listed.
const FORMAT: u32 = 3;
const PROGRAM: &str = env!("CARGO_PKG_VERSION");
/// How many prompts that the stored index lacks are read before the index is written anew.
const UNSAVED_PROMPTS: usize = 16;
/// How long after it could not be read or written it is not tried again.
const RETRY_AFTER: Duration = Duration::from_secs(60);
/// Bytes reserved for the footer of the index.
const FOOTER_BYTES: usize = 100;
/// The largest index that is read or written, in bytes: about 100,000 prompts.
pub(crate) const LARGEST: usize = 64 * 1024 * 1024;

/// What is known of how prompts are listed.
pub(super) struct Index {
    store: Arc<dyn PromptStore>,
    /// The one reading of the stored index, which goes on when nobody waits for it any more.
    reading: OnceCell<Shared<BoxFuture<'static, ()>>>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    prompts: HashMap<Box<str>, Listed>,
    /// What the stored index is known to be.
    stored: Stored,
    /// How many prompts have been read that it lacks.
    unsaved: usize,
    /// When it could not be read or written last.
    failed: Option<Instant>,
}

/// What stands in the place of the index.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum Stored {
    #[default]
    Nothing,
    Version(String),
    /// Someone else wrote it since it was read.
    Changed,
    /// It may not be written, or is another gallery's, and is left alone.
    OutOfReach,
}

/// How one version of a prompt is listed.
struct Listed {
    version: Box<str>,
    partials: Partials,
    /// Its JSON in `prompts/list`.
    json: Bytes,
}

/// Why a stored index is not used.
enum Unusable {
    Broken(String),
    /// It is that of the prompts below another prefix.
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

#[derive(Deserialize)]
struct Contents<'a> {
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

impl Listed {
    /// Whether it is listed under this name, which other files can change.
    fn has_name(&self, name: &str) -> bool {
        let after = self.json.strip_prefix(br#"{"name":""#).and_then(|json| json.strip_prefix(name.as_bytes()));
        after.is_some_and(|json| json.starts_with(b"\""))
    }
}

impl Index {
    pub(super) fn new(store: Arc<dyn PromptStore>) -> Arc<Self> {
        Arc::new(Self { store, reading: OnceCell::new(), known: Mutex::default() })
    }

    /// Waits until the stored index has been read, or is known not to be of use. Needs a Tokio runtime.
    pub(super) async fn ready(self: &Arc<Self>) {
        if self.store.index().is_none() {
            return;
        }
        let read = || {
            let index = Arc::clone(self);
            spawn_counted(async move { index.read().await }).map(drop).boxed().shared()
        };
        self.reading.get_or_init(read).clone().await;
    }

    /// How a prompt of a catalogue is listed, if that is known.
    pub(super) fn listed(&self, catalogue: &Catalogue, entry: &Entry) -> Option<Bytes> {
        self.known().listed(catalogue, entry).map(|listed| listed.json.clone())
    }

    /// Remembers how a prompt is listed that has been read.
    pub(super) fn learn(&self, object: &Object, partials: &Partials, json: Bytes) {
        // Of no use to the next listing otherwise.
        if !object.is_lasting() || !partials.are_lasting() {
            return;
        }
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
    ///
    /// That goes on when nobody waits for it any more.
    pub(super) async fn save(self: &Arc<Self>, catalogue: &Arc<Catalogue>, is_amid: bool) {
        let unsaved = {
            let mut known = self.known();
            let is_worth_it = known.unsaved > UNSAVED_PROMPTS && (!is_amid || known.unsaved * 2 >= known.prompts.len());
            let has_failed = known.failed.is_some_and(|failed| failed.elapsed() < RETRY_AFTER);
            if !is_worth_it || has_failed || matches!(known.stored, Stored::OutOfReach) || self.store.index().is_none()
            {
                return;
            }
            // Whoever comes next has this one's work done for it.
            std::mem::take(&mut known.unsaved)
        };
        let (index, catalogue) = (Arc::clone(self), Arc::clone(catalogue));
        let _ = spawn_counted(async move { index.write(catalogue, unsaved).await }).await;
    }

    async fn write(&self, catalogue: Arc<Catalogue>, unsaved: usize) {
        let Some(store) = self.store.index() else { return };
        if matches!(self.known().stored, Stored::Changed) {
            self.read().await;
        }
        let (rows, replaces) = {
            let known = self.known();
            let replaces = match &known.stored {
                Stored::Version(version) => Some(version.clone()),
                Stored::Nothing => None,
                Stored::Changed | Stored::OutOfReach => return,
            };
            (known.rows(&catalogue), replaces)
        };
        let prefix = store.prefix().to_owned();
        // A thread of its own, as it may take a second.
        let json = tokio::task::spawn_blocking(move || json(&prefix, &catalogue.objects, rows)).await;
        let Ok(json) = json else { return };
        let written = store.write(json.into(), replaces.as_deref()).await;
        if written.as_ref().is_ok_and(|written| *written == Written::Refused) {
            self.read().await;
            let mut known = self.known();
            // What stands there is what was to be replaced: some servers refuse each conditional write.
            if known.stored == replaces.map_or(Stored::Nothing, Stored::Version) {
                let why = "the store refuses a conditional write although the condition holds";
                tracing::warn!(index = store.location(), why, "the index is not kept");
                known.stored = Stored::OutOfReach;
            }
            return;
        }
        let mut known = self.known();
        known.failed = None;
        known.stored = match written {
            Ok(Written::As(version)) => Stored::Version(version),
            Ok(Written::Refused | Written::Unclear) => Stored::Changed,
            Err(e) => {
                tracing::warn!(index = store.location(), cause = %e, "the index cannot be written");
                known.unsaved += unsaved;
                known.failed = Some(Instant::now());
                if matches!(e, StoreError::Unavailable(_)) { Stored::Changed } else { Stored::OutOfReach }
            }
        };
    }

    /// Reads the stored index, and takes from it what is not known.
    async fn read(&self) {
        let Some(store) = self.store.index() else { return };
        let read = match store.read(LARGEST).await {
            Ok(Some((json, version))) => {
                let prefix = store.prefix().to_owned();
                // A thread of its own, as it may take a second, in which the listing goes on.
                let parsed = tokio::task::spawn_blocking(move || parse(&json, &prefix)).await;
                Ok(Some((parsed.unwrap_or_else(|e| Err(Unusable::Broken(e.to_string()))), version)))
            }
            Ok(None) => Ok(None),
            Err(e) => Err(e),
        };
        let mut known = self.known();
        known.stored = match read {
            Ok(None) => Stored::Nothing,
            Ok(Some((parsed, version))) => match parsed.map(|prompts| known.take_in(prompts)) {
                _ if version.is_empty() => {
                    let why = "the store gives it no ETag, without which it cannot be replaced safely";
                    tracing::warn!(index = store.location(), why, "the index is not kept");
                    Stored::OutOfReach
                }
                Ok(()) => Stored::Version(version),
                Err(Unusable::Broken(why)) => {
                    tracing::warn!(index = store.location(), why, "the index is not used, and will be written anew");
                    Stored::Version(version)
                }
                Err(Unusable::Foreign(prefix)) => {
                    let why = format!("it is that of the prompts below `{prefix}`: INDEX_KEY takes another key");
                    tracing::warn!(index = store.location(), why, "the index is not used");
                    Stored::OutOfReach
                }
            },
            // S3 may say so of an object that is not there: writing will tell.
            Err(StoreError::Denied(_)) => Stored::Nothing,
            Err(e) => {
                tracing::warn!(index = store.location(), cause = %e, "the index cannot be read");
                known.failed = Some(Instant::now());
                if matches!(e, StoreError::Refused(_)) { Stored::OutOfReach } else { Stored::Changed }
            }
        };
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// What is known of the version of a file that a catalogue has, if its name and partials are the catalogue's too.
    fn listed(&self, catalogue: &Catalogue, entry: &Entry) -> Option<&Listed> {
        let object = catalogue.object(entry);
        let listed = self.prompts.get(object.key.as_str())?;
        let is_current = *listed.version == *object.version && listed.has_name(&entry.name);
        (is_current && listed.partials.are_of(catalogue)).then_some(listed)
    }

    /// Takes from a stored index what is not known.
    fn take_in(&mut self, prompts: Vec<(Box<str>, Listed)>) {
        self.prompts.reserve(prompts.len());
        for (key, listed) in prompts {
            self.prompts.entry(key).or_insert(listed);
        }
    }

    /// What is known of the prompts of a catalogue, by the index of the object: cheap to take, to be written once the lock
    /// is gone.
    fn rows(&self, catalogue: &Catalogue) -> Vec<(usize, Partials, Bytes)> {
        let row = |entry: &Entry| {
            let listed = self.listed(catalogue, entry)?;
            Some((entry.object, listed.partials.clone(), listed.json.clone()))
        };
        catalogue.entries.iter().filter_map(row).collect()
    }
}

/// How prompts are listed, by key, as a stored index has it.
fn parse(json: &Bytes, own_prefix: &str) -> Result<Vec<(Box<str>, Listed)>, Unusable> {
    let broken = |why: String| Unusable::Broken(why);
    if json.is_empty() {
        return Err(broken(format!("it is empty, or has more than {LARGEST} bytes")));
    }
    let text = std::str::from_utf8(json).map_err(|e| broken(e.to_string()))?;
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|e| broken(e.to_string()))?;
    let Envelope { format, program, prefix, digest, index } = envelope;
    if (format, program) != (FORMAT, PROGRAM) {
        let why = format!("it is of format {format} and version {program}, not of {FORMAT} and {PROGRAM}");
        return Err(broken(why));
    }
    if prefix != own_prefix {
        return Err(Unusable::Foreign(prefix.into_owned()));
    }
    if digest != self::digest(index.get().as_bytes()) {
        return Err(broken("its digest is not that of what it holds".to_owned()));
    }
    let Contents { prompts } = serde_json::from_str(index.get()).map_err(|e| broken(e.to_string()))?;
    let listed = |Row { key, version, partials, listed }: Row<'_>| {
        let json = json.slice_ref(listed.get().as_bytes());
        (key, Listed { version, partials: partials.into(), json })
    };
    Ok(prompts.into_iter().map(listed).collect())
}

/// The index of these prompts as it is stored; of the first ones, if it is too much.
fn json(prefix: &str, objects: &[Object], rows: Vec<(usize, Partials, Bytes)>) -> Vec<u8> {
    fn put(to: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
        serde_json::to_writer(to, value).expect("an index serialises");
    }
    let mut json = format!(r#"{{"format":{FORMAT},"program":"{PROGRAM}","prefix":"#).into_bytes();
    put(&mut json, prefix);
    json.extend_from_slice(br#","index":"#);
    let start = json.len();
    json.extend_from_slice(br#"{"prompts":["#);
    let first = json.len();
    for (object, partials, listed) in rows {
        let Object { key, version, .. } = &objects[object];
        let Ok(listed) = serde_json::from_slice(&listed) else { continue };
        let before = json.len();
        if before > first {
            json.push(b',');
        }
        let (key, version, partials) = (key.as_str().into(), version.as_str().into(), partials.as_slice().to_vec());
        put(&mut json, &Row { key, version, partials, listed });
        if json.len() > LARGEST - FOOTER_BYTES {
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
