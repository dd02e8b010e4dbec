//! Who else may write a stream's checkpoint.

use serde::{Deserialize, Serialize};

use super::{JobRunState, JobsSeen};
use crate::ids::JobRunId;

/// A job run that may write and is not known to be the stream's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherRun {
    /// Its id.
    pub id: JobRunId,
    /// The id of its application.
    pub application: String,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Its state.
    pub state: JobRunState,
    /// What ties it to the stream.
    pub tie: Tie,
}

/// What ties a job run to a stream that does not own it, the strongest first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Tie {
    /// It names the checkpoint: it writes here.
    Checkpoint,
    /// It runs the stream's script or jar.
    EntryPoint,
    /// Its name fits the stream's.
    Name,
    /// Nothing but the application, where it belongs to no configured stream.
    Application,
}

impl OtherRun {
    /// What it is and what ties it to the stream, as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let name = match &self.name {
            Some(name) => format!(" ({name})"),
            None => String::new(),
        };
        let tie = match self.tie {
            Tie::Checkpoint => "names this checkpoint and is not the stream's",
            Tie::EntryPoint => "runs this stream's script and is not known to be its own",
            Tie::Name => "is named like this stream's and is not known to be its own",
            Tie::Application => "belongs to no configured stream",
        };
        format!(
            "Job run {}{name} on application {} is {} and {tie}.",
            self.id,
            self.application,
            self.state.word()
        )
    }

    /// Whether a person's word can explain it. One that names the checkpoint
    /// writes it, whatever anybody says.
    #[must_use]
    pub fn can_be_explained(&self) -> bool {
        self.tie != Tie::Checkpoint
    }
}

impl JobsSeen {
    /// Those of the other job runs that stand in the way of a plan: all but
    /// those that a person has `explained`.
    pub fn in_the_way<'a>(
        &'a self,
        explained: &'a [JobRunId],
    ) -> impl Iterator<Item = &'a OtherRun> {
        self.others
            .iter()
            .filter(|run| !(run.can_be_explained() && explained.contains(&run.id)))
    }
}

impl JobsSeen {
    /// What shows that two jobs write the stream's checkpoint now, a sentence
    /// each.
    #[must_use]
    pub fn rivals(&self) -> Vec<String> {
        let running: Vec<&str> = self
            .runs
            .iter()
            .filter(|run| run.state == JobRunState::Running)
            .map(|run| run.id.as_str())
            .collect();
        let twice = (running.len() > 1).then(|| {
            format!(
                "{} job runs of this stream are RUNNING at once: {}.",
                running.len(),
                running.join(", ")
            )
        });
        let others = self.others.iter().filter(|run| !run.can_be_explained());
        twice
            .into_iter()
            .chain(others.map(OtherRun::sentence))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(id: &str, tie: Tie) -> OtherRun {
        OtherRun {
            id: id.parse().unwrap(),
            application: "00fapp".to_owned(),
            name: Some("backfill".to_owned()),
            state: JobRunState::Running,
            tie,
        }
    }

    #[test]
    fn a_word_explains_a_stranger_and_never_who_names_the_checkpoint() {
        let jobs = JobsSeen {
            application: "00fapp".to_owned(),
            application_state: "STARTED".to_owned(),
            release: "emr-7.5.0".to_owned(),
            runs: Vec::new(),
            others: vec![other("a1", Tie::Application), other("a2", Tie::Checkpoint)],
            elsewhere: None,
            executors: None,
        };
        let ids = |explained: &[JobRunId]| -> Vec<String> {
            let left = jobs.in_the_way(explained);
            left.map(|run| run.id.to_string()).collect()
        };
        assert_eq!(ids(&[]), ["a1", "a2"]);
        let both = ["a1".parse().unwrap(), "a2".parse().unwrap()];
        assert_eq!(ids(&both), ["a2"]);
    }
}
