"""Clicks of the web shop to bronze. A gap is tolerable here, a standstill is not.

Runs on EMR Serverless. One query, no state.
"""

import signal

from pyspark.sql import SparkSession
from pyspark.sql.functions import col

from etl.metrics import CloudWatchListener

CHECKPOINT = "s3://bucket/_checkpoints/streaming/clicks/"

spark = (
    SparkSession.builder.appName("kafka_clicks_stream")
    .config("spark.sql.shuffle.partitions", "4")
    .getOrCreate()
)
spark.streams.addListener(
    CloudWatchListener(
        namespace="ETLPipelineMetrics",
        records_metric="records_processed",
        lag_metric="consumer_lag_records",
        stream="clicks",
        environment="production",
    )
)

events = (
    spark.readStream.format("kafka")
    .option("kafka.bootstrap.servers", spark.conf.get("spark.kafka.bootstrap", "b-1.streaming:9092"))
    .option("subscribe", "clicks_raw")
    .option("startingOffsets", "latest")
    .option("maxOffsetsPerTrigger", 30_000)
    .option("failOnDataLoss", "false")
    .load()
)

query = (
    events.select(col("key").cast("string"), col("value").cast("string"), "partition", "offset")
    .writeStream.queryName("clicks")
    .format("json")
    .option("path", "s3://bucket/bronze/kafka/clicks/")
    .option("checkpointLocation", CHECKPOINT)
    .trigger(processingTime="60 seconds")
    .start()
)

signal.signal(signal.SIGTERM, lambda *_: query.stop())
query.awaitTermination()
