//! The S3 server of the benchmark: the s3s crate's S3 protocol (SigV4 checked, S3 XML) over memory, filled from
//! ROOT/<bucket>/<key>: `s3mem PORT ROOT [DELAY_MS]`. The delay is added to every S3 request. What is put stays in
//! memory.
//!
//! | path | answers |
//! |---|---|
//! | `/__count` | the number of S3 requests so far |
//! | `/__reset` | 0, and `/__depth` begins anew |
//! | `/__depth` | the length of the longest chain of requests of which each arrived after the one before had ended |
//!
//! The depth means something only with a delay. Without one, requests sent side by side are served one after the other,
//! since one thread serves them all.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs};

use bytes::Bytes;
use http_body_util::BodyExt;
use md5::{Digest, Md5};
use s3s::{S3, S3Request, S3Response, S3Result, dto::*, s3_error};

struct Object {
    data: Bytes,
    etag: String,
    modified: SystemTime,
}

impl Object {
    fn new(data: Bytes, modified: SystemTime) -> Self {
        let etag = Md5::digest(&data).iter().map(|b| format!("{b:02x}")).collect();
        Self { data, etag, modified }
    }
}

type Bucket = BTreeMap<String, Object>;

/// Buckets by name. No method awaits while it has the lock.
struct Memory(RwLock<HashMap<String, Bucket>>);

impl Memory {
    fn load(root: &Path) -> Self {
        let mut buckets = HashMap::new();
        for entry in fs::read_dir(root).unwrap().map(Result::unwrap) {
            let bucket = buckets.entry(entry.file_name().to_string_lossy().into()).or_default();
            load(&entry.path(), "", bucket);
        }
        Self(RwLock::new(buckets))
    }

    fn bucket<T>(&self, name: &str, read: impl FnOnce(&Bucket) -> S3Result<T>) -> S3Result<T> {
        read(self.0.read().unwrap().get(name).ok_or_else(|| s3_error!(NoSuchBucket))?)
    }

    fn object<T>(&self, bucket: &str, key: &str, read: impl FnOnce(&Object) -> S3Result<T>) -> S3Result<T> {
        self.bucket(bucket, |objects| read(objects.get(key).ok_or_else(|| s3_error!(NoSuchKey))?))
    }
}

fn load(dir: &Path, prefix: &str, bucket: &mut Bucket) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let key = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            load(&entry.path(), &format!("{key}/"), bucket);
        } else {
            let modified = entry.metadata().unwrap().modified().unwrap();
            bucket.insert(key, Object::new(fs::read(entry.path()).unwrap().into(), modified));
        }
    }
}

#[async_trait::async_trait]
impl S3 for Memory {
    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.bucket(&req.input.bucket, |_| Ok(S3Response::new(HeadBucketOutput::default())))
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        self.object(&req.input.bucket, &req.input.key, |object| {
            Ok(S3Response::new(HeadObjectOutput {
                content_length: Some(object.data.len() as i64),
                e_tag: Some(ETag::Strong(object.etag.clone())),
                last_modified: Some(object.modified.into()),
                ..Default::default()
            }))
        })
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = req.input;
        self.object(&input.bucket, &input.key, |object| {
            if let Some(ETagCondition::ETag(known)) = &input.if_none_match
                && known.value() == object.etag
            {
                return Err(s3_error!(NotModified));
            }
            let mut data = object.data.clone();
            let mut content_range = None;
            if let Some(range) = input.range {
                let range = range.check(data.len() as u64)?;
                content_range = Some(format!("bytes {}-{}/{}", range.start, range.end - 1, data.len()));
                data = data.slice(range.start as usize..range.end as usize);
            }
            Ok(S3Response::new(GetObjectOutput {
                content_length: Some(data.len() as i64),
                content_range,
                e_tag: Some(ETag::Strong(object.etag.clone())),
                last_modified: Some(object.modified.into()),
                body: Some(StreamingBlob::from(s3s::Body::from(data))),
                ..Default::default()
            }))
        })
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = req.input;
        let data = match input.body {
            // The request as a whole was sound so far, so what ends here is the body.
            Some(body) => s3s::Body::from(body).collect().await.map_err(|_| s3_error!(IncompleteBody))?.to_bytes(),
            None => Bytes::new(),
        };
        let object = Object::new(data, SystemTime::now());
        let e_tag = Some(ETag::Strong(object.etag.clone()));

