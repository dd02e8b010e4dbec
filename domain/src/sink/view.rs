//! What has been seen of a sink's place.

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, delta, file_sink, hudi, iceberg};
use crate::checkpoint::ListedObject;
use crate::stream::SinkKind;
use crate::time::Millis;

/// Larger files of a log are not read, and what stands in them is unknown. A
/// commit of a few thousand files, and an Iceberg table of ten thousand
/// snapshots, stay below.
pub const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// What was listed and read. Keys are relative to the place, without a leading
/// slash: `_delta_log/00000000000000000012.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SinkView {
    /// Where, as configured: `s3://bucket/prefix/`.
    pub location: String,
    /// The logs' folders as far as they were listed, and the first few keys of
    /// the place.
    pub listing: BTreeMap<String, ListedObject>,
    /// Folders whose listing was cut off at its bound.
    pub cut: BTreeSet<LogFolder>,
    /// Bytes of the files that were read. A listed file that is not here is
    /// unknown, not empty.
    pub bytes: BTreeMap<String, Vec<u8>>,
}

/// A folder by which a kind of sink is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogFolder {
    /// Of Spark's file sink.
    SparkMetadata,
    /// Of Delta.
    DeltaLog,
    /// Of Iceberg; anybody may call a folder so, thus its names decide.
    Metadata,
    /// Of Hudi.
    Hoodie,
}

impl LogFolder {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::SparkMetadata,
        Self::DeltaLog,
        Self::Metadata,
        Self::Hoodie,
    ];

    /// Its name with a slash at the end.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SparkMetadata => "_spark_metadata/",
            Self::DeltaLog => "_delta_log/",
            Self::Metadata => "metadata/",
            Self::Hoodie => ".hoodie/",
        }
    }
}

impl SinkView {
    /// Of a place of which nothing has been seen yet.
    #[must_use]
    pub fn new(location: impl Into<String>) -> Self {
        Self {
            location: location.into(),
            ..Self::default()
        }
    }

    /// The files whose bytes tell what the sink remembers: few, the newest
    /// first, none that is larger than [`FILE_BYTES_MAX`] or was read already.
    #[must_use]
    pub fn wanted(&self) -> Vec<String> {
        let mut wanted = delta::wanted(self);
        wanted.extend(file_sink::wanted(self));
        wanted.extend(iceberg::wanted(self));
        wanted.extend(hudi::wanted(self));
        wanted.retain(|key| {
            self.listing
                .get(key)
                .is_some_and(|object| object.size <= FILE_BYTES_MAX)
                && !self.bytes.contains_key(key)
        });
        wanted
    }

    /// The names in a folder, in the order of S3.
    pub(super) fn names(&self, folder: LogFolder) -> impl Iterator<Item = &str> {
        let folder = folder.name();
        self.listing
            .range(folder.to_owned()..)
            .map(|(key, _)| key.as_str())
            .map_while(move |key| key.strip_prefix(folder))
    }

    pub(super) fn is_cut(&self, folder: LogFolder) -> bool {
        self.cut.contains(&folder)
    }

    /// The bytes of a name in a folder, if it was read.
    pub(super) fn read(&self, folder: LogFolder, name: &str) -> Option<&[u8]> {
        let key = format!("{}{name}", folder.name());
        self.bytes.get(&key).map(Vec::as_slice)
    }

    /// Files without a log that is known: the first that is none of Hadoop's
    /// markers.
    pub(super) fn plain_files(&self) -> Option<Found> {
        let by = self.listing.keys().find(|key| {
            let name = key.rsplit('/').next().unwrap_or_default();
            !name.is_empty() && !name.ends_with("_$folder$")
        })?;
        Some(Found {
            kind: SinkKind::PlainFiles,
            by: by.clone(),
            beside: Vec::new(),
        })
    }

    pub(super) fn changed_at(&self) -> Option<Millis> {
        let times = self.listing.values().map(|object| object.last_modified_ms);
        times.max().map(Millis)
    }
}
