"""A checkpoint that holds sources/<i>/0: does the query start there, whatever its options say?"""

import json
from functools import partial

from case import Case, offsets_read
from checkpoint import new_id, seed_bytes

RECORDS = {0: 20, 1: 20, 2: 20}
# One partition early, one late, one at its very end: nothing may come of the last.
SEED = {"0": 5, "1": 12, "2": 20}


def after_seed(topic: str) -> dict:
    return offsets_read(topic, p0=range(5, 20), p1=range(12, 20))


def seed_wins(bench, options, trigger="available now"):
    topic = bench.topic(RECORDS)
    checkpoint = bench.checkpoint()
    checkpoint.seed({topic: SEED})

    life = bench.live(bench.source(topic, **options(topic)), checkpoint, trigger=trigger)

    bench.note_life("life", life, checkpoint)
    bench.expect("error", life.error, [])
    bench.expect("offsets read", life.read(), after_seed(topic))
    bench.expect("batches", list(life.batches), [0])
    bench.expect("seed as it was", checkpoint.read("sources/0/0"), seed_bytes({topic: SEED}))
    end = {topic: {"0": 20, "1": 20, "2": 20}}
    line = checkpoint.read("offsets/0").decode().split("\n")[2]
    bench.expect("third line of offsets/0", json.loads(line), end)
    told = life.events()[0]
    bench.expect("first event's batch", told["batchId"], 0)
    # No start in the event of batch 0: what it began from is in sources/0/0 only.
    bench.expect("first event's start", told["sources"][0]["startOffset"], None)
    bench.expect("first event's rows", told["numInputRows"], 23)
    bench.expect("first event's end", told["sources"][0]["endOffset"], end)


def options_apply(bench, options, wanted):
    """The control: the same query without a seed."""
    topic = bench.topic(RECORDS)
    checkpoint = bench.checkpoint()

    life = bench.live(bench.source(topic, **options(topic)), checkpoint)

    bench.note_life("life", life, checkpoint)
    bench.expect("error", life.error, [])
    bench.expect("offsets read", life.read(), wanted(topic))


def opened_gate_and_seed(bench):
    """What Sluice leaves just before the restart: metadata and the seed, nothing else."""
    topic = bench.topic(RECORDS)
    checkpoint = bench.checkpoint()
    query_id = new_id()
    checkpoint.open_gate(query_id)
    checkpoint.seed({topic: SEED})
    before = checkpoint.read("metadata")

    life = bench.live(bench.source(topic, startingOffsets="earliest"), checkpoint)

    bench.note_life("first life", life, checkpoint)
    bench.expect("error", life.error, [])
    bench.expect("offsets read", life.read(), after_seed(topic))
    bench.expect("first event's batch", life.events()[0]["batchId"], 0)
    bench.expect("query id", life.events()[0]["id"], query_id)
    bench.expect("metadata as it was", checkpoint.read("metadata"), before)

    bench.topics.produce(topic, 2, 3)
    life = bench.live(bench.source(topic, startingOffsets="earliest"), checkpoint)

    bench.note_life("second life", life)
    bench.expect("second life's error", life.error, [])
    bench.expect("second life read", life.read(), offsets_read(topic, p2=range(20, 23)))
    bench.expect("second life's batches", list(life.batches), [1])


def first_batch_is_bounded(bench):
    """maxOffsetsPerTrigger counts from the seed on."""
    topic = bench.topic({0: 20})
    checkpoint = bench.checkpoint()
    checkpoint.seed({topic: {"0": 5}})
    query = bench.source(topic, startingOffsets="earliest", maxOffsetsPerTrigger="4")

    life = bench.live(query, checkpoint)

    bench.note_life("life", life, checkpoint)
    bench.expect("error", life.error, [])
    bench.expect("batch 0 read", life.read([0]), offsets_read(topic, p0=range(5, 9)))
    bench.expect("all read", life.read(), offsets_read(topic, p0=range(5, 20)))
    starts = [event["sources"][0]["startOffset"] for event in life.events()[:2]]
    bench.note("startOffset of the first two events", starts)


