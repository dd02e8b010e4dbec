//! `[sign_in]`: the OpenID provider, sessions, and who has which role.

use std::path::PathBuf;

use domain::access::Role;
use domain::ids::StreamName;
use serde::Deserialize;
use url::Url;

use super::names::Name;
use super::secrets::Secret;
use super::server::is_loopback;

/// As the server uses it: the secret is read.
#[derive(Clone)]
pub struct SignIn {
    pub issuer: Issuer,
    pub client_id: String,
    pub client_secret: Secret,
    pub scopes: Vec<String>,
    pub roles_claim: String,
    pub roles: Vec<RoleMapping>,
    pub session_idle_minutes: u32,
    pub session_absolute_minutes: u32,
    pub step_up_minutes: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSignIn {
    pub(super) issuer: Issuer,
    pub(super) client_id: String,
    pub(super) client_secret_file: Option<PathBuf>,
    pub(super) client_secret_env: Option<String>,
    #[serde(default = "default_scopes")]
    pub(super) scopes: Vec<String>,
    #[serde(default = "default_roles_claim")]
    pub(super) roles_claim: String,
    pub(super) roles: Vec<RoleMapping>,
    #[serde(default = "default_session_idle_minutes")]
    pub(super) session_idle_minutes: u32,
    #[serde(default = "default_session_absolute_minutes")]
    pub(super) session_absolute_minutes: u32,
    #[serde(default = "default_step_up_minutes")]
    pub(super) step_up_minutes: u32,
}

/// Who carries `value` in the roles claim has `role` in these environments, or
/// for these streams. Both lists empty means everywhere.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleMapping {
    pub value: String,
    pub role: Role,
    #[serde(default)]
    pub environments: Vec<Name>,
    #[serde(default)]
    pub streams: Vec<StreamName>,
}

/// The issuer exactly as the provider writes it: comparison is by bytes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Issuer(String);

impl Issuer {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Issuer {
    type Error = &'static str;

    fn try_from(value: String) -> Result<Self, &'static str> {
        const ALLOWED: &str = "an issuer is an https address without query or fragment \
                               (http on a loopback address)";
        let url = Url::parse(&value).map_err(|_| ALLOWED)?;
        let scheme =
            url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        if scheme && url.query().is_none() && url.fragment().is_none() {
            Ok(Self(value))
        } else {
            Err(ALLOWED)
        }
    }
}

fn default_scopes() -> Vec<String> {
    ["openid", "profile", "email"].map(str::to_owned).to_vec()
}

fn default_roles_claim() -> String {
    "groups".to_owned()
}

fn default_session_idle_minutes() -> u32 {
    60
}

fn default_session_absolute_minutes() -> u32 {
    12 * 60
}

fn default_step_up_minutes() -> u32 {
    15
}
