//! How the text that callers send becomes the values of a template's variables.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

use serde_json::{Map, Value};

use super::{Argument, Arguments, Item, Kind, boolean};
use crate::bounds;
use crate::nearest;
use crate::reader::shorten;
use crate::schema::{Conflict, Mismatch, list, plain};
use crate::shape::Shape;
use crate::yaml::number;

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
    /// So many more are wrong.
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
    /// That `name` is none of `arguments`.
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
        let mut map = self.defaults.clone();
        let mut authored: HashSet<&str> = self.defaults.keys().map(String::as_str).collect();
        let mut problems = Vec::new();
        let mut left = bounds::CHECKS;
        for argument in &self.listed {
            let name = argument.name.as_str();
            let value = match given.get(name) {
                Some(said) if argument.is_said(said) => {
                    if argument.is_choice() {
                        authored.insert(name);
                    } else {
                        authored.remove(name);
                    }
                    let value = self.value(argument, name, said, &mut left);
                    if value.as_ref().ok().is_some_and(|value| argument.default.as_ref() == Some(value)) {
                        authored.insert(name);
                    }
                    value
                }
                _ if argument.required => {
                    Err(ArgumentProblem::Missing { name: name.to_owned(), description: argument.description.clone() })
                }
                _ => {
                    if argument.default.is_some() {
                        authored.insert(name);
                    }
                    // Null is a value, which strict mode asks for, and renders as nothing.
                    Ok(argument.default.clone().unwrap_or_default())
                }
            };
            match value {
                Ok(value) => {
                    map.insert(name.to_owned(), value);
                }
                Err(problem) => problems.push(problem),
            }
        }
        let mut unknown = given.iter().filter(|(name, _)| !self.iter().any(|argument| argument.name == **name));
        if let Some(others) = &self.others {
            for (name, said) in unknown {
                let others = self.used_others.get(name).unwrap_or(others);
                let value =
                    if others.is_said(said) { self.value(others, name, said, &mut left) } else { Ok(Value::Null) };
                match value {
                    Ok(value) => {
                        authored.remove(name.as_str());
                        map.insert(name.clone(), value);
                    }
                    Err(problem) => problems.push(problem),
                }
            }
        } else {
            // A caller may send hundreds.
            problems.extend(unknown.by_ref().take(MAX_UNKNOWN).map(|(name, _)| ArgumentProblem::unknown(name, self)));
            let more = unknown.count();
            if more > 0 {
                problems.push(ArgumentProblem::More(more));
            }
        }
        if problems.is_empty() {
            problems.extend(self.conflict(given, &map, &mut left));
        }
        if problems.is_empty() { Ok(Values { map, authored }) } else { Err(problems) }
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
            && let Some((name, text)) = object
                .iter()
                .find_map(|(name, value)| Some((name, value.as_str().filter(|text| text.len() > bounds::PATTERNED)?)))
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
        if length > bounds::PATTERNED
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
    let (name, most) = (shorten(name), bounds::PATTERNED);
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

impl Argument {
    /// Whether every value is one that the author listed.
    fn is_choice(&self) -> bool {
        self.allowed.is_some() || self.items.as_ref().is_some_and(|item| item.allowed.is_some())
    }

    /// The value of a text.
    pub(super) fn read(&self, text: &str) -> Result<Value, Mismatch> {
        self.read_as(&self.name, text)
    }

    /// Whether a caller says anything with this value.
    fn is_said(&self, said: &Value) -> bool {
        let Value::String(text) = said else { return !said.is_null() };
        let is_meant = || {
            let is_choice = self.allowed.as_ref().is_some_and(|allowed| allowed.contains(said));
            let is_text = !self.required && !text.is_empty() && self.takes_text();
            is_choice || is_text || self.default.as_ref() == Some(said)
        };
        !text.trim().is_empty() || is_meant()
    }

    fn read_as(&self, name: &str, text: &str) -> Result<Value, Mismatch> {
        let value = match (&self.allowed, self.kind) {
            (Some(allowed), _) => choose(allowed, text),
            (None, Kind::Array) => match &self.items {
                Some(item) if !self.needs_parts() && !is_json_list(text) => {
                    return item.read_list(name, text);
                }
                _ => return self.read_json(name, text, Value::is_array),
            },
            (None, Kind::Object) => return self.read_json(name, text, Value::is_object),
            (None, Kind::Json) => return self.read_json(name, text, |_| true),
            (None, Kind::Any) => match &self.shape {
                Some(shape) if shape.reads_text() => return self.read_used(name, text, shape),
                _ => Some(text.into()),
            },
            (None, kind) => kind.read(text),
        };
        value.ok_or_else(|| {
            let is_number = self.allowed.is_none() && is_large_integer(self.kind, text);
            mismatch(shorten(name), if is_number { i64_range() } else { self.expected() }, text)
        })
    }

    fn read_json(&self, name: &str, text: &str, fits: fn(&Value) -> bool) -> Result<Value, Mismatch> {
        let value = json(text).or_else(|e| match boolean(text) {
            Some(is_so) => Ok(is_so.into()),
            None => Err(self.no_json(name, text, &e)),
        })?;
        if !fits(&value) {
            return Err(mismatch(shorten(name), self.expected(), text));
        }
        self.check_shape(name, &value)?;
        Ok(value)
    }

