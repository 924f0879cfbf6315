#!/usr/bin/env bash
# pre-commit 4.7.0, hooks with `language: rust`: it builds the hook with `cargo install --path .`, without --locked, so the
# Cargo.lock that the hook's repository has is not heeded. A hook of one revision is built of other crates on another day, and
# stops building once a crate that it needs breaks its users.
#
# Builds a hook of one line whose lock file has cfg-if 1.0.0. Fails once the behaviour changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check pre-commit==4.7.0
export PRE_COMMIT_HOME=$dir/home CARGO_TARGET_DIR=$dir/target
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com

mkdir -p "$dir/hook/src" "$dir/user"
cd "$dir/hook"
cat > Cargo.toml <<'TOML'
[package]
name = "demo"
version = "0.0.0"
edition = "2024"
[dependencies]
cfg-if = "1"
TOML
echo 'fn main() {}' > src/main.rs
cat > .pre-commit-hooks.yaml <<'YAML'
- { id: demo, name: demo, entry: demo, language: rust, files: . }
YAML
cargo update --quiet cfg-if --precise 1.0.0
git init --quiet && git add -A && git commit --quiet -m hook

# The version of cfg-if that a build has read.
built() { cat "$1"/*/deps/*.d | grep -o 'cfg-if-[0-9.]*[0-9]' | sort -u; }

cargo build --quiet --locked
locked=$(built "$dir/target")
rm -rf "$dir/target"

cd "$dir/user"
git init --quiet && echo x > x && git add -A
"$dir/venv/bin/pre-commit" try-repo "$dir/hook" demo --all-files >/dev/null
hook=$(built "$dir/target")
printf 'cargo build --locked: %s\npre-commit:           %s\n' "$locked" "$hook"
[[ $locked == cfg-if-1.0.0 ]] || { echo 'changed: the lock file has another version'; exit 1; }
[[ $hook != cfg-if-1.0.0 ]] || { echo 'changed: pre-commit heeds Cargo.lock'; exit 1; }
