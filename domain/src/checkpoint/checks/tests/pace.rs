use super::kafka::said;
use super::*;

const HOUR: i64 = 3_600_000;

/// The newest of the four batches was planned at 6,000 ms, one each second.
fn told(known: &Known) -> Vec<(Severity, String)> {
    examine_with(&whole(), SparkLine::V3_5, &shape(), known)
        .into_iter()
        .filter(|finding| finding.id == "C41")
        .map(|finding| (finding.severity, finding.message))
        .collect()
}

fn at(now_ms: i64) -> Known {
    Known {
        now_ms: Some(now_ms),
        ..Known::default()
    }
}

#[test]
fn a_newest_batch_of_long_ago_is_told_with_how_often_one_is_planned() {
    assert!(told(&at(6_000)).is_empty());
    assert!(told(&at(600_000)).is_empty());
    let late = told(&at(6_000 + HOUR));
    assert_eq!(late.len(), 1);
    assert_eq!(late[0].0, Severity::Info);
    assert!(
        late[0]
            .1
            .contains("planned 1 h ago, and a batch was planned each 1 s")
    );
    // Ten intervals of the job's own are longer than that.
    let slow = Known {
        trigger_ms: Some(HOUR),
        ..at(6_000 + HOUR)
    };
    assert!(told(&slow).is_empty());
}

#[test]
fn records_that_wait_make_it_a_warning_and_none_make_it_nothing() {
    let with = |latest: i64, alive: Option<bool>| Known {
        kafka: said(&[(0, 0, 100), (1, 0, latest)]).kafka,
        job_is_alive: alive,
        ..at(6_000 + HOUR)
    };
    assert!(told(&with(250, Some(true))).is_empty(), "it is idle");
    let stuck = told(&with(900, Some(true)));
    assert_eq!(stuck[0].0, Severity::Warning);
    assert!(stuck[0].1.ends_with("it stands still."), "{stuck:?}");
    let ended = told(&with(900, Some(false)));
    assert_eq!(ended[0].0, Severity::Info);
}

#[test]
fn a_batch_of_tomorrow_is_a_clock_that_is_wrong() {
    let ahead = told(&at(6_000 - HOUR));
    assert_eq!(ahead[0].0, Severity::Warning);
    assert!(ahead[0].1.contains("ahead of the clock here"), "{ahead:?}");
}

#[test]
fn a_batch_that_was_copied_has_the_time_of_the_one_before() {
    let mut view = whole();
    let before = String::from_utf8(view.bytes["offsets/5"].clone()).unwrap();
    put(&mut view, "offsets/6", &before);
    let findings = examine(&view, SparkLine::V3_5, &shape());
    assert_eq!(one(&findings, "C41").severity, Severity::Info);
}
