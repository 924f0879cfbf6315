//! What a prompt's template does, whatever it is rendered with: what `check` warns of.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::message::Role;
use super::problem::Place;
use super::schema::plain;
use super::template::Usage;
use super::template::{
    Block, BlockKind, Expression, Inlines, Mark, Node, PartialCall, Program, UnknownData, Variable, usage,
};
use super::{Linker, Partial, Prompt, PromptFile, bounds, front_matter};

/// What a prompt's template does, whatever it is rendered with. Places are of the prompt's own file: what a partial
/// does is where the partial is called.
#[derive(Debug)]
pub struct Survey {
    /// Variables that are neither declared nor have a default, of a file that declares some.
    pub undeclared: Vec<Undeclared>,
    /// `@name` that finds nothing.
    pub unknown_data: Vec<UnknownData>,
    /// Arguments that are declared and not used, and where.
    pub unused: Vec<(String, Place)>,
    /// The variables that it uses, and how.
    pub variables: Vec<Variable>,
    /// Names that `input.default` gives a value, which are no arguments and not used, and where.
    pub idle_defaults: Vec<(String, Place)>,
    /// How many messages come of it.
    pub messages: MessageCount,
    /// The pictures and other files that it may show.
    pub shown: Vec<Shown>,
    /// The first one too many, where every rendering shows too many.
    pub one_too_many: Option<Place>,
    /// Whether nothing can come of it.
    pub is_empty: bool,
}

/// A variable that is used and not declared.
#[derive(Debug)]
pub struct Undeclared {
    /// The variable.
    pub name: String,
    /// Its first use.
    pub place: Place,
    /// Whether a rendering that gets to one of its uses fails.
    pub fails: bool,
}

/// The messages of a rendering, as MCP counts them: one for each text, picture or file.
#[derive(Debug, Default)]
pub struct MessageCount {
    /// Where the second one begins, if there may be one.
    pub second: Option<Place>,
    /// Whether there always is.
    pub is_certain: bool,
    /// Where someone may speak out of turn: the user begins, and then comes the assistant.
    pub out_of_turn: Option<Place>,
    /// Whether the first one is text.
    pub begins_with_text: bool,
}

/// A picture or another file that a template shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The tag.
    pub place: Place,
    /// Its address, if it is written out.
    pub url: Option<String>,
    /// Its type, if it is told.
    pub content_type: ContentType,
}

/// What a template says of the type of a picture or another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentType {
    /// Nothing: the address tells.
    Untold,
    /// This.
    Written(String),
    /// It depends on a value.
    Computed,
}

impl PromptFile {
    /// The pictures and other files that its own template shows.
    #[doc(hidden)]
    pub fn shown(&self) -> Vec<Shown> {
        shown(&self.template.program)
    }

    /// Variables that other readers of the format take for a helper's name, and where.
    #[doc(hidden)]
    pub fn named_like_helpers(&self) -> Vec<(String, Place)> {
        named_like_helpers(&self.template.program)
    }

    /// Whether it declares an argument of that name.
    #[doc(hidden)]
    pub fn declares(&self, name: &str) -> bool {
        let declared = self.front_matter.arguments.as_ref();
        declared.is_some_and(|arguments| arguments.iter().any(|argument| argument.name == name))
    }

    /// What the prompt is for.
    #[doc(hidden)]
    pub fn description(&self) -> Option<&str> {
        self.front_matter.description.as_deref()
    }
}

impl Partial {
    /// The pictures and other files that its own template shows.
    #[doc(hidden)]
    pub fn shown(&self) -> Vec<Shown> {
        shown(&self.template.program)
    }

    /// Variables that other readers of the format take for a helper's name, and where.
    #[doc(hidden)]
    pub fn named_like_helpers(&self) -> Vec<(String, Place)> {
        named_like_helpers(&self.template.program)
    }

    /// `@name` that finds nothing wherever the partial is called.
    #[doc(hidden)]
    pub fn unknown_data(&self) -> Vec<UnknownData> {
        let usage = usage(&self.template.program, true, &HashMap::new(), &mut { bounds::USES });
        usage.map(|usage| usage.unknown_data().to_vec()).unwrap_or_default()
    }

