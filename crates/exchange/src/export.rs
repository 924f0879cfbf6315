//! Prompts as the files of other programs.

use dotprompt::Prompt;

use crate::formats::{Format, Written, claude, cursor, gemini, opencode, skills, vscode};
use crate::plan::plan;

/// A program that prompts are exported to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
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
    /// Agent Skills.
    Skills,
}

impl Target {
    /// Every target.
    pub const ALL: [Self; 6] = [Self::Claude, Self::Cursor, Self::VsCode, Self::Gemini, Self::Opencode, Self::Skills];

    /// The name on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.format().word
    }

    /// Other names that the command line takes.
    #[must_use]
    pub fn other_words(self) -> &'static [&'static str] {
        match self {
            Self::Claude => &["claude-code"],
            Self::Gemini => &["gemini-cli"],
            Self::Cursor | Self::VsCode | Self::Opencode | Self::Skills => &[],
        }
    }

    fn format(self) -> &'static Format {
        match self {
            Self::Claude => &claude::FORMAT,
            Self::Cursor => &cursor::FORMAT,
            Self::VsCode => &vscode::FORMAT,
            Self::Gemini => &gemini::FORMAT,
            Self::Opencode => &opencode::FORMAT,
            Self::Skills => &skills::FORMAT,
        }
    }
}

/// A prompt as a file of another program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The path below the folder of the target's files.
    pub path: String,
    /// The file.
    pub text: String,
    /// What the file does not hold.
    pub notes: Vec<String>,
}

/// Writes a prompt as a file of another program. `key` is the path of the prompt's file, `name` the name of the prompt.
///
/// An optional argument that the text tests, or that has a default, keeps its default or is left out. With `all_arguments` it is a
/// required argument of the file.
///
/// # Errors
/// Why the prompt is refused.
pub fn export(target: Target, key: &str, name: &str, prompt: &Prompt, all_arguments: bool) -> Result<Exported, String> {
    let format = target.format();
    let plan = plan(prompt, all_arguments)?;
    let path = (format.path)(key, name);
    let Written { text, notes } = (format.write)(&plan, &path)?;
    Ok(Exported { path, text, notes: [plan.notes.clone(), notes].concat() })
}
