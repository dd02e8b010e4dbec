//! The dry run: a plan in words, with the commands that do the same by hand.

use serde::{Deserialize, Serialize};

use super::{EditStep, Plan, RestartStep, SeedStep, Step, StepKind};
use crate::checkpoint::InitialOffset;
use crate::ids::{Digest, StepId};
use crate::keyset::Chunk;
use crate::stream::Prefix;
use crate::text::{bytes, counted, shell_quoted};
use crate::time::human_duration;

/// A plan in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderedPlan {
    /// The plan's id.
    pub id: Digest,
    /// The steps in order.
    pub steps: Vec<RenderedStep>,
}

/// A step in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderedStep {
    /// The step.
    pub id: StepId,
    /// The step's word, such as `close-gate`.
    pub word: String,
    /// A verb and its object.
    pub title: String,
    /// What it will do, in a sentence or two.
    pub will: String,
    /// Commands that do the same, each to be copied as it is.
    pub commands: Vec<String>,
    /// Whether the checkpoint is changed from here on, so that a restart alone
    /// no longer undoes it.
    pub point_of_no_return: bool,
}

/// Puts `plan` into words.
#[must_use]
pub fn render(plan: &Plan) -> RenderedPlan {
    RenderedPlan {
        id: plan.id.clone(),
        steps: plan.body.steps.iter().map(step).collect(),
    }
}

/// A verb and its object, for a step anywhere on a page.
#[must_use]
pub fn title(kind: &StepKind) -> &'static str {
    match kind {
        StepKind::Hold(_) => "Hold the stream",
        StepKind::Stop(_) => "Stop the job",
        StepKind::Wait(_) => "Wait for its end and for quiet",
        StepKind::Copy(_) => "Copy the checkpoint",
        StepKind::Seal(_) => "Verify and seal the backup",
        StepKind::CloseGate(_) => "Close the gate",
        StepKind::Clear(_) => "Clear the checkpoint",
        StepKind::Seed(_) => "Write the starting offsets",
        StepKind::Edit(_) => "Change the checkpoint's log",
        StepKind::Restore(_) => "Put the backup back",
        StepKind::OpenGate(_) => "Open the gate",
        StepKind::Restart(_) => "Start the job",
        StepKind::ReadBack(_) => "Read back where it began",
        StepKind::Confirm(_) => "Confirm where it went on",
        StepKind::Watch(_) => "Watch it advance",
    }
}

fn step(step: &Step) -> RenderedStep {
    RenderedStep {
        id: step.id.clone(),
        word: step.kind.word().to_owned(),
        title: title(&step.kind).to_owned(),
        will: will(&step.kind),
        commands: commands(&step.kind),
        point_of_no_return: matches!(step.kind, StepKind::CloseGate(_)),
    }
}

