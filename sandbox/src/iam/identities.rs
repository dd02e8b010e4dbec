//! The users and roles that the sandbox starts with.

use serde_json::{Value, json};

use super::policy::{Policies, Policy, PolicyError, Role};
use crate::wire::{ACCOUNT, AccessKeys, REGION};

/// The role that the jobs run under, by the name in the runbook.
pub const JOB_ROLE: &str = "EmrServerlessJobExecutionRole";

/// The role of the job that writes telemetry. Somebody narrowed it after the job
/// was last started: it may no longer write its checkpoint.
pub const NARROWED_ROLE: &str = "TelemetryJobExecutionRole";

/// The role with which Sluice only looks.
pub const OBSERVER_ROLE: &str = "SluiceObserver";

/// The role with which Sluice carries out what was agreed.
pub const OPERATOR_ROLE: &str = "SluiceOperator";

/// A lasting key of a user. It opens nothing but a sandbox on the loopback address.
#[derive(Debug, Clone, Copy)]
pub struct StaticKey {
    /// The user.
    pub user: &'static str,
    /// The public half.
    pub id: &'static str,
    /// The secret half.
    pub secret: &'static str,
}

/// The key that Sluice itself is given.
pub const SLUICE: StaticKey = StaticKey {
    user: "sluice",
    id: "AKIASANDBOXSLUICE001",
    secret: "sandbox-secret-of-sluice-for-loopback-only",
};

/// The key of the engineer who types the runbook's commands.
pub const ONCALL: StaticKey = StaticKey {
    user: "oncall",
    id: "AKIASANDBOXONCALL001",
    secret: "sandbox-secret-of-oncall-for-loopback-only",
};

/// Puts in the users, roles and keys of the start. Sessions that were given out stay.
pub fn settle(
    policies: &Policies,
    keys: &AccessKeys,
    now_ms: i64,
) -> Result<(), PolicyError> {
    let put = |identity: String, trusted: Vec<String>, list: Vec<Policy>| {
        policies.put(Role {
            identity,
            trusted,
            created_at_ms: now_ms,
            policies: list,
        });
    };
    for key in [SLUICE, ONCALL] {
        keys.add_user(key.user, key.id, key.secret);
        let everything = Policy::managed(
            "arn:aws:iam::aws:policy/AdministratorAccess",
            allow(&json!("*"), &json!("*")),
        )?;
        put(format!("user/{}", key.user), Vec::new(), vec![everything]);
    }
    let sluice = vec![format!("user/{}", SLUICE.user)];
    put(
        format!("role/{OBSERVER_ROLE}"),
        sluice.clone(),
        vec![observing()?],
    );
    put(
        format!("role/{OPERATOR_ROLE}"),
        sluice,
        vec![observing()?, operating()?],
    );
    let emr = vec!["emr-serverless.amazonaws.com".to_owned()];
    put(format!("role/{JOB_ROLE}"), emr.clone(), job_policies()?);
    put(format!("role/{NARROWED_ROLE}"), emr, narrowed_policies()?);
    Ok(())
}

fn observing() -> Result<Policy, PolicyError> {
    let actions = json!([
        "s3:Get*",
        "s3:List*",
        "emr-serverless:Get*",
        "emr-serverless:List*",
        "cloudwatch:Get*",
        "cloudwatch:List*",
        "cloudwatch:Describe*",
        "logs:Get*",
        "logs:Filter*",
        "logs:Describe*",
        "kafka:Get*",
        "kafka:List*",
        "kafka:Describe*",
        "iam:Get*",
        "iam:List*",
        "iam:SimulatePrincipalPolicy",
        "sts:GetCallerIdentity",
    ]);
    Policy::inline("Observe", allow(&actions, &json!("*")))
}

fn operating() -> Result<Policy, PolicyError> {
    let actions = json!([
        "s3:PutObject",
        "s3:PutObjectTagging",
        "s3:DeleteObject",
        "s3:AbortMultipartUpload",
        "emr-serverless:StartApplication",
        "emr-serverless:StartJobRun",
        "emr-serverless:CancelJobRun",
        "emr-serverless:TagResource",
        "iam:PassRole",
        "cloudwatch:PutMetricData",
    ]);
    Policy::inline("Operate", allow(&actions, &json!("*")))
}

fn job_policies() -> Result<Vec<Policy>, PolicyError> {
    let checkpoints = allow(
        &json!([
            "s3:GetObject",
            "s3:PutObject",
            "s3:DeleteObject",
            "s3:ListBucket",
            "s3:GetBucketLocation",
        ]),
        &json!(["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]),
    );
    Ok(vec![
        kafka()?,
        Policy::inline("CheckpointAccess", checkpoints)?,
        telemetry()?,
    ])
}

fn narrowed_policies() -> Result<Vec<Policy>, PolicyError> {
    let looks = allow(
        &json!(["s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"]),
        &json!(["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]),
    );
    let writes = allow(
        &json!(["s3:PutObject", "s3:DeleteObject"]),
        &json!(["arn:aws:s3:::bucket/bronze/*"]),
    );
    Ok(vec![
        kafka()?,
        Policy::inline("CheckpointAccess", looks)?,
        Policy::inline("BronzeAccess", writes)?,
        telemetry()?,
    ])
}

fn kafka() -> Result<Policy, PolicyError> {
    let cluster = format!("arn:aws:kafka:{REGION}:{ACCOUNT}");
    let kafka = allow(
        &json!([
            "kafka-cluster:Connect",
            "kafka-cluster:DescribeCluster",
            "kafka-cluster:DescribeTopic",
            "kafka-cluster:ReadData",
            "kafka-cluster:DescribeGroup",
        ]),
        &json!([
            format!("{cluster}:cluster/*"),
            format!("{cluster}:topic/*"),
            format!("{cluster}:group/*"),
        ]),
    );
    Policy::inline("KafkaAccess", kafka)
}

fn telemetry() -> Result<Policy, PolicyError> {
    let telemetry = allow(
        &json!([
            "cloudwatch:PutMetricData",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "logs:DescribeLogGroups",
            "logs:DescribeLogStreams",
        ]),
        &json!("*"),
    );
    Policy::managed(
        &format!("arn:aws:iam::{ACCOUNT}:policy/StreamingTelemetry"),
        telemetry,
    )
}

fn allow(actions: &Value, resources: &Value) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Action": actions, "Resource": resources },
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::Decision;

    #[test]
    fn an_observer_changes_nothing() {
        let (policies, keys) = (Policies::default(), AccessKeys::default());
        settle(&policies, &keys, 0).expect("settled");
        let ask = |role: &str, action| {
            policies.decide(&format!("role/{role}"), action, "arn:aws:s3:::bucket/a")
        };
        assert_eq!(ask(OBSERVER_ROLE, "s3:GetObject"), Decision::Allowed);
        for change in [
            "s3:PutObject",
            "s3:DeleteObject",
            "emr-serverless:CancelJobRun",
            "emr-serverless:StartJobRun",
        ] {
            assert_eq!(
                ask(OBSERVER_ROLE, change),
                Decision::ImplicitDeny,
                "{change}"
            );
            assert_eq!(ask(OPERATOR_ROLE, change), Decision::Allowed, "{change}");
        }
        assert_eq!(
            ask(OPERATOR_ROLE, "s3:DeleteBucket"),
            Decision::ImplicitDeny
        );
        assert!(keys.get(SLUICE.id).is_some());
    }
}
