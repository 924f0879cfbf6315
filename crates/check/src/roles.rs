//! Messages for clients, which know two roles: the user and the assistant.

use dotprompt::{Message, Part, Role};

/// Joins texts that only a section divides, and moves the system's first messages to the user's first one.
#[must_use]
pub fn system_first(messages: Vec<Message>) -> Vec<Message> {
    let (mut system, mut rest) = (Vec::new(), Vec::new());
    for message in messages {
        let Message { role, content, metadata } = message;
        let content = joined(content, |before, text| before.push_str(text));
        if role == Role::System && rest.is_empty() {
            system.extend(content);
        } else {
            rest.push(Message { role, content, metadata });
        }
    }
    if system.is_empty() {
        return rest;
    }
    let user = rest.iter().position(|message| message.role == Role::User).unwrap_or_else(|| {
        rest.insert(0, Message { role: Role::User, content: Vec::new(), metadata: None });
        0
    });
    system.append(&mut rest[user].content);
    rest[user].content = joined(system, |before, text| {
        before.truncate(before.trim_end().len());
        before.push_str("\n\n");
        before.push_str(without_blank_lines(text));
    });
    rest
}

/// Makes one text of texts in a row.
fn joined(parts: Vec<Part>, join: impl Fn(&mut String, &str)) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        match (joined.last_mut(), part) {
            (_, Part::Pending { .. }) => {}
            (Some(Part::Text { text: before }), Part::Text { text }) => join(before, &text),
            (_, part) => joined.push(part),
        }
    }
    joined
}

/// The text without blank lines at its start and end. The first line keeps its indentation.
#[must_use]
pub fn without_blank_lines(text: &str) -> &str {
    let text = text.trim_end();
    let first = text.len() - text.trim_start().len();
    let line = text[..first].rfind('\n').map_or(0, |at| at + 1);
    &text[line..]
}
