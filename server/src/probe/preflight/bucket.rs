//! The buckets: whether backups can go where they should, what a delete means, what
//! is held, and what cannot be copied.

use std::time::Duration;

use domain::preflight::{
    Hold, HoldKind, OnFailure, PreflightProbe, StoredObject, copyable, object_lock,
    versioning,
};
use domain::probe::Answer;
use domain::text::shell_quoted;
use futures::StreamExt as _;

use super::{Asking, not_answered, weighed};
use crate::aws::{AwsError, AwsErrorKind, COPY_BYTES_MAX, Object, S3};
use crate::probe::question::{Question, failed, within};

const MISSING: (&str, &str) = (
    "There is no such bucket.",
    "Compare the places in the stream's configuration with the buckets there are.",
);
/// A hold is asked about object by object: some seconds for so many.
const HOLDS_MAX: usize = 5_000;
const AT_ONCE: usize = 16;
/// A listing of a million objects is a thousand calls.
const LISTING: Duration = Duration::from_secs(60);

/// Whether the place of the backups is there, and whose it is.
pub(super) async fn of_the_backup(asking: &Asking<'_>) -> Option<PreflightProbe> {
    if !asking.copies() {
        return None;
    }
    let root = &asking.stream.backup_root;
    // No more than a policy for this stream's backups allows.
    let backups = format!("{}{}_backup_", root.key(), asking.stream.name);
    let question = Question {
        id: "backup-place".to_owned(),
        asks: format!("Is {} there, in the account {}", root.uri(), asking.account),
        calls: "ListObjectsV2",
        command: format!(
            "aws s3api list-objects-v2 --bucket {} --prefix {} --max-items 1 --expected-bucket-owner {}",
            shell_quoted(root.bucket()),
            shell_quoted(&backups),
            asking.account
        ),
    };
    let s3 = asking.aws.s3();
    let probe = question
        .ask(async {
            match s3.first_page(root.bucket(), &backups).await {
                Ok(_) => Answer::passed("It can be listed, and the account owns it."),
                Err(error) => refused_place(&s3, asking, &backups, &error).await,
            }
        })
        .await;
    Some(weighed(probe, OnFailure::Refuses))
}

/// S3 answers 403 to a wrong owner as to a missing right.
async fn refused_place(
    s3: &S3,
    asking: &Asking<'_>,
    backups: &str,
    error: &AwsError,
) -> Answer {
    let bucket = asking.stream.backup_root.bucket();
    let others = s3.of_any_owner();
    if error.kind == AwsErrorKind::Denied
        && others.first_page(bucket, backups).await.is_ok()
    {
        return Answer::failed(
            format!(
                "The bucket {bucket} belongs to another account than {}, which is configured.",
                asking.account
            ),
            "Compare account and backup_root in the stream's configuration with the bucket's owner. Nothing is ever written to a bucket of another account.",
        );
    }
    failed(error, MISSING)
}

/// What a delete means in the checkpoint's bucket, what is held there, and what
/// cannot be copied.
pub(super) async fn of_the_checkpoint(asking: &Asking<'_>) -> Vec<PreflightProbe> {
    if !asking.touches() {
        return Vec::new();
    }
    let s3 = asking.aws.s3();
    let listed = async {
        let place = &asking.stream.checkpoint;
        let (bucket, key) = (place.bucket(), place.key());
        within(LISTING, Box::pin(s3.list(bucket, key))).await
    };
    let (listed, versions) = tokio::join!(listed, versions(asking, &s3));
    let objects = match listed {
        Some(Ok(objects)) => Ok(objects),
        Some(Err(error)) => Err(failed(&error, MISSING)),
        None => Err(Answer::failed(
            format!("It was not listed within {} seconds.", LISTING.as_secs()),
            "Ask again.",
        )),
    };
    let objects = objects.as_deref();
    let mut weighed = vec![versions, locks(asking, &s3, objects).await];
    if asking.copies() {
        weighed.push(copies(asking, objects));
    }
    weighed
}

async fn versions(asking: &Asking<'_>, s3: &S3) -> PreflightProbe {
    let bucket = asking.stream.checkpoint.bucket();
    let question = Question {
        id: "versioning".to_owned(),
        asks: format!("What does a delete mean in {bucket}"),
        calls: "GetBucketVersioning",
        command: format!(
            "aws s3api get-bucket-versioning --bucket {}",
            shell_quoted(bucket)
        ),
    };
    let probe = question
        .ask(async {
            match s3.versioning(bucket).await {
                Ok(seen) => versioning(bucket, &seen),
                Err(error) => not_answered(&error, MISSING),
            }
        })
        .await;
    weighed(probe, OnFailure::Warns)
}