def seed_at_the_end(bench):
    """Nothing is waiting: the start is still written down, in a batch 0 without records."""
    topic = bench.topic(RECORDS)
    checkpoint = bench.checkpoint()
    checkpoint.seed({topic: {"0": 20, "1": 20, "2": 20}})

    life = bench.live(bench.source(topic, startingOffsets="earliest"), checkpoint)

    bench.note_life("life", life, checkpoint)
    bench.expect("error", life.error, [])
    bench.expect("offsets read", life.read(), {})
    bench.expect("batch 0 committed", checkpoint.read("commits/0") is not None, True)


def two_sources(bench):
    first, second = bench.topic(RECORDS), bench.topic(RECORDS)
    checkpoint = bench.checkpoint()
    checkpoint.seed({first: SEED}, source=0)
    checkpoint.seed({second: {"0": 18, "1": 19, "2": 0}}, source=1)
    query = bench.source(first, startingOffsets="latest").union(
        bench.source(second, startingOffsets="latest")
    )

    life = bench.live(query, checkpoint)

    bench.note_life("life", life, checkpoint)
    bench.expect("error", life.error, [])
    wanted = after_seed(first) | offsets_read(
        second, p0=range(18, 20), p1=range(19, 20), p2=range(20)
    )
    bench.expect("offsets read", life.read(), wanted)


def seed_without_one_source(bench):
    """Only the first of two sources is seeded: the other one goes by its options."""
    first, second = bench.topic(RECORDS), bench.topic(RECORDS)
    checkpoint = bench.checkpoint()
    checkpoint.seed({first: SEED}, source=0)
    query = bench.source(first, startingOffsets="latest").union(
        bench.source(second, startingOffsets="latest")
    )

    life = bench.live(query, checkpoint)

    bench.note_life("life", life, checkpoint)
    bench.expect("error", life.error, [])
    bench.expect("offsets read", life.read(), after_seed(first))
    written = json.loads(checkpoint.read("sources/1/0").removeprefix(b"\0v1\n"))
    bench.expect("what Spark wrote for it", written, {second: {"0": 20, "1": 20, "2": 20}})


EARLIEST = lambda topic: {"startingOffsets": "earliest"}
LATEST = lambda topic: {"startingOffsets": "latest"}
EXPLICIT = lambda topic: {"startingOffsets": json.dumps({topic: {"0": 1, "1": 1, "2": 1}})}
TIMESTAMP = lambda topic: {"startingTimestamp": "0"}
NONE = lambda topic: {}

CASES = [
    Case("seed_wins_over_earliest", partial(seed_wins, options=EARLIEST)),
    Case("seed_wins_over_latest", partial(seed_wins, options=LATEST)),
    Case("seed_wins_over_explicit_offsets", partial(seed_wins, options=EXPLICIT)),
    Case("seed_wins_over_a_timestamp", partial(seed_wins, options=TIMESTAMP)),
    Case("seed_wins_where_no_option_is_set", partial(seed_wins, options=NONE)),
    Case(
        "seed_wins_with_a_processing_time_trigger",
        partial(seed_wins, options=EARLIEST, trigger="processing time"),
    ),
    Case(
        "without_a_seed_earliest_applies",
        partial(
            options_apply,
            options=EARLIEST,
            wanted=lambda topic: offsets_read(topic, p0=range(20), p1=range(20), p2=range(20)),
        ),
    ),
    Case(
        "without_a_seed_latest_applies",
        partial(options_apply, options=LATEST, wanted=lambda topic: {}),
    ),
    Case(
        "without_a_seed_explicit_offsets_apply",
        partial(
            options_apply,
            options=EXPLICIT,
            wanted=lambda topic: offsets_read(
                topic, p0=range(1, 20), p1=range(1, 20), p2=range(1, 20)
            ),
        ),
    ),
    Case("opened_gate_and_seed_start_at_batch_0_and_go_on", opened_gate_and_seed),
    Case("first_batch_is_bounded_from_the_seed_on", first_batch_is_bounded),
    Case("seed_at_the_end_commits_an_empty_batch_0", seed_at_the_end),
    Case("each_source_starts_at_its_own_seed", two_sources),
    Case("source_without_a_seed_goes_by_its_options", seed_without_one_source),
]
