//! How old records are. Kafka tells the first offset that is not older than a
//! time, and not the time of an offset, so that the time is searched for: each
//! answer names a record and its time, and halves what is left at the least.

use std::collections::HashMap;

use domain::offsets::PartitionOffsets;
use domain::snapshot::KafkaSeen;
use domain::time::Millis;

use super::KafkaError;
use super::cluster::{Cluster, Found, Partition, Spec};

/// A search asks so often at most. What is found is then a little too old,
/// which is the safe side.
const ROUNDS_MAX: usize = 8;
/// As close as this is good enough, in milliseconds, or a hundredth of what lies
/// between the record and the newest one where that is more.
const CLOSE_MS: i64 = 2_000;

/// Which time a search is for.
#[derive(Clone, Copy)]
enum Which {
    Unread,
    Held,
}

/// Fills in the times of `seen`. A partition whose broker cannot tell them (it
/// is older than KIP-734, or has no record to name) keeps none.
pub(super) async fn date(
    kafka: &Cluster,
    seen: &mut KafkaSeen,
    next: &PartitionOffsets,
    planned_at: Millis,
) -> Result<(), KafkaError> {
    let targets = targets(seen, next);
    let places = targets.iter().map(|(at, _, offset)| (at.clone(), *offset));
    let dates = dates(kafka, places.collect(), planned_at).await?;
    for (at, oldest) in dates.oldest {
        put(seen, &at, |partition| partition.oldest_at = Some(oldest));
    }
    for (at, which, offset) in targets {
        let time = dates.at.get(&(at.clone(), offset)).copied();
        put(seen, &at, |partition| match which {
            Which::Unread => partition.unread_at = time,
            Which::Held => partition.held_at = time,
        });
    }
    Ok(())
}

/// What was found of the times of records.
#[derive(Debug, Default)]
pub(super) struct Dates {
    /// The oldest record of each partition that has a dated one.
    oldest: HashMap<Partition, Millis>,
    /// The records at the offsets that were asked for, where they could be told.
    pub(super) at: HashMap<(Partition, i64), Millis>,
}

/// The times of the records at `places`, asked for together. `hint` is asked
/// first.
pub(super) async fn dates(
    kafka: &Cluster,
    places: Vec<(Partition, i64)>,
    hint: Millis,
) -> Result<Dates, KafkaError> {
    let mut asked: Vec<Partition> = places.iter().map(|(at, _)| at.clone()).collect();
    asked.sort();
    asked.dedup();
    let newest = kafka.offsets_if_any(&asked, Spec::Newest).await?;
    // A time after the last record has no answer, and is asked for until the
    // deadline, so that only partitions with a dated record are asked.
    asked.retain(|at| newest.get(at).is_some_and(|f| dated(f.as_ref()).is_some()));
    let oldest = kafka.offsets_if_any(&asked, Spec::Time(Millis(0))).await?;
    let mut dates = Dates::default();
    let mut searches = Vec::new();
    for (at, offset) in places {
        let record = |from: &HashMap<Partition, Option<Found>>| {
            from.get(&at).and_then(|found| dated(found.as_ref()))
        };
        if let (Some(first), Some(last)) = (record(&oldest), record(&newest)) {
            dates.oldest.insert(at.clone(), first.1);
            searches.push((at, Search::new(offset, first, last, hint)));
        }
    }
    search(kafka, &mut searches).await?;
    for (at, search) in searches {
        if let Some(time) = search.time() {
            dates.at.insert((at, search.offset), time);
        }
    }
    Ok(dates)
}

/// Asks until each search knows enough, or has asked often enough.
async fn search(
    kafka: &Cluster,
    searches: &mut [(Partition, Search)],
) -> Result<(), KafkaError> {
    for _ in 0..ROUNDS_MAX {
        // One question a partition and round: the answer serves all its searches.
        let mut questions: HashMap<Partition, Millis> = HashMap::new();
        for (at, search) in searches.iter() {
            if let Some(guess) = search.guess() {
                questions.entry(at.clone()).or_insert(guess);
            }
        }
        if questions.is_empty() {
            break;
        }
        let asked = questions
            .iter()
            .map(|(at, time)| (at.clone(), Spec::Time(*time)))
            .collect();
        let answers = kafka.each_if_any(asked).await?;
        for (at, search) in searches.iter_mut() {
            if let Some(time) = questions.get(at) {
                let found = answers.get(at).and_then(Option::as_ref);
                search.learn(*time, dated(found));
            }
        }
    }
    Ok(())
}

/// Whose time is wanted: the first record that is there and not committed, and
/// the first that a transaction holds back.
fn targets(seen: &KafkaSeen, next: &PartitionOffsets) -> Vec<(Partition, Which, i64)> {
    let mut targets = Vec::new();
    for (topic, described) in &seen.topics {
        for (partition, at) in &described.partitions {
            let reached = next.get(topic, *partition).unwrap_or(at.earliest);
            let first = reached.max(at.earliest);
            let place = || (topic.clone(), *partition);
            if first < at.high_watermark {
                targets.push((place(), Which::Unread, first));
            }
            if at.latest < at.high_watermark {
                targets.push((place(), Which::Held, at.latest));
            }
        }
    }
    targets
}

fn dated(found: Option<&Found>) -> Option<(i64, Millis)> {
    let found = found?;
    Some((found.offset, found.timestamp.filter(|at| at.0 >= 0)?))
}

