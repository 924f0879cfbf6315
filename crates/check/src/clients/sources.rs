//! The sources of the rows that were read, at the commits that were read.

macro_rules! source {
    ($repository:literal, $commit:literal, $path:literal) => {
        concat!("https://github.com/", $repository, "/blob/", $commit, "/", $path)
    };
}

pub(super) const CLINE: &str = source!("cline/cline", "107007ea", "apps/vscode/src/core/slash-commands/index.ts");
pub(super) const CONTINUE: &str =
    source!("continuedev/continue", "11fa0e26", "gui/src/components/mainInput/TipTapEditor/utils/renderMcpPrompt.ts");
pub(super) const CONTINUE_CONNECTION: &str =
    source!("continuedev/continue", "9df9f64f", "core/context/mcp/MCPConnection.ts");
pub(super) const GOOSE_COMMAND: &str =
    source!("block/goose", "8a2bbf70", "crates/goose/src/agents/execute_commands.rs");
pub(super) const GOOSE_MESSAGE: &str = source!("block/goose", "6416fe74", "crates/goose/src/conversation/message.rs");
pub(super) const GOOSE_EXTENSIONS: &str =
    source!("block/goose", "2554e58d", "crates/goose/src/agents/extension_manager.rs");
pub(super) const VS_CODE: &str = source!(
    "microsoft/vscode",
    "cfcfe97c",
    "src/vs/workbench/contrib/chat/browser/widget/input/editor/chatInputCompletions.ts"
);
pub(super) const VS_CODE_MCP: &str =
    source!("microsoft/vscode", "c7ab6499", "src/vs/workbench/contrib/mcp/common/mcpTypes.ts");
pub(super) const ZED_21944: &str = "https://github.com/zed-industries/zed/issues/21944";
pub(super) const ZED_AGENT: &str = source!("zed-industries/zed", "48bab10f", "crates/agent/src/agent.rs");
pub(super) const ZED_TYPES: &str = source!("zed-industries/zed", "3991ce85", "crates/context_server/src/types.rs");
pub(super) const ZED_REGISTRY: &str =
    source!("zed-industries/zed", "00400088", "crates/agent/src/tools/context_server_registry.rs");
