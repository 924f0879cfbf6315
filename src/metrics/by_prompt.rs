//! Renders by prompt. Each process counts them; they are labels of its metrics only with `METRICS_BY_PROMPT=on`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use ::metrics::{Label, counter};

use server::mcp::{INTERNAL_ERROR, OTHER_PROMPTS, Record};

pub(super) const RENDERS: &str = "prompt_gallery.prompt.renders";
pub(super) const FAILURES: &str = "prompt_gallery.prompt.failures";
pub(super) const REFUSALS: &str = "prompt_gallery.prompt.refusals";
pub(super) const NAMES: [&str; 3] = [RENDERS, FAILURES, REFUSALS];

/// Prompts that are counted on their own, over the life of the process. All others are one.
const MAX_COUNTED: usize = 10_000;

/// The counts of this process.
pub(super) struct ByPrompt {
    since: SystemTime,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    /// Renders, failures and refusals of each prompt.
    by_name: BTreeMap<String, [u64; 3]>,
}

impl Default for ByPrompt {
    fn default() -> Self {
        Self { since: SystemTime::now(), counts: Mutex::default() }
    }
}

impl ByPrompt {
    /// Counts a request for a prompt of the gallery.
    pub(super) fn count(&self, prompt: &str, record: &Record) {
        let which = match record.error {
            None if !record.tool_error => 0,
            Some(INTERNAL_ERROR) => 1,
            _ => 2,
        };
        self.lock().count(prompt, which);
        let label = record.prompt_dimension.clone().map(|label| Label::new(super::PROMPT, label));
        counter!(NAMES[which], Vec::from_iter(label)).increment(1);
    }

    /// Prometheus text of these counts alone.
    pub(super) fn text(&self) -> String {
        let since = self.since.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut text = format!(
            "# HELP process_start_time_seconds When the counts began\n\
             # TYPE process_start_time_seconds gauge\nprocess_start_time_seconds {since}\n"
        );
        let counts = self.lock();
        let label = super::PROMPT.replace('.', "_");
        for (which, name) in NAMES.into_iter().enumerate() {
            let name = format!("{}_total", name.replace('.', "_"));
            let _ = writeln!(text, "# TYPE {name} counter");
            for (prompt, counts) in counts.by_name.iter().filter(|(_, counts)| counts[which] > 0) {
                // A prompt's name has letters, digits, `-` and `_`.
                let _ = writeln!(text, "{name}{{{label}=\"{prompt}\"}} {}", counts[which]);
            }
        }
        text
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn count(&mut self, prompt: &str, which: usize) {
        if let Some(counts) = self.by_name.get_mut(prompt) {
            counts[which] += 1;
            return;
        }
        let name = if self.by_name.len() < MAX_COUNTED { prompt } else { OTHER_PROMPTS };
        self.by_name.entry(name.to_owned()).or_default()[which] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_bounded() {
        let mut counts = Counts::default();
        (0..MAX_COUNTED + 10).for_each(|number| counts.count(&format!("p-{number}"), 0));
        assert_eq!(counts.by_name.len(), MAX_COUNTED + 1);
        assert_eq!(counts.by_name[OTHER_PROMPTS], [10, 0, 0]);
    }
}
