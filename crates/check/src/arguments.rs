//! What clients do with the arguments of a prompt.

use dotprompt::tree::{Shape, Variable};
use dotprompt::{Argument, Code, Kind, Place, shorten, shorten_to};

use super::clients::{Client, Property, effects, listed};

/// Characters of a list of names that are shown.
const MAX_NAMES: usize = 200;

/// What clients do with the arguments.
pub(super) fn check(
    arguments: &[Argument],
    used: &[Variable],
    clients: &[Client],
    warn: &mut impl FnMut(Code, Place, String, Option<&str>),
) {
    let mut note = |property, code, argument: &Argument, what: String, hint| {
        if let Some(effects) = effects(&[property], clients) {
            warn(code, argument.place.unwrap_or(Place::START), format!("{what}: {effects}"), hint);
        }
    };
    let [first, rest @ ..] = arguments else { return };
    note(Property::AnyArgument, Code::LostArgument, first, "the prompt has arguments".to_owned(), None);
    if let [second, ..] = rest {
        let what = format!("the prompt has {} arguments", arguments.len());
        note(Property::SeveralArguments, Code::SeveralArguments, second, what, None);
    }
    if arguments.iter().all(|argument| !argument.required) {
        let hint = Some("make the most important one required");
        note(Property::OptionalOnly, Code::OptionalOnly, first, "no argument is required".to_owned(), hint);
    }
    let shape =
        |argument: &Argument| used.iter().find(|variable| variable.name == argument.name).map(|used| &used.shape);
    for (property, code, what) in USES {
        let has = |argument: &&Argument| has_use(property, argument, shape(argument));
        let found: Vec<&Argument> = arguments.iter().filter(has).collect();
        if let [first, ..] = &*found {
            let names: Vec<String> = found.iter().map(|argument| format!("`{}`", shorten(&argument.name))).collect();
            let names = shorten_to(MAX_NAMES, &listed(&names));
            note(property, code, first, what.replace("NAMES", &names), None);
        }
    }
}

/// Uses of arguments that clients with placeholders handle differently.
const USES: [(Property, Code, &str); 5] = [
    (Property::Tested, Code::LostArgument, "the template tests NAMES"),
    (Property::Defaults, Code::LostArgument, "there is a default for NAMES"),
    (Property::Compared, Code::TypedArgument, "the template compares NAMES"),
    (Property::List, Code::TypedArgument, "the template expects a list in NAMES"),
    (Property::Data, Code::TypedArgument, "the template expects fields in NAMES"),
];

/// Whether the template uses an argument so.
fn has_use(property: Property, argument: &Argument, shape: Option<&Shape>) -> bool {
    // Of other types, such a use is a mistake with a warning of its own.
    let is_any = argument.kind == Kind::Any;
    let is_list = argument.kind == Kind::Array || (is_any && shape.is_some_and(|shape| shape.marks.looped.is_some()));
    match property {
        Property::Tested => {
            let is_tested = shape.is_some_and(|shape| shape.marks.is_tested);
            is_tested && (!argument.required || !argument.takes_text()) && !is_list
        }
        Property::Defaults => argument.default.is_some(),
        Property::Compared => shape.is_some_and(|shape| !shape.marks.compared.is_empty()),
        Property::List => is_list,
        Property::Data => {
            let has_fields = is_any && shape.is_some_and(Shape::reads_parts);
            !is_list && (has_fields || matches!(argument.kind, Kind::Object | Kind::Json))
        }
        _ => false,
    }
}
