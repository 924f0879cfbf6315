//! A floor: one GetObject of $FLOOR_KEY by aws-sdk-s3, its text answered as JSON.

use std::env::var;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let (id, secret) = (var("AWS_ACCESS_KEY_ID")?, var("AWS_SECRET_ACCESS_KEY")?);
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(var("AWS_REGION")?))
        .credentials_provider(Credentials::new(id, secret, var("AWS_SESSION_TOKEN").ok(), None, "env"))
        .endpoint_url(var("AWS_ENDPOINT_URL_S3")?)
        .force_path_style(true)
        .build();
    let s3 = aws_sdk_s3::Client::from_conf(config);
    let (bucket, key) = (var("BUCKET_NAME")?, var("FLOOR_KEY")?);
    bench::serve(move || {
        let get = s3.get_object().bucket(&bucket).key(&key);
        async move {
            let data = get.send().await.expect("GetObject").body.collect().await.expect("body").into_bytes();
            let text = std::str::from_utf8(&data).expect("text");
            // Room for some escapes, so that a large text is not copied once more.
            let mut json = Vec::with_capacity(data.len() + data.len() / 8 + 64);
            json.extend_from_slice(br#"{"jsonrpc":"2.0","id":1,"result":{"text":"#);
            serde_json::to_writer(&mut json, text).expect("JSON");
            json.extend_from_slice(b"}}");
            String::from_utf8(json).expect("JSON")
        }
    })
    .await
}
