//! Text for a terminal. Prompts, arguments and file names are written by others, and control characters in them would move
//! the cursor, hide lines or type answers. A pipe gets all text as it is.

use std::borrow::Cow;
use std::io::{self, IsTerminal};

/// The text as a terminal may get it: control characters, except line breaks and tabs, become signs for them.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    // The line ends of some editors.
    let text = if text.contains("\r\n") { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) };
    if text.contains(is_steering) { Cow::Owned(text.chars().map(sign).collect()) } else { text }
}

/// The same for JSON text, whose meaning does not change.
pub(crate) fn visible_json(json: &str) -> Cow<'_, str> {
    if !json.contains(is_steering) {
        return Cow::Borrowed(json);
    }
    // JSON has such characters within strings alone.
    let mut escaped = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_steering(c) {
            escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// The text as standard output may get it.
pub(crate) fn for_stdout(text: &str) -> Cow<'_, str> {
    if io::stdout().is_terminal() { visible(text) } else { Cow::Borrowed(text) }
}

/// The text as standard error may get it.
pub(crate) fn for_stderr(text: &str) -> Cow<'_, str> {
    if io::stderr().is_terminal() { visible(text) } else { Cow::Borrowed(text) }
}

/// Whether a terminal does something for a character in place of showing it: C0, DEL and C1.
fn is_steering(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
}

/// A character that is shown in place of one that steers: Unicode has pictures of C0 and DEL, but none of C1.
fn sign(c: char) -> char {
    match c {
        '\u{7f}' => '\u{2421}',
        c if !is_steering(c) => c,
        c if c < ' ' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => char::REPLACEMENT_CHARACTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_character_that_steers_a_terminal_is_shown() {
        for c in ('\0'..='\u{a0}').filter(|c| is_steering(*c)) {
            let (text, json) = (visible(c.encode_utf8(&mut [0; 4])).into_owned(), format!("\"a{c}\""));
            assert!(text.chars().count() == 1 && !text.contains(char::is_control), "{c:?}: {text:?}");
            let json = visible_json(&json).into_owned();
            assert!(!json.contains(char::is_control), "{c:?}: {json:?}");
            assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), format!("a{c}"));
        }
        assert_eq!(visible("\u{1b}[31m\u{7f}\u{9b}2J\ra"), "␛[31m␡\u{fffd}2J␍a");
    }

    #[test]
    fn other_text_stays_as_it_is() {
        for text in ["", "a\n\tb\n", "é日本\u{a0}\u{202e}", "a\u{2028}b"] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text), "{text:?}");
            assert!(matches!(visible_json(text), Cow::Borrowed(same) if same == text), "{text:?}");
        }
        assert_eq!(visible("a\r\nb\r\n"), "a\nb\n");
    }
}
