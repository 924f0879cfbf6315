//! How many prompts a page of `prompts/list` has where no setting says so.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use prompt_gallery_gallery::{Audience, Gallery, Page, Search};
use serde_json::Value;
use store::{Object, PromptStore, StoreError};

/// Prompts with the same text, of which each takes some time to read.
struct Prompts {
    count: usize,
    text: String,
    delay: Duration,
}

#[async_trait]
impl PromptStore for Prompts {
    async fn list(&self) -> Result<Vec<Object>, StoreError> {
        let object = |number| Object {
            key: format!("p{number:05}.prompt"),
            version: "1".to_owned(),
            size: self.text.len() as u64,
        };
        Ok((0..self.count).map(object).collect())
    }

    async fn get(&self, _: &Object) -> Result<Bytes, StoreError> {
        tokio::time::sleep(self.delay).await;
        Ok(self.text.clone().into())
    }

    fn location(&self) -> String {
        "memory".to_owned()
    }
}

/// A gallery whose pages end by their size alone.
fn gallery(prompts: Prompts) -> Gallery {
    Gallery::new(Arc::new(prompts), Duration::from_secs(3600), usize::MAX).with_page_timeout(Duration::MAX)
}

fn length(page: &Page) -> usize {
    serde_json::from_str::<Vec<Value>>(page.prompts.get()).expect("a list").len()
}

/// The length of each page.
async fn lengths(gallery: &Gallery, audience: Audience) -> Vec<usize> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let page = gallery.list_for(audience, cursor.as_deref()).await.expect("a page");
        // Lambda sends the answer as a JSON string, and takes 6 MB.
        assert!(serde_json::to_string(page.prompts.get()).expect("a text").len() <= 4_000_002);
        all.push(length(&page));
        cursor.clone_from(&page.next_cursor);
        if cursor.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn a_page_has_all_prompts_that_fit_an_answer() {
    let text = "---\ndescription: Says hello.\n---\nHello".to_owned();
    let gallery = gallery(Prompts { count: 1_200, text, delay: Duration::ZERO });
    assert_eq!(lengths(&gallery, Audience::AnyClient).await, [1_200]);
}

#[tokio::test]
async fn a_page_ends_before_an_answer_would_be_too_large_for_lambda() {
    let described = |count: usize, character: &str| {
        let text = format!("---\ndescription: '{}'\n---\n{{{{topic}}}}", character.repeat(200_000));
        gallery(Prompts { count, text, delay: Duration::ZERO })
    };
    assert_eq!(lengths(&described(21, "x"), Audience::AnyClient).await, [19, 2]);
    // A quote is escaped twice: `\"` in the list, and `\\\"` in the answer of the function.
    assert_eq!(lengths(&described(9, "\""), Audience::AnyClient).await, [4, 4, 1]);
    assert_eq!(lengths(&described(9, "\""), Audience::FormClient).await, [4, 4, 1]);
}

#[tokio::test]
async fn a_page_ends_with_what_was_read_in_time_and_is_not_kept() {
    let prompts = Prompts { count: 200, text: "Hello".to_owned(), delay: Duration::from_millis(20) };
    let gallery = gallery(prompts).with_page_timeout(Duration::from_millis(10));
    let cut = gallery.list(None).await.unwrap();
    assert_eq!(length(&cut), 32, "those whose reading had begun");
    assert!(!Arc::ptr_eq(&cut, &gallery.list(None).await.unwrap()));
    assert_eq!(lengths(&gallery, Audience::AnyClient).await.iter().sum::<usize>(), 200);
    let gallery = gallery.with_page_timeout(Duration::MAX);
    assert_eq!(lengths(&gallery, Audience::AnyClient).await, [200]);
}

#[tokio::test]
async fn a_search_finds_what_was_read_in_time_and_says_how_many_prompts_were_not() {
    let prompts = Prompts { count: 200, text: "Hello".to_owned(), delay: Duration::from_millis(20) };
    let gallery = gallery(prompts).with_page_timeout(Duration::from_millis(10));
    let found = gallery.search(Search::default()).await.unwrap();
    assert_eq!((found.total, found.not_searched), (32, 168));
    let gallery = gallery.with_page_timeout(Duration::MAX);
    let found = gallery.search(Search::default()).await.unwrap();
    assert_eq!((found.total, found.not_searched), (200, 0));
}
