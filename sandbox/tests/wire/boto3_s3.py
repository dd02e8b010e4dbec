"""S3 as boto3 sees it: conditions, odd keys, pages, multipart, checksums, tags."""

import base64
import hashlib
import io
import os
import zlib

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

BUCKET = "bucket"
s3 = boto3.client("s3", config=Config(retries={"total_max_attempts": 1}))


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]["Code"]
        assert found == code, f"{found} instead of {code}: {error}"
        return error.response
    raise AssertionError(f"not refused with {code}: {arguments}")


def put_and_conditions():
    body = b"hello"
    put = s3.put_object(Bucket=BUCKET, Key="k", Body=body, Metadata={"who": "boto3"})
    assert put["ETag"] == '"' + hashlib.md5(body).hexdigest() + '"', put
    crc = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    assert put["ChecksumCRC32"] == crc, put
    got = s3.get_object(Bucket=BUCKET, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == body
    assert got["Metadata"] == {"who": "boto3"}
    assert got["ChecksumCRC32"] == crc
    refused("PreconditionFailed", s3.put_object, Bucket=BUCKET, Key="k", IfNoneMatch="*")
    refused("PreconditionFailed", s3.put_object, Bucket=BUCKET, Key="k", IfMatch='"0"')
    refused("PreconditionFailed", s3.delete_object, Bucket=BUCKET, Key="k", IfMatch="0")
    refused(
        "PreconditionFailed",
        s3.copy_object,
        Bucket=BUCKET,
        Key="copy",
        CopySource={"Bucket": BUCKET, "Key": "k"},
        CopySourceIfMatch='"0"',
    )
    copied = s3.copy_object(
        Bucket=BUCKET,
        Key="copy",
        CopySource={"Bucket": BUCKET, "Key": "k"},
        CopySourceIfMatch=put["ETag"],
        ChecksumAlgorithm="SHA256",
    )
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    assert copied["CopyObjectResult"]["ChecksumSHA256"] == digest, copied
    answer = s3.delete_objects(
        Bucket=BUCKET,
        Delete={
            "Objects": [
                {"Key": "k", "ETag": put["ETag"]},
                {"Key": "copy", "ETag": '"0"'},
                {"Key": "absent"},
            ]
        },
    )
    assert sorted(one["Key"] for one in answer["Deleted"]) == ["absent", "k"], answer
    assert [(e["Key"], e["Code"]) for e in answer["Errors"]] == [
        ("copy", "PreconditionFailed")
    ], answer
    refused("404", s3.head_object, Bucket=BUCKET, Key="k")
    refused("NoSuchKey", s3.get_object, Bucket=BUCKET, Key="k")
    refused("NoSuchBucket", s3.list_objects_v2, Bucket="no-such-bucket")
    refused("403", s3.head_bucket, Bucket=BUCKET, ExpectedBucketOwner="1" * 12)
    s3.delete_object(Bucket=BUCKET, Key="copy")


def versions_and_locks():
    bucket = "kept"
    s3.create_bucket(
        Bucket=bucket,
        CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name},
    )
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    refused(
        "ObjectLockConfigurationNotFoundError",
        s3.get_object_lock_configuration,
        Bucket=bucket,
    )
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 30}}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    put_lock = s3.put_object_lock_configuration
    refused(
        "InvalidBucketState", put_lock, Bucket=bucket, ObjectLockConfiguration=lock
    )
    enabled = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=enabled)
    versioning = s3.get_bucket_versioning(Bucket=bucket)
    assert versioning["Status"] == "Enabled" and "MFADelete" not in versioning
    s3.put_object(Bucket=bucket, Key="free", Body=b"x")
    refused(
        "InvalidRequest",
        s3.put_object_legal_hold,
        Bucket=bucket,
        Key="free",
        LegalHold={"Status": "ON"},
    )
    put_lock(Bucket=bucket, ObjectLockConfiguration=lock)
    found = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    assert found == lock, found
    suspended = {"Status": "Suspended"}
    refused(
        "InvalidBucketState",
        s3.put_bucket_versioning,
        Bucket=bucket,
        VersioningConfiguration=suspended,
    )
    head = s3.head_object(Bucket=bucket, Key="free")
    assert "ObjectLockMode" not in head, head
    refused(
        "NoSuchObjectLockConfiguration",
        s3.get_object_legal_hold,
        Bucket=bucket,
        Key="free",
    )
    s3.put_object_legal_hold(Bucket=bucket, Key="free", LegalHold={"Status": "ON"})
    held = s3.get_object_legal_hold(Bucket=bucket, Key="free")
    assert held["LegalHold"] == {"Status": "ON"}, held
    head = s3.head_object(Bucket=bucket, Key="free")
    assert head["ObjectLockLegalHoldStatus"] == "ON", head
    # What is written from now on is retained, and what is copied is not held.
    s3.copy_object(
        Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "free"}
    )
    head = s3.head_object(Bucket=bucket, Key="copy")
    assert head["ObjectLockMode"] == "GOVERNANCE", head
    assert "ObjectLockLegalHoldStatus" not in head, head
    until = head["ObjectLockRetainUntilDate"].replace(year=2040)
    s3.put_object_retention(
        Bucket=bucket,
        Key="copy",
        Retention={"Mode": "COMPLIANCE", "RetainUntilDate": until},
    )
    head = s3.head_object(Bucket=bucket, Key="copy")
    assert head["ObjectLockMode"] == "COMPLIANCE", head
    assert head["ObjectLockRetainUntilDate"].year == 2040, head
    # A delete without a version is not refused.
    s3.delete_object(Bucket=bucket, Key="copy")
    s3.delete_object(Bucket=bucket, Key="free")


