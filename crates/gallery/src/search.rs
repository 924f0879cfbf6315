//! Searches prompts by words, and forgives typing mistakes. Pure: the rows of `prompts/list` in, ranked indices out.
//!
//! Each word of a query is compared once with each distinct word of all prompts, not with each prompt. A match counts by its
//! field and its quality, and more if the word is rare.

use std::borrow::Cow;
use std::collections::HashMap;
use std::iter;
use std::ops::Range;

use deunicode::deunicode_char;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::limits::{MAX_QUERY_CHARS, MAX_QUERY_WORDS, MAX_SEARCHED_WORD_BYTES};
use dotprompt::nearest;

/// A row of `prompts/list`, as far as searches and tools need it.
#[derive(Deserialize)]
pub(crate) struct Row<'r> {
    #[serde(borrow)]
    pub(crate) name: Cow<'r, str>,
    #[serde(borrow)]
    pub(crate) title: Option<Cow<'r, str>>,
    #[serde(borrow)]
    pub(crate) description: Option<Cow<'r, str>>,
    #[serde(borrow)]
    pub(crate) icons: Option<&'r RawValue>,
    #[serde(borrow)]
    arguments: Vec<ArgumentRow<'r>>,
    #[serde(borrow, rename = "_meta")]
    pub(crate) meta: MetaRow<'r>,
}

#[derive(Deserialize)]
struct ArgumentRow<'r> {
    #[serde(borrow)]
    name: Cow<'r, str>,
    #[serde(borrow)]
    title: Option<Cow<'r, str>>,
    #[serde(borrow)]
    description: Option<Cow<'r, str>>,
}

#[derive(Deserialize)]
pub(crate) struct MetaRow<'r> {
    #[serde(borrow, default)]
    pub(crate) tags: Vec<Cow<'r, str>>,
}

/// A field of a prompt, the most telling first.
#[derive(Clone, Copy)]
enum Field {
    WholeName,
    WordOfName,
    Title,
    Tag,
    Description,
    Argument,
}

/// How much a match counts, by field.
const WEIGHTS: [f32; 6] = [10.0, 8.0, 6.0, 5.0, 3.0, 1.0];

/// The qualities of matches. A prefix has more than this, the more of the word it is.
const SAME: f32 = 1.0;
const PREFIX: f32 = 0.7;
const ONE_TYPO: f32 = 0.7;
const INFLECTED: f32 = 0.6;
const TWO_TYPOS: f32 = 0.5;
const INSIDE: f32 = 0.5;

/// The distinct words of all prompts, and the prompts that use each.
pub(crate) struct SearchIndex {
    /// The number of prompts.
    prompts: usize,
    /// All distinct words, one after the other.
    text: String,
    words: Vec<Word>,
    /// The uses of all words, one word after the other.
    uses: Vec<Use>,
    /// The prompts of each tag, by the words of the tag.
    tags: HashMap<String, Tag>,
}

/// A distinct word.
struct Word {
    text: Range<usize>,
    uses: Range<usize>,
    letters: u64,
}

/// The prompt that uses a word, and its best field with the word.
#[derive(Clone, Copy)]
struct Use {
    prompt: u32,
    field: Field,
}

struct Tag {
    /// As its author wrote it.
    name: String,
    prompts: Vec<u32>,
}

/// A tag that no prompt has.
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownTag {
    /// The similar tag, if there is one.
    pub nearest: Option<String>,
}

