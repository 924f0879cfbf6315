//! Regular expressions that every program reads alike.

use std::iter::Peekable;
use std::str::Chars;

/// Characters that a backslash makes literal, also outside of a character class.
const PUNCTUATION: &str = "^$\\.*+?()[]{}|/";

type Rest<'p> = Peekable<Chars<'p>>;

/// Whether a pattern of Rust is also one of ECMAScript with the flag `u`, which validators set, and of Python, with which the
/// API of `OpenAI` reads patterns. That API refuses a whole request for one pattern that it cannot read, such as `\p{L}`
/// (langfuse/langfuse#14770, BerriAI/litellm#40485), and for look-around (cline/cline#14019).
pub(super) fn is_portable(pattern: &str) -> bool {
    let mut rest = pattern.chars().peekable();
    let mut groups = 0_usize;
    // Whether a quantifier may follow.
    let mut is_atom = false;
    while let Some(c) = rest.next() {
        is_atom = match c {
            '\\' => match escape(&mut rest) {
                Some(escape) => escape != Escape::Border,
                None => return false,
            },
            '[' if class(&mut rest) => true,
            '[' => return false,
            '(' => {
                if rest.next_if_eq(&'?').is_some() && rest.next() != Some(':') {
                    return false;
                }
                groups += 1;
                false
            }
            ')' if groups > 0 => {
                groups -= 1;
                true
            }
            '*' | '+' | '?' | '{' if is_atom => {
                if c == '{' && !repetition(&mut rest) {
                    return false;
                }
                rest.next_if_eq(&'?');
                false
            }
            ')' | '*' | '+' | '?' | '{' | '}' | ']' => return false,
            '|' | '^' | '$' => false,
            _ => true,
        };
    }
    groups == 0
}

/// What an escape matches.
#[derive(PartialEq, Eq)]
enum Escape {
    /// One character.
    Literal,
    /// One of several characters, such as `\d`.
    Class,
    /// A place between characters.
    Border,
}

/// Reads an escape after its backslash; `None` if some program does not know it.
fn escape(rest: &mut Rest<'_>) -> Option<Escape> {
    let escaped = rest.next()?;
    let digits = match escaped {
        'd' | 'D' | 's' | 'S' | 'w' | 'W' => return Some(Escape::Class),
        'b' | 'B' => return Some(Escape::Border),
        'x' => 2,
        'u' => 4,
        't' | 'n' | 'r' | 'f' | 'v' => 0,
        _ if PUNCTUATION.contains(escaped) => 0,
        _ => return None,
    };
    (0..digits).all(|_| rest.next_if(char::is_ascii_hexdigit).is_some()).then_some(Escape::Literal)
}

/// The last item of a character class.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Item {
    Nothing,
    /// A character, with which a range may begin.
    Character,
    /// Such as `\d`.
    Class,
    /// A range without its end.
    HalfRange,
    Range,
}

/// Reads a character class after its `[`. Empty classes, classes in classes and set operations such as `&&` are not portable.
fn class(rest: &mut Rest<'_>) -> bool {
    rest.next_if_eq(&'^');
    let mut last = Item::Nothing;
    while let Some(c) = rest.next() {
        let next = rest.peek().copied();
        let item = match c {
            ']' => return !matches!(last, Item::Nothing | Item::HalfRange),
            '[' => return false,
            '-' | '&' | '~' | '|' if next == Some(c) => return false,
            '-' if next != Some(']') && last == Item::Class => return false,
            '-' if next != Some(']') && last == Item::Character => {
                last = Item::HalfRange;
                continue;
            }
            '\\' if rest.next_if_eq(&'-').is_some() => Item::Character,
            '\\' => match escape(rest) {
                Some(Escape::Literal) => Item::Character,
                Some(Escape::Class) if last != Item::HalfRange => Item::Class,
                _ => return false,
            },
            _ => Item::Character,
        };
        last = if last == Item::HalfRange { Item::Range } else { item };
    }
    false
}

/// Reads the rest of `{2}`, `{2,}` or `{2,4}`.
fn repetition(rest: &mut Rest<'_>) -> bool {
    let skip_digits = |rest: &mut Rest<'_>| std::iter::from_fn(|| rest.next_if(char::is_ascii_digit)).count();
    let has_least = skip_digits(rest) > 0;
    if rest.next_if_eq(&',').is_some() {
        skip_digits(rest);
    }
    has_least && rest.next() == Some('}')
}

#[cfg(test)]
mod tests {
    use super::is_portable;

    #[test]
    fn patterns_that_all_programs_read_are_portable() {
        for pattern in [
            "",
            "^$",
            "^[a-z_-]+$",
            r"^\d{4}-\d{2}$",
            r"^(?:a|b)\.c$",
            r"^[\w\-]+$",
            r"^[\w.-]+@[^@\s]+$",
            "^(a|b|)*?c+$",
            "[a-z0-9-_]",
            "[-a]",
            "[{}()]",
            r"\x41\u0042\/\|\{\}",
            "a{2,}b{2,3}?c{4}",
            "größe|名前",
            r"\bword\b",
        ] {
            assert!(is_portable(pattern), "{pattern}");
        }
    }

    #[test]
    fn patterns_that_some_program_refuses_are_not() {
        for pattern in [
            r"^\pL+$",
            r"^\p{L}+$",
            r"^\p{Greek}$",
            r"\P{L}",
            r"[\p{L}]",
            r"\x{41}",
            r"\u{41}",
            r"\U00000041",
            r"\x4",
            r"\u004",
            "x]",
            "x}",
            "{",
            "x{",
            "x{a}",
            "x{,2}",
            "x{2",
            "*",
            "a**",
            "a*+",
            "^*",
            r"\b+",
            "(*a)",
            "a|*",
            "(",
            ")",
            "(()",
            r"\Aa\z",
            r"\<a\>",
            r"\b{start}",
            r"\a",
            r"\1",
            r"\0",
            r"a\-b",
            r"a\ b",
            r"\#",
            "\\",
            "(?i)a",
            "(?P<x>a)",
            r"(?<year>\d+)",
            "(?=a)",
            "(?!a)",
            "(?<=a)",
            "(?",
            "[",
            "[]",
            "[]a]",
            "[^]",
            "[a",
            "[[:alpha:]]",
            "[a&&[b]]",
            "[a&&b]",
            "[a--b]",
            "[a~~b]",
            r"[\w-z]",
            r"[a-\d]",
            r"[\b]",
            r"[\<]",
        ] {
            assert!(!is_portable(pattern), "{pattern}");
        }
    }
}
