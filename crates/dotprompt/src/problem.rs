//! What can be wrong with a prompt file.

use std::fmt;
use std::sync::Arc;

/// Something wrong with a prompt file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of thing is wrong.
    pub code: Code,
    /// The file's key.
    pub file: Arc<str>,
    /// Where it begins.
    pub place: Place,
    /// How many characters of that line it spans, at least 1.
    pub width: usize,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do about it, in one line.
    pub hint: Option<String>,
    /// More data for programs, with some codes.
    pub cause: Option<Box<Cause>>,
}

/// The data of a problem that programs act on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// No file defines this partial.
    MissingPartial {
        /// As the template writes it.
        name: String,
    },
    /// The text of a tag is not an expression.
    NotAnExpression,
    /// The front matter or a helper does not have this key.
    UnknownKey {
        /// As the author writes it.
        name: String,
        /// The keys that it has.
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

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    /// Adds its data.
    #[must_use]
    pub fn with_cause(self, cause: Cause) -> Self {
        Self { cause: Some(Box::new(cause)), ..self }
    }
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The prompt cannot be used.
    Error,
    /// The prompt can be used, and may not do what its author means.
    Warning,
    /// Information.
    Note,
}

impl Place {
    /// Where a file begins.
    pub const START: Self = Self { line: 1, column: 1 };

    /// The place after `text`, which begins here.
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
        /// What kind of thing is wrong. Codes stay the same when messages change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// As `check` prints it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// How bad it is.
            #[must_use]
            pub fn level(self) -> Level {
                match self { $(Self::$name => Level::$level,)* }
            }
        }
    };
}

impl Code {
    /// Whether it is about the behaviour of some clients, not about the file itself.
    #[must_use]
    pub fn is_about_clients(self) -> bool {
        matches!(
            self,
            Self::SeveralArguments
                | Self::OptionalOnly
                | Self::TypedArgument
                | Self::SeveralMessages
                | Self::NotAlternating
                | Self::NotText
                | Self::Placeholder
                | Self::ShellCommand
                | Self::ManyPrompts
        )
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
    /// A picture or another file that cannot be shown.
    Media = "media", Error;
    /// The template fails on a caller's arguments.
    Render = "render", Error;
    /// Two files are one partial.
    DuplicatePartial = "duplicate-partial", Error;

    /// A key of the front matter that has no effect.
    UnknownKey = "unknown-key", Warning;
    /// A schema that is defined elsewhere, in the program that uses the prompt.
    UnknownSchema = "unknown-schema", Warning;
    /// A variable is used or required, and not declared.
    Undeclared = "undeclared-variable", Warning;
    /// An argument is declared, or a default given, and not used.
    Unused = "unused-argument", Warning;
    /// A value is used as if it were of another type.
    TypeMismatch = "type-mismatch", Warning;
    /// There is no description.
    NoDescription = "no-description", Warning;
    /// The template is empty.
    Empty = "empty", Warning;
    /// Code of another template language, or `${{ … }}` of another tool.
    Foreign = "foreign-template", Warning;
    /// Something that other readers of the format read differently.
    Portability = "portability", Warning;
    /// Two prompts claim one name.
    DuplicateName = "duplicate-name", Warning;
    /// Front matter that is read as text, because of its place.
    MisplacedFrontMatter = "misplaced-front-matter", Warning;

    /// Text that another template language would fill in, and that may be plain text.
    ForeignText = "foreign-text", Note;
    /// A path that is not a valid name.
    Renamed = "renamed", Note;
    /// Files that are probably meant to be prompts, and are not.
    NotAPrompt = "not-a-prompt", Note;
    /// The arguments of a prompt that declares none.
    Inferred = "inferred-arguments", Note;

    // What some clients do with it, see `check::clients`: warnings where the team is known to use one of them.
    /// More than one argument.
    SeveralArguments = "several-arguments", Note;
    /// Arguments, none of them required.
    OptionalOnly = "optional-only", Note;
    /// An argument that does not take any text.
    TypedArgument = "typed-argument", Note;
    /// More than one message.
    SeveralMessages = "several-messages", Note;
    /// Messages that do not go from the user to the assistant and back.
    NotAlternating = "not-alternating", Note;
    /// A picture, a recording, a link or a file.
    NotText = "not-text", Note;
    /// Text that stands for an argument, such as `$1`.
    Placeholder = "placeholder", Note;
    /// Text that is run as a command.
    ShellCommand = "shell-command", Note;
    /// More prompts than one page has.
    ManyPrompts = "many-prompts", Note;
}
