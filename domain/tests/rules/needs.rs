//! The calls that a job needs, by which its role is asked about.

use domain::probe::{JobNeeds, Need, job_needs};
use domain::stream::{Sink, SinkKind};

use crate::world::stream;

const ARN: &str = "arn:aws:kafka:eu-west-1:111122223333:cluster/events/0f4b-3";

fn lines(needs: &[Need]) -> Vec<String> {
    needs
        .iter()
        .map(|need| format!("{} {}", need.actions.join(","), need.resource))
        .collect()
}

#[test]
fn each_topic_and_the_checkpoints_own_files_are_asked_about() {
    let mut orders = stream();
    orders.checkpoint = "s3://bucket/ck/orders/".parse().unwrap();
    orders.sources = vec![vec!["a".into(), "b".into()]];
    orders.sink = Sink {
        kind: SinkKind::PlainFiles,
        location: "s3://lake/bronze/".into(),
    };
    let JobNeeds {
        checkpoint,
        sink,
        topics,
    } = job_needs(&orders, Some(ARN));
    assert_eq!(
        lines(&checkpoint),
        [
            "s3:GetObject,s3:PutObject,s3:DeleteObject arn:aws:s3:::bucket/ck/orders/offsets/0",
            "s3:ListBucket arn:aws:s3:::bucket",
        ]
    );
    assert_eq!(
        lines(&sink),
        ["s3:PutObject arn:aws:s3:::lake/bronze/part-00000"]
    );
    let topic = ARN.replace(":cluster/", ":topic/");
    assert_eq!(
        lines(&topics.unwrap()),
        [
            format!("kafka-cluster:Connect {ARN}"),
            format!("kafka-cluster:DescribeTopic,kafka-cluster:ReadData {topic}/a"),
            format!("kafka-cluster:DescribeTopic,kafka-cluster:ReadData {topic}/b"),
        ]
    );
}

#[test]
fn a_table_is_listed_and_deleted_from_and_other_partitions_have_other_arns() {
    let mut orders = stream();
    orders.region = "cn-north-1".into();
    orders.sink = Sink {
        kind: SinkKind::Delta,
        location: "s3://lake/bronze/".into(),
    };
    let needs = job_needs(&orders, None);
    assert_eq!(needs.topics, None);
    assert_eq!(
        lines(&needs.sink),
        [
            "s3:GetObject,s3:PutObject,s3:DeleteObject arn:aws-cn:s3:::lake/bronze/_delta_log/00000000000000000000.json",
            "s3:ListBucket arn:aws-cn:s3:::lake",
        ]
    );
}
