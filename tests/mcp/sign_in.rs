//! Sign-in: which tokens are accepted, the answers to callers without one, and how clients find the sign-in.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use insta::assert_snapshot;
use prompt_gallery::Server;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::yield_now;

use crate::issuer::{Issuer, Key, now, unsigned};
use crate::waiting::eventually;
use crate::wire::{Answer, Wire};

const URL: &str = "https://prompts.example.com/mcp";
const SCOPE: &str = "https://prompts.example.com/mcp/invoke";
const REDIRECTS: &str = "https://claude.ai/api/mcp/auth_callback,http://localhost:6274/oauth/callback";
const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
const METADATA: &str = "resource_metadata=\"https://prompts.example.com/.well-known/oauth-protected-resource/mcp\", \
                        scope=\"https://prompts.example.com/mcp/invoke\"";

/// A server whose callers sign in at `issuer`, with further settings.
async fn wire(issuer: &Issuer, more: &[(&str, &str)]) -> Wire {
    let jwks = format!("{}/keys", issuer.url);
    let audience = format!("{URL},machine");
    let mut env = vec![
        ("OAUTH_ISSUER", issuer.url.as_str()),
        ("OAUTH_AUDIENCE", &audience),
        ("OAUTH_SCOPE", SCOPE),
        ("OAUTH_JWKS_URL", &jwks),
        ("PUBLIC_URL", URL),
    ];
    env.extend(more);
    Wire::new(Server::new(), "tests/data/gallery", &env).await
}

const SERVER: [(&str, &str); 5] = [
    ("OAUTH_AUTHORIZE_URL", "https://id.example.com/oauth2/authorize"),
    ("OAUTH_TOKEN_URL", "https://id.example.com/oauth2/token"),
    ("OAUTH_REVOKE_URL", "https://id.example.com/oauth2/revoke"),
    ("OAUTH_CLIENT_ID", "public"),
    ("OAUTH_REDIRECT_URIS", REDIRECTS),
];

async fn call(wire: &Wire, authorization: &[&str]) -> Answer {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(authorization.iter().map(|value| ("authorization", *value)));
    wire.send(Method::POST, "/mcp", &headers, PING).await
}

async fn with(wire: &Wire, token: &str) -> Answer {
    call(wire, &[&format!("Bearer {token}")]).await
}

