//! Text as other template languages fill it in.

use std::ops::Range;

use super::scan::Other;
use super::tag::{each, if_condition};

/// The parts of a Markdown text that show code: fenced blocks, and what stands in backticks on one line.
pub(super) fn code(source: &str) -> Vec<Range<usize>> {
    let (mut ranges, mut fence, mut at) = (Vec::new(), None, 0);
    for line in source.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some((mark, at)),
            (Some((open, start)), Some(mark)) if mark == open => {
                ranges.push(start..at + line.len());
                fence = None;
            }
            (Some(_), _) => {}
            (None, None) => spans(line, at, &mut ranges),
        }
        at += line.len();
    }
    // One that is never closed shows code to the end.
    ranges.extend(fence.map(|(_, start)| start..source.len()));
    ranges
}

fn spans(line: &str, at: usize, ranges: &mut Vec<Range<usize>>) {
    let mut rest = 0;
    while let Some(open) = line[rest..].find('`').map(|open| rest + open) {
        let ticks = line[open..].bytes().take_while(|byte| *byte == b'`').count();
        let inside = open + ticks;
        let Some(close) = line[inside..].find(&line[open..inside]).map(|close| inside + close) else { return };
        ranges.push(at + open..at + close + ticks);
        rest = close + ticks;
    }
}

/// The first piece of `text` from `from` on that another language fills in: where it stands, and whose it is.
pub(super) fn next(text: &str, from: usize) -> Option<(Range<usize>, Other)> {
    let mut at = from;
    while let Some(next) = text[at..].find(['{', '$', '<', '@', '%', '#', '!']) {
        let begin = at + next;
        let (before, rest) = text.split_at(begin);
        if let Some((length, other)) = piece(before, rest) {
            return Some((begin..begin + length, other));
        }
        at = begin + 1;
    }
    None
}

const JINJA: &str = "Jinja or Liquid";

/// The length of the foreign text that `rest` begins with, and whose it is.
fn piece(before: &str, rest: &str) -> Option<(usize, Other)> {
    marked(rest).or_else(|| of_client(before, rest)).or_else(|| interpolated(rest)).or_else(|| braces(before, rest))
}

/// A statement, a comment or markup between marks of its own.
fn marked(rest: &str) -> Option<(usize, Other)> {
    let closed = |end: &str, most: usize| {
        // Not in the opening itself, as in `{#}`.
        let length = 2 + rest[2..].find(end)? + end.len();
        (length <= most).then_some((length, rest[2..length - end.len()].trim_matches(['-', '+', '=', ' ', '\n'])))
    };
    if rest.starts_with("{%") {
        let (length, inside) = closed("%}", 1000)?;
        return Some((length, Other::new(JINJA, statement(inside)).certain()));
    }
    if rest.starts_with("{#") {
        let (length, _) = closed("#}", 5000)?;
        return Some((length, Other::new(JINJA, "write a comment as {{! … }}").certain()));
    }
    if rest.starts_with("<%") {
        let (length, inside) = closed("%>", 1000)?;
        return Some((length, Other::new("ERB or EJS", erb(inside)).certain()));
    }
    if rest.starts_with("<?=") || rest.starts_with("<?php") {
        let length = rest.find("?>")? + 2;
        return Some((length, Other::new("PHP", "write {{name}}").certain()));
    }
    if rest.starts_with("<|im_start|>") || rest.starts_with("<|system|>") || rest.starts_with("<|user|>") {
        let length = rest.find("|>")? + 2;
        return Some((
            length,
            Other::new("a chat model's markup", "write {{role \"system\"}}, {{role \"user\"}}").certain(),
        ));
    }
    if let Some(inside) = rest.strip_prefix("@@@langfusePrompt:") {
        let length = inside.find("@@@")?;
        let name = inside[..length].split('|').find_map(|part| part.strip_prefix("name=")).unwrap_or("name");
        let other = Other::new("Langfuse", format!("write {{{{> {name}}}}}, and name its file _{name}.prompt"));
        return Some((length + 2 * "@@@".len() + "langfusePrompt:".len(), other.certain()));
    }
    None
}

/// A command, a file or the arguments, as clients take them.
fn of_client(before: &str, rest: &str) -> Option<(usize, Other)> {
    let follows_word = before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '\\'));
    if let Some(inside) = rest.strip_prefix("!{").filter(|_| !follows_word) {
        let (length, command) = braced(inside)?;
        return (!command.is_empty())
            .then(|| (length + 2, Other::new("a shell command of Gemini CLI", NO_COMMAND).certain()));
    }
    if let Some(inside) = rest.strip_prefix("@{").filter(|_| !follows_word) {
        let (length, path) = braced(inside)?;
        return is_path(path).then(|| (length + 2, Other::new("a file reference of Gemini CLI", NO_FILE).certain()));
    }
    if let Some(inside) = rest.strip_prefix('@').filter(|_| !follows_word && !before.ends_with('`')) {
        let path = mentioned(inside)?;
        return Some((path.len() + 1, Other::new("a file reference of Claude Code, Gemini CLI or opencode", NO_FILE)));
    }
    let after = rest.strip_prefix("$ARGUMENTS")?;
    let index = after.strip_prefix('[').and_then(|after| after.find(']')).map_or(0, |end| end + 2);
    let instead = "write {{arguments}}, or a name for each of them";
    Some((10 + index, Other::new("Claude Code", instead).certain()))
}

