//! Problems as text for people, as JSON, and as commands for GitHub Actions.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Element, Group, Origin, Renderer, Snippet, normalize_untrusted_str};
use serde::Serialize;

use check::{Options, WHOLE};
use dotprompt::{Code, Level, Place, Problem};

/// The problems of all galleries.
pub(super) struct Report<'a> {
    pub(super) galleries: &'a [CheckedGallery<'a>],
    pub(super) options: Options<'a>,
}

/// The problems of one gallery.
pub(super) struct CheckedGallery<'a> {
    /// Sorted by file and place.
    pub(super) problems: Vec<Problem>,
    /// Number of checked files.
    pub(super) files: usize,
    /// A folder, or an address that ends in `/`.
    pub(super) root: &'a str,
    /// The texts of the files, by key.
    pub(super) texts: HashMap<&'a str, &'a str>,
}

/// An effect in clients that concerns more files is shown once for all of them.
const MAX_REPEATED: usize = 3;
/// Columns of a terminal. Of a longer source line, the part around the problem is shown.
const WIDTH: usize = 110;

impl Report<'_> {
    /// Writes a report for people, with the line of each problem, in colours.
    ///
    /// # Errors
    /// Those of `to`.
    pub(super) fn human(&self, mut to: impl Write) -> io::Result<()> {
        let renderer = Renderer::styled().term_width(WIDTH);
        let mut merged = self.merged();
        for (gallery, problem) in self.problems() {
            let files = match merged.get_mut(&problem.code) {
                Some(files) if files.is_empty() => continue,
                Some(files) => std::mem::take(files),
                None => Vec::new(),
            };
            let calls = gallery.calls(problem);
            if calls.first().is_some_and(|first| *first != problem) {
                continue;
            }
            let mut group = gallery.snippet(problem, self.options.level(problem.code));
            let more_calls = calls.iter().skip(1).map(|call| printable(&call.message));
            group = group.elements(more_calls.map(|call| annotate_snippets::Level::NOTE.message(call)));
            if let [_, others @ ..] = &*files {
                let (shown, more) = others.split_at(MAX_REPEATED);
                let dots = if more.is_empty() { "" } else { ", …" };
                let text = format!("also in {} more files: {}{dots}", others.len(), printable(&shown.join(", ")));
                let text = format!("{text} (--format json lists them all)");
                group = group.element(annotate_snippets::Level::NOTE.message(text));
            }
            writeln!(to, "{}\n", renderer.render(&[group]))?;
        }
        writeln!(to, "{}", self.summary())?;
        to.flush()
    }

    /// Writes one array of objects.
    ///
    /// # Errors
    /// Those of `to`.
    pub(super) fn json(&self, mut to: impl Write) -> io::Result<()> {
        #[derive(Serialize)]
        struct JsonProblem<'a> {
            file: String,
            line: u32,
            column: u32,
            width: usize,
            level: &'a str,
            code: &'a str,
            message: &'a str,
            hint: Option<&'a str>,
        }
        let problems = self.problems().map(|(gallery, problem)| JsonProblem {
            file: gallery.path(&problem.file),
            line: problem.place.line,
            column: problem.place.column,
            width: problem.width,
            level: level_name(self.options.level(problem.code)),
            code: problem.code.as_str(),
            message: &problem.message,
            hint: problem.hint.as_deref(),
        });
        serde_json::to_writer_pretty(&mut to, &problems.collect::<Vec<_>>())?;
        writeln!(to)?;
        to.flush()
    }

    /// Writes workflow commands, see
    /// <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.
    ///
    /// # Errors
    /// Those of `to`.
    pub(super) fn github(&self, mut to: impl Write) -> io::Result<()> {
        for (gallery, Problem { code, file, place, message, hint, .. }) in self.problems() {
            let level = match self.options.level(*code) {
                Level::Note => "notice",
                level => level_name(level),
            };
            let title = code.as_str();
            let (line, column) = (place.line, place.column);
            let at = match &**file {
                WHOLE => String::new(),
                file => format!("file={},line={line},col={column},", escaped(&gallery.path(file), ",:")),
            };
            let text: Vec<&str> = [Some(message.as_str()), hint.as_deref()].into_iter().flatten().collect();
            writeln!(to, "::{level} {at}title={title}::{}", escaped(&text.join("\n"), ""))?;
        }
        to.flush()
    }

    fn problems(&self) -> impl Iterator<Item = (&CheckedGallery<'_>, &Problem)> {
        self.galleries.iter().flat_map(|gallery| gallery.problems.iter().map(move |problem| (gallery, problem)))
    }

    /// The codes to show once, with their files: effects in clients that concern many files.
    fn merged(&self) -> BTreeMap<Code, Vec<String>> {
        let is_about_clients = |problem: &Problem| problem.code.is_about_clients();
        let is_one = self.galleries.iter().filter(|gallery| gallery.problems.iter().any(is_about_clients)).count() == 1;
        let mut files: BTreeMap<Code, Vec<String>> = BTreeMap::new();
        for (gallery, problem) in self.problems().filter(|(_, problem)| is_about_clients(problem)) {
            let files = files.entry(problem.code).or_default();
            let file = if is_one { problem.file.to_string() } else { gallery.path(&problem.file) };
            // The problems are sorted by file.
            if files.last() != Some(&file) {
                files.push(file);
            }
        }
        files.retain(|_, files| files.len() > MAX_REPEATED);
        files
    }

    /// Such as `16 files, 1 error, 3 warnings, 1 note`.
    fn summary(&self) -> String {
        let count = |level| self.problems().filter(|(_, problem)| self.options.level(problem.code) == level).count();
        let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let mut parts = vec![counted(self.galleries.iter().map(|gallery| gallery.files).sum(), "file")];
        for level in [Level::Error, Level::Warning, Level::Note] {
            parts.extend(Some(count(level)).filter(|count| *count > 0).map(|count| counted(count, level_name(level))));
        }
        if parts.len() == 1 {
            parts.push("no problems".to_owned());
        }
        parts.join(", ")
    }
}

