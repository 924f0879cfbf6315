//! The program in a process of its own, and what it uses.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::sleep;

use crate::s3::S3Server;

/// A server over the bucket of a test, ended when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: String,
}

/// What a process uses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Resident.
    pub(crate) memory_mb: f64,
    pub(crate) descriptors: usize,
}

impl Process {
    pub(crate) async fn start(s3: &S3Server, ttl: &str) -> Self {
        let endpoint = s3.endpoint();
        let mut child = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"))
            .args(["--bucket", S3Server::BUCKET, "--addr", "127.0.0.1:0"])
            .env_clear()
            .envs([
                ("AWS_ENDPOINT_URL_S3", endpoint.as_str()),
                ("AWS_REGION", "eu-central-1"),
                ("AWS_ACCESS_KEY_ID", S3Server::ACCESS_KEY),
                ("AWS_SECRET_ACCESS_KEY", S3Server::SECRET_KEY),
                ("CACHE_TTL_SECONDS", ttl),
                ("RUST_LOG", "warn"),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let greeting = lines.next().expect("a greeting").expect("text");
        let (_, address) = greeting.split_once("at http://").expect("an address");
        let address = address.trim_end_matches("/mcp").to_owned();
        let process = Self { child, address };
        // It opens connections to the store when it has to.
        sleep(Duration::from_secs(1)).await;
        process
    }

    pub(crate) fn usage(&self) -> Usage {
        let process = format!("/proc/{}", self.child.id());
        let status = fs::read_to_string(format!("{process}/status")).expect("it runs");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        let kib: f64 = resident.trim().trim_end_matches(" kB").parse().expect("a number");
        let descriptors = fs::read_dir(format!("{process}/fd")).expect("it runs").count();
        Usage { memory_mb: kib / 1024.0, descriptors }
    }

    /// The usage once there are no more descriptors than before, or some seconds later.
    pub(crate) async fn settled(&self, descriptors: usize) -> Usage {
        for _ in 0..100 {
            if self.usage().descriptors <= descriptors {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        self.usage()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Usage {
    /// Such as `20 → 45 → 46 MB`.
    pub(crate) fn memory_of(usages: &[Self]) -> String {
        let sizes: Vec<_> = usages.iter().map(|usage| format!("{:.0}", usage.memory_mb)).collect();
        format!("{} MB", sizes.join(" → "))
    }

    pub(crate) fn descriptors_of(usages: &[Self]) -> String {
        let counts: Vec<_> = usages.iter().map(|usage| usage.descriptors.to_string()).collect();
        counts.join(" → ")
    }
}
