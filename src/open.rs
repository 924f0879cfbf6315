//! Opens what the settings name.

use std::sync::Arc;
use std::time::Duration;

use gallery::config::{Config, Source};
use gallery::gallery::Gallery;
use gallery::store::PromptStore;

use crate::aws;
use crate::failure::Failure;

/// The store of `source`, once the credentials of a bucket are there.
///
/// # Errors
/// A folder that cannot be opened; AWS settings or credentials that do not work.
pub(crate) async fn store(source: &Source) -> Result<Arc<dyn PromptStore>, Failure> {
    let store = source.open(aws::connect).map_err(Failure::unable)?;
    store.ready().await.map_err(Failure::unable)?;
    Ok(store)
}

/// A gallery that lists its store once, so that the output of a command shows one moment.
pub(crate) fn gallery(store: Arc<dyn PromptStore>, config: &Config) -> Gallery {
    Gallery::new(store, Duration::MAX, config.page_size)
}
