//! YAML that every reader takes alike.

pub(crate) use check::skill::quoted;

/// A text as a value: without quotes if no reader can take it for something else.
pub(crate) fn scalar(text: &str) -> String {
    let is_plain =
        |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | ',' | '(' | ')' | '/' | '\'' | ';');
    let begins_well = text.starts_with(|c: char| c.is_ascii_alphabetic()) && !text.ends_with([' ', ',']);
    let is_word = |word: &&str| word.eq_ignore_ascii_case(text);
    let is_text = text.chars().all(is_plain) && !text.contains("--") && !VALUES.iter().any(is_word);
    if begins_well && is_text { text.to_owned() } else { quoted(text) }
}

/// Words that some reader of YAML takes for another value than text.
const VALUES: [&str; 11] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "inf", "nan"];

/// A list of texts on one line.
pub(crate) fn list<S: AsRef<str>>(texts: &[S]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", texts.join(", "))
}

/// A value on one line, as JSON that is YAML too.
pub(crate) fn json(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| format!("{}: {}", quoted(key), json(value));
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
