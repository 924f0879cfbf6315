//! Goes on reading the files that lists had to leave out, after the lists were answered.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures_util::{StreamExt, stream};

use crate::limits::{FIRST_READ_PAUSE, MAX_READ_PAUSE, READ_ON_AT_ONCE};
use crate::row::summary_of;
use catalogue::{Catalogue, LiveCatalogue, jittered};
use store::StoreError;

/// The files that are being read, if there are some.
#[derive(Default)]
pub(crate) struct ReadingOn(Arc<Mutex<Missing>>);

/// Prompts that lists lack.
#[derive(Default)]
struct Missing {
    /// The catalogue that has them; none while no task reads.
    of: Weak<Catalogue>,
    /// Their places in it.
    places: BTreeSet<usize>,
}

impl ReadingOn {
    /// Reads the prompts of a catalogue at these places, in a task of its own, until each is read or the catalogue is replaced. The
    /// pauses grow while the store fails. One task reads those of all lists.
    pub(crate) fn begin(&self, live: &LiveCatalogue, catalogue: &Arc<Catalogue>, unread: Vec<usize>) {
        let of = Arc::downgrade(catalogue);
        {
            let mut missing = lock(&self.0);
            if missing.of.ptr_eq(&of) {
                missing.places.extend(unread);
                return;
            }
            *missing = Missing { of: of.clone(), places: unread.into_iter().collect() };
        }
        tracing::warn!(store = live.store.location(), "a list is incomplete: the store does not return all files");
        let (reading, files, index) = (Arc::clone(&self.0), Arc::clone(&live.files), Arc::clone(&live.index));
        let clock = Arc::clone(&live.freshness.clock);
        tokio::spawn(async move {
            let end = End { reading, of };
            let mut pause = FIRST_READ_PAUSE;
            // Between the rounds, nothing keeps a catalogue that is replaced.
            while let Some((catalogue, places)) = end.missing() {
                let reads = places.iter().map(|place| {
                    let (files, index, catalogue) = (&files, &index, &catalogue);
                    async move {
                        let read = summary_of(files, index, catalogue, &catalogue.entries[*place], false).await;
                        let is_unread = read.is_err_and(|unread| matches!(unread.error, StoreError::Unavailable(_)));
                        (!is_unread).then_some(*place)
                    }
                });
                let reads: Vec<_> = reads.collect();
                let done: Vec<usize> = stream::iter(reads)
                    .buffer_unordered(READ_ON_AT_ONCE)
                    .filter_map(async |place| place)
                    .collect()
                    .await;
                drop(catalogue);
                if end.are_all(&done) {
                    break;
                }
                clock.sleep_until(clock.now() + jittered(pause)).await;
                pause = (pause * 2).min(MAX_READ_PAUSE);
            }
        });
    }
}

/// Marks that the reading has ended, also by a panic.
struct End {
    reading: Arc<Mutex<Missing>>,
    of: Weak<Catalogue>,
}

impl End {
    /// What is to be read; `None` once the catalogue is replaced.
    fn missing(&self) -> Option<(Arc<Catalogue>, Vec<usize>)> {
        let missing = lock(&self.reading);
        let catalogue = self.of.upgrade().filter(|_| missing.of.ptr_eq(&self.of))?;
        Some((catalogue, missing.places.iter().copied().collect()))
    }

    /// Whether nothing is missing any more, now that these were read.
    fn are_all(&self, done: &[usize]) -> bool {
        let mut missing = lock(&self.reading);
        if !missing.of.ptr_eq(&self.of) {
            return true;
        }
        missing.places.retain(|place| !done.contains(place));
        if missing.places.is_empty() {
            // At once, so that a list that is answered now begins another task.
            *missing = Missing::default();
        }
        missing.places.is_empty()
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let mut missing = lock(&self.reading);
        if missing.of.ptr_eq(&self.of) {
            *missing = Missing::default();
        }
    }
}

fn lock(reading: &Mutex<Missing>) -> MutexGuard<'_, Missing> {
    reading.lock().unwrap_or_else(PoisonError::into_inner)
}
