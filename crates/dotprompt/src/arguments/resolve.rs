//! Turns the arguments of a call into the values of variables.

use std::collections::HashSet;
use std::fmt;

use serde_json::{Map, Value};

use super::given::{are_placeholders, with_line_feeds};
use super::text::json;
use super::{Argument, Arguments, Kind, boolean};
use crate::bounds;
use crate::nearest::{did_you_mean, nearest};
use crate::reader::shorten;
use crate::schema::{Conflict, Mismatch};

/// The most unknown arguments that an error names.
const MAX_UNKNOWN: usize = 5;
/// The most known arguments that an error names.
const MAX_KNOWN: usize = 50;

/// The values of all variables of one call.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    pub(crate) map: Map<String, Value>,
    /// The variables with a value of the author: a default, or a choice of an enum.
    pub(crate) authored: HashSet<&'a str>,
}

/// A problem with the arguments of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgumentProblem {
    /// A required argument was not given.
    Missing {
        /// The argument.
        name: String,
        /// The author's description.
        description: Option<String>,
    },
    /// The prompt has no such argument.
    Unknown {
        /// The unknown name, shortened.
        name: String,
        /// The similar name or the known names, in words.
        instead: String,
    },
    /// The number of further unknown arguments.
    More(usize),
    /// The value has the wrong type.
    Invalid {
        /// The argument.
        name: String,
        /// The wrong part, such as `items[2].price`, or the argument's name.
        path: String,
        /// The value, shortened.
        given: String,
        /// The allowed values in words.
        expected: String,
    },
    /// The arguments are valid one by one, but not together.
    Together {
        /// The requirement in words.
        expected: String,
    },
    /// A limit is exceeded.
    Bound {
        /// The limit in words.
        most: String,
        /// The size or the number.
        given: usize,
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
            Self::Invalid { path, given, expected, .. } => {
                write!(f, "argument `{path}` must be {expected}, not {given}")
            }
            Self::Together { expected } => write!(f, "the arguments together must be {expected}"),
            Self::Bound { most, given } => write!(f, "{most}, not {given}"),
        }
    }
}

impl ArgumentProblem {
    /// The problem of a name that is not one of `arguments`.
    #[doc(hidden)]
    #[must_use]
    pub fn unknown(name: &str, arguments: &[Argument]) -> Self {
        let known = || arguments.iter().map(|argument| argument.name.as_str());
        let instead = match nearest(name, known()) {
            Some(near) => format!(", {}", did_you_mean(near)),
            None if arguments.is_empty() => ": this prompt has no arguments".to_owned(),
            None => {
                let more = match arguments.len().saturating_sub(MAX_KNOWN) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                format!(": this prompt has {}{more}", known().take(MAX_KNOWN).collect::<Vec<_>>().join(", "))
            }
        };
        Self::Unknown { name: shorten(name), instead }
    }

    fn invalid(name: String, Mismatch { path, expected, given }: Mismatch) -> Self {
        Self::Invalid { name, path, given, expected }
    }
}

