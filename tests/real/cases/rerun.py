"""A batch that has its offsets and no commit is run again at the next start."""

from functools import partial

from case import Case, offsets_read
from cases.seed import RECORDS, SEED, after_seed


def rerun_ended(bench, life):
    """How a life ends whose first batch was one run again.

    Spark 4.1 commits the batch and then fails while it reports on it, since the
    Kafka source has not asked for the latest offsets in this life (SPARK-55271).
    """
    if bench.spark_line == (4, 1):
        bench.expect_match("error", life.error, "NullPointerException: .*Option.get")
    else:
        bench.expect("error", life.error, [])


def batch_0_failed(bench, trigger):
    topic = bench.topic(RECORDS)
    checkpoint = bench.checkpoint()
    checkpoint.seed({topic: SEED})
    query = bench.source(topic, startingOffsets="latest")

    life = bench.live(query, checkpoint, crash_in_batch=0, trigger=trigger)
    bench.note_life("life that crashed", life, checkpoint)
    bench.expect("batch 0 committed", checkpoint.read("commits/0"), None)
    life = bench.live(query, checkpoint, trigger=trigger)

    bench.note_life("next life", life, checkpoint)
    rerun_ended(bench, life)
    bench.expect("offsets read", life.read(), after_seed(topic))
    bench.expect("batches", list(life.batches), [0])
    bench.expect("batch 0 committed", checkpoint.read("commits/0") is not None, True)
    goes_on(bench, topic, query, checkpoint, trigger)


def commit_taken_away(bench, trigger):
    """To run batch 1 again, its commit is removed; its offsets stay."""
    topic = bench.topic(RECORDS)
    checkpoint = bench.checkpoint()
    query = bench.source(topic, startingOffsets="earliest")
    bench.live(query, checkpoint)
    bench.topics.produce(topic, 0, 3)
    bench.live(query, checkpoint)
    bench.topics.produce(topic, 0, 3)
    checkpoint.clear("commits/1")

    life = bench.live(query, checkpoint, trigger=trigger)

    bench.note_life("life", life, checkpoint)
    rerun_ended(bench, life)
    bench.expect("batch 1 read", life.read([1]), offsets_read(topic, p0=range(20, 23)))
    if not life.error:
        bench.expect("batch 2 read", life.read([2]), offsets_read(topic, p0=range(23, 26)))
        return
    bench.expect("batches", list(life.batches), [1])
    life = bench.live(query, checkpoint, trigger=trigger)
    bench.expect("error of the next life", life.error, [])
    bench.expect("next life read", life.read(), offsets_read(topic, p0=range(23, 26)))


def goes_on(bench, topic, query, checkpoint, trigger):
    bench.topics.produce(topic, 2, 2)
    life = bench.live(query, checkpoint, trigger=trigger)
    bench.note_life("life after that", life)
    bench.expect("error of the life after that", life.error, [])
    bench.expect("it read", life.read(), offsets_read(topic, p2=range(20, 22)))


CASES = [
    Case(
        "seed_still_holds_after_batch_0_failed", partial(batch_0_failed, trigger="available now")
    ),
    Case(
        "seed_still_holds_after_batch_0_failed_with_a_processing_time_trigger",
        partial(batch_0_failed, trigger="processing time"),
    ),
    Case(
        "batch_whose_commit_was_taken_away_runs_again",
        partial(commit_taken_away, trigger="available now"),
    ),
    Case(
        "batch_whose_commit_was_taken_away_runs_again_with_a_processing_time_trigger",
        partial(commit_taken_away, trigger="processing time"),
    ),
]
