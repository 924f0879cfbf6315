//! The tool registry. A tool is a name, a description, and a function from typed input to typed output.

pub mod calculator;
pub(crate) mod progress;

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use crate::json;
use gallery::{Annotations, Content};
pub use progress::Progress;

type Reply = Pin<Box<dyn Future<Output = Result<ToolReply, ToolError>> + Send>>;

/// A tool that models can call.
///
/// ```
/// use prompt_gallery_server::{Annotations, Tool, ToolError};
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize, JsonSchema)]
/// #[serde(deny_unknown_fields)]
/// struct Text {
///     /// The text to count.
///     text: String,
/// }
///
/// #[derive(Serialize, JsonSchema)]
/// struct Count {
///     /// How many words there are.
///     words: usize,
/// }
///
/// async fn count(input: Text) -> Result<Count, ToolError> {
///     Ok(Count { words: input.text.split_whitespace().count() })
/// }
///
/// let tool = Tool::new("count-words", "Counts the words of a text.", count).annotations(Annotations::PURE);
/// ```
pub struct Tool {
    definition: Definition,
    pub(crate) header_params: Vec<HeaderParam>,
    run: Box<dyn Fn(ToolCall) -> Reply + Send + Sync>,
}

/// A tool as MCP lists it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Definition {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    pub(crate) description: String,
    pub(crate) input_schema: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output_schema: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) annotations: Option<Annotations>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub(crate) meta: Option<Value>,
}

/// One call of a tool.
#[derive(Debug)]
pub struct ToolCall {
    /// The arguments: a JSON object as the client wrote it.
    pub arguments: Box<RawValue>,
    /// What the client says it can do; empty in the handshake revisions.
    pub client_capabilities: Map<String, Value>,
    /// The client's answers to an earlier [`ToolReply::InputRequired`].
    pub input_responses: Map<String, Value>,
    /// The state of that reply. The client may have changed it: check it like an argument.
    pub request_state: Option<String>,
    /// Tells the client how far the call is, if the client asks for that.
    pub progress: Progress,
}

impl ToolCall {
    /// The arguments as `T`.
    ///
    /// # Errors
    /// A message that names the argument and tells a model how to correct it.
    pub fn arguments<T: DeserializeOwned>(&self) -> Result<T, ToolError> {
        read_arguments(self.arguments.get())
    }
}

/// The arguments of a call as `T`.
///
/// # Errors
/// A message that names the argument and tells a model how to correct it.
pub(crate) fn read_arguments<T: DeserializeOwned>(arguments: &str) -> Result<T, ToolError> {
    json::read(arguments).map_err(|(path, problem)| match path {
        Some(path) => ToolError::new(format!("Invalid argument `{path}`: {problem}.")),
        None => ToolError::new(format!("Invalid arguments: {problem}.")),
    })
}

/// What a tool answers.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolReply {
    /// The result.
    Complete {
        /// For the model to read.
        content: Vec<Content>,
        /// For programs. Clients before 2026-07-28 accept only an object.
        structured: Option<Value>,
    },
    /// Questions that the client is to answer before it calls again (multi round-trip, 2026-07-28).
    InputRequired {
        /// The requests, such as `{"method": "elicitation/create", "params": {...}}`, by a key of the tool's choice.
        requests: Map<String, Value>,
        /// A state that the client sends back with the answers.
        state: Option<String>,
    },
}

/// Why a tool has no result.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolError {
    /// A sentence for the model, which may call again.
    Message(String),
    /// The call is wrong in a way that the model cannot correct, such as a forged request state: the client gets a JSON-RPC
    /// error, and the model no result.
    InvalidParams(String),
    /// The client lacks these capabilities, an object in the form of MCP's `ClientCapabilities`. Requests of the handshake
    /// revisions do not say what a client can do: there the model gets a result that says so.
    MissingCapability(Value),
}

impl ToolError {
    /// An error for the model: `message` says what to do about it.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Message(message.into())
    }
}

/// Why a tool cannot be registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("tool `{tool}`: {problem}")]
pub struct InvalidTool {
    /// The tool's name.
    pub tool: String,
    /// The reason.
    pub problem: String,
}

impl Tool {
    /// A tool from a function of typed input to typed output.
    ///
    /// The schemas come from the types: doc comments become descriptions, `#[serde(deny_unknown_fields)]` refuses unknown
    /// arguments, and `#[schemars(extend("x-mcp-header" = "Region"))]` has clients mirror a parameter into a header. `I` and
    /// `O` must be structs with named fields. The output is sent as structured content and, for older clients, as text.
    pub fn new<I, O, F, Fut>(name: impl Into<String>, description: impl Into<String>, run: F) -> Self
    where
        I: DeserializeOwned + JsonSchema + Send + 'static,
        O: Serialize + JsonSchema + 'static,
        F: Fn(I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, ToolError>> + Send + 'static,
    {
        let input_schema = schema_of::<I>(SchemaSettings::draft2020_12());
        let output_schema = schema_of::<O>(SchemaSettings::draft2020_12().for_serialize());
        let run = move |call: ToolCall| -> Reply {
            match call.arguments::<I>() {
                Ok(input) => {
                    let output = run(input);
                    Box::pin(async move { complete(&output.await?) })
                }
                Err(e) => Box::pin(std::future::ready(Err(e))),
            }
        };
        let tool = Self::with_reply(name, description, input_schema, run);
        Self { definition: Definition { output_schema: Some(output_schema), ..tool.definition }, ..tool }
    }

    /// A tool that reads its call and writes its reply itself, such as one that returns pictures or asks the client for input.
    /// `input_schema` is a JSON Schema of type `object`.
    pub fn with_reply<F, Fut>(
        name: impl Into<String>,
        description: impl Into<String>,
        input_schema: Value,
        run: F,
    ) -> Self
    where
        F: Fn(ToolCall) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<ToolReply, ToolError>> + Send + 'static,
    {
        Self {
            definition: Definition {
                name: name.into(),
                title: None,
                description: description.into(),
                input_schema,
                output_schema: None,
                annotations: None,
                meta: None,
            },
            header_params: Vec::new(),
            run: Box::new(move |call| Box::pin(run(call))),
        }
    }

    /// A name for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.definition.title = Some(title.into());
        self
    }