fn will(kind: &StepKind) -> String {
    match kind {
        StepKind::Hold(_) => {
            "No other Run can be started on this stream or on an overlapping prefix."
                .to_owned()
        }
        StepKind::Stop(s) => format!(
            "Cancels job run {} on application {}{}.",
            s.job_runs
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            s.application,
            s.grace_s
                .map_or_else(String::new, |g| format!(", with {g} s of grace"))
        ),
        StepKind::Wait(s) => format!(
            "Asks EMR until every job run has ended, then waits until no object under {} has changed for {}. After {} a person is asked.",
            s.prefix.uri(),
            human_duration(s.quiet_ms),
            human_duration(s.deadline_ms)
        ),
        StepKind::Copy(s) => format!(
            "Copies every object under {} to {}, each only if it is unchanged and the destination is free.",
            s.from.uri(),
            s.to.uri()
        ),
        StepKind::Seal(s) => format!(
            "Compares every copy with its source by checksum, lists the source again, and writes {}.",
            s.manifest
        ),
        StepKind::CloseGate(s) => format!(
            "Replaces {}metadata by a text that Spark refuses, so that nothing can start this job meanwhile.",
            s.prefix.uri()
        ),
        StepKind::Clear(s) => format!(
            "Deletes {} ({}) of the sealed backup's list under {}, and nothing else.",
            counted(s.keys.count, "object", "objects"),
            bytes(s.keys.bytes),
            s.prefix.uri()
        ),
        StepKind::Seed(s) => format!(
            "Writes {}{} with the starting offsets of {}. Spark then begins exactly there.",
            s.prefix.uri(),
            s.key(),
            counted(s.offsets.len() as u64, "partition", "partitions")
        ),
        StepKind::Edit(s) => edits(s),
        StepKind::Restore(s) => format!(
            "Copies {} ({}) of the backup {} to {}, each by the ETag that its manifest names and only where nothing lies. Compares every one by checksum, and lists that nothing else lies there. metadata comes with the gate.",
            counted(s.keys.count, "object", "objects"),
            bytes(s.keys.bytes),
            s.from.uri(),
            s.prefix.uri()
        ),
        StepKind::OpenGate(s) if s.text.is_some() => format!(
            "Replaces the closed gate by the backup's own metadata, with query id {}.",
            s.query_id
        ),
        StepKind::OpenGate(s) => format!(
            "Replaces the closed gate by a metadata with query id {}.",
            s.query_id
        ),
        StepKind::Restart(s) => {
            let changed = s.setting.as_ref().map_or_else(String::new, |setting| {
                format!(
                    " One thing is changed in them: {} is set to the starting offsets{}, which the job's code has to read.",
                    setting.place(),
                    setting.offsets().map_or_else(String::new, |offsets| format!(
                        " of {}",
                        counted(offsets.len() as u64, "partition", "partitions")
                    ))
                )
            });
            format!(
                "Starts a job run on application {} from the driver and configuration of job run {}, at most once.{changed}",
                s.application, s.base
            )
        }
        StepKind::ReadBack(s) => format!(
            "Compares the starting offsets that the job took with the plan's, partition by partition, within {}.",
            human_duration(s.deadline_ms)
        ),
        StepKind::Confirm(s) => format!(
            "Waits until batch {} is committed, within {}, and compares what it read with the plan's offsets.",
            s.batch,
            human_duration(s.deadline_ms)
        ),
        StepKind::Watch(s) => format!(
            "Waits until {} are committed{}, within {}.",
            counted(u64::from(s.batches), "batch", "batches"),
            match s.from_batch {
                0 => String::new(),
                from => format!(", from batch {from} on"),
            },
            human_duration(s.deadline_ms)
        ),
    }
}

fn commands(kind: &StepKind) -> Vec<String> {
    match kind {
        StepKind::Hold(_) => Vec::new(),
        StepKind::Stop(s) => s
            .job_runs
            .iter()
            .map(|id| {
                let grace = s
                    .grace_s
                    .map_or_else(String::new, |g| format!(" --shutdown-grace-period-in-seconds {g}"));
                format!(
                    "aws emr-serverless cancel-job-run --application-id {} --job-run-id {id}{grace}",
                    s.application
                )
            })
            .collect(),
        StepKind::Wait(s) => s
            .job_runs
            .iter()
            .map(|id| {
                format!(
                    "aws emr-serverless get-job-run --application-id {} --job-run-id {id} --query jobRun.state",
                    s.application
                )
            })
            .chain([list(&s.prefix)])
            .collect(),
        StepKind::Copy(s) => vec![format!(
            "aws s3 cp --recursive {} {}",
            shell_quoted(&s.from.uri()),
            shell_quoted(&s.to.uri())
        )],
        StepKind::Seal(s) => vec![list(&s.from), list(&s.to)],
        StepKind::CloseGate(s) => {
            vec![put(&s.prefix, "metadata", &s.body, s.replaces.as_deref())]
        }
        StepKind::Clear(s) => s
            .keys
            .chunks
            .iter()
            .map(|chunk| delete(&s.prefix, chunk))
            .collect(),
        StepKind::Edit(s) => s
            .deletes
            .chunks
            .iter()
            .map(|chunk| delete(&s.prefix, chunk))
            .chain(s.writes.iter().map(|w| {
                put(&s.prefix, &w.key, &w.body, w.replaces.as_deref())
            }))
            .collect(),
        StepKind::Seed(s) => vec![seed(s)],
        StepKind::Restore(s) => vec![
            format!(
                "aws s3 cp --recursive --exclude metadata {} {}",
                shell_quoted(&s.from.uri()),
                shell_quoted(&s.prefix.uri())
            ),
            list(&s.prefix),
        ],
        StepKind::OpenGate(s) => vec![put(&s.prefix, "metadata", &s.body(), None)],
        StepKind::Restart(s) => vec![restart(s)],
        StepKind::ReadBack(s) => (0..s.sources.len())
            .map(|source| {
                format!(
                    "aws s3 cp {}sources/{source}/0 - | tail -c +2",
                    s.prefix.uri()
                )
            })
            .collect(),
        StepKind::Confirm(s) => vec![
            format!("aws s3 cp {}offsets/{} -", s.prefix.uri(), s.batch),
            format!("aws s3 ls {}commits/{}", s.prefix.uri(), s.batch),
        ],
        StepKind::Watch(s) => vec![format!("aws s3 ls {}commits/", s.prefix.uri())],
    }
}

