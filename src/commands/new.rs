//! `prompt-gallery new`: a file to start from.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use super::{Failure, config, store};
use crate::cli::New;
use crate::config::Source;
use crate::gallery::{Named, prompt_name};

pub(crate) fn run(args: &New) -> Result<ExitCode, Failure> {
    let path = args.name.strip_suffix(".prompt").unwrap_or(&args.name);
    let key = format!("{path}.prompt");
    let Some(name) = prompt_name(&key).filter(|_| is_plain(path)) else {
        let takes = "letters A to Z, digits, _ and -, which does not come first in it, and / between folders";
        return Err(Failure::unable(format!("{}: a prompt's name takes {takes}", args.name)));
    };
    let config = config(&args.location)?;
    let Source::Dir(dir) = &config.source else {
        let hint = "write it in a folder (--dir DIR) and publish it with `aws s3 cp`";
        return Err(Failure::unable(format!("a bucket is not written to: {hint}")));
    };
    let objects = super::run(async { store(&config).await?.list().await.map_err(Failure::unable) })?;
    let named = Named::Prompt(name.clone());
    if let Some(other) = objects.iter().find(|object| Named::of(&object.key).as_ref() == Some(&named)) {
        return Err(Failure::wrong(format!("{} is the prompt `{name}` already", dir.join(&other.key).display())));
    }
    let path = dir.join(&key);
    let failed = |e: io::Error| match e.kind() {
        ErrorKind::AlreadyExists => Failure::wrong(format!("{} exists already", path.display())),
        _ => Failure::wrong(format!("cannot write {}: {e}", path.display())),
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(failed)?;
    file.write_all(STARTER.as_bytes()).map_err(failed)?;
    let dir = args.location.dir.as_ref().map(|dir| format!(" --dir {}", dir.display())).unwrap_or_default();
    let text = format!("{}\n\nTry it: prompt-gallery render{dir} {name} text=Hello\n", path.display());
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// Whether clients know a prompt of this path by it, but for `/` and the dot of a variant.
fn is_plain(path: &str) -> bool {
    let is_plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    };
    let (folders, file) = path.rsplit_once('/').map_or((None, path), |(folders, file)| (Some(folders), file));
    let (base, variant) = file.split_once('.').unwrap_or((file, "default"));
    folders.is_none_or(|folders| folders.split('/').all(is_plain))
        && is_plain(base)
        && is_plain(variant)
        // That would be a partial.
        && !base.starts_with('_')
}

/// Renders as it is, and gives `check` nothing to say.
const STARTER: &str = include_str!("starter.prompt");

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn a_name_is_one_that_clients_will_know() {
        for path in ["a", "team/code-review", "a_b/c.strict", "A1"] {
            assert!(is_plain(path), "{path}");
        }
        for path in
            ["", "/a", "a/", "a//b", "../a", "a/../b", ".a", "a.", "a.b.c", "_a", "a/_b", "-a", "a b", "é", "a\\b"]
        {
            assert!(!is_plain(path), "{path}");
        }
    }
}
