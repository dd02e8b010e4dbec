//! IAM's API, for the calls by which a role's rights are looked at.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::Response;
use http::request::Parts;
use serde_json::json;

use super::policy::{Policies, Policy, Role};
use super::{iso_time, unique_id};
use crate::record::Effect;
use crate::wire::{
    ACCOUNT, AwsService, Did, Form, FormError, Principal, Protocol, Shared,
    percent_encode, query_xml_ok, xml_text,
};

const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// Shows roles and policies, and simulates them.
pub struct Iam {
    policies: Arc<Policies>,
}

type Xml = Result<String, FormError>;

impl Iam {
    /// IAM over the shared policies.
    pub fn new(shared: &Shared) -> Self {
        Self {
            policies: shared.policies.clone(),
        }
    }

    fn run(&self, action: &str, form: &mut Form) -> Xml {
        match action {
            "GetRole" => {
                let role = self.role(form)?;
                Ok(format!("<Role>{}</Role>", role_xml(&role)))
            }
            "ListRolePolicies" => {
                let role = self.role(form)?;
                let names = inline(&role).map(|one| member(&xml_text(&one.name)));
                Ok(list("PolicyNames", names.collect()))
            }
            "GetRolePolicy" => self.role_policy(form),
            "ListAttachedRolePolicies" => {
                let role = self.role(form)?;
                let attached = role.policies.iter().filter_map(|one| {
                    let arn = one.arn.as_deref()?;
                    Some(member(&format!(
                        "<PolicyName>{}</PolicyName><PolicyArn>{}</PolicyArn>",
                        xml_text(&one.name),
                        xml_text(arn)
                    )))
                });
                Ok(list("AttachedPolicies", attached.collect()))
            }
            "GetPolicy" => self.policy(form),
            "GetPolicyVersion" => self.policy_version(form),
            "SimulatePrincipalPolicy" => self.simulate(form),
            other => Err(FormError::new(
                "InvalidAction",
                format!("the sandbox's IAM has no operation {other}"),
            )),
        }
    }

    fn role(&self, form: &mut Form) -> Result<Role, FormError> {
        let name = form.need("RoleName")?;
        self.policies.get(&format!("role/{name}")).ok_or_else(|| {
            let message = format!("The role with name {name} cannot be found.");
            FormError::new("NoSuchEntity", message)
        })
    }

    fn role_policy(&self, form: &mut Form) -> Xml {
        let role = self.role(form)?;
        let name = form.need("PolicyName")?;
        let policy = inline(&role).find(|one| one.name == name).ok_or_else(|| {
            let message = format!("The role policy with name {name} cannot be found.");
            FormError::new("NoSuchEntity", message)
        })?;
        Ok(format!(
            "<RoleName>{}</RoleName><PolicyName>{}</PolicyName><PolicyDocument>{}\
             </PolicyDocument>",
            xml_text(name_of(&role)),
            xml_text(&name),
            document(policy)
        ))
    }

    fn managed(&self, form: &mut Form) -> Result<(Policy, Role), FormError> {
        let arn = form.need("PolicyArn")?;
        let found = self.policies.all().into_iter().find_map(|role| {
            let mut policies = role.policies.iter();
            let policy = policies.find(|one| one.arn.as_deref() == Some(&arn))?;
            Some((policy.clone(), role.clone()))
        });
        found.ok_or_else(|| {
            let message = format!("Policy {arn} does not exist or is not attachable.");
            FormError::new("NoSuchEntity", message)
        })
    }

    fn policy(&self, form: &mut Form) -> Xml {
        let (policy, role) = self.managed(form)?;
        let arn = policy.arn.as_deref().unwrap_or_default();
        let created = iso_time(role.created_at_ms);
        Ok(format!(
            "<Policy><PolicyName>{}</PolicyName><PolicyId>{}</PolicyId><Arn>{}</Arn>\
             <Path>/</Path><DefaultVersionId>v1</DefaultVersionId>\
             <IsAttachable>true</IsAttachable><CreateDate>{created}</CreateDate>\
             <UpdateDate>{created}</UpdateDate></Policy>",
            xml_text(&policy.name),
            unique_id("ANPA", arn),
            xml_text(arn),
        ))
    }

    fn policy_version(&self, form: &mut Form) -> Xml {
        let (policy, role) = self.managed(form)?;
        let version = form.need("VersionId")?;
        if version != "v1" {
            let message = format!("Policy version {version} does not exist.");
            return Err(FormError::new("NoSuchEntity", message));
        }
        Ok(format!(
            "<PolicyVersion><Document>{}</Document><VersionId>v1</VersionId>\
             <IsDefaultVersion>true</IsDefaultVersion><CreateDate>{}</CreateDate>\
             </PolicyVersion>",
            document(&policy),
            iso_time(role.created_at_ms)
        ))
    }