fn list(prefix: &Prefix) -> String {
    format!("aws s3 ls --recursive {}", shell_quoted(&prefix.uri()))
}

fn delete(prefix: &Prefix, chunk: &Chunk) -> String {
    format!(
        "aws s3api delete-objects --bucket {} --delete file://chunk-{}.json   # {} keys, {} to {}",
        prefix.bucket(),
        chunk.sha256.short(),
        chunk.count,
        shell_quoted(&chunk.first),
        shell_quoted(&chunk.last)
    )
}

fn edits(step: &EditStep) -> String {
    let mut said = Vec::new();
    if step.deletes.count > 0 {
        said.push(format!(
            "Deletes {} ({}) of the sealed backup's list under {}, state first and then the log from its newest batch down, and nothing else.",
            counted(step.deletes.count, "object", "objects"),
            bytes(step.deletes.bytes),
            step.prefix.uri()
        ));
    }
    for write in &step.writes {
        said.push(format!(
            "Writes {}{}{}.",
            step.prefix.uri(),
            write.key,
            match &write.replaces {
                Some(_) => " in place of what the sealed backup holds of it",
                None => "",
            }
        ));
    }
    said.join(" ")
}

fn put(prefix: &Prefix, name: &str, body: &str, if_match: Option<&str>) -> String {
    let condition = if_match.map_or_else(String::new, |etag| {
        format!(" --if-match {}", shell_quoted(etag))
    });
    // The file here is named by the key's last part.
    let file = name.rsplit('/').next().unwrap_or(name);
    format!(
        "printf %s {} > {file} && aws s3api put-object --bucket {} --key {} --body {file}{condition}",
        shell_quoted(body),
        prefix.bucket(),
        shell_quoted(&format!("{}{name}", prefix.key()))
    )
}

fn seed(step: &SeedStep) -> String {
    let rendered = InitialOffset {
        offsets: step.offsets.clone(),
    }
    .render();
    // The first byte is NUL, which no argument can hold.
    let text = String::from_utf8_lossy(&rendered[1..]).replace('\n', "\\n");
    format!(
        "printf '\\0{text}' > seed && aws s3api put-object --bucket {} --key {} --body seed --if-none-match '*'",
        step.prefix.bucket(),
        shell_quoted(&format!("{}{}", step.prefix.key(), step.key()))
    )
}

fn restart(step: &RestartStep) -> String {
    // The driver is sensitive, so the command reads it from the earlier job
    // run instead of spelling it out.
    let changed = step.setting.as_ref().map_or_else(String::new, |setting| {
        format!(" | {}", super::setting_jq::program(setting))
    });
    let program = format!(
        ".jobRun | {{applicationId, name, executionRoleArn: .executionRole, jobDriver, configurationOverrides, mode, retryPolicy, executionTimeoutMinutes, clientToken: \"{token}\", tags: ((.tags // {{}}) + {{\"sluice-run\": \"{tag}\"}})}} | del(..|nulls){changed}",
        token = step.client_token,
        tag = step.tag
    );
    format!(
        "aws emr-serverless get-job-run --application-id {app} --job-run-id {base} | jq {program} > start.json && aws emr-serverless start-job-run --cli-input-json file://start.json",
        app = step.application,
        base = step.base,
        program = shell_quoted(&program)
    )
}
