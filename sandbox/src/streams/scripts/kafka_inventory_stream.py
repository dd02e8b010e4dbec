"""Stock changes of the warehouses to bronze.

Runs on EMR Serverless. One query, no state.
"""

import signal

from pyspark.sql import SparkSession
from pyspark.sql.functions import col

from etl.bronze import BronzeSink
from etl.metrics import CloudWatchListener

CHECKPOINT = "s3://bucket/_checkpoints/streaming/inventory/"

spark = (
    SparkSession.builder.appName("kafka_inventory_stream")
    .config("spark.sql.shuffle.partitions", "4")
    .getOrCreate()
)
spark.streams.addListener(
    CloudWatchListener(
        namespace="ETLPipelineMetrics",
        records_metric="records_processed_total",
        lag_metric="consumer_lag_records",
        stream="inventory",
        environment="production",
    )
)

events = (
    spark.readStream.format("kafka")
    .option("kafka.bootstrap.servers", spark.conf.get("spark.kafka.bootstrap", "b-1.streaming:9092"))
    .option("subscribe", "inventory_changes")
    .option("startingOffsets", "earliest")
    .option("maxOffsetsPerTrigger", 100_000)
    .load()
)

sink = BronzeSink(path="s3://bucket/bronze/kafka/inventory/")
query = (
    events.select(col("key").cast("string"), col("value").cast("string"), "partition", "offset")
    .writeStream.queryName("inventory")
    .foreachBatch(sink.write)
    .option("checkpointLocation", CHECKPOINT)
    .trigger(processingTime="60 seconds")
    .start()
)

signal.signal(signal.SIGTERM, lambda *_: query.stop())
query.awaitTermination()
