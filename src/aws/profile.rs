//! The selected profile in the files of the AWS CLI, checked before the SDK reads it: the SDK ignores a profile that does
//! not exist, and reports an invalid one only in its log.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>

use std::borrow::Cow;

use aws_config::profile::{Profile, ProfileSet};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

use dotprompt::{did_you_mean, nearest};
use server::config::AddressingStyle;
use store::causes::shown;
use store::env::process;
use store::s3::{BOOLEAN, IGNORE_ENDPOINTS, SDK_SETTINGS, endpoint};

/// An error names this many profiles at most.
const MAX_NAMES: usize = 12;

/// The profiles of this machine, of which one is selected.
pub(super) struct Profiles {
    set: ProfileSet,
    /// Whether the environment has an access key, which wins over any profile.
    has_key: bool,
}

/// Where the credentials come from, so that an error can say what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) source: CredentialSource,
    /// The selected profile. `default` need not exist.
    pub(super) profile: String,
    /// The roles that the credentials of the source assume, the last one first.
    pub(super) roles: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CredentialSource {
    /// Keys in the environment or in a profile, and other sources without an error message of their own.
    Other,
    /// `aws sso login` with this profile.
    Sso(String),
    /// `aws login` with this profile.
    Login(String),
    /// The `credential_process` of this profile.
    Process(String),
}

/// Settings for S3 in the profile and its `s3` section. The SDK does not read them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct S3Section {
    /// `s3_use_arn_region` of the profile itself wins.
    pub(super) use_arn_region: Option<bool>,
    pub(super) addressing_style: Option<AddressingStyle>,
    pub(super) accelerate: bool,
    pub(super) dual_stack: bool,
}

impl Profiles {
    /// Reads the files.
    ///
    /// # Errors
    /// Unreadable files, a selected profile that does not exist, a value that the SDK would ignore or panic on.
    pub(super) async fn load() -> Result<Self, String> {
        let set = aws_config::profile::load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), None).await;
        let set = set.map_err(|e| store::causes::chain(&e))?;
        let has_key = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
            .iter()
            .all(|name| process(name).is_some_and(|value| !value.is_empty()));
        let profiles = Self { set, has_key };
        profiles.check()?;
        Ok(profiles)
    }

    fn selected(&self) -> Option<&Profile> {
        self.set.get_profile(self.set.selected_profile())
    }

    fn check(&self) -> Result<(), String> {
        let name = self.set.selected_profile();
        let Some(profile) = self.selected() else {
            // The default profile is optional.
            return if name == "default" { Ok(()) } else { Err(self.missing(name)) };
        };
        let refused = |key: &str, value: &str, why: &str| Err(format!("profile `{name}`: {key}={value}: {why}"));
        for (_, key, is_valid, expected) in SDK_SETTINGS {
            if let Some(value) = profile.get(key).filter(|value| !is_valid(value)) {
                return refused(key, value, expected);
            }
        }
        let ignored = process(IGNORE_ENDPOINTS);
        let ignored = ignored.as_deref().or(profile.get("ignore_configured_endpoint_urls"));
        if !ignored.is_some_and(|value| value.eq_ignore_ascii_case("true"))
            && let Some(value) = profile.get("endpoint_url")
            && let Err(expected) = endpoint(value)
        {
            return refused("endpoint_url", &shown(value), expected);
        }
        Ok(())
    }

    /// The error for a profile that does not exist.
    fn missing(&self, name: &str) -> String {
        let mut names: Vec<&str> = self.set.profiles().collect();
        names.sort_unstable();
        let file = process("AWS_CONFIG_FILE").filter(|file| !file.is_empty());
        let file = file.map_or(Cow::Borrowed("~/.aws/config"), Cow::Owned);
        let there = match names.len() {
            0 => "there are none".to_owned(),
            1 => format!("there is {}", names[0]),
            count if count > MAX_NAMES => {
                format!("there are {} and {} more", names[..MAX_NAMES].join(", "), count - MAX_NAMES)
            }
            _ => format!("there are {}", names.join(", ")),
        };
        let near = nearest(name, names.into_iter()).map(|near| format!("; {}", did_you_mean(near))).unwrap_or_default();
        format!("no profile `{name}` in {file}; {there}{near}")
    }

    /// Where the credentials of the selected profile come from. Follows `source_profile` to a profile that has some.
    ///
    /// # Errors
    /// Settings that cannot lead to credentials.
    pub(super) fn origin(&self) -> Result<Origin, String> {
        let mut roles = Vec::new();
        let selected = self.set.selected_profile().to_owned();
        let origin = |source, roles| Ok(Origin { source, profile: selected.clone(), roles });
        let Some(mut profile) = self.selected().filter(|_| !self.has_key) else {
            return origin(CredentialSource::Other, roles);
        };
        let mut seen: Vec<&str> = Vec::new();
        loop {
            let name = profile.name();
            seen.push(name);
            let is_first = seen.len() == 1;
            // The keys of a source win over its other settings, as in the AWS CLI.
            if !is_first && profile.get("aws_access_key_id").is_some() {
                check_keys(profile)?;
                return origin(CredentialSource::Other, roles);
            }
            let role = profile.get("role_arn").filter(|_| profile.get("web_identity_token_file").is_none());
            let Some(role) = role else { return origin(source(&self.set, profile, is_first)?, roles) };
            if profile.get("mfa_serial").is_some() {
                return Err(format!(
                    "profile `{name}` needs an MFA code (mfa_serial), which cannot be entered here: first run eval \
                     \"$(aws configure export-credentials --profile {name} --format env)\""
                ));
            }
            roles.push(role.to_owned());
            let Some(next) = source_profile(profile)? else { return origin(CredentialSource::Other, roles) };
            if next == name {
                check_keys(profile)?;
                return origin(CredentialSource::Other, roles);
            }
            if seen.contains(&next) {
                return Err(format!("profile `{name}`: source_profile leads back to `{next}`"));
            }
            let missing = || format!("profile `{name}`: source_profile: {}", self.missing(next));
            profile = self.set.get_profile(next).ok_or_else(missing)?;
        }
    }

    /// The settings of the selected profile that the SDK does not read.
    ///
    /// # Errors
    /// An invalid value.
    pub(super) fn s3(&self) -> Result<S3Section, String> {
        let mut section = S3Section::default();
        let Some(profile) = self.selected() else { return Ok(section) };
        for line in profile.get("s3").unwrap_or_default().lines() {
            let Some((key, value)) = line.split_once('=').map(|(key, value)| (key.trim(), value.trim())) else {
                continue;
            };
            let boolean = || boolean(value).ok_or(BOOLEAN);
            let read = match key {
                "addressing_style" => {
                    let style = AddressingStyle::of(value).ok_or(AddressingStyle::EXPECTED);
                    style.map(|style| section.addressing_style = Some(style))
                }
                "use_accelerate_endpoint" => boolean().map(|on| section.accelerate = on),
                "use_dualstack_endpoint" => boolean().map(|on| section.dual_stack = on),
                "use_arn_region" => boolean().map(|on| section.use_arn_region = Some(on)),
                _ => Ok(()),
            };
            read.map_err(|expected| format!("profile `{}`: s3.{key}={value}: {expected}", profile.name()))?;
        }
        let of_profile = profile.get("s3_use_arn_region").and_then(boolean);
        section.use_arn_region = of_profile.or(section.use_arn_region);
        Ok(section)
    }
}

