//! The index saves requests and never changes an answer, even if it is damaged or from another server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use bytes::Bytes;
use futures_util::future::join_all;
use gallery::{AllPrompts, Gallery, Search};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use store::{PromptStore, S3Store};

use crate::s3::{Edit, Fault, S3Server};
use crate::{HOUR, SHORT, eventually, patient};

const INDEX: &str = ".gallery/index.json";
/// Enough prompts that a server writes an index.
const MANY: usize = 40;

/// A new server with an index.
fn server(s3: &S3Server, ttl: Duration) -> Gallery {
    patient(Gallery::new(Arc::new(store(s3).with_index(INDEX)), ttl, 500))
}

/// A new server without an index.
fn without_index(s3: &S3Server) -> Gallery {
    patient(Gallery::new(Arc::new(store(s3)), HOUR, 500))
}

fn store(s3: &S3Server) -> S3Store {
    let config = s3.client_config().retry_config(RetryConfig::disabled());
    S3Store::new(config, S3Server::BUCKET, "prompts/")
}

fn prompt(number: usize) -> String {
    format!(
        "---\ntitle: Prompt {number}\ndescription: What {number} is for.\n---\n{{{{> tone}}}} {{{{name}}}} {number}"
    )
}

fn key(number: usize) -> String {
    format!("prompts/team/p-{number:05}.prompt")
}

/// A bucket with so many prompts and one partial that all of them use.
async fn bucket(prompts: usize) -> S3Server {
    let s3 = S3Server::start().await;
    s3.put("prompts/_tone.prompt", "Be {{tone}}.");
    for number in 0..prompts {
        s3.put(&key(number), prompt(number));
    }
    s3
}

/// The whole list as clients get it.
async fn list(gallery: &Gallery) -> Vec<Value> {
    let (mut prompts, mut cursor) = (Vec::new(), None);
    loop {
        let page = gallery.list(cursor.as_deref()).await.unwrap();
        prompts.extend(serde_json::from_str::<Vec<Value>>(page.prompts.get()).unwrap());
        cursor.clone_from(&page.next_cursor);
        if cursor.is_none() {
            return prompts;
        }
    }
}

/// Asserts that servers with and without the index list the same.
async fn assert_right(s3: &S3Server, what: &str) {
    let expected = list(&without_index(s3)).await;
    assert_eq!(list(&server(s3, HOUR)).await, expected, "{what}");
    assert_eq!(list(&server(s3, HOUR)).await, expected, "{what}, with the index that was written then");
}

fn index(s3: &S3Server) -> String {
    String::from_utf8(s3.object(INDEX).expect("an index").to_vec()).unwrap()
}

