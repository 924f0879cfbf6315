//! How the program ends when it could not do what it was asked for.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::program::{self, OutputError};

/// Why, in one line.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    /// The exit code.
    pub(crate) code: u8,
}

impl Failure {
    /// What was asked for is wrong: a prompt or an argument that does not exist, a file that is in the way.
    pub(crate) fn wrong(message: impl Display) -> Self {
        Self { message: message.to_string(), code: 1 }
    }

    /// Nothing could be done: a setting that cannot be used, a store that does not answer.
    pub(crate) fn unable(message: impl Display) -> Self {
        Self { message: message.to_string(), code: 2 }
    }

    /// Says it on standard error.
    pub(crate) fn tell(&self) {
        let _ = writeln!(io::stderr(), "{}: {}", program::name(), self.message);
    }

    /// Says it, and ends with the exit code.
    pub(crate) fn exit(self) -> ExitCode {
        self.tell();
        ExitCode::from(self.code)
    }
}

impl From<OutputError> for Failure {
    fn from(e: OutputError) -> Self {
        Self::wrong(e)
    }
}
