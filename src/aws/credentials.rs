//! Credentials as a laptop has them: they may take their time, and where they are missing the user is told what to do.

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

use super::profile::{Origin, Source};
use gallery::causes::{causes, chain};
use gallery::store::s3::NoCredentials;

/// How long a start waits for them: a `credential_process` may ask its user something.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long before their end they are asked for again, as the SDK does.
const BUFFER: Duration = Duration::from_secs(10);
/// Of what a server says, in characters.
const LONGEST_WORDS: usize = 300;

/// The SDK's provider, asked once at a time. A request gives up after some seconds, and with it the SDK would end the wait
/// and start a second `credential_process` beside the first one; here the next request joins the first wait.
#[derive(Clone)]
pub(super) struct Patient {
    provider: SharedCredentialsProvider,
    origin: Origin,
    asked: Arc<Mutex<Option<Asked>>>,
}

type Asked = Shared<BoxFuture<'static, Result<Credentials, NoCredentials>>>;

impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patient").field("origin", &self.origin.source).finish_non_exhaustive()
    }
}

impl Patient {
    pub(super) fn new(provider: SharedCredentialsProvider, origin: Origin) -> Self {
        Self { provider, origin, asked: Arc::default() }
    }

    /// Waits for credentials as long as a start may take.
    pub(super) async fn wait(&self) -> Result<(), NoCredentials> {
        match tokio::time::timeout(START_TIMEOUT, self.ask()).await {
            Ok(asked) => asked.map(drop),
            Err(_) => Err(NoCredentials(match &self.origin.source {
                Source::Process(profile) => {
                    format!("credential_process of profile `{profile}` has not ended in {START_TIMEOUT:?}")
                }
                _ => format!("no credentials in {START_TIMEOUT:?}"),
            })),
        }
    }

    fn ask(&self) -> Asked {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asked) = asked.as_ref().filter(|asked| asked.peek().is_none_or(is_current)) {
            return asked.clone();
        }
        let (provider, origin) = (self.provider.clone(), self.origin.clone());
        // On its own, so that who gives up waiting does not end it.
        let task =
            tokio::spawn(
                async move { provider.provide_credentials().await.map_err(|e| NoCredentials(words(&e, &origin))) },
            );
        let next = task.map(|done| done.unwrap_or_else(|e| Err(NoCredentials(e.to_string())))).boxed().shared();
        asked.insert(next).clone()
    }
}

impl ProvideCredentials for Patient {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let asked = self.ask();
        future::ProvideCredentials::new(async move {
            let credentials: provider::Result = asked.await.map_err(CredentialsError::provider_error);
            credentials
        })
    }
}

fn is_current(asked: &Result<Credentials, NoCredentials>) -> bool {
    asked
        .as_ref()
        .is_ok_and(|credentials| credentials.expiry().is_none_or(|expiry| expiry > SystemTime::now() + BUFFER))
}

/// What the user can do about it.
fn words(e: &CredentialsError, origin: &Origin) -> String {
    let is_missing = |e: &CredentialsError| matches!(e, CredentialsError::CredentialsNotLoaded(_));
    // The metadata service of EC2 is asked last, where nothing else has any, or for the credentials of a role.
    let is_not_given = |e: &(dyn Error + 'static)| e.is::<ImdsError>() || e.downcast_ref().is_some_and(is_missing);
    if is_missing(e) || (matches!(origin.source, Source::Other) && causes(e).any(is_not_given)) {
        tracing::debug!(cause = one_line(&chain(e)), "no credentials");
        return none(origin);
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
    // A role is assumed with credentials that there are.
    if let (Some(said), Some(role)) = (&said, origin.roles.first())
        && !matches!(code, Some("UnauthorizedException"))
    {
        return format!("cannot assume the role {role}: {said}");
    }
    match &origin.source {
        Source::Sso(profile) if matches!(code, None | Some("UnauthorizedException")) => {
            sign_in("aws sso login", profile)
        }
        Source::Login(profile) if !matches!(code, Some("ValidationException" | "InternalServerException")) => {
            sign_in("aws login", profile)
        }
        Source::Process(profile) => format!("credential_process of profile `{profile}` {}", process_words(&chain(e))),
        Source::Sso(profile) | Source::Login(profile) => {
            format!("profile `{profile}`: {}", said.unwrap_or_else(|| one_line(&chain(e))))
        }
        Source::Other => format!("no credentials: {}", said.unwrap_or_else(|| one_line(&chain(e)))),
    }
}

/// Where credentials were looked for in vain, and what to do. The SDK repeats every place, in words of its own.
fn none(Origin { profile, roles, .. }: &Origin) -> String {
    if let Some(role) = roles.first() {
        return format!("cannot assume the role {role}: the credential_source of its profile has no credentials here");
    }
    let of = if profile == "default" { String::new() } else { format!(" --profile {profile}") };
    format!(
        "no credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, in profile `{profile}` or from a role of this \
         machine: run aws configure{of}, or set AWS_PROFILE to a profile that has some (aws sso login signs in to it)"
    )
}

/// What a program did instead of printing credentials. Neither its output nor what it writes to standard error is
/// repeated: a secret may be in it, and this goes to the log.
fn process_words(chain: &str) -> String {
    if let Some((_, failed)) = chain.split_once("external process exited with code ") {
        let status = failed.split_once(". Stderr:").map_or(failed, |(status, _)| status);
        return format!("failed: {status}; run the command yourself to see what it says");
    }
    let takes = r#"it takes {"Version": 1, "AccessKeyId": "…", "SecretAccessKey": "…", "SessionToken": "…", "Expiration": "…"}"#;
    match chain.split_once("could not parse response: ").map(|(_, why)| why) {
        Some(why) if why.ends_with("but it was missing") => {
            format!("printed incomplete JSON: {}; {takes}", one_line(why))
        }
        Some(_) => format!("printed something else than credentials as JSON; {takes}"),
        None if chain.contains("UTF-8") => format!("printed something else than credentials as JSON; {takes}"),
        None => format!("failed: {}", one_line(chain)),
    }
}

fn one_line(words: &str) -> String {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(LONGEST_WORDS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}
