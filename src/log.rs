//! The local server's log: lines on standard error. A thread of its own writes them, so no request waits for a terminal, and a
//! reader that has stopped reading stops nothing.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use gallery::config::{Config, process};
use gallery::logging;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};

/// How many lines wait to be written at most; the server drops further ones.
const MAX_WAITING_LINES: usize = 10_000;
/// How long the end of the process waits for the last lines to be written.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Writes the lines that still wait when it is dropped.
pub(crate) struct Log(Option<WorkerGuard>);

/// Begins to log as `config` says; `None` in a process that logs already.
pub(crate) fn init(config: &Config) -> Option<Log> {
    let dropped = Arc::new(OnceLock::new());
    let stderr = BufWriter::new(Stderr { dropped: Arc::clone(&dropped), reported_lines: 0 });
    let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(MAX_WAITING_LINES).thread_name("log");
    let (writer, guard) = builder.finish(stderr);
    let _ = dropped.set(writer.error_counter());
    let is_styled = io::stderr().is_terminal() && process("NO_COLOR").is_none_or(|no| no.is_empty());
    let lines = logging::lines(config.log_format, writer, is_styled);
    logging::init(config.log_filter.clone(), lines).ok().map(|()| Log(Some(guard)))
}

/// Standard error; a line says how many lines were dropped, once there is a reader again.
struct Stderr {
    dropped: Arc<OnceLock<ErrorCounter>>,
    reported_lines: usize,
}

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = io::stderr().write(bytes)?;
        let dropped_lines = self.dropped.get().map_or(0, ErrorCounter::dropped_lines);
        if dropped_lines > self.reported_lines {
            self.reported_lines = dropped_lines;
            // Waits its turn like other lines, and may be dropped like them: so it has the number since the start.
            tracing::warn!(lines = dropped_lines, "log lines dropped: standard error was not read fast enough");
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let guard = self.0.take();
        let (flushed, is_flushed) = mpsc::channel();
        // The guard of a full queue prints on standard output that it gave up, which may have no reader either.
        let _ = thread::Builder::new().spawn(move || {
            drop(guard);
            let _ = flushed.send(());
        });
        let _ = is_flushed.recv_timeout(FLUSH_TIMEOUT);
    }
}
