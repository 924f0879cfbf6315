//! The methods that this server has.

/// A method of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Initialize,
    Ping,
    Discover,
    ListPrompts,
    GetPrompt,
    Complete,
    ListTools,
    CallTool,
    Listen,
    ListResources,
    ListResourceTemplates,
}

const METHODS: [(&str, Method); 11] = [
    ("initialize", Method::Initialize),
    ("ping", Method::Ping),
    ("server/discover", Method::Discover),
    ("prompts/list", Method::ListPrompts),
    ("prompts/get", Method::GetPrompt),
    ("completion/complete", Method::Complete),
    ("tools/list", Method::ListTools),
    ("tools/call", Method::CallTool),
    ("subscriptions/listen", Method::Listen),
    ("resources/list", Method::ListResources),
    ("resources/templates/list", Method::ListResourceTemplates),
];

impl Method {
    /// The method of this name, with the name as the log has it.
    pub(super) fn find(name: &str) -> Option<(&'static str, Self)> {
        METHODS.into_iter().find(|(known, _)| *known == name)
    }

    /// Whether the header `Mcp-Name` mirrors `params.name`.
    pub(super) fn mirrors_name(self) -> bool {
        matches!(self, Self::GetPrompt | Self::CallTool)
    }
}
