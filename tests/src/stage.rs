//! A stream of the sandbox with the binary on it, and what its job then writes.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::checkpoint::StreamMetadata;
use domain::offsets::PartitionOffsets;
use sandbox::streams::{StreamDefinition, streams};

use crate::bucket::{Bronze, Objects};
use crate::deadline::until;
use crate::deeds::Deeds;
use crate::ground::Ground;
use crate::guided::Guided;
use crate::person::Person;
use crate::process::Sluice;

/// A ground, the binary on it and a stream.
pub struct Stage {
    /// Dropped before its ground, so that its log is still there to be shown.
    _sluice: Sluice,
    /// The ground.
    pub ground: Ground,
    /// The stream.
    pub definition: StreamDefinition,
    recorded: u64,
}

impl Stage {
    /// Sets it for the stream of this name.
    pub async fn set(stream: &str) -> Self {
        Self::set_on(stream, |_| {}).await
    }

    /// As [`Stage::set`], on a ground that was made otherwise before the binary saw it.
    pub async fn set_on(stream: &str, make: impl FnOnce(&Ground)) -> Self {
        let ground = Ground::new().await;
        make(&ground);
        let definition = streams()
            .into_iter()
            .find(|definition| definition.name == stream)
            .expect("the sandbox has it");
        let sluice = ground.serve().await;
        let recorded = ground.sandbox.shared.record.last_seq();
        Self {
            _sluice: sluice,
            ground,
            definition,
            recorded,
        }
    }

    /// Oda opens a Run on the stream and says why.
    pub async fn opens_a_run(&self) -> Guided {
        let oda = Person::signed_in(&self.ground, "oda").await;
        let name = self.definition.name.parse().expect("a name");
        Guided::opened(&oda, &name).await
    }

    /// The objects of the checkpoint as they are now.
    pub fn checkpoint(&self) -> Objects {
        let prefix = self.definition.checkpoint_prefix();
        self.ground.bucket().objects(&prefix)
    }

    /// The query's id, by `metadata`.
    pub fn query_id(&self) -> StreamMetadata {
        let metadata = StreamMetadata::parse(&self.checkpoint()["metadata"]);
        metadata.value.expect("an id")
    }

    /// The keys of the bronze objects as they are now.
    pub fn bronze_keys(&self) -> BTreeSet<String> {
        self.ground.bucket().keys(&self.definition.bronze_prefix())
    }

    /// What Sluice did since the stage was set.
    pub fn deeds(&self) -> Deeds {
        let record = &self.ground.sandbox.shared.record;
        assert_eq!(record.dropped(), 0, "the record is not whole");
        Deeds::since(record, self.recorded)
    }

    /// Where each of so many partitions begins in the objects that are new since, in
    /// which every offset from there on is held once.
    pub async fn new_bronze_begins(
        &self,
        old: &BTreeSet<String>,
        partitions: usize,
    ) -> PartitionOffsets {
        let prefix = self.definition.bronze_prefix();
        until(
            "bronze of each partition",
            Duration::from_secs(120),
            async || {
                let ranges = self.ground.bucket().bronze(&prefix, old);
                let began = Bronze::beginnings(&ranges)?;
                match began.len() == partitions {
                    true => Ok(began),
                    false => Err(format!("{began:?}")),
                }
            },
        )
        .await
    }
}
