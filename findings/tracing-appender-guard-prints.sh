#!/usr/bin/env bash
# tracing-appender 0.2.5, WorkerGuard of a lossy non-blocking writer: where its writer hangs and the queue is full when the guard is
# dropped, it prints a line on standard output, though a lossy queue drops lines on purpose and nothing else there prints. A
# program whose standard output is data gets that line in it.
#
# Builds a program of twenty lines with the pinned crate in a temporary folder. Fails once the behaviour changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "demo"
version = "0.0.0"
edition = "2024"
[dependencies]
tracing-appender = { version = "=0.2.5", default-features = false }
TOML
cat > src/main.rs <<'RUST'
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use tracing_appender::non_blocking::NonBlockingBuilder;

/// A writer whose reader has stopped reading.
struct Stuck;

impl Write for Stuck {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        thread::sleep(Duration::from_secs(5));
        Ok(0)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {
    let (mut writer, guard) = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(1).finish(Stuck);
    for _ in 0..10 {
        writer.write_all(b"line\n").expect("a lossy queue takes everything");
        thread::sleep(Duration::from_millis(20));
    }
    drop(guard);
}
RUST
output=$(cargo run --quiet 2>/dev/null)
echo "on standard output: $output"
[[ $output == *worker* ]] || { echo 'changed'; exit 1; }
