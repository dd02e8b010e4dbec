//! What changed since the job run that did its work last.

use domain::changed::{Changed, File, FileNow, RunLine, run_of};
use domain::snapshot::{BatchSeen, JobsSeen};
use futures::future::join_all;

use super::question::{DEADLINE, within};
use crate::aws::{Emr, S3};
use crate::observe::reason;

/// Compares, or says why that cannot be done.
pub(super) async fn since(
    emr: &Emr,
    s3: &S3,
    jobs: &Result<JobsSeen, String>,
    committed: Result<BatchSeen, String>,
) -> Result<Changed, String> {
    let compared = Box::pin(compared(emr, s3, jobs, committed));
    within(DEADLINE, compared).await.unwrap_or_else(|| {
        let seconds = DEADLINE.as_secs();
        Err(format!(
            "EMR Serverless and S3 did not answer within {seconds} seconds."
        ))
    })
}

async fn compared(
    emr: &Emr,
    s3: &S3,
    jobs: &Result<JobsSeen, String>,
    committed: Result<BatchSeen, String>,
) -> Result<Changed, String> {
    let jobs = jobs.as_ref().map_err(Clone::clone)?;
    let batch = committed?;
    let newest = jobs
        .runs
        .first()
        .ok_or("No job run of this stream was found.")?;
    let good = run_of(&jobs.runs, &batch).ok_or_else(|| {
        format!(
            "No job run that was found was at work when batch {} was planned, at {}.",
            batch.batch,
            batch.planned_at.utc()
        )
    })?;
    let differences = emr
        .differences(&jobs.application, &good.id, &newest.id)
        .await
        .map_err(|error| reason(&error))?;
    let files = differences.files.into_iter().map(|(what, uri)| async move {
        let now = lies(s3, &uri).await;
        File {
            what: what.to_owned(),
            uri,
            now,
        }
    });
    Ok(Changed {
        newest: RunLine::of(newest),
        good: RunLine::of(good),
        batch: (batch.batch, batch.planned_at),
        settings: differences.settings,
        files: join_all(files).await,
    })
}

/// How a file lies in S3 now, under any of Hadoop's schemes for it.
async fn lies(s3: &S3, uri: &str) -> FileNow {
    let place = ["s3://", "s3a://", "s3n://"]
        .into_iter()
        .find_map(|scheme| uri.strip_prefix(scheme))
        .and_then(|place| place.split_once('/'));
    let Some((bucket, key)) = place else {
        return FileNow::Unknown {
            reason: "It does not lie in S3.".to_owned(),
        };
    };
    match s3.head(bucket, key).await {
        Ok(Some(head)) => FileNow::There {
            written_at: head.last_modified,
            etag: head.etag,
        },
        Ok(None) => FileNow::Missing,
        Err(error) => FileNow::Unknown {
            reason: reason(&error),
        },
    }
}
