//! `notifications/progress`: how far the call of a tool is.
//! <https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/progress>

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use crate::mcp::notification;

/// The reports that wait for a client at most.
const MAX_WAITING_REPORTS: usize = 16;

/// A channel for the progress notifications of this message, if it may ask for them: a cheap test, which spares all other
/// messages the channel. [`crate::mcp::Mcp::handle_live`] fills it.
#[must_use]
pub fn channel(message: &[u8]) -> Option<(mpsc::Sender<Bytes>, mpsc::Receiver<Bytes>)> {
    memchr::memmem::find(message, b"\"progressToken\"").map(|_| mpsc::channel(MAX_WAITING_REPORTS))
}

/// Tells the client how far the call of a tool is.
///
/// Reports go to clients that ask for them with a progress token, locally and over stdio. All others are dropped, also those
/// that a slow client has no room for, so that a tool may always report.
///
/// ```
/// # use prompt_gallery_server::{Content, ToolCall, ToolError, ToolReply};
/// async fn index(call: ToolCall) -> Result<ToolReply, ToolError> {
///     for page in 0..10 {
///         call.progress.report(f64::from(page), Some(10.0), "Reading the pages");
///         // Read a page here.
///     }
///     Ok(ToolReply::Complete { content: vec![Content::text("Ten pages.")], structured: None })
/// }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Progress(Option<Arc<Reporter>>);

#[derive(Debug)]
struct Reporter {
    /// The client's progress token, a JSON string or integer.
    token: Box<RawValue>,
    client: mpsc::Sender<Bytes>,
    /// How much was done at the last report.
    last: Mutex<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProgressParams<'a> {
    progress_token: &'a RawValue,
    progress: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

impl Progress {
    pub(crate) fn new(token: &RawValue, client: &mpsc::Sender<Bytes>) -> Self {
        let last = Mutex::new(f64::NEG_INFINITY);
        Self(Some(Arc::new(Reporter { token: token.to_owned(), client: client.clone(), last })))
    }

    /// Reports how much is done, of how much if that is known, and what is being done, in words for the user; an empty
    /// `message` is left out.
    ///
    /// `progress` must grow with each report: others are dropped, as are numbers that JSON does not have.
    pub fn report(&self, progress: f64, total: Option<f64>, message: &str) {
        let Some(reporter) = &self.0 else { return };
        let mut last = reporter.last.lock().unwrap_or_else(PoisonError::into_inner);
        if !progress.is_finite() || progress <= *last {
            return;
        }
        *last = progress;
        let total = total.filter(|total| total.is_finite());
        let message = Some(message).filter(|message| !message.is_empty());
        let params = ProgressParams { progress_token: &reporter.token, progress, total, message };
        // The channel is full while the client is slow, and closed after the reply. The lock keeps the order.
        let _ = reporter.client.try_send(notification("notifications/progress", Some(params)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reports(room: usize, report: impl Fn(&Progress)) -> Vec<String> {
        let (client, mut reported) = mpsc::channel(room);
        let token = RawValue::from_string("\"t\"".to_owned()).expect("JSON");
        report(&Progress::new(&token, &client));
        let next = || reported.try_recv().ok().map(|message| String::from_utf8(message.to_vec()).expect("UTF-8"));
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn each_report_says_more_than_the_one_before() {
        let shown = reports(9, |progress| {
            for done in [0.0, 0.0, 2.5, 1.0, f64::NAN, f64::INFINITY, 3.0] {
                progress.report(done, None, "");
            }
        });
        let amounts: Vec<_> =
            shown.iter().map(|message| message.rsplit_once("\"progress\":").expect("one").1).collect();
        assert_eq!(amounts, ["0.0}}", "2.5}}", "3.0}}"]);
    }

    #[test]
    fn a_slow_client_misses_reports_and_the_tool_goes_on() {
        let shown =
            reports(2, |progress| (0..9).for_each(|done| progress.report(f64::from(done), Some(9.0), "Working")));
        assert_eq!(shown.len(), 2);
        let expected = r#"{"progressToken":"t","progress":1.0,"total":9.0,"message":"Working"}"#;
        assert!(shown[1].contains(expected), "{shown:?}");
    }

    #[test]
    fn a_call_without_a_token_reports_to_no_client() {
        Progress::default().report(1.0, Some(2.0), "Nothing happens");
    }
}
