//! A listing as it comes, kept small: a checkpoint with state has up to millions
//! of objects, and most of them are versions that no next start can load.

use std::collections::{BTreeSet, HashMap};

use domain::checkpoint::layout::{CheckpointFile, nested_checkpoints};
use domain::checkpoint::{CheckpointView, ListedObject};

/// A roll back is looked for among so many of the newest batches, as the domain's
/// ladder of actions does; older versions of the state matter only as what these
/// are built on.
const ROLL_BACK_BATCHES: usize = 12;
/// Of what belongs to no checkpoint, so much is kept.
const OTHERS_MAX: u64 = 10_000;

/// What has been listed.
#[derive(Default)]
pub(super) struct Gathered {
    entries: Vec<(String, ListedObject)>,
    versions: Vec<Version>,
    stores: Vec<String>,
    store_ids: HashMap<String, Option<u32>>,
    /// Folders with a checkpoint of their own.
    pub(super) nested: BTreeSet<String>,
    pub(super) objects: u64,
    pub(super) bytes: u64,
    /// Of the newest object, in milliseconds since the epoch.
    pub(super) changed_at_ms: Option<i64>,
    /// Belongs to no checkpoint, and is not kept.
    pub(super) others_left_out: u64,
    others: u64,
}

/// A file of a state store, named as Spark itself names it.
#[derive(Clone, Copy)]
struct Version {
    version: i64,
    size: u64,
    last_modified_ms: i64,
    store: u32,
    ending: u8,
}

/// A whole version begins with one of the first two, a change is one of the
/// others; the checksum beside each has the same place after these.
const ENDINGS: [&str; 8] = [
    ".snapshot",
    ".zip",
    ".delta",
    ".changelog",
    ".snapshot.crc",
    ".zip.crc",
    ".delta.crc",
    ".changelog.crc",
];
const WHOLE: u8 = 2;

impl Gathered {
    /// Adds an object by its key relative to the checkpoint.
    pub(super) fn add(&mut self, key: String, object: ListedObject) {
        self.objects += 1;
        self.bytes = self.bytes.saturating_add(object.size);
        self.changed_at_ms = self.changed_at_ms.max(Some(object.last_modified_ms));
        if let Some(version) = self.version(&key, &object) {
            self.versions.push(version);
            return;
        }
        let first = key.split('/').next().unwrap_or_default();
        let own = ["offsets", "commits", "sources", "state"].contains(&first);
        let reveals = self.reveals(&key);
        if !own && !reveals && key != "metadata" {
            if self.others >= OTHERS_MAX {
                self.others_left_out += 1;
                return;
            }
            self.others += 1;
        }
        self.entries.push((key, object));
    }

    /// Whether it is the first sign of a checkpoint below this one.
    fn reveals(&mut self, key: &str) -> bool {
        let mut new = false;
        for folder in nested_checkpoints(std::iter::once(key)) {
            let folder = format!("{}/", folder.trim_end_matches('/'));
            new |= self.nested.insert(folder);
        }
        new
    }

    fn version(&mut self, key: &str, object: &ListedObject) -> Option<Version> {
        if !key.starts_with("state/") {
            return None;
        }
        let (store, name) = key.rsplit_once('/')?;
        let (digits, ending) = name.split_at(name.find('.')?);
        let ending = ENDINGS.iter().position(|known| *known == ending)?;
        let version: i64 = digits.parse().ok()?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit())
            && (digits == "0" || !digits.starts_with('0'));
        if !plain {
            return None;
        }
        Some(Version {
            version,
            size: object.size,
            last_modified_ms: object.last_modified_ms,
            store: self.store(store, key)?,
            ending: u8::try_from(ending).ok()?,
        })
    }

    /// The number of a store's directory; `None` where the directory is none.
    fn store(&mut self, directory: &str, key: &str) -> Option<u32> {
        if let Some(known) = self.store_ids.get(directory) {
            return *known;
        }
        let (CheckpointFile::State(file) | CheckpointFile::StateChecksum(file)) =
            CheckpointFile::of_key(key)
        else {
            self.store_ids.insert(directory.to_owned(), None);
            return None;
        };
        let id = (file.directory() == directory)
            .then(|| u32::try_from(self.stores.len()).ok())
            .flatten();
        if id.is_some() {
            self.stores.push(directory.to_owned());
        }
        self.store_ids.insert(directory.to_owned(), id);
        id
    }

    /// The view with all that can matter for the next start, for a roll back and
    /// for what is stale. Left out are only versions of the state that are older
    /// than the newest whole one that a roll back could begin from.
    pub(super) fn view(self, uri: &str) -> CheckpointView {
        let Self {
            mut entries,
            mut versions,
            stores,
            store_ids,
            ..
        } = self;
        drop(store_ids);
        let oldest = oldest_version(&entries);
        versions.sort_unstable_by_key(|version| version.store);
        for files in versions.chunk_by(|a, b| a.store == b.store) {
            let directory = &stores[files[0].store as usize];
            let base = base(files, oldest);
            entries.extend(files.iter().filter(|file| file.version >= base).map(
                |file| {
                    let ending = ENDINGS[usize::from(file.ending)];
                    let key = format!("{directory}/{}{ending}", file.version);
                    let object = ListedObject {
                        size: file.size,
                        last_modified_ms: file.last_modified_ms,
                        etag: String::new(),
                    };
                    (key, object)
                },
            ));
        }
        drop(versions);
        entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut view = CheckpointView::new(uri);
        view.listing = entries.into_iter().collect();
        view
    }
}

