"""One stream of Sluice's, its job on real Spark, and a person who resets it."""

import json
import subprocess
from pathlib import Path

import stream
from case import Watched
from checkpoint import Checkpoint
from emr import Attempt, Console, Job
from person import Person, Refused, until
from product import APPLICATION, BUCKET, ROLE, Names

SEALED_SECONDS_MAX = 120
DONE_SECONDS_MAX = 180
JOB_SECONDS_MAX = 90
LOOK_SECONDS_MAX = 20
CHECKLIST = ("stuck", "corruption", "writers", "backup", "stakeholders")


class Stage:
    def __init__(self, bench, request: dict, case, spark_version: str):
        product, s3a = request["product"], request["s3a"]
        self._bench = bench
        self._product = product
        self._broker = request["broker"]
        self._line = ".".join(spark_version.split(".")[:2])
        self._watched = case.stream
        self._poison: tuple[int, int] | None = None
        self._people: dict[str, Person] = {}
        self.names = Names.of(case.name, spark_version)
        bucket = Path(product["bucket"])
        location = f"s3a://{BUCKET}/{self.names.checkpoint}" if s3a else None
        self.checkpoint = Checkpoint(bucket / self.names.checkpoint, location)
        self.output = bucket / self.names.output
        # The lives before there was a job, and from the job's the attempts.
        self.history: list[stream.Life] = []
        self.job = Job(
            Console(product["console"]), self.names.entry_point, self._start, self.foreseen
        )

    # To set the scene.

    def lived(self, *batches: dict[int, int]) -> None:
        """A topic that fills batch by batch, and a query that has read each as it came."""
        self._bench.topics.create(self.names.topic, batches[0])
        for number, records in enumerate(batches):
            if number:
                self.produce(records)
            life = self._live()
            self._bench.expect(f"error of life {number}", life.error, [])
            self.history.append(life)

    def produce(self, records: dict[int, int]) -> None:
        for partition, count in records.items():
            self._bench.topics.produce(self.names.topic, partition, count)

    def crash_in(self, batch: int) -> None:
        """A life whose sink takes the batch and dies before it is committed."""
        life = self._live(crash_in_batch=batch)
        self._bench.expect("it crashed", bool(life.error), True)
        self.history.append(life)

    def poison(self, partition: int, offset: int) -> None:
        """From now on the sink cannot take this record."""
        self._poison = (partition, offset)

    def submit(self) -> None:
        """The job is started by somebody else than Sluice."""
        self.job.submit(APPLICATION, {
            "name": self.names.stream,
            "executionRoleArn": ROLE,
            "jobDriver": {"sparkSubmit": {"entryPoint": self.names.entry_point}},
            "mode": "STREAMING",
            "retryPolicy": {"maxFailedAttemptsPerHour": 2},
        })

    def has_read_all(self) -> Attempt:
        """Waits until the job has read what is there; gives its newest attempt."""

        def done():
            query = self.job.running()
            if query is None:
                return None
            try:
                query.processAllAvailable()
            except Exception:  # It ended meanwhile; the next attempt is asked.
                return None
            return self.job.newest()

        return until("a job that has read all", JOB_SECONDS_MAX, done)

    def has_failed(self) -> Attempt:
        """Waits until EMR has given the job up."""

        def failed():
            two = [attempt for attempt in self.job.attempts if attempt.ended]
            return len(two) >= 2 and two[-1].error and two[-1]

        return until("a job that failed twice", JOB_SECONDS_MAX, failed)

    # What the person does.

    def run(self) -> "Run":
        return Run(self)

    def person(self, login: str) -> Person:
        if login not in self._people:
            self._people[login] = Person(self._product["origin"], login)
        return self._people[login]

    # What is seen of it.

    def kept(self, lives: list) -> dict[int, list[int]]:
        """Partition -> the offsets that the sink took in these lives, repeats included."""
        seen: dict[int, list[int]] = {}
        for life in lives:
            for rows in life.batches.values():
                for row in rows:
                    seen.setdefault(row[1], []).append(row[2])
        return {partition: sorted(offsets) for partition, offsets in seen.items()}

    def lives(self) -> list:
        """Every life of the query so far, the oldest first."""
        return [*self.history, *self.job.attempts]

    def bounds(self, partition: int) -> tuple[int, int]:
        return self._bench.topics.bounds(self.names.topic, partition)

    @property
    def keeps_offsets(self) -> bool:
        """Whether the sink of the case keeps each record's offset."""
        return not self._watched.stateful and not self._writes_files

    def files(self) -> dict[str, list[int]]:
        """Partition -> the offsets in the files that Spark's file sink holds valid."""
        return self._bench.files(self.output)[self.names.topic]

    def foreseen(self) -> dict:
        """The doctor's word on the checkpoint as it lies there now."""
        done = subprocess.run(
            [
                self._product["binary"], "doctor", str(self.checkpoint.root),
                "--spark", self._line, "--sources", "1",
                "--stateful", json.dumps(self._watched.stateful),
                "--kafka", self._broker, "--format", "json",
            ],
            capture_output=True, text=True,
        )
        if done.returncode not in (0, 1, 2) or not done.stdout:
            raise RuntimeError(f"the doctor: {done.stderr}")
        return json.loads(done.stdout)["prognosis"]

    def note(self, what: str, seen) -> None:
        self._bench.note(what, seen)

    def close(self) -> None:
        self.job.close()

    def _query(self, confs: dict[str, str] | None = None):
        # As a job's code that asks its conf does, or one that says it itself.
        starting = (confs or {}).get(self._watched.carrier, "earliest")
        records = self._bench.source(self.names.topic, startingOffsets=starting)
        return self._bench.counted(records) if self._watched.stateful else records

    def _live(self, **how) -> stream.Life:
        if self._writes_files:
            return self._bench.live_into_files(self._query(), self.checkpoint, self.output)
        mode = "update" if self._watched.stateful else "append"
        return self._bench.live(self._query(), self.checkpoint, mode=mode, **how)

    @property
    def _writes_files(self) -> bool:
        return self._watched.sink == "file_sink"

    def _start(self, attempt: Attempt):
        def sink(batch, batch_id: int) -> None:
            rows = sorted([list(row) for row in batch.collect()])
            if self._poison in [(row[1], row[2]) for row in rows]:
                attempt.failed[batch_id] = rows
                raise ValueError(f"record {self._poison} cannot be parsed")
            attempt.batches[batch_id] = rows

        writer = self._query(attempt.confs).writeStream
        if self._writes_files:
            writer = writer.format("json").option("path", str(self.output))
        else:
            writer = writer.foreachBatch(sink)
        return (
            writer.option("checkpointLocation", self.checkpoint.location)
            .outputMode("update" if self._watched.stateful else "append")
            .trigger(processingTime="200 milliseconds")
            .start()
        )


