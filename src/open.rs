//! Opens what the settings name.

use std::future::pending;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gallery::Gallery;
use server::config::{Config, SkillsSource, Source};
use server::open::Stores;
use store::{DirStore, PromptStore};

use crate::failure::Failure;
use crate::{aws, watch};

/// The store of `source`, once the credentials of a bucket are there.
///
/// # Errors
/// A folder that cannot be opened; AWS settings or credentials that do not work.
pub(crate) async fn store(source: &Source) -> Result<Arc<dyn PromptStore>, Failure> {
    let store = source.open(aws::connect).map_err(Failure::unable)?;
    store.ready().await.map_err(Failure::unable)?;
    Ok(store)
}

/// The folders that the system watches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folders {
    /// That of the prompts.
    pub(crate) prompts: Option<DirStore>,
    /// That of the skills.
    pub(crate) skills: Option<DirStore>,
}

impl Folders {
    /// Waits until a watched folder has changed, and is quiet again; forever if none is watched.
    pub(crate) async fn changed(&self) {
        let changed = |folder: &Option<DirStore>| {
            let folder = folder.clone();
            async move {
                match folder {
                    Some(folder) => watch::changed(&folder).await,
                    None => pending().await,
                }
            }
        };
        tokio::select! {
            () = changed(&self.prompts) => {}
            () = changed(&self.skills) => {}
        }
    }
}

/// The gallery of the settings. Folders that the system can watch are watched.
///
/// # Errors
/// A folder that cannot be opened; AWS settings or credentials that do not work.
pub(crate) async fn watched(config: &Config) -> Result<(Arc<Gallery>, Folders), Failure> {
    let Source::Dir(dir) = &config.source else {
        let stores = Stores::open(config, aws::connect).map_err(Failure::unable)?;
        stores.prompts.ready().await.map_err(Failure::unable)?;
        return Ok((Arc::new(stores.gallery(config).with_check()), Folders::default()));
    };
    type Opened = (Arc<dyn PromptStore>, Option<DirStore>);
    let open = |dir: &Path| -> Result<Opened, Failure> {
        let store = DirStore::open(dir).map_err(Failure::unable)?;
        let watched = store.watch(watch::start).inspect_err(|e| {
            let folder = dir.display();
            tracing::info!(%folder, cause = %e, "the folder is not watched, and read at each request instead");
        });
        let watched = watched.is_ok().then(|| store.clone());
        Ok((Arc::new(store), watched))
    };
    let (prompts, watched_prompts) = open(dir)?;
    let (skills, watched_skills) = match &config.skills {
        Some(SkillsSource::Dir(dir)) => open(dir).map(|(store, watched)| (Some(store), watched))?,
        _ => (None, None),
    };
    let gallery = Stores { prompts, skills }.gallery(config).with_check();
    Ok((Arc::new(gallery), Folders { prompts: watched_prompts, skills: watched_skills }))
}

/// A gallery that lists its store once, so that the output of a command shows one moment.
pub(crate) fn gallery(store: Arc<dyn PromptStore>, config: &Config) -> Gallery {
    Gallery::new(store, Duration::MAX, config.page_size)
}
