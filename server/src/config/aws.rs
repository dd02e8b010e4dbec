//! `[aws]`: defaults of every stream, and addresses that stand in for AWS's own.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

use super::names::Region;
use super::secrets::Secret;

#[derive(Clone)]
pub struct Aws {
    pub region: Region,
    pub endpoints: Endpoints,
    /// Absent: the SDK's own chain (environment, profile, container, instance).
    pub credentials: Option<Credentials>,
    /// The most writes a second to one bucket; halved at the first 503.
    pub write_ceiling_per_second: u32,
    /// How long a call may take with all its attempts.
    pub operation_timeout_seconds: u32,
}

#[derive(Clone)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: Secret,
}

/// Addresses to call instead of AWS's. They come from this file only, never
/// from a request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoints {
    /// For every service that has none of its own here.
    pub all: Option<Endpoint>,
    pub s3: Option<Endpoint>,
    pub emr_serverless: Option<Endpoint>,
    pub cloudwatch: Option<Endpoint>,
    pub cloudwatch_logs: Option<Endpoint>,
    pub iam: Option<Endpoint>,
    pub msk: Option<Endpoint>,
    pub sts: Option<Endpoint>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAws {
    pub(super) region: Region,
    #[serde(default)]
    pub(super) endpoints: Endpoints,
    pub(super) credentials: Option<RawCredentials>,
    #[serde(default = "default_write_ceiling_per_second")]
    pub(super) write_ceiling_per_second: u32,
    #[serde(default = "default_operation_timeout_seconds")]
    pub(super) operation_timeout_seconds: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCredentials {
    pub(super) access_key_id: String,
    pub(super) secret_access_key_file: Option<PathBuf>,
    pub(super) secret_access_key_env: Option<String>,
}

/// An `http` or `https` address that is not link-local: 169.254.169.254 hands
/// out the machine's own credentials.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Endpoint(Url);

impl Endpoint {
    /// Without a trailing slash.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }
}

impl TryFrom<String> for Endpoint {
    type Error = &'static str;

    fn try_from(value: String) -> Result<Self, &'static str> {
        const ALLOWED: &str = "an endpoint is an http or https address, without user, \
                               query or fragment, and never a link-local one";
        let url = Url::parse(&value).map_err(|_| ALLOWED)?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if plain && !is_link_local(&url) {
            Ok(Self(url))
        } else {
            Err(ALLOWED)
        }
    }
}

fn is_link_local(url: &Url) -> bool {
    let ip = match url.host() {
        Some(url::Host::Ipv4(ip)) => IpAddr::V4(ip),
        Some(url::Host::Ipv6(ip)) => ip.to_canonical(),
        // The names by which clouds serve instance metadata.
        Some(url::Host::Domain(name)) => {
            return matches!(name, "metadata.google.internal" | "instance-data");
        }
        None => return true,
    };
    match ip {
        IpAddr::V4(ip) => ip.is_link_local() || ip.is_unspecified(),
        // fd00:ec2::254 is the instance metadata service over IPv6.
        IpAddr::V6(ip) => {
            ip.is_unicast_link_local()
                || ip.is_unspecified()
                || ip.segments() == [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254]
        }
    }
}

fn default_write_ceiling_per_second() -> u32 {
    300
}

fn default_operation_timeout_seconds() -> u32 {
    60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_hand_out_credentials_are_refused() {
        for text in [
            "http://169.254.169.254/",
            "http://169.254.170.2",
            "http://[fd00:ec2::254]/",
            "http://[::ffff:169.254.169.254]/",
            "http://2852039166/",
            "http://0.0.0.0:80/",
            "file:///etc/passwd",
            "http://user:word@127.0.0.1/",
        ] {
            assert!(Endpoint::try_from(text.to_owned()).is_err(), "{text}");
        }
        assert!(Endpoint::try_from("http://127.0.0.1:4566".to_owned()).is_ok());
        assert!(Endpoint::try_from("https://vpce-1.s3.amazonaws.com".to_owned()).is_ok());
    }
}
