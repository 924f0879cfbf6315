//! The connection to one client: its requests under way, its session and its subscriptions.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use serde_json::Value;
use server::mcp::{
    self, ChangingList, Effect, ListenFilter, LoggedHeaders, Mcp, Record, Reply, RequestLine, Session, StdioMessage,
    Subscription,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};

use super::forms;
use super::head::{Head, Id};
use super::lines::Line;
use crate::live::{Interest, Lists, MAX_LISTENING};

/// Requests that are handled at once; further lines wait.
const MAX_REQUESTS: usize = 256;
/// Requests to the client that wait for an answer at once. Fewer than [`MAX_REQUESTS`], so that their answers are read.
const MAX_ASKED: usize = 64;

/// One connection.
pub(super) struct Connection {
    shared: Arc<Shared>,
    /// The requests under way.
    tasks: JoinSet<()>,
    room: Arc<Semaphore>,
    /// Lines so far; their number is the request's id in the log.
    lines: u64,
}

/// What the requests under way share.
pub(super) struct Shared {
    mcp: Arc<Mcp>,
    to_client: mpsc::Sender<Bytes>,
    state: Mutex<State>,
    lists: Arc<Lists>,
}

/// A subscription, from its request to its end.
struct Kept {
    subscription: Subscription,
    /// Notifications come after the acknowledgement.
    is_acknowledged: bool,
}

#[derive(Default)]
struct State {
    session: Option<Arc<Session>>,
    /// The client has confirmed the session, so that it takes notifications.
    is_initialized: bool,
    running: HashMap<Id, AbortHandle>,
    subscriptions: HashMap<Id, Kept>,
    /// Has the lists compared while the client listens.
    interest: Option<Interest>,
    /// Requests to the client, by their number; `None` after the end of the input.
    asked: Option<HashMap<u64, oneshot::Sender<Value>>>,
    asked_so_far: u64,
}

impl State {
    fn listens(&self) -> bool {
        self.is_initialized || self.subscriptions.values().any(|kept| !kept.subscription.filter.is_empty())
    }
}

