//! What Sluice did, by the sandbox's own record.

use std::collections::BTreeMap;

use sandbox::iam::{OPERATOR_ROLE, SLUICE};
use sandbox::record::{Entry, Outcome, Query, Record};
use sandbox::streams::BUCKET;

/// What the names of the objects begin with on which conditions are tried.
const TRIAL: &str = "sluice-conditions-probe-";

/// Calls of Sluice that could change something, oldest first.
#[derive(Debug, Clone)]
pub struct Deeds {
    all: Vec<Entry>,
}

impl Deeds {
    /// Those after the entry `after_seq` of the record.
    pub fn since(record: &Record, after_seq: u64) -> Self {
        let changes = record.query(&Query {
            after_seq: Some(after_seq),
            effect: Some(sandbox::record::Effect::Change),
            ..Query::default()
        });
        Self { all: changes }
    }

    /// Sluice's own.
    pub fn of_sluice(&self) -> impl Iterator<Item = &Entry> {
        self.all.iter().filter(|entry| is_sluice(entry))
    }

    /// Keys that Sluice wrote or deleted, or tried to, but for those of a trial of
    /// conditions.
    pub fn keys(&self) -> Vec<String> {
        let mut keys = self.all_keys();
        keys.retain(|key| !key.contains(TRIAL));
        keys
    }

    /// As [`Deeds::keys`], with those of trials.
    pub fn all_keys(&self) -> Vec<String> {
        self.of_sluice()
            .filter(|entry| entry.call.service == "s3")
            .map(|entry| match &entry.call.s3 {
                Some(target) if target.bucket == BUCKET => target.key.clone(),
                Some(target) => format!("{}/{}", target.bucket, target.key),
                None => format!("{:?}", entry.call.params),
            })
            .collect()
    }

    /// How often this operation of Sluice's was accepted.
    pub fn accepted(&self, action: &str) -> usize {
        self.of_sluice()
            .filter(|entry| entry.call.action == action)
            .filter(|entry| entry.call.outcome == Outcome::Done)
            .count()
    }

    /// How often each key below a prefix was changed by this operation of Sluice's. A
    /// delete of what was gone already is no change.
    pub fn changes_by(&self, action: &str, prefix: &str) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for entry in self.of_sluice() {
            let target = entry.call.s3.as_ref();
            let had_bytes = target.is_some_and(|target| target.etag.is_some());
            let (true, Some((key, _))) = (had_bytes, changed(entry, prefix)) else {
                continue;
            };
            if entry.call.action == action {
                *counts.entry(key).or_default() += 1;
            }
        }
        counts
    }

    /// The ETags under a prefix when Sluice had its first job run accepted, by the
    /// rest of their keys, worked out from how they were `before` and from everything
    /// that anybody did to them since.
    pub fn etags_at_the_start(
        &self,
        prefix: &str,
        before: &BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let start = self
            .of_sluice()
            .find(|entry| {
                entry.call.action == "StartJobRun" && entry.call.outcome == Outcome::Done
            })
            .expect("a job run was started")
            .seq;
        let mut etags = before.clone();
        for entry in self.all.iter().filter(|entry| entry.seq < start) {
            let Some((key, etag)) = changed(entry, prefix) else {
                continue;
            };
            assert!(is_sluice(entry), "somebody else wrote {key}: {entry:?}");
            match etag {
                Some(etag) => etags.insert(key, etag),
                None => etags.remove(&key),
            };
        }
        etags
    }
}

fn is_sluice(entry: &Entry) -> bool {
    let principal = &entry.call.principal;
    principal.ends_with(&format!("user/{}", SLUICE.user))
        || principal.contains(&format!("assumed-role/{OPERATOR_ROLE}/"))
}

/// Which key under the prefix a call changed, and to what; `None` is gone.
fn changed(entry: &Entry, prefix: &str) -> Option<(String, Option<String>)> {
    let target = entry.call.s3.as_ref()?;
    let key = target.key.strip_prefix(prefix)?.to_owned();
    if target.bucket != BUCKET || entry.call.outcome != Outcome::Done {
        return None;
    }
    match entry.call.action.as_str() {
        "DeleteObject" | "DeleteObjects" => Some((key, None)),
        "PutObject" | "CopyObject" | "CompleteMultipartUpload" => {
            Some((key, target.etag.clone()))
        }
        _ => None,
    }
}
