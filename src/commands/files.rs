//! Files that commands write: whole or not at all, and never outside of their folder.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tempfile::Builder;

use crate::failure::Failure;
use crate::program;

/// A file that can be written.
pub(super) struct Planned {
    path: PathBuf,
    bytes: Vec<u8>,
    /// What it does not hold, or what is different in it.
    notes: Vec<String>,
    outcome: Outcome,
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Written,
    Overwritten,
    Unchanged,
}

impl Planned {
    /// Checks whether a file can be written.
    ///
    /// # Errors
    /// A file with another content exists, and `force` is not given; the file that exists cannot be read.
    pub(super) fn new(path: PathBuf, bytes: Vec<u8>, notes: Vec<String>, force: bool) -> Result<Self, String> {
        let outcome = match fs::read(&path) {
            Ok(there) if there == bytes => Outcome::Unchanged,
            Ok(_) if force => Outcome::Overwritten,
            Ok(_) => return Err(format!("{} exists and is different; --force overwrites it", path.display())),
            Err(e) if e.kind() == ErrorKind::NotFound && path.symlink_metadata().is_err() => Outcome::Written,
            Err(e) => return Err(format!("{}: {e}", path.display())),
        };
        Ok(Self { path, bytes, notes, outcome })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Writes files below `dir`, prints a line for each and one for all of them. `count` names them: "3 prompts".
///
/// Each file has the name of its origin, and a plan or the reason for a refusal. The exit code is 1 if something was refused.
pub(super) fn write_all(
    dir: &Path,
    files: Vec<(String, Result<Planned, String>)>,
    count: &str,
) -> Result<ExitCode, Failure> {
    let mut lines = String::new();
    let (mut written, mut unchanged, mut refused) = (0, 0, 0);
    for (name, planned) in files {
        let outcome = planned.and_then(|planned| {
            write(dir, &planned).map_err(|e| e.message().to_owned())?;
            Ok(planned)
        });
        let line = match outcome {
            Ok(Planned { path, notes, outcome, .. }) => {
                let what = match outcome {
                    Outcome::Written => "written to",
                    Outcome::Overwritten => "overwritten:",
                    Outcome::Unchanged => "unchanged:",
                };
                *(if outcome == Outcome::Unchanged { &mut unchanged } else { &mut written }) += 1;
                let notes: String = notes.iter().map(|note| format!("; {note}")).collect();
                format!("{what} {}{notes}", path.display())
            }
            Err(why) => {
                refused += 1;
                format!("refused: {why}")
            }
        };
        let _ = writeln!(lines, "{name}: {line}");
    }
    program::print(&format!("{lines}{count}: {written} written, {unchanged} unchanged, {refused} refused\n"))?;
    Ok(ExitCode::from(u8::from(refused > 0)))
}

/// Writes a file: first beside its place, then in its place.
///
/// # Errors
/// The folder leads elsewhere through a link, or the file cannot be written.
fn write(dir: &Path, Planned { path, bytes, outcome, .. }: &Planned) -> Result<(), Failure> {
    if *outcome == Outcome::Unchanged {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(dir);
    create_folder(dir)?;
    stay_in(dir, folder)?;
    create_folder(folder)?;
    let failed = |e: io::Error| Failure::wrong(format!("cannot write {}: {e}", path.display()));
    let mut builder = Builder::new();
    // A temporary file is its user's alone; this one gets what the process allows.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.prefix(".prompt-gallery-").tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    let placed = match outcome {
        Outcome::Overwritten => file.persist(path),
        // Another program may have written it since.
        Outcome::Written | Outcome::Unchanged => file.persist_noclobber(path),
    };
    placed.map(drop).map_err(|e| failed(e.error))
}

/// Creates a folder and those around it.
///
/// # Errors
/// A file is in the way, or the folder cannot be written.
pub(super) fn create_folder(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => Failure::wrong(format!("{} exists and is not a folder", path.display())),
        _ => Failure::wrong(format!("cannot create the folder {}: {e}", path.display())),
    })
}

/// Refuses a folder that a link puts outside the gallery, since nothing outside is served.
pub(super) fn stay_in(dir: &Path, folder: &Path) -> Result<(), Failure> {
    let there = folder.ancestors().find_map(|folder| folder.canonicalize().ok());
    let root = dir.canonicalize().map_err(|e| Failure::unable(format!("{}: {e}", dir.display())))?;
    match there.filter(|there| !there.starts_with(root)) {
        None => Ok(()),
        Some(there) => {
            let (folder, there, dir) = (folder.display(), there.display(), dir.display());
            Err(Failure::wrong(format!("{folder} leads to {there} through a link, outside {dir}")))
        }
    }
}
