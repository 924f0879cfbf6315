//! How a prompt is called in a client, and which arguments arrive how.

use super::{Client, listed};
use dotprompt::tree::Shape;
use dotprompt::{Argument, Prompt, in_listed_order, shorten_to};

/// How prompts are called in a client.
#[derive(Clone, Copy)]
pub(super) struct Call {
    /// What is typed, with `NAME` for the prompt.
    pub(super) typed: &'static str,
    /// What is typed if the client has a command of this name itself.
    pub(super) taken: Option<&'static str>,
    pub(super) style: Style,
}

/// How a client takes arguments.
#[derive(Clone, Copy)]
pub(super) enum Style {
    /// A form, or one word for each argument.
    FormOrWords,
    /// `--name="value"`. Other text goes to the required arguments, or to all of them `by_position`.
    Options { by_position: bool },
    /// Words, with quotes around several, in the order of the list.
    Positions,
    /// It asks for required arguments, perhaps `for_optional` ones too.
    Asks { for_optional: bool },
    /// `name=value`
    Pairs,
    /// All text goes to the only argument.
    OneText,
    /// A program gives them.
    Code,
    /// None.
    Nothing,
}

/// What a call needs to know of an argument.
#[derive(Debug)]
pub(crate) struct Parameter {
    name: String,
    is_required: bool,
    is_any_text: bool,
    /// Whether the template may write it, and not only test or compare it.
    is_written: bool,
}

impl Parameter {
    /// The arguments in the order of `prompts/list`.
    pub(crate) fn all(prompt: &Prompt) -> Vec<Self> {
        let usage = prompt.usage().filter(|usage| !usage.uses_all());
        let variables = usage.map(|usage| usage.variables());
        let is_written = |name: &str| {
            let Some(variables) = &variables else { return true };
            variables.iter().any(|variable| variable.name == name && writes(&variable.shape))
        };
        let parameter = |argument: &&Argument| Self {
            name: argument.name.clone(),
            is_required: argument.required,
            is_any_text: argument.takes_text(),
            is_written: is_written(&argument.name),
        };
        in_listed_order(prompt.arguments()).iter().map(parameter).collect()
    }
}

/// Whether a variable or a part of it may become text.
fn writes(shape: &Shape) -> bool {
    shape.marks.written.is_some() || shape.marks.is_entered || shape.is_data()
}

/// Characters of a list of arguments that are shown.
const MAX_SHOWN: usize = 200;

/// How a prompt is called: ``Gemini CLI: `/haiku TOPIC`: `topic` takes all text …``. `None` if the client does not offer it.
pub(crate) fn call(client: Client, name: &str, parameters: &[Parameter]) -> Option<String> {
    let row = client.row();
    let Call { typed, taken, style } = row.call.as_ref()?;
    let typed = if row.built_in.contains(&name) { (*taken)? } else { typed };
    let typed = typed.replace("NAME", name);
    let (required, optional): (Vec<&Parameter>, Vec<&Parameter>) =
        parameters.iter().partition(|parameter| parameter.is_required);
    let all: Vec<&Parameter> = parameters.iter().collect();
    let (words, arrive) = match style {
        _ if parameters.is_empty() && !matches!(style, Style::Options { by_position: false }) => Default::default(),
        Style::FormOrWords => form_or_words(&required, &all),
        Style::Options { by_position: true } => (words(&all), positions(&all)),
        Style::Options { by_position: false } => options(&required, &optional),
        Style::Positions => opencode(&all),
        Style::Asks { for_optional } => (String::new(), asked(&required, &optional, *for_optional)),
        Style::Pairs => (pairs(&all), "one word each".to_owned()),
        Style::OneText if all.len() > 1 => return None,
        Style::OneText => (words(&all), takes_all(all[0])),
        Style::Code | Style::Nothing => Default::default(),
    };
    let join = match &*arrive {
        "" => "",
        then if then.starts_with("then ") => ", ",
        _ => ": ",
    };
    Some(format!("{}: `{typed}{words}`{join}{arrive}", row.name))
}

