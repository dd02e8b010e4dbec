//! Whether every store can load the version that a batch starts from: batch B
//! loads version B, and version 0 is empty.

use std::collections::{BTreeMap, BTreeSet};

use super::{Start, Step, rocksdb_load, state_schema, unique_ids};
use crate::checkpoint::layout::{
    CheckpointFile, DEFAULT_STORE, StateFileKind, store_directory,
};
use crate::checkpoint::reading::{SparkError, sidecar_fault};
use crate::checkpoint::spark_line::SparkLine;
use crate::checkpoint::state::{
    ChecksumFile, OperatorMetadata, StateFault, check_delta, check_snapshot, crc32c,
};

const PROVIDER: &str = "spark.sql.streaming.stateStore.providerClass";
const CODEC: &str = "spark.sql.streaming.stateStore.compression.codec";
const PARTITIONS: &str = "spark.sql.shuffle.partitions";

/// The confs in the newest file of `offsets/`.
pub(super) type Conf = BTreeMap<String, String>;

/// One store of one partition, and what lies in its directory.
pub(super) struct Store {
    pub op: i64,
    pub partition: i32,
    pub name: String,
    /// The files that go by their version alone. A large state has a million.
    pub files: BTreeSet<(StateFileKind, i64)>,
}

impl Store {
    pub(super) fn directory(&self) -> String {
        store_directory(self.op, self.partition, &self.name)
    }

    pub(super) fn key(&self, version: i64, kind: StateFileKind) -> String {
        format!("{}/{version}.{}", self.directory(), kind.extension())
    }

    pub(super) fn has(&self, version: i64, kind: StateFileKind) -> bool {
        self.files.contains(&(kind, version))
    }

    pub(super) fn versions(&self, kind: StateFileKind) -> impl Iterator<Item = i64> {
        self.files
            .range((kind, i64::MIN)..=(kind, i64::MAX))
            .map(|(_, version)| *version)
    }
}

pub(super) fn check(start: &Start<'_>, version: i64, conf: Option<&Conf>) -> Step<()> {
    let empty = Conf::new();
    let conf = conf.unwrap_or(&empty);
    state_schema::check(start, conf)?;
    if version <= 0 {
        return Ok(());
    }
    let rocksdb = conf
        .get(PROVIDER)
        .is_some_and(|class| class.contains("RocksDB"));
    let lz4 = conf
        .get(CODEC)
        .is_none_or(|codec| codec.eq_ignore_ascii_case("lz4"));
    if start.shape.state_checkpoint_format >= 2 {
        return unique_ids::check(start, version, lz4, || stores(start, conf));
    }
    for store in stores(start, conf)? {
        if rocksdb {
            rocksdb_load::check(start, &store, version, lz4)?;
        } else {
            hdfs_backed(start, &store, version, lz4)?;
        }
    }
    Ok(())
}

/// All stores that the query opens: for each operator its partitions times the
/// stores seen in any of them. A query whose state is all gone still opens one.
fn stores(start: &Start<'_>, conf: &Conf) -> Step<Vec<Store>> {
    let mut files: BTreeMap<(i64, i32, String), BTreeSet<(StateFileKind, i64)>> =
        BTreeMap::new();
    let mut names: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    for key in start.view.listing.keys() {
        match CheckpointFile::of_key(key) {
            CheckpointFile::State(file) => {
                names.entry(file.op).or_default().insert(file.store.clone());
                let place = (file.op, file.partition, file.store);
                // One with a unique name makes its partition known, no more.
                let there = files.entry(place).or_default();
                if file.unique_id.is_none() {
                    there.insert((file.kind, file.version));
                }
            }
            CheckpointFile::StateSchema { op, store, .. } => {
                names.entry(op).or_default().insert(store);
            }
            _ => {}
        }
    }
    if names.is_empty() {
        names.insert(0, BTreeSet::from([DEFAULT_STORE.to_owned()]));
    }
    let mut stores = Vec::new();
    for (op, names) in names {
        let seen: BTreeSet<i32> = files
            .keys()
            .filter(|place| place.0 == op)
            .map(|place| place.1)
            .collect();
        let partitions: BTreeSet<i32> = match partition_count(start, op, conf, &seen)? {
            // What lies beyond the count is never opened.
            Some(count) => (0..count).collect(),
            // The session's conf decides, which is not known.
            None => seen,
        };
        for partition in partitions {
            for name in &names {
                let files = files.remove(&(op, partition, name.clone()));
                stores.push(Store {
                    op,
                    partition,
                    name: name.clone(),
                    files: files.unwrap_or_default(),
                });
            }
        }
    }
    Ok(stores)
}