    /// The value of a text whose type nothing declares, as the template uses it: JSON where it reads parts, else a line
    /// for each item where it loops, else text.
    fn read_used(&self, name: &str, text: &str, shape: &Shape) -> Result<Value, Mismatch> {
        if shape.is_flag() {
            return Ok(if is_no(text, shape.marks.includes_zero) { false.into() } else { text.into() });
        }
        let (needs_parts, is_looped) = (shape.reads_parts(), shape.marks.looped.is_some());
        let parsed = (needs_parts || text.trim_start().starts_with(['[', '{'])).then(|| json(text));
        let value = match parsed {
            Some(Ok(value @ Value::Array(_))) => value,
            Some(Ok(value @ Value::Object(_))) if shape.is_object() => value,
            Some(Ok(value)) if needs_parts => value,
            Some(Err(e)) if needs_parts => match boolean(text).filter(|_| shape.marks.is_section) {
                Some(is_so) => is_so.into(),
                None => return Err(self.no_json(name, text, &e)),
            },
            Some(Err(e)) if is_looped && is_meant_as_json(text) => {
                return Err(Mismatch { expected: shape.expected(), ..self.no_json(name, text, &e) });
            }
            _ if is_looped && shape.makes_lines() => lines(text).map(Value::from).collect(),
            _ => text.into(),
        };
        self.check_shape(name, &value)?;
        Ok(value)
    }

    /// A value that comes as JSON rather than as text.
    fn take_as(&self, name: &str, said: &Value) -> Result<Value, Mismatch> {
        let is_scalar = !said.is_array() && !said.is_object();
        let mut value = said.clone();
        plain_numbers(&mut value);
        let taken = match (&self.allowed, self.kind) {
            (Some(allowed), _) if is_scalar => choose(allowed, &plain(&value)),
            (None, Kind::Integer) => Some(value).filter(|value| value.is_i64()),
            (None, Kind::Number) => Some(value).filter(Value::is_number),
            (None, Kind::Boolean) => Some(value).filter(Value::is_boolean),
            (None, Kind::Array) => Some(value).filter(Value::is_array),
            (None, Kind::Object) => Some(value).filter(Value::is_object),
            (None, Kind::Json) => Some(value),
            // What is written as it came is the text of it.
            (None, Kind::Any) if !is_scalar && !self.takes_as_it_is(said) => Some(said.to_string().into()),
            (None, Kind::Any) => Some(value),
            (None, Kind::String) | (Some(_), _) => None,
        };
        let taken = taken.ok_or_else(|| {
            let is_text = self.allowed.is_none() && self.kind == Kind::String;
            let example = || format!("a JSON string such as {:?}", shorten(&plain(said)));
            let expected = if is_text { example() } else { self.expected() };
            Mismatch { path: shorten(name), expected, given: shorten(&said.to_string()) }
        })?;
        self.check_shape(name, &taken)?;
        Ok(taken)
    }

    /// Whether a list or an object stays one, rather than its text.
    fn takes_as_it_is(&self, value: &Value) -> bool {
        self.shape().is_some_and(|shape| shape.takes_as_it_is(value))
    }

    /// Checks that the template finds what it reads, where nothing declares that.
    fn check_shape(&self, name: &str, value: &Value) -> Result<(), Mismatch> {
        let checked = self.shape.as_ref().map_or(Ok(()), |shape| shape.check(name, value));
        // Of the value as a whole more can be told.
        checked.map_err(|mismatch| match mismatch.path == shorten(name) && self.needs_parts() {
            true => Mismatch { expected: self.expected(), ..mismatch },
            false => mismatch,
        })
    }

    fn no_json(&self, name: &str, text: &str, e: &serde_json::Error) -> Mismatch {
        let mut mismatch = mismatch(shorten(name), self.expected(), text);
        // The parser's words say where, and repeat nothing of the text.
        mismatch.given.push_str(&format!(" (not valid JSON: {e})"));
        mismatch
    }
}

