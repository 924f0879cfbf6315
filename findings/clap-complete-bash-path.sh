#!/usr/bin/env bash
# clap_complete 4.6.11 (feature `unstable-dynamic`), the script for bash: it quotes the path of the program for the shell and
# puts the quoted word into double quotes. Where the path has a space, bash looks for a file whose name begins with a single
# quote, and completes nothing. The scripts for zsh and fish are right.
#
# Builds a program of ten lines with the pinned crates in a temporary folder. Fails once the behaviour changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir src 'my tools'
cat > Cargo.toml <<'TOML'
[package]
name = "demo"
version = "0.0.0"
edition = "2024"
[dependencies]
clap = { version = "=4.6.7", default-features = false, features = ["std"] }
clap_complete = { version = "=4.6.11", default-features = false, features = ["unstable-dynamic"] }
TOML
cat > src/main.rs <<'RUST'
fn main() {
    let command = || clap::Command::new("demo").subcommand(clap::Command::new("hello"));
    clap_complete::CompleteEnv::with_factory(command).complete();
}
RUST
cargo build --quiet
cp target/debug/demo 'my tools/demo'

# What bash completes of `demo he`, asked of the program at a path.
completes() {
  bash -c 'source <(COMPLETE=bash "$1"); COMP_WORDS=(demo he); COMP_CWORD=1; COMP_TYPE=9
    _clap_complete_demo demo he demo; echo "${COMPREPLY[*]}"' bash "$1" 2>&1
}
plain=$(completes "$dir/target/debug/demo")
spaced=$(completes "$dir/my tools/demo")
printf 'path without a space: %s\npath with a space:    %s\n' "$plain" "$spaced"
[[ $plain == hello ]] || { echo 'changed: a path without a space'; exit 1; }
[[ $spaced == *"'$dir/my tools/demo': No such file or directory"* ]] || { echo 'changed: a path with a space'; exit 1; }
