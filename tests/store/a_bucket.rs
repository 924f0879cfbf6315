//! Tests of a bucket alone.

use std::io::Write;

use aws_sdk_s3::config::{Builder, Region};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use store::{PromptStore, S3Store, StoreError, is_lasting};

use crate::s3::{Edit, Fault, S3Server};
use crate::{Bucket, Fixture, Log, PREFIX, assert_not_found, assert_unavailable, keys, list, read};

#[tokio::test]
async fn is_listed_over_all_pages_in_order() {
    let bucket = Bucket::start().await;
    let mut sorted: Vec<String> = (0..7).map(|number| format!("folder-{}/{number}.prompt", number % 3)).collect();
    for key in &sorted {
        bucket.put(key, key.as_bytes());
    }
    sorted.sort_unstable();
    bucket.s3.set_page_size(3);
    assert_eq!(keys(&bucket.store).await, sorted);
    assert_eq!(bucket.s3.requests().list, 3);
}

#[tokio::test]
async fn of_more_than_a_thousand_objects_is_listed_whole() {
    let bucket = Bucket::start().await;
    for number in 0..2001 {
        bucket.put(&format!("{number:04}.prompt"), b"x");
    }
    let keys = keys(&bucket.store).await;
    assert_eq!(keys, (0..2001).map(|number| format!("{number:04}.prompt")).collect::<Vec<_>>());
    assert_eq!(bucket.s3.requests().list, 3);
}

/// A server over a file system lists `code/` before `code-review`.
#[tokio::test]
async fn that_is_listed_in_the_order_of_folders_is_listed_whole_and_sorted() {
    let bucket = Bucket::start().await;
    let mut sorted: Vec<String> = Vec::new();
    for number in 0..1200 {
        let folder = ["code", "code-review", "code.review", "code/deep", "z"][number % 5];
        sorted.push(format!("{folder}/{number:04}.prompt"));
        bucket.put(&sorted[number], b"x");
    }
    sorted.sort_unstable();
    bucket.s3.set_fault(Some(Fault::FolderOrder));
    for _ in 0..2 {
        assert_eq!(keys(&bucket.store).await, sorted);
    }
    assert_eq!(bucket.s3.requests().list, 4);
}