impl SearchIndex {
    /// The index of all rows. A row that is not valid JSON matches nothing.
    pub(crate) fn new<'r>(rows: impl Iterator<Item = Option<Row<'r>>>) -> Self {
        let mut builder = Builder::default();
        for row in rows {
            builder.add(row.as_ref());
        }
        builder.finish()
    }

    /// The indices of the prompts that match, the best first and otherwise in the order of the rows. A query without words
    /// finds all.
    ///
    /// # Errors
    /// No prompt has the tag.
    pub(crate) fn find(&self, query: &str, tag: Option<&str>) -> Result<Vec<u32>, UnknownTag> {
        let tagged = tag.map(|tag| self.tagged(tag)).transpose()?;
        let words = typed_words(query);
        let all = || 0..u32::try_from(self.prompts).unwrap_or(u32::MAX);
        if words.is_empty() {
            return Ok(tagged.map_or_else(|| all().collect(), <[u32]>::to_vec));
        }
        let scores = self.scores(&words);
        // Positive floats sort as their bits do.
        let key = |prompt: u32| (u64::from(!scores[prompt as usize].to_bits()) << 32) | u64::from(prompt);
        let is_found = |prompt: &u32| scores[*prompt as usize] > 0.0;
        let mut keys: Vec<u64> = match tagged {
            Some(tagged) => tagged.iter().copied().filter(is_found).map(key).collect(),
            None => all().filter(is_found).map(key).collect(),
        };
        keys.sort_unstable();
        Ok(keys.into_iter().map(|key| key as u32).collect())
    }

    fn tagged(&self, tag: &str) -> Result<&[u32], UnknownTag> {
        if let Some(tag) = self.tags.get(&words_of(tag).join(" ")) {
            return Ok(&tag.prompts);
        }
        let mut names: Vec<&str> = self.tags.values().map(|tag| tag.name.as_str()).collect();
        names.sort_unstable();
        Err(UnknownTag { nearest: nearest(tag, names.into_iter()).map(str::to_owned) })
    }

    /// The score of each prompt; 0 for one that does not match.
    fn scores(&self, words: &[Typed]) -> Vec<f32> {
        let mut scores = vec![0.0; self.prompts];
        let mut best = vec![0.0_f32; self.prompts];
        for typed in words {
            best.fill(0.0);
            let mut found = 0_u32;
            for (word, quality) in self.matches(typed) {
                for Use { prompt, field } in &self.uses[word.uses.clone()] {
                    let best = &mut best[*prompt as usize];
                    found += u32::from(*best == 0.0);
                    *best = best.max(quality * WEIGHTS[*field as usize]);
                }
            }
            if found == 0 {
                continue;
            }
            let rarity = (1.0 + self.prompts as f32 / found as f32).ln();
            for (score, best) in iter::zip(&mut scores, &best) {
                *score += rarity * best;
            }
        }
        scores
    }

    /// The words that match, with the quality. Typing mistakes are looked for only where no word begins alike.
    fn matches(&self, typed: &Typed) -> Vec<(&Word, f32)> {
        let mut matches = self.rated(|word, letters| typed.quality(word, letters));
        if matches.iter().all(|(_, quality)| *quality <= INSIDE) {
            matches.extend(self.rated(|word, letters| typed.typo(word, letters)));
        }
        matches
    }

    /// The words that have a quality.
    fn rated(&self, quality: impl Fn(&str, u64) -> Option<f32>) -> Vec<(&Word, f32)> {
        let words = self.words.iter();
        words.filter_map(|word| Some((word, quality(&self.text[word.text.clone()], word.letters)?))).collect()
    }
}

/// A word of a query.
struct Typed {
    text: String,
    letters: u64,
    chars: usize,
    has_digits: bool,
    /// Whether a short beginning of a word counts too.
    takes_any_prefix: bool,
}

impl Typed {
    fn new(text: String, takes_any_prefix: bool) -> Self {
        let has_digits = text.bytes().any(|byte| byte.is_ascii_digit());
        Self { letters: letters(&text), chars: text.chars().count(), has_digits, takes_any_prefix, text }
    }

    /// The quality of a match without typing mistakes.
    fn quality(&self, word: &str, letters: u64) -> Option<f32> {
        let typed = self.text.as_str();
        if word == typed {
            return Some(SAME);
        }
        if word.starts_with(typed) {
            let share = typed.len() as f32 / word.len() as f32;
            return (self.chars >= 3 || self.takes_any_prefix).then_some(PREFIX + 0.2 * share);
        }
        if !self.has_digits {
            // `translation` and `translate`.
            let same = iter::zip(word.bytes(), typed.bytes()).take_while(|(a, b)| a == b).count();
            if same >= 4 && same * 3 >= word.len().max(typed.len()) * 2 {
                return Some(INFLECTED);
            }
        }
        let has_all_letters = self.letters & !letters == 0;
        (has_all_letters && typed.len() >= 3 && word.contains(typed)).then_some(INSIDE)
    }

    /// The quality of a match with one or two typing mistakes: a character too many, missing, wrong, or swapped with the next.
    fn typo(&self, word: &str, letters: u64) -> Option<f32> {
        let most = match self.chars {
            0..=2 => return None,
            3..=5 => 1,
            _ => 2,
        };
        // A mistake changes two letters at most, and a character has up to four bytes.
        let is_unlike = (self.letters ^ letters).count_ones() > 2 * most
            || word.len().abs_diff(self.text.len()) > 4 * most as usize;
        if self.has_digits || is_unlike {
            return None;
        }
        match strsim::osa_distance(&self.text, word) {
            0 | 1 => Some(ONE_TYPO),
            2 if most == 2 => Some(TWO_TYPOS),
            _ => None,
        }
    }
}

/// The distinct words of a query, and all of them as one: `code review` finds `codereview`.
fn typed_words(query: &str) -> Vec<Typed> {
    let mut words = Vec::new();
    for word in words_of(&query.chars().take(MAX_QUERY_CHARS).collect::<String>()) {
        if words.len() < MAX_QUERY_WORDS && !words.contains(&word) {
            words.push(word);
        }
    }
    let (is_one, joined) = (words.len() == 1, words.concat());
    let is_name = (2..=6).contains(&words.len());
    words.extend(is_name.then_some(joined));
    words.into_iter().map(|word| Typed::new(word, is_one)).collect()
}

