//! The largest offsets in what a sink of plain files holds, by its newest files.

mod parquet;

use domain::sink::{Largest, OffsetColumns};
use domain::stream::{Prefix, SinkKind, Stream};
use domain::time::Millis;

use super::{Observer, reason};
use crate::aws::{AwsError, ListedSome, Object, S3};

/// So many of the newest files are read.
const FILES_MAX: usize = 100;
/// A larger file is left out, and said to be.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// So many levels of folders are gone down, as in `year=/month=/day=/hour=`.
const DEPTH_MAX: usize = 6;
/// So many pages of a thousand keys are listed of one folder.
const PAGES_MAX: usize = 5;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundInSink {
    /// The largest offsets.
    pub(crate) largest: Largest,
    /// The folders that were read, each the last of its level.
    pub(crate) folders: Vec<String>,
    /// How many files were read.
    pub(crate) files: usize,
    /// When the newest of them was written, by S3's clock.
    pub(crate) newest_at: Option<Millis>,
    /// Files that could not be read, with the reason.
    pub(crate) unread: Vec<(String, String)>,
}

impl Observer {
    /// Looks for the largest offsets in the newest files of a stream's sink.
    ///
    /// # Errors
    /// Why that cannot be told by looking at files, as a sentence.
    pub(crate) async fn largest_offsets(
        &self,
        stream: &Stream,
    ) -> Result<FoundInSink, String> {
        if stream.sink.kind != SinkKind::PlainFiles {
            return Err(
                "What this sink holds is told by its own log, and not by the files that lie there: some may be of batches that never became part of it."
                    .to_owned(),
            );
        }
        let configured = self.0.config.stream(&stream.name);
        let columns = configured.map(|configured| {
            let columns = &configured.sink.columns;
            OffsetColumns {
                topic: columns.topic.clone(),
                partition: columns.partition.clone(),
                offset: columns.offset.clone(),
            }
        });
        let s3 = self.0.aws.reading(&stream.name).s3();
        let mut location = stream.sink.location.clone();
        if !location.ends_with('/') {
            location.push('/');
        }
        let place: Prefix = location.parse().map_err(|_| {
            format!("{location} is no place in S3 that could be looked at.")
        })?;
        let topics: Vec<&String> = stream.sources.iter().flatten().collect();
        let only = match topics.as_slice() {
            [topic] => Some(topic.as_str()),
            _ => None,
        };
        let looked = Look {
            s3: &s3,
            place: &place,
            columns: columns.unwrap_or_default(),
            topic: only,
        };
        looked.found().await.map_err(|error| reason(&error))
    }
}

struct Look<'a> {
    s3: &'a S3,
    place: &'a Prefix,
    columns: OffsetColumns,
    /// What stands for rows that name no topic.
    topic: Option<&'a str>,
}

impl Look<'_> {
    async fn found(&self) -> Result<FoundInSink, AwsError> {
        let (mut files, folders) = self.newest_files().await?;
        files.sort_by_key(|file| std::cmp::Reverse(file.last_modified));
        files.truncate(FILES_MAX);
        let mut found = FoundInSink {
            largest: Largest::default(),
            folders,
            files: 0,
            newest_at: files.first().map(|file| file.last_modified),
            unread: Vec::new(),
        };
        for file in files {
            match self.read(&file, &mut found.largest).await {
                Ok(()) => found.files += 1,
                Err(why) => {
                    let name = file.key[self.place.key().len()..].to_owned();
                    found.unread.push((name, why));
                }
            }
        }
        Ok(found)
    }

    /// The data files of the place and of the last folders in it, level by level:
    /// folders named by time come last when they are newest. The two last of each
    /// level, since the newest may have just begun.
    async fn newest_files(&self) -> Result<(Vec<Object>, Vec<String>), AwsError> {
        let mut files = Vec::new();
        let mut read = Vec::new();
        let mut level = vec![self.place.key().to_owned()];
        for _ in 0..DEPTH_MAX {
            let mut below = Vec::new();
            for folder in level {
                let ListedSome {
                    objects, folders, ..
                } = self
                    .s3
                    .list_some(self.place.bucket(), &folder, true, None, PAGES_MAX)
                    .await?;
                files.extend(objects.into_iter().filter(|object| is_data(&object.key)));
                below.extend(folders.into_iter().filter(|name| is_data(name)));
                read.push(folder[self.place.key().len()..].to_owned());
            }
            below.sort();
            level = below.split_off(below.len().saturating_sub(2));
            if level.is_empty() {
                break;
            }
        }
        Ok((files, read))
    }

    async fn read(&self, file: &Object, largest: &mut Largest) -> Result<(), String> {
        let got = self
            .s3
            .get(self.place.bucket(), &file.key, FILE_BYTES_MAX)
            .await
            .map_err(|error| reason(&error))?;
        if file.key.ends_with(".parquet") {
            return parquet::see(got.bytes.into(), &self.columns, self.topic, largest);
        }
        largest.see_json_lines(&got.bytes, &self.columns, self.topic)
    }
}

/// Whether a key or a folder holds data by its name: Spark passes over what begins
/// with `_` or `.`.
fn is_data(key: &str) -> bool {
    let key = key.strip_suffix('/').unwrap_or(key);
    let name = key.rsplit('/').next().unwrap_or(key);
    // A folder by a column begins with its name.
    !name.starts_with(['_', '.']) || name.contains('=')
}

#[cfg(test)]
mod tests {
    use super::is_data;

    #[test]
    fn what_spark_passes_over_is_passed_over() {
        for (key, data) in [
            ("bronze/dt=2026-01-01/", true),
            ("bronze/part-0.json", true),
            ("bronze/_SUCCESS", false),
            ("bronze/_spark_metadata/", false),
            ("bronze/.part-0.crc", false),
            ("bronze/_day=3/", true),
        ] {
            assert_eq!(is_data(key), data, "{key}");
        }
    }
}
