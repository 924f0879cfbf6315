//! A prompt file with its partials and arguments, made of any bytes, and what must hold for each.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use dotprompt::{Data, Level, Part, Partial, Problem, Prompt, PromptFile, bounds};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Map, Value};

/// CPU time that one input may cost: 100 ms, three times that with the fuzzer's counters in the code, and far more without optimisation.
pub const MOST: Duration = Duration::from_millis(if cfg!(fuzzing) {
    300
} else if cfg!(debug_assertions) {
    10_000
} else {
    100
});
/// What a worker thread of the server has.
const STACK: usize = 2 * 1024 * 1024;
/// All that one input is expanded to, in bytes: a little more than a file may have.
const EXPANDED: usize = bounds::SOURCE as usize + 1024;
/// Bytes of all messages of one file: a broken file is told of, not repeated.
const TOLD: usize = 4 * 1024 * 1024;
/// What is said for arguments that an input does not give. No error may repeat it.
const SENTINEL: &str = "sentinel-of-a-caller";

/// Bytes of an input that mean something; all others stand for themselves.
const OPEN: u8 = 0x1c;
const CLOSE: u8 = 0x1d;
const SECTION: u8 = 0x1e;

/// A prompt, its partials and what a caller says: a file from its bytes to its messages.
pub fn template(input: &[u8]) {
    Case::read(input).run();
}

/// YAML between two fences, and a template that says what it finds of it.
pub fn front_matter(input: &[u8]) {
    let mut case = Case::read(input);
    case.file = [b"---\n", case.file.as_slice(), b"\n---\n{{json @metadata}}{{json @root}}"].concat();
    case.run();
}

/// Picoschema or JSON Schema as `input.schema`, and values that a caller gives for it.
pub fn picoschema(input: &[u8]) {
    let mut case = Case::read(input);
    case.file = schema_file(&case.file);
    case.run();
}

/// The file whose input takes `schema`, on one line or below.
fn schema_file(schema: &[u8]) -> Vec<u8> {
    let mut file = b"---\ninput:\n  schema:".to_vec();
    let is_block = schema.contains(&b'\n') || !schema.starts_with(b"{");
    for line in schema.split(|byte| *byte == b'\n') {
        file.extend_from_slice(if is_block { b"\n    " } else { b" " });
        file.extend_from_slice(line);
    }
    file.extend_from_slice(b"\n---\n{{json @root}}{{#each this}}{{@key}}={{this}};{{/each}}");
    file
}

/// A prompt file, partials and arguments.
///
/// Sections end with the byte 1E. The first is the file; another is a partial if it begins with `>` and its name, else
/// an argument, each with its name on the first line. `1C x 1D n` repeats x 2ⁿ times, where n is a letter from A on, so
/// that ten bytes are a bomb.
#[derive(Debug, Default, Clone)]
pub struct Case {
    /// The prompt file.
    pub file: Vec<u8>,
    /// Partials by name.
    pub partials: BTreeMap<String, Vec<u8>>,
    /// What the caller says.
    pub arguments: Map<String, Value>,
}

/// CPU time of the steps of one case.
#[derive(Debug, Default, Clone, Copy)]
pub struct Cost {
    /// Reading a file, or linking all: whichever took longer.
    pub read: Duration,
    /// Taking the arguments, or rendering.
    pub render: Duration,
}

impl Case {
    /// Reads a fuzzer's input.
    #[must_use]
    pub fn read(input: &[u8]) -> Self {
        let input = expand(input);
        let mut sections = input.split(|byte| *byte == SECTION);
        let mut case = Self { file: sections.next().unwrap_or_default().to_vec(), ..Self::default() };
        for section in sections {
            let (name, rest) = match section.iter().position(|byte| *byte == b'\n') {
                Some(at) => (&section[..at], &section[at + 1..]),
                None => (section, &[][..]),
            };
            let name = String::from_utf8_lossy(name);
            match name.strip_prefix('>') {
                Some(name) => drop(case.partials.insert(name.trim().to_owned(), rest.to_vec())),
                None => {
                    let value = String::from_utf8_lossy(rest).into_owned();
                    case.arguments.insert(name.into_owned(), value.into());
                }
            }
        }
        case
    }

