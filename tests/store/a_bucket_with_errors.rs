//! Tests of a bucket that is missing, denies access, or does not answer.

use aws_sdk_s3::config::Credentials;
use store::{PromptStore, S3Store, StoreError};

use crate::s3::{Fault, S3Server};
use crate::waiting::PATIENCE;
use crate::{Bucket, Fixture, PREFIX, assert_denied, assert_not_found, assert_unavailable, list, object};

#[tokio::test]
async fn that_does_not_exist_is_not_found() {
    let s3 = S3Server::start().await;
    let store = S3Store::new(s3.client_config(), "another-bucket", PREFIX);
    assert_not_found(store.list().await);
    assert_not_found(store.get(&object("a.prompt", "\"0\"")).await);
}

#[tokio::test]
async fn is_denied_with_a_wrong_secret_or_an_unknown_key() {
    let bucket = Bucket::start().await;
    bucket.put("a.prompt", b"a");
    let a = list(&bucket.store).await.remove(0);
    for (id, secret) in [(S3Server::ACCESS_KEY, "wrong"), ("AKIDSOMEONEELSE", S3Server::SECRET_KEY)] {
        let wrong = Credentials::new(id, secret, None, None, "tests");
        let store = S3Store::new(bucket.s3.client_config().credentials_provider(wrong), S3Server::BUCKET, PREFIX);
        assert_denied(store.list().await);
        assert_denied(store.get(&a).await);
    }
}

#[tokio::test]
async fn that_denies_access_is_denied_and_not_asked_twice() {
    let bucket = Bucket::start().await;
    bucket.put("a.prompt", b"a");
    bucket.put("b.prompt", b"b");
    let listed = list(&bucket.store).await;

    bucket.s3.set_fault(Some(Fault::DenyKey("prompts/a.prompt".into())));
    assert_denied(bucket.store.get(&listed[0]).await);
    assert_eq!(bucket.store.get(&listed[1]).await.unwrap(), "b");

    bucket.s3.set_fault(Some(Fault::AccessDenied));
    let before = bucket.s3.requests();
    assert_denied(bucket.store.list().await);
    assert_denied(bucket.store.get(&listed[1]).await);
    assert_eq!(bucket.s3.requests().total, before.total + 2);
}

#[tokio::test]
async fn that_is_throttled_is_unavailable_after_three_attempts() {
    let bucket = Bucket::start().await;
    bucket.put("a.prompt", b"a");
    let a = list(&bucket.store).await.remove(0);
    bucket.s3.set_fault(Some(Fault::SlowDown));
    let before = bucket.s3.requests();
    assert_unavailable(bucket.store.list().await);
    assert_unavailable(bucket.store.get(&a).await);
    let after = bucket.s3.requests();
    assert_eq!((after.list, after.get), (before.list + 3, before.get + 3));
}

#[tokio::test]
async fn with_a_passing_error_is_asked_again() {
    let bucket = Bucket::start().await;
    bucket.put("a.prompt", b"a");
    bucket.s3.set_fault(Some(Fault::InternalErrorTimes(1)));
    let listed = list(&bucket.store).await;
    assert_eq!(listed.len(), 1);
    bucket.s3.set_fault(Some(Fault::InternalErrorTimes(1)));
    assert_eq!(bucket.store.get(&listed[0]).await.unwrap(), "a");
    assert_eq!(bucket.s3.requests().total, 4);
}

#[tokio::test]
async fn that_disconnects_is_unavailable() {
    let bucket = Bucket::start().await;
    bucket.put("a.prompt", b"a");
    let a = list(&bucket.store).await.remove(0);
    bucket.s3.set_fault(Some(Fault::Disconnect));
    assert_unavailable(bucket.store.list().await);
    assert_unavailable(bucket.store.get(&a).await);
    bucket.s3.set_fault(None);
    assert_eq!(list(&bucket.store).await, [a], "and is there again when it is over");
}

#[tokio::test]
async fn that_is_nowhere_is_unavailable() {
    let bucket = Bucket::start().await;
    let Bucket { s3, store } = bucket;
    drop(s3);
    assert_unavailable(store.list().await);
    assert_unavailable(store.get(&object("a.prompt", "\"0\"")).await);
}

#[tokio::test]
async fn that_breaks_off_in_the_middle_of_an_object_is_unavailable() {
    let bucket = Bucket::start().await;
    bucket.put("a.prompt", b"half of this is no prompt");
    let a = list(&bucket.store).await.remove(0);
    bucket.s3.set_fault(Some(Fault::CutBody));
    assert_unavailable(bucket.store.get(&a).await);
}

/// This test lasts 6 seconds, the time limit of a file.
#[tokio::test]
async fn that_does_not_answer_is_given_up_and_unavailable() {
    let (silent, stalled) = (Bucket::start().await, Bucket::start().await);
    stalled.put("a.prompt", b"half of this is no prompt");
    let a = list(&stalled.store).await.remove(0);
    silent.s3.set_fault(Some(Fault::Hang));
    stalled.s3.set_fault(Some(Fault::StallBody));
    let answers = async {
        tokio::join!(
            silent.store.list(),
            silent.store.get(&a), // it hangs all the same
            stalled.store.get(&a),
        )
    };
    let (list, get, half) = tokio::time::timeout(PATIENCE, answers).await.expect("an end");
    assert_unavailable(list);
    assert_unavailable(get);
    assert_unavailable(half);
}

#[tokio::test]
async fn no_error_tells_a_secret() {
    let bucket = Bucket::start().await;
    bucket.put("a.prompt", b"half of this is no prompt");
    let a = list(&bucket.store).await.remove(0);
    let mut errors = Vec::new();
    for fault in [Fault::SlowDown, Fault::AccessDenied, Fault::InternalErrorTimes(usize::MAX), Fault::Disconnect] {
        bucket.s3.set_fault(Some(fault));
        errors.push(bucket.store.list().await.unwrap_err());
        errors.push(bucket.store.get(&a).await.unwrap_err());
    }
    bucket.s3.set_fault(Some(Fault::CutBody));
    errors.push(bucket.store.get(&a).await.unwrap_err());
    bucket.s3.set_fault(None);
    for (id, name) in [(S3Server::ACCESS_KEY, "another-bucket"), ("AKIDSOMEONEELSE", S3Server::BUCKET)] {
        let credentials = Credentials::new(id, S3Server::SECRET_KEY, Some("session-token".into()), None, "tests");
        let store = S3Store::new(bucket.s3.client_config().credentials_provider(credentials), name, PREFIX);
        errors.push(store.list().await.unwrap_err());
        errors.push(store.get(&a).await.unwrap_err());
    }
    let credentials =
        Credentials::new(S3Server::ACCESS_KEY, S3Server::SECRET_KEY, Some("session-token".into()), None, "tests");
    let expired = S3Store::new(bucket.s3.client_config().credentials_provider(credentials), S3Server::BUCKET, PREFIX);
    bucket.s3.set_fault(Some(Fault::ExpiredToken));
    let error = expired.list().await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Denied(text) if text.contains("ExpiredToken: The provided token has")),
        "{error}"
    );
    errors.push(error);
    errors.push(expired.get(&a).await.unwrap_err());
    drop(bucket.s3);
    errors.push(bucket.store.list().await.unwrap_err());

    for error in errors {
        let text = format!("{error}\n{error:?}");
        assert!(text.contains("s3://"), "it says what was asked for: {text}");
        for secret in [S3Server::SECRET_KEY, "session-token", "AWS4-HMAC-SHA256"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}
