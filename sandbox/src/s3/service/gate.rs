//! What stands before every S3 operation: the signature's secret, parameters that are
//! known, the faults that are switched on, and the caller's rights.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Result};

use super::super::fate::Fate;
use super::parameters;
use crate::faults::FaultKind;
use crate::iam::Decision;
use crate::record::{Call, Effect, Outcome, Record, S3Target};
use crate::wire::{AccessKeys, Principal, Shared, percent_decode};

/// Gives the secrets that `s3s` verifies signatures with.
pub(super) struct Auth(pub(super) Arc<AccessKeys>);

/// Lets a call through or not.
pub(super) struct Gate(pub(super) Shared);

/// Whether a fault is carried out here, before the operation, rather than by it.
pub(super) fn is_gates(kind: &FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::Throttle
            | FaultKind::Error { .. }
            | FaultKind::Delay { .. }
            | FaultKind::CutBefore
            | FaultKind::CutAfter
            | FaultKind::CutBody
            | FaultKind::BrokenXml
    )
}

#[async_trait::async_trait]
impl S3Auth for Auth {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        match self.0.get(access_key) {
            Some(key) => Ok(SecretKey::from(key.secret)),
            None => Err(S3Error::new(S3ErrorCode::InvalidAccessKeyId)),
        }
    }
}

#[async_trait::async_trait]
impl S3Access for Gate {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_none() {
            let message = "a signature is required";
            return Err(S3Error::with_message(S3ErrorCode::AccessDenied, message));
        }
        let action = context.s3_op().name().to_owned();
        let by = context.extensions_mut().get::<Principal>().cloned();
        let by = by.ok_or_else(|| S3Error::new(S3ErrorCode::AccessDenied))?;
        let fate = context.extensions_mut().get::<Fate>().cloned();
        let fate = fate.unwrap_or_default();
        let passed = self.pass(&action, context, fate, &by).await;
        if let Err(error) = &passed {
            let record = &self.0.record;
            note_refusal(record, &action, context.s3_path(), &by, error);
        }
        passed
    }
}

/// What does not reach the store is put into the record here.
pub(super) fn note_refusal(
    record: &Record,
    action: &str,
    path: &S3Path,
    by: &Principal,
    error: &S3Error,
) {
    let (bucket, key) = match path {
        S3Path::Root => (String::new(), String::new()),
        S3Path::Bucket { bucket } => (bucket.to_string(), String::new()),
        S3Path::Object { bucket, key } => (bucket.to_string(), key.to_string()),
    };
    let reads = ["Get", "Head", "List"];
    let reads = reads.iter().any(|verb| action.starts_with(verb));
    record.add(Call {
        service: "s3".to_owned(),
        action: action.to_owned(),
        principal: by.arn.clone(),
        params: BTreeMap::new(),
        effect: if reads { Effect::Read } else { Effect::Change },
        outcome: Outcome::Refused(error.code().as_str().to_owned()),
        s3: Some(S3Target {
            bucket,
            key,
            ..S3Target::default()
        }),
    });
}

impl Gate {
    async fn pass(
        &self,
        action: &str,
        context: &S3AccessContext<'_>,
        fate: Fate,
        by: &Principal,
    ) -> S3Result<()> {
        parameters::check(action, context.uri(), context.headers())?;
        self.strike(action, context, fate).await?;
        self.allow(action, context, by)
    }

