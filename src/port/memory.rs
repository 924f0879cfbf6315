//! The memory for requests, and that for answers: what all of them hold at once has a bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The bytes that are held of all requests, or of all answers.
#[derive(Debug)]
pub(super) struct Memory {
    max_bytes: usize,
    held_bytes: AtomicUsize,
}

impl Memory {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { max_bytes, held_bytes: AtomicUsize::new(0) }
    }
}

/// The bytes of one request or answer; given back when it is dropped.
#[derive(Debug)]
pub(super) struct HeldBytes {
    memory: Arc<Memory>,
    bytes: AtomicUsize,
}

/// All of them together would hold too much.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoRoom;

impl HeldBytes {
    /// A request of which nothing has arrived, or an answer of which nothing is there.
    pub(super) fn new(memory: &Arc<Memory>) -> Arc<Self> {
        Arc::new(Self { memory: Arc::clone(memory), bytes: AtomicUsize::new(0) })
    }

    /// Holds further bytes.
    ///
    /// # Errors
    /// There is no room for them.
    pub(super) fn add(&self, bytes: usize) -> Result<(), NoRoom> {
        if bytes == 0 {
            return Ok(());
        }
        // In one step: bytes that have no room take none from others, not even for a moment.
        let with = |held: usize| held.checked_add(bytes).filter(|held| *held <= self.memory.max_bytes);
        self.memory.held_bytes.fetch_update(Relaxed, Relaxed, with).map_err(|_| NoRoom)?;
        self.bytes.fetch_add(bytes, Relaxed);
        Ok(())
    }
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        self.memory.held_bytes.fetch_sub(*self.bytes.get_mut(), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn bytes_are_held_up_to_the_bound_and_given_back() {
        let memory = Arc::new(Memory::new(10));
        let (one, other) = (HeldBytes::new(&memory), HeldBytes::new(&memory));
        assert_eq!([one.add(6), other.add(4), other.add(1)], [Ok(()), Ok(()), Err(NoRoom)]);
        drop(one);
        assert_eq!([other.add(6), other.add(1)], [Ok(()), Err(NoRoom)]);
        drop(other);
        assert_eq!(memory.held_bytes.load(Relaxed), 0);
    }

    #[test]
    fn bytes_that_have_no_room_take_none_from_others() {
        let memory = Arc::new(Memory::new(10));
        let (one, other) = (HeldBytes::new(&memory), HeldBytes::new(&memory));
        one.add(9).expect("room");
        let is_over = AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                while !is_over.load(Relaxed) {
                    assert_eq!(other.add(2), Err(NoRoom));
                }
            });
            let all = (0..200_000).all(|_| {
                let mine = HeldBytes::new(&memory);
                [mine.add(0), mine.add(1), mine.add(0)] == [Ok(()), Ok(()), Ok(())]
            });
            is_over.store(true, Relaxed);
            assert!(all);
        });
    }
}
