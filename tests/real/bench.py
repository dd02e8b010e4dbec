"""What a case is given: a broker with topics, fresh checkpoints, and a place for what it saw."""

import re
from contextlib import contextmanager
from pathlib import Path

import stream
from case import line_of
from checkpoint import Checkpoint, escaped
from topics import Topics


class Bench:
    def __init__(self, spark, address: str, topics: Topics, folder: Path, number: int):
        self._spark = spark
        self._address = address
        self._folder = folder / f"case-{number:02}"
        self._number = number
        self._made = 0
        self.topics = topics
        # Only where the case has a stream of its own.
        self.stage = None
        self.spark_line = line_of(spark.version)
        self.evidence: list[tuple[str, object]] = []
        self.failures: list[str] = []

    # To set the scene.

    def topic(self, records: dict[int, int]) -> str:
        """A fresh topic with so many records in each partition, offsets from 0."""
        # One broker serves every Spark version, so its topics carry the version.
        name = f"orders-{self._spark.version}-{self._next()}"
        self.topics.create(name, records)
        return name

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self._folder / f"checkpoint-{self._next()}")

    def folder(self) -> Path:
        return self._folder / f"output-{self._next()}"

    def source(self, topic: str, **options):
        return stream.source(self._spark, self._address, topic, options)

    def counted(self, records):
        return stream.counted(records)

    @contextmanager
    def conf(self, **settings: str):
        """Spark settings, `_` for `.` in a name, taken back at the end."""
        names = {"spark.sql." + name.replace("_", "."): value for name, value in settings.items()}
        try:
            for name, value in names.items():
                self._spark.conf.set(name, value)
            yield
        finally:
            for name in names:
                self._spark.conf.unset(name)

    # To let the query live.

    def live(self, query, checkpoint: Checkpoint, **how) -> stream.Life:
        return stream.live(query, checkpoint, **how)

    def live_into_files(self, query, checkpoint: Checkpoint, folder: Path) -> stream.Life:
        return stream.live_into_files(query, checkpoint, folder)

    def files(self, folder: Path) -> dict:
        """Topic -> partition -> offsets, of what Spark's file sink wrote and holds valid."""
        if not (folder / "_spark_metadata").is_dir():
            return {}
        life = stream.Life()
        rows = self._spark.read.schema("topic STRING, partition INT, offset BIGINT")
        life.batches[0] = [list(row) for row in rows.json(str(folder)).collect()]
        return life.read()

    # To say what was seen.

    def note(self, what: str, seen) -> None:
        self.evidence.append((what, escaped(seen) if isinstance(seen, bytes) else seen))

    def note_life(self, label: str, life: stream.Life, checkpoint: Checkpoint | None = None) -> None:
        self.note(f"{label}: refused by start()", life.refused)
        self.note(f"{label}: error", life.error)
        if life.sink_error:
            self.note(f"{label}: error in the sink", life.sink_error)
        self.note(f"{label}: read", life.read() if not life.error else life.batches)
        if life.progress:
            self.note(f"{label}: first progress event", life.progress[0])
        if checkpoint is not None:
            self.note(f"{label}: objects", checkpoint.names())
            for name in ("metadata", "sources/0/0", "sources/1/0", "offsets/0", "commits/0"):
                if (data := checkpoint.read(name)) is not None:
                    self.note(f"{label}: {name}", data)
                    if name == "sources/0/0":
                        self.note(f"{label}: {name} in hex", data.hex(" "))

    def expect(self, what: str, got, wanted) -> None:
        if got != wanted:
            self.failures.append(f"{what}: wanted {wanted!r}, got {got!r}")

    def expect_match(self, what: str, got, pattern: str) -> None:
        text = "\n".join(got) if isinstance(got, list) else str(got)
        if not re.search(pattern, text):
            self.failures.append(f"{what}: wanted /{pattern}/, got {text!r}")

    def _next(self) -> str:
        self._made += 1
        return f"{self._number}-{self._made}"
