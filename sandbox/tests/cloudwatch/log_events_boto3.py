"""CloudWatch Logs by boto3. Every value is compared; the first difference ends it."""

import time

import boto3
from botocore.exceptions import ClientError

logs = boto3.client("logs")
GROUP = "/aws/emr-serverless/application-logs"
now = int(time.time() * 1000)
DAY = 24 * 60 * 60 * 1000


def refused(code, call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        return
    raise AssertionError(f"{parameters} was not refused")


logs.create_log_group(logGroupName=GROUP)
refused("ResourceAlreadyExistsException", logs.create_log_group, logGroupName=GROUP)
logs.create_log_stream(logGroupName=GROUP, logStreamName="driver")


def put(*events):
    return logs.put_log_events(
        logGroupName=GROUP,
        logStreamName="driver",
        logEvents=[{"timestamp": at, "message": text} for at, text in events],
    )


put((now - 20, "first"), (now - 10, "second ERROR"))
rejected = put((now - 15 * DAY, "too old"), (now - 15 * DAY + 1000, "too old"))
assert rejected["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 2}, rejected
rejected = put((now, "third"), (now + DAY // 8, "too new"))
assert rejected["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}, rejected
refused(
    "InvalidParameterException",
    logs.put_log_events,
    logGroupName=GROUP,
    logStreamName="driver",
    logEvents=[{"timestamp": now, "message": "b"}, {"timestamp": now - 1, "message": "a"}],
)

found = [
    event["message"]
    for page in logs.get_paginator("filter_log_events").paginate(
        logGroupName=GROUP, interleaved=True, PaginationConfig={"PageSize": 1}
    )
    for event in page["events"]
]
assert found == ["first", "second ERROR", "third"], found
found = logs.filter_log_events(
    logGroupIdentifier=f"arn:aws:logs:eu-central-1:123456789012:log-group:{GROUP}",
    filterPattern="?ERROR ?third",
)["events"]
assert [event["message"] for event in found] == ["second ERROR", "third"], found
assert len({event["eventId"] for event in found}) == 2

got = logs.get_log_events(logGroupName=GROUP, logStreamName="driver", startFromHead=True)
assert [event["message"] for event in got["events"]] == ["first", "second ERROR", "third"]

groups = logs.describe_log_groups(logGroupNamePrefix="/aws/emr")["logGroups"]
assert [group["logGroupName"] for group in groups] == [GROUP], groups
assert logs.describe_log_groups(logGroupNamePattern="nothing")["logGroups"] == []
(stream,) = logs.describe_log_streams(
    logGroupName=GROUP, orderBy="LastEventTime", descending=True
)["logStreams"]
assert stream["firstEventTimestamp"] == now - 20, stream
assert stream["lastEventTimestamp"] == now, stream

refused(
    "InvalidParameterException",
    logs.filter_log_events,
    logGroupName=GROUP,
    filterPattern="{ $.level = ERROR }",
)
refused("ResourceNotFoundException", logs.filter_log_events, logGroupName="/none")
refused(
    "ResourceNotFoundException",
    logs.filter_log_events,
    logGroupName=GROUP,
    logStreamNames=["none"],
)
refused(
    "InvalidParameterException", logs.filter_log_events, logGroupName=GROUP, unmask=True
)
refused("UnknownOperationException", logs.describe_metric_filters, logGroupName=GROUP)