/// The index with changed content and the right digest for it: a forgery, not an accident.
fn forged(index: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut envelope: Map<String, Value> = serde_json::from_str(index).unwrap();
    change(&mut envelope["index"]);
    let content = envelope["index"].to_string();
    let digest: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
    let (format, program, prefix) = (&envelope["format"], &envelope["program"], &envelope["prefix"]);
    format!(r#"{{"format":{format},"program":{program},"prefix":{prefix},"index":{content},"digest":"{digest}"}}"#)
}

#[tokio::test]
async fn a_server_that_starts_lists_from_the_index() {
    let s3 = bucket(MANY).await;
    let first = list(&server(&s3, HOUR)).await;
    let before = s3.requests();
    assert_eq!((before.list, before.get, before.put), (1, MANY + 2, 1), "the files, the partial and no index");
    assert_eq!(list(&server(&s3, HOUR)).await, first);
    let after = s3.requests();
    assert_eq!((after.list, after.get, after.put), (2, before.get + 1, 1), "the index alone");
    assert_eq!(first.len(), MANY);
    assert_eq!(first[7]["arguments"][0]["name"], "tone", "of the partial");
}

#[tokio::test]
async fn a_few_prompts_need_no_index() {
    let s3 = bucket(16).await;
    assert_eq!(list(&server(&s3, HOUR)).await.len(), 16);
    assert_eq!((s3.requests().put, s3.object(INDEX)), (0, None));
}

#[tokio::test]
async fn without_a_key_there_is_no_index() {
    let s3 = bucket(MANY).await;
    assert_eq!(list(&without_index(&s3)).await.len(), MANY);
    assert_eq!((s3.requests().get, s3.requests().put), (MANY + 1, 0));
}

#[tokio::test]
async fn only_changed_files_are_read_and_many_changes_write_the_index_again() {
    let s3 = bucket(MANY).await;
    list(&server(&s3, HOUR)).await;
    let before = s3.requests();
    s3.put(&key(3), prompt(1003));
    s3.put("prompts/team/new.prompt", prompt(1004));
    s3.delete(&key(5));
    let listed = list(&server(&s3, HOUR)).await;
    assert_eq!((listed[4]["title"].as_str(), listed.len()), (Some("Prompt 1003"), MANY));
    assert!(listed.iter().all(|prompt| prompt["title"] != "Prompt 5"));
    assert_eq!((s3.requests().get - before.get, s3.requests().put), (4, 1), "the index, two files and their partial");
    for number in 10..30 {
        s3.put(&key(number), prompt(2000 + number));
    }
    assert_right(&s3, "after many changes").await;
    assert_eq!(s3.requests().put, 2);
    assert!(index(&s3).contains("Prompt 2029") && !index(&s3).contains("What 5 is for"));
}

#[tokio::test]
async fn a_changed_partial_changes_every_prompt_that_uses_it_in_the_list_too() {
    let s3 = bucket(MANY).await;
    let running = server(&s3, SHORT);
    let all_take = |list: &[Value], name: &str| list.iter().all(|prompt| prompt["arguments"][0]["name"] == name);
    assert!(all_take(&list(&running).await, "tone"));
    s3.put("prompts/_tone.prompt", "Be {{mood}}.");
    eventually("the TTL is over", async || !all_take(&list(&running).await, "tone")).await;
    assert!(all_take(&list(&running).await, "mood"), "after the TTL");
    let started = list(&server(&s3, HOUR)).await;
    assert!(all_take(&started, "mood"), "from the index");
    for number in [0, MANY - 1] {
        let arguments = serde_json::json!({ "mood": "brief", "name": "Ada" });
        let name = format!("team_p-{number:05}");
        let rendered = running.get(&name, arguments.as_object().unwrap(), None).await.unwrap();
        let rendered = serde_json::to_value(&rendered.messages).unwrap();
        assert_eq!(rendered[0]["content"]["text"], format!("Be brief. Ada {number}"));
    }
    s3.delete("prompts/_tone.prompt");
    assert_eq!(list(&server(&s3, HOUR)).await, Vec::<Value>::new(), "all of them are broken");
}

#[tokio::test]
async fn an_old_index_changes_no_answer() {
    let s3 = bucket(MANY).await;
    list(&server(&s3, HOUR)).await;
    let old = s3.object(INDEX).unwrap();
    for number in 0..MANY {
        s3.put(&key(number), prompt(number + 1000));
    }
    s3.put("prompts/_tone.prompt", "Be {{mood}}.");
    assert_right(&s3, "an index of which nothing is true any more").await;
    s3.put(INDEX, old);
    s3.put(&key(0), prompt(0));
    assert_right(&s3, "an old index that has come back").await;
}

#[tokio::test]
async fn a_file_that_takes_the_name_of_another_renames_it_in_the_list_too() {
    let s3 = bucket(MANY).await;
    list(&server(&s3, HOUR)).await;
    let rival = "prompts/team_p-00003.handlebars";
    s3.put(rival, "The path is exactly the name.");
    assert_right(&s3, "with a file of a better claim").await;
    let names = |list: &[Value]| list.iter().map(|prompt| prompt["name"].to_string()).collect::<Vec<_>>();
    let listed = list(&server(&s3, HOUR)).await;
    assert_eq!(listed.len(), MANY + 1, "{:?}", names(&listed));
    assert_eq!(names(&listed).iter().filter(|name| name.starts_with("\"team_p-00003")).count(), 2);
    s3.delete(rival);
    assert_right(&s3, "without it again").await;
}

#[tokio::test]
async fn the_index_of_another_bucket_changes_no_answer() {
    let other = bucket(MANY).await;
    for number in 0..MANY {
        other.put(&key(number), prompt(number + 500));
    }
    other.put("prompts/_tone.prompt", "Be {{another}}.");
    list(&server(&other, HOUR)).await;
    let s3 = bucket(MANY).await;
    s3.put(INDEX, other.object(INDEX).unwrap());
    assert_right(&s3, "all of its keys, none of its versions").await;
    s3.put(INDEX, other.object(INDEX).unwrap());
    s3.put(&key(9), prompt(509));
    assert_right(&s3, "one of its versions, but another partial").await;
}

#[tokio::test]
async fn a_damaged_index_counts_as_missing() {
    let s3 = bucket(MANY).await;
    list(&server(&s3, HOUR)).await;
    let good = index(&s3);
    let cut = good.len() / 2;
    for (what, wrong) in [
        ("empty", Bytes::new()),
        ("cut", Bytes::from(good[..cut].to_owned())),
        ("no JSON", Bytes::from("<html>")),
        ("no text", Bytes::from(vec![0xff; 1000])),
        ("no object", Bytes::from("[]")),
        ("another format", Bytes::from(good.replacen(r#""format":5"#, r#""format":4"#, 1))),
        ("another version", Bytes::from(good.replacen(r#""program":"#, r#""program":"9"#, 1))),
        ("wrong titles", Bytes::from(good.replace("Prompt 1", "Prompt 9"))),
        ("titles that trade places", Bytes::from(good.replace("Prompt 11", "Prompt 1").replace("What 1 ", "What 2 "))),
        ("deep", Bytes::from("[".repeat(100_000))),
        ("huge", Bytes::from(vec![b' '; 64 * 1024 * 1024 + 1])),
    ] {
        s3.put(INDEX, wrong);
        assert_right(&s3, what).await;
        assert_eq!(index(&s3).len(), good.len(), "{what}: it is written anew");
    }
}

/// The digest fits; the listing still wins.
#[tokio::test]
async fn wrong_entries_in_a_whole_index_change_no_answer() {
    let s3 = bucket(MANY).await;
    list(&server(&s3, HOUR)).await;
    let good = index(&s3);
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 4] = [
        ("versions that are not listed", |index| {
            for prompt in index["prompts"].as_array_mut().unwrap() {
                prompt["version"] = "\"0\"".into();
                prompt["listed"]["title"] = "forged".into();
            }
        }),
        ("versions of another file", |index| {
            let prompts = index["prompts"].as_array_mut().unwrap();
            for number in 1..prompts.len() {
                prompts[number - 1]["version"] = prompts[number]["version"].clone();
                prompts[number - 1]["listed"] = prompts[number]["listed"].clone();
            }
        }),
        ("prompts that do not exist", |index| {
            let mut prompt = index["prompts"][0].clone();
            prompt["key"] = "team/forged.prompt".into();
            index["prompts"].as_array_mut().unwrap().push(prompt);
        }),
        ("partials in another version", |index| {
            for prompt in index["prompts"].as_array_mut().unwrap() {
                prompt["partials"] = serde_json::json!([["tone", "\"0\""]]);
                prompt["listed"]["arguments"] = serde_json::json!([]);
            }
        }),
    ];
    for (what, change) in changes {
        s3.put(INDEX, forged(&good, change));
        s3.set_page_size(7);
        assert_right(&s3, what).await;
        s3.set_page_size(1000);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_that_race_to_write_the_index_neither_fight_nor_differ() {
    let s3 = bucket(MANY).await;
    let expected = list(&without_index(&s3)).await;
    for _ in 0..5 {
        s3.delete(INDEX);
        let before = s3.requests().put;
        let servers = (0..8).map(|_| {
            // With retries: a busy machine may let a request time out.
            let store = S3Store::new(s3.client_config(), S3Server::BUCKET, "prompts/").with_index(INDEX);
            tokio::spawn(async move { list(&patient(Gallery::new(Arc::new(store), HOUR, 500))).await })
        });
        for listed in join_all(servers).await {
            assert_eq!(listed.unwrap(), expected);
        }
        assert!(s3.requests().put - before <= 8, "each tries once at most");
        assert_right(&s3, "with the index of the first server").await;
    }
}

#[tokio::test]
async fn the_index_of_another_prefix_is_left_alone() {
    let s3 = bucket(MANY).await;
    list(&server(&s3, HOUR)).await;
    let theirs = index(&s3);
    for number in 0..MANY {
        s3.put(&format!("other/p-{number:05}.prompt"), "Other {{name}}");
    }
    let other = S3Store::new(s3.client_config(), S3Server::BUCKET, "other/").with_index(INDEX);
    let other = patient(Gallery::new(Arc::new(other), HOUR, 500));
    assert_eq!(list(&other).await[0]["name"], "p-00000");
    assert_eq!((s3.requests().put, index(&s3)), (1, theirs));
}

/// Two versions of the program share a bucket: each finds the other's index and writes its own.
#[tokio::test]
async fn a_server_whose_index_was_replaced_reads_it_before_it_writes_again() {
    let s3 = bucket(MANY).await;
    let running = server(&s3, Duration::ZERO);
    list(&running).await;
    s3.put(INDEX, "someone else's");
    for round in 1..3 {
        for number in 0..20 {
            s3.put(&key(number), prompt(1000 * round + number));
        }
        assert_eq!(list(&running).await, list(&without_index(&s3)).await);
    }
    assert!(index(&s3).contains("Prompt 2019"), "it is written in the end");
    assert_right(&s3, "then").await;
}

#[tokio::test]
async fn an_index_out_of_reach_is_no_fault() {
    let s3 = bucket(MANY).await;
    let expected = list(&without_index(&s3)).await;
    s3.set_fault(Some(Fault::DenyKey(INDEX.to_owned())));
    let denied = server(&s3, Duration::ZERO);
    assert_eq!(list(&denied).await, expected);
    for number in 0..MANY {
        s3.put(&key(number), prompt(number + 1));
    }
    list(&denied).await;
    assert_eq!(s3.requests().put, 1, "where it may not be written it is tried once");
    s3.set_fault(Some(Fault::SlowDownKey(INDEX.to_owned())));
    assert_eq!(list(&server(&s3, HOUR)).await.len(), MANY);
    s3.set_fault(None);
    assert_right(&s3, "after that").await;
}

/// Ceph 16.2 refuses each write with `If-Match`.
#[tokio::test]
async fn an_index_that_is_refused_is_not_kept_and_the_log_says_so_once() {
    for has_one in [false, true] {
        let s3 = bucket(MANY).await;
        if has_one {
            list(&server(&s3, HOUR)).await;
        }
        let log = tempfile::NamedTempFile::new().unwrap();
        let subscriber = tracing_subscriber::fmt().with_writer(Mutex::new(log.reopen().unwrap())).finish();
        let _logging = tracing::subscriber::set_default(subscriber);
        let before = s3.requests().put;
        s3.set_fault(Some(Fault::RefuseConditions));
        let running = server(&s3, Duration::ZERO);
        for round in 1..4 {
            for number in 0..MANY {
                s3.put(&key(number), prompt(1000 * round + number));
            }
            assert_eq!(list(&running).await, list(&without_index(&s3)).await);
        }
        assert_eq!(s3.requests().put - before, 1);
        let logged = std::fs::read_to_string(log.path()).unwrap();
        assert_eq!(logged.matches("the index is not saved").count(), 1, "{logged}");
    }
}

/// Garage and s3rver ignore them.
#[tokio::test]
async fn where_conditions_are_ignored_answers_stay_right() {
    let s3 = bucket(MANY).await;
    s3.set_fault(Some(Fault::IgnoreConditions));
    let servers = [server(&s3, Duration::ZERO), server(&s3, Duration::ZERO)];
    for round in 1..4 {
        for number in 0..MANY {
            s3.put(&key(number), prompt(1000 * round + number));
        }
        let expected = list(&without_index(&s3)).await;
        let before = s3.requests().put;
        for server in &servers {
            assert_eq!(list(server).await, expected);
            assert_eq!(list(server).await, expected);
        }
        assert!(s3.requests().put - before <= 2, "each writes once at most");
        assert_eq!(list(&server(&s3, HOUR)).await, expected);
    }
}

/// No listing says that a file is the one of the listing before.
#[tokio::test]
async fn versions_that_do_not_last_are_not_kept_in_the_index() {
    // Without an ETag the time of a file counts; without a time nothing does.
    for edit in [(|xml| xml.replace("ETag>", "Other>")) as fn(String) -> String, |xml| {
        xml.replace("ETag>", "Other>").replace("LastModified>", "Other>")
    }] {
        let s3 = bucket(MANY).await;
        s3.set_fault(Some(Edit::list(edit)));
        let running = server(&s3, Duration::ZERO);
        for _ in 0..3 {
            // Written just now, as the time of an older file would last.
            for number in 0..MANY {
                s3.put(&key(number), prompt(number));
            }
            assert_eq!(list(&running).await.len(), MANY);
        }
        assert_eq!(s3.requests().put, 0);
    }
}

#[tokio::test]
async fn where_the_whole_bucket_is_the_gallery_its_index_is_no_part_of_it() {
    let s3 = S3Server::start().await;
    for number in 0..MANY {
        s3.put(&format!("p{number}.prompt"), "text");
    }
    let whole = || S3Store::new(s3.client_config(), S3Server::BUCKET, "").with_index(INDEX);
    assert_eq!(list(&patient(Gallery::new(Arc::new(whole()), HOUR, 500))).await.len(), MANY);
    assert!(s3.object(INDEX).is_some());
    assert_eq!(whole().list().await.unwrap().len(), MANY);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_first_requests_at_once_cause_one_list() {
    let s3 = bucket(MANY).await;
    let gallery = Arc::new(server(&s3, HOUR));
    let requests = (0..1000).map(|number| {
        let gallery = Arc::clone(&gallery);
        tokio::spawn(async move {
            match number % 3 {
                0 => drop(gallery.list(None).await.unwrap()),
                1 => assert_eq!(gallery.count().await.unwrap(), MANY),
                _ => {
                    let arguments = serde_json::json!({ "tone": "kind", "name": "Ada" });
                    let name = format!("team_p-{:05}", number % MANY);
                    gallery.get(&name, arguments.as_object().unwrap(), None).await.unwrap();
                }
            }
        })
    });
    for request in join_all(requests).await {
        request.expect("a request");
    }
    assert_eq!(s3.requests().list, 1);
}

#[tokio::test]
async fn prompts_that_are_tools_are_known_and_found_without_reading_them() {
    let s3 = bucket(MANY).await;
    s3.put("prompts/plan.prompt", "---\ntool: true\ntags: [travel]\ninput: {schema: {days: integer}}\n---\n{{days}}");
    let first = server(&s3, HOUR).all_prompts().await.unwrap();
    assert_eq!(s3.requests().put, 1);
    let before = s3.requests();
    let later = server(&s3, HOUR);
    let all = later.all_prompts().await.unwrap();
    let tools = |all: &AllPrompts| all.tools.iter().map(|tool| tool.definition.get().to_owned()).collect::<Vec<_>>();
    assert_eq!(tools(&all), tools(&first));
    assert_eq!(all.tools.len(), 1);
    assert!(all.tools[0].definition.get().contains(r#""days":{"type":"integer"}"#));
    let search = |query| Search { query, ..Search::default() };
    let found = later.search(search("plam")).await.unwrap();
    assert!(found.prompts[0].get().starts_with(r#"{"name":"plan""#), "{found:?}");
    assert_eq!(later.search(search("")).await.unwrap().total, MANY + 1);
    let after = s3.requests();
    assert_eq!((after.list - before.list, after.get - before.get), (1, 1), "the index alone");
}

#[tokio::test]
async fn a_prompt_that_becomes_a_tool_is_one_after_the_next_listing() {
    let s3 = bucket(2).await;
    let gallery = server(&s3, SHORT);
    assert_eq!(gallery.all_prompts().await.unwrap().tools.len(), 0);
    s3.put(&key(1), "---\ntool: true\n---\nNow a tool.");
    eventually("a tool", async || gallery.all_prompts().await.unwrap().tools.len() == 1).await;
    s3.put(&key(1), "---\ntool: false\n---\nNo tool.");
    eventually("no tool", async || gallery.all_prompts().await.unwrap().tools.is_empty()).await;
}
