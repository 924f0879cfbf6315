//! The process: how it was called, its standard output, the signals that stop it.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Component;
use std::path::Path;
use std::sync::OnceLock;
use std::thread;

use store::env::process;

use crate::terminal;

/// The file name of the program, such as `prompt-gallery`. Other crates build this server under their own names.
pub(crate) fn name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let program = std::env::args_os().next().unwrap_or_default();
        let name = Path::new(&program).file_stem().map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_else(|| "prompt-gallery".to_owned())
    })
}

/// How the program was called, ready to paste into a shell: `prompt-gallery`, `./prompt-gallery`, `cargo run --`.
pub(crate) fn invocation() -> &'static str {
    static INVOCATION: OnceLock<String> = OnceLock::new();
    INVOCATION.get_or_init(|| {
        let program = std::env::args_os().next().unwrap_or_default();
        // `cargo run` sets both variables.
        let package = process("CARGO").and_then(|_| process("CARGO_PKG_NAME"));
        let cargo = package.and_then(|package| cargo_run(Path::new(&program), &package));
        cargo.unwrap_or_else(|| if program.is_empty() { name().to_owned() } else { quoted(&program) })
    })
}

/// The `cargo run` command for a program in the target folder of `package`.
fn cargo_run(program: &Path, package: &str) -> Option<String> {
    let name = program.file_stem()?.to_str()?;
    let folders = program.parent()?.components().rev();
    let mut folders =
        folders.map_while(|folder| if let Component::Normal(name) = folder { name.to_str() } else { None });
    let (mut profile, mut target) = (folders.next()?, String::new());
    if profile == "examples" {
        profile = folders.next()?;
        target = format!(" --example {name}");
    } else if name != package {
        target = format!(" --bin {name}");
    }
    let profile = match profile {
        "debug" => String::new(),
        "release" => " --release".to_owned(),
        other => format!(" --profile {other}"),
    };
    Some(format!("cargo run{profile}{target} --"))
}

/// A word, quoted for a shell where necessary.
pub(crate) fn quoted(word: impl AsRef<OsStr>) -> String {
    let word = word.as_ref().to_string_lossy();
    shlex::try_quote(&word).map_or_else(|_| word.to_string(), Into::into)
}

/// Standard output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: {0}")]
pub(crate) struct OutputError(io::Error);

/// Writes to standard output; to a terminal as [`terminal::visible`] has it.
///
/// # Errors
/// See [`has_reader`].
pub(crate) fn print(text: &str) -> Result<(), OutputError> {
    print_styled(&terminal::for_stdout(text))
}

/// Writes JSON to standard output; to a terminal as [`terminal::visible_json`] has it.
///
/// # Errors
/// See [`has_reader`].
pub(crate) fn print_json(json: &str) -> Result<(), OutputError> {
    let json = if io::stdout().is_terminal() { terminal::visible_json(json) } else { Cow::Borrowed(json) };
    print_styled(&json)
}

/// Writes text to standard output that has styles, and is harmless for a terminal but for these.
///
/// # Errors
/// See [`has_reader`].
pub(crate) fn print_styled(text: &str) -> Result<(), OutputError> {
    let mut stdout = io::stdout().lock();
    has_reader(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())).map(drop)
}

/// Writes a line to standard error; to a terminal as [`terminal::visible`] has it.
pub(crate) fn tell(line: impl Display) {
    ask(format_args!("{line}\n"));
}

/// The same without the end of the line.
pub(crate) fn ask(text: impl Display) {
    let _ = io::stderr().write_all(terminal::for_stderr(&text.to_string()).as_bytes());
}

/// The same from a thread of its own: nothing else waits for a reader of standard output.
///
/// # Errors
/// See [`has_reader`].
pub(crate) async fn print_aside(text: String) -> Result<(), OutputError> {
    let (done, printed) = tokio::sync::oneshot::channel();
    let print = move || {
        let _ = done.send(print(&text));
    };
    thread::Builder::new().name("greeting".to_owned()).spawn(print).map_err(OutputError)?;
    printed.await.unwrap_or(Ok(()))
}

/// Whether standard output, after a write with this result, still has a reader. A closed pipe is not an error.
///
/// # Errors
/// Any other error of the write.
pub(crate) fn has_reader(written: io::Result<()>) -> Result<bool, OutputError> {
    match written {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(e) => Err(OutputError(e)),
    }
}

/// Waits until standard output has no reader any more. Waits for ever where the system cannot tell.
pub(crate) async fn output_closed() {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        if let Ok(stdout) = io::stdout().as_fd().try_clone_to_owned() {
            return closed(stdout).await;
        }
    }
    std::future::pending::<()>().await;
}

/// Waits until this output has no reader any more, as [`output_closed`] does for standard output.
#[cfg(unix)]
pub(crate) async fn closed(output: std::os::fd::OwnedFd) {
    use tokio::{io::Interest, net::unix::pipe::Sender};
    // Only watched, never written to, so it may stay blocking. A regular file has no reader and cannot be watched.
    if let Ok(output) = Sender::from_owned_fd_unchecked(output) {
        while let Ok(ready) = output.ready(Interest::ERROR).await {
            if ready.is_error() {
                return;
            }
        }
    }
    std::future::pending::<()>().await;
}

/// Waits for a signal to stop, and returns its name.
pub(crate) async fn stop_signal() -> &'static str {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            return tokio::select! {
                _ = interrupt => "SIGINT",
                _ = terminate.recv() => "SIGTERM",
            };
        }
    }
    drop(interrupt.await);
    "SIGINT"
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
