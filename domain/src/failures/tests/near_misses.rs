//! For each failure, texts that are another matter.

/// Texts that look like a failure and are not that one.
pub(super) const NEAR_MISSES: &[(&str, &str)] = &[
    (
        "gate-closed",
        "JsonParseException: Unrecognized token 'xx': was expecting (JSON String, Number)",
    ),
    (
        "metadata-unreadable",
        "com.fasterxml.jackson.core.JsonParseException: Unrecognized token 'x'\n\tat com.example.Orders.parse(Orders.java:7)",
    ),
    (
        "metadata-unreadable",
        "ValueError: Invalid UUID string: abc",
    ),
    (
        "metadata-missing",
        "INFO StreamMetadata: wrote metadata file s3://b/c/metadata",
    ),
    (
        "offset-log-empty",
        "Failed to read log file s3://b/c/commits/5. Incomplete log file in the offset commit log",
    ),
    (
        "commit-log-empty",
        "Failed to read log file s3://b/c/offsets/5. Incomplete log file",
    ),
    (
        "log-header-malformed",
        "com.example.Reader: Log file was malformed",
    ),
    (
        "log-version-newer",
        "[INVALID_LOG_VERSION.EXACT_MATCH_VERSION] UnsupportedLogVersion. The only supported log version is v1, but encountered v2.",
    ),
    (
        "commit-version-differs",
        "[INVALID_LOG_VERSION.MAX_SUPPORTED_VERSION] UnsupportedLogVersion. The maximum supported log version is v1",
    ),
    (
        "offset-predecessor-missing",
        "the batch of orders doesn't exist",
    ),
    (
        "offset-predecessor-missing",
        "java.lang.IllegalStateException: batch 11 doesn't exist (latestId: 14, compactInterval: 10)",
    ),
    (
        "batch-name-odd",
        "java.io.FileNotFoundException: File s3://b/landing/6 does not exist",
    ),
    (
        "state-schema-unreadable",
        "java.io.EOFException\n\tat com.example.Orders.read(Orders.java:7)",
    ),
    ("batch-file-vanished", "Unable to find batch"),
    (
        "source-count-differs",
        "There are [2] sources in the checkpoint offsets",
    ),
    (
        "concurrent-log-update",
        "Multiple streaming jobs are configured for 4",
    ),
    (
        "concurrent-files",
        "INFO two streaming queries are concurrently using the cluster",
    ),
    ("query-already-active", "Cannot start query with id 7"),
    (
        "location-not-empty",
        "The checkpoint location should be empty on batch 0, said a colleague",
    ),
    (
        "log-metadata-line-blank",
        "java.lang.NullPointerException: Cannot invoke \"String.length()\" because \"name\" is null",
    ),
    (
        "log-file-cut-off",
        "java.util.NoSuchElementException: next on empty iterator\n\tat com.example.Orders.first(Orders.scala:3)",
    ),
    (
        "log-file-not-json",
        "com.fasterxml.jackson.core.JsonParseException: Unexpected character\n\tat com.example.Orders.parse(Orders.java:7)",
    ),
    (
        "batches-skipped",
        "Batch completion log latest batch id is 3",
    ),
    ("rename-failed", "Failed to rename column order_id"),
    (
        "checkpoint-manager-missing",
        "INFO CheckpointFileManager: using FileContextBasedCheckpointFileManager",
    ),
    (
        "state-delta-missing",
        "Error reading delta table s3://b/orders: the path does not exist",
    ),
    (
        "state-rocksdb-missing",
        "java.io.FileNotFoundException: File s3://b/landing/orders-6.zip does not exist",
    ),
    (
        "state-sst-missing",
        "java.io.FileNotFoundException: File s3://b/c/state/0/0/6.zip does not exist",
    ),
    (
        "state-file-damaged",
        "java.io.EOFException\n\tat com.example.Orders.read(Orders.java:7)",
    ),
    (
        "state-file-damaged",
        "java.io.IOException: Stream is corrupted\n\tat org.apache.spark.storage.ShuffleBlockFetcherIterator.next(ShuffleBlockFetcherIterator.scala:800)",
    ),
    (
        "state-checksum-differs",
        "org.apache.hadoop.fs.ChecksumException: Checksum error",
    ),
    (
        "state-schema-changed",
        "AnalysisException: Provided schema doesn't match the table",
    ),
    ("state-rows-invalid", "The streaming query failed."),
    (
        "state-operator-changed",
        "INFO the stateful operator matches the state metadata",
    ),
    ("state-not-all-consumed", "State store commit took 41 ms"),
    (
        "state-load-failed",
        "INFO StateStore: an error occurred during loading state, retrying",
    ),
    (
        "kafka-offset-changed",
        "Partition count of orders_events was changed from 3 to 6",
    ),
    (
        "kafka-offset-out-of-range",
        "Cannot fetch offset of the group",
    ),
    ("kafka-partitions-gone", "INFO all executors are gone."),
    (
        "kafka-metrics-of-a-batch-again",
        "java.lang.NullPointerException\n\tat org.apache.spark.sql.kafka010.KafkaMicroBatchStream.latestOffset(KafkaMicroBatchStream.scala:120)",
    ),
    (
        "kafka-added-partition-late",
        "Added partition orders_events-3",
    ),
    (
        "kafka-new-partition-vanished",
        "Cannot find earliest offsets",
    ),
    (
        "kafka-start-offset-reset",
        "startingOffsets for orders_events-0 was latest",
    ),
    (
        "kafka-start-offsets-incomplete",
        "startingOffsets contains specific offsets",
    ),
    ("kafka-no-offset-at-time", "No offset matched"),
    (
        "kafka-start-option-invalid",
        "ValueError: Expected a single value, got 2",
    ),
    (
        "kafka-offsets-went-back",
        "Found offsets in some partitions",
    ),
    (
        "kafka-not-authorised",
        "AccessDeniedException: Not authorized to access topics page",
    ),
    (
        "kafka-sign-in-failed",
        "com.example.SaslAuthenticationException",
    ),
    (
        "kafka-unreachable",
        "org.apache.kafka.common.errors.TimeoutException: Failed to update metadata after 60000 ms.",
    ),
    ("kafka-topic-unknown", "UnknownTopicException: orders"),
    (
        "sink-skips-file",
        "Skipping already committed batch of orders",
    ),
    (
        "sink-skips-delta",
        "Already completed batch 3 in application orders.",
    ),
    ("sink-skips-iceberg", "Skipping epoch 3"),
    ("file-sink-log-gap", "batch 11 doesn't exist"),
    (
        "s3-access-denied",
        "com.amazonaws.services.s3.model.AmazonS3Exception: Not Found (Service: Amazon S3; Status Code: 404; Error Code: 404 Not Found)",
    ),
    ("aws-token-expired", "the session of user 7 has expired"),
    (
        "s3-slow-down",
        "Status Code: 503; Error Code: ServiceUnavailable",
    ),
    ("s3-bucket-missing", "The specified key does not exist."),
    ("out-of-memory", "INFO MemoryStore: Memory is out of date"),
    ("disk-full", "INFO DiskStore: space left on device: 4 GiB"),
    (
        "shuffle-lost",
        "INFO ShuffleBlockFetcherIterator: fetched 3 blocks",
    ),
    (
        "kafka-connector-missing",
        "Failed to find data source: orders",
    ),
];