/// A set of the letters of a word, so that most words need no closer look.
fn letters(word: &str) -> u64 {
    let bit = |c: char| match c {
        'a'..='z' => c as u32 - 'a' as u32,
        '0'..='9' => 26 + c as u32 - '0' as u32,
        _ => 36 + c as u32 % 28,
    };
    word.chars().fold(0, |letters, c| letters | (1 << bit(c)))
}

fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for_each_word(text, &mut String::new(), |word| words.push(word.to_owned()));
    words
}

/// Calls `each` with the words of a text, in lower case and without accents. `word` is scratch space.
fn for_each_word(text: &str, word: &mut String, mut each: impl FnMut(&str)) {
    let mut end = |word: &mut String| {
        if !word.is_empty() {
            each(word);
            word.clear();
        }
    };
    word.clear();
    for c in text.chars() {
        match c {
            _ if c.is_ascii_alphanumeric() => word.push(c.to_ascii_lowercase()),
            // An accent after its letter.
            '\u{300}'..='\u{36f}' => {}
            // Latin letters with accents.
            '\u{c0}'..='\u{24f}' if c.is_alphabetic() => {
                word.extend(deunicode_char(c).unwrap_or_default().chars().map(|c| c.to_ascii_lowercase()));
            }
            _ if c.is_alphanumeric() => word.extend(c.to_lowercase()),
            _ => end(word),
        }
        // Some scripts have no spaces.
        if word.len() >= MAX_SEARCHED_WORD_BYTES {
            end(word);
        }
    }
    end(word);
}

#[derive(Default)]
struct Builder {
    prompts: u32,
    ids: HashMap<Box<str>, u32>,
    /// The last prompt of each word.
    last: Vec<u32>,
    /// The word of each use, in the order of the prompts.
    uses: Vec<(u32, Use)>,
    tags: HashMap<String, Tag>,
    scratch: String,
}

impl Builder {
    fn add(&mut self, row: Option<&Row<'_>>) {
        if let Some(row) = row {
            // The first use of a word in a prompt counts, so the best field comes first.
            let whole = words_of(&row.name).concat();
            self.add_text(Field::WholeName, &whole);
            self.add_text(Field::WordOfName, &row.name);
            self.add_text(Field::Title, row.title.as_deref().unwrap_or_default());
            for tag in &row.meta.tags {
                self.add_text(Field::Tag, tag);
                let known = self.tags.entry(words_of(tag).join(" "));
                let known = known.or_insert_with(|| Tag { name: tag.to_string(), prompts: Vec::new() });
                if known.prompts.last() != Some(&self.prompts) {
                    known.prompts.push(self.prompts);
                }
            }
            self.add_text(Field::Description, row.description.as_deref().unwrap_or_default());
            for ArgumentRow { name, title, description } in &row.arguments {
                for text in [Some(name), title.as_ref(), description.as_ref()].into_iter().flatten() {
                    self.add_text(Field::Argument, text);
                }
            }
        }
        self.prompts += 1;
    }

    fn add_text(&mut self, field: Field, text: &str) {
        let mut scratch = std::mem::take(&mut self.scratch);
        for_each_word(text, &mut scratch, |word| self.add_word(field, word));
        self.scratch = scratch;
    }

    fn add_word(&mut self, field: Field, word: &str) {
        let id = match self.ids.get(word) {
            Some(id) if self.last[*id as usize] == self.prompts => return,
            Some(id) => *id,
            None => {
                let id = self.last.len() as u32;
                self.ids.insert(word.into(), id);
                self.last.push(self.prompts);
                id
            }
        };
        self.last[id as usize] = self.prompts;
        self.uses.push((id, Use { prompt: self.prompts, field }));
    }

    /// Sorts the uses by word.
    fn finish(self) -> SearchIndex {
        let mut ends = vec![0; self.ids.len()];
        for (id, _) in &self.uses {
            ends[*id as usize] += 1;
        }
        let mut all = 0;
        for count in &mut ends {
            // For now the start of each word's uses.
            all += std::mem::replace(count, all);
        }
        let starts = ends.clone();
        let mut uses = vec![Use { prompt: 0, field: Field::Argument }; all];
        for (id, word_use) in self.uses {
            let end = &mut ends[id as usize];
            uses[*end] = word_use;
            *end += 1;
        }
        let mut by_id = vec![""; self.ids.len()];
        for (word, id) in &self.ids {
            by_id[*id as usize] = word;
        }
        let mut text = String::new();
        let mut words = Vec::with_capacity(by_id.len());
        for (word, (start, end)) in iter::zip(by_id, iter::zip(starts, ends)) {
            let at = text.len();
            text.push_str(word);
            words.push(Word { text: at..text.len(), uses: start..end, letters: letters(word) });
        }
        SearchIndex { prompts: self.prompts as usize, text, words, uses, tags: self.tags }
    }
}

#[cfg(test)]
mod tests;
