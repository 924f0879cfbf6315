//! Which program sent a request, for the log. It is what the program says of itself, and decides nothing.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::rpc;
use crate::limits::{MAX_KEPT_CLIENT_INFO_BYTES, MAX_LOGGED_CLIENT_CHARS};
use dotprompt::shorten_to;

/// An MCP `clientInfo` as it was sent. It is read when the log line is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientInfo(Box<str>);

impl ClientInfo {
    pub(super) fn of(info: &RawValue) -> Option<Self> {
        if info.get().len() <= MAX_KEPT_CLIENT_INFO_BYTES {
            return Some(Self(info.get().into()));
        }
        // It may have pictures, and a stream keeps it.
        let client = Client::of_info(info.get())?;
        serde_json::to_string(&client).ok().map(|json| Self(json.into()))
    }

    /// The client; `None` if it has no name.
    pub(super) fn client(&self) -> Option<Client<'_>> {
        Client::of_info(&self.0)
    }
}

/// A client's name and version, on one line each and not too long.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Client<'a> {
    /// Such as `claude-code`.
    pub name: Cow<'a, str>,
    /// Such as `2.1.332`.
    pub version: Option<Cow<'a, str>>,
}

impl<'a> Client<'a> {
    fn of_info(info: &'a str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Implementation<'a> {
            #[serde(borrow)]
            name: &'a RawValue,
            #[serde(borrow)]
            version: Option<&'a RawValue>,
        }
        let Implementation { name, version } = serde_json::from_str(info).ok()?;
        Some(Self { name: text(name)?, version: version.and_then(text) })
    }

    /// The first product of a `User-Agent`: `claude-code/2.1.332 (cli)` is version 2.1.332 of `claude-code`.
    pub(super) fn of_user_agent(user_agent: &'a str) -> Option<Self> {
        let product = user_agent.split_ascii_whitespace().next()?;
        let (name, version) = match product.split_once('/') {
            Some((name, version)) => (name, cleaned(version)),
            None => (product, None),
        };
        Some(Self { name: cleaned(name)?, version })
    }
}

/// A JSON string, unless it is empty.
fn text(json: &RawValue) -> Option<Cow<'_, str>> {
    match rpc::text(json)? {
        Cow::Borrowed(text) => cleaned(text),
        Cow::Owned(text) => cleaned(&text).map(|text| Cow::Owned(text.into_owned())),
    }
}

fn cleaned(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let is_clean = text.len() <= MAX_LOGGED_CLIENT_CHARS && !text.contains(char::is_control);
    Some(if is_clean { Cow::Borrowed(text) } else { Cow::Owned(shorten_to(MAX_LOGGED_CLIENT_CHARS, text)) })
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::{Client, ClientInfo};

    fn parts(client: Client<'_>) -> (String, Option<String>) {
        (client.name.into_owned(), client.version.map(Into::into))
    }

    fn of_info(info: &str) -> Option<(String, Option<String>)> {
        let info = RawValue::from_string(info.to_owned()).unwrap();
        ClientInfo::of(&info)?.client().map(parts)
    }

    fn of_user_agent(user_agent: &str) -> Option<(String, Option<String>)> {
        Client::of_user_agent(user_agent).map(parts)
    }

    fn client(name: &str, version: Option<&str>) -> Option<(String, Option<String>)> {
        Some((name.to_owned(), version.map(str::to_owned)))
    }

    #[test]
    fn client_info_has_name_and_version() {
        assert_eq!(
            of_info(r#"{"name":"claude-code","title":"Claude","version":"2.1.332"}"#),
            client("claude-code", Some("2.1.332"))
        );
        assert_eq!(of_info(r#"{"name":"VS Code é"}"#), client("VS Code é", None));
        assert_eq!(of_info(r#"{"name":"x","version":2}"#), client("x", None));
    }

    #[test]
    fn a_large_client_info_is_not_kept_whole() {
        let icon = "x".repeat(100_000);
        let info = format!(r#"{{"icons":[{{"src":"data:image/png;base64,{icon}"}}],"version":"2","name":"a\"b"}}"#);
        let kept = ClientInfo::of(&RawValue::from_string(info).unwrap()).unwrap();
        assert_eq!(&*kept.0, r#"{"name":"a\"b","version":"2"}"#);
        assert_eq!(kept.client().map(parts), client("a\"b", Some("2")));
    }

    #[test]
    fn without_a_name_there_is_no_client() {
        for info in [
            "null",
            "1",
            "[]",
            "{}",
            r#"{"name":""}"#,
            r#"{"name":" "}"#,
            r#"{"name":5}"#,
            r#"{"name":null}"#,
            r#"{"version":"1"}"#,
        ] {
            assert_eq!(of_info(info), None, "{info}");
        }
        for user_agent in ["", " ", "/1.0"] {
            assert_eq!(of_user_agent(user_agent), None, "{user_agent}");
        }
    }

    #[test]
    fn a_user_agent_is_its_first_product() {
        assert_eq!(of_user_agent("claude-code/2.1.332 (cli)"), client("claude-code", Some("2.1.332")));
        assert_eq!(of_user_agent("node"), client("node", None));
        assert_eq!(of_user_agent("Mozilla/5.0 (X11; Linux x86_64)"), client("Mozilla", Some("5.0")));
        assert_eq!(of_user_agent("x/"), client("x", None));
    }

    #[test]
    fn names_are_on_one_line_and_bounded() {
        assert_eq!(of_info(r#"{"name":"a\nb\u001b[31m","version":"1\r\n2"}"#), client("a b [31m", Some("1  2")));
        let long = "é".repeat(1000);
        for named in
            [of_info(&format!(r#"{{"name":"{long}","version":"{long}"}}"#)), of_user_agent(&format!("{long}/{long}"))]
        {
            let (name, version) = named.unwrap();
            assert_eq!((name.chars().count(), version.unwrap().chars().count()), (65, 65));
        }
    }
}
