//! Who else may write a stream's checkpoint.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{JobRunState, JobsSeen, Starter};
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
    /// The role in which it runs.
    #[serde(default)]
    pub role: Option<String>,
    /// Whether that is a role in which the stream's own job runs; `None` where
    /// none of these was seen. It ties nothing by itself, since many jobs share
    /// a role: of two that are tied alike, the one with the role comes first,
    /// and a person who answers for a job run is told.
    #[serde(default)]
    pub same_role: Option<bool>,
    /// Who started it.
    #[serde(default)]
    pub starter: Option<Starter>,
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
            "Job run {}{name} on application {} is {} and {tie}.{}{}",
            self.id,
            self.application,
            self.state.word(),
            self.role_words(),
            self.starter_words()
        )
    }

    fn role_words(&self) -> String {
        let role = self.role.as_deref().unwrap_or_default();
        let role = role.rsplit('/').next().unwrap_or_default();
        match self.same_role {
            Some(true) => format!(" It runs in this stream's role, {role}."),
            Some(false) if !role.is_empty() => {
                format!(" It runs in another role than this stream's, {role}.")
            }
            _ => String::new(),
        }
    }

    fn starter_words(&self) -> String {
        let Some(starter) = &self.starter else {
            return String::new();
        };
        let airflow = starter.airflow_words();
        let airflow = airflow
            .map(|words| format!(", {words}"))
            .unwrap_or_default();
        match starter.short() {
            "" => String::new(),
            by => format!(" Started by {by}{airflow}."),
        }
    }

    /// Whether a person's word can explain it. One that names the checkpoint
    /// writes it, whatever anybody says.
    #[must_use]
    pub fn can_be_explained(&self) -> bool {
        self.tie != Tie::Checkpoint
    }
}

impl JobsSeen {
    /// Holds the roles of the other job runs against those of the stream's own,
    /// and `configured` where it is, and puts the closest first.
    pub fn weigh_roles(&mut self, configured: Option<&str>) {
        let own = self.runs.iter().filter_map(|run| run.role.as_deref());
        let own: BTreeSet<&str> = own.chain(configured).collect();
        for run in &mut self.others {
            let role = run.role.as_deref().filter(|_| !own.is_empty());
            run.same_role = role.map(|role| own.contains(role));
        }
        self.others
            .sort_by_key(|run| (run.tie, run.same_role != Some(true), run.id.clone()));
    }

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
            role: None,
            same_role: None,
            starter: None,
        }
    }

    fn jobs(others: Vec<OtherRun>) -> JobsSeen {
        JobsSeen {
            application: "00fapp".to_owned(),
            application_state: "STARTED".to_owned(),
            release: "emr-7.5.0".to_owned(),
            runs: Vec::new(),
            others,
            elsewhere: None,
            executors: None,
        }
    }

    /// A role that many jobs share makes none of them this stream's, and a name
    /// that fits weighs more.
    #[test]
    fn a_role_orders_what_is_tied_alike_and_ties_nothing() {
        let with = |id: &str, tie: Tie, role: Option<&str>| OtherRun {
            role: role.map(str::to_owned),
            ..other(id, tie)
        };
        let (own, else_s) = (
            Some("arn:aws:iam::1:role/own"),
            Some("arn:aws:iam::1:role/b"),
        );
        let mut jobs = jobs(vec![
            with("a1", Tie::Application, else_s),
            with("a2", Tie::Application, own),
            with("a3", Tie::Name, else_s),
            with("a4", Tie::Application, None),
        ]);
        jobs.weigh_roles(None);
        assert!(jobs.others.iter().all(|run| run.same_role.is_none()));
        jobs.weigh_roles(own);
        let told: Vec<(&str, Option<bool>)> = jobs
            .others
            .iter()
            .map(|run| (run.id.as_str(), run.same_role))
            .collect();
        let expected = [
            ("a3", Some(false)),
            ("a2", Some(true)),
            ("a1", Some(false)),
            ("a4", None),
        ];
        assert_eq!(told, expected);
        let said = jobs.others[1].sentence();
        assert!(
            said.ends_with("It runs in this stream's role, own."),
            "{said}"
        );
        assert!(jobs.others.iter().all(OtherRun::can_be_explained));
    }

    #[test]
    fn a_job_run_of_an_older_journal_has_no_role_and_no_starter() {
        let text = r#"{"id":"a1","application":"00fapp","name":null,"state":"RUNNING",
            "tie":"name"}"#;
        let run: OtherRun = serde_json::from_str(text).unwrap();
        assert_eq!((run.same_role, run.starter), (None, None));
    }

    #[test]
    fn a_word_explains_a_stranger_and_never_who_names_the_checkpoint() {
        let jobs = jobs(vec![
            other("a1", Tie::Application),
            other("a2", Tie::Checkpoint),
        ]);
        let ids = |explained: &[JobRunId]| -> Vec<String> {
            let left = jobs.in_the_way(explained);
            left.map(|run| run.id.to_string()).collect()
        };
        assert_eq!(ids(&[]), ["a1", "a2"]);
        let both = ["a1".parse().unwrap(), "a2".parse().unwrap()];
        assert_eq!(ids(&both), ["a2"]);
    }
}