    /// Judges by the identity's own policies, as the sandbox itself does. Boundaries,
    /// bucket policies and the like do not exist here.
    fn simulate(&self, form: &mut Form) -> Xml {
        let arn = form.need("PolicySourceArn")?;
        let identity = arn
            .strip_prefix(&format!("arn:aws:iam::{ACCOUNT}:"))
            .filter(|identity| self.policies.get(identity).is_some())
            .ok_or_else(|| {
                let message = format!("the entity {arn} cannot be found");
                FormError::new("NoSuchEntity", message)
            })?;
        let actions = form.members("ActionNames");
        if actions.is_empty() {
            let message = "the parameter ActionNames is missing";
            return Err(FormError::new("InvalidInput", message));
        }
        let mut resources = form.members("ResourceArns");
        if resources.is_empty() {
            resources.push("*".to_owned());
        }
        take_context(form)?;
        let mut results = Vec::new();
        for action in &actions {
            for resource in &resources {
                let decision = self.policies.decide(identity, action, resource);
                results.push(member(&format!(
                    "<EvalActionName>{}</EvalActionName><EvalResourceName>{}\
                     </EvalResourceName><EvalDecision>{}</EvalDecision>\
                     <MatchedStatements/><MissingContextValues/>",
                    xml_text(action),
                    xml_text(resource),
                    decision.word()
                )));
            }
        }
        Ok(list("EvaluationResults", results))
    }
}

#[async_trait::async_trait]
impl AwsService for Iam {
    fn name(&self) -> &'static str {
        "iam"
    }

    fn protocol(&self) -> Protocol {
        Protocol::QueryXml
    }

    fn action(&self, parts: &Parts, body: &Bytes) -> Option<String> {
        Form::read(parts, body).action().map(str::to_owned)
    }

    async fn handle(&self, parts: Parts, body: Bytes, _by: Principal) -> Response<Body> {
        let mut form = Form::read(&parts, &body);
        let action = form.action().unwrap_or_default().to_owned();
        let mut params = BTreeMap::new();
        for name in ["RoleName", "PolicyName", "PolicyArn", "PolicySourceArn"] {
            if let Some(value) = form.peek(name) {
                params.insert(name.to_owned(), value.to_owned());
            }
        }
        let result = self.run(&action, &mut form);
        let result = result.and_then(|xml| form.finish().map(|()| xml));
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

/// Takes the keys of conditions with their values. No policy here has a condition, so
/// they decide nothing; what is no key with values of a known type is refused.
fn take_context(form: &mut Form) -> Result<(), FormError> {
    for at in 1_u32.. {
        let entry = format!("ContextEntries.member.{at}");
        let Some(key) = form.take(&format!("{entry}.ContextKeyName")) else {
            return Ok(());
        };
        let kind = form.need(&format!("{entry}.ContextKeyType"))?;
        let values = form.members(&format!("{entry}.ContextKeyValues"));
        if values.is_empty() || kind != "string" {
            let message = format!("the context of {key} is no list of strings");
            return Err(FormError::new("InvalidInput", message));
        }
    }
    Ok(())
}

fn inline(role: &Role) -> impl Iterator<Item = &Policy> {
    role.policies.iter().filter(|one| one.arn.is_none())
}

fn name_of(role: &Role) -> &str {
    role.identity.split('/').next_back().unwrap_or_default()
}

fn role_xml(role: &Role) -> String {
    let principal = |one: &String| {
        if one.contains(".amazonaws.com") {
            json!({ "Service": one })
        } else {
            json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:{one}") })
        }
    };
    let statements: Vec<_> = role
        .trusted
        .iter()
        .map(|one| {
            json!({
                "Effect": "Allow",
                "Principal": principal(one),
                "Action": "sts:AssumeRole",
            })
        })
        .collect();
    let trust = json!({ "Version": "2012-10-17", "Statement": statements });
    let mut xml = String::new();
    // Writing to a text cannot fail.
    let _ = write!(
        xml,
        "<Path>/</Path><RoleName>{}</RoleName><RoleId>{}</RoleId>\
         <Arn>arn:aws:iam::{ACCOUNT}:{}</Arn><CreateDate>{}</CreateDate>\
         <AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument>\
         <MaxSessionDuration>43200</MaxSessionDuration>",
        xml_text(name_of(role)),
        unique_id("AROA", &role.identity),
        xml_text(&role.identity),
        iso_time(role.created_at_ms),
        percent_encode(&trust.to_string(), false)
    );
    xml
}

/// IAM gives documents percent-encoded inside the XML.
fn document(policy: &Policy) -> String {
    percent_encode(&policy.document.to_string(), false)
}

fn member(xml: &str) -> String {
    format!("<member>{xml}</member>")
}

fn list(name: &str, members: Vec<String>) -> String {
    format!(
        "<{name}>{}</{name}><IsTruncated>false</IsTruncated>",
        members.concat()
    )
}
