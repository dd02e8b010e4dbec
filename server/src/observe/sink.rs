//! Looks at a sink's place: which log lies there, and the newest few of its
//! files. Of the data only names are listed, and few of them.

use domain::checkpoint::ListedObject;
use domain::sink::{FILE_BYTES_MAX, LogFolder, SinkSeen, SinkView, delta_list_after};
use domain::stream::{Prefix, Stream};

use super::checkpoint::Files;
use super::{Observer, Watched, reason};
use crate::aws::{AwsError, AwsErrorKind, ListedSome, Object, S3};

/// So many pages of a thousand keys are listed of a log at most.
const LOG_PAGES_MAX: usize = 5;
/// `_last_checkpoint` is a line of JSON.
const POINTER_BYTES_MAX: u64 = 64 * 1024;
/// So many keys of data are kept: they show what lies there, and how new it is.
const DATA_KEYS_MAX: usize = 1_000;

impl Observer {
    /// The sink as it lies there, before it is held against the checkpoint.
    pub(super) async fn sink(&self, watched: &Watched) -> Result<SinkSeen, String> {
        let stream = &watched.configured.stream;
        let s3 = self.0.aws.reading(&stream.name).s3();
        look(&s3, stream, &watched.sink_files).await
    }
}

async fn look(s3: &S3, stream: &Stream, files: &Files) -> Result<SinkSeen, String> {
    let mut location = stream.sink.location.clone();
    if !location.ends_with('/') {
        location.push('/');
    }
    let place: Prefix = location.parse().map_err(|_| {
        format!(
            "The sink is configured as {}, which is no place in S3 that could be looked at.",
            stream.sink.location
        )
    })?;
    let view = view(s3, &place, files)
        .await
        .map_err(|error| reason(&error))?;
    Ok(SinkSeen::of(&view, stream.sink.kind))
}

/// What lies at a place that is looked at once.
///
/// # Errors
/// When S3 refuses to list or read it.
pub(crate) async fn sink_at(s3: &S3, place: &Prefix) -> Result<SinkView, AwsError> {
    view(s3, place, &Files::default()).await
}

async fn view(s3: &S3, place: &Prefix, files: &Files) -> Result<SinkView, AwsError> {
    let looked = Look { s3, place };
    let mut view = looked.listed().await?;
    looked.read(&mut view, files).await?;
    Ok(view)
}

struct Look<'a> {
    s3: &'a S3,
    place: &'a Prefix,
}

impl Look<'_> {
    /// The logs' folders, and some of the data.
    async fn listed(&self) -> Result<SinkView, AwsError> {
        let mut view = SinkView::new(self.place.uri());
        let top = self.some("", true, None, 1).await?;
        for folder in LogFolder::ALL {
            let key = format!("{}{}", self.place.key(), folder.name());
            // A place with a thousand partitions may have it beyond the page.
            if top.folders.contains(&key) || !top.whole {
                self.log(folder, &mut view).await?;
            }
        }
        // The last folder of data is the newest where folders are days.
        let data = top.folders.iter().rev().find_map(|key| {
            let name = key.strip_prefix(self.place.key())?;
            (!name.starts_with(['_', '.']) && name != LogFolder::Metadata.name())
                .then(|| name.to_owned())
        });
        self.take(&mut view, top.objects, DATA_KEYS_MAX);
        if let Some(folder) = data {
            let some = self.some(&folder, false, None, 1).await?;
            self.take(&mut view, some.objects, DATA_KEYS_MAX);
        }
        Ok(view)
    }

    async fn log(&self, folder: LogFolder, view: &mut SinkView) -> Result<(), AwsError> {
        let after = match folder {
            LogFolder::DeltaLog => self.delta_after().await?,
            _ => None,
        };
        let name = folder.name();
        let some = self
            .some(name, true, after.as_deref(), LOG_PAGES_MAX)
            .await?;
        let mut whole = some.whole;
        let timeline = format!("{}{name}timeline/", self.place.key());
        if folder == LogFolder::Hoodie && some.folders.contains(&timeline) {
            let more = self
                .some(".hoodie/timeline/", true, None, LOG_PAGES_MAX)
                .await?;
            whole &= more.whole;
            self.take(view, more.objects, usize::MAX);
        }
        self.take(view, some.objects, usize::MAX);
        if !whole {
            view.cut.insert(folder);
        }
        Ok(())
    }

    /// Where Delta's newest commits begin, by its own pointer.
    async fn delta_after(&self) -> Result<Option<String>, AwsError> {
        let key = format!("{}_delta_log/_last_checkpoint", self.place.key());
        let got = self
            .s3
            .get(self.place.bucket(), &key, POINTER_BYTES_MAX)
            .await;
        match got {
            Ok(got) => Ok(delta_list_after(&got.bytes)),
            Err(error) => match error.kind {
                AwsErrorKind::NotFound | AwsErrorKind::Invalid => Ok(None),
                _ => Err(error),
            },
        }
    }

    async fn some(
        &self,
        below: &str,
        by_folder: bool,
        after: Option<&str>,
        pages_max: usize,
    ) -> Result<ListedSome, AwsError> {
        let prefix = format!("{}{below}", self.place.key());
        let after = after.map(|name| format!("{}{name}", self.place.key()));
        self.s3
            .list_some(
                self.place.bucket(),
                &prefix,
                by_folder,
                after.as_deref(),
                pages_max,
            )
            .await
    }

    fn take(&self, view: &mut SinkView, objects: Vec<Object>, keys_max: usize) {
        for object in objects.into_iter().take(keys_max) {
            // The listing holds only keys under the prefix.
            let name = object.key[self.place.key().len()..].to_owned();
            let listed = ListedObject {
                size: object.size,
                last_modified_ms: object.last_modified.0,
                etag: object.etag,
            };
            view.listing.insert(name, listed);
        }
    }

    /// Reads what tells the memory. A file that is gone meanwhile, or was
    /// written again, stays unread.
    async fn read(&self, view: &mut SinkView, files: &Files) -> Result<(), AwsError> {
        for name in view.wanted() {
            let Some(listed) = view.listing.get(&name).cloned() else {
                continue;
            };
            if let Some(bytes) = files.get(&name, &listed.etag) {
                view.bytes.insert(name, bytes.to_vec());
                continue;
            }
            let key = format!("{}{name}", self.place.key());
            let got = self.s3.get(self.place.bucket(), &key, FILE_BYTES_MAX).await;
            match got {
                Ok(got) if got.etag == listed.etag => {
                    files.put(&name, &listed.etag, &got.bytes.clone().into());
                    view.bytes.insert(name, got.bytes);
                }
                Ok(_) => {}
                Err(error) => match error.kind {
                    AwsErrorKind::NotFound | AwsErrorKind::Invalid => {}
                    _ => return Err(error),
                },
            }
        }
        files.keep_only(&view.listing);
        Ok(())
    }
}
