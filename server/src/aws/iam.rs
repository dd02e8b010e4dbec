//! IAM, for what a job's role may do. Nothing here changes anything.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum};

use super::error::{AwsError, AwsErrorKind, Effect};
use super::s3::decode_listed;

const ATTACHED: &str = "ListAttachedRolePolicies";
const INLINE: &str = "ListRolePolicies";
const GET_INLINE: &str = "GetRolePolicy";
const GET_MANAGED: &str = "GetPolicy";
const GET_VERSION: &str = "GetPolicyVersion";
const GET_ROLE: &str = "GetRole";
const SIMULATE: &str = "SimulatePrincipalPolicy";
/// A page holds 100, and a role takes 20 attached policies at most.
const PAGES_MAX: usize = 10;

/// IAM in one role. It has no regions.
#[derive(Clone)]
pub struct Iam {
    client: Client,
}

/// A policy of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolePolicy {
    /// Its name.
    pub name: String,
    /// The ARN of one that is attached; `None` of one that is the role's own.
    pub arn: Option<String>,
}

/// What the simulator says of one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The action, such as `s3:PutObject`.
    pub action: String,
    /// `allowed`, `implicitDeny` or `explicitDeny`.
    pub decision: String,
    /// Keys of conditions on which it depends and that were not given.
    pub missing: Vec<String>,
}

impl Iam {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// The role's policies, the attached ones first.
    ///
    /// # Errors
    /// Also when the pages do not end.
    pub async fn policies(&self, role: &str) -> Result<Vec<RolePolicy>, AwsError> {
        let mut policies = self.attached(role).await?;
        policies.extend(self.inline(role).await?);
        Ok(policies)
    }

    async fn attached(&self, role: &str) -> Result<Vec<RolePolicy>, AwsError> {
        let mut policies = Vec::new();
        let mut marker = None;
        for _ in 0..PAGES_MAX {
            let page = self
                .client
                .list_attached_role_policies()
                .role_name(role)
                .set_marker(marker)
                .send()
                .await
                .map_err(|error| AwsError::of(ATTACHED, Effect::Reads, error))?;
            policies.extend(page.attached_policies().iter().map(|policy| RolePolicy {
                name: policy.policy_name().unwrap_or_default().to_owned(),
                arn: policy.policy_arn().map(str::to_owned),
            }));
            match page.marker().filter(|_| page.is_truncated()) {
                None => return Ok(policies),
                Some(next) => marker = Some(next.to_owned()),
            }
        }
        Err(endless(ATTACHED))
    }

    async fn inline(&self, role: &str) -> Result<Vec<RolePolicy>, AwsError> {
        let mut policies = Vec::new();
        let mut marker = None;
        for _ in 0..PAGES_MAX {
            let page = self
                .client
                .list_role_policies()
                .role_name(role)
                .set_marker(marker)
                .send()
                .await
                .map_err(|error| AwsError::of(INLINE, Effect::Reads, error))?;
            policies.extend(page.policy_names().iter().map(|name| RolePolicy {
                name: name.clone(),
                arn: None,
            }));
            match page.marker().filter(|_| page.is_truncated()) {
                None => return Ok(policies),
                Some(next) => marker = Some(next.to_owned()),
            }
        }
        Err(endless(INLINE))
    }

    /// The policy's document, JSON as it was put in.
    ///
    /// # Errors
    /// Also for an answer without a document.
    pub async fn document(
        &self,
        role: &str,
        policy: &RolePolicy,
    ) -> Result<String, AwsError> {
        match &policy.arn {
            None => {
                let answer = self
                    .client
                    .get_role_policy()
                    .role_name(role)
                    .policy_name(&policy.name)
                    .send()
                    .await
                    .map_err(|error| AwsError::of(GET_INLINE, Effect::Reads, error))?;
                decoded(GET_INLINE, Some(answer.policy_document()))
            }
            Some(arn) => self.managed_document(arn).await,
        }
    }

    async fn managed_document(&self, arn: &str) -> Result<String, AwsError> {
        let answer = self
            .client
            .get_policy()
            .policy_arn(arn)
            .send()
            .await
            .map_err(|error| AwsError::of(GET_MANAGED, Effect::Reads, error))?;
        let version = answer
            .policy()
            .and_then(|policy| policy.default_version_id())
            .ok_or_else(|| {
                let what = "the policy has no version that counts";
                AwsError::odd_answer(GET_MANAGED, Effect::Reads, what)
            })?;
        let answer = self
            .client
            .get_policy_version()
            .policy_arn(arn)
            .version_id(version)
            .send()
            .await
            .map_err(|error| AwsError::of(GET_VERSION, Effect::Reads, error))?;
        let document = answer.policy_version().and_then(|v| v.document());
        decoded(GET_VERSION, document)
    }

    /// Whether there is a role of this name.
    ///
    /// # Errors
    /// When that cannot be told.
    pub async fn has_role(&self, name: &str) -> Result<bool, AwsError> {
        let answer = self.client.get_role().role_name(name).send().await;
        match answer.map_err(|error| AwsError::of(GET_ROLE, Effect::Reads, error)) {
            Ok(_) => Ok(true),
            Err(error) if error.kind == AwsErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What the policies of a role, and a boundary where it has one, say about
    /// these actions on one resource, if the calls carry this.
    ///
    /// # Errors
    /// Also where an action is left out of the answer.
    pub async fn simulate(
        &self,
        role_arn: &str,
        actions: &[&str],
        resource: &str,
        context: &[(&str, String)],
    ) -> Result<Vec<Judged>, AwsError> {
        let entries: Vec<ContextEntry> = context
            .iter()
            .map(|(key, value)| {
                ContextEntry::builder()
                    .context_key_name(*key)
                    .context_key_type(ContextKeyTypeEnum::String)
                    .context_key_values(value)
                    .build()
            })
            .collect();
        let entries = (!entries.is_empty()).then_some(entries);
        let names = actions.iter().map(|&action| action.to_owned()).collect();
        let answer = self
            .client
            .simulate_principal_policy()
            .policy_source_arn(role_arn)
            .set_action_names(Some(names))
            .resource_arns(resource)
            .set_context_entries(entries)
            .send()
            .await
            .map_err(|error| AwsError::of(SIMULATE, Effect::Reads, error))?;
        let results = answer.evaluation_results();
        let judged: Vec<Judged> = results
            .iter()
            .map(|result| Judged {
                action: result.eval_action_name().to_owned(),
                decision: result.eval_decision().as_str().to_owned(),
                missing: result.missing_context_values().to_vec(),
            })
            .collect();
        let all = actions
            .iter()
            .all(|action| judged.iter().any(|j| j.action.eq_ignore_ascii_case(action)));
        if all {
            Ok(judged)
        } else {
            let what = "an action that was asked about is not in the answer";
            Err(AwsError::odd_answer(SIMULATE, Effect::Reads, what))
        }
    }
}

/// IAM gives documents percent-encoded, after RFC 3986, in which a plus sign has
/// no meaning of its own and never stands bare.
fn decoded(operation: &'static str, document: Option<&str>) -> Result<String, AwsError> {
    document.and_then(decode_listed).ok_or_else(|| {
        let what = "the policy's document cannot be read";
        AwsError::odd_answer(operation, Effect::Reads, what)
    })
}

fn endless(operation: &'static str) -> AwsError {
    AwsError::odd_answer(operation, Effect::Reads, "the pages do not end")
}
