//! Opens the stores that the settings name, and a gallery over them.

use std::io;
use std::sync::Arc;

use crate::config::{Config, SkillsSource, Source};
use dotprompt::bounds;
use gallery::Gallery;
use store::s3::Connect;
use store::{DirStore, PromptStore, S3Store};

/// The stores of one gallery.
pub struct Stores {
    /// The prompts.
    pub prompts: Arc<dyn PromptStore>,
    /// The skills, if there are any.
    pub skills: Option<Arc<dyn PromptStore>>,
}

impl Stores {
    /// Opens the stores. `connect` makes the client of a bucket, which is not contacted yet.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn open(config: &Config, connect: Connect) -> io::Result<Self> {
        let prompts = match &config.source {
            Source::Dir(_) => config.source.open(connect)?,
            Source::S3 { bucket, prefix, index_key, options } => {
                let prompts = S3Store::connecting(bucket, prefix, *options, connect);
                let prompts = if let Some(key) = index_key { prompts.with_index(key) } else { prompts };
                let skills = config.skills.as_ref().and_then(|skills| match skills {
                    SkillsSource::Prefix { prefix, index_key } => Some(prompts.sibling(prefix, index_key.as_deref())),
                    SkillsSource::Dir(_) => None,
                });
                let skills = skills.map(|skills| Arc::new(skills) as Arc<dyn PromptStore>);
                return Ok(Self { prompts: Arc::new(prompts), skills });
            }
        };
        let skills = match &config.skills {
            Some(SkillsSource::Dir(dir)) => Some(Arc::new(DirStore::open(dir)?) as Arc<dyn PromptStore>),
            _ => None,
        };
        Ok(Self { prompts, skills })
    }

    /// The gallery over these stores.
    #[must_use]
    pub fn gallery(self, config: &Config) -> Gallery {
        let gallery = Gallery::new(self.prompts, config.freshness(), config.page_size);
        let gallery = if config.prompt_tools { gallery } else { gallery.without_prompt_tools() };
        let gallery = if config.page_source { gallery.with_source() } else { gallery };
        let max_answer_bytes = config.on_lambda.then_some(bounds::ANSWER as u64);
        match self.skills {
            Some(skills) => gallery.with_skills(skills, max_answer_bytes),
            None => gallery,
        }
    }
}
