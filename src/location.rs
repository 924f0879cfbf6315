//! The options that say where the prompts are.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::Args;
use server::config::{Config, Flags};

use crate::failure::Failure;
use crate::program;

/// Where the prompts are. Every command takes these options, before or after its name.
#[derive(Args, Clone)]
pub(crate) struct Location {
    #[arg(
        long,
        global = true,
        help = "Folder of prompts [env: PROMPT_DIR] [default: prompts]",
        value_name = "DIR",
        conflicts_with_all = ["bucket", "prefix"]
    )]
    pub(crate) dir: Option<PathBuf>,
    #[arg(
        long,
        global = true,
        help = "S3 bucket of prompts, instead of a folder [env: BUCKET_NAME]",
        value_name = "NAME"
    )]
    pub(crate) bucket: Option<String>,
    #[arg(
        long,
        global = true,
        help = "Key prefix in the bucket, / for its root [env: PROMPT_PREFIX] [default: prompts/]",
        value_name = "PREFIX"
    )]
    pub(crate) prefix: Option<String>,
    #[arg(
        long,
        global = true,
        help = "`requester`: this account pays for its requests to a requester-pays bucket [env: S3_REQUEST_PAYER]",
        value_name = "PAYER",
        hide_short_help = true
    )]
    pub(crate) request_payer: Option<String>,
}

impl Location {
    /// The settings of the environment, with these options on top.
    ///
    /// # Errors
    /// A setting with an invalid value.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Config::from_env(self.clone().into()).map_err(Failure::unable)
    }

    /// A command line for the same prompts, ready to paste into a shell: `prompt-gallery check --dir x`. The first word is
    /// the command.
    pub(crate) fn command(&self, words: &[&str]) -> String {
        let Self { dir, bucket, prefix, request_payer } = self;
        let flags = [
            ("--dir", dir.as_ref().map(|dir| dir.as_os_str())),
            ("--bucket", bucket.as_ref().map(OsStr::new)),
            ("--prefix", prefix.as_ref().map(OsStr::new)),
            ("--request-payer", request_payer.as_ref().map(OsStr::new)),
        ];
        let flags = flags.into_iter().filter_map(|(flag, value)| {
            let value = value?;
            // After a space, a value that starts with - would be another flag.
            let separator = if value.as_encoded_bytes().starts_with(b"-") { "=" } else { " " };
            Some(format!("{flag}{separator}{}", program::quoted(value)))
        });
        let (command, rest) = words.split_at(1);
        let start = [program::invocation(), command[0]].map(str::to_owned);
        start.into_iter().chain(flags).chain(rest.iter().map(program::quoted)).collect::<Vec<_>>().join(" ")
    }
}

impl From<Location> for Flags {
    fn from(Location { dir, bucket, prefix, request_payer }: Location) -> Self {
        Self { dir, bucket, prefix, request_payer, addr: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::FromArgMatches;

    #[test]
    fn every_option_is_global() {
        let options = Location::augment_args(clap::Command::new("any"));
        let local: Vec<_> = options.get_arguments().filter(|arg| !arg.is_global_set()).map(clap::Arg::get_id).collect();
        assert!(local.is_empty(), "{local:?}");
    }

    #[test]
    fn a_hint_repeats_the_options() {
        let command = |words: &[&str]| {
            let options = Location::augment_args(clap::Command::new("any"));
            let matches = options.get_matches_from([&["any"], words].concat());
            let location = Location::from_arg_matches(&matches).expect("options");
            let command = location.command(&["check", "a b"]);
            command.strip_prefix(program::invocation()).expect("the program").to_owned()
        };
        assert_eq!(command(&[]), " check 'a b'");
        assert_eq!(command(&["--dir=-x y"]), " check --dir='-x y' 'a b'");
        assert_eq!(
            command(&["--bucket", "b", "--prefix", "it's/", "--request-payer", "requester"]),
            " check --bucket b --prefix \"it's/\" --request-payer requester 'a b'"
        );
    }
}
