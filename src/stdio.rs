//! MCP over standard input and output: one client, one JSON-RPC message a line.
//! <https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/stdio>

mod connection;
mod forms;
mod head;
mod lines;
mod refusal;
mod streams;

use std::process::ExitCode;
use std::sync::Arc;

use connection::Connection;
use futures_util::future::FutureExt;
pub(crate) use streams::Streams;
use tokio::time::sleep;

use crate::failure::Failure;
use crate::live::{Lists, Watched};
use crate::port::DRAIN_TIMEOUT;
use crate::program;

/// Answers the client until the input ends, nobody reads the output, or the process is told to stop.
///
/// # Errors
/// The system cannot start a thread.
pub(crate) async fn serve(watched: Watched, streams: Streams) -> Result<(), Failure> {
    let Streams { input, output, output_closed, .. } = streams;
    let mut lines = lines::read(input).map_err(Failure::unable)?;
    let (to_client, written) = lines::write(output).map_err(Failure::unable)?;
    let written = written.shared();
    let lists = Arc::new(Lists::default());
    let mut connection = Connection::new(Arc::clone(&watched.mcp), to_client, Arc::clone(&lists));
    let changes = tokio::spawn(report(watched, lists, Arc::clone(connection.shared())));
    let reading = async {
        while let Some(line) = lines.recv().await {
            connection.take(line).await;
        }
    };
    let is_told_to_stop = tokio::select! {
        // In this order: signals are handled before the first line is answered.
        biased;
        signal = program::stop_signal() => {
            tracing::info!(signal, "stopping");
            true
        }
        () = reading => false,
        () = output_closed => return Ok(()),
        _ = written.clone() => return Ok(()),
    };
    changes.abort();
    let _ = changes.await;
    let finished = async {
        connection.finish().await;
        let _ = written.await;
    };
    // A client may read no more. One more signal ends the process at once.
    tokio::select! {
        () = finished => {}
        () = sleep(DRAIN_TIMEOUT), if is_told_to_stop => {}
        _ = program::stop_signal() => {}
    }
    tracing::info!("stopped");
    Ok(())
}

/// Tells the client of each change of a list. A watched folder is compared from the start on, another store while the client
/// listens.
async fn report(watched: Watched, lists: Arc<Lists>, client: Arc<connection::Shared>) {
    let mut changes = lists.changes();
    let from_the_start = watched.folders.prompts.is_some().then(|| lists.interest());
    let tell = async {
        loop {
            client.lists_changed(changes.next().await).await;
        }
    };
    let compare = async {
        if from_the_start.is_none() {
            // The first listing begins before a request needs it. The log has its failure once a request does.
            let _ = watched.gallery.warm_up().await;
        }
        watched.report(&lists, None).await
    };
    tokio::select! {
        () = tell => {}
        never = compare => match never {},
    }
}

/// Reports that the server cannot start: on standard error, and to the client. Returns the exit code.
pub(crate) fn refuse(streams: Streams, failure: &Failure) -> ExitCode {
    failure.print();
    // The message is on standard error already.
    let _ = refusal::answer(streams, failure);
    ExitCode::from(failure.code)
}

#[cfg(test)]
mod tests;
