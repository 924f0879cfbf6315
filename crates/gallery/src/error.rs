//! Why the gallery did not answer, in words for clients.

use dotprompt::{ArgumentProblem, Problem, bounds, nearest, prompt_name, shorten_to};

use crate::form::Form;
use crate::limits::MAX_SHOWN_NAME_CHARS;
use catalogue::Catalogue;
use skills::address;
use store::StoreError;

/// Why the gallery did not answer.
#[derive(Debug, thiserror::Error)]
pub enum GalleryError {
    /// There is no such prompt.
    #[error("unknown prompt `{name}`{}", did_you_mean(.nearest.as_deref()))]
    UnknownPrompt {
        /// The name in the request.
        name: String,
        /// The prompt that was probably meant.
        nearest: Option<String>,
    },
    /// The prompt is not a tool.
    #[error("unknown tool `{name}`: it is a prompt, so call get_prompt with its name")]
    NotATool {
        /// The prompt.
        name: String,
    },
    /// The prompt has no such argument.
    #[error("{0}")]
    UnknownArgument(ArgumentProblem),
    /// The arguments do not fit the prompt.
    #[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Arguments {
        /// Every problem.
        problems: Vec<ArgumentProblem>,
        /// The form that asks the caller for them, if that would help.
        form: Option<Form>,
    },
    /// The cursor is not one that a page returned.
    #[error("invalid cursor: pass the `nextCursor` of the page before, or none for the first page")]
    InvalidCursor,
    /// The prompt's file is broken. This was logged when the file was read.
    #[error("prompt `{name}` cannot be rendered: {problem}")]
    Broken {
        /// The prompt.
        name: String,
        /// What is wrong, and where.
        problem: Problem,
    },
    /// The prompt's template failed on this call.
    #[error("prompt `{name}` cannot be rendered: {problem}")]
    Failed {
        /// The prompt.
        name: String,
        /// What is wrong, and where.
        problem: Problem,
    },
    /// An argument names a picture or another file that cannot be shown.
    #[error("prompt `{name}` cannot be rendered: {problem}")]
    Media {
        /// The prompt.
        name: String,
        /// What is wrong, and where it would be shown.
        problem: Problem,
    },
    /// The answer is too large.
    #[error("prompt `{name}` cannot be rendered: {size} bytes of answer; at most {}", bounds::ANSWER)]
    TooLong {
        /// The prompt.
        name: String,
        /// The size of the answer in bytes; of its pictures and files alone, if those are too large.
        size: u64,
    },
    /// The store did not answer, and the cache has no older version. The cause is for the log, not for clients.
    #[error("prompt store unavailable")]
    Store(#[from] StoreError),
    /// The store refuses to return a listed file that the prompt needs.
    #[error("prompt `{name}` cannot be read: {}", refusal(.file, .cause))]
    Unreadable {
        /// The prompt.
        name: String,
        /// The key of the file.
        file: String,
        /// For the log, not for clients.
        #[source]
        cause: StoreError,
    },
    /// No skill is served at this address.
    #[error("no skill is served at `{uri}`{}", why.as_ref().map_or_else(|| did_you_mean(.nearest.as_deref()), |why| format!(": {why}")))]
    UnknownSkill {
        /// The address in the request.
        uri: String,
        /// Why the skill there is left out.
        why: Option<String>,
        /// The skill that was probably meant.
        nearest: Option<String>,
    },
    /// There is no resource at this address.
    #[error("no resource is served at `{uri}`{}", why.as_ref().map(|why| format!(": {why}")).unwrap_or_default())]
    UnknownResource {
        /// The address in the request.
        uri: String,
        /// Why the skill that has the file is left out.
        why: Option<String>,
    },
    /// The address is not that of a folder.
    #[error("no folder is served at `{}`: pass the address of a skill or of a folder in it, without a slash at the end", shortened(.uri))]
    NotAFolder {
        /// The address in the request.
        uri: String,
    },
    /// The store refuses to return a listed file.
    #[error("`{}` cannot be read: the store refuses to return it", shortened(.uri))]
    UnreadableResource {
        /// The address in the request.
        uri: String,
        /// For the log, not for clients.
        #[source]
        cause: StoreError,
    },
    /// The answer with a file is too large for Lambda.
    #[error("`{}` needs {size} bytes of an answer; at most {}", shortened(.uri), bounds::ANSWER)]
    ResourceTooLarge {
        /// The address in the request.
        uri: String,
        /// The size of the answer in bytes.
        size: u64,
    },
    /// The file is replaced faster than it can be read.
    #[error("`{}` keeps changing while it is read: try again", shortened(.uri))]
    SkillChanging {
        /// The address in the request.
        uri: String,
    },
    /// The prompt's files are replaced faster than they can be read.
    #[error("prompt `{name}` keeps changing while it is read: try again")]
    Changing {
        /// The prompt.
        name: String,
    },
}

impl GalleryError {
    /// `paths` are those of the skills that may have been meant.
    pub(crate) fn unknown_skill<'p>(uri: &str, why: Option<String>, paths: impl Iterator<Item = &'p str>) -> Self {
        let uris: Vec<String> = paths.map(|path| address::uri(&address::skill_md(path))).collect();
        let nearest = nearest(uri, uris.iter().map(String::as_str)).map(str::to_owned);
        Self::UnknownSkill { uri: shortened(uri), why, nearest }
    }

    pub(crate) fn unknown_resource(uri: &str) -> Self {
        Self::UnknownResource { uri: shortened(uri), why: None }
    }

    pub(crate) fn unknown_prompt(name: &str, catalogue: &Catalogue) -> Self {
        let name = shortened(name);
        Self::UnknownPrompt { nearest: meant(&name, catalogue).map(str::to_owned), name }
    }
}

/// The prompt that the caller probably meant.
fn meant<'c>(name: &str, catalogue: &'c Catalogue) -> Option<&'c str> {
    let names = || catalogue.entries.iter().map(|entry| &*entry.name);
    // Some callers pass a path, some only its last part.
    let plain = prompt_name(name).or_else(|| prompt_name(&format!("{name}.prompt")));
    let ending = plain.as_ref().map(|name| format!("_{name}"));
    let ends = |name: &&str| ending.as_ref().is_some_and(|ending| name.ends_with(ending));
    // Others prepend the folder of the gallery.
    let is_end = |name: &&str| plain.as_ref().is_some_and(|plain| plain.ends_with(&format!("_{name}")));
    nearest(name, names())
        .or_else(|| nearest(plain.as_deref()?, names()))
        .or_else(|| names().filter(ends).min_by_key(|name| name.len()))
        .or_else(|| names().filter(is_end).max_by_key(|name| name.len()))
}

/// What a client may know of a file that the store refuses.
fn refusal(file: &str, cause: &StoreError) -> String {
    match cause {
        StoreError::Denied(_) => format!("the server may not read {file}"),
        StoreError::NotFound(_) => format!("the prompt store lists {file}, but does not have it"),
        _ => format!("the prompt store refuses to return {file}"),
    }
}

/// A name from a caller, short enough for a log line and an error.
#[must_use]
pub fn shortened(name: &str) -> String {
    shorten_to(MAX_SHOWN_NAME_CHARS, name)
}

/// The end of a message that suggests a name: `, did you mean ...?`
#[must_use]
pub fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|name| format!(", {}", dotprompt::did_you_mean(name))).unwrap_or_default()
}