    /// Whether nothing can come of it, and it defines nothing.
    #[doc(hidden)]
    pub fn is_empty(&self) -> bool {
        let is_blank = |node: &Node| matches!(node, Node::Text(text) if text.trim().is_empty());
        self.template.inlines.is_empty() && self.template.program.nodes.iter().all(is_blank)
    }
}

/// The template of a prompt file's text, and where it begins; nothing of a file whose front matter does not end.
pub fn body(source: &str) -> Option<(&str, Place)> {
    let file = front_matter::split(&Arc::from(""), source).ok()?;
    Some((file.body, file.body_place))
}

fn named_like_helpers(program: &Program) -> Vec<(String, Place)> {
    let usage = usage(program, true, &HashMap::new(), &mut { bounds::USES });
    let variables = usage.map(|usage| usage.variables()).unwrap_or_default().into_iter();
    variables.filter(|variable| variable.is_helper_name).map(|variable| (variable.name, variable.place)).collect()
}

fn shown(program: &Program) -> Vec<Shown> {
    let mut found = Vec::new();
    let mut todo = vec![program];
    while let Some(program) = todo.pop() {
        todo.extend(program.inlines.iter().map(|(_, program)| program));
        for node in &program.nodes {
            match node {
                Node::Mark(place, mark) => found.extend(Shown::of(*place, mark)),
                Node::Block(_, block) => todo.extend([&block.body, &block.otherwise]),
                Node::Partial(_, call) => todo.extend(&call.block),
                Node::Text(_) | Node::Value(..) => {}
            }
        }
    }
    found.sort_by_key(|shown| shown.place);
    found
}

impl Shown {
    fn of(place: Place, mark: &Mark) -> Option<Self> {
        let Mark::Media { url, content_type } = mark else { return None };
        let written = |value: &Expression| match value {
            Expression::Literal(Value::Null) => Some(String::new()),
            Expression::Literal(value) => Some(plain(value).into_owned()),
            Expression::Path(_) | Expression::Call(_) => None,
        };
        let content_type = match content_type.as_ref().map(written) {
            Some(Some(text)) if !text.is_empty() => ContentType::Written(text),
            Some(None) => ContentType::Computed,
            Some(Some(_)) | None => ContentType::Untold,
        };
        Some(Self { place, url: written(url), content_type })
    }
}

impl Prompt {
    /// Finds out what the template does.
    #[doc(hidden)]
    pub fn survey(&self) -> Survey {
        let template = &self.file.template;
        let templates = self.partials.values().map(|partial| &partial.template).chain([template]);
        let inlines = templates.flat_map(|template| template.inlines.iter().map(String::as_str)).collect();
        let (done, shown) = Default::default();
        let mut walk = Walk { partials: &self.partials, inlines, done, shown };
        let scope = Scope { inlines: None, is_certain: true };
        let events = walk.program(&template.program, &scope);
        let shown = walk.shown;
        // It was linked before, within the same bounds.
        let usage = Linker::new(template, &self.partials).link().ok();
        let uses_all = usage.as_ref().is_none_or(Usage::uses_all);
        let unknown_data = usage.as_ref().map(|usage| usage.unknown_data().to_vec()).unwrap_or_default();
        let used = usage.map(|usage| usage.variables()).unwrap_or_default();
        let certain_media = events.iter().filter(|event| event.is_certain && event.what == What::Media);
        let one_too_many = certain_media.map(|event| event.place).nth(bounds::MEDIA_PARTS);
        Survey {
            undeclared: self.undeclared(&used),
            unknown_data,
            unused: if uses_all { Vec::new() } else { self.unused(&used) },
            idle_defaults: if uses_all { Vec::new() } else { self.idle_defaults(&used) },
            messages: count(&events),
            shown,
            one_too_many,
            is_empty: events.is_empty(),
            variables: used,
        }
    }

