//! How long a prompt takes to compile as it grows, here and in the `handlebars` crate's own compiler, whose time grows
//! with the square of the file: at every tag it counts lines from the top.
//!
//! `prose` is text with 50 variables; `tags` is nothing but tags, as many as a file may have at most.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dotprompt::{Prompt, PromptFile};
use handlebars::Template;

const KIB: usize = 1024;

fn prose(size: usize) -> String {
    let variables = 50;
    let mut text = String::with_capacity(size);
    for n in 0..variables {
        let end = size * (n + 1) / variables - 8;
        while text.len() + 20 < end {
            text.push_str("The quick brown fox\n");
        }
        text.push_str(&format!("{{{{v{n}}}}}\n"));
    }
    text
}

fn tags(size: usize) -> String {
    "{{x}} ".repeat((size / 6).min(5000))
}

fn compile(c: &mut Criterion) {
    for (kind, source) in [("prose", prose as fn(usize) -> String), ("tags", tags)] {
        let mut group = c.benchmark_group(format!("compile {kind}"));
        group.sample_size(10);
        for kib in [1, 16, 64, 256] {
            let source = source(kib * KIB);
            group.throughput(Throughput::Bytes(source.len() as u64));
            group.bench_with_input(BenchmarkId::new("here", kib), &source, |b, source| {
                b.iter(|| {
                    let file = PromptFile::parse("x.prompt", black_box(source.as_bytes())).expect("a prompt");
                    Prompt::link(file.into(), Default::default()).expect("a prompt")
                });
            });
            group.bench_with_input(BenchmarkId::new("crate", kib), &source, |b, source| {
                b.iter(|| Template::compile(black_box(source)).expect("a template"));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, compile);
criterion_main!(benches);
