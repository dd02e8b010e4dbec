//! Starts the job, at most once.

use domain::plan::{RestartStep, StepKind};
use domain::run::Facts;
use domain::snapshot::Snapshot;

use super::{Effect, Work};
use crate::executor::problem::Stopped;

impl Work<'_> {
    pub(super) async fn restart(&self, step: &RestartStep) -> Result<Effect, Stopped> {
        let emr = self.aws.emr();
        let since = self.plan.body.built_at;
        let found = emr.find_tagged(&step.application, &step.tag, since).await?;
        if let Some(job_run) = found {
            return Ok(Effect::done(Facts::StartedJob {
                job_run,
                adopted: true,
            }));
        }
        // Where no gate was closed before, this is the first change.
        let is_first = self.plan.body.steps.first().map(|s| &s.id) == Some(&self.step.id);
        let snapshot = if is_first {
            self.refuse_without_agreement().await?;
            self.refuse_stale().await?
        } else {
            self.look().await
        };
        self.refuse_passed_offsets(&snapshot)?;
        self.refuse_writers().await?;
        // An answer that is lost is no harm: the next attempt looks for the
        // tag, and EMR starts nothing twice under one client token.
        let job_run = emr.start(step).await?;
        Ok(Effect::done(Facts::StartedJob {
            job_run,
            adopted: false,
        }))
    }

    /// Refuses a plan whose offsets Kafka has deleted meanwhile, or whose
    /// topics it cannot tell about.
    pub(super) fn refuse_passed_offsets(
        &self,
        snapshot: &Snapshot,
    ) -> Result<(), Stopped> {
        let planned = self.plan.starting_offsets();
        if planned.is_empty() {
            return Ok(());
        }
        let Some(kafka) = snapshot.kafka.seen() else {
            return Err(Stopped::retry(
                format!(
                    "Kafka could not be asked whether it still has the planned offsets: {}",
                    snapshot
                        .kafka
                        .unknown_reason()
                        .unwrap_or("no reason was given")
                ),
                "It is asked again.",
            ));
        };
        for (topic, partition, offset) in planned.iter().flat_map(|s| s.iter()) {
            let at = kafka
                .topics
                .get(topic)
                .and_then(|t| t.partitions.get(&partition));
            match at {
                None => {
                    return Err(Stopped::person(
                        format!("{topic}-{partition} is no longer there."),
                        "The plan does not fit any more. Make it anew, or put the topic back.",
                    ));
                }
                Some(at) if at.earliest > offset => {
                    return Err(Stopped::person(
                        format!(
                            "Kafka has deleted {topic}-{partition} up to {}, past the planned {offset}.",
                            at.earliest
                        ),
                        "Started there the job would fail. Make the plan anew.",
                    ));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Refuses a plan whose restart could not be made, where it changes the
    /// driver. Looked at before the checkpoint is touched, since what the
    /// driver holds is known only then.
    pub(super) async fn refuse_unstartable(&self) -> Result<(), Stopped> {
        let restart = self.plan.body.steps.iter().find_map(|s| match &s.kind {
            StepKind::Restart(restart) => Some(restart),
            _ => None,
        });
        if let Some(restart) = restart.filter(|r| r.setting.is_some()) {
            self.aws.emr().rehearse(restart).await?;
        }
        Ok(())
    }
}
