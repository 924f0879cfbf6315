//! The prompt of the benchmarks.

use std::fmt::Write;

use bytes::Bytes;

/// A prompt of about 1 KB: front matter, two variables, a condition.
pub(crate) fn prompt(number: usize) -> Bytes {
    let mut text = format!(
        "---\ntitle: Review request {number}\ndescription: Asks for a review of a change, in a given tone.\n\
         arguments:\n  - name: name\n    description: Who is asked\n    required: true\n\
         \x20 - name: topic\n    description: What is reviewed\n    required: true\n\
         \x20 - name: tone\n    description: Tone of the answer\n---\n\
         Hello {{{{name}}}}, please review {{{{topic}}}} (template {number}).\n\
         {{{{#if tone}}}}Keep a {{{{tone}}}} tone.{{{{/if}}}}\n"
    );
    while text.len() < 1000 {
        let _ = write!(text, "Say what is right, what is wrong and what is missing, one point a line, worst first. ");
    }
    text.push_str("\nThank you, {{name}}.\n");
    text.into()
}
