"""The closed gate: a `metadata` that Spark cannot parse keeps a job from starting."""

from functools import partial

from case import Case, offsets_read
from cases.seed import RECORDS, SEED, after_seed
from checkpoint import new_id

REFUSAL = "JsonParseException: Unrecognized token 'SLUICE'"

ONE_WORD = "SLUICE_GATE_CLOSED__RUN_42__DO_NOT_START_THIS_JOB__SEE_THE_RUN_PAGE"


def lived_in(bench, topic):
    """A checkpoint with two batches behind it."""
    checkpoint = bench.checkpoint()
    query = bench.source(topic, startingOffsets="earliest")
    bench.live(query, checkpoint)
    bench.topics.produce(topic, 0, 1)
    life = bench.live(query, checkpoint)
    bench.expect("batches before the gate", sorted(life.batches), [1])
    return checkpoint, query


def refuses(bench, checkpoint, query):
    before = checkpoint.fingerprint()
    for trigger in ("available now", "processing time"):
        life = bench.live(query, checkpoint, trigger=trigger)
        bench.note_life(f"behind the gate, {trigger}", life, checkpoint)
        bench.expect("start() threw", life.refused, True)
        bench.expect_match("error", life.error, REFUSAL)
    bench.expect("the prefix as it was", checkpoint.fingerprint(), before)


def whole(bench):
    topic = bench.topic(RECORDS)
    checkpoint, query = lived_in(bench, topic)
    query_id = checkpoint.query_id()
    checkpoint.close_gate()

    refuses(bench, checkpoint, query)

    checkpoint.open_gate(query_id)
    bench.topics.produce(topic, 1, 2)
    life = bench.live(query, checkpoint)
    bench.note_life("opened", life, checkpoint)
    bench.expect("error", life.error, [])
    bench.expect("goes on at batch", sorted(life.batches), [2])
    bench.expect("query id", life.events()[0]["id"], query_id)
    bench.expect("offsets read", life.read(), offsets_read(topic, p1=range(20, 22)))


def half_cleared(bench):
    """A Run that broke off in the middle of clearing."""
    topic = bench.topic(RECORDS)
    checkpoint, query = lived_in(bench, topic)
    checkpoint.close_gate()
    checkpoint.clear("offsets", "commits")

    refuses(bench, checkpoint, query)


def cleared_seeded_opened(bench, new):
    topic = bench.topic(RECORDS)
    checkpoint, query = lived_in(bench, topic)
    query_id = new_id() if new else checkpoint.query_id()
    checkpoint.close_gate()
    checkpoint.clear()
    bench.expect("what clearing leaves", checkpoint.names(), ["metadata"])

    refuses(bench, checkpoint, query)
    checkpoint.seed({topic: SEED})
    refuses(bench, checkpoint, query)

    checkpoint.open_gate(query_id)
    life = bench.live(query, checkpoint)
    bench.note_life("opened", life, checkpoint)
    bench.expect("error", life.error, [])
    bench.expect("starts at batch", sorted(life.batches), [0])
    bench.expect("query id", life.events()[0]["id"], query_id)
    # lived_in put one record more into partition 0.
    wanted = after_seed(topic)
    wanted[topic]["0"].append(20)
    bench.expect("offsets read", life.read(), wanted)


def one_word(bench):
    """Spark's error repeats the first word of the gate, to the first character
    that no Java identifier may have; so what is to be read in the log is one word."""
    topic = bench.topic(RECORDS)
    checkpoint, query = lived_in(bench, topic)
    checkpoint.close_gate(ONE_WORD.encode() + b" and the rest is only in the object")

    life = bench.live(query, checkpoint)

    bench.note_life("behind the gate", life)
    bench.expect("start() threw", life.refused, True)
    bench.expect_match("error", life.error, f"Unrecognized token '{ONE_WORD}'")


def missing_metadata(bench):
    """The control: why the gate is not simply a deleted `metadata`."""
    topic = bench.topic(RECORDS)
    checkpoint, query = lived_in(bench, topic)
    old_id = checkpoint.query_id()
    checkpoint.clear()

    life = bench.live(query, checkpoint)

    bench.note_life("life", life, checkpoint)
    bench.expect("error", life.error, [])
    bench.expect("same query id", life.events()[0]["id"] == old_id, False)
    wanted = offsets_read(topic, p0=range(21), p1=range(20), p2=range(20))
    bench.expect("offsets read", life.read(), wanted)


CASES = [
    Case("closed_gate_refuses_a_whole_checkpoint", whole),
    Case("closed_gate_refuses_a_half_cleared_checkpoint", half_cleared),
    Case("first_word_of_the_gate_is_in_the_error", one_word),
    Case("opened_with_the_old_id_it_starts_at_the_seed", partial(cleared_seeded_opened, new=False)),
    Case("opened_with_a_new_id_it_starts_at_the_seed", partial(cleared_seeded_opened, new=True)),
    Case("missing_metadata_does_not_keep_a_job_from_starting", missing_metadata),
]
