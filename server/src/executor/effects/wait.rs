//! Waits until EMR says that every job run has ended, then until the prefix has
//! been quiet. Quiet never stands in for EMR's word.

use domain::keyset::KeyEntry;
use domain::plan::WaitStep;
use domain::run::Facts;
use domain::snapshot::JobRunState;
use domain::time::human_duration;
use tokio::time::Instant;

use super::{Effect, Work};
use crate::aws::Object;
use crate::clock;
use crate::executor::problem::Stopped;

impl Work<'_> {
    pub(super) async fn wait(&self, step: &WaitStep) -> Result<Effect, Stopped> {
        let began = clock::now();
        let mut quiet_since = Instant::now();
        let mut before: Option<Vec<KeyEntry>> = None;
        let mut told = String::new();
        loop {
            let states = self.states(step).await?;
            let alive: Vec<String> = states
                .iter()
                .filter(|(_, state)| state.may_write())
                .map(|(id, state)| format!("{id} is {}", state.word()))
                .collect();
            if !alive.is_empty() {
                self.within(began, step.deadline_ms, "The end of the job")?;
                self.tell_once(&mut told, format!("Job run {}.", alive.join(", ")))
                    .await;
                before = None;
                self.pause().await?;
                continue;
            }
            // Another job run may have been started meanwhile, by a retry or
            // by somebody.
            self.refuse_writers().await?;
            let now = self.list(&step.prefix).await?;
            let uploads = self
                .aws
                .s3()
                .open_uploads(step.prefix.bucket(), step.prefix.key())
                .await?;
            let entries = entries(&now);
            if before.as_ref() != Some(&entries) || uploads > 0 {
                self.within(began, step.deadline_ms, "A quiet prefix")?;
                quiet_since = Instant::now();
                before = Some(entries);
            }
            let quiet_ms =
                i64::try_from(quiet_since.elapsed().as_millis()).unwrap_or(i64::MAX);
            if quiet_ms >= step.quiet_ms {
                return Ok(Effect::done(Facts::Quiet {
                    job_runs: states
                        .into_iter()
                        .map(|(id, state)| (id, state.word().to_owned()))
                        .collect(),
                    changed_at: now.iter().map(|o| o.last_modified).max(),
                }));
            }
            self.tell_once(
                &mut told,
                format!(
                    "The job has ended; watching {} for {} without a change.",
                    step.prefix.uri(),
                    human_duration(step.quiet_ms)
                ),
            )
            .await;
            self.pause().await?;
        }
    }

    async fn states(
        &self,
        step: &WaitStep,
    ) -> Result<Vec<(domain::ids::JobRunId, JobRunState)>, Stopped> {
        let emr = self.aws.emr();
        let mut states = Vec::new();
        for id in &step.job_runs {
            match emr.job_run(&step.application, id).await? {
                Some(run) => states.push((id.clone(), run.seen.state)),
                None => {
                    return Err(Stopped::person(
                        format!(
                            "EMR no longer knows job run {id}, so its end cannot be seen."
                        ),
                        "See for yourself that it does not run, then resume.",
                    ));
                }
            }
        }
        Ok(states)
    }

    async fn tell_once(&self, told: &mut String, what: String) {
        if *told != what {
            self.progress(0, 0, what.clone()).await;
            *told = what;
        }
    }
}

fn entries(objects: &[Object]) -> Vec<KeyEntry> {
    objects
        .iter()
        .map(|o| KeyEntry {
            key: o.key.clone(),
            etag: o.etag.clone(),
            size: o.size,
        })
        .collect()
}
