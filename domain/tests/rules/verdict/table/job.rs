//! What the job run says.

use domain::snapshot::{JobRunState, OtherRun, Tie};
use domain::verdict::{ResetHelps, VerdictKind as Kind};

use super::super::case::{Case, HOUR, MINUTE, SECOND, ago, unknown};
use super::{ended, quiet, tell};

#[test]
fn a_job_that_is_not_at_work_is_down_in_its_own_words() {
    let alive = |state: &str, for_ms| {
        quiet().run(|run| {
            run.state = JobRunState::from(state.to_owned());
            run.updated_at = ago(for_ms);
        })
    };
    let attempt = |case: Case, attempt| case.run(|run| run.attempt = attempt);
    tell(vec![
        (
            "failed",
            ended("FAILED"),
            Kind::Down,
            &[
                "failed (FAILED)",
                "Its checkpoint is sound",
                "goes on with batch 9",
            ],
        ),
        (
            "cancelled",
            ended("CANCELLED"),
            Kind::Down,
            &["was cancelled"],
        ),
        (
            "timed out",
            ended("CANCELLED").run(|run| {
                run.mode = "BATCH".to_owned();
                run.state_details =
                    "it exceeded its execution timeout of 720 minutes".to_owned();
            }),
            Kind::Down,
            &["timed out", "BATCH mode"],
        ),
        (
            "a restart is unknown",
            ended("FAILED").prognosis(unknown()),
            Kind::Down,
            &["What a restart would do is unknown"],
        ),
        (
            "no run was found",
            quiet().jobs(|jobs| jobs.runs.clear()),
            Kind::Down,
            &["no job run of it was found"],
        ),
        (
            "queued for hours",
            alive("QUEUED", 3 * HOUR),
            Kind::Down,
            &["waits for capacity", "QUEUED for 3 h"],
        ),
        (
            "coming up",
            alive("SCHEDULED", 20 * SECOND),
            Kind::Down,
            &["is coming up", "Wait until"],
        ),
        (
            "not coming up",
            alive("SCHEDULED", HOUR),
            Kind::Down,
            &["does not come up"],
        ),
        (
            "being cancelled",
            alive("CANCELLING", MINUTE),
            Kind::Down,
            &["may still write"],
        ),
        (
            "attempt after attempt",
            attempt(alive("RUNNING", 20 * SECOND), 4)
                .seen_otherwise(10 * MINUTE, |s| s.attempt = Some(2)),
            Kind::Down,
            &["keeps failing for 10 m", "attempt 4"],
        ),
        (
            "between two attempts, at the first look",
            attempt(alive("PENDING", 20 * SECOND), 4),
            Kind::Down,
            &["keeps failing", "attempt 4"],
        ),
        (
            "many attempts long ago, and batches since",
            attempt(Case::well(), 4).seen_otherwise(10 * MINUTE, |s| {
                s.attempt = Some(2);
                s.commit = Some(3);
            }),
            Kind::Healthy,
            &[],
        ),
    ]);
    assert_eq!(
        ended("FAILED").prognosis(unknown()).judged().reset_helps,
        ResetHelps::Unknown
    );
}

#[test]
fn a_failed_job_says_what_would_help_instead_of_a_reset() {
    let denied = "Job failed. AccessDenied: not authorized to perform: kms:Decrypt on arn:aws:kms:eu-central-1:1:key/9";
    let by_emr = ended("FAILED")
        .run(|run| run.state_details = denied.to_owned())
        .judged();
    let cause = by_emr.cause.clone().expect("EMR says it");
    assert_eq!(cause.kind.word(), "a KMS key");
    assert_eq!(
        cause.about.as_deref(),
        Some("arn:aws:kms:eu-central-1:1:key/9")
    );
    assert!(by_emr.advice.contains("Enable the KMS key"), "{by_emr:?}");
    assert_eq!(by_emr.reset_helps, ResetHelps::No);

    let mut by_log = ended("FAILED");
    by_log.log = vec!["KeyError: 'currency'".to_owned()];
    let by_log = by_log.judged();
    assert!(by_log.advice.contains("Mend the job's code"), "{by_log:?}");

    // A run that somebody cancelled did not fail.
    let mut cancelled = ended("CANCELLED");
    cancelled.log = vec!["KeyError: 'currency'".to_owned()];
    assert_eq!(cancelled.judged().cause, None);
}

#[test]
fn two_writers_come_before_everything_that_they_may_have_done() {
    let twice = quiet().jobs(|jobs| {
        let mut second = jobs.runs[0].clone();
        second.id = "00second".parse().unwrap();
        jobs.runs.push(second);
    });
    let elsewhere = quiet().jobs(|jobs| {
        jobs.others.push(OtherRun {
            id: "00other".parse().unwrap(),
            application: "00fother".to_owned(),
            name: None,
            state: JobRunState::Running,
            tie: Tie::Checkpoint,
            role: None,
            same_role: None,
            starter: None,
        });
    });
    // One that only runs the same script is asked about, and judges nothing.
    let alike = quiet().jobs(|jobs| {
        jobs.others.push(OtherRun {
            id: "00alike".parse().unwrap(),
            application: "00fother".to_owned(),
            name: None,
            state: JobRunState::Running,
            tie: Tie::EntryPoint,
            role: None,
            same_role: None,
            starter: None,
        });
    });
    tell(vec![
        (
            "twice",
            twice,
            Kind::Corrupt,
            &["written by two jobs", "00second", "Stop all but"],
        ),
        (
            "on another application",
            elsewhere,
            Kind::Corrupt,
            &["written by two jobs", "00other on application 00fother"],
        ),
        ("the same script", alike, Kind::Idle, &["idle"]),
    ]);
}
