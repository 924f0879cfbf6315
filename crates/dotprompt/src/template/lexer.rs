//! Splits the expression of a tag into words, with the rules of `src/handlebars.l` in
//! <https://github.com/handlebars-lang/handlebars-parser>.

/// One word of a tag.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word<'a> {
    /// A name, `.` or `..`.
    Name(&'a str),
    /// `[any text]`
    Bracketed(String),
    /// `"…"` or `'…'`
    Text(String),
    Number(&'a str),
    Bool(bool),
    Null,
    Undefined,
    /// `.` or `/` between the segments of a path.
    Separator(char),
    /// `@`
    At,
    /// `=`
    Equals,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `as |`
    As,
    /// `|`
    Bar,
}

/// A word and its byte.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lexeme<'a> {
    pub(super) at: usize,
    pub(super) word: Word<'a>,
}

/// Why the text of a tag is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// `{{{` without `}}}`, or `}~}}` without `{{~{`.
    Braces,
    /// A character that starts no word, or a name before a character that cannot follow a name.
    Unreadable,
    /// A quote or a bracket that is never closed.
    Unclosed(char),
    /// A name that begins or ends with a typographic quote or a backtick.
    TypographicQuote,
}

/// JavaScript's `\s`.
pub(crate) fn is_space(c: char) -> bool {
    c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}')
}

/// A name has no white space and little ASCII punctuation.
fn is_name_char(c: char) -> bool {
    !is_space(c)
        && !matches!(c, '!' | '"' | '#' | '%'..=',' | '.' | '/' | ';'..='>' | '@' | '['..='^' | '`' | '{'..='~')
}

fn may_follow_name(c: char) -> bool {
    is_space(c) || matches!(c, '=' | '~' | '}' | '/' | '.' | ')' | '|')
}

fn may_follow_literal(c: char) -> bool {
    is_space(c) || matches!(c, '~' | '}' | ')')
}

/// The quotes that word processors write.
pub(super) fn is_typographic_quote(c: char) -> bool {
    matches!(c, '\u{2018}'..='\u{201f}' | '\u{2039}' | '\u{203a}' | '«' | '»' | '`' | '´' | '＂' | '＇')
}

/// The word at the start of `rest`, which is not white space, and its length.
pub(super) fn word(rest: &str) -> Result<(Word<'_>, usize), Fault> {
    let first = rest.chars().next().ok_or(Fault::Unreadable)?;
    let is_next = |length: usize, may_follow: fn(char) -> bool| rest[length..].chars().next().is_some_and(may_follow);
    Ok(match first {
        '(' => (Word::Open, 1),
        ')' => (Word::Close, 1),
        '=' => (Word::Equals, 1),
        '@' => (Word::At, 1),
        '|' => (Word::Bar, 1),
        '/' => (Word::Separator('/'), 1),
        '.' if rest.starts_with("..") => (Word::Name(".."), 2),
        '.' if is_next(1, may_follow_name) => (Word::Name("."), 1),
        '.' => (Word::Separator('.'), 1),
        '"' | '\'' => {
            let length = closed(rest, first).ok_or(Fault::Unclosed(first))?;
            (Word::Text(rest[1..length - 1].replace(&format!("\\{first}"), &first.to_string())), length)
        }
        '[' => {
            let length = closed(rest, ']').ok_or(Fault::Unclosed(first))?;
            (Word::Bracketed(bracketed(&rest[..length])), length)
        }
        _ => {
            if let Some(length) = block_params(rest) {
                return Ok((Word::As, length));
            }
            if let Some(length) = number(rest).filter(|length| is_next(*length, may_follow_literal)) {
                return Ok((Word::Number(&rest[..length]), length));
            }
            let length = rest.find(|c| !is_name_char(c)).unwrap_or(rest.len());
            let name = &rest[..length];
            if name.starts_with(is_typographic_quote) || name.ends_with(is_typographic_quote) || first == '`' {
                return Err(Fault::TypographicQuote);
            }
            if length == 0 || !is_next(length, may_follow_name) {
                return Err(Fault::Unreadable);
            }
            let word = match name {
                _ if !is_next(length, may_follow_literal) => Word::Name(name),
                "true" => Word::Bool(true),
                "false" => Word::Bool(false),
                "null" => Word::Null,
                "undefined" => Word::Undefined,
                _ => Word::Name(name),
            };
            (word, length)
        }
    })
}

/// The length of a text up to `end`. A backslash escapes only `end`.
fn closed(rest: &str, end: char) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if bytes.get(at + 1).is_some_and(|next| char::from(*next) == end) => at += 1,
            byte if char::from(byte) == end => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The name in brackets. With a line break, Handlebars makes the brackets a part of the name.
