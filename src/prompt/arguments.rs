//! What a prompt takes, and how the text that callers send becomes values.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

use super::PromptError;
use super::front_matter::position;
use super::template::Variable;
use crate::nearest::nearest;

/// How many unknown arguments an error names.
const MAX_UNKNOWN: usize = 5;
/// How much of a wrong value an error repeats, in characters.
const SHOWN: usize = 40;

/// One argument of a prompt; serialised as MCP lists it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Argument {
    /// The variable in the template.
    pub name: String,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether a caller must say it; never with a default.
    pub required: bool,
    /// What its text is turned into.
    #[serde(skip)]
    pub kind: Kind,
    /// The values that are taken, where they are listed.
    #[serde(skip)]
    pub allowed: Option<Vec<Value>>,
    /// Its value when a caller does not say it.
    #[serde(skip)]
    pub default: Option<Value>,
}

/// The type of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    String,
    /// A whole number of 64 bits.
    Integer,
    /// A finite number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Whatever comes, as text.
    Any,
}

impl Kind {
    pub(super) const NAMES: &str = "string, integer, number, boolean or any";

    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::String,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "any" => Self::Any,
            _ => return None,
        })
    }

    /// What an error says is allowed.
    fn expected(self) -> &'static str {
        match self {
            Self::String | Self::Any => "text",
            Self::Integer => "a whole number such as 42",
            Self::Number => "a number such as 2.5",
            Self::Boolean => "true or false",
        }
    }

    fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::String | Self::Any => Some(text.into()),
            Self::Integer => text.trim().parse::<i64>().ok().map(Value::from),
            Self::Number => text.trim().parse::<f64>().ok().and_then(number),
            Self::Boolean => text.trim().parse::<bool>().ok().map(Value::from),
        }
    }
}

/// A number without a needless `.0`, so that `3` is written as 3.
fn number(n: f64) -> Option<Value> {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 53 bits")]
    if n.fract() == 0.0 && n.abs() <= EXACT {
        return Some((n as i64).into());
    }
    serde_json::Number::from_f64(n).map(Value::Number)
}

/// An item of the front matter's `arguments`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArgumentSpec {
    name: String,
    title: Option<String>,
    description: Option<String>,
    #[serde(default)]
    required: bool,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(rename = "enum")]
    allowed: Option<Vec<Value>>,
    default: Option<Value>,
}

/// The arguments that front matter lists.
pub(super) fn from_specs(
    specs: Vec<Spanned<ArgumentSpec>>,
    defaults: &Map<String, Value>,
) -> Result<Vec<Argument>, PromptError> {
    let mut arguments: Vec<Argument> = Vec::with_capacity(specs.len());
    for spec in specs {
        let (line, column) = position(spec.referenced);
        let argument = from_spec(spec.value, defaults)
            .and_then(|argument| check(argument, &arguments))
            .map_err(|message| PromptError::new(line, column, format!("arguments: {message}")))?;
        arguments.push(argument);
    }
    Ok(arguments)
}

fn from_spec(spec: ArgumentSpec, defaults: &Map<String, Value>) -> Result<Argument, String> {
    let ArgumentSpec { name, title, description, required, kind, allowed, default } = spec;
    check_name(&name)?;
    let kind = match kind.as_deref() {
        None if allowed.is_some() => Kind::Any,
        None => Kind::String,
        Some(kind) => Kind::parse(kind)
            .ok_or_else(|| format!("`{name}`: type `{}` is not one of {}", shorten(kind), Kind::NAMES))?,
    };
    let default = default.as_ref().or_else(|| defaults.get(&name));
    let default = default.map(|value| default_of(&name, kind, allowed.as_deref(), value)).transpose()?;
    Ok(Argument { required: required && default.is_none(), name, title, description, kind, allowed, default })
}

/// The arguments of a file that declares none: its template's variables.
pub(super) fn from_variables(variables: Vec<Variable>, defaults: &Map<String, Value>) -> Vec<Argument> {
    let argument = |variable: Variable| {
        let default = defaults.get(&variable.name).cloned();
        Argument {
            required: variable.required && default.is_none(),
            name: variable.name,
            title: None,
            description: None,
            kind: Kind::Any,
            allowed: None,
            default,
        }
    };
    variables.into_iter().map(argument).collect()
}

/// Whether a template can name a variable so.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(plain) {
        return Ok(());
    }
    Err(format!("`{}` is not a name: it takes letters, digits, _ and -", shorten(name)))
}

/// Refuses a second argument of one name, and an enum that allows nothing or anything but plain values.
pub(super) fn check(argument: Argument, before: &[Argument]) -> Result<Argument, String> {
    let name = &argument.name;
    if before.iter().any(|other| other.name == *name) {
        return Err(format!("`{name}` is declared twice"));
    }
    if let Some(allowed) = &argument.allowed {
        if allowed.is_empty() {
            return Err(format!("`{name}`: the enum is empty, so no value would be allowed"));
        }
        if allowed.iter().any(|value| value.is_array() || value.is_object()) {
            return Err(format!("`{name}`: an enum takes plain values"));
        }
    }
    Ok(argument)
}