def odd_keys():
    keys = [
        "dir/",
        "a//b",
        "../up",
        "plus+ space %2F",
        "\u00e9",
        "e\u0301",
        "\U0001f4a7",
        "tab\there",
        "new\nline",
        "q?u&e=r",
        "<&>\"'",
        "x" * 1024,
    ]
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key="odd/" + key[:1019], Body=key.encode())
    wanted = sorted(("odd/" + key[:1019] for key in keys), key=lambda k: k.encode())
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, Prefix="odd/", PaginationConfig={"PageSize": 5}
    )
    listed = [one["Key"] for page in pages for one in page["Contents"]]
    assert listed == wanted, listed
    for key in keys:
        key, body = "odd/" + key[:1019], key.encode()
        got = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        assert got == body, key
        s3.copy_object(
            Bucket=BUCKET,
            Key="copied/" + key[:1000],
            CopySource={"Bucket": BUCKET, "Key": key},
        )
    for prefix in ("odd/", "copied/"):
        bucket = boto3.resource("s3").Bucket(BUCKET)
        bucket.objects.filter(Prefix=prefix).delete()
        left = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        assert left["KeyCount"] == 0, left


def multipart():
    body = os.urandom(18 * 1024 * 1024 + 7)
    config = TransferConfig(
        multipart_threshold=8 * 1024 * 1024, multipart_chunksize=6 * 1024 * 1024
    )
    s3.upload_fileobj(io.BytesIO(body), BUCKET, "big", Config=config)
    head = s3.head_object(Bucket=BUCKET, Key="big")
    assert head["ETag"].endswith('-4"'), head
    down = io.BytesIO()
    s3.download_fileobj(BUCKET, "big", down, Config=config)
    assert down.getvalue() == body
    s3.copy({"Bucket": BUCKET, "Key": "big"}, BUCKET, "big2", Config=config)
    assert s3.get_object(Bucket=BUCKET, Key="big2")["Body"].read() == body
    begun = s3.create_multipart_upload(Bucket=BUCKET, Key="never")
    s3.abort_multipart_upload(Bucket=BUCKET, Key="never", UploadId=begun["UploadId"])
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET)


def groups_and_older_listing():
    for key in ("g/1/a", "g/1/b", "g/2", "g/3/a"):
        s3.put_object(Bucket=BUCKET, Key=key)
    page = s3.list_objects_v2(Bucket=BUCKET, Prefix="g/", Delimiter="/")
    assert [one["Prefix"] for one in page["CommonPrefixes"]] == ["g/1/", "g/3/"], page
    assert [one["Key"] for one in page["Contents"]] == ["g/2"], page
    assert page["KeyCount"] == 3 and not page["IsTruncated"], page
    older = s3.get_paginator("list_objects").paginate(
        Bucket=BUCKET, Prefix="g/", Delimiter="/", PaginationConfig={"PageSize": 1}
    )
    found = []
    for page in older:
        found += [one["Key"] for one in page.get("Contents", [])]
        found += [one["Prefix"] for one in page.get("CommonPrefixes", [])]
    assert found == ["g/1/", "g/2", "g/3/"], found


def settings():
    names = [one["Name"] for one in s3.list_buckets()["Buckets"]]
    assert names == [BUCKET], names
    location = s3.get_bucket_location(Bucket=BUCKET)
    assert location["LocationConstraint"] == s3.meta.region_name, location
    assert "Status" not in s3.get_bucket_versioning(Bucket=BUCKET)
    refused(
        "NoSuchLifecycleConfiguration",
        s3.get_bucket_lifecycle_configuration,
        Bucket=BUCKET,
    )
    s3.put_object_tagging(
        Bucket=BUCKET, Key="g/2", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}
    )
    tags = s3.get_object_tagging(Bucket=BUCKET, Key="g/2")["TagSet"]
    assert tags == [{"Key": "a", "Value": "b"}], tags
    s3.create_bucket(
        Bucket="another-bucket",
        CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name},
    )
    refused("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket="another-bucket",
            CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    refused("NotImplemented", s3.put_object, Bucket=BUCKET, Key="k", ACL="public-read")


put_and_conditions()
odd_keys()
multipart()
groups_and_older_listing()
settings()
versions_and_locks()
