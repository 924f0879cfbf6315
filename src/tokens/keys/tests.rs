//! An issuer that fails, over a real connection, and a clock that the test moves.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::*;

/// The keys of an issuer with one key, named `one`.
struct Issuer {
    keys: Arc<Keys>,
    asked: Arc<AtomicUsize>,
    /// How many of the next requests fail.
    failures: Arc<AtomicUsize>,
    /// How many of the next requests get no answer.
    hanging: Arc<AtomicUsize>,
    /// Requests wait while this is `false`.
    answers: watch::Sender<bool>,
    now: Arc<Mutex<Instant>>,
}

impl Issuer {
    async fn start(caller_timeout: Duration) -> Self {
        Self::with(caller_timeout, PATIENT).await
    }

    async fn with(caller_timeout: Duration, first_fetch_timeout: Duration) -> Self {
        let key = Ed25519KeyPair::generate().expect("a key");
        let x = URL_SAFE_NO_PAD.encode(key.public_key());
        let document = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "one", "x": x }] }).to_string();
        let [asked, failures, hanging] = std::array::from_fn(|_| Arc::new(AtomicUsize::new(0)));
        let answers = watch::Sender::new(true);
        let answer = {
            let (asked, failures, answers) = (Arc::clone(&asked), Arc::clone(&failures), answers.clone());
            let hanging = Arc::clone(&hanging);
            let is_next = |of: &AtomicUsize| {
                of.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
            };
            async move || {
                asked.fetch_add(1, Ordering::SeqCst);
                if is_next(&hanging) {
                    std::future::pending::<()>().await;
                }
                let _ = answers.subscribe().wait_for(|comes| *comes).await;
                let status = if is_next(&failures) { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
                (status, document.clone())
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/keys", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/keys", get(answer))).await });
        let now = Arc::new(Mutex::new(Instant::now()));
        let clock = Arc::clone(&now);
        let keys = Keys {
            caller_timeout,
            first_fetch_timeout,
            now: Box::new(move || *clock.lock().expect("the time")),
            ..Keys::new("https://id.example.com", Some(&url))
        };
        Self { keys: Arc::new(keys), asked, failures, hanging, answers, now }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn fail(&self, times: usize) {
        self.failures.store(times, Ordering::SeqCst);
    }

    fn pass(&self, time: Duration) {
        *self.now.lock().expect("the time") += time;
    }

    async fn get(&self) -> Result<(), NoKey> {
        self.keys.get(Some("one"), Algorithm::EdDSA).await.map(drop)
    }

    /// The pause of a failure.
    async fn refused(&self) -> Duration {
        match self.get().await {
            Err(NoKey::Unavailable(pause)) => pause,
            other => panic!("{other:?}"),
        }
    }
}

/// A caller who waits for whatever comes.
const PATIENT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_first_fetch_that_fails_is_tried_again_at_once() {
    let issuer = Issuer::start(PATIENT).await;
    issuer.fail(1);
    assert_eq!(issuer.get().await, Ok(()));
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_first_fetch_that_hangs_is_tried_again_while_its_caller_waits() {
    let issuer = Issuer::with(PATIENT, Duration::from_secs(1)).await;
    issuer.hanging.store(1, Ordering::SeqCst);
    assert_eq!(issuer.get().await, Ok(()));
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn without_keys_there_are_growing_pauses_between_fetches() {
    let issuer = Issuer::start(PATIENT).await;
    issuer.fail(usize::MAX);
    let mut asked = 2;
    for longest in [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000] {
        let longest = Duration::from_millis(longest);
        let pause = issuer.refused().await;
        assert!((longest / 2..=longest).contains(&pause), "{pause:?} of {longest:?}");
        assert_eq!(issuer.asked(), asked);
        // Nobody asks during the pause, and the last moment of it is told.
        issuer.pass(pause - Duration::from_millis(1));
        assert_eq!(issuer.refused().await, Duration::from_millis(1));
        assert_eq!(issuer.asked(), asked);
        issuer.pass(Duration::from_millis(1));
        asked += 1;
    }
    issuer.fail(0);
    assert_eq!(issuer.get().await, Ok(()));
    assert_eq!(issuer.asked(), asked);
}

#[tokio::test]
async fn many_callers_without_keys_cause_one_fetch_and_one_more() {
    let issuer = Issuer::start(PATIENT).await;
    issuer.fail(usize::MAX);
    issuer.answers.send_replace(false);
    let callers: Vec<_> = std::iter::repeat_with(|| {
        let keys = Arc::clone(&issuer.keys);
        tokio::spawn(async move { keys.get(Some("one"), Algorithm::EdDSA).await.map(drop) })
    })
    .take(20)
    .collect();
    issuer.answers.send_replace(true);
    for caller in callers {
        assert!(matches!(caller.await.expect("an answer"), Err(NoKey::Unavailable(_))));
    }
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_caller_does_not_wait_for_a_fetch_that_hangs_and_the_fetch_goes_on() {
    let issuer = Issuer::start(Duration::from_millis(50)).await;
    issuer.answers.send_replace(false);
    assert_eq!(issuer.refused().await, FIRST_PAUSE);
    assert_eq!(issuer.refused().await, FIRST_PAUSE);
    issuer.answers.send_replace(true);
    while issuer.get().await.is_err() {}
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn with_keys_a_failure_is_not_followed_by_another_attempt_at_once() {
    let issuer = Issuer::start(PATIENT).await;
    assert_eq!(issuer.get().await, Ok(()));
    issuer.fail(usize::MAX);
    let unknown = async || issuer.keys.get(Some("two"), Algorithm::EdDSA).await.map(drop);
    assert_eq!(unknown().await, Err(NoKey::Unknown), "the keys are new");
    issuer.pass(MIN_FETCH_INTERVAL);
    assert_eq!(unknown().await, Err(NoKey::Unavailable(MIN_FETCH_INTERVAL)));
    assert_eq!(issuer.asked(), 2);
    assert_eq!(issuer.get().await, Ok(()), "known keys are used");
    assert_eq!(unknown().await, Err(NoKey::Unavailable(MIN_FETCH_INTERVAL)));
    assert_eq!(issuer.asked(), 2);
}