    fn undeclared(&self, used: &[Variable]) -> Vec<Undeclared> {
        let Some(declared) = &self.file.front_matter.arguments else { return Vec::new() };
        let is_known = |name: &str| {
            declared.iter().any(|argument| argument.name == name) || self.file.front_matter.defaults.contains_key(name)
        };
        // Where any name is taken, a caller may give what is tested.
        let is_wrong = |variable: &&Variable| !is_known(&variable.name) && (variable.required || !declared.is_open());
        let unknown = used.iter().filter(is_wrong);
        let undeclared = |variable: &Variable| {
            let Variable { name, required, place, .. } = variable;
            Undeclared { name: name.clone(), place: *place, fails: *required }
        };
        unknown.map(undeclared).collect()
    }

    fn idle_defaults(&self, used: &[Variable]) -> Vec<(String, Place)> {
        let is_used = |name: &str| {
            used.iter().any(|variable| variable.name == name)
                || self.arguments().is_open()
                || self.arguments().iter().any(|argument| argument.name == name)
        };
        let defaults = self.file.front_matter.default_places.iter();
        defaults.filter(|(name, _)| !is_used(name)).cloned().collect()
    }

    /// Whether the file says what it takes, rather than its template alone.
    #[doc(hidden)]
    pub fn declares_arguments(&self) -> bool {
        self.file.front_matter.arguments.is_some()
    }

    fn unused(&self, used: &[Variable]) -> Vec<(String, Place)> {
        let is_used = |name: &str| used.iter().any(|variable| variable.name == name);
        let declared = self.file.front_matter.arguments.iter().flat_map(|declared| declared.iter());
        let unused = declared.filter(|argument| !is_used(&argument.name));
        unused.map(|argument| (argument.name.clone(), argument.place.unwrap_or(Place::START))).collect()
    }
}

/// What a template writes, as far as messages depend on it.
#[derive(Clone, Copy)]
struct Event {
    what: What,
    place: Place,
    /// Whether every rendering has it.
    is_certain: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Text,
    Media,
    /// `None` for a role that the template computes.
    Role(Option<Role>),
    History,
}

/// What a partial writes, and what it shows.
type Walked = (Vec<Event>, Vec<Shown>);

/// How many events are kept: two messages are several already.
const MOST: usize = 200;

struct Walk<'a> {
    partials: &'a HashMap<String, Arc<Partial>>,
    /// The names of partials that some template defines for itself.
    inlines: HashSet<&'a str>,
    /// What partials write and show, each walked once.
    done: HashMap<&'a str, Rc<Walked>>,
    shown: Vec<Shown>,
}

#[derive(Clone, Copy)]
struct Scope<'s, 'a> {
    inlines: Option<&'s Inlines<'s, 'a>>,
    is_certain: bool,
}

impl<'a> Walk<'a> {
    fn program(&mut self, program: &'a Program, scope: &Scope<'_, 'a>) -> Vec<Event> {
        let inlines = Inlines { program, around: scope.inlines };
        let scope = &Scope { inlines: Some(&inlines), ..*scope };
        let mut events = Vec::new();
        for node in &program.nodes {
            let is_certain = scope.is_certain;
            match node {
                Node::Text(text) if text.trim().is_empty() => {}
                Node::Text(_) => push(&mut events, Event { what: What::Text, place: Place::START, is_certain }),
                Node::Value(place, _) => push(&mut events, Event { what: What::Text, place: *place, is_certain }),
                Node::Mark(place, mark) => {
                    self.shown.extend(Shown::of(*place, mark));
                    let what = match mark.as_ref() {
                        Mark::Role(Expression::Literal(role)) => {
                            What::Role(role.as_str().and_then(|role| Role::parse(role).ok()))
                        }
                        Mark::Role(_) => What::Role(None),
                        Mark::History => What::History,
                        Mark::Media { .. } => What::Media,
                        Mark::Section(_) => continue,
                    };
                    push(&mut events, Event { what, place: *place, is_certain });
                }
                Node::Block(_, block) => {
                    let inside = self.block(block, scope);
                    inside.into_iter().for_each(|event| push(&mut events, event));
                }
                Node::Partial(place, call) => {
                    let inside = self.partial(*place, call, scope);
                    inside.into_iter().for_each(|event| push(&mut events, event));
                }
            }
        }
        events
    }

