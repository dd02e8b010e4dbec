"""A seed against the partitions and the log of the topic as they are."""

from functools import partial

from case import Case, offsets_read
from cases.rerun import rerun_ended
from cases.seed import RECORDS

# As 3.x and 4.x put it.
ADDED = r"Added partition \S+-2 starts from 8 instead of 0"
AGED_OUT = r"Cannot fetch offset 5 |Could not read records in offset \[5, 20\)"
CHANGED = r"Partition \S+-0(?:'s)? offset was changed from 25 to 20"
GONE = r"Set\(.*-{}.*\) (?:are gone|have been deleted)"


def starts(bench, seed, wanted, log_starts=None, **options):
    topic = bench.topic(RECORDS)
    for partition, offset in (log_starts or {}).items():
        bench.topics.delete_records_before(topic, partition, offset)
    checkpoint = bench.checkpoint()
    checkpoint.seed({topic: seed})

    life = bench.live(bench.source(topic, startingOffsets="latest", **options), checkpoint)

    bench.note_life("life", life, checkpoint)
    bench.expect("error", life.error, [])
    bench.expect("offsets read", life.read(), offsets_read(topic, **wanted))


def fails(bench, seed, error, log_starts=None, trigger="available now"):
    topic = bench.topic(RECORDS)
    for partition, offset in (log_starts or {}).items():
        bench.topics.delete_records_before(topic, partition, offset)
    checkpoint = bench.checkpoint()
    checkpoint.seed({topic: seed})

    life = bench.live(bench.source(topic, startingOffsets="latest"), checkpoint, trigger=trigger)

    bench.note_life("life", life, checkpoint)
    bench.expect("anything read", life.read(), {})
    bench.expect_match("error", life.error + life.sink_error, error)


def partition_added_later(bench):
    """A partition that came after the seed was written is as good as missing in it."""
    topic = bench.topic({0: 20})
    checkpoint = bench.checkpoint()
    checkpoint.seed({topic: {"0": 5}})
    bench.topics.add_partitions(topic, 2)
    bench.topics.produce(topic, 1, 4)

    life = bench.live(bench.source(topic, startingOffsets="latest"), checkpoint)

    bench.note_life("life", life, checkpoint)
    bench.expect("error", life.error, [])
    bench.expect("offsets read", life.read(), offsets_read(topic, p0=range(5, 20), p1=range(4)))


def other_topic(bench):
    """A seed that names a topic which the query does not read."""
    topic, other = bench.topic(RECORDS), bench.topic(RECORDS)
    checkpoint = bench.checkpoint()
    checkpoint.seed({other: {"0": 5, "1": 12, "2": 20}})

    life = bench.live(bench.source(topic, startingOffsets="latest"), checkpoint)

    bench.note_life("life", life, checkpoint)
    bench.expect("anything read", life.read(), {})
    bench.expect_match("error", life.error, GONE.format("0"))


def corrected_seed(bench):
    """A start that failed for its seed has written offsets/0 all the same.

    The batch is then run again from the seed as it is at the next start, to the
    end that stands in offsets/0.
    """
    topic = bench.topic(RECORDS)
    bench.topics.delete_records_before(topic, 2, 8)
    checkpoint = bench.checkpoint()
    checkpoint.seed({topic: WITHOUT_2})
    query = bench.source(topic, startingOffsets="latest")
    life = bench.live(query, checkpoint)
    bench.expect_match("error of the first start", life.error, ADDED)
    bench.note_life("first start", life, checkpoint)
    bench.expect("left by it", checkpoint.names(), ["metadata", "offsets/0", "sources/0/0"])
    bench.topics.produce(topic, 0, 2)
    checkpoint.seed({topic: WITHOUT_2 | {"2": 8}})

    life = bench.live(query, checkpoint)

    bench.note_life("second start", life, checkpoint)
    rerun_ended(bench, life)
    wanted = offsets_read(topic, p0=range(5, 20), p1=range(12, 20), p2=range(8, 20))
    bench.expect("batch 0 read", life.read([0]), wanted)


WITHOUT_2 = {"0": 5, "1": 12}
BEYOND = {"0": 25, "1": 12, "2": 20}
BELOW = {"0": 5, "1": 12, "2": 20}

CASES = [
    Case(
        "partition_missing_in_the_seed_starts_at_earliest",
        partial(
            starts, seed=WITHOUT_2,
            wanted={"p0": range(5, 20), "p1": range(12, 20), "p2": range(20)},
        ),
    ),
    Case("partition_added_after_the_seed_starts_at_earliest", partition_added_later),
    Case(
        "missing_partition_whose_log_start_moved_fails",
        partial(fails, seed=WITHOUT_2, log_starts={2: 8}, error=ADDED),
    ),
    Case(
        "missing_partition_whose_log_start_moved_starts_there_without_fail_on_data_loss",
        partial(
            starts, seed=WITHOUT_2, log_starts={2: 8}, failOnDataLoss="false",
            wanted={"p0": range(5, 20), "p1": range(12, 20), "p2": range(8, 20)},
        ),
    ),
    Case(
        "listed_partition_starts_at_a_moved_log_start",
        partial(
            starts, seed={"0": 5, "1": 12, "2": 8}, log_starts={2: 8},
            wanted={"p0": range(5, 20), "p1": range(12, 20), "p2": range(8, 20)},
        ),
    ),
    Case(
        "seed_below_the_log_start_fails",
        partial(fails, seed=BELOW, log_starts={0: 10}, error=AGED_OUT),
    ),
    Case(
        "seed_below_the_log_start_skips_without_fail_on_data_loss",
        partial(
            starts, seed=BELOW, log_starts={0: 10}, failOnDataLoss="false",
            wanted={"p0": range(10, 20), "p1": range(12, 20)},
        ),
    ),
    Case("seed_beyond_the_end_fails", partial(fails, seed=BEYOND, error=CHANGED)),
    Case(
        "seed_beyond_the_end_fails_with_a_processing_time_trigger",
        partial(fails, seed=BEYOND, trigger="processing time", error=CHANGED),
    ),
    Case(
        "seed_beyond_the_end_without_fail_on_data_loss",
        partial(starts, seed=BEYOND, failOnDataLoss="false", wanted={"p1": range(12, 20)}),
    ),
    Case(
        "seed_that_names_a_partition_too_many_fails",
        partial(fails, seed={"0": 5, "1": 12, "2": 20, "7": 0}, error=GONE.format("7")),
    ),
    Case("seed_of_another_topic_fails", other_topic),
    Case("corrected_seed_holds_after_a_failed_start", corrected_seed),
]
