//! Who listens for changed lists, and which lists have changed.

use std::sync::Arc;
use std::time::Duration;

use server::mcp::{ChangingList, ListenFilter};
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a client that begins to listen waits for the lists that later ones are compared with.
const READY_TIMEOUT: Duration = Duration::from_secs(3);

const LISTS: [ChangingList; 3] = [ChangingList::Prompts, ChangingList::Tools, ChangingList::Resources];

/// The lists of one server.
#[derive(Default)]
pub(crate) struct Lists {
    wanted: watch::Sender<Wanted>,
    known: watch::Sender<Known>,
    /// How often each list has changed. A number takes no more room however slow a client reads.
    changed: watch::Sender<Counts>,
}

/// What the clients that listen need.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// How many listen.
    pub(super) listeners: usize,
    /// How many wait until the list of tools is known.
    pub(super) waiting_for_tools: usize,
}

/// The lists that later ones are compared with: a change of them is noticed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) prompts: bool,
    pub(super) tools: bool,
}

type Counts = [u64; LISTS.len()];

impl Lists {
    /// Has the lists compared until the value is dropped.
    pub(crate) fn interest(self: &Arc<Self>) -> Interest {
        self.wanted.send_modify(|wanted| wanted.listeners += 1);
        Interest(Arc::clone(self))
    }

    /// The changes from now on.
    pub(crate) fn changes(&self) -> Changes {
        let mut changed = self.changed.subscribe();
        let seen = *changed.borrow_and_update();
        Changes { changed, seen }
    }

    /// Waits until each later change is noticed, but not for a store that does not answer.
    pub(crate) async fn ready(self: &Arc<Self>, filter: ListenFilter) {
        if filter.is_empty() {
            return;
        }
        let _waiting = filter.tools_list_changed.then(|| WaitingForTools::new(self));
        let mut known = self.known.subscribe();
        let is_known = |known: &Known| known.prompts && (known.tools || !filter.tools_list_changed);
        let _ = timeout(READY_TIMEOUT, known.wait_for(is_known)).await;
    }

    pub(super) fn wanted(&self) -> watch::Receiver<Wanted> {
        self.wanted.subscribe()
    }

    pub(super) fn set_known(&self, known: Known) {
        self.known.send_if_modified(|before| std::mem::replace(before, known) != known);
    }

    /// Tells all clients that listen which lists have changed.
    pub(super) fn have_changed(&self, lists: impl IntoIterator<Item = ChangingList>) {
        for list in lists {
            self.changed.send_modify(|counts| counts[list as usize] += 1);
        }
    }
}

/// A client that listens.
pub(crate) struct Interest(Arc<Lists>);

impl Drop for Interest {
    fn drop(&mut self) {
        self.0.wanted.send_modify(|wanted| wanted.listeners -= 1);
    }
}

/// A client that waits until the list of tools is known.
struct WaitingForTools<'a>(&'a Lists);

impl<'a> WaitingForTools<'a> {
    fn new(lists: &'a Lists) -> Self {
        lists.wanted.send_modify(|wanted| wanted.waiting_for_tools += 1);
        Self(lists)
    }
}

impl Drop for WaitingForTools<'_> {
    fn drop(&mut self) {
        self.0.wanted.send_modify(|wanted| wanted.waiting_for_tools -= 1);
    }
}

/// The changes that one client has not been told of.
pub(crate) struct Changes {
    changed: watch::Receiver<Counts>,
    seen: Counts,
}

impl Changes {
    /// Waits for a change. Returns the lists that have changed since the last call, each once.
    pub(crate) async fn next(&mut self) -> impl Iterator<Item = ChangingList> + use<> {
        if self.changed.changed().await.is_err() {
            // The server ends.
            std::future::pending::<()>().await;
        }
        let now = *self.changed.borrow_and_update();
        let before = std::mem::replace(&mut self.seen, now);
        LISTS.into_iter().filter(move |list| now[*list as usize] != before[*list as usize])
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const ALL: ListenFilter =
        ListenFilter { prompts_list_changed: true, tools_list_changed: true, resources_list_changed: true };

    #[test]
    fn a_client_that_was_slow_is_told_once_of_each_list() {
        let lists = Lists::default();
        let mut changes = lists.changes();
        for _ in 0..1000 {
            lists.have_changed([ChangingList::Tools, ChangingList::Prompts]);
        }
        let told: Vec<_> = changes.next().now_or_never().expect("changes").collect();
        assert_eq!(told, [ChangingList::Prompts, ChangingList::Tools]);
        assert!(changes.next().now_or_never().is_none());
    }

    #[test]
    fn lists_are_compared_only_while_a_client_listens() {
        let lists = Arc::new(Lists::default());
        let listeners = || lists.wanted().borrow().listeners;
        let (one, two) = (lists.interest(), lists.interest());
        assert_eq!(listeners(), 2);
        drop((one, two));
        assert_eq!(listeners(), 0);
    }

    #[tokio::test]
    async fn a_client_is_ready_once_the_lists_of_its_filter_are_known() {
        let lists = Arc::new(Lists::default());
        let mut all = std::pin::pin!(lists.ready(ALL));
        assert!(all.as_mut().now_or_never().is_none());
        assert_eq!(lists.wanted().borrow().waiting_for_tools, 1);
        lists.set_known(Known { prompts: true, tools: false });
        let prompts = ListenFilter { tools_list_changed: false, ..ALL };
        assert!(lists.ready(prompts).now_or_never().is_some());
        assert!(all.as_mut().now_or_never().is_none());
        lists.set_known(Known { prompts: true, tools: true });
        all.await;
    }
}
