//! Text and tags that another program or template language would read differently.

mod keys;
mod scan;
mod syntax;
mod tag;
mod text;

use dotprompt::tree::{Token, tokens};
use dotprompt::{Cause, Code, Place, Problem, did_you_mean, shorten};

use super::clients::{Client, Property, effects};
use super::problems::at;
use scan::{Foreign, scan};
use syntax::Other;

/// The template of a file, as far as this check needs it.
pub(super) struct TemplateText<'a> {
    /// The key of the file.
    pub(super) key: &'a str,
    /// The text of the template.
    pub(super) text: &'a str,
    /// Where the template starts in the file.
    pub(super) start: Place,
    /// The clients that the prompt is for.
    pub(super) clients: &'a [Client],
}

/// Adds the first finding of each kind, with a count of the others. Errors in tags of another language get a hint that
/// names the language.
///
/// `is_meant` tells a value after a `$` from an expression of another program; `declares` tells whether the file declares a
/// name.
pub(super) fn check(
    template: &TemplateText<'_>,
    is_meant: impl Fn(&str) -> bool,
    declares: impl Fn(&str) -> bool,
    problems: &mut Vec<Problem>,
) {
    let tokens = tokens(template.text, template.start);
    add_hints(&tokens, problems);
    let mut notes = Notes { template, is_handlebars: template.text.contains("{{"), found: Vec::new() };
    for (place, found) in scan(template.text, template.start, &tokens) {
        match found {
            Foreign::Expression(inside) if is_meant(inside) => {}
            Foreign::Expression(inside) => notes.expression(place, inside),
            Foreign::Tag(tag, other) => {
                let is_error = hint_at_language(tag, place, &other, problems);
                if !is_error && other.is_certain && !declares(tag.trim_matches(['{', '}', '~', ' '])) {
                    notes.tag(place, tag, other);
                }
            }
            Foreign::Text(text, other) => notes.text(place, text, &other),
            Foreign::Placeholder(text) => notes.placeholder(place, text),
            Foreign::Command(text) => notes.command(place, text),
        }
    }
    problems.extend(notes.into_problems());
}

