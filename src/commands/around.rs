//! A file outside of the folder that is served: its own folder is the root of its gallery, and only what it needs of that
//! folder is listed, which may be a home or a temporary folder with a great many files.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::task::spawn_blocking;

use check::address::Address;
use dotprompt::{EXTENSIONS, Named};
use dotprompt::{Partial, PromptFile, bounds};
use gallery::store::{DirStore, Object, PromptStore, StoreError};

/// The folder around some files: those in it, and those in the folders below it that the files lead to.
pub(super) struct Around {
    folder: DirStore,
    root: PathBuf,
    keys: BTreeSet<String>,
}

impl Around {
    pub(super) fn new(folder: DirStore, root: PathBuf, keys: BTreeSet<String>) -> Self {
        Self { folder, root, keys }
    }
}

#[async_trait]
impl PromptStore for Around {
    async fn list(&self) -> Result<Vec<Object>, StoreError> {
        let (root, keys) = (self.root.clone(), self.keys.clone());
        let folders = spawn_blocking(move || folders(&root, keys)).await;
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

/// The folders with what these files and their partials use, relative to the root; nothing where a template computes what it
/// shows, which may be in any folder.
fn folders(root: &Path, keys: BTreeSet<String>) -> Option<BTreeSet<PathBuf>> {
    let mut folders = BTreeSet::from([PathBuf::new()]);
    let mut seen: HashSet<String> = keys.iter().cloned().collect();
    let mut todo: Vec<String> = keys.into_iter().collect();
    while let Some(key) = todo.pop() {
        let Some((partials, shown)) = uses(&key, &root.join(&key)) else { continue };
        for url in shown {
            // Anything else is no file of the folder.
            if let Ok(Address::Path(path)) = Address::parse(&url?) {
                folders.extend(folder_of(path).map(Path::to_owned));
            }
        }
        for partial in partials {
            let Some(folder) = folder_of(&partial) else { continue };
            let (above, file) = partial.split_at(partial.rfind('/').map_or(0, |slash| slash + 1));
            let files = EXTENSIONS.map(|extension| format!("{above}_{file}{extension}"));
            if !files.iter().any(|key| root.join(key).is_file()) {
                // One folder down is where it may be meant to be.
                folders.extend(folders_in(root));
            }
            todo.extend(files.into_iter().filter(|key| seen.insert(key.clone())));
            folders.insert(folder.to_owned());
        }
    }
    Some(folders)
}

/// The names of the folders in a folder.
fn folders_in(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().into())
}

/// The partials that a file uses and the addresses of what it shows, each if it is written out.
fn uses(key: &str, path: &Path) -> Option<(Vec<String>, Vec<Option<String>>)> {
    let metadata = path.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > bounds::SOURCE {
        return None;
    }
    let source = fs::read(path).ok()?;
    let (partials, shown): (Vec<_>, _) = match Named::of(key)? {
        Named::Partial(_) => {
            let file = Partial::parse(key, &source).ok()?;
            (file.partials().map(str::to_owned).collect(), file.shown())
        }
        Named::Prompt(_) => {
            let file = PromptFile::parse(key, &source).ok()?;
            (file.partials().map(str::to_owned).collect(), file.shown())
        }
    };
    Some((partials, shown.into_iter().map(|shown| shown.url).collect()))
}

/// The folder of a path that stays below the root.
fn folder_of(path: &str) -> Option<&Path> {
    let folder = Path::new(path).parent()?;
    folder.components().all(|part| matches!(part, Component::Normal(_))).then_some(folder)
}
