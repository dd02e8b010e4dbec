"""Brings PySpark, its Kafka connector and a Kafka broker into the cache."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

KAFKA = "3.9.1"

HERE = Path(__file__).resolve().parent

# Named, so that an upgrade of a plugin cannot change what is resolved.
COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"


def cache() -> Path:
    base = os.environ.get("SLUICE_CACHE") or Path.home() / ".cache" / "sluice"
    return Path(base) / "real"


def python_with_spark(version: str) -> Path:
    """The interpreter of a virtual environment that holds just this PySpark."""
    venv = cache() / f"pyspark-{version}"

    def build(into: Path) -> None:
        _quietly([sys.executable, "-m", "venv", str(into)])
        _quietly([str(into / "bin" / "python"), "-m", "pip", "install", f"pyspark=={version}"])

    # Built in place, since a virtual environment cannot be moved.
    _once(venv, build, movable=False)
    return venv / "bin" / "python"


def connector_jars(version: str) -> list[Path]:
    scala = "2.12" if version.startswith("3.") else "2.13"
    # The rest of what the connector depends on is among PySpark's own jars.
    artifacts = (
        f"spark-sql-kafka-0-10_{scala},spark-token-provider-kafka-0-10_{scala},"
        "kafka-clients,commons-pool2"
    )
    return _jars(
        f"connector-{version}",
        "connector",
        f"-Dscala.line={scala}",
        f"-Dspark.version={version}",
        f"-DincludeArtifactIds={artifacts}",
    )


def s3a_jars(version: str) -> list[Path]:
    """S3A of the Hadoop that this PySpark ships."""
    (client,) = (cache() / f"pyspark-{version}").glob(
        "lib/python*/site-packages/pyspark/jars/hadoop-client-api-*.jar"
    )
    hadoop = client.stem.removeprefix("hadoop-client-api-")
    return _jars(f"s3a-{hadoop}", "s3a", f"-Dhadoop.version={hadoop}")


def broker_jars() -> list[Path]:
    return _jars(f"kafka-{KAFKA}", "broker", f"-Dkafka.version={KAFKA}")


def _jars(name: str, pom: str, *properties: str) -> list[Path]:
    folder = cache() / name

    def copy(into: Path) -> None:
        _quietly([
            "mvn", "--batch-mode", "--quiet",
            "--file", str(HERE / "jars" / pom / "pom.xml"),
            COPY_DEPENDENCIES, "-DincludeScope=runtime",
            f"-DoutputDirectory={into}", *properties,
        ])

    _once(folder, copy)
    return sorted(folder.glob("*.jar"))


def _once(target: Path, make, movable: bool = True) -> None:
    """Makes `target` unless an earlier run finished it.

    A run that was cut short must not leave a half-filled folder that the next
    one takes for whole, so a mark beside it says that it is.
    """
    mark = target.with_name(target.name + ".whole")
    if mark.exists():
        return
    print(f"fetching {target.name}", flush=True)
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    if movable:
        half = target.with_name(target.name + ".half")
        shutil.rmtree(half, ignore_errors=True)
        make(half)
        half.rename(target)
    else:
        make(target)
    mark.touch()


def _quietly(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}\nexit status {done.returncode}")
