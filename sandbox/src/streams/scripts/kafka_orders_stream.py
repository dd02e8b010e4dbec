"""Orders from Kafka to bronze.

Runs on EMR Serverless. One query, no state. Owner: Data Engineering - Streaming Team.
"""

import signal

from pyspark.sql import SparkSession
from pyspark.sql.functions import col

from etl.bronze import BronzeSink
from etl.metrics import CloudWatchListener

CHECKPOINT = "s3://bucket/_checkpoints/streaming/orders/"

spark = (
    SparkSession.builder.appName("kafka_orders_stream")
    .config("spark.sql.shuffle.partitions", "4")
    .config("spark.sql.streaming.minBatchesToRetain", "100")
    .getOrCreate()
)
spark.streams.addListener(
    CloudWatchListener(
        namespace="ETLPipelineMetrics",
        records_metric="records_processed_total",
        lag_metric="consumer_lag_records",
        stream="orders",
        environment="production",
    )
)

events = (
    spark.readStream.format("kafka")
    .option("kafka.bootstrap.servers", spark.conf.get("spark.kafka.bootstrap", "b-1.streaming:9092"))
    .option("subscribe", "orders_events")
    .option("startingOffsets", "latest")
    .option("maxOffsetsPerTrigger", 600_000)
    .option("failOnDataLoss", "true")
    .load()
)

sink = BronzeSink(path="s3://bucket/bronze/kafka/orders/")
query = (
    events.select(col("key").cast("string"), col("value").cast("string"), "partition", "offset")
    .writeStream.queryName("orders")
    .foreachBatch(sink.write)
    .option("checkpointLocation", CHECKPOINT)
    .trigger(processingTime="60 seconds")
    .start()
)

# The batch in hand is finished before the driver ends.
signal.signal(signal.SIGTERM, lambda *_: query.stop())
query.awaitTermination()
