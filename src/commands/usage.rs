//! `prompt-gallery usage`: which prompts are used, which are not, and which fail.

mod log_group;
mod scrape;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use store::env::variable;
use tracing::level_filters::LevelFilter;

use super::runtime;
use crate::failure::Failure;
use crate::location::Location;
use crate::{open, program};

/// Show which prompts are used most, never, and which fail
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Usage {
    #[command(flatten)]
    location: Location,
    /// Address of a running server; without it, that of this machine, at the port of the variable PORT or 8080
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// Read the log group of the function instead, such as /aws/lambda/prompt-gallery
    #[arg(long, value_name = "NAME", conflicts_with = "url")]
    log_group: Option<String>,
    /// Days of the log to read
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=3653))]
    days: u16,
    /// Print an array of objects
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
A server counts since its start. RENDERS are prompts that were rendered, FAILED those that the server could not render, and REFUSED
those with wrong arguments. --dir, --bucket and --prefix say where the prompts are: those without a render are listed as never
used. In a pipe or a file each prompt is one line: name, renders, failed and refused, separated by tabs.

A server on another machine answers callers who sign in: the variable TOKEN has the access token. A log group is read with the AWS
settings of this machine, and needs logs:StartQuery and logs:GetQueryResults. CloudWatch bills each query by the bytes it reads.

Examples:
  prompt-gallery usage
  prompt-gallery usage https://prompts.example.com --bucket my-prompts
  prompt-gallery usage --log-group /aws/lambda/my-stack --days 30 --bucket my-prompts
  prompt-gallery usage --json";

/// How often one prompt was asked for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
struct Counts {
    renders: u64,
    failed: u64,
    refused: u64,
}

/// The counts by the name of a prompt.
type Uses = BTreeMap<String, Counts>;

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    #[serde(flatten)]
    counts: Counts,
}

pub(crate) fn run(args: &Usage) -> Result<ExitCode, Failure> {
    let (rows, location) = runtime::run(LevelFilter::WARN, async {
        let uses = match &args.log_group {
            Some(group) => log_group::read(group, args.days).await?,
            None => scrape::read(args.url.as_deref().unwrap_or(&local_server())).await?,
        };
        let prompts = async {
            let config = args.location.config()?;
            let gallery = open::gallery(open::store(&config.source).await?, &config);
            Ok::<_, Failure>((gallery.files().await?, gallery.location()))
        };
        // Whoever watches a server may not have its prompts.
        Ok(match prompts.await {
            Ok((files, location)) => (rows(uses, files.into_iter().map(|(name, _)| name)), Some(location)),
            Err(failure) => {
                program::tell(format_args!("what was never used is not known: {}", failure.message()));
                (rows(uses, [].into_iter()), None)
            }
        })
    })?;
    let text = match (args.json, io::stdout().is_terminal()) {
        (true, true) => serde_json::to_string_pretty(&rows).expect("a list serialises") + "\n",
        (true, false) => serde_json::to_string(&rows).expect("a list serialises") + "\n",
        (false, true) => report(&rows, location.as_deref()),
        (false, false) => rows.iter().map(|row| row.fields().join("\t") + "\n").collect(),
    };
    program::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The address of the server that `serve` starts on this machine with the same variables.
fn local_server() -> String {
    let port = variable("PORT").unwrap_or_else(|| "8080".to_owned());
    format!("http://127.0.0.1:{port}")
}

/// The prompts of the gallery and those that were asked for, the most used first.
fn rows(mut uses: Uses, names: impl Iterator<Item = String>) -> Vec<Row> {
    names.for_each(|name| {
        uses.entry(name).or_default();
    });
    let mut rows: Vec<_> = uses.into_iter().map(|(name, counts)| Row { name, counts }).collect();
    // Stable: by name where the counts are the same.
    rows.sort_by_key(|row| std::cmp::Reverse((row.counts.renders, row.counts.failed, row.counts.refused)));
    rows
}

impl Row {
    /// Name, renders, failed, refused.
    fn fields(&self) -> [String; 4] {
        let Counts { renders, failed, refused } = self.counts;
        [self.name.clone(), renders.to_string(), failed.to_string(), refused.to_string()]
    }
}

/// What a person sees: the prompts that were asked for, those that fail, and those that were never rendered.
fn report(rows: &[Row], location: Option<&str>) -> String {
    let name_width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default().max("NAME".len());
    let line = |[name, renders, failed, refused]: [&str; 4]| {
        format!("{name:name_width$}  {renders:>7}  {failed:>6}  {refused:>7}\n")
    };
    let names = |title: &str, named: Vec<&str>| match named.as_slice() {
        [] => String::new(),
        named => format!("\n{title}\n  {}\n", named.join("\n  ")),
    };
    let (used, unused): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.counts != Counts::default());
    let mut text = match used.is_empty() {
        true => "No prompt was used.\n".to_owned(),
        false => line(["NAME", "RENDERS", "FAILED", "REFUSED"]),
    };
    for row in &used {
        text += &line(row.fields().each_ref().map(String::as_str));
    }
    let failing = used.iter().filter(|row| row.counts.failed > 0).map(|row| row.name.as_str());
    text += &names("Failing (the server's log says why):", failing.collect());
    let never = unused.iter().chain(used.iter().filter(|row| row.counts.renders == 0));
    let of = location.map(|location| format!(", of the prompts in {location}")).unwrap_or_default();
    text + &names(&format!("Never rendered{of}:"), never.map(|row| row.name.as_str()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_has_the_most_used_prompts_first_then_those_that_fail_and_those_never_used() {
        let counts = |renders, failed, refused| Counts { renders, failed, refused };
        let uses = [("review", counts(2, 0, 1)), ("gone", counts(1, 0, 0)), ("broken", counts(0, 3, 0))];
        let uses = uses.map(|(name, counts)| (name.to_owned(), counts)).into();
        let rows = rows(uses, ["review", "greet", "broken"].map(str::to_owned).into_iter());
        insta::assert_snapshot!(report(&rows, Some("prompts")), @"
        NAME    RENDERS  FAILED  REFUSED
        review        2       0        1
        gone          1       0        0
        broken        0       3        0

        Failing (the server's log says why):
          broken

        Never rendered, of the prompts in prompts:
          greet
          broken
        ");
        insta::assert_snapshot!(report(&[], None), @"No prompt was used.");
    }
}