impl CheckedGallery<'_> {
    /// How the prompt of a note is called in all clients, shown in one piece. Empty for other problems.
    fn calls(&self, problem: &Problem) -> Vec<&Problem> {
        if problem.code != Code::Call {
            return Vec::new();
        }
        // The problems are sorted by file.
        let first = self.problems.partition_point(|other| other.file < problem.file);
        let of_file = self.problems[first..].iter().take_while(|other| other.file == problem.file);
        of_file.filter(|other| other.code == Code::Call).collect()
    }

    /// A problem with its line and its hint.
    fn snippet<'p>(
        &self,
        Problem { code, file, place, width, message, hint, .. }: &'p Problem,
        level: Level,
    ) -> Group<'p> {
        let title = match level {
            Level::Error => annotate_snippets::Level::ERROR,
            Level::Warning => annotate_snippets::Level::WARNING,
            Level::Note => annotate_snippets::Level::NOTE,
        };
        let path = printable(&self.path(file));
        let line = self.texts.get(&**file).and_then(|text| text.lines().nth(place.line as usize - 1));
        // A problem of the whole file is not one of its first line.
        let line = line.filter(|line| (*place, *width) != (Place::START, 1) && !line.trim().is_empty());
        let source: Element<'_> = match line {
            Some(line) => {
                let line = line.replace(|c: char| c.is_control() && c != '\t', " ");
                let span = byte_range(&line, place.column as usize - 1, *width);
                let snippet = Snippet::source(line).line_start(place.line as usize).path(path);
                snippet.annotation(AnnotationKind::Primary.span(span)).into()
            }
            None if &**file == WHOLE => Origin::path(path).into(),
            None => Origin::path(path).line(place.line as usize).char_column(place.column as usize).into(),
        };
        let hint = hint.as_ref().map(|hint| annotate_snippets::Level::HELP.message(printable(hint)));
        title.primary_title(printable(message)).id(code.as_str()).element(source).elements(hint)
    }

    /// The file as the user would name it.
    fn path(&self, key: &str) -> String {
        match (self.root, key) {
            (root, WHOLE) => root.to_owned(),
            (root, key) if root.contains("://") => format!("{root}{key}"),
            (root, key) => {
                let path = Path::new(root).join(key);
                path.strip_prefix(".").unwrap_or(&path).display().to_string()
            }
        }
    }
}