fn bracketed(whole: &str) -> String {
    let mut name = String::with_capacity(whole.len());
    let mut chars = whole.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' { chars.next_if(|next| matches!(next, '\\' | ']')) } else { None };
        name.push(escaped.unwrap_or(c));
    }
    if name.contains(['\n', '\r', '\u{2028}', '\u{2029}']) { name } else { name[1..name.len() - 1].to_owned() }
}

/// The length of `as |`.
fn block_params(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix("as")?;
    let trimmed = after.trim_start_matches(is_space);
    (trimmed.len() < after.len() && trimmed.starts_with('|')).then(|| rest.len() - trimmed.len() + 1)
}

/// The length of a number such as `-1.5`.
fn number(rest: &str) -> Option<usize> {
    let digits = |at: usize| at + rest[at..].bytes().take_while(u8::is_ascii_digit).count();
    let begin = usize::from(rest.starts_with('-'));
    let end = Some(digits(begin)).filter(|end| *end > begin)?;
    let fraction = rest[end..].starts_with('.').then(|| digits(end + 1)).filter(|last| *last > end + 1);
    Some(fraction.unwrap_or(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(mut rest: &str) -> Result<Vec<Word<'_>>, Fault> {
        let mut words = Vec::new();
        loop {
            rest = rest.trim_start_matches(is_space);
            if rest.starts_with("}}") {
                return Ok(words);
            }
            let (next, length) = word(rest)?;
            words.push(next);
            rest = &rest[length..];
        }
    }

    #[test]
    fn words_are_cut_as_the_reference_cuts_them() {
        use Word::{As, At, Bar, Bool, Bracketed, Equals, Name, Null, Number, Separator, Text, Undefined};
        let text = |text: &str| Text(text.to_owned());
        let bracketed = |name: &str| Bracketed(name.to_owned());
        for (inside, expected) in [
            ("a.b/c}}", vec![Name("a"), Separator('.'), Name("b"), Separator('/'), Name("c")]),
            ("a / b}}", vec![Name("a"), Separator('/'), Name("b")]),
            ("../x ..}}", vec![Name(".."), Separator('/'), Name("x"), Name("..")]),
            ("./x .}}", vec![Name("."), Separator('/'), Name("x"), Name(".")]),
            ("json.}}", vec![Name("json"), Name(".")]),
            ("@ index}}", vec![At, Name("index")]),
            ("a-b:c?$_ä9 \u{85}x}}", vec![Name("a-b:c?$_ä9"), Name("\u{85}x")]),
            ("a\u{a0}b\u{feff}c\u{2028}d}}", vec![Name("a"), Name("b"), Name("c"), Name("d")]),
            (
                "a 1 -1.5 1.x 1=2}}",
                vec![
                    Name("a"),
                    Number("1"),
                    Number("-1.5"),
                    Name("1"),
                    Separator('.'),
                    Name("x"),
                    Name("1"),
                    Equals,
                    Number("2"),
                ],
            ),
            (
                "true true.x truex null undefined false=1}}",
                vec![
                    Bool(true),
                    Name("true"),
                    Separator('.'),
                    Name("x"),
                    Name("truex"),
                    Null,
                    Undefined,
                    Name("false"),
                    Equals,
                    Number("1"),
                ],
            ),
            (r#""a\"b" 'a"b' "\\n"'x'}}"#, vec![text("a\"b"), text("a\"b"), text("\\\\n"), text("x")]),
            (r"[a b].[c\]d\\e][]}}", vec![bracketed("a b"), Separator('.'), bracketed("c]d\\e"), bracketed("")]),
            ("[a\nb]}}", vec![bracketed("[a\nb]")]),
            ("x as |y|}}", vec![Name("x"), As, Name("y"), Bar]),
            ("x as\u{2003}|y|}}", vec![Name("x"), As, Name("y"), Bar]),
            ("has |}}", vec![Name("has"), Bar]),
        ] {
            assert_eq!(words(inside), Ok(expected), "{inside}");
        }
    }

    #[test]
    fn what_is_no_word_is_told() {
        for (inside, fault) in [
            ("a\"b\"}}", Fault::Unreadable),
            ("a(b)}}", Fault::Unreadable),
            ("a[b]}}", Fault::Unreadable),
            ("a,b}}", Fault::Unreadable),
            ("a && b}}", Fault::Unreadable),
            ("\"a}}", Fault::Unclosed('"')),
            (r#""a\"}}"#, Fault::Unclosed('"')),
            ("[a}}", Fault::Unclosed('[')),
            ("role “user”}}", Fault::TypographicQuote),
            ("role « user »}}", Fault::TypographicQuote),
            ("role `user`}}", Fault::TypographicQuote),
            ("a", Fault::Unreadable),
        ] {
            assert_eq!(words(inside), Err(fault), "{inside}");
        }
        // A French name may have an apostrophe.
        assert_eq!(words("l’ami}}"), Ok(vec![Word::Name("l’ami")]));
    }
}
