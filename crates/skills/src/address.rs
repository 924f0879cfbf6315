//! Addresses of files and folders: `skill://team/refunds/SKILL.md` is the file `team/refunds/SKILL.md` of the store.

use check::skill::FILE;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Begins the address of a file or a folder.
pub const SCHEME: &str = "skill://";

/// The characters that are escaped: all but those that RFC 3986 allows in a host name and in a path.
pub const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

/// The address of a file or a folder.
#[must_use]
pub fn uri(path: &str) -> String {
    format!("{SCHEME}{}", utf8_percent_encode(path, ESCAPED))
}

/// The path of an address, if it is one of a skill's file or folder. A model may leave out escapes.
#[must_use]
pub fn path(uri: &str) -> Option<String> {
    let path = percent_decode_str(uri.strip_prefix(SCHEME)?).decode_utf8().ok()?;
    (!path.is_empty() && !path.ends_with('/')).then(|| path.into_owned())
}

/// The folder of the skill whose `SKILL.md` has this path.
#[must_use]
pub fn skill_of(path: &str) -> Option<&str> {
    path.strip_suffix(FILE)?.strip_suffix('/').filter(|folder| !folder.is_empty())
}

/// The path of the `SKILL.md` of a skill.
#[must_use]
pub fn skill_md(folder: &str) -> String {
    format!("{folder}/{FILE}")
}

/// The media type of a file, by its name.
#[must_use]
pub fn mime_type(path: &str) -> Option<&'static str> {
    mime_guess::from_path(path).first_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_back_to_its_path() {
        for file in
            ["a/SKILL.md", "Team A/refunds/SKILL.md", "größe/x/a b%20(1)#?.md", "user@host:80/x/SKILL.md", "a/b\\c"]
        {
            let uri = uri(file);
            assert_eq!(path(&uri).as_deref(), Some(file), "{uri}");
            assert!(uri.is_ascii() && !uri.contains([' ', '#', '?', '@', '\\']), "{uri}");
        }
        assert_eq!(uri("Team A/x/SKILL.md"), "skill://Team%20A/x/SKILL.md");
        assert_eq!(path("skill://x/größe.md").as_deref(), Some("x/größe.md"));
        for other in ["skill://", "skill:///", "skill://a/", "gallery:///a", "a/SKILL.md", "skill://%ff/SKILL.md"] {
            assert_eq!(path(other), None, "{other}");
        }
    }

    #[test]
    fn a_skill_has_a_folder() {
        assert_eq!(skill_of("team/refunds/SKILL.md"), Some("team/refunds"));
        for other in ["SKILL.md", "/SKILL.md", "team/refunds", "team/MYSKILL.md"] {
            assert_eq!(skill_of(other), None, "{other}");
        }
    }
}