fn put(
    seen: &mut KafkaSeen,
    (topic, partition): &Partition,
    change: impl FnOnce(&mut domain::snapshot::PartitionSeen),
) {
    let topic = seen.topics.get_mut(topic);
    if let Some(at) = topic.and_then(|t| t.partitions.get_mut(partition)) {
        change(at);
    }
}

/// The search for the time of the record at an offset.
struct Search {
    offset: i64,
    /// A record at or before it, with its time.
    low: (i64, Millis),
    /// A record after it, and a time that it is older than.
    high: (i64, Millis),
    /// The time of the newest record.
    newest: Millis,
    /// Asked first.
    hint: Option<Millis>,
    rounds: usize,
    /// The broker gave an answer that does not fit.
    given_up: bool,
}

impl Search {
    fn new(offset: i64, first: (i64, Millis), last: (i64, Millis), hint: Millis) -> Self {
        // The record with the largest time need not be the last one.
        let low = if offset >= last.0 { last } else { first };
        Self {
            offset,
            low,
            high: last,
            newest: last.1,
            hint: Some(hint).filter(|at| *at > first.1 && *at <= last.1),
            rounds: 0,
            given_up: false,
        }
    }

    /// The time of the record, or of one before it.
    fn time(&self) -> Option<Millis> {
        (!self.given_up).then_some(self.low.1)
    }

    /// The next time to ask for; `None` once what is known is good enough.
    fn guess(&self) -> Option<Millis> {
        let width = self.high.1.since(self.low.1);
        let close = CLOSE_MS.max(self.newest.since(self.low.1) / 100);
        if self.given_up || self.low.0 >= self.offset || width <= close {
            return None;
        }
        if let Some(hint) = self.hint.filter(|at| *at > self.low.1) {
            return Some(hint);
        }
        // By the offsets where records come evenly, and by halves where not.
        let offsets = i128::from((self.high.0 - self.low.0).max(1));
        let part = if self.rounds.is_multiple_of(2) {
            i128::from(self.offset - self.low.0) * i128::from(width) / offsets
        } else {
            i128::from(width / 2)
        };
        let part = i64::try_from(part).unwrap_or(width / 2).clamp(1, width);
        Some(self.low.1.plus(part))
    }

    /// What is known once the first record not older than `asked` is.
    fn learn(&mut self, asked: Millis, found: Option<(i64, Millis)>) {
        self.hint = None;
        self.rounds += 1;
        let Some((offset, at)) = found else {
            self.given_up = true;
            return;
        };
        if offset <= self.offset {
            if offset > self.low.0 {
                self.low = (offset, at);
            }
        } else if asked < self.high.1 {
            self.high = (offset, asked);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches in a log whose record at `n` has the time `times[n]`, and gives
    /// what is found and how often was asked.
    fn searched(times: &[i64], offset: usize, hint: i64) -> (i64, usize) {
        let newest = (0..times.len()).rev().max_by_key(|n| times[*n]).unwrap();
        let record = |n: usize| (n as i64, Millis(times[n]));
        let mut search =
            Search::new(offset as i64, record(0), record(newest), Millis(hint));
        let mut asked = 0;
        while let Some(time) = search.guess() {
            let found = (0..times.len()).find(|n| times[*n] >= time.0);
            search.learn(time, found.map(record));
            asked += 1;
            if asked == ROUNDS_MAX {
                break;
            }
        }
        (search.time().unwrap().0, asked)
    }

    fn even(count: i64, every_ms: i64) -> Vec<i64> {
        (0..count).map(|n| 1_000_000 + n * every_ms).collect()
    }

    #[test]
    fn records_that_come_evenly_are_found_at_once() {
        let times = even(10_000, 1_000);
        let (at, asked) = searched(&times, 7_777, 0);
        assert_eq!(at, times[7_777]);
        assert!(asked <= 3, "{asked}");
    }

    #[test]
    fn a_fresh_record_is_found_by_when_the_last_batch_was_planned() {
        let mut times = even(10_000, 60_000);
        times.extend([700_000_000, 700_000_500, 700_001_000]);
        let (at, asked) = searched(&times, 10_000, 699_999_000);
        assert_eq!((at, asked), (700_000_000, 1));
    }

    #[test]
    fn a_search_never_calls_a_record_younger_than_it_is() {
        // A flood, a pause, and a trickle.
        let mut times = even(5_000, 1);
        times.extend((0..50).map(|n| 90_000_000 + n * 600_000));
        for offset in [0, 1, 2_500, 4_999, 5_000, 5_020, 5_049] {
            let (at, _) = searched(&times, offset, 0);
            assert!(at <= times[offset], "{offset}: {at} > {}", times[offset]);
            let wide = times[5_049] - times[0];
            assert!(times[offset] - at <= wide / 16, "{offset}: {at}");
        }
    }

    #[test]
    fn times_that_fall_back_do_not_lead_astray() {
        let times = [10_000, 50_000, 20_000, 60_000, 30_000, 40_000];
        for offset in 0..times.len() {
            let (at, asked) = searched(&times, offset, 0);
            assert!(asked <= ROUNDS_MAX);
            // The earliest of what is there from this record on, or before it.
            assert!((10_000..=60_000).contains(&at), "{offset}: {at}");
        }
    }

    #[test]
    fn an_answer_that_fails_leaves_the_time_unknown() {
        let mut search =
            Search::new(5, (0, Millis(0)), (10, Millis(1_000_000)), Millis(0));
        search.learn(search.guess().unwrap(), None);
        assert_eq!((search.time(), search.guess()), (None, None));
    }
}
