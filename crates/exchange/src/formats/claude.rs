//! Claude Code's commands: `.claude/commands/folder/name.md`.
//!
//! As Claude Code 2.1.332 reads them: `$ARGUMENTS` is all that is typed, `$ARGUMENTS[0]` and `$0` are its words, and `$name` is the
//! word of an argument that `arguments` in the front matter lists. A backslash before these makes them text. `` !`command` `` after
//! white space and ```` ```! ```` blocks are run, `@path` at the start of a word attaches a file.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{Format, Written, assembled};
use crate::draft::Draft;
use crate::import::InputFile;
use crate::live::{self, Found, FoundKind, REPLACES, RUNS, Reference};
use crate::markdown::{self, Document};
use crate::parameter::{KEY, Parameter, argument_name};
use crate::plan::Plan;
use crate::{paths, yaml};

pub(crate) const FORMAT: Format = Format {
    word: "claude",
    program: "Claude Code",
    path: |key, name| format!("{}.md", paths::of_prompt(key, name)),
    write,
    read,
};

/// The most arguments with names, and the most characters of a name.
const MAX_NAMED: usize = 64;
const ALL: &str = "$ARGUMENTS";

fn write(plan: &Plan, _: &str) -> Result<Written, String> {
    let names: Vec<String> = plan.parameters.iter().map(|parameter| parameter.name.clone()).collect();
    let is_wrong = |name: &&String| {
        name.len() > MAX_NAMED || name.starts_with("ARGUMENTS") || name.chars().all(|c| c.is_ascii_digit())
    };
    if let Some(name) = names.iter().find(is_wrong) {
        return Err(format!("Claude Code takes no argument of the name `{}`", dotprompt::shorten(name)));
    }
    if names.len() > MAX_NAMED {
        return Err(format!("Claude Code takes at most {MAX_NAMED} arguments"));
    }
    // The only argument gets all words, not the first one.
    let is_only = names.len() == 1;
    let placeholder = |parameter: &Parameter, index: usize, after: &str| {
        let named = if is_only { ALL.to_owned() } else { format!("${}", parameter.name) };
        let first = scan(&format!("{named}{after}"), &names).into_iter().next();
        if first.is_some_and(|found| found.range == (0..named.len())) {
            return Ok(named);
        }
        let indexed = format!("{ALL}[{index}]");
        let is_right = !is_only && parameter.required;
        is_right
            .then_some(indexed)
            .ok_or_else(|| format!("the text after the argument `{}` would belong to its placeholder", parameter.name))
    };
    let (text, places) = assembled(plan, placeholder)?;
    let (text, places) = escaped(&text, &places, &names)?;
    live::check(FORMAT.program, scan, &text, &names, &places)?;
    let hint = |parameter: &Parameter| match parameter.required {
        true => format!("<{}>", parameter.name),
        false => format!("[{}]", parameter.name),
    };
    let hints: Vec<String> = plan.parameters.iter().map(hint).collect();
    let fields = [
        ("description", markdown::scalar(plan.description.as_ref())),
        ("argument-hint", (!hints.is_empty()).then(|| yaml::quoted(&hints.join(" ")))),
        ("arguments", (!names.is_empty()).then(|| yaml::list(&names))),
        (KEY, Some(plan.kept(FORMAT.word).to_json())),
    ];
    Ok(Written { text: markdown::write(&fields, &text), notes: Vec::new() })
}

/// The text with a backslash before what only looks like an argument.
fn escaped(text: &str, places: &[Range<usize>], names: &[String]) -> Result<(String, Vec<Range<usize>>), String> {
    let (mut out, mut moved, mut at) = (String::with_capacity(text.len()), Vec::new(), 0);
    let mut places = places.iter().peekable();
    for Found { range, kind } in scan(text, names) {
        let shown = || text[range.start..].chars().take(12).collect::<String>();
        match kind {
            FoundKind::Escape => return Err(format!("Claude Code would drop the backslash of `{}`", shown())),
            FoundKind::Argument(_) => {
                out.push_str(&text[at..range.start]);
                at = range.start;
                if places.next_if(|place| **place == range).is_some() {
                    moved.push(out.len()..out.len() + range.len());
                } else if out.ends_with('\\') {
                    let shown = shown();
                    return Err(format!(
                        "Claude Code would put an argument in the place of `{shown}`, also after a backslash"
                    ));
                } else {
                    out.push('\\');
                }
            }
            FoundKind::Live(_) => {}
        }
    }
    out.push_str(&text[at..]);
    // A placeholder that Claude Code would not find is reported later.
    moved.extend(places.cloned());
    Ok((out, moved))
}

