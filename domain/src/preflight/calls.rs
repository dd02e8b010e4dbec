//! The calls that a plan's steps make in the role that changes things, so that
//! the role can be asked about them.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::JobRunId;
use crate::keyset::KeySet;
use crate::plan::{Plan, StepKind};
use crate::probe::{Need, partition_of};
use crate::stream::{Prefix, Stream};

/// A file that every checkpoint has or will have, for a prefix of which no key
/// is known yet.
const ANY_FILE: &str = "offsets/0";
/// So many keys of what is deleted are asked about: policies know prefixes, not
/// objects.
const KEYS_MAX: usize = 4;
const IF_MATCH: (&str, &str) = ("s3:if-match", "etag");
const IF_ABSENT: (&str, &str) = ("s3:if-none-match", "*");

/// What the role that changes things needs, by what it needs it for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanNeeds {
    /// On the checkpoint.
    pub checkpoint: Vec<Need>,
    /// On the backup.
    pub backup: Vec<Need>,
    /// On the application, its job runs and the job's role.
    pub job: Vec<Need>,
}

/// The calls of the plan's steps and of its undo. `account` is that of the
/// application; `job_role` is the ARN of the role that a started job gets,
/// where it is known.
#[must_use]
pub fn plan_needs(
    plan: &Plan,
    stream: &Stream,
    account: &str,
    job_role: Option<&str>,
) -> PlanNeeds {
    let mut calls = Calls {
        partition: partition_of(&stream.region),
        application: format!(
            "arn:{}:emr-serverless:{}:{account}:/applications/{}",
            partition_of(&stream.region),
            stream.region,
            stream.application
        ),
        job_role,
        ..Calls::default()
    };
    for step in plan.body.steps.iter().chain(&plan.body.undo) {
        calls.of_step(&step.kind);
    }
    PlanNeeds {
        checkpoint: listed(calls.checkpoint),
        backup: listed(calls.backup),
        job: listed(calls.job),
    }
}

type ByResource = BTreeMap<String, Need>;

#[derive(Default)]
struct Calls<'a> {
    partition: &'static str,
    application: String,
    job_role: Option<&'a str>,
    checkpoint: ByResource,
    backup: ByResource,
    job: ByResource,
}

