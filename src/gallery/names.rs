//! What keys are called: the names of prompts and partials.

pub(crate) const EXTENSIONS: [&str; 3] = [".prompt", ".hbs", ".handlebars"];

/// What a key names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A prompt, under the name that clients know.
    Prompt(String),
    /// A partial, under the name that templates use: `folder/_name.prompt` is `folder/name`.
    Partial(String),
}

impl Named {
    /// What `key` names; nothing for hidden files and folders and for files that are not prompts.
    #[must_use]
    pub fn of(key: &str) -> Option<Self> {
        prompt_name(key).map(Self::Prompt).or_else(|| partial_name(key).map(Self::Partial))
    }
}

/// Whether `key` is a prompt's, a partial's, or hidden.
pub(super) fn is_gallery_file(key: &str) -> bool {
    let has_extension = || EXTENSIONS.iter().any(|extension| key.ends_with(extension));
    key.split('/').any(|part| part.is_empty() || part.starts_with('.')) || has_extension()
}

/// `folder/_name.prompt` is `folder/name`.
fn partial_name(key: &str) -> Option<String> {
    let path = EXTENSIONS.iter().find_map(|extension| key.strip_suffix(extension))?;
    let (folder, file) = path.rsplit_once('/').map_or(("", path), |(folder, file)| (folder, file));
    let name = file.strip_prefix('_').filter(|name| !name.is_empty())?;
    if path.split('/').any(|part| part.starts_with('.')) {
        return None;
    }
    Some(if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") })
}

/// The name of the prompt that is kept under `key`; `None` for partials, for hidden files and folders, and for files
/// that are not prompts.
///
/// `/` becomes `_`, any other character outside of `A-Za-z0-9_-` becomes `-`, and `name.variant.prompt` is
/// `name--variant`: names that every client takes as a slash command.
#[must_use]
pub fn prompt_name(key: &str) -> Option<String> {
    let path = EXTENSIONS.iter().find_map(|extension| key.strip_suffix(extension))?;
    let (folder, file) = match path.rsplit_once('/') {
        Some((folder, file)) => (Some(folder), file),
        None => (None, path),
    };
    if file.is_empty() || file.starts_with('_') || path.split('/').any(|part| part.starts_with('.')) {
        return None;
    }
    let mut name = String::with_capacity(path.len() + 1);
    if let Some(folder) = folder {
        name.extend(folder.chars().map(plain));
        name.push('_');
    }
    match file.split_once('.').filter(|(_, variant)| !variant.is_empty()) {
        Some((base, variant)) => {
            name.extend(base.chars().map(plain));
            name.push_str("--");
            name.extend(variant.chars().map(plain));
        }
        None => name.extend(file.chars().map(plain)),
    }
    Some(name)
}

/// The keys that a prompt of this name is likely to have; `name`, `a_name` and `name--b` are `name`, `a/name` and `name.b`.
pub(super) fn likely_keys(name: &str) -> [String; 2] {
    let path = name.replacen('_', "/", 1).replacen("--", ".", 1);
    [".prompt", ".hbs"].map(|extension| format!("{path}{extension}"))
}

fn plain(c: char) -> char {
    match c {
        '/' => '_',
        c if is_name_char(c) => c,
        _ => '-',
    }
}

/// Whether a prompt can have this name.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_name_char)
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::{likely_keys, prompt_name};

    #[test]
    fn a_likely_key_has_the_name() {
        for name in ["review", "team_code-review", "team_code-review--strict", "a_b_c"] {
            for key in likely_keys(name) {
                assert_eq!(prompt_name(&key).as_deref(), Some(name), "{key}");
            }
        }
    }

    #[test]
    fn a_name_comes_from_the_path() {
        for (key, name) in [
            ("review.prompt", Some("review")),
            ("team/code-review.prompt", Some("team_code-review")),
            ("a/b/c.hbs", Some("a_b_c")),
            ("x.handlebars", Some("x")),
            ("review.strict.prompt", Some("review--strict")),
            ("review.strict.v2.prompt", Some("review--strict-v2")),
            ("v1.2/x.prompt", Some("v1-2_x")),
            ("Größe & Co.prompt", Some("Gr--e---Co")),
            ("x y/z.prompt", Some("x-y_z")),
            ("_partial.prompt", None),
            ("team/_partial.prompt", None),
            ("_team/x.prompt", Some("_team_x")),
            (".hidden.prompt", None),
            (".git/x.prompt", None),
            (".prompt", None),
            ("x.txt", None),
            ("prompt", None),
            ("", None),
        ] {
            assert_eq!(prompt_name(key).as_deref(), name, "{key}");
        }
    }
}