fn read(file: &InputFile) -> Result<Draft, String> {
    const KNOWN: [&str; 3] = ["description", "argument-hint", "arguments"];
    let document = Document::read(&file.path, &file.bytes)?;
    let kept = document.kept();
    let names = document.texts("arguments");
    let found = scan(&document.body, &names);
    let hint = Hint::read(&document);
    let indexes: Vec<usize> = found.iter().filter_map(Found::index).collect();
    let hinted = hint.words(&indexes);
    let is_whole = indexes.is_empty() && !found.iter().any(Found::is_named);
    let all = [&names[..], &hint.names].into_iter().find(|names| names.len() == 1 && is_whole).map(|names| &*names[0]);
    let (pieces, mut notes) = live::pieces(FORMAT.program, &document.body, &found, |reference| match reference {
        Reference::All => argument_name(all.unwrap_or("arguments")),
        Reference::Index(index) => {
            let name = names.get(*index).or_else(|| hinted.get(*index)).filter(|name| !name.is_empty());
            name.map_or_else(|| format!("argument_{index}"), |name| argument_name(name))
        }
        Reference::Name(name, _) => argument_name(name),
    });
    notes.extend(document.others(&KNOWN));
    let draft = Draft::of_text(paths::plain(stem(&file.path)), pieces);
    let mut draft = Draft { description: document.text("description"), notes, ..draft };
    draft.keep(kept);
    let is_known = |parameter: &Parameter| parameter.description.is_some() || parameter.title.is_some();
    for parameter in draft.parameters.iter_mut().filter(|parameter| !is_known(parameter)) {
        parameter.required &= !hint.optional.contains(&parameter.name);
        if parameter.name == "arguments" {
            parameter.description = Some(hint.text.clone()).filter(|text| !text.is_empty());
        }
    }
    Ok(draft)
}

/// `argument-hint`: `[issue] [priority]`, `<issue> [priority]`, or any words.
#[derive(Default)]
struct Hint {
    text: String,
    /// The names in brackets, if the hint has nothing else.
    names: Vec<String>,
    /// Those in square brackets, if others have angle brackets.
    optional: Vec<String>,
}

impl Hint {
    fn read(document: &Document) -> Self {
        // `[issue]` alone is a list in YAML.
        let text = match document.fields.get("argument-hint") {
            Some(Value::Array(items)) => {
                items.iter().filter_map(Value::as_str).map(|item| format!("[{item}]")).collect()
            }
            _ => document.text("argument-hint").unwrap_or_default(),
        };
        let name = |word: &str, [open, close]: [char; 2]| {
            let name = word.strip_prefix(open)?.strip_suffix(close)?;
            (argument_name(name) == name).then(|| name.to_owned())
        };
        let (angle, square) = (['<', '>'], ['[', ']']);
        let names = text.split_whitespace().map(|word| name(word, angle).or_else(|| name(word, square)));
        let names: Vec<String> = names.collect::<Option<_>>().unwrap_or_default();
        let optional =
            text.split_whitespace().filter_map(|word| name(word, square)).filter(|_| text.contains('<')).collect();
        Self { text, names, optional }
    }

    /// The names of words by their indexes. Claude Code counts from 0, and earlier versions counted from 1.
    fn words(&self, indexes: &[usize]) -> Vec<String> {
        let (first, last) = (indexes.iter().min(), indexes.iter().max());
        match self.names.len() {
            count if first.is_some_and(|first| *first > 0) && last == Some(&count) => {
                [&[String::new()], &self.names[..]].concat()
            }
            count if last.is_some_and(|last| *last < count) => self.names.clone(),
            _ => Vec::new(),
        }
    }
}

pub(crate) fn stem(path: &str) -> &str {
    path.strip_suffix(".md").unwrap_or(path)
}

/// What Claude Code finds in a text.
pub(crate) fn scan(text: &str, names: &[String]) -> Vec<Found> {
    static WORDS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(?:\$ARGUMENTS\[([0-9]+)\]|\$([0-9]+)|\$ARGUMENTS)").expect("a valid pattern"));
    let mut longest_first: Vec<&String> = names.iter().collect();
    longest_first.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let ends_name = |rest: &str| !rest.starts_with(|c: char| is_word(c) || c == '[');
    let mut found = Vec::new();
    for (at, _) in text.match_indices('$') {
        let rest = &text[at..];
        let named = longest_first.iter().find(|name| rest[1..].strip_prefix(name.as_str()).is_some_and(ends_name));
        let before = &text[..at];
        let is_escapable =
            named.is_some() || rest[1..].starts_with(|c: char| c.is_ascii_digit()) || rest.starts_with(ALL);
        if is_escapable && before.ends_with('\\') && !before.ends_with("\\\\") {
            found.push(Found { range: at - 1..at, kind: FoundKind::Escape });
            continue;
        }
        if let Some(name) = named {
            found.push(Found::argument(at..at + 1 + name.len(), Reference::Name((*name).clone(), None)));
        } else if rest.starts_with("${CLAUDE_") {
            found.push(Found::live(at..at + live::up_to(rest, '}'), REPLACES));
        } else if let Some(words) = WORDS.captures(rest) {
            let index = words.get(1).or(words.get(2));
            let end = at + words[0].len();
            if words.get(2).is_some() && text[end..].starts_with(is_word) {
                continue;
            }
            let reference = match index.map(|index| index.as_str().parse()) {
                None => Reference::All,
                Some(Ok(index)) => Reference::Index(index),
                // Nobody types that many words.
                Some(Err(_)) => continue,
            };
            found.push(Found::argument(at..end, reference));
        }
    }
    found.extend(commands(text));
    // The last four are marks of punctuation after which Claude Code begins a word too.
    found.extend(live::mentions(text, |before| before.is_whitespace() || "\u{feff}。、？！".contains(before)));
    live::sorted(found)
}

/// Shell commands, and what an argument could make one.
fn commands(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("!`") {
        found.push(Found::live(at..at + 2 + live::up_to(&text[at + 2..], '`'), RUNS));
    }
    for (at, _) in text.match_indices("```!") {
        found.push(Found::live(at..at + 4, RUNS));
    }
    for (at, _) in text.match_indices("!$") {
        // A value that begins with a backtick would complete the mark.
        if text[..at].chars().next_back().is_none_or(char::is_whitespace) {
            found.push(Found::live(at..at + 2, RUNS));
        }
    }
    found
}
