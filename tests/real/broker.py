"""One Kafka broker, KRaft mode, on free loopback ports, gone when it is closed."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 20

CONFIG = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
num.partitions=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
# A topic that a case misspells must fail there, not come into being.
auto.create.topics.enable=false
"""

LOG_CONFIG = """\
log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %c: %m%n
"""


class Broker:
    def __init__(self, jars: list[Path]):
        self._folder = Path(tempfile.mkdtemp(prefix="sluice-real-broker-"))
        self._process = None
        broker, controller = _free_ports(2)
        self.address = f"127.0.0.1:{broker}"
        config = self._folder / "server.properties"
        config.write_text(
            CONFIG.format(broker=broker, controller=controller, data=self._folder / "data")
        )
        (self._folder / "log4j.properties").write_text(LOG_CONFIG)
        self._java = [
            "java", "-Xmx512m", "-XX:+UseSerialGC",
            f"-Dlog4j.configuration=file:{self._folder / 'log4j.properties'}",
            "-cp", os.pathsep.join(map(str, jars)),
        ]
        try:
            self._start(config, broker)
        except BaseException:
            self.close()
            raise

    def _start(self, config: Path, port: int) -> None:
        subprocess.run(
            [*self._java, "kafka.tools.StorageTool", "format",
             "--cluster-id", "c2x1aWNlLXJlYWwtdGVzdA", "--config", str(config)],
            check=True, stdout=subprocess.DEVNULL,
        )
        log = self._folder / "broker.log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [*self._java, "kafka.Kafka", str(config)],
                stdout=out, stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_SECONDS_MAX
        while not _listens(port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the broker did not start:\n{log.read_text()[-4000:]}")
            time.sleep(0.2)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> "Broker":
        return self

    def __exit__(self, *_exc) -> None:
        self.close()


def _free_ports(count: int) -> list[int]:
    # All are held until the last is known, or the same port could come twice.
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
