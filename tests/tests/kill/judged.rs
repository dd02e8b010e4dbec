//! What a Run left behind, by the bucket and by the sandbox's record.

use std::collections::{BTreeMap, BTreeSet};

use domain::checkpoint::{CheckpointFile, StreamMetadata};
use domain::plan::{Plan, StepKind};
use sandbox::emr::RunFilter;
use tests::{Deeds, Ground, Objects, Sluice};

const CHECKPOINT: &str = "_checkpoints/streaming/orders/";

/// How everything was before a Run touched it.
pub(crate) struct Before {
    checkpoint: Objects,
    etags: BTreeMap<String, String>,
    recorded: u64,
}

impl Before {
    pub(crate) fn now(ground: &Ground) -> Self {
        let bucket = ground.bucket();
        Self {
            checkpoint: bucket.objects(CHECKPOINT),
            etags: bucket.etags(CHECKPOINT),
            recorded: ground.sandbox.shared.record.last_seq(),
        }
    }

    /// The newest batch of the commit log.
    pub(crate) fn newest_commit(&self) -> i64 {
        let commits =
            self.checkpoint
                .keys()
                .filter_map(|key| match CheckpointFile::of_key(key) {
                    CheckpointFile::Commits(batch) => Some(batch),
                    _ => None,
                });
        commits.max().expect("a commit")
    }
}

/// A finished Run has rolled back to `batch`: when the one job run was started, the
/// checkpoint was what it had been without the log above the batch, `metadata` told
/// the same query, and nothing was done twice.
pub(crate) fn went_back(ground: &Ground, before: &Before, plan: &Plan, batch: i64) {
    let record = &ground.sandbox.shared.record;
    assert_eq!(record.dropped(), 0, "the record is not whole");
    let deeds = Deeds::since(record, before.recorded);
    assert_eq!(job_runs_of(ground, plan), 1, "job runs of this Run");
    assert_eq!(deeds.accepted("StartJobRun"), 1);
    let above = |key: &str| match CheckpointFile::of_key(key) {
        CheckpointFile::Offsets(of) | CheckpointFile::Commits(of) => of > batch,
        _ => false,
    };
    let gone: BTreeMap<String, usize> = before
        .checkpoint
        .keys()
        .filter(|key| above(key))
        .map(|key| (key.clone(), 1))
        .collect();
    assert_eq!(
        deeds.changes_by("DeleteObjects", CHECKPOINT),
        gone,
        "deletes"
    );
    let written = BTreeMap::from([("metadata".to_owned(), 2)]);
    assert_eq!(deeds.changes_by("PutObject", CHECKPOINT), written, "writes");
    // By ETags, so that the bytes are the same too; but for `metadata`, which is as
    // Sluice writes it.
    let mut at_the_start = deeds.etags_at_the_start(CHECKPOINT, &before.etags);
    let mut expected = before.etags.clone();
    expected.retain(|key, _| !above(key));
    assert!(at_the_start.remove("metadata").is_some());
    assert!(expected.remove("metadata").is_some());
    assert_eq!(at_the_start, expected);
    let id = |bytes: &[u8]| StreamMetadata::parse(bytes).value.map(|m| m.id);
    let now = ground.bucket().bytes(&format!("{CHECKPOINT}metadata"));
    let was = id(&before.checkpoint["metadata"]);
    assert!(was.is_some());
    assert_eq!(id(&now.expect("metadata")), was);
    let sealed = plan.body.sealed.as_ref().expect("a sealed backup");
    assert_eq!(
        ground.bucket().objects(sealed.backup.key()),
        before.checkpoint
    );
}

/// A finished Run has put a backup back: what was there went and what was sealed
/// came, each once, and when the one job run was started exactly that lay there.
pub(crate) fn put_back(ground: &Ground, before: &Before, plan: &Plan, backup: &str) {
    let record = &ground.sandbox.shared.record;
    assert_eq!(record.dropped(), 0, "the record is not whole");
    let deeds = Deeds::since(record, before.recorded);
    assert_eq!(job_runs_of(ground, plan), 1, "job runs of this Run");
    assert_eq!(deeds.accepted("StartJobRun"), 1);
    let sealed = ground.bucket().etags(backup);
    let once = |keys: &mut dyn Iterator<Item = &String>| -> BTreeMap<String, usize> {
        let keys = keys.filter(|key| *key != "metadata");
        keys.map(|key| (key.clone(), 1)).collect()
    };
    let deleted = deeds.changes_by("DeleteObjects", CHECKPOINT);
    assert_eq!(deleted, once(&mut before.checkpoint.keys()), "deletes");
    let copied = deeds.changes_by("CopyObject", CHECKPOINT);
    assert_eq!(copied, once(&mut sealed.keys()), "copies");
    let written = BTreeMap::from([("metadata".to_owned(), 2)]);
    assert_eq!(deeds.changes_by("PutObject", CHECKPOINT), written, "writes");
    // By ETags, so that the bytes are the same too, those of metadata among them.
    let at_the_start = deeds.etags_at_the_start(CHECKPOINT, &before.etags);
    assert_eq!(at_the_start, sealed);
    assert!(deeds.changes_by("CopyObject", backup).is_empty());
    assert!(deeds.changes_by("PutObject", backup).is_empty());
    let own = plan.body.sealed.as_ref().expect("a sealed backup");
    assert_eq!(ground.bucket().objects(own.backup.key()), before.checkpoint);
}

/// What a finished Run left behind, held against its plan.
#[derive(Debug)]
pub(crate) struct Left {
    /// The bytes of `sources/0/0`.
    pub(crate) seed: Vec<u8>,
    /// The keys under the checkpoint when the job was started.
    pub(crate) keys_at_the_start: BTreeSet<String>,
    /// How often a StartJobRun was accepted; EMR takes one twice under one token.
    pub(crate) starts_accepted: usize,
}

