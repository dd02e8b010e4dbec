"""The ways out where there is more than a log: a query with state, and a sink that remembers."""

import json
from functools import partial

from case import Case, Watched
from cases.options import BATCHES, WAITING, secured
from cases.stateful import ROCKSDB
from compare import went_as_planned


def state_goes_back(bench, **conf):
    """The state goes back with the batch, and what it then holds counts each record once."""
    stage = bench.stage
    with bench.conf(**conf):
        lived_in(bench, stage)
        run = secured(bench, stage, "rollback", batch="1")
        versions = [name for name in stage.checkpoint.names() if name.startswith("state/")]
        bench.note("state before", versions)
        went_as_planned(bench, stage, run)
        bench.note("state after", [n for n in stage.checkpoint.names() if n.startswith("state/")])
        counts_each_record_once(bench, stage)


def state_is_refused_other_offsets(bench):
    stage = bench.stage
    lived_in(bench, stage)
    run = stage.run()
    for option in ("move", "rise"):
        why = run.card(option)["not_possible"]
        bench.note(f"why not {option}", why)
        bench.expect_match(f"why not {option}", why, "The query keeps state")
    run.choose("latest")
    run.secure()
    stage.produce(WAITING)
    went_as_planned(bench, stage, run)


def file_sink_takes_rising_numbers(bench):
    """Spark's file sink remembers batches by number: where numbers come again, Sluice refuses."""
    stage = bench.stage
    lived_in(bench, stage)
    before = stage.files()
    run = stage.run()
    for option in ("rollback", "latest", "earliest"):
        why = run.card(option)["not_possible"]
        bench.note(f"why not {option}", why)
        bench.expect(f"{option} is refused", why is not None, True)
    wanted = {stage.names.topic: {"0": 7, "1": 26, "2": 25}}
    run.choose("rise", rises=json.dumps(wanted))
    run.secure()
    stage.produce(WAITING)
    plan = went_as_planned(bench, stage, run)
    after = stage.files()
    for effect in plan["body"]["effects"]:
        partition = str(effect["partition"])
        _, end = stage.bounds(effect["partition"])
        new = list(after[partition])
        for offset in before[partition]:
            new.remove(offset)
        bench.expect(f"new in the files of {partition}", new, list(range(int(effect["after"]), end)))
        again = len(set(before[partition]) & set(new))
        bench.expect(f"in the files of {partition} again", again, int(effect["repeated"]))


def lived_in(bench, stage):
    stage.lived(*BATCHES)
    stage.submit()
    stage.has_read_all()


def counts_each_record_once(bench, stage):
    newest = {}
    for life in stage.lives():
        for batch in sorted(life.batches):
            for _, partition, _, offsets in life.batches[batch]:
                newest[partition] = offsets
    for partition, offsets in newest.items():
        _, end = stage.bounds(partition)
        bench.expect(f"counted in {partition}", offsets, list(range(end)))


CHANGELOG = {
    "streaming_stateStore_providerClass": ROCKSDB,
    "streaming_stateStore_rocksdb_changelogCheckpointing_enabled": "true",
}

WITH_IDS = CHANGELOG | {"streaming_stateStore_checkpointFormatVersion": "2"}

CASES = [
    Case("option_e_takes_the_state_back", state_goes_back, Watched(stateful=True)),
    Case(
        "option_e_takes_rocksdb_back",
        partial(state_goes_back, streaming_stateStore_providerClass=ROCKSDB),
        Watched(stateful=True),
    ),
    Case(
        "option_e_takes_a_rocksdb_changelog_back",
        partial(state_goes_back, **CHANGELOG),
        Watched(stateful=True),
    ),
    Case(
        "option_e_takes_state_with_ids_back",
        partial(state_goes_back, **WITH_IDS),
        Watched(stateful=True),
        since=(4, 0),
    ),
    Case(
        "options_g_and_h_are_refused_to_a_query_with_state",
        state_is_refused_other_offsets,
        Watched(stateful=True),
    ),
    Case(
        "option_g_is_taken_by_a_file_sink_and_others_are_refused",
        file_sink_takes_rising_numbers,
        Watched(sink="file_sink"),
    ),
]
