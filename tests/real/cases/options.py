"""Each way out as Sluice itself shows, plans and executes it, and what real Spark then does.

A case sets a stream's checkpoint up with real Spark, resets it by Sluice's pages, and holds
what the sink got against what the plan said, partition by partition.
"""

import json
import time

from case import Case, Watched
from compare import foretold, went_as_planned

BATCHES = ({0: 20, 1: 20, 2: 20}, {0: 5}, {1: 4, 2: 3}, {0: 2, 1: 2, 2: 2})
# What comes in while the stream is stopped.
WAITING = {0: 3, 2: 1}


def healthy(bench, stage):
    """Four batches behind it, and a job that runs and has nothing to do."""
    stage.lived(*BATCHES)
    stage.submit()
    stage.has_read_all()


def secured(bench, stage, option, **parameter):
    """A Run whose way out is chosen, on a stream that is stopped and backed up."""
    run = stage.run()
    run.choose(option, **parameter)
    run.secure()
    stage.produce(WAITING)
    return run


def restart(bench):
    stage = bench.stage
    healthy(bench, stage)
    run = secured(bench, stage, "restart")
    went_as_planned(bench, stage, run)


def begun_batch(stage):
    """Leaves the newest batch planned and read, and never committed."""
    stage.lived(*BATCHES[:3])
    stage.produce(BATCHES[3])
    stage.crash_in(3)
    stage.poison(1, 24)
    stage.submit()
    stage.has_failed()


def restart_of_a_begun_batch(bench):
    """The newest batch was planned and read, and never committed: it is run again."""
    stage = bench.stage
    begun_batch(stage)
    run = secured(bench, stage, "restart")
    stage.poison(-1, -1)
    went_as_planned(bench, stage, run)


def rolled_back_over_a_begun_batch(bench):
    """As before, but the batch is forgotten and planned anew."""
    stage = bench.stage
    begun_batch(stage)
    run = secured(bench, stage, "rollback", batch="2")
    stage.poison(-1, -1)
    went_as_planned(bench, stage, run)


def torn(bench):
    """The offsets of the newest batch have no bytes."""
    stage = bench.stage
    stage.lived(*BATCHES)
    stage.checkpoint.put("offsets/4", b"")
    stage.submit()
    stage.has_failed()
    run = stage.run()
    restart = run.card("restart")
    bench.note("why not restart", restart["not_possible"])
    bench.expect_match("why not restart", restart["not_possible"], "Incomplete log file")
    batch = run.card("rollback")["prefill"]
    bench.expect("the batch that stays", batch, "3")
    run.choose("rollback", batch=batch)
    run.secure()
    stage.produce(WAITING)
    went_as_planned(bench, stage, run)


def rolled_back(bench):
    stage = bench.stage
    healthy(bench, stage)
    run = secured(bench, stage, "rollback", batch="1")
    went_as_planned(bench, stage, run)


def risen(bench):
    stage = bench.stage
    healthy(bench, stage)
    wanted = {stage.names.topic: {"0": 7, "1": 26, "2": 25}}
    run = secured(bench, stage, "rise", rises=json.dumps(wanted))
    went_as_planned(bench, stage, run)


def risen_over_a_gap(bench):
    """A log that is broken in the middle: the newest batch is torn, and no older one is left."""
    stage = bench.stage
    stage.lived(*BATCHES)
    stage.checkpoint.clear("commits/2", "offsets/2")
    stage.checkpoint.put("offsets/4", b"")
    stage.submit()
    stage.has_failed()
    wanted = {stage.names.topic: {"0": 27, "1": 26, "2": 25}}
    run = secured(bench, stage, "rise", rises=json.dumps(wanted))
    went_as_planned(bench, stage, run)


def moved(bench):
    """A record that the sink cannot take, in the middle of what waits."""
    stage = bench.stage
    stage.lived(*BATCHES)
    stage.produce({0: 6, 1: 4})
    stage.poison(0, 29)
    stage.submit()
    attempt = stage.has_failed()
    bench.expect("the batch that fails", list(attempt.failed), [4])
    run = secured(bench, stage, "move", moves=f"{stage.names.topic}-0@29")
    went_as_planned(bench, stage, run)


def latest(bench):
    stage = bench.stage
    healthy(bench, stage)
    run = secured(bench, stage, "latest")
    went_as_planned(bench, stage, run)


def given_offsets(bench):
    stage = bench.stage
    healthy(bench, stage)
    run = secured(bench, stage, "latest")
    # One partition again, one from where it stopped, one past a record that waits.
    wanted = {stage.names.topic: {"0": 3, "1": 26, "2": 26}}
    run.choose_once_seen("offsets", offsets=json.dumps(wanted))
    went_as_planned(bench, stage, run)


def carried_by_a_conf(bench):
    """No seed is written: the restarted driver is handed the offsets, as the job's code wants."""
    stage = bench.stage
    healthy(bench, stage)
    wanted = {stage.names.topic: {"0": 3, "1": 24, "2": 25}}
    run = secured(bench, stage, "offsets", offsets=json.dumps(wanted))
    went_as_planned(bench, stage, run)
    bench.note("conf of the restart", stage.lives()[-1].confs)
    written = json.loads(stage.checkpoint.read("sources/0/0").removeprefix(b"\0v1\n"))
    bench.expect("what Spark wrote down", written, wanted)


def timestamp(bench):
    """A time between the second batch and the third."""
    stage = bench.stage
    stage.lived(*BATCHES[:2])
    at_ms = int(time.time() * 1000)
    stage.produce(BATCHES[2])
    stage.submit()
    stage.has_read_all()
    run = secured(bench, stage, "timestamp", at=str(at_ms))
    plan = went_as_planned(bench, stage, run)
    after = {effect["partition"]: effect["after"] for effect in plan["body"]["effects"]}
    bench.expect("where it begins", after, {0: "25", 1: "20", 2: "20"})


def earliest(bench):
    stage = bench.stage
    healthy(bench, stage)
    bench.topics.delete_records_before(stage.names.topic, 1, 6)
    run = secured(bench, stage, "earliest")
    went_as_planned(bench, stage, run)


CASES = [
    Case("option_r_goes_on_where_it_stopped", restart, Watched()),
    Case("option_r_runs_a_begun_batch_again", restart_of_a_begun_batch, Watched()),
    Case("option_e_drops_a_torn_batch", torn, Watched()),
    Case(
        "option_e_plans_a_begun_batch_anew", rolled_back_over_a_begun_batch, Watched()
    ),
    Case("option_e_reads_again_what_came_after", rolled_back, Watched()),
    Case("option_g_begins_at_chosen_offsets", risen, Watched()),
    Case("option_g_leaves_a_broken_log_behind", risen_over_a_gap, Watched()),
    Case("option_h_steps_over_a_poison_record", moved, Watched()),
    Case("option_a_skips_what_waits", latest, Watched()),
    Case("option_b_begins_at_given_offsets", given_offsets, Watched()),
    Case(
        "option_b_is_carried_by_a_conf",
        carried_by_a_conf,
        Watched(carrier="spark.orders.startingOffsets"),
    ),
    Case("option_b_begins_at_a_time", timestamp, Watched()),
    Case("option_c_reads_all_that_kafka_has", earliest, Watched()),
]
