//! Prompts as dimensions of metrics, with `METRICS_BY_PROMPT=on`. On AWS each is paid for on its own, so there are few.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::post::OTHER_PROMPTS;
use crate::limits::MAX_PROMPT_DIMENSIONS;

/// The prompts that are dimensions of their own, over the life of the process, in which prompts come and go.
#[derive(Default)]
pub(super) struct PromptDimensions(Mutex<HashSet<String>>);

impl PromptDimensions {
    /// The dimension of a prompt. `place` is how many come before it by name: the first ones have their own, so that processes over the
    /// same prompts have the same.
    pub(super) fn of(&self, prompt: &str, place: Option<usize>) -> String {
        let mut named = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if named.contains(prompt) {
            return prompt.to_owned();
        }
        let is_first = place.is_some_and(|place| place < MAX_PROMPT_DIMENSIONS);
        if !is_first || named.len() >= MAX_PROMPT_DIMENSIONS {
            return OTHER_PROMPTS.to_owned();
        }
        named.insert(prompt.to_owned());
        prompt.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_that_come_and_go_do_not_add_dimensions_for_ever() {
        let dimensions = PromptDimensions::default();
        assert_eq!(dimensions.of("z", Some(MAX_PROMPT_DIMENSIONS)), OTHER_PROMPTS);
        assert_eq!(dimensions.of("not-listed", None), OTHER_PROMPTS);
        for number in 0..MAX_PROMPT_DIMENSIONS {
            assert_eq!(dimensions.of(&format!("p-{number}"), Some(0)), format!("p-{number}"));
        }
        assert_eq!(dimensions.of("one-more", Some(0)), OTHER_PROMPTS);
        // Also after others have come before it, and after it was deleted.
        assert_eq!(dimensions.of("p-7", Some(MAX_PROMPT_DIMENSIONS)), "p-7");
        assert_eq!(dimensions.of("p-7", None), "p-7");
    }
}
