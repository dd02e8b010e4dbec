//! Which job run did its work last.

use domain::changed::run_of;
use domain::snapshot::{BatchSeen, JobRunSeen};
use domain::time::Millis;

use crate::world::job_run;

const MINUTE: i64 = 60_000;

fn run(id: &str, state: &str, from_minute: i64, to_minute: i64) -> JobRunSeen {
    JobRunSeen {
        id: id.parse().unwrap(),
        created_at: Millis(from_minute * MINUTE),
        updated_at: Millis(to_minute * MINUTE),
        ..job_run(state)
    }
}

#[test]
fn the_run_under_which_a_batch_was_planned_did_it() {
    let runs = [
        run("third", "RUNNING", 30, 31),
        run("second", "FAILED", 20, 25),
        run("first", "CANCELLED", 0, 15),
    ];
    for (minute, id) in [
        (90, Some("third")),
        (30, Some("third")),
        (26, None),
        (22, Some("second")),
        (17, None),
        (14, Some("first")),
        (-1, None),
    ] {
        let batch = BatchSeen {
            batch: 1,
            committed: true,
            planned_at: Millis(minute * MINUTE),
            ends: Vec::new(),
        };
        let found = run_of(&runs, &batch).map(|run| run.id.to_string());
        assert_eq!(found.as_deref(), id, "{minute}");
    }
}
