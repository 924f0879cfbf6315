//! The program as a local server under load: `load SECONDS PROFILE` prints the table that `benches/load` makes, and fails where a
//! promise is not kept.
//!
//! Everything is real: the program in a process of its own, sockets of loopback, and an S3 server for tests, whose faults it turns on.

#[path = "workload/client.rs"]
mod client;
#[path = "workload/process.rs"]
mod process;
#[path = "../tests/support/s3/mod.rs"]
mod s3;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use client::{Client, Outcome, call};
use process::{Process, Usage};
use s3::{Fault, S3Server};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// For the parts other than the mixed traffic.
const PART: Duration = Duration::from_secs(20);
/// Prompts that stay as they are.
const PROMPTS: usize = 300;
/// Memory may grow by so much of what it was after the first fifth of the time.
const GROWTH: f64 = 1.10;

/// The rows of the table, and whether each promise was kept.
#[derive(Default)]
struct Table {
    rows: Vec<String>,
    is_broken: bool,
}

impl Table {
    fn row(&mut self, part: &str, load: impl Display, result: impl Display, is_kept: bool) {
        let kept = if is_kept { "yes" } else { "**no**" };
        self.rows.push(format!("| {part} | {load} | {result} | {kept} |"));
        self.is_broken |= !is_kept;
        eprintln!("{}", self.rows[self.rows.len() - 1]);
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [seconds, profile, parts @ ..] = arguments.as_slice() else {
        eprintln!("load SECONDS PROFILE [connections|readers|writers|hanging|mixed|processes]...");
        return ExitCode::from(2);
    };
    let runs = |part: &str| parts.is_empty() || parts.iter().any(|one| one == part);
    let time = Duration::from_secs(seconds.parse().expect("seconds"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let table = runtime.block_on(async {
        let mut table = Table::default();
        if runs("connections") {
            connections(&mut table).await;
        }
        if runs("readers") {
            slow_readers(&mut table).await;
        }
        if runs("writers") {
            slow_writers(&mut table).await;
        }
        if runs("hanging") {
            hanging_store(&mut table).await;
        }
        if runs("mixed") {
            mixed(&mut table, time).await;
        }
        if runs("processes") {
            two_processes(&mut table).await;
        }
        table
    });
    println!("Build profile `{profile}`, mixed traffic for {} s.\n", time.as_secs());
    println!("| part | load | measured | kept |\n|---|---|---|---|");
    table.rows.iter().for_each(|row| println!("{row}"));
    ExitCode::from(u8::from(table.is_broken))
}

fn prompt(number: usize) -> String {
    format!(
        "---\ndescription: Prompt {number}\ninput:\n  schema:\n    who: string\n---\nHello {{{{who}}}}, {}\n",
        "text ".repeat(200)
    )
}

async fn gallery(s3: &S3Server, ttl: &str) -> Process {
    for number in 0..PROMPTS {
        s3.put(&format!("prompts/p-{number}.prompt"), prompt(number));
    }
    Process::start(s3, ttl).await
}

fn get(number: usize) -> String {
    call("prompts/get", &json!({ "name": format!("p-{}", number % PROMPTS), "arguments": { "who": "you" } }))
}

/// What some clients saw.
#[derive(Default)]
struct Seen {
    requests: AtomicUsize,
    errors: AtomicUsize,
    /// Milliseconds of each answer.
    times: std::sync::Mutex<Vec<u32>>,
    /// Why a request failed, the first few.
    causes: std::sync::Mutex<Vec<String>>,
}

impl Seen {
    fn add(&self, began: Instant, outcome: &Outcome) {
        self.requests.fetch_add(1, Relaxed);
        self.times.lock().expect("no panic").push(began.elapsed().as_millis() as u32);
        if let Err(cause) = outcome {
            self.errors.fetch_add(1, Relaxed);
            let mut causes = self.causes.lock().expect("no panic");
            if causes.len() < 5 {
                causes.push(cause.clone());
            }
        }
    }

    fn errors(&self) -> usize {
        for cause in self.causes.lock().expect("no panic").drain(..) {
            eprintln!("error: {cause}");
        }
        self.errors.load(Relaxed)
    }

    fn text(&self) -> String {
        let (requests, errors) = (self.requests.load(Relaxed), self.errors.load(Relaxed));
        let slowest = self.times.lock().expect("no panic").iter().max().copied().unwrap_or_default();
        format!("{requests} requests, {errors} errors, slowest answer {slowest} ms")
    }

    /// Milliseconds within which 99 of 100 answers came.
    fn p99(&self) -> u32 {
        let mut times = self.times.lock().expect("no panic").clone();
        times.sort_unstable();
        times.get(times.len() * 99 / 100).copied().unwrap_or(u32::MAX)
    }
}

/// Asks over one connection until the time is over.
async fn ask(client: &mut Client, until: Instant, seen: &Seen, request: impl Fn(usize) -> String) {
    for number in 0.. {
        if Instant::now() > until {
            return;
        }
        let began = Instant::now();
        let outcome = client.ask(&request(number)).await;
        seen.add(began, &outcome);
    }
}

/// Many connections, all of which ask all the time.
async fn connections(table: &mut Table) {
    const COUNT: usize = 1000;
    let s3 = S3Server::start().await;
    let process = Arc::new(gallery(&s3, "30").await);
    let before = process.usage();
    let (seen, until) = (Arc::new(Seen::default()), Instant::now() + PART);
    let mut clients = JoinSet::new();
    for first in 0..COUNT {
        let (process, seen) = (Arc::clone(&process), Arc::clone(&seen));
        clients.spawn(async move {
            let mut client = Client::connect(&process.address).await;
            ask(&mut client, until, &seen, |number| get(first + number)).await;
        });
    }
    sleep(PART / 2).await;
    let during = process.usage();
    clients.join_all().await;
    let after = process.settled(before.descriptors).await;
    let is_kept = seen.errors() == 0 && after.descriptors <= before.descriptors;
    let result = format!(
        "{}; memory {}; descriptors {}",
        seen.text(),
        Usage::memory_of(&[before, during, after]),
        Usage::descriptors_of(&[before, during, after])
    );
    table.row(
        "active connections",
        format!("{COUNT} connections, `prompts/get` all the time, {} s", PART.as_secs()),
        result,
        is_kept,
    );
}

/// Clients that read an answer slowly, while others ask.
async fn slow_readers(table: &mut Table) {
    const COUNT: usize = 200;
    let s3 = S3Server::start().await;
    let process = Arc::new(gallery(&s3, "30").await);
    let before = process.usage();
    let until = Instant::now() + PART;
    let mut readers = JoinSet::new();
    for _ in 0..COUNT {
        let address = process.address.clone();
        readers.spawn(async move {
            let mut stream = TcpStream::connect(&address).await.expect("a connection");
            let list = client::request(&address, &call("prompts/list", &json!({}))).repeat(20);
            stream.write_all(list.as_bytes()).await.expect("sent");
            let (mut length, mut buffer) = (0, vec![0; 2048]);
            while Instant::now() < until {
                length += stream.read(&mut buffer).await.expect("no reset");
                sleep(Duration::from_millis(50)).await;
            }
            length
        });
    }
    let seen = Seen::default();
    ask(&mut Client::connect(&process.address).await, until - PART / 2, &seen, get).await;
    let during = process.usage();
    ask(&mut Client::connect(&process.address).await, until, &seen, get).await;
    let read: usize = readers.join_all().await.into_iter().sum();
    let after = process.settled(before.descriptors).await;
    let is_kept = seen.errors() == 0 && read > 0 && after.descriptors <= before.descriptors;
    let result = format!(
        "another client: {}; memory {}; descriptors {}",
        seen.text(),
        Usage::memory_of(&[before, during, after]),
        Usage::descriptors_of(&[before, during, after])
    );
    table.row(
        "slow readers",
        format!("{COUNT} connections that read 40 KB a second of lists, {} s", PART.as_secs()),
        result,
        is_kept,
    );
}

/// Clients that write a byte a second, while others ask.
async fn slow_writers(table: &mut Table) {
    const COUNT: usize = 500;
    let s3 = S3Server::start().await;
    let process = Arc::new(gallery(&s3, "30").await);
    let before = process.usage();
    let until = Instant::now() + PART;
    let mut writers = JoinSet::new();
    for number in 0..COUNT {
        let address = process.address.clone();
        writers.spawn(async move {
            let mut stream = TcpStream::connect(&address).await.expect("a connection");
            let text = client::request(&address, &get(number));
            let (head, _) = text.split_once("\r\n\r\n").expect("a head");
            // Half of them write their body so, others the head.
            let (at_once, slowly) = text.split_at(if number % 2 == 0 { head.len() + 4 } else { 0 });
            stream.write_all(at_once.as_bytes()).await.expect("sent");
            let mut answer = [0; 12];
            for byte in slowly.bytes() {
                let _ = stream.write_all(&[byte]).await;
                // All of it, or nothing: a peek that is given up loses nothing.
                match timeout(Duration::from_secs(1), stream.peek(&mut answer)).await {
                    Ok(Ok(12)) => return String::from_utf8_lossy(&answer).into_owned(),
                    Ok(Err(e)) => return e.to_string(),
                    Ok(Ok(0)) => return "closed".to_owned(),
                    _ => {}
                }
            }
            "not refused".to_owned()
        });
    }
    let seen = Seen::default();
    ask(&mut Client::connect(&process.address).await, until, &seen, get).await;
    let answers = writers.join_all().await;
    let refused = answers.iter().filter(|answer| *answer == "HTTP/1.1 408").count();
    answers.iter().filter(|answer| *answer != "HTTP/1.1 408").for_each(|answer| eprintln!("not 408: {answer}"));
    let after = process.settled(before.descriptors).await;
    let is_kept = seen.errors() == 0 && refused == COUNT && after.descriptors <= before.descriptors;
    let result = format!(
        "{refused} were answered 408; another client: {}; memory {}; descriptors {}",
        seen.text(),
        Usage::memory_of(&[before, after]),
        Usage::descriptors_of(&[before, after])
    );
    table.row(
        "slow writers",
        format!("{COUNT} connections that write a byte a second, of heads and of bodies, {} s", PART.as_secs()),
        result,
        is_kept,
    );
}

/// Many kinds of requests, while files come and go and the store fails now and then.
async fn mixed(table: &mut Table, time: Duration) {
    const CLIENTS: usize = 40;
    let s3 = Arc::new(S3Server::start().await);
    let process = Arc::new(gallery(&s3, "1").await);
    let (seen, during_faults) = (Arc::new(Seen::default()), Arc::new(Seen::default()));
    let fails = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let until = began + time;
    let mut clients = JoinSet::new();
    for first in 0..CLIENTS {
        let process = Arc::clone(&process);
        let (seen, during_faults, fails) = (Arc::clone(&seen), Arc::clone(&during_faults), Arc::clone(&fails));
        clients.spawn(async move {
            let mut client = Client::connect(&process.address).await;
            for number in first.. {
                if Instant::now() > until {
                    return;
                }
                let request = match number % 10 {
                    0 => call("prompts/list", &json!({})),
                    1 => call("tools/call", &json!({ "name": "add", "arguments": { "a": 1, "b": 2 } })),
                    2 => call("tools/list", &json!({})),
                    3 => call("ping", &json!({})),
                    4 => call("tools/call", &json!({ "name": "search_prompts", "arguments": { "query": "prompt" } })),
                    _ => get(number),
                };
                let (failed_before, began) = (fails.load(Relaxed), Instant::now());
                let outcome = client.ask(&request).await;
                let is_during = failed_before || fails.load(Relaxed);
                if is_during { &during_faults } else { &seen }.add(began, &outcome);
                // Some clients leave, and others come.
                if number % 500 == 0 {
                    client = Client::connect(&process.address).await;
                }
            }
        });
    }
    let (mut early, mut uploads, mut faults) = (None, 0, 0);
    for round in 0_usize.. {
        if Instant::now() > until {
            break;
        }
        let key = format!("prompts/passing-{}.prompt", round % 40);
        if round % 3 == 2 {
            s3.delete(&key);
        } else {
            s3.put(&key, prompt(round));
        }
        uploads += 1;
        if round % 100 == 50 {
            faults += 1;
            fails.store(true, Relaxed);
            s3.set_fault(Some(
                [Fault::SlowDown, Fault::Disconnect, Fault::AccessDenied, Fault::Hang][faults % 4].clone(),
            ));
            sleep(Duration::from_millis(1500)).await;
            s3.set_fault(None);
            // Requests that hang are given up, and the last failure is no longer answered from memory.
            sleep(Duration::from_millis(6000)).await;
            fails.store(false, Relaxed);
        }
        if early.is_none() && began.elapsed() > time / 5 {
            early = Some(process.usage());
        }
        sleep(Duration::from_millis(50)).await;
    }
    let late = process.usage();
    clients.join_all().await;
    let early = early.expect("a usage");
    let growth = late.memory_mb / early.memory_mb;
    let is_kept = seen.errors() == 0 && growth <= GROWTH && late.descriptors <= early.descriptors + 8;
    let result = format!(
        "{}; while the store failed: {}; memory {} ({growth:.2} ×); descriptors {}",
        seen.text(),
        during_faults.text(),
        Usage::memory_of(&[early, late]),
        Usage::descriptors_of(&[early, late]),
    );
    let load = format!(
        "{CLIENTS} clients, {uploads} uploads and deletions, {faults} faults of the store, {} s",
        time.as_secs()
    );
    table.row("mixed traffic", load, result, is_kept);
}

/// Clients of prompts that are at hand, while the store hangs.
async fn hanging_store(table: &mut Table) {
    const MOST_MS: u32 = 320;
    let s3 = S3Server::start().await;
    let process = Arc::new(gallery(&s3, "1").await);
    let mut client = Client::connect(&process.address).await;
    for number in 0..PROMPTS {
        client.ask(&get(number)).await.expect("a prompt");
    }
    s3.set_fault(Some(Fault::Hang));
    // The first callers wait until the listing has taken two seconds.
    ask(&mut client, Instant::now() + Duration::from_secs(4), &Seen::default(), get).await;
    for count in [1, 20] {
        let (seen, until) = (Arc::new(Seen::default()), Instant::now() + PART);
        let mut clients = JoinSet::new();
        for first in 0..count {
            let (process, seen) = (Arc::clone(&process), Arc::clone(&seen));
            clients.spawn(async move {
                let mut client = Client::connect(&process.address).await;
                ask(&mut client, until, &seen, |number| get(first + number)).await;
            });
        }
        clients.join_all().await;
        let (errors, p99) = (seen.errors(), seen.p99());
        table.row(
            "a store that hangs",
            format!(
                "{count} at once, `prompts/get` of known prompts, 4 s after the store began to hang, {} s",
                PART.as_secs()
            ),
            format!("{}; p99 {p99} ms, of {MOST_MS}", seen.text()),
            errors == 0 && p99 <= MOST_MS,
        );
    }
}

/// Two programs over one bucket, all of whose files are replaced together, again and again.
async fn two_processes(table: &mut Table) {
    const FILES: usize = 20;
    let s3 = Arc::new(S3Server::start().await);
    // So that a step may come between two pages of a listing.
    s3.set_page_size(10);
    let step = |number: usize| {
        let prompts = (0..FILES).map(|file| {
            (format!("prompts/p-{file}.prompt"), format!("{number}|{{{{> a}}}}|{{{{> b}}}}|{{{{> c}}}}\n"))
        });
        let partials = ["a", "b", "c"].map(|name| (format!("prompts/_{name}.prompt"), format!("{number}")));
        let files: Vec<_> = prompts.chain(partials).collect();
        s3.put_all(files.iter().map(|(key, text)| (key.as_str(), text.clone())));
    };
    step(0);
    let processes = [Process::start(&s3, "0").await, Process::start(&s3, "1").await].map(Arc::new);
    let until = Instant::now() + PART;
    let seen = [Seen::default(), Seen::default()].map(Arc::new);
    let mixed = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for number in 0..8 {
        let process = Arc::clone(&processes[number % 2]);
        let (seen, mixed) = (Arc::clone(&seen[number % 2]), Arc::clone(&mixed));
        clients.spawn(async move {
            let mut client = Client::connect(&process.address).await;
            let mut steps = BTreeSet::new();
            for number in 0_usize.. {
                if Instant::now() > until {
                    break;
                }
                let began = Instant::now();
                let outcome =
                    client.ask(&call("prompts/get", &json!({ "name": format!("p-{}", number % FILES) }))).await;
                seen.add(began, &outcome);
                let Ok(result) = outcome else { continue };
                let text = result["messages"][0]["content"]["text"].as_str().unwrap_or_default().trim().to_owned();
                let parts: BTreeSet<&str> = text.split('|').map(str::trim).collect();
                if parts.len() != 1 {
                    eprintln!("mixed: {text}");
                    mixed.fetch_add(1, Relaxed);
                }
                steps.insert(text);
            }
            steps
        });
    }
    let mut steps = 0;
    while Instant::now() < until {
        sleep(Duration::from_millis(297)).await;
        steps += 1;
        step(steps);
    }
    let answered: BTreeSet<String> = clients.join_all().await.into_iter().flatten().collect();
    let mixed = mixed.load(Relaxed);
    let counts = seen.each_ref().map(|seen| (seen.requests.load(Relaxed), seen.errors()));
    // Files that are replaced faster than they are read are an error that says so. Each process is to answer nearly always.
    let is_served = |(requests, errors): (usize, usize)| requests > 100 && errors * 20 <= requests;
    let is_kept = mixed == 0 && answered.len() > 5 && counts.into_iter().all(is_served);
    let [(first, first_errors), (second, second_errors)] = counts;
    let result = format!(
        "{first} and {second} answers of {} steps, {mixed} with partials of another step, {first_errors} and {second_errors} errors",
        answered.len(),
    );
    table.row(
        "two processes, one bucket",
        format!("{} files replaced together, {steps} times, listings of 3 pages, {} s", FILES + 3, PART.as_secs()),
        result,
        is_kept,
    );
}
