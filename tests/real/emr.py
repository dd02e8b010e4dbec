"""The drivers of a stream's job runs: real Spark, started and stopped as EMR says.

EMR is the sandbox's. It tells which attempt is to run and when it is to end; what becomes
of it is told back, with the driver's log.
"""

import json
import threading
import traceback
import urllib.request
from dataclasses import dataclass, field

import stream

CALL_SECONDS_MAX = 30
STOP_SECONDS_MAX = 60
LOOK_SECONDS = 0.1

PROGRESS = "INFO MicroBatchExecution: Streaming query made progress: "


@dataclass
class Attempt(stream.Life):
    """One life of the query, under an attempt of a job run."""

    job_run: str = ""
    number: int = 0
    # What it was submitted with.
    confs: dict[str, str] = field(default_factory=dict)
    # What the doctor said of the checkpoint right before it.
    prognosis: dict = field(default_factory=dict)
    # Batch id -> what the sink was given and did not take.
    failed: dict[int, list] = field(default_factory=dict)
    ended: bool = False

    def ran(self) -> set[int]:
        """The batches that reached the sink, or of which Spark told."""
        told = {event["batchId"] for event in self.events() if event["numInputRows"]}
        return {*self.batches, *self.failed, *told}


class Console:
    """The sandbox's console."""

    def __init__(self, address: str):
        self._address = address

    def get(self, path: str) -> dict:
        with urllib.request.urlopen(self._address + path, timeout=CALL_SECONDS_MAX) as answer:
            return json.load(answer)

    def post(self, path: str, body: dict) -> None:
        request = urllib.request.Request(
            self._address + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=CALL_SECONDS_MAX) as answer:
            answer.read()


class Job:
    """Every attempt of the job runs of one script. `start` gives a started query, and
    `foresee` the doctor's word on the checkpoint."""

    def __init__(self, console: Console, entry_point: str, start, foresee):
        self.attempts: list[Attempt] = []
        self._console = console
        self._entry_point = entry_point
        self._start = start
        self._foresee = foresee
        self._queries: dict[tuple[str, int], object] = {}
        self._told: dict[tuple[str, int], int] = {}
        self._broken: str | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def submit(self, application: str, body: dict) -> None:
        self._console.post("/api/levers/submit", {"application": application, "body": body})

    def running(self):
        """The query of the attempt that runs now, if one does."""
        self._check()
        for key, query in list(self._queries.items()):
            if query.isActive:
                return query
        return None

    def newest(self) -> Attempt | None:
        self._check()
        return self.attempts[-1] if self.attempts else None

    def close(self) -> None:
        """Ends what runs, as a script that comes to its end."""
        self._closing.set()
        self._thread.join(STOP_SECONDS_MAX)
        for key, query in self._queries.items():
            attempt = self._of(key)
            if not attempt.ended:
                query.stop()
                self._end(key, attempt, [])

    def _check(self) -> None:
        if self._broken:
            raise RuntimeError(f"the job's driver loop broke: {self._broken}")

    def _work(self) -> None:
        try:
            while not self._closing.wait(LOOK_SECONDS):
                for driver in self._console.get("/api/outside")["drivers"]:
                    if driver["entry_point"] == self._entry_point:
                        self._tend(driver)
        except Exception:  # Whoever waits for the job is told.
            self._broken = traceback.format_exc()

    def _tend(self, driver: dict) -> None:
        key = (driver["job_run_id"], driver["attempt"])
        attempt = self._of(key)
        if attempt is None:
            self._begin(key, driver)
            return
        if attempt.ended:
            return
        query = self._queries[key]
        # Before the look at what there is to tell, so that nothing is missed.
        active = query.isActive
        self._tell(key, attempt, query)
        if driver["terminated"]:
            query.stop()
            self._tell(key, attempt, query)
            self._end(key, attempt, [])
        elif not active:
            java = query._jsq.exception()
            attempt.error = stream.java_chain(java.get()) if java.isDefined() else []
            self._end(key, attempt, attempt.error, java.get() if java.isDefined() else None)

    def _begin(self, key: tuple[str, int], driver: dict) -> None:
        attempt = Attempt(
            job_run=key[0], number=key[1], confs=driver["confs"], prognosis=self._foresee()
        )
        self.attempts.append(attempt)
        try:
            self._queries[key] = self._start(attempt)
        except Exception as error:  # As in stream.live.
            attempt.refused = True
            attempt.error = stream.chain(error)
            self._log(key, ["ERROR Utils: " + "\nCaused by: ".join(attempt.error)])
            self._end(key, attempt, attempt.error)

    def _tell(self, key, attempt: Attempt, query) -> None:
        events = [event.json() for event in query._jsq.recentProgress()]
        attempt.progress = events
        told = self._told.get(key, 0)
        if new := events[told:]:
            self._log(key, [PROGRESS + event for event in new])
            self._told[key] = len(events)

    def _end(self, key, attempt: Attempt, exceptions: list[str], java=None) -> None:
        if java is not None:
            self._log(key, [f"ERROR MicroBatchExecution: Query terminated with error\n{trace(java)}"])
        attempt.ended = True
        # The innermost first, as EMR keeps them.
        self._console.post(self._path(key, "end"), {"exceptions": exceptions[::-1]})

    def _log(self, key, lines: list[str]) -> None:
        self._console.post(self._path(key, "log"), {"lines": lines})

    def _path(self, key, what: str) -> str:
        return f"/api/outside/{key[0]}/{key[1]}/{what}"

    def _of(self, key) -> Attempt | None:
        return next((a for a in self.attempts if (a.job_run, a.number) == key), None)


def trace(java) -> str:
    """Class, message and the first frames of each exception, as Java prints them."""
    parts = []
    while java is not None and len(parts) < 10:
        frames = [f"\tat {frame.toString()}" for frame in list(java.getStackTrace())[:8]]
        parts.append("\n".join([java.toString(), *frames]))
        java = java.getCause()
    return "\nCaused by: ".join(parts)