/// Characters of a line as bytes. `start` and `width` may exceed the line.
fn byte_range(line: &str, start: usize, width: usize) -> Range<usize> {
    let byte = |character: usize| line.char_indices().nth(character).map_or(line.len(), |(byte, _)| byte);
    byte(start)..byte(start.saturating_add(width))
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

/// Replaces characters that would move the cursor, change colours or reverse the text.
fn printable(text: &str) -> String {
    normalize_untrusted_str(&text.replace(char::is_control, " "))
}

/// Text of a workflow command, with the characters that end it, and those in `also`, as `%XX`.
fn escaped(text: &str, also: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' | '\r' | '\n' => escaped.push_str(&format!("%{:02X}", c as u32)),
            c if also.contains(c) => escaped.push_str(&format!("%{:02X}", c as u32)),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn human(problems: Vec<Problem>, texts: &[(&'static str, &'static str)]) -> String {
        let galleries = [CheckedGallery { problems, files: 9, root: "g", texts: texts.iter().copied().collect() }];
        let report = Report { galleries: &galleries, options: Options::default() };
        let mut written = Vec::new();
        report.human(&mut written).expect("memory takes it");
        anstream::adapter::strip_str(&String::from_utf8(written).expect("UTF-8")).to_string()
    }

    fn problem(file: &str, code: Code, column: u32, width: usize) -> Problem {
        let place = Place { line: 1, column };
        Problem { place, width, ..Problem::of_file(code, &file.into(), "what") }
    }

    #[test]
    fn effects_of_many_files_are_shown_once() {
        use Code::{Empty, NotText, SeveralArguments};
        let problems = |files: &[(&str, Code)]| files.iter().map(|(file, code)| problem(file, *code, 1, 1)).collect();
        let mut files = vec![("a", SeveralArguments), ("b", NotText), ("b", NotText), ("b", SeveralArguments)];
        files.extend([("c", NotText), ("c", SeveralArguments), ("c", Empty), ("d", Empty), ("e", Empty)]);
        let few = human(problems(&files), &[]);
        assert!(few.matches("[several-arguments]").count() == 3 && !few.contains("more files"), "{few}");
        files.extend([("f", NotText), ("f", Empty), ("f", SeveralArguments), ("g", SeveralArguments)]);
        insta::assert_snapshot!(human(problems(&files), &[]), @"
        note[several-arguments]: what
        --> g/a:1:1
         = note: also in 4 more files: b, c, f, … (--format json lists them all)

        note[not-text]: what
        --> g/b:1:1

        note[not-text]: what
        --> g/b:1:1

        note[not-text]: what
        --> g/c:1:1

        warning[empty]: what
        --> g/c:1:1

        warning[empty]: what
        --> g/d:1:1

        warning[empty]: what
        --> g/e:1:1

        note[not-text]: what
        --> g/f:1:1

        warning[empty]: what
        --> g/f:1:1

        9 files, 4 warnings, 9 notes
        ");
    }

    #[test]
    fn the_mark_is_below_the_problem() {
        for (line, column, width, shown) in [
            ("abc def", 5, 3, "1 | abc def\n  |     ^^^"),
            ("\tx", 2, 1, "1 |     x\n  |     ^"),
            ("日本 x", 4, 1, "1 | 日本 x\n  |      ^"),
            ("日本 x", 1, 2, "1 | 日本 x\n  | ^^^^"),
            ("e\u{301}x", 3, 1, "1 | e\u{301}x\n  |  ^"),
            ("a\u{1b}[31mb\u{9b}1m", 7, 1, "1 | a [31mb 1m\n  |       ^"),
            ("abc", 4, 9, "1 | abc\n  |    ^"),
            ("abc", 71, 9, "1 | abc\n  |    ^"),
        ] {
            let report = human(vec![problem("a", Code::Syntax, column, width)], &[("a", line)]);
            assert!(report.contains(&format!("\n  |\n{shown}\n\n")), "{line}: {report}");
        }
    }

    #[test]
    fn of_a_long_line_the_part_around_the_problem_is_shown() {
        let line: &'static str = format!("{}{{{{x}}}}{}", "a".repeat(500), "b".repeat(500)).leak();
        let shown = human(vec![problem("a", Code::Syntax, 501, 5)], &[("a", line)]);
        insta::assert_snapshot!(shown, @"
        error[syntax]: what
         --> g/a:1:501
          |
        1 | ...aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{{x}}bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb...
          |                                                   ^^^^^

        9 files, 1 error
        ");
    }

    #[test]
    fn the_end_of_a_workflow_command_is_escaped() {
        assert_eq!(escaped("a,b:c%\r\nd", ",:"), "a%2Cb%3Ac%25%0D%0Ad");
        assert_eq!(escaped("a,b:c%\n", ""), "a,b:c%25%0A");
    }
}
