"""CloudWatch by boto3: python metrics_boto3.py PROTOCOL

Every value is compared; the first difference ends it.
"""

import sys
from datetime import datetime, timedelta, timezone

import boto3
import botocore.session
from botocore.exceptions import ClientError

# boto3 takes the first protocol that it knows of those the service names.
protocol = sys.argv[1]
session = botocore.session.get_session()
loader = session.get_component("data_loader")
load_service_model = loader.load_service_model


def with_one_protocol(service, kind, *args, **kwargs):
    model = load_service_model(service, kind, *args, **kwargs)
    if kind == "service-2":
        model["metadata"].update(protocol=protocol, protocols=[protocol])
    return model


loader.load_service_model = with_one_protocol
cloudwatch = boto3.Session(botocore_session=session).client("cloudwatch")
assert cloudwatch.meta.service_model.protocol == protocol
NAMESPACE = "ETLPipelineMetrics"
DIMENSIONS = [{"Name": "Stream", "Value": "orders"}]
start = datetime.now(timezone.utc).replace(second=0, microsecond=0) - timedelta(hours=1)


def refused(code, call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        return error.response["Error"]["Message"]
    raise AssertionError(f"{parameters} was not refused")


# Above 10 KiB boto3 compresses, too.
cloudwatch.put_metric_data(
    Namespace=NAMESPACE,
    MetricData=[
        {
            "MetricName": "records_processed_total",
            "Dimensions": DIMENSIONS,
            "Timestamp": start + timedelta(minutes=number // 10),
            "Value": float(number),
            "Unit": "Count",
        }
        for number in range(300)
    ],
)

window = {
    "Namespace": NAMESPACE,
    "MetricName": "records_processed_total",
    "StartTime": start,
    "EndTime": start + timedelta(hours=1),
    "Period": 300,
    "Statistics": ["Sum", "SampleCount", "Minimum", "Maximum", "Average"],
}
answer = cloudwatch.get_metric_statistics(Dimensions=DIMENSIONS, **window)
points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
assert [point["Timestamp"] for point in points] == [
    start + timedelta(minutes=5 * index) for index in range(6)
], points
for index, point in enumerate(points):
    values = range(50 * index, 50 * index + 50)
    assert point["Sum"] == sum(values), point
    assert point["SampleCount"] == 50, point
    assert (point["Minimum"], point["Maximum"]) == (values[0], values[-1]), point
    assert point["Average"] == sum(values) / 50, point
    assert point["Unit"] == "Count", point

# Without its dimensions it is another metric, and there is none.
assert cloudwatch.get_metric_statistics(**window)["Datapoints"] == []

pages = cloudwatch.get_paginator("get_metric_data").paginate(
    MetricDataQueries=[
        {
            "Id": "q",
            "MetricStat": {
                "Metric": {
                    "Namespace": NAMESPACE,
                    "MetricName": "records_processed_total",
                    "Dimensions": DIMENSIONS,
                },
                "Period": 60,
                "Stat": "Maximum",
            },
        }
    ],
    StartTime=start,
    EndTime=start + timedelta(hours=1),
    ScanBy="TimestampAscending",
    MaxDatapoints=8,
)
values = [
    value
    for page in pages
    for result in page["MetricDataResults"]
    for value in result["Values"]
]
assert values == [10 * minute + 9 for minute in range(30)], values

listed = cloudwatch.list_metrics(Namespace=NAMESPACE, RecentlyActive="PT3H")["Metrics"]
assert [metric["Dimensions"] for metric in listed] == [DIMENSIONS], listed

too_many = dict(window, Period=60, StartTime=start - timedelta(days=2))
message = refused(
    "InvalidParameterCombination", cloudwatch.get_metric_statistics, **too_many
)
assert "exceeds the limit of 1,440" in message, message
refused(
    "InvalidParameterValue",
    cloudwatch.get_metric_statistics,
    **dict(window, EndTime=start),
)
refused(
    "InvalidParameterValue",
    cloudwatch.put_metric_data,
    Namespace="AWS/EC2",
    MetricData=[{"MetricName": "m", "Value": 1.0}],
)
refused(
    "InvalidParameterValue",
    cloudwatch.put_metric_data,
    Namespace=NAMESPACE,
    MetricData=[
        {"MetricName": "m", "Value": 1.0, "Timestamp": start - timedelta(days=20)}
    ],
)
