"""Loyalty points and tiers, two queries of one job under one checkpoint root.

Runs on EMR Serverless. The root comes with the submission:
--conf spark.sql.streaming.checkpointLocation=s3://bucket/_checkpoints/loyalty/
"""

from pyspark.sql import SparkSession
from pyspark.sql.functions import col

from etl.bronze import BronzeSink
from etl.metrics import CloudWatchListener

spark = (
    SparkSession.builder.appName("kafka_loyalty_stream")
    .config("spark.sql.shuffle.partitions", "4")
    .getOrCreate()
)
spark.streams.addListener(
    CloudWatchListener(
        namespace="ETLPipelineMetrics",
        records_metric="records_processed_total",
        lag_metric="consumer_lag_records",
        stream="loyalty",
        environment="production",
    )
)

# Where the points begin without a checkpoint can be said at the submission.
STARTING = spark.conf.get("spark.loyalty.startingOffsets", "latest")

points = (
    spark.readStream.format("kafka")
    .option("kafka.bootstrap.servers", spark.conf.get("spark.kafka.bootstrap", "b-1.streaming:9092"))
    .option("subscribe", "loyalty_points")
    .option("startingOffsets", STARTING)
    .load()
)
points_sink = BronzeSink(path="s3://bucket/bronze/kafka/loyalty_points/")
points_query = (
    points.select(col("value").cast("string"), "partition", "offset")
    .writeStream.queryName("loyalty_points")
    .foreachBatch(points_sink.write)
    .trigger(processingTime="60 seconds")
    .start()
)

tiers = (
    spark.readStream.format("kafka")
    .option("kafka.bootstrap.servers", spark.conf.get("spark.kafka.bootstrap", "b-1.streaming:9092"))
    .option("subscribe", "loyalty_tiers")
    .option("startingOffsets", "latest")
    .load()
)
tiers_sink = BronzeSink(path="s3://bucket/bronze/kafka/loyalty_tiers/")
tiers_query = (
    tiers.select(col("value").cast("string"), "partition", "offset")
    .writeStream.queryName("loyalty_tiers")
    .foreachBatch(tiers_sink.write)
    .trigger(processingTime="60 seconds")
    .start()
)

spark.streams.awaitAnyTermination()