fn challenge(answer: &Answer) -> &str {
    answer.headers.get(WWW_AUTHENTICATE).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn monitors_need_no_token() {
    let wire = wire(&Issuer::start().await, &[]).await;
    for path in ["/health", "/ready"] {
        assert_eq!(get(&wire, path).await.status, 200, "{path}");
    }
}

async fn get(wire: &Wire, path: &str) -> Answer {
    wire.send(Method::GET, path, &[], "").await
}

// --- Tokens ---

#[tokio::test]
async fn a_good_token_is_taken_for_the_address_or_by_its_client() {
    let issuer = Issuer::start().await;
    let wire = wire(&issuer, &[]).await;
    let good: [fn(&mut Value); 8] = [
        |_| {},
        |claims| claims["aud"] = json!(["other", URL]),
        |claims| {
            claims.as_object_mut().unwrap().remove("aud");
            claims["client_id"] = "machine".into();
        },
        |claims| claims["scope"] = SCOPE.into(),
        |claims| {
            claims.as_object_mut().unwrap().remove("scope");
            claims["scp"] = json!(["openid", SCOPE]);
        },
        |claims| claims["nbf"] = now().into(),
        |claims| claims["exp"] = json!(now() as f64 + 600.5),
        |claims| drop(claims.as_object_mut().unwrap().remove("token_use")),
    ];
    for change in good {
        let answer = with(&wire, &issuer.token(change)).await;
        assert_eq!(answer.status, 200, "{answer}");
        assert_eq!(challenge(&answer), "");
    }
    assert_eq!(call(&wire, &[&format!("bearer  {}", issuer.token(|_| {}))]).await.status, 200);
    assert_eq!(issuer.asked.load(Ordering::Relaxed), 1, "keys are fetched once");
}

#[tokio::test]
async fn an_invalid_token_is_refused() {
    let (issuer, foreign) = (Issuer::start().await, Issuer::start().await);
    let wire = wire(&issuer, &[]).await;
    let rs256 = json!({ "alg": "RS256", "kid": "one" });
    let claims = issuer.claims(|_| {});
    let good = issuer.token(|_| {});
    let (body, signature) = good.rsplit_once('.').unwrap();
    let hs256 = unsigned(&json!({ "alg": "HS256", "kid": "secret" }), &claims);
    let by_secret = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"secret"), hs256.as_bytes());
    let none = unsigned(&json!({ "alg": "none", "kid": "one" }), &claims);
    let wrong: [fn(&mut Value); 41] = [
        |claims| claims["exp"] = (now() - 2).into(),
        // Now is over.
        |claims| claims["exp"] = now().into(),
        |claims| claims["exp"] = json!(now() as f64 - 0.4),
        |claims| claims["exp"] = json!(-1),
        |claims| claims["exp"] = json!([now() + 600]),
        |claims| claims["exp"] = (now() + 600).to_string().into(),
        |claims| claims["exp"] = json!({ "": now() + 600 }),
        |claims| claims["exp"] = true.into(),
        |claims| claims["exp"] = Value::Null,
        |claims| claims["nbf"] = json!([1]),
        |claims| claims["nbf"] = "1".into(),
        |claims| claims["nbf"] = Value::Null,
        |claims| claims["iss"] = json!([claims["iss"]]),
        |claims| claims["iss"] = json!([claims["iss"], "https://id.example.com"]),
        |claims| claims["iss"] = json!({ "": claims["iss"] }),
        |claims| claims["iss"] = Value::Null,
        |claims| claims["aud"] = json!({ "": URL }),
        |claims| claims["aud"] = json!([[URL]]),
        |claims| claims["aud"] = json!([URL, 1]),
        |claims| claims["aud"] = json!([null, URL]),
        |claims| {
            claims["aud"] = Value::Null;
            claims["client_id"] = "machine".into();
        },
        |claims| {
            claims.as_object_mut().unwrap().remove("aud");
            claims["client_id"] = json!(["machine"]);
        },
        |claims| claims["exp"] = "tomorrow".into(),
        |claims| drop(claims.as_object_mut().unwrap().remove("exp")),
        |claims| claims["nbf"] = (now() + 60).into(),
        |claims| claims["iss"] = "https://id.example.com".into(),
        |claims| drop(claims.as_object_mut().unwrap().remove("iss")),
        |claims| claims["aud"] = "https://prompts.example.com".into(),
        |claims| claims["aud"] = json!([]),
        |claims| claims["aud"] = json!(1),
        |claims| claims["aud"] = "client".into(),
        |claims| {
            claims.as_object_mut().unwrap().remove("aud");
        },
        // An ID token, which identifies a person but grants nothing.
        |claims| claims["token_use"] = "id".into(),
        |claims| claims["token_use"] = json!(["access"]),
        |claims| claims["token_use"] = json!(["id"]),
        |claims| claims["token_use"] = Value::Null,
        |claims| claims["token_use"] = "Access".into(),
        |claims| claims["nonce"] = "n".into(),
        |claims| claims["nonce"] = Value::Null,
        |claims| claims["at_hash"] = "h".into(),
        |claims| claims["c_hash"] = json!([]),
    ];
    let mut tokens: Vec<String> = wrong.into_iter().map(|change| issuer.token(change)).collect();
    tokens.extend([
        format!("{body}.{}", signature.replace(|c: char| c.is_ascii_digit(), "x")),
        format!("{}.{signature}", unsigned(&rs256, &issuer.claims(|claims| claims["sub"] = "eve".into()))),
        format!("{body}."),
        body.to_owned(),
        format!("{none}."),
        format!("{none}.{signature}"),
        format!("{hs256}.{}", URL_SAFE_NO_PAD.encode(by_secret)),
        // The issuer's name, and another's key of the same name.
        foreign.sign(&rs256, &claims),
        foreign.token(|_| {}),
        issuer.sign(&json!({ "alg": "RS256", "kid": "one", "crit": ["x"], "x": 1 }), &claims),
        issuer.sign(&json!({ "alg": "RS384", "kid": "one" }), &claims),
        issuer.sign(&json!({ "alg": "RS256", "kid": "two" }), &claims),
        issuer.sign(&json!({ "alg": "RS256", "kid": ["one"] }), &claims),
        issuer.sign(&json!({ "alg": ["RS256"], "kid": "one" }), &claims),
        issuer.sign(&json!({ "alg": "RS256", "kid": "one", "crit": null }), &claims),
        issuer.sign(&json!({ "kid": "one" }), &claims),
        issuer.sign(&json!(["RS256"]), &claims),
        issuer.sign(&rs256, &json!([claims])),
        "x".to_owned(),
        "..".to_owned(),
        "ä".to_owned(),
        "x".repeat(50_000),
    ]);
    for typ in [json!("id+jwt"), json!("logout+jwt"), json!("JOSE"), json!(""), json!(["JWT"]), json!(1), Value::Null] {
        tokens.push(issuer.sign(&json!({ "alg": "RS256", "kid": "one", "typ": typ }), &claims));
    }
    for token in tokens {
        let answer = with(&wire, &token).await;
        assert_eq!(answer.status, 401, "{token}: {answer}");
        assert_eq!(challenge(&answer), format!("Bearer error=\"invalid_token\", {METADATA}"));
        assert_eq!(answer.json()["error"]["message"], "sign in again: the token is not valid here");
    }
    assert_eq!(with(&wire, &good).await.status, 200);
}