impl Arguments {
    /// The values of all variables from the given arguments and the defaults, or all problems.
    ///
    /// An empty text and null count as missing: some clients send them for empty fields. Carriage returns become line feeds.
    pub(crate) fn resolve(&self, given: &Map<String, Value>) -> Result<Values<'_>, Vec<ArgumentProblem>> {
        check_bounds(given).map_err(|problem| vec![problem])?;
        let given = &*with_line_feeds(given);
        let are_placeholders = are_placeholders(given, &self.listed);
        let authored = self.defaults.keys().map(String::as_str).collect();
        let mut values = Values { map: self.defaults.clone(), authored };
        let mut problems = Vec::new();
        let mut steps_left = bounds::CHECK_STEPS;
        for argument in &self.listed {
            match self.listed_value(argument, given.get(&argument.name), &mut steps_left) {
                Ok((value, is_authored)) => {
                    if is_authored {
                        values.authored.insert(&argument.name);
                    } else {
                        values.authored.remove(argument.name.as_str());
                    }
                    values.map.insert(argument.name.clone(), value);
                }
                // A placeholder is text, also where a number is expected.
                Err(_) if are_placeholders => {
                    values.authored.remove(argument.name.as_str());
                    values.map.insert(argument.name.clone(), given[&argument.name].clone());
                }
                Err(problem) => problems.push(problem),
            }
        }
        self.resolve_others(given, &mut values, &mut problems, &mut steps_left);
        if problems.is_empty() && !are_placeholders {
            problems.extend(self.conflict(given, &values.map, &mut steps_left));
        }
        if problems.is_empty() { Ok(values) } else { Err(problems) }
    }

    /// The values of all variables: those given as they are, without a check, and the defaults of the others.
    pub(crate) fn unchecked(&self, given: Map<String, Value>) -> Map<String, Value> {
        let mut values = self.defaults.clone();
        for argument in &self.listed {
            values.insert(argument.name.clone(), argument.default.clone().unwrap_or_default());
        }
        values.extend(given);
        values
    }

    /// The value of a listed argument, and whether it is the author's.
    fn listed_value(
        &self,
        argument: &Argument,
        given: Option<&Value>,
        steps_left: &mut usize,
    ) -> Result<(Value, bool), ArgumentProblem> {
        let (name, default) = (&argument.name, argument.default.as_ref());
        if let Some(given) = given.filter(|given| argument.is_given(given)) {
            let value = self.value(argument, name, given, steps_left)?;
            let is_authored = argument.is_choice() || default == Some(&value);
            return Ok((value, is_authored));
        }
        if argument.required {
            return Err(ArgumentProblem::Missing { name: name.clone(), description: argument.description.clone() });
        }
        // Null is a value, so the variable does not count as missing. It renders as nothing.
        Ok((default.cloned().unwrap_or_default(), default.is_some() || self.defaults.contains_key(name)))
    }

    /// Adds the values of other arguments, or their problems.
    fn resolve_others(
        &self,
        given: &Map<String, Value>,
        values: &mut Values<'_>,
        problems: &mut Vec<ArgumentProblem>,
        steps_left: &mut usize,
    ) {
        let mut unknown = given.iter().filter(|(name, _)| !self.iter().any(|argument| argument.name == **name));
        let Some(others) = &self.others else {
            problems.extend(unknown.by_ref().take(MAX_UNKNOWN).map(|(name, _)| ArgumentProblem::unknown(name, self)));
            let more = unknown.count();
            problems.extend((more > 0).then_some(ArgumentProblem::More(more)));
            return;
        };
        for (name, given) in unknown {
            let others = self.used_others.get(name).unwrap_or(others);
            let is_given = others.is_given(given);
            match if is_given { self.value(others, name, given, steps_left) } else { Ok(Value::Null) } {
                Ok(value) => {
                    values.authored.remove(name.as_str());
                    values.map.insert(name.clone(), value);
                }
                Err(problem) => problems.push(problem),
            }
        }
    }

    /// The problem of arguments that are valid one by one, but not together.
    fn conflict(
        &self,
        given: &Map<String, Value>,
        values: &Map<String, Value>,
        steps_left: &mut usize,
    ) -> Option<ArgumentProblem> {
        let rules = self.rules.as_ref()?;
        let names = self.iter().map(|argument| &argument.name).chain(given.keys());
        let mut object = Map::new();
        for name in names {
            if let Some(value) = values.get(name).filter(|value| !value.is_null()) {
                object.insert(name.clone(), value.clone());
            }
        }
        if rules.has_patterns
            && let Some((name, text)) = object.iter().find_map(|(name, value)| {
                Some((name, value.as_str().filter(|text| text.len() > bounds::PATTERNED_BYTES)?))
            })
        {
            return Some(too_long_for_patterns(name, text.len()));
        }
        Some(match rules.check_all(&object.into(), steps_left).err()? {
            Conflict::Missing(name) => {
                let description = self.iter().find(|argument| argument.name == name);
                ArgumentProblem::Missing {
                    description: description.and_then(|argument| argument.description.clone()),
                    name,
                }
            }
            Conflict::Argument { name, mismatch } => ArgumentProblem::invalid(name, mismatch),
            Conflict::Together(expected) => ArgumentProblem::Together { expected },
        })
    }

    /// The value of an argument in its type.
    fn value(
        &self,
        argument: &Argument,
        name: &str,
        given: &Value,
        steps_left: &mut usize,
    ) -> Result<Value, ArgumentProblem> {
        let length = length(given);
        if length > bounds::PATTERNED_BYTES
            && argument.is_checked
            && self.validator.as_ref().is_some_and(|validator| validator.has_patterns)
        {
            return Err(too_long_for_patterns(name, length));
        }
        let read = match given {
            Value::String(text) => argument.read_as(name, text),
            value => argument.take_as(name, value),
        };
        let read = read.and_then(|value| self.check(argument, name, value, steps_left));
        // An argument of several types may be invalid as text, but valid as another type.
        let read = read.or_else(|mismatch| {
            if argument.kind != Kind::Any || argument.allowed.is_some() {
                return Err(mismatch);
            }
            let text = given.as_str();
            let other = match text {
                Some(text) => {
                    let value = json(text).ok().filter(|value| !value.is_string());
                    value.or_else(|| boolean(text).map(Value::from))
                }
                None => Some(given.clone()),
            };
            let other = other.filter(|value| argument.check_shape(name, value).is_ok());
            let other = other.and_then(|value| self.check(argument, name, value, steps_left).ok());
            // `no` is text if the schema does not allow false.
            let text = text.filter(|_| argument.is_flag());
            other.or_else(|| self.check(argument, name, text?.into(), steps_left).ok()).ok_or(mismatch)
        });
        read.map_err(|mismatch| ArgumentProblem::invalid(name.to_owned(), mismatch))
    }

    /// Checks a value against the schema of its argument.
    pub(super) fn check(
        &self,
        argument: &Argument,
        name: &str,
        value: Value,
        steps_left: &mut usize,
    ) -> Result<Value, Mismatch> {
        let Some(validator) = self.validator.as_ref().filter(|_| argument.is_checked) else { return Ok(value) };
        let mut object = Value::Object(Map::from_iter([(name.to_owned(), value)]));
        validator.check(&object, steps_left)?;
        Ok(object[name].take())
    }
}