    /// Does all that the gallery does with a file, and checks the outcome.
    ///
    /// # Panics
    /// Where something does not hold that must, the cost included.
    pub fn run(&self) {
        let Cost { read, render } = self.checked();
        assert!(read <= MOST, "reading took {read:?} of CPU");
        assert!(render <= MOST, "rendering took {render:?} of CPU");
    }

    /// The same but for the cost, which is returned.
    ///
    /// # Panics
    /// Where something does not hold that must.
    #[must_use]
    pub fn checked(&self) -> Cost {
        std::thread::scope(|scope| {
            let worker = std::thread::Builder::new().stack_size(STACK);
            let worker = worker.spawn_scoped(scope, || self.work().0).expect("a thread");
            worker.join().expect("no panic")
        })
    }

    /// Does it on this thread; also says what came of it.
    ///
    /// # Panics
    /// Where something does not hold that must.
    #[must_use]
    pub fn work(&self) -> (Cost, String) {
        let mut cost = Cost::default();
        let prompt = match self.link(&mut cost.read) {
            Ok(prompt) => prompt,
            Err(problem) => return (cost, problem.to_string()),
        };
        let said = self.render(&prompt, &mut cost.render);
        (cost, said)
    }

    fn link(&self, cost: &mut Duration) -> Result<Prompt, Problem> {
        let is_error = |problem: &Problem| problem.code.level() == Level::Error;
        let (file, problems) = measured(cost, || PromptFile::read("file", &self.file, &|_| None));
        self.check_all(&problems);
        assert_eq!(file.is_none(), problems.iter().any(is_error), "{problems:?}");
        let mut first = problems.into_iter().find(is_error);
        let mut partials = HashMap::new();
        for (name, source) in &self.partials {
            let (partial, problems) = measured(cost, || Partial::read(&format!("_{name}"), source));
            self.check_all(&problems);
            assert_eq!(partial.is_none(), problems.iter().any(is_error), "{problems:?}");
            match partial {
                Some(partial) => drop(partials.insert(name.clone(), Arc::new(partial))),
                None => first = first.or_else(|| problems.into_iter().next()),
            }
        }
        if let Some(problem) = first {
            return Err(problem);
        }
        let file = Arc::new(file.expect("a file without errors"));
        // As in the gallery's cache: that they are let go is not part of it.
        let _kept = (Arc::clone(&file), partials.clone());
        let linked = measured(cost, || Prompt::link(file, partials));
        linked.inspect_err(|problem| self.check(problem))
    }

    /// Renders with what the case says, and the sentinel where it says nothing.
    fn render(&self, prompt: &Prompt, cost: &mut Duration) -> String {
        let known = |name: &str| prompt.arguments().iter().any(|argument| argument.name == name);
        let given = self.arguments.iter().filter(|(name, _)| known(name));
        let mut given: Map<String, Value> = given.map(|(name, value)| (name.clone(), value.clone())).collect();
        for argument in prompt.arguments().iter().filter(|argument| argument.required) {
            if !given.contains_key(&argument.name) {
                let value = argument.choices().into_iter().next().unwrap_or_else(|| SENTINEL.to_owned());
                given.insert(argument.name.clone(), value.into());
            }
        }
        if self.arguments.len() > given.len() {
            // Also with what there is no argument for.
            let _ = resolve(prompt, &self.arguments, &mut Duration::default());
        }
        match resolve(prompt, &given, cost) {
            Ok(data) => self.messages(prompt, data, cost),
            Err(said) => said,
        }
    }

