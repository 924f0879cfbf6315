//! Suggests known values for what a person has typed so far.

use std::iter;

use crate::limits::{MAX_SUGGESTIONS, MAX_TYPED_BYTES};

/// Suggestions for an argument's value.
#[derive(Debug, PartialEq, Eq)]
pub struct Completion {
    /// The first suggestions, 100 at most.
    pub values: Vec<String>,
    /// How many values match in all.
    pub total: usize,
}

/// How well a value matches, the best first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    /// The value is the typed text, in any case.
    Whole,
    /// The value begins with the typed text.
    Prefix,
    /// The value begins with the typed text in another case.
    AnyCasePrefix,
    /// A later word of the value begins with the typed text.
    Word,
    /// The value has the typed characters in their order, with this number of others between them.
    Scattered { gaps: usize },
}

impl Completion {
    /// The values that match, the best first. Equal matches keep their order.
    pub(crate) fn new(values: &[String], typed: &str) -> Self {
        if typed.len() > MAX_TYPED_BYTES {
            return Self { values: Vec::new(), total: 0 };
        }
        let lower = lowercase(typed);
        let matching = values.iter().filter_map(|value| Some((match_of(value, typed, &lower)?, value)));
        let mut found: Vec<_> = matching.collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let best = found.iter().take(MAX_SUGGESTIONS).map(|(_, value)| (*value).clone());
        Self { values: best.collect(), total: found.len() }
    }
}

fn lowercase(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).collect()
}

fn match_of(value: &str, typed: &str, lower: &[char]) -> Option<Match> {
    let begins = value.starts_with(typed);
    let value = lowercase(value);
    if value == lower {
        return Some(Match::Whole);
    }
    if begins {
        return Some(Match::Prefix);
    }
    if value.starts_with(lower) {
        return Some(Match::AnyCasePrefix);
    }
    let mut words = iter::zip(&value, 1..).filter(|(before, _)| !before.is_alphanumeric()).map(|(_, start)| start);
    if words.any(|start| value[start..].starts_with(lower)) {
        return Some(Match::Word);
    }
    gaps(&value, lower).map(|gaps| Match::Scattered { gaps })
}

/// The least number of other characters between those of `typed`, if `value` has them all in their order.
fn gaps(value: &[char], typed: &[char]) -> Option<usize> {
    let mut fewest = None;
    let mut rest = value;
    // Finds the first end of all typed characters, goes back to their last start, and continues after that start.
    while let Some(end) = end_of(rest.iter(), typed.iter()) {
        let span = end_of(rest[..end].iter().rev(), typed.iter().rev())?;
        fewest = fewest.into_iter().chain([span - typed.len()]).min();
        rest = &rest[end - span + 1..];
    }
    fewest
}

/// How many of `value`'s first characters have all of `typed` in their order.
fn end_of<'a>(value: impl Iterator<Item = &'a char>, mut typed: impl Iterator<Item = &'a char>) -> Option<usize> {
    let mut value = value.enumerate();
    typed.try_fold(0, |_, c| value.find(|(_, other)| *other == c).map(|(at, _)| at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(values: &[&str], typed: &str) -> Vec<String> {
        let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
        Completion::new(&values, typed).values
    }

    #[test]
    fn nothing_typed_suggests_everything_in_the_authors_order() {
        assert_eq!(complete(&["warm", "dry", "Cold"], ""), ["warm", "dry", "Cold"]);
        assert_eq!(complete(&[], ""), [""; 0]);
    }

    #[test]
    fn a_prefix_in_the_same_case_comes_before_one_in_another() {
        assert_eq!(complete(&["Rust", "ruby", "RUN"], "ru"), ["ruby", "Rust", "RUN"]);
        assert_eq!(complete(&["Rust", "ruby", "RUN"], "RU"), ["RUN", "Rust", "ruby"]);
        assert_eq!(complete(&["élan", "Éclair"], "É"), ["Éclair", "élan"]);
    }

    #[test]
    fn a_prefix_comes_before_a_word_before_scattered_characters() {
        let values = ["preview", "code-review", "r.e.v", "revise", "my Review"];
        assert_eq!(complete(&values, "rev"), ["revise", "code-review", "my Review", "preview", "r.e.v"]);
    }

    #[test]
    fn fewer_gaps_come_first_and_the_author_decides_between_equals() {
        assert_eq!(complete(&["a--b--c", "a-b-c", "xabc", "a-bc-"], "abc"), ["xabc", "a-bc-", "a-b-c", "a--b--c"]);
        assert_eq!(complete(&["x2y", "x1y"], "xy"), ["x2y", "x1y"]);
        // The best place in a value counts.
        assert_eq!(complete(&["a--b--c", "xa--a-b---abx"], "ab"), ["xa--a-b---abx", "a--b--c"]);
        assert_eq!(gaps(&lowercase("xa--a-bx"), &['a', 'b']), Some(1));
    }

    #[test]
    fn values_without_all_characters_in_order_are_left_out() {
        assert_eq!(complete(&["warm", "dry"], "mw"), [""; 0]);
        assert_eq!(complete(&["warm", "dry"], "warmer"), [""; 0]);
        assert_eq!(complete(&["warm", "dry"], "w m"), [""; 0]);
        assert_eq!(complete(&["a", ""], "a"), ["a"]);
    }

    #[test]
    fn a_hundred_are_suggested_and_all_are_counted() {
        let values: Vec<_> = (0..150).map(|number| format!("value {number}")).collect();
        let completion = Completion::new(&values, "val");
        assert_eq!((completion.values.len(), completion.total), (100, 150));
        assert_eq!(completion.values[99], "value 99");
    }

    #[test]
    fn a_very_long_typed_text_matches_nothing() {
        let values = vec!["a".repeat(256 * 1024); 100];
        assert_eq!(Completion::new(&values, &"a".repeat(1024 * 1024)), Completion { values: Vec::new(), total: 0 });
        assert_eq!(Completion::new(&values[..1], &"a".repeat(MAX_TYPED_BYTES)).total, 1);
    }
}