fn too_long_for_patterns(name: &str, given: usize) -> ArgumentProblem {
    let (name, most) = (shorten(name), bounds::PATTERNED_BYTES);
    let most = format!("argument `{name}`, whose schema has patterns, has at most {most} bytes");
    ArgumentProblem::Bound { most, given }
}

/// Refuses arguments that are too many or too large.
fn check_bounds(given: &Map<String, Value>) -> Result<(), ArgumentProblem> {
    let bound = |most: String, given: usize| Err(ArgumentProblem::Bound { most, given });
    if given.len() > bounds::ARGUMENTS {
        return bound(format!("a call has at most {} arguments", bounds::ARGUMENTS), given.len());
    }
    let mut all = 0;
    for (name, value) in given {
        let length = length(value);
        if length > bounds::ARGUMENT {
            return bound(format!("argument `{}` has at most {} bytes", shorten(name), bounds::ARGUMENT), length);
        }
        all += name.len() + length;
    }
    if all > bounds::ALL_ARGUMENTS {
        return bound(format!("all arguments of a call have at most {} bytes", bounds::ALL_ARGUMENTS), all);
    }
    Ok(())
}

/// The size of a value in bytes.
fn length(value: &Value) -> usize {
    value.as_str().map_or_else(|| value.to_string().len(), str::len)
}
