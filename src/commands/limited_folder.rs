//! A file outside the served folder: its own folder becomes the gallery. That may be a home folder with a great many
//! files, so only the folders that the file needs are listed.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::task::spawn_blocking;

use check::address::Address;
use dotprompt::{EXTENSIONS, Named, Partial, PromptFile, bounds};
use store::{DirStore, Object, PromptStore, StoreError};

/// The root of a folder, and the folders below it that some files refer to.
pub(super) struct LimitedFolder {
    folder: DirStore,
    root: PathBuf,
    keys: BTreeSet<String>,
}

impl LimitedFolder {
    /// Opens the folder `root` for the files `keys`.
    pub(super) fn open(root: &Path, keys: BTreeSet<String>) -> io::Result<Self> {
        Ok(Self { folder: DirStore::open(root)?, root: root.to_owned(), keys })
    }
}

#[async_trait]
impl PromptStore for LimitedFolder {
    async fn list(&self) -> Result<Vec<Object>, StoreError> {
        let (root, keys) = (self.root.clone(), self.keys.clone());
        let folders = spawn_blocking(move || needed_folders(&root, keys)).await;
        match folders.map_err(|e| StoreError::Unavailable(e.to_string()))? {
            Some(folders) => self.folder.list_in(folders).await,
            None => self.folder.list().await,
        }
    }

    async fn get(&self, object: &Object) -> Result<Bytes, StoreError> {
        self.folder.get(object).await
    }

    fn retry_after(&self) -> Duration {
        self.folder.retry_after()
    }

    fn location(&self) -> String {
        self.folder.location()
    }
}

/// The folders, relative to the root, of the partials and media that these files use. `None` if a template computes an
/// address, which may be in any folder.
fn needed_folders(root: &Path, keys: BTreeSet<String>) -> Option<BTreeSet<PathBuf>> {
    let mut folders = BTreeSet::from([PathBuf::new()]);
    let mut seen: HashSet<String> = keys.iter().cloned().collect();
    let mut todo: Vec<String> = keys.into_iter().collect();
    while let Some(key) = todo.pop() {
        let Some(References { partials, media }) = read_references(&key, &root.join(&key)) else { continue };
        for url in media {
            if let Ok(Address::Path(path)) = Address::parse(&url?) {
                folders.extend(folder_below_root(path).map(Path::to_owned));
            }
        }
        for partial in partials {
            let Some(folder) = folder_below_root(&partial) else { continue };
            let (above, file) = partial.split_at(partial.rfind('/').map_or(0, |slash| slash + 1));
            let files = EXTENSIONS.map(|extension| format!("{above}_{file}{extension}"));
            if !files.iter().any(|key| root.join(key).is_file()) {
                // The hint for a missing partial names one that is a folder further down.
                folders.extend(subfolders(root));
            }
            todo.extend(files.into_iter().filter(|key| seen.insert(key.clone())));
            folders.insert(folder.to_owned());
        }
    }
    Some(folders)
}

fn subfolders(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().into())
}

/// The partials and media that a file uses.
pub(super) struct References {
    /// Names of partials.
    pub(super) partials: Vec<String>,
    /// Addresses of `{{media}}`; `None` for one that the template computes.
    media: Vec<Option<String>>,
}

impl References {
    /// `None` if the file has a key that is not a prompt's or a partial's, or cannot be parsed.
    pub(super) fn of(key: &str, source: &[u8]) -> Option<Self> {
        let (partials, media): (Vec<_>, _) = match Named::of(key)? {
            Named::Partial(_) => {
                let file = Partial::parse(key, source).ok()?;
                (file.partials().map(str::to_owned).collect(), file.template().media.clone())
            }
            Named::Prompt(_) => {
                let file = PromptFile::parse(key, source).ok()?;
                (file.partials().map(str::to_owned).collect(), file.template().media.clone())
            }
        };
        Some(Self { partials, media: media.into_iter().map(|media| media.url).collect() })
    }
}

fn read_references(key: &str, path: &Path) -> Option<References> {
    let metadata = path.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > bounds::SOURCE {
        return None;
    }
    References::of(key, &fs::read(path).ok()?)
}

/// The folder of a path, unless the path leaves the root.
fn folder_below_root(path: &str) -> Option<&Path> {
    let folder = Path::new(path).parent()?;
    folder.components().all(|part| matches!(part, Component::Normal(_))).then_some(folder)
}
