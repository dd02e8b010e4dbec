"""The listener by confluent-kafka: python confluent.py BOOTSTRAP TOPIC_ID"""

import sys

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, ConfigResource, OffsetSpec

bootstrap, topic_id = sys.argv[1:]
BEGAN = 1_700_000_000_000
TIMEOUT = 20
admin = AdminClient({"bootstrap.servers": bootstrap})

metadata = admin.list_topics(timeout=TIMEOUT)
assert metadata.cluster_id == "c2FuZGJveC1jbHVzdGVyMQ", metadata.cluster_id
partitions = {name: len(topic.partitions) for name, topic in metadata.topics.items()}
assert partitions == {"orders_events": 3, "clicks": 1}, partitions

described = admin.describe_topics(
    TopicCollection(["orders_events", "none"]), request_timeout=TIMEOUT
)
topic = described["orders_events"].result()
assert str(topic.topic_id) == topic_id, (str(topic.topic_id), topic_id)
try:
    described["none"].result()
    raise AssertionError("a topic that is not there was described")
except KafkaException as error:
    assert error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART, error

cluster = admin.describe_cluster(request_timeout=TIMEOUT).result()
assert cluster.cluster_id == "c2FuZGJveC1jbHVzdGVyMQ", cluster.cluster_id
assert f"{cluster.nodes[0].host}:{cluster.nodes[0].port}" == bootstrap


def offsets(spec, isolation=IsolationLevel.READ_UNCOMMITTED):
    asked = {TopicPartition("orders_events", index): spec for index in range(3)}
    listed = admin.list_offsets(
        asked, isolation_level=isolation, request_timeout=TIMEOUT
    )
    return [listed[at].result().offset for at in asked]


BILLIONS = 5_000_000_000
assert offsets(OffsetSpec.earliest()) == [100, BILLIONS, 0]
assert offsets(OffsetSpec.latest()) == [1000, BILLIONS + 7, 0]
committed = offsets(OffsetSpec.latest(), IsolationLevel.READ_COMMITTED)
assert committed == [800, BILLIONS + 7, 0], committed
assert offsets(OffsetSpec.max_timestamp()) == [999, BILLIONS + 6, -1]
assert offsets(OffsetSpec.for_timestamp(BEGAN + 50_001)) == [501, -1, -1]
# Record 800 is in an open transaction.
for after, expected in ((79_900, 799), (79_901, -1)):
    at = OffsetSpec.for_timestamp(BEGAN + after)
    timed = offsets(at, IsolationLevel.READ_COMMITTED)
    assert timed == [expected, -1, -1], timed

consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "tests"})
watermarks = consumer.get_watermark_offsets(
    TopicPartition("orders_events", 0), timeout=TIMEOUT
)
# A consumer reads what is committed unless it says otherwise.
assert watermarks == (100, 800), watermarks
timed = consumer.offsets_for_times(
    [TopicPartition("orders_events", 0, BEGAN + 20_000)], timeout=TIMEOUT
)
assert timed[0].offset == 200, timed
consumer.close()

resource = ConfigResource(ConfigResource.Type.TOPIC, "orders_events")
configs = admin.describe_configs([resource], request_timeout=TIMEOUT)[resource].result()
values = {name: entry.value for name, entry in configs.items()}
assert values == {
    "cleanup.policy": "delete",
    "message.timestamp.type": "CreateTime",
    "retention.bytes": "-1",
    "retention.ms": str(3 * 24 * 60 * 60 * 1000),
}, values
broker = ConfigResource(ConfigResource.Type.BROKER, "1")
try:
    admin.describe_configs([broker], request_timeout=TIMEOUT)[broker].result()
    raise AssertionError("the broker's configuration was described")
except KafkaException as error:
    assert error.args[0].code() == KafkaError.INVALID_REQUEST, error