/// Claude Code. The gallery lists no argument as required to it, so that its form opens.
fn form_or_words(required: &[&Parameter], all: &[&Parameter]) -> (String, String) {
    let split = match all {
        [one] => format!("`{}` gets only the first word", one.name),
        _ => format!("{} get one word each, and the rest is lost", names(all)),
    };
    match required {
        [] => (words(all), split),
        _ => (String::new(), format!("then fill in the form; of words typed here, {split}")),
    }
}

/// Gemini CLI.
fn options(required: &[&Parameter], optional: &[&Parameter]) -> (String, String) {
    let option = |parameter: &&Parameter| format!(" --{}=\"{}\"", parameter.name, placeholder(parameter));
    let typed = words(required) + &shorten_to(MAX_SHOWN, &optional.iter().map(option).collect::<String>());
    let arrive = match required {
        [] if optional.is_empty() => String::new(),
        [] => "other text is lost; ".to_owned(),
        [one] => format!("{}, in one line and without quotes; ", takes_all(one)),
        several => format!("{}; ", positions(several)),
    };
    (typed, format!("{arrive}the model gets the text as a JSON string"))
}

/// opencode and Kilo. They put the words into the text; the last argument there takes the words that are left.
fn opencode(all: &[&Parameter]) -> (String, String) {
    let written = all.iter().rposition(|parameter| parameter.is_written);
    let arrive = match (all, written) {
        (_, None) => "all that is typed follows the text".to_owned(),
        ([one], _) => takes_all(one),
        (_, Some(last)) => {
            let (takes_rest, tested) = (&all[last].name, &all[last + 1..]);
            let too = if tested.is_empty() { String::new() } else { format!(", and those for {},", names(tested)) };
            format!(
                "type every argument in \"quotes\", in this order; one that is left out is empty text; further words{too} \
                 go to `{takes_rest}`"
            )
        }
    };
    let is_checked = all.iter().any(|parameter| !parameter.is_any_text);
    (words(all), arrive + if is_checked { "; types and choices are not checked" } else { "" })
}

fn positions(several: &[&Parameter]) -> String {
    match several {
        [one] => takes_all(one),
        _ => "one word or \"quoted words\" each, and the rest is lost".to_owned(),
    }
}

fn asked(required: &[&Parameter], optional: &[&Parameter], for_optional: bool) -> String {
    let (asked, lost): (Vec<&Parameter>, _) = match for_optional {
        true => (required.iter().chain(optional).copied().collect(), &[][..]),
        false => (required.to_vec(), optional),
    };
    let asks = (!asked.is_empty()).then(|| format!("then it asks for {}", names(&asked)));
    let lost = (!lost.is_empty()).then(|| format!("{} cannot be given", names(lost)));
    [asks, lost].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn takes_all(parameter: &Parameter) -> String {
    format!("`{}` gets all text", parameter.name)
}

/// `a` and `b`
fn names(parameters: &[&Parameter]) -> String {
    let names: Vec<String> = parameters.iter().map(|parameter| format!("`{}`", parameter.name)).collect();
    shorten_to(MAX_SHOWN, &listed(&names))
}

/// ` A [B]`
fn words(parameters: &[&Parameter]) -> String {
    let word = |parameter: &&Parameter| match parameter.is_required {
        true => format!(" {}", placeholder(parameter)),
        false => format!(" [{}]", placeholder(parameter)),
    };
    shorten_to(MAX_SHOWN, &parameters.iter().map(word).collect::<String>())
}

/// ` a=A`
fn pairs(parameters: &[&Parameter]) -> String {
    let pair = |parameter: &&Parameter| format!(" {}={}", parameter.name, placeholder(parameter));
    shorten_to(MAX_SHOWN, &parameters.iter().map(pair).collect::<String>())
}

fn placeholder(parameter: &Parameter) -> String {
    parameter.name.to_uppercase()
}
