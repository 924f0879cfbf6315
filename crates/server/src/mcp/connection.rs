//! What a message has from its transport, and what its answer means for a connection: HTTP keeps nothing from one request to
//! the next, and stdio is one connection to one client.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::client::ClientInfo;
use super::listen::ListenFilter;

/// The transport of a message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Transport<'a> {
    /// Streamable HTTP: the headers of the POST.
    Http(&'a HeaderMap),
    /// stdio: the session that the last `initialize` opened, if there was one.
    Stdio(Option<&'a Session>),
}

impl<'a> Transport<'a> {
    /// The session of a stdio connection.
    pub(super) fn session(self) -> Option<&'a Session> {
        match self {
            Self::Http(_) => None,
            Self::Stdio(session) => session,
        }
    }
}

/// The outcome of a handshake. It holds for all later requests without `_meta` of the same connection.
#[derive(Debug, Clone)]
pub struct Session {
    pub(super) version: &'static str,
    pub(super) capabilities: Map<String, Value>,
    pub(super) client: Option<ClientInfo>,
}

impl Session {
    /// The same of a client that answers no requests.
    #[must_use]
    pub fn without_capabilities(&self) -> Self {
        Self { capabilities: Map::new(), ..self.clone() }
    }
}

/// One message of stdio.
#[derive(Debug, Clone, Copy)]
pub struct StdioMessage<'a> {
    /// The line.
    pub body: &'a [u8],
    /// The request's id in the log; an internal error tells it to the client.
    pub request_id: &'a str,
    /// The session of the connection, if there is one.
    pub session: Option<&'a Session>,
    /// Where the progress notifications of a tool go; without it they are dropped.
    pub progress: Option<&'a mpsc::Sender<Bytes>>,
}

/// What the transport does besides sending the reply.
#[derive(Debug)]
pub enum Effect {
    /// A stdio connection keeps this session.
    Opens(Session),
    /// The transport keeps a subscription. The reply acknowledges it; the response is sent when it ends.
    Listens(Subscription),
    /// A stdio connection sends requests to the client, and handles the message again with their answers. The reply is empty.
    Asks(InputRequests),
}

/// What a client listens for.
#[derive(Debug)]
pub struct Subscription {
    /// The id of its `subscriptions/listen`.
    pub id: Box<RawValue>,
    /// The notifications that it gets.
    pub filter: ListenFilter,
}

/// Requests to the client, without whose answers the server has no result.
#[derive(Debug)]
pub struct InputRequests {
    /// Method and parameters of each, by a key.
    pub requests: Map<String, Value>,
    /// What the message has as `requestState` when it is handled again.
    pub state: Option<String>,
}
