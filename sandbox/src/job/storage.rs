//! S3 as a job sees it: a file system on a bucket, under the job's role.
//!
//! Every call goes through the store with the role's session as the principal, so that
//! the record shows it. Throttling and server errors that are switched on strike here
//! too and are retried as S3A does it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use domain::checkpoint::{CheckpointView, ListedObject};

use super::failure::Failure;
use super::timeline::Timeline;
use crate::faults::{FaultKind, Faults};
use crate::s3::{Condition, Meta, Store, StoreError};
use crate::wire::Principal;

/// A place in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The bucket.
    pub bucket: String,
    /// The key prefix; empty or ending in a slash.
    pub prefix: String,
}

/// A bucket under one role.
#[derive(Clone)]
pub struct Storage {
    store: Arc<Store>,
    faults: Arc<Faults>,
    by: Principal,
    timeline: Timeline,
}

/// What became of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The object is there now.
    Written,
    /// Something was there before.
    Exists,
}

/// S3A's own retries before it gives up.
const ATTEMPTS_MAX: u32 = 7;
const RETRY_AFTER: Duration = Duration::from_millis(500);

impl Location {
    /// From `s3://bucket/prefix`, also `s3a` and `s3n`.
    pub fn parse(uri: &str) -> Result<Self, Failure> {
        let rest = ["s3://", "s3a://", "s3n://"]
            .iter()
            .find_map(|scheme| uri.strip_prefix(scheme));
        let wrong = || {
            Failure::new(
                "java.lang.IllegalArgumentException",
                format!("{uri} is no location in S3"),
            )
            .at_start()
        };
        let rest = rest.ok_or_else(wrong)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(wrong());
        }
        let prefix = prefix.trim_matches('/');
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: match prefix.is_empty() {
                true => String::new(),
                false => format!("{prefix}/"),
            },
        })
    }

    /// The key of a name under this place.
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The place below.
    pub fn below(&self, name: &str) -> Self {
        Self {
            bucket: self.bucket.clone(),
            prefix: format!("{}{name}/", self.prefix),
        }
    }

    /// `s3://bucket/prefix` without a slash at the end.
    pub fn uri(&self) -> String {
        let uri = format!("s3://{}/{}", self.bucket, self.prefix);
        uri.trim_end_matches('/').to_owned()
    }
}

impl Storage {
    /// The bucket of a sandbox, as `by`.
    pub fn new(
        store: Arc<Store>,
        faults: Arc<Faults>,
        by: Principal,
        timeline: Timeline,
    ) -> Self {
        Self {
            store,
            faults,
            by,
            timeline,
        }
    }

    /// The listing of a checkpoint and the files that decide its next start.
    pub async fn checkpoint(
        &self,
        at: &Location,
        stateful: bool,
    ) -> Result<CheckpointView, Failure> {
        let mut view = CheckpointView::new(at.uri());
        let listed = self
            .call("ListObjectsV2", &at.prefix, &at.uri(), || {
                self.store.list_all(&self.by, &at.bucket, &at.prefix)
            })
            .await?;
        for object in listed {
            let name = object.key[at.prefix.len()..].to_owned();
            if name.is_empty() {
                continue;
            }
            view.list(
                name,
                ListedObject {
                    size: object.size,
                    last_modified_ms: object.modified_at_ms,
                    etag: object.etag,
                },
            );
        }
        let mut wanted = view.decisive_files();
        if stateful {
            wanted.extend(
                view.listing
                    .keys()
                    .filter(|key| key.starts_with("state/"))
                    .cloned(),
            );
            wanted.sort();
            wanted.dedup();
        }
        for name in wanted {
            if let Some(bytes) = self.get(at, &name).await? {
                view.read(name, bytes);
            }
        }
        Ok(view)
    }

