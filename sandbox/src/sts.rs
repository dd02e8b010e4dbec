//! STS: sessions of roles.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::Response;
use http::request::Parts;

use crate::clock::Clock;
use crate::iam::{Policies, unique_id};
use crate::record::Effect;
use crate::wire::{
    ACCOUNT, AccessKeys, AwsService, Did, Form, FormError, Principal, Protocol, Shared,
    query_xml_ok, xml_text,
};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Shortest and longest session in seconds, and the one that is given unasked.
const DURATION_S: (i64, i64, i64) = (900, 43_200, 3_600);

/// Issues sessions of the sandbox's roles.
pub struct Sts {
    clock: Clock,
    keys: Arc<AccessKeys>,
    policies: Arc<Policies>,
}

impl Sts {
    /// STS over the shared keys and policies.
    pub fn new(shared: &Shared) -> Self {
        Self {
            clock: shared.clock.clone(),
            keys: shared.keys.clone(),
            policies: shared.policies.clone(),
        }
    }

    fn assume_role(&self, mut form: Form, by: &Principal) -> Result<String, FormError> {
        let arn = form.need("RoleArn")?;
        let session = form.need("RoleSessionName")?;
        let well_formed = (2..=64).contains(&session.len())
            && session
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b));
        if !well_formed {
            let message = format!("{session} is not a name of a session");
            return Err(FormError::new("ValidationError", message));
        }
        let (shortest, longest, usual) = DURATION_S;
        let duration_s = match form.take("DurationSeconds") {
            None => usual,
            Some(text) => text
                .parse::<i64>()
                .ok()
                .filter(|seconds| (shortest..=longest).contains(seconds))
                .ok_or_else(|| {
                    let message = format!("DurationSeconds is {text}");
                    FormError::new("ValidationError", message)
                })?,
        };
        let is_session = by.identity.starts_with("role/");
        if is_session && duration_s > usual {
            let message = "a session that is assumed by a session lasts an hour at most";
            return Err(FormError::new("ValidationError", message));
        }
        // Before a session is given out.
        form.finish()?;
        let name = arn
            .strip_prefix(&format!("arn:aws:iam::{ACCOUNT}:role/"))
            .unwrap_or_default();
        // STS does not tell a role that is missing from one that does not trust.
        let role = self
            .policies
            .get(&format!("role/{name}"))
            .filter(|role| role.trusted.contains(&by.identity))
            .ok_or_else(|| {
                let message = format!(
                    "User: {} is not authorized to perform: sts:AssumeRole on resource: \
                     {arn}",
                    by.arn
                );
                FormError::new("AccessDenied", message)
            })?;
        let principal = Principal::session(name, &session);
        let expires_at_ms = self.clock.now_ms() + duration_s * 1000;
        let key = self.keys.issue(principal, expires_at_ms);
        Ok(format!(
            "<Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}\
             </SecretAccessKey><SessionToken>{}</SessionToken><Expiration>{}</Expiration>\
             </Credentials><AssumedRoleUser><AssumedRoleId>{}:{session}</AssumedRoleId>\
             <Arn>{}</Arn></AssumedRoleUser>",
            key.id,
            key.secret,
            key.session_token.unwrap_or_default(),
            crate::iam::iso_time(expires_at_ms),
            unique_id("AROA", &role.identity),
            key.principal.arn,
        ))
    }
}

fn caller_identity(by: &Principal) -> String {
    let session = by.arn.rsplit('/').next().unwrap_or_default();
    let id = match by.identity.strip_prefix("role/") {
        Some(_) => format!("{}:{session}", unique_id("AROA", &by.identity)),
        None => unique_id("AIDA", &by.identity),
    };
    format!(
        "<UserId>{}</UserId><Account>{}</Account><Arn>{}</Arn>",
        xml_text(&id),
        by.account,
        xml_text(&by.arn)
    )
}

#[async_trait::async_trait]
impl AwsService for Sts {
    fn name(&self) -> &'static str {
        "sts"
    }

    fn protocol(&self) -> Protocol {
        Protocol::QueryXml
    }

    fn action(&self, parts: &Parts, body: &Bytes) -> Option<String> {
        Form::read(parts, body).action().map(str::to_owned)
    }

    fn resource(&self, parts: &Parts, body: &Bytes) -> String {
        let form = Form::read(parts, body);
        form.peek("RoleArn").unwrap_or("*").to_owned()
    }

    async fn handle(&self, parts: Parts, body: Bytes, by: Principal) -> Response<Body> {
        let form = Form::read(&parts, &body);
        let action = form.action().unwrap_or_default().to_owned();
        let mut params = BTreeMap::new();
        for name in ["RoleArn", "RoleSessionName"] {
            if let Some(value) = form.peek(name) {
                params.insert(name.to_owned(), value.to_owned());
            }
        }
        let result = match action.as_str() {
            "GetCallerIdentity" => form.finish().map(|()| caller_identity(&by)),
            "AssumeRole" => self.assume_role(form, &by),
            other => Err(FormError::new(
                "InvalidAction",
                format!("the sandbox's STS has no operation {other}"),
            )),
        };
        let mut response = match result {
            Ok(xml) => query_xml_ok(&action, NAMESPACE, &xml),
            Err(error) => error.answer(),
        };
        response.extensions_mut().insert(Did {
            action,
            params,
            effect: Effect::Read,
        });
        response
    }
}
