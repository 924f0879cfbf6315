//! The counter of requests to S3.

use store::{PromptStore, counting_requests};

use crate::s3::Fault;
use crate::{Bucket, Fixture, Folder};

#[tokio::test]
async fn counts_pages_reads_and_retries() {
    let bucket = Bucket::start().await;
    for key in ["a", "b", "c", "d", "e"] {
        bucket.put(key, b"x");
    }
    bucket.s3.set_page_size(2);
    let (listed, count) = counting_requests(bucket.store.list()).await;
    let objects = listed.unwrap();
    assert_eq!(count, 3, "three pages");

    let (read, count) = counting_requests(bucket.store.get(&objects[0])).await;
    assert_eq!((read.unwrap().as_ref(), count), (b"x".as_slice(), 1), "one object");

    bucket.s3.set_fault(Some(Fault::InternalErrorTimes(2)));
    let (listed, count) = counting_requests(bucket.store.list()).await;
    assert_eq!((listed.unwrap().len(), count), (5, 5), "three pages and two retries");

    bucket.s3.set_fault(Some(Fault::SlowDown));
    let (read, count) = counting_requests(bucket.store.get(&objects[0])).await;
    assert!(read.is_err());
    assert_eq!(count, 3, "three attempts");
    assert_eq!(bucket.s3.requests().total, 3 + 1 + 5 + 3, "nothing goes uncounted");
}

#[tokio::test]
async fn counts_attempts_that_no_server_receives() {
    let Bucket { s3, store } = Bucket::start().await;
    drop(s3);
    let (listed, count) = counting_requests(store.list()).await;
    assert!(listed.is_err());
    assert_eq!(count, 3);
}

#[tokio::test]
async fn tells_requests_apart_that_run_at_once() {
    let bucket = Bucket::start().await;
    for key in ["a", "b", "c"] {
        bucket.put(key, b"x");
    }
    bucket.s3.set_page_size(1);
    let store = &bucket.store;
    let twice = async { (store.list().await, store.list().await) };
    let ((_, one), (_, two), ((), none)) =
        tokio::join!(counting_requests(store.list()), counting_requests(twice), counting_requests(async {}));
    assert_eq!((one, two, none), (3, 6, 0));
}

#[tokio::test]
async fn counts_nothing_for_a_folder() {
    let folder = Folder::new();
    folder.put("a.prompt", b"a");
    assert_eq!(counting_requests(folder.store.list()).await.1, 0);
}