impl Item {
    /// A list of plain items with commas or line ends between. No text is an empty list, and none between two is no item.
    fn read_list(&self, name: &str, text: &str) -> Result<Value, Mismatch> {
        // Neither the list nor the choices need be short. Of those that are one without the white space around them, the
        // one that is written so counts, or else the first.
        let choices: Option<HashMap<Cow<'_, str>, &Value>> = self.allowed.as_ref().map(|allowed| {
            let trimmed = allowed.iter().rev().filter_map(|value| Some((value.as_str()?.trim().into(), value)));
            trimmed.chain(allowed.iter().map(|value| (plain(value), value))).collect()
        });
        let choice = |text: &str| {
            let choices = choices.as_ref()?;
            let other = || choices.get(&*spelled(text)?).filter(|value| !value.is_string());
            choices.get(text).or_else(other).map(|value| (**value).clone())
        };
        let items = self.split(text, |line| choice(line).is_some()).into_iter().enumerate().map(|(index, text)| {
            let value = if choices.is_some() { choice(text) } else { self.kind.read(text) };
            value.ok_or_else(|| {
                let expected = match &self.allowed {
                    Some(allowed) => format!("one of {}", list(allowed)),
                    None if is_large_integer(self.kind, text) => i64_range(),
                    None => self.kind.expected().to_owned(),
                };
                mismatch(format!("{}[{index}]", shorten(name)), expected, text)
            })
        });
        items.collect()
    }

    /// The texts of the items. Commas divide the items of one line; of several lines each is an item of text, unless
    /// every one of them ends with a comma.
    fn split<'t>(&self, text: &'t str, is_choice: impl Fn(&str) -> bool) -> Vec<&'t str> {
        let lines: Vec<&str> = lines(text).collect();
        let is_text = self.allowed.is_none() && matches!(self.kind, Kind::String | Kind::Any);
        let is_one_each = match lines.as_slice() {
            [many @ .., _] if !many.is_empty() => is_text && !many.iter().all(|line| line.ends_with(',')),
            _ => false,
        };
        if is_one_each {
            return lines;
        }
        let mut items = Vec::new();
        for line in lines {
            if is_choice(line) {
                items.push(line);
            } else {
                items.extend(line.split(',').map(str::trim).filter(|item| !item.is_empty()));
            }
        }
        items
    }
}

/// The lines of a text that are not empty, without the white space around them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// How much there is of a value, in bytes.
fn length(value: &Value) -> usize {
    value.as_str().map_or_else(|| value.to_string().len(), str::len)
}

fn json(text: &str) -> Result<Value, serde_json::Error> {
    let mut value = serde_json::from_str(text)?;
    plain_numbers(&mut value);
    Ok(value)
}

/// Whether a text that is not JSON was to be: a line of text may begin with `[1]`, `[ ]` or `[INFO]`, but hardly so.
fn is_meant_as_json(text: &str) -> bool {
    let text = text.trim();
    let mut begins = text.chars().filter(|c| !c.is_whitespace());
    let begins = (begins.next(), begins.next());
    let is_quoted = |text: &str| text.contains([',', '"', '\'', '\u{201c}', '\u{2018}']);
    matches!(begins, (Some('['), Some('"' | '{')) | (Some('{'), Some('"')))
        || text.starts_with("```json")
        || (is_bracketed(text) && is_quoted(text))
}

/// Whether a text is in one pair of brackets, or the second one is missing.
fn is_bracketed(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('[') && text.find(']').is_none_or(|end| end + 1 == text.len())
}

/// Whether a text is a list or an object as JSON, or was to be one.
fn is_json_list(text: &str) -> bool {
    let parsed = || text.trim_start().starts_with(['[', '{']) && json(text).is_ok();
    is_bracketed(text) || text.trim_start().starts_with("[[") || is_meant_as_json(text) || parsed()
}

/// Whether a text says no, where nothing but that is asked of it.
fn is_no(text: &str, includes_zero: bool) -> bool {
    let is = |word: &str| text.trim().eq_ignore_ascii_case(word);
    ["false", "no", "off"].into_iter().any(is) || (is("0") && !includes_zero)
}

/// Whether a text that is no value of this type is a whole number all the same.
fn is_large_integer(kind: Kind, text: &str) -> bool {
    let digits = text.trim().trim_start_matches(['-', '+']);
    kind == Kind::Integer && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn i64_range() -> String {
    format!("a whole number from {} to {}", i64::MIN, i64::MAX)
}

fn mismatch(path: String, expected: String, text: &str) -> Mismatch {
    Mismatch { path, expected, given: format!("{:?}", shorten(text)) }
}

/// The listed value that is written so, white space around either aside.
fn choose(allowed: &[Value], text: &str) -> Option<Value> {
    let find = |is: &dyn Fn(&str) -> bool, is_text: bool| {
        let mut values = allowed.iter().filter(|value| !value.is_null() && (is_text || !value.is_string()));
        values.find(|value| is(&plain(value))).cloned()
    };
    let trimmed = text.trim();
    find(&|value| value == text, true)
        .or_else(|| find(&|value| value == trimmed, true))
        .or_else(|| find(&|value| !trimmed.is_empty() && value.trim() == trimmed, true))
        .or_else(|| spelled(text).and_then(|spelled| find(&|value| value == spelled, false)))
}

/// A number or a boolean that is written otherwise, as JSON prints it: `True`, `1.0`.
fn spelled(text: &str) -> Option<String> {
    let boolean = boolean(text).map(|is_so| is_so.to_string());
    boolean.or_else(|| Some(number(text.trim().parse().ok()?)?.to_string()))
}

/// Numbers as JavaScript prints them: 1.0 is 1.
fn plain_numbers(value: &mut Value) {
    match value {
        Value::Number(n) if n.is_f64() => {
            if let Some(plain) = n.as_f64().and_then(number) {
                *n = plain;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(plain_numbers),
        Value::Object(fields) => fields.values_mut().for_each(plain_numbers),
        _ => {}
    }
}
