//! The program as its user calls it, and its standard output.

use std::ffi::OsStr;
use std::io::{self, ErrorKind, Write};
use std::path::Component;
use std::path::Path;
use std::sync::OnceLock;

use gallery::config::process;

/// The name of the program, which another crate's server has of its own.
pub(crate) fn name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let program = std::env::args_os().next().unwrap_or_default();
        let name = Path::new(&program).file_stem().map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_else(|| "prompt-gallery".to_owned())
    })
}

/// How the program was called, to be pasted into a shell: `prompt-gallery`, `./prompt-gallery`, `cargo run --`.
pub(crate) fn called() -> &'static str {
    static CALLED: OnceLock<String> = OnceLock::new();
    CALLED.get_or_init(|| {
        let program = std::env::args_os().next().unwrap_or_default();
        // Cargo sets both for what it runs.
        let package = process("CARGO").and_then(|_| process("CARGO_PKG_NAME"));
        let cargo = package.and_then(|package| cargo_run(Path::new(&program), &package));
        cargo.unwrap_or_else(|| if program.is_empty() { name().to_owned() } else { quoted(&program) })
    })
}

/// The `cargo run` that runs a program of a package's target folder.
fn cargo_run(program: &Path, package: &str) -> Option<String> {
    let name = program.file_stem()?.to_str()?;
    let folders = program.parent()?.components().rev();
    let mut folders =
        folders.map_while(|folder| if let Component::Normal(name) = folder { name.to_str() } else { None });
    let (mut profile, mut which) = (folders.next()?, String::new());
    if profile == "examples" {
        profile = folders.next()?;
        which = format!(" --example {name}");
    } else if name != package {
        which = format!(" --bin {name}");
    }
    let profile = match profile {
        "debug" => String::new(),
        "release" => " --release".to_owned(),
        other => format!(" --profile {other}"),
    };
    Some(format!("cargo run{profile}{which} --"))
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: impl AsRef<OsStr>) -> String {
    let word = word.as_ref().to_string_lossy();
    shlex::try_quote(&word).map_or_else(|_| word.to_string(), Into::into)
}

/// The output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: {0}")]
pub(crate) struct OutputError(io::Error);

/// Writes to standard output.
///
/// # Errors
/// As [`written`].
pub(crate) fn print(text: &str) -> Result<(), OutputError> {
    let mut stdout = io::stdout().lock();
    written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())).map(drop)
}

/// Whether there is still a reader of the output. A closed pipe is no failure: its reader has seen enough.
///
/// # Errors
/// Any other error.
pub(crate) fn written(result: io::Result<()>) -> Result<bool, OutputError> {
    match result {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(e) => Err(OutputError(e)),
    }
}

/// Waits until nobody reads standard output any more; for ever where the system does not tell.
pub(crate) async fn closed() {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        use tokio::{io::Interest, net::unix::pipe::Sender};
        // It is only watched, so it may block. A regular file cannot be watched, and has no reader to lose.
        if let Ok(stdout) = io::stdout().as_fd().try_clone_to_owned()
            && let Ok(stdout) = Sender::from_owned_fd_unchecked(stdout)
        {
            while let Ok(ready) = stdout.ready(Interest::ERROR).await {
                if ready.is_error() {
                    return;
                }
            }
        }
    }
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_repeats_the_cargo_run_that_was_typed() {
        for (program, expected) in [
            ("target/debug/gallery", Some("cargo run --")),
            ("/x/target/release/gallery", Some("cargo run --release --")),
            ("target/profiling/gallery.exe", Some("cargo run --profile profiling --")),
            ("target/debug/other", Some("cargo run --bin other --")),
            ("target/release/examples/fitness", Some("cargo run --release --example fitness --")),
            ("gallery", None),
            ("./gallery", None),
        ] {
            assert_eq!(cargo_run(Path::new(program), "gallery").as_deref(), expected, "{program}");
        }
    }

    #[test]
    fn a_path_with_a_space_stays_one_word() {
        assert_eq!(quoted("./a/prompt-gallery"), "./a/prompt-gallery");
        assert_eq!(quoted("/my tools/prompt-gallery"), "'/my tools/prompt-gallery'");
    }
}
