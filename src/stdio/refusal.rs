//! A start that fails, told to the client too: most clients show an error that they receive, and "connection closed" of a
//! process that only ends.

use std::io::{self, Write};
use std::time::Duration;

use server::mcp::Reply;
use tokio::runtime;
use tokio::time::timeout;

use super::head::Head;
use super::lines::{self, Line};
use super::streams::Streams;
use crate::failure::Failure;

/// How long the process waits for the next request.
const NEXT_REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Answers requests with the failure, until the client has its answer to `initialize`, closes the input, or sends nothing for
/// some seconds. A person at a terminal has read the message by then.
pub(super) fn answer(streams: Streams, failure: &Failure) -> io::Result<()> {
    let Streams { input, mut output, is_terminal, .. } = streams;
    if is_terminal {
        return Ok(());
    }
    let mut input = lines::read(input)?;
    runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
        while let Ok(Some(line)) = timeout(NEXT_REQUEST_TIMEOUT, input.recv()).await {
            let Line::Whole(line) = line else { continue };
            let Head::Request { method, raw_id, .. } = Head::of(&line) else { continue };
            output.write_all(&Reply::cannot_start(raw_id, failure.message()).body)?;
            output.write_all(b"\n")?;
            output.flush()?;
            if method == "initialize" {
                break;
            }
        }
        Ok(())
    })
}