#[tokio::test]
async fn an_access_token_may_have_each_type_that_access_tokens_have() {
    let issuer = Issuer::start().await;
    let wire = wire(&issuer, &[]).await;
    for typ in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"] {
        let header = json!({ "alg": "RS256", "kid": "one", "typ": typ });
        assert_eq!(with(&wire, &issuer.sign(&header, &issuer.claims(|_| {}))).await.status, 200, "{typ}");
    }
}

#[tokio::test]
async fn a_claim_that_is_there_twice_is_not_chosen_from() {
    let issuer = Issuer::start().await;
    let wire = wire(&issuer, &[]).await;
    let header = URL_SAFE_NO_PAD.encode(json!({ "alg": "RS256", "kid": "one" }).to_string());
    let claims = issuer.claims(|_| {}).to_string();
    for (name, value) in [("iss", json!("https://id.example.com")), ("exp", json!(1)), ("aud", json!("other"))] {
        let twice = format!("{{{}:{value},{}", json!(name), &claims[1..]);
        let token = issuer.sign_text(&format!("{header}.{}", URL_SAFE_NO_PAD.encode(twice)));
        assert_eq!(with(&wire, &token).await.status, 401, "{name}");
    }
}

#[tokio::test]
async fn each_key_is_used_for_its_own_algorithm_alone() {
    let issuer = Issuer::start().await;
    let keys = [Key::rsa(), Key::ec(), Key::ed()];
    // Each key by its own name, and all by one: RFC 7517 allows that for keys of different kinds.
    let named = keys.iter().flat_map(|key| [key.jwk(key.algorithm()), key.jwk("shared")]);
    let with_algorithm = keys.iter().map(|key| {
        let mut jwk = key.jwk(&format!("{} alone", key.algorithm()));
        jwk["alg"] = key.algorithm().into();
        jwk["use"] = "sig".into();
        jwk["key_ops"] = json!(["verify"]);
        jwk
    });
    issuer.publish(named.chain(with_algorithm).collect());
    let wire = wire(&issuer, &[]).await;
    let claims = issuer.claims(|_| {});
    for key in &keys {
        let own = key.algorithm();
        for kid in [own, "shared", &format!("{own} alone")] {
            let token = key.sign(&json!({ "alg": own, "kid": kid }), &claims);
            assert_eq!(with(&wire, &token).await.status, 200, "{own} by {kid}");
        }
        for other in ["RS256", "ES256", "EdDSA", "HS256", "RS512", "PS256", "ES384", "none"] {
            for kid in [own, "shared"] {
                let token = key.sign(&json!({ "alg": other, "kid": kid }), &claims);
                let expected = if other == own { 200 } else { 401 };
                assert_eq!(with(&wire, &token).await.status, expected, "{own} as {other} by {kid}");
            }
            if other != own {
                let token = key.sign(&json!({ "alg": own, "kid": other }), &claims);
                assert_eq!(with(&wire, &token).await.status, 401, "{own} by the name of {other}");
            }
        }
        // Without a name, the only key of the algorithm would do; here are several.
        assert_eq!(with(&wire, &key.sign(&json!({ "alg": own }), &claims)).await.status, 401);
    }
}

