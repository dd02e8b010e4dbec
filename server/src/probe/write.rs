//! Whether Sluice may write where backups go. The one probe that changes
//! something: an object with a name that nobody else has, written only if it is
//! absent and deleted by that name and its ETag.

use app::view::WriteTried;
use domain::access::Person;
use domain::keyset::KeyEntry;
use domain::probe::Answer;
use domain::stream::Stream;
use domain::text::shell_quoted;
use uuid::Uuid;

use super::question::Question;
use crate::aws::{Aws, AwsErrorKind, DeleteOutcome, PutOn, S3};
use crate::clock;
use crate::observe::reason;

const BODY: &str = "Written by Sluice to see whether it may write here, and deleted at \
                    once. Should you find it, it can be deleted.\n";
/// What the names of these objects begin with, below the backup root.
const NAME: &str = "sluice-write-probe-";

/// Writes, deletes, and says what came of it.
pub(super) async fn tried(aws: &Aws, stream: &Stream, by: &Person) -> WriteTried {
    let key = format!("{}{NAME}{}", stream.backup_root.key(), Uuid::new_v4());
    // It stands in CloudTrail as the session of the role.
    let session = format!("sluice-write-probe-{}", stream.name);
    let s3 = aws.changing(&stream.name, &session).s3();
    let bucket = stream.backup_root.bucket();
    let answer = asked(&s3, bucket, &key);
    let probe = question(stream).ask_to_the_end(answer).await;
    tracing::info!(
        stream = %stream.name,
        issuer = by.id.issuer,
        subject = by.id.subject,
        name = by.name,
        object = format!("s3://{bucket}/{key}"),
        outcome = probe.answer.outcome.word(),
        "probe.write"
    );
    WriteTried {
        at: clock::now(),
        by: by.name.clone(),
        probe,
    }
}

fn question(stream: &Stream) -> Question {
    let root = stream.backup_root.uri();
    let object = shell_quoted(&format!("{root}{NAME}by-hand"));
    Question {
        id: "backup-write".to_owned(),
        asks: format!("May Sluice write under {root}"),
        calls: "PutObject, DeleteObjects",
        command: format!("echo probe | aws s3 cp - {object} && aws s3 rm {object}"),
    }
}

async fn asked(s3: &S3, bucket: &str, key: &str) -> Answer {
    let put = s3.put(bucket, key, BODY.into(), PutOn::Absent).await;
    match put {
        Ok(etag) => match deleted(s3, bucket, key, etag).await {
            DeleteOutcome::Gone => Answer::passed(
                "An object was written and deleted again. Backups are written by the same role.",
            ),
            other => left(bucket, key, &other),
        },
        Err(error) if error.kind == AwsErrorKind::OutcomeUnknown => {
            let said = reason(&error);
            match after_a_lost_answer(s3, bucket, key).await {
                Ok(DeleteOutcome::Gone) => {
                    Answer::failed(format!("{said} Nothing of it is left."), "Try again.")
                }
                Ok(other) => left(bucket, key, &other),
                Err(unknown) => Answer::failed(
                    format!("{said} Whether the object is there is unknown: {unknown}"),
                    by_hand(bucket, key),
                ),
            }
        }
        Err(error) => Answer::failed(
            reason(&error),
            match error.kind {
                AwsErrorKind::Denied => {
                    "Allow s3:PutObject under the backup root to the role with which Sluice changes things; without it no backup can be made."
                }
                AwsErrorKind::NotFound => {
                    "Compare the backup root in the configuration with the buckets there are."
                }
                _ => {
                    "Try again. If it stays so, look at the network between Sluice and S3."
                }
            },
        ),
    }
}

/// The object is ours whoever answered: its name was drawn for this call.
async fn after_a_lost_answer(
    s3: &S3,
    bucket: &str,
    key: &str,
) -> Result<DeleteOutcome, String> {
    match s3.head(bucket, key).await {
        Ok(None) => Ok(DeleteOutcome::Gone),
        Ok(Some(head)) => Ok(deleted(s3, bucket, key, head.etag).await),
        Err(error) => Err(reason(&error)),
    }
}

async fn deleted(s3: &S3, bucket: &str, key: &str, etag: String) -> DeleteOutcome {
    let entry = KeyEntry {
        key: key.to_owned(),
        etag,
        size: BODY.len() as u64,
    };
    match s3.delete(bucket, &[entry]).await {
        Ok(mut outcomes) => outcomes.pop().map_or_else(
            || DeleteOutcome::Failed("S3 did not say what became of it".to_owned()),
            |deleted| deleted.outcome,
        ),
        Err(error) => DeleteOutcome::Failed(reason(&error)),
    }
}

fn left(bucket: &str, key: &str, outcome: &DeleteOutcome) -> Answer {
    let why = match outcome {
        DeleteOutcome::Failed(why) => why.trim_end_matches('.'),
        DeleteOutcome::Gone | DeleteOutcome::Changed => "it is there with another ETag",
    };
    Answer::failed(
        format!(
            "An object was written, and could not be deleted again: {why}. It is left at s3://{bucket}/{key}."
        ),
        format!(
            "A backup needs no delete there, so a reset is not in the way of this. {}",
            by_hand(bucket, key)
        ),
    )
}

fn by_hand(bucket: &str, key: &str) -> String {
    let object = shell_quoted(&format!("s3://{bucket}/{key}"));
    format!("Look for it, and delete it by hand: aws s3 rm {object}")
}
