//! An S3 server for tests: the protocol by the `s3s` crate (routing, XML, signatures), over
//! objects in memory that a test can change, and with faults that a test can turn on.
//!
//! ```ignore
//! let s3 = S3Server::start().await;
//! s3.put("hello.prompt", "Hello {{name}}");
//! // ... point the program at s3.endpoint(), path-style, with ACCESS_KEY and SECRET_KEY ...
//! s3.set_fault(Some(Fault::SlowDown));
//! ```

#![allow(dead_code, reason = "each test program uses a part of this")]
#![allow(unreachable_pub, reason = "a module of each test program")]
#![allow(clippy::doc_markdown, reason = "the text is full of S3's operations and errors")]

mod bucket;
mod connections;
mod fault;

#[allow(unused_imports, reason = "each test program uses a part of this")]
pub use fault::{Edit, Fault};

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use aws_sdk_s3::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_s3::config::{Credentials, Region};
use bucket::{MAX_PAGE_SIZE, Store};
use bytes::Bytes;
use connections::{is_list, key_of, run};
use http::{Method, Uri};
use tokio::sync::oneshot;

/// An S3 server on 127.0.0.1, stopped when dropped.
///
/// It lives on a thread of its own, with its own runtime. So it goes on answering while the test
/// blocks (waiting for a child process, say), it is gone for certain once dropped, and what `s3s`
/// logs does not end up among the log lines of the program under test.
pub struct S3Server {
    address: SocketAddr,
    store: Store,
    /// Dropping it is the signal to stop.
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl S3Server {
    pub const ACCESS_KEY: &str = "AKIDGALLERYTEST";
    pub const SECRET_KEY: &str = "gallery/test+secret";
    /// The one bucket there is.
    pub const BUCKET: &str = "gallery";

    /// Starts a server with an empty [`BUCKET`](Self::BUCKET), on a free port. It accepts
    /// connections when this returns.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind a local port");
        listener.set_nonblocking(true).expect("set the listener non-blocking");
        let address = listener.local_addr().expect("the listener's address");
        let store = Store::default();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("s3-server".into())
            .spawn({
                let store = store.clone();
                move || run(listener, store, stopped)
            })
            .expect("start the server's thread");
        Self { address, store, stop: Some(stop), thread: Some(thread) }
    }

    /// Where the server is: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Settings of the SDK's client for this server: nothing from the environment, and retries without
    /// a pause.
    pub fn client_config(&self) -> aws_sdk_s3::config::Builder {
        aws_sdk_s3::config::Builder::new()
            .behavior_version_latest()
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new(Self::ACCESS_KEY, Self::SECRET_KEY, None, None, "tests"))
            .endpoint_url(self.endpoint())
            .force_path_style(true)
            .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
            // All clients of a region share one budget of retries, also those of other tests.
            .retry_partition(RetryPartition::new(self.endpoint()))
    }

    /// Puts an object into [`BUCKET`](Self::BUCKET), in place of any that has this key. As in S3,
    /// its ETag is the MD5 of the body.
    pub fn put(&self, key: &str, body: impl Into<Bytes>) {
        self.store.lock().put(key, body.into());
    }

    /// Puts objects as [`put`](Self::put), all at once: no listing shows some of them alone.
    pub fn put_all<'a>(&self, objects: impl IntoIterator<Item = (&'a str, String)>) {
        let mut state = self.store.lock();
        for (key, body) in objects {
            state.put(key, body.into());
        }
    }

    /// Puts an object with a `Content-Encoding`, which says how its body is packed.
    pub fn put_encoded(&self, key: &str, body: impl Into<Bytes>, encoding: &str) {
        let mut state = self.store.lock();
        state.put(key, body.into());
        state.objects.get_mut(key).expect("it was put").encoding = Some(encoding.to_owned());
    }

    /// Deletes an object from [`BUCKET`](Self::BUCKET), if it is there.
    pub fn delete(&self, key: &str) {
        self.store.lock().objects.remove(key);
    }

    /// The content of an object of [`BUCKET`](Self::BUCKET), if it is there.
    pub fn object(&self, key: &str) -> Option<Bytes> {
        self.store.lock().objects.get(key).map(|object| object.body.clone())
    }

    /// The requests so far.
    pub fn requests(&self) -> Requests {
        self.store.lock().requests
    }

    /// Waits until so many requests in all have arrived.
    pub async fn received(&self, total: usize) {
        let mut received = self.store.lock().received.subscribe();
        received.wait_for(|received| *received >= total).await.expect("the server runs");
    }

    /// Puts at most `n` keys and common prefixes on a page of a listing, even if the client asks
    /// for more. (S3, too, may answer fewer than asked for.) The default is 1000.
    pub fn set_page_size(&self, n: usize) {
        assert!(n > 0, "with no keys on a page, a listing would never end");
        self.store.lock().page_size = n.min(MAX_PAGE_SIZE);
    }

    /// Lets requests go wrong from now on, or with `None` go right again. A request that already
    /// hangs goes on hanging.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.store.lock().fault = fault;
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // If the thread panicked, it has said so on stderr, and the test has seen a server
            // that does not answer. Panicking here could only abort a test that already fails.
            let _ = thread.join();
        }
    }
}

/// The number of requests, counted on arrival: refused, unanswered and unsigned requests and each retry count too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// ListObjectsV2, one for each page.
    pub list: usize,
    /// GetObject.
    pub get: usize,
    /// PutObject.
    pub put: usize,
    /// Every HTTP request.
    pub total: usize,
}

impl Requests {
    pub(super) fn count(&mut self, method: &Method, uri: &Uri) {
        self.total += 1;
        if method == Method::GET {
            match key_of(uri) {
                Some(_) => self.get += 1,
                None if is_list(uri) => self.list += 1,
                None => {}
            }
        }
        if method == Method::PUT {
            self.put += 1;
        }
    }
}
