//! Text that other template languages fill in, and that clients replace.

use std::ops::Range;
use std::sync::LazyLock;

use super::syntax::{Other, Table, certain, likely};
use super::tag;

/// The code in a Markdown text: fenced blocks, and text in backticks on one line.
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
    // A block without an end is code up to the end of the text.
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

/// Bytes of a piece of foreign text.
const MAX_PIECE_BYTES: usize = 5000;

const JINJA: &str = "Jinja or Liquid";
const PYTHON: &str = "Python's format, f-strings or LangChain";
const VS_CODE: &str = "VS Code";
const NO_COMMAND: &str = "prompts run no commands: pass the output as an argument, {{name}}";
const NO_FILE: &str = "prompts read no local files: pass the text as an argument, {{name}}; \
                       {{media url=\"…\"}} shows a file of the gallery";

/// `@src/main.rs`
pub(super) const MENTION: &str = "a file reference of Claude Code, Gemini CLI or opencode";

/// The foreign text that `rest` begins with: its length and language. `before` is the text before it.
pub(super) fn piece(before: &str, rest: &str) -> Option<(usize, Other)> {
    let rest = &rest[..rest.floor_char_boundary(MAX_PIECE_BYTES)];
    if let Some((length, inside)) = between(rest, "{%", "%}") {
        return tag::of_statement(inside).map(|other| (length, other));
    }
    if let Some((length, inside)) = between(rest, "<%", "%>") {
        return tag::of_erb(inside).map(|other| (length, other));
    }
    let follows_word = before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '\\'));
    // LaTeX, addresses such as /users/{id}, and signs with a meaning of their own before a brace.
    let follows_sign = before.ends_with(|c: char| c.is_alphanumeric() || "\\/}{^_@=&?$#%".contains(c));
    let of_client = || CLIENTS.find(rest).filter(|_| !follows_word);
    let braces = || BRACES.find(rest).filter(|_| !follows_sign);
    MARKED.find(rest).or_else(of_client).or_else(braces)
}

/// The length of a tag that `text` begins with, and the text between its delimiters.
fn between<'t>(text: &'t str, open: &str, close: &str) -> Option<(usize, &'t str)> {
    let inside = text.strip_prefix(open)?;
    let inside = &inside[..inside.find(close)?];
    Some((open.len() + inside.len() + close.len(), inside.trim_matches(['-', '+', '=', ' ', '\n'])))
}

/// Text with marks of its own.
static MARKED: LazyLock<Table> = LazyLock::new(|| {
    Table::new(vec![
        certain(r"^\{#.*?#\}", JINJA, "write a comment as {{! … }}"),
        certain(r"^<\?(?:=|php).*?\?>", "PHP", "write {{name}}"),
        certain(
            r"^<\|(?:im_start|system|user)\|>",
            "a chat model's markup",
            "write {{role \"system\"}}, {{role \"user\"}}",
        ),
        certain(
            r"^@@@langfusePrompt:(?:[^@]*\|)?name=([^|@]*)[^@]*@@@",
            "Langfuse",
            "write {{> $1}}, and name its file _$1.prompt",
        ),
        certain(r"^\$ARGUMENTS(?:\[[^\]]*\])?", "Claude Code", "write {{arguments}}, or a name for each of them"),
        likely(r"^%\((NAME)\)s", "Python's % formatting", "write {{$1}}"),
        certain(
            r"^\$\{(?:input|promptString|pickString):([^:}\n]*):([^}\n]*)\}",
            VS_CODE,
            "write {{$1}}, described as \"$2\" in the front matter",
        ),
        certain(r"^\$\{(?:input|promptString|pickString):([^}\n]*)\}", VS_CODE, "write {{$1}}"),
        certain(
            "^\\$\\{(selection|selectedText|file|fileBasename|fileDirname|fileBasenameNoExtension|workspaceFolder|\
             workspaceFolderBasename|relativeFile)\\}",
            VS_CODE,
            "write {{$1}}: clients fill in nothing on their own",
        ),
        likely(r"^\$\{env[^:}]*:(NAME)\}", VS_CODE, "write {{$1}}"),
        likely(r"^\$\{(NAME)\}", "JavaScript, a shell or prompts.chat", "write {{$1}}"),
        // With another sign after the colon it is a shell's.
        certain(
            r"^\$\{(NAME):([^-=+?}\n][^}\n]*)?\}",
            "prompts.chat",
            "write {{$1}}, and give it `default: $2` in the front matter",
        ),
        likely(r"^#\{(NAME)\}", "Ruby", "write {{$1}}"),
    ])
});

/// Commands and files of clients, not after a word. A tag ends the text, and the foreign text with it.
static CLIENTS: LazyLock<Table> = LazyLock::new(|| {
    Table::new(vec![
        certain(r"^!\{\s*[^{}\s](?:[^{}\n]|\{[^{}\n]*\})*(?:\}|\z)", "a shell command of Gemini CLI", NO_COMMAND),
        // Not code of PowerShell, LaTeX or Razor, nor a revision of Git such as `@{u}`.
        certain(r#"^@\{[^=;"'\\{(}\n]*[./][^=;"'\\{(}\n]*(?:\}|\z)"#, "a file reference of Gemini CLI", NO_FILE),
        // The ending tells a file from a person, a package or a part of an address.
        likely(
            "^(?<all>@[A-Za-z0-9_./-]*[A-Za-z0-9_/-]\\.(?:c|cpp|cs|css|csv|go|h|html|java|js|json|jsx|kt|md|mdx|php|py|\
             rb|rs|sh|sql|svelte|swift|toml|ts|tsx|txt|vue|yaml|yml))\\.*(?:[^A-Za-z0-9_./-]|\\z)",
            MENTION,
            NO_FILE,
        ),
    ])
});

/// Values in braces.
static BRACES: LazyLock<Table> = LazyLock::new(|| {
    Table::new(vec![
        certain(r#"^\{argument name="?([^"}\n]*)[^}\n]*\}"#, "Raycast", "write {{$1}}"),
        likely(r"^\{\$(NAME)\}", "Smarty, or an Anthropic prompt", "write {{$1}}"),
        // With a conversion or a format, `{x!r:>10}`.
        likely(r#"^(?<all>\{(NAME)(?:[!:][^ "'}\n]{0,8})?\})(?:[^}]|\z)"#, PYTHON, "write {{$2}}"),
        likely(r"^(?<all>\{[0-9]+\})(?:[^}]|\z)", PYTHON, "write {{name}}, with a name of its own"),
    ])
});
