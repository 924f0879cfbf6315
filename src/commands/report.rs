//! Problems as people, programs and GitHub read them.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use unicode_width::UnicodeWidthChar;

use check::{Options, WHOLE};
use dotprompt::{Code, Level, Place, Problem};

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people, with the line of each problem; in colours, which a writer for other than a terminal takes out. What
    /// clients do with many files is told once, with the number of files.
    Human,
    /// One array of objects.
    Json,
    /// Commands of GitHub Actions, which shows them at the lines of a pull request.
    Github,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    /// What was checked, each with what was found in it.
    pub(crate) galleries: &'a [Gallery<'a>],
    /// What was asked.
    pub(crate) options: Options<'a>,
}

/// What was found in a gallery.
#[derive(Debug)]
pub(crate) struct Gallery<'a> {
    /// In the order of files and places.
    pub(crate) problems: Vec<Problem>,
    /// How many files were checked.
    pub(crate) files: usize,
    /// Where the gallery is: a folder, or an address that ends in `/`.
    pub(crate) root: &'a str,
    /// The texts of the files, by key.
    pub(crate) texts: HashMap<&'a str, &'a str>,
}

const GUTTER: Style = AnsiColor::BrightBlue.on_default().bold();
const BOLD: Style = Style::new().bold();
/// What clients do with this many files is told of each; with more, of the first.
const FILES_TOLD_EACH: usize = 3;
/// Of a line with the mark below, in columns of a terminal.
const WIDEST: usize = 100;

