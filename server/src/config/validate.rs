//! Judges the parts of a configuration together, and reads the secrets.
//!
//! Every problem is reported at once: who mends one line at 03:00 should not
//! meet the next only at the next start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use domain::access::Role;

use super::document::Document;
use super::kafka::{KafkaAuthenticationKind, RawKafkaAuthentication, RawKafkaCluster};
use super::prices;
use super::sign_in::RawSignIn;
use super::{
    Aws, Config, Credentials, KafkaAuthentication, KafkaCluster, Problem, RawConfig,
    Secret, SecretSource, SignIn, aws, validate_streams,
};

/// Turns what was read into a configuration, or into all that is wrong with it.
pub(super) fn judge(
    raw: RawConfig,
    document: &Document<'_>,
    base: &Path,
) -> Result<Config, Vec<Problem>> {
    let mut judge = Judge {
        document,
        base,
        problems: Vec::new(),
    };
    judge.server(&raw);
    let sign_in = judge.sign_in(&raw.sign_in);
    let aws = judge.aws(&raw.aws);
    judge.policies(&raw);
    let clusters: Vec<_> = raw
        .kafka_clusters
        .iter()
        .enumerate()
        .filter_map(|(index, cluster)| judge.kafka_cluster(index, cluster))
        .collect();
    judge.unique(
        "kafka_clusters",
        raw.kafka_clusters
            .iter()
            .map(|cluster| cluster.name.to_string()),
    );
    validate_streams::judge_streams(&mut judge, &raw);
    let prices = prices::judge(raw.prices.clone(), document, &mut judge.problems);
    match (sign_in, aws) {
        (Some(sign_in), Some(aws)) if judge.problems.is_empty() => {
            let mut server = raw.server;
            server.data_dir = base.join(&server.data_dir);
            server.assets_dir = base.join(&server.assets_dir);
            Ok(Config {
                server,
                sign_in,
                aws,
                policy: raw.policy,
                prices,
                kafka_clusters: clusters,
                streams: raw.streams,
            })
        }
        _ => {
            judge.problems.sort_by_key(|problem| problem.line);
            Err(judge.problems)
        }
    }
}

/// Collects what is wrong.
pub(super) struct Judge<'a> {
    document: &'a Document<'a>,
    base: &'a Path,
    problems: Vec<Problem>,
}