    fn messages(&self, prompt: &Prompt, mut data: Data, cost: &mut Duration) -> String {
        data.context.insert("auth".to_owned(), serde_json::json!({ "sub": SENTINEL }));
        match measured(cost, || prompt.render(&data)) {
            Ok(messages) => {
                let parts = messages.iter().flat_map(|message| &message.content);
                let texts = parts.map(|part| match part {
                    Part::Text { text } => {
                        assert!(!text.trim().is_empty(), "a blank part");
                        text.len()
                    }
                    _ => 0,
                });
                let length = texts.sum::<usize>();
                assert!(length <= bounds::OUTPUT, "{length} bytes");
                format!("{} messages, {length} bytes", messages.len())
            }
            Err(problem) => {
                self.check(&problem);
                problem.to_string()
            }
        }
    }

    /// Checks all problems of one file.
    fn check_all(&self, problems: &[Problem]) {
        let told: usize = problems.iter().map(|problem| problem.message.len()).sum();
        assert!(told <= TOLD, "{told} bytes of messages");
        assert!(problems.is_sorted_by_key(|problem| problem.place) || problems[0].file.starts_with('_'));
        // Each is looked up in the file.
        problems.iter().take(200).for_each(|problem| self.check(problem));
    }

    /// A problem is one line about a place that there is, and has no word of the caller's.
    fn check(&self, problem: &Problem) {
        let source = match problem.file.strip_prefix('_') {
            Some(name) => &self.partials[name],
            None => &self.file,
        };
        let Problem { place, width, message, hint, .. } = problem;
        for text in [Some(message), hint.as_ref()].into_iter().flatten() {
            assert!(!text.is_empty() && !text.contains(['\n', '\r']), "not one line: {text:?}");
            assert!(!text.contains(SENTINEL) || contains(source, SENTINEL), "a caller's words: {text}");
        }
        let is_text = std::str::from_utf8(source).is_ok();
        let source = String::from_utf8_lossy(source);
        let line = source.split('\n').nth(place.line as usize - 1);
        let line = line.unwrap_or_else(|| panic!("there is no line {}: {problem:?}", place.line));
        let column = place.column as usize;
        let length = line.chars().count();
        assert!(column >= 1 && column <= length + 1, "there is no column {column}: {problem:?} {line:?}");
        assert!(*width >= 1, "{problem:?}");
        assert!(!is_text || column + width <= length + 2, "more than the line: {problem:?} {line:?}");
    }
}

/// The data for these arguments, or what is said of them.
fn resolve(prompt: &Prompt, given: &Map<String, Value>, cost: &mut Duration) -> Result<Data, String> {
    measured(cost, || prompt.resolve(given)).map_err(|problems| {
        assert!(!problems.is_empty());
        let told = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        assert!(told.len() <= TOLD, "{} bytes of messages", told.len());
        told
    })
}

fn contains(source: &[u8], text: &str) -> bool {
    source.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Runs `f`, and notes the CPU time of this thread that it took, if nothing before took more.
fn measured<T>(cost: &mut Duration, f: impl FnOnce() -> T) -> T {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
    };
    let start = now();
    let value = f();
    *cost = now().saturating_sub(start).max(*cost);
    value
}

/// Writes out what an input repeats.
fn expand(input: &[u8]) -> Vec<u8> {
    let (mut expanded, mut open) = (Vec::new(), Vec::new());
    let mut bytes = input.iter();
    while let Some(byte) = bytes.next() {
        match *byte {
            OPEN => open.push(expanded.len()),
            CLOSE => {
                let start = open.pop().unwrap_or(expanded.len());
                let times = 1_usize << (bytes.next().map_or(0, |n| n.wrapping_sub(b'A')) & 0x0f);
                let fragment = expanded[start..].to_vec();
                let fits = (EXPANDED.saturating_sub(expanded.len())) / fragment.len().max(1);
                for _ in 1..times.min(fits + 1) {
                    expanded.extend_from_slice(&fragment);
                }
            }
            other => expanded.push(other),
        }
    }
    expanded
}