#[tokio::test]
async fn in_which_a_key_is_listed_twice_has_it_once() {
    let bucket = Bucket::start().await;
    for key in ["a", "b", "c"] {
        bucket.put(key, b"x");
    }
    bucket.s3.set_fault(Some(Edit::list(|xml| {
        let (first, second) = (xml.find("<Contents>").unwrap(), xml.find("</Contents>").unwrap());
        let again = xml[first..second].to_owned() + "</Contents>";
        xml.replace("</ListBucketResult>", &(again + "</ListBucketResult>"))
    })));
    let listed = list(&bucket.store).await;
    assert_eq!(listed.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    bucket.s3.set_fault(None);
    assert_eq!(listed, list(&bucket.store).await);
}

/// Status 200 and a `Content-Length` that fits, as from a server or a proxy that was stopped.
#[tokio::test]
async fn whose_listing_is_not_whole_is_unavailable() {
    let bucket = Bucket::start().await;
    for key in ["a", "b", "c", "d", "e", "f"] {
        bucket.put(key, b"x");
    }
    let listed = list(&bucket.store).await;
    type Change = fn(String) -> String;
    let edits: [(&str, Change); 10] = [
        ("cut after an object", |xml| xml[..xml.rfind("<Contents>").unwrap()].to_owned()),
        ("cut in a key", |xml| xml[..xml.find("<Key>").unwrap() + "<Key>prompts/".len()].to_owned()),
        ("cut in a tag", |xml| xml[..xml.find("<Contents>").unwrap() + 3].to_owned()),
        ("without its last character", |xml| xml[..xml.len() - 1].to_owned()),
        ("without the end of the root", |xml| xml.replace("</ListBucketResult>", "")),
        ("empty", |_| String::new()),
        ("an error page", |_| "<html><body>Bad gateway</body></html>".to_owned()),
        ("an error", |_| "<Error><Code>Odd</Code><Message>An error.</Message></Error>".to_owned()),
        ("another element", |xml| xml.replace("ListBucketResult", "ListAllMyBucketsResult")),
        ("going on, to nowhere", |xml| xml.replace("<IsTruncated>false", "<IsTruncated>true")),
    ];
    for (what, edit) in edits {
        bucket.s3.set_fault(Some(Edit::list(edit)));
        let before = bucket.s3.requests().list;
        let result = bucket.store.list().await;
        assert!(matches!(result, Err(StoreError::Unavailable(_))), "{what}: {result:?}");
        assert_eq!(bucket.s3.requests().list - before, 2, "{what}: it is asked for once more");
    }
    bucket.s3.set_page_size(2);
    bucket.s3.set_fault(Some(Edit::list(|xml| match xml.contains("<ContinuationToken>") {
        true => xml[..xml.rfind("<Contents>").unwrap()].to_owned(),
        false => xml,
    })));
    assert_unavailable(bucket.store.list().await);
    bucket.s3.set_fault(None);
    assert_eq!(list(&bucket.store).await, listed);
}

#[tokio::test]
async fn that_counts_more_keys_than_it_lists_is_asked_once_more_and_then_believed() {
    for (edit, asked) in [
        ((|xml| xml.replace("<KeyCount>3", "<KeyCount>4")) as fn(String) -> String, 2),
        (|xml| xml.replace("<KeyCount>3", "<KeyCount>2"), 1),
        (|xml| xml.replace("<KeyCount>3", "<KeyCount>1001"), 1),
        (|xml| xml.replace("<KeyCount>3</KeyCount>", ""), 1),
    ] {
        let bucket = Bucket::start().await;
        for key in ["a", "b", "c"] {
            bucket.put(key, b"x");
        }
        bucket.s3.set_fault(Some(Edit::list(edit)));
        let log = Log::capture();
        for round in 0..3 {
            let before = bucket.s3.requests().list;
            assert_eq!(keys(&bucket.store).await, ["a", "b", "c"]);
            assert_eq!(bucket.s3.requests().list - before, asked, "round {round}");
        }
        let warnings = if asked == 2 { 1 } else { 0 };
        assert_eq!(log.count("the store counts more keys than it lists"), warnings);
    }
}

/// 60 % of an object, with its `ETag` and a `Content-Length` that fits.
#[tokio::test]
async fn that_sends_less_than_it_lists_is_unavailable() {
    let bucket = Bucket::start().await;
    bucket.put("a.prompt", b"more than half of this is no prompt");
    let a = list(&bucket.store).await.remove(0);
    bucket.s3.set_fault(Some(Edit::get(|_, body| body.slice(..body.len() * 6 / 10))));
    assert_unavailable(bucket.store.get(&a).await);
    let (newest, _) = bucket.store.get_newest("a.prompt", 1000).await.unwrap();
    assert_ne!(newest, a, "what is read before it is listed is not taken for what is listed then");
    bucket.s3.set_fault(None);
    assert_eq!(bucket.store.get_newest("a.prompt", 1000).await.unwrap().0, a);
}

#[tokio::test]
async fn that_sends_no_length_is_read_up_to_what_it_lists() {
    let bucket = Bucket::start().await;
    bucket.put("a.prompt", b"as long as this");
    let a = list(&bucket.store).await.remove(0);
    bucket.s3.set_fault(Some(Fault::NoLength));
    assert_eq!(bucket.store.get(&a).await.unwrap(), "as long as this");
    assert_eq!(bucket.store.get_newest("a.prompt", 1000).await.unwrap().0, a);
    bucket.put("a.prompt", &vec![b'x'; 1024 * 1024]);
    assert_not_found(bucket.store.get(&a).await);
    assert_not_found(bucket.store.get_newest("a.prompt", 1000).await);
    bucket.s3.set_fault(None);
    assert_not_found(bucket.store.get(&a).await);
}

#[tokio::test]
async fn whose_object_has_another_checksum_is_unavailable() {
    let bucket = Bucket::start().await;
    bucket.put("a.prompt", b"Hello world");
    let a = list(&bucket.store).await.remove(0);
    fn with_checksum(headers: &mut http::HeaderMap) {
        headers.insert("x-amz-checksum-crc32", http::HeaderValue::from_static("i9aeUg=="));
    }
    bucket.s3.set_fault(Some(Edit::get(|headers, body| {
        with_checksum(headers);
        body
    })));
    assert_eq!(bucket.store.get(&a).await.unwrap(), "Hello world");
    bucket.s3.set_fault(Some(Edit::get(|headers, _| {
        with_checksum(headers);
        Bytes::from("Hello_world")
    })));
    assert_unavailable(bucket.store.get(&a).await);
}

/// Without an `ETag`, with an empty one, and with one that is always the same.
#[tokio::test]
async fn whose_etags_never_change_tells_versions_apart_by_time_and_size() {
    fn with_etag(xml: &str, etag: &str) -> String {
        let mut edited = String::new();
        for part in xml.split_inclusive("</ETag>") {
            match part.find("<ETag>") {
                Some(at) => edited += &format!("{}{etag}", &part[..at]),
                None => edited += part,
            }
        }
        edited
    }
    fn get(headers: &mut http::HeaderMap, body: Bytes, etag: Option<&'static str>) -> Bytes {
        match etag {
            Some(etag) => drop(headers.insert("etag", http::HeaderValue::from_static(etag))),
            None => drop(headers.remove("etag")),
        }
        body
    }
    const SAME: &str = "\"d41d8cd98f00b204e9800998ecf8427e\"";
    let edits = [
        Edit { list: |xml| with_etag(&xml, ""), get: |headers, body| get(headers, body, None) },
        Edit { list: |xml| with_etag(&xml, "<ETag></ETag>"), get: |headers, body| get(headers, body, None) },
        Edit { list: |xml| with_etag(&xml, "<ETag/>"), get: |headers, body| get(headers, body, Some("\"\"")) },
        Edit { list: |xml| with_etag(&xml, ""), get: |_, body| body },
        Edit { list: |xml| with_etag(&xml, "<ETag>0</ETag>"), get: |headers, body| get(headers, body, Some("0")) },
        Edit {
            list: |xml| with_etag(&xml, &format!("<ETag>{SAME}</ETag>")),
            get: |headers, body| get(headers, body, Some(SAME)),
        },
    ];
    for edit in edits {
        let bucket = Bucket::start().await;
        bucket.put("a.prompt", b"one");
        bucket.put("b.prompt", b"longer");
        bucket.s3.set_fault(Some(Fault::Edit(edit)));
        let before = list(&bucket.store).await;
        assert_eq!(bucket.store.get(&before[0]).await.unwrap(), "one", "{edit:?}");
        // In the same second and of the same size.
        bucket.put("a.prompt", b"two");
        let after = list(&bucket.store).await;
        assert_ne!(before[0].version, after[0].version, "{edit:?}");
        assert_eq!(bucket.store.get(&after[0]).await.unwrap(), "two", "{edit:?}");
        // Of another size.
        bucket.put("a.prompt", b"three");
        assert_not_found(bucket.store.get(&after[0]).await);
        assert_eq!(read(&bucket.store, "a.prompt").await.unwrap(), "three");
    }
}

#[tokio::test]
async fn without_versions_is_read_again_each_time() {
    fn without_marks(xml: String) -> String {
        let mut edited = String::new();
        for part in xml.split_inclusive("</Contents>") {
            let [key, size] = ["Key", "Size"].map(|tag| {
                let (start, end) = (part.find(&format!("<{tag}>")), part.find(&format!("</{tag}>")));
                start.zip(end).map(|(start, end)| format!("{}</{tag}>", &part[start..end])).unwrap_or_default()
            });
            match part.split_once("<Contents>") {
                Some((before, _)) => edited += &format!("{before}<Contents>{key}{size}</Contents>"),
                None => edited += part,
            }
        }
        edited
    }
    let bucket = Bucket::start().await;
    bucket.put("a.prompt", b"one");
    bucket.s3.set_fault(Some(Fault::Edit(Edit {
        list: without_marks,
        get: |headers, body| {
            headers.remove("etag");
            headers.remove("last-modified");
            body
        },
    })));
    let [first, second] = [list(&bucket.store).await, list(&bucket.store).await];
    assert_ne!(first[0].version, second[0].version);
    assert_eq!((first[0].lasting_version(), is_lasting(&first[0].version)), (second[0].lasting_version(), false));
    assert_eq!(bucket.store.get(&second[0]).await.unwrap(), "one");
    bucket.put("a.prompt", b"two");
    assert_eq!(bucket.store.get(&second[0]).await.unwrap(), "two", "there is no way to know");
}

#[tokio::test]
async fn without_versions_is_warned_about_once() {
    fn without(xml: &str, tag: &str) -> String {
        let (start, end) = (format!("<{tag}>"), format!("</{tag}>"));
        let pieces = xml.split(&*start).map(|piece| piece.split_once(&*end).map_or(piece, |(_, rest)| rest));
        pieces.collect()
    }
    fn same_etag(xml: String) -> String {
        without(&xml, "ETag").replace("</Key>", "</Key><ETag>&quot;0&quot;</ETag>")
    }
    fn without_marks(xml: String) -> String {
        without(&without(&xml, "ETag"), "LastModified")
    }
    const SHARED: &str = "objects of different size have one ETag";
    const NONE: &str = "neither ETags nor times are listed";
    for (list_as, warnings) in [
        ((|xml| xml) as fn(String) -> String, [0, 0]),
        (same_etag, [1, 0]),
        (without_marks, [0, 1]),
        (|xml| without(&xml, "ETag"), [0, 0]),
    ] {
        let bucket = Bucket::start().await;
        bucket.put("a.prompt", b"one");
        bucket.put("b.prompt", b"longer");
        bucket.s3.set_fault(Some(Edit::list(list_as)));
        let log = Log::capture();
        for _ in 0..3 {
            assert_eq!(keys(&bucket.store).await, ["a.prompt", "b.prompt"]);
        }
        assert_eq!([SHARED, NONE].map(|warning| log.count(warning)), warnings);
    }
}

/// For example an object that is archived, or encrypted with a disabled key. Other requests succeed.
#[tokio::test]
async fn that_refuses_one_object_says_so() {
    let bucket = Bucket::start().await;
    bucket.put("a.prompt", b"a");
    let a = list(&bucket.store).await.remove(0);
    for (status, code) in [
        (400, "InvalidRequest"),
        (400, "KMS.DisabledException"),
        (403, "InvalidObjectState"),
        (405, "MethodNotAllowed"),
        (501, "NotImplemented"),
    ] {
        bucket.s3.set_fault(Some(Fault::RefuseKey("prompts/a.prompt".into(), status, code)));
        let refused = bucket.store.get(&a).await;
        assert!(matches!(&refused, Err(StoreError::Refused(text)) if text.contains(code)), "{refused:?}");
    }
    for (status, code) in [(400, "RequestTimeout"), (429, "TooManyRequests"), (500, "InternalError")] {
        bucket.s3.set_fault(Some(Fault::RefuseKey("prompts/a.prompt".into(), status, code)));
        assert_unavailable(bucket.store.get(&a).await);
    }
}

#[tokio::test]
async fn whose_listing_never_ends_is_unavailable() {
    fn endless(xml: String) -> String {
        let start = xml.find("<NextContinuationToken>").unwrap();
        let end = xml.find("</NextContinuationToken>").unwrap();
        xml.replace(&xml[start..end], "<NextContinuationToken>61")
    }
    let bucket = Bucket::start().await;
    for key in ["a", "b", "c"] {
        bucket.put(key, b"x");
    }
    bucket.s3.set_page_size(1);
    bucket.s3.set_fault(Some(Edit::list(endless)));
    assert_unavailable(bucket.store.list().await);
    assert!(bucket.s3.requests().list < 10, "{:?}", bucket.s3.requests());
}

#[tokio::test]
async fn is_not_listed_in_part_when_a_later_page_fails() {
    let bucket = Bucket::start().await;
    for key in ["a", "b", "c"] {
        bucket.put(key, b"x");
    }
    bucket.s3.set_page_size(1);
    bucket.s3.set_fault(Some(Fault::SlowDownAfter(2)));
    assert_unavailable(bucket.store.list().await);
    assert_eq!(bucket.s3.requests().list, 2 + 3, "two pages and three attempts at the third");
}

#[tokio::test]
async fn shows_only_objects_below_the_prefix() {
    let bucket = Bucket::start().await;
    let others = ["a.prompt", "prompts", "prompts-old/b.prompt", "prompts.prompt", "x/prompts/c.prompt"];
    for key in others {
        bucket.s3.put(key, "outside");
    }
    bucket.put("d.prompt", b"inside");
    bucket.put("prompts/e.prompt", b"inside");
    bucket.s3.set_page_size(2);
    assert_eq!(keys(&bucket.store).await, ["d.prompt", "prompts/e.prompt"]);
    assert_eq!(bucket.s3.requests().list, 1, "S3 leaves out the others");
    assert_eq!(read(&bucket.store, "d.prompt").await.unwrap(), "inside");
    assert_eq!(read(&bucket.store, "prompts/e.prompt").await.unwrap(), "inside");
}

#[tokio::test]
async fn is_shown_whole_without_a_prefix() {
    let bucket = Bucket::start().await;
    bucket.put("b.prompt", b"b");
    bucket.s3.put("a.prompt", "a");
    let store = S3Store::new(bucket.s3.client_config(), S3Server::BUCKET, "");
    assert_eq!(keys(&store).await, ["a.prompt", "prompts/b.prompt"]);
    assert_eq!(read(&store, "prompts/b.prompt").await.unwrap(), "b");
}

#[tokio::test]
async fn may_have_a_prefix_of_any_characters() {
    let s3 = S3Server::start().await;
    for prefix in ["a b+c%d/é–✓/", "no-slash"] {
        s3.put(&format!("{prefix}x.prompt"), "x");
        let store = S3Store::new(s3.client_config(), S3Server::BUCKET, prefix);
        assert_eq!(keys(&store).await, ["x.prompt"], "{prefix}");
        assert_eq!(read(&store, "x.prompt").await.unwrap(), "x", "{prefix}");
    }
}

/// Objects have keys, not paths.
#[tokio::test]
async fn may_have_keys_that_would_be_other_paths() {
    let bucket = Bucket::start().await;
    let sorted = ["../up.prompt", "./here.prompt", "/slash.prompt", "a/../b.prompt", "a//b.prompt"];
    for key in sorted {
        bucket.put(key, key.as_bytes());
    }
    assert_eq!(keys(&bucket.store).await, sorted);
    for key in sorted {
        assert_eq!(read(&bucket.store, key).await.unwrap(), key);
    }
}

#[tokio::test]
async fn may_have_control_characters_in_its_keys() {
    let bucket = Bucket::start().await;
    let sorted = ["\u{1}\u{b}.prompt", "a\tb\r\n.prompt", "a b+c%2B%.prompt", "z\u{7f}\u{fffe}.prompt"];
    for key in sorted {
        bucket.put(key, key.as_bytes());
    }
    for fault in [None, Some(Fault::PlainKeys)] {
        bucket.s3.set_fault(fault.clone());
        assert_eq!(keys(&bucket.store).await, sorted, "{fault:?}");
        for key in sorted {
            assert_eq!(read(&bucket.store, key).await.unwrap(), key, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn has_its_objects_inflated() {
    let bucket = Bucket::start().await;
    let put = |key: &str, content: &[u8], encoding: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        bucket.s3.put_encoded(&format!("{PREFIX}{key}"), encoder.finish().unwrap(), encoding);
    };
    put("a.prompt", b"Hello {{name}}", "gzip");
    put("bomb.prompt", &vec![b'x'; 8 * 1024 * 1024], "gzip");
    put("c.prompt", b"packed otherwise", "br");
    let listed = list(&bucket.store).await;
    assert_ne!(listed[0].size, 14, "its size is that of what is stored");
    assert_eq!(bucket.store.get(&listed[0]).await.unwrap(), "Hello {{name}}");
    for (object, says) in [(&listed[1], "inflates to more than"), (&listed[2], "Content-Encoding: br")] {
        let refused = bucket.store.get(object).await.unwrap_err().to_string();
        assert!(refused.contains(says) && refused.contains(&object.key), "{refused}");
    }
}

#[tokio::test]
async fn does_not_find_an_object_replaced_after_it_was_listed() {
    let bucket = Bucket::start().await;
    bucket.put("a.prompt", b"old");
    let listed = list(&bucket.store).await;
    bucket.put("a.prompt", b"new");
    assert_not_found(bucket.store.get(&listed[0]).await);
}

#[test]
fn is_called_by_its_address() {
    let config = Builder::new().behavior_version_latest().region(Region::new("eu-central-1"));
    assert_eq!(S3Store::new(config, "team", "prompts/").location(), "s3://team/prompts/");
}
