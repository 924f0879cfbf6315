//! The local server's log: lines on standard error. A separate thread writes them, so that no request waits for a terminal
//! or for a program that reads slowly.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use server::config::Config;
use server::logging;
use store::env::process;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};

/// Lines that may wait to be written. Further lines are dropped.
const MAX_WAITING_LINES: usize = 10_000;
/// How long the process waits at its end for the last lines to be written.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// The log. Writes the waiting lines when it is dropped.
pub(crate) struct Log(Option<WorkerGuard>);

/// Starts to log as `config` says; `None` if this process logs already.
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

/// Standard error. Logs the number of dropped lines as soon as lines are read again.
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
            // The number since the start, because this line may be dropped like others.
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
        // The guard of a full queue prints a message on standard output, which may not be read either.
        let _ = thread::Builder::new().spawn(move || {
            drop(guard);
            let _ = flushed.send(());
        });
        let _ = is_flushed.recv_timeout(FLUSH_TIMEOUT);
    }
}
