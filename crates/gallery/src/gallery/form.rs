//! A form for arguments that do not fit a prompt.

use serde_json::{Map, Value};

use dotprompt::{Argument, ArgumentProblem};

/// A form that asks for the missing and wrong arguments. Every field is required.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// Why the form is shown.
    pub message: String,
    /// The fields by argument, each in the plain JSON Schema of MCP's elicitation.
    pub properties: Map<String, Value>,
}

impl Form {
    /// `None` if no value would help, such as for an argument that does not exist.
    pub(super) fn new(prompt: &str, problems: &[ArgumentProblem], arguments: &[Argument]) -> Option<Self> {
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
        Some(Self { message, properties })
    }
}
