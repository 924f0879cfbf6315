//! Runs one request a number of times, for `benches/instructions` to count: `callgrind NAME TIMES`.

// This benchmark is one of that crate, which others know by this name.
extern crate prompt_gallery_server as server;

#[path = "../../../benches/workload/mod.rs"]
mod workload;

use std::hint::black_box;

use workload::{NAMES, Workload};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [name, times] = arguments.as_slice() else { return println!("{}", NAMES.join("\n")) };
    let workload = Workload::new(name);
    for _ in 0..times.parse().expect("a number of times") {
        black_box(workload.run());
    }
}