async fn locks(
    asking: &Asking<'_>,
    s3: &S3,
    objects: Result<&[Object], &Answer>,
) -> PreflightProbe {
    let place = &asking.stream.checkpoint;
    let bucket = place.bucket();
    let question = Question {
        id: "object-lock".to_owned(),
        asks: format!("Does Object Lock hold an object of {}", place.uri()),
        calls: "GetObjectLockConfiguration, GetObjectLegalHold, HeadObject",
        command: format!(
            "aws s3api get-object-lock-configuration --bucket {}",
            shell_quoted(bucket)
        ),
    };
    let mut on_failure = OnFailure::Refuses;
    let told = &mut on_failure;
    let probe = question
        .ask(async {
            let lock = match s3.object_lock(bucket).await {
                Ok(lock) => lock,
                Err(error) => return not_answered(&error, MISSING),
            };
            let objects = match objects {
                _ if !lock.enabled => &[],
                Ok(objects) => objects,
                Err(unknown) => return unknown.clone(),
            };
            let asked = decisive_first(asking, objects);
            let holds = match holds(s3, bucket, &asked).await {
                Ok(holds) => holds,
                Err(error) => return not_answered(&error, MISSING),
            };
            let (looked_at, of) = (asked.len(), objects.len());
            let (answer, weight) = object_lock(bucket, &lock, &holds, looked_at, of);
            *told = weight;
            answer
        })
        .await;
    weighed(probe, on_failure)
}

/// The keys that are asked about, those first on which the plan stands.
fn decisive_first(asking: &Asking<'_>, objects: &[Object]) -> Vec<String> {
    let prefix = asking.stream.checkpoint.key();
    let decisive = asking.plan.body.basis.decisive.as_ref();
    let is_decisive = |key: &str| {
        let name = key.strip_prefix(prefix).unwrap_or_default();
        decisive.is_some_and(|files| files.contains_key(name))
    };
    let mut keys: Vec<String> = objects.iter().map(|o| o.key.clone()).collect();
    keys.sort_by_key(|key| !is_decisive(key));
    keys.truncate(HOLDS_MAX);
    keys
}

/// The objects that are held. Whether a legal hold may be seen at all is asked once:
/// to who may not, HeadObject leaves it out.
async fn holds(s3: &S3, bucket: &str, keys: &[String]) -> Result<Vec<Hold>, AwsError> {
    if let Some(first) = keys.first() {
        s3.legal_hold(bucket, first).await?;
    }
    let heads: Vec<Result<Option<Hold>, AwsError>> = futures::stream::iter(keys.to_vec())
        .map(|key| held(s3.clone(), bucket.to_owned(), key))
        .buffered(AT_ONCE)
        .collect()
        .await;
    let found: Result<Vec<Option<Hold>>, AwsError> = heads.into_iter().collect();
    Ok(found?.into_iter().flatten().collect())
}

async fn held(s3: S3, bucket: String, key: String) -> Result<Option<Hold>, AwsError> {
    let head = s3.head(&bucket, &key).await?;
    let kind: Option<HoldKind> = head.and_then(|head| head.hold);
    Ok(kind.map(|kind| Hold { key, kind }))
}

fn copies(asking: &Asking<'_>, objects: Result<&[Object], &Answer>) -> PreflightProbe {
    let place = &asking.stream.checkpoint;
    let question = Question {
        id: "objects".to_owned(),
        asks: format!("Can every object of {} be copied", place.uri()),
        calls: "ListObjectsV2",
        command: format!(
            "aws s3api list-objects-v2 --bucket {} --prefix {} --query {}",
            shell_quoted(place.bucket()),
            shell_quoted(place.key()),
            shell_quoted(
                "Contents[?StorageClass=='GLACIER' || StorageClass=='DEEP_ARCHIVE']"
            )
        ),
    };
    let answer = match objects {
        Ok(objects) => {
            let stored: Vec<StoredObject> = objects
                .iter()
                .map(|object| StoredObject {
                    key: object.key.clone(),
                    size: object.size,
                    class: object.class.clone(),
                })
                .collect();
            copyable(&stored, COPY_BYTES_MAX)
        }
        Err(unknown) => unknown.clone(),
    };
    weighed(question.not_asked(answer), OnFailure::Refuses)
}