/// The newest whole version from which `oldest` can be built; of two formats in
/// one directory, the older. All are kept where there is none.
fn base(files: &[Version], oldest: i64) -> i64 {
    (0..WHOLE)
        .filter_map(|ending| {
            files
                .iter()
                .filter(|file| file.ending == ending)
                .map(|file| file.version)
                .filter(|version| (1..=oldest).contains(version))
                .max()
        })
        .min()
        .unwrap_or(0)
}

/// The oldest version that the next start or a roll back may load: batch B loads
/// version B.
fn oldest_version(entries: &[(String, ListedObject)]) -> i64 {
    let mut offsets = BTreeSet::new();
    let mut commits = BTreeSet::new();
    for (key, _) in entries {
        match CheckpointFile::of_key(key) {
            CheckpointFile::Offsets(batch) => offsets.insert(batch),
            CheckpointFile::Commits(batch) => commits.insert(batch),
            _ => continue,
        };
    }
    let Some(newest) = offsets.last() else {
        return 0;
    };
    // Of batches in both logs, so that gaps push the limit down.
    let both = commits.iter().rev().filter(|batch| offsets.contains(batch));
    let back = both.take(ROLL_BACK_BATCHES).last();
    back.map_or(0, |batch| batch.saturating_add(1).min(*newest))
}

#[cfg(test)]
mod tests {
    use domain::checkpoint::{QueryShape, SparkLine, predict};

    use super::*;

    fn object() -> ListedObject {
        ListedObject {
            size: 9,
            ..ListedObject::default()
        }
    }

    fn checkpoint(batches: i64, snapshots: bool) -> Vec<String> {
        let mut keys = vec!["metadata".to_owned()];
        for batch in 0..batches {
            keys.push(format!("offsets/{batch}"));
            keys.push(format!("commits/{batch}"));
            for partition in 0..2 {
                let version = batch + 1;
                keys.push(format!("state/0/{partition}/{version}.delta"));
                keys.push(format!("state/0/{partition}/{version}.delta.crc"));
                if snapshots && version % 10 == 0 {
                    keys.push(format!("state/0/{partition}/{version}.snapshot"));
                }
            }
        }
        keys
    }

    fn gathered(keys: &[String]) -> CheckpointView {
        let mut gathered = Gathered::default();
        for key in keys {
            gathered.add(key.clone(), object());
        }
        gathered.view("s3://b/c")
    }

    fn whole(keys: &[String]) -> CheckpointView {
        let mut view = CheckpointView::new("s3://b/c");
        for key in keys {
            view.list(key.clone(), object());
        }
        view
    }

    #[test]
    fn old_versions_are_left_out_and_nothing_else() {
        let keys = checkpoint(100, true);
        let view = gathered(&keys);
        // The oldest roll back is to batch 88, which needs version 89.
        assert!(view.listing.contains_key("state/0/0/80.snapshot"));
        assert!(view.listing.contains_key("state/0/1/80.delta.crc"));
        assert!(!view.listing.contains_key("state/0/0/79.delta"));
        assert!(!view.listing.contains_key("state/0/0/70.snapshot"));
        assert_eq!(view.offset_batches().len(), 100);
        let whole = whole(&keys);
        let kept: Vec<&String> = view.listing.keys().collect();
        assert!(kept.iter().all(|key| whole.listing.contains_key(*key)));
    }

    #[test]
    fn without_a_whole_version_all_are_kept() {
        let keys = checkpoint(60, false);
        assert_eq!(gathered(&keys), whole(&keys));
    }

    #[test]
    fn odd_names_are_kept_as_they_are() {
        let odd = [
            "state/0/0/007.delta",
            "state/0/0/+7.delta",
            "state/0/0/7_5b0c4824.zip",
            "state/00/0/7.delta",
            "state/0/x/7.delta",
            "state/7.delta",
            "state/0/0/SSTs/000012-1.sst",
            "state/0/0/99999999999999999999.delta",
            "state/0/0/.7.delta.tmp",
            "state/0/",
            "offsets/7/x",
        ]
        .map(str::to_owned);
        assert_eq!(gathered(&odd), whole(&odd));
    }

    #[test]
    fn what_is_left_out_changes_no_prognosis() {
        for missing in [
            "state/0/1/85.delta",
            "state/0/1/90.snapshot",
            "state/0/0/100.delta",
        ] {
            let mut keys = checkpoint(100, true);
            keys.retain(|key| key != missing);
            for line in [SparkLine::V3_5, SparkLine::V4_1] {
                let shape = QueryShape::stateful(1);
                assert_eq!(
                    predict(&gathered(&keys), line, &shape),
                    predict(&whole(&keys), line, &shape),
                    "{missing}"
                );
            }
        }
    }

    #[test]
    fn a_root_is_told_however_much_lies_there() {
        let mut gathered = Gathered::default();
        for n in 0..OTHERS_MAX + 5 {
            gathered.add(format!("notes/{n}"), object());
        }
        gathered.add("orders/offsets/0".to_owned(), object());
        gathered.add("orders/offsets/1".to_owned(), object());
        assert_eq!(gathered.others_left_out, 6);
        assert_eq!(gathered.nested.iter().collect::<Vec<_>>(), ["orders/"],);
        let view = gathered.view("s3://b/c");
        assert!(view.listing.contains_key("orders/offsets/0"));
    }
}