#[tokio::test]
async fn a_token_without_the_name_of_a_key_has_the_only_key_of_its_algorithm() {
    let issuer = Issuer::start().await;
    let keys = [Key::rsa(), Key::ec(), Key::ed()];
    let nameless = keys.iter().map(|key| {
        let mut jwk = key.jwk("");
        jwk.as_object_mut().unwrap().remove("kid");
        jwk
    });
    issuer.publish(nameless.collect());
    let wire = wire(&issuer, &[]).await;
    let claims = issuer.claims(|_| {});
    for key in &keys {
        let algorithm = key.algorithm();
        assert_eq!(with(&wire, &key.sign(&json!({ "alg": algorithm }), &claims)).await.status, 200, "{algorithm}");
        let named = key.sign(&json!({ "alg": algorithm, "kid": "" }), &claims);
        assert_eq!(with(&wire, &named).await.status, 401, "a name that no key has");
    }
}

#[tokio::test]
async fn a_key_for_something_else_is_not_used() {
    let issuer = Issuer::start().await;
    let all = [Key::rsa(), Key::ec(), Key::ed()];
    let mut keys = Vec::new();
    let mut tokens = Vec::new();
    let not_for_tokens = [
        json!({ "use": "enc" }),
        json!({ "use": "tls" }),
        json!({ "use": ["sig"] }),
        json!({ "key_ops": ["encrypt"] }),
        json!({ "key_ops": ["sign"] }),
        json!({ "key_ops": [] }),
        json!({ "key_ops": "verify" }),
        json!({ "use": "sig", "key_ops": ["deriveKey"] }),
        json!({ "use": "enc", "key_ops": ["verify"] }),
        json!({ "alg": "HS256" }),
        json!({ "alg": "PS256" }),
        json!({ "alg": "RSA-OAEP" }),
        json!({ "alg": "ECDH-ES" }),
        json!({ "alg": ["RS256"] }),
        json!({ "crv": "P-384" }),
        json!({ "crv": "X25519" }),
        json!({ "kty": "oct" }),
    ];
    for key in &all {
        for (at, fields) in not_for_tokens.iter().enumerate() {
            if fields.get("crv").is_some() && key.algorithm() == "RS256" {
                continue;
            }
            let kid = format!("{} {at}", key.algorithm());
            let mut jwk = key.jwk(&kid);
            jwk.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            keys.push(jwk);
            tokens.push((fields, key.sign(&json!({ "alg": key.algorithm(), "kid": kid }), &issuer.claims(|_| {}))));
        }
    }
    // A token without a name does not get one of them either, as if the good key were the only one.
    keys.push(issuer.jwk("one"));
    issuer.publish(keys);
    let wire = wire(&issuer, &[]).await;
    for (fields, token) in tokens {
        assert_eq!(with(&wire, &token).await.status, 401, "{fields}");
    }
    assert_eq!(with(&wire, &issuer.sign(&json!({ "alg": "RS256" }), &issuer.claims(|_| {}))).await.status, 200);
}

