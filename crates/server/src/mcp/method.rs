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
    ReadResource,
    ReadDirectory,
    ListSkills,
    GetSkill,
}

/// A parameter that a header mirrors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mirrored {
    Name,
    Uri,
}

const METHODS: [(&str, Method); 15] = [
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
    ("resources/read", Method::ReadResource),
    ("resources/directory/read", Method::ReadDirectory),
    ("skills/list", Method::ListSkills),
    ("skills/get", Method::GetSkill),
];

impl Method {
    /// The method of this name, with the name as the log has it.
    pub(super) fn find(name: &str) -> Option<(&'static str, Self)> {
        METHODS.into_iter().find(|(known, _)| *known == name)
    }

    /// The parameter that the header `Mcp-Name` mirrors, if there is one.
    pub(super) fn mirrored(self) -> Option<Mirrored> {
        match self {
            Self::GetPrompt | Self::CallTool => Some(Mirrored::Name),
            Self::ReadResource => Some(Mirrored::Uri),
            _ => None,
        }
    }
}
