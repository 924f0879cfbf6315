//! `subscriptions/listen`, and the notifications of changed lists. A server with live lists alone has them.
//! <https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/subscriptions>

use std::hash::{DefaultHasher, Hasher};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::connection::{Effect, Subscription};
use super::rpc::notification;
use super::{Answer, Call, Mcp};

#[derive(Deserialize)]
struct ListenParams {
    notifications: ListenFilter,
}

/// A list whose changes the client is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangingList {
    /// That of `prompts/list`.
    Prompts,
    /// That of `tools/list`. It changes with the prompts that are tools.
    Tools,
    /// That of `resources/list`.
    Resources,
}

/// The notifications that a client listens for. Those that this server never sends are left out.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", expecting = "`notifications` to be an object")]
pub struct ListenFilter {
    /// `notifications/prompts/list_changed`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prompts_list_changed: bool,
    /// `notifications/tools/list_changed`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tools_list_changed: bool,
    /// `notifications/resources/list_changed`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resources_list_changed: bool,
}

impl ListenFilter {
    /// Whether the client listens for changes of this list.
    #[must_use]
    pub fn has(self, list: ChangingList) -> bool {
        match list {
            ChangingList::Prompts => self.prompts_list_changed,
            ChangingList::Tools => self.tools_list_changed,
            ChangingList::Resources => self.resources_list_changed,
        }
    }

    /// Whether the client listens for nothing that is sent.
    #[must_use]
    pub fn is_empty(self) -> bool {
        !self.prompts_list_changed && !self.tools_list_changed && !self.resources_list_changed
    }
}

#[derive(Serialize)]
struct NotificationParams<'a> {
    #[serde(rename = "_meta")]
    meta: SubscriptionMeta<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notifications: Option<ListenFilter>,
}

/// Names the subscription that a message belongs to: the id of its `subscriptions/listen`.
#[derive(Serialize)]
struct SubscriptionMeta<'a> {
    #[serde(rename = "io.modelcontextprotocol/subscriptionId")]
    subscription: &'a RawValue,
    #[serde(rename = "io.modelcontextprotocol/serverInfo", skip_serializing_if = "Option::is_none")]
    server_info: Option<&'a RawValue>,
}

impl<'a> SubscriptionMeta<'a> {
    fn of(subscription: &'a RawValue) -> Self {
        Self { subscription, server_info: None }
    }
}

#[derive(Serialize)]
struct ListenResponse<'a> {
    jsonrpc: &'static str,
    id: &'a RawValue,
    result: ListenResult<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListenResult<'a> {
    result_type: &'static str,
    #[serde(rename = "_meta")]
    meta: SubscriptionMeta<'a>,
}

impl Call<'_> {
    /// The acknowledgement of a subscription.
    pub(super) fn listen(&self) -> Answer {
        let ListenParams { mut notifications } = self.params()?;
        let offered = self.mcp.changing_lists();
        notifications.prompts_list_changed &= offered.prompts_list_changed;
        notifications.tools_list_changed &= offered.tools_list_changed;
        notifications.resources_list_changed &= offered.resources_list_changed;
        let _ =
            self.effect.set(Effect::Listens(Subscription { id: self.request.id.to_owned(), filter: notifications }));
        let meta = SubscriptionMeta::of(self.request.id);
        let params = NotificationParams { meta, notifications: Some(notifications) };
        Ok(notification("notifications/subscriptions/acknowledged", Some(params)).into())
    }
}

impl Mcp {
    /// The lists that may change: those with `listChanged` in the capabilities.
    #[must_use]
    pub fn changing_lists(&self) -> ListenFilter {
        ListenFilter {
            prompts_list_changed: true,
            // Registered tools never change, but prompts that are tools do.
            tools_list_changed: self.has_prompt_tools,
            resources_list_changed: true,
        }
    }

    /// What all pages of `resources/list` say, as far as they can be read in time, as a number; `None` while they cannot be read.
    pub async fn resources_hash(&self) -> Option<u64> {
        let mut hasher = DefaultHasher::new();
        let mut cursor = None;
        loop {
            let page = self.gallery.list_resources_unchecked(cursor.as_deref()).await.ok()?;
            hasher.write(page.entries.get().as_bytes());
            if page.next_cursor.is_none() {
                return Some(hasher.finish());
            }
            cursor = page.next_cursor;
        }
    }

    /// The notification that a list has changed, for a subscription, or for a client of a handshake revision.
    #[must_use]
    pub fn list_changed(list: ChangingList, subscription: Option<&RawValue>) -> Bytes {
        let method = match list {
            ChangingList::Prompts => "notifications/prompts/list_changed",
            ChangingList::Tools => "notifications/tools/list_changed",
            ChangingList::Resources => "notifications/resources/list_changed",
        };
        let params = |id| NotificationParams { meta: SubscriptionMeta::of(id), notifications: None };
        notification(method, subscription.map(params))
    }

    /// The response to `subscriptions/listen`, with which the server ends the subscription.
    #[must_use]
    pub fn listening_ended(&self, subscription: &RawValue) -> Bytes {
        let meta = SubscriptionMeta { server_info: Some(&self.server_info), ..SubscriptionMeta::of(subscription) };
        let result = ListenResult { result_type: "complete", meta };
        let response = ListenResponse { jsonrpc: "2.0", id: subscription, result };
        serde_json::to_vec(&response).expect("a response serialises").into()
    }
}
