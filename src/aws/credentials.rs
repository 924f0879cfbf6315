//! Credentials of a user's machine: they may take long, and an error says what the user can do.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::imds::client::error::ImdsError;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_s3::error::ErrorMetadata;
use aws_smithy_runtime_api::client::result::ConnectorError;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use super::profile::{CredentialSource, Origin};
use dotprompt::shorten_to;
use store::causes::{causes, chain};
use store::s3::NoCredentials;

/// How long a start waits for credentials: a `credential_process` may ask the user a question.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long before their expiry credentials are renewed, as in the SDK.
const EXPIRY_BUFFER: Duration = Duration::from_secs(10);
/// Characters of a server's message that are shown.
const MAX_MESSAGE_LENGTH: usize = 300;

/// The SDK's provider, asked once at a time. An S3 request times out after some seconds; with the bare provider, the next
/// request would start a second `credential_process` beside the first. Here it waits for the first.
#[derive(Clone)]
pub(super) struct SharedRequest {
    provider: SharedCredentialsProvider,
    origin: Origin,
    /// The latest request and its outcome.
    latest: Arc<Mutex<Option<Request>>>,
}

type Request = Shared<BoxFuture<'static, Result<Credentials, NoCredentials>>>;

impl fmt::Debug for SharedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedRequest").field("origin", &self.origin.source).finish_non_exhaustive()
    }
}

impl SharedRequest {
    pub(super) fn new(provider: SharedCredentialsProvider, origin: Origin) -> Self {
        Self { provider, origin, latest: Arc::default() }
    }

    /// Waits for the first credentials, at most [`START_TIMEOUT`].
    pub(super) async fn wait(&self) -> Result<(), NoCredentials> {
        match tokio::time::timeout(START_TIMEOUT, self.request()).await {
            Ok(credentials) => credentials.map(drop),
            Err(_) => Err(NoCredentials(match &self.origin.source {
                CredentialSource::Process(profile) => {
                    format!("credential_process of profile `{profile}` did not end within {START_TIMEOUT:?}")
                }
                _ => format!("no credentials within {START_TIMEOUT:?}"),
            })),
        }
    }

    /// The request under way, the latest credentials if they are valid, or else a new request.
    fn request(&self) -> Request {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(request) = latest.as_ref().filter(|request| request.peek().is_none_or(is_current)) {
            return request.clone();
        }
        let (provider, origin) = (self.provider.clone(), self.origin.clone());
        // A separate task goes on when a caller stops waiting.
        let task = tokio::spawn(async move {
            let credentials = provider.provide_credentials().await;
            credentials.map_err(|e| NoCredentials(explain(&e, &origin)))
        });
        let new = task.map(|done| done.unwrap_or_else(|e| Err(NoCredentials(e.to_string())))).boxed().shared();
        latest.insert(new).clone()
    }
}

impl ProvideCredentials for SharedRequest {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let request = self.request();
        future::ProvideCredentials::new(async move {
            let credentials: provider::Result = request.await.map_err(CredentialsError::provider_error);
            credentials
        })
    }
}

fn is_current(credentials: &Result<Credentials, NoCredentials>) -> bool {
    let is_valid = |expiry| expiry > SystemTime::now() + EXPIRY_BUFFER;
    credentials.as_ref().is_ok_and(|credentials| credentials.expiry().is_none_or(is_valid))
}

/// The error in one line, with what the user can do.
fn explain(e: &CredentialsError, origin: &Origin) -> String {
    let is_missing = |e: &CredentialsError| matches!(e, CredentialsError::CredentialsNotLoaded(_));
    // The SDK asks the EC2 metadata service last, when no other source has credentials, or for those of a role.
    let is_not_given = |e: &(dyn Error + 'static)| e.is::<ImdsError>() || e.downcast_ref().is_some_and(is_missing);
    if is_missing(e) || (matches!(origin.source, CredentialSource::Other) && causes(e).any(is_not_given)) {
        tracing::debug!(cause = one_line(&chain(e)), "no credentials");
        return no_source(origin);
    }
    let refusal = causes(e).find_map(|e| e.downcast_ref::<ErrorMetadata>());
    let code = refusal.and_then(ErrorMetadata::code);
    if causes(e).any(|e| e.is::<ConnectorError>()) {
        return format!("no credentials: {}", one_line(&chain(e)));
    }
    let sign_in = |command: &str, profile: &str| {
        format!("profile `{profile}` is not signed in, or its session has ended: run {command} --profile {profile}")
    };
    let said = refusal.map(|refusal| {
        [refusal.code(), refusal.message()].into_iter().flatten().map(one_line).collect::<Vec<_>>().join(": ")
    });
    // The source had credentials, with which the role could not be assumed.
    if let (Some(said), Some(role)) = (&said, origin.roles.first())
        && !matches!(code, Some("UnauthorizedException"))
    {
        return format!("cannot assume the role {role}: {said}");
    }
    match &origin.source {
        CredentialSource::Sso(profile) if matches!(code, None | Some("UnauthorizedException")) => {
            sign_in("aws sso login", profile)
        }
        CredentialSource::Login(profile)
            if !matches!(code, Some("ValidationException" | "InternalServerException")) =>
        {
            sign_in("aws login", profile)
        }
        CredentialSource::Process(profile) => {
            format!("credential_process of profile `{profile}` {}", explain_process(&chain(e)))
        }
        CredentialSource::Sso(profile) | CredentialSource::Login(profile) => {
            format!("profile `{profile}`: {}", said.unwrap_or_else(|| one_line(&chain(e))))
        }
        CredentialSource::Other => format!("no credentials: {}", said.unwrap_or_else(|| one_line(&chain(e)))),
    }
}

/// The error when no source has credentials. The SDK's own message lists every source in many lines.
fn no_source(Origin { profile, roles, .. }: &Origin) -> String {
    if let Some(role) = roles.first() {
        return format!("cannot assume the role {role}: the credential_source of its profile has no credentials here");
    }
    let option = if profile == "default" { String::new() } else { format!(" --profile {profile}") };
    format!(
        "no credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, in profile `{profile}` or from a role of this \
         machine: run aws configure{option}, or set AWS_PROFILE to a profile that has some (aws sso login signs in to it)"
    )
}

/// How a `credential_process` failed. Its output and its standard error are not repeated: they may contain a secret, and
/// this text goes to the log.
fn explain_process(chain: &str) -> String {
    if let Some((_, failed)) = chain.split_once("external process exited with code ") {
        let status = failed.split_once(". Stderr:").map_or(failed, |(status, _)| status);
        return format!("failed: {status}; run the command yourself to see what it says");
    }
    let expected = r#"expected {"Version": 1, "AccessKeyId": "…", "SecretAccessKey": "…", "SessionToken": "…", "Expiration": "…"}"#;
    match chain.split_once("could not parse response: ").map(|(_, why)| why) {
        Some(why) if why.ends_with("but it was missing") => {
            format!("printed incomplete JSON: {}; {expected}", one_line(why))
        }
        None if !chain.contains("UTF-8") => format!("failed: {}", one_line(chain)),
        _ => format!("did not print credentials as JSON; {expected}"),
    }
}

fn one_line(text: &str) -> String {
    shorten_to(MAX_MESSAGE_LENGTH, &text.split_whitespace().collect::<Vec<_>>().join(" "))
}
