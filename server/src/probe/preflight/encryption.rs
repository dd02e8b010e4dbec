//! The keys of KMS under which a checkpoint lies and its backup will. KMS itself is
//! not asked: whether a key can be used is told by S3, which uses it to read an
//! object. That the backup's key can be used to write is told by the trial of
//! conditions, which writes there.

use std::collections::BTreeSet;

use domain::preflight::{OnFailure, PreflightProbe};
use domain::probe::{Answer, Need};
use domain::text::shell_quoted;

use super::{Asking, not_answered, rights, weighed};
use crate::aws::{AwsError, EncryptionSeen, S3};
use crate::observe::reason;
use crate::probe::question::{Question, failed};

/// Every file of a checkpoint's log is smaller.
const READ_BYTES_MAX: u64 = 16 * 1024 * 1024;

pub(super) async fn probes(asking: &Asking<'_>) -> Vec<PreflightProbe> {
    if !asking.touches() {
        return Vec::new();
    }
    let s3 = asking.aws.s3();
    let mut keys = BTreeSet::new();
    let (read, written) = (
        of_the_checkpoint(asking, &s3, &mut keys).await,
        of_the_backup(asking, &s3, &mut keys).await,
    );
    let needs: Vec<Need> = keys
        .into_iter()
        // A policy is asked about ARNs; what stands behind an alias is not known.
        .filter(|key| key.starts_with("arn:") && key.contains(":key/"))
        .map(|resource| Need {
            actions: vec!["kms:Decrypt", "kms:GenerateDataKey"],
            resource,
            context: Vec::new(),
        })
        .collect();
    let what = "the KMS keys of the objects";
    let allowed = rights::rights(asking, "keys", what, &needs).await;
    [Some(read), written, allowed]
        .into_iter()
        .flatten()
        .collect()
}

/// Reads a file, which S3 can only do if its key can be used.
async fn of_the_checkpoint(
    asking: &Asking<'_>,
    s3: &S3,
    keys: &mut BTreeSet<String>,
) -> PreflightProbe {
    let place = &asking.stream.checkpoint;
    let file = asking
        .snapshot
        .checkpoint
        .seen()
        .and_then(|seen| seen.newest_offsets)
        .map_or_else(|| "metadata".to_owned(), |batch| format!("offsets/{batch}"));
    let key = format!("{}{file}", place.key());
    let uri = format!("{}{file}", place.uri());
    let question = Question {
        id: "encryption".to_owned(),
        asks: format!("Can S3 decrypt {uri}"),
        calls: "HeadObject, GetObject",
        command: format!("aws s3 cp {} -", shell_quoted(&uri)),
    };
    let probe = question
        .ask(async {
            let head = match s3.head(place.bucket(), &key).await {
                Ok(Some(head)) => head,
                Ok(None) => return Answer::not_configured("There is no such file.", ""),
                Err(error) => return failed(&error, ("", "")),
            };
            match s3.get(place.bucket(), &key, READ_BYTES_MAX).await {
                Ok(_) => Answer::passed(match &head.kms_key {
                    Some(kms) => {
                        keys.insert(kms.clone());
                        format!("It was read; it lies under the key {kms}.")
                    }
                    None => "It was read; it lies under no key of KMS.".to_owned(),
                }),
                Err(error) => unreadable(&error, head.kms_key.as_deref()),
            }
        })
        .await;
    weighed(probe, OnFailure::Refuses)
}

/// S3 gives the refusals of KMS with this before their names.
fn unreadable(error: &AwsError, key: Option<&str>) -> Answer {
    if !error.message.starts_with("KMS.") {
        return failed(error, ("There is no such file.", "Ask again."));
    }
    let key = key.unwrap_or("the key");
    Answer::failed(
        format!("KMS does not let S3 use {key}. {}", reason(error)),
        format!(
            "Look at the key's state (aws kms describe-key --key-id {}), and enable it or cancel its deletion. Then ask again.",
            shell_quoted(key)
        ),
    )
}

/// Under which key the copies will lie.
async fn of_the_backup(
    asking: &Asking<'_>,
    s3: &S3,
    keys: &mut BTreeSet<String>,
) -> Option<PreflightProbe> {
    if !asking.copies() {
        return None;
    }
    let bucket = asking.stream.backup_root.bucket();
    let question = Question {
        id: "backup-encryption".to_owned(),
        asks: "Under which key will the backup lie".to_owned(),
        calls: "GetBucketEncryption",
        command: format!(
            "aws s3api get-bucket-encryption --bucket {}",
            shell_quoted(bucket)
        ),
    };
    let probe = question
        .ask(async {
            match s3.encryption(bucket).await {
                Ok(Some(EncryptionSeen { algorithm, key: Some(key) })) => {
                    keys.insert(key.clone());
                    Answer::passed(format!(
                        "{bucket} encrypts by {algorithm} under {key}. Whether that can be used to write is tried with the conditions."
                    ))
                }
                Ok(Some(EncryptionSeen { algorithm, key: None })) => {
                    Answer::passed(format!("{bucket} encrypts by {algorithm}, under AWS's own key."))
                }
                Ok(None) => Answer::passed(format!("{bucket} encrypts nothing by itself.")),
                Err(error) => not_answered(&error, ("There is no such bucket.", "Compare backup_root in the configuration with the buckets there are.")),
            }
        })
        .await;
    Some(weighed(probe, OnFailure::Warns))
}
