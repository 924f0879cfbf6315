//! The connection to one client: its requests under way, its session and its subscriptions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use server::mcp::{ChangingList, Effect, ListenFilter, Mcp, Record, Reply, RequestLine, Session, StdioMessage};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

use super::forms;
use super::head::{Head, Id};
use super::lines::Line;

/// Requests that are handled at once; further lines wait.
const MAX_REQUESTS: usize = 256;
/// Requests to the client that wait for an answer at once. Fewer than [`MAX_REQUESTS`], so that their answers are read.
const MAX_ASKED: usize = 64;

/// How long the acknowledgement of a subscription waits for the list that later ones are compared with.
const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(3);

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
    mcp: Mcp,
    to_client: mpsc::Sender<Bytes>,
    state: Mutex<State>,
    /// Whether the client is told when a list has changed.
    listens: watch::Sender<bool>,
    /// Whether each change of a list from now on is noticed.
    notices: watch::Sender<bool>,
}

/// A subscription, from its request to its end.
struct Subscription {
    /// The id of its `subscriptions/listen`.
    id: Box<RawValue>,
    filter: ListenFilter,
    /// Notifications come after the acknowledgement.
    is_acknowledged: bool,
}

#[derive(Default)]
struct State {
    session: Option<Arc<Session>>,
    /// The client has confirmed the session, so that it takes notifications.
    is_initialized: bool,
    running: HashMap<Id, AbortHandle>,
    subscriptions: HashMap<Id, Subscription>,
    /// The hash of the tools that are prompts when the last subscription to them was acknowledged.
    acknowledged_tools: Option<u64>,
    /// Requests to the client, by their number; `None` after the end of the input.
    asked: Option<HashMap<u64, oneshot::Sender<Value>>>,
    asked_so_far: u64,
}

impl State {
    fn listens(&self) -> bool {
        self.is_initialized || self.subscriptions.values().any(|subscription| !subscription.filter.is_empty())
    }
}

impl Connection {
    /// A connection whose messages go to `to_client`.
    pub(super) fn new(mcp: Mcp, to_client: mpsc::Sender<Bytes>) -> Self {
        let state = Mutex::new(State { asked: Some(HashMap::new()), ..State::default() });
        let (listens, notices) = (watch::Sender::new(false), watch::Sender::new(false));
        let shared = Arc::new(Shared { mcp, to_client, state, listens, notices });
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
            Head::Request { id, method, raw_id } if method == "subscriptions/listen" => {
                return self.listen(&line, &number, id, raw_id).await;
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
    async fn listen(&mut self, line: &[u8], number: &str, key: Id, id: Box<RawValue>) {
        let (reply, effect) = self.shared.handle(line, number, None).await;
        let Some(Effect::Listens(filter)) = effect else { return self.shared.send(reply.body).await };
        let subscription = Subscription { id, filter, is_acknowledged: false };
        self.shared.update(|state| drop(state.subscriptions.insert(key.clone(), subscription)));
        self.tasks.spawn(Arc::clone(&self.shared).acknowledge(key, filter, reply.body));
    }

    /// Answers what is under way, ends the subscriptions, and closes the channel to the client.
    pub(super) async fn finish(mut self) {
        // Nobody can answer any more.
        self.shared.state().asked = None;
        while self.tasks.join_next().await.is_some() {}
        let subscriptions = std::mem::take(&mut self.shared.state().subscriptions);
        for subscription in subscriptions.into_values() {
            self.shared.send(self.shared.mcp.listening_ended(&subscription.id)).await;
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn mcp(&self) -> &Mcp {
        &self.mcp
    }

    /// The hash of the tools that are prompts when the last subscription to them was acknowledged.
    pub(super) fn acknowledged_tools(&self) -> Option<u64> {
        self.state().acknowledged_tools
    }

    /// Tells whether the client listens, now and later.
    pub(super) fn listens(&self) -> watch::Receiver<bool> {
        self.listens.subscribe()
    }

    /// Says whether each change of a list from now on is noticed.
    pub(super) fn set_notices(&self, notices: bool) {
        self.notices.send_replace(notices);
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
            let (reply, effect) = self.handle(body, &number, session.as_deref()).await;
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
        let mut notices = self.notices.subscribe();
        let known = async {
            let _ = notices.wait_for(|notices| *notices).await;
            if filter.tools_list_changed {
                let tools = self.mcp.prompt_tools_hash().await;
                self.state().acknowledged_tools = tools;
            }
        };
        if !filter.is_empty() {
            let _ = timeout(ACKNOWLEDGE_TIMEOUT, known).await;
        }
        let Ok(room) = self.to_client.reserve().await else { return };
        // The acknowledgement is sent under the lock, so that no notification comes before it.
        if let Some(subscription) = self.state().subscriptions.get_mut(&key) {
            subscription.is_acknowledged = true;
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
        let began = Instant::now();
        let (reply, effect) = self.mcp.handle_stdio(StdioMessage { body, request_id, session }).await;
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

    /// Changes the state, and tells whether the client listens then.
    fn update(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        let listens = state.listens();
        self.listens.send_if_modified(|before| std::mem::replace(before, listens) != listens);
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
            let of_list = |list| {
                let listening = state.subscriptions.values();
                let listening = listening.filter(move |known| known.is_acknowledged && known.filter.has(list));
                let subscribed = listening.map(move |listening| Mcp::list_changed(list, Some(&listening.id)));
                subscribed.chain(state.is_initialized.then(|| Mcp::list_changed(list, None)))
            };
            lists.flat_map(of_list).collect()
        };
        for message in messages {
            self.send(message).await;
        }
    }
}

fn write_line(record: &Record, request_id: &str, began: Instant) {
    RequestLine { record, request_id, began, status: None, sub: None, client_id: None }.write();
}