/// More partitions than any query here has; a conf that says more is not
/// followed.
const PARTITIONS_MAX: i32 = 100_000;

/// The partitions that the newest batch pins.
pub(in crate::checkpoint) fn pinned_partitions(
    conf: &BTreeMap<String, String>,
) -> Option<i32> {
    let count = conf.get(PARTITIONS)?.parse::<i32>().ok()?;
    (1..=PARTITIONS_MAX).contains(&count).then_some(count)
}

/// How many partitions an operator has: the pinned conf, but 1 where all
/// records meet in one (an aggregation without keys). `None` where no conf is
/// pinned.
fn partition_count(
    start: &Start<'_>,
    op: i64,
    conf: &Conf,
    seen: &BTreeSet<i32>,
) -> Step<Option<i32>> {
    let key = format!("state/{op}/_metadata/metadata");
    let described = match start.view.bytes.get(&key) {
        Some(bytes) => OperatorMetadata::parse(bytes).value,
        None => None,
    };
    let only_first = seen.iter().eq([0].iter());
    let single = match described {
        Some(operator) => operator
            .stores
            .iter()
            .all(|store| store.num_partitions == 1),
        None => match state_schema::of_operator(start, op)? {
            Some(schema) => schema.key.is_empty() && only_first,
            None => only_first,
        },
    };
    if single {
        return Ok(Some(1));
    }
    Ok(pinned_partitions(conf))
}

/// From the newest snapshot at or below the version, delta by delta.
fn hdfs_backed(start: &Start<'_>, store: &Store, version: i64, lz4: bool) -> Step<()> {
    let base = store
        .versions(StateFileKind::Snapshot)
        .filter(|snapshot| (1..=version).contains(snapshot))
        .max();
    if let Some(base) = base {
        let key = store.key(base, StateFileKind::Snapshot);
        let check = |bytes: &[u8]| check_snapshot(bytes).map(|_| ());
        content(start, &key, lz4, check).map_err(|bad| fails(start, &key, bad))?;
    }
    for delta in base.unwrap_or(0) + 1..=version {
        let key = store.key(delta, StateFileKind::Delta);
        if !store.has(delta, StateFileKind::Delta) {
            return Err(Start::fail_early(&key, delta_missing(start, store, &key)));
        }
        let check = |bytes: &[u8]| check_delta(bytes).map(|_| ());
        content(start, &key, lz4, check).map_err(|bad| fails(start, &key, bad))?;
    }
    Ok(())
}

/// What is wrong with a file that is there.
pub(super) enum Bad {
    Fault(StateFault),
    /// From 4.1 on: expected size and checksum, computed size and checksum.
    Checksum((u64, i32), (u64, i32)),
    /// The checksum file cannot be read.
    Sidecar(SparkError),
}

/// Looks into a file as far as its bytes are at hand: the checksum beside it
/// (from 4.1 on), then what is inside. A file that was not read passes when it
/// is not empty, and is noted.
pub(super) fn content(
    start: &Start<'_>,
    key: &str,
    readable: bool,
    check: impl Fn(&[u8]) -> Result<(), StateFault>,
) -> Result<(), Bad> {
    let Some(bytes) = start.state_bytes(key) else {
        return Ok(());
    };
    checksum(start, key, bytes)?;
    if !readable && !bytes.is_empty() {
        start.pass_unseen(key);
        return Ok(());
    }
    match check(bytes) {
        Ok(()) => Ok(()),
        Err(StateFault::TooLarge(_)) => {
            start.pass_unseen(key);
            Ok(())
        }
        Err(fault) => Err(Bad::Fault(fault)),
    }
}

pub(super) fn checksum(start: &Start<'_>, key: &str, bytes: &[u8]) -> Result<(), Bad> {
    let beside = format!("{key}.crc");
    if start.line < SparkLine::V4_1 || !start.view.listing.contains_key(&beside) {
        return Ok(());
    }
    let Some(sidecar) = start.state_bytes(&beside) else {
        return Ok(());
    };
    let text = String::from_utf8_lossy(sidecar);
    if let Some(error) = sidecar_fault(&text, start.line) {
        return Err(Bad::Sidecar(error));
    }
    let Some(expected) = ChecksumFile::parse(sidecar).value else {
        return Ok(());
    };
    let computed = (bytes.len() as u64, crc32c(bytes).cast_signed());
    let expected = (expected.main_file_size, expected.value);
    if computed == expected {
        Ok(())
    } else {
        Err(Bad::Checksum(expected, computed))
    }
}