/// A value after a sign: `%(name)s`, `${name}`, `#{name}`.
fn interpolated(rest: &str) -> Option<(usize, Other)> {
    if let Some(inside) = rest.strip_prefix("%(") {
        let name = &inside[..inside.find(")s")?];
        return is_name(name).then(|| (name.len() + 4, Other::new("Python's % formatting", write(name))));
    }
    if let Some(inside) = rest.strip_prefix("${") {
        return dollar(inside).map(|(length, other)| (length + 2, other));
    }
    let inside = rest.strip_prefix("#{")?;
    let name = &inside[..inside.find('}')?];
    is_name(name).then(|| (name.len() + 3, Other::new("Ruby", write(name))))
}

/// A value in braces: `{name}`.
fn braces(before: &str, rest: &str) -> Option<(usize, Other)> {
    let inside = rest.strip_prefix('{')?;
    // LaTeX, addresses such as /users/{id}, and what other signs make of it.
    if before.ends_with(|c: char| {
        c.is_alphanumeric() || matches!(c, '\\' | '/' | '}' | '{' | '^' | '_' | '@' | '=' | '&' | '?' | '$' | '#' | '%')
    }) {
        return None;
    }
    let name = &inside[..inside.find('}')?];
    if inside[name.len()..].starts_with("}}") {
        return None;
    }
    if let Some(argument) = name.strip_prefix("argument name=") {
        let argument = argument.trim_start_matches('"').split('"').next().unwrap_or_default();
        return Some((name.len() + 2, Other::new("Raycast", write(argument)).certain()));
    }
    if let Some(argument) = name.strip_prefix('$').filter(|name| is_name(name)) {
        return Some((name.len() + 2, Other::new("Smarty, or an Anthropic prompt", write(argument))));
    }
    // A conversion or a format, `{x!r:>10}`.
    let path = name.split(['!', ':']).next().unwrap_or_default();
    let is_spec = |spec: &str| spec.len() < 10 && !spec.contains([' ', '"', '\'', '\n']);
    let is_path = is_name(path)
        || (!path.is_empty() && path.bytes().all(|byte| byte.is_ascii_digit()) && path.len() == name.len());
    (is_path && is_spec(&name[path.len()..])).then(|| {
        let instead = if is_name(path) { write(path) } else { "write {{name}}, with a name of its own".to_owned() };
        (name.len() + 2, Other::new("Python's format, f-strings or LangChain", instead))
    })
}

const NO_COMMAND: &str = "a prompt runs no commands: take the output as an argument, {{name}}";
const NO_FILE: &str = "a prompt reads no files of its user: take the text as an argument, {{name}}; \
                       {{media url=\"…\"}} shows a file of the gallery";

/// The length of what ends at the brace that closes what `inside` is in, and the text before that brace. A tag may stand
/// in it: then the text ends, and what is left of its line counts.
fn braced(inside: &str) -> Option<(usize, &str)> {
    let mut open = 1;
    for (at, c) in inside.char_indices().take_while(|(_, c)| *c != '\n') {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some((at + 1, inside[..at].trim()));
        }
    }
    (!inside.contains('\n')).then(|| (inside.len(), inside.trim()))
}

/// Whether `@{…}` has a path, and no code of PowerShell, LaTeX or Razor, or a revision of Git such as `@{u}`.
fn is_path(text: &str) -> bool {
    text.contains(['.', '/']) && !text.contains(['=', ';', '"', '\'', '\\', '{', '('])
}

/// The path of a file that begins `text`, as `@src/main.rs` mentions one. An ending that files of text have tells it from a
/// person, a package or a part of an address.
fn mentioned(text: &str) -> Option<&str> {
    const ENDINGS: [&str; 30] = [
        "c", "cpp", "cs", "css", "csv", "go", "h", "html", "java", "js", "json", "jsx", "kt", "md", "mdx", "php", "py",
        "rb", "rs", "sh", "sql", "svelte", "swift", "toml", "ts", "tsx", "txt", "vue", "yaml", "yml",
    ];
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let path = text[..text.find(|c| !is_part(c)).unwrap_or(text.len())].trim_end_matches('.');
    let (stem, ending) = path.rsplit_once('.')?;
    (!stem.is_empty() && ENDINGS.contains(&ending)).then_some(path)
}