    /// Of the two ways through a block, what the one with more messages does.
    fn block(&mut self, block: &'a Block, scope: &Scope<'_, 'a>) -> Vec<Event> {
        let maybe = Scope { is_certain: false, ..*scope };
        let mut body = self.program(&block.body, &maybe);
        let otherwise = self.program(&block.otherwise, &maybe);
        if matches!(block.kind, BlockKind::Each | BlockKind::Section) {
            // The second turn of a loop.
            let again = body.clone();
            again.into_iter().for_each(|event| push(&mut body, event));
        }
        let marks = |events: &[Event]| events.iter().filter(|event| event.what != What::Text).count();
        let rank = |events: &[Event]| (marks(events), events.len());
        if rank(&otherwise) > rank(&body) { otherwise } else { body }
    }

    fn partial(&mut self, place: Place, call: &'a PartialCall, scope: &Scope<'_, 'a>) -> Vec<Event> {
        if let Some(program) = Inlines::find(scope.inlines, &call.name) {
            // Without its own inlines, so that one which calls itself ends here.
            return self.program(program, &Scope { inlines: None, ..*scope });
        }
        // A name may stand for what a template around defines, which is not known here.
        let is_certain = scope.is_certain && call.name != "@partial-block" && !self.inlines.contains(&*call.name);
        let Some((name, partial)) = self.partials.get_key_value(call.name.as_str()) else {
            let inside = Scope { is_certain, ..*scope };
            return call.block.as_ref().map(|block| self.program(block, &inside)).unwrap_or_default();
        };
        let done = self.walked(name, partial);
        let (events, shown) = done.as_ref();
        self.shown.extend(shown.iter().take(MOST).map(|shown| Shown { place, ..shown.clone() }));
        let at_call = |event: &Event| Event { place, is_certain: event.is_certain && is_certain, ..*event };
        let mut events: Vec<Event> = events.iter().map(at_call).collect();
        if let Some(block) = &call.block {
            // Wherever the partial puts it, and only if it does.
            let block = self.program(block, &Scope { is_certain: false, ..*scope });
            block.into_iter().for_each(|event| push(&mut events, event));
        }
        events
    }

    fn walked(&mut self, name: &'a str, partial: &'a Partial) -> Rc<Walked> {
        if let Some(done) = self.done.get(name) {
            return Rc::clone(done);
        }
        let around = std::mem::take(&mut self.shown);
        let events = self.program(&partial.template.program, &Scope { inlines: None, is_certain: true });
        let done = Rc::new((events, std::mem::replace(&mut self.shown, around)));
        self.done.insert(name, Rc::clone(&done));
        done
    }
}

/// Adds an event; text behind text is one text.
fn push(events: &mut Vec<Event>, event: Event) {
    let is_full = events.len() == MOST;
    match events.last_mut() {
        Some(last) if last.what == What::Text && event.what == What::Text => last.is_certain |= event.is_certain,
        _ if is_full => {}
        _ => events.push(event),
    }
}

fn count(events: &[Event]) -> MessageCount {
    let possible = messages(events.iter());
    let certain = messages(events.iter().filter(|event| event.is_certain));
    let mut turns = possible.iter().zip([true, false].into_iter().cycle());
    MessageCount {
        second: possible.get(1).map(|message| message.place),
        is_certain: certain.len() > 1,
        out_of_turn: turns.find(|(said, is_user)| said.is_user != *is_user).map(|(said, _)| said.place),
        begins_with_text: possible.first().is_none_or(|first| first.is_text),
    }
}

/// A message in MCP's terms.
struct Said {
    is_user: bool,
    is_text: bool,
    place: Place,
}

