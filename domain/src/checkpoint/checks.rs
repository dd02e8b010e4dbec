//! The first doctor: what is wrong with a checkpoint, in words. The numbers of
//! the checks are stable; the same number always means the same thing.

use super::finding::{Action, Finding, Severity};
use super::prognosis::{Prognosis, predict};
use super::spark_line::{QueryShape, SparkLine};
use super::view::CheckpointView;

mod commits;
mod identity;
mod leftovers;
mod offsets;
mod seeds;
mod state;

/// Everything that the checks have to say, worst first. A file that was not
/// read is not judged.
pub fn examine(
    view: &CheckpointView,
    line: SparkLine,
    shape: &QueryShape,
) -> Vec<Finding> {
    let mut exam = Exam {
        view,
        line,
        shape,
        offsets: view.offset_batches(),
        commits: view.commit_batches(),
        findings: Vec::new(),
    };
    identity::check(&mut exam);
    offsets::check(&mut exam);
    commits::check(&mut exam);
    seeds::check(&mut exam);
    leftovers::check(&mut exam);
    let prognosis = predict(view, line, shape);
    state::check(&mut exam, &prognosis);
    unexplained(&mut exam, &prognosis);
    let mut findings = exam.findings;
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.id.cmp(&b.id)));
    findings
}

/// What is looked at, and what was found so far.
struct Exam<'a> {
    view: &'a CheckpointView,
    line: SparkLine,
    shape: &'a QueryShape,
    /// Rising.
    offsets: Vec<i64>,
    /// Rising.
    commits: Vec<i64>,
    findings: Vec<Finding>,
}

impl<'a> Exam<'a> {
    fn newest_offsets(&self) -> Option<i64> {
        self.offsets.last().copied()
    }

    fn newest_commit(&self) -> Option<i64> {
        self.commits.last().copied()
    }

    /// The bytes of a file that was read, or that is known to be empty.
    fn bytes(&self, key: &str) -> Option<&'a [u8]> {
        match self.view.bytes.get(key) {
            Some(bytes) => Some(bytes),
            None => {
                let object = self.view.listing.get(key)?;
                (object.size == 0).then_some(&[])
            }
        }
    }

    fn listed(&self, key: &str) -> bool {
        self.view.listing.contains_key(key)
    }

    fn add(&mut self, id: &str, severity: Severity, action: Action, message: String) {
        self.findings.push(Finding {
            id: id.to_owned(),
            severity,
            path: None,
            line: None,
            message,
            action,
        });
    }

    fn add_at(
        &mut self,
        id: &str,
        severity: Severity,
        action: Action,
        place: (&str, Option<u32>),
        message: String,
    ) {
        self.add(id, severity, action, message);
        if let Some(finding) = self.findings.last_mut() {
            finding.path = Some(place.0.to_owned());
            finding.line = place.1;
        }
    }

    /// What mends an unreadable newest batch: dropping it where it was never
    /// committed and the batch before is whole, else a backup.
    fn drop_newest(&self) -> Action {
        let (Some(newest), Some(commit)) = (self.newest_offsets(), self.newest_commit())
        else {
            return Action::RestoreBackup;
        };
        let whole = |key: String| {
            self.view
                .listing
                .get(&key)
                .is_some_and(|object| object.size > 0)
        };
        let before = newest - 1;
        let can = commit == before
            && whole(format!("offsets/{before}"))
            && whole(format!("commits/{before}"))
            && (before == 0 || whole(format!("offsets/{}", before - 1)));
        if can {
            Action::RollBackTo(before)
        } else {
            Action::RestoreBackup
        }
    }
}

/// A foreseen failure is an error, whatever the check thought of its cause; one
/// that no check has named is said as it will be seen.
fn unexplained(exam: &mut Exam<'_>, prognosis: &Prognosis) {
    let Prognosis::Fails {
        text,
        path,
        error_class,
        ..
    } = prognosis
    else {
        return;
    };
    if exam
        .findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
    {
        return;
    }
    let about = exam.findings.iter_mut().find(|finding| {
        let found = finding
            .path
            .as_deref()
            .map(|found| found.trim_end_matches('/'));
        path.is_some() && found == path.as_deref()
    });
    if let Some(finding) = about {
        finding.severity = Severity::Error;
        return;
    }
    let said = if text.is_empty() { error_class } else { text };
    exam.add(
        "C00",
        Severity::Error,
        Action::RestoreBackup,
        format!(
            "The next start of Spark {} is foreseen to fail: {said}",
            exam.line
        ),
    );
    if let Some(finding) = exam.findings.last_mut() {
        finding.path.clone_from(path);
    }
}

#[cfg(test)]
mod tests;
