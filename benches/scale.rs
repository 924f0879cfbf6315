//! What a gallery of so many prompts takes: `scale PROMPTS INDEX` leaves its index in a file, and prints a row of the
//! table that `benches/scale` makes once that is there.
//!
//! Everything is real but the network: the store is in memory and answers at once, with keys, versions and files as S3 has
//! them, and the index in a file. A prompt is that of the comparison, about 1 KB.

#[path = "workload/prompt.rs"]
mod prompt;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use gallery::Gallery;
use prompt::prompt;
use store::{IndexStore, Object, PromptStore, StoreError, Written};

/// So many prompts, which are made when they are asked for.
struct Simulated {
    prompts: usize,
    index: PathBuf,
}

fn key(number: usize) -> String {
    format!("team-{}/p-{number:07}.prompt", number / 10_000)
}

fn number(key: &str) -> Option<usize> {
    key.rsplit_once("p-")?.1.strip_suffix(".prompt")?.parse().ok()
}

#[async_trait]
impl PromptStore for Simulated {
    async fn list(&self) -> Result<Vec<Object>, StoreError> {
        let object = |number| Object { key: key(number), version: format!("\"{number:032x}\""), size: 1000 };
        let mut objects: Vec<_> = (0..self.prompts).map(object).collect();
        objects.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(objects)
    }

    async fn get(&self, object: &Object) -> Result<Bytes, StoreError> {
        number(&object.key).map(prompt).ok_or_else(|| StoreError::NotFound(object.key.clone()))
    }

    fn index(&self) -> Option<&dyn IndexStore> {
        Some(self)
    }

    fn location(&self) -> String {
        "memory".to_owned()
    }
}

#[async_trait]
impl IndexStore for Simulated {
    async fn read(&self, _: usize) -> Result<Option<(Bytes, String)>, StoreError> {
        let index = self.index.exists().then(|| fs::read(&self.index).expect("an index"));
        Ok(index.map(|index| (index.into(), "1".to_owned())))
    }

    async fn write(&self, object: Bytes, _: Option<&str>) -> Result<Written, StoreError> {
        fs::write(&self.index, object).expect("written");
        Ok(Written::As("1".to_owned()))
    }

    fn prefix(&self) -> &str {
        ""
    }

    fn location(&self) -> String {
        self.index.display().to_string()
    }
}

/// A field of `/proc/self/status` in MB.
fn memory(field: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) / 1024.0
}

async fn walk(gallery: &Gallery) -> usize {
    let (mut pages, mut cursor) = (0, None);
    loop {
        let page = gallery.list(cursor.as_deref()).await.expect("a page");
        pages += 1;
        cursor.clone_from(&page.next_cursor);
        if cursor.is_none() {
            return pages;
        }
    }
}

/// Runs `work` and tells how long it took, in milliseconds.
async fn timed<T>(work: impl Future<Output = T>) -> (T, f64) {
    let began = Instant::now();
    let done = work.await;
    (done, began.elapsed().as_secs_f64() * 1e3)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let Some(prompts) = arguments.next().and_then(|number| number.parse().ok()) else { return };
    let Some(index) = arguments.next().map(PathBuf::from) else { return eprintln!("scale PROMPTS INDEX") };
    let store = Arc::new(Simulated { prompts, index });
    let gallery = Gallery::new(Arc::clone(&store) as Arc<dyn PromptStore>, Duration::from_secs(3600), 500);
    if !store.index.exists() {
        // The first process walks the whole list, and leaves the index.
        let (pages, ms) = timed(walk(&gallery)).await;
        eprintln!("{prompts} prompts, {pages} pages without an index: {ms:.0} ms, {:.0} MB", memory("VmHWM"));
        return;
    }
    // The second one starts with it.
    let before = memory("VmRSS");
    let size = fs::metadata(&store.index).expect("an index").len() as f64 / 1e6;
    let ((objects, index), given_ms) = timed(async { (store.list().await, store.read(0).await) }).await;
    drop((objects, index));
    let (first, first_ms) = timed(gallery.list(None)).await;
    first.expect("a page");
    let (_, second_ms) = timed(gallery.list(None)).await;
    let (_, get_ms) = timed(gallery.prompt("team-0_p-0000007")).await;
    let lists = prompts.div_ceil(1000);
    let first_ms = first_ms - given_ms;
    let held = memory("VmRSS") - before;
    println!(
        "| {prompts} | {lists} | {size:.1} MB | {first_ms:.1} ms | {second_ms:.3} ms | {get_ms:.2} ms | {held:.0} MB | {:.0} MB |",
        memory("VmHWM")
    );
}