fn is_name(text: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && word.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    text.len() <= 64 && text.split('.').all(is_word)
}

fn write(name: &str) -> String {
    format!("write {{{{{name}}}}}")
}

/// The text after `${`.
fn dollar(inside: &str) -> Option<(usize, Other)> {
    let text = &inside[..inside.find('}')?];
    if text.contains('\n') || text.len() > 200 {
        return None;
    }
    let length = text.len() + 1;
    let (name, rest) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
    if matches!(name, "input" | "promptString" | "pickString") && rest.is_some() {
        let (name, placeholder) =
            rest.and_then(|rest| rest.split_once(':')).map_or((rest?, None), |(n, p)| (n, Some(p)));
        let about =
            placeholder.map(|text| format!(", described as \"{text}\" in the front matter")).unwrap_or_default();
        return Some((length, Other::new("VS Code", format!("{}{about}", write(name))).certain()));
    }
    const VS_CODE: [&str; 9] = [
        "selection",
        "selectedText",
        "file",
        "fileBasename",
        "fileDirname",
        "fileBasenameNoExtension",
        "workspaceFolder",
        "workspaceFolderBasename",
        "relativeFile",
    ];
    if VS_CODE.contains(&text) {
        return Some((
            length,
            Other::new("VS Code", format!("{}: clients fill in nothing by themselves", write(text))).certain(),
        ));
    }
    if name.starts_with("env") && rest.is_some_and(is_name) {
        return Some((length, Other::new("VS Code", write(rest.unwrap_or_default()))));
    }
    let is_name = is_name(name);
    match rest {
        None if is_name => Some((length, Other::new("JavaScript, a shell or prompts.chat", write(name)))),
        // A shell's.
        Some(rest) if rest.starts_with(['-', '=', '+', '?']) => None,
        Some(default) if is_name => {
            let instead = format!("{}, and give it `default: {}` in the front matter", write(name), default.trim());
            Some((length, Other::new("prompts.chat", instead).certain()))
        }
        _ => None,
    }
}

/// What stands between `{%` and `%}`.
fn statement(inside: &str) -> String {
    let (word, rest) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
    let rest = rest.trim();
    let condition = || if_condition(rest).unwrap_or_else(|| format!("if {rest}"));
    match word {
        "for" => each(rest),
        "endfor" => "write {{/each}}".to_owned(),
        "if" => {
            let condition = condition();
            let helper = condition.split(' ').next().unwrap_or_default();
            format!("write {{{{#{condition}}}}} … {{{{/{helper}}}}}")
        }
        "elif" | "elsif" | "elseif" => format!("write {{{{else {}}}}}", condition()),
        "else" => "write {{else}}".to_owned(),
        "endif" => "write {{/if}}".to_owned(),
        "unless" => format!("write {{{{#unless {rest}}}}} … {{{{/unless}}}}"),
        "endunless" => "write {{/unless}}".to_owned(),
        "include" | "import" | "from" | "extends" | "render" => {
            let name = rest.split(['"', '\'']).nth(1).unwrap_or(rest);
            let name = name.split('.').next().unwrap_or(name);
            format!("write {{{{> {name}}}}}, and name its file _{name}.prompt")
        }
        "set" | "assign" | "capture" | "with" => {
            "write {{#with value as |name|}} … {{/with}}: there are no assignments".to_owned()
        }
        "raw" | "endraw" | "verbatim" | "endverbatim" => "write a literal {{ as \\{{".to_owned(),
        "comment" | "endcomment" => "write a comment as {{! … }}".to_owned(),
        "case" | "when" | "endcase" | "switch" => {
            "write {{#ifEquals a b}} … {{else ifEquals a c}} … {{/ifEquals}}".to_owned()
        }
        "macro" | "endmacro" | "block" | "endblock" => "write {{#*inline \"name\"}} … {{/inline}}".to_owned(),
        "chat" | "endchat" => "write {{role \"user\"}}".to_owned(),
        _ => "write it as Handlebars: {{#if}}, {{#each}}, {{> partial}}".to_owned(),
    }
}

/// What stands between `<%` and `%>`.
fn erb(inside: &str) -> String {
    let (word, rest) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
    match word {
        _ if inside.starts_with('#') => "write a comment as {{! … }}".to_owned(),
        "if" | "unless" => {
            format!("write {{{{#{word} {}}}}} … {{{{/{word}}}}}", rest.trim().trim_matches(['(', ')', '{', ' ']))
        }
        "else" => "write {{else}}".to_owned(),
        "end" | "}" => "write the end of a block with its name: {{/each}}, {{/if}}".to_owned(),
        name if is_name(name.trim_start_matches('@')) && rest.is_empty() => write(name.trim_start_matches('@')),
        _ => "write it as Handlebars: {{name}}, {{#if}}, {{#each}}".to_owned(),
    }
}