pub(super) fn fails(start: &Start<'_>, key: &str, bad: Bad) -> Box<super::Prognosis> {
    let error = match bad {
        Bad::Checksum((size, value), (found_size, found)) => SparkError::condition(
            start.line,
            "org.apache.spark.SparkException",
            "CHECKPOINT_FILE_CHECKSUM_VERIFICATION_FAILED",
            &format!(
                "Checksum verification failed, the file may be corrupted. File: {}\n\
                 Expected (file size: {size}, checksum: {value}), Computed (file size: \
                 {found_size}, checksum: {found}).",
                start.view.path(key)
            ),
            "XX000",
        ),
        Bad::Sidecar(error) => uncategorized(start.line, error),
        Bad::Fault(fault) => uncategorized(start.line, fault_error(start, key, &fault)),
    };
    Start::fail_early(key, error)
}

fn fault_error(start: &Start<'_>, key: &str, fault: &StateFault) -> SparkError {
    const EOF: &str = "java.io.EOFException";
    match fault {
        StateFault::EndMissing => SparkError::new(EOF, ""),
        StateFault::EndedPrematurely if key.ends_with(".zip") => {
            SparkError::new(EOF, "Unexpected end of ZLIB input stream")
        }
        StateFault::EndedPrematurely => SparkError::new(EOF, "Stream ended prematurely"),
        StateFault::BadSize(size) => SparkError::new(
            "java.io.IOException",
            format!(
                "Error reading delta file {}: key size cannot be {size}",
                start.view.path(key)
            ),
        ),
        StateFault::NoMetadata => {
            SparkError::new("java.nio.file.NoSuchFileException", "metadata")
        }
        StateFault::Corrupted if key.ends_with(".zip") => {
            SparkError::new("java.util.zip.ZipException", "invalid entry")
        }
        StateFault::BadVersion(version) if key.ends_with(".changelog") => {
            unknown_changelog(start, version)
        }
        StateFault::Corrupted
        | StateFault::BadVersion(_)
        | StateFault::BadJson
        | StateFault::TooLarge(_) => {
            SparkError::new("java.io.IOException", "Stream is corrupted")
        }
    }
}

/// A header that no reader of this version has. Source:
/// `StateStoreChangelogReaderFactory.constructChangelogReader`.
fn unknown_changelog(start: &Start<'_>, version: &str) -> SparkError {
    let number = version.strip_prefix('v').unwrap_or(version);
    if number.parse::<i16>().is_err() {
        let text = format!("For input string: \"{number}\"");
        return SparkError::new("java.lang.NumberFormatException", text);
    }
    SparkError::condition(
        start.line,
        "org.apache.spark.SparkException",
        "CANNOT_LOAD_STATE_STORE.INVALID_CHANGE_LOG_READER_VERSION",
        &format!(
            "An error occurred during loading state. The change log reader version \
             cannot be {number}."
        ),
        "58030",
    )
}

/// How 4.0 and later word what they have no condition of their own for. The
/// class stays that of the cause.
pub(super) fn uncategorized(line: SparkLine, cause: SparkError) -> SparkError {
    if line < SparkLine::V4_0 {
        return cause;
    }
    let cause_text = if cause.text.is_empty() {
        cause.class.clone()
    } else {
        format!("{}: {}", cause.class, cause.text)
    };
    SparkError {
        class: cause.class,
        condition: Some("CANNOT_LOAD_STATE_STORE.UNCATEGORIZED".to_owned()),
        text: format!(
            "[CANNOT_LOAD_STATE_STORE.UNCATEGORIZED] An error occurred during loading \
             state.  SQLSTATE: 58030\nCaused by: {cause_text}"
        ),
    }
}

fn delta_missing(start: &Start<'_>, store: &Store, key: &str) -> SparkError {
    const CLASS: &str = "java.io.FileNotFoundException";
    let path = start.view.path(key);
    if start.line >= SparkLine::V4_0 {
        let said = format!(
            "An error occurred during loading state. Error reading delta file {path} of \
             HDFSStateStoreProvider[stateStoreProviderId=StateStoreProviderId[ \
             storeId=StateStoreId[ operatorId={}, partitionId={}, storeName={} ] ]]: \
             {path} does not exist.",
            store.op, store.partition, store.name
        );
        let condition = "CANNOT_LOAD_STATE_STORE.CANNOT_READ_DELTA_FILE_NOT_EXISTS";
        return SparkError::condition(start.line, CLASS, condition, &said, "58030");
    }
    let text = format!(
        "Error reading delta file {path} of HDFSStateStoreProvider[id = \
         (op={},part={}),dir = {}]: {path} does not exist",
        store.op,
        store.partition,
        start.view.path(&store.directory())
    );
    SparkError::new(CLASS, text)
}