impl Connection {
    /// A connection whose messages go to `to_client`.
    pub(super) fn new(mcp: Arc<Mcp>, to_client: mpsc::Sender<Bytes>, lists: Arc<Lists>) -> Self {
        let state = Mutex::new(State { asked: Some(HashMap::new()), ..State::default() });
        let shared = Arc::new(Shared { mcp, to_client, state, lists });
        Self { shared, tasks: JoinSet::new(), room: Arc::new(Semaphore::new(MAX_REQUESTS)), lines: 0 }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Handles a line. Returns before a request is answered, so that the next line is read.
    pub(super) async fn take(&mut self, line: Line) {
        // Forgets the tasks that have ended.
        while self.tasks.try_join_next().is_some() {}
        self.lines += 1;
        let Line::Whole(line) = line else {
            return self.shared.refuse("the line is longer than 1 MiB").await;
        };
        if line.trim_ascii().is_empty() {
            return;
        }
        let number = self.lines.to_string();
        match Head::of(&line) {
            Head::Response { id, answer } => return self.shared.answered(&id, answer),
            Head::Request { id, .. } if self.shared.has(&id) => {
                return self.shared.refuse("the `id` is that of a request under way").await;
            }
            // Later lines depend on these, so they are handled before the next one is read.
            Head::Request { method, .. } if method == "initialize" => {
                return self.shared.initialize(&line, &number).await;
            }
            Head::Request { id, method, .. } if method == "subscriptions/listen" => {
                return self.listen(&line, &number, id).await;
            }
            Head::Request { id, .. } => return self.start(id, line, number).await,
            Head::Cancelled { id } => self.shared.cancel(&id),
            Head::Initialized => self.shared.update(|state| state.is_initialized = state.session.is_some()),
            Head::Other => {}
        }
        self.shared.handle_and_reply(&line, &number).await;
    }

    /// Has a task answer a request.
    async fn start(&mut self, id: Id, line: Vec<u8>, number: String) {
        let permit = Arc::clone(&self.room).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let shared = Arc::clone(&self.shared);
        // The task waits for the lock, so it cannot end before it is in the map.
        let mut state = self.shared.state();
        let task = self.tasks.spawn(shared.answer(id.clone(), line, number, permit));
        state.running.insert(id, task);
    }

    /// Handles `subscriptions/listen`. Its task acknowledges it as soon as no change can be missed.
    async fn listen(&mut self, line: &[u8], number: &str, key: Id) {
        let began = Instant::now();
        let message = StdioMessage { body: line, request_id: number, session: None, progress: None };
        let (mut reply, mut effect) = self.shared.mcp.handle_stdio(message).await;
        if let Some(Effect::Listens(subscription)) = &effect
            && self.shared.state().subscriptions.len() >= MAX_LISTENING
        {
            let message = format!("all {MAX_LISTENING} subscriptions of this connection are open: cancel one");
            reply = Reply::no_room(&subscription.id, message, reply.record);
            effect = None;
        }
        write_line(&reply.record, number, began);
        let Some(Effect::Listens(subscription)) = effect else { return self.shared.send(reply.body).await };
        let filter = subscription.filter;
        let kept = Kept { subscription, is_acknowledged: false };
        self.shared.update(|state| drop(state.subscriptions.insert(key.clone(), kept)));
        self.tasks.spawn(Arc::clone(&self.shared).acknowledge(key, filter, reply.body));
    }

    /// Answers what is under way, ends the subscriptions, and closes the channel to the client.
    pub(super) async fn finish(mut self) {
        // Nobody can answer any more.
        self.shared.state().asked = None;
        while self.tasks.join_next().await.is_some() {}
        let subscriptions = std::mem::take(&mut self.shared.state().subscriptions);
        for Kept { subscription, .. } in subscriptions.into_values() {
            self.shared.send(self.shared.mcp.listening_ended(&subscription.id)).await;
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a message. An error means that nobody reads, which ends the connection elsewhere.
    pub(super) async fn send(&self, message: Bytes) {
        let _ = self.to_client.send(message).await;
    }

    /// Refuses a line whose request, if it is one, cannot be named.
    async fn refuse(&self, problem: &str) {
        let began = Instant::now();
        let reply = Reply::not_a_request(problem);
        write_line(&reply.record, "", began);
        self.send(reply.body).await;
    }

    fn has(&self, id: &Id) -> bool {
        let state = self.state();
        state.running.contains_key(id) || state.subscriptions.contains_key(id)
    }

    /// Answers a request.
    async fn answer(self: Arc<Self>, id: Id, line: Vec<u8>, number: String, _permit: OwnedSemaphorePermit) {
        let mut session = self.state().session.clone();
        let mut asked_line = None;
        let reply = loop {
            let body = asked_line.as_ref().unwrap_or(&line);
            let (reply, effect) = self.handle_and_report(body, &number, session.as_deref()).await;
            let (Some(Effect::Asks(asked)), Some(known)) = (effect, &session) else { break reply };
            asked_line = forms::ask(&self, asked, body).await;
            if asked_line.is_none() {
                // Then the reply says what is missing.
                session = Some(Arc::new(known.without_capabilities()));
            }
        };
        // A request that was cancelled in the meantime gets no answer.
        let is_wanted = self.state().running.remove(&id).is_some();
        if is_wanted {
            self.send(reply.body).await;
        }
    }

    /// Answers `initialize`, and keeps the session.
    async fn initialize(&self, line: &[u8], number: &str) {
        let (reply, effect) = self.handle(line, number, None).await;
        if let Some(Effect::Opens(session)) = effect {
            self.update(|state| (state.session, state.is_initialized) = (Some(Arc::new(session)), false));
        }
        self.send(reply.body).await;
    }

    /// Acknowledges a subscription.
    async fn acknowledge(self: Arc<Self>, key: Id, filter: ListenFilter, acknowledgement: Bytes) {
        self.lists.ready(filter).await;
        let Ok(room) = self.to_client.reserve().await else { return };
        // The acknowledgement is sent under the lock, so that no notification comes before it.
        if let Some(kept) = self.state().subscriptions.get_mut(&key) {
            kept.is_acknowledged = true;
            room.send(acknowledgement);
        }
    }

    /// Handles a notification or a line that is not a message.
    async fn handle_and_reply(&self, line: &[u8], number: &str) {
        let (reply, _) = self.handle(line, number, None).await;
        if !reply.body.is_empty() {
            self.send(reply.body).await;
        }
    }

    async fn handle(&self, body: &[u8], request_id: &str, session: Option<&Session>) -> (Reply, Option<Effect>) {
        self.handle_message(StdioMessage { body, request_id, session, progress: None }).await
    }

    /// Handles a request, and sends what a tool reports of its progress.
    async fn handle_and_report(
        &self,
        body: &[u8],
        request_id: &str,
        session: Option<&Session>,
    ) -> (Reply, Option<Effect>) {
        let Some((progress, mut reports)) = mcp::progress_channel(body) else {
            return self.handle(body, request_id, session).await;
        };
        let message = StdioMessage { body, request_id, session, progress: Some(&progress) };
        let mut handling = pin!(self.handle_message(message));
        let handled = loop {
            tokio::select! {
                biased;
                Some(report) = reports.recv() => self.send(report).await,
                handled = &mut handling => break handled,
            }
        };
        reports.close();
        while let Ok(report) = reports.try_recv() {
            self.send(report).await;
        }
        handled
    }

    async fn handle_message(&self, message: StdioMessage<'_>) -> (Reply, Option<Effect>) {
        let began = Instant::now();
        let request_id = message.request_id;
        let (reply, effect) = self.mcp.handle_stdio(message).await;
        write_line(&reply.record, request_id, began);
        (reply, effect)
    }

    /// Stops a request, which then gets no answer, or ends a subscription.
    fn cancel(&self, id: &Id) {
        self.update(|state| {
            if let Some(task) = state.running.remove(id) {
                task.abort();
            }
            state.subscriptions.remove(id);
        });
    }

    /// Changes the state, and has the lists compared if the client listens then.
    fn update(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        match state.listens() {
            true => drop(state.interest.get_or_insert_with(|| self.lists.interest())),
            false => state.interest = None,
        }
    }

    /// Makes room for a request to the client: its number, and the answer to come; `None` where the client cannot answer.
    pub(super) fn asks(&self) -> Option<(u64, oneshot::Receiver<Value>)> {
        let mut state = self.state();
        let number = state.asked_so_far + 1;
        let asked = state.asked.as_mut()?;
        // Those who asked may have been cancelled.
        asked.retain(|_, waiting| !waiting.is_closed());
        if asked.len() == MAX_ASKED {
            return None;
        }
        let (answered, answer) = oneshot::channel();
        asked.insert(number, answered);
        state.asked_so_far = number;
        Some((number, answer))
    }

    /// Hands over the client's answer to a request of the server; an error of the client ends the wait without an answer.
    fn answered(&self, id: &Id, answer: Option<Value>) {
        let mut state = self.state();
        let waiting = forms::number(id).and_then(|number| state.asked.as_mut()?.remove(&number));
        if let Some((waiting, answer)) = waiting.zip(answer) {
            let _ = waiting.send(answer);
        }
    }

    /// Tells those who listen by now that lists have changed.
    pub(super) async fn lists_changed(&self, lists: impl Iterator<Item = ChangingList>) {
        let messages: Vec<_> = {
            let state = self.state();
            let declared = self.mcp.changing_lists();
            let of_list = |list| {
                let acknowledged = state.subscriptions.values().filter(|kept| kept.is_acknowledged);
                let listening = acknowledged.map(|kept| &kept.subscription).filter(move |known| known.filter.has(list));
                let subscribed = listening.map(move |listening| Mcp::list_changed(list, Some(&listening.id)));
                let is_told = state.is_initialized && declared.has(list);
                subscribed.chain(is_told.then(|| Mcp::list_changed(list, None)))
            };
            lists.flat_map(of_list).collect()
        };
        for message in messages {
            self.send(message).await;
        }
    }
}

fn write_line(record: &Record, request_id: &str, began: Instant) {
    let headers = &LoggedHeaders::default();
    RequestLine { record, headers, request_id, began, status: None, sub: None, client_id: None }.write();
}
