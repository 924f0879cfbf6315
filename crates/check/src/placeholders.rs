//! Renders a prompt with `$1`, `$2` … as the values of its arguments, as opencode and Kilo get every prompt.

use serde_json::{Map, Value};

use super::address::Address;
use dotprompt::{Media, Part, Place, Prompt, in_listed_order};

/// Where the rendering fails, and why; `None` if it succeeds, or without arguments.
pub(super) fn failure(prompt: &Prompt) -> Option<(Place, String)> {
    let listed = in_listed_order(prompt.arguments());
    let given: Map<String, Value> =
        listed.iter().zip(1..).map(|(argument, number)| (argument.name.clone(), format!("${number}").into())).collect();
    if given.is_empty() {
        return None;
    }
    let mut data = match prompt.resolve(&given) {
        Ok(data) => data,
        Err(problems) => return Some((Place::START, problems.first()?.to_string())),
    };
    data.context.insert("auth".to_owned(), Map::new().into());
    let messages = match prompt.render(&data) {
        Ok(messages) => messages,
        Err(problem) if *problem.file == *prompt.key() => return Some((problem.place, problem.message)),
        Err(problem) => return Some((Place::START, problem.to_string())),
    };
    let mut parts = messages.iter().flat_map(|message| &message.content);
    parts.find_map(|part| if let Part::Media { media } = part { refused(prompt, media) } else { None })
}

/// Why an address that the caller chooses is refused. Another check reports those of the author.
fn refused(prompt: &Prompt, media: &Media) -> Option<(Place, String)> {
    let why = match Address::parse(&media.url) {
        _ if !media.origin.by_caller || media.url.is_empty() => return None,
        Ok(Address::Path(path)) => format!("a caller cannot choose the file `{path}`"),
        Ok(address) => address.shape(media.content_type.as_deref()).err()?,
        Err(why) => why,
    };
    let place = media.origin.place.filter(|_| *media.origin.file == *prompt.key());
    Some((place.unwrap_or(Place::START), why))
}
