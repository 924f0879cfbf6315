//! The counts of the function on AWS, from the lines of its log group, with CloudWatch Logs Insights.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::json;
use server::mcp::INTERNAL_ERROR;
use tokio::time::sleep;

use super::Uses;
use crate::aws::logs::Logs;
use crate::failure::Failure;

/// Only requests for prompts of the gallery have the field.
const QUERY: &str = "filter ispresent(prompt.name) \
    | stats count(*) as calls by prompt.name, outcome, error.code | limit 10000";
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// CloudWatch gives up after an hour. Nobody waits so long.
const QUERY_TIMEOUT: Duration = Duration::from_secs(300);
const DAY_SECONDS: u64 = 86_400;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    query_id: String,
}

#[derive(Deserialize)]
struct Answer {
    status: String,
    #[serde(default)]
    results: Vec<Vec<Field>>,
}

#[derive(Deserialize)]
struct Field {
    field: String,
    value: String,
}

/// Reads the counts of the last `days` in a log group.
///
/// # Errors
/// AWS settings that do not work, a log group that cannot be read.
pub(super) async fn read(group: &str, days: u16) -> Result<Uses, Failure> {
    let logs = Logs::open().await.map_err(Failure::unable)?;
    let fail = |why: String| Failure::unable(format!("{group}: {why}"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let start = now.saturating_sub(u64::from(days) * DAY_SECONDS);
    let query = json!({ "logGroupName": group, "startTime": start, "endTime": now, "queryString": QUERY });
    let Started { query_id } = logs.call("StartQuery", &query).await.map_err(fail)?;
    let finished = async {
        loop {
            let answer: Answer = logs.call("GetQueryResults", &json!({ "queryId": query_id })).await?;
            match answer.status.as_str() {
                "Complete" => return Ok(answer.results),
                "Scheduled" | "Running" => sleep(POLL_INTERVAL).await,
                other => return Err(format!("the query ended: {other}")),
            }
        }
    };
    let late = |_| Err(format!("the query has no result after {QUERY_TIMEOUT:?}"));
    let results = tokio::time::timeout(QUERY_TIMEOUT, finished).await.unwrap_or_else(late).map_err(fail)?;
    Ok(counts(&results))
}

/// The counts in the rows of the query.
fn counts(rows: &[Vec<Field>]) -> Uses {
    let mut uses = Uses::new();
    for row in rows {
        let value = |name: &str| row.iter().find(|field| field.field == name).map(|field| field.value.as_str());
        let Some(name) = value("prompt.name") else { continue };
        let calls = value("calls").and_then(|calls| calls.parse::<u64>().ok()).unwrap_or_default();
        let counts = uses.entry(name.to_owned()).or_default();
        match (value("outcome"), value("error.code")) {
            (Some("ok"), _) => counts.renders += calls,
            (_, Some(code)) if code == INTERNAL_ERROR.to_string() => counts.failed += calls,
            _ => counts.refused += calls,
        }
    }
    uses
}
