//! What the template of a prompt does with any arguments.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::rc::Rc;

use dotprompt::tree::{
    Block, BlockKind, Expression, Inlines, Mark, PartialCall, Piece, Program, Template, UnknownData, Variable, Visitor,
    messages,
};
use dotprompt::{Media, Message, Origin, Part, Place, Prompt, Role, Shown, bounds};

use super::roles;

/// What the template of a prompt does with any arguments. All places are in the prompt's own file: for a partial, the
/// place of its call.
#[derive(Debug)]
pub(super) struct Survey {
    /// Variables that are neither declared nor have a default, of a file that declares some.
    pub(super) undeclared: Vec<Undeclared>,
    /// Uses of `@name` that are always empty.
    pub(super) unknown_data: Vec<UnknownData>,
    /// Declared arguments that are not used, and their places.
    pub(super) unused: Vec<(String, Place)>,
    /// The variables that it uses, and how.
    pub(super) variables: Vec<Variable>,
    /// Names in `input.default` that are neither arguments nor used, and their places.
    pub(super) idle_defaults: Vec<(String, Place)>,
    /// How many messages it produces.
    pub(super) messages: MessageCount,
    /// The pictures and other files that it may show.
    pub(super) shown: Vec<Shown>,
    /// The first media over the limit, if every rendering is over it.
    pub(super) one_too_many: Option<Place>,
    /// Whether it never produces text or media.
    pub(super) is_empty: bool,
}

/// A variable that is used and not declared.
#[derive(Debug)]
pub(super) struct Undeclared {
    /// The variable.
    pub(super) name: String,
    /// Its first use.
    pub(super) place: Place,
    /// Whether its use makes the rendering fail.
    pub(super) fails: bool,
}

/// The messages of a rendering, as MCP counts them: one for each text, picture or file.
#[derive(Debug, Default)]
pub(super) struct MessageCount {
    /// Where the second one begins, if there may be one.
    pub(super) second: Option<Place>,
    /// Whether there always is.
    pub(super) is_certain: bool,
    /// Where a message breaks the order of user, assistant, user …
    pub(super) out_of_turn: Option<Place>,
    /// Whether the first one is text.
    pub(super) begins_with_text: bool,
    /// Whether the assistant may say one.
    pub(super) has_assistant: bool,
}

/// Surveys a prompt.
pub(super) fn survey(prompt: &Prompt) -> Survey {
    let template = prompt.template();
    let partials: HashMap<&str, &Template> = prompt.partials().collect();
    let templates = partials.values().copied().chain([template]);
    let inlines = templates.flat_map(|template| template.inlines.iter().map(String::as_str)).collect();
    let (walked, events, shown) = Default::default();
    let mut walk = Walk { partials, inlines, walked, place: Place::START, events, shown };
    let events = walk.events(&template.program, &Scope { inlines: None, is_certain: true });
    let usage = prompt.usage();
    let uses_all = usage.as_ref().is_none_or(|usage| usage.uses_all());
    let unknown_data = usage.as_ref().map(|usage| usage.unknown_data().to_vec()).unwrap_or_default();
    let variables = usage.map(|usage| usage.variables()).unwrap_or_default();
    let certain_media = events.iter().filter(|event| event.is_certain && event.kind == EventKind::Media);
    Survey {
        undeclared: undeclared(prompt, &variables),
        unknown_data,
        unused: if uses_all { Vec::new() } else { unused(prompt, &variables) },
        idle_defaults: if uses_all { Vec::new() } else { idle_defaults(prompt, &variables) },
        messages: count(&events),
        shown: walk.shown,
        one_too_many: certain_media.map(|event| event.place).nth(bounds::MEDIA_PARTS),
        is_empty: events.is_empty(),
        variables,
    }
}

fn undeclared(prompt: &Prompt, used: &[Variable]) -> Vec<Undeclared> {
    let Some(declared) = prompt.declared() else { return Vec::new() };
    let is_known = |name: &str| {
        declared.iter().any(|argument| argument.name == name)
            || prompt.defaults().iter().any(|(known, _)| known == name)
    };
    // If any argument is allowed, a caller may pass a name that is only tested.
    let is_wrong = |variable: &&Variable| !is_known(&variable.name) && (variable.required || !declared.is_open());
    let undeclared = |variable: &Variable| {
        let Variable { name, required, place, .. } = variable;
        Undeclared { name: name.clone(), place: *place, fails: *required }
    };
    used.iter().filter(is_wrong).map(undeclared).collect()
}

fn idle_defaults(prompt: &Prompt, used: &[Variable]) -> Vec<(String, Place)> {
    let arguments = prompt.arguments();
    let is_used = |name: &str| {
        used.iter().any(|variable| variable.name == name)
            || arguments.is_open()
            || arguments.iter().any(|argument| argument.name == name)
    };
    prompt.defaults().iter().filter(|(name, _)| !is_used(name)).cloned().collect()
}