/// Adds hints to errors and unknown keys that other languages and programs explain.
fn add_hints(tokens: &[Token<'_>], problems: &mut [Problem]) {
    for problem in problems {
        let hint = match problem.cause.as_deref() {
            Some(Cause::NotAnExpression) => {
                let mut tags = tokens.iter().rev().filter_map(Token::tag);
                tags.find(|tag| tag.place <= problem.place).and_then(|tag| tag::hint(tag.inside))
            }
            Some(Cause::UnknownKey { name, .. }) if problem.code == Code::UnknownKey => {
                keys::of_front_matter(name).map(str::to_owned)
            }
            Some(Cause::UnknownKey { name, known }) => keys::helper_key(name, known).map(did_you_mean),
            _ => None,
        };
        problem.hint = hint.or(problem.hint.take());
    }
}

/// Adds a hint to the errors of a tag that belongs to another language; returns whether it has errors.
fn hint_at_language(tag: &str, place: Place, other: &Other, problems: &mut [Problem]) -> bool {
    let end = place.after(tag);
    let is_of_tag = |problem: &&mut Problem| {
        matches!(problem.code, Code::Syntax | Code::Helper) && (place..end).contains(&problem.place)
    };
    let mut is_error = false;
    for problem in problems.iter_mut().filter(is_of_tag) {
        is_error = true;
        problem.hint = Some(if other.language == tag::HELPER {
            // The message names the helper.
            other.instead.clone()
        } else {
            format!("this looks like {}: {}", other.language, other.instead)
        });
    }
    is_error
}

/// The findings of one template: the first of each code and language, and how many follow.
struct Notes<'a> {
    template: &'a TemplateText<'a>,
    is_handlebars: bool,
    found: Vec<(Problem, &'static str, usize)>,
}

impl Notes<'_> {
    fn add(
        &mut self,
        code: Code,
        language: &'static str,
        (place, width): (Place, usize),
        message: String,
        hint: String,
    ) {
        let known = self.found.iter_mut().find(|(problem, known, _)| problem.code == code && *known == language);
        if let Some((_, _, more)) = known {
            *more += 1;
        } else {
            let problem = at(self.template.key, place, width.max(1), code, message, Some(hint));
            self.found.push((problem, language, 0));
        }
    }

    fn expression(&mut self, place: Place, inside: &str) {
        let inside = shorten(inside);
        let message = format!("`${{{{ {inside} }}}}` is a $ and a value of this template");
        let hint = format!("if another program should replace it, write $\\{{{{ {inside} }}}}");
        self.add(Code::Foreign, "", (place, 3), message, hint);
    }

    fn tag(&mut self, place: Place, tag: &str, other: Other) {
        let message = format!("`{}` looks like {}", shorten(tag), other.language);
        self.add(Code::Foreign, other.language, (place, first_line(tag)), message, other.instead);
    }

    fn text(&mut self, place: Place, text: &str, other: &Other) {
        let code = if other.is_certain || !self.is_handlebars { Code::Foreign } else { Code::ForeignText };
        let is_mention = other.language == text::MENTION;
        let effects = is_mention.then(|| effects(&[Property::FileReference], self.template.clients)).flatten();
        let (code, message) = match (effects, code) {
            (Some(effects), code) => {
                let code = if code == Code::ForeignText { Code::FileReference } else { code };
                let message = format!("`{}` in the text looks like a file reference: {effects}", shorten(text));
                (code, format!("{message}, and it is plain text in Claude Code and Gemini CLI"))
            }
            (None, code) => {
                (code, format!("`{}` looks like {}, and is plain text here", shorten(text), other.language))
            }
        };
        let hint = format!("{}; text in backticks is treated as an example", other.instead);
        self.add(code, other.language, (place, first_line(text)), message, hint);
    }

    fn placeholder(&mut self, place: Place, text: &str) {
        // `$1.50` and `$15` are prices.
        let is_first = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','));
        let body = self.template.text;
        let has_first = body.match_indices("$1").any(|(at, first)| is_first(&body[at + first.len()..]));
        let is_argument = !self.is_handlebars && has_first && text.len() == 2 && text != "$0";
        let hint = "for an argument write {{name}}; for a price write 5 USD, not $5".to_owned();
        if is_argument {
            let message = format!("`{text}` looks like Claude Code, and is plain text here");
            self.add(Code::Foreign, "Claude Code", (place, text.len()), message, hint);
        } else if let Some(effects) = effects(&[Property::Placeholder], self.template.clients) {
            let message = format!("`{}` in the text: {effects}", shorten(text));
            self.add(Code::Placeholder, "", (place, text.len()), message, hint);
        }
    }

    fn command(&mut self, place: Place, text: &str) {
        let hint = "prompts run no commands: pass the output as an argument, {{name}}; to keep the \
                    text, put a space between ! and `";
        let at = (place, first_line(text));
        if let Some(effects) = effects(&[Property::Command], self.template.clients) {
            let message = format!("!`…` in the text: {effects}, and it is plain text in Claude Code");
            self.add(Code::ShellCommand, "", at, message, hint.to_owned());
        } else {
            let message = "!`…` looks like a shell command of Claude Code, and is plain text here".to_owned();
            self.add(Code::ForeignText, "Claude Code", at, message, hint.to_owned());
        }
    }

    fn into_problems(self) -> impl Iterator<Item = Problem> {
        self.found.into_iter().map(|(problem, _, more)| match more {
            0 => problem,
            more => Problem { message: format!("{} (and {more} more)", problem.message), ..problem },
        })
    }
}

/// How many characters of a text are on its first line.
fn first_line(text: &str) -> usize {
    text.lines().next().unwrap_or_default().chars().count()
}

#[cfg(test)]
mod tests;