impl Report<'_> {
    /// Writes all problems.
    ///
    /// # Errors
    /// Those of `to`.
    pub(crate) fn write(&self, format: Format, to: &mut impl Write) -> io::Result<()> {
        match format {
            Format::Human => self.human(to),
            Format::Json => self.json(to),
            Format::Github => self.github(to),
        }
    }

    /// All problems, each with its gallery.
    fn problems(&self) -> impl Iterator<Item = (&Gallery<'_>, &Problem)> {
        self.galleries.iter().flat_map(|gallery| gallery.problems.iter().map(move |problem| (gallery, problem)))
    }

    fn human(&self, to: &mut impl Write) -> io::Result<()> {
        let mut alike = self.alike();
        for (gallery, problem) in self.problems() {
            let Problem { code, file, place, width, message, hint, .. } = problem;
            let files = match alike.get_mut(code) {
                Some(files) if files.is_empty() => continue,
                Some(files) => std::mem::take(files),
                None => Vec::new(),
            };
            let level = self.options.level(*code);
            let style = style(level);
            let path = printable(&gallery.path(file));
            let place_in = if &**file == WHOLE { String::new() } else { format!(":{}:{}", place.line, place.column) };
            let (level, code, message) = (word(level), code.as_str(), printable(message));
            writeln!(to, "{BOLD}{path}{place_in}:{BOLD:#} {style}{level}[{code}]{style:#}{BOLD}: {message}{BOLD:#}")?;
            let number = place.line.to_string();
            let margin = " ".repeat(number.len());
            let line = gallery.texts.get(&**file).and_then(|text| text.lines().nth(place.line as usize - 1));
            // What is wrong with a file as a whole is not wrong with its first line.
            let is_whole = (*place, *width) == (Place::START, 1);
            if let Some(line) = line.filter(|line| !is_whole && !line.trim().is_empty()) {
                let Marked { line, before, marked } = Marked::new(line, place.column as usize - 1, *width);
                writeln!(to, " {GUTTER}{number} |{GUTTER:#} {line}")?;
                let (before, marked) = (" ".repeat(before), "^".repeat(marked));
                writeln!(to, " {margin} {GUTTER}|{GUTTER:#} {before}{style}{marked}{style:#}")?;
            }
            if let Some(hint) = hint {
                writeln!(to, " {margin} {GUTTER}={GUTTER:#} {}", printable(hint))?;
            }
            if let [_, others @ ..] = &*files {
                let (shown, more) = others.split_at(FILES_TOLD_EACH);
                let dots = if more.is_empty() { "" } else { ", …" };
                let text = format!("also in {} more files: {}{dots}", others.len(), printable(&shown.join(", ")));
                writeln!(to, " {margin} {GUTTER}={GUTTER:#} {text} (--format json tells each)")?;
            }
            writeln!(to)?;
        }
        writeln!(to, "{}", self.summary())
    }

    /// The codes of what clients do with more than a few files, with the files.
    fn alike(&self) -> BTreeMap<Code, Vec<String>> {
        let mut files: BTreeMap<Code, Vec<String>> = BTreeMap::new();
        for (gallery, problem) in self.problems().filter(|(_, problem)| problem.code.is_about_clients()) {
            let files = files.entry(problem.code).or_default();
            let file = if self.galleries.len() == 1 { problem.file.to_string() } else { gallery.path(&problem.file) };
            // The files come in order.
            if files.last() != Some(&file) {
                files.push(file);
            }
        }
        files.retain(|_, files| files.len() > FILES_TOLD_EACH);
        files
    }

    /// Such as `16 files, 1 error, 3 warnings, 1 note`.
    fn summary(&self) -> String {
        let count = |level| self.problems().filter(|(_, problem)| self.options.level(problem.code) == level).count();
        let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let mut parts = vec![counted(self.galleries.iter().map(|gallery| gallery.files).sum(), "file")];
        for (level, what) in [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "note")] {
            parts.extend(Some(count(level)).filter(|count| *count > 0).map(|count| counted(count, what)));
        }
        if parts.len() == 1 {
            parts.push("no problems".to_owned());
        }
        parts.join(", ")
    }

    fn json(&self, to: &mut impl Write) -> io::Result<()> {
        #[derive(Serialize)]
        struct Told<'a> {
            file: String,
            line: u32,
            column: u32,
            width: usize,
            level: &'a str,
            code: &'a str,
            message: &'a str,
            hint: Option<&'a str>,
        }
        let told = self.problems().map(|(gallery, problem)| Told {
            file: gallery.path(&problem.file),
            line: problem.place.line,
            column: problem.place.column,
            width: problem.width,
            level: word(self.options.level(problem.code)),
            code: problem.code.as_str(),
            message: &problem.message,
            hint: problem.hint.as_deref(),
        });
        serde_json::to_writer_pretty(&mut *to, &told.collect::<Vec<_>>())?;
        writeln!(to)
    }

    /// <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>
    fn github(&self, to: &mut impl Write) -> io::Result<()> {
        for (gallery, Problem { code, file, place, message, hint, .. }) in self.problems() {
            let level = match self.options.level(*code) {
                Level::Note => "notice",
                level => word(level),
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
        Ok(())
    }
}

impl Gallery<'_> {
    /// The file as the one who asked would name it.
    fn path(&self, key: &str) -> String {
        match (self.root, key) {
            (root, WHOLE) => root.to_owned(),
            (root, key) if root.contains("://") => format!("{root}{key}"),
            (root, key) => Path::new(root)
                .join(key)
                .strip_prefix(".")
                .map_or_else(|_| Path::new(root).join(key).display().to_string(), |path| path.display().to_string()),
        }
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

fn style(level: Level) -> Style {
    match level {
        Level::Error => AnsiColor::BrightRed.on_default().bold(),
        Level::Warning => AnsiColor::BrightYellow.on_default().bold(),
        Level::Note => AnsiColor::BrightCyan.on_default().bold(),
    }
}

/// Text as it can be shown: what would move the cursor or change its colours is a space.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What a workflow command would take for its end, and `also`, as `%XX`.
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

/// A line and the mark below it, in columns of a terminal.
#[derive(Debug, PartialEq, Eq)]
struct Marked {
    line: String,
    before: usize,
    marked: usize,
}

impl Marked {
    /// `start` and `width` are in characters. Of a long line the part around the mark is left.
    fn new(line: &str, start: usize, width: usize) -> Self {
        const TAB: &str = "    ";
        let shown = |c: char| match c {
            '\t' => TAB.to_owned(),
            c if c.is_control() => " ".to_owned(),
            c => c.to_string(),
        };
        let columns = |c: char| {
            if c == '\t' {
                TAB.len()
            } else if c.is_control() {
                1
            } else {
                c.width().unwrap_or(0)
            }
        };
        let of = |text: &[char]| text.iter().copied().map(columns).sum::<usize>();
        let chars: Vec<char> = line.trim_end().chars().collect();
        let start = start.min(chars.len());
        // A third of the line stands before the mark.
        let mut from = start;
        let room = if of(&chars) > WIDEST { WIDEST / 3 } else { usize::MAX };
        let mut before = 0;
        while from > 0 && before + columns(chars[from - 1]) <= room {
            from -= 1;
            before += columns(chars[from]);
        }
        let mut to = from;
        let mut all = 0;
        while to < chars.len() && all + columns(chars[to]) <= WIDEST {
            all += columns(chars[to]);
            to += 1;
        }
        let (begin, end) = (if from > 0 { "…" } else { "" }, if to < chars.len() { "…" } else { "" });
        let marked = of(&chars[start..start.saturating_add(width).min(to).max(start)]).max(1);
        let text: String = chars[from..to].iter().copied().map(shown).collect();
        Self { line: format!("{begin}{text}{end}"), before: before + begin.chars().count(), marked }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn human(problems: &[(&str, Code)]) -> String {
        let problem = |(file, code): &(&str, Code)| Problem::of_file(*code, &(*file).into(), "what");
        let problems = problems.iter().map(problem).collect();
        let galleries = [Gallery { problems, files: 9, root: "g", texts: HashMap::new() }];
        let report = Report { galleries: &galleries, options: Options { page_size: None, clients: &[] } };
        let mut written = Vec::new();
        report.write(Format::Human, &mut written).expect("memory takes it");
        anstream::adapter::strip_str(&String::from_utf8(written).expect("UTF-8")).to_string()
    }

    #[test]
    fn what_clients_do_with_many_files_is_told_once() {
        use Code::{Empty, NotText, SeveralArguments};
        let mut problems = vec![("a", SeveralArguments), ("b", NotText), ("b", NotText), ("b", SeveralArguments)];
        problems.extend([("c", NotText), ("c", SeveralArguments), ("c", Empty), ("d", Empty), ("e", Empty)]);
        let few = human(&problems);
        assert!(few.matches("[several-arguments]").count() == 3 && !few.contains("more files"), "{few}");
        problems.extend([("f", NotText), ("f", Empty), ("f", SeveralArguments), ("g", SeveralArguments)]);
        insta::assert_snapshot!(human(&problems), @"
        g/a:1:1: note[several-arguments]: what
           = also in 4 more files: b, c, f, … (--format json tells each)

        g/b:1:1: note[not-text]: what

        g/b:1:1: note[not-text]: what

        g/c:1:1: note[not-text]: what

        g/c:1:1: warning[empty]: what

        g/d:1:1: warning[empty]: what

        g/e:1:1: warning[empty]: what

        g/f:1:1: note[not-text]: what

        g/f:1:1: warning[empty]: what

        9 files, 4 warnings, 9 notes
        ");
    }

    #[test]
    fn the_mark_stands_below_what_it_means_whatever_is_before_it() {
        for (line, start, width, expected) in [
            ("abc def", 4, 3, ("abc def", 4, 3)),
            ("\tx", 1, 1, ("    x", 4, 1)),
            ("日本 x", 3, 1, ("日本 x", 5, 1)),
            ("日本 x", 0, 2, ("日本 x", 0, 4)),
            ("e\u{301}x", 2, 1, ("e\u{301}x", 1, 1)),
            ("a\u{1b}[31mb", 6, 1, ("a [31mb", 6, 1)),
            ("abc", 3, 9, ("abc", 3, 1)),
            ("abc", 70, 9, ("abc", 3, 1)),
        ] {
            let (text, before, marked) = expected;
            assert_eq!(Marked::new(line, start, width), Marked { line: text.to_owned(), before, marked }, "{line}");
        }
    }

    #[test]
    fn of_a_long_line_the_part_around_the_mark_is_shown() {
        let line = format!("{}{{{{x}}}}{}", "a".repeat(500), "b".repeat(500));
        let Marked { line, before, marked } = Marked::new(&line, 500, 5);
        assert_eq!(line, format!("…{}{{{{x}}}}{}…", "a".repeat(33), "b".repeat(62)));
        assert_eq!((before, marked), (34, 5));
    }

    #[test]
    fn what_would_end_a_workflow_command_is_escaped() {
        assert_eq!(escaped("a,b:c%\r\nd", ",:"), "a%2Cb%3Ac%25%0D%0Ad");
        assert_eq!(escaped("a,b:c%\n", ""), "a,b:c%25%0A");
    }
}
