"""Counts of baskets by segment.

Runs on EMR Serverless. One query, a running count as its state.
"""

import signal

from pyspark.sql import SparkSession
from pyspark.sql.functions import col

from etl.bronze import BronzeSink
from etl.metrics import CloudWatchListener

CHECKPOINT = "s3://bucket/_checkpoints/streaming/baskets/"

spark = (
    SparkSession.builder.appName("kafka_baskets_stream")
    .config("spark.sql.shuffle.partitions", "4")
    .getOrCreate()
)
spark.streams.addListener(
    CloudWatchListener(
        namespace="ETLPipelineMetrics",
        records_metric="records_processed_total",
        lag_metric="consumer_lag_records",
        stream="baskets",
        environment="production",
    )
)

events = (
    spark.readStream.format("kafka")
    .option("kafka.bootstrap.servers", spark.conf.get("spark.kafka.bootstrap", "b-1.streaming:9092"))
    .option("subscribe", "basket_events")
    .option("startingOffsets", "latest")
    .option("maxOffsetsPerTrigger", 100_000)
    .load()
)

sink = BronzeSink(path="s3://bucket/bronze/kafka/baskets/")
query = (
    events.select("partition", "offset")
    .groupBy("partition")
    .count()
    .writeStream.queryName("baskets")
    .outputMode("update")
    .foreachBatch(sink.write)
    .option("checkpointLocation", CHECKPOINT)
    .trigger(processingTime="60 seconds")
    .start()
)

signal.signal(signal.SIGTERM, lambda *_: query.stop())
query.awaitTermination()