#[tokio::test]
async fn without_a_token_there_is_the_way_to_one() {
    let issuer = Issuer::start().await;
    let wire = wire(&issuer, &[]).await;
    let answer = call(&wire, &[]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(challenge(&answer), format!("Bearer {METADATA}"));
    assert_eq!(answer.json()["error"]["code"], -32600);
    let good = issuer.token(|_| {});
    let bearer = format!("Bearer {good}");
    for authorization in [&[&*bearer, &*bearer][..], &["Basic YTpi"], &["Bearer "], &["Bearer"], &[&good]] {
        assert_eq!(call(&wire, authorization).await.status, 401, "{authorization:?}");
    }
    let in_query = wire.send(Method::POST, &format!("/mcp?access_token={good}"), &[], PING).await;
    assert_eq!(in_query.status, 401, "a token in the query string is none");
    assert_eq!(get(&wire, "/mcp").await.status, 401, "before anything else is said");
    let get = wire.send(Method::GET, "/mcp", &[("authorization", &bearer)], "").await;
    assert_eq!((get.status.as_u16(), get.headers[ALLOW].to_str().unwrap()), (405, "POST"));
    assert_eq!(issuer.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn without_the_scope_a_token_is_forbidden() {
    let issuer = Issuer::start().await;
    let server = wire(&issuer, &[]).await;
    let wrong: [fn(&mut Value); 11] = [
        |claims| claims["scope"] = "openid".into(),
        |claims| claims["scope"] = format!("{SCOPE}s").into(),
        |claims| claims["scope"] = json!([1]),
        // Words in a text, no list.
        |claims| claims["scope"] = json!([SCOPE]),
        |claims| claims["scope"] = json!({ SCOPE: true }),
        |claims| claims["scope"] = Value::Null,
        |claims| claims["scope"] = true.into(),
        // The form in which API Gateway hands on a list.
        |claims| claims["scope"] = format!("[{SCOPE}]").into(),
        |claims| claims["scope"] = format!("{SCOPE}\topenid").into(),
        |claims| {
            claims.as_object_mut().unwrap().remove("scope");
            claims["scp"] = json!([SCOPE, 1]);
        },
        |claims| drop(claims.as_object_mut().unwrap().remove("scope")),
    ];
    for change in wrong {
        let answer = with(&server, &issuer.token(change)).await;
        assert_eq!(answer.status, 403, "{answer}");
        assert_eq!(challenge(&answer), format!("Bearer error=\"insufficient_scope\", {METADATA}"));
    }
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_no_reason_to_let_anyone_in() {
    let issuer = Issuer::start().await;
    let (up, down) = (wire(&issuer, &[]).await, wire(&issuer, &[]).await);
    let good = issuer.token(|_| {});
    let other = issuer.sign(&json!({ "alg": "RS256", "kid": "two" }), &issuer.claims(|_| {}));
    assert_eq!(with(&up, &good).await.status, 200);
    issuer.is_up.store(false, Ordering::Relaxed);
    assert_eq!(with(&up, &good).await.status, 200, "a key that is known goes on");
    for token in [&good, &good, &other] {
        let answer = with(&down, token).await;
        assert_eq!(answer.status, 503, "{answer}");
        let after: u64 = answer.headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((1..=10).contains(&after), "{after}");
        assert_eq!(challenge(&answer), "");
    }
    // Once by the first server, twice and then after growing pauses by the other.
    let asked = issuer.asked.load(Ordering::Relaxed);
    assert!(asked >= 3, "{asked}");
    // A name that a caller makes up does not make the server ask again and again.
    for _ in 0..5 {
        assert_eq!(with(&up, &other).await.status, 401);
    }
    assert_eq!(issuer.asked.load(Ordering::Relaxed), asked);
}

#[tokio::test]
async fn an_issuer_that_comes_back_is_asked_soon() {
    let issuer = Issuer::start().await;
    let good = issuer.token(|_| {});
    issuer.failures.store(1, Ordering::Relaxed);
    assert_eq!(with(&wire(&issuer, &[]).await, &good).await.status, 200, "one failure refuses nobody");
    let server = wire(&issuer, &[]).await;
    issuer.failures.store(2, Ordering::Relaxed);
    let answer = with(&server, &good).await;
    assert_eq!((answer.status.as_u16(), answer.headers[RETRY_AFTER].to_str().unwrap()), (503, "1"));
    eventually("the keys are there", async || with(&server, &good).await.status == 200).await;
    assert_eq!(issuer.asked.load(Ordering::Relaxed), 5);
}

#[tokio::test]
async fn callers_who_hang_up_do_not_make_the_server_ask_again() {
    let issuer = Issuer::start().await;
    issuer.hold();
    let wire = wire(&issuer, &[]).await;
    let good = issuer.token(|_| {});
    tokio::select! {
        answer = with(&wire, &good) => panic!("without the issuer: {answer}"),
        () = eventually("the issuer is asked", async || issuer.asked.load(Ordering::Relaxed) == 1) => {}
    }
    for _ in 0..4 {
        tokio::select! {
            biased;
            answer = with(&wire, &good) => panic!("without the issuer: {answer}"),
            // Enough turns for everything that does not need the issuer.
            () = async { for _ in 0..100 { yield_now().await } } => {}
        }
    }
    issuer.release();
    assert_eq!(with(&wire, &good).await.status, 200);
    assert_eq!(issuer.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_issuer_without_a_key_is_as_good_as_none() {
    let issuer = Issuer::start().await;
    let jwks = format!("{}/.well-known/openid-configuration", issuer.url);
    let env = [("OAUTH_ISSUER", issuer.url.as_str()), ("OAUTH_AUDIENCE", URL), ("PUBLIC_URL", URL)];
    let elsewhere =
        Wire::new(Server::new(), "tests/data/gallery", &[&env[..], &[("OAUTH_JWKS_URL", &jwks)]].concat()).await;
    assert_eq!(with(&elsewhere, &issuer.token(|_| {})).await.status, 503);
    // Metadata that names another issuer is another issuer's.
    let other = format!("{}/", issuer.url);
    let env = [("OAUTH_ISSUER", other.as_str()), ("OAUTH_AUDIENCE", URL), ("PUBLIC_URL", URL)];
    let other = Wire::new(Server::new(), "tests/data/gallery", &env).await;
    assert_eq!(with(&other, &issuer.token(|_| {})).await.status, 503);
}

#[tokio::test]
async fn keys_are_where_the_issuer_says() {
    let issuer = Issuer::start().await;
    let env = [("OAUTH_ISSUER", issuer.url.as_str()), ("OAUTH_AUDIENCE", URL), ("PUBLIC_URL", URL)];
    let wire = Wire::new(Server::new(), "tests/data/gallery", &env).await;
    assert_eq!(
        with(&wire, &issuer.token(|claims| claims["scope"] = Value::Null)).await.status,
        200,
        "no scope is asked"
    );
}

#[tokio::test]
async fn anonymous_callers_have_no_claims_and_an_invalid_token_is_still_refused() {
    let issuer = Issuer::start().await;
    let wire = wire(&issuer, &[("ALLOW_ANONYMOUS", "true")]).await;
    assert_eq!(call(&wire, &[]).await.status, 200);
    assert_eq!(with(&wire, &issuer.token(|_| {})).await.status, 200);
    assert_eq!(with(&wire, "x").await.status, 401);
}

#[tokio::test]
async fn templates_know_the_caller() {
    let issuer = Issuer::start().await;
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("who.prompt"), "{{@auth.email}}{{#unless @auth.sub}}nobody{{/unless}}").unwrap();
    let env = [
        ("OAUTH_ISSUER", issuer.url.as_str()),
        ("OAUTH_AUDIENCE", URL),
        ("PUBLIC_URL", URL),
        ("ALLOW_ANONYMOUS", "true"),
    ];
    let wire = Wire::new(Server::new(), dir.path().to_str().unwrap(), &env).await;
    let bearer = format!("Bearer {}", issuer.token(|_| {}));
    for (headers, said) in [(&[("authorization", bearer.as_str())][..], "ada@example.com"), (&[], "nobody")] {
        let answer = wire.modern_with("prompts/get", json!({ "name": "who" }), headers).await;
        assert_eq!(answer.json()["result"]["messages"][0]["content"]["text"], said, "{answer}");
    }
}

// --- Discovery ---

#[tokio::test]
async fn clients_are_told_where_to_sign_in() {
    let issuer = Issuer::start().await;
    let wire = wire(&issuer, &SERVER).await;
    let resource = get(&wire, "/.well-known/oauth-protected-resource/mcp").await;
    assert_snapshot!(resource, @r#"200 {"resource":"https://prompts.example.com/mcp","authorization_servers":["https://prompts.example.com"],"scopes_supported":["https://prompts.example.com/mcp/invoke"],"bearer_methods_supported":["header"],"resource_name":"Prompt gallery"}"#);
    assert_eq!(resource.headers[CONTENT_TYPE], "application/json");
    assert_eq!(resource.headers[CACHE_CONTROL], "public, max-age=300");
    // RFC 9728, section 3.3: a document is used only by those who have asked for the resource that it names.
    let root = get(&wire, "/.well-known/oauth-protected-resource").await;
    let mut of_origin = resource.json();
    of_origin["resource"] = "https://prompts.example.com".into();
    assert_eq!(root.json(), of_origin);
    let server = get(&wire, "/.well-known/oauth-authorization-server").await;
    assert_snapshot!(server.to_string().replace(&issuer.url, "ISSUER"), @r#"200 {"issuer":"https://prompts.example.com","authorization_endpoint":"https://id.example.com/oauth2/authorize","token_endpoint":"https://id.example.com/oauth2/token","jwks_uri":"ISSUER/keys","scopes_supported":["https://prompts.example.com/mcp/invoke"],"response_types_supported":["code"],"response_modes_supported":["query"],"grant_types_supported":["authorization_code","refresh_token"],"token_endpoint_auth_methods_supported":["none"],"code_challenge_methods_supported":["S256"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"],"revocation_endpoint":"https://id.example.com/oauth2/revoke","revocation_endpoint_auth_methods_supported":["none"],"registration_endpoint":"https://prompts.example.com/register"}"#);
    assert_eq!(get(&wire, "/.well-known/openid-configuration").await.body, server.body);
    // Pages of any origin may read it.
    let page = [("origin", "https://page.example.com")];
    let answer = wire.send(Method::GET, "/.well-known/oauth-protected-resource", &page, "").await;
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    assert_eq!(get(&wire, "/.well-known/other").await.status, 404);
    assert_eq!(issuer.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn an_issuer_that_tells_clients_all_is_named_itself() {
    let issuer = Issuer::start().await;
    let wire = wire(&issuer, &[]).await;
    let resource = get(&wire, "/.well-known/oauth-protected-resource").await.json();
    assert_eq!(resource["authorization_servers"], json!([issuer.url]));
    for path in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] {
        assert_eq!(get(&wire, path).await.status, 404);
    }
    assert_eq!(wire.send(Method::POST, "/register", &[], "{}").await.status, 404);
}

#[tokio::test]
async fn without_sign_in_there_are_no_discovery_documents() {
    let wire = Wire::new(Server::new(), "tests/data/gallery", &[]).await;
    for path in ["/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server"] {
        assert_eq!(get(&wire, path).await.status, 404);
    }
    assert_eq!(call(&wire, &[]).await.status, 200);
}

#[tokio::test]
async fn a_client_registers_as_the_one_that_there_is() {
    let issuer = Issuer::start().await;
    let wire = wire(&issuer, &SERVER).await;
    let register = async |body: &str| wire.send(Method::POST, "/register", &[], body.to_owned()).await;
    let claude = r#"{"client_name":"Claude","redirect_uris":["https://claude.ai/api/mcp/auth_callback"],"token_endpoint_auth_method":"none"}"#;
    let answer = register(claude).await;
    assert_snapshot!(answer, @r#"201 {"client_id":"public","redirect_uris":["https://claude.ai/api/mcp/auth_callback"],"token_endpoint_auth_method":"none","grant_types":["authorization_code","refresh_token"],"response_types":["code"]}"#);
    assert_eq!(answer.headers[CACHE_CONTROL], "no-store");
    for (body, error) in [
        (r#"{"redirect_uris":["https://evil.example.com/"]}"#, "invalid_redirect_uri"),
        (
            r#"{"redirect_uris":["https://claude.ai/api/mcp/auth_callback","https://evil.example.com/"]}"#,
            "invalid_redirect_uri",
        ),
        (r#"{"redirect_uris":["https://claude.ai/api/mcp/auth_callback/"]}"#, "invalid_redirect_uri"),
        (r#"{"redirect_uris":[]}"#, "invalid_redirect_uri"),
        (r#"{"redirect_uris":"https://claude.ai/api/mcp/auth_callback"}"#, "invalid_client_metadata"),
        ("{}", "invalid_client_metadata"),
        ("", "invalid_client_metadata"),
    ] {
        let answer = register(body).await;
        assert_eq!((answer.status.as_u16(), answer.json()["error"].as_str().unwrap()), (400, error), "{body}");
        assert!(!answer.body.contains("evil"), "{answer}");
        if error == "invalid_redirect_uri" {
            let allowed = "every redirect_uri must be one of https://claude.ai/api/mcp/auth_callback, http://localhost:6274/oauth/callback";
            assert_eq!(answer.json()["error_description"], allowed);
        }
    }
    assert_eq!(register(&" ".repeat(16 * 1024 + 1)).await.status, 413);
    assert_eq!(get(&wire, "/register").await.status, 405);
}

// --- The log ---

/// At the lowest log level: the log has no part of a token, but names the caller.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_in_no_log() {
    let issuer = Issuer::start().await;
    let mut program = Command::new(env!("CARGO_BIN_EXE_prompt-gallery"))
        .args(["--dir", "tests/data/gallery", "--addr", "127.0.0.1:0"])
        .env_clear()
        .envs([("RUST_LOG", "trace"), ("OAUTH_ISSUER", &issuer.url), ("OAUTH_AUDIENCE", URL), ("PUBLIC_URL", URL)])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines().map(Result::unwrap);
    let greeting = lines.next().unwrap();
    let example = lines.find(|line| line.starts_with("Try it")).unwrap();
    assert!(example.contains("-H 'Authorization: Bearer TOKEN'"), "{example}");
    let (_, host) = greeting.split_once("listening on ").expect("the address");
    let good = issuer.token(|_| {});
    let bad = issuer.token(|claims| claims["exp"] = 1.into());
    for (token, status) in [(good.as_str(), "200"), (&bad, "401"), ("SENTINEL.SENTINEL.SENTINEL", "401")] {
        let mut stream = TcpStream::connect(host).unwrap();
        let head = format!(
            "Host: {host}\r\nContent-Type: application/json\r\nConnection: close\r\nAuthorization: Bearer {token}"
        );
        write!(stream, "POST /mcp?token={token} HTTP/1.1\r\n{head}\r\nContent-Length: {}\r\n\r\n{PING}", PING.len())
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
    assert!(Command::new("kill").args(["-TERM", &program.id().to_string()]).status().unwrap().success());
    let mut log = String::new();
    program.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    program.wait().unwrap();
    assert!(log.contains("caller.sub=\"ada\"") && log.contains("expired"), "{log}");
    for secret in good.split('.').chain(bad.split('.')).chain(["SENTINEL", "ada@example.com"]) {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}