impl Calls<'_> {
    /// No catch-all: a new kind of step has to say here what it calls.
    fn of_step(&mut self, kind: &StepKind) {
        match kind {
            // It looks, in the role that only looks.
            StepKind::Hold(_) => {}
            StepKind::Stop(step) => {
                self.job_runs(
                    &step.job_runs,
                    &["emr-serverless:CancelJobRun", "emr-serverless:GetJobRun"],
                );
            }
            StepKind::Wait(step) => {
                self.job_runs(&step.job_runs, &["emr-serverless:GetJobRun"]);
                self.list(false, &step.prefix);
                let bucket = self.bucket(&step.prefix);
                let uploads = ["s3:ListBucketMultipartUploads"];
                add(&mut self.checkpoint, bucket, &uploads, &[]);
            }
            StepKind::Copy(step) => {
                self.list(false, &step.from);
                let read = ["s3:GetObject", "s3:GetObjectTagging"];
                self.object(false, &step.from, ANY_FILE, &read, &[]);
                self.list(true, &step.to);
                let write = ["s3:PutObject", "s3:PutObjectTagging"];
                self.object(true, &step.to, ANY_FILE, &write, &[IF_ABSENT]);
            }
            StepKind::Seal(step) => {
                self.list(false, &step.from);
                self.list(true, &step.to);
                self.object(false, &step.from, ANY_FILE, &["s3:GetObject"], &[]);
                self.object(true, &step.to, ANY_FILE, &["s3:GetObject"], &[]);
                let manifest = step.manifest.trim_start_matches("s3://");
                let manifest = format!("arn:{}:s3:::{manifest}", self.partition);
                let actions = ["s3:GetObject", "s3:PutObject"];
                add(&mut self.backup, manifest, &actions, &[IF_ABSENT]);
            }
            StepKind::CloseGate(step) => {
                let on = if step.replaces.is_some() {
                    IF_MATCH
                } else {
                    IF_ABSENT
                };
                self.write(&step.prefix, "metadata", on);
            }
            StepKind::Clear(step) => self.delete(&step.prefix, &step.keys),
            StepKind::Seed(step) => self.write(&step.prefix, &step.key(), IF_ABSENT),
            StepKind::Edit(step) => {
                self.delete(&step.prefix, &step.deletes);
                for write in &step.writes {
                    let on = if write.replaces.is_some() {
                        IF_MATCH
                    } else {
                        IF_ABSENT
                    };
                    self.write(&step.prefix, &write.key, on);
                }
            }
            StepKind::Restore(step) => {
                self.list(true, &step.from);
                let read = ["s3:GetObject", "s3:GetObjectTagging"];
                self.object(true, &step.from, ANY_FILE, &read, &[]);
                let manifest = step.manifest.trim_start_matches("s3://");
                let manifest = format!("arn:{}:s3:::{manifest}", self.partition);
                add(&mut self.backup, manifest, &["s3:GetObject"], &[]);
                self.list(false, &step.prefix);
                let write = ["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"];
                self.object(false, &step.prefix, ANY_FILE, &write, &[IF_ABSENT]);
            }
            StepKind::OpenGate(step) => self.write(&step.prefix, "metadata", IF_MATCH),
            StepKind::Restart(step) => self.restart(&step.base),
            StepKind::ReadBack(step) => self.read(&step.prefix),
            StepKind::Confirm(step) => self.read(&step.prefix),
            // It looks, in the role that only looks.
            StepKind::Watch(_) => {}
        }
    }

    fn restart(&mut self, base: &JobRunId) {
        self.job_runs(
            std::slice::from_ref(base),
            &["emr-serverless:GetJobRun", "emr-serverless:TagResource"],
        );
        let actions = ["emr-serverless:ListJobRuns", "emr-serverless:StartJobRun"];
        add(&mut self.job, self.application.clone(), &actions, &[]);
        if let Some(role) = self.job_role {
            let service = ("iam:PassedToService", "emr-serverless.amazonaws.com");
            add(
                &mut self.job,
                role.to_owned(),
                &["iam:PassRole"],
                &[service],
            );
        }
    }

    fn job_runs(&mut self, ids: &[JobRunId], actions: &[&'static str]) {
        for id in ids {
            let resource = format!("{}/jobruns/{id}", self.application);
            add(&mut self.job, resource, actions, &[]);
        }
    }

    fn read(&mut self, prefix: &Prefix) {
        self.list(false, prefix);
        self.object(false, prefix, ANY_FILE, &["s3:GetObject"], &[]);
    }

    fn write(&mut self, prefix: &Prefix, key: &str, on: (&'static str, &str)) {
        let actions = ["s3:GetObject", "s3:PutObject"];
        self.object(false, prefix, key, &actions, &[on]);
    }

    /// A delete on an ETag needs the right to read the object too.
    fn delete(&mut self, prefix: &Prefix, keys: &KeySet) {
        if keys.count == 0 {
            return;
        }
        self.list(false, prefix);
        let ends: BTreeSet<&str> = keys
            .chunks
            .iter()
            .flat_map(|chunk| [chunk.first.as_str(), chunk.last.as_str()])
            .collect();
        for key in ends.into_iter().take(KEYS_MAX) {
            let actions = ["s3:GetObject", "s3:DeleteObject"];
            self.object(false, prefix, key, &actions, &[IF_MATCH]);
        }
    }

    fn list(&mut self, backup: bool, prefix: &Prefix) {
        let bucket = self.bucket(prefix);
        let under = [("s3:prefix", prefix.key())];
        let side = self.side(backup);
        add(side, bucket, &["s3:ListBucket"], &under);
    }

    fn object(
        &mut self,
        backup: bool,
        prefix: &Prefix,
        key: &str,
        actions: &[&'static str],
        context: &[(&'static str, &str)],
    ) {
        let resource = format!("{}/{}{key}", self.bucket(prefix), prefix.key());
        add(self.side(backup), resource, actions, context);
    }

    fn side(&mut self, backup: bool) -> &mut ByResource {
        if backup {
            &mut self.backup
        } else {
            &mut self.checkpoint
        }
    }

    fn bucket(&self, prefix: &Prefix) -> String {
        format!("arn:{}:s3:::{}", self.partition, prefix.bucket())
    }
}

fn add(
    to: &mut ByResource,
    resource: String,
    actions: &[&'static str],
    context: &[(&'static str, &str)],
) {
    let need = to.entry(resource.clone()).or_insert_with(|| Need {
        actions: Vec::new(),
        resource,
        context: Vec::new(),
    });
    for action in actions {
        if !need.actions.contains(action) {
            need.actions.push(action);
        }
    }
    for (key, value) in context {
        if !need.context.iter().any(|(there, _)| there == key) {
            need.context.push((key, (*value).to_owned()));
        }
    }
}

fn listed(by_resource: ByResource) -> Vec<Need> {
    by_resource.into_values().collect()
}
