"""Topics of the broker, by the Kafka client that the connector brought to Spark's JVM."""

import time

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

LEADER_SECONDS_MAX = 20
RECORDS_TO_DELETE = "org.apache.kafka.clients.admin.RecordsToDelete"


class Topics:
    def __init__(self, spark: SparkSession, address: str):
        self._spark = spark
        self._address = address
        self._jvm = spark.sparkContext._jvm
        properties = self._jvm.java.util.Properties()
        properties.put("bootstrap.servers", address)
        self._admin = self._jvm.org.apache.kafka.clients.admin.AdminClient.create(properties)

    def create(self, name: str, records: dict[int, int]) -> None:
        """A topic with as many partitions as `records` names, each with so many records."""
        new = self._jvm.org.apache.kafka.clients.admin.NewTopic
        # The replication factor is left to the broker: the constructor that
        # names it wants a short, which a Python number never becomes.
        topic = self._jvm.java.util.ArrayList()
        topic.add(
            new(
                name,
                self._jvm.java.util.Optional.of(len(records)),
                self._jvm.java.util.Optional.empty(),
            )
        )
        self._admin.createTopics(topic).all().get()
        # Answered only once each partition has its leader; a record sent
        # earlier was seen to lie with the producer until it expired.
        for partition in records:
            self._until_led(name, partition)
        for partition, count in records.items():
            self.produce(name, partition, count)

    def produce(self, name: str, partition: int, count: int) -> None:
        if count == 0:
            return
        # One task, so that the values of a partition rise with its offsets.
        (
            self._spark.range(0, count, 1, 1)
            .selectExpr("CAST(id AS STRING) AS value", f"{partition} AS partition")
            .write.format("kafka")
            .option("kafka.bootstrap.servers", self._address)
            .option("topic", name)
            .save()
        )

    def add_partitions(self, name: str, total: int) -> None:
        wanted = self._jvm.java.util.HashMap()
        wanted.put(name, self._jvm.org.apache.kafka.clients.admin.NewPartitions.increaseTo(total))
        self._admin.createPartitions(wanted).all().get()

    def delete_records_before(self, name: str, partition: int, offset: int) -> None:
        """Moves the log start, as retention does."""
        # By reflection: there is a getter of the same name, and Py4J takes that one.
        array = self._spark.sparkContext._gateway.new_array
        kinds, values = array(self._jvm.java.lang.Class, 1), array(self._jvm.java.lang.Object, 1)
        kinds[0], values[0] = self._jvm.java.lang.Long.TYPE, offset
        kind = self._jvm.java.lang.Class.forName(RECORDS_TO_DELETE)
        before = kind.getMethod("beforeOffset", kinds).invoke(None, values)
        wanted = self._jvm.java.util.HashMap()
        wanted.put(self._partition(name, partition), before)
        self._admin.deleteRecords(wanted).all().get()

    def bounds(self, name: str, partition: int) -> tuple[int, int]:
        spec = self._jvm.org.apache.kafka.clients.admin.OffsetSpec
        return (
            self._offset(name, partition, spec.earliest()),
            self._offset(name, partition, spec.latest()),
        )

    def close(self) -> None:
        self._admin.close()

    def _offset(self, name: str, partition: int, spec) -> int:
        wanted = self._jvm.java.util.HashMap()
        key = self._partition(name, partition)
        wanted.put(key, spec)
        return self._admin.listOffsets(wanted).all().get().get(key).offset()

    def _until_led(self, name: str, partition: int) -> None:
        deadline = time.monotonic() + LEADER_SECONDS_MAX
        while True:
            try:
                self.bounds(name, partition)
                return
            except Py4JJavaError as error:
                # A busy broker may not know yet what it has just made.
                if "UnknownTopicOrPartition" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def _partition(self, name: str, partition: int):
        return self._jvm.org.apache.kafka.common.TopicPartition(name, partition)
