"""One life of a streaming query: started, run to the end of the topic, stopped."""

import json
from dataclasses import dataclass, field

from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession, functions as F

LIFE_SECONDS_MAX = 60

AVAILABLE_NOW = {"availableNow": True}
TRIGGERS = {"available now": AVAILABLE_NOW, "processing time": {"processingTime": "0 seconds"}}


@dataclass
class Life:
    """What a life left to be seen."""

    # As Java wrote it: the text of each progress event, oldest first.
    progress: list[str] = field(default_factory=list)
    # Batch id -> what the sink was given, in the order of topic, partition, offset.
    batches: dict[int, list] = field(default_factory=dict)
    # The exceptions from the outermost to the cause; empty if all went well.
    error: list[str] = field(default_factory=list)
    # The same of the sink's own read, where a task failed: foreachBatch passes it
    # on through Python, and Spark's exception then has it as text only.
    sink_error: list[str] = field(default_factory=list)
    # start() itself threw, so no batch was ever planned.
    refused: bool = False

    def events(self) -> list[dict]:
        return [json.loads(text) for text in self.progress]

    def read(self, batches: list[int] | None = None) -> dict[str, dict[str, list[int]]]:
        """Topic -> partition -> the offsets that reached the sink, repeats included."""
        seen: dict = {}
        for batch in self.batches if batches is None else batches:
            for row in self.batches[batch]:
                seen.setdefault(row[0], {}).setdefault(str(row[1]), []).append(row[2])
        return {
            topic: {p: sorted(offsets) for p, offsets in sorted(partitions.items())}
            for topic, partitions in sorted(seen.items())
        }


def source(spark: SparkSession, address: str, topic: str, options: dict) -> DataFrame:
    reader = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", address)
        .option("subscribe", topic)
    )
    for name, value in options.items():
        reader = reader.option(name, value)
    return reader.load().select("topic", "partition", "offset")


def counted(records: DataFrame) -> DataFrame:
    """A stateful query whose state says which offsets it was built from."""
    return records.groupBy("topic", "partition").agg(
        F.count("*").alias("records"),
        F.sort_array(F.collect_list("offset")).alias("offsets"),
    )


def live(
    query: DataFrame,
    checkpoint,
    *,
    mode: str = "append",
    trigger: str = "available now",
    crash_in_batch: int | None = None,
) -> Life:
    """Runs `query` until it has read what is there, or fails."""
    life = Life()

    def sink(batch: DataFrame, batch_id: int) -> None:
        try:
            life.batches[batch_id] = sorted([list(row) for row in batch.collect()])
        except Exception as error:  # Which class it is differs by version; its text is the evidence.
            life.sink_error = chain(error)
            raise
        if batch_id == crash_in_batch:
            raise RuntimeError("the sink fails in this batch, as the case wants it")

    writer = (
        query.writeStream.foreachBatch(sink)
        .option("checkpointLocation", checkpoint.location)
        .outputMode(mode)
    )
    _run(writer, TRIGGERS[trigger], life)
    return life


def live_into_files(query: DataFrame, checkpoint, folder) -> Life:
    """As `live`, with Spark's own file sink, which remembers batch ids."""
    life = Life()
    writer = (
        query.writeStream.format("json")
        .option("path", str(folder))
        .option("checkpointLocation", checkpoint.location)
    )
    _run(writer, AVAILABLE_NOW, life)
    return life


def _run(writer, trigger: dict, life: Life) -> None:
    try:
        query = writer.trigger(**trigger).start()
    except Exception as error:  # As in `live`.
        life.refused = True
        life.error = chain(error)
        return
    try:
        if trigger == AVAILABLE_NOW:
            if not query.awaitTermination(LIFE_SECONDS_MAX):
                raise TimeoutError(f"no end after {LIFE_SECONDS_MAX} s")
        else:
            query.processAllAvailable()
    except TimeoutError:
        raise
    except Exception as error:  # As in `live`.
        life.error = chain(error)
    finally:
        life.progress = [event.json() for event in query._jsq.recentProgress()]
        query.stop()


def chain(error: Exception) -> list[str]:
    """`class: message` of each Java exception down to the cause."""
    # PySpark keeps the Java side in different places, by exception and version.
    # Not by getattr: a Java object answers to every name.
    java = vars(error).get("java_exception") or vars(error).get("_origin")
    if isinstance(java, Py4JJavaError):
        java = java.java_exception
    if java is None:
        return [f"{type(error).__name__}: {error}"]
    return java_chain(java)


def java_chain(java) -> list[str]:
    chain = []
    while java is not None and len(chain) < 10:
        message = java.getMessage() or ""
        # What follows repeats the plan, a Java stack or a Python one.
        for noise in ("=== Streaming Query ===", "\n\tat ", "Return Message: Traceback"):
            message = message.split(noise)[0].strip()
        chain.append(f"{java.getClass().getName()}: {message}")
        java = java.getCause()
    return chain
