"""Telemetry of the lockers to bronze. Kafka keeps it for two hours only.

Runs on EMR Serverless. One query, no state.
"""

import signal

from pyspark.sql import SparkSession
from pyspark.sql.functions import col

from etl.metrics import CloudWatchListener

CHECKPOINT = "s3://bucket/_checkpoints/streaming/telemetry/"

spark = (
    SparkSession.builder.appName("kafka_telemetry_stream")
    .config("spark.sql.shuffle.partitions", "4")
    .getOrCreate()
)
spark.streams.addListener(
    CloudWatchListener(
        namespace="ETLPipelineMetrics",
        records_metric="records_processed_total",
        lag_metric="consumer_lag_records",
        stream="telemetry",
        environment="production",
    )
)

events = (
    spark.readStream.format("kafka")
    .option("kafka.bootstrap.servers", spark.conf.get("spark.kafka.bootstrap", "b-1.streaming:9092"))
    .option("subscribe", "device_telemetry")
    .option("startingOffsets", "latest")
    .option("maxOffsetsPerTrigger", 100_000)
    .load()
)

query = (
    events.select(col("key").cast("string"), col("value").cast("string"), "partition", "offset")
    .writeStream.queryName("telemetry")
    .format("delta")
    .option("path", "s3://bucket/bronze/kafka/telemetry/")
    .option("checkpointLocation", CHECKPOINT)
    .trigger(processingTime="60 seconds")
    .start()
)

signal.signal(signal.SIGTERM, lambda *_: query.stop())
query.awaitTermination()
