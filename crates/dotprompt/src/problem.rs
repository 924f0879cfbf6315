//! Problems of prompt files.

use std::fmt;
use std::sync::Arc;

/// A problem of a prompt file, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The kind of problem.
    pub code: Code,
    /// The file's key.
    pub file: Arc<str>,
    /// The start.
    pub place: Place,
    /// The width in characters of that line, at least 1.
    pub width: usize,
    /// The problem in one line.
    pub message: String,
    /// How to solve it, in one line.
    pub hint: Option<String>,
    /// More data for programs, for some codes.
    pub cause: Option<Box<Cause>>,
}

/// The data of a problem, for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// No file defines this partial.
    MissingPartial {
        /// The name in the template.
        name: String,
    },
    /// The text of a tag is not an expression.
    NotAnExpression,
    /// The front matter or a helper does not have this key.
    UnknownKey {
        /// The key.
        name: String,
        /// The keys that exist.
        known: Vec<&'static str>,
    },
}

impl Problem {
    /// A problem at a place of a file, `width` characters wide.
    #[must_use]
    pub fn new(code: Code, file: &Arc<str>, place: Place, width: usize, message: impl Into<String>) -> Self {
        let (file, message) = (Arc::clone(file), message.into());
        Self { code, file, place, width: width.max(1), message, hint: None, cause: None }
    }

    /// A problem of a file as a whole.
    #[must_use]
    pub fn of_file(code: Code, file: &Arc<str>, message: impl Into<String>) -> Self {
        Self::new(code, file, Place::START, 1, message)
    }

    /// Adds a hint.
    #[must_use]
    pub fn with_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    /// Adds data for programs.
    #[must_use]
    pub fn with_cause(self, cause: Cause) -> Self {
        Self { cause: Some(Box::new(cause)), ..self }
    }
}

/// A place in a file. The default is [`Place::START`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// The severity of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The prompt cannot be used.
    Error,
    /// The prompt can be used, but probably not as its author expects.
    Warning,
    /// Information.
    Note,
}

impl Place {
    /// The start of a file.
    pub const START: Self = Self { line: 1, column: 1 };

    /// The place after `text`, which starts here.
    #[must_use]
    pub fn after(self, text: &str) -> Self {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        match text.rfind('\n') {
            None => Self { column: self.column.saturating_add(count(text.chars().count())), ..self },
            Some(last) => Self {
                line: self.line.saturating_add(count(text.matches('\n').count())),
                column: count(text[last + 1..].chars().count()) + 1,
            },
        }
    }
}

impl Default for Place {
    fn default() -> Self {
        Self::START
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: {}", self.file, self.place, self.message)
    }
}

impl std::error::Error for Problem {}

/// Defines [`Code`], with the word and the level of each.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $level:ident;)*) => {
        /// The kind of a problem. Codes stay the same when messages change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code as `check` prints it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The severity.
            #[must_use]
            pub fn level(self) -> Level {
                match self { $(Self::$name => Level::$level,)* }
            }
        }
    };
}

impl Code {
    /// Whether the problem is the behaviour of some clients, not the file itself.
    #[must_use]
    pub fn is_about_clients(self) -> bool {
        // These codes are the last ones of the list.
        self >= Self::SeveralArguments
    }
}

codes! {
    /// The file cannot be read.
    Unreadable = "unreadable", Error;
    /// The file is not UTF-8.
    Encoding = "encoding", Error;
    /// A bound is exceeded.
    Bound = "bound", Error;
    /// The front matter is not YAML.
    Yaml = "yaml", Error;
    /// A key of the front matter has an invalid value.
    FrontMatter = "front-matter", Error;
    /// An argument, Picoschema or JSON Schema is invalid.
    Schema = "schema", Error;
    /// The template is not Handlebars.
    Syntax = "syntax", Error;
    /// A helper does not exist, or its call is wrong.
    Helper = "helper", Error;
    /// A partial does not exist.
    MissingPartial = "missing-partial", Error;
    /// Partials use each other.
    PartialCycle = "partial-cycle", Error;
    /// A picture or another file cannot be shown.
    Media = "media", Error;
    /// The template fails on a caller's arguments.
    Render = "render", Error;
    /// Two files define the same partial.
    DuplicatePartial = "duplicate-partial", Error;
    /// The prompt cannot be a tool, because of its name or the name of an argument.
    ToolName = "tool-name", Error;
    /// The skill breaks a rule of Agent Skills, or the prompt cannot be a skill.
    Skill = "skill", Error;

    /// A key of the front matter that has no effect.
    UnknownKey = "unknown-key", Warning;
    /// A schema is not defined here; a program that uses the prompt may define it.
    UnknownSchema = "unknown-schema", Warning;
    /// A variable is used or required but not declared.
    Undeclared = "undeclared-variable", Warning;
    /// An argument is declared, or has a default, but is not used.
    Unused = "unused-argument", Warning;
    /// A value is used as another type.
    TypeMismatch = "type-mismatch", Warning;
    /// There is no description.
    NoDescription = "no-description", Warning;
    /// The template is empty.
    Empty = "empty", Warning;
    /// Code of another template language, or `${{ … }}` of another tool.
    Foreign = "foreign-template", Warning;
    /// Other readers of the format read something differently.
    Portability = "portability", Warning;
    /// Two prompts claim one name, or two skills have one.
    DuplicateName = "duplicate-name", Warning;
    /// Front matter is read as text because of its place.
    MisplacedFrontMatter = "misplaced-front-matter", Warning;
    /// A field of a skill has a type that Agent Skills does not define.
    SkillField = "skill-field", Warning;

    /// Text that may be a placeholder of another template language.
    ForeignText = "foreign-text", Note;
    /// A path that is not a valid name.
    Renamed = "renamed", Note;
    /// Files that should probably be prompts but are not.
    NotAPrompt = "not-a-prompt", Note;
    /// A file that should probably be a skill but is not.
    NotASkill = "not-a-skill", Note;
    /// The arguments of a prompt that declares none.
    Inferred = "inferred-arguments", Note;
    /// How the prompt is called in a client that the team uses.
    Call = "call", Note;

    // From here on, the behaviour of some clients, see `check::clients`. They are warnings if the team uses such a client.
    /// More than one argument.
    SeveralArguments = "several-arguments", Note;
    /// Arguments, all of them optional.
    OptionalOnly = "optional-only", Note;
    /// An argument that some clients do not pass as it is typed.
    LostArgument = "lost-argument", Note;
    /// An argument that is compared, a list, or an object.
    TypedArgument = "typed-argument", Note;
    /// More than one message.
    SeveralMessages = "several-messages", Note;
    /// Messages that do not alternate between the user and the assistant.
    NotAlternating = "not-alternating", Note;
    /// A picture, a recording, a link or a file.
    NotText = "not-text", Note;
    /// Text that clients replace with an argument, such as `$1`.
    Placeholder = "placeholder", Note;
    /// Text that clients run as a command.
    ShellCommand = "shell-command", Note;
    /// Text that clients replace with a file of the user.
    FileReference = "file-reference", Note;
    /// The name of a command that some clients have themselves.
    BuiltInName = "built-in-name", Note;
    /// More prompts than fit on one page.
    ManyPrompts = "many-prompts", Note;
}