    /// The bytes of an object; `None` when there is none.
    pub async fn get(
        &self,
        at: &Location,
        name: &str,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let key = at.key(name);
        let path = format!("{}/{name}", at.uri());
        self.call("GetObject", &key, &path, || {
            match self.store.get(&self.by, &at.bucket, &key) {
                Ok((_, bytes)) => Ok(Some(bytes)),
                Err(error) if error.code() == "NoSuchKey" => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Whether a file or a directory of this name is there: S3A asks for both.
    pub async fn exists(&self, at: &Location, name: &str) -> Result<bool, Failure> {
        let key = at.key(name);
        let path = format!("{}/{name}", at.uri());
        let file = self
            .call("HeadObject", &key, &path, || {
                match self.store.head(&self.by, &at.bucket, &key) {
                    Ok(_) => Ok(true),
                    Err(error) if error.code() == "NoSuchKey" => Ok(false),
                    Err(error) => Err(error),
                }
            })
            .await?;
        if file {
            return Ok(true);
        }
        let below = format!("{key}/");
        self.call("ListObjectsV2", &below, &path, || {
            let query = crate::s3::ListQuery {
                prefix: below.clone(),
                limit: 1,
                ..crate::s3::ListQuery::default()
            };
            let page = self.store.list(&self.by, &at.bucket, &query)?;
            Ok(!page.objects.is_empty())
        })
        .await
    }

    /// Writes an object only if none is there.
    pub async fn put_if_absent(
        &self,
        at: &Location,
        name: &str,
        bytes: &[u8],
    ) -> Result<Put, Failure> {
        self.write(at, name, bytes, &Condition::if_absent()).await
    }

    /// Writes an object over whatever is there.
    pub async fn put(
        &self,
        at: &Location,
        name: &str,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        self.write(at, name, bytes, &Condition::default()).await?;
        Ok(())
    }

    /// Deletes an object; one that is not there counts as deleted.
    pub async fn delete(&self, at: &Location, name: &str) -> Result<(), Failure> {
        let key = at.key(name);
        let path = format!("{}/{name}", at.uri());
        self.call("DeleteObject", &key, &path, || {
            self.store
                .delete(&self.by, &at.bucket, &key, &Condition::default())
        })
        .await
    }

    /// The names directly below a place that are numbers, rising.
    pub async fn numbers(&self, at: &Location) -> Result<Vec<i64>, Failure> {
        let names = self.names(at).await?;
        let mut numbers: Vec<i64> =
            names.iter().filter_map(|name| name.parse().ok()).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// All names below a place, in the order of S3.
    pub async fn names(&self, at: &Location) -> Result<Vec<String>, Failure> {
        let objects = self
            .call("ListObjectsV2", &at.prefix, &at.uri(), || {
                self.store.list_all(&self.by, &at.bucket, &at.prefix)
            })
            .await?;
        Ok(objects
            .iter()
            .map(|object| object.key[at.prefix.len()..].to_owned())
            .collect())
    }

    async fn write(
        &self,
        at: &Location,
        name: &str,
        bytes: &[u8],
        condition: &Condition,
    ) -> Result<Put, Failure> {
        let key = at.key(name);
        let path = format!("{}/{name}", at.uri());
        let put = self
            .call("PutObject", &key, &path, || {
                let meta = Meta::default();
                match self
                    .store
                    .put(&self.by, &at.bucket, &key, bytes, meta, condition)
                {
                    Ok(_) => Ok(Put::Written),
                    Err(error) if error.code() == "PreconditionFailed" => Ok(Put::Exists),
                    Err(error) => Err(error),
                }
            })
            .await?;
        if put == Put::Written
            && let Some(ms) = self.timeline.past_ms()
        {
            self.date(&at.bucket, &key, ms);
        }
        Ok(put)
    }

    /// Gives an object that belongs to the past its time. Where that fails it keeps the
    /// present one, which is no worse than a late copy.
    fn date(&self, bucket: &str, key: &str, ms: i64) {
        let path = self.store.bucket_directory(bucket).join(key);
        let ms = u64::try_from(ms).unwrap_or(0);
        let then = SystemTime::UNIX_EPOCH + Duration::from_millis(ms);
        let dated = std::fs::File::options()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_modified(then));
        if let Err(error) = dated {
            tracing::debug!(%error, path = %path.display(), "job.object_not_dated");
        }
    }

    /// A call with the faults that are switched on, retried as S3A retries.
    async fn call<T>(
        &self,
        action: &str,
        key: &str,
        path: &str,
        call: impl Fn() -> Result<T, StoreError>,
    ) -> Result<T, Failure> {
        let mut reason = String::new();
        for attempt in 0..ATTEMPTS_MAX {
            if attempt > 0 {
                self.timeline
                    .pass(RETRY_AFTER * 2_u32.pow(attempt - 1))
                    .await;
            }
            let faults = self.faults.strike_where("s3", action, Some(key), |fault| {
                matches!(
                    fault,
                    FaultKind::Throttle
                        | FaultKind::Error { .. }
                        | FaultKind::Delay { .. }
                )
            });
            let mut struck = None;
            for fault in faults {
                match fault {
                    FaultKind::Delay { ms } => {
                        tokio::time::sleep(Duration::from_millis(ms)).await;
                    }
                    FaultKind::Error { status, code } => {
                        struck = Some(format!("{code} (Status Code: {status})"));
                    }
                    _ => {
                        struck = Some(
                            "SlowDown: Please reduce your request rate. (Service: \
                                       S3, Status Code: 503)"
                                .to_owned(),
                        );
                    }
                }
            }
            match struck {
                Some(text) => reason = text,
                None => {
                    return call()
                        .map_err(|error| Failure::storage(path, &error.to_string()));
                }
            }
        }
        Err(Failure::storage(path, &reason))
    }
}
