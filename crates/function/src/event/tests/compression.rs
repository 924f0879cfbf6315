//! Compressed answers, as API Gateway gets them.

use super::*;

fn accepting(event: &str, accepted: Option<&str>) -> String {
    changed(event, |event| {
        let headers = event["headers"].as_object_mut().unwrap();
        headers.remove("accept-encoding");
        headers.extend(accepted.map(|accepted| ("accept-encoding".to_owned(), accepted.into())));
    })
}

fn call(id: &Value, method: &str, params: &Value) -> String {
    let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string();
    changed(event!("tools_call"), |event| event["body"] = body.into())
}

fn gallery_of(count: usize) -> TempDir {
    let files: Vec<_> = (0..count)
        .map(|number| {
            let text = format!("---\ndescription: Reviews part {number}.\n---\nReview {{{{topic}}}} of {{{{name}}}}.");
            (format!("review-{number:03}.prompt"), text)
        })
        .collect();
    let files: Vec<(&str, String)> = files.iter().map(|(name, text)| (&**name, text.clone())).collect();
    folder(&files)
}

#[tokio::test]
async fn a_page_is_a_fifth_of_its_bytes_for_a_client_that_takes_gzip() {
    let dir = gallery_of(500);
    let router = router(&dir, &[]);
    // The second is made of the part that is kept.
    for id in [json!(1), json!("\"second\"")] {
        let event = call(&id, "prompts/list", &json!({}));
        let (plain, text) = of(router.clone(), &accepting(&event, None)).await;
        let (zipped, gzip) = of(router.clone(), &accepting(&event, Some("br, zstd;q=0.9, gzip;q=0.8"))).await;
        assert!(!plain.is_base64 && zipped.is_base64);
        assert_eq!(
            (zipped.status, &zipped.headers[CONTENT_TYPE]),
            (StatusCode::OK, &"application/json".parse().unwrap())
        );
        assert_eq!(
            (plain.headers.get(CONTENT_ENCODING), &zipped.headers[CONTENT_ENCODING]),
            (None, &"gzip".parse().unwrap())
        );
        for answer in [&plain, &zipped] {
            assert_eq!(answer.headers[VARY], "Accept-Encoding");
        }
        assert!(gzip.len() * 5 < text.len(), "{} of {}", gzip.len(), text.len());
        assert_eq!(unpacked(&gzip), text);
        assert_eq!(serde_json::from_slice::<Value>(&text).unwrap()["id"], id);
    }
}

#[tokio::test]
async fn a_rendered_prompt_a_refusal_and_the_app_are_compressed_too() {
    let dir = folder(&[("long.prompt", "{{name}} reads a long text. ".repeat(200))]);
    let router = router(&dir, &[]);
    let unknown: String = "x".repeat(2000);
    for event in [
        call(&json!(1), "prompts/get", &json!({ "name": "long", "arguments": { "name": "Ada" } })),
        call(&json!(2), "tools/list", &json!({})),
        call(&json!(3), "tools/call", &json!({ "name": "open_gallery", "arguments": {} })),
        call(&json!(4), "resources/read", &json!({ "uri": "ui://prompt-gallery/gallery.html" })),
        call(&json!(unknown), "prompts/get", &json!({ "name": "unknown" })),
    ] {
        let (_, text) = of(router.clone(), &accepting(&event, None)).await;
        let (zipped, gzip) = of(router.clone(), &accepting(&event, Some("gzip"))).await;
        if text.len() < 1024 {
            assert_eq!(gzip, text);
            continue;
        }
        assert!(zipped.is_base64 && gzip.len() < text.len(), "{event}");
        assert_eq!(unpacked(&gzip), text);
    }
}

#[tokio::test]
async fn a_small_answer_and_another_coding_change_no_byte() {
    let dir = gallery_of(30);
    let router = router(&dir, &[]);
    let list = call(&json!(1), "prompts/list", &json!({}));
    let (_, text) = of(router.clone(), &accepting(&list, None)).await;
    for other in ["br", "zstd, deflate", "identity", "gzip;q=0", "*;q=0", "", "identity, gzip;q=0.5", "gzip;q=nan"] {
        let (answer, body) = of(router.clone(), &accepting(&list, Some(other))).await;
        assert!(!answer.is_base64 && body == text, "{other}");
        assert_eq!(
            (answer.headers.get(CONTENT_ENCODING), &answer.headers[VARY]),
            (None, &"Accept-Encoding".parse().unwrap())
        );
    }
    for small in
        [event!("tools_call"), event!("initialize"), event!("get_mcp"), event!("get_health"), event!("notification")]
    {
        let (plain, text) = of(router.clone(), &accepting(small, None)).await;
        let (zipped, body) = of(router.clone(), &accepting(small, Some("gzip"))).await;
        assert_eq!((plain.status, &plain.headers, plain.is_base64), (zipped.status, &zipped.headers, zipped.is_base64));
        assert!(body == text || small == event!("initialize"));
    }
}

#[tokio::test]
async fn vary_names_what_both_origins_and_codings_depend_on() {
    let dir = gallery_of(30);
    let router = router(&dir, &[("ALLOWED_ORIGINS", "https://app.example.com")]);
    let event = changed(&call(&json!(1), "prompts/list", &json!({})), |event| {
        event["headers"]["origin"] = "https://app.example.com".into();
        event["headers"]["accept-encoding"] = "gzip".into();
    });
    let (answer, _) = of(router, &event).await;
    let vary = answer.headers[VARY].to_str().unwrap().to_lowercase();
    let named: Vec<_> = vary.split(',').map(str::trim).collect();
    assert!(named.contains(&"origin") && named.contains(&"accept-encoding"), "{vary}");
}
