//! A request whose progress the client wants to know.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use server::http::ReceivedPost;
use server::mcp::{Record, Reply};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::record::StreamRecord;
use super::{Handled, Streams, response};

type Handling = Pin<Box<dyn Future<Output = Handled> + Send>>;

/// The rest of a call that has reported progress.
struct Reporting {
    /// The report that opened the stream.
    first: Option<Bytes>,
    reports: mpsc::Receiver<Bytes>,
    /// `None` once the reply is there. A client that goes away drops it, which cancels the call.
    handling: Option<Handling>,
    reply: Option<Bytes>,
    record: StreamRecord,
    _room: OwnedSemaphorePermit,
}

/// Answers with a stream if there is progress before the reply.
pub(super) async fn handle(
    streams: &Arc<Streams>,
    post: ReceivedPost,
    (progress, mut reports): (mpsc::Sender<Bytes>, mpsc::Receiver<Bytes>),
    room: OwnedSemaphorePermit,
) -> ControlFlow<Response, Handled> {
    let facts = Record { method: Some("tools/call"), ..Record::default() };
    let record = StreamRecord::of(post.head(), facts);
    let streams = Arc::clone(streams);
    let mut handling: Handling = Box::pin(async move {
        let (reply, effect) = streams.mcp.handle_live(post.as_post(), Some(&progress)).await;
        Handled { post, reply, effect }
    });
    let (first, handled) = tokio::select! {
        biased;
        first = reports.recv() => (first, None),
        handled = &mut handling => (reports.try_recv().ok(), Some(handled)),
    };
    let (handling, reply) = match handled {
        None => (Some(handling), None),
        Some(handled) if first.is_none() => {
            record.discard();
            return ControlFlow::Continue(handled);
        }
        Some(handled) => (None, Some(handled.reply)),
    };
    let mut reporting = Reporting { first, reports, handling, reply: None, record, _room: room };
    if let Some(reply) = reply {
        reporting.finish(reply);
    }
    ControlFlow::Break(response(stream::unfold(reporting, Reporting::next)))
}

impl Reporting {
    /// The next message.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        if let Some(first) = self.first.take() {
            return Some((first, self));
        }
        if let Some(handling) = &mut self.handling {
            tokio::select! {
                biased;
                Some(report) = self.reports.recv() => return Some((report, self)),
                handled = handling => self.finish(handled.reply),
            }
        }
        // The reports that the tool made at last.
        let next = self.reports.try_recv().ok().or_else(|| self.reply.take())?;
        Some((next, self))
    }

    fn finish(&mut self, reply: Reply) {
        self.handling = None;
        // What a tool reports afterwards is dropped.
        self.reports.close();
        self.record.write_as_request(&reply.record);
        self.reply = Some(reply.body);
    }
}
