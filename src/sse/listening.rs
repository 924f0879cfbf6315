//! The stream of a client that listens for changed lists.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use server::mcp::{ListenFilter, Mcp, Subscription};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};

use super::record::StreamRecord;
use super::{Streams, response};
use crate::live::{Changes, Interest};

/// A stream, from its request to its end.
pub(super) struct Listening {
    mcp: Arc<Mcp>,
    /// `None` in the handshake revisions, whose notifications name no subscription.
    subscription: Option<Subscription>,
    filter: ListenFilter,
    changes: Changes,
    is_stopping: watch::Receiver<bool>,
    /// When the caller's token expires.
    expires: Option<Instant>,
    /// What goes to the client next: one message of each list at most, and the last one.
    waiting: VecDeque<Bytes>,
    has_ended: bool,
    record: StreamRecord,
    /// Both are given back when the stream is dropped.
    _interest: Option<Interest>,
    _room: OwnedSemaphorePermit,
}

impl Listening {
    /// The response of a stream that misses no change. A `subscription` comes with its acknowledgement, the first message.
    pub(super) async fn begin(
        streams: Arc<Streams>,
        subscription: Option<(Subscription, Bytes)>,
        record: StreamRecord,
        room: OwnedSemaphorePermit,
    ) -> Response {
        let (subscription, acknowledgement) = subscription.unzip();
        let filter = subscription.as_ref().map_or_else(|| streams.mcp.changing_lists(), |known| known.filter);
        let interest = (!filter.is_empty()).then(|| streams.lists.interest());
        let changes = streams.lists.changes();
        streams.lists.ready(filter).await;
        let listening = Self {
            mcp: Arc::clone(&streams.mcp),
            subscription,
            filter,
            changes,
            is_stopping: streams.is_stopping.subscribe(),
            expires: record.token_expires_in().and_then(|time| Instant::now().checked_add(time)),
            waiting: acknowledgement.into_iter().collect(),
            has_ended: false,
            record,
            _interest: interest,
            _room: room,
        };
        response(stream::unfold(listening, Self::next))
    }

    /// The next message, once there is one.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Some((message, self));
            }
            if self.has_ended {
                return None;
            }
            let id = self.subscription.as_ref().map(|subscription| &*subscription.id);
            tokio::select! {
                lists = self.changes.next() => {
                    let wanted = lists.filter(|list| self.filter.has(*list));
                    self.waiting.extend(wanted.map(|list| Mcp::list_changed(list, id)));
                }
                () = ended(&mut self.is_stopping, self.expires) => {
                    self.has_ended = true;
                    self.record.ended_by_server();
                    self.waiting.extend(id.map(|id| self.mcp.listening_ended(id)));
                }
            }
        }
    }
}

/// Waits until the server ends a stream: it stops, or the token has expired.
async fn ended(is_stopping: &mut watch::Receiver<bool>, expires: Option<Instant>) {
    let expired = async {
        match expires {
            Some(time) => sleep_until(time).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = is_stopping.wait_for(|is_stopping| *is_stopping) => {}
        () = expired => {}
    }
}
