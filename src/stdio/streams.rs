//! The standard streams, kept for protocol messages.

use std::future::Future;
use std::io::{self, IsTerminal, Read, Write};
use std::pin::Pin;

use crate::{program, terminal};

/// The streams of a connection.
pub(crate) struct Streams {
    pub(super) input: Box<dyn Read + Send>,
    pub(super) output: Box<dyn Write + Send>,
    /// Is ready when nobody reads the output any more.
    pub(super) output_closed: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Whether a person types the input.
    pub(super) is_terminal: bool,
}

impl Streams {
    /// Takes standard input and output away from everything else in this process, and from its children. Afterwards standard
    /// input is empty and standard output leads to standard error: a library that prints cannot break a message, and a
    /// `credential_process` cannot read one.
    ///
    /// # Errors
    /// The system cannot copy a stream.
    #[cfg(unix)]
    pub(crate) fn take() -> io::Result<Self> {
        use std::fs::File;
        use std::os::fd::AsFd;
        let (stdin, stdout) = (io::stdin(), io::stdout());
        let is_terminal = stdin.is_terminal();
        let input = File::from(stdin.as_fd().try_clone_to_owned()?);
        let output = File::from(stdout.as_fd().try_clone_to_owned()?);
        let is_shown = output.is_terminal();
        let watched = output.try_clone()?.into();
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        rustix::stdio::dup2_stdout(io::stderr())?;
        let output_closed = Box::pin(program::closed(watched));
        let output: Box<dyn Write + Send> = if is_shown { Box::new(Shown(output)) } else { Box::new(output) };
        Ok(Self { input: Box::new(input), output, output_closed, is_terminal })
    }

    /// Standard input and output. Other systems have no safe way to take them away from others.
    #[cfg(not(unix))]
    pub(crate) fn take() -> io::Result<Self> {
        let output_closed = Box::pin(program::output_closed());
        let is_terminal = io::stdin().is_terminal();
        let output: Box<dyn Write + Send> =
            if io::stdout().is_terminal() { Box::new(Shown(io::stdout())) } else { Box::new(io::stdout()) };
        Ok(Self { input: Box::new(io::stdin()), output, output_closed, is_terminal })
    }
}

/// A terminal. Each write is one message or more, in whole.
struct Shown<W>(W);

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, messages: &[u8]) -> io::Result<usize> {
        self.0.write_all(terminal::visible_json(&String::from_utf8_lossy(messages)).as_bytes())?;
        Ok(messages.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
