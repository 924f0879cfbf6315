use serde_json::{Value, json};

use super::*;

/// The names of the prompts that a query finds among rows, the best first.
fn find<'n>(rows: &'n [Value], query: &str, tag: Option<&str>) -> Vec<&'n str> {
    let texts: Vec<String> = rows.iter().map(Value::to_string).collect();
    let index = SearchIndex::new(texts.iter().map(|text| serde_json::from_str(text).ok()));
    let found = index.find(query, tag).expect("a known tag");
    found.into_iter().map(|at| rows[at as usize]["name"].as_str().expect("a name")).collect()
}

fn row(name: &str, more: &Value) -> Value {
    let mut row = json!({ "name": name, "arguments": [], "_meta": { "version": "1" } });
    for (key, value) in more.as_object().expect("an object") {
        row[key] = value.clone();
    }
    row
}

fn named(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| row(name, &json!({}))).collect()
}

#[test]
fn a_name_comes_before_a_title_before_a_tag_before_a_description_before_an_argument() {
    let rows = [
        row("a", &json!({ "arguments": [{ "name": "review" }] })),
        row("b", &json!({ "arguments": [{ "name": "x", "description": "Text to review." }] })),
        row("c", &json!({ "description": "Asks for a review." })),
        row("d", &json!({ "_meta": { "version": "1", "tags": ["review"] } })),
        row("e", &json!({ "title": "Code review" })),
        row("f-review", &json!({})),
        row("review", &json!({})),
        row("other", &json!({})),
    ];
    assert_eq!(find(&rows, "review", None), ["review", "f-review", "e", "d", "c", "a", "b"]);
    assert_eq!(find(&rows, "REVIEW!", None), find(&rows, "review", None));
}

#[test]
fn the_same_word_comes_before_a_beginning_before_a_typing_mistake() {
    let rows = named(&["commits", "commit", "commitments", "recommit"]);
    assert_eq!(find(&rows, "commit", None), ["commit", "commits", "commitments", "recommit"]);
    for typed in ["comit", "commti", "cmomit", "commmit", "xommit"] {
        assert_eq!(find(&rows, typed, None)[0], "commit", "{typed}");
    }
}

#[test]
fn typing_mistakes_are_forgiven_by_the_length_of_the_word() {
    let rows = named(&["git", "translate", "sql-explain", "architecture-review"]);
    for (typed, expected) in [
        ("gti", Some("git")),
        ("trnslate", Some("translate")),
        ("tarnslte", Some("translate")),
        ("explian", Some("sql-explain")),
        ("architcture", Some("architecture-review")),
        ("archtectrue", Some("architecture-review")),
        ("zzz", None),
        ("translucent", None),
        ("gxx", None),
    ] {
        assert_eq!(find(&rows, typed, None).first().copied(), expected, "{typed}");
    }
}

#[test]
fn other_forms_of_a_word_match() {
    let rows = named(&["translate", "summary", "review"]);
    for (typed, expected) in [
        ("translation", "translate"),
        ("translating", "translate"),
        ("reviews", "review"),
        ("reviewing", "review"),
        ("reviewer", "review"),
        ("summa", "summary"),
    ] {
        assert_eq!(find(&rows, typed, None).first(), Some(&expected), "{typed}");
    }
}

#[test]
fn words_that_are_joined_or_divided_match() {
    let rows = named(&["code-review", "team_code-review--strict", "pull-request"]);
    assert_eq!(find(&rows, "codereview", None)[0], "code-review");
    assert_eq!(find(&rows, "code review", None)[0], "code-review");
    assert_eq!(find(&rows, "code_review", None)[0], "code-review");
    assert_eq!(find(&rows, "codereveiw", None)[0], "code-review");
    assert_eq!(find(&rows, "pullrequest", None)[0], "pull-request");
}

#[test]
fn rare_words_count_more_and_every_word_counts() {
    let mut rows: Vec<_> =
        (0..50).map(|n| row(&format!("n{n:02}"), &json!({ "description": "Writes a text." }))).collect();
    rows.push(row("translate", &json!({ "description": "Writes a text in another language." })));
    rows.push(row("commit-message", &json!({ "description": "Writes a commit message." })));
    let query = "please write a commit message for my change";
    assert_eq!(find(&rows, query, None)[0], "commit-message");
    assert_eq!(find(&rows, "write a text in another language", None)[0], "translate");
}

#[test]
fn accents_and_case_do_not_matter_and_scripts_without_spaces_are_searched() {
    let rows = [
        row("resume", &json!({ "title": "Résumé schreiben für Ärzte" })),
        row("kode", &json!({ "title": "コードレビューを書く" })),
        row("perevod", &json!({ "title": "Перевод текста" })),
    ];
    for (typed, expected) in [
        ("RÉSUMÉ", "resume"),
        ("re\u{301}sume\u{301}", "resume"),
        ("arzte", "resume"),
        ("レビュー", "kode"),
        ("ПЕРЕВОД", "perevod"),
        ("переводы", "perevod"),
    ] {
        assert_eq!(find(&rows, typed, None).first(), Some(&expected), "{typed}");
    }
}

#[test]
fn a_query_without_words_finds_all_in_their_order() {
    let rows = named(&["a", "b", "c"]);
    for query in ["", "  ", "*", "?!"] {
        assert_eq!(find(&rows, query, None), ["a", "b", "c"], "{query:?}");
    }
}

#[test]
fn a_tag_limits_what_is_found() {
    let tagged = |name: &str, tags: &[&str]| row(name, &json!({ "_meta": { "version": "1", "tags": tags } }));
    let rows = [tagged("a-review", &["Code Review", "team"]), tagged("b", &["team", "team"]), tagged("c-review", &[])];
    assert_eq!(find(&rows, "", Some("team")), ["a-review", "b"]);
    assert_eq!(find(&rows, "review", Some("TEAM")), ["a-review"]);
    assert_eq!(find(&rows, "", Some("code-review")), ["a-review"]);
    let texts: Vec<String> = rows.iter().map(Value::to_string).collect();
    let index = SearchIndex::new(texts.iter().map(|text| serde_json::from_str(text).ok()));
    assert_eq!(index.find("", Some("taem")), Err(UnknownTag { nearest: Some("team".to_owned()) }));
    assert_eq!(index.find("", Some("zzz")), Err(UnknownTag { nearest: None }));
}

#[test]
fn numbers_are_exact_or_beginnings() {
    let rows = named(&["p-00001", "p-00010", "p-00002"]);
    assert_eq!(find(&rows, "p-00001", None)[0], "p-00001");
    assert_eq!(find(&rows, "00002", None), ["p-00002"]);
    assert_eq!(find(&rows, "p-0000", None).len(), 3);
}

#[test]
fn a_row_that_is_not_valid_keeps_the_places_of_the_others() {
    let row = row("b", &json!({})).to_string();
    let index = SearchIndex::new([None, serde_json::from_str(&row).ok()].into_iter());
    assert_eq!(index.find("b", None), Ok(vec![1]));
}

#[test]
fn long_and_odd_queries_are_bounded() {
    let rows = named(&["a", "b"]);
    for query in ["x ".repeat(100_000), "é".repeat(100_000), "\u{301}".repeat(1000), "\0\u{ffff}".repeat(1000)] {
        let _ = find(&rows, &query, None);
    }
}
