"""Sluice itself, as `sluice serve` on the sandbox's S3 and EMR, with real Kafka for its streams.

The sandbox begins bare. Its S3 is plain files, so a checkpoint's prefix is a folder that
real Spark writes into; its EMR keeps the states of job runs whose drivers run outside of
it (emr.py); its Kafka is not used. Sluice cannot tell.
"""

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 20

# Delays are divided by it: a job run takes two seconds to run, not half a minute.
TIME_FACTOR = 20
BUCKET = "bucket"
APPLICATION = "00fstreaming0709"
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/EmrServerlessJobExecutionRole"
LOG_GROUP = "/aws/emr-serverless/application-logs"

# The console's address and AWS's, as the sandbox prints them.
ANNOUNCED = (r"^Sandbox console +(\S+)$", r"^AWS +AWS_ENDPOINT_URL=(\S+)$")

# Who reads the script is told by its first line that nobody is to simulate it.
SCRIPT = "# Runs outside of the sandbox.\n"

SERVER = """\
[server]
poll_seconds = 1
lease_seconds = 2
"""

KAFKA = """
[[kafka_clusters]]
name = "real"
bootstrap = ["{broker}"]

[kafka_clusters.authentication]
kind = "none"
"""

STREAM = """
[[streams]]
name = "{name}"
title = "{name}"
environment = "production"
account = "{account}"
read_role = "arn:aws:iam::{account}:role/SluiceObserver"
change_role = "arn:aws:iam::{account}:role/SluiceOperator"
owners = ["tests"]

[streams.job]
application_id = "{application}"
entry_point = "{entry_point}"
trigger_interval_seconds = 1
spark_line = "{line}"

[streams.checkpoint]
location = "s3://{bucket}/{checkpoint}"
sources = 1
stateful = {stateful}

[streams.kafka]
cluster = "real"
topics = ["{topic}"]

{starting}[streams.metrics]
namespace = "tests"

[streams.metrics.records_processed]
name = "records_processed_total"
kind = "counter"
dimensions = {{ stream = "{name}" }}

[streams.logs]
group = "{log_group}"
stream_prefix = "applications/{application}/jobs/"

[streams.sink]
kind = "{sink}"
location = "s3://{bucket}/{output}"
"""


STARTING = """\
[streams.starting_position]
carrier = "conf"
key = "{key}"

"""


@dataclass(frozen=True)
class Names:
    """Where everything of one stream is."""

    stream: str
    topic: str

    @classmethod
    def of(cls, case: str, version: str) -> "Names":
        # One broker serves every Spark version; names of streams have no dots.
        return cls(stream=case, topic=f"{case}-{version}")

    @property
    def entry_point(self) -> str:
        return f"s3://{BUCKET}/jobs/{self.stream}.py"

    @property
    def checkpoint(self) -> str:
        return f"checkpoints/{self.stream}/"

    @property
    def output(self) -> str:
        return f"output/{self.stream}/"


def binary() -> Path | None:
    named = os.environ.get("SLUICE_BIN")
    return Path(named) if named else None


class Product:
    """The sandbox and Sluice, gone when it is closed."""

    def __init__(self, folder: Path, broker: str, version: str, cases: list):
        self._processes: list[subprocess.Popen] = []
        self._folder = folder
        self._data = folder / "sandbox"
        self._port = free_port()
        try:
            self.console, self.aws = self._sandbox()
            self._configure(broker, version, cases)
            self._serve()
        except BaseException:
            self.close()
            raise

    def told(self) -> dict:
        """What the worker needs of it."""
        return {
            "binary": str(binary()),
            "origin": f"http://localhost:{self._port}",
            "console": self.console,
            "aws": self.aws,
            "bucket": str(self._data / "s3" / BUCKET),
        }

    def tail(self) -> str:
        return "".join(
            f"\n{log.name}:\n{log.read_text(errors='replace')[-3000:]}"
            for log in sorted(self._folder.glob("*.log"))
        )

    def close(self) -> None:
        for process in reversed(self._processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(STOP_SECONDS_MAX)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def __enter__(self) -> "Product":
        return self

    def __exit__(self, *_exc) -> None:
        self.close()

    def _sandbox(self) -> list[str]:
        said = self._start(
            "sandbox", "sandbox", "--bare", "--data", str(self._data),
            "--port", str(self._port), "--time-factor", str(TIME_FACTOR),
            "--site", str(self._folder),
        )

        def addresses() -> list[str]:
            text = said.read_text()
            found = [re.search(pattern, text, re.MULTILINE) for pattern in ANNOUNCED]
            return [one.group(1) for one in found] if all(found) else []

        return self._until("the sandbox", addresses)

    def _configure(self, broker: str, version: str, cases: list) -> None:
        config = self._data / "sluice.toml"
        text = config.read_text().replace("[server]\n", SERVER, 1)
        text += KAFKA.format(broker=broker)
        for case in cases:
            names = Names.of(case.name, version)
            text += STREAM.format(
                name=names.stream, topic=names.topic, entry_point=names.entry_point,
                checkpoint=names.checkpoint, output=names.output,
                account=ACCOUNT, application=APPLICATION, bucket=BUCKET, log_group=LOG_GROUP,
                line=".".join(version.split(".")[:2]),
                stateful=json.dumps(case.stream.stateful), sink=case.stream.sink,
                starting=STARTING.format(key=case.stream.carrier) if case.stream.carrier else "",
            )
            script = self._data / "s3" / BUCKET / "jobs" / f"{names.stream}.py"
            script.parent.mkdir(exist_ok=True)
            script.write_text(SCRIPT)
        config.write_text(text)

    def _serve(self) -> None:
        self._start("sluice", "serve", "--config", str(self._data / "sluice.toml"))

        def healthy() -> bool:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/healthz", timeout=5):
                    return True
            except (urllib.error.URLError, OSError):
                return False

        self._until("Sluice's first answer", healthy)

    def _start(self, name: str, *arguments: str) -> Path:
        log = self._folder / f"{name}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [str(binary()), *arguments], stdout=out, stderr=subprocess.STDOUT,
                env=os.environ | {"NO_PROXY": "127.0.0.1,localhost"},
            )
        self._processes.append(process)
        return log

    def _until(self, what: str, look):
        deadline = time.monotonic() + START_SECONDS_MAX
        while not (seen := look()):
            ended = self._processes[-1].poll() is not None
            if ended or time.monotonic() > deadline:
                raise SystemExit(f"{what} did not come:{self.tail()}")
            time.sleep(0.1)
        return seen


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]
