//! Trace ids, for the log. A value that is not whole is not used.

/// The trace id of a W3C `traceparent`: `00-TRACE_ID-PARENT_ID-FLAGS`.
/// <https://www.w3.org/TR/trace-context/#traceparent-header>
pub(super) fn trace_id(traceparent: &str) -> Option<&str> {
    let mut parts = traceparent.split('-');
    let [version, trace, parent, flags] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    let is_known = version != "00" || parts.next().is_none(); // a later version may have more parts
    let is_whole = is_hex(version, 2) && is_id(trace, 32) && is_id(parent, 16) && is_hex(flags, 2);
    (is_whole && is_known && version != "ff").then_some(trace)
}

/// The trace id in an `X-Amzn-Trace-Id`: `Root=1-SECONDS-NUMBER;Parent=…;Sampled=1`. Lambda's runtime writes it into each event's
/// headers, and a load balancer of AWS sends it.
pub(super) fn xray_trace_id(header: &str) -> Option<&str> {
    let id = header.split(';').find_map(|field| field.trim().strip_prefix("Root="))?;
    let (seconds, number) = id.strip_prefix("1-")?.split_once('-')?;
    (is_hex(seconds, 8) && is_hex(number, 24)).then_some(id)
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether this is an id of so many digits. An id of zeros is invalid.
fn is_id(text: &str, length: usize) -> bool {
    is_hex(text, length) && text.bytes().any(|byte| byte != b'0')
}

#[cfg(test)]
mod tests {
    use super::{trace_id, xray_trace_id};

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_whole_traceparent_has_a_trace_id() {
        let whole = format!("00-{TRACE}-00f067aa0ba902b7-01");
        assert_eq!(trace_id(&whole), Some(TRACE));
        assert_eq!(trace_id(&whole.replacen("00-", "01-", 1)), Some(TRACE));
        assert_eq!(trace_id(&(whole.replacen("00-", "cc-", 1) + "-later")), Some(TRACE));
        let broken = [
            String::new(),
            TRACE.to_owned(),
            format!("00-{TRACE}"),
            format!("00-{TRACE}-00f067aa0ba902b7"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            format!("00-{TRACE}-00f067aa0ba902b7-0"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("0-{TRACE}-00f067aa0ba902b7-01"),
            format!(" 00-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}\n-00f067aa0ba902b7-01"),
        ];
        for broken in broken {
            assert_eq!(trace_id(&broken), None, "{broken:?}");
        }
    }

    #[test]
    fn a_trace_of_x_ray_is_the_root() {
        const ROOT: &str = "1-6ad5d780-5f3c1e9a0b7d284600000001";
        for header in [
            format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=0"),
            format!("Root={ROOT}"),
            format!("Self=1-6ad5d780-000000000000000000000002; Root={ROOT}"),
        ] {
            assert_eq!(xray_trace_id(&header), Some(ROOT), "{header}");
        }
        for header in
            ["", ROOT, "Root=", "Root=1-x-y", "Root=2-6ad5d780-5f3c1e9a0b7d284600000001", "Parent=53995c3f42cd8ad8"]
        {
            assert_eq!(xray_trace_id(header), None, "{header}");
        }
    }
}
