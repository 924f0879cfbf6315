//! One connection to a server: it asks, and reads the answers.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The result of a request, or why there is none.
pub(crate) type Outcome = Result<Value, String>;

/// A connection that is kept as long as the server keeps it.
pub(crate) struct Client {
    address: String,
    stream: TcpStream,
}

/// A JSON-RPC request.
pub(crate) fn call(method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}

/// The HTTP request with this body.
pub(crate) fn request(address: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

impl Client {
    pub(crate) async fn connect(address: &str) -> Self {
        Self { address: address.to_owned(), stream: connect(address).await }
    }

    /// Sends a request and reads its answer. After a failure of the connection, the next request has another one.
    pub(crate) async fn ask(&mut self, body: &str) -> Outcome {
        let answer = timeout(PATIENCE, self.exchange(body)).await.unwrap_or_else(|_| Err("no answer".to_owned()));
        let answer = match answer {
            Ok(answer) => answer,
            Err(cause) => {
                self.stream = connect(&self.address).await;
                return Err(cause);
            }
        };
        let message: Value = serde_json::from_str(&answer).map_err(|e| format!("{e}: {answer}"))?;
        match message.get("result") {
            Some(result) => Ok(result.clone()),
            None => Err(answer),
        }
    }

    /// The body of the answer.
    async fn exchange(&mut self, body: &str) -> Result<String, String> {
        self.stream.write_all(request(&self.address, body).as_bytes()).await.map_err(|e| format!("write: {e}"))?;
        let mut read = Vec::new();
        let head = loop {
            if let Some(at) = read.windows(4).position(|end| end == b"\r\n\r\n") {
                break String::from_utf8_lossy(&read.drain(..at + 4).collect::<Vec<u8>>()).into_owned();
            }
            self.read(&mut read).await?;
        };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize =
            length.and_then(|length| length.parse().ok()).ok_or_else(|| format!("no length: {head}"))?;
        while read.len() < length {
            self.read(&mut read).await?;
        }
        if !head.starts_with("HTTP/1.1 200 ") {
            return Err(format!("{head}{}", String::from_utf8_lossy(&read)));
        }
        String::from_utf8(read).map_err(|e| e.to_string())
    }

    async fn read(&mut self, read: &mut Vec<u8>) -> Result<(), String> {
        match self.stream.read_buf(read).await {
            Ok(0) => Err("the server has closed the connection".to_owned()),
            Ok(_) => Ok(()),
            Err(e) => Err(format!("read: {e}")),
        }
    }
}

async fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("an open socket");
    stream
}
