"""Which bytes in sources/0/0 are taken, and what those that are not do."""

from functools import partial

from case import Case, offsets_read
from cases.seed import RECORDS, after_seed


def taken(bench, seed):
    topic = bench.topic(RECORDS)
    checkpoint = bench.checkpoint()
    checkpoint.seed(seed.replace("TOPIC", topic).encode())

    life = bench.live(bench.source(topic, startingOffsets="earliest"), checkpoint)

    bench.note_life("life", life, checkpoint)
    bench.expect("error", life.error, [])
    bench.expect("offsets read", life.read(), after_seed(topic))


def fails(bench, seed, error):
    topic = bench.topic(RECORDS)
    checkpoint = bench.checkpoint()
    checkpoint.seed(seed.replace("TOPIC", topic).encode())

    life = bench.live(bench.source(topic, startingOffsets="earliest"), checkpoint)

    bench.note_life("life", life, checkpoint)
    bench.expect("anything read", life.batches, {})
    bench.expect_match("error", life.error + life.sink_error, error)


def minus_two(bench):
    """Spark writes resolved offsets only, but reads -2 all the same."""
    topic = bench.topic(RECORDS)
    checkpoint = bench.checkpoint()
    checkpoint.seed({topic: {"0": -2, "1": 12, "2": 20}})

    life = bench.live(bench.source(topic, startingOffsets="latest"), checkpoint)

    bench.note_life("life", life, checkpoint)
    bench.expect("error", life.error, [])
    bench.expect("offsets read", life.read(), offsets_read(topic, p0=range(20), p1=range(12, 20)))


def written_by_spark(bench):
    """What Spark itself writes, to have the bytes that a seed must equal in form."""
    topic = bench.topic(RECORDS)
    checkpoint = bench.checkpoint()

    life = bench.live(bench.source(topic, startingOffsets="earliest"), checkpoint)

    bench.note_life("life", life, checkpoint)
    bench.expect("head", checkpoint.read("sources/0/0")[:4], b"\0v1\n")
    bench.expect("read", life.read(), offsets_read(topic, p0=range(20), p1=range(20), p2=range(20)))


COMPACT = '{"TOPIC":{"0":5,"1":12,"2":20}}'

CASES = [
    Case("spark_writes_nul_v1_newline_json", written_by_spark),
    Case(
        "seed_in_another_key_order_is_taken",
        partial(taken, seed='\0v1\n{"TOPIC":{"2":20,"0":5,"1":12}}'),
    ),
    Case(
        "seed_with_spaces_is_taken",
        partial(taken, seed='\0v1\n{ "TOPIC" : { "0" : 5,\n "1" : 12, "2" : 20 } }'),
    ),
    Case("seed_with_a_newline_at_the_end_is_taken", partial(taken, seed=f"\0v1\n{COMPACT}\n")),
    Case("seed_with_another_first_byte_is_taken", partial(taken, seed=f" v1\n{COMPACT}")),
    Case(
        "seed_without_the_nul_fails",
        partial(fails, seed=f"v1\n{COMPACT}", error=r"Expected e\.g\. .*, got 1\n"),
    ),
    Case(
        "seed_of_a_later_format_fails",
        partial(
            fails, seed=f"\0v2\n{COMPACT}",
            error="maximum supported log version is v1, but encountered v2",
        ),
    ),
    Case("empty_seed_fails", partial(fails, seed="", error="requirement failed")),
    Case(
        "seed_that_is_cut_off_fails",
        partial(fails, seed='\0v1\n{"TOPIC":{"0":5,"1"', error=r"Expected e\.g\. .*, got \{"),
    ),
    Case("seed_of_minus_two_starts_at_earliest", minus_two),
    Case(
        "seed_of_minus_one_fails",
        partial(
            fails, seed='\0v1\n{"TOPIC":{"0":-1,"1":-1,"2":-1}}',
            error="earliest offset -1 does not equal -2",
        ),
    ),
]
