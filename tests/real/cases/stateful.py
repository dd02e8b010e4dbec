"""A stateful query whose state is cleared with everything else, then seeded."""

from functools import partial

from case import Case
from cases.seed import RECORDS, SEED
from checkpoint import new_id

ROCKSDB = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"


def lived_in(bench, topic, mode):
    checkpoint = bench.checkpoint()
    query = bench.counted(bench.source(topic, startingOffsets="earliest"))
    life = bench.live(query, checkpoint, mode=mode)
    bench.expect("counts before", counts(life), {0: 20, 1: 20, 2: 20})
    return checkpoint, query


def counts(life) -> dict:
    """Partition -> count, as the last batch with rows in it put it."""
    rows = [row for batch in sorted(life.batches) for row in life.batches[batch]]
    return {row[1]: row[2] for row in rows}


def offsets(life) -> dict:
    rows = [row for batch in sorted(life.batches) for row in life.batches[batch]]
    return {row[1]: row[3] for row in rows}


def starts_at_the_seed(bench, mode, **conf):
    topic = bench.topic(RECORDS)
    with bench.conf(**conf):
        checkpoint, query = lived_in(bench, topic, mode)
        bench.note("objects before", checkpoint.names())
        checkpoint.close_gate()
        checkpoint.clear()
        checkpoint.seed({topic: SEED})
        checkpoint.open_gate(new_id())

        life = bench.live(query, checkpoint, mode=mode)

        note(bench, "first life", life, checkpoint)
        bench.expect("error", life.error, [])
        bench.expect("counted", offsets(life), {0: list(range(5, 20)), 1: list(range(12, 20))})

        bench.topics.produce(topic, 1, 2)
        life = bench.live(query, checkpoint, mode=mode)

        note(bench, "second life", life, checkpoint)
        bench.expect("second life's error", life.error, [])
        bench.expect("state goes on", offsets(life)[1], list(range(12, 22)))


def state_left(bench, mode):
    """Everything but state/ is cleared; it holds two versions of the old life."""
    topic = bench.topic(RECORDS)
    checkpoint, query = lived_in(bench, topic, mode)
    bench.topics.produce(topic, 0, 1)
    bench.live(query, checkpoint, mode=mode)
    checkpoint.close_gate()
    checkpoint.clear("offsets", "commits", "sources")
    checkpoint.seed({topic: SEED})
    checkpoint.open_gate(new_id())

    life = bench.live(query, checkpoint, mode=mode)

    note(bench, "life", life, checkpoint)
    if bench.spark_line >= (4, 1):
        bench.expect_match("error", life.error, "STATE_STORE_CHECKPOINT_LOCATION_NOT_EMPTY")
        return
    bench.expect("error", life.error, [])
    bench.expect("counted", offsets(life), {0: list(range(5, 21)), 1: list(range(12, 20))})
    bench.expect("old state left", "state/0/0/2.delta" in checkpoint.names(), True)


def note(bench, label, life, checkpoint):
    bench.note(f"{label}: error", life.error)
    bench.note(f"{label}: batches", life.batches)
    if life.progress:
        bench.note(f"{label}: first progress event", life.progress[0])
    bench.note(f"{label}: objects", checkpoint.names())
    bench.note(f"{label}: offsets/0", checkpoint.read("offsets/0"))


CASES = [
    Case(
        "stateful_query_starts_at_the_seed_in_update_mode",
        partial(starts_at_the_seed, mode="update"),
    ),
    Case(
        "stateful_query_starts_at_the_seed_in_complete_mode",
        partial(starts_at_the_seed, mode="complete"),
    ),
    Case(
        "stateful_query_on_rocksdb_starts_at_the_seed",
        partial(starts_at_the_seed, mode="update", streaming_stateStore_providerClass=ROCKSDB),
    ),
    Case("state_left_behind_is_refused_from_4_1_on", partial(state_left, mode="update")),
]
