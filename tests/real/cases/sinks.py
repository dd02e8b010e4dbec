"""A seeded query starts at batch 0, and a sink may remember a batch 0."""

from case import Case
from cases.seed import RECORDS, SEED, after_seed
from checkpoint import new_id


def seeded(bench, topic, checkpoint):
    checkpoint.close_gate()
    checkpoint.clear()
    checkpoint.seed({topic: SEED})
    checkpoint.open_gate(new_id())


def empty_folder(bench):
    """The file sink as a second witness of where the query starts."""
    topic = bench.topic(RECORDS)
    checkpoint, folder = bench.checkpoint(), bench.folder()
    checkpoint.seed({topic: SEED})

    life = bench.live_into_files(bench.source(topic, startingOffsets="earliest"), checkpoint, folder)

    bench.expect("error", life.error, [])
    bench.note("in the files", bench.files(folder))
    bench.expect("offsets in the files", bench.files(folder), after_seed(topic))


def folder_that_remembers(bench):
    topic = bench.topic(RECORDS)
    checkpoint, folder = bench.checkpoint(), bench.folder()
    query = bench.source(topic, startingOffsets="earliest")
    bench.live_into_files(query, checkpoint, folder)
    before = bench.files(folder)
    seeded(bench, topic, checkpoint)

    life = bench.live_into_files(query, checkpoint, folder)

    bench.note("progress", life.progress)
    bench.expect("error", life.error, [])
    bench.expect("files as they were", bench.files(folder), before)
    # And the query has gone on: the records are lost, and nothing failed.
    bench.expect("batch 0 committed", checkpoint.read("commits/0") is not None, True)
    end = life.events()[0]["sources"][0]["endOffset"]
    bench.expect("end of batch 0", end, {topic: {"0": 20, "1": 20, "2": 20}})


CASES = [
    Case("file_sink_gets_the_seeded_offsets", empty_folder),
    Case("file_sink_that_remembers_batch_0_drops_the_seeded_one", folder_that_remembers),
]
