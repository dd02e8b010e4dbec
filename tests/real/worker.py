"""Runs cases in one Spark version. Started by main.py with that version's interpreter.

Takes a JSON request on standard input, prints one JSON line for each case.
Standard output carries nothing else: Spark's own log goes to a file.
"""

import json
import sys
import time
import traceback
from pathlib import Path

from pyspark.sql import SparkSession

import cases
from bench import Bench
from stage import Stage
from topics import Topics


def main() -> None:
    request = json.load(sys.stdin)
    folder = Path(request["folder"])
    spark = session(request["jars"], folder, s3a(request) if request["s3a"] else {})
    topics = Topics(spark, request["broker"])
    wanted = set(request["cases"])
    try:
        for number, case in enumerate(cases.ALL):
            if case.name in wanted:
                bench = Bench(spark, request["broker"], topics, folder, number)
                if case.stream:
                    bench.stage = Stage(bench, request, case, spark.version)
                print(json.dumps(outcome(case, bench)), flush=True)
    finally:
        topics.close()
        spark.stop()


def s3a(request: dict) -> dict[str, str]:
    """Settings for S3A on the sandbox."""
    settings = {
        "endpoint": request["product"]["aws"],
        "endpoint.region": "eu-central-1",
        "path.style.access": "true",
        "connection.ssl.enabled": "false",
        "aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
        # The key of the sandbox's engineer; it opens nothing else.
        "access.key": "AKIASANDBOXONCALL001",
        "secret.key": "sandbox-secret-of-oncall-for-loopback-only",
    }
    return {f"spark.hadoop.fs.s3a.{name}": value for name, value in settings.items()}


def session(jars: list[str], folder: Path, more: dict[str, str]) -> SparkSession:
    """A session that leaves no hidden .crc files beside what it writes.

    S3 has none; and whoever changes a file from outside would leave its checksum behind.
    Spark writes its logs by one of Hadoop's interfaces and some state by the other.
    """
    joined = ",".join(jars)
    builder = SparkSession.builder
    for name, value in more.items():
        builder = builder.config(name, value)
    spark = (
        builder.master("local[1]")
        .appName("sluice tests real")
        .config("spark.jars", joined)
        # Py4J looks classes up by the class loader of the JVM, which does not
        # see spark.jars; the admin client of topics.py is wanted from there.
        .config("spark.driver.extraClassPath", joined.replace(",", ":"))
        .config("spark.driver.memory", "1g")
        .config("spark.driver.extraJavaOptions", "-XX:+UseSerialGC")
        .config(
            "spark.hadoop.fs.AbstractFileSystem.file.impl",
            "org.apache.hadoop.fs.local.RawLocalFs",
        )
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.streaming.numRecentProgressUpdates", "100")
        .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        .getOrCreate()
    )
    local = spark.sparkContext._jvm.org.apache.hadoop.fs.FileSystem.getLocal(
        spark.sparkContext._jsc.hadoopConfiguration()
    )
    local.setWriteChecksum(False)
    return spark


def outcome(case, bench: Bench) -> dict:
    began = time.monotonic()
    try:
        case.steps(bench)
    except Exception as error:
        # A Java exception's text goes on with its whole stack.
        bench.failures.append(f"{type(error).__name__}: {error}".split("\n\tat ")[0])
        bench.note("traceback", traceback.format_exc())
    finally:
        if bench.stage:
            bench.stage.close()
    return {
        "case": case.name,
        "failures": bench.failures,
        "evidence": bench.evidence,
        "seconds": round(time.monotonic() - began, 1),
    }


main()
