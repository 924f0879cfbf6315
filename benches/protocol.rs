//! Time per request of the protocol function: `cargo bench --bench protocol`.

mod workload;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use workload::{NAMES, Workload};

fn requests(criterion: &mut Criterion) {
    for name in NAMES {
        let workload = Workload::new(name);
        criterion.bench_function(name, |bencher| bencher.iter(|| black_box(workload.run())));
    }
    // What a page costs at least: its bytes copied once.
    let page = Workload::new("prompts/list").run().body;
    criterion.bench_function("a copy of prompts/list", |bencher| bencher.iter(|| black_box(page.to_vec())));
}

criterion_group!(benches, requests);
criterion_main!(benches);
