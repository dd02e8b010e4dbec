//! For each failure, texts as Spark, Kafka and AWS log them.

/// Frames as they stand below an exception of the log files.
pub(super) const LOG_FRAMES: &str = "
\tat org.apache.spark.sql.execution.streaming.HDFSMetadataLog.get(HDFSMetadataLog.scala:170)
\tat org.apache.spark.sql.execution.streaming.MicroBatchExecution.populateStartOffsets(MicroBatchExecution.scala:444)";

/// Failure by failure: texts that tell of it.
pub(super) const SAMPLES: &[(&str, &[&str])] = &[
    (
        "gate-closed",
        &[
            "ERROR Utils: com.fasterxml.jackson.core.JsonParseException: Unrecognized token 'SLUICE_GATE_CLOSED__RUN_orders_20261124__DO_NOT_START_THIS_JOB': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n\tat org.apache.spark.sql.execution.streaming.StreamMetadata$.read(StreamMetadata.scala:55)",
        ],
    ),
    (
        "metadata-unreadable",
        &[
            "py4j.protocol.Py4JJavaError: An error occurred while calling o6652.start.\n: com.fasterxml.jackson.databind.exc.MismatchedInputException: No content to map due to end-of-input\n at [Source: (InputStreamReader); line: 1, column: 0]",
            "py4j.protocol.Py4JJavaError: An error occurred while calling o6674.start.\n: org.json4s.MappingException: No usable value for id\nDid not find value which can be converted into java.lang.String",
            "Traceback (most recent call last):\n  File \"/usr/lib/spark/python/lib/pyspark.zip/pyspark/sql/streaming/readwriter.py\", line 1527, in start\npyspark.errors.exceptions.captured.IllegalArgumentException: Invalid UUID string: abc",
            "ERROR Utils: com.fasterxml.jackson.core.JsonParseException: Unrecognized token 'xx': was expecting\n\tat org.apache.spark.sql.execution.streaming.StreamMetadata$.read(StreamMetadata.scala:55)",
        ],
    ),
    (
        "metadata-missing",
        &[
            "[STREAMING_CHECKPOINT_MISSING_METADATA_FILE] Checkpoint location s3://b/c is in an inconsistent state",
        ],
    ),
    (
        "offset-log-empty",
        &[
            "java.lang.IllegalStateException: Failed to read log file s3://b/c/offsets/5. Incomplete log file",
        ],
    ),
    (
        "commit-log-empty",
        &[
            "java.lang.IllegalStateException: Failed to read log file s3://b/c/commits/5. Incomplete log file in the offset commit log",
        ],
    ),
    (
        "log-header-malformed",
        &[
            "java.lang.IllegalStateException: Failed to read log file s3://b/c/offsets/5. Log file was malformed: failed to read correct log version from v1 .",
            "org.apache.spark.SparkIllegalStateException: [MALFORMED_LOG_FILE] Log file was malformed: failed to read correct log version from zzz. SQLSTATE: KD002",
            "java.lang.IllegalStateException: Log file was malformed: failed to detect the log file version line.",
        ],
    ),
    (
        "log-version-newer",
        &[
            "java.lang.IllegalStateException: UnsupportedLogVersion: maximum supported log version is v1, but encountered v2. The log file was produced by a newer version of Spark and cannot be read by this version. Please upgrade.",
            "org.apache.spark.SparkIllegalStateException: [INVALID_LOG_VERSION.MAX_SUPPORTED_VERSION] UnsupportedLogVersion. The maximum supported log version is v1, but encountered v2.",
        ],
    ),
    (
        "commit-version-differs",
        &[
            "java.lang.IllegalStateException: Failed to read log file s3://b/c/commits/5. [INVALID_LOG_VERSION.EXACT_MATCH_VERSION] UnsupportedLogVersion. The only supported log version is v1, but encountered v2. SQLSTATE: KD002",
        ],
    ),
    (
        "offset-predecessor-missing",
        &[
            "pyspark.errors.exceptions.captured.StreamingQueryException: [STREAM_FAILED] Query [id = 1, runId = 2] terminated with exception: batch 4 doesn't exist",
            "ERROR MicroBatchExecution: The offset log for batch 4 doesn't exist, which is required to restart the query from the latest batch 5 from the offset log.",
        ],
    ),
    (
        "batch-name-odd",
        &[
            "java.io.FileNotFoundException: File s3://b/c/offsets/6 does not exist",
            "java.lang.IllegalStateException: failed to read log file for batch 6",
        ],
    ),
    (
        "state-schema-unreadable",
        &[
            "Lost task 0.0 in stage 126.0 (TID 242) (192.0.2.2 executor driver): java.io.EOFException\n\tat java.base/java.io.DataInputStream.readUTF(DataInputStream.java:583)\n\tat org.apache.spark.sql.execution.streaming.state.StateSchemaCompatibilityChecker.readSchemaFile(StateSchemaCompatibilityChecker.scala:95)",
            "java.io.EOFException\n\tat org.apache.spark.sql.execution.streaming.state.SchemaHelper$SchemaV2Reader.$anonfun$read$1(SchemaHelper.scala:60)",
        ],
    ),
    (
        "batch-file-vanished",
        &[
            "java.io.FileNotFoundException: Unable to find batch s3://b/c/offsets/6",
            "org.apache.spark.SparkFileNotFoundException: [BATCH_METADATA_NOT_FOUND] Unable to find batch s3://b/c/offsets/6. SQLSTATE: 42K03",
        ],
    ),
    (
        "source-count-differs",
        &[
            "java.lang.AssertionError: assertion failed: There are [2] sources in the checkpoint offsets and now there are [1] sources requested by the query. Cannot continue.",
        ],
    ),
    (
        "concurrent-log-update",
        &[
            "java.lang.AssertionError: assertion failed: Concurrent update to the commit log. Multiple streaming jobs detected for 4",
            "java.lang.AssertionError: assertion failed: Concurrent update to the log. Multiple streaming jobs detected for 7",
            "org.apache.spark.SparkException: [CONCURRENT_STREAM_LOG_UPDATE] Concurrent update to the log. Multiple streaming jobs detected for 4.\nPlease make sure only one streaming job runs on a specific checkpoint location at a time. SQLSTATE: 40000",
        ],
    ),
    (
        "concurrent-files",
        &[
            "java.util.ConcurrentModificationException: Multiple streaming queries are concurrently using s3://b/c/offsets/7",
            "org.apache.spark.SparkConcurrentModificationException: Multiple streaming queries are concurrently using s3://b/c/offsets/7",
        ],
    ),
    (
        "query-already-active",
        &[
            "java.lang.IllegalStateException: Cannot start query with id 5b0c4824-5d6d-4f9e-b1a4-0a53ef144619 as another query with same id is already active. Perhaps you are attempting to restart a query from checkpoint that is already active.",
            "[CONCURRENT_QUERY] Another instance of this query was just started by a concurrent session.",
        ],
    ),
    (
        "location-not-empty",
        &[
            "org.apache.spark.sql.execution.streaming.state.StateStoreCheckpointLocationNotEmpty: [STATE_STORE_CHECKPOINT_LOCATION_NOT_EMPTY] The checkpoint location s3://b/c/state should be empty on batch 0",
        ],
    ),
    (
        "log-metadata-line-blank",
        &[
            "java.lang.NullPointerException: Cannot invoke \"org.apache.spark.sql.execution.streaming.WatermarkTracker.currentWatermark()\" because the return value of \"org.apache.spark.sql.execution.streaming.MicroBatchExecution.watermarkTracker()\" is null",
        ],
    ),
    (
        "log-file-cut-off",
        &[
            "java.util.NoSuchElementException: next on empty iterator\n\tat scala.collection.Iterator$$anon$2.next(Iterator.scala:41)\n\tat org.apache.spark.sql.execution.streaming.OffsetSeqLog.deserialize(OffsetSeqLog.scala:66)",
        ],
    ),
    (
        "log-file-not-json",
        &[
            "ERROR MicroBatchExecution: Query ended\ncom.fasterxml.jackson.core.io.JsonEOFException: Unexpected end-of-input in field name\n at [Source: (String)\"{\"nextBatch\"; line: 1, column: 12]$FRAMES",
            "ERROR MicroBatchExecution: Query ended\norg.json4s.MappingException: No usable value for batchWatermarkMs$FRAMES",
        ],
    ),
    (
        "batches-skipped",
        &[
            "25/01/15 00:00:00 WARN MicroBatchExecution: Batch completion log latest batch id is 3, which is not trailing batchid 6 by one",
        ],
    ),
    (
        "rename-failed",
        &[
            "java.io.IOException: Failed to rename temp file s3://b/c/offsets/.7.x.tmp to s3://b/c/offsets/7 as FileSystem.rename returned false.",
            "org.apache.spark.SparkException: [FAILED_RENAME_TEMP_FILE] Failed to rename temp file",
            "java.lang.IllegalStateException: Renamed temp file s3://b/c/state/0/0/.7.delta.tmp to s3://b/c/state/0/0/7.delta. But s3://b/c/state/0/0/7.delta does not exist.",
        ],
    ),
    (
        "checkpoint-manager-missing",
        &[
            "[CANNOT_LOAD_CHECKPOINT_FILE_MANAGER.ERROR_LOADING_CLASS] Error loading streaming checkpoint file manager",
        ],
    ),
    (
        "state-delta-missing",
        &[
            "java.lang.IllegalStateException: Error reading delta file s3://b/c/state/0/0/6.delta of HDFSStateStoreProvider[id = (op=0,part=0),dir = s3://b/c/state/0/0]: s3://b/c/state/0/0/6.delta does not exist",
            "[CANNOT_LOAD_STATE_STORE.CANNOT_READ_DELTA_FILE_NOT_EXISTS] An error occurred during loading state. Error reading delta file",
        ],
    ),
    (
        "state-rocksdb-missing",
        &[
            "java.lang.IllegalStateException: Error reading streaming state file of s3://b/c/state/0/0/6.changelog does not exist. If the stream job is restarted with a new or updated state operation, please create a new checkpoint location or clear the existing checkpoint location.",
            "java.io.FileNotFoundException: File s3://b/c/state/0/1/6.zip does not exist",
        ],
    ),
    (
        "state-sst-missing",
        &[
            "java.io.FileNotFoundException: File s3://b/c/state/0/0/SSTs/000034-6c398aa3-a6e0-42d8-8180-3c0a1decfd6c.sst does not exist",
            "org.apache.spark.SparkException: [CANNOT_LOAD_STATE_STORE.UNCATEGORIZED] An error occurred during loading state.  SQLSTATE: 58030\nCaused by: java.io.FileNotFoundException: File s3://b/c/state/0/0/SSTs/000012-acf0.sst does not exist",
        ],
    ),
    (
        "state-file-damaged",
        &[
            "Job aborted due to stage failure: Task 0 in stage 642.0 failed 1 times, most recent failure: Lost task 0.0 in stage 642.0 (TID 868) (192.0.2.2 executor driver): java.io.EOFException\n\tat java.base/java.io.DataInputStream.readInt(DataInputStream.java:386)\n\tat org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStoreProvider.updateFromDeltaFile(HDFSBackedStateStoreProvider.scala:471)",
            "java.io.IOException: Stream is corrupted\n\tat net.jpountz.lz4.LZ4BlockInputStream.refill(LZ4BlockInputStream.java:202)\n\tat org.apache.spark.sql.execution.streaming.state.StateStoreChangelogReader.getNext(StateStoreChangelog.scala:143)",
            "java.nio.file.NoSuchFileException: /tmp/spark-16ab/StateStoreId(opId=0,partId=0,name=default)-e3eb/workingDir-7dab/metadata",
            "org.apache.spark.SparkException: [CANNOT_LOAD_STATE_STORE.UNCATEGORIZED] An error occurred during loading state.  SQLSTATE: 58030\nCaused by: java.io.EOFException: Unexpected end of ZLIB input stream",
        ],
    ),
    (
        "state-checksum-differs",
        &[
            "org.apache.spark.SparkException: [CANNOT_LOAD_STATE_STORE.UNCATEGORIZED] An error occurred during loading state.  SQLSTATE: 58030\nCaused by: org.apache.spark.SparkException: [CHECKPOINT_FILE_CHECKSUM_VERIFICATION_FAILED] Checksum verification failed, the file may be corrupted. File: s3://b/c/state/0/0/6.delta",
        ],
    ),
    (
        "state-schema-changed",
        &[
            "org.apache.spark.sql.execution.streaming.state.StateSchemaNotCompatible: Provided schema doesn't match to the schema for existing state! Please note that Spark allow difference of field name",
            "org.apache.spark.sql.execution.streaming.state.StateStoreValueSchemaNotCompatible: [STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE] Provided value schema does not match existing state value schema.",
        ],
    ),
    (
        "state-rows-invalid",
        &[
            "org.apache.spark.sql.execution.streaming.state.InvalidUnsafeRowException: The streaming query failed by state format invalidation. The following reasons may cause this: 1. An old Spark version wrote the checkpoint",
        ],
    ),
    (
        "state-operator-changed",
        &[
            "[STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA] Streaming stateful operator name does not match with the operator in state metadata. SQLSTATE: 42K03",
        ],
    ),
    (
        "state-not-all-consumed",
        &["[STATE_STORE_COMMIT_VALIDATION_FAILED] State store commit validation failed"],
    ),
    (
        "state-load-failed",
        &[
            "org.apache.spark.SparkException: [CANNOT_LOAD_STATE_STORE.UNCATEGORIZED] An error occurred during loading state.  SQLSTATE: 58030",
        ],
    ),
    (
        "kafka-offset-changed",
        &[
            "java.lang.IllegalStateException: Partition orders_events-3's offset was changed from 190 to 12, some data may have been missed.",
            "org.apache.spark.sql.kafka010.KafkaIllegalStateException: [KAFKA_DATA_LOSS.PARTITION_OFFSET_CHANGED] Some data may have been lost because they are not available in Kafka any more",
        ],
    ),
    (
        "kafka-offset-out-of-range",
        &[
            "java.lang.IllegalStateException: Cannot fetch offset 7881614 (GroupId: spark-kafka-source-x, TopicPartition: orders_events-3). \nSome data may have been lost because they are not available in Kafka any more",
            "Caused by: org.apache.kafka.clients.consumer.OffsetOutOfRangeException: Fetch position FetchPosition{offset=1} is out of range",
            "[KAFKA_DATA_LOSS.COULD_NOT_READ_OFFSET_RANGE] Some data may have been lost",
        ],
    ),
    (
        "kafka-partitions-gone",
        &[
            "java.lang.IllegalStateException: Set(orders_events-7) are gone. Some data may have been missed.",
            "[KAFKA_DATA_LOSS.PARTITIONS_DELETED_AND_GROUP_ID_CONFIG_PRESENT] Some data may have been lost",
        ],
    ),
    (
        "kafka-metrics-of-a-batch-again",
        &[
            "ERROR MicroBatchExecution: Query terminated with error\njava.lang.NullPointerException: Cannot invoke \"scala.collection.IterableOps.map(scala.Function1)\" because the return value of \"scala.Option.get()\" is null\n\tat org.apache.spark.sql.kafka010.KafkaMicroBatchStream$.metrics(KafkaMicroBatchStream.scala:520)",
        ],
    ),
    (
        "kafka-added-partition-late",
        &[
            "java.lang.IllegalStateException: Added partition orders_events-12 starts from 40 instead of 0. Some data may have been missed.",
            "[KAFKA_DATA_LOSS.ADDED_PARTITION_DOES_NOT_START_FROM_OFFSET_ZERO] Some data may have been lost",
        ],
    ),
    (
        "kafka-new-partition-vanished",
        &[
            "java.lang.IllegalStateException: Cannot find earliest offsets of Set(orders_events-12). Some data may have been missed",
            "[KAFKA_DATA_LOSS.INITIAL_OFFSET_NOT_FOUND_FOR_PARTITIONS] Some data may have been lost",
        ],
    ),
    (
        "kafka-start-offset-reset",
        &[
            "java.lang.IllegalStateException: startingOffsets for orders_events-0 was 9 but consumer reset to 40.",
            "[KAFKA_DATA_LOSS.START_OFFSET_RESET] Some data may have been lost",
        ],
    ),
    (
        "kafka-start-offsets-incomplete",
        &[
            "java.lang.AssertionError: assertion failed: If startingOffsets contains specific offsets, you must specify all TopicPartitions.",
            "java.lang.AssertionError: assertion failed: If starting/endingOffsetsByTimestamp contains specific offsets, you must specify all topics.",
            "[KAFKA_START_OFFSET_DOES_NOT_MATCH_ASSIGNED] Partitions specified for Kafka start offsets don't match what are assigned.",
        ],
    ),
    (
        "kafka-no-offset-at-time",
        &[
            "java.lang.IllegalArgumentException: No offset matched from request of topic-partition orders_events-4 and timestamp 1736899200000.",
        ],
    ),
    (
        "kafka-start-option-invalid",
        &[
            "java.lang.IllegalArgumentException: Expected e.g. {\"topicA\":{\"0\":23,\"1\":-1},\"topicB\":{\"0\":-2}}, got 2025-01-15 00:00:00",
            "java.lang.IllegalArgumentException: Expected a single long value, got 2025-01-15",
        ],
    ),
    (
        "kafka-offsets-went-back",
        &[
            "25/01/15 00:00:00 WARN KafkaOffsetReaderAdmin: Found incorrect offsets in some partitions (partition, previous offset, fetched offset): List((orders_events-0,40,9))",
        ],
    ),
    (
        "kafka-not-authorised",
        &[
            "org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized to access topics: [orders_events]",
            "Caused by: org.apache.kafka.common.errors.GroupAuthorizationException: Not authorized to access group: spark-kafka-source-1",
        ],
    ),
    (
        "kafka-sign-in-failed",
        &[
            "org.apache.kafka.common.errors.SaslAuthenticationException: [3c9f]: Access denied",
            "org.apache.kafka.common.errors.SslAuthenticationException: SSL handshake failed",
        ],
    ),
    (
        "kafka-unreachable",
        &[
            "java.util.concurrent.ExecutionException: org.apache.kafka.common.errors.TimeoutException: Timed out waiting for a node assignment. Call: describeTopics",
            "org.apache.kafka.common.config.ConfigException: No resolvable bootstrap urls given in bootstrap.servers",
        ],
    ),
    (
        "kafka-topic-unknown",
        &[
            "java.util.concurrent.ExecutionException: org.apache.kafka.common.errors.UnknownTopicOrPartitionException: This server does not host this topic-partition.",
        ],
    ),
    (
        "sink-skips-file",
        &["25/01/15 00:00:00 INFO FileStreamSink: Skipping already committed batch 3"],
    ),
    (
        "sink-skips-delta",
        &[
            "25/01/15 00:00:00 INFO DeltaSink: Skipping already complete epoch 3, in query 5b0c4824-5d6d-4f9e-b1a4-0a53ef144619",
            "25/01/15 00:00:00 INFO WriteIntoDelta: Already completed batch 3 in application orders. This will be skipped.",
        ],
    ),
    (
        "sink-skips-iceberg",
        &[
            "25/01/15 00:00:00 INFO SparkWrite: Skipping epoch 3 for query 5b0c4824 as it was already committed",
        ],
    ),
    (
        "file-sink-log-gap",
        &[
            "java.lang.IllegalStateException: s3://b/out/_spark_metadata/11 doesn't exist (latestId: 14, compactInterval: 10)",
        ],
    ),
    (
        "s3-access-denied",
        &[
            "java.io.IOException: com.amazon.ws.emr.hadoop.fs.shaded.com.amazonaws.services.s3.model.AmazonS3Exception: Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied; Request ID: 8B28722038047BAA; S3 Extended Request ID: x=)",
            "java.nio.file.AccessDeniedException: s3a://b/c/offsets/7: getFileStatus on s3a://b/c/offsets/7: com.amazonaws.services.s3.model.AmazonS3Exception: Forbidden (Service: Amazon S3; Status Code: 403; Error Code: 403 Forbidden; Request ID: 4KZA)",
            "org.apache.spark.SparkException: [CANNOT_LOAD_STATE_STORE.UNCATEGORIZED] An error occurred during loading state.\nCaused by: java.nio.file.AccessDeniedException: s3://b/c/state/0/0/6.delta",
        ],
    ),
    (
        "aws-token-expired",
        &[
            "com.amazonaws.services.s3.model.AmazonS3Exception: The provided token has expired. (Service: Amazon S3; Status Code: 400; Error Code: ExpiredToken; Request ID: x)",
        ],
    ),
    (
        "s3-slow-down",
        &[
            "com.amazonaws.services.s3.model.AmazonS3Exception: Slow Down (Service: Amazon S3; Status Code: 503; Error Code: 503 Slow Down; Request ID: 2E8B8866BFF00645)",
            "com.amazonaws.services.s3.model.AmazonS3Exception: Please reduce your request rate. (Service: Amazon S3; Status Code: 503; Error Code: SlowDown; Request ID: 2E8B)",
        ],
    ),
    (
        "s3-bucket-missing",
        &[
            "com.amazonaws.services.s3.model.AmazonS3Exception: The specified bucket does not exist (Service: Amazon S3; Status Code: 404; Error Code: NoSuchBucket)",
        ],
    ),
    (
        "out-of-memory",
        &["Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space"],
    ),
    (
        "disk-full",
        &["java.io.IOException: No space left on device"],
    ),
    (
        "shuffle-lost",
        &[
            "org.apache.spark.shuffle.MetadataFetchFailedException: Missing an output location for shuffle 3 partition 7",
        ],
    ),
    (
        "kafka-connector-missing",
        &[
            "pyspark.sql.utils.AnalysisException: Failed to find data source: kafka. Please deploy the application as per the deployment section of Structured Streaming + Kafka Integration Guide.",
            "pyspark.errors.exceptions.captured.AnalysisException: [DATA_SOURCE_NOT_FOUND] Failed to find the data source: kafka.",
        ],
    ),
];
