//! A floor: a Lambda function that answers a constant, which is the content of $FLOOR_FILE if that is set.

use std::env::var_os;
use std::fs::read_to_string;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let answer = match var_os("FLOOR_FILE") {
        Some(path) => read_to_string(path)?,
        None => r#"{"jsonrpc":"2.0","id":1,"result":{"floor":true}}"#.to_string(),
    };
    bench::serve(move || std::future::ready(answer.clone())).await
}