/// The messages of a rendering that writes `events`, as `message::messages` and `gallery::contents` make them.
fn messages<'e>(events: impl Iterator<Item = &'e Event>) -> Vec<Said> {
    let mut turns: Vec<(Role, Vec<(bool, Place)>)> = vec![(Role::User, Vec::new())];
    let mut begins = Place::START;
    for event in events {
        let Some((role, parts)) = turns.last_mut() else { break };
        let next = match event.what {
            // One that is computed is probably another.
            What::Role(None) if *role == Role::User => Role::Model,
            What::Role(next) => next.unwrap_or(Role::User),
            What::History => Role::Model,
            What::Text => {
                parts.push((true, begins));
                continue;
            }
            What::Media => {
                begins = event.place;
                parts.push((false, begins));
                continue;
            }
        };
        begins = event.place;
        if parts.is_empty() {
            *role = next;
        } else {
            turns.push((next, Vec::new()));
        }
    }
    turns.retain(|(_, parts)| !parts.is_empty());
    let first = turns.iter().take_while(|(role, _)| *role == Role::System).count();
    let mut system: Vec<_> = turns.drain(..first).flat_map(|(_, parts)| parts).collect();
    match turns.iter_mut().find(|(role, _)| *role == Role::User) {
        Some((_, parts)) => {
            system.append(parts);
            *parts = system;
        }
        None => turns.insert(0, (Role::User, system)),
    }
    turns.iter_mut().for_each(|(_, parts)| parts.dedup_by(|(next, _), (before, _)| *next && *before));
    let said = |(role, parts): (Role, Vec<_>)| {
        parts.into_iter().map(move |(is_text, place)| Said { is_user: role != Role::Model, is_text, place })
    };
    turns.into_iter().flat_map(said).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(source: &str) -> Survey {
        survey_with(source, &[])
    }

    fn survey_with(source: &str, partials: &[(&str, &str)]) -> Survey {
        let file = PromptFile::parse("x.prompt", source.as_bytes()).expect("a prompt");
        let partial = |(name, source): &(&str, &str)| {
            ((*name).to_owned(), Arc::new(Partial::parse(name, source.as_bytes()).expect("a partial")))
        };
        Prompt::link(Arc::new(file), partials.iter().map(partial).collect()).expect("linked").survey()
    }

    /// Where the second message begins, whether there always is one, whether they alternate.
    fn messages(source: &str) -> (Option<(u32, u32)>, bool, bool) {
        let MessageCount { second, is_certain, out_of_turn, .. } = survey(source).messages;
        (second.map(|place| (place.line, place.column)), is_certain, out_of_turn.is_none())
    }

    #[test]
    fn messages_are_counted_as_they_are_rendered() {
        assert_eq!(messages("one {{x}}"), (None, false, true));
        assert_eq!(messages("{{role \"system\"}}a{{role \"user\"}}b"), (None, false, true));
        assert_eq!(messages("{{role \"system\"}}a"), (None, false, true));
        assert_eq!(messages("a{{role \"user\"}}{{role \"model\"}}b"), (Some((1, 17)), true, true));
        assert_eq!(messages("a{{role \"user\"}}b"), (Some((1, 2)), true, false));
        assert_eq!(messages("{{role \"model\"}}b"), (None, false, false));
        assert_eq!(messages("{{#if x}}{{role \"model\"}}b{{/if}}"), (None, false, false));
        assert_eq!(messages("a{{#if x}}{{role \"model\"}}b{{/if}}"), (Some((1, 11)), false, true));
        assert_eq!(messages("a{{media url=u}}"), (Some((1, 2)), true, false));
        assert_eq!(messages("{{#each l}}{{media url=this}}{{/each}}"), (Some((1, 12)), false, false));
        assert_eq!(messages("a{{role r}}b"), (Some((1, 2)), true, true));
        // One of two ways is taken.
        let branches = "a{{#if x}}{{role \"model\"}}b{{else}}{{role \"model\"}}c{{/if}}";
        assert_eq!(messages(branches), (Some((1, 11)), false, true));
    }

    #[test]
    fn what_partials_do_is_the_prompts_at_their_call() {
        let partials = [("turn", "{{role \"model\"}}{{user}}{{media url=\"a.png\"}}"), ("all", "{{json this}}")];
        let found =
            survey_with("---\narguments:\n  - {name: user, type: object}\n  - name: y\n---\nx{{> turn}}", &partials);
        let call = Place { line: 6, column: 2 };
        assert_eq!(found.messages.second, Some(call));
        let written = |variable: &Variable| (variable.name.clone(), variable.shape.marks.written);
        assert_eq!(found.variables.iter().map(written).collect::<Vec<_>>(), [("user".to_owned(), Some(call))]);
        assert_eq!(
            found.shown,
            [Shown { place: call, url: Some("a.png".to_owned()), content_type: ContentType::Untold }]
        );
        assert_eq!(found.unused.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["y"]);
        assert!(survey_with("---\narguments: [{name: y}]\n---\n{{> all}}", &partials).unused.is_empty());
        assert_eq!(survey_with("---\narguments: [{name: y}]\n---\n{{> all q}}", &partials).unused.len(), 1);
    }

    #[test]
    fn undeclared_variables_are_those_that_no_caller_can_give() {
        let names = |source: &str| {
            let found = survey(source).undeclared;
            found.into_iter().map(|Undeclared { name, fails, .. }| (name, fails)).collect::<Vec<_>>()
        };
        let (x, y) = (("x".to_owned(), true), ("y".to_owned(), false));
        assert_eq!(names("---\narguments: []\n---\n{{x}}{{#if y}}{{y}}{{/if}}"), [x, y]);
        assert_eq!(names("{{x}}"), []);
        assert_eq!(names("---\ninput:\n  schema:\n    z: string\n  default: {x: 1}\n---\n{{x}}"), []);
        let open = "---\ninput:\n  schema:\n    (*): string\n---\n{{x}}{{#if y}}{{y}}{{/if}}";
        assert_eq!(names(open), [("x".to_owned(), true)]);
    }

    #[test]
    fn media_are_too_many_where_every_rendering_shows_them() {
        let media = |count| "{{media url=x}}\n".repeat(count);
        let too_many = |source: &str, partials: &[(&str, &str)]| {
            survey_with(source, partials).one_too_many.map(|place| (place.line, place.column))
        };
        assert_eq!(too_many(&media(20), &[]), None);
        assert_eq!(too_many(&media(21), &[]), Some((21, 1)));
        assert_eq!(too_many(&format!("{}{{{{#if y}}}}{}{{{{/if}}}}", media(20), media(1)), &[]), None);
        assert_eq!(too_many(&format!("{}{{{{> m}}}}", media(11)), &[("m", &media(10))]), Some((12, 1)));
        // What the partial calls is the caller's.
        let redefined = format!("{{{{#*inline \"m\"}}}}{{{{/inline}}}}{}{{{{> calls}}}}", media(11));
        assert_eq!(too_many(&redefined, &[("calls", "{{> m}}"), ("m", &media(10))]), None);
        let fallback = format!("{{{{#> @partial-block}}}}{}{{{{/@partial-block}}}}", media(21));
        assert_eq!(too_many("{{#> box}}{{/box}}", &[("box", &fallback)]), None);
    }

    #[test]
    fn a_template_that_writes_nothing_is_empty() {
        for (source, is_empty) in [("", true), (" {{! x }}\n", true), ("{{#if x}} {{/if}}", true), ("{{x}}", false)] {
            assert_eq!(survey(source).is_empty, is_empty, "{source}");
        }
    }

    #[test]
    fn partials_that_call_others_many_times_are_walked_once() {
        let names: Vec<String> = (0..16).map(|n| format!("p{n}")).collect();
        let sources: Vec<String> =
            (1..=16).map(|n| format!("{{{{role \"model\"}}}}{{{{> p{n}}}}}").repeat(50)).collect();
        let mut partials: Vec<(&str, &str)> =
            names.iter().map(String::as_str).zip(sources.iter().map(String::as_str)).collect();
        partials[15].1 = "a";
        assert!(survey_with("{{> p0}}", &partials).messages.is_certain);
    }
}
