"""The AWS CLI: the runbook's kind of command, as an engineer types it."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

AWS = str(pathlib.Path(sys.executable).parent / "aws")
CHECKPOINT = "s3://bucket/_checkpoints/streaming/orders/"


def aws(*arguments, fails=False, stdin=None):
    done = subprocess.run(
        [AWS, *arguments], capture_output=True, input=stdin, timeout=120
    )
    if fails:
        assert done.returncode != 0, f"{arguments} did not fail: {done.stdout}"
        return done.stderr.decode()
    assert done.returncode == 0, f"{arguments}: {done.stderr.decode()}"
    return done.stdout.decode()


def listing(prefix):
    lines = aws("s3", "ls", prefix, "--recursive").splitlines()
    return [line.split(maxsplit=3)[3] for line in lines]


with tempfile.TemporaryDirectory() as folder:
    files = ["metadata", "sources/0/0", "offsets/0", "offsets/1", "commits/0"]
    for name in files:
        path = pathlib.Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("v1\n{}" if name != "metadata" else '{"id":"x"}')
    aws("s3", "cp", folder, CHECKPOINT, "--recursive")
    found = listing(CHECKPOINT)
    base = "_checkpoints/streaming/orders/"
    assert found == sorted(base + name for name in files), found

    backup = "s3://bucket/_checkpoints/streaming/orders_backup_20250115_000000/"
    aws("s3", "sync", CHECKPOINT, backup)
    assert len(listing(backup)) == len(files)
    assert len(listing(CHECKPOINT)) == len(files), "the backup is not inside"
    again = aws("s3", "sync", CHECKPOINT, backup)
    assert "copy:" not in again, "a second sync finds nothing to do"

    text = aws("s3", "cp", CHECKPOINT + "metadata", "-")
    assert json.loads(text) == {"id": "x"}, text
    error = aws("s3api", "head-object", "--bucket", "bucket", "--key", base, fails=True)
    assert "404" in error, error
    aws("s3api", "put-object", "--bucket", "bucket", "--key", base)
    aws("s3api", "head-object", "--bucket", "bucket", "--key", base)
    aws("s3api", "delete-object", "--bucket", "bucket", "--key", base)

    aws("s3", "rm", CHECKPOINT, "--recursive")
    aws("s3", "ls", CHECKPOINT, fails=True)
    assert len(listing(backup)) == len(files), "the neighbour is untouched"
    aws("s3", "sync", backup, CHECKPOINT)
    assert len(listing(CHECKPOINT)) == len(files)

    top = aws("s3", "ls", "s3://bucket/_checkpoints/streaming/")
    assert [line.split()[-1] for line in top.splitlines()] == [
        "orders/",
        "orders_backup_20250115_000000/",
    ], top

    big = pathlib.Path(folder) / "big"
    big.write_bytes(os.urandom(9 * 1024 * 1024))
    aws("s3", "cp", str(big), "s3://bucket/big")
    aws("s3", "mv", "s3://bucket/big", "s3://bucket/moved")
    down = pathlib.Path(folder) / "down"
    aws("s3", "cp", "s3://bucket/moved", str(down))
    assert down.read_bytes() == big.read_bytes()
    aws("s3", "cp", "-", "s3://bucket/typed", stdin=b"by hand")

url = aws("s3", "presign", "s3://bucket/typed").strip()
with urllib.request.urlopen(url, timeout=30) as answer:
    assert answer.read() == b"by hand"

condition = ["--bucket", "bucket", "--key", "typed", "--if-none-match", "*"]
error = aws("s3api", "put-object", *condition, fails=True)
assert "PreconditionFailed" in error, error
aws("s3", "mb", "s3://made-by-hand")
assert "made-by-hand" in aws("s3", "ls")
error = aws("s3", "ls", "s3://no-such-bucket", fails=True)
assert "NoSuchBucket" in error, error

identity = json.loads(aws("sts", "get-caller-identity"))
assert identity["Arn"].endswith(":user/oncall"), identity
policy = aws(
    "iam", "get-role-policy", "--role-name", "EmrServerlessJobExecutionRole",
    "--policy-name", "KafkaAccess",
)
assert json.loads(policy)["PolicyName"] == "KafkaAccess", policy
clusters = json.loads(aws("kafka", "list-clusters"))
arn = clusters["ClusterInfoList"][0]["ClusterArn"]
cluster = json.loads(aws("kafka", "describe-cluster", "--cluster-arn", arn))
assert cluster["ClusterInfo"]["State"] == "ACTIVE", cluster
error = aws("ec2", "describe-instances", fails=True)
assert "ec2" in error, error
