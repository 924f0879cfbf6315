//! Goes on reading the files that a list had to leave out, after the list was answered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures_util::{StreamExt, stream};

use crate::limits::{FIRST_READ_PAUSE, MAX_READ_PAUSE, READ_ON_AT_ONCE};
use crate::row::summary_of;
use catalogue::{Catalogue, LiveCatalogue};
use store::StoreError;

/// The catalogue whose files are being read, if there is one.
#[derive(Default)]
pub(crate) struct ReadingOn(Arc<Mutex<Weak<Catalogue>>>);

impl ReadingOn {
    /// Reads the prompts of a catalogue at these places, in a task of its own, until each is read or the catalogue is replaced. The
    /// pauses grow while the store fails. One list at a time is read on: another call of it begins with those that are missing then.
    pub(crate) fn begin(&self, live: &LiveCatalogue, catalogue: &Arc<Catalogue>, mut unread: Vec<usize>) {
        let of = Arc::downgrade(catalogue);
        if std::mem::replace(&mut *lock(&self.0), of.clone()).ptr_eq(&of) {
            return;
        }
        tracing::warn!(store = live.store.location(), "a list is incomplete: the store does not return all files");
        let (reading, files, index) = (Arc::clone(&self.0), Arc::clone(&live.files), Arc::clone(&live.index));
        let clock = Arc::clone(&live.freshness.clock);
        tokio::spawn(async move {
            let _end = End { reading: Arc::clone(&reading), of: of.clone() };
            let mut pause = FIRST_READ_PAUSE;
            // Between the rounds, nothing keeps a catalogue that is replaced.
            while let Some(catalogue) = of.upgrade().filter(|_| lock(&reading).ptr_eq(&of)) {
                let reads = unread.iter().map(|place| {
                    let (files, index, catalogue) = (&files, &index, &catalogue);
                    async move {
                        let read = summary_of(files, index, catalogue, &catalogue.entries[*place], false).await;
                        let is_unread = read.is_err_and(|unread| matches!(unread.error, StoreError::Unavailable(_)));
                        is_unread.then_some(*place)
                    }
                });
                let reads: Vec<_> = reads.collect();
                unread = stream::iter(reads)
                    .buffer_unordered(READ_ON_AT_ONCE)
                    .filter_map(async |place| place)
                    .collect()
                    .await;
                drop(catalogue);
                if unread.is_empty() {
                    break;
                }
                clock.sleep_until(clock.now() + pause).await;
                pause = (pause * 2).min(MAX_READ_PAUSE);
            }
        });
    }
}

/// Marks that the reading has ended, also by a panic.
struct End {
    reading: Arc<Mutex<Weak<Catalogue>>>,
    of: Weak<Catalogue>,
}

impl Drop for End {
    fn drop(&mut self) {
        let mut reading = lock(&self.reading);
        if reading.ptr_eq(&self.of) {
            *reading = Weak::new();
        }
    }
}

fn lock(reading: &Mutex<Weak<Catalogue>>) -> MutexGuard<'_, Weak<Catalogue>> {
    reading.lock().unwrap_or_else(PoisonError::into_inner)
}
