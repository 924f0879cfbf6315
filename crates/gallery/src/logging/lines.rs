//! Standard error, written by a thread of its own: a request does not wait for a terminal, and where there are many lines,
//! many are written at once. What is logged is written some milliseconds later at most, and when this is dropped.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long lines may wait for others.
const PATIENCE: Duration = Duration::from_millis(5);
/// How many bytes may wait; who logs more than is written waits too.
const MOST: usize = 1024 * 1024;

/// Where lines are put down.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// There is something to write, or it is the end.
    begin: Condvar,
    /// There is room again.
    room: Condvar,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    is_over: bool,
}

/// The thread that writes.
pub struct Writer {
    lines: Lines,
    thread: Option<JoinHandle<()>>,
}

impl Lines {
    /// Begins to write what is put down.
    pub(super) fn start() -> io::Result<(Self, Writer)> {
        let lines = Self::default();
        let writer = lines.clone();
        let thread = thread::Builder::new().name("log".to_owned()).spawn(move || writer.write())?;
        Ok((lines.clone(), Writer { lines, thread: Some(thread) }))
    }

    fn write(&self) {
        let Shared { begin, room, .. } = &*self.0;
        // Two that take turns and keep their room.
        let mut bytes = Vec::new();
        loop {
            let waiting = self.waiting();
            let begun = begin.wait_while(waiting, |waiting| waiting.bytes.is_empty() && !waiting.is_over);
            let is_over = begun.unwrap_or_else(PoisonError::into_inner).is_over;
            if !is_over {
                thread::sleep(PATIENCE);
            }
            bytes.clear();
            std::mem::swap(&mut self.waiting().bytes, &mut bytes);
            room.notify_all();
            // A closed standard error is no reason not to serve.
            let _ = io::stderr().write_all(&bytes);
            if is_over {
                return;
            }
        }
    }

    /// Puts down a line.
    pub(super) fn put(&self, line: &[u8]) {
        let Shared { begin, room, .. } = &*self.0;
        let full = room.wait_while(self.waiting(), |waiting| waiting.bytes.len() > MOST && !waiting.is_over);
        let mut waiting = full.unwrap_or_else(PoisonError::into_inner);
        if waiting.bytes.is_empty() {
            begin.notify_one();
        }
        waiting.bytes.extend_from_slice(line);
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.lines.waiting().is_over = true;
        self.lines.0.begin.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
