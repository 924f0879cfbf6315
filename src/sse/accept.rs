//! The header `Accept`.

use http::HeaderMap;
use http::header::ACCEPT;

const EVENTS: &str = "text/event-stream";

/// What a client accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accepted {
    /// The client names `text/event-stream`.
    pub(super) events: bool,
    /// The client accepts `text/event-stream`, by its name, by a wildcard, or by having no `Accept`.
    pub(super) any_or_events: bool,
}

impl Accepted {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut accepted = Self { events: false, any_or_events: !headers.contains_key(ACCEPT) };
        let values = headers.get_all(ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
        for range in values.flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            // A weight of 0 refuses the type.
            let is_refused = parts.any(|part| {
                let weight = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
                weight.is_some_and(|weight| weight.parse() == Ok(0.0))
            });
            if is_refused {
                continue;
            }
            accepted.events |= name.eq_ignore_ascii_case(EVENTS);
            accepted.any_or_events |= accepted.events || name == "*/*" || name.eq_ignore_ascii_case("text/*");
        }
        accepted
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_stream_is_accepted_by_name_and_where_it_is_the_only_answer_by_a_wildcard() {
        for (accept, events, any_or_events) in [
            ("application/json, text/event-stream", true, true),
            ("Text/Event-Stream;q=0.5", true, true),
            ("*/*", false, true),
            ("text/*", false, true),
            ("application/json", false, false),
            ("application/json, text/event-stream;q=0", false, false),
            ("text/event-stream;q=0.0, */*", false, true),
            ("text/event-streams", false, false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(Accepted::of(&headers), Accepted { events, any_or_events }, "{accept}");
        }
        assert_eq!(Accepted::of(&HeaderMap::new()), Accepted { events: false, any_or_events: true });
        let mut two = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        two.append(ACCEPT, HeaderValue::from_static(EVENTS));
        assert!(Accepted::of(&two).events);
    }
}
