//! Opens what the settings name.

use std::sync::Arc;
use std::time::Duration;

use gallery::Gallery;
use server::config::{Config, Source};
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

/// The store of `source`. If it is a folder that the system can watch, it is watched, and returned as a folder too.
///
/// # Errors
/// As [`store`].
pub(crate) async fn watched(source: &Source) -> Result<(Arc<dyn PromptStore>, Option<DirStore>), Failure> {
    let Source::Dir(dir) = source else { return Ok((store(source).await?, None)) };
    let store = DirStore::open(dir).map_err(Failure::unable)?;
    let watched = store.watch(watch::start).inspect_err(|e| {
        tracing::info!(cause = %e, "the folder is not watched, and read at each request instead");
    });
    Ok((Arc::new(store.clone()), watched.is_ok().then_some(store)))
}

/// A gallery that lists its store once, so that the output of a command shows one moment.
pub(crate) fn gallery(store: Arc<dyn PromptStore>, config: &Config) -> Gallery {
    Gallery::new(store, Duration::MAX, config.page_size)
}
