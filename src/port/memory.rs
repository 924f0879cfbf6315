//! The memory for requests: what all of them hold at once has a bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The bytes of all requests that are held.
#[derive(Debug)]
pub(super) struct RequestMemory {
    max_bytes: usize,
    held_bytes: AtomicUsize,
}

impl RequestMemory {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { max_bytes, held_bytes: AtomicUsize::new(0) }
    }
}

/// The bytes of one request; given back when it is dropped.
#[derive(Debug)]
pub(super) struct HeldBytes {
    memory: Arc<RequestMemory>,
    bytes: AtomicUsize,
}

/// All requests together would hold too much.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoRoom;

impl HeldBytes {
    /// A request of which nothing has arrived.
    pub(super) fn new(memory: &Arc<RequestMemory>) -> Arc<Self> {
        Arc::new(Self { memory: Arc::clone(memory), bytes: AtomicUsize::new(0) })
    }

    /// Holds further bytes.
    ///
    /// # Errors
    /// There is no room for them.
    pub(super) fn add(&self, bytes: usize) -> Result<(), NoRoom> {
        let before = self.memory.held_bytes.fetch_add(bytes, Relaxed);
        if before.saturating_add(bytes) > self.memory.max_bytes {
            self.memory.held_bytes.fetch_sub(bytes, Relaxed);
            return Err(NoRoom);
        }
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
    use super::*;

    #[test]
    fn bytes_are_held_up_to_the_bound_and_given_back() {
        let memory = Arc::new(RequestMemory::new(10));
        let (one, other) = (HeldBytes::new(&memory), HeldBytes::new(&memory));
        assert_eq!([one.add(6), other.add(4), other.add(1)], [Ok(()), Ok(()), Err(NoRoom)]);
        drop(one);
        assert_eq!([other.add(6), other.add(1)], [Ok(()), Err(NoRoom)]);
        drop(other);
        assert_eq!(memory.held_bytes.load(Relaxed), 0);
    }
}
