//! The values of scalars by the core schema of YAML 1.2.2 (section 10.3.2).

use serde_json::Number;

use super::{Yaml, number};

/// The value of a scalar from its tag and its source text; `None` for text.
///
/// # Errors
/// The scalar is not a value of its tag.
pub(super) fn resolve(tag: Option<&str>, written: &str) -> Result<Option<Yaml>, String> {
    let name = tag.and_then(|tag| tag.strip_prefix("tag:yaml.org,2002:")).unwrap_or_default();
    let text = unquoted(written);
    let tagged = match name {
        "null" => null(text),
        "bool" => boolean(text),
        "int" => integer(text),
        "float" => float(text),
        "str" | "binary" => return Ok(None),
        _ if matches!(tag, Some("!" | "!str" | "!binary")) => return Ok(None),
        // Quoted text and block scalars.
        _ if written.starts_with(['"', '\'', '|', '>']) => return Ok(None),
        _ => {
            return Ok(null(written)
                .or_else(|| boolean(written))
                .or_else(|| integer(written))
                .or_else(|| float(written)));
        }
    };
    tagged.map(Some).ok_or_else(|| format!("not a value of the tag !!{name}"))
}

/// Removes quotes. Escapes stay, as only text has them.
pub(super) fn unquoted(written: &str) -> &str {
    let within = |quote| written.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(written)
}

fn null(text: &str) -> Option<Yaml> {
    matches!(text, "" | "~" | "null" | "Null" | "NULL").then_some(Yaml::Null)
}

fn boolean(text: &str) -> Option<Yaml> {
    match text {
        "true" | "True" | "TRUE" => Some(Yaml::Bool(true)),
        "false" | "False" | "FALSE" => Some(Yaml::Bool(false)),
        _ => None,
    }
}

fn integer(text: &str) -> Option<Yaml> {
    let (digits, radix) = match (text.strip_prefix("0o"), text.strip_prefix("0x")) {
        (Some(digits), _) => (digits, 8),
        (_, Some(digits)) => (digits, 16),
        _ => (text.strip_prefix(['-', '+']).unwrap_or(text), 10),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let is_negative = text.starts_with('-');
    let exact = match u64::from_str_radix(digits, radix) {
        Ok(n) if is_negative => 0_i64.checked_sub_unsigned(n).map(Number::from),
        Ok(n) => Some(n.into()),
        Err(_) => None,
    };
    // Beyond 64 bits, the nearest number of JavaScript.
    let nearest = || {
        let value = digits.chars().filter_map(|c| c.to_digit(radix));
        let value = value.fold(0.0, |value, digit| value * f64::from(radix) + f64::from(digit));
        if is_negative { -value } else { value }
    };
    Some(exact.map_or_else(|| finite(nearest(), text), Yaml::Number))
}

fn float(text: &str) -> Option<Yaml> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Yaml::String(text.to_owned()));
    }
    // Rust also parses `inf`, `infinity` and `nan`.
    let is_float = unsigned.starts_with(|c: char| c == '.' || c.is_ascii_digit());
    text.parse().ok().filter(|_| is_float).map(|value| finite(value, text))
}

/// A number, or its text if JSON has no such number.
fn finite(value: f64, text: &str) -> Yaml {
    number(value).map_or_else(|| Yaml::String(text.to_owned()), Yaml::Number)
}
