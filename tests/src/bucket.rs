//! What lies in the sandbox's bucket, looked at as its owner would.

use std::collections::{BTreeMap, BTreeSet};

use domain::offsets::PartitionOffsets;
use sandbox::s3::{Condition, Meta, Store, StoreError};
use sandbox::streams::BUCKET;
use sandbox::world::World;
use serde::Deserialize;

/// Objects by key below a prefix, with their bytes.
pub type Objects = BTreeMap<String, Vec<u8>>;

/// The bucket, seen and changed by somebody who is not Sluice.
pub struct Bucket<'a> {
    store: &'a Store,
}

/// A range of offsets that one bronze object holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Bronze {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The first offset.
    pub from: i64,
    /// The offset after the last.
    pub until: i64,
    /// The batch that wrote it.
    pub batch: i64,
}

impl<'a> Bucket<'a> {
    /// The bucket of this store.
    pub fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// The keys under a prefix, whole.
    pub fn keys(&self, prefix: &str) -> BTreeSet<String> {
        self.store
            .list_all(&World::console(), BUCKET, prefix)
            .expect("the bucket can be listed")
            .into_iter()
            .map(|object| object.key)
            .collect()
    }

    /// The objects under a prefix, by the rest of their keys. One that is deleted
    /// meanwhile is not there.
    pub fn objects(&self, prefix: &str) -> Objects {
        self.keys(prefix)
            .into_iter()
            .filter_map(|key| {
                let bytes = self.bytes(&key)?;
                Some((key[prefix.len()..].to_owned(), bytes))
            })
            .collect()
    }

    /// ETags by the rest of their keys.
    pub fn etags(&self, prefix: &str) -> BTreeMap<String, String> {
        self.store
            .list_all(&World::console(), BUCKET, prefix)
            .expect("the bucket can be listed")
            .into_iter()
            .map(|object| (object.key[prefix.len()..].to_owned(), object.etag))
            .collect()
    }

    /// One object's bytes, if it is there.
    pub fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        match self.store.get(&World::console(), BUCKET, key) {
            Ok((_, bytes)) => Some(bytes),
            Err(error) if is_absent(&error) => None,
            Err(error) => panic!("{key} cannot be read: {error}"),
        }
    }

    /// Puts an object, whatever is there.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        let (meta, condition) = (Meta::default(), Condition::default());
        self.store
            .put(&World::console(), BUCKET, key, bytes, meta, &condition)
            .expect("the bucket can be written");
    }

    /// Makes what lies under a prefix exactly these objects.
    pub fn replace(&self, prefix: &str, objects: &Objects) {
        for key in self.keys(prefix) {
            self.delete(&key);
        }
        for (key, bytes) in objects {
            self.put(&format!("{prefix}{key}"), bytes);
        }
    }

    /// Deletes an object.
    pub fn delete(&self, key: &str) {
        self.store
            .delete(&World::console(), BUCKET, key, &Condition::default())
            .expect("the bucket can be written");
    }

    /// What the bronze objects under a prefix hold, apart from those with these keys;
    /// in the order of topic, partition and offset.
    pub fn bronze(&self, prefix: &str, apart_from: &BTreeSet<String>) -> Vec<Bronze> {
        let mut ranges: Vec<Bronze> = self
            .keys(prefix)
            .difference(apart_from)
            .filter_map(|key| self.bytes(key))
            .flat_map(|bytes| {
                let text = String::from_utf8(bytes).expect("bronze is text");
                text.lines()
                    .map(|line| serde_json::from_str(line).expect("a line of bronze"))
                    .collect::<Vec<Bronze>>()
            })
            .collect();
        ranges.sort();
        ranges
    }
}

impl Bronze {
    /// Where each partition begins in these objects, if in each of them every offset from
    /// there on is held exactly once; else which is not.
    pub fn beginnings(ranges: &[Self]) -> Result<PartitionOffsets, String> {
        let mut begins = PartitionOffsets::new();
        let mut next: BTreeMap<(&str, i32), i64> = BTreeMap::new();
        for range in ranges {
            let place = (range.topic.as_str(), range.partition);
            match next.insert(place, range.until) {
                None => {
                    begins.set(range.topic.clone(), range.partition, range.from);
                }
                Some(expected) if expected == range.from => {}
                Some(expected) => {
                    return Err(format!(
                        "{place:?} goes on at {} and not at {expected}",
                        range.from
                    ));
                }
            }
        }
        Ok(begins)
    }
}

fn is_absent(error: &StoreError) -> bool {
    error.is("NoSuchKey")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(partition: i32, from: i64, until: i64) -> Bronze {
        let topic = "orders_events".to_owned();
        Bronze {
            topic,
            partition,
            from,
            until,
            batch: 0,
        }
    }

    #[test]
    fn a_gap_or_a_repeat_is_found() {
        let whole = [range(0, 5, 9), range(0, 9, 10), range(1, 2, 3)];
        let begins = Bronze::beginnings(&whole).unwrap();
        assert_eq!(begins.get("orders_events", 0), Some(5));
        assert_eq!(begins.get("orders_events", 1), Some(2));
        assert!(Bronze::beginnings(&[range(0, 5, 9), range(0, 10, 11)]).is_err());
        assert!(Bronze::beginnings(&[range(0, 5, 9), range(0, 8, 11)]).is_err());
    }
}
