//! Files that were probably meant to be prompts.

use std::collections::BTreeMap;

use dotprompt::{EXTENSIONS, Named};

/// Extensions of text files, and of prompts of other programs.
const TEXTS: [&str; 15] = [
    "hjs", "j2", "jinja", "jinja2", "liquid", "markdown", "md", "mdc", "mdx", "mustache", "njk", "prompty", "text",
    "tmpl", "txt",
];
/// Extensions of other documents, which folders of prompts often contain. They are not variants of prompts either.
const DOCUMENTS: [&str; 11] = ["adoc", "doc", "docx", "htm", "html", "json", "rst", "toml", "xml", "yaml", "yml"];
/// Names of common files that are not prompts.
const ABOUT: [&str; 8] =
    ["readme", "license", "changelog", "contributing", "code_of_conduct", "security", "agents", "claude"];

/// The rule for the names of prompt files.
pub const ENDINGS: &str = "prompt files end in .prompt, .hbs or .handlebars";

/// Whether an extension belongs to another kind of file, although it could be the variant of a prompt.
pub fn is_foreign(extension: &str) -> bool {
    is_one_of(extension, &TEXTS) || is_one_of(extension, &DOCUMENTS)
}

/// Whether a file that the store leaves out would be a prompt or a partial, or may be a folder of some.
pub fn is_missed(key: &str) -> bool {
    Named::of(key).is_some() || !key.rsplit('/').next().unwrap_or(key).contains('.')
}

/// Whether a file or folder is hidden, or is a backup of an editor or a merge tool: `.x`, `x~`, `#x#` (Emacs), `x.swp` (Vim).
pub fn is_hidden_or_backup(name: &[u8]) -> bool {
    matches!(name, [b'.' | b'#', ..] | [.., b'~' | b'#'])
        || matches!(name.last_chunk(), Some(b".bak" | b".swp" | b".swo" | b".tmp"))
        || name.ends_with(b".orig")
}

fn is_one_of(extension: &str, known: &[&str]) -> bool {
    known.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// How many files of each ending are probably meant to be prompts, and what to do:
/// `2 .md files are not prompts: rename to .prompt`.
pub fn notes<'k>(keys: impl Iterator<Item = &'k str>) -> Vec<String> {
    let mut found: BTreeMap<Stray<'_>, usize> = BTreeMap::new();
    for key in keys {
        if let Some(stray) = stray(key) {
            *found.entry(stray).or_default() += 1;
        }
    }
    let note = |(Stray { ending, todo }, count): (Stray<'_>, usize)| match count {
        1 => format!("1 {ending} file is not a prompt: {todo}"),
        count => format!("{count} {ending} files are not prompts: {todo}"),
    };
    found.into_iter().map(note).collect()
}

/// What to do with one file that is probably meant to be a prompt: `rename it to review.prompt`.
pub fn todo(file: &str) -> Option<String> {
    let Stray { ending, todo } = stray(file)?;
    let name = file.strip_suffix(ending)?;
    Some(format!("{} it to {name}.prompt", todo.split(' ').next()?))
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Stray<'k> {
    /// `.prompt.md`
    ending: &'k str,
    todo: &'static str,
}

/// The extension of a file that is not a prompt and was probably meant to be one.
fn stray(key: &str) -> Option<Stray<'_>> {
    const RENAME: &str = "rename to .prompt";
    if Named::of(key).is_some() || key.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
        return None;
    }
    let file = key.rsplit_once('/').map_or(key, |(_, file)| file);
    let (unpacked, todo) = match file.rsplit_once('.') {
        Some((file, packed)) if packed.eq_ignore_ascii_case("gz") => (file, "unpack to .prompt"),
        _ => (file, RENAME),
    };
    let (stem, extension) = unpacked.rsplit_once('.')?;
    let own = EXTENSIONS.map(|extension| &extension[1..]);
    if is_one_of(extension, &own) {
        return Some(Stray { ending: &file[stem.len()..], todo });
    }
    // Another program's, such as VS Code's review.prompt.md.
    if let Some((stem, _)) = stem.rsplit_once('.').filter(|(_, own_extension)| is_one_of(own_extension, &own)) {
        return Some(Stray { ending: &file[stem.len()..], todo });
    }
    (is_one_of(extension, &TEXTS) && !is_one_of(stem, &ABOUT)).then(|| Stray { ending: &file[stem.len()..], todo })
}

#[cfg(test)]
mod tests {
    use super::{is_hidden_or_backup, is_missed, notes};

    #[test]
    fn hidden_files_and_backups_are_known_by_their_names() {
        let backups = [
            "a~", "~", "a#", "#a#", "#a", "a.md.bak", "a.orig", "a.swp", ".a.swo", "a.tmp", ".bak", ".git", ".", "...",
        ];
        for name in backups {
            assert!(is_hidden_or_backup(name.as_bytes()), "{name}");
        }
        for name in ["", "a", "a.md", "bak", "orig", "abak", "a.bak.md", "a.BAK", "a~b", "a#b", "a.swpx", "tmp"] {
            assert!(!is_hidden_or_backup(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn a_left_out_file_is_missed_if_it_may_hold_prompts() {
        for key in ["a.prompt", "team/_b.hbs", "folder", "team.x/folder"] {
            assert!(is_missed(key), "{key}");
        }
        for key in ["logo.png", "team/notes.md"] {
            assert!(!is_missed(key), "{key}");
        }
    }

    #[test]
    fn files_that_are_probably_prompts_are_found_by_their_ending() {
        let keys = [
            "a.md",
            "team/b.md",
            "c.txt",
            "d.prompt.md",
            "e.prompt.yml",
            "f.PROMPT",
            "g.Hbs",
            "h.prompt.gz",
            "i.md.gz",
            "j.md.prompt",
            "_k.prompt",
            "README.md",
            "team/Readme.md",
            "logo.png",
            ".git/x.md",
            "x/.y.txt",
            "folder/",
            "data.json",
            "prompt",
            "LICENSE.txt",
            "k.jinja2",
            "l.prompt.bak",
            "",
        ];
        assert_eq!(
            notes(keys.into_iter()),
            [
                "1 .Hbs file is not a prompt: rename to .prompt",
                "1 .PROMPT file is not a prompt: rename to .prompt",
                "1 .jinja2 file is not a prompt: rename to .prompt",
                "2 .md files are not prompts: rename to .prompt",
                "1 .md.gz file is not a prompt: unpack to .prompt",
                "1 .prompt.bak file is not a prompt: rename to .prompt",
                "1 .prompt.gz file is not a prompt: unpack to .prompt",
                "1 .prompt.md file is not a prompt: rename to .prompt",
                "1 .prompt.yml file is not a prompt: rename to .prompt",
                "1 .txt file is not a prompt: rename to .prompt",
            ]
        );
    }
}
