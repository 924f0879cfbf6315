//! The server as a library: tools and settings in, a service out.

use std::sync::Arc;

use axum::Router;
use gallery::{Gallery, OwnResource, OwnResources};
use server::auth::Verifier;
use server::config::Config;
use server::http;
use server::mcp::Mcp;
use server::open::Stores;
use server::tools::{Tool, Tools, calculator};
use store::PromptStore;

use crate::aws;
use crate::failure::ServerError;
use crate::tokens::Tokens;

/// A prompt gallery with its tools: `add`, `multiply` and the tools that are registered.
///
/// ```no_run
/// # use prompt_gallery::{Server, Tool, ToolCall, ToolError, ToolReply};
/// # use serde_json::json;
/// # async fn answer(_: ToolCall) -> Result<ToolReply, ToolError> {
/// #     Ok(ToolReply::Complete { content: Vec::new(), structured: None })
/// # }
/// fn main() -> std::process::ExitCode {
///     let tool = Tool::with_reply("nothing", "Does nothing.", json!({ "type": "object" }), answer);
///     Server::new().tool(tool).run()
/// }
/// ```
#[derive(Debug)]
pub struct Server {
    pub(crate) tools: Vec<Tool>,
    pub(crate) resources: Vec<OwnResource>,
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl Server {
    /// A server with the tools `add` and `multiply`.
    #[must_use]
    pub fn new() -> Self {
        Self { tools: vec![calculator::add(), calculator::multiply()], resources: Vec::new() }
    }

    /// A server without tools.
    #[must_use]
    pub fn without_tools() -> Self {
        Self { tools: Vec::new(), resources: Vec::new() }
    }

    /// Registers a tool. Clients list the tools in the order of their registration.
    #[must_use]
    pub fn tool(mut self, tool: Tool) -> Self {
        self.tools.push(tool);
        self
    }

    /// Registers a resource, or a template of resources, beside those of the gallery. Clients list them first, in the order of
    /// their registration.
    ///
    /// ```
    /// use prompt_gallery::{Resource, Server};
    ///
    /// let style = Resource::new("docs://style", "Style guide", "text/markdown", "# How we write");
    /// let server = Server::new().resource(style);
    /// ```
    #[must_use]
    pub fn resource(mut self, resource: OwnResource) -> Self {
        self.resources.push(resource);
        self
    }

    /// The HTTP service over the store that `config` names, for another HTTP server to serve. It has no streams: [`Server::run`]
    /// adds them on a local address.
    ///
    /// # Errors
    /// A folder that cannot be opened, a tool or a resource that cannot be registered.
    pub fn app(self, config: &Config) -> Result<Router, ServerError> {
        let stores = Stores::open(config, aws::connect).map_err(ServerError::Folder)?;
        self.app_of(Arc::new(stores.gallery(config).with_check()), config)
    }

    /// The HTTP service over any store. The locations of prompts and skills in `config` are not used. With `page_source`, callers may
    /// read the store's prompts and partials as they are.
    ///
    /// # Errors
    /// A tool or a resource that cannot be registered.
    pub fn app_over(self, store: Arc<dyn PromptStore>, config: &Config) -> Result<Router, ServerError> {
        let gallery = Gallery::new(store, config.freshness(), config.page_size);
        let gallery = if config.page_source { gallery.with_source().with_check() } else { gallery };
        self.app_of(Arc::new(gallery), config)
    }

    fn app_of(self, gallery: Arc<Gallery>, config: &Config) -> Result<Router, ServerError> {
        let app = http::app(self.mcp(Arc::clone(&gallery))?, config, verifier(config)?);
        Ok(http::with_published_skills(app, gallery, config))
    }

    /// The protocol over a gallery.
    ///
    /// # Errors
    /// A tool or a resource that cannot be registered.
    pub(crate) fn mcp(self, gallery: Arc<Gallery>) -> Result<Mcp, ServerError> {
        let resources = OwnResources::new(self.resources)?;
        Ok(Mcp::new(gallery, Tools::new(self.tools)?).with_resources(resources))
    }
}

/// The component that checks tokens.
///
/// # Errors
/// A sign-in whose keys cannot be read.
pub(crate) fn verifier(config: &Config) -> Result<Verifier, ServerError> {
    Ok(match &config.sign_in {
        _ if config.on_lambda => Verifier::Platform,
        Some(sign_in) => Verifier::Tokens(Arc::new(Tokens::new(sign_in).map_err(ServerError::SignIn)?)),
        None => Verifier::None,
    })
}
