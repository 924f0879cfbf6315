//! How the text that callers send becomes the values of a template's variables.

use std::collections::HashSet;
use std::fmt;

use serde_json::{Map, Value};

use super::text::json;
use super::{Argument, Arguments, Kind, boolean};
use crate::bounds;
use crate::nearest;
use crate::reader::shorten;
use crate::schema::{Conflict, Mismatch};

/// How many unknown arguments an error names.
const MAX_UNKNOWN: usize = 5;
/// How many arguments an error lists instead.
const MAX_KNOWN: usize = 50;

/// The values of all variables of one call.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    pub(crate) map: Map<String, Value>,
    /// The variables whose value is the author's: a default, or a choice of an enum.
    pub(crate) authored: HashSet<&'a str>,
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
    /// So many other unknown arguments.
    More(usize),
    /// The value does not fit.
    Invalid {
        /// The argument.
        name: String,
        /// The part of it that does not fit, such as `items[2].price`; the argument's name for all of it.
        path: String,
        /// What came, shortened.
        given: String,
        /// What is allowed.
        expected: String,
    },
    /// The arguments fit one by one, and not together.
    Together {
        /// What they must be.
        expected: String,
    },
    /// There is too much.
    Bound {
        /// What is bounded, with the bound.
        most: String,
        /// How much came.
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
            Self::Invalid { path, given, expected, .. } => write!(f, "argument `{path}` takes {expected}, not {given}"),
            Self::Together { expected } => write!(f, "the arguments together must be {expected}"),
            Self::Bound { most, given } => write!(f, "{most}, not {given}"),
        }
    }
}

impl ArgumentProblem {
    /// The problem of a name that is not in `arguments`.
    #[doc(hidden)]
    #[must_use]
    pub fn unknown(name: &str, arguments: &[Argument]) -> Self {
        let known = || arguments.iter().map(|argument| argument.name.as_str());
        let instead = match nearest(name, known()) {
            Some(near) => format!(", did you mean `{near}`?"),
            None if arguments.is_empty() => ": this prompt takes none".to_owned(),
            None => {
                let more = match arguments.len().saturating_sub(MAX_KNOWN) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                format!(": this prompt takes {}{more}", known().take(MAX_KNOWN).collect::<Vec<_>>().join(", "))
            }
        };
        Self::Unknown { name: shorten(name), instead }
    }
}

