"""Records what the installed PySpark does with checkpoints.

    python record.py <folder of cases> <out>

A case is a folder with `checkpoint/` and an `expected.json` of which `query`,
`sources` and `stateful` are read; see README.md.
"""
import glob
import json
import os
import shutil
import sys
import tempfile
import time

RATE_ROWS = 10
BATCHES_WATCHED = 3
# Cases whose obstacle lies some batches ahead.
BATCHES_WATCHED_LONG = 13
SECONDS_MAX = 25


def run(source, out):
    from pyspark.sql import SparkSession

    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    scratch = tempfile.mkdtemp()
    for case in sorted(glob.glob(source + "/*")):
        name = os.path.basename(case)
        if not os.path.exists(f"{out}/{name}"):
            record(spark, case, f"{out}/{name}", f"{scratch}/{name}", scratch)
    spark.stop()


def rate(spark, advance_ms=1000):
    return (
        spark.readStream.format("rate-micro-batch")
        .option("rowsPerBatch", RATE_ROWS)
        .option("startTimestamp", 1700000000000)
        .option("advanceMillisPerBatch", advance_ms)
        .option("numPartitions", 2)
        .load()
    )


def query(spark, kind):
    provider = "RocksDB" if kind.startswith("rocks") else "HDFSBacked"
    spark.conf.set(
        "spark.sql.streaming.stateStore.providerClass",
        f"org.apache.spark.sql.execution.streaming.state.{provider}StateStoreProvider",
    )
    spark.conf.set(
        "spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled",
        "true" if kind == "rockscl" else "false",
    )
    if kind == "stateless":
        return rate(spark), "append"
    if kind == "union":
        return rate(spark).unionByName(rate(spark, 2000)), "append"
    if kind == "join":
        sides = []
        for side in "lr":
            late = rate(spark).withWatermark("timestamp", "2 seconds")
            sides.append(late.selectExpr(f"timestamp as {side}t", f"value as {side}v"))
        left, right = sides
        on = (left.lv == right.rv) & (left.lt == right.rt)
        return left.join(right, on), "append"
    late = rate(spark).withWatermark("timestamp", "1 second")
    return late.groupBy("timestamp").count(), "update"


def causes(throwable):
    found = []
    while throwable is not None:
        text = throwable.getMessage() or ""
        found.append([throwable.getClass().getName(), text[:600]])
        throwable = throwable.getCause()
    return found


def parsed(offset):
    return json.loads(offset) if isinstance(offset, str) and offset != "None" else offset


def record(spark, case, target, work, scratch):
    told = json.load(open(case + "/expected.json"))
    seen = {key: told[key] for key in ("query", "sources", "stateful")}
    seen["spark"] = spark.version
    had_batches = False
    if os.path.isdir(case + "/checkpoint"):
        shutil.copytree(case + "/checkpoint", work)
        offsets = case + "/checkpoint/offsets"
        had_batches = os.path.isdir(offsets) and any(
            name.isdigit() for name in os.listdir(offsets)
        )
    else:
        os.makedirs(work)
    frame, mode = query(spark, told["query"])
    writer = frame.writeStream.format("noop").outputMode(mode)
    try:
        running = writer.option("checkpointLocation", work).start()
    except Exception as error:
        java = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
        seen.update(outcome="fails", when="start")
        seen["error"] = causes(java) if java else [[type(error).__name__, str(error)]]
    else:
        watch(running, os.path.basename(case), seen, had_batches)
    os.makedirs(target)
    if os.path.isdir(case + "/checkpoint"):
        shutil.copytree(case + "/checkpoint", target + "/checkpoint")
    text = json.dumps(seen, indent=1, sort_keys=True).replace(scratch, "$B")
    with open(target + "/expected.json", "w") as file:
        file.write(text.replace(tempfile.gettempdir() + "/spark-", "$T/spark-"))
    shutil.rmtree(work, ignore_errors=True)


def watch(running, name, seen, had_batches):
    long = "far-ahead-alone" in name or "gone-commit-garbage" in name
    wanted = BATCHES_WATCHED_LONG if long else BATCHES_WATCHED
    until = time.time() + SECONDS_MAX
    progress = []
    while time.time() < until:
        progress = [
            json.loads(p.json) if hasattr(p, "json") and isinstance(p.json, str) else p
            for p in running.recentProgress
        ]
        if not running.isActive or len(progress) >= wanted:
            break
        time.sleep(0.1)
    failure = running._jsq.exception()
    if failure.isDefined():
        chain = causes(failure.get())
        seen["outcome"] = "fails"
        seen["error"] = chain[1:] or chain
        seen["when"] = "after_batches" if progress else "before_first_batch"
    else:
        running.stop()
        seen["outcome"] = "starts" if had_batches else "starts_fresh"
    if progress:
        first = progress[0]
        seen["batch_id"] = first["batchId"]
        seen["start_offsets"] = [parsed(s["startOffset"]) for s in first["sources"]]
        seen["end_offsets"] = [parsed(s["endOffset"]) for s in first["sources"]]


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2])
