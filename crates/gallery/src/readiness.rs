//! What a gallery serves, for those who watch it.

use std::time::Duration;

use crate::Gallery;

/// What the last listing of the store has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// How long ago the listing began.
    pub age: Duration,
    /// How many prompts there are, the broken ones included.
    pub prompts: usize,
    /// How many of them are broken or could not be read, as far as they were read.
    pub broken: usize,
}

impl Gallery {
    /// What is served now; `None` until there was a listing. Asks no store.
    #[must_use]
    pub fn readiness(&self) -> Option<Readiness> {
        let (catalogue, age) = (self.live.last()?, self.live.age()?);
        Some(Readiness { age, prompts: catalogue.entries.len(), broken: self.broken() })
    }
}
