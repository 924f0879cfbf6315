//! YAML that all readers take alike: those of YAML 1.1, as `PyYAML`, and of YAML 1.2, as js-yaml and this crate.

use std::fmt::Write;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

/// Scalars without quotes that YAML 1.1 reads as another value than YAML 1.2's core schema. The patterns are those of `PyYAML`, as far
/// as the two differ. See <https://yaml.org/type/>.
const DIFFERENT: &str = r"(?x)^(?:
    (?i:yes|no|on|off)                                      # booleans
    | [-+]?(?:0b[01_]+ | 0o?[0-7_]+ | [0-9][0-9_]*_[0-9_]* | 0x[0-9a-fA-F_]+)
    | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?      # base 60
    | [-+]?[0-9][0-9_]*_[0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?
    | [-+]?[0-9]+(?:\.[0-9]*)?[eE][0-9]+ | [-+]?[0-9]+[eE][-+]?[0-9]+
    | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)
    | [0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:(?:[Tt]|[\ \t]+)[0-9].*)?   # dates
    | = | <<
)$";

/// Whether a scalar without quotes is another value in YAML 1.1 than here.
pub(super) fn differs_in_yaml_1_1(written: &str) -> bool {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| Regex::new(DIFFERENT).expect("a valid pattern"));
    // In both, `0` is zero, and hexadecimal digits without `_` are a number.
    let is_same = written == "0" || (written.starts_with("0x") && !written.contains('_'));
    !is_same && PATTERN.is_match(written)
}

/// The front matter of a generated skill: texts, and a map of texts.
pub(super) fn front_matter(fields: &Map<String, Value>) -> String {
    let mut text = "---\n".to_owned();
    for (field, value) in fields {
        match value {
            Value::Object(entries) => {
                let _ = writeln!(text, "{field}:");
                for (key, value) in entries {
                    let value = value.as_str().unwrap_or_default();
                    let _ = writeln!(text, "  {}: {}", quoted(key), quoted(value));
                }
            }
            value => {
                let _ = writeln!(text, "{field}: {}", quoted(value.as_str().unwrap_or_default()));
            }
        }
    }
    text + "---\n"
}

/// A text in double quotes, as in JSON. What a reader of YAML may refuse, fold or take for the end of the front matter is escaped.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    let mut before = ' ';
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            // `---` ends the front matter for readers that split the file at it.
            '-' if before == '-' => quoted.push_str("\\u002d"),
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
        before = c;
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_yaml_1_1_are_recognised() {
        for written in [
            "yes",
            "No",
            "ON",
            "off",
            "2026-01-02",
            "2026-1-2",
            "2026-01-02T03:04:05Z",
            "2026-01-02 03:04:05",
            "1_000",
            "0b11",
            "017",
            "0o17",
            "1:30",
            "1:30:00.5",
            "1e3",
            "1.5e3",
            "1_0.5",
            ".inf",
            "-.INF",
            ".nan",
            "0x_f",
            "<<",
            "=",
        ] {
            assert!(differs_in_yaml_1_1(written), "{written}");
        }
        for written in [
            "",
            "y",
            "n",
            "text",
            "true",
            "False",
            "null",
            "~",
            "0",
            "1",
            "-12",
            "1.5",
            "1.5e+3",
            "0x1F",
            "v1.0",
            "1.2.3",
            "MIT",
            "\"yes\"",
            "'2026-01-02'",
            "2026",
            "2026-01",
            "a:1",
            "yes and no",
            "10-20",
        ] {
            assert!(!differs_in_yaml_1_1(written), "{written}");
        }
    }
}
