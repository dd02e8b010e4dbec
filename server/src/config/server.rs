//! `[server]`: where Sluice listens and keeps what it knows.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub listen: SocketAddr,
    /// What a browser's address bar shows. Cross-site checks, cookies and the
    /// sign-in's way back depend on it.
    pub public_origin: PublicOrigin,
    /// Metrics for Prometheus, on a listener of their own since they need no
    /// sign-in. Absent: none.
    #[serde(default)]
    pub metrics_listen: Option<SocketAddr>,
    pub data_dir: PathBuf,
    /// Absent: SQLite, in `sluice.db` of the data folder.
    #[serde(default)]
    pub database_url: Option<DatabaseUrl>,
    /// The folder that holds `pkg/`: the browser's part of the pages.
    pub assets_dir: PathBuf,
    /// Shown above every page, such as the name of a trial installation.
    #[serde(default)]
    pub banner: Option<Banner>,
    #[serde(default)]
    pub log: LogFormat,
    #[serde(default = "default_body_limit_bytes")]
    pub body_limit_bytes: u32,
    /// How long open requests may take to end after SIGTERM.
    #[serde(default = "default_shutdown_seconds")]
    pub shutdown_seconds: u32,
    /// How often each stream is looked at.
    #[serde(default = "default_poll_seconds")]
    pub poll_seconds: u32,
    /// How long a process that died keeps its Runs from the next one.
    #[serde(default = "default_lease_seconds")]
    pub lease_seconds: u32,
}

/// What stands above every page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Banner {
    pub text: String,
    /// Where it leads to. Absent: nowhere.
    #[serde(default)]
    pub link: Option<Url>,
    /// What the link says. Absent: the link itself.
    #[serde(default)]
    pub link_text: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// For a person's terminal.
    Text,
}

/// A scheme, a host and a port: `https`, or `http` on a loopback address.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PublicOrigin(Url);

impl PublicOrigin {
    /// As browsers write it in `Origin`, without a trailing slash.
    pub fn as_origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    pub fn as_url(&self) -> &Url {
        &self.0
    }

    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The address of a local path, which begins with `/`.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.as_origin())
    }
}

impl TryFrom<String> for PublicOrigin {
    type Error = &'static str;

    fn try_from(value: String) -> Result<Self, &'static str> {
        const ALLOWED: &str = "an origin is \"https://host\", or \"http://host:port\" \
                               on localhost or another loopback address, without a path";
        let url = Url::parse(&value).map_err(|_| ALLOWED)?;
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let scheme =
            url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        if bare && scheme {
            Ok(Self(url))
        } else {
            Err(ALLOWED)
        }
    }
}

/// Whether the URL's host is this machine by its very name.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Only SQLite is understood so far.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DatabaseUrl {
    type Error = &'static str;

    fn try_from(value: String) -> Result<Self, &'static str> {
        if value.starts_with("sqlite:") {
            Ok(Self(value))
        } else {
            Err("a database is \"sqlite:/path/to/file.db\"")
        }
    }
}

fn default_body_limit_bytes() -> u32 {
    1024 * 1024
}

fn default_shutdown_seconds() -> u32 {
    10
}

fn default_poll_seconds() -> u32 {
    10
}

fn default_lease_seconds() -> u32 {
    15
}
