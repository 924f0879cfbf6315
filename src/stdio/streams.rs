//! The standard streams, kept for protocol messages.

use std::future::Future;
use std::io::{self, IsTerminal, Read, Write};
use std::pin::Pin;

use crate::program;

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
        let watched = output.try_clone()?.into();
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        rustix::stdio::dup2_stdout(io::stderr())?;
        let output_closed = Box::pin(program::closed(watched));
        Ok(Self { input: Box::new(input), output: Box::new(output), output_closed, is_terminal })
    }

    /// Standard input and output. Other systems have no safe way to take them away from others.
    #[cfg(not(unix))]
    pub(crate) fn take() -> io::Result<Self> {
        let output_closed = Box::pin(program::output_closed());
        let is_terminal = io::stdin().is_terminal();
        Ok(Self { input: Box::new(io::stdin()), output: Box::new(io::stdout()), output_closed, is_terminal })
    }
}