impl Left {
    /// Looks at everything; fails where something is not as it should be.
    pub(crate) fn by(ground: &Ground, before: &Before, plan: &Plan) -> Self {
        let bucket = ground.bucket();
        let record = &ground.sandbox.shared.record;
        assert_eq!(record.dropped(), 0, "the record is not whole");
        let deeds = Deeds::since(record, before.recorded);

        assert_eq!(job_runs_of(ground, plan), 1, "job runs of this Run");
        let at_the_start = deeds.etags_at_the_start(CHECKPOINT, &before.etags);
        let written = written_by(plan);
        let now = bucket.etags(CHECKPOINT);
        for (key, bytes) in &written {
            let there = bucket.bytes(&format!("{CHECKPOINT}{key}"));
            assert_eq!(there.as_ref(), Some(bytes), "{key}");
            // So these very bytes were there when the job was started.
            assert_eq!(at_the_start.get(key), now.get(key), "{key}");
        }
        let keys: BTreeSet<String> = at_the_start.into_keys().collect();
        assert_eq!(keys, written.keys().cloned().collect());

        let sealed = plan.body.sealed.as_ref().expect("a sealed backup");
        assert_eq!(bucket.objects(sealed.backup.key()), before.checkpoint);
        nothing_was_done_twice(&deeds, before, &written);
        Self {
            seed: written["sources/0/0"].clone(),
            keys_at_the_start: keys,
            starts_accepted: deeds.accepted("StartJobRun"),
        }
    }
}

/// The log was rewritten once: each old file of it is deleted or replaced once, and
/// the one job run found nothing but the new ones.
pub(crate) fn rewrote_once(ground: &Ground, before: &Before, plan: &Plan) {
    let record = &ground.sandbox.shared.record;
    assert_eq!(record.dropped(), 0, "the record is not whole");
    let deeds = Deeds::since(record, before.recorded);
    assert_eq!(job_runs_of(ground, plan), 1, "job runs of this Run");
    let is_log = |key: &str| key.starts_with("offsets/") || key.starts_with("commits/");
    let put = deeds.changes_by("PutObject", CHECKPOINT);
    assert_eq!(put.get("metadata"), Some(&2), "{put:?}");
    let log: BTreeSet<&String> = put.keys().filter(|key| is_log(key)).collect();
    assert_eq!(log.len(), 3, "{put:?}");
    assert!(log.iter().all(|key| put[*key] == 1), "{put:?}");
    let deleted = deeds.changes_by("DeleteObjects", CHECKPOINT);
    let expected: BTreeMap<String, usize> = before
        .checkpoint
        .keys()
        .filter(|key| is_log(key) && !log.contains(key))
        .map(|key| (key.clone(), 1))
        .collect();
    assert_eq!(deleted, expected, "deletes");
    let at_the_start = deeds.etags_at_the_start(CHECKPOINT, &before.etags);
    let of_log: BTreeSet<&String> =
        at_the_start.keys().filter(|key| is_log(key)).collect();
    assert_eq!(of_log, log);
}

/// How many job runs EMR has with the tag of the plan's Run.
fn job_runs_of(ground: &Ground, plan: &Plan) -> usize {
    let emr = &ground.sandbox.world.emr;
    emr.job_runs(ground.orders().application, &RunFilter::default())
        .iter()
        .filter(|run| run.tags.values().any(|tag| tag == plan.body.run.as_str()))
        .count()
}

/// What the plan says will lie in the checkpoint when the job is started.
fn written_by(plan: &Plan) -> Objects {
    let mut objects = Objects::new();
    for step in &plan.body.steps {
        match &step.kind {
            StepKind::Seed(seed) => {
                let offsets = seed.offsets.clone();
                let initial = domain::checkpoint::InitialOffset { offsets };
                objects.insert(seed.key(), initial.render());
            }
            StepKind::OpenGate(gate) => {
                objects.insert("metadata".to_owned(), gate.body().into_bytes());
            }
            _ => {}
        }
    }
    assert_eq!(objects.len(), 2, "{:?}", objects.keys());
    objects
}

/// Each object of the old checkpoint is deleted once, `metadata` replaced twice (the
/// gate is closed and opened), and the seed written once.
fn nothing_was_done_twice(deeds: &Deeds, before: &Before, written: &Objects) {
    let deleted = deeds.changes_by("DeleteObjects", CHECKPOINT);
    let expected: BTreeMap<String, usize> = before
        .checkpoint
        .keys()
        .filter(|key| *key != "metadata")
        .map(|key| (key.clone(), 1))
        .collect();
    assert_eq!(deleted, expected, "deletes");
    let put = deeds.changes_by("PutObject", CHECKPOINT);
    let expected: BTreeMap<String, usize> = written
        .keys()
        .map(|key| (key.clone(), if key == "metadata" { 2 } else { 1 }))
        .collect();
    assert_eq!(put, expected, "writes");
}

/// Whether Sluice had a job run cancelled since this entry of the record.
pub(crate) fn cancelled_since(ground: &Ground, recorded: u64) -> bool {
    Deeds::since(&ground.sandbox.shared.record, recorded).accepted("CancelJobRun") > 0
}

/// Proves the journal by the binary's own command.
pub(crate) async fn chain_verifies(ground: &Ground) {
    let output = tokio::process::Command::new(Sluice::binary())
        .args(["audit", "verify", "--config"])
        .arg(ground.config())
        .output()
        .await
        .expect("the binary can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