/// A default in the argument's type.
pub(super) fn default_of(name: &str, kind: Kind, allowed: Option<&[Value]>, value: &Value) -> Result<Value, String> {
    let refuse = |expected: &str| Err(format!("`{name}`: the default {} is not {expected}", shorten(&plain(value))));
    match allowed {
        Some(allowed) => match choose(allowed, &plain(value)) {
            Some(value) => Ok(value),
            None => refuse(&format!("one of {}", list(allowed))),
        },
        None if kind == Kind::Any => Ok(value.clone()),
        None if value.is_array() || value.is_object() => refuse(kind.expected()),
        None => kind.read(&plain(value)).map_or_else(|| refuse(kind.expected()), Ok),
    }
}

/// What is wrong with one argument of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgumentProblem {
    /// A required argument was not given.
    Missing {
        /// The argument.
        name: String,
        /// What it is, in the author's words.
        description: Option<String>,
    },
    /// The prompt has no such argument.
    Unknown {
        /// What was given, shortened.
        name: String,
        /// What there is instead, in words.
        instead: String,
    },
    /// So many more are wrong.
    More(usize),
    /// The value does not fit.
    Invalid {
        /// The argument.
        name: String,
        /// What came, shortened.
        given: String,
        /// What is allowed.
        expected: String,
    },
}

impl fmt::Display for ArgumentProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name, description: None } => write!(f, "missing required argument `{name}`"),
            Self::Missing { name, description: Some(what) } => {
                write!(f, "missing required argument `{name}` ({})", what.trim_end_matches('.'))
            }
            Self::Unknown { name, instead } => write!(f, "unknown argument `{name}`{instead}"),
            Self::More(count) => write!(f, "and {count} more"),
            Self::Invalid { name, given, expected } => write!(f, "argument `{name}` takes {expected}, not {given}"),
        }
    }
}

/// The values of all variables, from what the caller gave and the defaults; all problems at once.
///
/// Some clients send an empty text for a field that was left empty: for an optional argument that is no value.
pub(super) fn resolve(
    arguments: &[Argument],
    defaults: &Map<String, Value>,
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, Vec<ArgumentProblem>> {
    let mut problems = Vec::new();
    let mut values = defaults.clone();
    for argument in arguments {
        let text = match given.get(&argument.name) {
            None => None,
            Some(Value::String(text)) if text.is_empty() && !argument.required => None,
            Some(Value::String(text)) => Some(text),
            Some(other) => {
                problems.push(ArgumentProblem::Invalid {
                    name: argument.name.clone(),
                    given: shorten(&other.to_string()),
                    expected: format!("a JSON string such as {:?}", shorten(&plain(other))),
                });
                continue;
            }
        };
        let value = match text {
            Some(text) => argument.read(text),
            None if argument.required => {
                Err(ArgumentProblem::Missing { name: argument.name.clone(), description: argument.description.clone() })
            }
            // Null is a value, which strict mode asks for, and renders as nothing.
            None => Ok(argument.default.clone().unwrap_or_default()),
        };
        match value {
            Ok(value) => {
                values.insert(argument.name.clone(), value);
            }
            Err(problem) => problems.push(problem),
        }
    }
    let mut unknown = given.keys().filter(|name| !arguments.iter().any(|argument| argument.name == **name));
    // A caller may send thousands.
    problems.extend(unknown.by_ref().take(MAX_UNKNOWN).map(|name| ArgumentProblem::unknown(name, arguments)));
    let more = unknown.count();
    if more > 0 {
        problems.push(ArgumentProblem::More(more));
    }
    if problems.is_empty() { Ok(values) } else { Err(problems) }
}

impl ArgumentProblem {
    /// That `name` is none of `arguments`.
    pub(crate) fn unknown(name: &str, arguments: &[Argument]) -> Self {
        let known = || arguments.iter().map(|argument| argument.name.as_str());
        let instead = match nearest(name, known()) {
            Some(near) => format!(", did you mean `{near}`?"),
            None if arguments.is_empty() => ": this prompt takes none".to_owned(),
            None => format!(": this prompt takes {}", known().collect::<Vec<_>>().join(", ")),
        };
        Self::Unknown { name: shorten(name), instead }
    }
}

impl Argument {
    fn read(&self, text: &str) -> Result<Value, ArgumentProblem> {
        let value = match &self.allowed {
            Some(allowed) => choose(allowed, text),
            None => self.kind.read(text),
        };
        value.ok_or_else(|| ArgumentProblem::Invalid {
            name: self.name.clone(),
            given: format!("{:?}", shorten(text)),
            expected: match &self.allowed {
                Some(allowed) => format!("one of {}", list(allowed)),
                None => self.kind.expected().to_owned(),
            },
        })
    }

    /// The values that a client can offer, as text; empty where any text may do.
    #[must_use]
    pub fn choices(&self) -> Vec<String> {
        match (&self.allowed, self.kind) {
            (Some(allowed), _) => allowed.iter().map(plain).collect(),
            (None, Kind::Boolean) => vec!["true".to_owned(), "false".to_owned()],
            (None, _) => Vec::new(),
        }
    }
}

/// The listed value that is written so.
fn choose(allowed: &[Value], text: &str) -> Option<Value> {
    allowed.iter().find(|value| plain(value) == text).cloned()
}

/// A value as a person writes it: text without quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn list(allowed: &[Value]) -> String {
    allowed.iter().map(plain).collect::<Vec<_>>().join(", ")
}

pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
