//! A form for arguments that do not fit a prompt.

use serde_json::{Map, Value};

use dotprompt::{Argument, ArgumentProblem, in_listed_order};

/// A form that asks for the missing and wrong arguments. Every field is required.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// Why the form is shown.
    pub message: String,
    /// The fields by argument, each in the plain JSON Schema of MCP's elicitation.
    pub properties: Map<String, Value>,
    /// Every argument of the prompt and how to send it, for a caller who did not fill in the form.
    pub usage: String,
}

impl Form {
    /// `None` if no value would help, such as for an argument that does not exist.
    pub(crate) fn new(prompt: &str, problems: &[ArgumentProblem], arguments: &[Argument]) -> Option<Self> {
        let mut properties = Map::new();
        let mut wrong = Vec::new();
        for problem in problems {
            let name = match problem {
                // The form's field describes it.
                ArgumentProblem::Missing { name, .. } => name,
                ArgumentProblem::Invalid { name, .. } => {
                    wrong.push(problem.to_string());
                    name
                }
                _ => return None,
            };
            let argument = arguments.iter().find(|argument| argument.name == *name)?;
            properties.insert(name.clone(), argument.form_property());
        }
        let colon = if wrong.is_empty() { "" } else { ": " };
        let message = format!("The prompt `{prompt}` needs more information{colon}{}.", wrong.join("; "));
        Some(Self { message, properties, usage: usage(prompt, arguments) })
    }
}

fn usage(prompt: &str, arguments: &[Argument]) -> String {
    let described = in_listed_order(arguments).into_iter().map(|argument| {
        let required = if argument.required { " (required)" } else { "" };
        let description = argument.listed_description.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
        format!("{}{required}{description}", argument.name)
    });
    let described = described.collect::<Vec<_>>().join("; ");
    format!(
        "The arguments of `{prompt}` in their order: {described}. Write the values after the command, or fill in the form"
    )
}
