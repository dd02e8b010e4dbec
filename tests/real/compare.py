"""What a plan said, held against what real Spark did."""

import json
import re


def went_as_planned(bench, stage, run) -> dict:
    """Carries the reset out and compares; gives the plan."""
    weighed = run.weighed()
    before = stage.lives()
    plan = run.carry_out()
    stage.has_read_all()
    after = stage.lives()[len(before):]

    effects = plan["body"]["effects"]
    bench.note("weighed before the plan", weighed["effects"])
    bench.expect("what was weighed before the plan", weighed["effects"], effects)
    bench.note("planned", {"batch": first_batch(plan), "effects": effects})
    bench.note("notes of the plan", plan["body"]["notes"])
    bench.note("attempts", [summary(attempt) for attempt in after])
    given = [batch for life in after for batch in life.ran()]
    bench.expect("first batch", min(given, default=None), first_batch(plan))
    if stage.keeps_offsets:
        compare_offsets(bench, stage, effects, plan["body"]["notes"], before, after)
    compare_events(bench, effects, after)
    for life in after:
        foretold(bench, life)
    if any(life.error for life in after):
        # Only what the plan has told of may go wrong.
        bench.expect_match("notes of the plan", plan["body"]["notes"], "SPARK-55271")
    return plan


def compare_offsets(bench, stage, effects, notes, before, after) -> None:
    """By the sink alone: which offsets it took before and after the reset."""
    had, got = stage.kept(before), stage.kept(after)
    seen = []
    for effect in effects:
        partition = effect["partition"]
        start, end = stage.bounds(partition)
        old, new = had.get(partition, []), got.get(partition, [])
        again = set(old) & set(new)
        # What the sink took of a batch that was not committed is in no figure of the
        # plan, which tells of the committed ones; a note of it says so.
        begun = {offset for offset in again if offset >= int(effect["before"])}
        never = set(range(start, end)) - set(old) - set(new)
        seen.append({
            "partition": partition,
            "began": new[0] if new else None,
            "repeated": len(again - begun),
            "of the begun batch": len(begun),
            "skipped": len(never),
        })
        where = f"partition {partition}"
        bench.expect(f"{where}: read", new, list(range(int(effect["after"]), end)))
        bench.expect(f"{where}: read again", len(again - begun), int(effect["repeated"]))
        bench.expect(f"{where}: never read", len(never), int(effect["skipped"]))
    bench.note("seen", seen)
    compare_begun(bench, notes, sum(one["of the begun batch"] for one in seen))


def compare_begun(bench, notes, again: int) -> None:
    """A batch that was planned and not committed, of which the plan has a note."""
    told = [note for note in notes if "was planned and not committed" in note]
    bench.expect("records of a begun batch again", bool(told) if again else False, again > 0)
    for note in told if again else []:
        bench.expect_match("records of the begun batch", note, rf"\b{again} records?\b")


def compare_events(bench, effects, after) -> None:
    """By Spark's own word: where its first batch that it told of began, and how much it read."""
    told = [event for life in after for event in life.events() if event["numInputRows"]]
    if not told:
        return
    source = told[0]["sources"][0]
    planned = {str(effect["partition"]): int(effect["after"]) for effect in effects}
    (end,) = source["endOffset"].values()
    began = source["startOffset"]
    bench.note("first progress event", {"batch": told[0]["batchId"], "start": began, "end": end})
    # Batch 0 has no start, and a batch that 4.1 runs again has no event.
    if began is not None and told[0]["batchId"] == min(b for life in after for b in life.ran()):
        bench.expect("start of the first event", next(iter(began.values())), planned)
        rows = sum(end[partition] - planned[partition] for partition in planned)
        bench.expect("rows of the first event", told[0]["numInputRows"], rows)


def foretold(bench, life) -> None:
    """The doctor's word right before a life, and that life."""
    said = life.prognosis
    bench.note("the doctor said", {k: v for k, v in said.items() if v not in (None, [])})
    if said["outcome"] == "fails":
        bench.expect("it failed", bool(life.error), True)
        bench.expect("class of the cause", life.error[-1].split(": ")[0], said["error_class"])
        text = " ".join(said["error_text"].split())
        bench.expect("text of the cause", text in " ".join("\n".join(life.error).split()), True)
    else:
        bench.expect("outcome", said["outcome"] in ("starts", "starts_fresh"), True)
    given = sorted(life.ran())
    if said["batch_id"] is not None and given:
        bench.expect("the doctor's first batch", given[0], said["batch_id"])
        started(bench, life, said, given[0])


def started(bench, life, said, batch) -> None:
    rows = life.batches.get(batch) or life.failed.get(batch) or []
    if not said["start_offsets"] or (rows and len(rows[0]) > 3):
        return
    (starts,) = [json.loads(line) for line in said["start_offsets"]]
    (start,) = starts.values()
    for partition in {row[1] for row in rows}:
        first = min(row[2] for row in rows if row[1] == partition)
        bench.expect(f"the doctor's start of {partition}", first, start[str(partition)])
    if said["end_offsets"]:
        (ends,) = [json.loads(line) for line in said["end_offsets"]]
        (end,) = ends.values()
        read = sum(end[p] - start[p] for p in end)
        bench.expect("the doctor's end", len(rows), read)


def first_batch(plan) -> int:
    """The batch that the plan says will run first."""
    kinds = {step["kind"]["step"]: step["kind"] for step in plan["body"]["steps"]}
    # A plan that begins anew reads its seed back, and begins at batch 0.
    return int(kinds["confirm"]["batch"]) if "read_back" not in kinds else 0


def summary(attempt) -> dict:
    return {
        "job run": attempt.job_run,
        "attempt": attempt.number,
        "batches": {batch: len(rows) for batch, rows in attempt.batches.items()},
        "refused by start()": attempt.refused,
        "error": [re.sub(r"\s+", " ", line)[:300] for line in attempt.error],
    }