impl Judge<'_> {
    pub(super) fn refuse(&mut self, path: &str, allowed: impl Into<String>) {
        let problem = self.document.problem(path, allowed);
        self.problems.push(problem);
    }

    /// Refuses the second of two equal names.
    pub(super) fn unique(&mut self, list: &str, names: impl Iterator<Item = String>) {
        let mut seen = BTreeMap::new();
        for (index, name) in names.enumerate() {
            if let Some(first) = seen.insert(name, index) {
                self.refuse(
                    &format!("{list}[{index}].name"),
                    format!("the name is taken by {list}[{first}]"),
                );
            }
        }
    }

    /// Refuses an empty text.
    pub(super) fn not_empty(&mut self, path: &str, value: &str) {
        if value.trim().is_empty() {
            self.refuse(path, "a text that is not empty");
        }
    }

    pub(super) fn at_least(&mut self, path: &str, value: u32, least: u32) {
        if value < least {
            self.refuse(path, format!("a number of at least {least}"));
        }
    }

    fn server(&mut self, raw: &RawConfig) {
        let server = &raw.server;
        if !(1..=10).contains(&server.shutdown_seconds) {
            self.refuse("server.shutdown_seconds", "a number from 1 to 10");
        }
        if !(1..=3_600).contains(&server.poll_seconds) {
            self.refuse("server.poll_seconds", "a number from 1 to 3600");
        }
        if !(1..=300).contains(&server.lease_seconds) {
            self.refuse("server.lease_seconds", "a number from 1 to 300");
        }
        if !(16 * 1024..=16 * 1024 * 1024).contains(&server.body_limit_bytes) {
            self.refuse(
                "server.body_limit_bytes",
                "16384 (16 KiB) to 16777216 (16 MiB)",
            );
        }
        let link = server.banner.as_ref().and_then(|b| b.link.as_ref());
        if link.is_some_and(|link| !matches!(link.scheme(), "http" | "https")) {
            self.refuse("server.banner.link", "an http or https address");
        }
        if server.metrics_listen == Some(server.listen) && server.listen.port() != 0 {
            self.refuse(
                "server.metrics_listen",
                "another address than server.listen: metrics need no sign-in",
            );
        }
    }

    fn sign_in(&mut self, raw: &RawSignIn) -> Option<SignIn> {
        self.not_empty("sign_in.client_id", &raw.client_id);
        if !raw.scopes.iter().any(|scope| scope == "openid") {
            self.refuse("sign_in.scopes", "a list that holds \"openid\"");
        }
        if raw.roles.is_empty() {
            self.refuse(
                "sign_in.roles",
                "at least one role, or nobody can do anything",
            );
        }
        for (index, mapping) in raw.roles.iter().enumerate() {
            self.not_empty(&format!("sign_in.roles[{index}].value"), &mapping.value);
            if !mapping.environments.is_empty() && !mapping.streams.is_empty() {
                self.refuse(
                    &format!("sign_in.roles[{index}].streams"),
                    "environments or streams, not both: write two entries",
                );
            }
        }
        self.at_least("sign_in.session_idle_minutes", raw.session_idle_minutes, 5);
        self.at_least("sign_in.step_up_minutes", raw.step_up_minutes, 1);
        if raw.session_absolute_minutes < raw.session_idle_minutes {
            self.refuse(
                "sign_in.session_absolute_minutes",
                "a number of at least session_idle_minutes",
            );
        }
        let client_secret = self.secret(
            "sign_in.client_secret",
            raw.client_secret_file.as_ref(),
            raw.client_secret_env.as_ref(),
        )?;
        Some(SignIn {
            issuer: raw.issuer.clone(),
            client_id: raw.client_id.clone(),
            client_secret,
            scopes: raw.scopes.clone(),
            roles_claim: raw.roles_claim.clone(),
            roles: raw.roles.clone(),
            session_idle_minutes: raw.session_idle_minutes,
            session_absolute_minutes: raw.session_absolute_minutes,
            step_up_minutes: raw.step_up_minutes,
        })
    }

    fn aws(&mut self, raw: &aws::RawAws) -> Option<Aws> {
        self.at_least(
            "aws.write_ceiling_per_second",
            raw.write_ceiling_per_second,
            1,
        );
        self.at_least(
            "aws.operation_timeout_seconds",
            raw.operation_timeout_seconds,
            5,
        );
        let credentials = match &raw.credentials {
            None => None,
            Some(raw) => {
                self.not_empty("aws.credentials.access_key_id", &raw.access_key_id);
                Some(Credentials {
                    access_key_id: raw.access_key_id.clone(),
                    secret_access_key: self.secret(
                        "aws.credentials.secret_access_key",
                        raw.secret_access_key_file.as_ref(),
                        raw.secret_access_key_env.as_ref(),
                    )?,
                })
            }
        };
        Some(Aws {
            region: raw.region.clone(),
            endpoints: raw.endpoints.clone(),
            credentials,
            write_ceiling_per_second: raw.write_ceiling_per_second,
            operation_timeout_seconds: raw.operation_timeout_seconds,
        })
    }

    fn policies(&mut self, raw: &RawConfig) {
        for (name, policy) in &raw.policy {
            let at = format!("policy.{name}");
            self.at_least(
                &format!("{at}.approval_ttl_minutes"),
                policy.approval_ttl_minutes,
                1,
            );
            self.at_least(&format!("{at}.quiet_seconds"), policy.quiet_seconds, 1);
            self.at_least(&format!("{at}.stuck_triggers"), policy.stuck_triggers, 2);
            self.at_least(&format!("{at}.stop_minutes"), policy.stop_minutes, 1);
            self.at_least(&format!("{at}.watch_minutes"), policy.watch_minutes, 1);
            let agreement = &policy.agreement;
            for (key, list) in [
                ("secure", &agreement.secure[..]),
                ("latest", &agreement.latest),
                ("chosen", &agreement.chosen),
                ("earliest", &agreement.earliest),
                ("restart", agreement.restart.as_deref().unwrap_or_default()),
                ("moved", agreement.moved.as_deref().unwrap_or_default()),
                ("restore", agreement.restore.as_deref().unwrap_or_default()),
                (
                    "rollback",
                    agreement.rollback.as_deref().unwrap_or_default(),
                ),
            ] {
                let at = format!("{at}.agreement.{key}");
                let mut roles = BTreeSet::new();
                for (index, requirement) in list.iter().enumerate() {
                    let at = format!("{at}[{index}]");
                    self.at_least(&format!("{at}.count"), requirement.count, 1);
                    if !matches!(requirement.role, Role::Approver | Role::Stakeholder) {
                        self.refuse(
                            &format!("{at}.role"),
                            "\"approver\" or \"stakeholder\"",
                        );
                    }
                    if !roles.insert(requirement.role) {
                        self.refuse(&format!("{at}.role"), "each role once");
                    }
                }
            }
        }
    }

    fn kafka_cluster(
        &mut self,
        index: usize,
        raw: &RawKafkaCluster,
    ) -> Option<KafkaCluster> {
        let at = format!("kafka_clusters[{index}]");
        if raw.bootstrap.is_empty() {
            self.refuse(&format!("{at}.bootstrap"), "at least one \"host:port\"");
        }
        let at = format!("{at}.authentication");
        Some(KafkaCluster {
            name: raw.name.clone(),
            bootstrap: raw.bootstrap.clone(),
            cluster_id: raw.cluster_id.clone(),
            msk_arn: raw.msk_arn.clone(),
            authentication: self.kafka_authentication(&at, &raw.authentication)?,
            isolation: raw.isolation,
        })
    }

    /// Refuses keys that the kind of authentication makes no use of: whoever wrote
    /// them believes that they matter.
    fn no_idle_keys(&mut self, at: &str, raw: &RawKafkaAuthentication) {
        use KafkaAuthenticationKind as Kind;
        let kind = raw.kind;
        let is_one_of = |kinds: &[Kind]| kinds.contains(&kind);
        let tls = is_one_of(&[Kind::Tls, Kind::Scram, Kind::Mtls]);
        for (key, given, used) in [
            (
                "mechanism",
                raw.mechanism.is_some(),
                is_one_of(&[Kind::Scram]),
            ),
            (
                "username",
                raw.username.is_some(),
                is_one_of(&[Kind::Scram]),
            ),
            (
                "password_file",
                raw.password_file.is_some(),
                is_one_of(&[Kind::Scram]),
            ),
            (
                "password_env",
                raw.password_env.is_some(),
                is_one_of(&[Kind::Scram]),
            ),
            ("region", raw.region.is_some(), is_one_of(&[Kind::Iam])),
            ("ca_file", raw.ca_file.is_some(), tls),
            (
                "certificate_file",
                raw.certificate_file.is_some(),
                is_one_of(&[Kind::Mtls]),
            ),
            ("key_file", raw.key_file.is_some(), is_one_of(&[Kind::Mtls])),
        ] {
            if given && !used {
                self.refuse(
                    &format!("{at}.{key}"),
                    "this kind of authentication has no such key",
                );
            }
        }
    }

    fn kafka_authentication(
        &mut self,
        at: &str,
        raw: &RawKafkaAuthentication,
    ) -> Option<KafkaAuthentication> {
        use KafkaAuthenticationKind as Kind;
        self.no_idle_keys(at, raw);
        let ca_file = raw.ca_file.as_ref().map(|path| self.base.join(path));
        match raw.kind {
            Kind::None => Some(KafkaAuthentication::None),
            Kind::Tls => Some(KafkaAuthentication::Tls { ca_file }),
            Kind::Iam => Some(KafkaAuthentication::Iam {
                region: self.required(&format!("{at}.region"), raw.region.as_ref())?,
            }),
            Kind::Scram => Some(KafkaAuthentication::Scram {
                mechanism: self
                    .required(&format!("{at}.mechanism"), raw.mechanism.as_ref())?,
                username: self
                    .required(&format!("{at}.username"), raw.username.as_ref())?,
                password: self.secret(
                    &format!("{at}.password"),
                    raw.password_file.as_ref(),
                    raw.password_env.as_ref(),
                )?,
                ca_file,
            }),
            Kind::Mtls => {
                let base = self.base;
                let mut file = |key: &str, path: Option<&PathBuf>| {
                    self.required(&format!("{at}.{key}"), path)
                        .map(|path| base.join(path))
                };
                Some(KafkaAuthentication::Mtls {
                    certificate_file: file(
                        "certificate_file",
                        raw.certificate_file.as_ref(),
                    )?,
                    key_file: file("key_file", raw.key_file.as_ref())?,
                    ca_file,
                })
            }
        }
    }

    pub(super) fn required<T: Clone>(
        &mut self,
        path: &str,
        value: Option<&T>,
    ) -> Option<T> {
        if value.is_none() {
            self.refuse(path, "this key is missing");
        }
        value.cloned()
    }

    /// Reads the secret that `<key>_file` or `<key>_env` refers to.
    fn secret(
        &mut self,
        key: &str,
        file: Option<&PathBuf>,
        variable: Option<&String>,
    ) -> Option<Secret> {
        let (source, used) = match (file, variable) {
            (Some(path), None) => {
                (SecretSource::File(path.clone()), format!("{key}_file"))
            }
            (None, Some(name)) => (
                SecretSource::Environment(name.clone()),
                format!("{key}_env"),
            ),
            _ => {
                let last = key.rsplit('.').next().unwrap_or(key);
                self.refuse(
                    &format!("{key}_file"),
                    format!("exactly one of {last}_file and {last}_env"),
                );
                return None;
            }
        };
        match source.read(self.base) {
            Ok(secret) => Some(secret),
            Err(error) => {
                self.refuse(&used, error.to_string());
                None
            }
        }
    }
}
