//! The counts of a running server, from its `/metrics`.

use std::time::Duration;

use aws_sdk_s3::config::http::HttpRequest;
use http::uri::PathAndQuery;
use http::{StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use server::config::is_trustworthy;
use store::causes::chain;
use store::env::process;
use store::https;

use super::{Counts, Uses};
use crate::failure::Failure;

/// Bytes of an answer: ten thousand prompts with three counts have some 4 MB.
const MAX_ANSWER_SIZE: usize = 16 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(10);
/// The variable of the access token.
const TOKEN: &str = "TOKEN";

/// Reads the counts of the server at `url`: its root, its MCP endpoint or its `/metrics`.
///
/// # Errors
/// A server that does not answer, or not with metrics.
pub(super) async fn read(url: &str) -> Result<Uses, Failure> {
    let address = metrics_address(url)
        .ok_or_else(|| Failure::unable(format!("{url}: expected an address such as http://127.0.0.1:8080")))?;
    let mut request = HttpRequest::empty();
    request.set_uri(address.clone()).map_err(Failure::unable)?;
    // Never in the clear over a network.
    if let Some(token) = process(TOKEN).filter(|token| !token.is_empty() && is_trustworthy(&address)) {
        request.headers_mut().try_insert("authorization", format!("Bearer {token}")).map_err(Failure::unable)?;
    }
    let answered = async {
        let answer = https::send(request).await.map_err(|e| chain(&e))?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), MAX_ANSWER_SIZE).collect().await.map_err(|e| chain(&*e))?;
        Ok((status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
    };
    let answered = tokio::time::timeout(TIMEOUT, answered).await.unwrap_or_else(|_| Err("no answer".to_owned()));
    let (status, text) = answered.map_err(|e| Failure::unable(format!("{address}: {e}")))?;
    let refused = |why: &str| Err(Failure::unable(format!("{address}: {why}")));
    match StatusCode::from_u16(status) {
        Ok(StatusCode::OK) => Ok(counts(&text)),
        Ok(StatusCode::UNAUTHORIZED) => refused("sign in: set TOKEN to an access token"),
        Ok(StatusCode::FORBIDDEN) => refused("metrics are for the server's own machine and for callers who sign in"),
        Ok(StatusCode::NOT_FOUND) => refused("no metrics here; for a function on AWS pass --log-group NAME"),
        _ => refused(&format!("status {status}")),
    }
}

/// The address of the counts by prompt.
fn metrics_address(url: &str) -> Option<String> {
    let mut parts = url.parse::<Uri>().ok()?.into_parts();
    if !matches!(parts.scheme.as_ref()?.as_str(), "http" | "https") || parts.authority.is_none() {
        return None;
    }
    let path = parts.path_and_query.as_ref().map_or("/", PathAndQuery::path).trim_end_matches('/');
    let root = path.strip_suffix("/mcp").or_else(|| path.strip_suffix("/metrics")).unwrap_or(path);
    parts.path_and_query = Some(format!("{root}/metrics?by=prompt").parse().ok()?);
    Some(Uri::from_parts(parts).ok()?.to_string())
}

/// The counts in Prometheus text.
fn counts(text: &str) -> Uses {
    let mut uses = Uses::new();
    for line in text.lines() {
        let Some((metric, rest)) = line.split_once("_total{gen_ai_prompt_name=\"") else { continue };
        let Some((name, count)) = rest.split_once("\"} ") else { continue };
        let Ok(count) = count.trim().parse::<u64>() else { continue };
        let counts: &mut Counts = uses.entry(name.to_owned()).or_default();
        match metric {
            "prompt_gallery_prompt_renders" => counts.renders = count,
            "prompt_gallery_prompt_failures" => counts.failed = count,
            "prompt_gallery_prompt_refusals" => counts.refused = count,
            _ => {}
        }
    }
    uses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_a_server_leads_to_its_counts() {
        for url in ["http://h:1", "http://h:1/", "http://h:1/mcp", "http://h:1/metrics", "http://h:1/metrics?by=prompt"]
        {
            assert_eq!(metrics_address(url).as_deref(), Some("http://h:1/metrics?by=prompt"), "{url}");
        }
        let behind_a_path = metrics_address("https://example.com/prompts/mcp");
        assert_eq!(behind_a_path.as_deref(), Some("https://example.com/prompts/metrics?by=prompt"));
        for url in ["h:1", "ftp://h/", "/metrics", "localhost", ""] {
            assert_eq!(metrics_address(url), None, "{url}");
        }
    }
}