    /// Hints about the tool's effects.
    #[must_use]
    pub fn annotations(mut self, annotations: Annotations) -> Self {
        self.definition.annotations = Some(annotations);
        self
    }

    /// The name by which clients call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    pub(crate) async fn run(&self, call: ToolCall) -> Result<ToolReply, ToolError> {
        (self.run)(call).await
    }

    fn check(mut self) -> Result<Self, InvalidTool> {
        let invalid = |problem: &str| InvalidTool { tool: self.definition.name.clone(), problem: problem.to_owned() };
        let name = &self.definition.name;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || name.len() > 128 || !name.chars().all(plain) {
            return Err(invalid("a name has 1 to 128 letters, digits, _, - and ."));
        }
        for schema in [Some(&self.definition.input_schema), self.definition.output_schema.as_ref()] {
            if schema.is_some_and(|schema| schema["type"] != "object") {
                return Err(invalid("a schema is of type object: use a struct with named fields"));
            }
        }
        self.header_params = header_params(&self.definition.input_schema).map_err(|problem| invalid(&problem))?;
        Ok(self)
    }
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.definition.fmt(f)
    }
}

fn complete<O: Serialize>(output: &O) -> Result<ToolReply, ToolError> {
    let structured = serde_json::to_value(output)
        .map_err(|e| ToolError::new(format!("The result cannot be written as JSON: {e}.")))?;
    Ok(ToolReply::Complete { content: vec![Content::text(structured.to_string())], structured: Some(structured) })
}

fn schema_of<T: JsonSchema>(settings: SchemaSettings) -> Value {
    let settings = settings.with(|settings| {
        // Some clients do not follow references.
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = SchemaGenerator::new(settings).into_root_schema_for::<T>().to_value();
    if let Some(schema) = schema.as_object_mut() {
        schema.shift_remove("title");
    }
    schema
}

/// A parameter that clients mirror into the header `Mcp-Param-{header}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeaderParam {
    /// The keys that lead to the parameter in the arguments.
    pub(crate) path: Vec<String>,
    pub(crate) header: String,
}

/// Finds the parameters with `x-mcp-header`. Only a string, an integer or a boolean may have it, reached by `properties` alone.
/// <https://modelcontextprotocol.io/specification/2026-07-28/server/tools#x-mcp-header>
fn header_params(schema: &Value) -> Result<Vec<HeaderParam>, String> {
    fn walk(schema: &Value, path: &mut Vec<String>, found: &mut Vec<HeaderParam>) -> Result<(), String> {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            path.push(name.clone());
            if let Some(header) = property.get("x-mcp-header") {
                let is_token = |header: &&str| http::HeaderName::from_bytes(header.as_bytes()).is_ok();
                let Some(header) = header.as_str().filter(is_token) else {
                    return Err(format!("x-mcp-header of `{name}` must be a header name, not {header}"));
                };
                if !matches!(property["type"].as_str(), Some("string" | "integer" | "boolean")) {
                    return Err(format!(
                        "x-mcp-header is only allowed on strings, integers and booleans, not on `{name}`"
                    ));
                }
                if found.iter().any(|other| other.header.eq_ignore_ascii_case(header)) {
                    return Err(format!("two parameters have the x-mcp-header {header}"));
                }
                found.push(HeaderParam { path: path.clone(), header: header.to_owned() });
            }
            walk(property, path, found)?;
            path.pop();
        }
        Ok(())
    }
    fn count(schema: &Value) -> usize {
        match schema {
            Value::Object(map) => {
                usize::from(map.contains_key("x-mcp-header")) + map.values().map(count).sum::<usize>()
            }
            Value::Array(items) => items.iter().map(count).sum(),
            _ => 0,
        }
    }
    let mut found = Vec::new();
    walk(schema, &mut Vec::new(), &mut found)?;
    if count(schema) > found.len() {
        return Err("x-mcp-header is only allowed on parameters that `properties` alone lead to".to_owned());
    }
    Ok(found)
}

/// The tools of a server, in the order in which they were registered.
#[derive(Debug)]
pub struct Tools {
    tools: Vec<Tool>,
    /// Their definitions as `tools/list` has them.
    pub(crate) definitions: Vec<Box<RawValue>>,
}

impl Tools {
    /// Registers tools, in this order.
    ///
    /// # Errors
    /// A tool that clients could not call, or a name that is registered twice.
    pub fn new(tools: Vec<Tool>) -> Result<Self, InvalidTool> {
        let tools = tools.into_iter().map(Tool::check).collect::<Result<Vec<_>, _>>()?;
        let mut names = HashSet::new();
        if let Some(twice) = tools.iter().find(|tool| !names.insert(tool.name())) {
            return Err(InvalidTool { tool: twice.name().to_owned(), problem: "registered twice".to_owned() });
        }
        let definition = |tool: &Tool| to_raw_value(&tool.definition).expect("a definition serialises");
        let definitions = tools.iter().map(definition).collect();
        Ok(Self { tools, definitions })
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name() == name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.tools.iter().map(Tool::name)
    }
}