/// The profile whose credentials assume the role of `profile`; `None` if the machine has them.
///
/// # Errors
/// Both or neither is set.
fn source_profile(profile: &Profile) -> Result<Option<&str>, String> {
    let name = profile.name();
    match (profile.get("source_profile"), profile.get("credential_source")) {
        (Some(_), Some(_)) => {
            Err(format!("profile `{name}` has both source_profile and credential_source: role_arn needs one of them"))
        }
        (None, None) => Err(format!(
            "profile `{name}` has role_arn without source_profile or credential_source, which say whose credentials \
             assume the role"
        )),
        (None, Some("Environment" | "Ec2InstanceMetadata" | "EcsContainer")) => Ok(None),
        (None, Some(source)) => Err(format!(
            "profile `{name}`: credential_source={source}: expected Environment, Ec2InstanceMetadata or EcsContainer"
        )),
        (Some(next), None) => Ok(Some(next)),
    }
}

/// Checks that a profile has both an access key and its secret.
fn check_keys(profile: &Profile) -> Result<(), String> {
    let [id, secret] = ["aws_access_key_id", "aws_secret_access_key"];
    match (profile.get(id), profile.get(secret)) {
        (Some(_), Some(_)) => Ok(()),
        (Some(_), None) => Err(format!("profile `{}` has {id} without {secret}", profile.name())),
        (None, Some(_)) => Err(format!("profile `{}` has {secret} without {id}", profile.name())),
        (None, None) => Err(format!("profile `{}` is the source of a role and has no credentials", profile.name())),
    }
}

/// The kind of credentials of a profile, in the order in which the SDK looks.
fn source(set: &ProfileSet, profile: &Profile, is_first: bool) -> Result<CredentialSource, String> {
    let name = profile.name().to_owned();
    if profile.get("credential_source").is_some() || profile.get("web_identity_token_file").is_some() {
        return Ok(CredentialSource::Other);
    }
    if profile.get("sso_session").is_some() || profile.get("sso_start_url").is_some() {
        if let Some(session) = profile.get("sso_session")
            && set.sso_session(session).is_none()
        {
            return Err(format!("profile `{name}`: no section [sso-session {session}]"));
        }
        for key in ["sso_account_id", "sso_role_name"] {
            if profile.get(key).is_none() {
                return Err(format!(
                    "profile `{name}` has SSO settings without {key}: run aws configure sso --profile {name}"
                ));
            }
        }
        return Ok(CredentialSource::Sso(name));
    }
    if profile.get("login_session").is_some() {
        return Ok(CredentialSource::Login(name));
    }
    if profile.get("credential_process").is_some() {
        return Ok(CredentialSource::Process(name));
    }
    // Without keys, the selected profile uses the credentials of the machine. The source of a role does not.
    let has_keys = profile.get("aws_access_key_id").is_some() || profile.get("aws_secret_access_key").is_some();
    if has_keys || !is_first {
        check_keys(profile)?;
    }
    Ok(CredentialSource::Other)
}

fn boolean(value: &str) -> Option<bool> {
    value.to_ascii_lowercase().parse().ok()
}