        let mut buckets = self.0.write().unwrap();
        let bucket = buckets.get_mut(&input.bucket).ok_or_else(|| s3_error!(NoSuchBucket))?;
        let there = bucket.get(&input.key);
        match input.if_match {
            None => {}
            Some(ETagCondition::Any) => return Err(s3_error!(NotImplemented)),
            Some(ETagCondition::ETag(expected)) => {
                if there.ok_or_else(|| s3_error!(NoSuchKey))?.etag != expected.value() {
                    return Err(s3_error!(PreconditionFailed));
                }
            }
        }
        match input.if_none_match {
            Some(ETagCondition::ETag(_)) => return Err(s3_error!(NotImplemented)),
            Some(ETagCondition::Any) if there.is_some() => return Err(s3_error!(PreconditionFailed)),
            Some(ETagCondition::Any) | None => {}
        }
        bucket.insert(input.key, object);
        Ok(S3Response::new(PutObjectOutput { e_tag, ..Default::default() }))
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = req.input;
        let prefix = input.prefix.clone().unwrap_or_default();
        let delimiter = input.delimiter.clone().unwrap_or_default();
        let max = input.max_keys.unwrap_or(1000).clamp(0, 1000) as usize;
        let after = input.continuation_token.clone().or(input.start_after.clone()).unwrap_or_default();
        let (mut contents, mut prefixes) = (vec![], Vec::<CommonPrefix>::new());
        let (mut last, mut more) = (String::new(), false);
        self.bucket(&input.bucket, |objects| {
            for (key, object) in objects.range(prefix.clone().max(after.clone())..) {
                let Some(rest) = key.strip_prefix(&prefix) else { break };
                let group = rest.find(&delimiter).filter(|_| !delimiter.is_empty());
                let group = group.map(|at| key[..prefix.len() + at + delimiter.len()].to_string());
                if *key <= after || group.as_ref().is_some_and(|g| *g <= after || *g == last) {
                    continue;
                }
                if contents.len() + prefixes.len() == max {
                    more = true;
                    break;
                }
                last = group.clone().unwrap_or_else(|| key.clone());
                match group {
                    Some(group) => prefixes.push(CommonPrefix { prefix: Some(group) }),
                    None => contents.push(s3s::dto::Object {
                        key: Some(key.clone()),
                        e_tag: Some(ETag::Strong(object.etag.clone())),
                        size: Some(object.data.len() as i64),
                        last_modified: Some(object.modified.into()),
                        ..Default::default()
                    }),
                }
            }
            Ok(())
        })?;
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: input.prefix,
            delimiter: input.delimiter,
            start_after: input.start_after,
            encoding_type: input.encoding_type,
            continuation_token: input.continuation_token,
            key_count: Some((contents.len() + prefixes.len()) as i32),
            max_keys: Some(max as i32),
            is_truncated: Some(more),
            next_continuation_token: more.then_some(last),
            contents: Some(contents),
            common_prefixes: Some(prefixes),
            ..Default::default()
        }))
    }
}

/// What was asked of the server so far.
struct Seen {
    count: u64,
    depth: u64,
    /// When the last request of the chain ended; before the first one, when the chain was begun.
    chain_end: Instant,
}

impl Seen {
    fn reset(&mut self) -> u64 {
        (self.depth, self.chain_end) = (0, Instant::now());
        0
    }

    /// Requests come here in the order of their ends, so the chain that takes each one that fits is a longest one.
    fn ended(&mut self, arrived: Instant) {
        if arrived > self.chain_end {
            (self.depth, self.chain_end) = (self.depth + 1, Instant::now());
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args: Vec<String> = env::args().collect();
    let port: u16 = args[1].parse().unwrap();
    let delay = Duration::from_millis(args.get(3).map_or(0, |ms| ms.parse().unwrap()));
    let mut service = s3s::service::S3ServiceBuilder::new(Memory::load(Path::new(&args[2])));
    service.set_auth(s3s::auth::SimpleAuth::from_single("test", "testtesttest"));
    let service = service.build();
    let seen: &Mutex<Seen> = Box::leak(Box::new(Mutex::new(Seen { count: 0, depth: 0, chain_end: Instant::now() })));

    let answer = move |req: http::Request<hyper::body::Incoming>| {
        let service = service.clone();
        async move {
            let number = match req.uri().path() {
                "/__count" => Some(seen.lock().unwrap().count),
                "/__depth" => Some(seen.lock().unwrap().depth),
                "/__reset" => Some(seen.lock().unwrap().reset()),
                _ => None,
            };
            if let Some(number) = number {
                return Ok(http::Response::new(s3s::Body::from(Bytes::from(number.to_string()))));
            }
            let arrived = Instant::now();
            seen.lock().unwrap().count += 1;
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            let response = hyper::service::Service::call(&service, req).await;
            seen.lock().unwrap().ended(arrived);
            response
        }
    };

    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        socket.set_nodelay(true).unwrap();
        let answer = hyper::service::service_fn(answer.clone());
        tokio::spawn(async move {
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(hyper_util::rt::TokioIo::new(socket), answer)
                .await;
        });
    }
}
