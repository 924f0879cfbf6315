//! A bucket over TLS: only the certificates that this machine trusts are trusted.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::s3::S3Server;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Serves `s3` over TLS until the test ends: the address.
async fn over_tls(s3: &S3Server, authority: &Authority) -> String {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, acceptor) = (listener.local_addr().unwrap(), TlsAcceptor::from(Arc::new(config)));
    let behind = s3.endpoint().strip_prefix("http://").unwrap().to_owned();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let (acceptor, behind) = (acceptor.clone(), behind.clone());
            tokio::spawn(async move {
                // A client that does not trust the certificate hangs up.
                if let Ok(mut open) = acceptor.accept(socket).await {
                    let mut behind = TcpStream::connect(behind).await.unwrap();
                    let _ = copy_bidirectional(&mut open, &mut behind).await;
                }
            });
        }
    });
    format!("https://localhost:{}", address.port())
}

/// A bucket with one prompt, served over TLS, and a file of trusted certificates.
struct Bucket {
    s3: S3Server,
    endpoint: String,
    trusted: TempDir,
}

impl Bucket {
    async fn start() -> Self {
        let s3 = S3Server::start().await;
        s3.put("prompts/hello.prompt", "Hello!");
        let authority = authority();
        let endpoint = over_tls(&s3, &authority).await;
        let bucket = Self { s3, endpoint, trusted: tempfile::tempdir().unwrap() };
        fs::write(bucket.trusted(), authority.pem()).unwrap();
        bucket
    }

    fn trusted(&self) -> PathBuf {
        self.trusted.path().join("trusted.pem")
    }

    /// `prompt-gallery list`: its exit code, and what it prints.
    async fn list(&self, env: &[(&str, &str)]) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"));
        command.args(["list", "--bucket", S3Server::BUCKET]).env_clear().envs([
            ("AWS_ENDPOINT_URL_S3", self.endpoint.as_str()),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", S3Server::ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", S3Server::SECRET_KEY),
        ]);
        command.env("SSL_CERT_FILE", self.trusted()).envs(env.iter().copied());
        let Output { status, stdout, stderr } =
            tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        (status.code(), String::from_utf8([stdout, stderr].concat()).unwrap())
    }
}

#[tokio::test]
async fn a_bucket_over_https_is_read_where_its_certificate_is_trusted() {
    let bucket = Bucket::start().await;
    let (code, listed) = bucket.list(&[]).await;
    assert_eq!(code, Some(0), "{listed}");
    assert!(listed.contains("hello"), "{listed}");

    fs::write(bucket.trusted(), authority().pem()).unwrap();
    let asked = bucket.s3.requests();
    let (code, refused) = bucket.list(&[]).await;
    assert_eq!(code, Some(2), "{refused}");
    assert!(refused.contains("invalid peer certificate"), "{refused}");

    fs::remove_file(bucket.trusted()).unwrap();
    let (code, without) = bucket.list(&[]).await;
    assert_eq!(code, Some(2), "{without}");
    assert!(without.contains("no root certificates"), "{without}");
    assert_eq!(bucket.s3.requests(), asked, "no request was sent");
}

/// A proxy that opens tunnels, and counts them.
async fn proxy(tunnels: &Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, tunnels) = (listener.local_addr().unwrap(), Arc::clone(tunnels));
    tokio::spawn(async move {
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            let tunnels = Arc::clone(&tunnels);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(near.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                assert!(head.contains("Basic dXNlcjpwYXNz"), "it says who it is: {head}");
                let to = head.strip_prefix("CONNECT ").unwrap().split(' ').next().unwrap();
                let mut far = TcpStream::connect(to).await.unwrap();
                near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                tunnels.fetch_add(1, Ordering::Relaxed);
                let _ = copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    format!("http://user:pass@{address}")
}

#[tokio::test]
async fn https_goes_through_the_proxy_that_is_set() {
    let bucket = Bucket::start().await;
    let tunnels = Arc::new(AtomicUsize::new(0));
    let proxy = proxy(&tunnels).await;

    let (code, listed) = bucket.list(&[("HTTPS_PROXY", &proxy)]).await;
    assert_eq!(code, Some(0), "{listed}");
    let through = tunnels.load(Ordering::Relaxed);
    assert!(through > 0);

    let (code, listed) = bucket.list(&[("HTTPS_PROXY", &proxy), ("NO_PROXY", "localhost")]).await;
    assert_eq!(code, Some(0), "{listed}");
    assert_eq!(tunnels.load(Ordering::Relaxed), through, "not where NO_PROXY says otherwise");

    // A proxy that does not answer, one whose password is not a valid part of a URL, and a proxy of another kind.
    for (proxy, says) in [
        ("http://user:pa@ss@127.0.0.1:1", "the proxy of HTTPS_PROXY or ALL_PROXY: "),
        (
            "socks5://user:pass@127.0.0.1:1",
            "the proxy in HTTPS_PROXY or ALL_PROXY must have an address with http: or https:",
        ),
    ] {
        let (code, refused) = bucket.list(&[("HTTPS_PROXY", proxy)]).await;
        assert_eq!(code, Some(2), "{refused}");
        assert!(refused.contains(says), "{refused}");
        assert!(!["user", "ss@", "pass"].iter().any(|secret| refused.contains(secret)), "{refused}");
    }
    let (code, listed) = bucket.list(&[("HTTPS_PROXY", "http://")]).await;
    assert_eq!(code, Some(0), "what is no address is not used: {listed}");
    assert!(listed.contains("HTTPS_PROXY is not used: expected the address of a proxy"), "{listed}");
}
