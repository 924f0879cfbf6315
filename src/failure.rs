//! Errors of the library and of the program.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use gallery::GalleryError;
use gallery::InvalidResource;
use server::InvalidTool;

use crate::program::{self, OutputError};

/// Why no service can be made of a [`Server`](crate::Server).
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The folder of prompts cannot be opened.
    #[error(transparent)]
    Folder(io::Error),
    /// A tool cannot be registered.
    #[error(transparent)]
    Tool(#[from] InvalidTool),
    /// A resource cannot be registered.
    #[error(transparent)]
    Resource(#[from] InvalidResource),
    /// Tokens cannot be verified: this machine has no root certificates.
    #[error(transparent)]
    SignIn(io::Error),
}

/// Why a command failed: one line for standard error, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    pub(crate) code: u8,
}

impl Failure {
    /// Exit code 1: the request is wrong. A prompt or an argument does not exist, or a file is in the way.
    pub(crate) fn wrong(message: impl Display) -> Self {
        Self { message: message.to_string(), code: 1 }
    }

    /// Exit code 2: the command could not start. A setting is invalid, or a store does not answer.
    pub(crate) fn unable(message: impl Display) -> Self {
        Self { message: message.to_string(), code: 2 }
    }

    /// The line without the program's name.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Prints the message on standard error.
    pub(crate) fn print(&self) {
        program::tell(format_args!("{}: {}", program::name(), self.message));
    }

    /// Prints the message and returns the exit code.
    pub(crate) fn exit(self) -> ExitCode {
        self.print();
        ExitCode::from(self.code)
    }
}

impl From<OutputError> for Failure {
    fn from(e: OutputError) -> Self {
        Self::wrong(e)
    }
}

impl From<GalleryError> for Failure {
    fn from(e: GalleryError) -> Self {
        match e {
            GalleryError::Store(cause) => Self::unable(cause),
            GalleryError::Unreadable { ref cause, .. } => Self::unable(format!("{e}: {cause}")),
            e => Self::wrong(e),
        }
    }
}
