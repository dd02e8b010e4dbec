//! The Kafka source: offsets, partitions, sign-in and reach.

use super::{DEFAULT, Entry, KAFKA_GUIDE, ResetIs, sign};

/// Error conditions of the Kafka source, from Spark 4.0 on.
const LOSS_CONDITIONS: (&str, &str) = (
    "SPARK-47135: error conditions of the Kafka source",
    "https://issues.apache.org/jira/browse/SPARK-47135",
);
const MSK_IAM: (&str, &str) = (
    "AWS: IAM access control for MSK",
    "https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control.html",
);

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "kafka-offset-changed",
        name: "The checkpoint is ahead of the topic",
        meaning: "The offset where the batch should begin is beyond the topic's end: the topic was deleted and made anew, the job reads another cluster, or the offset was edited.",
        action: "Make sure that cluster and topic are the right ones. If the topic was made anew, its old records are gone, and a new start at offsets is the way.",
        reset: ResetIs::Yes,
        reports: &[KAFKA_GUIDE, LOSS_CONDITIONS],
        signs: &[
            sign(&["Partition {w} offset was changed from {n} to {n}"]),
            sign(&["KAFKA_DATA_LOSS.PARTITION_OFFSET_CHANGED"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "kafka-metrics-of-a-batch-again",
        name: "Spark 4.1 fails once after a batch that it ran again",
        meaning: "A batch that was planned and not committed was run again. It is in the sink and committed; Spark then fails while it reports on it, since it has not asked Kafka for the newest offsets yet.",
        action: "Nothing, where EMR tries again: the next attempt goes on after that batch. Where it has given up, start the job again.",
        reports: &[(
            "SPARK-55271: the Kafka source's metrics without the newest offsets",
            "https://issues.apache.org/jira/browse/SPARK-55271",
        )],
        signs: &[sign(&[
            "java.lang.NullPointerException",
            "KafkaMicroBatchStream$.metrics",
        ])],
        ..DEFAULT
    },
    Entry {
        id: "kafka-offset-out-of-range",
        name: "Kafka no longer has the records that the batch begins with",
        meaning: "They were older than the topic's retention before the stream read them. With failOnDataLoss the job stops here; without, it passes over the gap.",
        action: "Those records are lost to this stream. Start at the log start and write down the range; look for another copy of them if they matter.",
        reset: ResetIs::Yes,
        reports: &[
            (
                "mozilla/telemetry-streaming#25: the same error",
                "https://github.com/mozilla/telemetry-streaming/issues/25",
            ),
            KAFKA_GUIDE,
        ],
        signs: &[
            sign(&["Cannot fetch offset {n} (GroupId: {*}, TopicPartition: {w})"]),
            sign(&["KAFKA_DATA_LOSS.COULD_NOT_READ_OFFSET_RANGE"]),
            sign(&["org.apache.kafka.clients.consumer.OffsetOutOfRangeException"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "kafka-partitions-gone",
        name: "Partitions of the checkpoint are gone from Kafka",
        meaning: "The topic was deleted, made anew with fewer partitions, or is no longer subscribed to. What was not read from them is lost.",
        action: "Make sure that topic and cluster are the right ones. Then a new start at offsets, without those partitions.",
        reset: ResetIs::Yes,
        reports: &[KAFKA_GUIDE, LOSS_CONDITIONS],
        signs: &[
            sign(&[" are gone. Some data may have been missed"]),
            sign(&["KAFKA_DATA_LOSS.PARTITIONS_DELETED"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "kafka-added-partition-late",
        name: "A new partition has already lost its first records",
        meaning: "A partition that the checkpoint does not know does not begin at offset 0 any more, so Spark cannot read it from its beginning.",
        action: "Where those records do not matter, write the partition into the newest offset file at its log start, or start anew at offsets that name every partition.",
        reset: ResetIs::Yes,
        reports: &[KAFKA_GUIDE, LOSS_CONDITIONS],
        signs: &[
            sign(&["Added partition {w} starts from {n} instead of 0"]),
            sign(&["KAFKA_DATA_LOSS.ADDED_PARTITION_DOES_NOT_START_FROM_OFFSET_ZERO"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "kafka-new-partition-vanished",
        name: "A new partition vanished before it was read",
        meaning: "Spark saw a partition for the first time and could not ask for its log start any more.",
        action: "Look at the topic: it is being deleted or made anew. Restart when it is settled.",
        reports: &[LOSS_CONDITIONS],
        signs: &[
            sign(&["Cannot find earliest offsets of Set({*})"]),
            sign(&["KAFKA_DATA_LOSS.INITIAL_OFFSET_NOT_FOUND_FOR_PARTITIONS"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "kafka-start-offset-reset",
        name: "A given starting offset does not exist",
        meaning: "startingOffsets names an offset that the topic does not have, and the consumer jumped elsewhere.",
        action: "Correct startingOffsets to offsets between log start and end.",
        reports: &[KAFKA_GUIDE],
        signs: &[
            sign(&["startingOffsets for {w} was {n} but consumer reset to {n}"]),
            sign(&["KAFKA_DATA_LOSS.START_OFFSET_RESET"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "kafka-start-offsets-incomplete",
        name: "The starting offsets do not name every partition",
        meaning: "startingOffsets or startingOffsetsByTimestamp lists other partitions or topics than the topic has. It counts only on a fresh checkpoint.",
        action: "List every partition, -2 for its log start and -1 for its end, or use startingTimestamp, which is for all of them.",
        reports: &[KAFKA_GUIDE],
        signs: &[
            sign(&["contains specific offsets, you must specify all TopicPartitions."]),
            sign(&["contains specific offsets, you must specify all topics."]),
            sign(&["KAFKA_START_OFFSET_DOES_NOT_MATCH_ASSIGNED"]),
            sign(&["KAFKA_TIMESTAMP_OFFSET_DOES_NOT_MATCH_ASSIGNED"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "kafka-no-offset-at-time",
        name: "A partition has no record at or after the starting time",
        meaning: "The partition was idle since then. Under the strategy error, which is the default, that stops the start.",
        action: "Set startingOffsetsByTimestampStrategy to latest, or give offsets instead of a time.",
        reports: &[(
            "SPARK-35611: what to do without a record at the time",
            "https://issues.apache.org/jira/browse/SPARK-35611",
        )],
        signs: &[sign(&[
            "No offset matched from request of topic-partition {w}",
        ])],
        ..DEFAULT
    },
    Entry {
        id: "kafka-start-option-invalid",
        name: "A starting option or an offset line cannot be read",
        meaning: "Spark expects offsets as JSON and times as milliseconds since 1970. A date such as 2025-01-15 00:00:00 is neither. An edited file of the checkpoint fails alike.",
        action: "Correct the option: startingTimestamp takes one whole number. If the job's options did not change, look at the findings for the file.",
        reports: &[
            (
                "SPARK-29223: startingTimestamp",
                "https://issues.apache.org/jira/browse/SPARK-29223",
            ),
            KAFKA_GUIDE,
        ],
        signs: &[
            sign(&[
                "Expected e.g. {\"topicA\":{\"0\":23,\"1\":-1},\"topicB\":{\"0\":-2}}, got ",
            ]),
            sign(&["Expected a single long value, got "]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "kafka-offsets-went-back",
        name: "Kafka reports an end below what was already read",
        meaning: "A warning that comes before a lost batch: the topic was made anew, a broker lost records, or the job reads another cluster.",
        action: "Compare topic id and cluster with those of the last good run before anything is restarted.",
        reset: ResetIs::Only("where the topic was made anew"),
        reports: &[KAFKA_GUIDE],
        signs: &[sign(&[
            "Found incorrect offsets in some partitions (partition, previous offset, fetched offset)",
        ])],
        hides: true,
        ..DEFAULT
    },
    Entry {
        id: "kafka-not-authorised",
        name: "The job may not read the topic",
        meaning: "Kafka knows who the job is, and its permissions do not hold for this topic or consumer group: an ACL or the role's policy was changed.",
        action: "Give the job's role back what it needs: with MSK and IAM that is kafka-cluster:Connect, DescribeTopic, ReadData, and DescribeGroup and AlterGroup for spark-kafka-source-*.",
        reports: &[MSK_IAM],
        signs: &[
            sign(&["org.apache.kafka.common.errors.TopicAuthorizationException"]),
            sign(&["org.apache.kafka.common.errors.GroupAuthorizationException"]),
            sign(&["org.apache.kafka.common.errors.ClusterAuthorizationException"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "kafka-sign-in-failed",
        name: "The job cannot sign in to Kafka",
        meaning: "A secret has expired or was changed, the role may not connect, or the certificate is not trusted. Kafka and the checkpoint are not to blame.",
        action: "Renew the secret, or give the job's role kafka-cluster:Connect. A restart is then enough.",
        reports: &[
            (
                "aws-msk-iam-auth#25: access denied despite a policy",
                "https://github.com/aws/aws-msk-iam-auth/issues/25",
            ),
            MSK_IAM,
        ],
        signs: &[
            sign(&["org.apache.kafka.common.errors.SaslAuthenticationException"]),
            sign(&["org.apache.kafka.common.errors.SslAuthenticationException"]),
        ],
        ..DEFAULT
    },
    Entry {
        id: "kafka-unreachable",
        name: "The job does not reach the Kafka brokers",
        meaning: "No broker answered in time: a security group, a route, a name that does not resolve, or brokers that are down. A wrong port or sign-in method looks the same.",
        action: "Look at the cluster's state, at the application's subnets and security groups, and at the bootstrap servers in the job. A restart is then enough.",
        reports: &[
            (
                "aws-msk-iam-auth#47: the same error",
                "https://github.com/aws/aws-msk-iam-auth/issues/47",
            ),
            (
                "AWS: VPC access of EMR Serverless",
                "https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/vpc-access.html",
            ),
        ],
        signs: &[
            sign(&["Timed out waiting for a node assignment"]),
            sign(&["No resolvable bootstrap urls given in bootstrap.servers"]),
        ],
        yields_to: &["kafka-sign-in-failed", "kafka-not-authorised"],
        ..DEFAULT
    },
    Entry {
        id: "kafka-topic-unknown",
        name: "Kafka does not know the topic",
        meaning: "The topic was deleted or renamed, or the job reads another cluster.",
        action: "Make sure of cluster and name. If the topic was deleted, its records are gone; once it is made anew, start at its log start.",
        reset: ResetIs::Only("after the topic was made anew"),
        reports: &[KAFKA_GUIDE],
        signs: &[sign(&[
            "org.apache.kafka.common.errors.UnknownTopicOrPartitionException",
        ])],
        ..DEFAULT
    },
];
