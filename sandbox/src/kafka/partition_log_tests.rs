use rand::{Rng, SeedableRng, rngs::StdRng};

use super::*;

/// A log that writes down the timestamp of every record.
#[derive(Default)]
struct Model(Vec<i64>);

impl Model {
    fn append(&mut self, count: u64, from_ms: i64, to_ms: i64) {
        let span = (to_ms - from_ms).max(0);
        for index in 0..count as i64 {
            self.0.push(from_ms + index * span / count as i64);
        }
    }

    fn offset_for_timestamp(&self, start: i64, timestamp_ms: i64) -> Option<i64> {
        (start..self.0.len() as i64)
            .find(|offset| self.0[*offset as usize] >= timestamp_ms)
    }
}

#[test]
fn lines_answer_as_a_log_with_every_timestamp_would() {
    let mut random = StdRng::seed_from_u64(1);
    for _ in 0..50 {
        let (mut log, mut model) = (PartitionLog::default(), Model::default());
        let mut now_ms = 1000;
        for _ in 0..random.random_range(1..12) {
            let count = random.random_range(1..40);
            // Now and then a producer's clock is behind.
            let from_ms = now_ms - random.random_range(0..3) / 2 * 50;
            now_ms = from_ms + random.random_range(0..200);
            log.append(count, from_ms, now_ms);
            model.append(count, from_ms, now_ms);
        }
        log.advance_start(random.random_range(0..20));
        assert_eq!(log.end(), model.0.len() as i64);
        for offset in log.start()..log.end() {
            assert_eq!(log.timestamp_of(offset), Some(model.0[offset as usize]));
        }
        for timestamp_ms in 900..now_ms + 100 {
            let found = log.offset_for_timestamp(timestamp_ms);
            let expected = model.offset_for_timestamp(log.start(), timestamp_ms);
            assert_eq!(
                found.map(|record| record.offset),
                expected,
                "{timestamp_ms}"
            );
            if let Some(record) = found {
                let expected = Some(record.timestamp_ms);
                assert_eq!(log.timestamp_of(record.offset), expected);
            }
        }
        let newest = model.0[log.start() as usize..].iter().max();
        assert_eq!(
            log.max_timestamp()
                .map(|record| record.timestamp_ms)
                .as_ref(),
            newest
        );
    }
}

#[test]
fn ticks_at_one_rate_are_one_line() {
    let mut log = PartitionLog::default();
    for tick in 0..1000 {
        log.append(10, tick * 100, (tick + 1) * 100);
    }
    assert_eq!(log.lines.len(), 1);
    assert_eq!(log.timestamp_of(9_999), Some(99_990));
}

#[test]
fn a_change_of_rate_is_a_new_line_and_their_number_is_bounded() {
    let mut log = PartitionLog::default();
    for tick in 0..10_000 {
        log.append(1 + tick as u64 % 2, tick * 100, (tick + 1) * 100);
    }
    assert_eq!(log.lines.len(), MAX_LINES);
    assert_eq!(log.end(), 15_000);
    let newest = log.timestamp_of(14_998).unwrap();
    assert_eq!(newest, 999_900);
    let times: Vec<i64> = (0..log.end())
        .map(|offset| log.timestamp_of(offset).unwrap())
        .collect();
    assert!(times.is_sorted());
}

#[test]
fn the_log_start_only_moves_forward_and_not_past_the_end() {
    let mut log = PartitionLog::default();
    log.append(100, 0, 1000);
    log.advance_start(40);
    log.advance_start(10);
    assert_eq!((log.start(), log.timestamp_of(39)), (40, None));
    assert_eq!(log.offset_for_timestamp(0).unwrap().offset, 40);
    log.advance_start(1000);
    assert_eq!((log.start(), log.end()), (100, 100));
    assert_eq!(log.offset_for_timestamp(0), None);
    assert_eq!(log.max_timestamp(), None);
    log.append(1, 5000, 5000);
    assert_eq!(log.offset_for_timestamp(0).unwrap().offset, 100);
}

#[test]
fn a_log_begins_where_it_is_told_only_while_nothing_was_written() {
    let mut log = PartitionLog::default();
    log.begin_at(5_000_000_000);
    log.append(10, 0, 10);
    assert_eq!((log.start(), log.end()), (5_000_000_000, 5_000_000_010));
    log.begin_at(7);
    assert_eq!(log.start(), 5_000_000_000);
}

#[test]
fn an_open_transaction_holds_the_stable_offset_and_its_end_takes_one() {
    let mut log = PartitionLog::default();
    log.append(100, 0, 1000);
    assert_eq!(log.last_stable_offset(), 100);
    log.open_transaction(60);
    log.open_transaction(90);
    log.append(50, 1000, 2000);
    assert_eq!(log.last_stable_offset(), 60);
    assert_eq!(log.end_transactions(3000), 2);
    assert_eq!((log.last_stable_offset(), log.end()), (152, 152));
    assert!(!log.has_open_transaction());
}
