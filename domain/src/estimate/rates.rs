//! How fast a stream works and fills, as far as that was measured.

use serde::{Deserialize, Serialize};

/// What was measured of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// Records processed a second while it worked, times 1,000.
    pub drain_milli: Option<i64>,
    /// Records that arrive a second, times 1,000.
    pub arrival_milli: Option<i64>,
}

impl Rates {
    /// Measures them: processing by how long the newest batches took for what
    /// they read, which is what the job can do; arrival by what was seen of
    /// Kafka's ends over time.
    #[must_use]
    pub fn measured(
        snapshot: &crate::snapshot::Snapshot,
        samples: &[crate::verdict::Sample],
    ) -> Self {
        Self {
            drain_milli: snapshot.progress.seen().and_then(|p| drain_milli(p)),
            arrival_milli: arrival_milli(samples),
        }
    }
}

/// Records a second while a batch is at work, times 1,000. Idle time between
/// batches says nothing of what the job can do.
fn drain_milli(progress: &[crate::snapshot::Progress]) -> Option<i64> {
    let worked = progress
        .iter()
        .filter(|p| p.input_rows > 0 && p.duration_ms > 0);
    let (records, millis) = worked.fold((0_i64, 0_i64), |(records, millis), p| {
        let rows = i64::try_from(p.input_rows).unwrap_or(i64::MAX);
        (
            records.saturating_add(rows),
            millis.saturating_add(p.duration_ms),
        )
    });
    per_second_milli(records, millis)
}

fn arrival_milli(samples: &[crate::verdict::Sample]) -> Option<i64> {
    let known: Vec<_> = samples.iter().filter(|s| s.end.is_some()).collect();
    let (oldest, newest) = (known.first()?, known.last()?);
    let records = newest.end?.checked_sub(oldest.end?)?;
    per_second_milli(records, newest.at.since(oldest.at))
}

fn per_second_milli(records: i64, between_ms: i64) -> Option<i64> {
    if between_ms <= 0 || records < 0 {
        return None;
    }
    i64::try_from(i128::from(records) * 1_000_000 / i128::from(between_ms)).ok()
}