    async fn strike(
        &self,
        action: &str,
        context: &S3AccessContext<'_>,
        fate: Fate,
    ) -> S3Result<()> {
        let key = match context.s3_path() {
            S3Path::Object { key, .. } => Some(key.to_string()),
            S3Path::Bucket { .. } => query_value(context, "prefix"),
            S3Path::Root => None,
        };
        let faults = self
            .0
            .faults
            .strike_where("s3", action, key.as_deref(), is_gates);
        let mut answer = Ok(());
        for fault in faults {
            match fault {
                FaultKind::Delay { ms } => {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                }
                FaultKind::CutBefore => {
                    fate.cut();
                    answer = Err(S3Error::new(S3ErrorCode::InternalError));
                }
                FaultKind::CutAfter => fate.cut(),
                FaultKind::CutBody => fate.cut_body(),
                FaultKind::BrokenXml => fate.break_xml(),
                FaultKind::Throttle => {
                    let message = "Please reduce your request rate.";
                    answer = Err(S3Error::with_message(S3ErrorCode::SlowDown, message));
                }
                FaultKind::Error { status, code } => {
                    let code = S3ErrorCode::from_bytes(code.as_bytes())
                        .unwrap_or(S3ErrorCode::InternalError);
                    let message = "an error that was switched on";
                    let mut error = S3Error::with_message(code, message);
                    error.set_status_code(
                        http::StatusCode::from_u16(status)
                            .unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR),
                    );
                    answer = Err(error);
                }
                _ => {}
            }
        }
        answer
    }

    fn allow(
        &self,
        action: &str,
        context: &S3AccessContext<'_>,
        by: &Principal,
    ) -> S3Result<()> {
        let resource = match context.s3_path() {
            S3Path::Root => "*".to_owned(),
            S3Path::Bucket { bucket } => format!("arn:aws:s3:::{bucket}"),
            S3Path::Object { bucket, key } => format!("arn:aws:s3:::{bucket}/{key}"),
        };
        for right in rights(action, context) {
            self.require(by, right, &resource)?;
        }
        if matches!(action, "CopyObject" | "UploadPartCopy")
            && let Some(source) = context.headers().get("x-amz-copy-source")
        {
            let source = percent_decode(source.to_str().unwrap_or_default());
            let source = source.trim_start_matches('/');
            self.require(by, "s3:GetObject", &format!("arn:aws:s3:::{source}"))?;
        }
        Ok(())
    }

    fn require(&self, by: &Principal, right: &str, resource: &str) -> S3Result<()> {
        match self.0.policies.decide(&by.identity, right, resource) {
            Decision::Allowed => Ok(()),
            denied => {
                let text = denied.text(&by.arn, right, resource);
                Err(S3Error::with_message(S3ErrorCode::AccessDenied, text))
            }
        }
    }
}

/// The rights that an operation needs on what its path names. DeleteObjects is judged
/// key by key.
fn rights(action: &str, context: &S3AccessContext<'_>) -> Vec<&'static str> {
    match action {
        "GetObject" | "HeadObject" => vec!["s3:GetObject"],
        "PutObject"
        | "CopyObject"
        | "CreateMultipartUpload"
        | "UploadPart"
        | "UploadPartCopy"
        | "CompleteMultipartUpload" => vec!["s3:PutObject"],
        // AWS: a delete on an ETag needs the right to read the object, too.
        "DeleteObject" if context.headers().contains_key("if-match") => {
            vec!["s3:DeleteObject", "s3:GetObject"]
        }
        "DeleteObject" => vec!["s3:DeleteObject"],
        "DeleteObjects" => vec![],
        "ListObjects" | "ListObjectsV2" | "HeadBucket" => vec!["s3:ListBucket"],
        "ListBuckets" => vec!["s3:ListAllMyBuckets"],
        "CreateBucket" => vec!["s3:CreateBucket"],
        "GetBucketLocation" => vec!["s3:GetBucketLocation"],
        "GetBucketVersioning" => vec!["s3:GetBucketVersioning"],
        "PutBucketVersioning" => vec!["s3:PutBucketVersioning"],
        "GetObjectLockConfiguration" => vec!["s3:GetBucketObjectLockConfiguration"],
        "PutObjectLockConfiguration" => vec!["s3:PutBucketObjectLockConfiguration"],
        "GetObjectLegalHold" => vec!["s3:GetObjectLegalHold"],
        "PutObjectLegalHold" => vec!["s3:PutObjectLegalHold"],
        "PutObjectRetention" => vec!["s3:PutObjectRetention"],
        "GetBucketEncryption" => vec!["s3:GetEncryptionConfiguration"],
        "PutBucketEncryption" => vec!["s3:PutEncryptionConfiguration"],
        "GetBucketLifecycleConfiguration" => vec!["s3:GetLifecycleConfiguration"],
        "PutBucketLifecycleConfiguration" | "DeleteBucketLifecycle" => {
            vec!["s3:PutLifecycleConfiguration"]
        }
        "GetObjectTagging" => vec!["s3:GetObjectTagging"],
        "PutObjectTagging" => vec!["s3:PutObjectTagging"],
        "AbortMultipartUpload" => vec!["s3:AbortMultipartUpload"],
        "ListParts" => vec!["s3:ListMultipartUploadParts"],
        "ListMultipartUploads" => vec!["s3:ListBucketMultipartUploads"],
        // The service refuses whatever else there is.
        _ => vec![],
    }
}

fn query_value(context: &S3AccessContext<'_>, wanted: &str) -> Option<String> {
    parameters::query(context.uri())
        .into_iter()
        .find(|(name, _)| name == wanted)
        .map(|(_, value)| value)
}