impl Arguments {
    /// The values of all variables, from what the caller gave and the defaults; all problems at once.
    ///
    /// Some clients send an empty text, or null, for a field that was left empty: that is no value.
    pub(crate) fn resolve(&self, given: &Map<String, Value>) -> Result<Values<'_>, Vec<ArgumentProblem>> {
        check_bounds(given).map_err(|problem| vec![problem])?;
        let authored = self.defaults.keys().map(String::as_str).collect();
        let mut values = Values { map: self.defaults.clone(), authored };
        let mut problems = Vec::new();
        let mut left = bounds::CHECK_STEPS;
        for argument in &self.listed {
            match self.listed_value(argument, given.get(&argument.name), &mut left) {
                Ok((value, is_authored)) => {
                    if is_authored {
                        values.authored.insert(&argument.name);
                    } else {
                        values.authored.remove(argument.name.as_str());
                    }
                    values.map.insert(argument.name.clone(), value);
                }
                Err(problem) => problems.push(problem),
            }
        }
        self.resolve_others(given, &mut values, &mut problems, &mut left);
        if problems.is_empty() {
            problems.extend(self.conflict(given, &values.map, &mut left));
        }
        if problems.is_empty() { Ok(values) } else { Err(problems) }
    }

    /// The value of an argument that is listed, and whether it is the author's.
    fn listed_value(
        &self,
        argument: &Argument,
        said: Option<&Value>,
        left: &mut usize,
    ) -> Result<(Value, bool), ArgumentProblem> {
        let (name, default) = (&argument.name, argument.default.as_ref());
        if let Some(said) = said.filter(|said| argument.is_said(said)) {
            let value = self.value(argument, name, said, left)?;
            let is_authored = argument.is_choice() || default == Some(&value);
            return Ok((value, is_authored));
        }
        if argument.required {
            return Err(ArgumentProblem::Missing { name: name.clone(), description: argument.description.clone() });
        }
        // Null is a value to strict mode, and renders as nothing.
        Ok((default.cloned().unwrap_or_default(), default.is_some() || self.defaults.contains_key(name)))
    }

    /// The values of arguments that are not listed.
    fn resolve_others(
        &self,
        given: &Map<String, Value>,
        values: &mut Values<'_>,
        problems: &mut Vec<ArgumentProblem>,
        left: &mut usize,
    ) {
        let mut unknown = given.iter().filter(|(name, _)| !self.iter().any(|argument| argument.name == **name));
        let Some(others) = &self.others else {
            // A caller may send hundreds.
            problems.extend(unknown.by_ref().take(MAX_UNKNOWN).map(|(name, _)| ArgumentProblem::unknown(name, self)));
            let more = unknown.count();
            problems.extend((more > 0).then_some(ArgumentProblem::More(more)));
            return;
        };
        for (name, said) in unknown {
            let others = self.used_others.get(name).unwrap_or(others);
            let value = if others.is_said(said) { self.value(others, name, said, left) } else { Ok(Value::Null) };
            match value {
                Ok(value) => {
                    values.authored.remove(name.as_str());
                    values.map.insert(name.clone(), value);
                }
                Err(problem) => problems.push(problem),
            }
        }
    }

    /// What is wrong with arguments that fit one by one, by what their schema says of several.
    fn conflict(
        &self,
        given: &Map<String, Value>,
        values: &Map<String, Value>,
        left: &mut usize,
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
        Some(match rules.check_all(&object.into(), left).err()? {
            Conflict::Missing(name) => {
                let description = self.iter().find(|argument| argument.name == name);
                ArgumentProblem::Missing {
                    description: description.and_then(|argument| argument.description.clone()),
                    name,
                }
            }
            Conflict::Argument { name, mismatch: Mismatch { path, expected, given } } => {
                ArgumentProblem::Invalid { name, path, given, expected }
            }
            Conflict::Together(expected) => ArgumentProblem::Together { expected },
        })
    }

    /// What a caller said, as `argument` takes it, if it can be checked in the steps that are `left`.
    fn value(&self, argument: &Argument, name: &str, said: &Value, left: &mut usize) -> Result<Value, ArgumentProblem> {
        let length = length(said);
        if length > bounds::PATTERNED_BYTES
            && argument.is_checked
            && self.validator.as_ref().is_some_and(|validator| validator.has_patterns)
        {
            return Err(too_long_for_patterns(name, length));
        }
        let read = match said {
            Value::String(text) => argument.read_as(name, text),
            value => argument.take_as(name, value),
        };
        let read = read.and_then(|value| self.check(argument, name, value, left));
        // Where text is one of several types, what does not fit as text may be meant as another.
        let read = read.or_else(|mismatch| {
            let text = said.as_str().filter(|_| argument.kind == Kind::Any && argument.allowed.is_none());
            let value = text.and_then(|text| json(text).ok()).filter(|value| !value.is_string());
            let value = value.or_else(|| text.and_then(boolean).map(Value::from));
            let is_open = argument.kind == Kind::Any && argument.allowed.is_none();
            let value = value.or_else(|| Some(said.clone()).filter(|said| is_open && !said.is_string()));
            let value = value.filter(|value| argument.check_shape(name, value).is_ok());
            let checked = value.and_then(|value| self.check(argument, name, value, left).ok());
            // A word for no where the schema has no false.
            let is_flag = argument.shape.as_ref().is_some_and(|shape| shape.is_flag());
            let text = text.filter(|_| is_flag);
            let checked = checked.or_else(|| self.check(argument, name, text?.into(), left).ok());
            checked.ok_or(mismatch)
        });
        read.map_err(|Mismatch { path, expected, given }| ArgumentProblem::Invalid {
            name: name.to_owned(),
            path,
            given,
            expected,
        })
    }

    /// Checks a value against all that the schema of its argument says, in the steps that are `left`.
    pub(super) fn check(
        &self,
        argument: &Argument,
        name: &str,
        value: Value,
        left: &mut usize,
    ) -> Result<Value, Mismatch> {
        let Some(validator) = self.validator.as_ref().filter(|_| argument.is_checked) else { return Ok(value) };
        let mut object = Map::new();
        object.insert(name.to_owned(), value);
        let mut object = Value::Object(object);
        validator.check(&object, left)?;
        Ok(object[name].take())
    }
}

fn too_long_for_patterns(name: &str, given: usize) -> ArgumentProblem {
    let (name, most) = (shorten(name), bounds::PATTERNED_BYTES);
    let most = format!("argument `{name}` has at most {most} bytes, as its schema has patterns");
    ArgumentProblem::Bound { most, given }
}

/// Refuses what is too much before anything is done with it.
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

/// How much there is of a value, in bytes.
fn length(value: &Value) -> usize {
    value.as_str().map_or_else(|| value.to_string().len(), str::len)
}