class Run:
    """A Run on the stage's stream, from its first click to its end."""

    def __init__(self, stage: Stage, login: str = "oda"):
        self._stage = stage
        self._person = stage.person(login)
        address = self._person.post("open-run", stream=stage.names.stream)
        self.id = address.removeprefix("/runs/")
        for item in CHECKLIST:
            try:
                self._do("answer", item=item, by="accept")
            except Refused:
                self._do("answer", item=item, by="word", text="Seen by eye.")
        self._do("answer", item="reason", by="word", text="A test.")

    def page(self) -> dict:
        return self._person.read("run", run=self.id)

    def card(self, value: str) -> dict:
        return next(card for card in self.page()["options"] if card["value"] == value)

    def weighed(self) -> dict:
        """What the page says of the chosen way out before there is a plan, once Sluice has
        seen what came in last."""

        def current():
            weighed = self.page()["weighed"]
            ends = weighed and [
                (effect["partition"], int(effect["log_end"])) for effect in weighed["effects"]
            ]
            seen = ends and all(self._stage.bounds(p)[1] == end for p, end in ends)
            return weighed if seen else None

        return until("a look at what came in", LOOK_SECONDS_MAX, current)

    def choose(self, option: str, **parameter: str) -> None:
        self._do("choose", option=option, reason="A test.", **parameter)

    def choose_once_seen(self, option: str, **parameter: str) -> None:
        """As `choose`, where what it names came in a moment ago: Sluice looks each second."""

        def chosen() -> bool:
            try:
                self.choose(option, **parameter)
            except Refused:
                return False
            return True

        until("the choice of what came in", LOOK_SECONDS_MAX, chosen)

    def plan(self, kind: str) -> dict:
        until("an answer of Kafka's to Sluice", LOOK_SECONDS_MAX, lambda: self._makes(kind))
        view = self.page()[kind]
        if view["plan"] is None:
            raise Refused(view["refusal"])
        return view["plan"]

    def _makes(self, kind: str) -> bool:
        try:
            self._do("make-plan", kind=kind)
        except Refused as refused:
            # It says so itself: try again once Kafka answers.
            if '"kind":"upstream"' not in str(refused):
                raise
            self._stage.note("Sluice asked to try again", str(refused))
            return False
        return True

    def secure(self) -> None:
        self._start("secure", self.plan("secure"))
        until("a sealed backup", SEALED_SECONDS_MAX, lambda: self._state()["sealed"])
        # The seal is the plan's last step but for its end in the journal.
        until("the end of the secure plan", SEALED_SECONDS_MAX, self._may_plan)

    def carry_out(self) -> dict:
        """Plans the reset, agrees to it where that is asked for, and waits for its end."""
        plan = self.plan("reset")
        if plan["body"]["agreement"]["roles"]:
            self._do("request-agreement", plan=plan["id"])
            self._stage.person("stella").post("vote", run=self.id, plan=plan["id"], answer="agree")
        self._start("reset", plan)
        ended = until("the end of the Run", DONE_SECONDS_MAX, self._ended)
        if ended[0] != "done":
            raise RuntimeError(f"the Run ended otherwise: {ended}")
        return plan

    def _ended(self):
        # Sluice watches for batches, so something has to come in.
        if self._stage.job.running() is not None:
            self._stage.has_read_all()
            self._stage.produce({2: 1})
        return self._state()["ended"]

    def _may_plan(self) -> bool:
        steps = self.page()["secure"]["steps"]
        return bool(steps) and all(step["did"] is not None for step in steps)

    def _start(self, kind: str, plan: dict) -> None:
        self._do("start", kind=kind, plan=plan["id"], typed_name=self._stage.names.stream)

    def _state(self) -> dict:
        state = self.page()["state"]
        if state["parked"]:
            raise RuntimeError(f"the Run waits for a person: {state['parked']}")
        return state

    def _do(self, endpoint: str, **fields: str) -> None:
        self._person.post(endpoint, run=self.id, **fields)
