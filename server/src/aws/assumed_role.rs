//! Credentials of a role that is assumed when they are first needed and again
//! before they expire. A role assumed from a role lives an hour at most, so
//! none is asked for longer.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};

use super::error::{AwsError, Effect};

const LIFETIME_SECONDS: i32 = 3_600;

#[derive(Debug)]
pub(super) struct AssumedRole {
    sts: aws_sdk_sts::Client,
    role: String,
    session: String,
}

impl AssumedRole {
    pub(super) fn new(sts: aws_sdk_sts::Client, role: &str, session: &str) -> Self {
        Self {
            sts,
            role: role.to_owned(),
            session: session_name(session),
        }
    }

    async fn assume(&self) -> provider::Result {
        let answer = self
            .sts
            .assume_role()
            .role_arn(&self.role)
            .role_session_name(&self.session)
            .duration_seconds(LIFETIME_SECONDS)
            .send()
            .await
            .map_err(|error| AwsError::of("AssumeRole", Effect::Reads, error))
            .map_err(CredentialsError::provider_error)?;
        let keys = answer.credentials.ok_or_else(|| {
            CredentialsError::invalid_configuration("STS answered without credentials")
        })?;
        let expires = SystemTime::try_from(keys.expiration)
            .map_err(CredentialsError::invalid_configuration)?;
        Ok(Credentials::new(
            keys.access_key_id,
            keys.secret_access_key,
            Some(keys.session_token),
            Some(expires),
            "an assumed role",
        ))
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}

/// STS takes 2 to 64 of these characters; anything else becomes a dash, and
/// what is too long loses its beginning, since a Run's id differs at its end.
fn session_name(wanted: &str) -> String {
    let mut name: String = wanted
        .chars()
        .map(|c| {
            let allowed = c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
            if allowed { c } else { '-' }
        })
        .collect();
    if name.len() > 64 {
        name.drain(..name.len() - 64);
    }
    while name.len() < 2 {
        name.push('-');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_name_is_what_sts_takes() {
        assert_eq!(
            session_name("sluice-orders-1 by Ann/é"),
            "sluice-orders-1-by-Ann--"
        );
        assert_eq!(session_name(""), "--");
        let long = session_name(&format!("{}END", "x".repeat(80)));
        assert_eq!(long.len(), 64);
        assert!(long.ends_with("END"));
    }
}
