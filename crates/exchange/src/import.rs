//! Files of other programs as prompts.

use std::collections::BTreeSet;

use crate::draft::Draft;
use crate::formats::{Format, claude, cursor, gemini, opencode, vscode};
use crate::{langfuse, prompts_chat, skills, words};

/// Where files come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The export of Langfuse: JSON.
    Langfuse,
    /// The prompts of prompts.chat: CSV.
    PromptsChat,
    /// Commands of Claude Code.
    Claude,
    /// Commands of Cursor.
    Cursor,
    /// Prompt files of VS Code.
    VsCode,
    /// Commands of Gemini CLI.
    Gemini,
    /// Commands of opencode.
    Opencode,
    /// A folder of skills, as `FastMCP` serves it.
    Skills,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 8] = [
        Self::Langfuse,
        Self::PromptsChat,
        Self::Claude,
        Self::Cursor,
        Self::VsCode,
        Self::Gemini,
        Self::Opencode,
        Self::Skills,
    ];

    /// The name on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Langfuse => "langfuse",
            Self::PromptsChat => "prompts.chat",
            Self::Skills => "skills",
            _ => self.format().map_or("", |format| format.word),
        }
    }

    /// Other names that the command line takes.
    #[must_use]
    pub fn other_words(self) -> &'static [&'static str] {
        match self {
            Self::PromptsChat => &["prompts-chat"],
            Self::Claude => &["claude-code"],
            Self::Gemini => &["gemini-cli"],
            Self::Skills => &["fastmcp"],
            Self::Langfuse | Self::Cursor | Self::VsCode | Self::Opencode => &[],
        }
    }

    /// Whether its files are those of skills, and not prompts.
    #[must_use]
    pub fn is_skills(self) -> bool {
        self == Self::Skills
    }

    fn format(self) -> Option<&'static Format> {
        match self {
            Self::Claude => Some(&claude::FORMAT),
            Self::Cursor => Some(&cursor::FORMAT),
            Self::VsCode => Some(&vscode::FORMAT),
            Self::Gemini => Some(&gemini::FORMAT),
            Self::Opencode => Some(&opencode::FORMAT),
            Self::Langfuse | Self::PromptsChat | Self::Skills => None,
        }
    }

    /// Whether a file of this path is one of its files.
    fn reads(self, path: &str) -> bool {
        match self {
            Self::Langfuse => path.ends_with(".json") || path.ends_with(".jsonl"),
            Self::PromptsChat => path.ends_with(".csv"),
            Self::VsCode => path.ends_with(".prompt.md"),
            Self::Gemini => path.ends_with(".toml"),
            Self::Claude | Self::Cursor | Self::Opencode => path.ends_with(".md"),
            Self::Skills => true,
        }
    }
}

/// A file to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFile {
    /// The path below the imported folder, or the name of the only file.
    pub path: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// One prompt, or one file of a skill, that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Its file, or its name in a file of many.
    pub from: String,
    /// The new file, or why it is refused.
    pub file: Result<NewFile, String>,
}

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// The path below the folder of prompts, or below that of skills.
    pub path: String,
    /// The content.
    pub bytes: Vec<u8>,
    /// What is different here.
    pub notes: Vec<String>,
}

/// Finds the source of files from their names and contents. `folders` are the names of the folders that they are in.
#[must_use]
pub fn detect(files: &[InputFile], folders: &[&str]) -> Option<Source> {
    let has = |ending: &str| files.iter().any(|file| file.path.ends_with(ending));
    if files.iter().any(|file| file.path == check::skill::FILE || file.path.ends_with("/SKILL.md")) {
        return Some(Source::Skills);
    }
    for (ending, source) in [(".prompt.md", Source::VsCode), (".toml", Source::Gemini)] {
        if has(ending) {
            return Some(source);
        }
    }
    if files.iter().any(prompts_chat::is_one) {
        return Some(Source::PromptsChat);
    }
    if files.iter().any(langfuse::is_one) {
        return Some(Source::Langfuse);
    }
    let folder = folders.iter().rev().find_map(|folder| match *folder {
        ".claude" => Some(Source::Claude),
        ".cursor" => Some(Source::Cursor),
        ".opencode" | "opencode" => Some(Source::Opencode),
        ".github" => Some(Source::VsCode),
        _ => None,
    });
    folder.or_else(|| files.iter().filter(|file| file.path.ends_with(".md")).find_map(of_markdown))
}

/// The source of a Markdown file whose folder does not tell it.
fn of_markdown(file: &InputFile) -> Option<Source> {
    let document = crate::markdown::Document::read(&file.path, &file.bytes).ok()?;
    let target = document.kept().target;
    if let Some(source) = Source::ALL.into_iter().find(|source| source.word() == target) {
        return Some(source);
    }
    let has = |fields: &[&str]| fields.iter().any(|field| document.fields.contains_key(*field));
    if has(&["argument-hint", "arguments", "allowed-tools", "disable-model-invocation"]) {
        return Some(Source::Claude);
    }
    if has(&["subtask", "subagent"]) {
        return Some(Source::Opencode);
    }
    if has(&["tools", "mode"]) || document.body.contains("${input:") {
        return Some(Source::VsCode);
    }
    let has_list = !words::read(&document.body).1.is_empty();
    has_list.then_some(Source::Cursor)
}

/// Reads files of a source as prompts, or as files of skills. Files of other kinds are left out.
#[must_use]
pub fn import(source: Source, files: &[InputFile]) -> Vec<Imported> {
    let files: Vec<&InputFile> = files.iter().filter(|file| source.reads(&file.path)).collect();
    match (source, source.format()) {
        (Source::Skills, _) => skills::read(&files),
        (Source::PromptsChat, _) => distinct(files.into_iter().flat_map(prompts_chat::read).collect()),
        (_, None) => distinct(langfuse::read(&files)),
        (_, Some(format)) => {
            let read = |file: &&InputFile| Read { from: file.path.clone(), draft: (format.read)(file) };
            distinct(files.iter().map(read).collect())
        }
    }
}

/// A prompt that was read from a file.
pub(crate) struct Read {
    pub(crate) from: String,
    pub(crate) draft: Result<Draft, String>,
}

/// Gives each prompt a file and a name of its own. Where two would have one, the second gets a number.
fn distinct(read: Vec<Read>) -> Vec<Imported> {
    let mut taken = BTreeSet::new();
    // Some file systems do not tell upper from lower case.
    let name = |path: &str| dotprompt::prompt_name(&format!("{path}.prompt")).unwrap_or_default().to_lowercase();
    let file = |Read { from, draft }| {
        let file = draft.and_then(|mut draft: Draft| {
            let wanted = draft.path.clone();
            let paths = std::iter::once(wanted.clone()).chain((2..).map(|number| format!("{wanted}-{number}")));
            draft.path = { paths }.find(|path| !taken.contains(&name(path))).unwrap_or_default();
            if draft.path != wanted {
                draft.notes.push(format!("another prompt has the name of {wanted}.prompt"));
            }
            let text = draft.file()?;
            taken.insert(name(&draft.path));
            Ok(NewFile { path: format!("{}.prompt", draft.path), bytes: text.into_bytes(), notes: draft.notes })
        });
        Imported { from, file }
    };
    read.into_iter().map(file).collect()
}