fn unused(prompt: &Prompt, used: &[Variable]) -> Vec<(String, Place)> {
    let is_used = |name: &str| used.iter().any(|variable| variable.name == name);
    let declared = prompt.declared().into_iter().flat_map(|declared| declared.iter());
    let unused = declared.filter(|argument| !is_used(&argument.name));
    unused.map(|argument| (argument.name.clone(), argument.place.unwrap_or(Place::START))).collect()
}

/// A part of the output that messages depend on.
#[derive(Clone, Copy)]
struct Event {
    kind: EventKind,
    place: Place,
    /// Whether every rendering has it.
    is_certain: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum EventKind {
    Text,
    Media,
    /// `None` for a role that the template computes.
    Role(Option<Role>),
    History,
}

/// Events of a template that are kept. Most checks need only two messages.
const MAX_EVENTS: usize = 200;

struct Walk<'a> {
    partials: HashMap<&'a str, &'a Template>,
    /// The names of partials that some template defines for itself.
    inlines: HashSet<&'a str>,
    /// The events of partials and what they show, each walked once.
    walked: HashMap<&'a str, Rc<WalkedPartial>>,
    /// Of the tag that is visited.
    place: Place,
    events: Vec<Event>,
    shown: Vec<Shown>,
}

/// The events of a partial, and its media.
struct WalkedPartial {
    events: Vec<Event>,
    shown: Vec<Shown>,
}

#[derive(Clone, Copy)]
struct Scope<'s, 'a> {
    inlines: Option<&'s Inlines<'s, 'a>>,
    is_certain: bool,
}

type Walked = Result<(), Infallible>;

impl<'a> Walk<'a> {
    /// The events of a program.
    fn events(&mut self, program: &'a Program, scope: &Scope<'_, 'a>) -> Vec<Event> {
        let around = std::mem::take(&mut self.events);
        let inlines = Inlines { program, around: scope.inlines };
        let Ok(()) = self.nodes(&program.nodes, &Scope { inlines: Some(&inlines), ..*scope });
        std::mem::replace(&mut self.events, around)
    }

    fn push(&mut self, kind: EventKind, place: Place, scope: &Scope<'_, 'a>) {
        push(&mut self.events, Event { kind, place, is_certain: scope.is_certain });
    }

    fn extend(&mut self, events: impl IntoIterator<Item = Event>) {
        events.into_iter().for_each(|event| push(&mut self.events, event));
    }

    /// Walks a partial, once.
    fn walked(&mut self, name: &'a str, template: &'a Template) -> Rc<WalkedPartial> {
        if let Some(walked) = self.walked.get(name) {
            return Rc::clone(walked);
        }
        let (place, around) = (self.place, std::mem::take(&mut self.shown));
        let events = self.events(&template.program, &Scope { inlines: None, is_certain: true });
        let walked = Rc::new(WalkedPartial { events, shown: std::mem::replace(&mut self.shown, around) });
        self.place = place;
        self.walked.insert(name, Rc::clone(&walked));
        walked
    }
}

