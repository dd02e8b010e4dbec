//! What lies beneath: S3, credentials, memory, disks and the job's own code.

use super::{DEFAULT, Entry, KAFKA_GUIDE, sign};

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "s3-access-denied",
        name: "S3 refuses the job",
        meaning: "The job's role may not do this call: its policy, the bucket's policy, the endpoint's policy or the key of the encryption was changed. The checkpoint is not to blame.",
        action: "Find the call and the key in the text below, and give the role back what it needs. A restart is then enough.",
        reports: &[(
            "AWS: access denied by S3 in an EMR application",
            "https://repost.aws/knowledge-center/emr-s3-403-access-denied",
        )],
        signs: &[
            sign(&["Status Code: 403; Error Code: AccessDenied"]),
            sign(&["Status Code: 403; Error Code: 403 Forbidden"]),
            sign(&["Access Denied (Service: S3, Status Code: 403"]),
            sign(&["java.nio.file.AccessDeniedException: s3"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "aws-token-expired",
        name: "The job's AWS credentials have expired",
        meaning: "Something in the job holds credentials that it does not renew: keys in its configuration, or a client that was made once.",
        action: "Let the job use its role instead of handed-over keys. A restart helps until they expire again.",
        reports: &[(
            "spark-snowflake#21: expired S3 tokens",
            "https://github.com/snowflakedb/spark-snowflake/issues/21",
        )],
        signs: &[
            sign(&["The provided token has expired"]),
            sign(&["The security token included in the request is expired"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "s3-slow-down",
        name: "S3 throttles the job",
        meaning: "More requests a second went to one prefix than S3 takes. Big batches with many small files do that, and a catch-up more than daily work.",
        action: "Write fewer and larger files, limit maxOffsetsPerTrigger for the catch-up, and restart.",
        reports: &[(
            "AWS: 503 Slow Down in an EMR job",
            "https://repost.aws/knowledge-center/emr-s3-503-slow-down",
        )],
        signs: &[
            sign(&["Status Code: 503; Error Code: {*}Slow{*}Down"]),
            sign(&["Please reduce your request rate."]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "s3-bucket-missing",
        name: "The bucket does not exist",
        meaning: "A bucket that the job reads or writes was deleted, or its name is wrong in the configuration.",
        action: "Correct the name. A bucket that was deleted took the checkpoint or the output with it.",
        reports: &[(
            "AWS: error responses of S3",
            "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
        )],
        signs: &[sign(&["The specified bucket does not exist"])],
        ..DEFAULT
    },
    Entry {
        id: "out-of-memory",
        name: "A process of the job ran out of memory",
        meaning: "A batch was too big for an executor or the driver. After an outage the whole backlog comes as one batch unless maxOffsetsPerTrigger limits it. It fails again at every restart.",
        action: "Set maxOffsetsPerTrigger, which the next batch heeds, or give the workers more memory. A reset would only hide it by leaving the backlog out.",
        reports: &[
            KAFKA_GUIDE,
            (
                "Spark: memory tuning",
                "https://spark.apache.org/docs/latest/tuning.html#memory-tuning",
            ),
        ],
        signs: &[sign(&["java.lang.OutOfMemoryError"])],
        ..DEFAULT
    },
    Entry {
        id: "disk-full",
        name: "A worker's disk is full",
        meaning: "Shuffle files or local state of RocksDB have filled the worker's disk.",
        action: "Give the workers a larger disk, or limit maxOffsetsPerTrigger.",
        reports: &[(
            "AWS: worker configurations of EMR Serverless",
            "https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/app-behavior.html",
        )],
        signs: &[sign(&["No space left on device"])],
        ..DEFAULT
    },
    Entry {
        id: "shuffle-lost",
        name: "Executors were lost with the data that they held",
        meaning: "An executor that held shuffle data is gone: out of memory, reclaimed, or unreachable. Spark tries again; if it goes on, the batch is too big for the workers.",
        action: "Look why executors end. Then as for memory: more of it, or maxOffsetsPerTrigger.",
        reports: &[(
            "Spark: memory tuning",
            "https://spark.apache.org/docs/latest/tuning.html#memory-tuning",
        )],
        signs: &[
            sign(&["org.apache.spark.shuffle.MetadataFetchFailedException"]),
            sign(&["org.apache.spark.shuffle.FetchFailedException"]),
        ],
        yields_to: &["out-of-memory", "disk-full"],
        ..DEFAULT
    },
    Entry {
        id: "kafka-connector-missing",
        name: "The job has no Kafka connector",
        meaning: "The jar spark-sql-kafka-0-10 is missing in this run, or is of another release than its Spark. The submit parameters or the release were changed.",
        action: "Put the jar of the same Spark and Scala version back into the job's parameters.",
        reports: &[KAFKA_GUIDE],
        signs: &[
            sign(&["Failed to find data source: kafka"]),
            sign(&["Failed to find the data source: kafka"]),
        ],
        ..DEFAULT
    },
];
