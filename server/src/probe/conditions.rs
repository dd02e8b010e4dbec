//! Which conditions the endpoint honours, tried on objects of Sluice's own: written
//! under the backup root with names that nobody else has, only where there is none,
//! and deleted by those names and their ETags.

use domain::ids::StreamName;
use domain::keyset::KeyEntry;
use domain::preflight::{Condition, Found, Tried};
use domain::stream::Prefix;

use crate::aws::{AwsError, AwsErrorKind, DeleteOutcome, PutOn, S3};
use crate::clock;
use crate::observe::reason;

const FIRST: &str = "Written by Sluice to see which conditions are honoured here, and \
                     deleted at once. Should you find it, it can be deleted.\n";
const SECOND: &str = "Written by Sluice although a condition did not hold. Should you \
                      find it, it can be deleted.\n";
/// An ETag that no object here has.
const NO_ETAG: &str = "00000000000000000000000000000000";

/// The objects of one trial, as they are named below the backup root.
pub(super) struct Trial<'a> {
    pub(super) s3: S3,
    pub(super) root: &'a Prefix,
    /// The key up to where the names differ.
    pub(super) objects: String,
}

impl Trial<'_> {
    /// Tries every condition, one after the other, and tidies up.
    pub(super) async fn tried(&self, stream: &StreamName) -> Tried {
        let at = clock::now();
        let found = self.found().await;
        let left = self.tidied().await;
        let tried = Tried {
            at,
            place: format!("s3://{}/{}", self.root.bucket(), self.objects),
            found,
            left,
        };
        tracing::info!(%stream, place = tried.place, found = ?tried.found, "probe.conditions");
        tried
    }

    async fn found(&self) -> Vec<(Condition, Found)> {
        let etag = match self.first().await {
            Ok(etag) => etag,
            Err(error) => {
                let why = format!("nothing could be written there. {}", reason(&error));
                let unknown = |condition| (condition, Found::Unknown(why.clone()));
                return Condition::ALL.into_iter().map(unknown).collect();
            }
        };
        let mut found = vec![
            (Condition::PutIfAbsent, self.second(PutOn::Absent).await),
            (
                Condition::PutIfMatch,
                self.second(PutOn::Match(NO_ETAG.to_owned())).await,
            ),
        ];
        // What was written although it should not have been has another ETag.
        let etag = match self.etag("a").await {
            Ok(there) => there.unwrap_or(etag),
            Err(_) => etag,
        };
        found.push((Condition::CopyIfAbsent, self.copied_twice(&etag).await));
        found.push((
            Condition::CopyIfSource,
            refused(self.copy(NO_ETAG, "c").await),
        ));
        found.push((Condition::DeleteIfMatch, self.deleted().await));
        found
    }

    /// An answer that was lost is looked up: the name was drawn for this trial.
    async fn first(&self) -> Result<String, AwsError> {
        let put = self.put(FIRST, PutOn::Absent).await;
        match put {
            Err(error)
                if matches!(
                    error.kind,
                    AwsErrorKind::OutcomeUnknown | AwsErrorKind::PreconditionFailed
                ) =>
            {
                self.etag("a").await?.ok_or(error)
            }
            put => put,
        }
    }

    async fn second(&self, on: PutOn) -> Found {
        refused(self.put(SECOND, on).await)
    }

    async fn put(&self, body: &str, on: PutOn) -> Result<String, AwsError> {
        let (bucket, key) = (self.root.bucket(), self.key("a"));
        self.s3.put(bucket, &key, body.into(), on).await
    }

    async fn copied_twice(&self, etag: &str) -> Found {
        match self.copy(etag, "b").await {
            Ok(_) => refused(self.copy(etag, "b").await),
            Err(error) => Found::Unknown(reason(&error)),
        }
    }

    async fn copy(&self, etag: &str, name: &str) -> Result<String, AwsError> {
        let bucket = self.root.bucket();
        let (from, to) = (self.key("a"), self.key(name));
        let copied = self.s3.copy(bucket, &from, etag, bucket, &to).await?;
        Ok(copied.etag)
    }

    async fn deleted(&self) -> Found {
        match self.delete("a", NO_ETAG).await {
            DeleteOutcome::Changed => Found::Honoured,
            DeleteOutcome::Gone => Found::Ignored,
            DeleteOutcome::Failed(why) => Found::Unknown(why),
        }
    }

    async fn delete(&self, name: &str, etag: &str) -> DeleteOutcome {
        let entry = KeyEntry {
            key: self.key(name),
            etag: etag.to_owned(),
            size: 0,
        };
        match self.s3.delete(self.root.bucket(), &[entry]).await {
            Ok(mut outcomes) => outcomes.pop().map_or_else(
                || DeleteOutcome::Failed("S3 did not say what became of it".to_owned()),
                |deleted| deleted.outcome,
            ),
            Err(error) => DeleteOutcome::Failed(reason(&error)),
        }
    }

    /// Deletes what is there of the objects; what is left, as a sentence.
    async fn tidied(&self) -> String {
        let mut left = Vec::new();
        for name in ["a", "b", "c"] {
            let why = match self.etag(name).await {
                Ok(None) => continue,
                Ok(Some(etag)) => match self.delete(name, &etag).await {
                    DeleteOutcome::Gone => continue,
                    DeleteOutcome::Changed => "it has another ETag by now".to_owned(),
                    DeleteOutcome::Failed(why) => why,
                },
                Err(error) => reason(&error),
            };
            let address = format!("s3://{}/{}", self.root.bucket(), self.key(name));
            left.push(format!("{address} ({})", why.trim_end_matches('.')));
        }
        match left.is_empty() {
            true => String::new(),
            false => format!(
                "Objects of the trial are left, and can be deleted by hand: {}.",
                left.join(", ")
            ),
        }
    }

    async fn etag(&self, name: &str) -> Result<Option<String>, AwsError> {
        let (bucket, key) = (self.root.bucket(), self.key(name));
        Ok(self.s3.head(bucket, &key).await?.map(|head| head.etag))
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.objects)
    }
}

/// What an answer says of a condition that does not hold.
fn refused(answer: Result<String, AwsError>) -> Found {
    match answer {
        Ok(_) => Found::Ignored,
        Err(error) if error.kind == AwsErrorKind::PreconditionFailed => Found::Honoured,
        Err(error) => Found::Unknown(reason(&error)),
    }
}