impl<'a> Visitor<'a> for Walk<'a> {
    type Scope<'s>
        = Scope<'s, 'a>
    where
        'a: 's;
    type Stop = Infallible;

    fn text(&mut self, text: &'a str, scope: &Scope<'_, 'a>) -> Walked {
        if !text.trim().is_empty() {
            self.push(EventKind::Text, Place::START, scope);
        }
        Ok(())
    }

    fn tag(&mut self, place: Place) -> Walked {
        self.place = place;
        Ok(())
    }

    fn value(&mut self, _: &'a Expression, scope: &Scope<'_, 'a>) -> Walked {
        self.push(EventKind::Text, self.place, scope);
        Ok(())
    }

    fn mark(&mut self, mark: &'a Mark, scope: &Scope<'_, 'a>) -> Walked {
        self.shown.extend(Shown::of(self.place, mark));
        let kind = match mark {
            Mark::Role(Expression::Literal(role)) => {
                EventKind::Role(role.as_str().and_then(|role| Role::parse(role).ok()))
            }
            Mark::Role(_) => EventKind::Role(None),
            Mark::History => EventKind::History,
            Mark::Media { .. } => EventKind::Media,
            Mark::Section(_) => return Ok(()),
        };
        self.push(kind, self.place, scope);
        Ok(())
    }

    /// Of the two ways through a block, takes the one with more messages.
    fn block(&mut self, block: &'a Block, scope: &Scope<'_, 'a>) -> Walked {
        let maybe = Scope { is_certain: false, ..*scope };
        let mut body = self.events(&block.body, &maybe);
        let otherwise = self.events(&block.otherwise, &maybe);
        if matches!(block.kind, BlockKind::Each | BlockKind::Section) {
            // The second turn of a loop.
            let again = body.clone();
            again.into_iter().for_each(|event| push(&mut body, event));
        }
        let marks = |events: &[Event]| events.iter().filter(|event| event.kind != EventKind::Text).count();
        let rank = |events: &[Event]| (marks(events), events.len());
        self.extend(if rank(&otherwise) > rank(&body) { otherwise } else { body });
        Ok(())
    }

    fn partial(&mut self, call: &'a PartialCall, scope: &Scope<'_, 'a>) -> Walked {
        let place = self.place;
        if let Some(program) = Inlines::find(scope.inlines, &call.name) {
            // Without its own inlines, so that a partial that calls itself ends here.
            let events = self.events(program, &Scope { inlines: None, ..*scope });
            self.extend(events);
            return Ok(());
        }
        // Another template may define an inline partial of this name, which is not known here.
        let is_certain = scope.is_certain && call.name != "@partial-block" && !self.inlines.contains(&*call.name);
        let Some((name, template)) = self.partials.get_key_value(call.name.as_str()) else {
            let inside = Scope { is_certain, ..*scope };
            let events = call.block.as_ref().map(|block| self.events(block, &inside)).unwrap_or_default();
            self.extend(events);
            return Ok(());
        };
        let walked = self.walked(name, template);
        let WalkedPartial { events, shown } = walked.as_ref();
        self.shown.extend(shown.iter().take(MAX_EVENTS).map(|shown| Shown { place, ..shown.clone() }));
        self.extend(events.iter().map(|event| Event { place, is_certain: event.is_certain && is_certain, ..*event }));
        if let Some(block) = &call.block {
            // The partial may render the block anywhere, or never.
            let events = self.events(block, &Scope { is_certain: false, ..*scope });
            self.extend(events);
        }
        Ok(())
    }
}

/// Adds an event; text after text is one text.
fn push(events: &mut Vec<Event>, event: Event) {
    let is_full = events.len() == MAX_EVENTS;
    match events.last_mut() {
        Some(last) if last.kind == EventKind::Text && event.kind == EventKind::Text => {
            last.is_certain |= event.is_certain;
        }
        _ if is_full => {}
        _ => events.push(event),
    }
}

fn count(events: &[Event]) -> MessageCount {
    let possible = said(events.iter());
    let certain = said(events.iter().filter(|event| event.is_certain));
    let mut turns = possible.iter().zip([true, false].into_iter().cycle());
    MessageCount {
        second: possible.get(1).map(|message| message.place),
        is_certain: certain.len() > 1,
        out_of_turn: turns.find(|(said, is_user)| said.is_user != *is_user).map(|(said, _)| said.place),
        begins_with_text: possible.first().is_none_or(|first| first.is_text),
        has_assistant: possible.iter().any(|message| !message.is_user),
    }
}

/// A message in MCP's terms.
struct Said {
    is_user: bool,
    is_text: bool,
    place: Place,
}

/// The messages of a rendering with these events, formed by the same code as those of a real rendering.
fn said<'e>(events: impl Iterator<Item = &'e Event>) -> Vec<Said> {
    // A message begins at the mark before it. Each text is the index of its place.
    let mut places = vec![Place::START];
    let mut role = Role::User;
    let mut pieces = Vec::new();
    for event in events {
        if event.kind != EventKind::Text {
            places.push(event.place);
        }
        let next = match event.kind {
            EventKind::Text => {
                pieces.push(Piece::Text(format!("{} ", places.len() - 1)));
                continue;
            }
            EventKind::Media => {
                let origin = Origin { place: Some(event.place), ..Origin::default() };
                pieces.push(Piece::Media(Media { url: String::new(), content_type: None, origin }));
                continue;
            }
            EventKind::History => {
                role = Role::Model;
                pieces.push(Piece::History);
                continue;
            }
            // A computed role is probably not the current one.
            EventKind::Role(None) if role == Role::User => Role::Model,
            EventKind::Role(next) => next.unwrap_or(Role::User),
        };
        role = next;
        pieces.push(Piece::Role(next));
    }
    let mut said = Vec::new();
    for Message { role, content, .. } in roles::system_first(messages(pieces, &[])) {
        for part in content {
            let (is_text, place) = match part {
                Part::Text { text } => {
                    let index = text.split_whitespace().next().and_then(|index| index.parse::<usize>().ok());
                    (true, index.and_then(|index| places.get(index)).copied())
                }
                Part::Media { media } => (false, media.origin.place),
                _ => continue,
            };
            said.push(Said { is_user: role != Role::Model, is_text, place: place.unwrap_or(Place::START) });
        }
    }
    said
}

#[cfg(test)]
mod tests;
