//! Checks that a listing is whole: the SDK's reader accepts XML that is cut off.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};

/// An interceptor that remembers facts about the last answer to its request.
#[derive(Debug, Clone, Default)]
pub(super) struct RawAnswer(Arc<Mutex<Facts>>);

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Facts {
    /// Whether the root element is closed.
    pub(super) is_whole: bool,
    /// The time of the server's clock.
    pub(super) date: Option<DateTime>,
}

impl RawAnswer {
    pub(super) fn facts(&self) -> Facts {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for RawAnswer {
    fn name(&self) -> &'static str {
        "RawAnswer"
    }

    // At this point the body is in memory.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let is_whole = response.body().bytes().is_some_and(is_closed);
        let date =
            response.headers().get("date").and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Facts { is_whole, date };
        Ok(())
    }
}

/// Whether a document ends with the end tag of a listing. The SDK checks the rest of it.
fn is_closed(xml: &[u8]) -> bool {
    let mut xml = xml.trim_ascii_end();
    while xml.ends_with(b"-->") {
        let Some(start) = xml.windows(4).rposition(|window| window == b"<!--") else { return false };
        xml = xml[..start].trim_ascii_end();
    }
    let Some(xml) = xml.strip_suffix(b">") else { return false };
    let Some(start) = xml.iter().rposition(|byte| *byte == b'<') else { return false };
    let tag = &xml[start + 1..];
    let is_named = |name: &[u8]| name.rsplit(|byte| *byte == b':').next() == Some(b"ListBucketResult");
    match (tag.strip_prefix(b"/"), tag.strip_suffix(b"/")) {
        (Some(name), _) => is_named(name.trim_ascii_end()),
        // An empty listing, perhaps with attributes.
        (_, Some(empty)) => empty.split(u8::is_ascii_whitespace).next().is_some_and(is_named),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_closed;

    #[test]
    fn a_listing_is_whole_when_its_root_element_is_closed() {
        for whole in [
            "<ListBucketResult><Key>a</Key></ListBucketResult>",
            "<ListBucketResult></ListBucketResult >\r\n",
            "<s3:ListBucketResult xmlns:s3=\"x\"></s3:ListBucketResult>\n<!-- took 3 ms -->",
            "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>",
        ] {
            assert!(is_closed(whole.as_bytes()), "{whole}");
            for end in 1..whole.trim_end_matches("<!-- took 3 ms -->").trim_end().len() {
                assert!(!is_closed(&whole.as_bytes()[..end]), "{}", &whole[..end]);
            }
        }
        for other in ["", "<html></html>", "<Error/>", "<x>ListBucketResult</x>", "</Contents>", "ListBucketResult>"] {
            assert!(!is_closed(other.as_bytes()), "{other}");
        }
    }
}
