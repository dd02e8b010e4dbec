"""Runs the cases in one Spark version after another and says how they went."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import cases
import provision
from broker import Broker
from product import Product, binary

# The lines that matter most of those Sluice is written for; any other release
# may be named with --spark.
SPARKS = ["3.5.7", "4.0.0", "4.1.1"]

VERSION_SECONDS_MAX = 1800


def main() -> int:
    arguments = parse()
    names = chosen(arguments.case)
    if arguments.list:
        print("\n".join(names))
        return 0
    if not names:
        print(f"no case is named like {', '.join(arguments.case)}", file=sys.stderr)
        return 2
    # Asked to stop, it must still stop the broker and Spark.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if binary() is None and any(case.stream for case in cases.ALL if case.name in names):
        print("SLUICE_BIN names no binary: run this by ./dev test real, or set it", file=sys.stderr)
        return 2
    evidence = provision.cache() / "evidence"
    evidence.mkdir(parents=True, exist_ok=True)

    # Everything is fetched before the broker stands, so that it waits for no download.
    broker_jars = provision.broker_jars()
    sparks = {
        version: (provision.python_with_spark(version), provision.connector_jars(version))
        for version in arguments.spark or SPARKS
    }
    if arguments.s3a:
        for version, (_, jars) in sparks.items():
            jars += provision.s3a_jars(version)
    outcomes = {}
    with Broker(broker_jars) as broker:
        for version, (python, jars) in sparks.items():
            fitting = [case.name for case in cases.ALL if case.name in names and case.fits(version)]
            outcomes[version] = run_version(
                version, python, jars, broker.address, fitting, arguments.s3a
            )
            kept = evidence / f"{version}{'-s3a' if arguments.s3a else ''}.json"
            kept.write_text(json.dumps(outcomes[version], indent=2) + "\n")
    return report(names, outcomes, evidence)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/real/run")
    parser.add_argument(
        "--spark", action="append", metavar="VERSION",
        help=f"a PySpark release; may be given again (default: {', '.join(SPARKS)})",
    )
    parser.add_argument(
        "--case", action="append", default=[], metavar="TEXT",
        help="only the cases whose name has TEXT in it; may be given again",
    )
    parser.add_argument(
        "--s3a", action="store_true",
        help="Spark reaches the checkpoints of the cases named option_… by S3A, not on the disk",
    )
    parser.add_argument("--list", action="store_true", help="print the names and stop")
    return parser.parse_args()


def chosen(parts: list[str]) -> list[str]:
    every = [case.name for case in cases.ALL]
    if len(set(every)) != len(every):
        raise SystemExit("two cases have one name")
    return [name for name in every if not parts or any(part in name for part in parts)]


def run_version(version, python, jars, address, names, s3a) -> dict:
    """Case name -> its outcome. One Spark at a time: each takes a core and a gigabyte."""
    folder = Path(tempfile.mkdtemp(prefix=f"sluice-real-{version}-"))
    print(f"\nSpark {version}", flush=True)
    streams = [case for case in cases.ALL if case.name in names and case.stream]
    try:
        with contextlib.ExitStack() as stack:
            product = stack.enter_context(Product(folder, address, version, streams)) if streams else None
            return in_worker(python, folder, names, {
                "broker": address, "jars": [str(jar) for jar in jars],
                "folder": str(folder), "cases": names,
                "product": product and product.told(),
                "s3a": s3a,
            })
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def in_worker(python, folder, names, request) -> dict:
    log = folder / "spark.log"
    seen = {}
    with log.open("wb") as errors:
        # A process group of its own, so that a Spark that hangs takes its JVM along.
        worker = subprocess.Popen(
            [str(python), str(Path(__file__).with_name("worker.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
            start_new_session=True, cwd=folder,
            env=os.environ | {"PYSPARK_PYTHON": str(python), "SPARK_LOCAL_IP": "127.0.0.1"},
        )
        limit = signal.signal(signal.SIGALRM, lambda *_: end(worker))
        signal.alarm(VERSION_SECONDS_MAX)
        try:
            # A worker that died at once is told of below, with its log.
            with contextlib.suppress(BrokenPipeError):
                worker.stdin.write(json.dumps(request))
                worker.stdin.close()
            for line in worker.stdout:
                if line.startswith('{"case"'):
                    one = json.loads(line)
                    seen[one["case"]] = one
                    tell(one)
            worker.wait()
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, limit)
            end(worker)
    if missing := [name for name in names if name not in seen]:
        tail = log.read_text(errors="replace")[-4000:]
        print(f"  {len(missing)} cases gave no outcome; the end of Spark's log:\n{tail}")
    return seen


def end(worker: subprocess.Popen) -> None:
    if worker.poll() is None:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def tell(one: dict) -> None:
    print(f"  {'FAILED' if one['failures'] else 'ok':6} {one['case']} ({one['seconds']} s)", flush=True)
    for failure in one["failures"]:
        print(f"         {failure}", flush=True)


def report(names: list[str], outcomes: dict, evidence: Path) -> int:
    width = max(len(name) for name in names)
    print(f"\n{'':{width}}  {'  '.join(outcomes)}")
    passed = failed = 0
    fits = {case.name: case.fits for case in cases.ALL}
    for name in names:
        row = []
        for version, seen in outcomes.items():
            if not fits[name](version):
                row.append(f"{'-':{len(version)}}")
                continue
            good = name in seen and not seen[name]["failures"]
            passed, failed = passed + good, failed + (not good)
            row.append(f"{'ok' if good else 'FAILED' if name in seen else 'none':{len(version)}}")
        print(f"{name:{width}}  {'  '.join(row)}")
    print(f"\nWhat each case saw is in {evidence}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
