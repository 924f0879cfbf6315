//! Front matter in the wrong place, where it is read as text of the prompt.

use dotprompt::Place;

/// Keys that distinguish front matter from other text. Keys such as `name` also begin lines of letters and lists.
const KEYS: [&str; 8] = ["title", "description", "tags", "arguments", "input", "output", "model", "config"];
/// Lines of front matter at most; a later `---` belongs to the text.
const MAX_LINES: usize = 100;

/// Misplaced front matter, and a hint.
pub(super) struct Misplaced {
    pub(super) place: Place,
    pub(super) message: &'static str,
    pub(super) hint: &'static str,
}

/// Looks for front matter in the text of a file without any.
pub(super) fn find(text: &str) -> Option<Misplaced> {
    let mut lines = text.trim_start_matches('\u{feff}').lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let (first, number) = lines.next()?;
    let at = |line| Place { line, column: 1 };
    if is_key(first) {
        return lines.take(MAX_LINES).any(|(line, _)| is_fence(line)).then_some(Misplaced {
            place: at(number),
            message: "this is read as text: front matter starts with a line of ---",
            hint: "put --- on a line of its own before it",
        });
    }
    let (_, fence) = lines.find(|(line, _)| is_fence(line))?;
    let begins = lines.next().is_some_and(|(line, _)| is_key(line));
    (begins && lines.take(MAX_LINES).any(|(line, _)| is_fence(line))).then_some(Misplaced {
        place: at(fence),
        message: "this is read as text: front matter must be at the top of the file",
        hint: "move it before all other text",
    })
}

fn is_key(line: &str) -> bool {
    line.split_once(':').is_some_and(|(key, _)| KEYS.contains(&key))
}

fn is_fence(line: &str) -> bool {
    line.trim_end() == "---"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_without_its_first_fence_or_below_text_is_found() {
        let line = |text| find(text).map(|found| found.place.line);
        assert_eq!(line("\ntitle: x\ntags: [a]\n---\ntext"), Some(2));
        assert_eq!(line("Intro\n\n---\ndescription: x\n---\ntext"), Some(3));
        for text in ["", "title: x\ntext", "Dear all: hello\n---\n", "a\n\n---\n\nb\n\n---\n", "description\n---\n"] {
            assert_eq!(line(text), None, "{text}");
        }
    }
}
