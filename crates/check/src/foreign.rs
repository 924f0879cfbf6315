//! What other programs take for theirs, and what is written for other template languages.

use super::at;
use super::clients::{Client, When, effects};
use dotprompt::{Code, Foreign, Other, Place, Problem, foreign, shorten};

/// Adds the first of each kind that stands in the template `body`, and how many more there are; errors of tags of another
/// language get a hint that says so.
///
/// `is_meant` tells of a name behind a `$`, and `declares` of any, whether it is the author's.
pub(super) fn check(
    key: &str,
    (body, start): (&str, Place),
    clients: &[Client],
    is_meant: impl Fn(&str) -> bool,
    declares: impl Fn(&str) -> bool,
    problems: &mut Vec<Problem>,
) {
    let is_handlebars = body.contains("{{");
    let mut found: Vec<(Problem, &str, usize)> = Vec::new();
    let mut add = |code, language: &'static str, place, width: usize, message: String, hint: String| match found
        .iter_mut()
        .find(|(problem, known, _)| problem.code == code && *known == language)
    {
        Some((_, _, more)) => *more += 1,
        None => found.push((at(key, place, width.max(1), code, message, Some(hint)), language, 0)),
    };
    for (place, what) in foreign(body, start) {
        match what {
            Foreign::Expression(inside) if is_meant(inside) => {}
            Foreign::Expression(inside) => {
                let whole = format!("${{{{ {} }}}}", shorten(inside));
                let hint = format!("where it is another program's, write $\\{{{{ {} }}}}", shorten(inside));
                add(Code::Foreign, "", place, 3, format!("`{whole}` is a $ and a value of this template"), hint);
            }
            Foreign::Tag(tag, other) => {
                let end = place.behind(tag);
                let is_of_tag = |problem: &&mut Problem| {
                    matches!(problem.code, Code::Syntax | Code::Helper) && (place..end).contains(&problem.place)
                };
                let mut errors = problems.iter_mut().filter(is_of_tag).peekable();
                let is_error = errors.peek().is_some();
                errors.for_each(|problem| problem.hint = Some(hint(&other)));
                let name = tag.trim_matches(['{', '}', '~', ' ']);
                if !is_error && other.is_certain && !declares(name) {
                    let message = format!("`{}` looks like {}", shorten(tag), other.language);
                    add(Code::Foreign, other.language, place, first_line(tag), message, other.instead);
                }
            }
            Foreign::Text(text, other) => {
                let code = if other.is_certain || !is_handlebars { Code::Foreign } else { Code::ForeignText };
                let message = format!("`{}` looks like {}, and is plain text here", shorten(text), other.language);
                let hint = format!("{}; what stands in backticks is taken for an example", other.instead);
                add(code, other.language, place, first_line(text), message, hint);
            }
            Foreign::Placeholder(text) => {
                // A price is not all of it.
                let is_first = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','));
                let has_first = body.match_indices("$1").any(|(at, first)| is_first(&body[at + first.len()..]));
                let is_argument = !is_handlebars && has_first && text.len() == 2 && text != "$0";
                let hint = "for an argument write {{name}}; for a price, 5 USD in place of $5".to_owned();
                if is_argument {
                    let message = format!("`{text}` looks like Claude Code, and is plain text here");
                    add(Code::Foreign, "Claude Code", place, text.len(), message, hint);
                } else if let Some(effects) = effects(&[When::Placeholder], clients) {
                    let message = format!("`{}` in the text: {effects}", shorten(text));
                    add(Code::Placeholder, "", place, text.len(), message, hint);
                }
            }
            Foreign::Command(text) => {
                let hint = "a prompt runs no commands: take the output as an argument, {{name}}; for text that stays as it \
                            is, put a space between ! and `";
                let width = first_line(text);
                if let Some(effects) = effects(&[When::Command], clients) {
                    let message = format!("!`…` in the text: {effects}, and it is plain text in Claude Code");
                    add(Code::ShellCommand, "", place, width, message, hint.to_owned());
                } else {
                    let message = "!`…` looks like a shell command of Claude Code, and is plain text here".to_owned();
                    add(Code::ForeignText, "Claude Code", place, width, message, hint.to_owned());
                }
            }
        }
    }
    problems.extend(found.into_iter().map(|(problem, _, more)| match more {
        0 => problem,
        more => Problem { message: format!("{} (and {more} more)", problem.message), ..problem },
    }));
}

fn hint(Other { language, instead, .. }: &Other) -> String {
    // The message has it.
    if language.starts_with("a helper") { instead.clone() } else { format!("this looks like {language}: {instead}") }
}

/// How many characters of a text stand on its first line.
fn first_line(text: &str) -> usize {
    text.lines().next().unwrap_or_default().chars().count()
}
